//! Rows of a made machine: what a database is asked, on a map in memory. What is written together is there together or not
//! at all, and durable at once. A row whose bytes were spoiled is found out by whoever reads it, as RocksDB finds it out
//! by its checksums.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::faults::{Fate, Operation};
use super::simulated::{Simulated, stopped};

/// Rows by key; what is read goes on seeing them as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    by_key: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    spoiled: Arc<BTreeSet<Vec<u8>>>,
}

impl Rows {
    /// The row under a key.
    pub fn get(&self, key: &[u8]) -> io::Result<Option<&[u8]>> {
        if self.is_spoiled(key) {
            return Err(spoiled());
        }
        Ok(self.by_key.get(key).map(Vec::as_slice))
    }

    /// All of them, spoiled ones too.
    pub fn all(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        &self.by_key
    }

    /// The first key there is from a bound on and before `upper`, with its row.
    pub fn first(&self, from: Bound<Vec<u8>>, upper: &[u8]) -> Option<(&[u8], &[u8])> {
        let found = self.by_key.range((from, Bound::Excluded(upper.to_vec()))).next();
        found.map(|(key, row)| (key.as_slice(), row.as_slice()))
    }

    /// Whether the row under a key cannot be read.
    pub fn is_spoiled(&self, key: &[u8]) -> bool {
        self.spoiled.contains(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Spoils the row that stands at a place in the order of the keys.
    pub(super) fn spoil(&mut self, place: usize) {
        if let Some(key) = self.by_key.keys().nth(place) {
            Arc::make_mut(&mut self.spoiled).insert(key.clone());
        }
    }

    /// Makes spoiled rows what they were.
    pub(super) fn heal(&mut self) {
        self.spoiled = Arc::default();
    }

    /// What they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.by_key.iter().map(|(key, row)| key.len() + row.len()).sum()
    }

    fn change(&mut self, key: Vec<u8>, row: Option<Vec<u8>>) {
        if self.spoiled.contains(&key) {
            Arc::make_mut(&mut self.spoiled).remove(&key);
        }
        let by_key = Arc::make_mut(&mut self.by_key);
        match row {
            Some(row) => by_key.insert(key, row),
            None => by_key.remove(&key),
        };
    }
}

/// Why a spoiled row cannot be read.
pub fn spoiled() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a row is not what was written")
}

/// A database, open.
#[derive(Clone, Debug)]
pub struct Database {
    machine: Simulated,
    start: u64,
    dir: PathBuf,
}

impl Database {
    /// Opens the rows of a folder, which may be none.
    pub fn open(machine: &Simulated, dir: &Path) -> io::Result<Self> {
        machine.operation(Operation::Rows)?.done()?;
        Ok(Self { machine: machine.clone(), start: machine.start(), dir: dir.to_owned() })
    }

    /// The rows as they are now.
    pub fn rows(&self) -> io::Result<Rows> {
        self.operation(Operation::Rows)?.done()?;
        Ok(self.machine.with_rows(&self.dir, |rows| rows.clone()))
    }

    /// Puts and removes rows, all or none.
    pub fn write(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> io::Result<()> {
        let fate = self.operation(Operation::WriteRows)?;
        // They are in a file of their own before they take the place of others.
        let bytes = changes.iter().map(|(key, row)| key.len() + row.as_ref().map_or(0, Vec::len)).sum();
        if self.machine.room_for(bytes) < bytes {
            self.machine.note_refusal();
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Where the process ends with it, it is done or it is not.
        if matches!(fate, Fate::Done) || matches!(fate, Fate::Stops(part) if part > u8::MAX / 2) {
            self.machine.with_rows(&self.dir, |rows| changes.into_iter().for_each(|(key, row)| rows.change(key, row)));
        }
        fate.done()
    }

    /// Removes all rows.
    pub fn discard(machine: &Simulated, dir: &Path) -> io::Result<()> {
        machine.operation(Operation::WriteRows)?.done()?;
        machine.with_rows(dir, |rows| *rows = Rows::default());
        Ok(())
    }

    fn operation(&self, operation: Operation) -> io::Result<Fate> {
        if self.machine.start() != self.start {
            return Err(stopped());
        }
        self.machine.operation(operation)
    }
}
