//! The lines of a source around a place, read from the middle of its text.

use std::io;

use super::json::Extent;
use super::layout::{Index, extent, row_of};
use super::lookup::Original;
use super::text::{Characters, ReadAt};

/// How many lines are shown before the place, and after it.
const AROUND: u32 = 5;

/// The longest line that is shown whole, in units of UTF-16.
const WIDEST: usize = 300;

/// The line of a place and those around it, each cut at 300 units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// Up to five lines before, in their order.
    pub before: Vec<String>,
    /// The line itself; of a longer one the part around the column.
    pub line: String,
    /// Up to five lines after.
    pub after: Vec<String>,
}

/// Why a place has no lines to show.
#[derive(Debug, thiserror::Error)]
pub enum NoContext {
    /// The map came without its sources.
    #[error("the map has no text of the source")]
    NoContent,
    /// The text in the map ends before the line: it is of another version than the mappings.
    #[error("the source in the map ends before the line")]
    TooShort,
    /// The stored text cannot be read now.
    #[error("the stored map cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl Index<'_> {
    /// The lines around an original that [`Index::find`] has given.
    ///
    /// # Errors
    ///
    /// When there is nothing to show; the reason is a value.
    pub fn context(&self, text: impl ReadAt, original: &Original) -> Result<Context, NoContext> {
        let section = self.section(original.place.section);
        let row = section.and_then(|section| row_of(&section.contents, original.place.source));
        let content = row.and_then(|row| extent(self.contents.get(row)?));
        let content = content.ok_or(NoContext::NoContent)?;
        let wanted = original.position.line.saturating_sub(1);
        let column = original.position.column as usize;
        let mut reader = LineReader::new(self, text, content);
        let mut context = Context::default();
        let mut is_found = false;
        for line in wanted.saturating_sub(AROUND)..=wanted.saturating_add(AROUND) {
            let column = if line == wanted { column } else { 0 };
            let Some(shown) = reader.read(line, column)? else {
                break;
            };
            if line < wanted {
                context.before.push(shown);
            } else if line == wanted {
                context.line = shown;
                is_found = true;
            } else {
                context.after.push(shown);
            }
        }
        if is_found {
            Ok(context)
        } else {
            Err(NoContext::TooShort)
        }
    }
}

/// Goes forward through a source; lines and columns count from 0 here.
struct LineReader<'a, T> {
    index: &'a Index<'a>,
    content: Extent,
    characters: Characters<T>,
    line: u32,
    column: u32,
    after_return: bool,
    is_at_end: bool,
}

impl<'a, T: ReadAt> LineReader<'a, T> {
    fn new(index: &'a Index<'a>, text: T, content: Extent) -> Self {
        Self {
            index,
            content,
            characters: Characters::new(text, content),
            line: 0,
            column: 0,
            after_return: false,
            is_at_end: false,
        }
    }

    /// A line, cut around the column; `None` when the source ends before it.
    fn read(&mut self, line: u32, column: usize) -> io::Result<Option<String>> {
        // Whether the line ends soon after the column is not known yet, so as much is read as may be shown before it.
        let from = column.saturating_sub(WIDEST);
        self.go_to(line, from as u32)?;
        if self.line < line {
            return Ok(None);
        }
        let until = (column + WIDEST / 2).max(WIDEST);
        let mut units = Vec::new();
        while self.line == line && (self.column as usize) < until {
            let Some(character) = self.next()? else { break };
            if self.line == line {
                units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            }
        }
        if from > 0 && from + units.len() < column {
            // The line ends before the column, as in a source of another version: its beginning is what can be shown.
            self.rewind();
            return self.read(line, 0);
        }
        if units.is_empty() && self.is_at_end && self.column == 0 && line > 0 {
            return Ok(None);
        }
        let most = units.len().saturating_sub(WIDEST);
        let start = (column - from).saturating_sub(WIDEST / 2).min(most);
        let end = units.len().min(start + WIDEST);
        Ok(Some(String::from_utf16_lossy(&units[start..end])))
    }

    fn rewind(&mut self) {
        self.characters.go_to(self.content.start);
        (self.line, self.column) = (0, 0);
        (self.after_return, self.is_at_end) = (false, false);
    }

    /// Jumps to the nearest mark before the place, unless it is behind, and reads on from there.
    fn go_to(&mut self, line: u32, column: u32) -> io::Result<()> {
        let (start, end) = (self.content.start as u32, self.content.end as u32);
        let mark = self.index.marks.last_where(0..self.index.marks.rows(), |mark| {
            mark[0] < end && (mark[0] < start || (mark[1], mark[2]) <= (line, column))
        });
        if let Some((_, mark)) = mark
            && mark[0] >= start
            && u64::from(mark[0]) > self.characters.position()
        {
            self.characters.go_to(mark[0].into());
            [_, self.line, self.column] = mark;
            self.after_return = false;
        }
        while (self.line, self.column) < (line, column) && self.next()?.is_some() {}
        Ok(())
    }

    /// The next character; a line's end is one, and passes the whole of it.
    fn next(&mut self) -> io::Result<Option<char>> {
        let Some(mut character) = self.characters.next()? else {
            self.is_at_end = true;
            return Ok(None);
        };
        if character == '\n' && self.after_return {
            self.after_return = false;
            match self.characters.next()? {
                Some(after) => character = after,
                None => {
                    self.is_at_end = true;
                    return Ok(None);
                }
            }
        }
        self.after_return = character == '\r';
        if matches!(character, '\r' | '\n') {
            self.line = self.line.saturating_add(1);
            self.column = 0;
        } else {
            self.column = self.column.saturating_add(character.len_utf16() as u32);
        }
        Ok(Some(character))
    }
}
