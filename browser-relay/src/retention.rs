//! Deletes maps that nothing has needed for long, and what a cut-off upload or deletion left behind.

use std::time::Duration;

use shared::clock::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::store::{self, Store};

const INTERVAL: Duration = Duration::from_secs(3_600);
const MAPS_AT_ONCE: u32 = 100;

/// Looks at start and every hour.
pub(crate) async fn run(store: Store, keep: Duration, stop: CancellationToken) {
    let first_new = store.next_map_id();
    loop {
        let work = async {
            drop_unused(&store, keep, Timestamp::now()).await?;
            drop_orphans(&store, first_new).await
        };
        tokio::select! {
            () = stop.cancelled() => return,
            result = work => if let Err(error) = result {
                tracing::warn!(%error, "old source maps could not be deleted; the next hour tries again");
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn drop_unused(store: &Store, keep: Duration, now: Timestamp) -> store::Result<()> {
    let before = now.plus_millis(-(keep.as_millis() as i64));
    loop {
        let unused = store.unused_maps(before, MAPS_AT_ONCE).await?;
        for map in &unused {
            store.unpublish_map(*map).await?;
            store.drop_blocks(*map).await?;
        }
        if unused.is_empty() {
            return Ok(());
        }
    }
}

async fn drop_orphans(store: &Store, end: i64) -> store::Result<()> {
    let mut from = 0;
    while let Some(map) = store.next_orphan(from, end).await? {
        store.drop_blocks(map).await?;
        from = map + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::maps::{Filter, NewMap, Packed};
    use crate::store::testing::store;

    #[tokio::test]
    async fn a_map_goes_when_it_was_not_used_for_long_and_a_used_one_stays() {
        let (store, _folder) = store().await;
        let day = Duration::from_secs(86_400);
        let uploaded = Timestamp::from_millis(0);
        for number in 1..=3 {
            let id = store.new_map_id();
            store.put_blocks(id, 0, &[vec![1]]).await.unwrap();
            let url = format!("/{number}.js");
            let map = NewMap {
                project: "shop",
                release: "1",
                file_url: &url,
                path: &url,
                debug_id: None,
                size: 1,
                index: Packed { size: 1, bytes: b"x" },
            };
            store.publish_map(id, &map, uploaded).await.unwrap();
        }
        let now = uploaded.plus_millis(90 * 86_400_000);
        store.touch(&[], &[(2, now.plus_millis(-1))]).await.unwrap();

        drop_unused(&store, day * 89, now).await.unwrap();

        let all = Filter {
            project: None,
            release: None,
        };
        let (left, _) = store.list_maps(all, i64::MAX, 10).await.unwrap();
        assert_eq!(left.iter().map(|map| map.id).collect::<Vec<_>>(), [2]);
        assert_eq!(store.map_block(1, 0).await.unwrap(), None);
        assert_eq!(store.map_index(3).await.unwrap(), None);
    }

    #[tokio::test]
    async fn blocks_that_nothing_refers_to_go_unless_they_are_on_their_way() {
        let (store, _folder) = store().await;
        let (old, new) = (store.new_map_id(), store.new_map_id());
        for id in [old, new] {
            store.put_blocks(id, 0, &[vec![1], vec![2]]).await.unwrap();
        }

        drop_orphans(&store, new).await.unwrap();

        assert_eq!(store.map_block(old, 1).await.unwrap(), None);
        assert_eq!(store.map_block(new, 1).await.unwrap(), Some(vec![2]));
    }
}
