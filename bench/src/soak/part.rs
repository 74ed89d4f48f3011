//! One part of a run: everything that is sent, written, asked and watched for some time.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::clients::{self, Live};
use super::logs::{self, Writer};
use super::requests;
use super::samples::{self, Sample};
use super::stack::Stack;
use super::traffic::{Items, Pace, Tally, send};
use super::{CONNECTIONS, Clock};

const STRANGERS: usize = 4;
const STRANGERS_PER_SECOND: f64 = 10.0;

pub(super) struct Part {
    pub(super) reports: Tally,
    pub(super) points: Tally,
    pub(super) browsers: Tally,
    pub(super) strangers: Tally,
    pub(super) lines_per_second: f64,
    pub(super) clients: ([Tally; 4], Live),
    pub(super) samples: Vec<Sample>,
}

/// How a part is run.
pub(super) struct Plan {
    pub(super) duration: Duration,
    /// For each service in its order; `None` is as fast as each answers.
    pub(super) rates: Option<[f64; 4]>,
    /// No two parts have the same, so that no report comes twice.
    pub(super) number: u64,
}

impl Plan {
    fn pace(&self, service: usize) -> Pace {
        self.rates
            .map_or(Pace::AsAnswered, |rates| Pace::PerSecond(rates[service]))
    }
}

impl Part {
    /// `read_before` are the lines that the viewer had read before the writer's first one.
    pub(super) fn run(stack: &Stack, writer: &mut Writer, read_before: u64, plan: &Plan) -> Result<Self> {
        let clock = &Clock::until(Instant::now() + plan.duration);
        let (tracker, viewer) = (stack.tracker(), stack.viewer());
        let (collector, relay) = (stack.collector(), stack.relay());
        thread::scope(|scope| {
            let senders = scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                anyhow::Ok(runtime.block_on(async {
                    tokio::join!(
                        send(
                            tracker,
                            CONNECTIONS[0],
                            plan.pace(0),
                            clock,
                            requests::reports(tracker, plan.number)
                        ),
                        send(
                            collector,
                            CONNECTIONS[2],
                            plan.pace(2),
                            clock,
                            requests::points(collector, plan.number)
                        ),
                        send(
                            relay,
                            CONNECTIONS[3],
                            plan.pace(3),
                            clock,
                            requests::browsers(relay, plan.number)
                        ),
                        send(
                            relay,
                            STRANGERS,
                            Pace::PerSecond(STRANGERS_PER_SECOND),
                            clock,
                            requests::strangers(relay)
                        ),
                    )
                }))
            });
            let writing = scope.spawn(move || {
                let mut client = logs::open(viewer)?;
                writer.run(&mut client, read_before, plan.pace(1), clock)
            });
            let reading = scope.spawn(move || clients::run([tracker, viewer, collector, relay], clock));
            let watched = samples::watch(stack, clock);
            if watched.is_err() {
                clock.stop();
            }

            let senders = senders.join().map_err(|_| anyhow!("the senders panicked"))?;
            let written = writing.join().map_err(|_| anyhow!("the writer panicked"))?;
            let clients = reading.join().map_err(|_| anyhow!("the clients panicked"))?;
            // When a service has ended, everything else fails as well.
            let samples = watched?;
            let (reports, points, browsers, strangers) = senders?;
            Ok(Self {
                reports,
                points,
                browsers,
                strangers,
                lines_per_second: written?,
                clients: clients?,
                samples,
            })
        })
    }

    /// What was acknowledged in a second, for each service in its order.
    pub(super) fn rates(&self) -> [f64; 4] {
        [
            self.reports.per_second(),
            self.lines_per_second,
            self.points.per_second(),
            self.browsers.per_second(),
        ]
    }

    /// Of a service that is sent requests; a log is written.
    pub(super) fn sender(&self, service: usize) -> Option<&Tally> {
        match service {
            0 => Some(&self.reports),
            2 => Some(&self.points),
            3 => Some(&self.browsers),
            _ => None,
        }
    }

    pub(super) fn acknowledged(&self) -> Items {
        let mut all = self.reports.acknowledged;
        all += self.points.acknowledged;
        all += self.browsers.acknowledged;
        all
    }
}
