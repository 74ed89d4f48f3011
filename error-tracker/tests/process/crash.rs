//! `kill -9` at any moment loses nothing that was acknowledged, and counts nothing twice.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::testing::database::{assert_sound, number};
use shared::testing::process::KEY;
use shared::testing::{Chance, DEADLINE, Process};

use crate::ledger::Ledger;
use crate::load::Load;
use crate::mail_server::Down;
use crate::setup::program;

const ROUNDS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_no_acknowledged_report_and_counts_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let ledger = Arc::new(Ledger::new("killed"));
    let mut chance = Chance::new();

    for round in 0..ROUNDS {
        let tracker = setup.start().await;
        // First the counts that the last kill left, then the next kill.
        ledger.settle(&tracker).await;
        assert_sound(&setup.database).await;

        let load = Load::start(&tracker, &ledger);
        // Some kills fall into the first transaction of the process, and some come when the
        // write-ahead log is being moved into the file.
        let most = [2, 200, 500, 4_000][usize::try_from(round % 4).unwrap()];
        load.acknowledged(chance.within(0, most)).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_never_parts_a_report_from_its_occurrence_and_its_alert() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody takes the alerts, so all of them stay in the queue.
    let hooks = Down::reserve();
    let url = format!("http://127.0.0.1:{}/", hooks.port);
    let setup = program(folder.path()).with("ALERT_WEBHOOK_URL", url);
    let mut chance = Chance::new();
    let mut kinds = 0;

    for round in 0..10 {
        let tracker = setup.start().await;
        let http = shared::outbound::client(DEADLINE);
        let fatal = chance.within(1, 15);
        let mut acknowledged = 0;
        loop {
            let reports: Value = (0..20).map(|number| new_kind(round, kinds + number)).collect();
            kinds += 20;
            if !is_answered(&http, &tracker, &reports).await {
                break;
            }
            acknowledged += 1;
            if acknowledged == fatal {
                tracker.signal("KILL");
            }
        }
        drop(tracker);

        let groups = number(&setup.database, "select count(*) from errors").await;
        assert!(groups >= 20);
        for (what, query) in [
            ("alerts", "select count(distinct error_id) from alerts"),
            (
                "occurrences",
                "select count(distinct error_id) from error_occurrences",
            ),
            ("keys", "select count(*) from error_keys"),
            ("counted by the project", "select sum(groups) from projects"),
        ] {
            assert_eq!(number(&setup.database, query).await, groups, "{what}");
        }
    }
}

/// Whether an answer to a batch came; none comes from a process that was killed.
async fn is_answered(http: &reqwest::Client, tracker: &Process, reports: &Value) -> bool {
    let request = http.post(format!("http://{}/api/errors/batch", tracker.address));
    let Ok(answer) = request.header("x-api-key", KEY).json(reports).send().await else {
        return false;
    };
    // An answer that did not arrive whole is none.
    answer.bytes().await.is_ok()
}

fn new_kind(round: u64, number: u64) -> Value {
    json!({"project": "parted", "exception_type": format!("Kind{round}x{number}"), "message": "m", "traceback": ""})
}
