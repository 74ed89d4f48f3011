//! What a search leaves out, and how it goes on.

use std::sync::Arc;
use std::time::Instant;

use super::{Entry, ids, line, request, write};
use crate::lines::EntryId;
use crate::query::Query;
use crate::search::page::{Request, Total};
use crate::search::walk::Order;
use crate::search::{Filter, page, resume};
use crate::store::testing::store;

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
