//! Fills the databases to the size of years, through the services' own ways in.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;

use super::requests::{release, vitals};
use super::stack::Stack;
use super::traffic::Items;
use super::{API_KEY, GROUPS, PROJECT, RELEASES_WITH_MAPS, REPORTS_PER_GROUP, SERIES};
use crate::browser_relay::stacks;
use crate::connection::Client;
use crate::error_tracker::pages;
use crate::load::{self, Until};
use crate::log_viewer::corpus::Corpus;
use crate::log_viewer::ingest::wait_until_read;
use crate::metrics_collector::points::{self, Batches, Shape, now_ms};
use crate::report::mix;

const SCRIPTS: u64 = 5;
const POINTS_PER_BATCH: u64 = 1_000;
/// How often each series gets a point.
const ROUNDS: u64 = 3;
const CONNECTIONS: usize = 4;
const MINUTE_MS: u64 = 60_000;
const MINUTES: u64 = 24 * 60;

/// Answers what was acknowledged.
pub(super) fn fill(stack: &Stack, corpus: &Corpus) -> Result<Items> {
    let started = Instant::now();
    let tell = |what: &str| eprintln!("{:4.0} s: {what}", started.elapsed().as_secs_f64());
    tell(&format!("{GROUPS} groups of {REPORTS_PER_GROUP} reports"));
    pages::seed(stack.tracker(), GROUPS, REPORTS_PER_GROUP)?;
    tell(&format!("{SERIES} series"));
    let mut points = fill_series(stack)?;
    tell(&format!("{MINUTES} minutes of metrics"));
    points += fill_minutes(stack)?;
    tell(&format!("{} source maps", RELEASES_WITH_MAPS * SCRIPTS));
    upload_maps(stack)?;
    tell(&format!("{} lines", corpus.lines));
    wait_until_read(&mut Client::open(stack.viewer(), API_KEY)?, corpus.lines)?;
    tell("filled");
    Ok(Items {
        reports: GROUPS * REPORTS_PER_GROUP,
        points,
    })
}

fn fill_series(stack: &Stack) -> Result<u64> {
    let shape = Shape {
        series: SERIES,
        batch: POINTS_PER_BATCH,
    };
    let requests = ROUNDS * SERIES / POINTS_PER_BATCH;
    let next = Batches::new(shape, 1).into_requests(stack.collector(), 0);
    load::run(stack.collector(), CONNECTIONS, Until::Requests(requests), next)?.all_acknowledged()?;
    let series = Client::open(stack.collector(), API_KEY)?.metric("monlight_metrics_collector_series")?;
    ensure!(series == SERIES, "{series} series instead of {SERIES}");
    Ok(requests * POINTS_PER_BATCH)
}

/// The day before now, with points of each tenth of the series in turn and a page view in each minute. Charts of a day are
/// then as large as they will be, and not larger with each minute that the run lasts.
fn fill_minutes(stack: &Stack) -> Result<u64> {
    let target = stack.collector();
    let first = (now_ms() / MINUTE_MS - MINUTES) * MINUTE_MS + MINUTE_MS / 2;
    let times = move || (0..MINUTES).map(move |minute| first + minute * MINUTE_MS);
    let shape = Shape {
        series: SERIES,
        batch: POINTS_PER_BATCH,
    };
    let batches = Batches::new(shape, 2).at_times(target, times());
    load::run(target, CONNECTIONS, Until::Requests(MINUTES), batches)?.all_acknowledged()?;
    let mut views = (0..).zip(times().cycle());
    let mut points_of_view = 0;
    let views = |request: &mut Vec<u8>| {
        if let Some((view, at_ms)) = views.next() {
            let (body, count) = vitals(mix(view), Some(PROJECT), Some(at_ms));
            points_of_view = count;
            points::write_request(request, target, body.as_bytes());
        }
    };
    load::run(target, CONNECTIONS, Until::Requests(MINUTES), views)?.all_acknowledged()?;
    Ok(MINUTES * (POINTS_PER_BATCH + points_of_view))
}

/// Of ten releases nine have scripts with a map of half a megabyte, one has five of a megabyte; and one script of all
/// has a map of 13 MB.
fn upload_maps(stack: &Stack) -> Result<()> {
    let (usual, large, largest) = (stacks::usual_map(), stacks::small_map(), stacks::large_map());
    let mut client = Client::open(stack.relay(), API_KEY)?;
    for number in 0..RELEASES_WITH_MAPS {
        for script in 0..SCRIPTS {
            let map = match (number % 10, script) {
                (0, 0) if number == 0 => &largest,
                (0, _) => &large,
                _ => &usual,
            };
            let body = json!({
                "project": PROJECT,
                "release": release(number),
                "file_url": format!("https://shop.example.com/assets/chunk{script}.js"),
                "map_content": map,
            });
            let answer = client.post("/api/source-maps", body.to_string().as_bytes())?;
            ensure!(
                answer.status == 201,
                "a source map was answered {}",
                answer.status
            );
        }
    }
    Ok(())
}
