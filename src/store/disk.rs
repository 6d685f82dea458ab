//! Rows in a database, by their key's bytes, and one record that says what they stand for: both appear together or not at
//! all.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::base::{Base, Batch, Cursor, Memory};
use super::error::Error;
use super::numbers::{self, Numbers};
use super::rocks::{LOCK, Rocks, RocksStats};
use super::settings::Shared;
use crate::files::{Database, Files, Place, Simulated};
use crate::model::Entity;
use crate::state::{Key, ROWS_VERSION, Row};

/// What rows on disk stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The last turn of which anything is folded into them.
    pub turn: u64,
    /// Where the partition's journal goes on after it.
    pub offset: u64,
    /// What the runtime wants to find with the rows, such as the name of their journal.
    pub attached: Vec<u8>,
}

/// After every row's key: those begin with the number of a kind. Entries of [`super::numbers`] are between.
const POSITION_KEY: &[u8] = &[255];

/// Which rows of an entity.
#[derive(Clone, Copy)]
pub(super) enum Range<'a> {
    /// All of them.
    All,
    /// Those whose keys have a tag.
    Tag(u8),
    /// From the first on and before the second.
    Between(&'a Key, &'a Key),
}

/// A database of rows, open.
pub(super) struct Disk {
    base: Base,
    pub(super) dir: PathBuf,
    pub(super) read_only: bool,
    key: Vec<u8>,
    /// Look-ups of rows, of first rows, of ranges.
    pub(super) reads: AtomicU64,
    /// Rows read by them.
    pub(super) rows_read: AtomicU64,
}

impl Disk {
    pub(super) fn open(place: &Place, shared: &Shared) -> Result<Self, Error> {
        let dir = &place.dir;
        let base = match &place.files {
            Files::Real => Base::Rocks(Box::new(Rocks::open(dir, shared)?)),
            Files::Simulated(machine) => {
                let io = |doing| move |source| Error::Io { doing, path: dir.clone(), source };
                let lock = place.files.lock(&dir.join(LOCK)).map_err(io("lock"))?;
                let lock = lock.ok_or_else(|| Error::Locked { dir: dir.clone() })?;
                Base::Memory(Memory { _lock: Some(lock), ..memory(machine, dir)? })
            }
        };
        Ok(Self::new(base, dir, false))
    }

    pub(super) fn open_read_only(place: &Place, shared: &Shared) -> Result<Self, Error> {
        let dir = &place.dir;
        let base = match &place.files {
            Files::Real => Base::Rocks(Box::new(Rocks::open_read_only(dir, shared)?)),
            Files::Simulated(machine) => Base::Memory(memory(machine, dir)?),
        };
        Ok(Self::new(base, dir, true))
    }

    /// Removes a database that nobody has open.
    pub(super) fn discard(place: &Place) -> Result<(), Error> {
        let dir = &place.dir;
        match &place.files {
            Files::Real => Rocks::discard(dir),
            Files::Simulated(machine) => Database::discard(machine, dir).map_err(|source| Error::Io {
                doing: "remove",
                path: dir.clone(),
                source,
            }),
        }
    }

    fn new(base: Base, dir: &Path, read_only: bool) -> Self {
        let (reads, rows_read) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { base, dir: dir.to_owned(), read_only, key: Vec::new(), reads, rows_read }
    }

    /// What the rows stand for; `None` where none were ever persisted.
    pub(super) fn applied(&self) -> Result<Option<Applied>, Error> {
        if let Some(applied) = self.base.get(POSITION_KEY, |bytes| self.position(bytes))? {
            return Ok(Some(applied));
        }
        let mut rows = self.iterate()?;
        rows.seek(&[]);
        rows.finish()?;
        if rows.item().is_some() { Err(Error::NoPosition { dir: self.dir.clone() }) } else { Ok(None) }
    }

    fn position(&self, bytes: &[u8]) -> Result<Applied, Error> {
        let missing = || Error::NoPosition { dir: self.dir.clone() };
        let (version, rest) = bytes.split_first_chunk().ok_or_else(missing)?;
        let (found, (turn, rest)) = (u32::from_le_bytes(*version), rest.split_first_chunk().ok_or_else(missing)?);
        let (offset, attached) = rest.split_first_chunk().ok_or_else(missing)?;
        let (turn, offset) = (u64::from_le_bytes(*turn), u64::from_le_bytes(*offset));
        let applied = Applied { turn, offset, attached: attached.to_vec() };
        if found == ROWS_VERSION { Ok(applied) } else { Err(Error::version(&self.dir, found, applied)) }
    }

    /// The row under a key.
    pub(super) fn get(&mut self, entity: &Entity, key: &Key) -> Result<Option<Row>, Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.key.clear();
        key.write(entity, &mut self.key);
        let row = self.base.get(&self.key, |bytes| self.row(entity, key, bytes))?;
        self.rows_read.fetch_add(u64::from(row.is_some()), Ordering::Relaxed);
        Ok(row)
    }

    /// Hands keys and rows of an entity to `each`, these as bytes, until it returns false. Returns whether it came to the end.
    pub(super) fn range(
        &self,
        entity: &Entity,
        range: Range<'_>,
        mut each: impl FnMut(Key, &[u8]) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        match range {
            Range::All => {
                Key::write_prefix(entity, &mut lower);
                upper.extend_from_slice(&lower);
                after_prefix(&mut upper);
            }
            Range::Tag(tag) => {
                Key::write_prefix(entity, &mut lower);
                upper.extend_from_slice(&lower);
                lower.push(tag);
                upper.push(tag + 1);
            }
            Range::Between(from, to) => {
                from.write(entity, &mut lower);
                to.write(entity, &mut upper);
            }
        }
        let mut rows = self.base.cursor(upper, false)?;
        rows.seek(&lower);
        while let Some((key, value)) = rows.item() {
            let (_, key) = self.key(key)?;
            if !each(key, value)? {
                return Ok(false);
            }
            self.rows_read.fetch_add(1, Ordering::Relaxed);
            rows.next();
        }
        rows.finish()?;
        Ok(true)
    }

    /// A cursor over all rows that does not disturb the block cache.
    pub(super) fn iterate(&self) -> Result<Cursor<'_>, Error> {
        self.base.cursor(numbers::begin(), true)
    }

    /// A cursor over entries by number that stand before a key.
    pub(super) fn entries(&self, upper: Vec<u8>) -> Result<Cursor<'_>, Error> {
        self.base.cursor(upper, false)
    }

    /// Reads a full key.
    pub(super) fn key(&self, bytes: &[u8]) -> Result<(Entity, Key), Error> {
        Key::read(bytes).map_err(|source| Error::Key { dir: self.dir.clone(), source })
    }

    /// Makes a row of its bytes.
    pub(super) fn row(&self, entity: &Entity, key: &Key, bytes: &[u8]) -> Result<Row, Error> {
        Row::read(bytes).map_err(|source| {
            let key = format!("{key:?} of {:?} {}", entity.kind, entity.id);
            Error::Row { dir: self.dir.clone(), key, source }
        })
    }

    /// Writes what `rows` puts and removes, in the order of the keys, together with the position that it brings the rows
    /// to. Returns its size in bytes. It is on disk when this returns.
    pub(super) fn write(
        &self,
        applied: &Applied,
        rows: impl FnOnce(&mut Batch<'_>, &mut Numbers) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        self.base.write(|batch| {
            let mut numbers = Numbers::default();
            rows(batch, &mut numbers)?;
            numbers.write(batch)?;
            let mut position = ROWS_VERSION.to_le_bytes().to_vec();
            position.extend_from_slice(&applied.turn.to_le_bytes());
            position.extend_from_slice(&applied.offset.to_le_bytes());
            position.extend_from_slice(&applied.attached);
            batch.put(POSITION_KEY, &position)
        })
    }

    /// Bytes in files.
    pub(super) fn file_bytes(&self) -> u64 {
        self.base.file_bytes()
    }

    pub(super) fn rocks_stats(&self) -> RocksStats {
        self.base.rocks_stats()
    }
}

fn memory(machine: &Simulated, dir: &Path) -> Result<Memory, Error> {
    let database =
        Database::open(machine, dir).map_err(|source| Error::Io { doing: "open", path: dir.to_owned(), source })?;
    Ok(Memory { dir: dir.to_owned(), database, _lock: None })
}

/// Turns a prefix that ends with a zero, as every entity's does, into the end of what begins with it.
pub(super) fn after_prefix(prefix: &mut [u8]) {
    *prefix.last_mut().expect("a prefix has at least a kind and a zero") = 1;
}
