//! The way to one peer: at once, or into the spool.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use shared::http::Problem;
use shared::tasks::Tasks;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::batch::{Batch, Job};
use super::budget::Budget;
use super::drain;
use super::peer::{Peer, Reply, Taken};
use super::queue::Queue;
use super::way::Way;
use crate::blocks::FastPacker;
use crate::scratch;
use crate::store::spool::{NewRow, ROW_BYTES};
use crate::store::{self, Store};

/// What all that waits for its turn may hold together, in KiB, and how long a request waits for its share. Until then it
/// holds its body, of which all together are bounded too.
const QUEUE_KIB: usize = 2_560;
/// So much longer is what is handed on than what came, with the places of its frames.
const GROWTH: usize = 2;
/// What reports may hold beyond that, all together: with the lines of their sources they have up to 240 KB. Apart from the
/// queue's, so that who has its turn to read maps never waits for those who wait for a turn.
const GROWN_KIB: usize = 1_536;
const QUEUE_WAIT: Duration = Duration::from_secs(2);
/// A peer that is slower than this is treated as one that is away.
const LIVE_LIMIT: Duration = Duration::from_secs(1);
/// When a browser that was refused may come again.
const RETRY_AFTER_S: u64 = 30;

/// What became of a request's reports or points.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The tracker has it; its reply.
    Report(Box<RawValue>),
    /// The collector has them but for some; their places and what is wrong with them.
    Points(Vec<(usize, String)>),
    /// It is in the spool.
    Spooled,
    /// The peer will never take it.
    Refused { status: StatusCode, detail: String },
    /// There is no room in the spool. Nothing was kept.
    Full,
    /// The spool could not be written. Nothing was kept.
    Failed(Arc<store::Error>),
}

/// The way to one peer. Clones share it.
#[derive(Clone)]
pub(crate) struct Lane {
    queue: Arc<Queue>,
    room: Arc<Semaphore>,
    grown: Arc<Semaphore>,
    pub(crate) way: Arc<Way>,
}

impl Lane {
    /// Starts the lane's two tasks.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub(crate) async fn start(
        tasks: &Tasks,
        peer: Peer,
        store: Store,
        budget: Arc<Budget>,
    ) -> store::Result<Self> {
        let waiting = store.waiting(peer.destination).await?;
        let way = Arc::new(Way::new(peer, store, budget, waiting));
        let queue = Arc::new(Queue::new(way.peer.destination));
        tasks.spawn(
            "lane",
            take_in(Arc::clone(&way), Arc::clone(&queue), tasks.stop_token()),
        );
        tasks.spawn("drain", drain::run(Arc::clone(&way), tasks.stop_token()));
        Ok(Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
            grown: Arc::new(Semaphore::new(GROWN_KIB)),
            way,
        })
    }

    /// Waits for room for what a body of so many bytes, with so many items, comes to.
    ///
    /// # Errors
    /// [`Outcome::Full`] when there is none for too long.
    pub(crate) async fn room(&self, body_bytes: usize, items: usize) -> Result<Room<'_>, Outcome> {
        let kib = (body_bytes * GROWTH / 1_024 + 1).min(QUEUE_KIB) as u32;
        match tokio::time::timeout(QUEUE_WAIT, self.room.acquire_many(kib)).await {
            Ok(Ok(room)) => Ok(Room {
                kib,
                _own: room,
                _grown: None,
                items,
            }),
            _ => Err(self.turned_away(items)),
        }
    }

    /// Waits for what a report needs beyond its room.
    ///
    /// # Errors
    /// [`Outcome::Full`] when there is none for too long.
    pub(crate) async fn grow<'l>(&'l self, room: Room<'l>, bytes: usize) -> Result<Room<'l>, Outcome> {
        let missing = (bytes / 1_024).saturating_sub(room.kib as usize).min(GROWN_KIB);
        if missing == 0 {
            return Ok(room);
        }
        match tokio::time::timeout(QUEUE_WAIT, self.grown.acquire_many(missing as u32)).await {
            Ok(Ok(grown)) => Ok(Room {
                _grown: Some(grown),
                ..room
            }),
            _ => Err(self.turned_away(room.items)),
        }
    }

    /// Hands on JSON values, which `body` holds separated by commas, and waits until they are with the peer or in the spool.
    /// The buffer is given back before.
    /// Only `items` of those that there was room for are left. None of them is stamped with a later time than `now`.
    pub(crate) async fn hand_on(
        &self,
        room: Room<'_>,
        body: Vec<u8>,
        items: usize,
        now: Timestamp,
    ) -> Outcome {
        debug_assert!(items <= room.items, "items do not become more");
        let outcome = self.queue.push(&body, items, now);
        scratch::give_back(body);
        let Some(outcome) = outcome else {
            return self.turned_away(items);
        };
        outcome.await.unwrap_or_else(|_| self.turned_away(items))
    }

    fn turned_away(&self, items: usize) -> Outcome {
        self.way
            .counted
            .turned_away
            .fetch_add(items as u64, Ordering::Relaxed);
        Outcome::Full
    }
}

/// Room among what waits for its turn.
pub(crate) struct Room<'l> {
    kib: u32,
    _own: SemaphorePermit<'l>,
    _grown: Option<SemaphorePermit<'l>>,
    items: usize,
}

/// Abandons the queue when the task ends, whatever ends it: nobody would answer any more.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

async fn take_in(way: Arc<Way>, queue: Arc<Queue>, stop: CancellationToken) {
    let queue = Closing(queue);
    // Made when it is needed first, which for most relays is never.
    let mut packer = None;
    loop {
        let taken = tokio::select! {
            biased;
            taken = queue.0.take() => taken,
            () = stop.cancelled(), if !queue.0.is_closed() => {
                queue.0.close();
                continue;
            }
        };
        let Some(mut left) = taken else { break };
        if way.waiting().rows == 0 {
            left = send(&way, left, &queue.0).await;
        }
        if !left.is_empty() {
            keep(&way, left, &mut packer, &queue.0).await;
        }
        // Who is about to hand something in does so first: fewer and larger batches.
        tokio::task::yield_now().await;
    }
}

/// Sends batches until one is not taken; answers with that one and those after it.
async fn send(way: &Way, batches: Vec<Batch>, queue: &Queue) -> Vec<Batch> {
    let destination = way.peer.destination;
    // The next one last.
    let mut to_go = batches;
    to_go.reverse();
    while let Some(batch) = to_go.pop() {
        let key = batch.retry_key.as_deref();
        match way.peer.send(&batch.body, batch.items, key, LIVE_LIMIT).await {
            Reply::Taken(taken) => {
                way.is_back();
                answer(way, batch.jobs, taken);
                queue.reuse(batch.body);
            }
            // One of them is at fault, and the others must not suffer for it.
            Reply::Refused { .. } if batch.jobs.len() > 1 => {
                let [first, second] = batch.halves(destination);
                to_go.extend([second, first]);
            }
            // Points of one request that are too much for the peer at once: from the spool they go in parts.
            Reply::Refused { status, .. } if status == StatusCode::PAYLOAD_TOO_LARGE && batch.items > 1 => {
                to_go.push(batch);
                break;
            }
            Reply::Refused { status, detail } => {
                way.count_refused(status, batch.items);
                for job in batch.jobs {
                    let detail = detail.clone();
                    let _ = job.reply.send(Outcome::Refused { status, detail });
                }
            }
            Reply::Away(away) => {
                way.is_away(&away);
                to_go.push(batch);
                break;
            }
        }
    }
    to_go.reverse();
    to_go
}

/// Tells each request what the peer said of its part.
fn answer(way: &Way, jobs: Vec<Job>, taken: Taken) {
    let (mut delivered, mut refused) = (0, 0);
    match taken {
        Taken::Reports(results) => {
            for (job, result) in jobs.into_iter().zip(results) {
                let outcome = match result {
                    Ok(reply) => {
                        delivered += 1;
                        Outcome::Report(reply)
                    }
                    Err(detail) => {
                        refused += 1;
                        Outcome::Refused {
                            status: StatusCode::BAD_REQUEST,
                            detail,
                        }
                    }
                };
                // A browser that has gone does not want to know.
                let _ = job.reply.send(outcome);
            }
        }
        Taken::Points(rejected) => {
            refused = rejected.len();
            let items: usize = jobs.iter().map(|job| job.items).sum();
            delivered = items.saturating_sub(refused);
            let mut before = 0;
            for job in jobs {
                let own = rejected.iter().filter_map(|(place, detail)| {
                    let place = place.checked_sub(before).filter(|place| *place < job.items)?;
                    Some((place, detail.clone()))
                });
                let own = own.collect();
                before += job.items;
                let _ = job.reply.send(Outcome::Points(own));
            }
        }
    }
    way.counted
        .delivered
        .fetch_add(delivered as u64, Ordering::Relaxed);
    if refused > 0 {
        way.count_refused(StatusCode::BAD_REQUEST, refused);
    }
}

/// Puts batches into the spool, as far as there is room.
async fn keep(way: &Way, batches: Vec<Batch>, packer: &mut Option<FastPacker>, queue: &Queue) {
    let mut kept = Vec::new();
    for batch in batches {
        if packer.is_none() {
            *packer = FastPacker::new().ok();
        }
        let row = packer.as_mut().and_then(|packer| batch.to_row(packer).ok());
        let row = row.filter(|row| way.budget.take(cost(row)));
        if let Some(row) = row {
            kept.push((batch, row));
        } else {
            let turned_away = batch.items as u64;
            way.counted.turned_away.fetch_add(turned_away, Ordering::Relaxed);
            for job in batch.jobs {
                let _ = job.reply.send(Outcome::Full);
            }
        }
    }
    if kept.is_empty() {
        return;
    }
    let (batches, rows): (Vec<Batch>, Vec<NewRow>) = kept.into_iter().unzip();
    let items: usize = rows.iter().map(|row| row.items).sum();
    let bytes: u64 = rows.iter().map(cost).sum();
    // Counted first: the other task may have sent them on before this one hears of the commit.
    let count = rows.len() as i64;
    way.add(count, items as i64, bytes as i64);
    let result = way.store.spool(way.peer.destination, rows).await;
    let outcome: Box<dyn Fn() -> Outcome + Send> = match result {
        Ok(()) => {
            way.counted.spooled.fetch_add(items as u64, Ordering::Relaxed);
            way.spooled.notify_one();
            Box::new(|| Outcome::Spooled)
        }
        Err(error) => {
            way.add(-count, -(items as i64), -(bytes as i64));
            way.budget.give_back(bytes);
            let error = Arc::new(error);
            Box::new(move || Outcome::Failed(Arc::clone(&error)))
        }
    };
    for batch in batches {
        for job in batch.jobs {
            let _ = job.reply.send(outcome());
        }
        queue.reuse(batch.body);
    }
}

fn cost(row: &NewRow) -> u64 {
    row.body.len() as u64 + ROW_BYTES
}

impl Outcome {
    /// What the browser is told when it is neither delivered nor kept.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Refused { status, detail } => Problem::new(status, detail),
            Self::Failed(error) => Problem::from(error),
            Self::Full => Problem::unavailable(
                "too much is waiting to be handed on; nothing was stored",
                RETRY_AFTER_S,
            ),
            Self::Report(_) | Self::Points(_) | Self::Spooled => Problem::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PeerAddress;
    use crate::forward::peer::Destination;
    use crate::store::testing::store;

    #[tokio::test]
    async fn what_reports_grow_by_is_bounded_and_does_not_wait_for_the_queue() {
        let (store, _folder) = store().await;
        let tasks = Tasks::new();
        let address = PeerAddress {
            url: "http://127.0.0.1:1".into(),
            api_key: "k".into(),
        };
        let client = shared::outbound::client(LIVE_LIMIT);
        let peer = Peer::new(Destination::ErrorTracker, &address, client).unwrap();
        let budget = Arc::new(Budget::new(u64::MAX, 0));
        let lane = Lane::start(&tasks, peer, store, budget).await.unwrap();
        tokio::time::pause();

        let [first, second, third] = [lane.room(3_000, 1), lane.room(3_000, 1), lane.room(3_000, 1)];
        let (first, second, third) = tokio::join!(first, second, third);
        let rest = lane.room.available_permits() as u32;
        let _queue_is_full = lane.room.acquire_many(rest).await.unwrap();

        let grown = lane.grow(first.unwrap(), usize::MAX).await.unwrap();
        assert!(matches!(
            lane.grow(second.unwrap(), 200 << 10).await,
            Err(Outcome::Full)
        ));
        drop(grown);
        assert!(lane.grow(third.unwrap(), 200 << 10).await.is_ok());
    }
}
