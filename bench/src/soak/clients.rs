//! People in front of the pages: each asks for what a page asks for, again and again, and some watch the logs live.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::{join, join_all};
use tokio::time::{sleep, sleep_until, timeout};

use super::logs::CONTAINERS;
use super::requests::release;
use super::traffic::{Items, Line, Tally};
use super::{API_KEY, Clock, PROJECT, RELEASES_WITH_MAPS};
use crate::connection::percent_encode;
use crate::log_viewer::event_stream::{EventStream, TAIL};
use crate::log_viewer::lines::{COMMON_WORDS, MESSAGES, rare_word};
use crate::log_viewer::pages::substring;
use crate::metrics_collector::points::DURATIONS;
use crate::report::mix;
use crate::template::{ENVIRONMENTS, PROJECTS, RELEASES, search_for};

/// How many watch each service, in its order: fifty in all.
const CLIENTS: [u64; 4] = [14, 20, 10, 6];
/// Of those in front of the log viewer so many see it live.
const LIVE_VIEWS: usize = 8;
/// A page asks again after so long; here it is another page each time.
const INTERVAL: Duration = Duration::from_secs(10);
/// A live view that hears nothing for so long, heartbeats included, is broken.
const SILENCE: Duration = Duration::from_secs(45);
const REOPEN_PAUSE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_secs(1);
/// Stands for an id that the list before has shown.
const SHOWN: &str = "{shown}";

/// What is asked for one after the other, on two connections at the same time.
type Page = [Vec<String>; 2];

#[derive(Default)]
pub(super) struct Live {
    pub(super) events: u64,
    /// Lines that slow readers were told to have missed.
    pub(super) dropped: u64,
    /// Views that the service closed after half an hour, as it says it does.
    pub(super) closed: u64,
    /// Views that ended in any other way.
    pub(super) broken: u64,
}

/// Runs all clients until the clock has run out. Answers how each service did, in its order, and the live views.
pub(super) fn run(targets: [SocketAddr; 4], clock: &Clock) -> Result<([Tally; 4], Live)> {
    let tallies = [(); 4].map(|()| RefCell::new(Tally::new()));
    let live = RefCell::new(Live::default());
    let started = Instant::now();
    let kinds: [fn(u64) -> Page; 4] = [errors, logs, metrics, relay];
    let mut readers = Vec::new();
    for (service, count) in CLIENTS.into_iter().enumerate() {
        for number in 0..count {
            let (target, page, tally) = (targets[service], kinds[service], &tallies[service]);
            // They have not all come at the same moment.
            let first = started + INTERVAL.mul_f64(number as f64 / count as f64);
            readers.push(read_pages(target, page, number, first, tally, clock));
        }
    }
    let views = (0..LIVE_VIEWS).map(|number| watch(targets[1], number, &live, clock));
    let all = join(join_all(readers), join_all(views));
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(all);
    let seconds = started.elapsed().as_secs_f64();
    let tallies = tallies.map(|tally| Tally {
        seconds,
        ..tally.into_inner()
    });
    Ok((tallies, live.into_inner()))
}

async fn read_pages(
    target: SocketAddr,
    page: fn(u64) -> Page,
    number: u64,
    first: Instant,
    tally: &RefCell<Tally>,
    clock: &Clock,
) {
    let mut lines = [Line::new(target), Line::new(target)];
    let shown = Cell::new(1);
    for turn in 0_u32.. {
        let due = first + INTERVAL * turn;
        if !clock.is_running_at(due) {
            return;
        }
        sleep_until(due.into()).await;
        let [left, right] = page(u64::from(turn) + 3 * number);
        let [one, two] = &mut lines;
        join(
            ask(one, target, left, &shown, tally),
            ask(two, target, right, &shown, tally),
        )
        .await;
    }
}

async fn ask(
    line: &mut Line,
    target: SocketAddr,
    paths: Vec<String>,
    shown: &Cell<u64>,
    tally: &RefCell<Tally>,
) {
    for path in paths {
        let is_list = !path.contains(SHOWN);
        let path = path.replace(SHOWN, &shown.get().to_string());
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {target}\r\nX-API-Key: {API_KEY}\r\nX-Monlight-UI: 1\r\n\
             Accept: application/json\r\n\r\n"
        );
        let asked = Instant::now();
        let status = line.exchange(request.as_bytes()).await;
        tally
            .borrow_mut()
            .count(status, Items::default(), asked.elapsed());
        if status.is_some_and(|status| !matches!(status, 200..300 | 429 | 503)) {
            eprintln!("GET {path} was answered {status:?}");
        }
        // What one entry leads to has ids of another kind.
        if is_list && let Some(id) = first_id(&line.body()) {
            shown.set(id);
        }
    }
}

fn first_id(body: &[u8]) -> Option<u64> {
    const BEFORE: &[u8] = b"[{\"id\":";
    let at = body.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&body[at..at + digits]).ok()?.parse().ok()
}

fn errors(turn: u64) -> Page {
    let list = |query: String| vec![format!("/api/errors?limit=50{query}")];
    let project = pick(&PROJECTS, turn);
    match turn % 8 {
        0 => [
            vec!["/".into(), "/api/about".into(), "/api/errors?limit=50".into()],
            paths(["/api/projects", "/api/environments", "/api/releases"]),
        ],
        1 | 5 => [
            vec![format!("/api/errors/{SHOWN}")],
            vec![format!("/api/errors/{SHOWN}/timeline")],
        ],
        2 => [list(format!("&project={project}&sort=trend")), Vec::new()],
        3 => {
            let rare = percent_encode(&search_for(mix(turn) % super::GROUPS));
            [list(format!("&search={rare}")), Vec::new()]
        }
        4 => {
            let environment = pick(&ENVIRONMENTS, turn);
            [
                list(format!("&search=timeout&environment={environment}&sort=count")),
                Vec::new(),
            ]
        }
        6 => [
            list(format!("&release={}&source=browser", pick(&RELEASES, turn))),
            Vec::new(),
        ],
        _ => [
            list(format!("&resolved=all&ignored=all&offset={}", mix(turn) % 50_000)),
            Vec::new(),
        ],
    }
}

fn logs(turn: u64) -> Page {
    let page = |query: String| {
        [
            vec![format!("/api/logs?limit=100{query}")],
            vec![format!("/api/logs/histogram?buckets=80{query}&since=-1h")],
        ]
    };
    let search = |text: &str| format!("&search={}", percent_encode(text));
    match turn % 8 {
        0 => [
            paths(["/", "/api/about", "/api/containers", "/api/logs?limit=100"]),
            paths(["/api/logs/histogram?buckets=80&since=-1h", "/api/stats"]),
        ],
        1 => page(search(pick(&COMMON_WORDS, turn / 8))),
        2 => page(format!(
            "&level=%3E%3DWARNING&container={}",
            pick(&CONTAINERS, turn / 8)
        )),
        3 => page(search(&format!("\"{}\"", pick(&MESSAGES, turn / 8)))),
        4 => page(search(&rare_word(turn))),
        5 => page(search(&substring(turn, 5))),
        6 => [
            vec![
                "/api/logs?limit=100".into(),
                format!("/api/logs/{SHOWN}/context?before=20&after=20"),
            ],
            paths(["/api/containers"]),
        ],
        _ => page(format!("&container=cron-1{}", search("payment NOT declined"))),
    }
}

fn metrics(turn: u64) -> Page {
    let route = mix(turn) % (super::SERIES / 2);
    match turn % 6 {
        0 => [
            paths(["/", "/api/about", "/api/dashboard?period=24h"]),
            paths(["/api/projects", "/api/metrics/names"]),
        ],
        1 => [
            vec![format!("/api/metrics?name={DURATIONS}&type=histogram&period=1h")],
            vec![format!("/api/metrics/labels?name={DURATIONS}&type=histogram")],
        ],
        2 => [
            paths(["/api/metrics?name=http_requests_total&type=counter&period=3h&group_by=status&rate=true"]),
            Vec::new(),
        ],
        3 => [
            vec![format!(
                "/api/metrics?name={DURATIONS}&type=histogram&period=24h&labels=endpoint:/api/items/{route}"
            )],
            vec![format!("/api/metrics/names?project={PROJECT}")],
        ],
        4 => [
            vec![format!("/api/dashboard?period=1h&project={PROJECT}")],
            Vec::new(),
        ],
        _ => [
            paths(["/api/metrics?name=web_vitals_lcp&type=histogram&period=24h&group_by=page"]),
            paths(["/api/dashboard?period=15m"]),
        ],
    }
}

fn relay(turn: u64) -> Page {
    match turn % 4 {
        0 => [paths(["/", "/api/about", "/api/dsn-keys"]), paths(["/api/spool"])],
        1 => [vec![format!("/api/source-maps?project={PROJECT}")], Vec::new()],
        2 => {
            let release = release(turn % RELEASES_WITH_MAPS);
            [
                vec![format!("/api/source-maps?project={PROJECT}&release={release}")],
                Vec::new(),
            ]
        }
        _ => [paths(["/api/spool"]), Vec::new()],
    }
}

fn paths<const N: usize>(paths: [&str; N]) -> Vec<String> {
    paths.map(str::to_owned).into()
}

fn pick<T: Copy>(choices: &[T], number: u64) -> T {
    choices[number as usize % choices.len()]
}

/// Most look at a container that writes little or search for something rare; one sees everything.
async fn watch(target: SocketAddr, number: usize, live: &RefCell<Live>, clock: &Clock) {
    let path = match number {
        0 => TAIL.to_owned(),
        1..4 => format!("{TAIL}?container=cron-1"),
        4..6 => format!("{TAIL}?search=breaker"),
        _ => format!("{TAIL}?container=cron-1&level=%3E%3DWARNING"),
    };
    while clock.is_running() {
        let mut is_announced = false;
        if let Ok(mut stream) = EventStream::open(target, &path, API_KEY, None).await {
            let mut heard = Instant::now();
            while clock.is_running() && heard.elapsed() < SILENCE {
                let Ok(next) = timeout(LOOK, stream.next()).await else {
                    continue;
                };
                let Ok((event, _)) = next else { break };
                heard = Instant::now();
                let mut live = live.borrow_mut();
                match event.name.as_str() {
                    "log" | "amend" => live.events += 1,
                    "dropped" => live.dropped += dropped_of(&event.data),
                    "close" => is_announced = true,
                    _ => {}
                }
            }
        }
        if !clock.is_running() {
            return;
        }
        if is_announced {
            live.borrow_mut().closed += 1;
        } else {
            live.borrow_mut().broken += 1;
        }
        sleep(REOPEN_PAUSE).await;
    }
}

fn dropped_of(data: &str) -> u64 {
    let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
    data["count"].as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_clients_come_to_every_kind_of_page() {
        assert_eq!(CLIENTS.iter().sum::<u64>(), 50);
        for (kinds, page) in [
            (8, errors as fn(u64) -> Page),
            (8, logs),
            (6, metrics),
            (4, relay),
        ] {
            let asked: Vec<String> = (0..kinds).flat_map(page).flatten().collect();

            assert!(
                asked
                    .iter()
                    .all(|path| path.starts_with('/') && !path.contains(' '))
            );
        }
    }

    #[test]
    fn the_first_id_of_a_list_is_what_is_shown_next() {
        assert_eq!(first_id(br#"{"errors":[{"id":47,"x":1},{"id":11}]}"#), Some(47));
        assert_eq!(first_id(br#"{"id":3}"#), None);
    }
}
