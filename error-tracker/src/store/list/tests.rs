//! The plans of every list, and lists over a real database.

use super::*;
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
                session: has(3).then_some([1; 16]),
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
