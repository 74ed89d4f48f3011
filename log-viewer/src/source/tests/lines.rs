//! What may stand in a log.

use std::time::Duration;

use super::docker::{Docker, PART_BYTES};
use super::reader::{Reader, settings};
use crate::entry::Stream;
use crate::nanos::Nanos;
use crate::source::Settings;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_read_while_they_are_being_written() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    let mut reader = Reader::start(docker.folder()).await;
    let writing = std::thread::spawn(move || {
        for number in 0..3_000 {
            let text = format!("line {number} é");
            let record = web.record("stdout", &format!("{text}\n"));
            // Cut anywhere, in the middle of a character too.
            let cut = number * 7 % record.len();
            web.raw(&record[..cut]);
            std::thread::yield_now();
            web.raw(&record[cut..]);
            web.written.push(text);
        }
        web
    });
    reader.write_until(|reader| reader.shown.len() >= 1_000).await;
    let mut web = writing.join().unwrap();

    reader.catch_up(&mut [&mut web]).await;

    assert_eq!(reader.faults(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lines_are_put_together_from_their_parts() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    let mut reader = Reader::start(docker.folder()).await;
    for length in [
        PART_BYTES - 1,
        PART_BYTES,
        PART_BYTES + 1,
        3 * PART_BYTES,
        1 << 20,
    ] {
        web.long_line(&"x".repeat(length));
    }

    reader.catch_up(&mut [&mut web]).await;
    let text = "y".repeat(1 << 20);
    web.long_line(&format!("{text}more"));
    web.line("end");
    reader
        .write_until(|reader| reader.shown.values().any(|shown| shown.text == "end"))
        .await;

    let texts = reader.texts("aa").await;
    assert_eq!(texts[texts.len() - 2], format!("{text} … [line cut at 1 MiB]"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_record_costs_no_good_one() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    let mut reader = Reader::start(docker.folder()).await;
    web.lines(3);
    web.raw(b"{\"log\":\"half a rec\n");
    web.lines(1);
    web.raw(&[0; 5_000]);
    web.lines(1);
    // More than is read at once.
    web.raw(&vec![0; 700_000]);
    web.lines(1);
    web.raw(b"no end ");
    web.raw(&vec![b'x'; 9 << 20]);
    web.raw(b"\n\xff\xfe\n[]\n");
    web.lines(3);

    reader.catch_up(&mut [&mut web]).await;

    // A run of NUL bytes before a good record is none, unless it fills the buffer.
    assert!((4..=7).contains(&reader.faults()), "{}", reader.faults());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_do_not_mix_and_clocks_may_go_back() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 1);
    let mut reader = Reader::start(docker.folder()).await;
    for number in 0..50 {
        web.lines(1);
        if number % 10 == 5 {
            web.millis -= 3_600_000;
        }
    }
    // What is older than a few seconds is taken for finished.
    web.millis = Nanos::now().millis();
    let trace = [
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1, in f",
        "ValueError: no",
    ];
    for line in trace {
        let record = web.record("stderr", &format!("{line}\n"));
        web.raw(&record);
        let record = web.record("stdout", "between\n");
        web.raw(&record);
        // Over several reads.
        let seen = reader.shown.len();
        reader.write_until(|reader| reader.shown.len() > seen).await;
    }
    let trace = trace.join("\n");
    reader
        .write_until(|reader| reader.shown.values().any(|shown| shown.text == trace))
        .await;

    let of = |stream| {
        let texts = reader.shown.values().filter(move |shown| shown.stream == stream);
        texts.map(|shown| shown.text.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(of(Stream::Stderr), [trace.as_str()]);
    assert_eq!(of(Stream::Stdout)[..50], web.written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_seen_at_once_where_file_events_work() {
    let docker = Docker::new();
    let mut web = docker.container("aa", "web", 2);
    web.lines(1);
    let mut reader = Reader::start_with(Settings {
        // Longer than the test may take.
        poll_interval: Duration::from_secs(3_600),
        ..settings(docker.folder())
    })
    .await;
    reader.catch_up(&mut [&mut web]).await;

    web.lines(1);
    reader.catch_up(&mut [&mut web]).await;
    web.rotate();
    reader.catch_up(&mut [&mut web]).await;
}
