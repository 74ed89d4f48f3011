//! `kill -9` at any moment: every line once and in order, while containers write and rotate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::testing::database::assert_sound;
use shared::testing::{Chance, DEADLINE, Process};

use crate::ledger::Ledger;
use crate::setup::{export, program};
use crate::writing::{Upkeep, Writing};

const KILLS: u64 = 50;

/// With so many files nothing is deleted here.
const MANY_FILES: u32 = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_any_moment_lose_nothing_and_repeat_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (program, docker) = program(folder.path());
    let program = program.with("MAX_ENTRIES", 5_000_000);
    let ledger = Arc::new(Ledger::default());
    let mut chance = Chance::new();
    let containers = [
        (docker.rotating("plain", MANY_FILES, false), Upkeep::Rotate),
        (docker.rotating("compressed", MANY_FILES, true), Upkeep::Rotate),
        (docker.rotating("three-files", 3, true), Upkeep::RotateWhenTold),
        (
            docker.rotating("copied", MANY_FILES, false),
            Upkeep::CopyAndTruncate,
        ),
    ];
    let writings = containers
        .map(|(container, upkeep)| Writing::start(container, upkeep, chance.within(0, u64::MAX), &ledger));

    for round in 0..KILLS {
        let mut viewer = Process::spawn(program.command(&[]));
        match round % 10 {
            // Into the start, wherever it is.
            1 | 5 => pause(chance.within(0, 60_000)).await,
            // Everything that was written until now is read, so three files may turn twice.
            9 => {
                viewer.listens().await;
                reads(&viewer, ledger.entries()).await;
                writings[2].allow(2);
                pause(chance.within(0, 200_000)).await;
            }
            _ => {
                viewer.listens().await;
                pause(chance.within(0, 150_000)).await;
            }
        }
        viewer.kill();
        assert_sound_if_there(&program.database).await;
        // Sometimes it stays away for a while.
        pause(chance.within(0, 30_000)).await;
    }
    let rotations = writings.map(Writing::end);
    let viewer = program.start().await;
    reads(&viewer, ledger.entries()).await;
    viewer.stop().await;

    let viewer = program.start().await;
    eprintln!("{} entries, rotations {rotations:?}", ledger.entries());
    ledger.assert_equals(&export(&viewer).await);
    viewer.stop().await;
    assert_sound(&program.database).await;
    assert!(ledger.entries() > 5_000, "the kills met no load");
    assert!(rotations.iter().all(|count| *count > 2), "{rotations:?}");
}

/// A random moment is the point of the test; nothing is waited for.
async fn pause(micros: u64) {
    tokio::time::sleep(Duration::from_micros(micros)).await;
}

/// Waits until so many entries are there. If it is in vain, the comparison says what is missing.
async fn reads(viewer: &Process, entries: usize) {
    let started = Instant::now();
    loop {
        let stats = viewer.get("/api/stats").await;
        if stats["total_logs"].as_u64() >= Some(entries as u64) || started.elapsed() > DEADLINE {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The first kills may come before there is a database.
async fn assert_sound_if_there(database: &std::path::Path) {
    if database.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        assert_sound(database).await;
    }
}
