//! A consistent copy of a live database, verified before it gets its name.

use std::path::Path;

use anyhow::{Context as _, bail};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::identity::{self, Identity};

/// Copies the database at `source` to `destination`, while a service may be writing to it.
///
/// The copy is made under another name beside `destination`, checked page by page, flushed to
/// the disk, and only then renamed. A `destination` that exists is replaced at that moment.
///
/// # Errors
/// The source is missing or not ours, the copy cannot be written, or it does not pass the check.
pub async fn back_up(source: &Path, destination: &Path, identity: &Identity) -> anyhow::Result<()> {
    if !source.is_file() {
        bail!("there is no database at {}", source.display());
    }
    if destination.is_dir() {
        bail!("{} is a folder; name the file to write", destination.display());
    }
    identity::check_file(source, identity).await?;
    let mut name = destination.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = Path::new(&name);

    let copied = copy_and_verify(source, partial).await;
    if let Err(error) = copied {
        // The partial copy is worthless; that it cannot be removed either adds nothing to the first error.
        let _ = std::fs::remove_file(partial);
        return Err(error);
    }
    std::fs::rename(partial, destination)
        .with_context(|| format!("cannot name the copy {}", destination.display()))?;
    if let Some(folder) = destination
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::File::open(folder)?
            .sync_all()
            .with_context(|| format!("cannot flush {}", folder.display()))?;
    }
    Ok(())
}

async fn copy_and_verify(source: &Path, partial: &Path) -> anyhow::Result<()> {
    let text = partial.to_str().context("the destination's name is not UTF-8")?;
    let options = SqliteConnectOptions::new()
        .filename(source)
        .read_only(true)
        .pragma("temp_store", "memory")
        .busy_timeout(std::time::Duration::from_secs(30));
    let mut live = SqliteConnection::connect_with(&options)
        .await
        .context("cannot read the database")?;
    // `vacuum into` reads in one transaction, so the copy is of one moment, the write-ahead log included.
    sqlx::query("vacuum into ?1")
        .bind(text)
        .execute(&mut live)
        .await
        .context("cannot write the copy")?;
    live.close().await?;

    let options = SqliteConnectOptions::new().filename(partial).read_only(true);
    let mut copy = SqliteConnection::connect_with(&options)
        .await
        .context("cannot read the copy")?;
    let verdict: String = sqlx::query_scalar("pragma integrity_check(1)")
        .fetch_one(&mut copy)
        .await
        .context("the copy cannot be checked")?;
    copy.close().await?;
    if verdict != "ok" {
        bail!("the copy is damaged: {verdict}");
    }
    std::fs::File::open(partial)?
        .sync_all()
        .context("cannot flush the copy to the disk")
}
