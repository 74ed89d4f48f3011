//! Machines of their own, as far as the kernel gives them: a small disk, a process with the number 1.
//!
//! Everything lives in a namespace that ends with its process, so nothing is left behind.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tracker::{Setup, Tracker};

/// The command that makes a namespace of this kind, as root or as anybody; `probe` must succeed in it.
fn unshare(kind: &[&'static str], probe: &[&str]) -> Option<Vec<&'static str>> {
    [&["unshare"][..], &["unshare", "--map-root-user"]]
        .into_iter()
        .map(|unshare| [unshare, kind].concat())
        .find(|unshare| {
            let probe = Command::new(unshare[0]).args(&unshare[1..]).args(probe).output();
            probe.is_ok_and(|output| output.status.success())
        })
}

/// The program of `setup` as the process with the number 1 of its container.
///
/// Nothing where the kernel gives no such namespace.
pub(crate) fn as_first_process(setup: &Setup) -> Option<Command> {
    let mut command = setup.command(&unshare(&["--pid", "--fork", "--kill-child"], &["true"])?);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    Some(command)
}

/// A small disk at `folder` that only the process on it sees, and that is gone when the process ends.
pub(crate) struct SmallDisk {
    unshare: Vec<&'static str>,
    folder: PathBuf,
    size_kib: u64,
}

impl SmallDisk {
    /// Nothing where neither root nor user namespaces may mount.
    pub(crate) fn at(folder: &Path, size_kib: u64) -> Option<Self> {
        let mount = [
            "sh",
            "-c",
            "mount -t tmpfs -o size=64k none \"$0\"",
            folder.to_str().unwrap(),
        ];
        Some(Self {
            unshare: unshare(&["--mount"], &mount)?,
            folder: folder.to_owned(),
            size_kib,
        })
    }

    /// The program of `setup` on this disk, after `preparation` has run there as a shell script.
    pub(crate) fn command(&self, setup: &Setup, preparation: &str) -> Command {
        let script = format!(
            "mount -t tmpfs -o size={}k none \"$0\" && {preparation} && exec \"$1\"",
            self.size_kib
        );
        let folder = self.folder.to_str().unwrap();
        let mut wrapper = self.unshare.clone();
        wrapper.extend(["sh", "-c", script.as_str(), folder]);
        let mut command = setup.command(&wrapper);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// A file on the disk, as this process can reach it.
    pub(crate) fn seen_from_here(&self, tracker: &Tracker, name: &str) -> PathBuf {
        let mut path = PathBuf::from(format!("/proc/{}/root", tracker.id()));
        path.push(self.folder.join(name).strip_prefix("/").unwrap());
        path
    }
}
