//! Takes a source map in: what was sent is on the disk by now and is read as a stream from there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Take, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::blocks::{pack, pack_whole};
use crate::key::check_project;
use crate::page::path;
use crate::source_map::{BadMap, EnclosedMap, Limits, index, open_envelope};
use crate::store::maps::{NewMap, Packed};
use crate::store::{self, Store};

/// The largest index; the maps of the largest bundles come to a tenth of it.
const INDEX_BYTES: usize = 8 << 20;
const RELEASE_CHARS: usize = 200;
const FILE_URL_CHARS: usize = 1_000;
/// Blocks that are compressed and written in one step, a megabyte of text.
const BLOCKS_PER_STEP: usize = 64;

/// Why a map is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// Something is missing or cannot be.
    #[error("{0}")]
    Bad(String),
    /// The map itself is broken.
    #[error("map_content: {0}")]
    Map(BadMap),
    #[error("the source map is longer than {0} bytes")]
    TooLong(u64),
    /// The disk, not the map.
    #[error(transparent)]
    Disk(io::Error),
    #[error(transparent)]
    Database(#[from] store::Error),
    /// Not to be thought of.
    #[error("the map could not be read to its end")]
    Stopped,
}

impl From<BadMap> for UploadError {
    fn from(bad: BadMap) -> Self {
        match bad {
            BadMap::TooLong { limit } => Self::TooLong(limit),
            BadMap::Read(error) => Self::Disk(error),
            bad => Self::Map(bad),
        }
    }
}

/// What a map belongs to, as far as it was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Label {
    pub(crate) project: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) file_url: Option<String>,
}

/// What a map belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub(crate) project: String,
    pub(crate) release: String,
    pub(crate) file_url: String,
}

impl Label {
    /// Checks that nothing is missing.
    pub(crate) fn checked(self) -> Result<Labelled, UploadError> {
        let text = |text: Option<String>, name: &str, most: usize| {
            let text = text
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty());
            let text = text.ok_or_else(|| UploadError::Bad(format!("Missing required field: {name}")))?;
            if text.chars().count() > most {
                return Err(UploadError::Bad(format!("{name}: longer than {most} characters")));
            }
            if text.chars().any(char::is_control) {
                return Err(UploadError::Bad(format!(
                    "{name}: must not hold control characters"
                )));
            }
            Ok(text)
        };
        Ok(Labelled {
            project: check_project(&self.project.unwrap_or_default())
                .map_err(|detail| UploadError::Bad(detail.into()))?,
            release: text(self.release, "release", RELEASE_CHARS)?,
            file_url: text(self.file_url, "file_url", FILE_URL_CHARS)?,
        })
    }
}

/// A map's text on the disk.
pub(crate) struct MapText {
    file: File,
    start: u64,
    length: u64,
}

impl MapText {
    /// All of a file.
    pub(crate) fn whole(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self {
            file,
            start: 0,
            length,
        })
    }

    /// Bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    fn reader(&mut self) -> io::Result<Take<&File>> {
        self.file.seek(SeekFrom::Start(self.start))?;
        Ok((&self.file).take(self.length))
    }
}

/// A new file without a name beside the database, which is gone when it is closed, however that comes about.
pub(crate) fn temporary(database: &Path) -> io::Result<File> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// Takes the map out of a JSON object that says what it belongs to.
pub(crate) fn open_json(body: File, database: &Path, limit: u64) -> Result<(Label, MapText), UploadError> {
    let length = body.metadata().map_err(UploadError::Disk)?.len();
    (&body).seek(SeekFrom::Start(0)).map_err(UploadError::Disk)?;
    let mut written = temporary(database).map_err(UploadError::Disk)?;
    let out = Limited {
        file: io::BufWriter::new(&mut written),
        left: limit,
    };
    let envelope = open_envelope(&body, length, out).map_err(|fault| match fault {
        BadMap::Read(error) if error.kind() == io::ErrorKind::FileTooLarge => UploadError::TooLong(limit),
        BadMap::Read(error) => UploadError::Disk(error),
        fault => UploadError::Bad(format!("the body cannot be used: {fault}")),
    })?;
    let map = match envelope.map {
        Some(EnclosedMap::Written) => MapText::whole(written).map_err(UploadError::Disk)?,
        Some(EnclosedMap::Within { start, end }) => MapText {
            file: body,
            start,
            length: end - start,
        },
        None => return Err(UploadError::Bad("Missing required field: map_content".into())),
    };
    let label = Label {
        project: envelope.project,
        release: envelope.release,
        file_url: envelope.file_url,
    };
    Ok((label, map))
}

/// Writes no more than a limit.
pub(crate) struct Limited<W> {
    pub(crate) file: W,
    pub(crate) left: u64,
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Unpacks a map that was sent as a `.gz`.
pub(crate) fn unzipped(mut map: MapText, database: &Path, limit: u64) -> Result<MapText, UploadError> {
    let mut magic = [0; 2];
    let mut reader = map.reader().map_err(UploadError::Disk)?;
    if reader.read_exact(&mut magic).is_err() || magic != [0x1f, 0x8b] {
        return Ok(map);
    }
    let mut written = temporary(database).map_err(UploadError::Disk)?;
    let mut out = Limited {
        file: io::BufWriter::new(&mut written),
        left: limit,
    };
    let unpacked = io::copy(
        &mut MultiGzDecoder::new(map.reader().map_err(UploadError::Disk)?),
        &mut out,
    );
    unpacked
        .and_then(|_| out.flush())
        .map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => UploadError::TooLong(limit),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                UploadError::Bad("map_content: the gzip data is broken".into())
            }
            _ => UploadError::Disk(error),
        })?;
    drop(out);
    MapText::whole(written).map_err(UploadError::Disk)
}

/// A map that is stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    /// Of its text, in bytes.
    pub(crate) size: u64,
    pub(crate) debug_id: Option<String>,
    /// The map of the same file that it replaces.
    pub(crate) replaced: Option<i64>,
}

/// Checks the map, makes its index and stores both.
pub(crate) async fn store_map(
    store: &Store,
    label: &Labelled,
    map: MapText,
    limit: u64,
) -> Result<Stored, UploadError> {
    let (mut map, indexed) = on_thread(move || {
        let mut map = map;
        let limits = Limits {
            text_bytes: limit,
            index_bytes: INDEX_BYTES,
        };
        let indexed = index(map.reader().map_err(UploadError::Disk)?, limits)?;
        let packed = pack_whole(&indexed.bytes).map_err(UploadError::Disk)?;
        Ok((
            map,
            (indexed.bytes.len(), packed, indexed.text_bytes, indexed.debug_id),
        ))
    })
    .await?;
    let (index_size, packed, size, debug_id) = indexed;
    map.length = map.length.min(size);
    let id = store.new_map_id();
    let stored = store_blocks(store, id, map).await;
    if let Err(error) = stored {
        discard(store, id).await;
        return Err(error);
    }
    let new = NewMap {
        project: &label.project,
        release: &label.release,
        file_url: &label.file_url,
        path: script_path(&label.file_url),
        debug_id: debug_id.as_deref(),
        size,
        index: Packed {
            size: index_size,
            bytes: &packed,
        },
    };
    match store.publish_map(id, &new, shared::clock::Timestamp::now()).await {
        Ok(replaced) => Ok(Stored {
            id,
            size,
            debug_id,
            replaced,
        }),
        Err(error) => {
            discard(store, id).await;
            Err(error.into())
        }
    }
}

async fn store_blocks(store: &Store, id: i64, mut map: MapText) -> Result<(), UploadError> {
    map.reader().map_err(UploadError::Disk)?;
    let (mut number, mut left) = (0, map.length);
    let mut file = map.file;
    while left > 0 {
        let (rest, blocks) = on_thread(move || {
            let blocks = pack(&mut (&file).take(left), BLOCKS_PER_STEP).map_err(UploadError::Disk)?;
            Ok((file, blocks))
        })
        .await?;
        file = rest;
        if blocks.is_empty() {
            return Err(UploadError::Stopped);
        }
        store.put_blocks(id, number, &blocks).await?;
        number += blocks.len();
        left = left.saturating_sub((blocks.len() * crate::blocks::BLOCK_BYTES) as u64);
    }
    Ok(())
}

/// What cannot be deleted now is found at the next start.
async fn discard(store: &Store, id: i64) {
    let _ = store.drop_blocks(id).await;
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, UploadError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(UploadError::Stopped))
}

/// The path that frames of the script have. `~/js/app.js` stands for any host.
fn script_path(file_url: &str) -> &str {
    path(file_url.strip_prefix('~').unwrap_or(file_url))
}
