//! One long minute becomes rows while points keep coming.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::points::{Batches, now_ms};
use super::{BATCH_CONNECTIONS, FEW_SERIES, Plan, send, start, wait_until_settled};
use crate::load::{self, Until};
use crate::process::{Memory, Service};
use crate::table::{Figure, Goal, Unit};

const MINUTE_MS: u64 = 60_000;

pub(super) fn measure(binary: &Path, plan: &Plan) -> Result<(Vec<Figure>, Memory)> {
    let folder = tempfile::tempdir()?;
    // The first look is over before the points are there, and the next one is an hour away.
    let rarely = [("AGGREGATION_INTERVAL", "3600")];
    let service = start(binary, folder.path(), &rarely)?;
    let minute = (now_ms() / MINUTE_MS - 3) * MINUTE_MS + 30_000;
    let batches = Batches::new(FEW_SERIES, 6).at_times(service.address, std::iter::repeat(minute));
    send(&service, plan.minute_points / FEW_SERIES.batch, batches)?;
    service.stop()?;

    // A start looks at once.
    let service = start(binary, folder.path(), &rarely)?;
    let started = Instant::now();
    wait_until_settled(&service, 0)?;
    let alone = started.elapsed();
    service.stop()?;

    let (under_load, p99_ms, memory) = under_load(binary, plan)?;
    let milliseconds = |name, measured, goal| Figure::new(name, Unit::Milliseconds, measured, goal);
    let figures = vec![
        milliseconds(
            "a minute of 1 000 000 points, rolled up",
            alone.as_secs_f64() * 1_000.0,
            Goal::AtMost(1_000.0),
        ),
        milliseconds(
            "  the same while points come in",
            under_load.as_secs_f64() * 1_000.0,
            Goal::None,
        ),
        milliseconds("  p99 of a batch meanwhile", p99_ms, Goal::AtMost(50.0)),
    ];
    Ok((figures, memory))
}

/// The same again, with one connection that sends a batch after the other.
fn under_load(binary: &Path, plan: &Plan) -> Result<(Duration, f64, Memory)> {
    let folder = tempfile::tempdir()?;
    let rarely = [("AGGREGATION_INTERVAL", "3600")];
    let service = start(binary, folder.path(), &rarely)?;
    let minute = (now_ms() / MINUTE_MS - 3) * MINUTE_MS + 30_000;
    let batches = Batches::new(FEW_SERIES, 7).at_times(service.address, std::iter::repeat(minute));
    send(&service, plan.minute_points / FEW_SERIES.batch, batches)?;
    // The running minute stays unsettled, so that the long one is the one that is missing afterwards.
    send(
        &service,
        1,
        Batches::new(FEW_SERIES, 8).into_requests(service.address, 0),
    )?;
    service.stop()?;
    let service = start(binary, folder.path(), &rarely)?;
    let started = Instant::now();
    let (settled, p99_ms) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_until_settled(&service, 1).map(|()| started.elapsed()));
        let p99_ms = drive(&service);
        let settled = waiting
            .join()
            .unwrap_or_else(|_| anyhow::bail!("the watch ended"));
        (settled, p99_ms)
    });
    let memory = service.memory()?;
    let figures = (settled?, p99_ms?, memory);
    service.stop()?;
    Ok(figures)
}

fn drive(service: &Service) -> Result<f64> {
    let requests = Batches::new(FEW_SERIES, 8).into_requests(service.address, 0);
    let planned = Until::Elapsed(Duration::from_millis(700));
    Ok(load::run(service.address, BATCH_CONNECTIONS, planned, requests)?
        .all_acknowledged()?
        .p99_ms)
}
