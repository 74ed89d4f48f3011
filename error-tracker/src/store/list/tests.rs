//! The plans of every list, and lists over a real database.

use super::search::Search;
use super::*;
use crate::report::Report;
use crate::store::ingest::testing::{count, ingest, report};
use crate::store::testing::store;

/// Every kind of plan: each filter there or not, and one of them narrow or none.
fn plans() -> Vec<Plan> {
    let searches = [
        None,
        Some("long enough"),
        Some("ab"),
        Some("\u{E4}rger \u{1F980}"),
    ];
    let mut plans = Vec::new();
    for search in searches {
        for (bits, states) in (0..64_u8)
            .flat_map(|bits| [&[0][..], &[0, 1], &[0, 1, 2, 3]].map(|states: &[i64]| (bits, states)))
        {
            let has = |bit: u8| bits & 1 << bit != 0;
            plans.push(Plan {
                project_id: has(0).then_some(1),
                facets: if has(1) {
                    vec![vec![1, 2], vec![3]]
                } else {
                    Vec::new()
                },
                states: states.to_vec(),
                source: has(2).then_some(Source::Browser),
                session: has(3).then(|| plan::Session {
                    digest: [1; 16],
                    waiting: vec![1, 2],
                }),
                since: has(4).then_some(Timestamp::from_millis(1)),
                until: has(4).then_some(Timestamp::from_millis(2)),
                search: search.map(Search::new),
                candidates: has(5).then(|| vec![1, 2, 3]),
            });
        }
    }
    plans
}

async fn explained(store: &Store, mut query: QueryBuilder<Sqlite>) -> Vec<String> {
    let rows: Vec<(i64, i64, i64, String)> = query.build_query_as().fetch_all(store.db.read()).await.unwrap();
    rows.into_iter().map(|row| row.3).collect()
}

/// A scan of the groups themselves, and not of an index of theirs or of what was picked before.
fn is_full_scan(step: &str) -> bool {
    let Some(scanned) = step.strip_prefix("SCAN ") else {
        return false;
    };
    let picked_before = scanned == "c" || scanned.starts_with('(') || scanned.starts_with("json_each ");
    !picked_before && !scanned.contains(" INDEX ")
}

#[tokio::test]
async fn no_list_reads_all_groups() {
    let (store, _folder) = store().await;
    for plan in plans() {
        for sort in [Sort::LastSeen, Sort::FirstSeen, Sort::Count, Sort::Trend] {
            for after in [None, Some((5, 5))] {
                let page = Page {
                    sort,
                    limit: 50,
                    offset: 0,
                    after,
                };
                let mut query = QueryBuilder::new("explain query plan ");
                push_places(&mut query, &plan, &page);
                let text = query.sql().as_str().to_owned();

                let steps = explained(&store, query).await;

                assert!(!steps.iter().any(|step| is_full_scan(step)), "{text}\n{steps:#?}");
                if plan.candidates.is_none() {
                    let sorted = steps.iter().any(|step| step.starts_with("USE TEMP B-TREE FOR "));
                    assert!(!sorted || sort == Sort::LastSeen, "{text}\n{steps:#?}");
                    let walked = steps.iter().filter(|step| step.contains(" e USING ")).count();
                    let expected = if sort == Sort::LastSeen {
                        plan.states.len()
                    } else {
                        1
                    };
                    assert_eq!(walked, expected, "{text}\n{steps:#?}");
                }
            }
        }
        if plan.search.is_some() && plan.candidates.is_none() {
            // This total is never counted.
            continue;
        }
        let mut query = QueryBuilder::new("explain query plan ");
        push_total(&mut query, &plan, COUNTED);
        let text = query.sql().as_str().to_owned();
        let steps = explained(&store, query).await;
        assert!(!steps.iter().any(|step| is_full_scan(step)), "{text}\n{steps:#?}");
    }
}

#[tokio::test]
async fn the_case_of_a_letter_matters_neither_before_nor_after_the_index_is_written() {
    let messages = [
        "the ÜBER-limit [1] is Straße*",
        "ОШИБКА соединения",
        "ΛΆΘΟΣ: λάθος",
        "plain ASCII Kelvin",
        "ქართული \u{65E5}\u{672C}\u{8A9E}",
    ];
    let (store, _folder) = store().await;
    let now = Timestamp::from_millis(1_772_366_400_000);
    let reports: Vec<Report> = messages
        .iter()
        .enumerate()
        .map(|(number, message)| Report {
            summary: (*message).into(),
            ..report(&format!("Kind{number}"), now)
        })
        .collect();
    count(&ingest(&store, 100), &reports, now).await;

    for when in ["before", "after"] {
        for (typed, found) in [
            ("über-LIMIT", &[1][..]),
            ("über-limit [1]", &[1]),
            ("über?limit", &[]),
            ("über*", &[]),
            ("stra\u{1E9E}e*", &[1]),
            ("straße[*]", &[]),
            ("üb", &[1]),
            ("Ü", &[1]),
            ("ошибка", &[2]),
            ("Соединения", &[2]),
            ("ошибки", &[]),
            ("λάθοσ", &[3]),
            ("λάθος: ΛΆΘΟΣ", &[3]),
            ("ascii kelvin", &[4]),
            ("ascii \u{212A}elvin", &[]),
            ("ქართული", &[5]),
            ("\u{65E5}\u{672C}", &[5]),
            ("é", &[]),
        ] {
            let filter = Filter {
                search: Some(typed.into()),
                ..Filter::default()
            };
            for sort in [Sort::LastSeen, Sort::Count] {
                let page = Page {
                    sort,
                    limit: 10,
                    ..Page::default()
                };
                let list = store.list(&filter, &page).await.unwrap();

                let ids: Vec<i64> = list.items.iter().map(|item| item.group.id).collect();
                assert_eq!(ids, found, "{when}: {typed}");
                assert_eq!(list.total, found.len() as i64, "{when}: {typed}");
            }
        }
        while store.index_some().await.unwrap() > 0 {}
    }
}
