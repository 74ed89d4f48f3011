//! All four services at once, each alone in a memory cgroup.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result};

use super::samples::MEGABYTE;
use super::{API_KEY, DSN_KEY, LOG_ENTRIES, PROJECT};
use crate::cgroup::Group;
use crate::process::Service;

pub(super) const NAMES: [&str; 4] = [
    "error-tracker",
    "log-viewer",
    "metrics-collector",
    "browser-relay",
];
/// What the databases of a run are called in the run's folder.
pub(super) const ERRORS_DATABASE: &str = "errors.db";
/// Who calls from one address is one client; here fifty do.
const NO_RATE_LIMIT: (&str, &str) = ("RATE_LIMIT", "100000000");

/// A service and the group that limits it. The service is dropped first.
pub(super) struct Limited {
    pub(super) service: Service,
    pub(super) group: Group,
}

pub(super) struct Stack {
    /// In the order of `NAMES`.
    pub(super) all: [Limited; 4],
}

impl Stack {
    /// The databases go into `folder`; the log viewer reads the containers in `logs`.
    pub(super) fn start(binaries: &Path, folder: &Path, logs: &Path, limit_mb: f64) -> Result<Self> {
        let logs = logs.to_str().context("the path of the temporary folder")?;
        let [tracker, viewer, collector, relay] = free_addresses()?;
        let start = |number: usize, address: SocketAddr, settings: &[(&str, &str)]| {
            let name = NAMES[number];
            let group = Group::create(&format!("monlight-soak-{name}"), (limit_mb * MEGABYTE) as u64)?;
            start(&binaries.join(name), group, address, settings, folder)
                .with_context(|| format!("{name} does not start under the limit"))
        };
        let log_entries = LOG_ENTRIES.to_string();
        let (tracker_url, collector_url) = (format!("http://{tracker}"), format!("http://{collector}"));
        let keys = format!("{PROJECT}:{DSN_KEY}");
        Ok(Self {
            all: [
                start(
                    0,
                    tracker,
                    &[
                        ("API_KEY", API_KEY),
                        ("DATABASE_PATH", ERRORS_DATABASE),
                        ("MAX_GROUPS", "1000000"),
                        NO_RATE_LIMIT,
                    ],
                )?,
                start(
                    1,
                    viewer,
                    &[
                        ("API_KEY", API_KEY),
                        ("DATABASE_PATH", "logs.db"),
                        ("LOG_SOURCES", logs),
                        ("BACKFILL", "1024GiB"),
                        ("MAX_ENTRIES", &log_entries),
                        ("MAX_BYTES", "900MiB"),
                        NO_RATE_LIMIT,
                    ],
                )?,
                start(
                    2,
                    collector,
                    &[
                        ("API_KEY", API_KEY),
                        ("DATABASE_PATH", "metrics.db"),
                        NO_RATE_LIMIT,
                    ],
                )?,
                start(
                    3,
                    relay,
                    &[
                        ("ADMIN_API_KEY", API_KEY),
                        ("DATABASE_PATH", "relay.db"),
                        ("ERROR_TRACKER_URL", &tracker_url),
                        ("ERROR_TRACKER_API_KEY", API_KEY),
                        ("METRICS_COLLECTOR_URL", &collector_url),
                        ("METRICS_COLLECTOR_API_KEY", API_KEY),
                        ("DSN_KEYS", &keys),
                        ("CORS_ORIGINS", "https://shop.example.com"),
                        NO_RATE_LIMIT,
                    ],
                )?,
            ],
        })
    }

    pub(super) fn tracker(&self) -> SocketAddr {
        self.all[0].service.address
    }

    pub(super) fn viewer(&self) -> SocketAddr {
        self.all[1].service.address
    }

    pub(super) fn collector(&self) -> SocketAddr {
        self.all[2].service.address
    }

    pub(super) fn relay(&self) -> SocketAddr {
        self.all[3].service.address
    }

    /// Ends every service as Docker does. The relay goes first: it has the others to talk to.
    pub(super) fn stop(self) -> Result<()> {
        for (limited, name) in self.all.into_iter().zip(NAMES).rev() {
            let Limited { service, group } = limited;
            let stopped = service.stop().with_context(|| format!("{name} does not stop"));
            drop(group);
            stopped?;
        }
        Ok(())
    }
}

fn free_addresses() -> Result<[SocketAddr; 4]> {
    let listeners: Vec<TcpListener> = NAMES
        .iter()
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); 4];
    for (address, listener) in addresses.iter_mut().zip(listeners) {
        *address = listener.local_addr()?;
    }
    Ok(addresses)
}

/// The shell enters the group and then becomes the service, so that all the service ever takes is charged to it.
fn start(
    binary: &Path,
    group: Group,
    address: SocketAddr,
    settings: &[(&str, &str)],
    folder: &Path,
) -> Result<Limited> {
    const ENTER: &str = "echo $$ > \"$0\" && exec \"$@\"";
    let processes = group.processes();
    let (processes, binary) = (processes.to_str(), binary.to_str());
    let arguments = [
        "-c",
        ENTER,
        processes.context("the group's path")?,
        binary.context("the binary's path")?,
    ];
    let service = Service::start_at(address, Path::new("/bin/sh"), &arguments, settings, folder)?;
    Ok(Limited { service, group })
}
