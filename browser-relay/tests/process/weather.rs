//! Peers whose mood changes all the time.

use std::sync::Arc;
use std::time::Duration;

use shared::testing::Chance;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::peer::{Mood, Peer};
use crate::setup::Peers;

/// Changing moods, until it is told to clear up.
pub(crate) struct Weather {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Weather {
    pub(crate) fn start(peers: &Peers, longest_ms: u64) -> Self {
        let stop = CancellationToken::new();
        let running = [&peers.tracker, &peers.collector].map(|peer| {
            let changing = change(Arc::clone(peer), Chance::new(), longest_ms, stop.clone());
            tokio::spawn(changing)
        });
        Self {
            stop,
            running: running.into(),
        }
    }

    /// Both peers are well and up when this is over.
    pub(crate) async fn clear_up(self) {
        self.stop.cancel();
        for running in self.running {
            running.await.unwrap();
        }
    }
}

/// A random moment is the point of it; nothing is waited for.
async fn change(peer: Arc<Peer>, mut chance: Chance, longest_ms: u64, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let time = Duration::from_millis(chance.within(1, longest_ms));
        if chance.once_in(5) {
            peer.down().await;
            stop.run_until_cancelled(tokio::time::sleep(time)).await;
            peer.up();
        } else {
            peer.set(mood(&mut chance));
            stop.run_until_cancelled(tokio::time::sleep(time)).await;
        }
    }
    peer.set(Mood::Well);
}

fn mood(chance: &mut Chance) -> Mood {
    match chance.within(0, 16) {
        0 => Mood::status(500),
        1 => Mood::status(401),
        2 => Mood::status(503),
        3 => Mood::busy(1),
        4 => Mood::redirects("http://127.0.0.1:9/"),
        5 => Mood::garbage(true),
        6 => Mood::garbage(false),
        7 => Mood::half_an_answer(),
        8 => Mood::hangs_up(true),
        9 => Mood::hangs_up(false),
        10 => Mood::Hangs,
        11 => Mood::Slow(Duration::from_millis(1_100)),
        12 => Mood::Slow(Duration::from_millis(chance.within(1, 100))),
        _ => Mood::Well,
    }
}
