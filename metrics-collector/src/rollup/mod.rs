//! Makes the rows of minutes from points, and those of hours from minutes.
//!
//! Each row is made of all that belongs there, in the place of what stood there: doing it again changes nothing.

mod gather;
mod hour;
mod minute;
mod partial;
mod series;

use std::time::Duration;

use shared::clock::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub(crate) use self::gather::MOST_VALUES;
pub(crate) use self::partial::{PARTIAL_POINTS, make_partials};
use crate::bucket::{Floors, Resolution};
use crate::store::{Result, Store};

/// How long partials are kept, for points that come late.
const PARTIALS_KEPT_MINUTES: i64 = 3;

/// How long each tier is kept, and how often rows are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) raw: Duration,
    pub(crate) minutes: Duration,
    pub(crate) hours: Duration,
    pub(crate) interval: Duration,
    /// Points that are summarised together before their minute is over.
    pub(crate) partial_points: u64,
}

impl Schedule {
    pub(crate) fn floors(&self, now: Timestamp) -> Floors {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Floors::at(now, millis(self.raw), millis(self.minutes), millis(self.hours))
    }
}

/// Works at once, and then at each interval until the service stops; and whenever many points have come in, summarises these.
pub(crate) async fn run(store: Store, schedule: Schedule, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            let next = Instant::now() + schedule.interval;
            warn(work(&store, schedule, Timestamp::now()).await);
            while let Ok(()) = timeout_at(next, store.many_points()).await {
                let first_minute = first_with_partials(Timestamp::now());
                warn(make_partials(&store, first_minute, schedule.partial_points).await);
            }
        }
    })
    .await;
}

fn warn(worked: Result<()>) {
    if let Err(error) = worked {
        tracing::warn!(%error, "what was measured could not be rolled up; it is tried again");
    }
}

/// Minutes before this one have none, but for those that are not settled.
fn first_with_partials(now: Timestamp) -> i64 {
    Resolution::Minute.bucket(now) - PARTIALS_KEPT_MINUTES
}

/// Settles all that is over, and drops what is too old.
pub(crate) async fn work(store: &Store, schedule: Schedule, now: Timestamp) -> Result<()> {
    let floors = schedule.floors(now);
    let minutes_end = Resolution::Minute.bucket(now).max(floors.raw);
    let minutes = store.unsettled().between(Resolution::Minute, 0, minutes_end);
    for minute in minutes {
        minute::settle(store, minute, schedule.partial_points).await?;
    }
    let hours_end = Resolution::Hour.bucket(now).max(floors.minutes);
    let hours = store.unsettled().between(Resolution::Hour, 0, hours_end);
    for hour in hours {
        hour::settle(store, hour).await?;
    }
    let hour = Resolution::Hour.bucket(now);
    if store.unsettled().so_far.has_others(hour) {
        store.drop_hours_so_far().await?;
    }
    hour::extend_so_far(store, hour, Resolution::Minute.bucket(now)).await?;
    let first_minute = first_with_partials(now);
    make_partials(store, first_minute, schedule.partial_points).await?;
    store.drop_partials(first_minute).await?;
    if store.raise_floors(floors).await? {
        store.drop_old(now).await?;
    }
    Ok(())
}
