//! What the corpus costs in SQLite alone: compressed blocks with a full-text document each, from memory.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::corpus;
use crate::raw_sqlite::Yardstick;

const BLOCK_BYTES: usize = 64 * 1_024;
/// 256 KiB of text.
const BLOCKS_PER_TRANSACTION: i64 = 4;
/// Of the corpus in memory; a longer measurement begins again.
const MOST_BYTES: usize = 128 << 20;
const ZSTD_LEVEL: i32 = 1;

const SCHEMA_SQL: &str = "
    create table blocks (id integer primary key, texts blob not null) strict;
    create virtual table words using fts5
      (tokens, content = '', columnsize = 0, detail = none, tokenize = 'ascii');";
const STATEMENTS: [&str; 2] = [
    "insert into blocks (id, texts) values (?1, ?2)",
    "insert into words (rowid, tokens) values (?1, ?2)",
];

/// Lines per second.
pub(super) fn measure(folder: &Path, lines: u64, planned: Duration) -> Result<f64> {
    let (blocks, lines) = corpus::blocks(lines, BLOCK_BYTES, MOST_BYTES);
    ensure!(!blocks.is_empty(), "too few lines for a block");
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    let yardstick = Yardstick {
        schema_sql: SCHEMA_SQL,
        statements: &STATEMENTS,
        rows_per_transaction: BLOCKS_PER_TRANSACTION,
        prepare: |_| Ok(()),
    };

    let blocks_per_second = yardstick.measure(folder, 0, planned, |statements, row| {
        let text = &blocks[row as usize % blocks.len()];
        let packed = compressor
            .compress(text.as_bytes())
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        statements[0].execute((row, packed))?;
        statements[1].execute((row, distinct_tokens(text))).map(drop)
    })?;
    Ok(blocks_per_second * lines as f64 / blocks.len() as f64)
}

/// Each word in lower case once, with blanks between.
fn distinct_tokens(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    let mut seen = HashSet::new();
    let mut document = String::with_capacity(16 * 1_024);
    for token in text.split(|character: char| !character.is_ascii_alphanumeric()) {
        if !token.is_empty() && seen.insert(token) {
            document.push_str(token);
            document.push(' ');
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_each_word_once_in_lower_case() {
        assert_eq!(
            distinct_tokens("GET /a/b GET\nget \"B\" 10.0.0.1"),
            "get a b 10 0 1 "
        );
        assert_eq!(distinct_tokens(""), "");
    }

    #[test]
    fn blocks_are_written_and_counted_in_lines() {
        let folder = tempfile::tempdir().expect("a folder");

        let rate = measure(folder.path(), 8_000, Duration::from_millis(20)).expect("it runs");

        assert!(rate > 0.0);
        assert!(
            measure(folder.path(), 10, Duration::ZERO).is_err(),
            "no whole block"
        );
    }
}
