//! A disk without room: it is told, nothing is lost, and it ends with the space.

use serde_json::{Value, json};
use shared::testing::database::assert_sound;
use shared::testing::{Chance, Process, Program, SmallDisk, database_faults, eventually};

use crate::setup::{BINARY, Peers, browser, is_drained, program, report};

fn large(number: usize) -> Value {
    let stack = Chance::from_seed(number as u64 * 2 + 77).text(50_000);
    let number = number.to_string();
    json!({"message": number, "event_id": number, "stack": stack})
}

/// Sends reports until the relay refuses one; what it answered then.
async fn send_until_refused(relay: &Process, sent: &mut usize) -> String {
    for _ in 0..2_000 {
        let reply = browser(relay)
            .post_json("/api/browser/errors", &large(*sent))
            .await;
        if reply.status == 503 {
            assert!(reply.header("retry-after").parse::<u32>().is_ok());
            return reply.detail();
        }
        assert_eq!(reply.status, 202, "{}", reply.text());
        *sent += 1;
    }
    panic!("the disk never ran full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_loses_nothing_and_ends_with_the_space() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("small");
    std::fs::create_dir(&place).unwrap();
    let Some(disk) = SmallDisk::at(&place, 20 * 1_024) else {
        eprintln!("no mounts here; the limit on file size in another test stands in for a full disk");
        return;
    };
    let peers = Peers::start();
    peers.tracker.down().await;
    let setup = peers.before(Program::new(BINARY, place.join("relay.db")));
    let mut relay = Process::start(disk.command(&setup, "true")).await;
    let filler = disk.seen_from_here(&relay, "filler");
    // SQLite needs room for what is in its log before it can use the log again.
    let reserve = disk.seen_from_here(&relay, "reserve");
    std::fs::write(&reserve, vec![0_u8; 8 << 20]).unwrap();
    let mut sent = 0;
    for _ in 0..10 {
        let reply = browser(&relay)
            .post_json("/api/browser/errors", &large(sent))
            .await;
        assert_eq!(reply.status, 202);
        sent += 1;
    }
    let filled = std::fs::write(&filler, vec![0_u8; 16 << 20]);
    assert!(filled.is_err(), "the disk is smaller than that");

    for _ in 0..2 {
        let refusal = send_until_refused(&relay, &mut sent).await;
        assert_eq!(refusal, "the disk is full; nothing was stored");
        let map = json!({"version": 3, "sources": ["a.ts"], "names": [], "mappings": "AAAA", "sourcesContent": ["x".repeat(12 << 20)]});
        let path = "/api/source-maps?project=shop&release=1&file_url=/a.js";
        let upload = relay.api().post_json(path, &map).await;
        assert_eq!(upload.status, 503, "{}", upload.text());
        assert!(
            upload.detail().ends_with("nothing was stored"),
            "{}",
            upload.detail()
        );
        assert_eq!(
            relay.get("/api/spool").await["peers"][0]["waiting"],
            sent,
            "reading goes on"
        );
        assert!(!relay.has_ended());

        // Some of the space comes back, and runs out again.
        let file = std::fs::File::options().write(true).open(&filler).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        eventually("reports are taken again", async || {
            let reply = browser(&relay)
                .post_json("/api/browser/errors", &large(sent))
                .await;
            (reply.status == 202).then_some(())
        })
        .await;
        sent += 1;
    }

    // What is sent on while the disk is full cannot be forgotten, and is known when it comes again.
    send_until_refused(&relay, &mut sent).await;
    peers.tracker.up();
    peers.tracker.is_asked(2).await;
    std::fs::remove_file(&filler).unwrap();
    std::fs::remove_file(&reserve).unwrap();
    is_drained(&relay).await;
    let taken = peers.tracker.taken();
    let messages: Vec<usize> = taken
        .iter()
        .map(|report| report["message"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(messages, (0..sent).collect::<Vec<_>>());
    eventually("health is back", async || {
        (relay.api().get("/health").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(report(&relay, "after").await, 201);
    disk.assert_sound(&relay, "relay.db").await;
    relay.signal("TERM");
    assert_eq!(relay.ended().await.0.code(), Some(0));
}

#[tokio::test]
async fn a_start_on_a_full_disk_says_so() {
    database_faults::assert_full_disk_told(program);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_file_size_is_told_and_does_not_kill() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start();
    peers.tracker.down().await;
    let setup = peers.program(folder.path());
    // Blocks of 512 bytes, so 2 MiB.
    let limited = setup.command(&["sh", "-c", "ulimit -f 4096 && exec \"$0\""]);
    let relay = Process::start(limited).await;
    let mut sent = 0;

    let refusal = send_until_refused(&relay, &mut sent).await;

    assert!(refusal.ends_with("nothing was stored"), "{refusal}");
    relay.stop().await;
    let relay = setup.start().await;
    peers.tracker.up();
    is_drained(&relay).await;
    assert_eq!(peers.tracker.taken().len(), sent);
    assert_sound(&setup.database).await;
}
