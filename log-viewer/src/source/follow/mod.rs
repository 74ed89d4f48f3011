//! The thread that reads: looks for containers, reads each in its turn, and sends what it has read.

mod roster;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use inotify::WatchDescriptor;
use shared::clock::Timestamp;
use shared::tasks::Tasks;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::discovery::{self, Discovery, Problem};
use super::events::Events;
use super::figures::Figures;
use super::publish::Numbers;
use super::stretch::BUFFER_BYTES;
use super::tail::{Next, Shared, Tail};
use super::watched::Watched;
use crate::batch::{Batch, OpenEntry, Packer};
use crate::cursor::Cursor;
use crate::lines::ContainerId;
use crate::nanos::Nanos;
use crate::store::append::Resumed;
use crate::store::containers::Described;
use crate::store::{self, Store};

/// A batch with so much text is sent at once.
const BATCH_BYTES: usize = 256 << 10;
/// Rotated files that are held open at the same time; containers that have more wait for their turn.
const MOST_OLD_FILES: usize = 64;

/// Between a change among the containers and the next look at them; doubled up to the poll interval.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The reading thread's own.
#[derive(Debug)]
pub(super) struct Follower {
    settings: Settings,
    store: Store,
    batches: mpsc::Sender<Batch>,
    stop: CancellationToken,
    discovery: Discovery,
    events: Events,
    /// Sources and containers by what events call them.
    watched_sources: HashMap<WatchDescriptor, PathBuf>,
    watched: HashMap<WatchDescriptor, ContainerId>,
    followed: BTreeMap<ContainerId, Followed>,
    /// What is known of containers that are not followed.
    numbers_by_id: HashMap<String, (ContainerId, bool)>,
    cursors: HashMap<ContainerId, Cursor>,
    open: HashMap<ContainerId, Vec<OpenEntry>>,
    numbers: Numbers,
    packer: Packer,
    buffer: Vec<u8>,
    problems: Watched,
    found_problems: Vec<Problem>,
    figures: Arc<Figures>,
}

#[derive(Debug)]
struct Followed {
    tail: Tail,
    described: Described,
    watch: Option<WatchDescriptor>,
    has_log: bool,
    /// It may have something to read.
    is_due: bool,
    problem: Option<Problem>,
}

/// The service stops, or nobody takes batches.
struct Stopped;

impl Follower {
    pub(super) fn new(
        settings: Settings,
        store: Store,
        resumed: Resumed,
        batches: mpsc::Sender<Batch>,
        tasks: &Tasks,
        problems: watch::Sender<Vec<Problem>>,
        figures: Arc<Figures>,
    ) -> Self {
        let mut open: HashMap<ContainerId, Vec<OpenEntry>> = HashMap::new();
        for entry in resumed.open_entries {
            open.entry(entry.head.container).or_default().push(entry);
        }
        let block_entries = settings.block_entries;
        Self {
            discovery: Discovery::new(settings.sources.clone(), settings.names.clone()),
            events: Events::start(tasks),
            stop: tasks.stop_token(),
            settings,
            store,
            batches,
            watched_sources: HashMap::new(),
            watched: HashMap::new(),
            followed: BTreeMap::new(),
            numbers_by_id: HashMap::new(),
            cursors: HashMap::new(),
            open,
            numbers: Numbers::after(resumed.last_entry),
            packer: Packer::resume(block_entries, resumed.pending, resumed.open_blocks),
            buffer: vec![0; BUFFER_BYTES],
            problems: Watched::new(problems),
            found_problems: Vec::new(),
            figures,
        }
    }

    /// Reads until the service stops.
    pub(super) fn run(mut self, runtime: &Handle) {
        // Both outcomes end the thread.
        let _: Result<(), Stopped> = self.follow(runtime);
    }

    fn follow(&mut self, runtime: &Handle) -> Result<(), Stopped> {
        while let Err(error) = runtime.block_on(self.load()) {
            tracing::error!(%error, "what was read before cannot be loaded");
            self.wait_until(Instant::now() + self.settings.poll_interval)?;
        }
        let mut next_look = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut has_caught_up = false;
        loop {
            let happened = self.events.take();
            let is_source = |watch| self.watched_sources.contains_key(watch);
            let has_come = happened.anything || happened.folders.iter().any(is_source);
            if has_come || Instant::now() >= next_look {
                self.look(runtime)?;
                // A folder that has come may be empty still, and nothing tells when Docker describes what is in it.
                pause = if has_come { FIRST_PAUSE } else { pause * 2 };
                pause = pause.min(self.settings.poll_interval);
                next_look = Instant::now() + pause;
            }
            for watch in &happened.folders {
                let container = self.watched.get(watch);
                if let Some(followed) = container.and_then(|container| self.followed.get_mut(container)) {
                    followed.is_due = true;
                }
            }
            let is_busy = self.read_round(runtime)?;
            if !is_busy {
                if !has_caught_up {
                    has_caught_up = true;
                    // To find the containers and to go on with each touches as much of the program as the start did.
                    shared::memory::give_back_start();
                }
                self.wait_until(next_look)?;
            }
        }
    }

    async fn load(&mut self) -> store::Result<()> {
        self.cursors = self.store.cursors().await?;
        let containers = self.store.containers().await?;
        self.numbers_by_id = containers
            .into_iter()
            .map(|known| (known.described.docker_id, (known.id, known.removed_at.is_some())))
            .collect();
        Ok(())
    }

    /// Reads one buffer of each container that is due. True when there is more.
    fn read_round(&mut self, runtime: &Handle) -> Result<bool, Stopped> {
        let mut is_busy = false;
        let mut has_put_off = false;
        let mut behind = 0;
        let mut ended = Vec::new();
        let mut old_files: usize = self
            .followed
            .values()
            .map(|followed| followed.tail.old_files())
            .sum();
        let due: Vec<ContainerId> = self
            .followed
            .iter()
            .filter_map(|(id, followed)| followed.is_due.then_some(*id))
            .collect();
        for id in due {
            let Some(followed) = self.followed.get_mut(&id) else {
                continue;
            };
            if !followed.tail.is_begun() && old_files >= MOST_OLD_FILES {
                has_put_off = true;
                continue;
            }
            old_files -= followed.tail.old_files();
            let mut shared = Shared {
                buffer: &mut self.buffer,
                numbers: &mut self.numbers,
                figures: &self.figures,
                now: Nanos::now(),
                backfill: self.settings.backfill,
            };
            let next = followed.tail.step(&mut shared);
            old_files += followed.tail.old_files();
            if self.buffer.len() > BUFFER_BYTES {
                self.buffer.truncate(BUFFER_BYTES);
                self.buffer.shrink_to_fit();
            }
            followed.note(&next);
            match next {
                Ok(Next::Ended) => ended.push(id),
                Ok(Next::More) => {
                    is_busy = true;
                    behind += followed.tail.behind();
                }
                Ok(Next::Wait) | Err(_) => {}
            }
            if let Some(chunk) = followed.tail.take_chunk(&mut self.numbers) {
                self.packer.add(chunk);
            }
            if self.packer.waiting_bytes() >= BATCH_BYTES {
                self.send(runtime)?;
            }
            if self.stop.is_cancelled() {
                return Err(Stopped);
            }
        }
        is_busy |= has_put_off && old_files < MOST_OLD_FILES;
        self.figures.bytes_behind.store(behind, Ordering::Relaxed);
        self.send(runtime)?;
        for id in ended {
            if let Some(followed) = self.followed.remove(&id) {
                self.unwatch(followed.watch);
                if let Some(known) = self.numbers_by_id.get_mut(&followed.described.docker_id) {
                    known.1 = true;
                }
            }
            self.note_removed(id, runtime)?;
        }
        let of_containers = self
            .followed
            .values()
            .filter_map(|followed| followed.problem.clone());
        self.problems
            .set(of_containers.chain(self.found_problems.iter().cloned()).collect());
        Ok(is_busy)
    }

    fn unwatch(&mut self, watch: Option<WatchDescriptor>) {
        if let Some(watch) = watch {
            self.watched.remove(&watch);
            self.events.forget(watch);
        }
    }

    fn note_removed(&self, id: ContainerId, runtime: &Handle) -> Result<(), Stopped> {
        let removing = self.store.note_removed(id, Timestamp::now());
        if let Err(error) = self.ask(runtime, removing)? {
            tracing::error!(%error, container.id = id.0, "that a container is gone cannot be noted");
        }
        Ok(())
    }

    /// Hands over what was read; waits as long as the writer is busy.
    fn send(&mut self, runtime: &Handle) -> Result<(), Stopped> {
        let batch = self.packer.take();
        if batch.is_empty() {
            return Ok(());
        }
        let sent = self.ask(runtime, self.batches.send(batch))?;
        sent.map_err(|_| Stopped)
    }

    /// Waits for what the answer takes, unless the service stops.
    fn ask<T>(&self, runtime: &Handle, answer: impl Future<Output = T>) -> Result<T, Stopped> {
        runtime
            .block_on(self.stop.run_until_cancelled(answer))
            .ok_or(Stopped)
    }

    /// Waits for an event, at most until then.
    fn wait_until(&self, latest: Instant) -> Result<(), Stopped> {
        self.events.wait(latest).then_some(()).ok_or(Stopped)
    }
}

impl Followed {
    fn note(&mut self, next: &std::io::Result<Next>) {
        self.is_due = matches!(next, Ok(Next::More));
        self.problem = match next {
            Err(error) => Some(Problem {
                path: self.tail.log(),
                what: discovery::of_log(error),
            }),
            Ok(_) if self.described.running && !self.has_log && !self.tail.is_begun() => Some(Problem {
                path: self.tail.log(),
                what: discovery::of_other_driver(&self.described.name),
            }),
            Ok(_) => None,
        };
    }
}
