//! A disk without room, and a limit on the size of files: it is told, nothing is lost, and it ends with the space.

use shared::testing::database::assert_sound;
use shared::testing::{Chance, Process, Program, SmallDisk, database_faults, eventually};

use crate::ledger::Ledger;
use crate::setup::{BINARY, program};

/// Sends batches until the collector refuses one; what it answered then.
async fn send_until_refused(collector: &Process, ledger: &Ledger, chance: &mut Chance) -> String {
    for _ in 0..5_000 {
        let batch = ledger.write(chance, 900);
        let client = collector.api().with("Idempotency-Key", &batch.key);
        let reply = client.post_json("/api/metrics", &batch.body()).await;
        if reply.status == 503 {
            return reply.detail();
        }
        assert_eq!(reply.status, 202, "{}", reply.text());
        ledger.acknowledge(&batch.key);
    }
    panic!("the disk never ran full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_loses_nothing_and_ends_with_the_space() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::at(&place, 6 * 1_024) else {
        eprintln!("no mounts here; the limit on file size in another test stands in for a full disk");
        return;
    };
    let setup = Program::new(BINARY, place.join("metrics.db")).with("AGGREGATION_INTERVAL", 1);
    let (ledger, mut chance) = (Ledger::new(), Chance::new());
    let mut collector = Process::start(disk.command(&setup, "true")).await;
    for _ in 0..10 {
        ledger.write(&mut chance, 100);
    }
    ledger.settle(&collector).await;
    let filler = disk.seen_from_here(&collector, "filler");
    let filled = std::fs::write(&filler, vec![0_u8; 8 << 20]);
    assert!(filled.is_err(), "the disk is smaller than that");

    for _ in 0..2 {
        let refusal = send_until_refused(&collector, &ledger, &mut chance).await;
        assert_eq!(refusal, "the disk is full; nothing was stored");
        assert!(!ledger.found(&collector).await.is_empty(), "reading goes on");
        assert!(!collector.has_ended());

        // Some of the space comes back, and runs out again.
        let file = std::fs::File::options().write(true).open(&filler).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        ledger.settle(&collector).await;
    }

    std::fs::remove_file(&filler).unwrap();
    eventually("health is back", async || {
        (collector.api().get("/health").await.status == 200).then_some(())
    })
    .await;
    ledger.settle(&collector).await;
    disk.assert_sound(&collector, "metrics.db").await;
    collector.signal("TERM");
    assert_eq!(collector.ended().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_start_on_a_full_disk_says_so() {
    database_faults::assert_full_disk_told(program);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_file_size_is_told_and_does_not_kill() {
    let folder = tempfile::tempdir().unwrap();
    let setup = program(folder.path());
    let (ledger, mut chance) = (Ledger::new(), Chance::new());
    // Blocks of 512 bytes, so 2 MiB.
    let limited = setup.command(&["sh", "-c", "ulimit -f 4096 && exec \"$0\""]);
    let collector = Process::start(limited).await;

    let refusal = send_until_refused(&collector, &ledger, &mut chance).await;

    assert!(refusal.ends_with("nothing was stored"), "{refusal}");
    assert!(!ledger.found(&collector).await.is_empty(), "reading goes on");
    collector.stop().await;
    let collector = setup.start().await;
    ledger.settle(&collector).await;
    assert_sound(&setup.database).await;
}
