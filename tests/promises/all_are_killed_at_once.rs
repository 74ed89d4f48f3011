//! `kill -9` for all four at once, again and again, while pages send and a container writes: what was accepted is there.

use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::testing::Chance;
use shared::testing::database::assert_sound;

use crate::containers::Writing;
use crate::pages::{KEEPS_ALL, Relay, everything_has_arrived_in_order, sessions};
use crate::stack::{Kind, Stack};

const STORMS: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_kills_loses_nothing_and_repeats_nothing() {
    let mut stack = Stack::of_processes(&KEEPS_ALL).await;
    let mut chance = Chance::new();
    let relay = Relay::of(&stack);
    let sessions = sessions(&relay);
    let writing = Writing::begin(&stack.viewer.containers());

    for storm in 0..STORMS {
        relay.has_more(&relay.accepted, chance.within(1, 40)).await;
        // A random moment is the point of the test; nothing is waited for.
        tokio::time::sleep(Duration::from_micros(chance.within(0, 20_000))).await;
        for kind in Kind::ALL {
            stack.member(kind).kill();
        }
        for kind in Kind::ALL {
            assert_sound(&stack.member(kind).database()).await;
        }
        // They need not come back in the order in which they depend on each other.
        let mut order = Kind::ALL;
        order.rotate_left(storm % Kind::ALL.len());
        for kind in order {
            stack.member(kind).start().await;
        }
    }
    relay.is_over.store(true, Ordering::Relaxed);

    everything_has_arrived_in_order(&stack, sessions).await;
    writing.has_been_read(&stack).await;
}
