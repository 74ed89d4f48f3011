//! The figures of the log viewer: lines in, pages and live views out, and what that costs.

mod blocks;
pub(crate) mod corpus;
pub(crate) mod event_stream;
pub(crate) mod ingest;
pub(crate) mod lines;
pub(crate) mod pages;
mod pressure;
mod tails;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use self::corpus::{Corpus, LiveLog};
use self::ingest::Ingest;
use crate::process::{API_KEY, Memory, Service};
use crate::table::{Figure, Goal, Unit, median, render};

/// The ring keeps so much of the corpus.
const RING_SHARE: u64 = 5;
/// By so much may the ring exceed its limit: one part.
const RING_EXCESS: f64 = 1.05;
const MEMORY_GOAL_MB: f64 = 30.0;
/// Of a transaction, from its begin to its end.
const LONGEST_COMMIT_MS: f64 = 50.0;

pub(crate) struct Plan {
    lines: u64,
    rounds: usize,
    /// For the yardstick of each round.
    load_time: Duration,
    /// Lines that are written one by one.
    single_lines: u64,
    /// How long lines are written for many live views.
    tail_time: Duration,
    /// Lines that are read while eight clients search.
    pressure_lines: u64,
    /// Whether the goals hold that are for a million lines.
    has_goals_by_size: bool,
}

pub(crate) const FULL: Plan = Plan {
    lines: 1_000_000,
    rounds: 3,
    load_time: Duration::from_secs(4),
    single_lines: 200,
    tail_time: Duration::from_secs(8),
    pressure_lines: 300_000,
    has_goals_by_size: true,
};
pub(crate) const LARGE: Plan = Plan {
    lines: 10_000_000,
    rounds: 1,
    pressure_lines: 1_000_000,
    has_goals_by_size: false,
    ..FULL
};
pub(crate) const QUICK: Plan = Plan {
    lines: 100_000,
    rounds: 1,
    load_time: Duration::from_secs(1),
    single_lines: 60,
    tail_time: Duration::from_secs(4),
    pressure_lines: 50_000,
    ..FULL
};

impl Plan {
    /// The goal, if it holds for a corpus of this size.
    fn by_size(&self, goal: Goal) -> Goal {
        if self.has_goals_by_size { goal } else { Goal::None }
    }
}

/// What one round measures, each against a service and a database that are new.
struct Round {
    raw_sqlite_per_second: f64,
    unlimited: Ingest,
    ring: Ingest,
}

/// Measures and prints the whole table.
pub(crate) fn measure(binary: &str, plan: &Plan) -> Result<()> {
    // Services start in a folder of their own, where a relative path would mean another file.
    let binary = &fs::canonicalize(binary).with_context(|| format!("no binary at {binary}"))?;
    let logs = tempfile::tempdir()?;
    eprintln!("writing {} lines", plan.lines);
    let corpus = Corpus::write(logs.path().to_owned(), plan.lines)?;

    let mut rounds = Vec::new();
    // The database of the last round is what is searched.
    let mut data = tempfile::tempdir()?;
    for number in 1..=plan.rounds {
        eprintln!("round {number} of {}: lines in", plan.rounds);
        data = tempfile::tempdir()?;
        rounds.push(measure_round(binary, data.path(), &corpus, plan)?);
    }
    eprintln!("pages");
    let service = start(binary, data.path(), &corpus.root, corpus.unlimited())?;
    let idle = service.memory_at_rest()?;
    let pages = pages::measure(&service, &corpus, plan)?;
    let memory_of_pages = service.memory()?;
    service.stop()?;

    eprintln!("live views");
    let mut live = LiveLog::create(&corpus.root, "shop-live-1")?;
    let service = start(binary, data.path(), &corpus.root, corpus.unlimited())?;
    let tails = tails::measure(&service, &mut live, plan)?;
    let memory_of_tails = service.memory()?;
    service.stop()?;

    eprintln!("searches and live views while lines come in");
    let service = start(binary, data.path(), &corpus.root, corpus.unlimited())?;
    pressure::run(&service, &mut live, plan)?;
    let memory_under_pressure = service.memory()?;
    service.stop()?;

    let mut figures = ingest_figures(&corpus, &rounds);
    figures.extend(pages);
    figures.extend(tails);
    figures.extend(ring_figures(&corpus, &rounds));
    figures.extend(memory_figures(
        &rounds,
        idle,
        memory_of_pages,
        memory_of_tails,
        memory_under_pressure,
    ));
    print!("{}", render(&figures));
    Ok(())
}

fn measure_round(binary: &Path, data: &Path, corpus: &Corpus, plan: &Plan) -> Result<Round> {
    let scratch = tempfile::tempdir()?;
    let raw_sqlite_per_second = blocks::measure(scratch.path(), corpus.lines, plan.load_time)?;
    let unlimited = ingest::measure(binary, data, corpus, corpus.unlimited())?;
    unlimited.check_all_are_kept(corpus)?;
    let ring = ingest::measure(binary, scratch.path(), corpus, corpus.lines / RING_SHARE)?;
    Ok(Round {
        raw_sqlite_per_second,
        unlimited,
        ring,
    })
}

fn start(binary: &Path, folder: &Path, logs: &Path, max_entries: u64) -> Result<Service> {
    let (database, logs) = (path_text(&folder.join(DATABASE))?, path_text(logs)?);
    let max_entries = max_entries.to_string();
    let settings = [
        ("API_KEY", API_KEY),
        ("DATABASE_PATH", &database),
        ("LOG_SOURCES", &logs),
        ("BACKFILL", "1024GiB"),
        ("MAX_ENTRIES", &max_entries),
        ("RATE_LIMIT", "100000000"),
    ];
    Service::start(binary, &[], &settings, folder)
}

const DATABASE: &str = "logs.db";

fn path_text(path: &Path) -> Result<String> {
    let text = path.to_str().context("the path of the temporary folder")?;
    Ok(text.to_owned())
}

fn ingest_figures(corpus: &Corpus, rounds: &[Round]) -> Vec<Figure> {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let per_second = |name: &str, measured, goal| Figure::new(name, Unit::PerSecond, measured, goal);
    let read = of(|round| round.unlimited.lines_per_second);
    vec![
        per_second(
            &format!("{} lines, from file to searchable", corpus.lines),
            read,
            Goal::AtLeast(100_000.0),
        ),
        per_second(
            "  the same, beside memory to SQLite",
            read,
            Goal::RatioAtLeast(0.5),
        )
        .beside(of(|round| round.raw_sqlite_per_second), "raw SQLite"),
        per_second(
            "  lines in a second of CPU time",
            of(|round| round.unlimited.lines_per_cpu_second),
            Goal::AtLeast(150_000.0),
        ),
        Figure::new(
            "  database, for each line",
            Unit::Bytes,
            of(|round| round.unlimited.database_bytes as f64) / corpus.lines as f64,
            Goal::AtMost(60.0),
        ),
    ]
}

fn ring_figures(corpus: &Corpus, rounds: &[Round]) -> [Figure; 4] {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    // One commit that is too long is one too many.
    let worst = |value: fn(&Round) -> f64| rounds.iter().map(value).fold(0.0, f64::max);
    let limit = (corpus.lines / RING_SHARE) as f64;
    [
        Figure::new(
            "ring at its limit, a fifth of the lines",
            Unit::PerSecond,
            of(|round| round.ring.lines_per_second),
            Goal::RatioAtLeast(0.9),
        )
        .beside(of(|round| round.unlimited.lines_per_second), "without a limit"),
        Figure::new(
            "  entries kept",
            Unit::Count,
            of(|round| round.ring.entries as f64),
            Goal::AtMost(limit * RING_EXCESS),
        )
        .beside(limit, "MAX_ENTRIES"),
        Figure::new(
            "  longest commit",
            Unit::Milliseconds,
            worst(|round| round.ring.longest_commit_ms),
            Goal::AtMost(LONGEST_COMMIT_MS),
        ),
        Figure::new(
            "  longest commit without a limit",
            Unit::Milliseconds,
            worst(|round| round.unlimited.longest_commit_ms),
            Goal::AtMost(LONGEST_COMMIT_MS),
        ),
    ]
}

fn memory_figures(
    rounds: &[Round],
    idle: Memory,
    pages: Memory,
    tails: Memory,
    pressure: Memory,
) -> [Figure; 6] {
    // A peak is the worst of all, not a median: one container limit holds for every round.
    let worst = |value: fn(&Round) -> f64| rounds.iter().map(value).fold(0.0, f64::max);
    let megabytes = |name, measured, goal| Figure::new(name, Unit::Megabytes, measured, goal);
    let peak = Goal::AtMost(MEMORY_GOAL_MB);
    [
        megabytes("resident memory, idle", idle.resident_mb, Goal::AtMost(10.0)),
        megabytes(
            "  peak, lines coming in",
            worst(|round| round.unlimited.peak_mb),
            peak,
        ),
        megabytes(
            "  peak, ring at its limit",
            worst(|round| round.ring.peak_mb),
            peak,
        ),
        megabytes("  peak, pages", pages.peak_mb, peak),
        megabytes("  peak, 50 live views", tails.peak_mb, peak),
        megabytes(
            "  peak, 8 worst searches, 3 live views, lines coming in",
            pressure.peak_mb,
            peak,
        ),
    ]
}
