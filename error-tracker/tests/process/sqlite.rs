//! The database file seen from outside the tracker, as another program would open it.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

pub(crate) async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path))
        .await
        .unwrap()
}

/// SQLite's own check of every page, and of every reference between rows.
pub(crate) async fn assert_sound(path: &Path) {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let verdict: Vec<String> = sqlx::query_scalar("pragma integrity_check(5)")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let dangling = sqlx::query("pragma foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert_eq!(verdict, ["ok"]);
    assert!(dangling.is_empty());
}

/// One number that a query answers.
pub(crate) async fn number(path: &Path, query: &'static str) -> i64 {
    let mut connection = open(path).await;
    let number = sqlx::query_scalar(query)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    number
}

/// Changes the file while no tracker runs on it.
pub(crate) async fn change(path: &Path, statement: &'static str) {
    let mut connection = open(path).await;
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
