//! What HTTP itself allows on this machine: the load generator against the echo server.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::load::{self, Until};
use crate::process::Service;
use crate::report::{Reports, Shape, request_head};
use crate::table::{Figure, Goal, Unit, render};

const CONNECTIONS: usize = 64;

/// How a server did under one kind of request.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) acknowledged: u64,
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// CPU time of the server for one request.
    pub(crate) cpu_ms: f64,
    /// CPU time of the load generator for one request.
    pub(crate) generator_cpu_ms: f64,
}

/// Sends reports of this shape, one per request, and refuses a figure with refused requests.
pub(crate) fn drive(service: &Service, api_key: &str, shape: Shape, seed: u64, until: Until) -> Result<Load> {
    let head = request_head("/api/errors", service.address, api_key, shape.size_bytes);
    let requests = Reports::new(shape, seed).into_requests(head);

    let cpu_before = service.cpu_ms()?;
    let outcome = load::run(service.address, CONNECTIONS, until, requests)?.all_acknowledged()?;
    let cpu_ms = service.cpu_ms()? - cpu_before;

    Ok(Load {
        acknowledged: outcome.acknowledged,
        per_second: outcome.per_second(),
        p50_ms: outcome.p50_ms,
        p99_ms: outcome.p99_ms,
        max_ms: outcome.max_ms,
        cpu_ms: cpu_ms / outcome.acknowledged.max(1) as f64,
        generator_cpu_ms: outcome.own_cpu_ms,
    })
}

/// The limit for each of these shapes, from one echo server.
pub(crate) fn measure<const N: usize>(
    folder: &Path,
    shapes: [Shape; N],
    planned: Duration,
) -> Result<[Load; N]> {
    let echo = Service::start(&std::env::current_exe()?, &["echo"], &[], folder)?;
    let loads: Result<Vec<Load>> = shapes
        .iter()
        .map(|&shape| drive(&echo, "", shape, 1, Until::Elapsed(planned)))
        .collect();
    let loads = loads?;
    echo.stop()?;
    Ok(std::array::from_fn(|index| loads[index]))
}

/// Prints what the generator reaches and costs, to show that it is not what limits a figure.
pub(crate) fn print() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let sizes_kb = [3, 50];
    let shapes = sizes_kb.map(|size_kb| Shape {
        size_bytes: size_kb * 1024,
        fingerprints: 500,
    });
    let loads = measure(folder.path(), shapes, Duration::from_secs(5))?;

    let figures: Vec<Figure> = sizes_kb
        .into_iter()
        .zip(loads)
        .flat_map(|(size_kb, load)| {
            let goal = if size_kb == 3 {
                Goal::AtMost(0.015)
            } else {
                Goal::None
            };
            [
                Figure::new(
                    format!("echo, {size_kb} KB requests"),
                    Unit::PerSecond,
                    load.per_second,
                    Goal::None,
                ),
                Figure::new(
                    "  median latency at 64 connections",
                    Unit::Milliseconds,
                    load.p50_ms,
                    Goal::None,
                ),
                Figure::new(
                    "  p99 latency at 64 connections",
                    Unit::Milliseconds,
                    load.p99_ms,
                    Goal::None,
                ),
                Figure::new(
                    "  CPU of the echo server per request",
                    Unit::Milliseconds,
                    load.cpu_ms,
                    Goal::None,
                ),
                Figure::new(
                    "  CPU of the generator per request",
                    Unit::Milliseconds,
                    load.generator_cpu_ms,
                    goal,
                ),
            ]
        })
        .collect();
    print!("{}", render(&figures));
    Ok(())
}
