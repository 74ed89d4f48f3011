//! Sends on what waits in the spool, in order, and forgets what has arrived.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use serde_json::value::RawValue;
use shared::clock::Timestamp;
use tokio_util::sync::CancellationToken;

use super::peer::{Away, Destination, Reply, Taken};
use super::way::Way;
use crate::blocks::unpack;
use crate::id;
use crate::points::not_ahead;
use crate::store;
use crate::store::spool::{ROW_BYTES, Waiting};

/// A peer that has much to do may take so long for a batch.
const LIMIT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// When the spool cannot be read or written.
const DATABASE_PAUSE: Duration = Duration::from_secs(2);

/// No row is as large; one that says so is damaged.
const LARGEST_ROW_BYTES: usize = 1 << 30;

/// How a round ended.
enum Round {
    /// Something has arrived, and there may be more.
    Sent,
    /// Nothing waits.
    Empty,
    Failed(Duration),
}

/// Rows that go together, unpacked.
struct Parcel {
    /// The ids of the first and the last row.
    ids: (i64, i64),
    /// What the rows count for in the spool.
    waiting: Waiting,
    body: Vec<u8>,
    /// In the body, without those of damaged rows.
    items: usize,
    retry_key: Option<String>,
    /// The last of them.
    accepted_at: Timestamp,
}

pub(super) async fn run(way: Arc<Way>, stop: CancellationToken) {
    let mut failures = 0;
    let mut ahead = None;
    loop {
        let round = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            round = send_first(&way, &mut ahead, failures) => round,
        };
        match round {
            Round::Sent => failures = 0,
            Round::Empty => tokio::select! {
                () = stop.cancelled() => return,
                () = way.spooled.notified() => {}
            },
            Round::Failed(pause) => {
                failures += 1;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}

/// Sends what stands first, and puts what stands behind it, read in the meantime, into `ahead`.
async fn send_first(way: &Way, ahead: &mut Option<Parcel>, failures: u32) -> Round {
    let parcel = match ahead.take() {
        Some(parcel) => parcel,
        None => match read_after(way, 0).await {
            Ok(Some(parcel)) => parcel,
            Ok(None) => return Round::Empty,
            Err(error) => return database_failed(&error),
        },
    };
    let Parcel {
        ids: (first, last),
        waiting,
        ..
    } = parcel;
    let (delivered, behind) = tokio::join!(deliver(way, parcel), read_after(way, last));
    if let Err(away) = delivered {
        way.is_away(&away);
        return Round::Failed(pause(failures, away.pause));
    }
    way.is_back();
    // Until the rows are forgotten they are sent again, and the peer knows them by their ids or their key.
    if let Err(error) = way.store.forget(way.peer.destination, first, last).await {
        return database_failed(&error);
    }
    way.budget.give_back(waiting.bytes as u64);
    way.add(-waiting.rows, -waiting.items, -waiting.bytes);
    match behind {
        Ok(behind) => *ahead = behind,
        Err(error) => return database_failed(&error),
    }
    Round::Sent
}

/// What goes together of the rows behind the one with this id.
async fn read_after(way: &Way, id: i64) -> store::Result<Option<Parcel>> {
    let destination = way.peer.destination;
    let (items, bytes) = (destination.most_items() as i64, destination.most_bytes() as i64);
    let rows = way.store.rows_after(destination, id, items, bytes).await?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(None);
    };
    let mut parcel = Parcel {
        ids: (first.id, last.id),
        waiting: Waiting {
            rows: rows.len() as i64,
            items: rows.iter().map(|row| row.items).sum(),
            bytes: rows
                .iter()
                .map(|row| (row.body.len() as u64 + ROW_BYTES) as i64)
                .sum(),
        },
        body: Vec::new(),
        items: 0,
        retry_key: first.retry_key.clone(),
        accepted_at: last.accepted_at,
    };
    for row in &rows {
        let size = usize::try_from(row.size)
            .ok()
            .filter(|size| *size <= LARGEST_ROW_BYTES);
        let Some(unpacked) = size.and_then(|size| unpack(&row.body, size).ok()) else {
            way.count_refused(StatusCode::UNPROCESSABLE_ENTITY, row.items as usize);
            tracing::error!(
                items = row.items,
                "what waited in the spool is damaged and cannot be sent"
            );
            continue;
        };
        if !parcel.body.is_empty() {
            parcel.body.push(b',');
        }
        parcel.body.extend(unpacked);
        parcel.items += row.items as usize;
    }
    Ok(Some(parcel))
}

fn database_failed(error: &store::Error) -> Round {
    tracing::error!(%error, "the spool cannot be used; what is in it stays there");
    Round::Failed(DATABASE_PAUSE)
}

/// Twice as long after each failure, and never the same for two relays; but as long as the peer asked for.
fn pause(failures: u32, asked: Option<Duration>) -> Duration {
    let backoff = FIRST_PAUSE
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST_PAUSE);
    let chance = f64::from(u32::from(id::random_bytes()[0])) / 255.0;
    backoff
        .mul_f64(0.75 + chance / 2.0)
        .max(asked.unwrap_or_default())
}

/// Sends what goes together. What is refused for ever is counted and counts as arrived.
async fn deliver(way: &Way, parcel: Parcel) -> Result<(), Away> {
    let Parcel {
        mut body,
        items,
        retry_key: key,
        accepted_at,
        ..
    } = parcel;
    if items == 0 {
        return Ok(());
    }
    let now = Timestamp::now();
    let was_set_back = accepted_at > now;
    if was_set_back && way.peer.destination == Destination::MetricsCollector {
        body = not_ahead(body, now);
    }
    // The next one last. Halves of a refused batch have keys that are the same at every try.
    let mut to_go = vec![(body, items, key)];
    while let Some((body, items, key)) = to_go.pop() {
        match way.peer.send(&body, items, key.as_deref(), LIMIT).await {
            Reply::Taken(taken) => count(way, items, &taken),
            Reply::Away(away) => return Err(away),
            Reply::Refused { status, .. } => match halves(&body, items) {
                Some([first, second]) => {
                    let half_key = |half: &str| key.as_ref().map(|key| format!("{key}{half}"));
                    to_go.push((second.0, second.1, half_key("r")));
                    to_go.push((first.0, first.1, half_key("l")));
                }
                None => way.count_refused(status, items),
            },
        }
    }
    Ok(())
}

fn count(way: &Way, items: usize, taken: &Taken) {
    let refused = match taken {
        Taken::Reports(results) => results.iter().filter(|result| result.is_err()).count(),
        Taken::Points(rejected) => rejected.len(),
    };
    let delivered = items.saturating_sub(refused) as u64;
    way.counted.delivered.fetch_add(delivered, Ordering::Relaxed);
    if refused > 0 {
        way.count_refused(StatusCode::BAD_REQUEST, refused);
    }
}

type Half = (Vec<u8>, usize);

/// Cuts a body between two of its values; `None` when there is only one.
fn halves(body: &[u8], items: usize) -> Option<[Half; 2]> {
    if items < 2 {
        return None;
    }
    let array = [b"[", body, b"]"].concat();
    let values: Vec<&RawValue> = serde_json::from_slice(&array).ok()?;
    let (first, second) = values.split_at_checked(values.len() / 2)?;
    let joined = |values: &[&RawValue]| {
        let texts: Vec<&str> = values.iter().map(|value| value.get()).collect();
        (texts.join(",").into_bytes(), values.len())
    };
    (!first.is_empty()).then(|| [joined(first), joined(second)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_between_two_values() {
        let [first, second] = halves(br#"{"a":"x,y"},[1,2],3"#, 3).unwrap();

        assert_eq!(first, (br#"{"a":"x,y"}"#.to_vec(), 1));
        assert_eq!(second, (b"[1,2],3".to_vec(), 2));
        assert!(halves(b"3", 1).is_none());
    }

    #[test]
    fn pauses_grow_and_end_and_heed_the_peer() {
        let within =
            |pause: Duration, middle: f64| (middle * 0.75..=middle * 1.25).contains(&pause.as_secs_f64());

        assert!(within(pause(0, None), 0.25) && within(pause(3, None), 2.0) && within(pause(60, None), 10.0));
        assert_eq!(pause(0, Some(Duration::from_secs(30))), Duration::from_secs(30));
    }
}
