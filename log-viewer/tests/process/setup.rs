//! The program under test beside a folder of containers.

use std::path::Path;

use serde_json::Value;
use shared::testing::{Process, Program, eventually};

use crate::docker::DockerFolder;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_log-viewer");

/// The program on a new database in this folder, with the containers beside it.
pub(crate) fn program(folder: &Path) -> (Program, DockerFolder) {
    let docker = DockerFolder::at(folder.join("containers"));
    let program = Program::new(BINARY, folder.join("logs.db")).with("LOG_SOURCES", docker.path().display());
    (program, docker)
}

/// Waits until so many entries are there, in all.
pub(crate) async fn has(viewer: &Process, entries: usize) {
    eventually(&format!("{entries} entries"), async || {
        (viewer.get("/api/stats").await["total_logs"] == entries).then_some(())
    })
    .await;
}

/// Everything that it holds, the oldest first.
pub(crate) async fn export(viewer: &Process) -> Vec<Value> {
    let reply = viewer.api().get("/api/logs/export").await;
    assert_eq!(reply.status, 200);
    reply
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The messages of everything that it holds, the oldest first.
pub(crate) async fn messages(viewer: &Process) -> Vec<String> {
    let entries = export(viewer).await;
    entries
        .iter()
        .map(|entry| entry["message"].as_str().unwrap().to_owned())
        .collect()
}
