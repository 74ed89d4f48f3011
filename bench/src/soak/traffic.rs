//! Sends requests in a closed or an open loop and keeps count of what was acknowledged.
//!
//! In the open loop a request is due whether those before it were answered or not, and its time is counted from when it
//! was due: a service that stalls cannot hide it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{sleep, sleep_until, timeout};

use super::Clock;
use crate::connection::Connection;
use crate::histogram::Histogram;

/// No answer in this time is none.
const PATIENCE: Duration = Duration::from_secs(60);
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// Each connection sends as soon as it was answered.
    AsAnswered,
    PerSecond(f64),
}

impl Pace {
    /// When the request of this number is due, counted from the start.
    pub(super) fn due(self, number: u64) -> Duration {
        match self {
            Self::AsAnswered => Duration::ZERO,
            Self::PerSecond(rate) => Duration::from_secs_f64(number as f64 / rate),
        }
    }
}

/// What a request holds: it counts when the request is acknowledged.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Items {
    pub(super) reports: u64,
    pub(super) points: u64,
}

impl AddAssign for Items {
    fn add_assign(&mut self, other: Self) {
        self.reports += other.reports;
        self.points += other.points;
    }
}

pub(super) struct Tally {
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Requests whose connection ended, or that got no answer in time.
    pub(super) unanswered: u64,
    pub(super) acknowledged: Items,
    pub(super) latencies: Histogram,
    pub(super) seconds: f64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            statuses: BTreeMap::new(),
            unanswered: 0,
            acknowledged: Items::default(),
            latencies: Histogram::new(),
            seconds: 0.0,
        }
    }

    pub(super) fn count(&mut self, status: Option<u16>, items: Items, latency: Duration) {
        let Some(status) = status else {
            self.unanswered += 1;
            return;
        };
        *self.statuses.entry(status).or_default() += 1;
        self.latencies.record(latency);
        if (200..300).contains(&status) {
            self.acknowledged += items;
        }
    }

    pub(super) fn successes(&self) -> u64 {
        self.statuses.range(200..300).map(|(_, count)| count).sum()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.successes() as f64 / self.seconds
    }
}

/// A connection that comes back.
pub(super) struct Line {
    target: SocketAddr,
    connection: Option<Connection>,
}

impl Line {
    pub(super) fn new(target: SocketAddr) -> Self {
        Self {
            target,
            connection: None,
        }
    }

    /// The status of the answer; `None` when there was none, and the next request gets another connection.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Option<u16> {
        if self.connection.is_none() {
            self.connection = Connection::open(self.target).await.ok();
        }
        let answered = match &mut self.connection {
            Some(connection) => timeout(PATIENCE, connection.exchange(request)).await,
            None => {
                sleep(RECONNECT_PAUSE).await;
                return None;
            }
        };
        if let Ok(Ok(status)) = answered {
            return Some(status);
        }
        self.connection = None;
        None
    }

    /// The body of the last answer.
    pub(super) fn body(&self) -> Vec<u8> {
        let body = self.connection.as_ref().map(Connection::body);
        body.and_then(Result::ok).unwrap_or_default()
    }
}

/// Sends until the clock has run out; `next_request` replaces the buffer's content and says what is in it.
pub(super) async fn send(
    target: SocketAddr,
    connections: usize,
    pace: Pace,
    clock: &Clock,
    next_request: impl FnMut(&mut Vec<u8>) -> Items,
) -> Tally {
    let started = Instant::now();
    let source = RefCell::new((next_request, 0_u64, Tally::new()));
    let worker = || async {
        let mut line = Line::new(target);
        let mut request = Vec::new();
        loop {
            let number = source.borrow().1;
            source.borrow_mut().1 += 1;
            let due = started + pace.due(number);
            if !clock.is_running_at(due.max(Instant::now())) {
                return;
            }
            sleep_until(due.into()).await;
            let items = (source.borrow_mut().0)(&mut request);
            let sent = match pace {
                Pace::AsAnswered => Instant::now(),
                Pace::PerSecond(_) => due,
            };
            let status = line.exchange(&request).await;
            source.borrow_mut().2.count(status, items, sent.elapsed());
        }
    };
    join_all((0..connections).map(|_| worker())).await;
    let (_, _, mut tally) = source.into_inner();
    tally.seconds = started.elapsed().as_secs_f64();
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_spaces_requests_evenly_and_a_closed_one_not_at_all() {
        assert_eq!(Pace::PerSecond(50.0).due(100), Duration::from_secs(2));
        assert_eq!(Pace::AsAnswered.due(100), Duration::ZERO);
    }

    #[test]
    fn only_what_was_acknowledged_counts() {
        let mut tally = Tally::new();
        let items = Items {
            reports: 1,
            points: 6,
        };

        for status in [Some(201), Some(202), Some(503), None] {
            tally.count(status, items, Duration::from_millis(1));
        }

        let twice = Items {
            reports: 2,
            points: 12,
        };
        assert_eq!(
            (tally.acknowledged, tally.successes(), tally.unanswered),
            (twice, 2, 1)
        );
        assert_eq!(tally.statuses[&503], 1);
    }
}
