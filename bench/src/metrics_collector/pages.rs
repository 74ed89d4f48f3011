//! What pages cost when there are ten thousand series, and their newest minutes are not rolled up yet.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use super::points::{Batches, DURATIONS, REQUESTS, now_ms};
use super::{API_KEY, MANY_SERIES, Plan, send, start};
use crate::connection::Client;
use crate::histogram::Histogram;
use crate::process::{Memory, Service};
use crate::table::{Figure, Goal, Unit};

const MINUTE_MS: u64 = 60_000;
/// The running minute, and one that is over and waits for its turn.
const MINUTES: u64 = 2;
/// How much longer these minutes are than that of the other figures: a hundred thousand points a second.
const TIMES_AS_LONG: u64 = 6;
const REQUESTS_ALONE: usize = 10;
const READERS: usize = 10;
const PAGES_OF_A_READER: usize = 6;

pub(super) fn measure(binary: &Path, plan: &Plan) -> Result<(Vec<Figure>, Memory)> {
    let folder = tempfile::tempdir()?;
    // The first look is over before the points are there, and the next one is an hour away.
    let service = start(binary, folder.path(), &[("AGGREGATION_INTERVAL", "3600")])?;
    let last = now_ms();
    let batches = TIMES_AS_LONG * plan.minute_points / MANY_SERIES.batch;
    let times = (0..MINUTES * batches).map(|batch| last - batch / batches * MINUTE_MS);
    let requests = Batches::new(MANY_SERIES, 11).at_times(service.address, times);
    send(&service, MINUTES * batches, requests)?;

    let mut client = Client::open(service.address, API_KEY)?;
    let mut latencies = Histogram::new();
    for _ in 0..REQUESTS_ALONE {
        latencies.record(ask(&mut client, "/api/dashboard?period=24h")?);
    }
    let together = read_together(&service)?;
    let memory = service.memory()?;
    service.stop()?;
    let milliseconds = |name, measured, goal| Figure::new(name, Unit::Milliseconds, measured, goal);
    let figures = vec![
        milliseconds(
            "dashboard, 10 000 series, 12 000 000 points not rolled up, p50",
            latencies.percentile_ms(0.5),
            Goal::AtMost(500.0),
        ),
        milliseconds("  p95", latencies.percentile_ms(0.95), Goal::None),
        milliseconds(
            "  slowest page of ten readers at once",
            together.as_secs_f64() * 1_000.0,
            Goal::None,
        ),
    ];
    Ok((figures, memory))
}

fn ask(client: &mut Client, path: &str) -> Result<Duration> {
    let answer = client.get(path)?;
    ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
    Ok(answer.took)
}

/// Ten readers who look at one page after the other, each at another one first. Answers the longest wait.
fn read_together(service: &Service) -> Result<Duration> {
    let pages = [
        "/api/dashboard?period=24h".to_owned(),
        format!("/api/metrics?name={DURATIONS}&period=1h"),
        "/api/dashboard?period=15m".to_owned(),
        format!("/api/metrics?name={REQUESTS}&period=3h&group_by=status&rate=true"),
        format!("/api/metrics?name={DURATIONS}&period=24h&labels=endpoint:/api/items/7"),
        "/api/metrics/names".to_owned(),
    ];
    let pages = &pages;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                scope.spawn(move || {
                    let mut client = Client::open(service.address, API_KEY)?;
                    let paths = pages.iter().cycle().skip(reader).take(PAGES_OF_A_READER);
                    let waits = paths.map(|path| ask(&mut client, path));
                    Ok(waits
                        .collect::<Result<Vec<_>>>()?
                        .into_iter()
                        .max()
                        .unwrap_or_default())
                })
            })
            .collect();
        let waits = readers.into_iter().map(|reader| {
            reader
                .join()
                .map_err(|_| anyhow!("a reader ended"))
                .and_then(|wait: Result<Duration>| wait)
        });
        Ok(waits
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .max()
            .unwrap_or_default())
    })
}
