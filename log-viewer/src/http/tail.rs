//! The live stream.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use shared::http::Problem;
use shared::http::sse::{self, Event, EventSender};
use tokio::time::{Instant, MissedTickBehavior};

use super::entries::{Entry, Names};
use super::filter::FilterQuery;
use super::{App, Shared};
use crate::lines::{EntryId, Head};
use crate::live::{News, Subscription};
use crate::nanos::Nanos;
use crate::search::{Filter, resume};

const HEARTBEAT: Duration = Duration::from_secs(15);
/// Who has missed something is told as soon as there is room; it is looked for so often.
const TELL_DROPPED: Duration = Duration::from_millis(50);
/// Then the client comes again, which spreads clients over restarts and proxies' limits.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// Entries that a resumed stream may have missed; beyond that they are counted as dropped.
const MOST_RESUMED: usize = 10_000;

/// Where to go on.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TailQuery {
    /// For clients that cannot send `Last-Event-ID`.
    last_event_id: Option<i64>,
}

/// New entries as they are committed, as server-sent events: `log`, `amend` (an entry again, with more lines),
/// `heartbeat`, `dropped`, `close`. `Last-Event-ID` goes on without gap or repeat.
///
/// `dropped` says how many entries a client that reads too slowly has missed at most: when whole commits had to be left
/// out, entries that the filter would not have let through are counted too.
#[utoipa::path(get, path = "/api/logs/tail", tag = "logs", params(FilterQuery, TailQuery),
    responses((status = 200, body = String, content_type = "text/event-stream"), (status = 400, body = inline(shared::http::problem::ProblemBody<'static>))))]
pub(super) async fn tail_logs(
    State(app): Shared,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (filter, query): (FilterQuery, TailQuery) = FilterQuery::read(query.as_deref().unwrap_or_default())?;
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .or(query.last_event_id)
        .map(EntryId);
    // First the subscription, then what is there: what comes in between is seen twice rather than not at all.
    let subscription = app.live.subscribe();
    let now = Nanos::now();
    let resolved = Arc::new(filter.resolve(&app.store, now).await?);
    let (sender, receiver) = sse::channel(app.config.tail_buffer_bytes);
    let stop = app.stop.clone();
    let tail = Tail {
        names: Names::load(&app).await?,
        app: Arc::clone(&app),
        query: filter,
        asked_at: now,
        filter: resolved,
        sender,
        sent: EntryId(0),
        dropped: 0,
    };
    app.tasks.spawn("tail", tail.run(subscription, last));
    Ok(sse::respond(receiver, stop))
}

/// One stream.
struct Tail {
    app: Arc<App>,
    query: FilterQuery,
    asked_at: Nanos,
    /// What the query stands for, with the containers that are known.
    filter: Arc<Filter>,
    names: Names,
    sender: EventSender,
    /// The highest entry that was seen: where the client goes on.
    sent: EntryId,
    /// Entries since the last one that found room.
    dropped: u64,
}

impl Tail {
    async fn run(mut self, mut subscription: Subscription, last: Option<EntryId>) {
        let stop = self.app.stop.clone();
        let end = Instant::now() + LONGEST;
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let resumed = match last {
            Some(last) => self.resume(last).await,
            None => EntryId(0),
        };
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    // The reply says so itself, unless it sees first that nothing more will come.
                    let _ = self.sender.send(&event("close", r#"{"reason":"the service is stopping"}"#));
                    return;
                }
                () = self.sender.closed() => return,
                () = tokio::time::sleep(TELL_DROPPED), if self.dropped > 0 => self.tell_dropped(),
                () = tokio::time::sleep_until(end) => {
                    let _ = self.sender.send(&event("close", r#"{"reason":"the stream has run for 30 minutes"}"#));
                    return;
                }
                _ = heartbeat.tick() => {
                    self.tell_dropped();
                    let _ = self.sender.send(&event("heartbeat", "{}"));
                }
                news = subscription.next() => match news {
                    Some(news) => {
                        self.dropped += subscription.take_missed();
                        self.pass_on(&news, resumed).await;
                    }
                    None => return,
                },
            }
        }
    }

    /// Sends what came after `last`; answers the last entry that was there.
    async fn resume(&mut self, last: EntryId) -> EntryId {
        match resume::since(&self.app.store, Arc::clone(&self.filter), last, MOST_RESUMED).await {
            Ok(missed) => {
                self.dropped += missed.left_out;
                self.sent = last.min(missed.through);
                for (head, text) in missed.grown.iter() {
                    self.send("amend", head, text, None);
                }
                for (head, text) in missed.entries.iter() {
                    // The client asked for it, so it waits for room.
                    while self.sender.is_filling() && !self.sender.is_closed() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    self.send("log", head, text, None);
                }
                missed.through
            }
            Err(error) => {
                tracing::warn!(%error, "a live stream could not be resumed");
                last
            }
        }
    }

    async fn pass_on(&mut self, news: &News, resumed: EntryId) {
        for item in news.iter() {
            if !self.names.knows(item.head.container) {
                self.meet_new_containers().await;
            }
            if !item.is_amendment && item.head.id <= resumed || !self.filter.wants(item.head, item.text) {
                continue;
            }
            let name = if item.is_amendment { "amend" } else { "log" };
            self.send(name, item.head, item.text, Some(item.wire));
        }
    }

    /// One of them may have a name that is asked for: a container is often made again under its name.
    async fn meet_new_containers(&mut self) {
        let filter = self.query.resolve(&self.app.store, self.asked_at).await;
        if let (Ok(names), Ok(filter)) = (Names::load(&self.app).await, filter) {
            self.names = names;
            self.filter = Arc::new(filter);
        }
    }

    fn send(
        &mut self,
        name: &'static str,
        head: &Head,
        text: &str,
        wire: Option<&std::sync::OnceLock<String>>,
    ) {
        let make = || serde_json::to_string(&Entry::new(head, text, &self.names)).unwrap_or_default();
        let data = match wire {
            Some(wire) => wire.get_or_init(make).clone(),
            None => make(),
        };
        self.sent = self.sent.max(head.id);
        self.tell_dropped();
        let event = Event {
            name,
            // An amendment is of an entry further back; what the client brings back is where it has come to.
            id: Some(self.sent.0.to_string()),
            data,
        };
        if self.dropped > 0 || !self.sender.send(&event) {
            self.dropped += 1;
        }
    }

    fn tell_dropped(&mut self) {
        if self.dropped > 0
            && self
                .sender
                .send(&event("dropped", &format!("{{\"count\":{}}}", self.dropped)))
        {
            self.dropped = 0;
        }
    }
}

fn event(name: &'static str, data: &str) -> Event {
    Event {
        name,
        id: None,
        data: data.to_owned(),
    }
}
