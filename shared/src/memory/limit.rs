//! How much memory the kernel lets this process have.

use std::path::Path;

/// With less, the kernel has no room to keep the files of a busy service in memory.
const LITTLE_BYTES: u64 = 64 << 20;

/// Whether the process has a hard limit, and a low one: that of its control group, or of a group around it.
pub(crate) fn is_little() -> bool {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    lowest(Path::new("/sys/fs/cgroup"), &groups).is_some_and(|bytes| bytes < LITTLE_BYTES)
}

/// The lowest limit of these groups, which are listed as in `/proc/self/cgroup`, in bytes. Both versions are read
/// (<https://docs.kernel.org/admin-guide/cgroup-v2.html>, <https://docs.kernel.org/admin-guide/cgroup-v1/memory.html>).
fn lowest(root: &Path, groups: &str) -> Option<u64> {
    let limits = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let (folder, file) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => {
                (root.join("memory"), "memory.limit_in_bytes")
            }
            _ => return None,
        };
        // In a container the path may be that of the host, and the group itself what is mounted at the root.
        let around = Path::new(path.trim_start_matches('/')).ancestors();
        let limit = |group: &Path| {
            std::fs::read_to_string(folder.join(group).join(file))
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
        };
        around.filter_map(limit).min()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_limit_of_a_group_and_those_around_it_counts() {
        let none = "9223372036854771712";
        for (groups, files, expected) in [
            (
                "0::/a/b\n",
                &[("a/b/memory.max", "31457280\n"), ("a/memory.max", "max\n")][..],
                Some(31_457_280),
            ),
            (
                "0::/a/b\n",
                &[("a/b/memory.max", "max\n"), ("a/memory.max", "1000\n")],
                Some(1_000),
            ),
            ("0::/\n", &[("memory.max", "2000\n")], Some(2_000)),
            ("0::/\n", &[("memory.max", "max\n")], None),
            (
                "4:cpu,memory:/docker/1\n2:cpu:/x\n0::/\n",
                &[("memory/memory.limit_in_bytes", "3000\n")],
                Some(3_000),
            ),
            (
                "4:memory:/a\n0::/\n",
                &[
                    ("memory/a/memory.limit_in_bytes", "4000\n"),
                    ("memory/memory.limit_in_bytes", none),
                ],
                Some(4_000),
            ),
            ("", &[("memory.max", "5000\n")], None),
            ("no line of this kind\n0::/gone\n", &[], None),
        ] {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let file = root.path().join(name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
            assert_eq!(lowest(root.path(), groups), expected, "{groups}");
        }
    }
}
