//! Writes batches: blocks, entries that may still grow, and cursors move together or not at all.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use super::directory::{Block, BlockId, Change, PartId, Span};
use super::index;
use super::{Store, blocks, tallies};
use crate::batch::{Batch, ClosedBlock, OpenBlock, OpenEntry};
use crate::counts::Counts;
use crate::cursor::Cursor;
use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, EntryId, Lines};
use crate::tally::{BlockTallies, FullGroup, Gathering};

/// Blocks in no group that a start looks at: more than a crash leaves. Those of an older database are more.
const MOST_UNGROUPED: u32 = 192;

/// The one who writes, and what he has to know of what is there.
#[derive(Debug)]
pub(crate) struct Appender {
    store: Store,
    /// The part that takes new blocks, and its entries.
    part: Option<(PartId, u64)>,
    /// Entries of a part at most; a block that would be too much for it goes into a new one.
    part_entries: u64,
    /// Levels of the entries that may still grow.
    growing: HashMap<(ContainerId, Stream), Level>,
    /// Entries of open blocks.
    open_counts: Counts,
    gathering: Gathering,
    /// Groups that are complete; the next transaction takes them along.
    full_groups: Vec<FullGroup>,
}

/// What a restart goes on with.
#[derive(Debug)]
pub(crate) struct Resumed {
    /// Entries of open blocks, and how many of those there are.
    pub(crate) pending: Lines,
    pub(crate) open_blocks: usize,
    pub(crate) open_entries: Vec<OpenEntry>,
    pub(crate) last_entry: EntryId,
}

impl Store {
    /// Everything that was not finished when the service ended.
    pub(crate) async fn resume(&self) -> sqlx::Result<Resumed> {
        let mut tx = self.db.read().begin().await?;
        let (pending, open_blocks) = super::blocks::open_blocks(&mut tx).await?;
        let open_entries = super::blocks::open_entries(&mut tx).await?;
        let last_entry: i64 = sqlx::query_scalar("select last_entry from numbers where id = 1")
            .fetch_one(&mut *tx)
            .await?;
        Ok(Resumed {
            pending,
            open_blocks,
            open_entries,
            last_entry: EntryId(last_entry),
        })
    }
}

impl Appender {
    /// Parts take so many entries at most before the next one begins.
    pub(crate) async fn new(store: Store, part_entries: u64, resumed: &Resumed) -> sqlx::Result<Self> {
        let part: Option<(i64, i64)> =
            sqlx::query_as("select id, entries from parts where retired = 0 order by id desc limit 1")
                .fetch_optional(store.db.read())
                .await?;
        let mut appender = Self {
            gathering: Gathering::default(),
            full_groups: Vec::new(),
            part: part.map(|(id, entries)| (PartId(id), entries.unsigned_abs())),
            part_entries,
            growing: resumed
                .open_entries
                .iter()
                .map(|entry| ((entry.head.container, entry.head.stream), entry.head.level))
                .collect(),
            open_counts: Counts::of(&resumed.pending),
            store,
        };
        for (part, block, tallies) in blocks::ungrouped(&appender.store, MOST_UNGROUPED).await? {
            appender.gather(part, block, &tallies);
        }
        appender.store.directory.apply(Change {
            pending: Some(appender.pending_counts(&appender.open_counts, &appender.growing)),
            ..Change::default()
        });
        Ok(appender)
    }

    fn pending_counts(&self, open: &Counts, growing: &HashMap<(ContainerId, Stream), Level>) -> Counts {
        let mut counts = open.clone();
        for ((container, _), level) in growing {
            counts.add_one(*container, *level);
        }
        counts
    }

    /// Writes a batch in one transaction. When that fails nothing is written, and it can be tried again.
    pub(crate) async fn append(&mut self, batch: &Batch) -> sqlx::Result<()> {
        let mut tx = self.store.write().await?;
        let mut part = self.part;
        if batch.replaces_open {
            sqlx::query("delete from log_entries where part is null")
                .execute(&mut *tx)
                .await?;
        }
        let mut closed = Vec::with_capacity(batch.closed.len());
        for block in &batch.closed {
            let id = self.write_closed(&mut tx, &mut part, block).await?;
            closed.push((id, block.counts.clone()));
        }
        let mut grouped = Vec::with_capacity(self.full_groups.len());
        for group in &self.full_groups {
            grouped.push(tallies::write(&mut tx, group).await?);
        }
        if let Some(block) = &batch.open {
            write_block(&mut tx, None, &block.into()).await?;
        }
        write_open_entries(&mut tx, batch).await?;
        for (container, cursor) in &batch.cursors {
            write_cursor(&mut tx, *container, cursor).await?;
        }
        if let Some(last) = batch.news.heads().iter().map(|head| head.id.0).max() {
            sqlx::query("update numbers set last_entry = max(last_entry, ?1) where id = 1")
                .bind(last)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;

        self.full_groups.clear();
        for ((block, _), written) in closed.iter().zip(&batch.closed) {
            self.gather(block.part, block.id, &written.words.tallies);
        }
        self.part = part;
        self.open_counts = batch.open_counts.clone();
        for stream in &batch.closed_streams {
            self.growing.remove(stream);
        }
        for entry in &batch.open_entries {
            self.growing
                .insert((entry.head.container, entry.head.stream), entry.head.level);
        }
        self.store.directory.apply(Change {
            closed,
            removed: Vec::new(),
            grouped,
            pending: Some(self.pending_counts(&self.open_counts, &self.growing)),
        });
        Ok(())
    }

    /// Writes a block with its document in the index; begins a new part when the current one is full.
    pub(super) async fn write_closed(
        &self,
        tx: &mut SqliteConnection,
        part: &mut Option<(PartId, u64)>,
        block: &ClosedBlock,
    ) -> sqlx::Result<Block> {
        let more = u64::from(block.span.entries);
        let (id, entries) = match *part {
            Some((id, entries)) if entries + more <= self.part_entries => (id, entries),
            _ => (index::begin_part(tx).await?, 0),
        };
        let entries = entries + more;
        *part = Some((id, entries));
        sqlx::query("update parts set entries = ?2 where id = ?1")
            .bind(id.0)
            .bind(entries as i64)
            .execute(&mut *tx)
            .await?;
        let number = write_block(tx, Some(id), &block.into()).await?;
        index::add_document(tx, id, number, &block.words.document).await?;
        Ok(Block {
            id: number,
            part: id,
            span: block.span,
        })
    }

    /// A block has been written: its tallies wait for the rest of its group.
    pub(super) fn gather(&mut self, part: PartId, block: BlockId, tallies: &BlockTallies) {
        self.full_groups.extend(self.gathering.add(part, block, tallies));
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn part(&self) -> Option<(PartId, u64)> {
        self.part
    }

    pub(super) fn set_part(&mut self, part: Option<(PartId, u64)>) {
        self.part = part;
    }
}

/// What blocks of either kind have.
struct BlockRow<'a> {
    span: &'a Span,
    counts: &'a Counts,
    packed: &'a crate::lines::Packed,
    /// Of closed blocks.
    postings: &'a [u8],
}

impl<'a> From<&'a ClosedBlock> for BlockRow<'a> {
    fn from(block: &'a ClosedBlock) -> Self {
        Self {
            span: &block.span,
            counts: &block.counts,
            packed: &block.packed,
            postings: &block.words.postings,
        }
    }
}

impl<'a> From<&'a OpenBlock> for BlockRow<'a> {
    fn from(block: &'a OpenBlock) -> Self {
        Self {
            span: &block.span,
            counts: &block.counts,
            packed: &block.packed,
            postings: &[],
        }
    }
}

async fn write_block(
    tx: &mut SqliteConnection,
    part: Option<PartId>,
    block: &BlockRow<'_>,
) -> sqlx::Result<BlockId> {
    let span = block.span;
    sqlx::query_scalar(
        "insert into log_entries (part, entries, text_bytes, first_id, last_id, oldest, newest, containers, levels, counts, heads, postings, texts)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) returning id",
    )
    .bind(part.map(|part| part.0))
    .bind(span.entries)
    .bind(span.text_bytes)
    .bind(span.first_id.0)
    .bind(span.last_id.0)
    .bind(span.oldest.0)
    .bind(span.newest.0)
    .bind(span.containers as i64)
    .bind(span.levels)
    .bind(block.counts.pack())
    .bind(block.packed.heads.as_slice())
    .bind(block.postings)
    .bind(block.packed.texts.as_slice())
    .fetch_one(tx)
    .await
    .map(BlockId)
}

async fn write_open_entries(tx: &mut SqliteConnection, batch: &Batch) -> sqlx::Result<()> {
    for (container, stream) in &batch.closed_streams {
        sqlx::query("delete from open_entries where container_id = ?1 and stream = ?2")
            .bind(container.0)
            .bind(*stream as u8)
            .execute(&mut *tx)
            .await?;
    }
    for entry in &batch.open_entries {
        let head = &entry.head;
        // A stream has one at most; the one before is finished and in a block of this batch.
        sqlx::query("delete from open_entries where container_id = ?1 and stream = ?2 and id <> ?3")
            .bind(head.container.0)
            .bind(head.stream as u8)
            .bind(head.id.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "insert into open_entries (id, container_id, stream, at, level, text, state)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             on conflict (id) do update set level = excluded.level, text = excluded.text, state = excluded.state",
        )
        .bind(head.id.0)
        .bind(head.container.0)
        .bind(head.stream as u8)
        .bind(head.at.0)
        .bind(head.level as u8)
        .bind(&entry.text)
        .bind(entry.state.as_slice())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn write_cursor(
    tx: &mut SqliteConnection,
    container: ContainerId,
    cursor: &Cursor,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into cursors (container_id, device, inode, head_length, head_hash, position, tail_length, tail_hash, last_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         on conflict (container_id) do update set device = excluded.device, inode = excluded.inode,
           head_length = excluded.head_length, head_hash = excluded.head_hash, position = excluded.position,
           tail_length = excluded.tail_length, tail_hash = excluded.tail_hash, last_at = excluded.last_at",
    )
    .bind(container.0)
    // SQLite's integers are signed; the bits are what counts.
    .bind(cursor.device as i64)
    .bind(cursor.inode as i64)
    .bind(cursor.head.length)
    .bind(cursor.head.hash as i64)
    .bind(cursor.position as i64)
    .bind(cursor.tail.length)
    .bind(cursor.tail.hash as i64)
    .bind(cursor.last_at.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query("update containers set last_at = max(coalesce(last_at, ?2), ?2) where id = ?1")
        .bind(container.0)
        .bind(cursor.last_at.0)
        .execute(tx)
        .await
        .map(drop)
}
