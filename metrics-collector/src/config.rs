//! The collector's settings.

use std::time::Duration;

use shared::env::{Faults, Reader, Setting, Unit};
use shared::settings::{Defaults, ServiceLinks, ServiceSettings};

use crate::catalogue::Limits;
use crate::rollup::{PARTIAL_POINTS, Schedule};

const DEFAULTS: Defaults = Defaults {
    key_names: &["METRICS_COLLECTOR_API_KEY", "API_KEY"],
    database_path: "./data/metrics.db",
    rate_limit: 60_000,
    max_body_bytes: 512 * 1_024,
};
const RAW: Duration = Duration::from_secs(3_600);
const MINUTES: Duration = Duration::from_secs(86_400);
const HOURS: Duration = Duration::from_secs(30 * 86_400);
const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every service has.
    pub service: ServiceSettings,
    /// How long points are kept.
    pub retention_raw: Duration,
    /// How long minutes are kept.
    pub retention_minute: Duration,
    /// How long hours are kept.
    pub retention_hourly: Duration,
    /// Between two rollups.
    pub aggregation_interval: Duration,
    /// Series of one project.
    pub max_series: usize,
    /// Points of one request.
    pub max_batch: usize,
    /// Addresses of the other services' web interfaces, for links.
    pub links: ServiceLinks,
}

/// The settings of this service alone, for `--help` and the documentation.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "API_KEY",
        default: "",
        about: "required: the key, or two separated by a comma; METRICS_COLLECTOR_API_KEY wins over it",
    },
    Setting {
        name: "DATABASE_PATH",
        default: "./data/metrics.db",
        about: "the database file",
    },
    Setting {
        name: "RATE_LIMIT",
        default: "60000",
        about: "requests in any 60 s per client",
    },
    Setting {
        name: "MAX_BODY_SIZE",
        default: "512KiB",
        about: "largest request body after decoding",
    },
    Setting {
        name: "MAX_BATCH",
        default: "1000",
        about: "points of one request, up to 10000",
    },
    Setting {
        name: "RETENTION_RAW",
        default: "3600",
        about: "seconds that points are kept; percentiles of a minute are exact as long as that",
    },
    Setting {
        name: "RETENTION_MINUTE",
        default: "86400",
        about: "seconds that minutes are kept",
    },
    Setting {
        name: "RETENTION_HOURLY",
        default: "2592000",
        about: "seconds that hours are kept; what is older is refused",
    },
    Setting {
        name: "AGGREGATION_INTERVAL",
        default: "60",
        about: "seconds between two rollups, 1 to 3600",
    },
    Setting {
        name: "MAX_SERIES",
        default: "10000",
        about: "series of one project; all projects together have up to twice as many, and what is beyond shares a series",
    },
    Setting {
        name: "ERROR_TRACKER_URL",
        default: "",
        about: "address of the error tracker, for the link in the bar",
    },
    Setting {
        name: "LOG_VIEWER_URL",
        default: "",
        about: "address of the log viewer, for the link in the bar",
    },
    Setting {
        name: "BROWSER_RELAY_URL",
        default: "",
        about: "address of the browser relay, for the link in the bar",
    },
];

impl Config {
    /// Reads the settings through `lookup`, which answers like the environment.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(lookup);
        let mut kept = |name: &str, default, least: Duration, what: &str| {
            let kept = reader.duration(name, Unit::Seconds, default);
            if kept < least || kept > LONGEST {
                reader.fault(name, format!("must be at least {what} and at most 3650d"));
                return default;
            }
            kept
        };
        let raw = kept("RETENTION_RAW", RAW, Duration::from_secs(60), "60s");
        let minute = kept("RETENTION_MINUTE", MINUTES.max(raw), raw, "RETENTION_RAW");
        let hourly = kept("RETENTION_HOURLY", HOURS.max(minute), minute, "RETENTION_MINUTE");
        let config = Self {
            service: ServiceSettings::read(&mut reader, DEFAULTS),
            retention_raw: raw,
            retention_minute: minute,
            retention_hourly: hourly,
            aggregation_interval: read_interval(&mut reader),
            max_series: reader.number("MAX_SERIES", 10_000, 1..=1_000_000) as usize,
            max_batch: reader.number("MAX_BATCH", 1_000, 1..=10_000) as usize,
            links: ServiceLinks::read(&mut reader, "metrics-collector"),
        };
        reader.finish(config)
    }

    pub(crate) fn schedule(&self) -> Schedule {
        Schedule {
            raw: self.retention_raw,
            minutes: self.retention_minute,
            hours: self.retention_hourly,
            interval: self.aggregation_interval,
            partial_points: PARTIAL_POINTS,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            per_project: self.max_series,
        }
    }
}

fn read_interval(reader: &mut Reader<'_>) -> Duration {
    let interval = reader.duration("AGGREGATION_INTERVAL", Unit::Seconds, Duration::from_secs(60));
    if interval < Duration::from_secs(1) || interval > Duration::from_secs(3_600) {
        reader.fault("AGGREGATION_INTERVAL", "must be between 1s and 1h");
    }
    interval
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(values: &'static [(&str, &str)]) -> Result<Config, Faults> {
        Config::load(&|name| {
            let mut values = values.iter();
            values.find_map(|(other, value)| (*other == name).then(|| (*value).to_owned()))
        })
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let text = load(&[
            ("RETENTION_RAW", "10"),
            ("RETENTION_MINUTE", "30s"),
            ("RETENTION_HOURLY", "1e9"),
            ("AGGREGATION_INTERVAL", "0"),
            ("MAX_SERIES", "0"),
            ("MAX_BATCH", "100000"),
            ("LOG_VIEWER_URL", "javascript:alert(1)"),
        ])
        .expect_err("eight faults")
        .to_string();

        for name in [
            "API_KEY",
            "RETENTION_RAW",
            "RETENTION_MINUTE",
            "RETENTION_HOURLY",
            "AGGREGATION_INTERVAL",
            "MAX_SERIES",
            "MAX_BATCH",
            "LOG_VIEWER_URL",
        ] {
            assert!(text.contains(name), "{name} is missing in: {text}");
        }
    }

    #[test]
    fn a_key_is_all_that_is_needed() {
        let config = load(&[("API_KEY", "k")]).unwrap();

        let kept = [
            config.retention_raw,
            config.retention_minute,
            config.retention_hourly,
        ];
        assert_eq!(kept.map(|kept| kept.as_secs()), [3_600, 86_400, 2_592_000]);
        assert_eq!((config.max_series, config.max_batch), (10_000, 1_000));
    }

    #[test]
    fn a_tier_is_kept_at_least_as_long_as_the_finer_one() {
        let config = load(&[("API_KEY", "k"), ("RETENTION_RAW", "2d")]).unwrap();
        assert_eq!(config.retention_minute, config.retention_raw);
        let faults =
            load(&[("API_KEY", "k"), ("RETENTION_HOURLY", "1h")]).expect_err("shorter than the minutes");
        assert_eq!(faults.0[0].name, "RETENTION_HOURLY");
    }
}
