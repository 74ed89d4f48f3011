//! Containers come, change and go.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::docker::{Docker, Writer};
use super::reader::{Reader, settings};
use crate::source::{Names, Settings, WAITING_BATCHES};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_containers_are_read_at_once() {
    let docker = Docker::new();
    let mut writers: Vec<Writer> = (0..200)
        .map(|number| docker.container(&format!("a{number}"), &format!("web-{number}"), 2))
        .collect();
    for writer in &mut writers {
        writer.lines(5);
        writer.rotate();
        writer.lines(5);
    }
    let mut reader = Reader::start(docker.folder()).await;

    reader.catch_up(&mut writers.iter_mut().collect::<Vec<_>>()).await;
    for writer in &mut writers {
        writer.lines(3);
    }
    reader.catch_up(&mut writers.iter_mut().collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_container_does_not_keep_the_others_waiting() {
    let docker = Docker::new();
    let mut busy = docker.container("aa", "busy", 1);
    let mut calm = docker.container("bb", "calm", 1);
    for _ in 0..60_000 {
        busy.lines(1);
    }
    calm.line("hello");
    let mut reader = Reader::start(docker.folder()).await;

    reader
        .write_until(|reader| reader.shown.values().any(|shown| shown.text == "hello"))
        .await;

    assert!(reader.shown.len() < 30_000, "{}", reader.shown.len());
    reader.catch_up(&mut [&mut busy, &mut calm]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_made_again_under_the_same_name_is_another_one() {
    let docker = Docker::new();
    let mut old = docker.container("aa", "web", 2);
    old.lines(5);
    let mut reader = Reader::start(docker.folder()).await;
    reader.catch_up(&mut [&mut old]).await;
    // The last words of a container are read from the file that is held open.
    old.lines(5);
    let last = old.written.last().unwrap().clone();
    reader
        .write_until(|reader| reader.shown.values().any(|shown| shown.text == last))
        .await;
    old.remove();
    let mut new = docker.container("bb", "web", 2);
    new.lines(5);
    reader.catch_up(&mut [&mut new]).await;

    wait_for_removal(&mut reader, "aa").await;
    assert_eq!(reader.texts("aa").await, old.written);
    let resumed = reader.store.resume().await.unwrap();
    let number = reader.number("aa").await.unwrap();
    assert!(
        resumed
            .open_entries
            .iter()
            .all(|open| open.head.container != number)
    );
}

async fn wait_for_removal(reader: &mut Reader, docker_id: &str) {
    for _ in 0..300 {
        let known = reader.store.containers().await.unwrap();
        if known
            .iter()
            .any(|container| container.described.docker_id == docker_id && container.removed_at.is_some())
        {
            return;
        }
        reader.write_one(Duration::from_millis(100)).await;
    }
    panic!("the container's removal was not noted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_removed_while_nobody_looked_is_noted_but_not_when_nothing_is_mounted() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 2);
    let mut db = docker.container("bb", "db", 2);
    let mut reader = Reader::start(docker.folder()).await;
    reader.catch_up(&mut [&mut web, &mut db]).await;
    reader.kill().await;
    let aside = docker.folder().with_extension("aside");
    fs::rename(docker.folder(), &aside).unwrap();
    fs::create_dir(docker.folder()).unwrap();

    reader.resume().await;
    assert!(!reader.write_one(Duration::from_millis(300)).await);
    let known = reader.store.containers().await.unwrap();
    assert!(known.iter().all(|container| container.removed_at.is_none()));

    reader.kill().await;
    fs::remove_dir(docker.folder()).unwrap();
    fs::rename(&aside, docker.folder()).unwrap();
    web.remove();
    reader.resume().await;
    wait_for_removal(&mut reader, "aa").await;
    reader.catch_up(&mut [&mut db]).await;
    assert_eq!(reader.texts("aa").await, web.written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_container_is_followed_as_long_as_its_name_is_wanted() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web-1", 2);
    let mut reader = Reader::start_with(Settings {
        names: Names::parse("web*"),
        ..settings(docker.folder())
    })
    .await;
    reader.catch_up(&mut [&mut web]).await;
    web.rename("web-2");
    reader.catch_up(&mut [&mut web]).await;
    wait_for_name(&mut reader, "web-2").await;
    web.rename("old");
    while reader.write_one(Duration::from_millis(300)).await {}
    web.lines(3);
    assert!(!reader.write_one(Duration::from_millis(300)).await);

    web.rename("web-3");
    reader.catch_up(&mut [&mut web]).await;
    wait_for_name(&mut reader, "web-3").await;
}

async fn wait_for_name(reader: &mut Reader, name: &str) {
    for _ in 0..300 {
        let known = reader.store.containers().await.unwrap();
        if known[0].described.name == name {
            return;
        }
        reader.write_one(Duration::from_millis(100)).await;
    }
    panic!("the new name was not noted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_new_container_the_last_bytes_are_read() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 5);
    web.lines(100);
    web.rotate();
    web.lines(100);
    let line = web.record_now("stdout", "line 100 of aa\n").len() as u64;
    let mut reader = Reader::start_with(Settings {
        backfill: 150 * line - 3,
        ..settings(docker.folder())
    })
    .await;
    // The lines before number 100 are a byte shorter each, but that is not enough for one more.
    web.written.drain(..50);
    reader.write_until(|reader| reader.shown.len() >= 150).await;

    reader.catch_up(&mut [&mut web]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_backfill_only_what_is_written_from_now_on_is_read() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 5);
    web.lines(100);
    web.rotate();
    let mut reader = Reader::start_with(Settings {
        backfill: 0,
        ..settings(docker.folder())
    })
    .await;
    while reader.number("aa").await.is_none() {
        reader.write_one(Duration::from_millis(50)).await;
    }
    while reader.write_one(Duration::from_millis(300)).await {}
    web.written.clear();
    reader.catch_up(&mut [&mut web]).await;
    reader.kill().await;
    web.lines(10);
    web.rotate();
    web.lines(10);
    reader.resume().await;

    reader.catch_up(&mut [&mut web]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_mounted_is_said_until_it_is() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    let aside = docker.folder().with_extension("aside");
    fs::rename(docker.folder(), &aside).unwrap();
    let mut reader = Reader::start(docker.folder()).await;
    let mut problems = reader.source().problems.clone();
    let seen = problems
        .wait_for(|problems| !problems.is_empty())
        .await
        .unwrap()
        .clone();
    assert!(seen[0].path == docker.folder() && seen[0].what.contains("mount"));

    fs::rename(&aside, docker.folder()).unwrap();

    reader.catch_up(&mut [&mut web]).await;
    problems.wait_for(Vec::is_empty).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_container_that_logs_elsewhere_is_said_and_does_not_disturb() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    let other = docker.folder().join("bb");
    fs::create_dir(&other).unwrap();
    let config = r#"{"ID":"bb","Name":"/db","LogPath":"","State":{"Running":true}}"#;
    fs::write(other.join("config.v2.json"), config).unwrap();
    let mut reader = Reader::start(docker.folder()).await;

    reader.catch_up(&mut [&mut web]).await;

    let mut problems = reader.source().problems.clone();
    let seen = problems
        .wait_for(|problems| !problems.is_empty())
        .await
        .unwrap()
        .clone();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].path.ends_with("bb-json.log") && seen[0].what.contains("container db"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_stuck_keeps_neither_memory_nor_the_end() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    web.lines(20_000);
    let size = fs::metadata(&web.log).unwrap().len();
    let mut reader = Reader::start(docker.folder()).await;
    let figures = reader.source().figures.clone();
    reader.write_one(Duration::from_secs(30)).await;
    while reader.waiting_batches() < WAITING_BATCHES {
        tokio::task::yield_now().await;
    }

    reader.kill().await;

    assert!(
        figures.bytes.load(Ordering::Relaxed) < size,
        "reading waits for the writer"
    );
    reader.resume().await;
    reader.catch_up(&mut [&mut web]).await;
}
