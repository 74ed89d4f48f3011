//! The figures of the browser relay: errors through it and into its spool, the way out of the spool, source maps, and
//! what strangers cost those who may send.

mod figures;
mod services;
pub(crate) mod stacks;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use self::figures::figures;
use self::services::Stack;
use crate::connection::{Answer, Client};
use crate::http_limit;
use crate::load::{self, Outcome, Until};
use crate::process::{API_KEY, Memory, Service};
use crate::raw_sqlite::Yardstick;
use crate::report::Shape;
use crate::table::{median, render};

const DSN_KEY: &str = "7c1f0e9a5b3d48e2a6f4c0d19e8b7a35";
const PROJECT: &str = "shop";
const CONNECTIONS: usize = 64;
const STRANGERS: usize = 256;
/// Until start-up, or an upload, has given back what it needed.
const SETTLE: Duration = Duration::from_secs(1);
const DRAIN_LIMIT: Duration = Duration::from_secs(300);
/// Between two live requests while the spool drains.
const LIVE_PAUSE: Duration = Duration::from_millis(10);
const STACKS: u64 = 20;
const SCHEMA_SQL: &str = include_str!("../../browser-relay/migrations/0001_keys_maps_and_spool.sql");
/// What a report of 3 KB comes to when it is written for the tracker.
const REPORT_BYTES: usize = 5_600;

pub(crate) struct Plan {
    rounds: usize,
    /// For each figure of each round.
    load_time: Duration,
    /// Reports that are drained.
    spooled: u64,
}

pub(crate) const FULL: Plan = Plan {
    rounds: 3,
    load_time: Duration::from_secs(8),
    spooled: 100_000,
};
pub(crate) const QUICK: Plan = Plan {
    rounds: 1,
    load_time: Duration::from_secs(3),
    spooled: 20_000,
};

/// What one round measures, with services and databases that are new.
struct Round {
    echo: f64,
    through: Outcome,
    through_cpu_ms: f64,
    raw_sqlite: f64,
    spooled: Outcome,
    tracker_alone: f64,
    drained_per_second: f64,
    live_p99_ms: f64,
    upload_ms: f64,
    upload_grew_mb: f64,
    upload_kept_mb: f64,
    cold_ms: f64,
    warm_ms: f64,
    preflights: f64,
    good_alone: Outcome,
    good_among_strangers: Outcome,
    idle: Memory,
    loaded: Memory,
}

/// Measures and prints the whole table.
pub(crate) fn measure(binary: &str, plan: &Plan) -> Result<()> {
    let binary = &fs::canonicalize(binary).with_context(|| format!("no binary at {binary}"))?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        eprintln!("round {number} of {}", plan.rounds);
        rounds.push(measure_round(binary, plan)?);
    }
    print!("{}", render(&figures(&rounds, fs::metadata(binary)?.len())));
    Ok(())
}

fn measure_round(binary: &Path, plan: &Plan) -> Result<Round> {
    let stack = Stack::start(binary)?;
    let timed = Until::Elapsed(plan.load_time);
    let shape = Shape {
        size_bytes: 3 * 1_024,
        fingerprints: 500,
    };
    let [echo] = http_limit::measure(stack.folder.path(), [shape], plan.load_time / 2)?;
    let raw_sqlite = measure_raw(stack.folder.path(), plan.load_time / 2)?;

    let relay = stack.relay("100000000")?;
    let idle = relay.memory_at_rest()?;
    let tracker = stack.tracker()?;
    let cpu = || Ok::<_, anyhow::Error>(relay.cpu_ms()? + tracker.cpu_ms()?);
    let before = cpu()?;
    let through = drive(relay.address, CONNECTIONS, timed)?;
    let through_cpu_ms = (cpu()? - before) / through.acknowledged.max(1) as f64;
    let tracker_alone = http_limit::drive(&tracker, API_KEY, shape, 7, timed)?.per_second;
    let preflights = measure_preflights(&relay, timed)?;
    tracker.stop()?;

    let spooled = drive(relay.address, CONNECTIONS, Until::Requests(plan.spooled))?;
    let tracker = stack.tracker()?;
    let (drained_per_second, live_p99_ms) = measure_drain(&relay, plan.spooled)?;

    let memory_before = relay.memory()?.resident_mb;
    let upload_ms = upload(&relay, "large", "/assets/large.js", &stacks::large_map())?
        .took
        .as_secs_f64()
        * 1_000.0;
    let upload_grew_mb = relay.memory()?.resident_mb - memory_before;
    thread::sleep(SETTLE);
    let upload_kept_mb = relay.memory()?.resident_mb - memory_before;
    let first = relay.memory()?.peak_mb;
    let map = stacks::small_map();
    for script in 0..5 {
        upload(
            &relay,
            "maps",
            &format!("https://shop.example.com/assets/chunk{script}.js"),
            &map,
        )?;
    }
    relay.stop()?;

    // What is at hand goes with the process.
    let relay = stack.relay("100000000")?;
    let (cold_ms, warm_ms) = measure_stacks(&relay)?;
    let second = relay.memory()?;
    relay.stop()?;

    let relay = stack.relay("100000")?;
    let good_alone = drive(relay.address, 4, timed)?;
    let good_among_strangers = measure_among_strangers(&relay, timed)?;
    let loaded = Memory {
        peak_mb: relay.memory()?.peak_mb.max(first).max(second.peak_mb),
        ..relay.memory()?
    };
    relay.stop()?;
    tracker.stop()?;
    stack.collector.stop()?;
    Ok(Round {
        echo: echo.per_second,
        through,
        through_cpu_ms,
        raw_sqlite,
        spooled,
        tracker_alone,
        drained_per_second,
        live_p99_ms,
        upload_ms,
        upload_grew_mb,
        upload_kept_mb,
        cold_ms,
        warm_ms,
        preflights,
        good_alone,
        good_among_strangers,
        idle,
        loaded,
    })
}

fn drive(address: SocketAddr, connections: usize, until: Until) -> Result<Outcome> {
    load::run(address, connections, until, stacks::errors(address, DSN_KEY))?.all_acknowledged()
}

/// The same reports into the same table, a row each.
fn measure_raw(folder: &Path, planned: Duration) -> Result<f64> {
    let yardstick = Yardstick {
        schema_sql: SCHEMA_SQL,
        statements: &["insert into spool (peer, items, size, body, accepted_at) values (0, 1, 0, ?1, ?2)"],
        rows_per_transaction: CONNECTIONS as i64,
        prepare: |_| Ok(()),
    };
    let body: Vec<u8> = (0..REPORT_BYTES).map(|byte| b'a' + (byte % 23) as u8).collect();
    yardstick.measure(folder, 0, planned, |statements, row| {
        statements[0].execute((body.as_slice(), row)).map(drop)
    })
}

fn measure_preflights(relay: &Service, until: Until) -> Result<f64> {
    let address = relay.address;
    let request = format!(
        "OPTIONS /api/browser/errors HTTP/1.1\r\nHost: {address}\r\nOrigin: https://shop.example.com\r\n\
         Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-monlight-key\r\n\r\n"
    );
    let outcome = load::run(address, CONNECTIONS, until, |out| {
        out.clear();
        out.extend_from_slice(request.as_bytes());
    })?;
    Ok(outcome.all_acknowledged()?.per_second())
}

/// Reports a second out of the spool, and the p99 of those who send meanwhile, in milliseconds.
fn measure_drain(relay: &Service, spooled: u64) -> Result<(f64, f64)> {
    let mut admin = Client::open(relay.address, API_KEY)?;
    let mut browser = Client::open(relay.address, "")?;
    let path = format!("/api/browser/errors?key={DSN_KEY}");
    let body = stacks::error(1);
    let mut latencies = Vec::new();
    let started = Instant::now();
    loop {
        let answer = browser.post(&path, body.as_bytes())?;
        ensure!(
            answer.status / 100 == 2,
            "a live report was answered {}",
            answer.status
        );
        latencies.push(answer.took.as_secs_f64() * 1_000.0);
        let waiting = admin.metric("monlight_browser_relay_spool_reports")?;
        if waiting == 0 {
            break;
        }
        ensure!(started.elapsed() < DRAIN_LIMIT, "{waiting} reports still wait");
        thread::sleep(LIVE_PAUSE);
    }
    let drained = spooled + latencies.len() as u64;
    latencies.sort_by(f64::total_cmp);
    let p99 = latencies[(latencies.len() * 99).div_ceil(100) - 1];
    Ok((drained as f64 / started.elapsed().as_secs_f64(), p99))
}

fn upload(relay: &Service, release: &str, file_url: &str, map: &str) -> Result<Answer> {
    let body =
        json!({"project": PROJECT, "release": release, "file_url": file_url, "map_content": map}).to_string();
    let answer = Client::open(relay.address, API_KEY)?.post("/api/source-maps", body.as_bytes())?;
    ensure!(
        answer.status == 201,
        "the map was answered {}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    Ok(answer)
}

/// How long a report takes whose 30 frames lead through five maps, the tracker's commit included: the first, and the
/// median of its repetitions, of several such stacks.
fn measure_stacks(relay: &Service) -> Result<(f64, f64)> {
    let mut browser = Client::open(relay.address, "")?;
    let path = format!("/api/browser/errors?key={DSN_KEY}");
    let mut send = |body: &str| {
        let answer = browser.post(&path, body.as_bytes())?;
        ensure!(answer.status / 100 == 2, "a stack was answered {}", answer.status);
        Ok(answer.took.as_secs_f64() * 1_000.0)
    };
    // The connection and the tracker are warm, the maps are not.
    send(&stacks::error(1))?;
    let cold = send(&stacks::error_over_maps("maps", 1))?;
    let mut warm = Vec::new();
    for _ in 0..STACKS {
        warm.push(send(&stacks::error_over_maps("maps", 1))?);
    }
    let mut plain = Vec::new();
    for _ in 0..STACKS {
        plain.push(send(&stacks::error_over_maps("no maps", 1))?);
    }
    ensure!(
        Client::open(relay.address, API_KEY)?.metric("monlight_browser_relay_frames_resolved_total")?
            >= 30 * STACKS,
        "frames were not resolved"
    );
    let base = median(plain);
    Ok((cold - base, median(warm) - base))
}

/// Those who may send, while others are refused as fast as they come: with a key that is none, from a page that may not,
/// and over their limit.
fn measure_among_strangers(relay: &Service, until: Until) -> Result<Outcome> {
    let address = relay.address;
    // A page that may not: a key that allows another origin only.
    let body = json!({"project": PROJECT, "allowed_origins": ["https://elsewhere.example.com"]}).to_string();
    let made = Client::open(address, API_KEY)?.post("/api/dsn-keys", body.as_bytes())?;
    let elsewhere: Value = serde_json::from_slice(&made.body)?;
    let body = json!({"project": PROJECT, "rate_limit": 1}).to_string();
    let made = Client::open(address, API_KEY)?.post("/api/dsn-keys", body.as_bytes())?;
    let limited: Value = serde_json::from_slice(&made.body)?;
    let keys = [
        "0".repeat(32),
        elsewhere["public_key"].as_str().unwrap_or_default().into(),
        limited["public_key"].as_str().unwrap_or_default().into(),
    ];
    let body = stacks::error(2);
    let requests = keys.map(|key| {
        format!(
            "POST /api/browser/errors HTTP/1.1\r\nHost: {address}\r\nX-Monlight-Key: {key}\r\nOrigin: https://shop.example.com\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let strangers = thread::spawn(move || {
        let mut next = 0;
        load::run(address, STRANGERS, until, |out| {
            out.clear();
            out.extend_from_slice(requests[next % requests.len()].as_bytes());
            next += 1;
        })
    });
    let good = drive(address, 4, until);
    let refused = strangers
        .join()
        .map_err(|_| anyhow::anyhow!("the strangers' thread panicked"))??;
    ensure!(
        refused.acknowledged <= 1,
        "strangers were let in: {:?}",
        refused.statuses
    );
    good
}
