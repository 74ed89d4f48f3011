//! The points of one commit and one minute, in the bytes of one row.
//!
//! They lie by series, each with its times and its values side by side: a time takes a bit or two more than nothing, a
//! short decimal as many bits as its digits need.

use shared::packed::{put, take};

use crate::bits::{put_bits, take_bits};
use crate::floats::{put_float, put_floats, take_float, take_floats};
use crate::page::SeriesId;

/// A point in its minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RawPoint {
    pub(crate) series: SeriesId,
    /// Milliseconds since the minute began.
    pub(crate) offset: u16,
    pub(crate) value: f64,
}

/// Puts points into bytes. Those of one series keep the order in which they came where their times are equal.
pub(crate) fn pack(points: &mut [RawPoint]) -> Vec<u8> {
    points.sort_by_key(|point| (point.series, point.offset));
    let mut bytes = Vec::with_capacity(points.len() * 4);
    let mut scratch = Scratch::default();
    let runs = || points.chunk_by(|left, right| left.series == right.series);
    put(&mut bytes, runs().count() as u64);
    let mut before = 0;
    for run in runs() {
        let series = run[0].series.0;
        let is_long = run.len() > 1;
        put(&mut bytes, u64::from(series - before) << 1 | u64::from(is_long));
        before = series;
        if is_long {
            scratch.put_run(&mut bytes, run);
        } else {
            put_offset(&mut bytes, run[0].offset);
            put_float(&mut bytes, run[0].value);
        }
    }
    bytes
}

#[derive(Debug, Default)]
struct Scratch {
    run: Vec<u8>,
    values: Vec<f64>,
    numbers: Vec<u64>,
}

impl Scratch {
    /// The run's length goes before it, so that a reader who does not want it need not look at it.
    fn put_run(&mut self, bytes: &mut Vec<u8>, run: &[RawPoint]) {
        self.run.clear();
        put(&mut self.run, run.len() as u64);
        put_offset(&mut self.run, run[0].offset);
        let steps = run
            .windows(2)
            .map(|pair| u64::from(pair[1].offset - pair[0].offset));
        self.numbers.clear();
        self.numbers.extend(steps);
        put_bits(&mut self.run, &self.numbers);
        self.values.clear();
        self.values.extend(run.iter().map(|point| point.value));
        put_floats(&mut self.run, &self.values, &mut self.numbers);
        put(bytes, self.run.len() as u64);
        bytes.extend_from_slice(&self.run);
    }
}

fn put_offset(bytes: &mut Vec<u8>, offset: u16) {
    bytes.extend_from_slice(&offset.to_le_bytes());
}

fn take_offset(bytes: &mut &[u8]) -> Option<u16> {
    let (offset, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u16::from_le_bytes(*offset))
}

/// Hands out the points of the wanted series, those of one series in the order of time.
/// `None` when the bytes are not ours; what was readable has been handed out.
pub(crate) fn unpack(
    bytes: &[u8],
    wanted: impl Fn(SeriesId) -> bool,
    mut hand_out: impl FnMut(RawPoint),
) -> Option<()> {
    let mut offsets = Vec::new();
    let mut runs = Runs::of(bytes);
    for run in &mut runs {
        if wanted(run.series) {
            run.unpack(&mut offsets, &mut hand_out)?;
        }
    }
    (!runs.are_damaged).then_some(())
}

/// The points of one series in a row, packed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'b> {
    pub(crate) series: SeriesId,
    points: Packed<'b>,
}

#[derive(Debug, Clone, Copy)]
enum Packed<'b> {
    One(u16, f64),
    Many(&'b [u8]),
}

impl Run<'_> {
    /// Hands out its points in the order of time. `offsets` is room for their times.
    pub(crate) fn unpack(&self, offsets: &mut Vec<u16>, mut hand_out: impl FnMut(RawPoint)) -> Option<()> {
        let mut hand_out = |offset, value| {
            hand_out(RawPoint {
                series: self.series,
                offset,
                value,
            });
        };
        match self.points {
            Packed::One(offset, value) => hand_out(offset, value),
            Packed::Many(mut run) => unpack_run(&mut run, offsets, hand_out)?,
        }
        Some(())
    }
}

/// The series of a row, one after the other.
#[derive(Debug)]
pub(crate) struct Runs<'b> {
    bytes: &'b [u8],
    left: u64,
    series: u32,
    /// The bytes are not ours; what was readable has come.
    pub(crate) are_damaged: bool,
}

impl<'b> Runs<'b> {
    pub(crate) fn of(mut bytes: &'b [u8]) -> Self {
        let left = take(&mut bytes);
        Self {
            bytes,
            left: left.unwrap_or_default(),
            series: 0,
            are_damaged: left.is_none(),
        }
    }

    fn read(&mut self) -> Option<Run<'b>> {
        let head = take(&mut self.bytes)?;
        self.series = self.series.checked_add(u32::try_from(head >> 1).ok()?)?;
        let points = if head & 1 == 0 {
            Packed::One(take_offset(&mut self.bytes)?, take_float(&mut self.bytes)?)
        } else {
            let length = usize::try_from(take(&mut self.bytes)?).ok()?;
            let (run, rest) = self.bytes.split_at_checked(length)?;
            self.bytes = rest;
            Packed::Many(run)
        };
        Some(Run {
            series: SeriesId(self.series),
            points,
        })
    }
}

impl<'b> Iterator for Runs<'b> {
    type Item = Run<'b>;

    fn next(&mut self) -> Option<Run<'b>> {
        let Some(left) = self.left.checked_sub(1) else {
            self.are_damaged |= !self.bytes.is_empty();
            return None;
        };
        self.left = left;
        let run = self.read();
        if run.is_none() {
            self.are_damaged = true;
            (self.left, self.bytes) = (0, &[]);
        }
        run
    }
}

fn unpack_run(run: &mut &[u8], offsets: &mut Vec<u16>, mut hand_out: impl FnMut(u16, f64)) -> Option<()> {
    // Equal points take no room, so that damaged bytes may tell of any number. The largest batch that is written in one
    // transaction has fewer than these.
    const MOST: u64 = 1 << 21;
    let count = usize::try_from(take(run)?.min(MOST)).ok()?;
    let mut offset = take_offset(run)?;
    offsets.clear();
    offsets.push(offset);
    take_bits(run, count.checked_sub(1)?, |step| {
        offset = offset.wrapping_add(step as u16);
        offsets.push(offset);
    })?;
    let mut times = offsets.iter();
    take_floats(run, count, |value| {
        if let Some(offset) = times.next() {
            hand_out(*offset, value);
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], wanted: impl Fn(SeriesId) -> bool) -> Option<Vec<RawPoint>> {
        let mut points = Vec::new();
        unpack(bytes, wanted, |point| points.push(point)).map(|()| points)
    }

    fn point() -> impl Strategy<Value = RawPoint> {
        let value = prop_oneof![
            -1e9..1e9_f64,
            (0..5_000_i32).prop_map(|number| f64::from(number) / 1_000.0)
        ];
        (0..300_u32, 0..60_000_u16, value).prop_map(|(series, offset, value)| RawPoint {
            series: SeriesId(series * series),
            offset,
            value,
        })
    }

    proptest! {
        #[test]
        fn points_survive_the_round_trip(points in prop::collection::vec(point(), 0..400), third in 0..3_u32) {
            let mut points = points;
            let bytes = pack(&mut points);

            prop_assert_eq!(read(&bytes, |_| true), Some(points.clone()));
            points.retain(|point| point.series.0 % 3 == third);
            prop_assert_eq!(read(&bytes, |series| series.0 % 3 == third), Some(points));
        }

        #[test]
        fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
            let _ = read(&bytes, |_| true);
        }
    }

    /// As a client sends them that collects for some seconds: durations with six decimals, and increments.
    fn points(series: u32) -> Vec<RawPoint> {
        let number = |index: u32| index.wrapping_mul(2_654_435_761) >> 8;
        (0..8_000)
            .map(|index| {
                let series = number(index) % series;
                let duration = (f64::from(number(index + 9) % 6_000) / 1_000.0 - 3.0).exp() * 0.05;
                RawPoint {
                    series: SeriesId(series),
                    offset: (number(index + 5) % 10_000) as u16,
                    value: if series.is_multiple_of(2) {
                        1.0
                    } else {
                        (duration * 1e6).round() / 1e6
                    },
                }
            })
            .collect()
    }

    #[test]
    fn a_point_takes_few_bytes() {
        for (series, most) in [(50, 3.0), (10_000, 7.0)] {
            let mut points = points(series);

            let each = pack(&mut points).len() as f64 / points.len() as f64;

            assert!(each < most, "{each} bytes a point with {series} series");
        }
    }
}
