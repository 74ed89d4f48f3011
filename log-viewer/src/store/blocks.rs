//! Reads blocks and entries.

use sqlx::{FromRow, Row as _, SqliteConnection};

use super::Store;
use super::directory::{Block, BlockId, Change, PartId, Span};
use crate::batch::OpenEntry;
use crate::columns::Columns;
use crate::counts::Counts;
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, EntryId, Head, Lines, decompress_into};
use crate::nanos::Nanos;
use crate::tally::{BlockTallies, Kinds};
use crate::words::Postings;

/// What stands in no closed block, and the last closed one at that moment.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) lines: Lines,
    pub(crate) last_closed: Option<BlockId>,
}

#[derive(FromRow)]
struct DirectoryRow {
    id: i64,
    part: i64,
    entries: u32,
    text_bytes: u32,
    first_id: i64,
    last_id: i64,
    oldest: i64,
    newest: i64,
    containers: i64,
    levels: u8,
    counts: Vec<u8>,
}

/// Blocks that are on their way into the directory at once.
const LOADED_AT_ONCE: usize = 256;

impl Store {
    /// Reads what closed blocks there are.
    pub(super) async fn load_directory(&self) -> sqlx::Result<()> {
        use futures_util::TryStreamExt as _;

        let mut rows = sqlx::query_as::<_, DirectoryRow>(
            "select id, part, entries, text_bytes, first_id, last_id, oldest, newest, containers, levels, counts
             from log_entries where part is not null order by id",
        )
        .fetch(self.db.read());
        let mut change = Change::default();
        while let Some(row) = rows.try_next().await? {
            let span = Span {
                entries: row.entries,
                text_bytes: row.text_bytes,
                first_id: EntryId(row.first_id),
                last_id: EntryId(row.last_id),
                oldest: Nanos(row.oldest),
                newest: Nanos(row.newest),
                containers: row.containers as u64,
                levels: row.levels,
            };
            let block = Block {
                id: BlockId(row.id),
                part: PartId(row.part),
                span,
            };
            change.closed.push((block, Counts::unpack(&row.counts)));
            if change.closed.len() >= LOADED_AT_ONCE {
                self.directory.apply(std::mem::take(&mut change));
            }
        }
        self.directory.apply(change);
        Ok(())
    }

    /// Everything that is in no closed block.
    pub(crate) async fn pending(&self) -> sqlx::Result<Pending> {
        let mut tx = self.db.read().begin().await?;
        let last: Option<i64> = sqlx::query_scalar("select max(id) from log_entries where part is not null")
            .fetch_one(&mut *tx)
            .await?;
        let (mut lines, _) = open_blocks(&mut tx).await?;
        for entry in open_entries(&mut tx).await? {
            lines.push(entry.head, &entry.text);
        }
        Ok(Pending {
            lines,
            last_closed: last.map(BlockId),
        })
    }

    /// The times of the oldest and of the newest entry.
    pub(crate) async fn reach(&self) -> sqlx::Result<(Option<Nanos>, Option<Nanos>)> {
        let pending = self.pending().await?;
        let pending = pending.lines.heads().iter().map(|head| head.at);
        let (oldest, newest) = self.directory.reach();
        Ok((pending.clone().chain(oldest).min(), pending.chain(newest).max()))
    }

    /// These closed blocks, in no particular order; those that are gone are left out.
    pub(crate) async fn read_blocks(&self, ids: &[BlockId]) -> sqlx::Result<Vec<(BlockId, Stored)>> {
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "select id, heads, texts from log_entries where id in (select value from json_each(?1))",
        )
        .bind(as_json(ids))
        .fetch_all(self.db.read())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, heads, texts)| (BlockId(id), Stored { heads, texts }))
            .collect())
    }

    /// Hands over these closed blocks, in no particular order, each while the next one is read; those that are gone are left out.
    pub(crate) async fn each_block(
        &self,
        ids: &[BlockId],
        mut take: impl FnMut(Passing<'_>),
    ) -> sqlx::Result<()> {
        use futures_util::TryStreamExt as _;

        let mut rows =
            sqlx::query("select heads, texts from log_entries where id in (select value from json_each(?1))")
                .bind(as_json(ids))
                .fetch(self.db.read());
        while let Some(row) = rows.try_next().await? {
            take(Passing {
                heads: row.try_get(0)?,
                texts: row.try_get(1)?,
            });
        }
        Ok(())
    }

    /// Of these closed blocks where their frequent tokens stand, and their heads if they are wanted.
    pub(crate) async fn read_postings(
        &self,
        ids: &[BlockId],
        with_heads: bool,
    ) -> sqlx::Result<Vec<(BlockId, StoredPostings)>> {
        let rows: Vec<(i64, Option<Vec<u8>>, Vec<u8>)> = sqlx::query_as(
            "select id, case when ?2 then heads end, postings from log_entries
             where id in (select value from json_each(?1))",
        )
        .bind(as_json(ids))
        .bind(with_heads)
        .fetch_all(self.db.read())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, heads, postings)| (BlockId(id), StoredPostings { heads, postings }))
            .collect())
    }

    /// The heads of these closed blocks.
    pub(crate) async fn read_heads(&self, ids: &[BlockId]) -> sqlx::Result<Vec<(BlockId, Stored)>> {
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("select id, heads from log_entries where id in (select value from json_each(?1))")
                .bind(as_json(ids))
                .fetch_all(self.db.read())
                .await?;
        Ok(rows
            .into_iter()
            .map(|(id, heads)| {
                let texts = Vec::new();
                (BlockId(id), Stored { heads, texts })
            })
            .collect())
    }
}

/// A block as it lies in the database.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    heads: Vec<u8>,
    texts: Vec<u8>,
}

impl Stored {
    /// The entries. A damaged block is said in the log and has none.
    pub(crate) fn unpack(&self) -> Lines {
        or_damaged(Lines::unpack(&self.heads, &self.texts))
    }

    /// The entries; their texts are out of reach.
    pub(crate) fn unpack_heads(&self) -> Lines {
        or_damaged(Lines::unpack_heads(&self.heads))
    }
}

/// A block that is looked at where SQLite has put it.
#[derive(Debug)]
pub(crate) struct Passing<'a> {
    heads: &'a [u8],
    texts: &'a [u8],
}

impl Passing<'_> {
    /// The entries, if their texts, one directly after the other, may hold what is looked for. Most blocks that a search
    /// reads do not: where each of their entries ends need not be known, and `buffer` is there for the next one.
    pub(crate) fn unpack_if(
        &self,
        buffer: &mut Vec<u8>,
        may_hold: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Lines> {
        if decompress_into(self.texts, buffer).is_none() {
            return Some(or_damaged(None));
        }
        may_hold(buffer).then(|| or_damaged(Lines::with_texts(self.heads, std::mem::take(buffer))))
    }
}

/// Of a block as it lies in the database what counts words.
#[derive(Debug, Clone)]
pub(crate) struct StoredPostings {
    heads: Option<Vec<u8>>,
    postings: Vec<u8>,
}

impl StoredPostings {
    /// `None` when the heads are damaged or were not read.
    pub(crate) fn columns(&self) -> Option<Columns> {
        Columns::unpack(self.heads.as_ref()?)
    }

    pub(crate) fn postings(&self) -> Postings {
        Postings::unpack(&self.postings)
    }

    /// None of a damaged block.
    fn tallies(&self) -> BlockTallies {
        let kinds = || {
            let columns = self.columns()?;
            let containers = columns.containers()?;
            let kind = |(entry, container): (u32, &ContainerId)| {
                let (stream, level) = columns.kind(entry)?;
                Some((*container, stream, level))
            };
            let kinds: Option<Vec<_>> = (0..).zip(&containers).map(kind).collect();
            Some(Kinds::of(kinds?.into_iter()))
        };
        kinds().map_or_else(BlockTallies::default, |mut kinds| {
            self.postings().tallies(&mut kinds)
        })
    }
}

fn or_damaged(lines: Option<Lines>) -> Lines {
    lines.unwrap_or_else(|| {
        tracing::error!("a block is damaged");
        Lines::default()
    })
}

fn as_json(ids: &[BlockId]) -> String {
    let numbers: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// The entries of all open blocks, in their order, and how many of these blocks there are.
pub(super) async fn open_blocks(connection: &mut SqliteConnection) -> sqlx::Result<(Lines, usize)> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("select heads, texts from log_entries where part is null order by id")
            .fetch_all(connection)
            .await?;
    let mut lines = Lines::default();
    let blocks = rows.len();
    for (heads, texts) in rows {
        for (head, text) in (Stored { heads, texts }).unpack().iter() {
            lines.push(*head, text);
        }
    }
    Ok((lines, blocks))
}

#[derive(FromRow)]
struct OpenEntryRow {
    id: i64,
    container_id: u32,
    stream: u8,
    at: i64,
    level: u8,
    text: String,
    state: Vec<u8>,
}

/// The entries that may still grow.
pub(super) async fn open_entries(connection: &mut SqliteConnection) -> sqlx::Result<Vec<OpenEntry>> {
    let rows: Vec<OpenEntryRow> = sqlx::query_as(
        "select id, container_id, stream, at, level, text, state from open_entries order by id",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OpenEntry {
            head: Head {
                id: EntryId(row.id),
                at: Nanos(row.at),
                container: ContainerId(row.container_id),
                stream: if row.stream == Stream::Stderr as u8 {
                    Stream::Stderr
                } else {
                    Stream::Stdout
                },
                level: Level::ALL
                    .get(usize::from(row.level))
                    .copied()
                    .unwrap_or(Level::Info),
            },
            text: row.text,
            state: row.state,
        })
        .collect())
}

/// The newest closed blocks that are in no group, so many at most, the oldest first, with what they give to their group.
pub(super) async fn ungrouped(
    store: &Store,
    most: u32,
) -> sqlx::Result<Vec<(PartId, BlockId, BlockTallies)>> {
    use futures_util::TryStreamExt as _;

    let mut rows = sqlx::query_as::<_, (i64, i64, Vec<u8>, Vec<u8>)>(
        "select part, id, heads, postings from log_entries
         where part is not null and id > (select coalesce(max(last_block), 0) from block_groups)
         order by id desc limit ?1",
    )
    .bind(most)
    .fetch(store.db.read());
    let mut blocks = Vec::new();
    while let Some((part, id, heads, postings)) = rows.try_next().await? {
        let block = StoredPostings {
            heads: Some(heads),
            postings,
        };
        blocks.push((PartId(part), BlockId(id), block.tallies()));
    }
    blocks.reverse();
    Ok(blocks)
}

/// How many entries of each container and level these blocks have.
pub(super) async fn counts_of(store: &Store, ids: &[BlockId]) -> sqlx::Result<Vec<(BlockId, Counts)>> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("select id, counts from log_entries where id in (select value from json_each(?1))")
            .bind(as_json(ids))
            .fetch_all(store.db.read())
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, counts)| (BlockId(id), Counts::unpack(&counts)))
        .collect())
}

pub(super) async fn delete(tx: &mut SqliteConnection, ids: &[BlockId]) -> sqlx::Result<()> {
    sqlx::query("delete from log_entries where id in (select value from json_each(?1))")
        .bind(as_json(ids))
        .execute(tx)
        .await
        .map(drop)
}

/// A part without blocks is searched no more, and its index is freed bit by bit.
pub(super) async fn retire(tx: &mut SqliteConnection, part: PartId) -> sqlx::Result<()> {
    sqlx::query("update parts set retired = 1 where id = ?1")
        .bind(part.0)
        .execute(tx)
        .await
        .map(drop)
}

impl Store {
    /// Bytes of the database's pages that hold something.
    pub(crate) async fn used_bytes(&self) -> sqlx::Result<u64> {
        let mut connection = self.db.read().acquire().await?;
        let mut number = async |pragma: &'static str| -> sqlx::Result<u64> {
            let number: i64 = sqlx::query_scalar(pragma).fetch_one(&mut *connection).await?;
            Ok(number.unsigned_abs())
        };
        let (pages, free, size) = (
            number("pragma page_count").await?,
            number("pragma freelist_count").await?,
            number("pragma page_size").await?,
        );
        Ok(pages.saturating_sub(free) * size)
    }
}
