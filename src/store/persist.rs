//! Rows to disk, behind the commit: what was changed since the last time goes out in one batch with the position that
//! it stands for. Nothing of a turn that is not committed yet can get there.

use std::thread;
use std::time::Instant;

use super::Store;
use super::base::Batch;
use super::cache::{Beyond, Cache};
use super::disk::Applied;
use super::error::Error;
use super::numbers::Numbers;
use crate::model::Entity;

/// From so much memory on, it is given back by a thread of its own when the store is closed, in bytes.
const DROPPED_ASIDE_BYTES: usize = 32 << 20;

impl Store {
    /// What the rows on disk stood for when the store was opened, or have been brought to since. `None` where there were
    /// none.
    pub fn applied(&self) -> Option<&Applied> {
        self.applied.as_ref()
    }

    /// Whether it was opened for reading, so that what is changed stays in memory.
    pub fn is_read_only(&self) -> bool {
        self.disk.read_only
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

    /// Writes what was changed together with the settled position, in time proportional to what was changed. It is on disk
    /// when this returns.
    pub fn persist(&mut self) -> Result<(), Error> {
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
        let done = self.write_dirty();
        self.counters.persist_time += began.elapsed();
        self.broken |= done.is_err();
        done
    }

    /// Persists what is settled, and closes.
    pub fn close(mut self) -> Result<(), Error> {
        self.persist()?;
        // Giving back memory row by row takes its time, and nobody need wait for it.
        if self.cache.tally.bytes > DROPPED_ASIDE_BYTES {
            let cache = self.cache;
            thread::Builder::new().name("forget-rows".into()).spawn(move || drop(cache)).ok();
        }
        Ok(())
    }

    /// The same where the program is about to end: much memory is left to the system, and not given back row by row.
    pub fn close_for_good(mut self) -> Result<(), Error> {
        self.persist()?;
        if self.cache.tally.bytes > DROPPED_ASIDE_BYTES {
            std::mem::forget(self.cache);
        }
        Ok(())
    }

    fn write_dirty(&mut self) -> Result<(), Error> {
        let Some(settled) = self.settled.clone() else {
            return Ok(()); // nothing was folded yet
        };
        if self.applied.as_ref() == Some(&settled) && self.cache.dirty.is_empty() {
            return Ok(());
        }
        let mut entities = std::mem::take(&mut self.cache.dirty);
        entities.sort_unstable();
        entities.dedup();
        let Self { cache, disk, scratch, counters, .. } = self;
        let bytes = disk.write(&settled, |batch, numbers| {
            for entity in &entities {
                counters.rows_written += match cache.find(entity) {
                    Some(at) => write_entity(cache, at, batch, numbers, scratch)?,
                    None => write_parcel(cache, entity, batch, numbers)?,
                };
            }
            Ok(())
        })?;
        counters.bytes_written += bytes;
        counters.persists += 1;
        cache.tally.dirty_bytes = 0;
        entities.clear();
        cache.dirty = entities;
        self.applied = Some(settled);
        Ok(())
    }
}

/// Writes an entity's dirty rows. Returns how many.
fn write_entity(
    cache: &mut Cache,
    at: usize,
    batch: &mut Batch<'_>,
    numbers: &mut Numbers,
    scratch: &mut [Vec<u8>; 2],
) -> Result<u64, Error> {
    let [key_bytes, row_bytes] = scratch;
    let mut count = 0;
    let keys = cache.entities[at].dirty.take();
    for key in &keys {
        let named = cache.named(key);
        let Cache { entities, tally, .. } = cache;
        let rows = &mut entities[at];
        // What came and went since the last time was never on disk.
        let Some((slot, body)) = rows.rows.get_mut(named) else { continue };
        slot.clean(tally);
        key_bytes.clear();
        key.write(&rows.entity, key_bytes);
        row_bytes.clear();
        if slot.write(body, row_bytes) {
            batch.put(key_bytes, row_bytes)?;
            if !slot.is_stored() {
                numbers.note(key_bytes);
            }
            slot.set_stored(true);
            count += 1;
            continue;
        }
        if slot.is_stored() {
            batch.remove(key_bytes)?;
            slot.set_stored(false);
            count += 1;
        }
        // Where all other keys are known, a row that is gone needs no place to say so.
        if matches!(&rows.beyond, Beyond::Forgotten(_)) || rows.whole & (1 << key.tag()) != 0 {
            rows.rows.drop_empty(named, tally);
        }
    }
    Ok(count)
}

/// The same of an entity on the shelf.
fn write_parcel(
    cache: &mut Cache,
    entity: &Entity,
    batch: &mut Batch<'_>,
    numbers: &mut Numbers,
) -> Result<u64, Error> {
    let name = cache.namer.entity(entity);
    let mut count = 0;
    // One whose rows came and went since the last time may be gone itself.
    let Some(parcel) = cache.shelf.get(name).filter(|parcel| parcel.is_dirty) else { return Ok(0) };
    parcel.dirty(entity, |key, row, is_stored| {
        count += u64::from(row.is_some() || is_stored);
        if row.is_some() && !is_stored {
            numbers.note(key);
        }
        match row {
            Some(row) => batch.put(key, row),
            None if is_stored => batch.remove(key),
            None => Ok(()),
        }
    })?;
    cache.shelf.clean(name);
    Ok(count)
}
