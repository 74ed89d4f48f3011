//! Searches over a real database, held against a plain list of the same entries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::page::{Page, Place, Request, Total};
use super::walk::Order;
use super::*;
use crate::batch::{Chunk, News, OpenEntry, Packer};
use crate::lines::{EntryId, Lines};
use crate::search::{around, histogram, page, resume};
use crate::store::Store;
use crate::store::append::{Appender, Resumed};
use crate::store::containers::Described;
use crate::store::testing::store;

type Entry = (Head, String);

const SECOND: i64 = 1_000_000_000;
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
    let mut packer = Packer::resume(usize::MAX, resumed.pending, resumed.open_blocks);
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

/// Entries of five containers whose times overlap, a few words each, now and then a long one.
fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let word = prop_oneof![
        4 => "(error|timeout|user|GET|payment|retry)",
        2 => "[a-z]{3,9}",
        1 => "[0-9]{1,3}\\.[0-9]{1,3}",
        1 => Just("\u{1b}[31mred\u{1b}[0m".to_owned()),
        1 => "(日本語|größe|Straße)",
    ];
    let text = prop::collection::vec(word, 1..8).prop_map(|words| words.join(" "));
    let entry = (text, 1..6_u32, any::<bool>(), 0..5_usize, 0..400_i64, 0..60_u8);
    prop::collection::vec(entry, 2..400).prop_map(|entries| {
        entries
            .into_iter()
            .enumerate()
            .map(|(index, (text, container, is_error, level, at, long))| {
                let head = Head {
                    id: EntryId(index as i64 + 1),
                    at: Nanos(START + at * SECOND),
                    container: ContainerId(container),
                    stream: if is_error { Stream::Stderr } else { Stream::Stdout },
                    level: Level::ALL[level],
                };
                let text = if long == 0 { text.repeat(400) } else { text };
                (head, text)
            })
            .collect()
    })
}

fn searches() -> Vec<&'static str> {
    vec![
        "",
        "error",
        "error AND timeout",
        "error OR größe",
        "NOT user",
        "red",
        "日本",
        "tim*",
        "*ime*",
        "\"error timeout\"",
        "nothingofthesort",
    ]
}

fn wanted<'e>(entries: &'e [Entry], filter: &Filter) -> Vec<&'e Entry> {
    let mut wanted: Vec<&Entry> = entries
        .iter()
        .filter(|(head, text)| filter.wants(head, text))
        .collect();
    wanted.sort_by_key(|(head, _)| std::cmp::Reverse(Place::of(head)));
    wanted
}

fn ids(lines: &Lines) -> Vec<i64> {
    lines.heads().iter().map(|head| head.id.0).collect()
}

fn filters(search: &str) -> Vec<Filter> {
    let new = || Filter::default().matching(Query::parse(search));
    vec![
        new(),
        new().of_containers([ContainerId(1), ContainerId(3)]),
        new().of_levels(&[Level::Error, Level::Critical]),
        new().of_stream(Stream::Stderr),
        new()
            .since(Nanos(START + 100 * SECOND))
            .until(Nanos(START + 200 * SECOND)),
        new()
            .of_containers([ContainerId(2)])
            .of_levels(&[Level::Info])
            .since(Nanos(START + 50 * SECOND)),
        new().of_containers([]),
    ]
}

async fn check_everything(entries: &[Entry], size: usize) {
    let (store, _folder) = store().await;
    write(&store, entries, size).await;
    // What a restart finds must be the same as what the writer left.
    let reopened = Store::open(store.db.path(), shared::settings::Durability::Process)
        .await
        .unwrap();
    let resumed = reopened.resume().await.unwrap();
    Appender::new(reopened.clone(), 300, &resumed).await.unwrap();
    assert_eq!(reopened.directory.counts(), store.directory.counts());
    assert_eq!(store.directory.counts().total(), entries.len() as u64);

    for search in searches() {
        for index in 0..filters(search).len() {
            let filter = || filters(search).swap_remove(index);
            let expected = wanted(entries, &filter());
            check_pages(&store, &filter, &expected).await;
            check_histogram(&reopened, filter(), &expected).await;
        }
    }
    check_resume(&store, entries).await;
    check_around(&reopened, entries).await;
}

async fn check_pages(store: &Store, filter: &impl Fn() -> Filter, expected: &[&Entry]) {
    let mut behind = None;
    let mut seen = Vec::new();
    loop {
        let request = Request {
            behind,
            ..request(Order::NewestFirst, 37)
        };
        let page: Page = page::read(store, filter(), request).await.unwrap();
        for (index, (head, text)) in page.entries.iter().enumerate() {
            let (expected_head, expected_text) = expected[seen.len() + index];
            assert_eq!((head, text), (expected_head, expected_text.as_str()));
        }
        seen.extend(ids(&page.entries));
        if behind.is_none() {
            let count = expected.len() as u64;
            assert_eq!(page.total, Total { count, exact: true });
        }
        behind = page.next;
        if behind.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), expected.len());

    let request = Request {
        offset: 5,
        ..request(Order::OldestFirst, 11)
    };
    let page = page::read(store, filter(), request).await.unwrap();
    let oldest: Vec<i64> = expected
        .iter()
        .rev()
        .skip(5)
        .take(11)
        .map(|(head, _)| head.id.0)
        .collect();
    assert_eq!(ids(&page.entries), oldest);
}

async fn check_histogram(store: &Store, filter: Filter, expected: &[&Entry]) {
    let now = Nanos(START + 500 * SECOND);
    let histogram = histogram::read(store, filter, 50, now, far()).await.unwrap();

    assert_eq!(
        (histogram.total, histogram.scanned_to),
        (expected.len() as u64, None)
    );
    for (start, levels) in &histogram.buckets {
        assert!(histogram.from <= *start && start.0 + histogram.width <= histogram.to.0);
        for level in Level::ALL {
            let count = expected
                .iter()
                .filter(|(head, _)| head.level == level)
                .filter(|(head, _)| (start.0..start.0 + histogram.width).contains(&head.at.0))
                .count();
            assert_eq!(levels[level as usize], count as u64);
        }
    }
}

async fn check_resume(store: &Store, entries: &[Entry]) {
    let last = EntryId(entries.len() as i64 / 2);
    let filter = Arc::new(Filter::default().matching(Query::parse("error")));

    let missed = resume::since(store, Arc::clone(&filter), last, 10).await.unwrap();

    let expected: Vec<i64> = entries
        .iter()
        .filter(|(head, text)| head.id > last && filter.wants(head, text))
        .map(|(head, _)| head.id.0)
        .collect();
    let over = expected.len().saturating_sub(10);
    assert_eq!(ids(&missed.entries), expected[over..]);
    let newest = EntryId(entries.len() as i64);
    assert_eq!((missed.left_out, missed.through), (over as u64, newest));
    let beyond = resume::since(store, filter, EntryId(1_000_000), 10)
        .await
        .unwrap();
    assert_eq!((ids(&beyond.entries), beyond.through), (vec![], newest));
}

async fn check_around(store: &Store, entries: &[Entry]) {
    let (head, text) = &entries[entries.len() / 3];
    let found = around::find(store, head.id).await.unwrap();
    assert_eq!(found, Some((*head, text.clone())));
    assert_eq!(around::find(store, EntryId(999_999)).await.unwrap(), None);

    let (before, after) = around::read(store, head, 3, 4, far()).await.unwrap();

    let mut same: Vec<&Entry> = entries
        .iter()
        .filter(|(other, _)| other.container == head.container)
        .collect();
    same.sort_by_key(|(other, _)| Place::of(other));
    let place = same
        .iter()
        .position(|(other, _)| other.id == head.id)
        .expect("itself");
    let numbers = |entries: &[&Entry]| -> Vec<i64> { entries.iter().map(|(head, _)| head.id.0).collect() };
    assert_eq!(ids(&before), numbers(&same[place.saturating_sub(3)..place]));
    assert_eq!(
        ids(&after),
        numbers(&same[place + 1..(place + 5).min(same.len())])
    );
}

#[test]
fn every_search_finds_what_a_look_at_all_entries_finds() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    runner
        .run(&(any_entries(), 1..120_usize), |(entries, size)| {
            runtime.block_on(check_everything(&entries, size));
            Ok(())
        })
        .unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_total_beyond_ten_thousand_is_a_lower_bound_and_the_page_is_right_all_the_same() {
    let (store, _folder) = store().await;
    let entries: Vec<Entry> = (1..=30_000)
        .map(|id| line(id, 1, &format!("request {id} took long")))
        .collect();
    write(&store, &entries, 1_000).await;

    let filter = Filter::default().matching(Query::parse("request"));
    let page = page::read(&store, filter, request(Order::NewestFirst, 3))
        .await
        .unwrap();

    assert_eq!(ids(&page.entries), [30_000, 29_999, 29_998]);
    assert!(
        !page.total.exact && page.total.count >= 10_000,
        "{:?}",
        page.total
    );
    let everything = page::read(&store, Filter::default(), request(Order::NewestFirst, 1))
        .await
        .unwrap();
    assert_eq!(
        everything.total,
        Total {
            count: 30_000,
            exact: true
        }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_runs_out_of_time_says_how_far_it_came_and_goes_on_from_there() {
    let (store, _folder) = store().await;
    let entries: Vec<Entry> = (1..=8_000)
        .map(|id| {
            let text = if id % 2_000 == 0 { "needle" } else { "hay" };
            line(id, 1, &format!("{text} {}", "x".repeat(100)))
        })
        .collect();
    write(&store, &entries, 1_000).await;

    let mut behind = None;
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let filter = Filter::default().matching(Query::parse("*eedl*"));
        let page = page::read(
            &store,
            filter,
            Request {
                behind,
                deadline: Instant::now(),
                ..request(Order::NewestFirst, 100)
            },
        )
        .await
        .unwrap();
        found.extend(ids(&page.entries));
        pages += 1;
        behind = page.next;
        if page.scanned_to.is_none() {
            break;
        }
    }

    assert_eq!(found, [8_000, 6_000, 4_000, 2_000]);
    assert!(pages > 2, "each page had no time at all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_goes_on_is_given_what_has_grown_meanwhile() {
    let (store, _folder) = store().await;
    let entries = [
        line(1, 1, "Traceback\n  an old one"),
        line(2_000, 1, "ready"),
        line(2_001, 1, "Traceback\n  File\nKeyError"),
        line(2_002, 1, "the last that was seen"),
        line(2_003, 1, "new"),
    ];
    write(&store, &entries, 2).await;

    let missed = resume::since(&store, Arc::new(Filter::default()), EntryId(2_002), 10)
        .await
        .unwrap();

    assert_eq!(
        (ids(&missed.grown), ids(&missed.entries)),
        (vec![2_001], vec![2_003])
    );
}
