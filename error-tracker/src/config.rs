//! The tracker's settings.

use std::time::Duration;

use shared::env::{Faults, Reader, Setting, Unit};
use shared::settings::{Defaults, ServiceLinks, ServiceSettings};

use crate::notify::{ALERT_SETTINGS, AlertSettings};

const DEFAULTS: Defaults = Defaults {
    key_names: &["ERROR_TRACKER_API_KEY", "API_KEY"],
    database_path: "./data/errors.db",
    rate_limit: 60_000,
    max_body_bytes: 256 * 1_024,
};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every service has.
    pub service: ServiceSettings,
    /// How long resolved groups, and counts, are kept.
    pub retention: Duration,
    /// Occurrences that are kept of each group.
    pub occurrences_kept: u32,
    /// Groups of one project.
    pub max_groups: u64,
    /// Addresses of the other services' web interfaces, for links.
    pub links: ServiceLinks,
    pub(crate) alerts: AlertSettings,
}

/// The settings of this service alone, for `--help` and the documentation.
const OWN_SETTINGS: &[Setting] = &[
    Setting {
        name: "API_KEY",
        default: "",
        about: "required: the key, or two separated by a comma; ERROR_TRACKER_API_KEY wins over it",
    },
    Setting {
        name: "DATABASE_PATH",
        default: "./data/errors.db",
        about: "the database file",
    },
    Setting {
        name: "RATE_LIMIT",
        default: "60000",
        about: "requests in any 60 s per client",
    },
    Setting {
        name: "MAX_BODY_SIZE",
        default: "256KiB",
        about: "largest report after decoding; a batch may have 16 times as much",
    },
    Setting {
        name: "RETENTION_DAYS",
        default: "90",
        about: "days that resolved groups and hourly counts are kept; groups that nobody resolved go when not seen for four times as long",
    },
    Setting {
        name: "OCCURRENCES_KEPT",
        default: "5",
        about: "newest occurrences kept of each group, 1 to 100",
    },
    Setting {
        name: "MAX_GROUPS",
        default: "20000",
        about: "groups of one project; new kinds beyond it share one group",
    },
    Setting {
        name: "LOG_VIEWER_URL",
        default: "",
        about: "address of the log viewer, for links to the logs around a moment",
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

/// All settings beyond the common ones.
pub(crate) const SETTINGS: &[Setting] = &{
    let mut all = [Setting {
        name: "",
        default: "",
        about: "",
    }; OWN_SETTINGS.len() + ALERT_SETTINGS.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = if index < OWN_SETTINGS.len() {
            OWN_SETTINGS[index]
        } else {
            ALERT_SETTINGS[index - OWN_SETTINGS.len()]
        };
        index += 1;
    }
    all
};

impl Config {
    /// Reads the settings through `lookup`, which answers like the environment.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(lookup);
        let config = Self {
            service: ServiceSettings::read(&mut reader, DEFAULTS),
            retention: reader.duration("RETENTION_DAYS", Unit::Days, Duration::from_secs(90 * 86_400)),
            occurrences_kept: reader.number("OCCURRENCES_KEPT", 5, 1..=100) as u32,
            max_groups: reader.number("MAX_GROUPS", 20_000, 1..=10_000_000),
            links: ServiceLinks::read(&mut reader, "error-tracker"),
            alerts: AlertSettings::read(&mut reader),
        };
        reader.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_at_once() {
        let lookup = |name: &str| match name {
            "RETENTION_DAYS" => Some("-1".to_owned()),
            "OCCURRENCES_KEPT" => Some("0".to_owned()),
            "LOG_VIEWER_URL" => Some("javascript:alert(1)".to_owned()),
            "SMTP_HOST" => Some("mail.example.com".to_owned()),
            _ => None,
        };

        let text = Config::load(&lookup).expect_err("five faults").to_string();

        for name in [
            "API_KEY",
            "RETENTION_DAYS",
            "OCCURRENCES_KEPT",
            "LOG_VIEWER_URL",
            "SMTP_FROM",
        ] {
            assert!(text.contains(name), "{name} is missing in: {text}");
        }
    }

    #[test]
    fn a_key_is_all_that_is_needed() {
        let config = Config::load(&|name| (name == "API_KEY").then(|| "k".to_owned())).unwrap();

        assert_eq!((config.occurrences_kept, config.max_groups), (5, 20_000));
        assert_eq!(config.retention.as_secs(), 90 * 86_400);
    }

    #[test]
    fn no_setting_is_listed_twice() {
        let mut names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
