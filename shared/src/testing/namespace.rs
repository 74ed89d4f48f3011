//! Machines of their own, as far as the kernel gives them: a small disk, one that fails, a process with the number 1.
//!
//! Everything lives in a namespace that ends with its process, so nothing is left behind.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Process, Program, database};

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

/// The program through commands that are looked for where the test finds them.
fn wrapped(program: &Program, wrapper: &[&str]) -> Command {
    let mut command = program.command(wrapper);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// The program as the process with the number 1 of its container.
///
/// Nothing where the kernel gives no such namespace.
#[must_use]
pub fn as_first_process(program: &Program) -> Option<Command> {
    let wrapper = unshare(&["--pid", "--fork", "--kill-child"], &["true"])?;
    Some(wrapped(program, &wrapper))
}

/// A small disk at a folder that only the process on it sees, and that is gone when the process ends.
#[derive(Debug)]
pub struct SmallDisk {
    unshare: Vec<&'static str>,
    folder: PathBuf,
    size_kib: u64,
}

impl SmallDisk {
    /// Nothing where neither root nor user namespaces may mount.
    ///
    /// # Panics
    /// When the path is no text.
    #[must_use]
    pub fn at(folder: &Path, size_kib: u64) -> Option<Self> {
        let mount = [
            "sh",
            "-c",
            "mount -t tmpfs -o size=64k none \"$0\"",
            folder.to_str().expect("a path of text"),
        ];
        Some(Self {
            unshare: unshare(&["--mount"], &mount)?,
            folder: folder.to_owned(),
            size_kib,
        })
    }

    /// The program on this disk, after `preparation` has run there as a shell script.
    ///
    /// # Panics
    /// When the path is no text.
    #[must_use]
    pub fn command(&self, program: &Program, preparation: &str) -> Command {
        let script = format!(
            "mount -t tmpfs -o size={}k none \"$0\" && {preparation} && exec \"$1\"",
            self.size_kib
        );
        let folder = self.folder.to_str().expect("a path of text");
        let mut wrapper = self.unshare.clone();
        wrapper.extend(["sh", "-c", script.as_str(), folder]);
        wrapped(program, &wrapper)
    }

    /// A file on the disk, as this process can reach it.
    ///
    /// # Panics
    /// When the disk's folder has no absolute path.
    #[must_use]
    pub fn seen_from_here(&self, process: &Process, name: &str) -> PathBuf {
        let file = self.folder.join(name);
        let below_root = file.strip_prefix("/").expect("an absolute path");
        PathBuf::from(format!("/proc/{}/root", process.id())).join(below_root)
    }

    /// Checks the database with this name, in a copy: its files go with the process.
    ///
    /// # Panics
    /// When it cannot be copied, or is not sound.
    pub async fn assert_sound(&self, process: &Process, name: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("copy.db");
        for suffix in ["", "-wal"] {
            let from = self.seen_from_here(process, &format!("{name}{suffix}"));
            std::fs::copy(from, format!("{}{suffix}", copy.display())).expect("a file on the disk");
        }
        database::assert_sound(&copy).await;
    }
}

/// A disk at a folder that only the process on it sees. It outlives the process, and can be made to fail.
#[derive(Debug)]
pub struct FailingDisk {
    folder: PathBuf,
    image: PathBuf,
}

impl FailingDisk {
    const MOUNT: &str = "mount -o loop,errors=remount-ro \"$0\" \"$1\"";

    /// An empty one, whose content is the file `image`.
    ///
    /// Nothing where files cannot be mounted, which takes root and a kernel with loop devices and ext4.
    #[must_use]
    pub fn at(folder: &Path, image: PathBuf) -> Option<Self> {
        let disk = Self {
            folder: folder.to_owned(),
            image,
        };
        let make = disk.shell(&[], "truncate -s 32M \"$0\" && mkfs.ext4 -q \"$0\"");
        // A user's namespace may not mount it, so none is tried.
        let probe = disk.shell(&["unshare", "--mount"], Self::MOUNT);
        [make, probe]
            .into_iter()
            .all(|mut step| step.output().is_ok_and(|output| output.status.success()))
            .then_some(disk)
    }

    /// The program on this disk.
    #[must_use]
    pub fn command(&self, program: &Program) -> Command {
        let script = format!("{} && exec \"$2\"", Self::MOUNT);
        let (image, folder) = self.paths();
        wrapped(
            program,
            &["unshare", "--mount", "sh", "-c", &script, image, folder],
        )
    }

    /// Lets the kernel find a fault on the disk. From then on nothing is written to it; when it is mounted again it works.
    ///
    /// # Panics
    /// When nothing runs on the disk.
    pub fn fail(&self) {
        let trigger = "device=$(losetup --noheadings --output NAME --associated \"$0\") \
                       && echo 1 >/sys/fs/ext4/\"${device#/dev/}\"/trigger_fs_error";
        let status = self.shell(&[], trigger).status().expect("a shell");
        assert!(status.success(), "the disk is in use");
    }

    fn shell(&self, wrapper: &[&str], script: &str) -> Command {
        let (image, folder) = self.paths();
        let arguments = [wrapper, &["sh", "-c", script, image, folder]].concat();
        let mut command = Command::new(arguments[0]);
        command.args(&arguments[1..]);
        command
    }

    fn paths(&self) -> (&str, &str) {
        (
            self.image.to_str().expect("a path of text"),
            self.folder.to_str().expect("a path of text"),
        )
    }
}
