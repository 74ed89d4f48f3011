//! Every search, held against a look at all entries.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Entry, SECOND, START, far, ids, request, write};
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, EntryId, Head};
use crate::nanos::Nanos;
use crate::query::Query;
use crate::search::page::{Page, Place, Request, Total};
use crate::search::walk::Order;
use crate::search::{Filter, around, histogram, page, resume};
use crate::store::Store;
use crate::store::append::Appender;
use crate::store::testing::store;

/// Entries of five containers, a few words each, now and then a long one. Their times are mixed, or rise but for a few seconds:
/// then the last blocks are enough for a page, and what is further on is only counted.
fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let word = prop_oneof![
        4 => "(error|timeout|user|GET|payment|retry)",
        2 => "(disk full|disk  Full|disk, full|\\\\ndisk full)",
        2 => "[a-z]{3,9}",
        1 => "[0-9]{1,3}\\.[0-9]{1,3}",
        1 => Just("\u{1b}[31mred\u{1b}[0m".to_owned()),
        1 => "(日本語|größe|Straße)",
    ];
    let text = prop::collection::vec(word, 1..8).prop_map(|words| words.join(" "));
    let entry = (text, 1..6_u32, any::<bool>(), 0..5_usize, 0..400_i64, 0..60_u8);
    (prop::collection::vec(entry, 2..400), any::<bool>()).prop_map(|(entries, rises)| {
        entries
            .into_iter()
            .enumerate()
            .map(|(index, (text, container, is_error, level, at, long))| {
                let at = if rises { index as i64 + at % 5 } else { at };
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
        "\"disk full\"",
        "\"disk full\" user",
        "\"full disk full\"",
        "\"disk full\" NOT user",
        "user GET retry",
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
