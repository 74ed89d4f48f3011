//! Takes alerts from the queue to the channels: one task each, so that a dead one delays no other.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use shared::clock::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::alert::hourly_cap::{self, Turn};
use crate::alert::{Alert, Digest, Links, Rendered, backoff};
use crate::notify::{ChannelName, Channels};
use crate::store::Store;
use crate::store::alerts::Waiting;

/// A look at the queue when nobody woke us.
const ROUND: Duration = Duration::from_secs(30);

/// What the delivery of one channel needs.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) store: Store,
    pub(crate) channels: Arc<Channels>,
    pub(crate) channel: ChannelName,
    pub(crate) links: Links,
    pub(crate) max_per_hour: usize,
    pub(crate) queued: Arc<Notify>,
}

impl Delivery {
    /// Delivers until `stop`. What has not been told by then stays in the queue.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut told = Vec::new();
        loop {
            let wait = match self.deliver_next(&mut told, Timestamp::now()).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, channel = %self.channel, "the alert queue cannot be used");
                    ROUND
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                () = self.queued.notified() => {}
            }
        }
    }

    /// Tells one alert, or one digest; answers how long to wait before the next.
    ///
    /// `told` are alerts that have been told while the database could not be written. As long as they
    /// cannot leave the queue nothing is told, or a full disk would send the same mail again and again.
    async fn deliver_next(&self, told: &mut Vec<i64>, now: Timestamp) -> crate::store::Result<Duration> {
        if !told.is_empty() {
            self.store.alerts_sent(self.channel.as_str(), told, now).await?;
            told.clear();
        }
        let waiting = self.store.waiting_alerts(self.channel.as_str()).await?;
        let Some(first) = waiting.first() else {
            return Ok(ROUND);
        };
        if first.next_at > now {
            return Ok(until(first.next_at, now));
        }
        let turn = if self.channel.is_mail() {
            let sent = self
                .store
                .sent_in_the_last_hour(self.channel.as_str(), now)
                .await?;
            let held = hourly_cap::Waiting {
                count: waiting.len(),
                oldest_ms: first.created_at.millis(),
            };
            hourly_cap::decide(&sent, self.max_per_hour, held, now.millis())
        } else {
            Turn::Send
        };
        let taken = match turn {
            Turn::Send => &waiting[..1],
            Turn::DigestAt(at) if at <= now.millis() => &waiting[..],
            Turn::DigestAt(at) => return Ok(until(Timestamp::from_millis(at), now)),
        };
        self.tell(taken, told, now).await
    }

    async fn tell(
        &self,
        taken: &[Waiting],
        told: &mut Vec<i64>,
        now: Timestamp,
    ) -> crate::store::Result<Duration> {
        let ids: Vec<i64> = taken.iter().map(|waiting| waiting.id).collect();
        let alerts: Vec<Alert> = taken
            .iter()
            .filter_map(|waiting| serde_json::from_str(&waiting.payload).ok())
            .collect();
        let rendered = match alerts.as_slice() {
            [] => None,
            [alert] => Some(Rendered::alert(alert, &self.links)),
            _ => Digest::of(alerts).map(|digest| Rendered::digest(&digest, &self.links)),
        };
        let (Some(rendered), Some(first)) = (rendered, taken.first()) else {
            tracing::error!(channel = %self.channel, "an alert in the queue cannot be read");
            self.store.alerts_given_up(&ids).await?;
            return Ok(Duration::ZERO);
        };
        let Err(error) = self.channels.send(self.channel, &rendered, &first.token).await else {
            *told = ids;
            self.store
                .alerts_sent(self.channel.as_str(), told, Timestamp::now())
                .await?;
            told.clear();
            return Ok(Duration::ZERO);
        };
        if error.is_permanent() {
            tracing::error!(%error, channel = %self.channel, alerts = ids.len(), "an alert was refused for good");
            self.store.alerts_given_up(&ids).await?;
            return Ok(Duration::ZERO);
        }
        let asked_ms = error
            .retry_after()
            .and_then(|wait| i64::try_from(wait.as_millis()).ok());
        let attempts = first.attempts + 1;
        let next = backoff::next_try_ms(
            first.created_at.millis(),
            now.millis(),
            attempts,
            asked_ms,
            jitter(),
        );
        match next.map(Timestamp::from_millis) {
            Some(next_at) => {
                tracing::warn!(%error, channel = %self.channel, attempts, "an alert could not be sent yet");
                self.store.alert_postponed(first.id, attempts, next_at).await?;
                Ok(until(next_at, now))
            }
            None => {
                tracing::error!(%error, channel = %self.channel, attempts, "an alert could not be sent and is given up");
                self.store.alerts_given_up(&ids[..1]).await?;
                Ok(Duration::ZERO)
            }
        }
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(at.millis().saturating_sub(now.millis()).max(0).unsigned_abs())
}

/// A number from 0 to 1 that differs between processes and calls.
fn jitter() -> f64 {
    let random = std::hash::RandomState::new().build_hasher().finish();
    (random % 1_000) as f64 / 1_000.0
}
