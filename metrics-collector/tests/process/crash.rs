//! `kill -9` at any moment loses nothing that was acknowledged, and counts nothing twice.

use std::sync::Arc;
use std::time::Duration;

use shared::testing::database::assert_sound;
use shared::testing::{Chance, Process};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::setup::program;

const ROUNDS: u64 = 45;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_lose_no_acknowledged_point_and_count_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).with("AGGREGATION_INTERVAL", 1);
    let ledger = Arc::new(Ledger::new());
    let mut chance = Chance::new();

    for round in 0..ROUNDS {
        if round % 3 == 2 {
            // Into the start, wherever it is: the migration, or the first rollup.
            let starting = Process::spawn(program.command(&[]));
            pause(chance.within(0, 80_000)).await;
            starting.kill();
        }
        let collector = program.start().await;
        // First the counts that the last kill left, then the next kill.
        ledger.settle(&collector).await;
        assert_sound(&program.database).await;

        let load = Load::start(&collector, &ledger);
        // Some kills fall into the first transaction of the process.
        let most = [2, 30, 80, 150][(round % 4) as usize];
        load.acknowledged(chance.within(0, most)).await;
        // An acknowledgement follows its commit; the kill may fall anywhere between two of them. A rollup comes each
        // second, so some kills wait for it.
        let longest = if round % 6 == 1 { 1_200_000 } else { 15_000 };
        pause(chance.within(0, longest)).await;
        collector.kill();
        load.end().await;
    }

    let collector = program.start().await;
    ledger.settle(&collector).await;
    assert!(ledger.acknowledged() > ROUNDS * 10, "the kills met no load");
    collector.stop().await;
    // All of it again from a process that has seen nothing of it.
    let collector = program.start().await;
    ledger.settle(&collector).await;
    collector.stop().await;
    assert_sound(&program.database).await;
}

/// A random moment is the point of the test; nothing is waited for.
async fn pause(micros: u64) {
    tokio::time::sleep(Duration::from_micros(micros)).await;
}
