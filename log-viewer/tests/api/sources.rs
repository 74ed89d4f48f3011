//! What Docker and admins do to containers and their files, as a reader of the entries sees it.

use serde_json::json;
use shared::testing::eventually;

use crate::viewer::{Viewer, numbers};

#[tokio::test]
async fn a_new_container_is_seen_while_the_viewer_runs() {
    let viewer = Viewer::start().await;
    for number in 1..=3 {
        viewer.docker.container(&format!("shop-{number}")).line("hello");
        viewer.has(number).await;
    }
    assert_eq!(viewer.list("container=shop-2").await["total"], 1);
}

#[tokio::test]
async fn a_container_that_docker_is_still_making_is_seen_before_the_next_poll() {
    let viewer = Viewer::with(&[("POLL_INTERVAL", "1h")]).await;
    let mut slow = viewer.docker.begun("slow");
    // Once this one has been seen, the other's folder has been seen without a description.
    viewer.docker.container("quick").line("hello");
    viewer.has(1).await;

    slow.describe(&json!({}));
    slow.line("hello");

    viewer.has(2).await;
}

#[tokio::test]
async fn two_hundred_containers_are_read_at_once() {
    let viewer = Viewer::start().await;
    let mut containers: Vec<_> = (0..200)
        .map(|number| viewer.docker.container(&format!("c{number}")))
        .collect();
    for container in &mut containers {
        for number in 0..5 {
            container.line(&format!("line {number}"));
        }
    }
    viewer.has(1_000).await;

    let list = viewer.get("/api/containers").await;

    let counts = numbers(&list["containers"], "log_count");
    assert_eq!(counts, [5; 200]);
}

#[tokio::test]
async fn a_container_made_again_under_its_name_is_shown_as_one() {
    let viewer = Viewer::start().await;
    let mut first = viewer.docker.container("shop");
    first.line("first one").line("its last words");
    viewer.has(2).await;
    first.remove();
    let mut second = viewer.docker.container("shop");
    second.describe(&json!({"Config": {"Image": "shop:2.0"}}));
    second.line("second one");

    viewer
        .shows("container=shop", &["second one", "its last words", "first one"])
        .await;
    let containers = eventually("the second one's description is known", async || {
        let list = viewer.get("/api/containers").await;
        (list["containers"][0]["image"] == "shop:2.0").then_some(list)
    })
    .await;
    assert_eq!(containers["containers"].as_array().unwrap().len(), 1);
    assert_eq!(containers["containers"][0]["log_count"], 3);
    assert_eq!(viewer.get("/api/stats").await["by_container"], json!({"shop": 3}));
    // Apart all the same: neither is in the other's context.
    let list = viewer.list("search=%22second+one%22").await;
    let context = viewer
        .get(&format!("/api/logs/{}/context", list["logs"][0]["id"]))
        .await;
    assert_eq!(context["before"], json!([]));
}

#[tokio::test]
async fn a_renamed_container_takes_its_history_along() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line("under the old name");
    viewer.has(1).await;
    shop.rename("store").line("under the new name");

    viewer
        .shows("container=store", &["under the new name", "under the old name"])
        .await;
    assert_eq!(viewer.list("container=shop").await["total"], 0);
}

#[tokio::test]
async fn the_history_of_a_removed_container_stays() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.line("one").line("two");
    viewer.has(2).await;
    shop.remove();
    eventually("it runs no more", async || {
        let list = viewer.get("/api/containers").await;
        (list["containers"][0]["running"] == false).then_some(())
    })
    .await;

    let viewer = viewer.restarted(|_| {}).await;

    assert_eq!(viewer.messages("container=shop").await, ["two", "one"]);
    assert_eq!(
        viewer.get("/api/containers").await["containers"][0]["log_count"],
        2
    );
}

#[tokio::test]
async fn rotations_lose_and_repeat_nothing() {
    let viewer = Viewer::start().await;
    let mut expected = Vec::new();
    for (name, max_files, compresses) in [("one", 1, false), ("five", 5, false), ("packed", 5, true)] {
        let mut container = viewer.docker.rotating(name, max_files, compresses);
        for round in 0..12 {
            for number in 0..10 {
                expected.push(format!("{name} {round}.{number}"));
                container.line(&format!("{name} {round}.{number}"));
            }
            // With so few files Docker deletes what nobody has read yet.
            viewer.has(expected.len()).await;
            container.rotate();
            container.line(&format!("{name} {round} rotated"));
            expected.push(format!("{name} {round} rotated"));
            container.compress();
        }
    }
    viewer.has(expected.len()).await;
    expected.reverse();

    assert_eq!(viewer.messages("limit=500").await, expected);
}

#[tokio::test]
async fn what_was_rotated_while_the_viewer_was_down_is_read_first() {
    let viewer = Viewer::start().await;
    let mut plain = viewer.docker.rotating("plain", 9, false);
    let mut packed = viewer.docker.rotating("packed", 9, true);
    plain.line("plain 0");
    packed.line("packed 0");
    viewer.has(2).await;

    let viewer = viewer
        .restarted(|_| {
            for (name, container) in [("plain", &mut plain), ("packed", &mut packed)] {
                for number in 1..6 {
                    container.line(&format!("{name} {number}"));
                    container.rotate().compress();
                }
                container.line(&format!("{name} 6"));
            }
        })
        .await;

    viewer.has(14).await;
    for name in ["plain", "packed"] {
        let expected: Vec<String> = (0..7).rev().map(|number| format!("{name} {number}")).collect();
        let list = viewer.list(&format!("container={name}")).await;
        assert_eq!(crate::viewer::strings(&list["logs"], "message"), expected);
        assert!(numbers(&list["logs"], "id").is_sorted_by(|one, next| one > next));
    }
}

#[tokio::test]
async fn a_truncated_log_is_read_from_its_new_start() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.rotating("shop", 5, false);
    shop.line("one").line("two");
    viewer.has(2).await;
    shop.truncate()
        .line("three, longer than all that was there before it was truncated");
    viewer.has(3).await;
    shop.copy_and_truncate().line("four");
    viewer.has(4).await;

    let viewer = viewer
        .restarted(|_| {
            // It grows past the old place before anybody looks.
            shop.copy_and_truncate();
            for number in 0..50 {
                shop.line(&format!("more {number}"));
            }
        })
        .await;

    viewer.has(54).await;
    assert_eq!(viewer.list("search=more").await["total"], 50);
}

#[tokio::test]
async fn a_clock_that_goes_back_hides_nothing() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    shop.set_clock("2026-03-01T12:00:00Z").line("noon");
    shop.set_clock("2026-03-01T11:00:00Z").line("eleven again");
    shop.set_clock("1999-12-31T23:59:59Z").line("long ago");
    shop.set_clock("2099-01-01T00:00:00Z").line("far ahead");

    viewer
        .shows("", &["far ahead", "noon", "eleven again", "long ago"])
        .await;
}

#[tokio::test]
async fn only_the_containers_that_are_wanted_are_read() {
    let viewer = Viewer::with(&[("CONTAINERS", "shop-*, forum,m?il")]).await;
    for name in ["shop-web", "shop", "forum", "forum-2", "mail", "maail"] {
        viewer.docker.container(name).line(name);
    }
    viewer.has(3).await;

    let mut read = viewer.messages("").await;
    read.sort();
    assert_eq!(read, ["forum", "mail", "shop-web"]);
}

#[tokio::test]
async fn of_a_large_log_only_the_end_is_read_at_first_sight() {
    let viewer = Viewer::with(&[("BACKFILL", "10KiB")]).await;
    let mut shop = viewer.docker.container("shop");
    let lines: String = (0..1_000)
        .map(|number| {
            let at = shop.tick();
            crate::docker::record("stdout", &format!("old {number:04}\n"), at)
        })
        .collect();
    // At once, or the first look would come before all of it is there.
    shop.raw(lines.as_bytes());
    let line_bytes = lines.len() / 1_000;
    eventually("the end is read", async || {
        (viewer.list("search=%22old+0999%22").await["total"] == 1).then_some(())
    })
    .await;

    let total = viewer.list("").await["total"].as_u64().unwrap();

    let fitting = (10 << 10) / line_bytes as u64;
    assert!((fitting - 2..=fitting).contains(&total), "{total} of {fitting}");
    shop.line("new");
    viewer.has(total as usize + 1).await;
}

#[tokio::test]
async fn the_ring_keeps_the_newest_and_a_quiet_container_its_share() {
    /// A twentieth more.
    const MOST: u64 = 21_000;
    let viewer = Viewer::with(&[("MAX_ENTRIES", "20000")]).await;
    let mut quiet = viewer.docker.container("quiet");
    quiet.set_clock("2026-03-01T12:00:00Z");
    for number in 0..100 {
        quiet.line(&format!("quiet {number}"));
    }
    viewer.has(100).await;
    let mut noisy = viewer.docker.container("noisy");
    for round in 0..16 {
        let lines: String = (0..2_500)
            .map(|number| {
                let at = noisy.tick();
                let text = format!("noisy {} {}\n", round * 2_500 + number, "x".repeat(100));
                crate::docker::record("stdout", &text, at)
            })
            .collect();
        noisy.raw(lines.as_bytes());
    }
    eventually("the newest line is found", async || {
        (viewer.list("search=%22noisy+39999%22").await["total"] == 1).then_some(())
    })
    .await;

    // Nothing comes any more, so the ring goes on by itself if it is not there yet.
    let stats = eventually("the oldest have gone", async || {
        let stats = viewer.get("/api/stats").await;
        (stats["total_logs"].as_u64()? < MOST).then_some(stats)
    })
    .await;

    assert_eq!(stats["by_container"]["quiet"], 100, "{stats}");
    assert!(stats["total_logs"].as_u64() >= Some(20_000), "{stats}");
    assert_eq!(viewer.list("container=quiet").await["total"], 100);
    let list = viewer.list("container=noisy&limit=500").await;
    assert!(
        list["logs"][499]["message"]
            .as_str()
            .unwrap()
            .starts_with("noisy 39500 ")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_are_answered_while_the_oldest_are_removed() {
    let viewer = Viewer::with(&[("MAX_ENTRIES", "1000")]).await;
    let mut noisy = viewer.docker.container("noisy");
    let writing = std::thread::spawn(move || {
        for round in 0..30 {
            let lines: String = (0..1_000)
                .map(|number| {
                    let at = noisy.tick();
                    let text = format!("noisy {} {}\n", round * 1_000 + number, "x".repeat(100));
                    crate::docker::record("stdout", &text, at)
                })
                .collect();
            noisy.raw(lines.as_bytes());
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
    });
    let mut asked = 0;
    while !writing.is_finished() {
        for path in [
            "/api/logs?search=noisy",
            "/api/logs?search=%22noisy+77%22+OR+12*&limit=500",
            "/api/logs?level=info&limit=500",
            "/api/logs/histogram?search=noisy",
            "/api/logs/export?search=9*",
            "/api/stats",
        ] {
            let reply = viewer.api.get(path).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
}
