//! The machine's clock jumps by a day, forward and back, while pages send and a container writes: nothing that was accepted
//! is lost or comes twice, and all four go on by themselves.

use std::sync::atomic::Ordering;

use shared::clock::DAY_MS;
use shared::testing::clock;

use crate::containers::Writing;
use crate::pages::{KEEPS_ALL, Relay, everything_has_arrived, sessions};
use crate::stack::{Kind, Stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_a_day_loses_nothing_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    let mut settings: Vec<_> = KEEPS_ALL.to_vec();
    settings.extend(Kind::ALL.map(|kind| (kind, clock::FILE_SETTING, file.to_str().unwrap())));
    let mut stack = Stack::of_processes(&settings).await;
    let relay = Relay::of(&stack);
    let sessions = sessions(&relay);
    let writing = Writing::begin(&stack.viewer.containers());

    for days in [1, 0, -1, 1, 0] {
        relay.has_more(&relay.accepted, 10).await;
        // What waits is sent on by another clock than it came by.
        stack.tracker.kill();
        stack.collector.kill();
        relay.has_more(&relay.spooled, 5).await;
        clock::set(&file, days * DAY_MS);
        stack.tracker.start().await;
        stack.collector.start().await;
        relay.has_more(&relay.accepted, 10).await;
        for kind in Kind::ALL {
            let health = stack.member(kind).get("/health").await;
            assert_eq!(health["status"], "ok", "{} days: {health}", days);
        }
    }
    relay.is_over.store(true, Ordering::Relaxed);

    // Their order is by the clock, and means nothing here.
    let _ = everything_has_arrived(&stack, sessions).await;
    writing.has_been_read(&stack).await;
}
