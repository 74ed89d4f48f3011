//! A hard memory limit as containers have it: a cgroup of version 1 or 2, without swap.
//!
//! What the kernel charges to it is more than the process has resident: files that were read or written, sockets and
//! the kernel's own books. `ulimit -v` limits addresses, which is something else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const ROOT: &str = "/sys/fs/cgroup";
/// A group can be removed once the kernel has buried its processes.
const BURIAL_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);
/// What tells most about a group that was full, by the names of both versions.
const TELLING: [&str; 10] = [
    "rss",
    "cache",
    "mapped_file",
    "dirty",
    "writeback",
    "anon",
    "file",
    "kernel",
    "sock",
    "file_dirty",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Version {
    One,
    Two,
}

/// A group with a limit; removed when dropped, which its processes must not outlive.
pub(crate) struct Group {
    folder: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Usage {
    pub(crate) now_bytes: u64,
    /// `None` before Linux 5.19 in version 2.
    pub(crate) peak_bytes: Option<u64>,
    /// How often the limit was met: files were dropped from memory then, or a process was killed.
    pub(crate) at_limit: u64,
    pub(crate) kills: u64,
}

impl Group {
    pub(crate) fn create(name: &str, limit_bytes: u64) -> Result<Self> {
        Self::create_below(Path::new(ROOT), name, limit_bytes).with_context(|| {
            format!(
                "cannot limit memory: a memory cgroup must be made below {ROOT}, which takes root on the machine itself"
            )
        })
    }

    fn create_below(root: &Path, name: &str, limit_bytes: u64) -> Result<Self> {
        let (version, parent) = hierarchy(root)?;
        if version == Version::Two {
            // Most systems have done so already.
            write(&parent.join("cgroup.subtree_control"), "+memory")?;
        }
        let group = Self {
            folder: parent.join(name),
            version,
        };
        // A run that was interrupted has left it behind, empty.
        let _ = fs::remove_dir(&group.folder);
        fs::create_dir(&group.folder).with_context(|| format!("cannot make {}", group.folder.display()))?;
        group.limit(limit_bytes)?;
        Ok(group)
    }

    fn limit(&self, bytes: u64) -> Result<()> {
        let (limit, without_swap) = match self.version {
            // Memory and swap together: no more than memory alone.
            Version::One => ("memory.limit_in_bytes", ("memory.memsw.limit_in_bytes", bytes)),
            Version::Two => ("memory.max", ("memory.swap.max", 0)),
        };
        write(&self.folder.join(limit), &bytes.to_string())?;
        let (file, value) = without_swap;
        // A kernel that does not count swap lacks the file.
        match fs::write(self.folder.join(file), value.to_string()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot write {file}"))
            }
            _ => Ok(()),
        }
    }

    /// The file that takes the ids of processes.
    pub(crate) fn processes(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    pub(crate) fn usage(&self) -> Result<Usage> {
        Ok(match self.version {
            Version::One => Usage {
                now_bytes: self.number("memory.usage_in_bytes")?,
                peak_bytes: Some(self.number("memory.max_usage_in_bytes")?),
                at_limit: self.number("memory.failcnt")?,
                kills: field(&self.read("memory.oom_control")?, "oom_kill").unwrap_or(0),
            },
            Version::Two => {
                let events = self.read("memory.events")?;
                Usage {
                    now_bytes: self.number("memory.current")?,
                    peak_bytes: self.number("memory.peak").ok(),
                    at_limit: field(&events, "max").context("no max among the events")?,
                    kills: field(&events, "oom_kill").context("no oom_kill among the events")?,
                }
            }
        })
    }

    /// What the group's memory is made of, in kilobytes, for people.
    pub(crate) fn breakdown(&self) -> Result<String> {
        let stat = self.read("memory.stat")?;
        let mut parts: Vec<(&str, u64)> = TELLING
            .into_iter()
            .filter_map(|name| Some((name, field(&stat, name)?)))
            .collect();
        if let Ok(kernel) = self.number("memory.kmem.usage_in_bytes") {
            parts.push(("kernel", kernel));
        }
        let parts = parts
            .iter()
            .map(|(name, bytes)| format!("{name} {}", bytes / 1_000));
        Ok(parts.collect::<Vec<_>>().join(", "))
    }

    fn number(&self, file: &str) -> Result<u64> {
        self.read(file)?
            .trim()
            .parse()
            .with_context(|| format!("{file} holds no number"))
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let deadline = Instant::now() + BURIAL_LIMIT;
        while let Err(error) = fs::remove_dir(&self.folder) {
            if Instant::now() >= deadline {
                eprintln!("{} is left behind: {error}", self.folder.display());
                return;
            }
            thread::sleep(POLL);
        }
    }
}

/// The version that limits memory here, and where its groups are made.
fn hierarchy(root: &Path) -> Result<(Version, PathBuf)> {
    let controllers = fs::read_to_string(root.join("cgroup.controllers")).unwrap_or_default();
    if controllers.split_whitespace().any(|name| name == "memory") {
        return Ok((Version::Two, root.to_owned()));
    }
    let memory = root.join("memory");
    if memory.join("cgroup.procs").exists() {
        return Ok((Version::One, memory));
    }
    bail!("no memory controller is below {}", root.display())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {text} to {}", path.display()))
}

/// The number behind a name in lines of names and numbers.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a cgroup, but files of the same names.
    fn group(version: Version, files: &[(&str, &str)]) -> (tempfile::TempDir, Group) {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("group");
        fs::create_dir(&folder).expect("made");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("written");
        }
        (root, Group { folder, version })
    }

    fn forget(group: Group) {
        fs::remove_dir_all(&group.folder).expect("removed");
        fs::create_dir(&group.folder).expect("an empty one for its drop");
    }

    #[test]
    fn usage_is_read_in_both_versions() {
        let (_root, one) = group(
            Version::One,
            &[
                ("memory.usage_in_bytes", "4096\n"),
                ("memory.max_usage_in_bytes", "8192\n"),
                ("memory.failcnt", "3\n"),
                (
                    "memory.oom_control",
                    "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
                ),
            ],
        );
        let (_root, two) = group(
            Version::Two,
            &[
                ("memory.current", "4096\n"),
                ("memory.peak", "8192\n"),
                ("memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\n"),
            ],
        );
        let expected = Usage {
            now_bytes: 4_096,
            peak_bytes: Some(8_192),
            at_limit: 3,
            kills: 1,
        };

        assert_eq!(one.usage().expect("read"), expected);
        assert_eq!(two.usage().expect("read"), expected);
        forget(one);
        forget(two);
    }

    #[test]
    fn the_limit_leaves_no_swap_in_both_versions() {
        for (version, limit, swap, left) in [
            (
                Version::One,
                "memory.limit_in_bytes",
                "memory.memsw.limit_in_bytes",
                "30000",
            ),
            (Version::Two, "memory.max", "memory.swap.max", "0"),
        ] {
            let (_root, group) = group(version, &[(limit, ""), (swap, "")]);

            group.limit(30_000).expect("written");

            assert_eq!(group.number(limit).expect("a number"), 30_000);
            assert_eq!(group.read(swap).expect("read"), left);
            forget(group);
        }
    }

    #[test]
    fn the_version_is_the_one_that_has_the_memory_controller() {
        let root = tempfile::tempdir().expect("a folder");
        assert!(hierarchy(root.path()).is_err());

        fs::write(root.path().join("cgroup.controllers"), "hugetlb\n").expect("written");
        fs::create_dir(root.path().join("memory")).expect("made");
        fs::write(root.path().join("memory/cgroup.procs"), "").expect("written");
        assert_eq!(hierarchy(root.path()).expect("found").0, Version::One);

        fs::write(root.path().join("cgroup.controllers"), "cpu memory pids\n").expect("written");
        assert_eq!(hierarchy(root.path()).expect("found").0, Version::Two);
    }

    #[test]
    fn a_breakdown_names_what_the_kernel_tells() {
        let (_root, group) = group(
            Version::Two,
            &[("memory.stat", "anon 5000\nfile 7000\nanon_thp 9000\nsock 2000\n")],
        );

        assert_eq!(group.breakdown().expect("read"), "anon 5, file 7, sock 2");
        forget(group);
    }
}
