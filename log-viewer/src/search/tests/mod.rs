//! Searches over a real database.

mod agreement;
mod bounds;

use std::time::{Duration, Instant};

use super::page::Request;
use super::walk::Order;
use crate::batch::{Chunk, News, OpenEntry, Packer};
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, EntryId, Head, Lines};
use crate::nanos::Nanos;
use crate::store::Store;
use crate::store::append::{Appender, Resumed};
use crate::store::containers::Described;

type Entry = (Head, String);

const SECOND: i64 = 1_000_000_000;
const BLOCK_ENTRIES: usize = 40;
const START: i64 = 1_772_366_400 * SECOND;

fn far() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn request(order: Order, limit: usize) -> Request {
    Request {
        order,
        behind: None,
        offset: 0,
        limit,
        total: None,
        deadline: far(),
    }
}

/// Writes entries in batches of `size`, the last one as one that may still grow.
async fn write(store: &Store, entries: &[Entry], size: usize) -> Appender {
    for number in 1..=5 {
        let described = Described {
            docker_id: number.to_string(),
            name: format!("web-{number}"),
            image: None,
            project: None,
            service: None,
            running: true,
        };
        let id = store.put_container(&described).await.unwrap();
        assert_eq!(id, ContainerId(number));
    }
    let resumed: Resumed = store.resume().await.unwrap();
    let mut appender = Appender::new(store.clone(), 300, &resumed).await.unwrap();
    // So small that there are groups of blocks as well.
    let mut packer = Packer::resume(BLOCK_ENTRIES, resumed.pending, resumed.open_blocks);
    let (last, finished) = entries.split_last().expect("entries");
    for batch in finished.chunks(size) {
        let mut chunk = Chunk::default();
        for (head, text) in batch {
            chunk.finished.push(*head, text);
            chunk.news.push(News::Entry);
        }
        packer.add(chunk);
        appender.append(&packer.take()).await.unwrap();
    }
    packer.add(Chunk {
        open: vec![(
            OpenEntry {
                head: last.0,
                text: last.1.clone(),
                state: vec![1],
            },
            News::Entry,
        )],
        ..Chunk::default()
    });
    appender.append(&packer.take()).await.unwrap();
    appender
}

fn ids(lines: &Lines) -> Vec<i64> {
    lines.heads().iter().map(|head| head.id.0).collect()
}

fn line(id: i64, container: u32, text: &str) -> Entry {
    let head = Head {
        id: EntryId(id),
        at: Nanos(START + id * SECOND / 100),
        container: ContainerId(container),
        stream: Stream::Stdout,
        level: Level::Info,
    };
    (head, text.to_owned())
}
