//! Looks at what the services take while they work, and whether it grows.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Clock;
use super::stack::{Limited, NAMES, Stack};
use crate::process::Memory;

const LOOK_INTERVAL: Duration = Duration::from_secs(1);
const LOOKS_PER_SAMPLE: u32 = 5;
/// What "MB" means in every figure, and in the `30m` of the compose file.
pub(super) const MEGABYTE: f64 = 1_048_576.0;

/// Memory of each service in bytes, in the order of `NAMES`.
pub(super) struct Sample {
    pub(super) minutes: f64,
    pub(super) resident_bytes: [f64; 4],
    /// Without pages of files: they come and go as the kernel has room, and say nothing of the service.
    pub(super) anonymous_bytes: [f64; 4],
}

/// Takes samples until the clock has run out. A service that has ended, or was killed, is an error that says what it
/// took when it was last seen.
pub(super) fn watch(stack: &Stack, clock: &Clock) -> Result<Vec<Sample>> {
    let started = Instant::now();
    let mut samples = Vec::new();
    let mut seen = stack.all.each_ref().map(|_| String::new());
    let mut looks = 0_u32;
    while clock.is_running() {
        let mut sample = Sample {
            minutes: started.elapsed().as_secs_f64() / 60.0,
            resident_bytes: [0.0; 4],
            anonymous_bytes: [0.0; 4],
        };
        for (number, limited) in stack.all.iter().enumerate() {
            let look = look(limited).with_context(|| {
                format!(
                    "{} ended after {:.1} minutes of this part ({} killed in its group); a second before: {}",
                    NAMES[number],
                    sample.minutes,
                    limited.group.usage().map_or(0, |usage| usage.kills),
                    seen[number],
                )
            })?;
            sample.resident_bytes[number] = look.memory.resident_mb * MEGABYTE;
            sample.anonymous_bytes[number] = look.memory.anonymous_mb * MEGABYTE;
            seen[number] = look.words;
        }
        if looks.is_multiple_of(LOOKS_PER_SAMPLE) {
            samples.push(sample);
        }
        looks += 1;
        let next = started + LOOK_INTERVAL * looks;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(samples)
}

struct Look {
    memory: Memory,
    /// Everything that is known.
    words: String,
}

fn look(limited: &Limited) -> Result<Look> {
    let memory = limited.service.memory()?;
    let usage = limited.group.usage()?;
    let words = format!(
        "resident {:.1} MB, group {:.1} MB ({} KB)",
        memory.resident_mb,
        usage.now_bytes as f64 / MEGABYTE,
        limited.group.breakdown()?
    );
    Ok(Look { memory, words })
}

/// What each service takes, or that it is gone, for the message of a run that failed.
pub(super) fn describe_all(stack: &Stack) -> String {
    let lines = stack.all.iter().zip(NAMES).map(|(limited, name)| {
        let kills = limited.group.usage().map_or(0, |usage| usage.kills);
        match look(limited) {
            Ok(look) => format!("{name}: {}, {kills} killed", look.words),
            Err(_) => format!("{name}: gone, {kills} killed"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How one service's memory moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Course {
    pub(super) start_bytes: f64,
    /// When growth is counted from.
    pub(super) settled_bytes: f64,
    pub(super) end_bytes: f64,
    /// Of all samples, without pages of files.
    pub(super) highest_anonymous_bytes: f64,
    /// Of the line of least squares through the lowest of each minute, from when it is counted, without pages of files.
    /// What is never given back raises the lowest as much as the rest, and work that comes and goes does not show in it.
    pub(super) growth_bytes_per_minute: f64,
}

impl Course {
    /// `None` without samples after `settled_minutes`.
    pub(super) fn of(samples: &[Sample], service: usize, settled_minutes: f64) -> Option<Self> {
        let later = &samples[samples.partition_point(|sample| sample.minutes < settled_minutes)..];
        let anonymous = |sample: &Sample| sample.anonymous_bytes[service];
        Some(Self {
            start_bytes: samples.first()?.resident_bytes[service],
            settled_bytes: later.first()?.resident_bytes[service],
            end_bytes: later.last()?.resident_bytes[service],
            highest_anonymous_bytes: samples.iter().map(anonymous).fold(0.0, f64::max),
            growth_bytes_per_minute: slope(&lowest_of_each_minute(later, anonymous)),
        })
    }
}

fn lowest_of_each_minute(samples: &[Sample], bytes: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    samples
        .chunk_by(|one, next| one.minutes.floor() == next.minutes.floor())
        .map(|minute| {
            let lowest = minute.iter().map(&bytes).fold(f64::INFINITY, f64::min);
            (minute[0].minutes.floor(), lowest)
        })
        .collect()
}

fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_counted_once_memory_has_settled() {
        let samples: Vec<Sample> = (0..=20)
            .map(|minute| {
                let minutes = f64::from(minute);
                let grown = if minute < 5 {
                    5e6 * minutes
                } else {
                    25e6 + 1e3 * (minutes - 5.0)
                };
                Sample {
                    minutes,
                    resident_bytes: [50e6 - minutes, 0.0, 0.0, 0.0],
                    anonymous_bytes: [grown, 0.0, 0.0, 0.0],
                }
            })
            .collect();

        let course = Course::of(&samples, 0, 5.0).expect("long enough");

        assert_eq!(
            (course.start_bytes, course.settled_bytes, course.end_bytes),
            (50e6, 50e6 - 5.0, 50e6 - 20.0)
        );
        assert_eq!(course.highest_anonymous_bytes, 25e6 + 15e3);
        assert!((course.growth_bytes_per_minute - 1e3).abs() < 1.0);
        assert_eq!(Course::of(&samples, 0, 21.0), None);
    }

    #[test]
    fn what_comes_and_goes_within_a_minute_is_no_growth_and_what_stays_is() {
        let course = |grown_per_minute: f64| {
            let samples: Vec<Sample> = (0..240_u32)
                .map(|number| {
                    let minutes = f64::from(number) / 12.0;
                    // Peaks that become larger and larger, and end within the minute.
                    let peak = if number % 12 == 7 { 1e5 * minutes } else { 0.0 };
                    Sample {
                        minutes,
                        resident_bytes: [0.0; 4],
                        anonymous_bytes: [20e6 + grown_per_minute * minutes + peak, 0.0, 0.0, 0.0],
                    }
                })
                .collect();
            Course::of(&samples, 0, 5.0)
                .expect("long enough")
                .growth_bytes_per_minute
        };

        assert!(course(0.0).abs() < 1.0, "{}", course(0.0));
        assert!((course(50e3) - 50e3).abs() < 1.0, "{}", course(50e3));
    }

    #[test]
    fn a_single_sample_does_not_grow() {
        assert_eq!(slope(&[(1.0, 5.0)]), 0.0);
    }
}
