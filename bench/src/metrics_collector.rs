//! The figures of the metrics collector: points in, charts out, and what that costs in memory and on the disk.

mod charts;
mod pages;
pub(crate) mod points;
mod rollup;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use self::points::{Batches, Shape};
use crate::connection::Client;
use crate::load::{self, Outcome, Until};
use crate::process::{API_KEY, Memory, Service};
use crate::table::{Figure, Goal, Unit, median, render};

const FEW_SERIES: Shape = Shape {
    series: 50,
    batch: 1_000,
};
const MANY_SERIES: Shape = Shape {
    series: 10_000,
    batch: 1_000,
};
const SINGLE: Shape = Shape { series: 50, batch: 1 };
const BATCH_CONNECTIONS: usize = 8;
const SINGLE_CONNECTIONS: usize = 64;

pub(crate) struct Plan {
    rounds: usize,
    /// For each figure of each round.
    load_time: Duration,
    /// Hours of minutes that charts are drawn of.
    hours: u64,
    /// Points of the minute that is rolled up.
    minute_points: u64,
}

pub(crate) const FULL: Plan = Plan {
    rounds: 3,
    load_time: Duration::from_secs(8),
    hours: 24,
    minute_points: 1_000_000,
};
pub(crate) const QUICK: Plan = Plan {
    rounds: 1,
    load_time: Duration::from_secs(2),
    hours: 24,
    minute_points: 1_000_000,
};

/// What one round measures, each against a service and a database that are new.
struct Round {
    decoded: f64,
    few: Load,
    single: Load,
    many: Load,
    raw: Raw,
    idle: Memory,
    loaded: Memory,
}

/// How a server did.
#[derive(Clone, Copy)]
struct Load {
    points_per_second: f64,
    p99_ms: f64,
    /// CPU time of the server for a thousand points.
    cpu_ms: f64,
}

/// Measures and prints the whole table.
pub(crate) fn measure(binary: &str, plan: &Plan) -> Result<()> {
    // Services start in a folder of their own, where a relative path would mean another file.
    let binary = &fs::canonicalize(binary).with_context(|| format!("no binary at {binary}"))?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        eprintln!("round {number} of {}: points", plan.rounds);
        rounds.push(measure_round(binary, plan)?);
    }
    let mut figures = ingest_figures(&rounds);
    eprintln!("a minute of {} points", plan.minute_points);
    let (rollup, rollup_memory) = rollup::measure(binary, plan)?;
    figures.extend(rollup);
    eprintln!("charts of {} hours", plan.hours);
    let (charts, charts_memory) = charts::measure(binary, plan)?;
    figures.extend(charts);
    eprintln!("pages of {} series", MANY_SERIES.series);
    let (pages, pages_memory) = pages::measure(binary, plan)?;
    figures.extend(pages);

    let peak = rounds
        .iter()
        .map(|round| round.loaded.peak_mb)
        .chain([rollup_memory.peak_mb, charts_memory.peak_mb, pages_memory.peak_mb])
        .fold(0.0, f64::max);
    let megabytes = |name, measured, goal| Figure::new(name, Unit::Megabytes, measured, goal);
    figures.extend([
        megabytes(
            "resident memory, idle",
            median(rounds.iter().map(|round| round.idle.resident_mb)),
            Goal::AtMost(8.0),
        ),
        megabytes(
            "  peak, points coming in, 10 000 series",
            rounds
                .iter()
                .map(|round| round.loaded.peak_mb)
                .fold(0.0, f64::max),
            Goal::AtMost(30.0),
        ),
        megabytes(
            "  peak, a long minute rolled up",
            rollup_memory.peak_mb,
            Goal::AtMost(30.0),
        ),
        megabytes("  peak, charts", charts_memory.peak_mb, Goal::AtMost(30.0)),
        megabytes(
            "  peak, ten readers at once, 10 000 series",
            pages_memory.peak_mb,
            Goal::AtMost(30.0),
        ),
        megabytes("  peak of all", peak, Goal::AtMost(30.0)),
        megabytes(
            "binary",
            fs::metadata(binary)?.len() as f64 / 1024.0 / 1024.0,
            Goal::AtMost(12.0),
        ),
    ]);
    print!("{}", render(&figures));
    Ok(())
}

fn measure_round(binary: &Path, plan: &Plan) -> Result<Round> {
    let folder = tempfile::tempdir()?;
    let limit = Service::start(&std::env::current_exe()?, &["decode"], &[], folder.path())?;
    let decoded = drive(&limit, FEW_SERIES, 1, plan.load_time / 2)?;
    limit.stop()?;

    let service = start(binary, folder.path(), &[])?;
    let idle = service.memory_at_rest()?;
    let few = drive(&service, FEW_SERIES, 2, plan.load_time)?;
    let single = drive(&service, SINGLE, 3, plan.load_time)?;
    let many = drive(&service, MANY_SERIES, 4, plan.load_time)?;
    let loaded = service.memory()?;
    service.stop()?;

    Ok(Round {
        decoded: decoded.points_per_second,
        few,
        single,
        many,
        raw: measure_raw(binary, plan)?,
        idle,
        loaded,
    })
}

fn start(binary: &Path, folder: &Path, more: &[(&str, &str)]) -> Result<Service> {
    let database = database(folder);
    let mut settings = vec![
        ("API_KEY", API_KEY),
        ("DATABASE_PATH", database.as_str()),
        ("RATE_LIMIT", "100000000"),
    ];
    settings.extend_from_slice(more);
    Service::start(binary, &[], &settings, folder)
}

fn database(folder: &Path) -> String {
    folder.join("metrics.db").to_string_lossy().into_owned()
}

fn drive(service: &Service, shape: Shape, seed: u64, planned: Duration) -> Result<Load> {
    let connections = if shape.batch == 1 {
        SINGLE_CONNECTIONS
    } else {
        BATCH_CONNECTIONS
    };
    let requests = Batches::new(shape, seed).into_requests(service.address, 0);
    let cpu_before = service.cpu_ms()?;
    let outcome =
        load::run(service.address, connections, Until::Elapsed(planned), requests)?.all_acknowledged()?;
    let cpu_ms = service.cpu_ms()? - cpu_before;
    let points = (outcome.acknowledged * shape.batch) as f64;
    Ok(Load {
        points_per_second: points / outcome.seconds,
        p99_ms: outcome.p99_ms,
        cpu_ms: cpu_ms / points * 1_000.0,
    })
}

/// Sends so many batches, and checks that all are taken.
fn send(service: &Service, requests: u64, next_request: impl FnMut(&mut Vec<u8>)) -> Result<Outcome> {
    let until = Until::Requests(requests);
    load::run(service.address, BATCH_CONNECTIONS, until, next_request)?.all_acknowledged()
}

/// What points that were not rolled up come to.
#[derive(Clone, Copy)]
struct Raw {
    /// Of the whole database.
    bytes_per_point: f64,
    /// A chart that has to be made of them.
    chart_ms: f64,
}

fn measure_raw(binary: &Path, plan: &Plan) -> Result<Raw> {
    let folder = tempfile::tempdir()?;
    let service = start(binary, folder.path(), &[("AGGREGATION_INTERVAL", "3600")])?;
    let batches = plan.minute_points / FEW_SERIES.batch;
    send(
        &service,
        batches,
        Batches::new(FEW_SERIES, 5).into_requests(service.address, 0),
    )?;
    let mut client = Client::open(service.address, API_KEY)?;
    let accepted = client.metric("monlight_metrics_collector_points_accepted_total")?;
    ensure!(accepted == plan.minute_points, "{accepted} points were taken");
    let chart = format!("/api/metrics?name={}&period=5m", points::DURATIONS);
    let mut times = Vec::new();
    for _ in 0..5 {
        let answer = client.get(&chart)?;
        ensure!(answer.status == 200, "GET {chart} answered {}", answer.status);
        times.push(answer.took.as_secs_f64() * 1_000.0);
    }
    service.stop()?;
    Ok(Raw {
        bytes_per_point: fs::metadata(database(folder.path()))?.len() as f64 / plan.minute_points as f64,
        chart_ms: median(times),
    })
}

fn ingest_figures(rounds: &[Round]) -> Vec<Figure> {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let few = of(|round| round.few.points_per_second);
    let per_second = |name, measured, goal| Figure::new(name, Unit::PerSecond, measured, goal);
    let milliseconds = |name, measured, goal| Figure::new(name, Unit::Milliseconds, measured, goal);
    vec![
        per_second("points, batches of 1000, 50 series", few, Goal::RatioAtLeast(0.5))
            .beside(of(|round| round.decoded), "decoded and thrown away"),
        per_second("  the same", few, Goal::AtLeast(300_000.0)),
        milliseconds(
            "  p99 of a batch, 8 connections",
            of(|round| round.few.p99_ms),
            Goal::None,
        ),
        milliseconds("  CPU for 1000 points", of(|round| round.few.cpu_ms), Goal::None),
        per_second(
            "single points, 64 connections",
            of(|round| round.single.points_per_second),
            Goal::AtLeast(8_000.0),
        ),
        milliseconds("  p99", of(|round| round.single.p99_ms), Goal::None),
        per_second(
            "points, 10 000 series",
            of(|round| round.many.points_per_second),
            Goal::RatioAtLeast(0.7),
        )
        .beside(few, "50 series"),
        milliseconds(
            "  p99 of a batch, 8 connections",
            of(|round| round.many.p99_ms),
            Goal::None,
        ),
        Figure::new(
            "database, for each point",
            Unit::Bytes,
            of(|round| round.raw.bytes_per_point),
            Goal::AtMost(8.0),
        ),
        milliseconds(
            "chart of a running minute of 1 000 000 points",
            of(|round| round.raw.chart_ms),
            Goal::None,
        ),
    ]
}

/// A point as JSON has it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is thrown away")]
struct Decoded<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    project: Cow<'a, str>,
    value: f64,
    #[serde(borrow)]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    timestamp: u64,
}

/// The limit: all of a batch is decoded, and thrown away.
pub(crate) fn decode(body: &[u8]) {
    let points: Result<Vec<Decoded<'_>>, _> = serde_json::from_slice(body);
    std::hint::black_box(points.is_ok_and(|points| !points.is_empty()));
}

/// Waits until so many minutes at most are not rolled up, and all hours but the running ones are.
fn wait_until_settled(service: &Service, most_minutes: u64) -> Result<()> {
    let mut client = Client::open(service.address, API_KEY)?;
    wait_for("the minutes are rolled up", || {
        let minutes = client.metric("monlight_metrics_collector_unsettled_minutes")?;
        Ok(minutes <= most_minutes && client.metric("monlight_metrics_collector_unsettled_hours")? <= 2)
    })
}

/// Looks until it is so; five minutes at most.
fn wait_for(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    for _ in 0..60_000 {
        if is_so()? {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    anyhow::bail!("this never happened: {what}")
}
