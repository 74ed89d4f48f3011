//! Anything in any order: late points, repeated batches, replaced values, rollups, restarts, and a clock that jumps.

use std::time::Duration;

use shared::clock::{DAY_MS, HOUR_MS, Timestamp};
use shared::testing::Chance;

use super::reference::{Reference, check};
use crate::bucket::Resolution;
use crate::catalogue::{Identity, Limits};
use crate::kind::Kind;
use crate::labels::{Labels, Selector};
use crate::query::{self, Distributions, Groups, Range, Selection, Wanted};
use crate::rollup::{self, Schedule};
use crate::store::Store;
use crate::store::commit::{Batch, Outcome, Point, SeriesRef};
use crate::store::replaceable::PointId;
use crate::store::retries::RetryKey;
use crate::store::testing::open;

const LIMITS: Limits = Limits { per_project: 1_000 };

/// A collector with its clock, beside the reference.
struct Played {
    chance: Chance,
    folder: tempfile::TempDir,
    store: Store,
    now: i64,
    schedule: Schedule,
    series: Vec<Identity>,
    reference: Reference,
    log: Vec<String>,
    batches: u64,
}

impl Drop for Played {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {}", self.log.join(", "));
        }
    }
}

impl Played {
    async fn new(seed: u64, start: &str, interval_s: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut series = Vec::new();
        for (kind, labels) in [
            (Kind::Histogram, r#"{"route":"/a","method":"GET"}"#),
            (Kind::Histogram, r#"{"route":"/a","method":"POST"}"#),
            (Kind::Histogram, r#"{"route":"/ü","method":"GET"}"#),
            (Kind::Counter, r#"{"route":"/a","status":"500"}"#),
            (Kind::Counter, r#"{"route":"/a","status":"200"}"#),
            (Kind::Gauge, r#"{"host":"one"}"#),
            (Kind::Gauge, "{}"),
        ] {
            series.push(Identity {
                project: "shop".into(),
                name: "http_requests_total".into(),
                kind,
                labels: Labels::parse(labels).unwrap(),
            });
        }
        Self {
            chance: Chance::from_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            store: open(&folder).await,
            folder,
            now: start.parse::<Timestamp>().unwrap().millis(),
            schedule: Schedule {
                raw: Duration::from_secs(3_600),
                minutes: Duration::from_secs(86_400),
                hours: Duration::from_secs(30 * 86_400),
                interval: Duration::from_secs(interval_s),
                // With so few, most minutes are made from partials.
                partial_points: [100, 400, 100_000][(seed / 3) as usize % 3],
            },
            series,
            reference: Reference::default(),
            log: vec![format!("seed {seed} at {start} with {interval_s} s")],
            batches: 0,
        }
    }

    fn roll(&mut self, sides: u64) -> i64 {
        self.chance.within(0, sides) as i64
    }

    /// How long ago a point was measured: most a moment, some very long.
    fn age(&mut self) -> i64 {
        match self.roll(20) {
            0..=11 => self.roll(20_000),
            12..=14 => self.roll(10 * 60_000),
            15 | 16 => self.roll(2 * 3_600_000),
            17 => self.roll(30 * 3_600_000),
            18 => self.roll(29 * 86_400_000),
            _ => -self.roll(120_000),
        }
    }

    fn value(&mut self, kind: Kind) -> f64 {
        let value = match self.roll(6) {
            0 => self.roll(1_000) as f64,
            1 => 0.0,
            2 => (self.roll(1_000_000) as f64 / 999_983.0).exp(),
            _ => self.roll(100_000) as f64 / 1_000.0,
        };
        if kind != Kind::Counter && self.roll(10) == 0 {
            -value
        } else {
            value
        }
    }

    async fn write(&mut self, count: i64) {
        self.batches += 1;
        let mut batch = Batch {
            new_series: self.series.clone(),
            epoch: self.store.catalogue().epoch,
            retry_key: Some(RetryKey::new(&self.batches.to_le_bytes())),
            ..Batch::default()
        };
        let oldest = self
            .schedule
            .floors(Timestamp::from_millis(self.now))
            .raised(self.reference.floors)
            .hours;
        let mut seen = Vec::new();
        for _ in 0..count {
            let series = self.roll(self.series.len() as u64) as usize;
            let kind = self.series[series].kind;
            let at = self.now - self.age();
            if at < Resolution::Hour.start(oldest).millis() {
                continue;
            }
            let value = self.value(kind) + 0.0;
            let id = (kind == Kind::Histogram && self.roll(4) == 0).then(|| self.roll(15));
            batch.points.push(Point {
                series: SeriesRef::New(series as u32),
                at: Timestamp::from_millis(at),
                value,
                id: id.map(PointId),
            });
            seen.push((series, at, value, id));
        }
        // What is too young comes before what is older, in one batch.
        let times = if self.roll(3) == 0 { 2 } else { 1 };
        let mut batches = Vec::new();
        for _ in 0..times {
            batches.push(Batch {
                points: batch.points.clone(),
                new_series: batch.new_series.clone(),
                ..Batch {
                    epoch: batch.epoch,
                    retry_key: batch.retry_key,
                    ..Batch::default()
                }
            });
        }
        let now = Timestamp::from_millis(self.now);
        let outcomes = self.store.write_batches(&batches, LIMITS, now).await.unwrap();
        assert!(
            matches!(outcomes[0], Outcome::Stored { overflowing: 0, .. }),
            "{:?}",
            outcomes[0]
        );
        assert!(outcomes[1..].iter().all(|outcome| *outcome == Outcome::Duplicate));
        // And once more, after the commit.
        let again = self
            .store
            .write_batches(&batches[..1], LIMITS, now)
            .await
            .unwrap();
        assert_eq!(again, [Outcome::Duplicate]);
        for (series, at, value, id) in seen {
            self.reference.accept(series, at, value, id);
        }
        self.log.push(format!("{count} points"));
    }

    async fn work(&mut self) {
        rollup::work(&self.store, self.schedule, Timestamp::from_millis(self.now))
            .await
            .unwrap();
        self.reference.floors = self.store.floors();
        self.log.push("work".into());
    }

    /// Of minutes that are over too, as when points come late.
    async fn summarise(&mut self) {
        let points = 1 + self.roll(200) as u64;
        rollup::make_partials(&self.store, 0, points).await.unwrap();
        self.log.push(format!("partials of {points}"));
    }

    /// As after a kill: the connections go without a word.
    async fn reopen(&mut self) {
        self.store = open(&self.folder).await;
        assert_eq!(self.store.floors(), self.reference.floors);
        self.log.push("restart".into());
    }

    /// All buckets of each tier, by series, in total, and of some.
    async fn check(&self) {
        let all = [Resolution::Minute, Resolution::Hour];
        for (resolution, kind) in all
            .into_iter()
            .flat_map(|resolution| Kind::ALL.map(|kind| (resolution, kind)))
        {
            let labels = ["route", "method", "status", "host"].map(str::to_owned);
            self.compare(resolution, kind, "", Groups::By(&labels), &labels)
                .await;
            self.compare(resolution, kind, "", Groups::One, &[]).await;
            self.compare(resolution, kind, "route:/a", Groups::One, &[]).await;
            self.compare(resolution, kind, "", Groups::By(&labels[..1]), &labels[..1])
                .await;
        }
    }

    fn is_partly_summarised(&self, minute: i64) -> bool {
        let unsettled = self.store.unsettled();
        unsettled.contains(Resolution::Minute, minute) && !unsettled.covers.of(minute).partials.is_empty()
    }

    async fn compare(
        &self,
        resolution: Resolution,
        kind: Kind,
        selector: &str,
        groups: Groups<'_>,
        labels: &[String],
    ) {
        let selector = Selector::parse(selector).unwrap();
        let selection = {
            let catalogue = self.store.catalogue();
            let wanted = Wanted {
                name: "http_requests_total",
                kind,
                project: None,
                labels: &selector,
                groups,
                distributions: Distributions::Fine,
            };
            Selection::of(&catalogue, wanted)
        };
        let range = Range {
            resolution,
            from: 0,
            to: resolution.bucket(Timestamp::from_millis(self.now + DAY_MS)),
        };
        // The first bucket that can have data; a range from 1970 on would be read in many small steps.
        let range = Range {
            from: range.to - 32 * DAY_MS / resolution.millis(),
            ..range
        };
        let rows = query::by_bucket(&self.store, &selection, range, usize::MAX)
            .await
            .unwrap()
            .unwrap();
        let values_of = |series: &Identity| -> Vec<String> {
            labels
                .iter()
                .map(|label| series.labels.get(label).unwrap_or_default().to_owned())
                .collect()
        };
        let group_of = |series: usize| {
            let series = &self.series[series];
            let fits = selector
                .iter()
                .all(|(name, value)| series.labels.get(name) == Some(value));
            if series.kind != kind || !fits {
                return None;
            }
            selection
                .groups
                .iter()
                .position(|values| values.iter().map(|value| &**value).eq(values_of(series)))
        };
        let mut expected = self.reference.buckets(resolution, group_of);
        let what = format!("{kind:?} by {resolution:?} with {selector:?} and {labels:?}");
        let found: Vec<(usize, i64)> = rows.iter().map(|row| (row.group as usize, row.bucket)).collect();
        assert_eq!(found, expected.keys().copied().collect::<Vec<_>>(), "{what}");
        let is_single = labels.len() == 4 || selector.is_empty() && labels.is_empty();
        for row in &rows {
            let expected = expected.get_mut(&(row.group as usize, row.bucket)).unwrap();
            // A minute is exact by itself and in total, as long as its points were all at hand, and once it is settled.
            let was_at_hand = expected.was_raw && !self.is_partly_summarised(row.bucket);
            let must_be_exact = resolution == Resolution::Minute && is_single && was_at_hand;
            let what = format!("{what}, group {} in {}", row.group, resolution.start(row.bucket));
            check(row, expected, kind, must_be_exact, &what);
        }
    }
}

async fn play(seed: u64, start: &str, interval_s: u64) {
    let mut played = Played::new(seed, start, interval_s).await;
    played.work().await;
    for _ in 0..40 {
        match played.roll(12) {
            0..=4 => {
                let count = [1, 5, 60, 400][played.roll(4) as usize];
                played.write(count).await;
            }
            5 => played.summarise().await,
            6 | 7 => played.work().await,
            8 | 9 => {
                let step =
                    [1_000, 30_000, interval_s as i64 * 1_000, HOUR_MS, 5 * HOUR_MS][played.roll(5) as usize];
                played.now += step;
                played.log.push(format!("{step} ms"));
            }
            10 => {
                let back = played.roll(10 * 60_000);
                played.now -= back;
                played.log.push(format!("back {back} ms"));
            }
            _ => played.reopen().await,
        }
        if played.roll(4) == 0 {
            played.check().await;
        }
    }
    played.check().await;
    played.work().await;
    played.check().await;
}

#[tokio::test]
async fn every_bucket_of_every_tier_is_what_the_points_come_to() {
    // More of them when one wants to be sure.
    let seeds = std::env::var("RANDOM_SEEDS").ok();
    let seeds: u64 = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(8);
    for seed in 1..=seeds {
        let starts = [
            "2026-02-28T22:58:30Z",
            "2026-12-31T23:59:10Z",
            "2028-02-29T11:30:00Z",
            "2026-03-29T00:59:59Z",
        ];
        play(seed, starts[seed as usize % 4], [1, 60, 600][seed as usize % 3]).await;
    }
}
