//! The program under test, and what it leaves on the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shared::testing::{Client, Program, database};
use sqlx::Connection as _;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_metrics-collector");

/// The program on a database in this folder.
pub(crate) fn program(folder: &Path) -> Program {
    Program::new(BINARY, folder.join("metrics.db"))
}

/// Every file below a folder with its bytes, to show that nothing was touched.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            all.insert(path, bytes);
        }
    }
    all
}

/// Changes the file while no collector runs on it.
pub(crate) async fn change(database: &Path, statement: &'static str) {
    let mut connection = database::open(database).await;
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
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
