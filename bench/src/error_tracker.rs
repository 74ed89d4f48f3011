//! The figures of the error tracker: reports in, pages out, and what that costs in memory and CPU.

pub(crate) mod pages;
mod upserts;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::connection::Client;
use crate::http_limit::{self, Load};
use crate::load::Until;
use crate::process::{API_KEY, Memory, Service};
use crate::report::Shape;
use crate::table::{Figure, Goal, Unit, median, render};

const FINGERPRINTS: u64 = 10_000;
const SMALL: Shape = Shape {
    size_bytes: 3 * 1024,
    fingerprints: FINGERPRINTS,
};
/// The kinds are among those of `SMALL`, so that no new groups are made; their texts alone take 3 MB.
const LARGE: Shape = Shape {
    size_bytes: 50 * 1024,
    fingerprints: 500,
};
const STORM: Shape = Shape {
    size_bytes: 3 * 1024,
    fingerprints: 1,
};

struct Plan {
    rounds: usize,
    /// For each figure of each round.
    load_time: Duration,
    groups: u64,
    reports_per_group: u64,
}

const FULL: Plan = Plan {
    rounds: 3,
    load_time: Duration::from_secs(8),
    groups: 100_000,
    reports_per_group: 10,
};
const QUICK: Plan = Plan {
    rounds: 1,
    load_time: Duration::from_secs(2),
    groups: 20_000,
    reports_per_group: 5,
};

/// What one round measures, each against a service and a database that are new.
struct Round {
    echo_small: Load,
    echo_large: Load,
    raw_sqlite_per_second: f64,
    reports_per_transaction: f64,
    created_per_second: f64,
    small: Load,
    storm: Load,
    large: Load,
    idle: Memory,
    loaded: Memory,
}

/// Measures and prints the whole table.
pub(crate) fn measure(binary: &str, quick: bool) -> Result<()> {
    // Services start in a folder of their own, where a relative path would mean another file.
    let binary = &fs::canonicalize(binary).with_context(|| format!("no binary at {binary}"))?;
    let plan = if quick { QUICK } else { FULL };
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        eprintln!("round {number} of {}: reports", plan.rounds);
        rounds.push(measure_round(binary, &plan)?);
    }
    eprintln!(
        "pages over {} groups of {} reports",
        plan.groups, plan.reports_per_group
    );
    let folder = tempfile::tempdir()?;
    let service = start(binary, folder.path())?;
    let pages = pages::measure(&service, &plan)?;
    let memory_of_pages = service.memory()?;
    service.stop()?;

    let mut figures = ingest_figures(&rounds);
    figures.extend(pages);
    figures.extend(cost_figures(
        &rounds,
        memory_of_pages,
        fs::metadata(binary)?.len(),
    ));
    print!("{}", render(&figures));
    Ok(())
}

fn measure_round(binary: &Path, plan: &Plan) -> Result<Round> {
    let folder = tempfile::tempdir()?;
    let [echo_small, echo_large] = http_limit::measure(folder.path(), [SMALL, LARGE], plan.load_time / 2)?;

    let service = start(binary, folder.path())?;
    let idle = service.memory_at_rest()?;
    let timed = Until::Elapsed(plan.load_time);
    let created = http_limit::drive(&service, API_KEY, SMALL, 1, Until::Requests(FINGERPRINTS))?;
    check_groups(&service, FINGERPRINTS)?;
    let transactions_before = transactions(&service)?;
    let small = http_limit::drive(&service, API_KEY, SMALL, 2, timed)?;
    let small_transactions = transactions(&service)? - transactions_before;
    let storm = http_limit::drive(&service, API_KEY, STORM, 3, timed)?;
    let large = http_limit::drive(&service, API_KEY, LARGE, 4, timed)?;
    check_groups(&service, FINGERPRINTS)?;
    let loaded = service.memory()?;
    service.stop()?;
    let reports_per_transaction = small.acknowledged as f64 / small_transactions.max(1) as f64;
    let raw_sqlite_per_second = upserts::measure(folder.path(), plan.load_time / 2, reports_per_transaction)?;

    Ok(Round {
        echo_small,
        echo_large,
        raw_sqlite_per_second,
        reports_per_transaction,
        created_per_second: created.per_second,
        small,
        storm,
        large,
        idle,
        loaded,
    })
}

fn start(binary: &Path, folder: &Path) -> Result<Service> {
    let database = folder.join("errors.db");
    let settings = [
        ("API_KEY", API_KEY),
        ("DATABASE_PATH", database.to_str().unwrap_or("errors.db")),
        ("RATE_LIMIT", "100000000"),
        ("MAX_GROUPS", "200000"),
    ];
    Service::start(binary, &[], &settings, folder)
}

fn transactions(service: &Service) -> Result<u64> {
    Client::open(service.address, API_KEY)?.metric("monlight_error_tracker_write_transactions_total")
}

/// A service that drops or merges reports must not look fast.
fn check_groups(service: &Service, expected: u64) -> Result<()> {
    let page = Client::open(service.address, API_KEY)?.get_json("/api/errors?resolved=all&limit=1")?;
    ensure!(
        page["total"] == expected,
        "{} groups instead of {expected}",
        page["total"]
    );
    Ok(())
}

fn ingest_figures(rounds: &[Round]) -> Vec<Figure> {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let small = of(|round| round.small.per_second);
    let echo_small = of(|round| round.echo_small.per_second);
    let per_second = |name, measured, goal| Figure::new(name, Unit::PerSecond, measured, goal);
    let milliseconds = |name, measured, goal| Figure::new(name, Unit::Milliseconds, measured, goal);
    vec![
        per_second(
            "3 KB reports, 10 000 fingerprints",
            small,
            Goal::RatioAtLeast(0.7),
        )
        .beside(of(|round| round.raw_sqlite_per_second), "raw SQLite"),
        Figure::new(
            "  reports in a transaction, in both",
            Unit::Count,
            of(|round| round.reports_per_transaction),
            Goal::None,
        ),
        per_second("  the same, beside bare HTTP", small, Goal::AtLeast(10_000.0))
            .beside(echo_small, "hyper echo"),
        per_second(
            "  the first of each kind",
            of(|round| round.created_per_second),
            Goal::None,
        )
        .beside(echo_small, "hyper echo"),
        milliseconds(
            "  p99 at 64 connections",
            of(|round| round.small.p99_ms),
            Goal::AtMost(25.0),
        )
        .beside(of(|round| round.echo_small.p99_ms), "hyper echo"),
        milliseconds(
            "  slowest at 64 connections",
            of(|round| round.small.max_ms),
            Goal::None,
        )
        .beside(of(|round| round.echo_small.max_ms), "hyper echo"),
        milliseconds(
            "  CPU per report",
            of(|round| round.small.cpu_ms),
            Goal::AtMost(0.10),
        )
        .beside(of(|round| round.echo_small.cpu_ms), "hyper echo"),
        milliseconds(
            "  CPU of the load generator",
            of(|round| round.small.generator_cpu_ms),
            Goal::None,
        ),
        per_second(
            "3 KB reports of one fingerprint (storm)",
            of(|round| round.storm.per_second),
            Goal::RatioAtLeast(1.5),
        )
        .beside(small, "10 000 fingerprints"),
        per_second(
            "50 KB reports",
            of(|round| round.large.per_second),
            Goal::AtLeast(2_000.0),
        )
        .beside(of(|round| round.echo_large.per_second), "hyper echo"),
        milliseconds(
            "  p99 at 64 connections",
            of(|round| round.large.p99_ms),
            Goal::None,
        )
        .beside(of(|round| round.echo_large.p99_ms), "hyper echo"),
        milliseconds(
            "  CPU per report",
            of(|round| round.large.cpu_ms),
            Goal::AtMost(0.35),
        )
        .beside(of(|round| round.echo_large.cpu_ms), "hyper echo"),
    ]
}

fn cost_figures(rounds: &[Round], pages: Memory, binary_bytes: u64) -> [Figure; 4] {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    // A peak is the worst of all, not a median: one container limit holds for every round.
    let peak = rounds
        .iter()
        .map(|round| round.loaded.peak_mb)
        .fold(pages.peak_mb, f64::max);
    let megabytes = |name, measured, goal| Figure::new(name, Unit::Megabytes, measured, goal);
    [
        megabytes(
            "resident memory, idle",
            of(|round| round.idle.resident_mb),
            Goal::AtMost(8.0),
        ),
        megabytes(
            "resident memory after the load",
            of(|round| round.loaded.resident_mb),
            Goal::None,
        ),
        megabytes("resident memory, peak of all", peak, Goal::AtMost(20.0)),
        megabytes(
            "binary",
            binary_bytes as f64 / 1024.0 / 1024.0,
            Goal::AtMost(12.0),
        ),
    ]
}
