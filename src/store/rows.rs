//! The fold's view of a store: rows out of the cache, and out of RocksDB where they are not there.

use std::convert::Infallible;

use super::Store;
use super::cache::{Beyond, Cache, EntityRows, Forgotten, Tally};
use super::disk::Disk;
use super::error::Error;
use super::slots::{Slot, Slots};
use crate::model::Entity;
use crate::state::{Key, Row, Rows};

/// How many of an entity's first rows are read when it is first asked for: profile and months stand first, and an
/// entity that has no more is then known whole.
const FIRST_ROWS_MAX: usize = 16;

impl Rows for Store {
    fn get(&mut self, entity: &Entity, key: &Key) -> Option<&Row> {
        let at = self.place(entity);
        let Self { cache, disk, failure, .. } = self;
        let (slot, _) = reach(&mut cache.entities[at], key, disk, &mut cache.tally, failure)?;
        slot.row.as_ref()
    }

    fn get_mut(&mut self, entity: &Entity, key: &Key) -> Option<&mut Row> {
        let at = self.place(entity);
        let Self { cache, disk, failure, unsettled, .. } = self;
        let Cache { entities, tally, dirty, .. } = cache;
        let (slot, listed) = reach(&mut entities[at], key, disk, tally, failure)?;
        slot.row.as_ref()?;
        // Grown since it was last handed out, perhaps.
        slot.weigh(tally);
        *unsettled = true;
        soil(slot, entity, key, listed, dirty, tally);
        slot.row.as_mut()
    }

    fn put(&mut self, entity: &Entity, key: Key, row: Row) -> &mut Row {
        let at = self.place(entity);
        self.unsettled = true;
        let Cache { entities, tally, dirty, .. } = &mut self.cache;
        let EntityRows { rows, beyond, dirty: listed, .. } = entities[at].touch();
        let slot = rows.put(&key, row, tally, || beyond.may_hold(&key));
        soil(slot, entity, &key, listed, dirty, tally);
        slot.row.as_mut().expect("it was just put there")
    }

    fn remove(&mut self, entity: &Entity, key: &Key) {
        let at = self.place(entity);
        let Cache { entities, tally, dirty, .. } = &mut self.cache;
        let EntityRows { rows, beyond, dirty: listed, .. } = entities[at].touch();
        let Ok(_) = rows.reach(key, tally, |_| Ok::<_, Infallible>(beyond.may_hold(key).then(Slot::unseen)));
        if let Some((slot, had)) = rows.empty(key, tally)
            && (had || slot.stored)
        {
            self.unsettled = true;
            soil(slot, entity, key, listed, dirty, tally);
        }
    }

    fn scan(&mut self, entity: &Entity, from: &Key, to: &Key, limit: usize) -> Vec<Key> {
        if from >= to || limit == 0 {
            return Vec::new();
        }
        let at = self.place(entity);
        let Self { cache, disk, failure, .. } = self;
        let rows = cache.entities[at].touch();
        if rows.beyond.may_hold_between(from, to)
            && let Err(error) = load(rows, from, to, limit, disk, &mut cache.tally)
        {
            failure.get_or_insert(error);
        }
        rows.rows.scan(from, to, limit, &mut cache.tally)
    }
}

impl Store {
    /// Where an entity is in the cache, brought there if it was not.
    fn place(&mut self, entity: &Entity) -> usize {
        if self.cache.is_over() {
            self.cache.forget();
        }
        if let Some(at) = self.cache.find(entity) {
            return at;
        }
        let (mut rows, mut beyond) = (Slots::default(), Beyond::Forgotten(Forgotten::default()));
        if self.applied.is_some() {
            let tally = &mut self.cache.tally;
            match first_rows(entity, &mut rows, &mut self.disk, tally) {
                Ok(true) => {}
                Ok(false) => beyond = Beyond::Unknown,
                Err(error) => {
                    self.failure.get_or_insert(error);
                    beyond = Beyond::Unknown;
                }
            }
        }
        self.cache.add(*entity, rows, beyond)
    }
}

/// The slot of a key, read if need be; `None` where it is known that there is no row, or where reading failed.
fn reach<'a>(
    rows: &'a mut EntityRows,
    key: &Key,
    disk: &mut Disk,
    tally: &mut Tally,
    failure: &mut Option<Error>,
) -> Option<(&'a mut Slot, &'a mut Vec<Key>)> {
    let EntityRows { entity, rows, beyond, dirty, .. } = rows.touch();
    let found = rows.reach(key, tally, |tally| {
        if !beyond.may_hold(key) {
            tally.known_absent += 1;
            return Ok(None);
        }
        disk.get(entity, key).map(|row| Some(Slot::read(row)))
    });
    match found {
        Ok(slot) => slot.map(|slot| (slot, dirty)),
        Err(error) => {
            failure.get_or_insert(error);
            None
        }
    }
}

/// Lists a slot to be written, and its entity with it, each once.
fn soil(
    slot: &mut Slot,
    entity: &Entity,
    key: &Key,
    listed: &mut Vec<Key>,
    entities: &mut Vec<Entity>,
    tally: &mut Tally,
) {
    if slot.soil(tally) {
        if listed.is_empty() {
            entities.push(*entity);
        }
        listed.push(*key);
    }
}

/// Reads an entity's first rows. Returns whether there are no more.
fn first_rows(entity: &Entity, rows: &mut Slots, disk: &mut Disk, tally: &mut Tally) -> Result<bool, Error> {
    let whole = disk.range(entity, None, |key, row| {
        if rows.len() == FIRST_ROWS_MAX {
            return Ok(false);
        }
        rows.reach(&key, tally, |_| Ok(Some(Slot::read(Some(row()?)))))?;
        Ok(true)
    })?;
    rows.mark_unused();
    Ok(whole)
}

/// Brings rows of a range into the cache, until `limit` of those on disk are there; the first `limit` rows of the range
/// are then all in the cache.
fn load(
    rows: &mut EntityRows,
    from: &Key,
    to: &Key,
    limit: usize,
    disk: &mut Disk,
    tally: &mut Tally,
) -> Result<(), Error> {
    let mut live = 0;
    let EntityRows { entity, rows, .. } = rows;
    disk.range(entity, Some((from, to)), |key, row| {
        let slot = rows.reach(&key, tally, |_| Ok(Some(Slot::read(Some(row()?)))))?;
        live += usize::from(slot.is_some_and(|slot| slot.row.is_some()));
        Ok(live < limit)
    })?;
    Ok(())
}
