//! Decodes `mappings` one character at a time, so that it can stop and go on anywhere between two segments.

use super::fault::MappingFault;

/// The columns of a decoder's state in a table of the index.
pub(super) const STATE_COLUMNS: usize = 7;

/// What the last segment of the line said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Said {
    /// There was none on this line.
    #[default]
    Nothing,
    /// Code that no source has.
    NoSource,
    /// A place in a source.
    Place,
    /// A place in a source, and the name there.
    NamedPlace,
}

/// Where the sums stand after a segment. Lines and columns count from 0 here, as in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) source: u32,
    pub(super) original_line: u32,
    pub(super) original_column: u32,
    pub(super) name: u32,
    pub(super) said: Said,
}

impl State {
    pub(super) fn as_row(&self) -> [u32; STATE_COLUMNS] {
        let said = self.said as u32;
        [
            self.line,
            self.column,
            self.source,
            self.original_line,
            self.original_column,
            self.name,
            said,
        ]
    }

    pub(super) fn from_row(row: [u32; STATE_COLUMNS]) -> Self {
        let [line, column, source, original_line, original_column, name, said] = row;
        let said = match said {
            1 => Said::NoSource,
            2 => Said::Place,
            3 => Said::NamedPlace,
            _ => Said::Nothing,
        };
        Self {
            line,
            column,
            source,
            original_line,
            original_column,
            name,
            said,
        }
    }
}

/// The state and the segment that is being read.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pub(super) state: State,
    fields: [i64; 5],
    count: u8,
    number: u64,
    shift: u32,
}

impl Decoder {
    pub(super) fn at(state: State) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    /// Takes one digit of a number.
    pub(super) fn take_digit(&mut self, byte: u8) -> Result<(), MappingFault> {
        let digit = DIGITS[usize::from(byte)];
        if digit == NO_DIGIT {
            return Err(MappingFault::Digit);
        }
        // Seven digits hold 32 bits; more of them would only spin out the text.
        if self.shift > 30 {
            return Err(MappingFault::TooLarge);
        }
        self.number |= u64::from(digit & 31) << self.shift;
        self.shift += 5;
        if digit & 32 != 0 {
            return Ok(());
        }
        if self.number > u64::from(u32::MAX) {
            return Err(MappingFault::TooLarge);
        }
        let size = (self.number >> 1) as i64;
        let number = if self.number & 1 == 0 { size } else { -size };
        let field = self.fields.get_mut(usize::from(self.count));
        *field.ok_or(MappingFault::Fields(6))? = number;
        self.count += 1;
        (self.number, self.shift) = (0, 0);
        Ok(())
    }

    /// Ends the segment; false when there was none, as after the comma that some tools leave at the end.
    pub(super) fn end_segment(&mut self) -> Result<bool, MappingFault> {
        if self.shift != 0 {
            return Err(MappingFault::Unfinished);
        }
        let [column, source, line, original_column, name] = self.fields;
        let state = &mut self.state;
        match self.count {
            0 => return Ok(false),
            1 | 4 | 5 => {}
            count => return Err(MappingFault::Fields(count)),
        }
        state.column = sum(state.column, column)?;
        state.said = Said::NoSource;
        if self.count >= 4 {
            state.source = sum(state.source, source)?;
            state.original_line = sum(state.original_line, line)?;
            state.original_column = sum(state.original_column, original_column)?;
            state.said = Said::Place;
        }
        if self.count == 5 {
            state.name = sum(state.name, name)?;
            state.said = Said::NamedPlace;
        }
        self.count = 0;
        Ok(true)
    }

    /// Goes to the next line, after the segment before has been ended.
    pub(super) fn end_line(&mut self) -> Result<(), MappingFault> {
        self.state.line = sum(self.state.line, 1)?;
        self.state.column = 0;
        self.state.said = Said::Nothing;
        Ok(())
    }
}

fn sum(before: u32, step: i64) -> Result<u32, MappingFault> {
    let after = i64::from(before) + step;
    if after < 0 {
        return Err(MappingFault::BelowZero);
    }
    // The standard's bound, so that what is accepted here is accepted by every other reader of maps.
    if after > i64::from(i32::MAX) {
        return Err(MappingFault::Overflow);
    }
    Ok(after as u32)
}

const NO_DIGIT: u8 = 255;

const DIGITS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < alphabet.len() {
        digits[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    digits
};
