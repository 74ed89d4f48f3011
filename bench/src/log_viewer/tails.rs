//! How soon a line is seen by those who watch: by one, and by many of whom one does not read.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::future::{try_join, try_join_all};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::corpus::LiveLog;
use super::event_stream::{Event, EventStream, TAIL};
use super::{API_KEY, Plan};
use crate::histogram::Histogram;
use crate::process::Service;
use crate::table::{Figure, Goal, Unit};
use crate::traceback::{Xorshift, padding};

const GOAL_MS: f64 = 100.0;
const READERS: usize = 49;
const LINES_PER_SECOND: u64 = 2_000;
/// Lines that are written at once, so that the writer is not what limits.
const BURST: u64 = 10;
/// With so much text in each line the kernel cannot keep all of what is not read.
const LINE_BYTES: usize = 400;
const SLOW_RECEIVE_BYTES: u32 = 4_096;
/// Longer than from one heartbeat to the next.
const PATIENCE: Duration = Duration::from_secs(30);
const REMINDER: Duration = Duration::from_millis(200);

/// What a watcher has seen.
struct Seen {
    latencies: Histogram,
    lines: u64,
    dropped: u64,
}

/// What came of many lines for many watchers.
struct Many {
    /// All together.
    readers: Seen,
    /// The one who began to read when everything was over.
    slow: Seen,
    slow_untold: u64,
}

/// Watches lines that are written one by one, then many at once.
pub(super) fn measure(service: &Service, live: &mut LiveLog, plan: &Plan) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let one = watch_single_lines(service, &runtime, live, plan.single_lines)?;
    ensure!(one.dropped == 0, "{} lines were dropped of a few", one.dropped);
    let lines = (plan.tail_time.as_secs() * LINES_PER_SECOND).next_multiple_of(BURST);
    let many = watch_many_lines(service, &runtime, live, lines)?;

    let one_p99_ms = one.latencies.percentile_ms(0.99);
    let milliseconds = |name, measured, goal| Figure::new(name, Unit::Milliseconds, measured, goal);
    Ok(vec![
        milliseconds(
            "write to event, one live view, p50",
            one.latencies.percentile_ms(0.5),
            Goal::None,
        ),
        milliseconds("  p99", one_p99_ms, Goal::AtMost(GOAL_MS)),
        milliseconds(
            "write to event, 2000 lines/s, 49 of 50 live views, p50",
            many.readers.latencies.percentile_ms(0.5),
            Goal::None,
        ),
        milliseconds(
            "  p99",
            many.readers.latencies.percentile_ms(0.99),
            Goal::AtMost(GOAL_MS),
        )
        .beside(one_p99_ms, "one live view"),
        Figure::new(
            "  lines that the 49 did not get",
            Unit::Count,
            many.readers.dropped as f64,
            Goal::AtMost(0.0),
        ),
        Figure::new(
            "  lines that the one who does not read is told to have missed",
            Unit::Count,
            many.slow.dropped as f64,
            Goal::AtLeast(1.0),
        ),
        Figure::new(
            "  lines that it neither got nor is told of",
            Unit::Count,
            many.slow_untold as f64,
            Goal::AtMost(0.0),
        ),
    ])
}

fn watch_single_lines(service: &Service, runtime: &Runtime, live: &mut LiveLog, lines: u64) -> Result<Seen> {
    let clock = Instant::now();
    let mut stream = runtime.block_on(EventStream::open(service.address, TAIL, API_KEY, None))?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<()> {
            let mut random = Xorshift::new(1);
            for _ in 0..lines {
                thread::sleep(Duration::from_millis(5 + random.below(46)));
                live.append([tick(clock, "")])?;
            }
            Ok(())
        });
        let seen = RefCell::new(Seen::none());
        let watched = runtime.block_on(watch(&mut stream, clock, lines, &seen));
        joined(writer)?;
        watched?;
        Ok(seen.into_inner())
    })
}

fn watch_many_lines(service: &Service, runtime: &Runtime, live: &mut LiveLog, lines: u64) -> Result<Many> {
    let clock = Instant::now();
    let open = |receive_bytes| EventStream::open(service.address, TAIL, API_KEY, receive_bytes);
    let (mut streams, mut slow) = runtime.block_on(try_join(
        try_join_all((0..READERS).map(|_| open(None))),
        open(Some(SLOW_RECEIVE_BYTES)),
    ))?;
    let filling = padding(LINE_BYTES, &mut Xorshift::new(2));
    let seen = RefCell::new(Seen::none());
    thread::scope(|scope| -> Result<()> {
        let writer = scope.spawn(|| write_steadily(live, clock, lines, &filling));
        let watched = runtime.block_on(try_join_all(
            streams
                .iter_mut()
                .map(|stream| watch(stream, clock, lines, &seen)),
        ));
        joined(writer)?;
        watched.map(drop)
    })?;
    let (slow, slow_untold) = runtime.block_on(read_at_last(&mut slow, live, clock, lines))?;
    Ok(Many {
        readers: seen.into_inner(),
        slow,
        slow_untold,
    })
}

fn joined(writer: thread::ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    writer.join().map_err(|_| anyhow!("the writer panicked"))?
}

fn write_steadily(live: &mut LiveLog, clock: Instant, lines: u64, filling: &str) -> Result<()> {
    let started = Instant::now();
    for burst in 0..lines / BURST {
        let due = Duration::from_micros(burst * BURST * 1_000_000 / LINES_PER_SECOND);
        thread::sleep(due.saturating_sub(started.elapsed()));
        live.append((0..BURST).map(|_| tick(clock, filling)))?;
    }
    Ok(())
}

/// Reads until so many lines have come or were dropped.
async fn watch(stream: &mut EventStream, clock: Instant, lines: u64, seen: &RefCell<Seen>) -> Result<()> {
    let mut left = lines;
    while left > 0 {
        let (event, arrived) = timeout(PATIENCE, stream.next())
            .await
            .with_context(|| format!("{left} of {lines} lines do not come"))??;
        left = left.saturating_sub(seen.borrow_mut().count(&event, arrived - clock)?);
    }
    Ok(())
}

/// Reads what has waited for the slow one until it knows of all lines; more come meanwhile, because what was
/// missed is told with the next line. Answers also how many lines it does not know of.
async fn read_at_last(
    slow: &mut EventStream,
    live: &mut LiveLog,
    clock: Instant,
    lines: u64,
) -> Result<(Seen, u64)> {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = Seen::none();
    let mut left = lines;
    while left > 0 && Instant::now() < deadline {
        match timeout(REMINDER, slow.next()).await {
            Ok(next) => {
                let (event, arrived) = next?;
                left = left.saturating_sub(seen.count(&event, arrived - clock)?);
            }
            Err(_) => {
                live.append([tick(clock, "")])?;
                left += 1;
            }
        }
    }
    Ok((seen, left))
}

impl Seen {
    fn none() -> Self {
        Self {
            latencies: Histogram::new(),
            lines: 0,
            dropped: 0,
        }
    }

    /// For how many lines the event stands.
    fn count(&mut self, event: &Event, arrived: Duration) -> Result<u64> {
        match event.name.as_str() {
            "log" => {
                let Some(written) = written_of(&event.data) else {
                    return Ok(0);
                };
                self.latencies.record(arrived.saturating_sub(written));
                self.lines += 1;
                Ok(1)
            }
            "dropped" => {
                let dropped = dropped_of(event)?;
                self.dropped += dropped;
                Ok(dropped)
            }
            _ => Ok(0),
        }
    }
}

fn dropped_of(event: &Event) -> Result<u64> {
    let data: Value = serde_json::from_str(&event.data)?;
    data["count"].as_u64().context("a dropped event without a count")
}

const TICK: &str = "tick ";

/// A line that says when it was written.
fn tick(clock: Instant, filling: &str) -> String {
    format!("{TICK}{} us {filling}", clock.elapsed().as_micros())
}

fn written_of(data: &str) -> Option<Duration> {
    let (_, rest) = data.split_once(TICK)?;
    let (micros, _) = rest.split_once(' ')?;
    Some(Duration::from_micros(micros.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.into(),
            data: data.into(),
        }
    }

    #[test]
    fn a_line_says_when_it_was_written() {
        let before = Instant::now();
        let data = format!("{{\"message\":\"{}\"}}", tick(before, "filling"));

        let written = written_of(&data).expect("a time");

        assert!(written <= before.elapsed());
        assert_eq!(written_of("{\"message\":\"something else\"}"), None);
    }

    #[test]
    fn lines_and_what_was_dropped_count_and_heartbeats_do_not() {
        let mut seen = Seen::none();
        let arrived = Duration::from_millis(5);

        let counted: Vec<u64> = [
            event("log", "{\"message\":\"tick 2000 us x\"}"),
            event("dropped", "{\"count\":7}"),
            event("heartbeat", "{}"),
            event("log", "{\"message\":\"of another container\"}"),
        ]
        .iter()
        .map(|event| seen.count(event, arrived).expect("well formed"))
        .collect();

        assert_eq!(counted, [1, 7, 0, 0]);
        assert_eq!((seen.lines, seen.dropped), (1, 7));
        assert_eq!(seen.latencies.max_ms(), 3.0);
        assert!(seen.count(&event("dropped", "{}"), arrived).is_err());
    }
}
