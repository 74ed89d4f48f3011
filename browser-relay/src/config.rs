//! The relay's settings.

use std::time::Duration;

use shared::env::{Faults, Reader, Setting, Unit};
use shared::settings::{Defaults, ServiceLinks, ServiceSettings};

use crate::key::{PublicKey, check_project};
use crate::origin::AllowList;

const DEFAULTS: Defaults = Defaults {
    key_names: &["BROWSER_RELAY_ADMIN_API_KEY", "ADMIN_API_KEY"],
    database_path: "./data/browser-relay.db",
    rate_limit: 300,
    max_body_bytes: 64 * 1_024,
};
const DAY: Duration = Duration::from_secs(86_400);

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What every service has. Its keys are those of the administrator; its rate is that of a browser.
    pub service: ServiceSettings,
    /// Where errors go.
    pub error_tracker: PeerAddress,
    /// Where metrics go.
    pub metrics_collector: PeerAddress,
    /// The origins of a key that has no list of its own; `None` lets all pass.
    pub cors_origins: Option<AllowList>,
    /// Keys that are made at start, unless they are there: key and project.
    pub dsn_keys: Vec<(PublicKey, String)>,
    /// The address under which browsers reach the relay.
    pub public_url: Option<String>,
    /// Maps that no stack has needed for so long are deleted.
    pub retention: Duration,
    /// The longest map, in bytes.
    pub max_source_map_bytes: u64,
    /// What the spool holds at most, in bytes.
    pub spool_max_bytes: u64,
    /// Addresses of the other services' web interfaces, for links.
    pub links: ServiceLinks,
}

/// A service that takes what browsers send.
#[derive(Clone)]
pub struct PeerAddress {
    /// Without a slash at the end.
    pub url: String,
    /// Its key.
    pub api_key: String,
}

impl std::fmt::Debug for PeerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerAddress")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The settings of this service alone, for `--help` and the documentation.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "ADMIN_API_KEY",
        default: "",
        about: "required: the administrator's key, or two separated by a comma; BROWSER_RELAY_ADMIN_API_KEY wins over it",
    },
    Setting {
        name: "ERROR_TRACKER_URL",
        default: "",
        about: "required: where errors go",
    },
    Setting {
        name: "ERROR_TRACKER_API_KEY",
        default: "",
        about: "required: the error tracker's key",
    },
    Setting {
        name: "METRICS_COLLECTOR_URL",
        default: "",
        about: "required: where metrics go",
    },
    Setting {
        name: "METRICS_COLLECTOR_API_KEY",
        default: "",
        about: "required: the metrics collector's key",
    },
    Setting {
        name: "DATABASE_PATH",
        default: "./data/browser-relay.db",
        about: "the database file; maps and what waits for a service that is away are in it",
    },
    Setting {
        name: "PUBLIC_URL",
        default: "",
        about: "address under which browsers reach the relay, for the DSN; else that of the administrator's request",
    },
    Setting {
        name: "DSN_KEYS",
        default: "",
        about: "keys to make at start: project:key, separated by commas, each key 32 hex digits",
    },
    Setting {
        name: "CORS_ORIGINS",
        default: "",
        about: "origins of keys without a list of their own, separated by commas, with one * inside the host if you like; any origin when unset, none for []",
    },
    Setting {
        name: "RATE_LIMIT",
        default: "300",
        about: "requests in any 60 s per DSN key and client",
    },
    Setting {
        name: "MAX_BODY_SIZE",
        default: "64KiB",
        about: "largest body of a report after decoding",
    },
    Setting {
        name: "MAX_SOURCE_MAP_SIZE",
        default: "32MiB",
        about: "longest source map after decoding, up to 1GiB",
    },
    Setting {
        name: "RETENTION_DAYS",
        default: "90",
        about: "days that a source map is kept after its last use",
    },
    Setting {
        name: "SPOOL_MAX_BYTES",
        default: "64MiB",
        about: "what may wait for services that are away; beyond it browsers are told 503",
    },
    Setting {
        name: "ERROR_TRACKER_UI_URL",
        default: "",
        about: "address of the error tracker's pages, for the link in the bar",
    },
    Setting {
        name: "LOG_VIEWER_URL",
        default: "",
        about: "address of the log viewer, for the link in the bar",
    },
    Setting {
        name: "METRICS_COLLECTOR_UI_URL",
        default: "",
        about: "address of the metrics collector's pages, for the link in the bar",
    },
];

impl Config {
    /// Reads the settings through `lookup`, which answers like the environment.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(lookup);
        let config = Self {
            service: ServiceSettings::read(&mut reader, DEFAULTS),
            error_tracker: read_peer(&mut reader, "ERROR_TRACKER_URL", "ERROR_TRACKER_API_KEY"),
            metrics_collector: read_peer(&mut reader, "METRICS_COLLECTOR_URL", "METRICS_COLLECTOR_API_KEY"),
            cors_origins: read_origins(&mut reader),
            dsn_keys: read_keys(&mut reader),
            public_url: reader.url("PUBLIC_URL"),
            retention: read_retention(&mut reader),
            max_source_map_bytes: reader.bytes("MAX_SOURCE_MAP_SIZE", 32 << 20, 1_024..=1 << 30),
            spool_max_bytes: reader.bytes("SPOOL_MAX_BYTES", 64 << 20, 1 << 20..=1 << 40),
            links: ServiceLinks {
                error_tracker: reader.url("ERROR_TRACKER_UI_URL"),
                log_viewer: reader.url("LOG_VIEWER_URL"),
                metrics_collector: reader.url("METRICS_COLLECTOR_UI_URL"),
                browser_relay: None,
            },
        };
        reader.finish(config)
    }
}

fn read_peer(reader: &mut Reader<'_>, url: &str, key: &str) -> PeerAddress {
    let url = reader.required_url(url);
    let (name, api_key) = reader.required_secret(&[key]);
    if !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.fault(name, "holds a character that no HTTP header can carry");
    }
    PeerAddress {
        url,
        // A peer takes two keys while they are rotated; the first is the new one.
        api_key: api_key.split(',').next().unwrap_or_default().to_owned(),
    }
}

fn read_origins(reader: &mut Reader<'_>) -> Option<AllowList> {
    let text = reader.text("CORS_ORIGINS")?;
    let origins: Vec<&str> = match text.as_str() {
        "*" => return None,
        "[]" => Vec::new(),
        text => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect(),
    };
    AllowList::parse(&origins)
        .map_err(|fault| reader.fault("CORS_ORIGINS", fault.to_string()))
        .ok()
}

fn read_keys(reader: &mut Reader<'_>) -> Vec<(PublicKey, String)> {
    let text = reader.text("DSN_KEYS").unwrap_or_default();
    let mut keys = Vec::new();
    for (place, part) in (1..).zip(text.split(',').map(str::trim).filter(|part| !part.is_empty())) {
        let read = part.rsplit_once(':').and_then(|(project, key)| {
            let project = check_project(project).ok()?;
            Some((PublicKey::parse(key.trim())?, project))
        });
        match read {
            Some(key) => keys.push(key),
            None => reader.fault(
                "DSN_KEYS",
                format!("entry {place} must be project:key, the key being 32 hex digits"),
            ),
        }
    }
    keys
}

fn read_retention(reader: &mut Reader<'_>) -> Duration {
    let retention = reader.duration("RETENTION_DAYS", Unit::Days, DAY * 90);
    if retention < DAY {
        reader.fault("RETENTION_DAYS", "must be at least 1 day");
    }
    retention
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 5] = [
        ("ADMIN_API_KEY", "admin"),
        ("ERROR_TRACKER_URL", "http://tracker:8000/"),
        ("ERROR_TRACKER_API_KEY", "new,old"),
        ("METRICS_COLLECTOR_URL", "https://example.com/metrics"),
        ("METRICS_COLLECTOR_API_KEY", "m"),
    ];

    fn load(values: &[(&str, &str)]) -> Result<Config, Faults> {
        let values: std::collections::HashMap<_, _> = values.iter().copied().collect();
        Config::load(&|name| values.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let text = load(&[
            ("METRICS_COLLECTOR_URL", "ftp://x"),
            ("ERROR_TRACKER_API_KEY", "<key>"),
            ("METRICS_COLLECTOR_API_KEY", "a b"),
            ("PUBLIC_URL", "relay.example.com"),
            ("DSN_KEYS", "shop:0123"),
            ("CORS_ORIGINS", "https://*.*.com"),
            ("RETENTION_DAYS", "0"),
            ("MAX_SOURCE_MAP_SIZE", "1"),
            ("SPOOL_MAX_BYTES", "none"),
        ])
        .expect_err("eleven faults")
        .to_string();

        for name in [
            "ADMIN_API_KEY",
            "ERROR_TRACKER_URL",
            "ERROR_TRACKER_API_KEY",
            "METRICS_COLLECTOR_URL",
            "METRICS_COLLECTOR_API_KEY",
            "PUBLIC_URL",
            "DSN_KEYS",
            "CORS_ORIGINS",
            "RETENTION_DAYS",
            "MAX_SOURCE_MAP_SIZE",
            "SPOOL_MAX_BYTES",
        ] {
            assert!(text.contains(&format!("{name}:")), "{name} is missing in: {text}");
        }
    }

    #[test]
    fn keys_and_addresses_of_the_peers_are_all_that_is_needed() {
        let config = load(&NEEDED).unwrap();

        assert_eq!(config.error_tracker.url, "http://tracker:8000");
        assert_eq!(config.error_tracker.api_key, "new");
        assert_eq!(
            (config.service.rate_limit, config.service.max_body_bytes),
            (300, 65_536)
        );
        assert_eq!(config.cors_origins, None);
        assert_eq!(
            (config.max_source_map_bytes, config.spool_max_bytes),
            (32 << 20, 64 << 20)
        );
    }

    #[test]
    fn seeded_keys_and_origins_are_read() {
        let mut values = NEEDED.to_vec();
        values.push((
            "DSN_KEYS",
            "shop:00112233445566778899aabbccddeeff, a:b:FFEEDDCCBBAA99887766554433221100",
        ));
        values.push(("CORS_ORIGINS", "https://example.com, https://*.example.com"));

        let config = load(&values).unwrap();

        let keys: Vec<_> = config
            .dsn_keys
            .iter()
            .map(|(key, project)| (key.to_string(), project.as_str()))
            .collect();
        assert_eq!(
            keys,
            [
                ("00112233445566778899aabbccddeeff".to_owned(), "shop"),
                ("ffeeddccbbaa99887766554433221100".to_owned(), "a:b")
            ]
        );
        let origins = config.cors_origins.unwrap();
        assert!(origins.allows("https://a.example.com") && !origins.allows("https://a.example.org"));
    }

    #[test]
    fn an_empty_list_of_origins_lets_none_pass() {
        let mut values = NEEDED.to_vec();
        values.push(("CORS_ORIGINS", "[]"));

        assert!(
            !load(&values)
                .unwrap()
                .cors_origins
                .unwrap()
                .allows("https://example.com")
        );
    }

    #[test]
    fn a_peer_does_not_show_its_key() {
        let config = load(&NEEDED).unwrap();

        assert!(!format!("{:?}", config.error_tracker).contains("new"));
    }
}
