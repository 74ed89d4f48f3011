//! Counts latencies in buckets that are at most 1.6 % wide, so percentiles cost no memory per request.

use std::time::Duration;

/// Buckets per power of two, as a power of two itself.
const PRECISION_BITS: u32 = 6;
const PER_OCTAVE: u64 = 1 << PRECISION_BITS;
const BUCKETS: usize = ((u64::BITS - PRECISION_BITS + 1) as usize) << PRECISION_BITS;

/// A log-linear histogram of microseconds.
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    total: u64,
    max_us: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            total: 0,
            max_us: 0,
        }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);

        self.buckets[bucket_of(us)] += 1;
        self.total += 1;
        self.max_us = self.max_us.max(us);
    }

    /// The milliseconds that `share` (0 to 1) of all requests did not exceed; zero when there were none.
    pub(crate) fn percentile_ms(&self, share: f64) -> f64 {
        let rank = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return last_of(bucket).min(self.max_us) as f64 / 1000.0;
            }
        }
        0.0
    }

    pub(crate) fn max_ms(&self) -> f64 {
        self.max_us as f64 / 1000.0
    }
}

/// Values below `PER_OCTAVE` have a bucket each; above, the bits below the leading seven are dropped.
fn bucket_of(us: u64) -> usize {
    let shift = shift_of(us);
    ((u64::from(shift) << PRECISION_BITS) + (us >> shift)) as usize
}

fn shift_of(us: u64) -> u32 {
    (us | 1).ilog2().saturating_sub(PRECISION_BITS)
}

/// The largest value that falls into the bucket.
fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> PRECISION_BITS).saturating_sub(1);
    let leading = bucket - (shift << PRECISION_BITS);
    debug_assert!(
        shift == 0 || leading >= PER_OCTAVE,
        "only the first octaves start at zero"
    );
    (((u128::from(leading) + 1) << shift) - 1).min(u128::from(u64::MAX)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_known_series_are_within_two_percent() {
        let mut histogram = Histogram::new();
        for us in 1..=100_000 {
            histogram.record(Duration::from_micros(us));
        }

        for (share, expected_ms) in [(0.0, 0.001), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            let got = histogram.percentile_ms(share);
            assert!(
                (got - expected_ms).abs() <= expected_ms * 0.02,
                "{share}: {got} is not {expected_ms}"
            );
        }
        assert_eq!(histogram.max_ms(), 100.0);
    }

    #[test]
    fn small_values_are_exact_and_an_empty_histogram_answers_zero() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.percentile_ms(0.99), 0.0);

        for us in [3, 3, 3, 90] {
            histogram.record(Duration::from_micros(us));
        }

        assert_eq!(histogram.percentile_ms(0.5), 0.003);
        assert_eq!(histogram.percentile_ms(0.99), 0.09);
    }

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_at_or_little_above_it() {
        for exponent in 0..64 {
            for us in [
                1_u64 << exponent,
                (1 << exponent) - 1,
                (1 << exponent) | (1 << (exponent / 2)),
            ] {
                let bucket = bucket_of(us);
                let last = last_of(bucket);
                assert!(last >= us, "{us} lies above its bucket");
                assert!(last - us <= us / 64, "{us} lies far below {last}");
            }
        }
        assert!(bucket_of(u64::MAX) < BUCKETS);
    }
}
