//! Rows in memory, by entity, as the fold sees them; which of them are to be written, which may be forgotten, and what
//! is known about keys that are not here. Asks nothing of RocksDB.
//!
//! Who was not asked for since the clock's hand last passed is put on the shelf, as bytes ([`super::parcel`]): written or
//! not, its rows take a fifth of the room there, and are soon brought back. Where there is no room either, parcels that need
//! no writing go into the cellar ([`super::cellar`]), a file. An entity of many rows gives them up one by one instead: a row
//! that was used since the hand last passed stays for one more round, so that a hub of a million rows gives up its old ones
//! like everybody else.
//!
//! What is forgotten of an entity whose rows were all known leaves a 32-bit hash of its key behind: a key whose hash is not
//! there is on no disk, and asking for it costs nothing. Most keys of a new invoice are of that sort. The same goes for
//! whole entities, and a bit for each kind of row says that all of that kind are here.

use rustc_hash::FxHashMap;

use super::cellar::{Cellar, SPOT_BYTES};
use super::dirty::Dirty;
use super::firsts::Firsts;
use super::forgotten::{Forgotten, HASH_BYTES};
use super::name::{Name, Namer};
use super::parcel::Parcel;
use super::shelf::Shelf;
use super::slots::{Named, Slots};
use crate::model::Entity;
use crate::state::Key;

/// What an entity takes by itself, in bytes.
const ENTITY_BYTES: usize = size_of::<EntityRows>() + 2 * (size_of::<Name>() + size_of::<u32>());
/// Part of the bound that is freed at once, so that forgetting is rare.
const SPARE_PARTS: usize = 16;
/// How much there is to be between two times at least, in bytes: where all of it is to be written, nothing can be freed, and
/// it would be looked for each time that anybody is asked for.
const SPARE_BYTES_MIN: usize = 16 << 10;
/// Part of the bound that rows have as the fold sees them, however much there is on the shelf.
const UNPACKED_PARTS: usize = 4;
/// Part of the bound that is spent at most to know where parcels in the cellar are.
const CELLAR_PARTS: usize = 2;
/// So many of their rows are gone through for each time that the hand passes, on the average.
const ROWS_PER_PASS: usize = 32;
/// Entities of more rows give them up one by one, and are not put on the shelf.
const PACKED_ROWS_MAX: usize = 256;

/// What an entity's keys that are not cached may be.
#[derive(Debug)]
pub(super) enum Beyond {
    /// Anything.
    Unknown,
    /// On disk, if among what was forgotten.
    Forgotten(Forgotten),
}

/// One entity's rows.
#[derive(Debug)]
pub(super) struct EntityRows {
    pub(super) entity: Entity,
    pub(super) rows: Slots,
    pub(super) beyond: Beyond,
    /// Keys of dirty slots, and of some that are gone.
    pub(super) dirty: Dirty,
    /// Of ranges that are asked for again and again.
    pub(super) firsts: Firsts,
    /// Bit n: all rows with tag n are here.
    pub(super) whole: u64,
    /// Bit n: there are too many with tag n to have them all here.
    pub(super) vast: u64,
    used: bool,
    /// How often the hand has passed over it without looking at its rows: to go through many takes long.
    passes: usize,
}

/// What is here, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// All of it, about.
    pub(super) bytes: usize,
    /// Of that, what waits to be written.
    pub(super) dirty_bytes: usize,
    pub(super) rows: usize,
    /// Since the store was opened.
    pub(super) hits: u64,
    pub(super) known_absent: u64,
    pub(super) forgotten: u64,
    /// Entities that were brought back from the shelf or the cellar.
    pub(super) unpacked: u64,
    /// Of those, from the cellar.
    pub(super) fetched: u64,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) entities: Vec<EntityRows>,
    pub(super) namer: Namer,
    /// Entities that nobody asks for.
    pub(super) shelf: Shelf,
    /// Those for which there is no room there.
    pub(super) cellar: Cellar,
    index: FxHashMap<Name, u32>,
    /// The entity asked for last, which is most often asked for again.
    last: usize,
    /// What entities that are not here may be.
    pub(super) beyond: Beyond,
    /// Entities with dirty slots, each once.
    pub(super) dirty: Vec<Entity>,
    pub(super) tally: Tally,
    bytes_max: usize,
    /// When to forget next: above the bound, where little could be forgotten last time.
    forget_at: usize,
    /// The clock's hand.
    hand: usize,
    /// Bytes of rows; kept for their memory.
    scratch: [Vec<u8>; 2],
}

impl Beyond {
    /// Whether a key that is not cached may be on disk.
    pub(super) fn may_hold(&self, name: Name) -> bool {
        match self {
            Self::Unknown => true,
            Self::Forgotten(keys) => keys.may_hold(name),
        }
    }

    /// Whether any key that is not cached may be on disk.
    fn may_hold_any(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Forgotten(keys) => !keys.is_empty(),
        }
    }

    /// What is remembered takes, in bytes.
    fn bytes(&self) -> usize {
        match self {
            Self::Unknown => 0,
            Self::Forgotten(keys) => keys.bytes(),
        }
    }

    /// Whether keys that are not cached may be on disk between these two.
    pub(super) fn may_hold_between(&self, from: &Key, to: &Key) -> bool {
        match self {
            Self::Unknown => true,
            Self::Forgotten(keys) => (from.tag()..=to.tag()).any(|tag| keys.tags & (1 << tag) != 0),
        }
    }
}

impl Cache {
    /// Beside a disk with nothing on it, or with who knows what.
    pub(super) fn new(bytes_max: usize, seed: Option<u64>, is_fresh: bool, cellar: Cellar) -> Self {
        Self {
            beyond: if is_fresh { Beyond::Forgotten(Forgotten::default()) } else { Beyond::Unknown },
            entities: Vec::new(),
            namer: Namer::new(seed),
            shelf: Shelf::default(),
            cellar,
            scratch: Default::default(),
            index: FxHashMap::default(),
            last: usize::MAX,
            dirty: Vec::new(),
            tally: Tally::default(),
            bytes_max,
            forget_at: bytes_max,
            hand: 0,
        }
    }

    /// A key with its name.
    pub(super) fn named<'a>(&self, key: &'a Key) -> Named<'a> {
        Named { key, name: self.namer.key(key) }
    }

    /// Where the entity asked for last is, if it is this one.
    #[inline]
    pub(super) fn last(&self, entity: &Entity) -> Option<usize> {
        self.entities.get(self.last).is_some_and(|rows| rows.entity == *entity).then_some(self.last)
    }

    /// Where an entity is.
    pub(super) fn find(&mut self, entity: &Entity) -> Option<usize> {
        if let Some(at) = self.last(entity) {
            return Some(at);
        }
        self.last = self.peek(entity)?;
        Some(self.last)
    }

    /// Whether an entity that is not here may have rows on disk.
    pub(super) fn may_be_beyond(&self, entity: &Entity) -> bool {
        self.beyond.may_hold(self.namer.entity(entity))
    }

    /// Where an entity is, without noting that it was asked for.
    pub(super) fn peek(&self, entity: &Entity) -> Option<usize> {
        self.index.get(&self.namer.entity(entity)).map(|at| *at as usize)
    }

    /// An entity on the shelf, if it has rows to be written.
    pub(super) fn on_shelf(&self, entity: &Entity) -> Option<&Parcel> {
        self.shelf.get(self.namer.entity(entity)).filter(|parcel| parcel.is_dirty)
    }

    /// Adds an entity that is not here.
    pub(super) fn add(&mut self, entity: Entity, rows: Slots, beyond: Beyond, whole: u64) -> usize {
        self.add_rows(EntityRows { rows, whole, ..EntityRows::new(entity, beyond) })
    }

    /// Brings an entity back that was put on the shelf, or from there into the cellar.
    pub(super) fn unpack(&mut self, entity: &Entity) -> Option<usize> {
        let name = self.namer.entity(entity);
        let parcel = self.shelf.take(name).or_else(|| self.fetch(name))?;
        let rows = parcel.unpack(*entity, &self.namer, &mut self.tally);
        Some(self.add_rows(rows))
    }

    fn fetch(&mut self, name: Name) -> Option<Parcel> {
        let parcel = self.in_cellar(|cellar| cellar.take(name))?;
        self.tally.fetched += 1;
        self.tally.bytes += parcel.size(); // as if it had been on the shelf
        Some(parcel)
    }

    fn in_cellar<T>(&mut self, change: impl FnOnce(&mut Cellar) -> T) -> T {
        let before = self.cellar.len();
        let done = change(&mut self.cellar);
        self.tally.bytes = (self.tally.bytes + self.cellar.len() * SPOT_BYTES).saturating_sub(before * SPOT_BYTES);
        done
    }

    fn add_rows(&mut self, rows: EntityRows) -> usize {
        self.tally.bytes += ENTITY_BYTES + rows.beyond.bytes();
        self.entities.push(rows);
        self.last = self.entities.len() - 1;
        self.set_index(self.last);
        self.last
    }

    fn set_index(&mut self, at: usize) {
        let name = self.namer.entity(&self.entities[at].entity);
        self.index.insert(name, u32::try_from(at).expect("entities in memory are fewer than 2³²"));
    }

    /// Whether there is more than may stay.
    pub(super) fn is_over(&self) -> bool {
        self.tally.bytes > self.forget_at
    }

    /// Whether what waits to be written leaves little room for the rest.
    pub(super) fn is_mostly_dirty(&self) -> bool {
        self.tally.dirty_bytes > self.bytes_max / 2
    }

    /// Forgets what has not been used for longest and needs no writing, until there is some room.
    pub(super) fn forget(&mut self) {
        let spare = self.bytes_max / SPARE_PARTS;
        // The first round may find everything used, the second cannot; emptied entities go in the third.
        let mut steps = 3 * (self.entities.len() + self.tally.rows / ROWS_PER_PASS);
        let enough = self.bytes_max - spare;
        while self.tally.bytes > enough && steps > 0 && !self.entities.is_empty() {
            if self.tally.bytes.saturating_sub(self.shelf.bytes) < self.bytes_max / UNPACKED_PARTS && self.drop_parcel()
            {
                continue;
            }
            steps -= 1;
            self.hand = if self.hand + 1 < self.entities.len() { self.hand + 1 } else { 0 };
            self.forget_of(self.hand);
        }
        while self.tally.bytes > enough && self.drop_parcel() {}
        self.forget_at = self.bytes_max.max(self.tally.bytes + spare.max(SPARE_BYTES_MIN));
    }

    fn forget_of(&mut self, at: usize) {
        let Self { entities, tally, .. } = self;
        let EntityRows { rows, beyond, dirty, firsts, whole, used, passes, .. } = &mut entities[at];
        if !*used {
            firsts.forget(tally);
        }
        if rows.len() <= PACKED_ROWS_MAX {
            if std::mem::take(used) {
                return;
            }
            return self.put_away(at);
        }
        if *passes < rows.len() / ROWS_PER_PASS {
            *passes += 1;
            return;
        }
        *passes = 0;
        rows.forget(tally, |name, tag, slot, tally| {
            *whole &= !(u64::from(slot.is_stored()) << tag);
            if let Beyond::Forgotten(keys) = beyond
                && slot.is_stored()
                && keys.add(name, tag)
            {
                tally.bytes += HASH_BYTES;
            }
        });
        if rows.is_empty() && dirty.is_empty() && !*used {
            self.drop_entity(at);
        } else {
            *used = false;
        }
    }

    /// Puts an entity on the shelf.
    fn put_away(&mut self, at: usize) {
        let mut rows = self.take_out(at);
        let name = self.namer.entity(&rows.entity);
        let Self { namer, tally, scratch, shelf, .. } = self;
        match Parcel::pack(&mut rows, name, namer, tally, scratch) {
            Some(parcel) => shelf.put(parcel),
            None => self.note_gone(name, rows.entity.kind as u8, rows.beyond.may_hold_any()),
        }
    }

    /// Takes any parcel from the shelf that needs no writing, into the cellar.
    fn drop_parcel(&mut self) -> bool {
        let Some(parcel) = self.shelf.take_any() else { return false };
        self.tally.bytes = self.tally.bytes.saturating_sub(parcel.size());
        if parcel.has_stored && self.cellar.len() * SPOT_BYTES < self.bytes_max / CELLAR_PARTS {
            self.in_cellar(|cellar| cellar.put(&parcel));
        }
        self.note_gone(parcel.name, parcel.kind, parcel.has_stored);
        true
    }

    fn drop_entity(&mut self, at: usize) {
        let gone = self.take_out(at);
        self.note_gone(self.namer.entity(&gone.entity), gone.entity.kind as u8, gone.beyond.may_hold_any());
    }

    /// Notes that an entity is not here any more.
    fn note_gone(&mut self, name: Name, kind: u8, has_rows: bool) {
        if let Beyond::Forgotten(entities) = &mut self.beyond
            && has_rows
            && entities.add(name, kind)
        {
            self.tally.bytes += HASH_BYTES;
        }
    }

    fn take_out(&mut self, at: usize) -> EntityRows {
        let gone = self.entities.swap_remove(at);
        self.index.remove(&self.namer.entity(&gone.entity));
        self.tally.bytes = self.tally.bytes.saturating_sub(ENTITY_BYTES + gone.beyond.bytes());
        self.last = usize::MAX;
        if at < self.entities.len() {
            self.set_index(at);
        }
        gone
    }
}

impl EntityRows {
    /// Without rows.
    pub(super) fn new(entity: Entity, beyond: Beyond) -> Self {
        let (rows, dirty, firsts) = (Slots::default(), Dirty::default(), Firsts::default());
        Self { entity, rows, beyond, dirty, firsts, whole: 0, vast: 0, used: true, passes: 0 }
    }

    /// Whether there may be rows between these two, here or on disk.
    pub(super) fn may_hold_between(&self, from: &Key, to: &Key) -> bool {
        match self.beyond {
            Beyond::Unknown => true,
            Beyond::Forgotten(_) => self.rows.had_any(from.tag()..=to.tag()),
        }
    }

    /// Notes that somebody asked for it.
    pub(super) fn touch(&mut self) -> &mut Self {
        self.used = true;
        self
    }
}
