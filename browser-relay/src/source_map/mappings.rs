//! Checks the text of `mappings` as it passes, and keeps the decoder's state every so often.

use super::fault::{BadMap, MappingFault};
use super::json::StringSink;
use super::layout::Tables;
use super::vlq::{Decoder, STATE_COLUMNS, Said};

/// How many segments and line ends lie between two checkpoints, which is what a lookup decodes at most.
///
/// Lines count as well, so that neither a million short lines nor one line of a million segments has a checkpoint
/// more than it needs.
const EVERY: u32 = 256;

#[derive(Debug)]
pub(super) struct MappingChecker<'a> {
    tables: &'a mut Tables,
    index_limit: usize,
    decoder: Decoder,
    /// Steps left until the next checkpoint.
    left: u32,
    is_between: bool,
    last_unordered: Option<u32>,
    /// One more than the greatest number of a source and of a name.
    pub(super) used_sources: u32,
    pub(super) used_names: u32,
}

impl<'a> MappingChecker<'a> {
    pub(super) fn new(tables: &'a mut Tables, index_limit: usize) -> Self {
        Self {
            tables,
            index_limit,
            decoder: Decoder::default(),
            left: 0,
            is_between: true,
            last_unordered: None,
            used_sources: 0,
            used_names: 0,
        }
    }

    /// Ends the last segment, where the string ends.
    pub(super) fn finish(&mut self, at: u64) -> Result<(), BadMap> {
        self.end_segment().map_err(|fault| BadMap::Mappings { at, fault })
    }

    fn take_byte(&mut self, at: u64, byte: u8) -> Result<(), BadMap> {
        if self.is_between {
            self.is_between = false;
            if self.left == 0 {
                self.keep_state(at)?;
            }
        }
        let taken = match byte {
            b',' => self.end_segment(),
            b';' => self.end_segment().and_then(|()| self.end_line()),
            digit => self.decoder.take_digit(digit),
        };
        taken.map_err(|fault| BadMap::Mappings { at, fault })
    }

    fn keep_state(&mut self, at: u64) -> Result<(), BadMap> {
        self.left = EVERY;
        let mut row = [0; STATE_COLUMNS + 1];
        row[..STATE_COLUMNS].copy_from_slice(&self.decoder.state.as_row());
        row[STATE_COLUMNS] = at as u32;
        self.tables.checkpoints.push(row);
        if self.tables.size_bytes() > self.index_limit {
            return Err(BadMap::TooDetailed {
                limit: self.index_limit,
            });
        }
        Ok(())
    }

    fn end_segment(&mut self) -> Result<(), MappingFault> {
        let before = self.decoder.state;
        self.is_between = true;
        // Commas with nothing between count too: a lookup has to pass them.
        self.left = self.left.saturating_sub(1);
        if !self.decoder.end_segment()? {
            return Ok(());
        }
        let state = &self.decoder.state;
        let is_backward = before.said != Said::Nothing && state.column < before.column;
        if is_backward && self.last_unordered != Some(state.line) {
            self.last_unordered = Some(state.line);
            self.tables.unordered.push([state.line]);
        }
        if matches!(state.said, Said::Place | Said::NamedPlace) {
            self.used_sources = self.used_sources.max(state.source + 1);
        }
        if state.said == Said::NamedPlace {
            self.used_names = self.used_names.max(state.name + 1);
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), MappingFault> {
        self.decoder.end_line()
    }
}

impl StringSink for MappingChecker<'_> {
    fn take_run(&mut self, at: u64, bytes: &[u8]) -> Result<(), BadMap> {
        for (offset, byte) in (at..).zip(bytes) {
            self.take_byte(offset, *byte)?;
        }
        Ok(())
    }

    /// Some tools escape every slash.
    fn take_escape(&mut self, at: u64, unit: u16) -> Result<(), BadMap> {
        // What is no ASCII is no digit either.
        self.take_byte(at, u8::try_from(unit).unwrap_or(0))
    }
}
