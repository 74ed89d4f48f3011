//! What the ring keeps, over a real database.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::testing::plans::{Step, assert_cheap};

use super::append::Appender;
use super::containers::Described;
use super::ring::{Limits, Ring};
use super::testing::store;
use super::*;
use crate::batch::{Chunk, News, OpenEntry, Packer};
use crate::cursor::{Cursor, Mark};
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, EntryId, Head, Lines};
use crate::nanos::Nanos;

const ENTRIES: Limits = Limits {
    entries: Some(20_000),
    bytes: None,
    age: None,
};

struct Setup {
    store: Store,
    appender: Appender,
    packer: Packer,
    ring: Ring,
    next_id: i64,
    _folder: tempfile::TempDir,
}

fn described(number: u32) -> Described {
    Described {
        docker_id: format!("{number:064x}"),
        name: format!("web-{number}"),
        image: None,
        project: None,
        service: None,
        running: true,
    }
}

async fn setup(limits: Limits) -> Setup {
    let (store, folder) = store().await;
    for number in 1..=3 {
        store.put_container(&described(number)).await.unwrap();
    }
    let resumed = store.resume().await.unwrap();
    Setup {
        appender: Appender::new(store.clone(), limits.part_entries(), &resumed)
            .await
            .unwrap(),
        packer: Packer::resume(limits.block_entries(), Lines::default(), 0),
        ring: Ring::new(limits),
        next_id: 1,
        store,
        _folder: folder,
    }
}

fn head(id: i64, container: u32) -> Head {
    Head {
        id: EntryId(id),
        at: Nanos(id * 1_000),
        container: ContainerId(container),
        stream: Stream::Stdout,
        level: Level::Info,
    }
}

impl Setup {
    /// Writes so many entries of a container, and lets the ring work after each thousand, as the service does.
    async fn write(&mut self, container: u32, count: i64) {
        for start in (0..count).step_by(1_000) {
            let mut chunk = Chunk::default();
            for _ in start..count.min(start + 1_000) {
                let id = self.next_id;
                self.next_id += 1;
                chunk.finished.push(
                    head(id, container),
                    &format!("line {id} {:x}", id.wrapping_mul(0x1e37_79b9_7f4a_7c15)),
                );
                chunk.news.push(News::Entry);
            }
            self.packer.add(chunk);
            self.appender.append(&self.packer.take()).await.unwrap();
            self.tidy(Nanos(0)).await;
        }
    }

    async fn tidy(&mut self, now: Nanos) {
        let long = Duration::from_secs(60);
        assert!(!self.ring.work(&mut self.appender, now, long).await.unwrap());
    }

    /// The numbers of all entries, read from the database.
    async fn ids(&self, container: u32) -> Vec<i64> {
        let ids = self.store.directory.pick(|block| Some(block.id));
        let mut found = Vec::new();
        let mut add = |lines: &Lines| {
            found.extend(
                lines
                    .heads()
                    .iter()
                    .filter(|head| head.container.0 == container)
                    .map(|head| head.id.0),
            );
        };
        for (_, block) in self.store.read_blocks(&ids).await.unwrap() {
            add(&block.unpack());
        }
        add(&self.store.pending().await.unwrap().lines);
        found.sort_unstable();
        found
    }
}

#[tokio::test]
async fn the_oldest_go_and_the_limit_is_exceeded_by_a_twentieth_at_most() {
    for most in [1_000, 20_000] {
        let mut setup = setup(Limits {
            entries: Some(most),
            ..ENTRIES
        })
        .await;
        for _ in 0..20 {
            setup.write(1, most as i64 / 6).await;

            // Entries that are not in a closed block count as well.
            let ids = setup.ids(1).await;
            let written = (setup.next_id - 1).unsigned_abs();
            let wanted = written.min(most)..=most + most / 20 - 1;
            assert!(wanted.contains(&(ids.len() as u64)), "{} of {most}", ids.len());
            let newest: Vec<i64> = (setup.next_id - ids.len() as i64..setup.next_id).collect();
            assert_eq!(ids, newest, "the newest, without a gap");
            assert_eq!(setup.store.directory.entries(), ids.len() as u64);
        }
    }
}

#[tokio::test]
async fn a_ring_without_time_makes_room_all_the_same_before_it_is_too_full_by_more_than_a_part() {
    let mut setup = setup(Limits {
        entries: Some(1_000),
        ..ENTRIES
    })
    .await;
    for _ in 0..10 {
        let mut chunk = Chunk::default();
        for _ in 0..400 {
            chunk.finished.push(head(setup.next_id, 1), "line");
            chunk.news.push(News::Entry);
            setup.next_id += 1;
        }
        setup.packer.add(chunk);
        setup.appender.append(&setup.packer.take()).await.unwrap();
        let appender = &mut setup.appender;
        setup.ring.work(appender, Nanos(0), Duration::ZERO).await.unwrap();

        let entries = setup.store.directory.entries();
        assert!(entries <= 1_050, "{entries}");
    }
}

#[tokio::test]
async fn a_quiet_container_keeps_its_newest_entries_whatever_the_others_write() {
    let mut setup = setup(ENTRIES).await;
    setup.write(2, 1_500).await;
    setup.write(3, 10).await;

    setup.write(1, 150_000).await;
    setup.tidy(Nanos(0)).await;

    let quiet = setup.ids(2).await;
    assert_eq!(quiet[quiet.len() - 1_000..], (501..=1_500).collect::<Vec<i64>>());
    assert!(quiet.len() < 1_200, "{} are kept", quiet.len());
    assert_eq!(setup.ids(3).await, (1_501..=1_510).collect::<Vec<i64>>());
    let counts = setup.store.directory.counts();
    assert_eq!(counts.of_container(ContainerId(2)), quiet.len() as u64);

    // What was written anew is found by the index, and a restart knows the same.
    let filter = crate::search::Filter::default().matching(crate::query::Query::parse("line AND 1507"));
    let request = crate::search::page::Request {
        order: crate::search::walk::Order::NewestFirst,
        behind: None,
        offset: 0,
        limit: 10,
        total: None,
        deadline: std::time::Instant::now() + Duration::from_secs(30),
    };
    let page = crate::search::page::read(&setup.store, filter, request)
        .await
        .unwrap();
    assert_eq!(page.entries.heads()[0].id, EntryId(1_507));
    let reopened = Store::open(setup.store.db.path(), Durability::Process)
        .await
        .unwrap();
    assert_eq!(
        reopened.directory.entries(),
        setup.store.directory.entries() - setup.store.pending().await.unwrap().lines.len() as u64
    );
}

/// The file without its log, free pages included.
async fn file_bytes(store: &Store) -> i64 {
    let pages: i64 = sqlx::query_scalar("pragma page_count")
        .fetch_one(store.db.read())
        .await
        .unwrap();
    pages * 4_096
}

#[tokio::test]
async fn what_was_removed_leaves_its_room_to_what_comes() {
    let mut setup = setup(ENTRIES).await;
    setup.write(1, 60_000).await;
    setup.tidy(Nanos(0)).await;
    let size = file_bytes(&setup.store).await;

    setup.write(1, 200_000).await;
    setup.tidy(Nanos(0)).await;

    let grown = file_bytes(&setup.store).await;
    assert!(grown < size * 5 / 4, "from {size} to {grown} bytes");
    let tables: i64 = sqlx::query_scalar(
        "select count(*) from sqlite_master where type = 'table' and name glob 'log_entries_fts_*_data'",
    )
    .fetch_one(setup.store.db.read())
    .await
    .unwrap();
    assert!(tables <= 22, "{tables} parts of the index");
}

#[tokio::test]
async fn a_limit_of_bytes_holds() {
    let bytes = 2 << 20;
    let mut setup = setup(Limits {
        entries: Some(1_000_000),
        bytes: Some(bytes),
        age: None,
    })
    .await;

    setup.write(1, 120_000).await;
    setup.tidy(Nanos(0)).await;

    let used = setup.store.used_bytes().await.unwrap();
    assert!(used <= bytes + bytes / 10, "{used} bytes");
    let ids = setup.ids(1).await;
    assert_eq!(ids.last(), Some(&120_000));
    assert!(
        used > bytes / 2 && ids.len() > 5_000,
        "{used} bytes, {} entries",
        ids.len()
    );
}

#[tokio::test]
async fn what_is_too_old_goes_whoever_wrote_it() {
    let mut setup = setup(Limits {
        age: Some(1_000_000),
        ..ENTRIES
    })
    .await;
    setup.write(2, 2_000).await;
    setup.write(1, 6_000).await;

    setup.tidy(Nanos(7_000 * 1_000)).await;

    assert_eq!(setup.ids(2).await, Vec::<i64>::new());
    let left = setup.ids(1).await;
    let oldest = *left.first().unwrap();
    // A block goes when all of it is too old.
    assert!((4_000..=6_000).contains(&oldest), "from {oldest} on");
}

fn cursor(position: u64) -> Cursor {
    Cursor {
        device: u64::MAX,
        inode: 7,
        head: Mark {
            length: 10,
            hash: u64::MAX - 1,
        },
        position,
        tail: Mark { length: 4, hash: 3 },
        last_at: Nanos(-5),
    }
}

#[tokio::test]
async fn entries_that_grow_and_cursors_are_there_after_a_restart() {
    let mut setup = setup(ENTRIES).await;
    let open = |id: i64, text: &str, stream: Stream| OpenEntry {
        head: Head {
            stream,
            level: Level::Error,
            ..head(id, 1)
        },
        text: text.to_owned(),
        state: vec![1, 2],
    };
    setup.packer.add(Chunk {
        open: vec![
            (open(1, "Traceback", Stream::Stderr), News::Entry),
            (open(2, "ready", Stream::Stdout), News::Entry),
        ],
        cursor: Some((ContainerId(1), cursor(10))),
        ..Chunk::default()
    });
    setup.appender.append(&setup.packer.take()).await.unwrap();
    let mut chunk = Chunk {
        open: vec![(open(1, "Traceback\n  File", Stream::Stderr), News::Amendment)],
        closed: vec![(ContainerId(1), Stream::Stdout)],
        cursor: Some((ContainerId(1), cursor(20))),
        ..Chunk::default()
    };
    chunk.finished.push(head(2, 1), "ready");
    chunk.news.push(News::Nothing);
    setup.packer.add(chunk);
    let batch = setup.packer.take();
    setup.appender.append(&batch).await.unwrap();

    let reopened = Store::open(setup.store.db.path(), Durability::Process)
        .await
        .unwrap();
    let resumed = reopened.resume().await.unwrap();

    assert_eq!(
        resumed.open_entries,
        [open(1, "Traceback\n  File", Stream::Stderr)]
    );
    let texts: Vec<&str> = resumed.pending.iter().map(|(_, text)| text).collect();
    assert_eq!(
        (texts, resumed.open_blocks, resumed.last_entry),
        (vec!["ready"], 1, EntryId(2))
    );
    let expected = std::collections::HashMap::from([(ContainerId(1), cursor(20))]);
    assert_eq!(reopened.cursors().await.unwrap(), expected);
    let counts: BTreeMap<ContainerId, u64> = setup
        .store
        .directory
        .counts()
        .iter()
        .map(|(container, levels)| (container, levels.iter().sum()))
        .collect();
    assert_eq!(counts, BTreeMap::from([(ContainerId(1), 2)]));
    let told: Vec<(i64, bool)> = batch
        .news
        .heads()
        .iter()
        .map(|head| head.id.0)
        .zip(batch.amendments.clone())
        .collect();
    assert_eq!(told, [(1, true)], "what was told before is not told again");
}

#[tokio::test]
async fn many_small_commits_leave_few_open_blocks() {
    let mut setup = setup(ENTRIES).await;
    for _ in 0..150 {
        setup.write(1, 1).await;
    }

    let resumed = setup.store.resume().await.unwrap();

    assert!(resumed.open_blocks <= 64, "{}", resumed.open_blocks);
    assert_eq!(resumed.pending.len(), 150);
    assert_eq!(setup.ids(1).await, (1..=150).collect::<Vec<i64>>());
}

#[tokio::test]
async fn every_statement_is_valid_and_none_reads_a_large_table_from_end_to_end() {
    let (store, _folder) = store().await;

    assert_cheap(env!("CARGO_MANIFEST_DIR"), store.db.read(), 20, is_bounded).await;
}

/// What was bound, the parts of the index (two dozen), containers with their places in files, entries that are still open, and
/// once, at the start, the directory of all blocks.
fn is_bounded(step: &Step) -> bool {
    let scanned = step.text.trim_start_matches("SCAN ");
    let name = scanned.split(' ').next().unwrap_or_default();
    matches!(
        name,
        "json_each" | "parts" | "containers" | "cursors" | "open_entries" | "block_groups"
    ) || scanned == "log_entries USING INDEX log_entries_open"
        || step.statement.contains("levels, counts")
}
