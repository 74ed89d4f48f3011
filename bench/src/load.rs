//! Drives a service over many keep-alive connections at once and counts what it answers.
//!
//! One thread, one system call to send a request and one to receive its response: the generator shares the
//! machine's two cores with the service, so every microsecond spent here is missing in the figure.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;

use crate::connection::Connection;
use crate::histogram::Histogram;
use crate::process;

/// What a run may exceed its planned time by before it counts as hung.
const GRACE: Duration = Duration::from_secs(30);
const LONGEST_COUNTED_RUN: Duration = Duration::from_secs(1800);

#[derive(Clone, Copy)]
pub(crate) enum Until {
    Requests(u64),
    Elapsed(Duration),
}

pub(crate) struct Outcome {
    /// Responses of 2xx.
    pub(crate) acknowledged: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) seconds: f64,
    /// CPU time of the generator itself for one request.
    pub(crate) own_cpu_ms: f64,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.acknowledged as f64 / self.seconds
    }

    /// Refuses a figure that refused requests have made look good.
    pub(crate) fn all_acknowledged(self) -> Result<Self> {
        let answered: u64 = self.statuses.values().sum();
        ensure!(
            answered == self.acknowledged,
            "not every request was acknowledged: {:?}",
            self.statuses
        );
        Ok(self)
    }
}

/// Sends requests one after the other on each connection; `next_request` replaces the buffer's content by
/// the next one.
pub(crate) fn run(
    target: SocketAddr,
    connections: usize,
    until: Until,
    next_request: impl FnMut(&mut Vec<u8>),
) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let opened = runtime.block_on(try_join_all((0..connections).map(|_| Connection::open(target))))?;

    let own_cpu_before = process::own_cpu_ms()?;
    let started = Instant::now();
    let driver = RefCell::new(Driver {
        next_request,
        until,
        started,
        sent: 0,
        statuses: BTreeMap::new(),
        latencies: Histogram::new(),
    });
    let all = try_join_all(opened.into_iter().map(|connection| drive(connection, &driver)));
    let patience = match until {
        Until::Requests(_) => LONGEST_COUNTED_RUN,
        Until::Elapsed(planned) => planned + GRACE,
    };
    runtime
        .block_on(async { tokio::time::timeout(patience, all).await })
        .context("the service hangs")??;
    let seconds = started.elapsed().as_secs_f64();
    let own_cpu_ms = process::own_cpu_ms()? - own_cpu_before;

    Ok(driver.into_inner().outcome(seconds, own_cpu_ms))
}

struct Driver<F> {
    next_request: F,
    until: Until,
    started: Instant,
    sent: u64,
    statuses: BTreeMap<u16, u64>,
    latencies: Histogram,
}

async fn drive<F: FnMut(&mut Vec<u8>)>(
    mut connection: Connection,
    driver: &RefCell<Driver<F>>,
) -> Result<()> {
    let mut request = Vec::new();
    while driver.borrow_mut().prepare(&mut request) {
        let started = Instant::now();
        let status = connection.exchange(&request).await?;
        driver.borrow_mut().count(status, started.elapsed());
    }
    Ok(())
}

impl<F: FnMut(&mut Vec<u8>)> Driver<F> {
    /// False when the run is over.
    fn prepare(&mut self, request: &mut Vec<u8>) -> bool {
        let more = match self.until {
            Until::Requests(count) => self.sent < count,
            Until::Elapsed(planned) => self.started.elapsed() < planned,
        };
        if more {
            self.sent += 1;
            (self.next_request)(request);
        }
        more
    }

    fn count(&mut self, status: u16, latency: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        self.latencies.record(latency);
    }

    fn outcome(self, seconds: f64, own_cpu_ms: f64) -> Outcome {
        Outcome {
            acknowledged: self.statuses.range(200..300).map(|(_, count)| count).sum(),
            statuses: self.statuses,
            p50_ms: self.latencies.percentile_ms(0.5),
            p99_ms: self.latencies.percentile_ms(0.99),
            max_ms: self.latencies.max_ms(),
            seconds,
            own_cpu_ms: own_cpu_ms / self.sent.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Answers each 4-byte request, every third one with 503.
    fn start_server(connections: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        thread::spawn(move || {
            for stream in listener.incoming().take(connections) {
                let mut stream = stream.expect("accepted");
                thread::spawn(move || {
                    let mut request = [0; 4];
                    for turn in 1.. {
                        if stream.read_exact(&mut request).is_err() {
                            return;
                        }
                        let status = if turn % 3 == 0 { "503 Busy" } else { "201 Created" };
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n");
                        // Two segments, so that the client meets an incomplete response.
                        let _ = stream
                            .write_all(answer.as_bytes())
                            .and_then(|()| stream.write_all(b"{}"));
                    }
                });
            }
        });
        address
    }

    fn fixed_request(request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(b"ping");
    }

    #[test]
    fn a_counted_run_sends_exactly_that_many_and_counts_statuses() {
        let address = start_server(1);

        let outcome = run(address, 1, Until::Requests(30), fixed_request).expect("the run ends");

        assert_eq!(outcome.statuses, BTreeMap::from([(201, 20), (503, 10)]));
        assert_eq!(outcome.acknowledged, 20);
        assert!(outcome.p50_ms <= outcome.p99_ms && outcome.p99_ms <= outcome.max_ms);
        assert!(
            outcome.all_acknowledged().is_err(),
            "a refused request spoils the figure"
        );
    }

    #[test]
    fn a_timed_run_uses_every_connection_until_its_time_is_over() {
        let address = start_server(8);

        let outcome = run(
            address,
            8,
            Until::Elapsed(Duration::from_millis(50)),
            fixed_request,
        )
        .expect("the run ends");

        assert!(outcome.acknowledged > 0 && outcome.seconds >= 0.05);
    }
}
