//! The program under test, and what it counts.

use std::path::Path;

use serde_json::{Value, json};
use shared::testing::{Client, Program};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_metrics-collector");

/// The program on a database in this folder.
pub(crate) fn program(folder: &Path) -> Program {
    Program::new(BINARY, folder.join("metrics.db"))
}

/// A point of a counter that counts itself.
pub(crate) fn point(name: &str) -> Value {
    json!({"name": name, "type": "counter", "value": 1})
}

/// How many points of a metric there are in the last day.
pub(crate) async fn count(api: &Client, name: &str) -> u64 {
    let reply = api.get(&format!("/api/metrics?name={name}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = reply.json();
    let rows = reply["data"].as_array().unwrap();
    rows.iter().map(|row| row["count"].as_u64().unwrap()).sum()
}
