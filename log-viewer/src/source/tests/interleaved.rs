//! Docker between any two of our looks at the disk: each of its steps is a step here, and any number of them may come
//! between two of ours, also within one look at all the files.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::random::Dice;
use crate::batch::{Chunk, OpenEntry};
use crate::cursor::Cursor;
use crate::entry::Stream;
use crate::lines::{ContainerId, EntryId};
use crate::nanos::Nanos;
use crate::source::figures::Figures;
use crate::source::meanwhile::testing::{let_act, others_act};
use crate::source::publish::Numbers;
use crate::source::stretch::BUFFER_BYTES;
use crate::source::tail::{Next, Shared, Tail};

/// Something that Docker, or an admin, does to a file at once.
enum Step {
    Append(PathBuf, Vec<u8>),
    Rename(PathBuf, PathBuf),
    Create(PathBuf),
    Remove(PathBuf),
    Truncate(PathBuf),
}

impl Step {
    fn run(self) {
        match self {
            Self::Append(path, bytes) => {
                let mut file = OpenOptions::new().append(true).open(path).unwrap();
                file.write_all(&bytes).unwrap();
            }
            Self::Rename(from, to) => fs::rename(from, to).unwrap(),
            Self::Create(path) => drop(File::create_new(path).unwrap()),
            Self::Remove(path) => fs::remove_file(path).unwrap(),
            Self::Truncate(path) => drop(File::create(path).unwrap()),
        }
    }
}

/// Plans what is done, step by step.
struct Plan {
    log: PathBuf,
    steps: VecDeque<Step>,
    lines: Vec<String>,
    /// What the current file will hold.
    current: Vec<u8>,
    /// Of the rotated files, the newest first, whether they are compressed.
    rotated: Vec<bool>,
}

impl Plan {
    fn new(log: PathBuf) -> Self {
        Self {
            steps: VecDeque::from([Step::Create(log.clone())]),
            log,
            lines: Vec::new(),
            current: Vec::new(),
            rotated: Vec::new(),
        }
    }

    fn path(&self, number: usize, is_gz: bool) -> PathBuf {
        let name = self.log.to_str().unwrap();
        PathBuf::from(format!("{name}.{number}{}", if is_gz { ".gz" } else { "" }))
    }

    fn append(&mut self, bytes: &[u8]) {
        self.current.extend_from_slice(bytes);
        self.steps.push_back(Step::Append(self.log.clone(), bytes.into()));
    }

    fn line(&mut self, is_cut: bool, is_long: bool) {
        // Many files begin with the same text.
        let same = "x".repeat(if is_long { 3_000 } else { 0 });
        let line = format!("{same}line {}", self.lines.len());
        let time = Nanos::from_millis(1_772_366_400_000 + self.lines.len() as i64).to_string();
        let record = format!("{{\"log\":\"{line}\\n\",\"stream\":\"stdout\",\"time\":\"{time}\"}}\n");
        let (first, rest) = record.split_at(if is_cut { record.len() / 2 } else { record.len() });
        self.append(first.as_bytes());
        if is_cut {
            self.append(rest.as_bytes());
        }
        self.lines.push(line);
    }

    fn shift(&mut self) {
        // As the tests' Docker does it: the plain ones first.
        for kind in [false, true] {
            for number in (1..=self.rotated.len()).rev() {
                if self.rotated[number - 1] == kind {
                    let (from, to) = (self.path(number, kind), self.path(number + 1, kind));
                    self.steps.push_back(Step::Rename(from, to));
                }
            }
        }
    }

    fn rotate(&mut self, compresses: bool) {
        self.shift();
        let (plain, gz) = (self.path(1, false), self.path(1, true));
        self.steps
            .push_back(Step::Rename(self.log.clone(), plain.clone()));
        self.steps.push_back(Step::Create(self.log.clone()));
        if compresses {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&self.current).unwrap();
            let bytes = encoder.finish().unwrap();
            self.steps.push_back(Step::Create(gz.clone()));
            for part in bytes.chunks(bytes.len().div_ceil(3)) {
                self.steps.push_back(Step::Append(gz.clone(), part.into()));
            }
            self.steps.push_back(Step::Remove(plain));
        }
        self.rotated.insert(0, compresses);
        self.current.clear();
    }

    fn copy_and_truncate(&mut self) {
        self.shift();
        let copy = self.path(1, false);
        self.steps.push_back(Step::Create(copy.clone()));
        self.steps.push_back(Step::Append(copy, self.current.clone()));
        self.steps.push_back(Step::Truncate(self.log.clone()));
        self.rotated.insert(0, false);
        self.current.clear();
    }
}

/// What the database has.
#[derive(Clone, Default)]
struct Written {
    cursor: Option<Cursor>,
    open: BTreeMap<u8, OpenEntry>,
    entries: BTreeMap<EntryId, String>,
}

impl Written {
    fn add(&mut self, chunk: Chunk) {
        for (head, text) in chunk.finished.iter() {
            self.entries.insert(head.id, text.to_owned());
        }
        for (_, stream) in chunk.closed {
            self.open.remove(&(stream as u8));
        }
        for (entry, _) in chunk.open {
            self.entries.insert(entry.head.id, entry.text.clone());
            self.open.insert(entry.head.stream as u8, entry);
        }
        if let Some((_, cursor)) = chunk.cursor {
            self.cursor = Some(cursor);
        }
    }

    fn tail(&self, folder: &Path) -> (Tail, Numbers) {
        let open = self.open.values().cloned().collect();
        let last = self.entries.keys().last().copied().unwrap_or_default();
        (
            Tail::new(ContainerId(1), folder, "aa", self.cursor, open),
            Numbers::after(last),
        )
    }
}

/// Reads once, and writes what was found.
fn step(tail: &mut Tail, numbers: &mut Numbers, buffer: &mut Vec<u8>, written: &mut Written) -> Next {
    let next = tail.step(&mut Shared {
        buffer,
        numbers,
        figures: &Figures::default(),
        now: Nanos::now(),
        backfill: u64::MAX,
    });
    if let Some(chunk) = tail.take_chunk(numbers) {
        written.add(chunk);
    }
    next.unwrap()
}

/// How wild it is.
#[derive(Debug, Clone, Copy)]
struct Kind {
    compresses: bool,
    copies: bool,
    restarts: bool,
}

fn play(seed: u64, kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(seed);
    let mut plan = Plan::new(folder.path().join("aa-json.log"));
    for _ in 0..dice.roll(14) + 2 {
        for _ in 0..dice.roll(5) {
            plan.line(dice.roll(4) == 0, dice.roll(3) == 0);
        }
        if kind.copies && dice.roll(2) == 0 {
            plan.copy_and_truncate();
        } else {
            plan.rotate(kind.compresses && dice.roll(8) > 0);
        }
    }
    plan.line(false, false);
    let lines = plan.lines;
    let steps = Rc::new(RefCell::new(plan.steps));
    // Some write slowly, some are far ahead.
    let (pause, burst) = (dice.roll(12) + 1, dice.roll(60) + 1);
    let docker = {
        let steps = Rc::clone(&steps);
        let mut dice = Dice::new(seed + 1_000_000);
        move || {
            let count = match dice.roll(pause) {
                0 => dice.roll(burst) + 1,
                _ => 0,
            };
            for _ in 0..count {
                let step = steps.borrow_mut().pop_front();
                if let Some(step) = step {
                    step.run();
                }
            }
        }
    };
    let_act(Some(Box::new(docker)));

    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut committed, mut written) = (Written::default(), Written::default());
    let (mut tail, mut numbers) = written.tail(folder.path());
    let mut waits = 0;
    while waits < 3 {
        others_act();
        let next = step(&mut tail, &mut numbers, &mut buffer, &mut written);
        if dice.roll(3) == 0 {
            committed = written.clone();
        }
        let mut is_over = steps.borrow().is_empty() && next == Next::Wait;
        if kind.restarts && dice.roll(20) == 0 {
            is_over = false;
            written = committed.clone();
            (tail, numbers) = written.tail(folder.path());
        }
        waits = if is_over { waits + 1 } else { 0 };
    }
    let_act(None);
    tail.finish(&mut numbers);
    if let Some(chunk) = tail.take_chunk(&mut numbers) {
        written.add(chunk);
    }

    let found: Vec<&str> = written.entries.values().map(String::as_str).collect();
    assert_eq!(found, lines, "seed {seed}, {kind:?}");
    assert_eq!(written.open.keys().next(), None::<&u8>, "{:?}", Stream::Stdout);
}

fn play_all(kind: Kind) {
    // More of them when one wants to be sure.
    let seeds = std::env::var("INTERLEAVED_SEEDS").ok();
    let seeds = seeds.and_then(|seeds| seeds.parse().ok()).unwrap_or(400);
    for seed in 1..=seeds {
        play(seed, kind);
    }
}

#[test]
fn rotation_between_any_two_looks_loses_and_repeats_nothing() {
    for restarts in [false, true] {
        play_all(Kind {
            compresses: false,
            copies: false,
            restarts,
        });
    }
}

#[test]
fn compression_between_any_two_looks_loses_and_repeats_nothing() {
    for restarts in [false, true] {
        play_all(Kind {
            compresses: true,
            copies: false,
            restarts,
        });
    }
}

#[test]
fn copies_and_truncations_between_any_two_looks_lose_and_repeat_nothing() {
    for restarts in [false, true] {
        play_all(Kind {
            compresses: false,
            copies: true,
            restarts,
        });
    }
}

#[test]
fn half_a_first_line_does_not_make_a_file_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = Plan::new(folder.path().join("aa-json.log"));
    plan.line(true, true);
    plan.copy_and_truncate();
    plan.line(false, true);
    let (mut buffer, mut written) = (vec![0; BUFFER_BYTES], Written::default());
    let (mut tail, mut numbers) = written.tail(folder.path());
    let mut read =
        |written: &mut Written| while step(&mut tail, &mut numbers, &mut buffer, written) == Next::More {};

    // The file, and half a record that is longer than what is known of a file's start.
    plan.steps.drain(..2).for_each(Step::run);
    read(&mut written);
    // The other half; it is copied and truncated, and begins again with the same text.
    plan.steps.drain(..).for_each(Step::run);
    read(&mut written);

    let found: Vec<&String> = written.entries.values().collect();
    assert!(found.iter().copied().eq(&plan.lines), "{} entries", found.len());
}
