//! Runs the source and writes its batches into a real database, as the service does; and kills it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::tasks::Tasks;
use tokio::sync::mpsc;

use super::docker::Writer;
use crate::batch::Batch;
use crate::entry::Stream;
use crate::lines::{ContainerId, EntryId};
use crate::source::{Names, Settings, Source, WAITING_BATCHES, start};
use crate::store::Store;
use crate::store::append::Appender;
use crate::store::testing::store;

/// Only a failure takes that long.
const DEADLINE: Duration = Duration::from_secs(30);

/// An entry as those who watch have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) container: ContainerId,
    pub(super) stream: Stream,
    pub(super) text: String,
}

pub(super) struct Reader {
    pub(super) store: Store,
    _folder: tempfile::TempDir,
    settings: Settings,
    running: Option<Running>,
    pub(super) shown: BTreeMap<EntryId, Shown>,
}

struct Running {
    tasks: Tasks,
    batches: mpsc::Receiver<Batch>,
    appender: Appender,
    source: Source,
}

pub(super) fn settings(folder: &Path) -> Settings {
    Settings {
        sources: vec![folder.to_owned()],
        names: Names::default(),
        poll_interval: Duration::from_millis(50),
        backfill: 16 << 20,
        block_entries: usize::MAX,
    }
}

impl Reader {
    pub(super) async fn start(folder: &Path) -> Self {
        Self::start_with(settings(folder)).await
    }

    pub(super) async fn start_with(settings: Settings) -> Self {
        let (store, folder) = store().await;
        let mut reader = Self {
            store,
            _folder: folder,
            settings,
            running: None,
            shown: BTreeMap::new(),
        };
        reader.resume().await;
        reader
    }

    /// Begins again with what the database has.
    pub(super) async fn resume(&mut self) {
        assert!(self.running.is_none(), "it runs");
        let tasks = Tasks::new();
        let (sender, batches) = mpsc::channel(WAITING_BATCHES);
        let resumed = self.store.resume().await.unwrap();
        let appender = Appender::new(self.store.clone(), 50_000, &resumed).await.unwrap();
        let source = start(self.settings.clone(), self.store.clone(), resumed, sender, &tasks).unwrap();
        self.running = Some(Running {
            tasks,
            batches,
            appender,
            source,
        });
    }

    /// Ends it; what was not written is lost.
    pub(super) async fn kill(&mut self) {
        let running = self.running.take().expect("it runs");
        assert!(running.tasks.shut_down(DEADLINE).await, "the thread does not end");
    }

    pub(super) fn source(&self) -> &Source {
        &self.running.as_ref().expect("it runs").source
    }

    pub(super) fn waiting_batches(&self) -> usize {
        self.running.as_ref().expect("it runs").batches.len()
    }

    pub(super) fn faults(&self) -> u64 {
        self.source().figures.faults.load(Ordering::Relaxed)
    }

    /// Writes the next batch. False when none comes in time.
    pub(super) async fn write_one(&mut self, patience: Duration) -> bool {
        let running = self.running.as_mut().expect("it runs");
        let Ok(batch) = tokio::time::timeout(patience, running.batches.recv()).await else {
            return false;
        };
        let batch = batch.expect("the thread runs");
        running.appender.append(&batch).await.unwrap();
        for ((head, text), is_amendment) in batch.news.iter().zip(&batch.amendments) {
            let shown = Shown {
                container: head.container,
                stream: head.stream,
                text: text.into(),
            };
            let before = self.shown.insert(head.id, shown);
            assert_eq!(before.is_some(), *is_amendment, "{text}: {before:?}");
        }
        true
    }

    /// Writes batches until the claim holds.
    pub(super) async fn write_until(&mut self, claim: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + DEADLINE;
        while !claim(self) {
            if tokio::time::Instant::now() > end {
                let texts: Vec<&str> = self.shown.values().map(|shown| shown.text.as_str()).collect();
                let from = texts.len().saturating_sub(20);
                panic!("{} entries, the last of them {:#?}", texts.len(), &texts[from..]);
            }
            self.write_one(Duration::from_millis(100)).await;
        }
    }

    pub(super) async fn number(&self, docker_id: &str) -> Option<ContainerId> {
        let known = self.store.containers().await.unwrap();
        known
            .iter()
            .find(|container| container.described.docker_id == docker_id)
            .map(|container| container.id)
    }

    /// The texts of one container.
    pub(super) async fn texts(&self, docker_id: &str) -> Vec<&str> {
        let number = self.number(docker_id).await;
        self.shown
            .values()
            .filter(|shown| Some(shown.container) == number)
            .map(|shown| shown.text.as_str())
            .collect()
    }

    /// Reads everything that was written, and checks that it is that and nothing else.
    pub(super) async fn catch_up(&mut self, writers: &mut [&mut Writer]) {
        for writer in writers.iter_mut() {
            writer.line(&format!("caught up {}", writer.written.len()));
        }
        for writer in writers {
            let last = writer.written.last().unwrap().clone();
            let id = &writer.id;
            while self.number(id).await.is_none() {
                self.write_one(Duration::from_millis(100)).await;
            }
            let number = self.number(id).await;
            self.write_until(|reader| {
                let is_last = |shown: &Shown| Some(shown.container) == number && shown.text == last;
                reader.shown.values().any(is_last)
            })
            .await;
            let texts = self.texts(id).await;
            if texts != writer.written {
                let place = texts
                    .iter()
                    .zip(&writer.written)
                    .position(|(text, expected)| text != expected);
                let place = place.unwrap_or(texts.len().min(writer.written.len()));
                panic!(
                    "of {} lines {} were found; from line {place} on they are {:#?} instead of {:#?}",
                    writer.written.len(),
                    texts.len(),
                    excerpt(&texts, place),
                    excerpt(&writer.written, place),
                );
            }
        }
    }
}

/// A few lines, and of each what one can read.
fn excerpt(texts: &[impl AsRef<str>], from: usize) -> Vec<String> {
    let texts = texts.iter().skip(from).take(5);
    texts
        .map(|text| text.as_ref().chars().take(60).collect())
        .collect()
}
