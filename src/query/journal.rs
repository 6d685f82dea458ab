//! The journal of a data folder, to be read: beside whoever may be writing it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::files::{Place, within_patience};
use crate::log::{self, Frames, Header, Reader, Turns};
use crate::runtime::{self, Engine};

/// The journal of a data folder, as far as it was committed when it was opened.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    reader: Reader,
    partitions: u32,
}

impl Journal {
    /// Opens the journal of a data folder.
    pub fn open(place: impl Into<Place>) -> Result<Self, Error> {
        let place = place.into();
        let dir = &place.dir;
        let (header, partitions) = Self::header(&place)?;
        let (reader, _) = Reader::open(place.join("journal"))?;
        runtime::check_partitions(dir, &header, &reader)?;
        Ok(Self { dir: dir.into(), reader, partitions })
    }

    /// What the journal of a data folder says of itself before its first turn, and its number of partitions.
    pub(super) fn header(place: &Place) -> Result<(Header, u32), Error> {
        let dir = &place.dir;
        let header = Header::of_journal(&place.join("journal")).map_err(|error| match error {
            log::Error::Missing { .. } if has_rows(place) => Error::JournalLost { dir: dir.into() },
            log::Error::Missing { .. } => Error::Missing { dir: dir.into() },
            other => Error::Log(other),
        })?;
        let wrong = |what: String| Error::Header { dir: dir.into(), what };
        let text = header.fields.get("partitions").ok_or_else(|| wrong("does not name its partitions".into()))?;
        let partitions = text.parse().ok().filter(|count| (1..=PARTITIONS_MAX).contains(count));
        let partitions = partitions.ok_or_else(|| wrong(format!("has `{text}` partitions")))?;
        Ok((header, partitions))
    }

    /// The journal that an engine is writing, as far as it is committed now.
    pub fn of(engine: &Engine) -> Self {
        let partitions = u32::try_from(engine.partitions().len()).expect("partitions are counted in 32 bits");
        Self { dir: engine.dir().into(), reader: engine.log().reader(), partitions }
    }

    fn folder(dir: &Path) -> PathBuf {
        dir.join("journal")
    }

    /// The data folder it is in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How many partitions it has.
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// What reads it.
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Its turns from this number on, in order.
    pub fn turns_from(&self, number: u64) -> Turns {
        self.reader.turns_from(number)
    }

    /// One partition's frames, from the one that holds `offset` on.
    pub fn read_from(&self, partition: u32, offset: u64) -> Frames {
        self.reader.read_from(partition, offset)
    }

    /// Whether a process holds the journal open for writing.
    pub(super) fn is_written(dir: &Path) -> Result<bool, Error> {
        let path = Self::folder(dir).join("lock");
        let io = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(io("open")(error)),
        };
        // Given back at once: a writer that begins now is not kept out.
        let free = within_patience(|| match file.try_lock_shared() {
            Ok(()) => Ok(Some(())),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        });
        Ok(free.map_err(io("look at the lock of"))?.is_none())
    }
}

/// The most partitions that a journal of this program has.
const PARTITIONS_MAX: u32 = 65_536;

/// Whether a folder has rows of a journal.
fn has_rows(place: &Place) -> bool {
    place.files.exists(&place.dir.join("state")).unwrap_or(false)
}
