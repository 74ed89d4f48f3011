//! Rotation and truncation, while the service reads and while it does not.

use std::sync::atomic::Ordering;

use super::docker::Docker;
use super::reader::Reader;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_while_reading_loses_and_repeats_nothing() {
    for (files, compresses) in [(1, false), (5, false), (5, true)] {
        let docker = Docker::new();
        let mut web = docker.container("aa", "web", files);
        web.compresses = compresses;
        let mut reader = Reader::start(docker.folder()).await;
        for round in 0..8 {
            web.lines(40 * round);
            // With a single file, what is not read yet is gone.
            reader.catch_up(&mut [&mut web]).await;
            web.rotate();
            web.lines(40 * (round % 3));
        }

        reader.catch_up(&mut [&mut web]).await;

        let figures = &reader.source().figures;
        assert!(figures.rotations.load(Ordering::Relaxed) >= 7);
        assert_eq!(figures.truncations.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_rotates_all_the_time_is_followed_across_restarts() {
    for compresses in [false, true] {
        let docker = Docker::new();
        let mut web = docker.container("aa", "web", 400);
        web.compresses = compresses;
        let mut reader = Reader::start(docker.folder()).await;
        let writing = std::thread::spawn(move || {
            for number in 0..300 {
                web.lines(1 + number % 17);
                if number % 3 == 0 {
                    web.rotate();
                }
            }
            web
        });
        reader.write_until(|reader| reader.shown.len() >= 500).await;
        let mut web = writing.join().unwrap();

        reader.catch_up(&mut [&mut web]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rotated_while_nobody_read_is_read_first() {
    for compresses in [false, true] {
        let docker = Docker::new();
        let mut web = docker.container("aa", "web", 5);
        web.compresses = compresses;
        web.lines(10);
        let mut reader = Reader::start(docker.folder()).await;
        reader.catch_up(&mut [&mut web]).await;
        for rotations in [0, 1, 3] {
            reader.kill().await;
            for _ in 0..rotations {
                web.lines(20);
                web.rotate();
            }
            web.lines(5);
            reader.resume().await;

            reader.catch_up(&mut [&mut web]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_docker_has_deleted_is_gone_and_all_else_is_read_once() {
    for (files, compresses) in [(1, false), (3, false), (3, true)] {
        let docker = Docker::new();
        let mut web = docker.container("aa", "web", files);
        web.compresses = compresses;
        web.lines(10);
        let mut reader = Reader::start(docker.folder()).await;
        reader.catch_up(&mut [&mut web]).await;
        reader.kill().await;
        let before = web.written.clone();
        for _ in 0..5 {
            // With one file the new one gets the inode of the old one.
            web.lines(20);
            web.rotate();
        }
        let deleted = web.written.len() - 20 * (files as usize - 1);
        web.lines(5);
        let left = web.written.split_off(deleted);
        web.written = before;
        web.written.extend(left);
        reader.resume().await;

        reader.catch_up(&mut [&mut web]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncation_is_noticed_even_when_the_file_has_grown_past_its_old_size() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 3);
    web.lines(10);
    let mut reader = Reader::start(docker.folder()).await;
    for (copies, is_running, lines_after) in [
        (false, true, 0),
        (false, true, 200),
        (false, false, 3),
        (false, false, 400),
        (true, true, 1),
        (true, true, 800),
        (true, false, 1),
        (true, false, 1_600),
    ] {
        reader.catch_up(&mut [&mut web]).await;
        if !is_running {
            reader.kill().await;
        }
        if copies {
            // These are in the copy only.
            web.lines(30);
            web.copy_and_truncate();
        } else {
            web.truncate();
        }
        web.lines(lines_after);
        if !is_running {
            reader.resume().await;
        }
        reader.catch_up(&mut [&mut web]).await;
    }
    // Each of those while it ran, of which it saw some before the file was written to again.
    let truncations = &reader.source().figures.truncations;
    assert!(truncations.load(Ordering::Relaxed) <= 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_off_record_at_the_end_of_a_rotated_file_is_skipped() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 3);
    let mut reader = Reader::start(docker.folder()).await;
    web.lines(3);
    let record = web.record("stdout", "lost with the power\n");
    web.raw(&record[..30]);
    web.rotate();
    web.lines(3);
    // This one is complete but for its newline.
    let record = web.record("stdout", "not lost\n");
    web.raw(&record[..record.len() - 1]);
    web.written.push("not lost".into());
    web.rotate();

    reader.catch_up(&mut [&mut web]).await;

    assert_eq!(reader.faults(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_begin_with_the_same_long_text_are_told_apart() {
    for compresses in [false, true] {
        let docker = Docker::new();
        let mut web = docker.container("aa", "web", 10);
        web.compresses = compresses;
        let mut reader = Reader::start(docker.folder()).await;
        for _ in 0..3 {
            reader.catch_up(&mut [&mut web]).await;
            reader.kill().await;
            for _ in 0..2 {
                web.rotate();
                // The time, which tells records apart, comes after the text.
                web.line(&"x".repeat(3_000));
                web.lines(3);
            }
            reader.resume().await;
        }

        reader.catch_up(&mut [&mut web]).await;
    }
}
