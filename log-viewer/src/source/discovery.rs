//! Finds the containers in Docker's folders, and says what stands in the way of reading them.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::names::Names;
use crate::store::containers::Described;

const CONFIG: &str = "config.v2.json";
/// Docker's are of some kilobytes.
const LARGEST_CONFIG_BYTES: u64 = 4 << 20;

/// Something that keeps us from reading logs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) path: PathBuf,
    /// For a human: what to mount or permit.
    pub(crate) what: String,
}

/// A container's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) folder: PathBuf,
    pub(super) described: Described,
    /// Whether Docker has told where the log is.
    pub(super) has_log: bool,
    pub(super) is_wanted: bool,
}

/// What a look at the folders has shown.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    pub(super) containers: Vec<Sighting>,
    pub(super) problems: Vec<Problem>,
    /// Folders of LOG_SOURCES that could be listed.
    pub(super) listed: Vec<PathBuf>,
}

/// Reads Docker's folders, and each description only when it has changed.
#[derive(Debug)]
pub(super) struct Discovery {
    sources: Vec<PathBuf>,
    names: Names,
    known: HashMap<PathBuf, (Stamp, Sighting)>,
}

/// Docker replaces the file, so it changes its inode as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    inode: u64,
    size: u64,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
            size: metadata.size(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigFile {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    name: String,
    /// Set when the container logs to a json-file.
    #[serde(default)]
    log_path: String,
    #[serde(default)]
    config: ContainerConfig,
    #[serde(default)]
    state: State,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerConfig {
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default)]
    running: bool,
}

impl Discovery {
    pub(super) fn new(sources: Vec<PathBuf>, names: Names) -> Self {
        Self {
            sources,
            names,
            known: HashMap::new(),
        }
    }

    pub(super) fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// Looks at all folders.
    pub(super) fn look(&mut self) -> Sightings {
        let mut seen = Sightings::default();
        let mut known = std::mem::take(&mut self.known);
        for source in &self.sources {
            match self.look_at(source, &mut known, &mut seen) {
                Ok(()) => seen.listed.push(source.clone()),
                Err(error) => seen.problems.push(Problem {
                    path: source.clone(),
                    what: of_source(&error),
                }),
            }
        }
        for sighting in &seen.containers {
            if let Some((folder, known)) = known.remove_entry(&sighting.folder) {
                self.known.insert(folder, known);
            }
        }
        // The same container in two folders is one.
        let mut ids = std::collections::HashSet::new();
        seen.containers
            .retain(|sighting| ids.insert(sighting.described.docker_id.clone()));
        seen
    }

    fn look_at(
        &self,
        source: &Path,
        known: &mut HashMap<PathBuf, (Stamp, Sighting)>,
        seen: &mut Sightings,
    ) -> io::Result<()> {
        let mut unreadable = None;
        for entry in fs::read_dir(source)? {
            let folder = entry?.path();
            match self.look_into(&folder, known) {
                Ok(Some(sighting)) => seen.containers.push(sighting),
                Ok(None) => {}
                Err(error) => unreadable = Some((folder, error)),
            }
        }
        // Usually all or none can be read, so one of them stands for all.
        if let Some((folder, error)) = unreadable {
            // Until it can be read again, it is what it was.
            seen.containers
                .extend(known.get(&folder).map(|(_, sighting)| sighting.clone()));
            seen.problems.push(Problem {
                path: source.join(format!("*/{CONFIG}")),
                what: of_config(&error),
            });
        }
        Ok(())
    }

    /// `None` when it is no container's folder.
    fn look_into(
        &self,
        folder: &Path,
        known: &mut HashMap<PathBuf, (Stamp, Sighting)>,
    ) -> io::Result<Option<Sighting>> {
        let file = match File::open(folder.join(CONFIG)) {
            Ok(file) => file,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let stamp = Stamp::from(&file.metadata()?);
        if let Some((before, sighting)) = known.get(folder)
            && *before == stamp
        {
            return Ok(Some(sighting.clone()));
        }
        let mut text = Vec::new();
        file.take(LARGEST_CONFIG_BYTES).read_to_end(&mut text)?;
        let sighting = self.describe(folder, &text)?;
        known.insert(folder.to_owned(), (stamp, sighting.clone()));
        Ok(Some(sighting))
    }

    fn describe(&self, folder: &Path, text: &[u8]) -> io::Result<Sighting> {
        let config: ConfigFile = serde_json::from_slice(text)?;
        // It becomes a part of a path.
        if config.id.is_empty() || !config.id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let name = config.name.trim_start_matches('/').to_owned();
        let mut labels = config.config.labels.unwrap_or_default();
        let mut label = |name: &str| labels.remove(name).filter(|value| !value.is_empty());
        Ok(Sighting {
            folder: folder.to_owned(),
            is_wanted: self.names.wants(&name),
            has_log: !config.log_path.is_empty(),
            described: Described {
                docker_id: config.id,
                name,
                image: config.config.image.filter(|image| !image.is_empty()),
                project: label("com.docker.compose.project"),
                service: label("com.docker.compose.service"),
                running: config.state.running,
            },
        })
    }
}

fn of_source(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "this folder does not exist here: mount the host's /var/lib/docker/containers, read-only".into()
        }
        io::ErrorKind::PermissionDenied => {
            "this folder may not be listed: run the service as root (user 0, without capabilities)".into()
        }
        _ => format!("this folder cannot be listed: {error}"),
    }
}

fn of_config(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "containers cannot be told apart without these files, which only their owner may read: \
             run the service as root (user 0, without capabilities)"
                .into()
        }
        _ => format!("the description of a container cannot be understood: {error}"),
    }
}

/// Why a container's log cannot be read.
pub(super) fn of_log(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "this log may not be read: run the service as root (user 0, without capabilities)".into()
        }
        _ => format!("this log cannot be read: {error}"),
    }
}

/// Why a container has no log.
pub(super) fn of_other_driver(name: &str) -> String {
    format!(
        "the container {name} does not log to a json-file: \
         start it with the logging driver json-file to see its lines here"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(source: &Path, folder: &str, config: &str) {
        let folder = source.join(folder);
        fs::create_dir_all(&folder).unwrap();
        // As Docker does it.
        fs::write(folder.join("config.tmp"), config).unwrap();
        fs::rename(folder.join("config.tmp"), folder.join(CONFIG)).unwrap();
    }

    fn names(seen: &Sightings) -> Vec<(String, bool)> {
        let mut names: Vec<_> = seen
            .containers
            .iter()
            .map(|sighting| (sighting.described.name.clone(), sighting.is_wanted))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_container_is_described_by_its_folder() {
        let source = tempfile::tempdir().unwrap();
        write(
            source.path(),
            "aa",
            r#"{"ID":"aa","Name":"/shop-web-1","LogPath":"/x","Config":{"Image":"shop:1","Labels":
                {"com.docker.compose.project":"shop","com.docker.compose.service":"web","x":"y"}},"State":{"Running":true}}"#,
        );
        write(source.path(), "bb", r#"{"ID":"bb","Config":{"Labels":null}}"#);
        fs::create_dir(source.path().join("just-made")).unwrap();
        fs::write(source.path().join("a-file"), "").unwrap();

        let seen = Discovery::new(vec![source.path().into()], Names::default()).look();

        assert_eq!(names(&seen), [(String::new(), true), ("shop-web-1".into(), true)]);
        let web = seen.containers.iter().find(|sighting| sighting.has_log).unwrap();
        assert_eq!(
            web.described,
            Described {
                docker_id: "aa".into(),
                name: "shop-web-1".into(),
                image: Some("shop:1".into()),
                project: Some("shop".into()),
                service: Some("web".into()),
                running: true,
            }
        );
        assert_eq!((seen.problems, seen.listed.len()), (vec![], 1));
    }

    #[test]
    fn a_renamed_container_is_seen_as_it_is_now() {
        let source = tempfile::tempdir().unwrap();
        let mut discovery = Discovery::new(vec![source.path().into()], Names::parse("web*"));
        write(source.path(), "aa", r#"{"ID":"aa","Name":"/web"}"#);
        assert_eq!(names(&discovery.look()), [("web".into(), true)]);
        write(source.path(), "aa", r#"{"ID":"aa","Name":"/old"}"#);
        assert_eq!(names(&discovery.look()), [("old".into(), false)]);
        fs::remove_dir_all(source.path().join("aa")).unwrap();
        assert_eq!(names(&discovery.look()), []);
    }

    #[test]
    fn what_cannot_be_read_is_said_once_and_the_others_are_read() {
        let source = tempfile::tempdir().unwrap();
        let missing = source.path().join("missing");
        write(source.path(), "aa", r#"{"ID":"aa","Name":"/web"}"#);
        for (folder, config) in [
            ("bb", "{"),
            ("cc", r#"{"ID":"../../etc/passwd"}"#),
            ("dd", r#"{"ID":""}"#),
        ] {
            write(source.path(), folder, config);
        }

        let sources = vec![missing.clone(), source.path().into(), source.path().into()];
        let mut discovery = Discovery::new(sources, Names::default());
        let seen = discovery.look();

        assert_eq!(names(&seen), [("web".into(), true)]);
        assert_eq!(seen.listed.len(), 2);
        assert_eq!(seen.problems.len(), 3, "{:?}", seen.problems);
        assert!(seen.problems[0].path == missing && seen.problems[0].what.contains("mount"));
    }
}
