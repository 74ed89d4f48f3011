//! Memory as it is in a container: all four services for a long time under a hard limit each, with databases of years
//! and half of the load that they can take.
//!
//! First the databases are filled, then the capacity is measured with all four loaded at once, then the run itself.

mod chart;
mod clients;
mod logs;
mod part;
mod requests;
mod samples;
mod seed;
mod stack;
mod traffic;
mod verdict;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use self::logs::Writer;
use self::part::{Part, Plan};
use self::samples::{MEGABYTE, describe_all};
use self::stack::{ERRORS_DATABASE, Stack};
use self::traffic::Items;
use self::verdict::{End, Verdict};
use crate::connection::Client;
use crate::log_viewer::corpus::Corpus;
use crate::log_viewer::ingest::wait_until_read;
use crate::process::API_KEY;

const DSN_KEY: &str = "7c1f0e9a5b3d48e2a6f4c0d19e8b7a35";
/// Of the relay's key. Points that do not come through it belong to another one.
const PROJECT: &str = "storefront";
/// Of each service, as in the compose file.
const LIMIT_MB: f64 = 30.0;
const GROUPS: u64 = 100_000;
const REPORTS_PER_GROUP: u64 = 2;
const SERIES: u64 = 10_000;
/// With five scripts each.
const RELEASES_WITH_MAPS: u64 = 100;
const LOG_ENTRIES: u64 = 1_000_000;
/// Of the senders, for each service in its order. The log viewer has none: its lines come from files.
const CONNECTIONS: [usize; 4] = [64, 0, 8, 64];
/// Of the capacity.
const SHARE: f64 = 0.5;
const CAPACITY_TIME: Duration = Duration::from_secs(60);
/// By then what a service needs at its start and for its first requests has come and gone.
const SETTLED_MINUTES: f64 = 5.0;
const DRAIN_LIMIT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(50);

/// Until when a part lasts, unless something goes wrong.
struct Clock {
    ends: Instant,
    is_stopped: AtomicBool,
}

impl Clock {
    fn until(ends: Instant) -> Self {
        Self {
            ends,
            is_stopped: AtomicBool::new(false),
        }
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn is_running(&self) -> bool {
        self.is_running_at(Instant::now())
    }

    /// Whether it will still be running then, as far as is known now.
    fn is_running_at(&self, moment: Instant) -> bool {
        moment < self.ends && !self.is_stopped.load(Ordering::Relaxed)
    }
}

pub(crate) struct Options<'a> {
    binaries: &'a str,
    minutes: f64,
    chart: Option<&'a str>,
    limit_mb: f64,
}

impl<'a> Options<'a> {
    /// `None` when they make no sense.
    pub(crate) fn parse(arguments: &[&'a str]) -> Option<Self> {
        let mut options = Self {
            binaries: "",
            minutes: 30.0,
            chart: None,
            limit_mb: LIMIT_MB,
        };
        for pair in arguments.chunks(2) {
            match *pair {
                ["--binaries", folder] => options.binaries = folder,
                ["--minutes", minutes] => {
                    options.minutes = minutes
                        .parse()
                        .ok()
                        .filter(|minutes| (0.2..=1e4).contains(minutes))?;
                }
                ["--limit-mb", limit] => {
                    options.limit_mb = limit.parse().ok().filter(|limit| (10.0..=1e4).contains(limit))?;
                }
                ["--chart", file] => options.chart = Some(file),
                _ => return None,
            }
        }
        (!options.binaries.is_empty()).then_some(options)
    }
}

/// Runs it all, prints the table, and fails when anything is not as it must be.
pub(crate) fn measure(options: &Options<'_>) -> Result<()> {
    // Services start in a folder of their own, where a relative path would mean another file.
    let binaries = &fs::canonicalize(options.binaries)
        .with_context(|| format!("no folder with binaries at {}", options.binaries))?;
    // Where /tmp is in memory, the kernel would charge the databases to the services. /var/tmp is on a disk.
    let base = std::env::var_os("TMPDIR").unwrap_or_else(|| "/var/tmp".into());
    let folder = tempfile::tempdir_in(base)?;
    let logs = folder.path().join("containers");
    eprintln!("writing {LOG_ENTRIES} lines");
    let corpus = Corpus::write(logs.clone(), LOG_ENTRIES)?;
    let stack = Stack::start(binaries, folder.path(), &logs, options.limit_mb)?;

    let faults = match run(&stack, &corpus, options) {
        Ok((mut faults, acknowledged)) => {
            stack.stop()?;
            faults.extend(missing_reports(
                &folder.path().join(ERRORS_DATABASE),
                acknowledged,
            )?);
            faults
        }
        Err(error) => {
            eprintln!("{}", describe_all(&stack));
            return Err(error);
        }
    };
    if faults.is_empty() {
        let growth = if verdict::judges_growth(options.minutes) {
            "no memory grows"
        } else {
            "the run was too short to tell whether memory grows"
        };
        println!("Nothing was killed, nothing acknowledged is missing, and {growth}.");
        return Ok(());
    }
    bail!("not as it must be:\n  {}", faults.join("\n  "))
}

/// Answers what is wrong, and how many reports the tracker must have.
fn run(stack: &Stack, corpus: &Corpus, options: &Options<'_>) -> Result<(Vec<String>, u64)> {
    let mut acknowledged = seed::fill(stack, corpus)?;
    let mut writer = Writer::create(&corpus.root)?;
    let planned = Duration::from_secs_f64(options.minutes * 60.0);

    eprintln!("capacity");
    let plan = Plan {
        // A run that is only a trial does not wait for it.
        duration: CAPACITY_TIME.min(planned / 6),
        rates: None,
        number: 1,
    };
    let part = Part::run(stack, &mut writer, corpus.lines, &plan)?;
    acknowledged += part.acknowledged();
    let capacity = part.rates();
    eprintln!("{}\n{capacity:.0?} a second", describe_all(stack));
    settle(stack, corpus.lines + writer.lines)?;

    eprintln!("{:.1} minutes at half of it", options.minutes);
    let offered = capacity.map(|rate| rate * SHARE);
    let at_limit_before = usages(stack)?.map(|usage| usage.at_limit);
    let plan = Plan {
        duration: planned,
        rates: Some(offered),
        number: 2,
    };
    let part = Part::run(stack, &mut writer, corpus.lines, &plan)?;
    acknowledged += part.acknowledged();
    let settled = settle(stack, corpus.lines + writer.lines);
    let verdict = Verdict {
        minutes: options.minutes,
        capacity,
        offered,
        part: &part,
        ends: ends(stack, at_limit_before)?,
    };
    println!("{}", verdict.table());
    if let Some(file) = options.chart {
        fs::write(
            file,
            chart::draw(&part.samples, options.minutes, options.limit_mb),
        )
        .with_context(|| format!("cannot write {file}"))?;
    }
    let mut faults = verdict.faults();
    faults.extend(settled.err().map(|error| format!("{error:#}")));
    faults.extend(missing_points(stack, acknowledged)?);
    Ok((faults, acknowledged.reports))
}

fn usages(stack: &Stack) -> Result<[crate::cgroup::Usage; 4]> {
    let mut usages = [crate::cgroup::Usage::default(); 4];
    for (usage, limited) in usages.iter_mut().zip(&stack.all) {
        *usage = limited.group.usage()?;
    }
    Ok(usages)
}

fn ends(stack: &Stack, at_limit_before: [u64; 4]) -> Result<[End; 4]> {
    let usages = usages(stack)?;
    let mut peaks = [0.0; 4];
    for (peak, limited) in peaks.iter_mut().zip(&stack.all) {
        *peak = limited.service.memory()?.peak_mb * MEGABYTE;
    }
    Ok(std::array::from_fn(|service| End {
        peak_bytes: peaks[service],
        usage: usages[service],
        at_limit_before: at_limit_before[service],
    }))
}

/// Waits until every line has been read and nothing waits in the relay any more.
fn settle(stack: &Stack, lines: u64) -> Result<()> {
    wait_until_read(&mut Client::open(stack.viewer(), API_KEY)?, lines).context("log-viewer")?;
    let mut relay = Client::open(stack.relay(), API_KEY)?;
    let deadline = Instant::now() + DRAIN_LIMIT;
    loop {
        let reports = relay.metric("monlight_browser_relay_spool_reports")?;
        let points = relay.metric("monlight_browser_relay_spool_points")?;
        if reports + points == 0 {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "browser-relay: {reports} reports and {points} points still wait"
        );
        thread::sleep(POLL);
    }
}

fn missing_points(stack: &Stack, acknowledged: Items) -> Result<Option<String>> {
    let stored = Client::open(stack.collector(), API_KEY)?
        .metric("monlight_metrics_collector_points_accepted_total")?;
    Ok((stored != acknowledged.points).then(|| {
        format!(
            "metrics-collector: {stored} points were stored, and {} were acknowledged",
            acknowledged.points
        )
    }))
}

/// Asks the database itself: the service would have to turn all its pages.
fn missing_reports(database: &Path, acknowledged: u64) -> Result<Option<String>> {
    let counted: u64 = rusqlite::Connection::open(database)?
        .query_row("select sum(count) from errors", [], |row| row.get::<_, i64>(0))?
        .try_into()?;
    Ok((counted != acknowledged).then(|| {
        format!("error-tracker: {counted} reports were counted, and {acknowledged} were acknowledged")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_in_any_order_and_binaries_must_be_named() {
        let options =
            Options::parse(&["--minutes", "2", "--binaries", "b", "--chart", "c.svg"]).expect("all of them");

        assert_eq!(
            (options.binaries, options.minutes, options.chart),
            ("b", 2.0, Some("c.svg"))
        );
        for wrong in [
            &["--minutes", "2"][..],
            &["--binaries"],
            &["--binaries", "b", "--minutes", "0"],
            &["--binaries", "b", "--limit-mb", "-1"],
            &["--binaries", "b", "--fast"],
        ] {
            assert!(Options::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_clock_runs_until_its_end_unless_it_is_stopped() {
        let end = Instant::now() + Duration::from_secs(60);
        let clock = Clock::until(end);
        assert!(clock.is_running() && !clock.is_running_at(end));

        clock.stop();

        assert!(!clock.is_running());
    }
}
