//! The settings that every service has, read the same way everywhere.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use crate::env::{Reader, Setting};
use crate::telemetry::LogSettings;

/// How long a commit must last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives the end of the process at any moment (SQLite's `synchronous=normal`).
    Process,
    /// Survives a power cut too (`synchronous=full`).
    Power,
}

/// Addresses of the services' web interfaces, for links.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ServiceLinks {
    /// The error tracker's.
    pub error_tracker: Option<String>,
    /// The log viewer's.
    pub log_viewer: Option<String>,
    /// The metrics collector's.
    pub metrics_collector: Option<String>,
    /// The browser relay's.
    pub browser_relay: Option<String>,
}

impl ServiceLinks {
    /// Reads the addresses of all services but `own`, which needs no link to itself.
    pub fn read(reader: &mut Reader<'_>, own: &str) -> Self {
        let mut address = |name: &str| {
            let is_own = name
                .strip_suffix("_URL")
                .is_some_and(|name| name.eq_ignore_ascii_case(&own.replace('-', "_")));
            (!is_own).then(|| reader.url(name)).flatten()
        };
        Self {
            error_tracker: address("ERROR_TRACKER_URL"),
            log_viewer: address("LOG_VIEWER_URL"),
            metrics_collector: address("METRICS_COLLECTOR_URL"),
            browser_relay: address("BROWSER_RELAY_URL"),
        }
    }
}

/// What differs between the services in the settings they share.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// The variables that may hold the key, the most specific first.
    pub key_names: &'static [&'static str],
    /// Where the database lies unless told otherwise.
    pub database_path: &'static str,
    /// Requests in any 60 s per client.
    pub rate_limit: u64,
    /// Largest body in bytes after decoding.
    pub max_body_bytes: u64,
}

/// The settings that every service has.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// What is logged and how.
    pub log: LogSettings,
    /// The database file; its folder is made when it is missing.
    pub database_path: PathBuf,
    /// How long a commit must last.
    pub durability: Durability,
    /// One or two keys; a request may carry either.
    pub api_keys: Vec<String>,
    /// Requests in any 60 s per client.
    pub rate_limit: u32,
    /// Largest body in bytes after decoding.
    pub max_body_bytes: usize,
    /// Connections at the same time.
    pub max_connections: usize,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl ServiceSettings {
    /// Reads them all; what cannot be used is noted in `reader`.
    pub fn read(reader: &mut Reader<'_>, defaults: Defaults) -> Self {
        let any_port = SocketAddr::from(([0, 0, 0, 0], 8000));
        Self {
            listen: reader.parsed("LISTEN", any_port, "an address and a port such as 0.0.0.0:8000"),
            log: LogSettings::read(reader),
            database_path: reader
                .text("DATABASE_PATH")
                .unwrap_or_else(|| defaults.database_path.to_owned())
                .into(),
            durability: read_durability(reader),
            api_keys: read_keys(reader, defaults.key_names),
            rate_limit: reader.number("RATE_LIMIT", defaults.rate_limit, 1..=u64::from(u32::MAX)) as u32,
            max_body_bytes: reader.bytes("MAX_BODY_SIZE", defaults.max_body_bytes, 1_024..=64 << 20) as usize,
            max_connections: reader.number("MAX_CONNECTIONS", 1_024, 1..=1_000_000) as usize,
            trusted_proxies: read_networks(reader),
        }
    }
}

/// The rows of the settings table that every service shares, without those whose default differs.
pub const COMMON_SETTINGS: &[Setting] = &[
    Setting {
        name: "LISTEN",
        default: "0.0.0.0:8000",
        about: "address and port to listen on",
    },
    Setting {
        name: "LOG_LEVEL",
        default: "info",
        about: "error, warn, info, debug or trace",
    },
    Setting {
        name: "LOG_FORMAT",
        default: "json",
        about: "json or text; text when standard error is a terminal",
    },
    Setting {
        name: "DURABILITY",
        default: "process",
        about: "what a commit survives: process (a kill) or power (a power cut too)",
    },
    Setting {
        name: "MAX_CONNECTIONS",
        default: "1024",
        about: "connections at the same time; at the cap the longest idle one makes room",
    },
    Setting {
        name: "TRUSTED_PROXIES",
        default: "127.0.0.0/8,::1",
        about: "peers whose X-Forwarded-For is believed, as addresses or networks",
    },
];

fn read_durability(reader: &mut Reader<'_>) -> Durability {
    match reader
        .text("DURABILITY")
        .map(|text| text.to_ascii_lowercase())
        .as_deref()
    {
        None | Some("process") => Durability::Process,
        Some("power") => Durability::Power,
        Some(other) => {
            reader.fault("DURABILITY", format!("must be process or power, not \"{other}\""));
            Durability::Process
        }
    }
}

fn read_keys(reader: &mut Reader<'_>, names: &[&str]) -> Vec<String> {
    let (name, value) = reader.required_secret(names);
    let keys: Vec<String> = value
        .split(',')
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect();
    let is_placeholder = |text: &str| text.starts_with('<') && text.ends_with('>');
    if keys.is_empty() && !value.is_empty() {
        reader.fault(name, "is required and not set");
    }
    // A value that is one placeholder as a whole has been noted already.
    if !is_placeholder(&value) && keys.iter().any(|key| is_placeholder(key)) {
        reader.fault(name, "still holds a placeholder; put a key of your own there");
    }
    if keys.len() > 2 {
        reader.fault(name, "holds more than two keys; a rotation needs two");
    }
    if keys
        .iter()
        .any(|key| !key.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        reader.fault(name, "holds a character that no HTTP header can carry");
    }
    keys
}

fn read_networks(reader: &mut Reader<'_>) -> Vec<IpNet> {
    let text = reader
        .text("TRUSTED_PROXIES")
        .unwrap_or_else(|| "127.0.0.0/8,::1".to_owned());
    let mut networks = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part
            .parse::<IpNet>()
            .or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from))
        {
            Ok(network) => networks.push(network),
            Err(_) => reader.fault(
                "TRUSTED_PROXIES",
                format!("\"{part}\" is no address or network such as 10.0.0.0/8"),
            ),
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Defaults = Defaults {
        key_names: &["THING_API_KEY", "API_KEY"],
        database_path: "./data/thing.db",
        rate_limit: 60_000,
        max_body_bytes: 262_144,
    };

    fn read(values: &[(&str, &str)]) -> Result<ServiceSettings, crate::env::Faults> {
        let values: std::collections::HashMap<String, String> = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let lookup = |name: &str| values.get(name).cloned();
        let mut reader = Reader::new(&lookup);
        let settings = ServiceSettings::read(&mut reader, DEFAULTS);
        reader.finish(settings)
    }

    #[test]
    fn a_key_is_all_that_is_needed() {
        let settings = read(&[("API_KEY", "secret")]).unwrap();

        assert_eq!(settings.listen.to_string(), "0.0.0.0:8000");
        assert_eq!(settings.api_keys, ["secret"]);
        assert_eq!(settings.max_body_bytes, 262_144);
    }

    #[test]
    fn the_more_specific_key_wins_and_two_keys_may_be_given() {
        let settings = read(&[("API_KEY", "general"), ("THING_API_KEY", "new, old")]).unwrap();

        assert_eq!(settings.api_keys, ["new", "old"]);
    }

    #[test]
    fn a_service_has_links_to_the_others() {
        let lookup = |name: &str| match name {
            "LOG_VIEWER_URL" => Some("https://example.com/logs/".to_owned()),
            "ERROR_TRACKER_URL" => Some("https://example.com".to_owned()),
            "BROWSER_RELAY_URL" => Some("javascript:alert(1)".to_owned()),
            _ => None,
        };
        let mut reader = Reader::new(&lookup);

        let links = ServiceLinks::read(&mut reader, "error-tracker");

        assert_eq!(links.log_viewer.as_deref(), Some("https://example.com/logs"));
        assert_eq!((links.error_tracker, links.metrics_collector), (None, None));
        let faults = reader.finish(()).expect_err("one is no address");
        assert_eq!(faults.0.len(), 1);
        assert_eq!(faults.0[0].name, "BROWSER_RELAY_URL");
    }

    #[test]
    fn a_missing_key_names_the_variable() {
        let faults = read(&[]).expect_err("no key");

        assert_eq!(faults.0[0].name, "API_KEY");
    }

    #[test]
    fn bad_values_are_named() {
        let faults = read(&[
            ("API_KEY", "a,b,c"),
            ("LISTEN", "nowhere"),
            ("TRUSTED_PROXIES", "10.0.0.0/8, moon"),
            ("DURABILITY", "eternal"),
            ("MAX_BODY_SIZE", "1TB"),
        ])
        .expect_err("five bad values");

        let names: Vec<_> = faults.0.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "LISTEN",
                "DURABILITY",
                "API_KEY",
                "MAX_BODY_SIZE",
                "TRUSTED_PROXIES"
            ]
        );
    }
}
