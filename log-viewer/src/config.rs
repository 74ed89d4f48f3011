//! The viewer's settings.

use std::path::PathBuf;
use std::time::Duration;

use shared::env::{Faults, Reader, Setting, Unit};
use shared::settings::{Defaults, ServiceLinks, ServiceSettings};

use crate::store::ring::Limits;

const DEFAULTS: Defaults = Defaults {
    key_names: &["LOG_VIEWER_API_KEY", "API_KEY"],
    database_path: "./data/logs.db",
    rate_limit: 1_200,
    max_body_bytes: 64 * 1_024,
};
const DEFAULT_SOURCE: &str = "/var/lib/docker/containers";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every service has.
    pub service: ServiceSettings,
    /// Folders of containers.
    pub sources: Vec<PathBuf>,
    /// Names or globs of the containers that are read, with commas between; all when it is empty.
    pub containers: String,
    /// Between a write and its entry at most.
    pub poll_interval: Duration,
    /// Bytes that are read of a log when it is seen for the first time.
    pub backfill_bytes: u64,
    /// Entries that are kept.
    pub max_entries: u64,
    /// Bytes of the database that may be in use.
    pub max_bytes: Option<u64>,
    /// How long entries are kept.
    pub retention: Option<Duration>,
    /// Bytes that are kept for a watcher who is slow.
    pub tail_buffer_bytes: usize,
    /// Addresses of the other services' web interfaces, for links.
    pub links: ServiceLinks,
}

/// The settings of this service alone, for `--help` and the documentation.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "API_KEY",
        default: "",
        about: "required: the key, or two separated by a comma; LOG_VIEWER_API_KEY wins over it",
    },
    Setting {
        name: "DATABASE_PATH",
        default: "./data/logs.db",
        about: "the database file",
    },
    Setting {
        name: "RATE_LIMIT",
        default: "1200",
        about: "requests in any 60 s per client",
    },
    Setting {
        name: "MAX_BODY_SIZE",
        default: "64KiB",
        about: "largest request body",
    },
    Setting {
        name: "LOG_SOURCES",
        default: DEFAULT_SOURCE,
        about: "folders in which Docker keeps its containers, separated by commas",
    },
    Setting {
        name: "CONTAINERS",
        default: "",
        about: "names of the containers to read, separated by commas; * and ? stand for any characters; all unless set",
    },
    Setting {
        name: "POLL_INTERVAL",
        default: "2s",
        about: "how often the logs are looked at where the kernel does not tell of changes",
    },
    Setting {
        name: "BACKFILL",
        default: "16MiB",
        about: "how much of a log is read when it is seen for the first time",
    },
    Setting {
        name: "MAX_ENTRIES",
        default: "100000",
        about: "entries that are kept; may be exceeded by a twentieth",
    },
    Setting {
        name: "MAX_BYTES",
        default: "",
        about: "size that the database may have; the oldest entries go first",
    },
    Setting {
        name: "RETENTION_DAYS",
        default: "",
        about: "days that entries are kept, whatever else",
    },
    Setting {
        name: "TAIL_BUFFER",
        default: "64KiB",
        about: "how much is kept for a live view that reads slowly, before lines are dropped",
    },
    Setting {
        name: "ERROR_TRACKER_URL",
        default: "",
        about: "address of the error tracker, for the link in the bar",
    },
    Setting {
        name: "METRICS_COLLECTOR_URL",
        default: "",
        about: "address of the metrics collector, for the link in the bar",
    },
    Setting {
        name: "BROWSER_RELAY_URL",
        default: "",
        about: "address of the browser relay, for the link in the bar",
    },
];

impl Config {
    /// Reads them from the environment or whatever `lookup` stands for.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(lookup);
        let config = Self {
            service: ServiceSettings::read(&mut reader, DEFAULTS),
            sources: read_list(&mut reader, "LOG_SOURCES")
                .unwrap_or_else(|| vec![DEFAULT_SOURCE.to_owned()])
                .into_iter()
                .map(PathBuf::from)
                .collect(),
            containers: reader.text("CONTAINERS").unwrap_or_default(),
            poll_interval: read_poll_interval(&mut reader),
            backfill_bytes: reader.bytes("BACKFILL", 16 << 20, 0..=1 << 40),
            max_entries: reader.number("MAX_ENTRIES", 100_000, 1_000..=10_000_000_000),
            max_bytes: read_optional(&mut reader, "MAX_BYTES", |reader| {
                reader.bytes("MAX_BYTES", 0, 1 << 20..=1 << 50)
            }),
            retention: read_retention(&mut reader),
            tail_buffer_bytes: reader.bytes("TAIL_BUFFER", 64 << 10, 1_024..=16 << 20) as usize,
            links: ServiceLinks::read(&mut reader, "log-viewer"),
        };
        reader.finish(config)
    }

    /// What the ring keeps.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            entries: Some(self.max_entries),
            bytes: self.max_bytes,
            age: self
                .retention
                .map(|age| i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)),
        }
    }
}

/// What is between commas, if anything is.
fn read_list(reader: &mut Reader<'_>, name: &str) -> Option<Vec<String>> {
    let items: Vec<String> = reader
        .text(name)?
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect();
    (!items.is_empty()).then_some(items)
}

fn read_optional<T>(
    reader: &mut Reader<'_>,
    name: &str,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Option<T> {
    reader.text(name).is_some().then(|| read(reader))
}

fn read_retention(reader: &mut Reader<'_>) -> Option<Duration> {
    let retention = read_optional(reader, "RETENTION_DAYS", |reader| {
        reader.duration("RETENTION_DAYS", Unit::Days, Duration::from_secs(1))
    });
    if retention.is_some_and(|retention| retention.is_zero()) {
        reader.fault("RETENTION_DAYS", "must be more than 0");
    }
    retention
}

fn read_poll_interval(reader: &mut Reader<'_>) -> Duration {
    let interval = reader.duration("POLL_INTERVAL", Unit::Seconds, Duration::from_secs(2));
    if interval.is_zero() || interval > Duration::from_secs(3_600) {
        reader.fault("POLL_INTERVAL", "must be between 1 s and 1 h");
    }
    interval
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_at_once() {
        let lookup = |name: &str| match name {
            "POLL_INTERVAL" => Some("0".to_owned()),
            "MAX_ENTRIES" => Some("5".to_owned()),
            "MAX_BYTES" => Some("much".to_owned()),
            "RETENTION_DAYS" => Some("0".to_owned()),
            "ERROR_TRACKER_URL" => Some("javascript:alert(1)".to_owned()),
            _ => None,
        };

        let text = Config::load(&lookup).expect_err("six faults").to_string();

        for name in [
            "API_KEY",
            "POLL_INTERVAL",
            "MAX_ENTRIES",
            "MAX_BYTES",
            "RETENTION_DAYS",
            "ERROR_TRACKER_URL",
        ] {
            assert!(text.contains(name), "{name} is missing in: {text}");
        }
    }

    #[test]
    fn a_key_is_all_that_is_needed() {
        let config = Config::load(&|name| (name == "API_KEY").then(|| "k".to_owned())).unwrap();

        assert_eq!(config.sources, [PathBuf::from("/var/lib/docker/containers")]);
        assert_eq!(
            (config.max_entries, config.max_bytes, config.retention),
            (100_000, None, None)
        );
        assert_eq!(
            (config.backfill_bytes, config.tail_buffer_bytes),
            (16 << 20, 65_536)
        );
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let config = Config::load(&|name| match name {
            "API_KEY" => Some("k".to_owned()),
            "LOG_SOURCES" => Some("/a, /b,".to_owned()),
            _ => None,
        })
        .unwrap();

        assert_eq!(config.sources, [PathBuf::from("/a"), PathBuf::from("/b")]);
    }
}
