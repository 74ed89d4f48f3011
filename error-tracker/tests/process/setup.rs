//! The program under test, and what it counts.

use std::collections::BTreeMap;
use std::path::Path;

use shared::testing::{Process, Program};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_error-tracker");

/// The program on a database in this folder.
pub(crate) fn program(folder: &Path) -> Program {
    Program::new(BINARY, folder.join("errors.db"))
}

/// How often each exception type of a project was counted, over all states.
pub(crate) async fn counts(tracker: &Process, project: &str) -> BTreeMap<String, i64> {
    let path = format!("/api/errors?project={project}&resolved=all&ignored=all&limit=200");
    let list = tracker.get(&path).await;
    let groups = list["errors"].as_array().unwrap().iter();
    groups
        .map(|group| {
            let kind = group["exception_type"].as_str().unwrap().to_owned();
            (kind, group["count"].as_i64().unwrap())
        })
        .collect()
}
