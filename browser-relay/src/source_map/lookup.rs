//! Where a place in the bundle comes from.

use std::io;

use super::json::Extent;
use super::layout::{Index, OpenSection, extent, row_of};
use super::text::{Characters, ReadAt, read_string};
use super::vlq::{Decoder, STATE_COLUMNS, Said, State};

/// A place in a bundle or in a source.
///
/// Lines count from 1 and columns from 0 in units of UTF-16, which is how an engine counts them (stacks print the
/// column from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 0, in units of UTF-16.
    pub column: u32,
}

/// What the map says of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The source as the map names it, with `sourceRoot` before it.
    pub source: String,
    /// The place in the source.
    pub position: Position,
    /// The name that stood at the place, if the map gives one.
    pub name: Option<String>,
    /// Whether the map lists the source as none of the developer's own.
    pub is_ignored: bool,
    /// Finds the source's text again.
    pub(super) place: SourcePlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SourcePlace {
    pub(super) section: u32,
    pub(super) source: u32,
}

/// Why a place has no original.
#[derive(Debug, thiserror::Error)]
pub enum Miss {
    /// No segment of the map is at the place or before it on its line.
    #[error("position outside the map")]
    Outside,
    /// The tool that made the bundle put code there that no source has.
    #[error("no source has the code at the position")]
    NoSource,
    /// The map knows that there is a source, but not which.
    #[error("the map does not name the source")]
    UnnamedSource,
    /// The stored text does not belong to the index, or either is damaged.
    #[error("the stored map is damaged")]
    Damaged,
    /// The stored text cannot be read now.
    #[error("the stored map cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

impl Index<'_> {
    /// The original of a place: that of the greatest segment at the place or before it on the same line.
    ///
    /// Where several segments share their place, a place that is exactly theirs takes the first and one after them the
    /// last, as the browsers' own tools do.
    ///
    /// # Errors
    ///
    /// When there is no original; the reason is a value that is meant to be shown.
    pub fn find(&self, mut text: impl ReadAt, position: Position) -> Result<Original, Miss> {
        let line = position.line.checked_sub(1).ok_or(Miss::Outside)?;
        let (section, state) = self.find_state(&mut text, line, position.column)?;
        match state.said {
            Said::Nothing => return Err(Miss::Outside),
            Said::NoSource => return Err(Miss::NoSource),
            Said::Place | Said::NamedPlace => {}
        }
        let row = row_of(&section.sources, state.source).and_then(|row| self.sources.get(row));
        let source = extent(row.ok_or(Miss::Damaged)?).ok_or(Miss::UnnamedSource)?;
        let source = read_string(&mut text, source)?;
        let source = match extent(section.root) {
            Some(root) => join(&read_string(&mut text, root)?, source),
            None => source,
        };
        let name = match state.said {
            Said::NamedPlace => self.read_name(&mut text, &section, state.name)?,
            _ => None,
        };
        let ignored = (section.ignored.start..section.ignored.end)
            .zip(self.ignored.iter_from(section.ignored.start))
            .any(|(_, [ignored])| ignored == state.source);
        Ok(Original {
            source,
            position: Position {
                line: state.original_line.saturating_add(1),
                column: state.original_column,
            },
            name,
            is_ignored: ignored,
            place: SourcePlace {
                section: section.number,
                source: state.source,
            },
        })
    }

    fn read_name(&self, text: impl ReadAt, section: &OpenSection, name: u32) -> Result<Option<String>, Miss> {
        let row = row_of(&section.names, name).and_then(|row| self.names.get(row));
        match extent(row.ok_or(Miss::Damaged)?) {
            Some(extent) => Ok(Some(read_string(text, extent)?)),
            None => Ok(None),
        }
    }

    /// Looks into the section of the place and, while those have nothing before it on the line, into the ones before.
    fn find_state(
        &self,
        text: &mut impl ReadAt,
        line: u32,
        column: u32,
    ) -> Result<(OpenSection, State), Miss> {
        let begins_by = |row: &[u32; 10], column| (row[0], row[1]) <= (line, column);
        let (mut number, _) = self
            .sections
            .last_where(0..self.sections.rows(), |row| begins_by(row, column))
            .ok_or(Miss::Outside)?;
        let mut wanted = Wanted {
            column,
            is_exact: true,
        };
        loop {
            let section = self.section(number).ok_or(Miss::Damaged)?;
            if (section.line, section.column) <= (line, wanted.column) {
                let inner = line - section.line;
                let shift = if inner == 0 { section.column } else { 0 };
                let inside = Wanted {
                    column: wanted.column - shift,
                    ..wanted
                };
                let state = self.find_in_section(text, &section, inner, inside)?;
                if state.said != Said::Nothing {
                    return Ok((section, state));
                }
            }
            // What a section says beyond the beginning of the next is not its own to say.
            let clipped = section.column.checked_sub(1);
            let (true, Some(clipped), Some(before)) = (section.line == line, clipped, number.checked_sub(1))
            else {
                return Err(Miss::Outside);
            };
            if clipped < wanted.column {
                wanted = Wanted {
                    column: clipped,
                    is_exact: false,
                };
            }
            number = before;
        }
    }

    fn find_in_section(
        &self,
        text: &mut impl ReadAt,
        section: &OpenSection,
        line: u32,
        wanted: Wanted,
    ) -> Result<State, Miss> {
        let found = self
            .unordered
            .last_where(section.unordered.clone(), |row| row[0] <= line);
        let is_unordered = found.is_some_and(|(_, [found])| found == line);
        // Among segments out of order the greatest may be anywhere on the line, so it is read from its beginning.
        let from = if is_unordered { 0 } else { wanted.column };
        let checkpoints = &section.checkpoints;
        let Some(checkpoint) = self
            .checkpoints
            .last_where(checkpoints.clone(), |row| (row[0], row[1]) < (line, from))
            .map(|(_, row)| row)
            .or_else(|| self.checkpoints.get(row_of(checkpoints, 0)?))
        else {
            return Ok(State::default());
        };
        let (state, offset) = checkpoint.split_at(STATE_COLUMNS);
        let state = State::from_row(state.try_into().map_err(|_| Miss::Damaged)?);
        let extent = Extent {
            start: offset[0].into(),
            end: u64::MAX,
        };
        let mut decoder = Decoder::at(state);
        let mut characters = Characters::new(text, extent);
        let mut best = Best::new(line, wanted);
        best.consider(&decoder.state);
        loop {
            let next = characters.next()?;
            let is_end = matches!(next, None | Some(',' | ';'));
            if !is_end {
                let byte = next.and_then(|next| u8::try_from(next).ok()).unwrap_or(0);
                decoder.take_digit(byte).map_err(|_| Miss::Damaged)?;
                continue;
            }
            if decoder.end_segment().map_err(|_| Miss::Damaged)? {
                best.consider(&decoder.state);
            }
            if next == Some(';') {
                decoder.end_line().map_err(|_| Miss::Damaged)?;
            }
            let state = &decoder.state;
            let is_beyond = state.line == line && state.column > wanted.column && !is_unordered;
            if next.is_none() || state.line > line || is_beyond {
                return Ok(best.state);
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    column: u32,
    /// Whether a segment of just this column is at the place that was asked for.
    is_exact: bool,
}

/// The greatest segment so far.
struct Best {
    line: u32,
    wanted: Wanted,
    state: State,
}

impl Best {
    fn new(line: u32, wanted: Wanted) -> Self {
        let state = State::default();
        Self { line, wanted, state }
    }

    fn consider(&mut self, state: &State) {
        let wanted = self.wanted.column;
        if state.line != self.line || state.said == Said::Nothing || state.column > wanted {
            return;
        }
        let is_first = self.state.said == Said::Nothing;
        let keeps_first = self.wanted.is_exact && state.column == wanted;
        let is_greater =
            state.column > self.state.column || (state.column == self.state.column && !keeps_first);
        if is_first || is_greater {
            self.state = *state;
        }
    }
}

/// A source with its root, unless it stands on its own.
fn join(root: &str, source: String) -> String {
    let is_whole = ["/", "http:", "https:"]
        .iter()
        .any(|start| source.starts_with(start));
    if root.is_empty() || is_whole {
        return source;
    }
    format!("{}/{source}", root.strip_suffix('/').unwrap_or(root))
}
