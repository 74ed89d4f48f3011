//! Why a map is refused, in words for the person who uploaded it.

use std::io;

/// What is wrong with a map. Offsets count the bytes of the map's text from its beginning.
#[derive(Debug, thiserror::Error)]
pub enum BadMap {
    /// The text could not be read; the map itself may be sound.
    #[error("the map could not be read: {0}")]
    Read(#[from] io::Error),
    /// More text than the limit.
    #[error("the map is longer than {limit} bytes")]
    TooLong {
        /// The limit that was given.
        limit: u64,
    },
    /// So many entries that their index would be larger than the limit.
    #[error("the map has so many entries that its index would be larger than {limit} bytes")]
    TooDetailed {
        /// The limit that was given.
        limit: usize,
    },
    /// The text ends before the map does.
    #[error("the map is cut off after {at} bytes")]
    Truncated {
        /// Where the text ends.
        at: u64,
    },
    /// Something else stands where JSON needs this.
    #[error("not valid JSON at byte {at}: expected {expected}")]
    NotJson {
        /// Where it stands.
        at: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// Brackets within brackets beyond any sense.
    #[error("values are nested too deep at byte {at}")]
    TooDeep {
        /// Where it stands.
        at: u64,
    },
    /// Not version 3, the only one in use since 2011.
    #[error("the version is not 3")]
    Version,
    /// A member without which a map says nothing.
    #[error("the member {0} is missing")]
    Missing(&'static str),
    /// The same member twice; which one counts is anyone's guess.
    #[error("the member {0} comes twice")]
    Twice(&'static str),
    /// A map that has sections and mappings of its own.
    #[error("the map has both sections and mappings of its own")]
    Mixed,
    /// A section that refers to a map elsewhere, which is not fetched.
    #[error("a section has no map in it; maps at other addresses are not fetched")]
    SectionElsewhere,
    /// A section begins before the one that precedes it.
    #[error("the sections are out of order: section {section} begins before the one that precedes it")]
    SectionOrder {
        /// Its place in the order of the text, from 0.
        section: usize,
    },
    /// Index maps within index maps within index maps.
    #[error("sections are nested more than {most} deep")]
    SectionsTooDeep {
        /// How deep they may be.
        most: u32,
    },
    /// More sections than a bundle has modules.
    #[error("the map has more than {most} sections")]
    TooManySections {
        /// How many there may be.
        most: usize,
    },
    /// A position beyond what a column or a line can be.
    #[error("the offset of a section is too large")]
    SectionOffset,
    /// Text in `mappings` that does not decode.
    #[error("the mappings are broken at byte {at}: {fault}")]
    Mappings {
        /// Where in the map's text.
        at: u64,
        /// What is wrong there.
        fault: MappingFault,
    },
    /// A segment refers to a source that the map does not list.
    #[error("a segment refers to source {index}, and the map lists {count}")]
    NoSuchSource {
        /// Counted from 0.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// A segment refers to a name that the map does not list.
    #[error("a segment refers to name {index}, and the map lists {count}")]
    NoSuchName {
        /// Counted from 0.
        index: u32,
        /// How many there are.
        count: u32,
    },
}

/// What is wrong in the text of `mappings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// A character that is not a digit of base 64.
    #[error("a character that is not base 64")]
    Digit,
    /// A number that stops in the middle.
    #[error("a number without its end")]
    Unfinished,
    /// A number that does not fit into 32 bits.
    #[error("a number too large")]
    TooLarge,
    /// A line, column, source or name below zero.
    #[error("a position below zero")]
    BelowZero,
    /// A line, column, source or name beyond 31 bits.
    #[error("a position too large")]
    Overflow,
    /// A segment has 1, 4 or 5 numbers.
    #[error("a segment of {0} numbers")]
    Fields(u8),
}
