//! What every program does besides serving: it tells of itself, says whether the service runs, makes a copy of the database,
//! and refuses what it does not know.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Program;
use super::database::assert_sound;
use super::process::{Finished, USAGE, contents, run};

/// What the help of every service names.
const NAMED: [&str; 13] = [
    "DATABASE_PATH",
    "LISTEN",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "DURABILITY",
    "RATE_LIMIT",
    "MAX_BODY_SIZE",
    "MAX_CONNECTIONS",
    "TRUSTED_PROXIES",
    "NAME_FILE",
    "backup DEST",
    "--healthcheck",
    "--version",
];

/// Runs the program with these arguments, and with no settings but these, to its end.
#[must_use]
pub fn verb(binary: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Finished {
    let mut command = Command::new(binary);
    command.env_clear().envs(settings.iter().copied()).args(arguments);
    run(command)
}

/// Both need no settings. `version` is the whole line that tells it, and `settings` are those that the help names beside
/// what every service has.
///
/// # Panics
/// When it is not so.
pub fn assert_version_and_help(binary: &str, version: &str, settings: &[&str]) {
    for name in ["--version", "-V"] {
        let finished = verb(binary, &[name], &[]);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(finished.stdout, version);
    }
    let help = verb(binary, &["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for name in NAMED.iter().chain(settings) {
        assert!(
            help.stdout.contains(*name),
            "{name} is missing in {}",
            help.stdout
        );
    }
}

/// Arguments that the program does not know are refused, and it says where to look. `key` is the setting of the key, so
/// that nothing else is missing.
///
/// # Panics
/// When they are not.
pub fn assert_unknown_refused(binary: &str, key: &str) {
    for arguments in [
        &["serve"][..],
        &["--port", "1"],
        &["backup"],
        &["backup", "a", "b"],
        &["--version", "x"],
    ] {
        let finished = verb(binary, arguments, &[(key, "key")]);

        assert_eq!(finished.code, Some(USAGE), "{arguments:?}");
        assert!(finished.stderr.contains("--help"), "{}", finished.stderr);
    }
}

/// The health check succeeds while the service runs, and says so when it runs no more.
///
/// # Panics
/// When it is not so.
pub async fn assert_health_check(setup: &Program) {
    let service = setup.start().await;
    // As in a container: all interfaces, and the check goes over loopback. No other setting is needed.
    let everywhere = format!("0.0.0.0:{}", service.address.port());
    let check = || verb(setup.binary, &["--healthcheck"], &[("LISTEN", &everywhere)]);

    let healthy = check();
    service.stop().await;
    let stopped = check();

    assert_eq!(healthy.code, Some(0), "{}", healthy.stderr);
    assert_eq!(stopped.code, Some(1));
    assert!(
        stopped.stderr.contains("the service does not listen"),
        "{}",
        stopped.stderr
    );
}

/// Copies the database as the program does it, while the tasks of the test go on, and checks the copy. No setting is needed
/// but where the database lies.
///
/// # Panics
/// When it cannot be copied, or the copy is not sound.
pub async fn back_up(setup: &Program, copy: &Path) {
    let (setup, destination) = (setup.clone(), copy.to_owned());
    let finished = tokio::task::spawn_blocking(move || {
        let settings = [("DATABASE_PATH", text(&setup.database))];
        verb(setup.binary, &["backup", text(&destination)], &settings)
    });
    let finished = finished.await.expect("a verb that ends");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_sound(copy).await;
}

/// No part of a copy is left in this folder or below it.
///
/// # Panics
/// When one is.
pub fn assert_no_part_left(folder: &Path) {
    let names: Vec<_> = contents(folder).into_keys().collect();
    let is_part = |name: &PathBuf| name.to_string_lossy().contains("partial");
    assert!(!names.iter().any(is_part), "{names:?}");
}

/// A backup of no database, or to where none can be, says why, and leaves nothing behind.
///
/// # Panics
/// When it is not so.
pub async fn assert_backup_refused(setup: &Program) {
    let folder = setup.database.parent().expect("a database in a folder");
    setup.start().await.stop().await;
    let there = setup.database.as_path();
    let missing = folder.join("missing.db");
    let copy = folder.join("copy.db");
    let nowhere = folder.join("no/such/folder/copy.db");
    for (source, destination, why) in [
        (missing.as_path(), copy.as_path(), "there is no database at"),
        (there, nowhere.as_path(), "cannot write the copy"),
        (there, folder, "is a folder"),
    ] {
        let finished = verb(
            setup.binary,
            &["backup", text(destination)],
            &[("DATABASE_PATH", text(source))],
        );

        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
        let names: Vec<_> = contents(folder).into_keys().collect();
        let is_copy = |name: &PathBuf| name.to_string_lossy().contains("copy");
        assert!(
            !names.iter().any(is_copy),
            "no part of a copy is left behind: {names:?}"
        );
    }
}

/// A start on a port that is taken names it in one line, and makes no database.
///
/// # Panics
/// When it is not so.
pub fn assert_taken_port_named(setup: Program) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("a bound listener has an address");
    let setup = setup.with("LISTEN", address);

    let finished = setup.fails();

    assert_eq!(finished.code, Some(1));
    let what = format!("cannot listen on {address}: Address already in use");
    assert!(finished.stderr.contains(&what), "{}", finished.stderr);
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
    assert!(!setup.database.exists());
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}
