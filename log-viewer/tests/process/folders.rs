//! Folders that are missing, or that the process may not read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use shared::testing::{Process, Program, eventually};

use crate::setup::{has, program};

/// The path of the only problem, once there is one; or nothing once there is none.
async fn problem(viewer: &Process, is_there: bool) -> String {
    eventually("health tells how it is", async || {
        let health = viewer.get("/health").await;
        assert_eq!(health["status"], "ok", "the service stays up: {health}");
        let problems = health["problems"].as_array().unwrap().clone();
        match problems.first() {
            Some(problem) if is_there => Some(problem["path"].as_str().unwrap().to_owned()),
            None if !is_there => Some(String::new()),
            _ => None,
        }
    })
    .await
}

/// How many lines at warning or above name this path.
fn complaints(viewer: &Process, path: &Path) -> usize {
    let log = viewer.log_text();
    log.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| line["level"] == "WARN" || line["level"] == "ERROR")
        .filter(|line| line.to_string().contains(path.to_str().unwrap()))
        .count()
}

/// Waits until it has looked at its folders again, so often.
async fn look_again(viewer: &Process, docker: &crate::docker::DockerFolder, times: usize) {
    for _ in 0..times {
        let stats = viewer.get("/api/stats").await;
        let before = stats["total_logs"].as_u64().unwrap();
        docker.container("another").line("seen by the next look");
        has(viewer, before as usize + 1).await;
    }
}

#[tokio::test]
async fn a_missing_folder_is_said_once_per_change() {
    let folder = tempfile::tempdir().unwrap();
    let (setup, docker) = program(folder.path());
    let missing = folder.path().join("missing");
    let both = format!("{},{}", docker.path().display(), missing.display());
    let viewer = setup
        .with("LOG_SOURCES", both)
        .with("POLL_INTERVAL", "1")
        .start()
        .await;
    assert_eq!(problem(&viewer, true).await, missing.to_str().unwrap());
    look_again(&viewer, &docker, 3).await;
    assert_eq!(complaints(&viewer, &missing), 1, "{}", viewer.log_text());

    fs::create_dir(&missing).unwrap();
    problem(&viewer, false).await;
    fs::remove_dir(&missing).unwrap();
    problem(&viewer, true).await;
    look_again(&viewer, &docker, 3).await;

    assert_eq!(complaints(&viewer, &missing), 2, "{}", viewer.log_text());
    viewer.stop().await;
}

/// The program as a user who is nobody, as far as this machine can do it.
fn as_nobody(setup: &Program) -> Option<std::process::Command> {
    let wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let probe = std::process::Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg("true")
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = setup.command(&wrapper);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    Some(command)
}

#[tokio::test]
async fn a_folder_that_may_not_be_read_is_said_once_and_read_when_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let (_, docker) = program(folder.path());
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    // Everything of Docker's that nobody needs is closed to him, as on a real host.
    for open in [folder.path(), &data] {
        fs::set_permissions(open, Permissions::from_mode(0o777)).unwrap();
    }
    let binary = folder.path().join("log-viewer");
    fs::copy(crate::setup::BINARY, &binary).unwrap();
    let setup = Program::new(Box::leak(binary.to_str().unwrap().into()), data.join("logs.db"))
        .with("LOG_SOURCES", docker.path().display())
        .with("POLL_INTERVAL", "1");
    docker.container("shop").line("hidden until then");
    fs::set_permissions(docker.path(), Permissions::from_mode(0o710)).unwrap();
    let Some(command) = as_nobody(&setup) else {
        eprintln!("this process cannot become another user; the permissions cannot be tried");
        return;
    };
    let viewer = Process::start(command).await;

    assert_eq!(problem(&viewer, true).await, docker.path().to_str().unwrap());
    let health = viewer.get("/health").await;
    let detail = health["problems"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("may not be listed"), "{detail}");
    assert_eq!(viewer.get("/api/stats").await["total_logs"], 0);
    assert_eq!(complaints(&viewer, docker.path()), 1, "{}", viewer.log_text());

    fs::set_permissions(docker.path(), Permissions::from_mode(0o755)).unwrap();
    has(&viewer, 1).await;
    problem(&viewer, false).await;
    let about = viewer.get("/api/about").await;
    assert_eq!(about["sources"][0]["problem"], json!(null));
    viewer.stop().await;
}
