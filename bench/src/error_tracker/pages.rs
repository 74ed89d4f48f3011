//! How long list and search take, and how large their pages are, over many groups.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{API_KEY, Plan, SMALL, check_groups};
use crate::connection::{Client, percent_encode};
use crate::histogram::Histogram;
use crate::load::{self, Until};
use crate::process::Service;
use crate::report::{Reports, Shape, request_head};
use crate::table::{Figure, Goal, Unit};
use crate::template::{ENVIRONMENTS, PROJECTS, RELEASES, search_for};

const SEED_CONNECTIONS: usize = 4;
/// The service's default for `MAX_BODY_SIZE`, less a little.
const MAX_BATCH_BYTES: usize = 250 * 1024;
const MAX_BATCH: usize = 500;
const GOAL_MS: f64 = 20.0;
const GOAL_KB: f64 = 60.0;
const REQUESTS_PER_PAGE: usize = 60;
/// How long the search index may take for all that was seeded.
const INDEX_LIMIT: Duration = Duration::from_secs(300);
const UNTIMED_REQUESTS: usize = 3;
/// Pages of 200 that are turned before the deep page is measured.
const PAGES_TO_TURN: u64 = 200;

/// Fills the service through its batch route, then asks for every kind of page.
pub(super) fn measure(service: &Service, plan: &Plan) -> Result<Vec<Figure>> {
    let seeded_per_second = seed(service.address, plan.groups, plan.reports_per_group)?;
    check_groups(service, plan.groups)?;

    let mut client = Client::open(service.address, API_KEY)?;
    wait_for_index(&mut client)?;
    let mut pages = shallow_pages(plan);
    pages.push(("list, deep by cursor".into(), deep_page(&mut client)?));
    pages.push((
        "one group".into(),
        format!("/api/errors/{}", newest_id(&mut client)?),
    ));

    let of_groups = format!(
        "{} groups, {} reports",
        plan.groups,
        plan.groups * plan.reports_per_group
    );
    let mut figures = vec![Figure::new(
        format!("batch route: {of_groups}"),
        Unit::PerSecond,
        seeded_per_second,
        Goal::None,
    )];
    let mut largest_bytes = 0;
    for (name, path) in pages {
        let (p95_ms, bytes) = measure_page(&mut client, &path)?;
        largest_bytes = largest_bytes.max(bytes);
        figures.push(Figure::new(
            format!("  {name}, p95"),
            Unit::Milliseconds,
            p95_ms,
            Goal::AtMost(GOAL_MS),
        ));
    }
    let largest_kb = largest_bytes as f64 / 1024.0;
    figures.push(Figure::new(
        "  largest of these pages",
        Unit::Kilobytes,
        largest_kb,
        Goal::AtMost(GOAL_KB),
    ));
    Ok(figures)
}

/// Reports of this many kinds, as many of each, through the batch route; answers how many there were in a second.
///
/// Small reports first; the last report of each group is one of 3 KB, which the lists then have to read past.
pub(crate) fn seed(target: SocketAddr, groups: u64, reports_per_group: u64) -> Result<f64> {
    let small = Shape {
        size_bytes: 1024,
        fingerprints: groups,
    };
    let usual = Shape {
        size_bytes: SMALL.size_bytes,
        fingerprints: groups,
    };
    let mut seconds = 0.0;
    for (shape, seed, reports) in [(small, 11, groups * (reports_per_group - 1)), (usual, 12, groups)] {
        let batch = largest_divisor(reports, MAX_BATCH.min(MAX_BATCH_BYTES / (shape.size_bytes + 1)));
        let requests = as_batches(Reports::new(shape, seed), shape, batch, target);
        let outcome = load::run(
            target,
            SEED_CONNECTIONS,
            Until::Requests(reports / batch as u64),
            requests,
        )?;
        seconds += outcome.all_acknowledged()?.seconds;
    }
    Ok((groups * reports_per_group) as f64 / seconds)
}

fn as_batches(
    mut reports: Reports,
    shape: Shape,
    batch: usize,
    target: SocketAddr,
) -> impl FnMut(&mut Vec<u8>) {
    // Two brackets, and a comma between each two reports.
    let size_bytes = batch * shape.size_bytes + batch + 1;
    let head = request_head("/api/errors/batch", target, API_KEY, size_bytes);
    move |request| {
        request.clear();
        request.extend_from_slice(head.as_bytes());
        for position in 0..batch {
            request.push(if position == 0 { b'[' } else { b',' });
            reports.write_next(request);
        }
        request.push(b']');
    }
}

/// The largest batch up to `most` that `reports` can be divided into without a rest.
fn largest_divisor(reports: u64, most: usize) -> usize {
    (1..=most)
        .rev()
        .find(|&batch| reports.is_multiple_of(batch as u64))
        .unwrap_or(1)
}

fn shallow_pages(plan: &Plan) -> Vec<(String, String)> {
    let (project, environment, release) = (PROJECTS[1], ENVIRONMENTS[1], RELEASES[2]);
    let rare = percent_encode(&search_for(plan.groups / 3));
    [
        ("list", String::new()),
        ("list, any state", "?resolved=all&ignored=all".into()),
        ("list by first seen", "?sort=first_seen".into()),
        ("list by count", "?sort=count".into()),
        ("list by trend", "?sort=trend".into()),
        ("list of a project", format!("?project={project}")),
        (
            "list of a project by trend",
            format!("?project={project}&sort=trend"),
        ),
        ("list of an environment", format!("?environment={environment}")),
        (
            "list of a release by count",
            format!("?release={release}&sort=count"),
        ),
        ("list of a session", "?session_id=000000042".into()),
        ("list of browser errors (none)", "?source=browser".into()),
        ("list, deep by offset", format!("?offset={}", plan.groups / 2)),
        ("search, every group", "?search=item".into()),
        ("search, common", "?search=timeout".into()),
        (
            "search, common, in a project by count",
            format!("?search=timeout&project={project}&sort=count"),
        ),
        ("search, rare", format!("?search={rare}")),
        ("search, within a word", "?search=ymentDecl".into()),
        ("search, two letters", "?search=ca".into()),
        ("search, none", "?search=zeppelin".into()),
    ]
    .map(|(name, query)| (name.to_owned(), format!("/api/errors{query}")))
    .into()
}

/// Follows `next` through a good part of all groups.
fn deep_page(client: &mut Client) -> Result<String> {
    let mut cursor = String::new();
    for _ in 0..PAGES_TO_TURN {
        let page = client.get_json(&format!("/api/errors?limit=200{cursor}"))?;
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={}", percent_encode(next));
    }
    ensure!(!cursor.is_empty(), "the list has only one page");
    Ok(format!("/api/errors?limit=50{cursor}"))
}

/// Searches are measured as they are once the load is over; until then they read the text of what is new.
fn wait_for_index(client: &mut Client) -> Result<()> {
    let deadline = Instant::now() + INDEX_LIMIT;
    loop {
        let waiting = client.metric("monlight_error_tracker_unindexed_groups")?;
        if waiting == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{waiting} groups are not indexed yet");
        thread::sleep(Duration::from_millis(100));
    }
}

fn newest_id(client: &mut Client) -> Result<serde_json::Value> {
    Ok(client.get_json("/api/errors?limit=1")?["errors"][0]["id"].take())
}

fn measure_page(client: &mut Client, path: &str) -> Result<(f64, usize)> {
    let mut latencies = Histogram::new();
    let mut bytes = 0;
    for request in 0..UNTIMED_REQUESTS + REQUESTS_PER_PAGE {
        let answer = client.get(path)?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
        bytes = answer.body.len();
        if request >= UNTIMED_REQUESTS {
            latencies.record(answer.took);
        }
    }
    Ok((latencies.percentile_ms(0.95), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_divide_the_reports_without_a_rest() {
        assert_eq!(largest_divisor(900_000, 249), 240);
        assert_eq!(largest_divisor(100_000, 83), 80);
        assert_eq!(largest_divisor(7, 5), 1);
    }
}
