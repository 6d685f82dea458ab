//! The fold's view of a store: rows out of the cache, and out of RocksDB where they are not there.

use std::convert::Infallible;

use super::Store;
use super::cache::{Beyond, Cache, EntityRows, Tally};
use super::dirty::Dirty;
use super::disk::{Disk, Range};
use super::error::Error;
use super::forgotten::Forgotten;
use super::slots::{Named, Slot, Slots};
use crate::model::Entity;
use crate::state::{Key, Row, Rows};

/// How many of those rows that nearly every visit asks for are read when an entity is first asked for.
const ASKED_FIRST_MAX: usize = 256;
/// How many rows are read then at least: an entity that has no more is known whole.
const FIRST_ROWS_MAX: usize = 16;

/// How many rows of one kind are kept together at most, so that they can be listed without a look at the disk.
const WHOLE_ROWS_MAX: usize = 64;

impl Rows for Store {
    fn get(&mut self, entity: &Entity, key: &Key) -> Option<&Row> {
        let at = self.place(entity);
        let key = self.cache.named(key);
        let Self { cache, disk, failure, .. } = self;
        let (slot, _) = reach(&mut cache.entities[at], key, disk, &mut cache.tally, failure)?;
        slot.row().map(|row| &*row)
    }

    fn get_mut(&mut self, entity: &Entity, key: &Key) -> Option<&mut Row> {
        let at = self.place(entity);
        let key = self.cache.named(key);
        let Self { cache, disk, failure, unsettled, .. } = self;
        let Cache { entities, tally, dirty, .. } = cache;
        let (slot, listed) = reach(&mut entities[at], key, disk, tally, failure)?;
        if !slot.has_row() {
            return None;
        }
        *unsettled = true;
        soil(slot, entity, key.key, listed, dirty, tally);
        slot.row()
    }

    fn get_or_put(&mut self, entity: &Entity, key: Key, make: &mut dyn FnMut() -> Row) -> (&mut Row, bool) {
        let at = self.place(entity);
        self.unsettled = true;
        let named = self.cache.named(&key);
        let Self { cache, disk, failure, .. } = self;
        let Cache { entities, tally, dirty, .. } = cache;
        let EntityRows { rows, beyond, dirty: listed, firsts, whole, .. } = entities[at].touch();
        let Ok(slot) = rows.reach(named, tally, |tally| {
            let row = read(entity, named, beyond, *whole, disk, tally).unwrap_or_else(|error| {
                failure.get_or_insert(error);
                None
            });
            Ok::<_, Infallible>(Some(Slot::read(&key, row)))
        });
        let (slot, body) = slot.expect("one is made where there is none");
        slot.open(body, tally, |bytes| open(entity, &key, bytes, disk, failure));
        let is_new = !slot.has_row();
        if is_new {
            slot.fill(make(), tally);
            firsts.made(&key);
        }
        soil(slot, entity, &key, listed, dirty, tally);
        (slot.row().expect("it was just filled"), is_new)
    }

    fn remove(&mut self, entity: &Entity, key: &Key) {
        debug_assert!(key.number().is_none(), "rows that are found by a number stay");
        let at = self.place(entity);
        let named = self.cache.named(key);
        let Cache { entities, tally, dirty, .. } = &mut self.cache;
        let EntityRows { rows, beyond, dirty: listed, firsts, whole, .. } = entities[at].touch();
        firsts.removed(key, tally);
        let may_hold = may_hold(beyond, *whole, named);
        let unseen = |_: &mut Tally| Ok::<_, Infallible>(may_hold.then(|| Slot::unseen(key)));
        let Ok(_) = rows.reach(named, tally, unseen);
        let Some((slot, had)) = rows.empty(named, tally) else { return };
        self.unsettled |= had || slot.is_stored();
        if !slot.is_stored() && !may_hold {
            // It is not on disk, and what is there is known: nothing is to be remembered of it.
            rows.drop_empty(named, tally);
        } else if had || slot.is_stored() {
            soil(slot, entity, key, listed, dirty, tally);
        }
    }

    fn scan(&mut self, entity: &Entity, from: &Key, to: &Key, limit: usize) -> Vec<Key> {
        if from >= to || limit == 0 {
            return Vec::new();
        }
        let at = self.place(entity);
        if !self.cache.entities[at].may_hold_between(from, to) {
            return Vec::new();
        }
        if let Some(known) = self.cache.entities[at].firsts.answer(from, to, limit) {
            return known;
        }
        match self.scan_all(at, from, to, limit) {
            Ok(found) => {
                let Cache { entities, tally, .. } = &mut self.cache;
                entities[at].firsts.keep(from, to, limit, &found, tally);
                found
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                Vec::new()
            }
        }
    }
}

impl Store {
    /// Where an entity is in the cache, brought there if it was not. A step asks for rows of one entity dozens of times.
    #[inline]
    fn place(&mut self, entity: &Entity) -> usize {
        match self.cache.last(entity) {
            Some(at) if !self.cache.is_over() => at,
            _ => self.place_of_another(entity),
        }
    }

    #[cold]
    fn place_of_another(&mut self, entity: &Entity) -> usize {
        if self.cache.is_over() {
            self.cache.forget();
        }
        if let Some(at) = self.cache.find(entity) {
            return at;
        }
        let cache = &mut self.cache;
        if let Some(at) = cache.unpack(entity) {
            return at;
        }
        let mut rows = Slots::default();
        let (mut beyond, mut whole) = (Beyond::Forgotten(Forgotten::default()), 0);
        if self.applied.is_some() && cache.may_be_beyond(entity) {
            (beyond, whole) = first_rows(entity, &mut rows, &self.disk, cache).unwrap_or_else(|error| {
                self.failure.get_or_insert(error);
                (Beyond::Unknown, 0)
            });
        }
        self.cache.add(*entity, rows, beyond, whole)
    }

    /// The first `limit` keys with a row in a range: those that stand in order from memory, which is made to hold them all;
    /// of the others what is on disk, and what is to be written there.
    fn scan_all(&mut self, at: usize, from: &Key, to: &Key, limit: usize) -> Result<Vec<Key>, Error> {
        let mut tags = from.tag()..=to.tag();
        let mut found = Vec::new();
        if tags.clone().any(Key::is_listed) {
            if !self.is_here(at, from, to)? {
                self.load(at, Range::Between(from, to), limit)?;
            }
            found = self.cache.entities[at].touch().rows.scan(from, to, limit);
        }
        if !tags.all(Key::is_listed) {
            self.scan_names(at, from, to, limit, &mut found)?;
            found.sort_unstable();
            found.dedup();
            found.truncate(limit);
        }
        Ok(found)
    }

    fn scan_names(&mut self, at: usize, from: &Key, to: &Key, limit: usize, found: &mut Vec<Key>) -> Result<(), Error> {
        let Self { cache, disk, applied, .. } = self;
        cache.entities[at].dirty.order();
        let EntityRows { entity, rows, dirty, .. } = &cache.entities[at];
        let wanted = |key: &Key| !Key::is_listed(key.tag());
        let has_row = |key: &Key| rows.get(cache.named(key)).map(Slot::has_row);
        found.extend(dirty.between(from, to, limit, |key| wanted(key) && has_row(key) == Some(true)));
        if applied.is_some() {
            let mut live = 0;
            disk.range(entity, Range::Between(from, to), |key, _| {
                if wanted(&key) && has_row(&key) != Some(false) {
                    found.push(key);
                    live += 1;
                }
                Ok(live < limit)
            })?;
        }
        Ok(())
    }

    /// Whether all rows of a range are in the cache. Those of one kind are brought there where they are few: they are listed
    /// again and again, and a hub, whose rows are never all here, would be looked up on disk each time.
    fn is_here(&mut self, at: usize, from: &Key, to: &Key) -> Result<bool, Error> {
        let rows = &self.cache.entities[at];
        if !rows.beyond.may_hold_between(from, to) {
            return Ok(true);
        }
        let (tag, bit) = (from.tag(), 1 << from.tag());
        if tag != to.tag() || rows.vast & bit != 0 {
            return Ok(false);
        }
        if rows.whole & bit == 0 {
            let is_whole = self.load(at, Range::Tag(tag), WHOLE_ROWS_MAX)?;
            let rows = &mut self.cache.entities[at];
            *(if is_whole { &mut rows.whole } else { &mut rows.vast }) |= bit;
            return Ok(is_whole);
        }
        Ok(true)
    }

    /// Brings rows of a range into the cache, until `limit` of those on disk are there; the first `limit` rows of the
    /// range are then all in the cache. Returns whether all are.
    fn load(&mut self, at: usize, range: Range<'_>, limit: usize) -> Result<bool, Error> {
        let Self { cache, disk, .. } = self;
        let mut live = 0;
        let entity = cache.entities[at].entity;
        disk.range(&entity, range, |key, row| {
            let named = cache.named(&key);
            let rows = &mut cache.entities[at].rows;
            if rows.get(named).is_some_and(|slot| !slot.has_row()) {
                return Ok(live < limit); // removed since
            }
            let read = |_: &mut Tally| Ok(Some(Slot::read(&key, Some(disk.row(&entity, &key, row)?))));
            let slot = rows.reach(named, &mut cache.tally, read)?;
            live += usize::from(slot.is_some_and(|(slot, _)| slot.has_row()));
            Ok(live < limit)
        })
    }
}

/// The slot of a key, read if need be; `None` where it is known that there is no row, or where reading failed.
fn reach<'a>(
    rows: &'a mut EntityRows,
    key: Named<'_>,
    disk: &mut Disk,
    tally: &mut Tally,
    failure: &mut Option<Error>,
) -> Option<(&'a mut Slot, &'a mut Dirty)> {
    let EntityRows { entity, rows, beyond, dirty, whole, .. } = rows.touch();
    let found = rows.reach(key, tally, |tally| {
        let looked = may_hold(beyond, *whole, key);
        let row = read(entity, key, beyond, *whole, disk, tally)?;
        Ok(looked.then(|| Slot::read(key.key, row)))
    });
    match found {
        Ok(slot) => slot.map(|(slot, body)| {
            slot.open(body, tally, |bytes| open(entity, key.key, bytes, disk, failure));
            (slot, dirty)
        }),
        Err(error) => {
            failure.get_or_insert(error);
            None
        }
    }
}

/// A row that was here as bytes.
fn open(entity: &Entity, key: &Key, bytes: &[u8], disk: &Disk, failure: &mut Option<Error>) -> Option<Row> {
    match disk.row(entity, key, bytes) {
        Ok(row) => Some(row),
        Err(error) => {
            failure.get_or_insert(error);
            None
        }
    }
}

/// Whether a key that is not cached may be on disk.
fn may_hold(beyond: &Beyond, whole: u64, key: Named<'_>) -> bool {
    whole & (1 << key.key.tag()) == 0 && beyond.may_hold(key.name)
}

/// What is on disk under a key, if that is not known already.
fn read(
    entity: &Entity,
    key: Named<'_>,
    beyond: &Beyond,
    whole: u64,
    disk: &mut Disk,
    tally: &mut Tally,
) -> Result<Option<Row>, Error> {
    if may_hold(beyond, whole, key) {
        return disk.get(entity, key.key);
    }
    tally.known_absent += 1;
    Ok(None)
}

/// Lists a slot to be written, and its entity with it, each once.
fn soil(
    slot: &mut Slot,
    entity: &Entity,
    key: &Key,
    listed: &mut Dirty,
    entities: &mut Vec<Entity>,
    tally: &mut Tally,
) {
    slot.change();
    if slot.soil(tally) {
        if listed.is_empty() {
            entities.push(*entity);
        }
        listed.push(*key);
    }
}

/// Reads an entity's first rows: those that nearly every visit asks for, and a few more where it has no more. What is known
/// then of keys without a row: bit n for all with tag n, or all there are.
fn first_rows(entity: &Entity, rows: &mut Slots, disk: &Disk, cache: &mut Cache) -> Result<(Beyond, u64), Error> {
    let mut next = 0;
    let is_all = disk.range(entity, Range::All, |key, row| {
        let most = if Key::is_asked_first(key.tag()) { ASKED_FIRST_MAX } else { FIRST_ROWS_MAX };
        if rows.len() >= most {
            next = key.tag();
            return Ok(false);
        }
        let row = rows.add_bytes(row, &mut cache.tally);
        rows.keep(&key, cache.namer.key(&key), Some(row), 1, &mut cache.tally);
        Ok(true)
    })?;
    Ok(if is_all { (Beyond::Forgotten(Forgotten::default()), 0) } else { (Beyond::Unknown, (1 << next) - 1) })
}
