//! Rows to disk, behind the commit: what was changed since the last time goes out in one batch with the position that
//! it stands for. Nothing of a turn that is not committed yet can get there.

use std::time::Instant;

use rocksdb::WriteBatch;

use super::Store;
use super::cache::{Beyond, Cache};
use super::disk::Applied;
use super::error::Error;
use crate::state::Key;

impl Store {
    /// What the rows on disk stood for when the store was opened, or have been brought to since. `None` where there were
    /// none.
    pub fn applied(&self) -> Option<&Applied> {
        self.applied.as_ref()
    }

    /// Says that all changes so far belong to turns that are committed, up to this position.
    pub fn settle(&mut self, position: Applied) {
        self.settled = Some(position);
        self.unsettled = false;
    }

    /// The first failure to read since the store was opened. To be asked before each commit: what was folded on top of
    /// one is not to be committed, nor persisted, and the store is to be opened again.
    pub fn take_failure(&mut self) -> Option<Error> {
        let failure = self.failure.take();
        self.broken |= failure.is_some();
        failure
    }

    /// Whether so much waits to be persisted that little room is left for the rest.
    pub fn wants_persisting(&self) -> bool {
        self.cache.is_mostly_dirty()
    }

    /// Writes what was changed together with the settled position, in time proportional to what was changed. When
    /// `durable`, waits until it is in files; else RocksDB sees to that when its buffers are full, or at a later call,
    /// and a crash before takes the rows back to where they were.
    pub fn persist(&mut self, durable: bool) -> Result<(), Error> {
        let dir = || self.disk.dir.clone();
        if self.disk.read_only {
            return Err(Error::ReadOnly { dir: dir() });
        }
        if self.broken {
            return Err(Error::Broken { dir: dir() });
        }
        if self.unsettled {
            return Err(Error::Unsettled { dir: dir() });
        }
        if let Some(failure) = self.take_failure() {
            return Err(failure);
        }
        let began = Instant::now();
        let done = self.write_dirty().and_then(|()| if durable { self.flush() } else { Ok(()) });
        self.counters.persist_time += began.elapsed();
        self.broken |= done.is_err();
        done
    }

    /// Persists what is settled, durably, and closes.
    pub fn close(mut self) -> Result<(), Error> {
        self.persist(true)
    }

    fn write_dirty(&mut self) -> Result<(), Error> {
        let Some(settled) = self.settled.clone() else {
            return Ok(()); // nothing was folded yet
        };
        if self.applied.as_ref() == Some(&settled) && self.cache.dirty.is_empty() {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        let mut entities = std::mem::take(&mut self.cache.dirty);
        entities.sort_unstable(); // a sorted batch is written several times faster
        for entity in &entities {
            let at = self.cache.find(entity).expect("an entity with rows to be written stays in the cache");
            self.counters.rows_written += take_dirty(&mut self.cache, at, &mut batch, &mut self.scratch);
        }
        self.counters.bytes_written += batch.size_in_bytes() as u64;
        self.counters.persists += 1;
        self.cache.tally.dirty_bytes = 0;
        self.disk.write(batch, &settled)?;
        entities.clear();
        self.cache.dirty = entities;
        self.applied = Some(settled);
        self.in_files = false;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if !self.in_files {
            self.disk.flush()?;
            self.in_files = true;
        }
        Ok(())
    }
}

/// Moves an entity's dirty rows into a batch. Returns how many.
fn take_dirty(cache: &mut Cache, at: usize, batch: &mut WriteBatch, scratch: &mut [Vec<u8>; 2]) -> u64 {
    let [key_bytes, row_bytes] = scratch;
    let mut count = 0;
    let mut keys: Vec<Key> = std::mem::take(&mut cache.entities[at].dirty);
    keys.sort_unstable();
    for key in &keys {
        let named = cache.named(key);
        let Cache { entities, tally, .. } = cache;
        let rows = &mut entities[at];
        let slot = rows.rows.get_mut(named).expect("a row to be written stays in the cache");
        slot.dirty = false;
        slot.weigh(tally);
        key_bytes.clear();
        key.write(&rows.entity, key_bytes);
        if let Some(row) = &slot.row {
            row_bytes.clear();
            row.write(row_bytes);
            batch.put(&key_bytes, &row_bytes);
            slot.stored = true;
            count += 1;
            continue;
        }
        if slot.stored {
            batch.delete(&key_bytes);
            slot.stored = false;
            count += 1;
        }
        // Where all other keys are known, a row that is gone needs no place to say so.
        if matches!(&rows.beyond, Beyond::Forgotten(_)) {
            rows.rows.drop_empty(named, tally);
        }
    }
    keys.clear();
    if keys.capacity() <= KEPT_KEYS_MAX {
        cache.entities[at].dirty = keys;
    }
    count
}

/// Lists of keys longer than this are given back once they are written.
const KEPT_KEYS_MAX: usize = 64;
