//! What is in a log file, plain or compressed, by offsets into the plain text.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::meanwhile::others_act;

/// The size of the text, at the end of a compressed file.
const FOOTER_BYTES: usize = 4;

/// An open log file.
#[derive(Debug)]
pub(super) enum Content {
    Plain(Arc<File>),
    Gz(Box<Gz>),
}

/// A compressed file, which can only be read forwards.
#[derive(Debug)]
pub(super) struct Gz {
    file: Arc<File>,
    decoder: MultiGzDecoder<BufReader<Forward>>,
    /// Bytes that have been decoded and are needed again, and where they stand.
    kept: Vec<u8>,
    kept_at: u64,
    is_damaged: bool,
}

/// Reads a shared file from its start, whatever others do with it.
#[derive(Debug)]
struct Forward {
    file: Arc<File>,
    offset: u64,
}

impl Read for Forward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Content {
    pub(super) fn new(file: File, is_gz: bool) -> Self {
        let file = Arc::new(file);
        if is_gz {
            Self::Gz(Box::new(Gz {
                decoder: decoder(&file),
                file,
                kept: Vec::new(),
                kept_at: 0,
                is_damaged: false,
            }))
        } else {
            Self::Plain(file)
        }
    }

    pub(super) fn is_gz(&self) -> bool {
        matches!(self, Self::Gz(_))
    }

    /// A compressed file that cannot be read to its end.
    pub(super) fn is_damaged(&self) -> bool {
        matches!(self, Self::Gz(gz) if gz.is_damaged)
    }

    /// Bytes of plain text; of a compressed file as its footer says.
    pub(super) fn size(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => Ok(file.metadata()?.len()),
            Self::Gz(gz) => {
                let mut footer = [0; FOOTER_BYTES];
                let start = gz.file.metadata()?.len().saturating_sub(FOOTER_BYTES as u64);
                gz.file.read_exact_at(&mut footer, start)?;
                Ok(u32::from_le_bytes(footer).into())
            }
        }
    }

    /// Reads from the offset on until the buffer is full or the file ends.
    pub(super) fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        others_act();
        match self {
            Self::Plain(file) => read_plain(file, offset, buffer),
            Self::Gz(gz) => gz.read_at(offset, buffer),
        }
    }

    /// Notes what stands at the offset and will be read once more.
    pub(super) fn keep(&mut self, offset: u64, bytes: &[u8]) {
        if let Self::Gz(gz) = self {
            if !gz.kept.is_empty() && gz.kept_at <= offset {
                // The last read came from what is kept, and there is more of it.
                return;
            }
            gz.kept.clear();
            gz.kept.extend_from_slice(bytes);
            gz.kept.shrink_to(2 * bytes.len());
            gz.kept_at = offset;
        }
    }
}

fn decoder(file: &Arc<File>) -> MultiGzDecoder<BufReader<Forward>> {
    MultiGzDecoder::new(BufReader::new(Forward {
        file: Arc::clone(file),
        offset: 0,
    }))
}

fn read_plain(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    fill(buffer, |rest, filled| file.read_at(rest, offset + filled as u64))
}

/// Reads until the buffer is full or nothing comes any more.
fn fill(buffer: &mut [u8], mut read: impl FnMut(&mut [u8], usize) -> io::Result<usize>) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read(&mut buffer[filled..], filled) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Gz {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset < self.kept_at {
            self.decoder = decoder(&self.file);
            self.kept.clear();
            self.kept_at = 0;
        }
        let mut skip = offset - self.kept_at;
        let from_kept = usize::try_from(skip).unwrap_or(usize::MAX).min(self.kept.len());
        skip -= from_kept as u64;
        let mut filled = (self.kept.len() - from_kept).min(buffer.len());
        buffer[..filled].copy_from_slice(&self.kept[from_kept..from_kept + filled]);
        if from_kept + filled < self.kept.len() {
            self.kept.drain(..from_kept);
            self.kept_at = offset;
            return Ok(filled);
        }
        let mut skipped = [0; 8 << 10];
        while skip > 0 {
            let room = skipped.len().min(usize::try_from(skip).unwrap_or(usize::MAX));
            let count = self.decode(&mut skipped[..room])?;
            if count == 0 {
                break;
            }
            skip -= count as u64;
        }
        filled += self.decode(&mut buffer[filled..])?;
        // Nothing is kept unless the caller says so.
        self.kept.clear();
        self.kept_at = offset - skip + filled as u64;
        Ok(filled)
    }

    fn decode(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (decoder, is_damaged) = (&mut self.decoder, &mut self.is_damaged);
        fill(buffer, |rest, _| {
            if *is_damaged {
                return Ok(0);
            }
            match decoder.read(rest) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::UnexpectedEof
                            | io::ErrorKind::InvalidData
                            | io::ErrorKind::InvalidInput
                    ) =>
                {
                    // The daemon was killed while it compressed. What was readable counts.
                    *is_damaged = true;
                    Ok(0)
                }
                other => other,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory")
    }

    fn content(bytes: &[u8], is_gz: bool) -> Content {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("room on the disk");
        Content::new(file, is_gz)
    }

    proptest! {
        #[test]
        fn compressed_files_read_like_plain_ones(
            text in prop::collection::vec(any::<u8>(), 0..3_000),
            reads in prop::collection::vec((prop_oneof![0..40_i64, -40..40_i64, -3_500..3_500_i64], 1..700_usize, any::<bool>()), 1..30),
        ) {
            let mut plain = content(&text, false);
            let mut gz = content(&compressed(&text), true);
            prop_assert_eq!(plain.size().unwrap(), gz.size().unwrap());
            let mut offset = 0_u64;
            for (step, length, keep) in reads {
                offset = offset.saturating_add_signed(step);
                let (mut expected, mut found) = (vec![0; length], vec![0; length]);
                let count = plain.read_at(offset, &mut expected).unwrap();
                prop_assert_eq!(gz.read_at(offset, &mut found).unwrap(), count);
                prop_assert_eq!(&found[..count], &expected[..count]);
                if keep {
                    gz.keep(offset + count as u64 / 2, &found[count / 2..count]);
                }
            }
        }
    }

    #[test]
    fn of_half_a_compressed_file_the_first_half_is_read() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let bytes = compressed(&text);
        let mut gz = content(&bytes[..bytes.len() / 2], true);
        let mut buffer = vec![0; text.len()];

        let count = gz.read_at(0, &mut buffer).unwrap();

        assert!(count > 1_000 && count < text.len());
        assert_eq!(buffer[..count], text[..count]);
        assert!(gz.is_damaged());
        assert_eq!(content(b"", true).read_at(0, &mut buffer).unwrap(), 0);
        assert_eq!(content(b"no gz", true).read_at(0, &mut buffer).unwrap(), 0);
    }
}
