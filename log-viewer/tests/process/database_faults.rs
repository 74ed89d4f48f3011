//! A database that is foreign, locked, full or read-only: a clear answer, and nothing that was on the disk is lost.

use std::sync::Arc;

use shared::testing::database::{self, assert_sound};
use shared::testing::{Chance, Process, Program, SmallDisk, database_faults, eventually};

use crate::docker::{Container, DockerFolder};
use crate::ledger::Ledger;
use crate::setup::{BINARY, export, has, program};

/// Text that does not compress well, so that it fills pages.
fn fill(container: &mut Container, ledger: &Ledger, lines: usize, chance: &mut Chance) {
    for _ in 0..lines {
        let text: String = (0..2_000)
            .map(|_| char::from(chance.within(48, 123) as u8))
            .collect();
        let line = format!("noise {text}");
        container.line(&line);
        ledger.note(&container.name, "stdout", line);
    }
}

async fn says(viewer: &mut Process, message: &str, times: usize) {
    eventually(message, async || {
        (viewer.log_lines(message).len() >= times).then_some(())
    })
    .await;
}

const FAILS: &str = "entries cannot be written; it is tried again until it works";
const WORKS: &str = "entries are written again";

#[tokio::test]
async fn files_of_others_are_refused_and_left_as_they_were() {
    database_faults::assert_others_refused(
        "log-viewer",
        |folder| {
            let (setup, docker) = program(folder);
            docker.container("shop").line("one");
            setup
        },
        "create table log_entries (id integer primary key, timestamp text, container text, message text)",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_another_process_holds_the_database_is_there_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let (ledger, mut chance) = (Ledger::default(), Chance::new());
    let mut shop = docker.container("shop");
    let mut viewer = setup.start().await;
    fill(&mut shop, &ledger, 10, &mut chance);
    has(&viewer, 10).await;
    let mut other = database::open(&setup.database).await;
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();

    fill(&mut shop, &ledger, 200, &mut chance);
    says(&mut viewer, FAILS, 1).await;
    let list = viewer.get("/api/logs").await;
    let metrics = viewer.api().get("/metrics").await;
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    assert_eq!(list["total"], 10, "reading goes on");
    assert!(metrics.text().contains("monlight_log_viewer_writing_fails 1"));
    says(&mut viewer, WORKS, 1).await;
    has(&viewer, 210).await;
    ledger.assert_equals(&export(&viewer).await);
    assert_eq!(viewer.log_lines(FAILS).len(), 1, "it is said once");
    viewer.stop().await;
    assert_sound(&setup.database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_ends_with_the_space() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::at(&place, 12 * 1_024) else {
        eprintln!("no mounts here; the limit on file size in the next test stands in for a full disk");
        return;
    };
    let docker = DockerFolder::at(folder.path().join("containers"));
    let setup = Program::new(BINARY, place.join("logs.db")).with("LOG_SOURCES", docker.path().display());
    let (ledger, mut chance) = (Arc::new(Ledger::default()), Chance::new());
    let mut shop = docker.rotating("shop", 500, false);
    let mut viewer = Process::start(disk.command(&setup, "true")).await;
    fill(&mut shop, &ledger, 10, &mut chance);
    has(&viewer, 10).await;
    let filler = disk.seen_from_here(&viewer, "filler");
    let filled = std::fs::write(&filler, vec![0_u8; 16 << 20]);
    assert!(filled.is_err(), "the disk is smaller than that");

    for round in 1..=2 {
        while viewer.log_lines(FAILS).len() < round {
            fill(&mut shop, &ledger, 20, &mut chance);
            shop.rotate();
            assert!(ledger.entries() < 20_000, "the disk never ran full");
            eventually("the lines are there, or the disk is full", async || {
                let stats = viewer.get("/api/stats").await;
                let is_full = viewer.log_lines(FAILS).len() >= round;
                (is_full || stats["total_logs"] == ledger.entries()).then_some(())
            })
            .await;
        }
        assert!(
            viewer.get("/api/logs?limit=1").await["logs"][0]["id"].is_i64(),
            "reading goes on"
        );
        assert!(!viewer.has_ended());
        let room = if round == 1 { 4 } else { 0 };
        let file = std::fs::File::options().write(true).open(&filler).unwrap();
        file.set_len(room << 20).unwrap();
        says(&mut viewer, WORKS, round).await;
    }
    has(&viewer, ledger.entries()).await;

    ledger.assert_equals(&export(&viewer).await);
    disk.assert_sound(&viewer, "logs.db").await;
    viewer.signal("TERM");
    assert_eq!(viewer.ended().await.0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_file_size_is_told_does_not_kill_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let (ledger, mut chance) = (Ledger::default(), Chance::new());
    let mut shop = docker.container("shop");
    fill(&mut shop, &ledger, 2_000, &mut chance);
    // Blocks of 512 bytes, so 2 MiB.
    let limited = setup.command(&["sh", "-c", "ulimit -f 4096 && exec \"$0\""]);
    let mut viewer = Process::start(limited).await;

    says(&mut viewer, FAILS, 1).await;
    assert!(!viewer.has_ended());
    viewer.stop().await;

    let viewer = setup.start().await;
    has(&viewer, ledger.entries()).await;
    ledger.assert_equals(&export(&viewer).await);
    viewer.stop().await;
    assert_sound(&setup.database).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, _docker) = program(folder.path());
    setup.start().await.stop().await;
    database_faults::assert_read_only_told(&setup, |disk| Program::new(BINARY, disk.join("logs.db")));
}
