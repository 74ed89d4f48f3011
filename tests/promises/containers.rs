//! A container that writes a line each millisecond, and whether the log viewer has exactly these lines.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::testing::eventually;

use crate::stack::Stack;

const NAME: &str = "shop";

pub(crate) struct Writing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Writing {
    /// Begins in the folder that stands for Docker's.
    pub(crate) fn begin(containers: &Path) -> Self {
        let id = "5".repeat(64);
        let folder = containers.join(&id);
        std::fs::create_dir(&folder).unwrap();
        let log = folder.join(format!("{id}-json.log"));
        let file = File::create(&log).unwrap();
        let description =
            json!({"ID": id, "Name": format!("/{NAME}"), "LogPath": log, "Config": {"Image": "shop:1"}});
        std::fs::write(folder.join("config.v2.json"), description.to_string()).unwrap();
        let stop = Arc::<AtomicBool>::default();
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || write(file, &stop)
        });
        Self { stop, thread }
    }

    /// Ends it, and checks that each of its lines is there once.
    pub(crate) async fn has_been_read(self, stack: &Stack) {
        self.stop.store(true, Ordering::Relaxed);
        let count = self.thread.join().unwrap();
        assert!(count > 100, "only {count} lines were written");
        let found = eventually("all lines are read", async || {
            let export = stack.viewer.api().get("/api/logs/export?format=ndjson").await;
            let found = numbers(export.text());
            (found.len() as u64 >= count).then_some(found)
        })
        .await;
        assert_eq!(found, Vec::from_iter(0..count));
    }
}

/// Answers how many lines it has written.
fn write(mut file: File, stop: &AtomicBool) -> u64 {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let record = json!({"log": format!("line {number}\n"), "stream": "stdout", "time": Timestamp::now()});
        writeln!(file, "{record}").unwrap();
        number += 1;
        // The pace of the container; nothing waits for it.
        std::thread::sleep(Duration::from_millis(1));
    }
    number
}

/// The numbers of all exported lines.
fn numbers(export: &str) -> Vec<u64> {
    let line = |text: &str| -> u64 {
        let entry: Value = serde_json::from_str(text).unwrap();
        let message = entry["message"].as_str().unwrap();
        message.strip_prefix("line ").unwrap().parse().unwrap()
    };
    export.lines().map(line).collect()
}
