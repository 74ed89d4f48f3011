//! What is kept of the values of a series in a stretch of time.
//!
//! Summaries merge in any order and any grouping: minutes into hours, label sets into totals, late points into what is
//! there already.

mod bytes;
mod search;

pub(crate) use self::search::{Found, Search};
use crate::kind::Kind;
use crate::quantile::{self, SHARES, rank};
use crate::sketch::Sketch;
use crate::sum::Sum;
use crate::vitals::{RATED_SHARE, Rating, Vital};

/// Values of which the percentiles are exact at most.
pub(crate) const MOST_EXACT: usize = 65_536;

/// Count, sum, ends and distribution of some values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) sum: Sum,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Of a gauge.
    pub(crate) last: Option<Last>,
    pub(crate) marked: Marked,
    percentiles: Percentiles,
    /// Of a histogram.
    pub(crate) sketch: Option<Sketch>,
}

/// The newest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Last {
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    pub(crate) value: f64,
}

/// How much of it counts as something; exact, because it was counted and not read off a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Marked {
    /// Values of a web vital that are good; or the increments of a counter that stand for errors.
    pub(crate) first: f64,
    /// Values of a web vital that need improvement.
    pub(crate) second: f64,
}

/// What the values of a series are marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Marking {
    #[default]
    Nothing,
    Rated(Vital),
    /// All of the series are errors.
    Errors,
}

/// Exact percentiles are known as long as all values were at hand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Percentiles {
    #[default]
    None,
    Exact([f64; 3]),
    /// Several parts were merged.
    FromSketch,
}

impl Summary {
    /// Of values that are all at hand; they are put into another order.
    pub(crate) fn of_histogram(values: &mut [f64]) -> Self {
        let mut summary = Self::default();
        for value in values.iter() {
            summary.add(Kind::Histogram, Marking::Nothing, *value);
        }
        summary.percentiles = quantile::exact(values).map_or(Percentiles::None, Percentiles::Exact);
        summary
    }

    /// Takes one more value, which is not the last one of a gauge.
    pub(crate) fn add(&mut self, kind: Kind, marking: Marking, value: f64) {
        self.add_figures(marking, value);
        if kind == Kind::Histogram {
            self.sketch.get_or_insert_default().add(value);
            self.percentiles = Percentiles::FromSketch;
        }
    }

    /// The same without the distribution.
    pub(crate) fn add_figures(&mut self, marking: Marking, value: f64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.count += 1;
        self.sum.add(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.marked.add(marking, value);
    }

    pub(crate) fn note_last(&mut self, last: Last) {
        if self.last.is_none_or(|before| last.at >= before.at) {
            self.last = Some(last);
        }
    }

    /// Everything but the distribution.
    fn merge_figures(&mut self, other: &Figures) {
        if self.count == 0 {
            (self.min, self.max, self.percentiles) = (other.min, other.max, other.percentiles);
        } else {
            self.min = self.min.min(other.min);
            self.max = self.max.max(other.max);
            self.percentiles = Percentiles::FromSketch;
        }
        self.count = self.count.saturating_add(other.count);
        self.sum.merge(other.sum);
        if let Some(last) = other.last {
            self.note_last(last);
        }
        self.marked.first += other.marked.first;
        self.marked.second += other.marked.second;
    }

    /// Adds what another one has.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.merge_figures(&Figures {
            count: other.count,
            sum: other.sum,
            min: other.min,
            max: other.max,
            last: other.last,
            marked: other.marked,
            percentiles: other.percentiles,
        });
        if let Some(sketch) = &other.sketch {
            self.sketch.get_or_insert_default().merge(sketch);
        }
    }

    pub(crate) fn avg(&self) -> f64 {
        let avg = self.sum.value() / self.count as f64;
        // The sum was rounded.
        // Not `clamp`, which panics when bytes that were damaged have their ends the wrong way round.
        avg.max(self.min).min(self.max)
    }

    /// What its distribution is told by. `None` when distributions are not kept of this kind.
    pub(crate) fn told(&self) -> Option<Told> {
        let sketch = self.sketch.as_ref()?;
        let [p50, p95, p99] = SHARES;
        let ranks = [p50, RATED_SHARE, p95, p99].map(|share| rank(share, self.count));
        let [p50, p75, p95, p99] = sketch
            .values_at(ranks)
            .map(|value| value.max(self.min).min(self.max));
        Some(match self.percentiles {
            Percentiles::Exact([p50, p95, p99]) => Told {
                p50,
                p75,
                p95,
                p99,
                is_exact: true,
            },
            _ => Told {
                p50,
                p75,
                p95,
                p99,
                is_exact: false,
            },
        })
    }
}

/// Values below which a share of all lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Told {
    pub(crate) p50: f64,
    /// Always told by the sketch.
    pub(crate) p75: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    /// All but p75 are exact.
    pub(crate) is_exact: bool,
}

/// A summary without its distribution.
struct Figures {
    count: u64,
    sum: Sum,
    min: f64,
    max: f64,
    last: Option<Last>,
    marked: Marked,
    percentiles: Percentiles,
}

impl Marked {
    pub(crate) fn add(&mut self, marking: Marking, value: f64) {
        match marking {
            Marking::Nothing => {}
            Marking::Errors => self.first += value,
            Marking::Rated(vital) => match vital.rate(value) {
                Rating::Good => self.first += 1.0,
                Rating::NeedsImprovement => self.second += 1.0,
                Rating::Poor => {}
            },
        }
    }
}

#[cfg(test)]
mod tests;
