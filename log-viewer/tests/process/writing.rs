//! Containers that write without a pause, while everything else is killed and started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::testing::Chance;

use crate::docker::{Container, record};
use crate::ledger::Ledger;

/// What a container does with its log when it has become large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upkeep {
    /// Docker's own way, compressed where the container says so.
    Rotate,
    /// Docker's own way with few files: only as often as it was told that nothing can be lost.
    RotateWhenTold,
    /// logrotate's.
    CopyAndTruncate,
}

/// A thread that writes into one container.
pub(crate) struct Writing {
    stop: Arc<AtomicBool>,
    /// Rotations that are still allowed.
    allowed: Arc<AtomicU32>,
    thread: JoinHandle<u32>,
}

impl Writing {
    pub(crate) fn start(container: Container, upkeep: Upkeep, seed: u64, ledger: &Arc<Ledger>) -> Self {
        let (stop, allowed) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let writer = Writer {
            container,
            upkeep,
            chance: Chance::from_seed(seed),
            ledger: Arc::clone(ledger),
            allowed: Arc::clone(&allowed),
            written: 0,
            rotations: 0,
        };
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || writer.run(&stop)
        });
        Self {
            stop,
            allowed,
            thread,
        }
    }

    /// Lets a container with few files rotate so often.
    pub(crate) fn allow(&self, rotations: u32) {
        self.allowed.store(rotations, Ordering::Relaxed);
    }

    /// Ends it; answers how often it rotated.
    pub(crate) fn end(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

struct Writer {
    container: Container,
    upkeep: Upkeep,
    chance: Chance,
    ledger: Arc<Ledger>,
    allowed: Arc<AtomicU32>,
    written: u64,
    rotations: u32,
}

impl Writer {
    fn run(mut self, stop: &AtomicBool) -> u32 {
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..self.chance.within(1, 12) {
                self.write_entry();
            }
            std::thread::sleep(Duration::from_micros(self.chance.within(500, 8_000)));
        }
        self.rotations
    }

    fn write_entry(&mut self) {
        self.written += 1;
        let number = self.written;
        match self.chance.within(0, 24) {
            0..3 => self.write_together("stderr", &traceback(number)),
            3 => self.write_together("stdout", &java(number)),
            4 => self.write_two_tracebacks_at_once(number),
            5 if self.chance.once_in(4) => {
                let text = format!("long {number} {}", "x".repeat(40_000));
                self.write_together("stdout", &[text]);
            }
            6..10 => self.write_together("stderr", &[format!("complaint {number}")]),
            10..12 => self.write_together("stdout", &[format!("{{\"n\":{number},\"msg\":\"<json> é\"}}")]),
            _ => self.write_together("stdout", &[format!("line {number} GET /users?id={number} 200")]),
        }
    }

    /// Writes lines that are one entry. Their times are near each other, whatever the machine does in between.
    fn write_together(&mut self, stream: &'static str, lines: &[String]) {
        self.note(stream, lines.join("\n"));
        let at = self.container.tick();
        for (index, line) in (0_i64..).zip(lines) {
            self.write_line(stream, line, at + index * 1_000);
        }
    }

    /// Two streams whose lines stand between each other.
    fn write_two_tracebacks_at_once(&mut self, number: u64) {
        let (out, error) = (java(number), traceback(number));
        self.note("stdout", out.join("\n"));
        self.note("stderr", error.join("\n"));
        let at = self.container.tick();
        for index in 0..out.len().max(error.len()) {
            for (stream, lines) in [("stdout", &out), ("stderr", &error)] {
                if let Some(line) = lines.get(index) {
                    self.write_line(stream, line, at + index as i64 * 1_000);
                }
            }
        }
    }

    fn note(&mut self, stream: &'static str, entry: String) {
        self.ledger.note(&self.container.name, stream, entry);
    }

    fn write_line(&mut self, stream: &str, line: &str, at: i64) {
        // The next entry is not mistaken for an earlier one.
        self.container.last_at = at;
        let line = format!("{line}\n");
        for part in line.as_bytes().chunks(16 * 1_024) {
            let record = record(
                stream,
                std::str::from_utf8(part).expect("long lines are ASCII"),
                at,
            );
            let record = record.as_bytes();
            if self.chance.once_in(6) {
                // A reader may come when half of it is there.
                let half = usize::try_from(self.chance.within(1, record.len() as u64)).unwrap();
                self.container.raw(&record[..half]);
                if self.chance.once_in(3) {
                    std::thread::sleep(Duration::from_micros(self.chance.within(100, 3_000)));
                }
                self.container.raw(&record[half..]);
            } else {
                self.container.raw(record);
            }
            if self.chance.once_in(200) {
                self.tidy_up();
            }
        }
    }

    /// Between any two records, as Docker does it.
    fn tidy_up(&mut self) {
        match self.upkeep {
            Upkeep::Rotate => {
                self.container.rotate();
            }
            Upkeep::RotateWhenTold => {
                let taken = self
                    .allowed
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                if taken.is_err() {
                    return;
                }
                self.container.rotate();
            }
            Upkeep::CopyAndTruncate => {
                self.container.copy_and_truncate();
            }
        }
        self.rotations += 1;
        self.container.compress();
    }
}

fn traceback(number: u64) -> Vec<String> {
    [
        "Traceback (most recent call last):",
        "  File \"/srv/shop/cart.py\", line 31, in total",
        "    return prices[key]",
        "KeyError: 'total'",
        "",
        "During handling of the above exception, another exception occurred:",
        "",
        "Traceback (most recent call last):",
        "  File \"/srv/shop/page.py\", line 7, in page",
        "    total()",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("ValueError: no total {number}")])
    .collect()
}

fn java(number: u64) -> Vec<String> {
    [
        format!("java.lang.IllegalStateException: order {number}"),
        "\tat Shop.order(Shop.java:4)".to_owned(),
        "\tat Shop.main(Shop.java:5)".to_owned(),
        "Caused by: java.io.IOException: closed".to_owned(),
        "\t... 2 more".to_owned(),
    ]
    .into()
}
