use super::*;
use crate::store::testing::{open, store};

fn map<'a>(project: &'a str, release: &'a str, file_url: &'a str) -> NewMap<'a> {
    NewMap {
        project,
        release,
        file_url,
        path: crate::page::path(file_url),
        debug_id: Some("0123"),
        size: 7,
        index: Packed {
            size: 3,
            bytes: b"abc",
        },
    }
}

async fn put(store: &Store, map: &NewMap<'_>) -> (i64, Option<i64>) {
    let id = store.new_map_id();
    store.put_blocks(id, 0, &[vec![1], vec![2]]).await.unwrap();
    let replaced = store
        .publish_map(id, map, Timestamp::from_millis(id * 1_000))
        .await
        .unwrap();
    (id, replaced)
}

#[tokio::test]
async fn a_map_is_found_by_its_path_and_by_its_debug_id() {
    let (store, _folder) = store().await;
    let (id, _) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;
    let (newer, _) = put(&store, &map("shop", "1.0", "https://y/a.js")).await;
    put(&store, &map("other", "1.0", "https://x/a.js")).await;

    let found = store
        .maps_by_path("shop", "1.0", &["/a.js", "/b.js"])
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(|found| found.id).collect::<Vec<_>>(),
        [id, newer],
        "the newest comes last"
    );
    assert!(
        store
            .maps_by_path("shop", "2.0", &["/a.js"])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.maps_by_debug_id("shop", &["0123"]).await.unwrap().len(), 2);
    assert_eq!(store.map_block(id, 1).await.unwrap(), Some(vec![2]));
    assert_eq!(
        store.map_block(id, 2).await.unwrap(),
        None,
        "the next block is another map's"
    );
    assert_eq!(store.map_index(id).await.unwrap(), Some((3, b"abc".to_vec())));
    assert!(
        store.has_release("shop", "1.0").await.unwrap() && !store.has_release("shop", "2.0").await.unwrap()
    );
}

#[tokio::test]
async fn an_upload_of_the_same_file_replaces_the_map() {
    let (store, _folder) = store().await;
    let (old, _) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;
    let (new, replaced) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;

    assert_eq!(replaced, Some(old));
    let filter = Filter {
        project: Some("shop"),
        release: None,
    };
    let (rows, total) = store.list_maps(filter, i64::MAX, 10).await.unwrap();
    assert_eq!((rows.len(), rows[0].id, total), (1, new, 1));
    assert_eq!(store.next_orphan(0, i64::MAX).await.unwrap(), Some(old));
    store.drop_blocks(old).await.unwrap();
    assert_eq!(store.next_orphan(0, i64::MAX).await.unwrap(), None);
    assert_eq!(store.map_block(new, 0).await.unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn an_upload_that_was_cut_off_takes_no_id_of_another_and_is_found() {
    let (store, folder) = store().await;
    let (_, _) = put(&store, &map("shop", "1.0", "https://x/a.js")).await;
    let lost = store.new_map_id();
    store.put_blocks(lost, 0, &[vec![1]]).await.unwrap();
    drop(store);

    let store = open(&folder).await;
    assert_eq!(store.new_map_id(), lost + 1);
    assert_eq!(store.next_orphan(0, lost + 1).await.unwrap(), Some(lost));
    assert_eq!(
        store.next_orphan(0, lost).await.unwrap(),
        None,
        "it may be on its way"
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged_and_maps_are_dropped_by_their_last_use() {
    let (store, _folder) = store().await;
    for (project, release) in [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")] {
        put(
            &store,
            &map(
                project,
                release,
                &format!("/{}", store.next_map.load(Ordering::Relaxed)),
            ),
        )
        .await;
    }
    for (project, release, ids) in [
        (None, None, vec![4, 3, 2, 1]),
        (Some("a"), None, vec![4, 2, 1]),
        (Some("a"), Some("1"), vec![4, 1]),
        (None, Some("1"), vec![4, 3, 1]),
        (Some("c"), None, vec![]),
    ] {
        let filter = Filter { project, release };
        let (first, total) = store.list_maps(filter, i64::MAX, 2).await.unwrap();
        let before = first.last().map_or(0, |row| row.id);
        let (second, _) = store.list_maps(filter, before, 9).await.unwrap();
        let listed: Vec<_> = first.iter().chain(&second).map(|row| row.id).collect();
        assert_eq!((listed.len() as i64, listed), (total, ids), "{filter:?}");
    }

    store
        .touch(&[], &[(1, Timestamp::from_millis(60_000))])
        .await
        .unwrap();
    let unused = store
        .unused_maps(Timestamp::from_millis(3_500), 10)
        .await
        .unwrap();
    assert_eq!(unused, [2, 3]);
    assert!(store.unpublish_map(2).await.unwrap() && !store.unpublish_map(2).await.unwrap());
}
