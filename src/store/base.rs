//! The few things that are asked of a database, and who answers: RocksDB, or the rows of a machine that a test has made.

use std::ops::Bound;
use std::path::{Path, PathBuf};

use rocksdb::{DBRawIterator, SstFileWriter};

use super::error::Error;
use super::rocks::{Rocks, RocksStats};
use crate::files::{Database, Lock, Rows, spoiled};

/// A database, open.
pub(super) enum Base {
    /// In files.
    Rocks(Box<Rocks>),
    /// In memory.
    Memory(Memory),
}

/// Rows of a made machine.
pub(super) struct Memory {
    pub(super) dir: PathBuf,
    pub(super) database: Database,
    pub(super) _lock: Option<Lock>,
}

impl Base {
    /// Reads what stands under a key.
    pub(super) fn get<T>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T, Error>) -> Result<Option<T>, Error> {
        match self {
            Self::Rocks(rocks) => rocks.get(key)?.map(|bytes| read(&bytes)).transpose(),
            Self::Memory(memory) => {
                let rows = memory.rows("read")?;
                rows.get(key).map_err(memory.io("read"))?.map(read).transpose()
            }
        }
    }

    /// Walks over what stands before a key, from where it is told to seek; what is read `once` leaves other rows in memory.
    pub(super) fn cursor(&self, upper: Vec<u8>, once: bool) -> Result<Cursor<'_>, Error> {
        match self {
            Self::Rocks(rocks) => Ok(Cursor::Rocks(rocks.iterator(upper, once), &rocks.dir)),
            Self::Memory(memory) => Ok(Cursor::Memory { memory, rows: memory.rows("read")?, upper, at: None }),
        }
    }

    /// Writes what `changes` puts and removes, in the order of the keys: all or nothing, and durably. Returns its size in
    /// bytes.
    pub(super) fn write(&self, changes: impl FnOnce(&mut Batch<'_>) -> Result<(), Error>) -> Result<u64, Error> {
        match self {
            Self::Rocks(rocks) => rocks.write(changes),
            Self::Memory(memory) => {
                let mut batch = Batch::Memory(Vec::new());
                changes(&mut batch)?;
                let Batch::Memory(changes) = batch else { unreachable!("it was made so") };
                let size = |(key, row): &(Vec<u8>, Option<Vec<u8>>)| key.len() + row.as_ref().map_or(0, Vec::len);
                let bytes = changes.iter().map(size).sum::<usize>() as u64;
                memory.database.write(changes).map_err(memory.io("write to"))?;
                Ok(bytes)
            }
        }
    }

    /// Bytes in files.
    pub(super) fn file_bytes(&self) -> u64 {
        match self {
            Self::Rocks(rocks) => rocks.file_bytes(),
            Self::Memory(_) => 0,
        }
    }
}

impl Base {
    /// How `RocksDB` fares.
    pub(super) fn rocks_stats(&self) -> RocksStats {
        match self {
            Self::Rocks(rocks) => rocks.stats(),
            Self::Memory(_) => RocksStats::default(),
        }
    }
}

impl Memory {
    fn rows(&self, doing: &'static str) -> Result<Rows, Error> {
        self.database.rows().map_err(self.io(doing))
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        let path = self.dir.clone();
        move |source| match source.kind() {
            std::io::ErrorKind::InvalidData => Error::Damaged { dir: path, source: source.into() },
            _ => Error::Io { doing, path, source },
        }
    }
}

/// Walks over rows in the order of their keys.
pub(super) enum Cursor<'a> {
    Rocks(DBRawIterator<'a>, &'a Path),
    Memory { memory: &'a Memory, rows: Rows, upper: Vec<u8>, at: Option<Vec<u8>> },
}

impl Cursor<'_> {
    /// Goes to the first key that is not before this one.
    pub(super) fn seek(&mut self, key: &[u8]) {
        match self {
            Self::Rocks(rows, _) => rows.seek(key),
            Self::Memory { at, .. } => *at = Some(key.to_vec()),
        }
        self.settle(Bound::Included);
    }

    /// Goes on by one.
    pub(super) fn next(&mut self) {
        if let Self::Rocks(rows, _) = self {
            rows.next();
        }
        self.settle(Bound::Excluded);
    }

    /// In memory: stands still at the first key there is from the one at hand on.
    fn settle(&mut self, from: impl FnOnce(Vec<u8>) -> Bound<Vec<u8>>) {
        let Self::Memory { rows, upper, at, .. } = self else { return };
        let Some(key) = at.take().filter(|key| key < upper) else { return };
        *at = rows.first(from(key), upper).map(|(key, _)| key.to_vec());
    }

    /// Key and row at hand; `None` behind the last.
    pub(super) fn item(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Self::Rocks(rows, _) => rows.item(),
            Self::Memory { rows, upper, at, .. } => {
                let key = at.clone().filter(|key| !rows.is_spoiled(key))?;
                rows.first(Bound::Included(key), upper)
            }
        }
    }

    /// Whether it is behind the last row, and not before one that could not be read.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self {
            Self::Rocks(rows, dir) => rows.status().map_err(Error::rocks("read", dir)),
            Self::Memory { memory, rows, at, .. } => match at {
                Some(key) if rows.is_spoiled(key) => Err(memory.io("read")(spoiled())),
                Some(_) | None => Ok(()),
            },
        }
    }
}

/// Rows on their way into a database, in the order of their keys.
pub(super) enum Batch<'a> {
    Rocks(SstFileWriter<'a>, &'a Path),
    Memory(Vec<(Vec<u8>, Option<Vec<u8>>)>),
}

impl Batch<'_> {
    pub(super) fn put(&mut self, key: &[u8], row: &[u8]) -> Result<(), Error> {
        match self {
            Self::Rocks(file, dir) => file.put(key, row).map_err(|error| Error::rocks("write to", dir)(error)),
            Self::Memory(changes) => {
                changes.push((key.to_vec(), Some(row.to_vec())));
                Ok(())
            }
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Result<(), Error> {
        match self {
            Self::Rocks(file, dir) => file.delete(key).map_err(|error| Error::rocks("write to", dir)(error)),
            Self::Memory(changes) => {
                changes.push((key.to_vec(), None));
                Ok(())
            }
        }
    }
}
