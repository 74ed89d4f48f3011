//! SIGTERM and SIGINT: streams are told, the end is clean and comes in time, and the next start goes on.

use std::sync::Arc;

use serde_json::json;
use shared::testing::Chance;
use shared::testing::database::assert_sound;
use shared::testing::process::KEY;
use shared::testing::stop::{assert_clean, assert_ends_well, assert_first_process_stops, assert_merged};

use crate::events::EventStream;
use crate::ledger::Ledger;
use crate::setup::{export, has, program};
use crate::writing::{Upkeep, Writing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_with_open_streams_is_clean_and_the_next_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let ledger = Arc::new(Ledger::default());
    let mut chance = Chance::new();
    let writings = ["one", "two"].map(|name| {
        let container = docker.rotating(name, 300, true);
        Writing::start(container, Upkeep::Rotate, chance.within(0, u64::MAX), &ledger)
    });
    for signal in ["TERM", "INT"] {
        let mut viewer = setup.start().await;
        let mut streams = Vec::new();
        for number in 0..20 {
            let path = "/api/logs/tail";
            let headers = [("X-API-Key", KEY)];
            // Some of them never read.
            let stream = if number % 4 == 0 {
                EventStream::open_narrow(viewer.address, path, &headers).await
            } else {
                EventStream::open(viewer.address, path, &headers).await
            };
            streams.push(stream);
        }
        let mut watched = streams.swap_remove(1);
        watched.next().await.unwrap();
        let watching = tokio::spawn(async move {
            let mut last = None;
            while let Some(event) = watched.next().await {
                last = Some(event);
            }
            last.unwrap()
        });

        viewer.signal(signal);
        assert_ends_well(&mut viewer).await;
        assert_clean(&viewer);

        let last = watching.await.unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data),
            ("close", &json!({"reason": "the service is stopping"}))
        );
        assert_merged(&setup.database);
    }
    for writing in writings {
        writing.end();
    }

    let viewer = setup.start().await;
    has(&viewer, ledger.entries()).await;
    ledger.assert_equals(&export(&viewer).await);
    viewer.stop().await;
    assert_sound(&setup.database).await;
}

#[tokio::test]
async fn the_first_process_of_a_container_stops_on_a_signal_too() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, _docker) = program(folder.path());
    assert_first_process_stops(&setup).await;
}
