//! Rows in memory, by entity, as the fold sees them; which of them are to be written, which may be forgotten, and what
//! is known about keys that are not here. Reads and writes no disk.
//!
//! Forgetting is by row, clock-wise: a row that was used since the hand last passed stays for one more round, whoever's
//! it is, so that a hub of a million rows gives up its old ones like everybody else. What is forgotten of an entity
//! whose rows were all known leaves a 32-bit hash of its key behind: a key whose hash is not there is on no disk, and
//! asking for it costs nothing. Most keys of a new invoice are of that sort. The same goes for whole entities.

use rustc_hash::{FxHashMap, FxHashSet};

use super::dirty::Dirty;
use super::firsts::Firsts;
use super::name::{Name, Namer};
use super::slots::{Named, Slots};
use crate::model::Entity;
use crate::state::Key;

/// What an entity takes by itself, in bytes.
const ENTITY_BYTES: usize = size_of::<EntityRows>() + 2 * (size_of::<Name>() + size_of::<u32>());
/// What a remembered hash takes, in bytes: the set is between half and full.
const HASH_BYTES: usize = 8;
/// Part of the bound that is freed at once, so that forgetting is rare.
const SPARE_PARTS: usize = 16;

/// What an entity's keys that are not cached may be.
#[derive(Debug)]
pub(super) enum Beyond {
    /// Anything.
    Unknown,
    /// On disk, if among what was forgotten.
    Forgotten(Forgotten),
}

/// Keys that were forgotten while all were known.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    hashes: FxHashSet<u32>,
    /// Bit n: there is one with tag n.
    tags: u64,
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
}

/// All of it.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) entities: Vec<EntityRows>,
    namer: Namer,
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
}

impl Forgotten {
    /// Whether it was not there before.
    fn add(&mut self, name: Name, tag: u8) -> bool {
        self.tags |= 1 << tag;
        self.hashes.insert(name.short())
    }
}

impl Beyond {
    /// Whether a key that is not cached may be on disk.
    pub(super) fn may_hold(&self, name: Name) -> bool {
        match self {
            Self::Unknown => true,
            Self::Forgotten(keys) => !keys.hashes.is_empty() && keys.hashes.contains(&name.short()),
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
    pub(super) fn new(bytes_max: usize, seed: Option<u64>, is_fresh: bool) -> Self {
        Self {
            beyond: if is_fresh { Beyond::Forgotten(Forgotten::default()) } else { Beyond::Unknown },
            entities: Vec::new(),
            namer: Namer::new(seed),
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
        Named { key, name: self.namer.name(key) }
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
        self.beyond.may_hold(self.namer.name(entity))
    }

    /// Where an entity is, without noting that it was asked for.
    pub(super) fn peek(&self, entity: &Entity) -> Option<usize> {
        self.index.get(&self.namer.name(entity)).map(|at| *at as usize)
    }

    /// Adds an entity that is not here.
    pub(super) fn add(&mut self, entity: Entity, rows: Slots, beyond: Beyond) -> usize {
        self.tally.bytes += ENTITY_BYTES;
        let (dirty, firsts) = (Dirty::default(), Firsts::default());
        self.entities.push(EntityRows { entity, rows, beyond, dirty, firsts, whole: 0, vast: 0, used: true });
        self.last = self.entities.len() - 1;
        self.set_index(self.last);
        self.last
    }

    fn set_index(&mut self, at: usize) {
        let name = self.namer.name(&self.entities[at].entity);
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
        let mut steps = 3 * self.entities.len();
        while self.tally.bytes > self.bytes_max - spare && steps > 0 && !self.entities.is_empty() {
            steps -= 1;
            self.hand = if self.hand + 1 < self.entities.len() { self.hand + 1 } else { 0 };
            self.forget_of(self.hand);
        }
        self.forget_at = self.bytes_max.max(self.tally.bytes + spare);
    }

    fn forget_of(&mut self, at: usize) {
        let Self { entities, tally, .. } = self;
        let EntityRows { rows, beyond, dirty, firsts, whole, used, .. } = &mut entities[at];
        if !*used {
            firsts.forget(tally);
        }
        rows.forget(tally, |name, tag, slot, tally| {
            *whole &= !(u64::from(slot.stored) << tag);
            if let Beyond::Forgotten(keys) = beyond
                && slot.stored
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

    fn drop_entity(&mut self, at: usize) {
        let gone = self.entities.swap_remove(at);
        let name = self.namer.name(&gone.entity);
        self.index.remove(&name);
        let (hashes, has_rows) = match &gone.beyond {
            Beyond::Unknown => (0, true),
            Beyond::Forgotten(keys) => (keys.hashes.len(), !keys.hashes.is_empty()),
        };
        self.tally.bytes = self.tally.bytes.saturating_sub(ENTITY_BYTES + HASH_BYTES * hashes);
        if let Beyond::Forgotten(entities) = &mut self.beyond
            && has_rows
            && entities.add(name, gone.entity.kind as u8)
        {
            self.tally.bytes += HASH_BYTES;
        }
        self.last = usize::MAX;
        if at < self.entities.len() {
            self.set_index(at);
        }
    }
}

impl EntityRows {
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
