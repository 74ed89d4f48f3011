//! The database file seen from outside the service, as another program would open it.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

/// Opens it to read and write.
///
/// # Panics
/// When it cannot be opened.
pub async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path))
        .await
        .expect("a database that can be opened")
}

/// SQLite's own check of every page, and of every reference between rows.
///
/// # Panics
/// When something is wrong; the text says what.
pub async fn assert_sound(path: &Path) {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .expect("a database that can be read");
    let verdict: Vec<String> = sqlx::query_scalar("pragma integrity_check(5)")
        .fetch_all(&mut connection)
        .await
        .expect("a database that can be checked");
    let dangling = sqlx::query("pragma foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .expect("a database that can be checked");
    connection.close().await.expect("nothing was written");
    assert_eq!(verdict, ["ok"]);
    assert!(dangling.is_empty(), "{} references lead nowhere", dangling.len());
}
