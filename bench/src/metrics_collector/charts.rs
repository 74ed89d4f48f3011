//! How long charts take over a day of minutes and a month of hours, and what their rows take on the disk.

use std::path::Path;

use anyhow::{Result, ensure};

use super::points::{Batches, DURATIONS, Shape, now_ms};
use super::{API_KEY, FEW_SERIES, Plan, send, start, wait_for, wait_until_settled};
use crate::connection::Client;
use crate::histogram::Histogram;
use crate::process::{Memory, Service};
use crate::table::{Figure, Goal, Unit};

/// As many as a middle-sized application has.
const SERIES: u64 = 1_000;
const REQUESTS_PER_CHART: usize = 15;
const UNTIMED_REQUESTS: usize = 2;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Points of each series in a minute that goes to the disk figure.
const VALUES_PER_MINUTE: u64 = 60;
const MINUTES_FOR_SIZE: u64 = 180;

pub(super) fn measure(binary: &Path, plan: &Plan) -> Result<(Vec<Figure>, Memory)> {
    let mut figures = vec![size(binary)?];
    // Points are kept for a day, so that all of it is rolled up from points as it is in the running service.
    let kept = [
        ("RETENTION_RAW", "25h"),
        ("RETENTION_MINUTE", "26h"),
        ("AGGREGATION_INTERVAL", "1"),
    ];
    let mut memory = Memory {
        resident_mb: 0.0,
        anonymous_mb: 0.0,
        peak_mb: 0.0,
    };
    for (series, charts) in [
        (
            FEW_SERIES.series,
            vec![
                (
                    "p95 over 24 h by minute, 25 series that are selected",
                    format!("/api/metrics?name={DURATIONS}&period=24h&resolution=minute&labels=region:eu"),
                    30.0,
                ),
                (
                    "p95 over 24 h by minute, all",
                    format!("/api/metrics?name={DURATIONS}&period=24h&resolution=minute"),
                    30.0,
                ),
            ],
        ),
        (
            2 * FEW_SERIES.series,
            vec![(
                "p95 over 24 h by minute, 50 series that are selected",
                format!("/api/metrics?name={DURATIONS}&period=24h&resolution=minute&labels=region:eu"),
                30.0,
            )],
        ),
        (
            2 * SERIES,
            vec![
                (
                    "p95 over 24 h for each of 1000 series, by hour",
                    format!("/api/metrics?name={DURATIONS}&period=24h&resolution=hour&group_by=endpoint"),
                    200.0,
                ),
                (
                    "dashboard for 24 h, 1000 series",
                    "/api/dashboard?period=24h".into(),
                    100.0,
                ),
            ],
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let service = start(binary, folder.path(), &kept)?;
        fill_minutes(&service, series, plan.hours)?;
        wait_until_settled(&service, 2)?;
        for (name, path, goal_ms) in charts {
            figures.push(chart(&service, name, &path, goal_ms)?);
        }
        memory.peak_mb = memory.peak_mb.max(service.memory()?.peak_mb);
        service.stop()?;
    }
    let folder = tempfile::tempdir()?;
    let service = start(binary, folder.path(), &[])?;
    fill_hours(&service, 30)?;
    wait_until_settled(&service, 2)?;
    figures.push(chart(
        &service,
        "p95 over 30 d by hour, 50 series that are selected",
        &format!("/api/metrics?name={DURATIONS}&period=30d&labels=region:eu"),
        50.0,
    )?);
    figures.push(chart(
        &service,
        "dashboard for 30 d, 100 series",
        "/api/dashboard?period=30d",
        100.0,
    )?);
    memory.peak_mb = memory.peak_mb.max(service.memory()?.peak_mb);
    service.stop()?;
    Ok((figures, memory))
}

/// A few points of each series in each minute.
fn fill_minutes(service: &Service, series: u64, hours: u64) -> Result<()> {
    let batch = 1_000;
    let rounds_per_minute = if series > 500 { 1 } else { 4 };
    let batches_per_minute = (series * rounds_per_minute).div_ceil(batch);
    let minutes = hours * 60;
    let first = (now_ms() / MINUTE_MS - minutes) * MINUTE_MS + 20_000;
    let times = (0..minutes)
        .flat_map(move |minute| std::iter::repeat_n(first + minute * MINUTE_MS, batches_per_minute as usize));
    let requests = Batches::new(Shape { series, batch }, 9).at_times(service.address, times);
    send(service, minutes * batches_per_minute, requests)?;
    Ok(())
}

/// Ten points of each of a hundred series in each hour.
fn fill_hours(service: &Service, days: u64) -> Result<()> {
    let shape = Shape {
        series: 100,
        batch: 1_000,
    };
    let hours = days * 24;
    let first = now_ms() / HOUR_MS * HOUR_MS - (hours - 1) * HOUR_MS + 30 * MINUTE_MS;
    let times = (0..hours - 1).map(move |hour| first + hour * HOUR_MS);
    let requests = Batches::new(shape, 10).at_times(service.address, times);
    send(service, hours - 1, requests)?;
    Ok(())
}

fn chart(service: &Service, name: &str, path: &str, goal_ms: f64) -> Result<Figure> {
    let mut client = Client::open(service.address, API_KEY)?;
    let mut latencies = Histogram::new();
    for request in 0..UNTIMED_REQUESTS + REQUESTS_PER_CHART {
        let answer = client.get(path)?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
        ensure!(answer.body.len() > 10_000, "GET {path} answered next to nothing");
        if request >= UNTIMED_REQUESTS {
            latencies.record(answer.took);
        }
    }
    let p50_ms = latencies.percentile_ms(0.5);
    Ok(Figure::new(
        format!("{name}, p50"),
        Unit::Milliseconds,
        p50_ms,
        Goal::AtMost(goal_ms),
    ))
}

/// What the rows of minutes take when the points are gone, for each histogram and minute of 60 values.
fn size(binary: &Path) -> Result<Figure> {
    let folder = tempfile::tempdir()?;
    let shape = Shape {
        series: 100,
        batch: 1_000,
    };
    let often = ("AGGREGATION_INTERVAL", "1");
    let service = start(binary, folder.path(), &[("RETENTION_RAW", "5h"), often])?;
    let batches_per_minute = shape.series * VALUES_PER_MINUTE / shape.batch;
    let first = (now_ms() / MINUTE_MS - MINUTES_FOR_SIZE - 5) * MINUTE_MS + 20_000;
    let times = (0..MINUTES_FOR_SIZE)
        .flat_map(move |minute| std::iter::repeat_n(first + minute * MINUTE_MS, batches_per_minute as usize));
    let requests = Batches::new(shape, 11).at_times(service.address, times);
    send(&service, MINUTES_FOR_SIZE * batches_per_minute, requests)?;
    wait_until_settled(&service, 0)?;
    service.stop()?;
    // Shorter retention drops the points; what is left are the minutes.
    let service = start(binary, folder.path(), &[("RETENTION_RAW", "60s"), often])?;
    let database = rusqlite::Connection::open(super::database(folder.path()))?;
    wait_for("the points are dropped", || {
        let points: i64 = database.query_row("select count(*) from metrics_raw", [], |row| row.get(0))?;
        Ok(points == 0)
    })?;
    service.stop()?;
    let pragma =
        |name: &str| -> rusqlite::Result<i64> { database.pragma_query_value(None, name, |row| row.get(0)) };
    let used = (pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?;
    // Half of the series count, and a count takes next to nothing.
    let rows = (shape.series / 2 * MINUTES_FOR_SIZE) as f64;
    Ok(Figure::new(
        "database, for each minute of a histogram of 60 values",
        Unit::Bytes,
        used as f64 / rows,
        Goal::AtMost(180.0),
    ))
}
