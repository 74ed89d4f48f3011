//! Readers of the live stream who are slow, many, or gone.

use serde_json::json;

use crate::events::EventStream;
use crate::tail::{tails, write_many};
use crate::viewer::{KEY, Viewer};

/// Opens a stream and does not read it.
async fn open_and_do_not_read(viewer: &Viewer) -> EventStream {
    EventStream::open_narrow(viewer.service.address, "/api/logs/tail", &[("X-API-Key", KEY)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_told_how_many_it_missed_and_delays_nobody() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let mut slow = open_and_do_not_read(&viewer).await;
    let mut quick = viewer.tail("").await;
    tails(&viewer, 2).await;

    // More than the sockets' own buffers hold, in steps that the quick one takes in time.
    let padding = "x".repeat(4_000);
    let mut written = 0;
    while written < 3_000 {
        write_many(&mut shop, written..written + 10, &padding);
        written += 10;
        let last = format!("line {} {padding}", written - 1);
        let events = quick.until(&last).await;
        assert!(
            events.iter().all(|event| event.name == "log"),
            "the quick one misses nothing"
        );
        assert_eq!(events.len(), 10);
    }
    shop.line("the end");
    quick.until("the end").await;

    let (mut received, mut dropped) = (0, 0);
    let mut told = 0;
    while received + dropped < written as u64 + 1 {
        let event = slow.next().await.unwrap();
        match event.name.as_str() {
            "log" => received += 1,
            "dropped" => {
                dropped += event.data["count"].as_u64().unwrap();
                told += 1;
            }
            other => panic!("{other}: {}", event.data),
        }
        if received + dropped <= written as u64 && told == 0 && received > 0 {
            // What was missed is told with the next entry that finds room.
            shop.line("one more");
            written += 1;
            quick.until("one more").await;
        }
    }

    assert!(told > 0 && dropped > 0, "{received} received, {dropped} dropped");
    assert_eq!(received + dropped, written as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_streams_have_everything_while_one_of_them_does_not_read() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let _slow = open_and_do_not_read(&viewer).await;
    let mut streams = Vec::new();
    for _ in 0..49 {
        streams.push(viewer.tail("").await);
    }
    tails(&viewer, 50).await;
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let events = stream.until("the end").await;
                let all = events.iter().all(|event| event.name == "log");
                (events.len(), all)
            })
        })
        .collect();

    for step in 0..50 {
        write_many(&mut shop, step * 10..step * 10 + 10, "text");
        viewer.has(step * 10 + 10).await;
    }
    shop.line("the end");

    for reader in readers {
        assert_eq!(reader.await.unwrap(), (501, true));
    }
    tails(&viewer, 1).await;
}

#[tokio::test]
async fn a_stream_ends_with_a_reason_when_the_viewer_stops() {
    let viewer = Viewer::start().await;
    let mut tail = viewer.tail("").await;
    tails(&viewer, 1).await;

    let (folder, close) = tokio::join!(viewer.service.stop(), tail.next());

    let close = close.unwrap();
    assert_eq!(close.name, "close");
    assert_eq!(close.data, json!({"reason": "the service is stopping"}));
    assert_eq!(tail.next().await, None);
    drop(folder);
}

#[tokio::test]
async fn one_who_leaves_is_forgotten() {
    let viewer = Viewer::start().await;
    let mut shop = viewer.docker.container("shop");
    let first = viewer.tail("").await;
    let second = viewer.tail("").await;
    tails(&viewer, 2).await;

    drop(first);
    shop.line("news");
    tails(&viewer, 1).await;
    drop(second);
    shop.line("more news");
    tails(&viewer, 0).await;
}
