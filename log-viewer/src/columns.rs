//! Reads single columns of a block's heads: who counts needs a few of them, of a few entries.

use shared::packed;

use crate::entry::{Level, Stream};
use crate::lines::{ContainerId, decompress, kind_parts};
use crate::nanos::Nanos;

/// A block's heads, column by column as they are stored.
#[derive(Debug)]
pub(crate) struct Columns {
    bytes: Vec<u8>,
    count: usize,
    /// Where they begin.
    containers: usize,
    kinds: usize,
}

impl Columns {
    /// `None` when they are damaged.
    pub(crate) fn unpack(heads: &[u8]) -> Option<Self> {
        let bytes = decompress(heads)?;
        let mut rest = bytes.as_slice();
        let count = usize::try_from(packed::take(&mut rest)?).ok()?;
        packed::skip(&mut rest, count)?;
        let containers = bytes.len() - rest.len();
        packed::skip(&mut rest, count)?;
        let kinds = bytes.len() - rest.len();
        rest.get(..count)?;
        Some(Self {
            bytes,
            count,
            containers,
            kinds,
        })
    }

    /// Stream and level of an entry.
    pub(crate) fn kind(&self, entry: u32) -> Option<(Stream, Level)> {
        let kinds = &self.bytes[self.kinds..self.kinds + self.count];
        kind_parts(*kinds.get(entry as usize)?)
    }

    /// The containers of all entries.
    pub(crate) fn containers(&self) -> Option<Vec<ContainerId>> {
        let mut rest = &self.bytes[self.containers..self.kinds];
        let container = |_| Some(ContainerId(u32::try_from(packed::take(&mut rest)?).ok()?));
        (0..self.count).map(container).collect()
    }

    /// The times of all entries.
    pub(crate) fn times(&self) -> Option<Vec<Nanos>> {
        let mut rest = &self.bytes[self.kinds + self.count..];
        let mut at = 0_i64;
        let time = |_| {
            at = at.wrapping_add(packed::unzigzag(packed::take(&mut rest)?));
            Some(Nanos(at))
        };
        (0..self.count).map(time).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lines::{Lines, testing::any_head};

    proptest! {
        #[test]
        fn the_columns_are_those_of_the_entries(heads in prop::collection::vec(any_head(), 0..60)) {
            let mut lines = Lines::default();
            for head in &heads {
                lines.push(*head, "");
            }

            let columns = Columns::unpack(&lines.pack().heads).expect("not damaged");

            let containers: Vec<ContainerId> = heads.iter().map(|head| head.container).collect();
            let times: Vec<Nanos> = heads.iter().map(|head| head.at).collect();
            prop_assert_eq!((columns.containers(), columns.times()), (Some(containers), Some(times)));
            for (entry, head) in (0..).zip(&heads) {
                prop_assert_eq!(columns.kind(entry), Some((head.stream, head.level)));
            }
            prop_assert_eq!(columns.kind(heads.len() as u32), None);
        }

        #[test]
        fn damaged_columns_are_noticed_or_harmless(heads: Vec<u8>) {
            if let Some(columns) = Columns::unpack(&heads) {
                let _ = (columns.containers(), columns.times(), columns.kind(0));
            }
        }
    }
}
