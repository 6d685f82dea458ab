//! One entity's rows by key: by hash, since nearly all are asked for by their key; and in order, for those sorts of keys
//! that are scanned. The order of a sort is made when it is first wanted, and kept from then on.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::cache::Tally;
use crate::state::{Key, Row};

/// What a slot takes beyond its row, in bytes: the map is between half and full, and the row has a box.
const SLOT_BYTES: usize = (size_of::<Key>() + size_of::<Slot>() + 1) * 4 / 3 + 16;
/// What a key takes in an order, in bytes.
const ORDER_BYTES: usize = size_of::<Key>() * 4 / 3;

/// What is known under one key.
#[derive(Debug)]
pub(super) struct Slot {
    /// The row, or that there is none.
    pub(super) row: Option<Row>,
    /// As last counted.
    bytes: u32,
    /// To be written, and listed as such.
    pub(super) dirty: bool,
    /// Whether there may be a row on disk under this key.
    pub(super) stored: bool,
    /// Since the clock's hand last passed.
    pub(super) used: bool,
}

/// Rows by key.
#[derive(Debug, Default)]
pub(super) struct Slots {
    by_key: FxHashMap<Key, Slot>,
    orders: Orders,
}

/// Keys of rows, in order, by their tag; only of tags that were scanned.
#[derive(Debug, Default)]
pub(super) struct Orders(Vec<(u8, BTreeSet<Key>)>);

impl Slot {
    /// As read from disk.
    pub(super) fn read(row: Option<Row>) -> Self {
        Self { stored: row.is_some(), row, bytes: 0, dirty: false, used: true }
    }

    /// As known before looking: perhaps there is a row on disk, and it is to go.
    pub(super) fn unseen() -> Self {
        Self { stored: true, ..Self::read(None) }
    }

    /// Counts the row again, which may have grown.
    pub(super) fn weigh(&mut self, tally: &mut Tally) {
        let now = self.row.as_ref().map_or(0, Row::heap_bytes);
        tally.bytes = (tally.bytes + now).saturating_sub(self.bytes as usize);
        self.bytes = u32::try_from(now).unwrap_or(u32::MAX);
    }

    fn count_in(&mut self, tally: &mut Tally) {
        self.weigh(tally);
        tally.bytes += SLOT_BYTES;
        tally.rows += 1;
    }

    fn count_out(&self, tally: &mut Tally) {
        tally.bytes = tally.bytes.saturating_sub(SLOT_BYTES + self.bytes as usize);
        tally.rows -= 1;
    }

    /// Marks a slot to be written. Returns whether it is to be listed.
    pub(super) fn soil(&mut self, tally: &mut Tally) -> bool {
        if self.dirty {
            return false;
        }
        self.dirty = true;
        tally.dirty_bytes += SLOT_BYTES + self.bytes as usize;
        true
    }
}

impl Orders {
    fn of(&mut self, tag: u8) -> Option<&mut BTreeSet<Key>> {
        self.0.iter_mut().find(|order| order.0 == tag).map(|order| &mut order.1)
    }

    /// A row has come.
    fn add(&mut self, key: &Key, tally: &mut Tally) {
        if !self.0.is_empty() && self.of(key.tag()).is_some_and(|order| order.insert(*key)) {
            tally.bytes += ORDER_BYTES;
        }
    }

    /// A row has gone.
    fn remove(&mut self, key: &Key, tally: &mut Tally) {
        if !self.0.is_empty() && self.of(key.tag()).is_some_and(|order| order.remove(key)) {
            tally.bytes = tally.bytes.saturating_sub(ORDER_BYTES);
        }
    }
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Slot> {
        self.by_key.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut Slot> {
        self.by_key.get_mut(key)
    }

    /// The slot under a key; if there is none, what `make` gives is put there, if it gives one.
    pub(super) fn reach<E>(
        &mut self,
        key: &Key,
        tally: &mut Tally,
        make: impl FnOnce(&mut Tally) -> Result<Option<Slot>, E>,
    ) -> Result<Option<&mut Slot>, E> {
        Ok(match self.by_key.entry(*key) {
            Entry::Occupied(slot) => {
                let slot = slot.into_mut();
                slot.used = true;
                tally.hits += 1;
                Some(slot)
            }
            Entry::Vacant(place) => match make(tally)? {
                Some(slot) => {
                    if slot.row.is_some() {
                        self.orders.add(key, tally);
                    }
                    let slot = place.insert(slot);
                    slot.count_in(tally);
                    Some(slot)
                }
                None => None,
            },
        })
    }

    /// Puts a row under a key; where nothing was known, `stored` says whether there may be one on disk.
    pub(super) fn put(&mut self, key: &Key, row: Row, tally: &mut Tally, stored: impl FnOnce() -> bool) -> &mut Slot {
        self.orders.add(key, tally);
        match self.by_key.entry(*key) {
            Entry::Occupied(slot) => {
                let slot = slot.into_mut();
                slot.row = Some(row);
                slot.used = true;
                slot.weigh(tally);
                slot
            }
            Entry::Vacant(place) => {
                let slot = place.insert(Slot { stored: stored(), ..Slot::read(Some(row)) });
                slot.count_in(tally);
                slot
            }
        }
    }

    /// Takes the row out of a slot that stays. Returns the slot and whether there was a row.
    pub(super) fn empty(&mut self, key: &Key, tally: &mut Tally) -> Option<(&mut Slot, bool)> {
        self.orders.remove(key, tally);
        let slot = self.by_key.get_mut(key)?;
        slot.used = true;
        let had = slot.row.take().is_some();
        slot.weigh(tally);
        Some((slot, had))
    }

    /// Takes a slot without a row away.
    pub(super) fn drop_empty(&mut self, key: &Key, tally: &mut Tally) {
        if let Some(slot) = self.by_key.remove(key) {
            debug_assert!(slot.row.is_none(), "a row is never dropped with its slot");
            slot.count_out(tally);
        }
    }

    /// The first `limit` keys with a row from `from` on and before `to`.
    pub(super) fn scan(&mut self, from: &Key, to: &Key, limit: usize, tally: &mut Tally) -> Vec<Key> {
        let mut found = Vec::new();
        for tag in from.tag()..=to.tag() {
            if found.len() == limit {
                break;
            }
            self.put_in_order(tag, tally);
            let order = self.orders.of(tag).expect("it was just made");
            found.extend(order.range(from..to).take(limit - found.len()));
        }
        for key in &found {
            self.by_key.get_mut(key).expect("what stands in an order has a slot").used = true;
        }
        found
    }

    fn put_in_order(&mut self, tag: u8, tally: &mut Tally) {
        if self.orders.of(tag).is_none() {
            let live = self.by_key.iter().filter(|(key, slot)| key.tag() == tag && slot.row.is_some());
            let order: BTreeSet<Key> = live.map(|(key, _)| *key).collect();
            tally.bytes += ORDER_BYTES * order.len();
            self.orders.0.push((tag, order));
        }
    }

    /// Lets go of slots that were not used since the last time and need no writing, telling `gone` of each.
    pub(super) fn forget(&mut self, tally: &mut Tally, mut gone: impl FnMut(&Key, &Slot, &mut Tally)) {
        let orders = &mut self.orders;
        self.by_key.retain(|key, slot| {
            if slot.used || slot.dirty {
                slot.used = false;
                return true;
            }
            gone(key, slot, tally);
            orders.remove(key, tally);
            slot.count_out(tally);
            tally.forgotten += 1;
            false
        });
        if self.by_key.len() * 4 < self.by_key.capacity() {
            self.by_key.shrink_to(self.by_key.len() * 2);
        }
    }

    /// Notes that nobody has asked for these by themselves.
    pub(super) fn mark_unused(&mut self) {
        self.by_key.values_mut().for_each(|slot| slot.used = false);
    }
}
