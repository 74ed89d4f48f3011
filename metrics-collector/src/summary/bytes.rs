//! Summaries in the bytes of a column.
//!
//! A byte that says what follows; then the count, the sum, the ends, and what else there is. Of a single value nothing
//! but the value is stored.

use shared::packed::{put, take};

use super::{Figures, Last, Marked, Percentiles, Summary};
use crate::floats::{put_float, take_float};
use crate::sum::Sum;

const IS_SINGLE: u8 = 0x01;
const HAS_LOW_SUM: u8 = 0x02;
const HAS_LAST: u8 = 0x04;
const HAS_EXACT: u8 = 0x08;
const HAS_MARKED: u8 = 0x10;
const HAS_SKETCH: u8 = 0x20;

impl Summary {
    /// Appends it. `start` is when its stretch of time begins, in milliseconds.
    pub(crate) fn put(&self, bytes: &mut Vec<u8>, start: i64) {
        let is_single = self.count == 1;
        let exact = match self.percentiles {
            Percentiles::Exact(exact) if !is_single => Some(exact),
            _ => None,
        };
        let has_low_sum = !is_single && self.sum.low != 0.0;
        let mut head = 0;
        for (is_there, flag) in [
            (is_single, IS_SINGLE),
            (has_low_sum, HAS_LOW_SUM),
            (self.last.is_some(), HAS_LAST),
            (exact.is_some(), HAS_EXACT),
            (self.marked != Marked::default(), HAS_MARKED),
            (self.sketch.is_some(), HAS_SKETCH),
        ] {
            head |= if is_there { flag } else { 0 };
        }
        bytes.push(head);
        if !is_single {
            put(bytes, self.count);
        }
        put_float(bytes, self.sum.high);
        if has_low_sum {
            put_float(bytes, self.sum.low);
        }
        if !is_single {
            put_float(bytes, self.min);
            put_float(bytes, self.max);
        }
        if let Some(last) = self.last {
            put(bytes, last.at.saturating_sub(start).max(0).unsigned_abs());
            put_float(bytes, last.value);
        }
        for value in exact.into_iter().flatten() {
            put_float(bytes, value);
        }
        if head & HAS_MARKED != 0 {
            put_float(bytes, self.marked.first);
            put_float(bytes, self.marked.second);
        }
        if let Some(sketch) = self.sketch.as_ref().filter(|_| !is_single) {
            sketch.put(bytes);
        }
    }

    /// Adds what [`put`](Self::put) has written, without the distribution when nobody asks for it.
    /// `None` when the bytes are not ours.
    pub(crate) fn merge_bytes(&mut self, mut bytes: &[u8], start: i64, with_sketch: bool) -> Option<()> {
        let (&head, rest) = bytes.split_first()?;
        bytes = rest;
        let figures = read_figures(head, &mut bytes, start)?;
        self.merge_figures(&figures);
        if with_sketch && head & HAS_SKETCH != 0 {
            let sketch = self.sketch.get_or_insert_default();
            if figures.count == 1 {
                sketch.add(figures.min);
            } else {
                sketch.merge_bytes(bytes)?;
            }
        }
        Some(())
    }
}

fn read_figures(head: u8, bytes: &mut &[u8], start: i64) -> Option<Figures> {
    let is_single = head & IS_SINGLE != 0;
    let count = if is_single { 1 } else { take(bytes)? };
    let high = take_float(bytes)?;
    let low = if head & HAS_LOW_SUM == 0 {
        0.0
    } else {
        take_float(bytes)?
    };
    let (min, max) = if is_single {
        (high, high)
    } else {
        (take_float(bytes)?, take_float(bytes)?)
    };
    let last = if head & HAS_LAST == 0 {
        None
    } else {
        Some(Last {
            at: start.saturating_add_unsigned(take(bytes)?),
            value: take_float(bytes)?,
        })
    };
    let percentiles = if head & HAS_EXACT != 0 {
        Percentiles::Exact([take_float(bytes)?, take_float(bytes)?, take_float(bytes)?])
    } else if head & HAS_SKETCH == 0 {
        Percentiles::None
    } else if is_single {
        Percentiles::Exact([high; 3])
    } else {
        Percentiles::FromSketch
    };
    let marked = if head & HAS_MARKED == 0 {
        Marked::default()
    } else {
        Marked {
            first: take_float(bytes)?,
            second: take_float(bytes)?,
        }
    };
    Some(Figures {
        count,
        sum: Sum { high, low },
        min,
        max,
        last,
        marked,
        percentiles,
    })
}
