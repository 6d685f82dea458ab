//! Rows of one partition: in memory as the fold sees them, and behind the commit in a RocksDB database of their own ([`base`]).
//! What they mean is not known here, and nothing is here only: a store that is deleted is folded again from the journal.
//!
//! The order of things, for each turn: fold on [`Store`] as [`crate::state::Rows`], ask [`Store::take_failure`], commit
//! the turn to the log, [`Store::settle`]. From time to time, between turns, [`Store::persist`]. After a crash
//! [`Store::applied`] says from where the journal is to be folded again.

mod base;
mod cache;
mod cellar;
mod dirty;
mod disk;
mod each;
mod error;
mod firsts;
mod forgotten;
mod name;
mod numbers;
mod parcel;
mod persist;
mod rocks;
mod rows;
mod settings;
mod shelf;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::files::Place;
use cache::Cache;
use cellar::Cellar;
pub use disk::Applied;
use disk::Disk;
pub use error::Error;
pub use rocks::RocksStats;
pub use settings::{Options, Shared, SharedSettings};

/// Rows of one partition.
pub struct Store {
    cache: Cache,
    disk: Disk,
    /// What the rows on disk stand for; while `None`, what is not cached does not exist.
    applied: Option<Applied>,
    /// What the rows in memory stand for.
    settled: Option<Applied>,
    /// Rows were changed since.
    unsettled: bool,
    /// The first failure to read.
    failure: Option<Error>,
    /// One was reported: nothing more is persisted.
    broken: bool,
    counters: Counters,
    /// Bytes of a key and of a row; kept for their memory.
    scratch: [Vec<u8>; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    persists: u64,
    rows_written: u64,
    bytes_written: u64,
    persist_time: Duration,
}

/// What a store has done since it was opened, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Memory of the cache, about.
    pub cache_bytes: usize,
    /// Of that, what waits to be persisted, about.
    pub dirty_bytes: usize,
    /// Rows in the cache, and keys known to have none.
    pub rows: usize,
    /// Entities in memory, those on the shelf among them.
    pub entities: usize,
    /// Entities that were brought back from the shelf or the cellar.
    pub unpacked: u64,
    /// Of those, from the cellar.
    pub fetched: u64,
    /// Size of the cellar's file now.
    pub cellar_bytes: u64,
    /// Rows found in the cache.
    pub hits: u64,
    /// Keys known to have no row without looking.
    pub known_absent: u64,
    /// Rows, or first rows of an entity, or ranges, looked for in RocksDB.
    pub disk_reads: u64,
    /// Rows that RocksDB had.
    pub disk_rows: u64,
    /// Rows forgotten for want of room.
    pub forgotten: u64,
    /// Batches persisted.
    pub persists: u64,
    /// Rows in them, removals included.
    pub rows_written: u64,
    /// Their size.
    pub bytes_written: u64,
    /// Time spent on them.
    pub persist_time: Duration,
    /// Size of the database's files now.
    pub file_bytes: u64,
}

impl Store {
    /// Opens the store in a folder of its own, or makes it. One process may have it open so.
    pub fn open(place: impl Into<Place>, shared: &Shared, options: &Options) -> Result<Self, Error> {
        let place = place.into();
        let disk = Disk::open(&place, shared)?;
        Self::over(disk, Cellar::new(Some(place)), options)
    }

    /// Opens a store to look at it, beside whoever may be writing there. Sees what was in files at that moment; changes
    /// stay in memory.
    pub fn open_read_only(place: impl Into<Place>, shared: &Shared, options: &Options) -> Result<Self, Error> {
        Self::over(Disk::open_read_only(&place.into(), shared)?, Cellar::new(None), options)
    }

    fn over(disk: Disk, cellar: Cellar, options: &Options) -> Result<Self, Error> {
        let applied = disk.applied()?;
        Ok(Self {
            cache: Cache::new(options.cache_bytes_max, options.seed, applied.is_none(), cellar),
            settled: applied.clone(),
            unsettled: false,
            applied,
            disk,
            failure: None,
            broken: false,
            counters: Counters::default(),
            scratch: Default::default(),
        })
    }

    /// Removes the rows in a folder that nobody has open: they can always be folded again.
    pub fn discard(place: impl Into<Place>) -> Result<(), Error> {
        Disk::discard(&place.into())
    }

    /// What it has done and what it holds.
    pub fn stats(&self) -> Stats {
        let tally = &self.cache.tally;
        Stats {
            cache_bytes: tally.bytes,
            dirty_bytes: tally.dirty_bytes,
            rows: tally.rows,
            entities: self.cache.entities.len() + self.cache.shelf.len(),
            unpacked: tally.unpacked,
            fetched: tally.fetched,
            cellar_bytes: self.cache.cellar.file_bytes(),
            hits: tally.hits,
            known_absent: tally.known_absent,
            disk_reads: self.disk.reads.load(Ordering::Relaxed),
            disk_rows: self.disk.rows_read.load(Ordering::Relaxed),
            forgotten: tally.forgotten,
            persists: self.counters.persists,
            rows_written: self.counters.rows_written,
            bytes_written: self.counters.bytes_written,
            persist_time: self.counters.persist_time,
            file_bytes: self.disk.file_bytes(),
        }
    }

    /// How its database fares.
    pub fn rocks_stats(&self) -> RocksStats {
        self.disk.rocks_stats()
    }
}
