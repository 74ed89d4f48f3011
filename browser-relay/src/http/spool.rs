//! What waits for the peers.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::clock::Timestamp;
use shared::http::Problem;

use super::{App, Shared};
use crate::forward::Lane;

/// What waits for the peers.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SpoolState {
    used_bytes: u64,
    /// What may wait at most. Beyond it browsers are told 503.
    max_bytes: u64,
    peers: Vec<PeerState>,
}

/// A peer, and what waits for it.
#[derive(Serialize, utoipa::ToSchema)]
struct PeerState {
    /// `error-tracker` or `metrics-collector`.
    peer: &'static str,
    /// Whether it took what was sent last.
    reachable: bool,
    /// Why it did not; ends a sentence that begins with its name.
    reason: Option<String>,
    /// Since when it does not.
    since: Option<Timestamp>,
    /// Reports or points.
    waiting: i64,
    waiting_bytes: i64,
    /// When the oldest that waits was accepted.
    waiting_since: Option<Timestamp>,
    /// Reports or points that it has taken since the relay was started.
    delivered: u64,
    /// That it refused for ever.
    refused: u64,
    /// That there was no room for.
    turned_away: u64,
}

/// What waits for the error tracker and the metrics collector, and why.
#[utoipa::path(get, path = "/api/spool", tag = "spool", responses((status = 200, body = SpoolState)))]
pub(super) async fn spool_state(State(app): Shared) -> Result<Json<SpoolState>, Problem> {
    let budget = &app.errors.way.budget;
    Ok(Json(SpoolState {
        used_bytes: budget.used(),
        max_bytes: budget.most(),
        peers: vec![
            peer_state(&app, &app.errors).await?,
            peer_state(&app, &app.points).await?,
        ],
    }))
}

async fn peer_state(app: &App, lane: &Lane) -> Result<PeerState, Problem> {
    use std::sync::atomic::Ordering::Relaxed;

    let way = &lane.way;
    let (waiting, trouble, destination) = (way.waiting(), way.trouble(), way.peer.destination);
    Ok(PeerState {
        peer: destination.name(),
        reachable: trouble.is_none(),
        since: trouble.as_ref().map(|trouble| trouble.since),
        reason: trouble.map(|trouble| trouble.reason),
        waiting: waiting.items,
        waiting_bytes: waiting.bytes,
        waiting_since: app.store.waiting_since(destination).await?,
        delivered: way.counted.delivered.load(Relaxed),
        refused: way.counted.refused.load(Relaxed),
        turned_away: way.counted.turned_away.load(Relaxed),
    })
}
