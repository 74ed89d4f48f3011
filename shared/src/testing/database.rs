//! The database file seen from outside the service, as another program would open it.

use std::io::{Seek as _, SeekFrom, Write as _};
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

/// Changes the file while no service runs on it.
///
/// # Panics
/// When the statement fails.
pub async fn change(path: &Path, statement: &'static str) {
    let mut connection = open(path).await;
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .expect("a statement that this database takes");
    connection.close().await.expect("a database that can be closed");
}

/// Puts bytes that mean nothing over a part of the file.
///
/// # Panics
/// When it cannot be written.
pub fn overwrite(path: &Path, from: u64, length: u64) {
    let mut file = std::fs::File::options()
        .write(true)
        .open(path)
        .expect("a file that can be written");
    file.seek(SeekFrom::Start(from)).expect("a place in the file");
    let length = usize::try_from(length).expect("a part that memory can hold");
    file.write_all(&vec![0xa5; length]).expect("a disk with room");
}

/// The number that a query answers with.
///
/// # Panics
/// When it answers with something else.
pub async fn number(path: &Path, query: &'static str) -> i64 {
    let mut connection = open(path).await;
    let number = sqlx::query_scalar(query)
        .fetch_one(&mut connection)
        .await
        .expect("a query that answers with a number");
    connection.close().await.expect("a database that can be closed");
    number
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
