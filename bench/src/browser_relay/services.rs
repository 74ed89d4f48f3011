//! The services of a round, each with a database that is new.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::{API_KEY, DSN_KEY, PROJECT};
use crate::process::Service;

/// The services of a round. The tracker's address stays when it comes back.
pub(super) struct Stack {
    relay_binary: PathBuf,
    tracker_binary: PathBuf,
    pub(super) folder: tempfile::TempDir,
    tracker_address: SocketAddr,
    pub(super) collector: Service,
}

impl Stack {
    pub(super) fn start(binary: &Path) -> Result<Self> {
        let beside = |name: &str| {
            let path = binary.with_file_name(name);
            ensure!(path.exists(), "no binary at {}", path.display());
            Ok(path)
        };
        let folder = tempfile::tempdir()?;
        let settings = [
            ("API_KEY", API_KEY),
            ("DATABASE_PATH", "metrics.db"),
            ("RATE_LIMIT", "100000000"),
        ];
        let collector = Service::start(&beside("metrics-collector")?, &[], &settings, folder.path())?;
        Ok(Self {
            relay_binary: binary.to_owned(),
            tracker_binary: beside("error-tracker")?,
            tracker_address: TcpListener::bind("127.0.0.1:0")?.local_addr()?,
            folder,
            collector,
        })
    }

    pub(super) fn tracker(&self) -> Result<Service> {
        let settings = [
            ("API_KEY", API_KEY),
            ("DATABASE_PATH", "errors.db"),
            ("RATE_LIMIT", "100000000"),
        ];
        Service::start_at(
            self.tracker_address,
            &self.tracker_binary,
            &[],
            &settings,
            self.folder.path(),
        )
    }

    pub(super) fn relay(&self, rate_limit: &str) -> Result<Service> {
        let tracker = format!("http://{}", self.tracker_address);
        let collector = format!("http://{}", self.collector.address);
        let keys = format!("{PROJECT}:{DSN_KEY}");
        let settings = [
            ("ADMIN_API_KEY", API_KEY),
            ("DATABASE_PATH", "relay.db"),
            ("ERROR_TRACKER_URL", tracker.as_str()),
            ("ERROR_TRACKER_API_KEY", API_KEY),
            ("METRICS_COLLECTOR_URL", collector.as_str()),
            ("METRICS_COLLECTOR_API_KEY", API_KEY),
            ("DSN_KEYS", keys.as_str()),
            ("SPOOL_MAX_BYTES", "4GiB"),
            ("RATE_LIMIT", rate_limit),
        ];
        Service::start(&self.relay_binary, &[], &settings, self.folder.path())
    }
}
