//! `kill -9` at any moment loses nothing that was acknowledged, and counts nothing twice.

use std::sync::Arc;
use std::time::Duration;

use crate::chance::Chance;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::sqlite::assert_sound;
use crate::tracker::Setup;

const ROUNDS: u64 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_no_acknowledged_report_and_counts_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new(folder.path().join("errors.db"));
    let ledger = Arc::new(Ledger::new("killed"));
    let mut chance = Chance::new();

    for round in 0..ROUNDS {
        let tracker = setup.start().await;
        // First the counts that the last kill left, then the next kill.
        ledger.settle(&tracker).await;
        assert_sound(&setup.database).await;

        let load = Load::start(&tracker, &ledger);
        // Some kills fall into the first transaction of the process.
        load.acknowledged(chance.within(0, if round % 4 == 0 { 2 } else { 500 })).await;
        // An acknowledgement follows its commit; the kill may fall anywhere between two of them.
        tokio::time::sleep(Duration::from_micros(chance.within(0, 15_000))).await;
        tracker.kill();
        load.end().await;
    }

    let tracker = setup.start().await;
    ledger.settle(&tracker).await;
    assert_sound(&setup.database).await;
    assert!(ledger.acknowledged() > ROUNDS * 50, "the kills met no load");
    tracker.stop().await;
}
