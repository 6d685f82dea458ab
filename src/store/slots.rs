//! One entity's rows by key. Nearly all are asked for by their key alone, and are found by its name; those sorts of keys
//! that the fold lists again and again stand in order, as long as there is a row: what was removed and is still on disk is
//! out of the way of a listing, by its name.

use std::collections::{BTreeMap, btree_map, hash_map};
use std::ops::RangeInclusive;

use rustc_hash::FxHashMap;

use super::cache::Tally;
use super::name::Name;
use crate::state::{Key, Row};

/// What a slot takes beyond its row, in bytes: the map is between half and full, and the row has a box.
const SLOT_BYTES: usize = (size_of::<Name>() + size_of::<Slot>() + 1) * 4 / 3 + 16;
/// What a slot in order takes more, in bytes.
const LISTED_BYTES: usize = (size_of::<Key>() - size_of::<Name>()) * 4 / 3;

/// What is known under one key.
#[derive(Debug)]
pub(super) struct Slot {
    /// The row, or that there is none.
    pub(super) row: Option<Row>,
    /// As last counted.
    bytes: u32,
    /// Which sort of key.
    tag: u8,
    /// To be written, and listed as such.
    pub(super) dirty: bool,
    /// Whether there may be a row on disk under this key.
    pub(super) stored: bool,
    /// Since the clock's hand last passed.
    used: bool,
}

/// A key with its name, which is worked out once for all that is asked about it.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) key: &'a Key,
    pub(super) name: Name,
}

/// Rows by key.
#[derive(Debug, Default)]
pub(super) struct Slots {
    by_name: FxHashMap<Name, Slot>,
    /// Of those keys that [`Key::is_listed`], where there is a row, or one was asked for.
    in_order: BTreeMap<Key, (Name, Slot)>,
    /// Bit n: there is or was a slot with tag n.
    tags: u64,
}

impl Slot {
    /// As read from disk.
    pub(super) fn read(key: &Key, row: Option<Row>) -> Self {
        Self { stored: row.is_some(), row, bytes: 0, tag: key.tag(), dirty: false, used: true }
    }

    /// As known before looking: perhaps there is a row on disk, and it is to go.
    pub(super) fn unseen(key: &Key) -> Self {
        Self { stored: true, ..Self::read(key, None) }
    }

    /// Counts the row again, which may have grown.
    pub(super) fn weigh(&mut self, tally: &mut Tally) {
        let now = self.row.as_ref().map_or(0, Row::heap_bytes);
        tally.bytes = (tally.bytes + now).saturating_sub(self.bytes as usize);
        self.bytes = u32::try_from(now).unwrap_or(u32::MAX);
    }

    /// Puts a row there.
    pub(super) fn fill(&mut self, row: Row, tally: &mut Tally) {
        self.row = Some(row);
        self.weigh(tally);
    }

    fn own_bytes(&self) -> usize {
        SLOT_BYTES + if Key::is_listed(self.tag) { LISTED_BYTES } else { 0 }
    }

    fn count_in(&mut self, tally: &mut Tally) {
        self.weigh(tally);
        tally.bytes += self.own_bytes();
        tally.rows += 1;
    }

    fn count_out(&self, tally: &mut Tally) {
        tally.bytes = tally.bytes.saturating_sub(self.own_bytes() + self.bytes as usize);
        tally.rows -= 1;
    }

    /// Marks a slot to be written. Returns whether it is to be listed.
    pub(super) fn soil(&mut self, tally: &mut Tally) -> bool {
        if self.dirty {
            return false;
        }
        self.dirty = true;
        tally.dirty_bytes += self.own_bytes() + self.bytes as usize;
        true
    }

    /// Whether it may go now; if it was used, it stays for one more round.
    fn may_go(&mut self) -> bool {
        !std::mem::take(&mut self.used) && !self.dirty
    }
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.by_name.len() + self.in_order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty() && self.in_order.is_empty()
    }

    /// Whether there are or were slots with any of these tags.
    pub(super) fn had_any(&self, mut tags: RangeInclusive<u8>) -> bool {
        tags.any(|tag| self.tags & (1 << tag) != 0)
    }

    pub(super) fn get(&self, at: Named<'_>) -> Option<&Slot> {
        let in_order = Key::is_listed(at.key.tag()).then(|| self.in_order.get(at.key)).flatten();
        in_order.map(|(_, slot)| slot).or_else(|| self.by_name.get(&at.name))
    }

    pub(super) fn get_mut(&mut self, at: Named<'_>) -> Option<&mut Slot> {
        let in_order = Key::is_listed(at.key.tag()).then(|| self.in_order.get_mut(at.key)).flatten();
        in_order.map(|(_, slot)| slot).or_else(|| self.by_name.get_mut(&at.name))
    }

    /// The slot under a key; if there is none, what `make` gives is put there, if it gives one.
    pub(super) fn reach<E>(
        &mut self,
        at: Named<'_>,
        tally: &mut Tally,
        make: impl FnOnce(&mut Tally) -> Result<Option<Slot>, E>,
    ) -> Result<Option<&mut Slot>, E> {
        let (slot, is_new) = if Key::is_listed(at.key.tag()) {
            match self.in_order.entry(*at.key) {
                btree_map::Entry::Occupied(slot) => (&mut slot.into_mut().1, false),
                btree_map::Entry::Vacant(place) => match self.by_name.remove(&at.name) {
                    Some(slot) => (&mut place.insert((at.name, slot)).1, false),
                    None => match make(tally)? {
                        Some(slot) => (&mut place.insert((at.name, slot)).1, true),
                        None => return Ok(None),
                    },
                },
            }
        } else {
            match self.by_name.entry(at.name) {
                hash_map::Entry::Occupied(slot) => (slot.into_mut(), false),
                hash_map::Entry::Vacant(place) => match make(tally)? {
                    Some(slot) => (place.insert(slot), true),
                    None => return Ok(None),
                },
            }
        };
        slot.used = true;
        if is_new {
            self.tags |= 1 << slot.tag;
            slot.count_in(tally);
        } else {
            tally.hits += 1;
        }
        Ok(Some(slot))
    }

    /// Takes the row out of a slot that stays. Returns the slot and whether there was a row.
    pub(super) fn empty(&mut self, at: Named<'_>, tally: &mut Tally) -> Option<(&mut Slot, bool)> {
        if Key::is_listed(at.key.tag())
            && let Some((name, slot)) = self.in_order.remove(at.key)
        {
            self.by_name.insert(name, slot);
        }
        let slot = self.by_name.get_mut(&at.name)?;
        slot.used = true;
        let had = slot.row.take().is_some();
        slot.weigh(tally);
        Some((slot, had))
    }

    /// Takes a slot without a row away.
    pub(super) fn drop_empty(&mut self, at: Named<'_>, tally: &mut Tally) {
        let in_order = Key::is_listed(at.key.tag()).then(|| self.in_order.remove(at.key)).flatten();
        if let Some(slot) = in_order.map(|(_, slot)| slot).or_else(|| self.by_name.remove(&at.name)) {
            debug_assert!(slot.row.is_none(), "a row is never dropped with its slot");
            if slot.dirty {
                tally.dirty_bytes = tally.dirty_bytes.saturating_sub(slot.own_bytes());
            }
            slot.count_out(tally);
        }
    }

    /// The first `limit` keys with a row that stand in order, from `from` on and before `to`.
    pub(super) fn scan(&mut self, from: &Key, to: &Key, limit: usize) -> Vec<Key> {
        let mut found = Vec::new();
        // Nearly all listings are short: to look for the end as well would cost as much as to look for the beginning.
        for (key, (_, slot)) in self.in_order.range_mut(from..) {
            if found.len() == limit || key >= to {
                break;
            }
            if slot.row.is_some() {
                slot.used = true;
                found.push(*key);
            }
        }
        found
    }

    /// Lets go of slots that were not used since the last time and need no writing, telling `gone` of each.
    pub(super) fn forget(&mut self, tally: &mut Tally, mut gone: impl FnMut(Name, u8, &Slot, &mut Tally)) {
        let mut keep = |name: Name, slot: &mut Slot| {
            if !slot.may_go() {
                return true;
            }
            gone(name, slot.tag, slot, tally);
            slot.count_out(tally);
            tally.forgotten += 1;
            false
        };
        self.by_name.retain(|name, slot| keep(*name, slot));
        self.in_order.retain(|_, (name, slot)| keep(*name, slot));
        if self.by_name.len() * 4 < self.by_name.capacity() {
            self.by_name.shrink_to(self.by_name.len() * 2);
        }
    }

    /// Notes that nobody has asked for these by themselves.
    pub(super) fn mark_unused(&mut self) {
        self.by_name.values_mut().for_each(|slot| slot.used = false);
        self.in_order.values_mut().for_each(|(_, slot)| slot.used = false);
    }
}
