//! What a database file says of itself: whose it is, how new it is, and who can still read it.

use std::path::Path;

use anyhow::{Context as _, bail};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::writer::Writer;

/// Whose database it is, which releases can read it, and what writing to it takes.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The service, as its binary is named.
    pub product: &'static str,
    /// The release that is running, `MAJOR.MINOR.PATCH`.
    pub version: &'static str,
    /// The oldest release that can work on a file with the newest migration.
    pub min_reader: &'static str,
    /// Page cache of the writer, in KiB: as much as makes it faster, because it stays full.
    pub writer_cache_kib: u32,
}

/// Looks at the file without changing it. A missing or empty file passes: it will be ours.
pub(super) async fn check_file(path: &Path, identity: &Identity) -> anyhow::Result<()> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => bail!("the database path {shown} is a folder"),
        Ok(metadata) if metadata.len() == 0 => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot look at the database {shown}")),
    }
    // Even a reader makes the files of the write-ahead log, and leaves them. Where there is none, nobody
    // has the file open and nothing is left to recover, so it can be read as it lies there.
    let is_at_rest = ["-wal", "-journal"].iter().all(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        !Path::new(&name).exists()
    });
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(is_at_rest);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .with_context(|| format!("cannot read the database {shown}"))?;
    let verdict = check_connection(&mut connection, identity).await;
    // Closing can only fail on a connection that is broken already.
    let _ = connection.close().await;
    verdict.with_context(|| format!("the database {shown} cannot be used, and was left as it is"))
}

async fn check_connection(connection: &mut SqliteConnection, identity: &Identity) -> anyhow::Result<()> {
    let tables: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema where type = 'table' limit 1000")
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| {
                let what = if is_damage(&error) {
                    "it is no SQLite database, or it is damaged"
                } else {
                    "it cannot be read"
                };
                anyhow::Error::new(error).context(what)
            })?;
    if tables.is_empty() {
        return Ok(());
    }
    if !tables.iter().any(|name| name == "_meta") {
        bail!("it belongs to an older Monlight or to another program; choose another DATABASE_PATH");
    }
    let product = read_meta(connection, "product").await?.unwrap_or_default();
    if product != identity.product {
        bail!(
            "it belongs to \"{product}\", not to {}; choose another DATABASE_PATH",
            identity.product
        );
    }
    let min_reader = read_meta(connection, "min_reader").await?;
    if let Some(needed) = min_reader.filter(|needed| parse_version(needed) > parse_version(identity.version))
    {
        bail!(
            "it was written by a newer release; it needs {needed} or later, and this is {}",
            identity.version
        );
    }
    Ok(())
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB`, with their extended forms.
fn is_damage(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|cause| cause.code())
        .and_then(|code| code.parse::<i32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

async fn read_meta(connection: &mut SqliteConnection, key: &str) -> anyhow::Result<Option<String>> {
    sqlx::query_scalar("select value from _meta where key = ?1")
        .bind(key)
        .fetch_optional(connection)
        .await
        .context("its _meta table cannot be read")
}

/// Writes the product's name before anything else, so that a half-made file is recognised as ours.
pub(super) async fn claim(writer: &Writer, identity: &Identity) -> sqlx::Result<()> {
    let mut tx = writer.write().await?;
    tx.begin().await?;
    sqlx::query(
        "create table if not exists _meta (key text primary key, value text not null) strict, without rowid",
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query("insert into _meta (key, value) values ('product', ?1) on conflict (key) do nothing")
        .bind(identity.product)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Notes the newest migration and who can read it. A file from a newer release keeps what that one wrote.
pub(super) async fn record_version(
    writer: &Writer,
    identity: &Identity,
    migrator: &sqlx::migrate::Migrator,
) -> sqlx::Result<()> {
    let newest = migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    let mut tx = writer.write().await?;
    tx.begin().await?;
    let recorded: Option<String> = sqlx::query_scalar("select value from _meta where key = 'schema_version'")
        .fetch_optional(&mut *tx)
        .await?;
    if recorded
        .and_then(|version| version.parse().ok())
        .is_none_or(|version: i64| version < newest)
    {
        sqlx::query(
            "insert into _meta (key, value) values ('schema_version', ?1), ('min_reader', ?2)
             on conflict (key) do update set value = excluded.value",
        )
        .bind(newest.to_string())
        .bind(identity.min_reader)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

fn parse_version(text: &str) -> [u64; 3] {
    let mut parts = text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(parse_version("0.10.0") > parse_version("0.9.9"));
        assert!(parse_version("1.0.0") > parse_version("0.99.99"));
        assert_eq!(parse_version("1.2"), [1, 2, 0]);
        assert_eq!(parse_version("1.2.3-rc1"), [1, 2, 3]);
    }
}
