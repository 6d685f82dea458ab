//! One entity's rows by key. Nearly all are asked for by their key alone, and are found by its name; those sorts of keys
//! that the fold lists again and again stand in order, as long as there is a row: what was removed and is still on disk is
//! out of the way of a listing, by its name.

use std::collections::{BTreeMap, btree_map, hash_map};
use std::ops::RangeInclusive;

use rustc_hash::FxHashMap;

use super::cache::Tally;
use super::name::Name;
use super::parcel::{Reader, write_number};
use crate::state::{Key, Row};

/// What a slot takes beyond its row, in bytes: the map is between half and full, and the row has a box.
const SLOT_BYTES: usize = (size_of::<Name>() + size_of::<Slot>() + 1) * 4 / 3 + 16;
/// What a slot in order takes more, in bytes.
const LISTED_BYTES: usize = (size_of::<Key>() - size_of::<Name>()) * 4 / 3;

/// Marks of a slot: how often the clock's hand passed, or the entity was put away, since it was last asked for, and these.
pub(super) const IDLE: u8 = 0b111;
/// To be written, and listed as such.
pub(super) const DIRTY: u8 = 1 << 3;
/// There may be a row on disk under this key.
pub(super) const STORED: u8 = 1 << 4;

/// Unit in which a slot remembers the memory of its row, in bytes: above 1 MiB it counts less than there is.
const COUNTED_BYTES: usize = 16;

/// A row, as it is here.
#[derive(Debug)]
enum Held {
    /// There is none.
    Nothing,
    /// Its bytes, which nobody has asked for yet.
    Bytes,
    /// As the fold sees it.
    Row(Row),
}

/// What is known under one key.
#[derive(Debug)]
pub(super) struct Slot {
    row: Held,
    /// Where in [`Slots::body`] its bytes are, after their number, unless it has changed since: [`NOWHERE`] then.
    at: u32,
    /// Memory of the row as last counted.
    counted: u16,
    /// Which sort of key.
    pub(super) tag: u8,
    marks: u8,
}

/// No place in [`Slots::body`].
const NOWHERE: u32 = u32::MAX;

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
    /// Rows that were brought here as bytes.
    body: Vec<u8>,
}

impl Slot {
    /// As read from disk.
    pub(super) fn read(key: &Key, row: Option<Row>) -> Self {
        let marks = if row.is_some() { STORED } else { 0 };
        Self { row: row.map_or(Held::Nothing, Held::Row), at: NOWHERE, counted: 0, tag: key.tag(), marks }
    }

    /// As known before looking: perhaps there is a row on disk, and it is to go.
    pub(super) fn unseen(key: &Key) -> Self {
        Self { marks: STORED, ..Self::read(key, None) }
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.marks & DIRTY != 0
    }

    pub(super) fn is_stored(&self) -> bool {
        self.marks & STORED != 0
    }

    pub(super) fn set_stored(&mut self, stored: bool) {
        self.marks = self.marks & !STORED | if stored { STORED } else { 0 };
    }

    pub(super) fn idle(&self) -> u8 {
        self.marks & IDLE
    }

    /// Notes that it was asked for.
    fn touch(&mut self) {
        self.marks &= !IDLE;
    }

    /// Its marks, after one more round in which nobody asked for it.
    pub(super) fn marks_when_put_away(&self) -> u8 {
        self.marks & !IDLE | (self.idle() + 1).min(IDLE)
    }

    /// Whether there is a row.
    pub(super) fn has_row(&self) -> bool {
        !matches!(self.row, Held::Nothing)
    }

    /// The row, where it has been opened.
    pub(super) fn row(&mut self) -> Option<&mut Row> {
        if let Held::Row(row) = &mut self.row { Some(row) } else { None }
    }

    /// Makes a row of what is here as bytes; none where `read` cannot.
    #[inline]
    pub(super) fn open(&mut self, body: &[u8], tally: &mut Tally, read: impl FnOnce(&[u8]) -> Option<Row>) {
        if matches!(self.row, Held::Bytes) {
            self.row = self.bytes(body).and_then(read).map_or(Held::Nothing, Held::Row);
            self.weigh(tally);
        }
    }

    /// The row's bytes, where it has not changed since they were brought here.
    fn bytes<'a>(&self, body: &'a [u8]) -> Option<&'a [u8]> {
        if self.at == NOWHERE { None } else { Reader(&body[self.at as usize..]).sized() }
    }

    /// A copy of the row, if there is one that can be read.
    pub(super) fn read_row(&self, body: &[u8]) -> Option<Row> {
        match &self.row {
            Held::Nothing => None,
            Held::Bytes => Row::read(self.bytes(body)?).ok(),
            Held::Row(row) => Some(row.clone()),
        }
    }

    /// Appends the row's bytes, where there is one.
    pub(super) fn write(&self, body: &[u8], out: &mut Vec<u8>) -> bool {
        match (self.bytes(body), &self.row) {
            (_, Held::Nothing) => return false,
            (None, Held::Row(row)) => row.write(out),
            (bytes, _) => out.extend_from_slice(bytes.expect("a row that was not opened has its bytes")),
        }
        true
    }

    /// Appends the row's bytes after their number, where there is a row.
    pub(super) fn write_sized(&self, body: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
        scratch.clear();
        if self.write(body, scratch) {
            write_number(scratch.len() as u64, out);
            out.extend_from_slice(scratch);
        }
    }

    /// Counts the row again, which may have grown.
    pub(super) fn weigh(&mut self, tally: &mut Tally) {
        let before = self.counted_bytes();
        let now = if let Held::Row(row) = &self.row { row.heap_bytes() } else { 0 };
        self.counted = u16::try_from(now.div_ceil(COUNTED_BYTES)).unwrap_or(u16::MAX);
        tally.bytes = (tally.bytes + self.counted_bytes()).saturating_sub(before);
    }

    /// Puts a row there.
    pub(super) fn fill(&mut self, row: Row, tally: &mut Tally) {
        (self.row, self.at) = (Held::Row(row), NOWHERE);
        self.weigh(tally);
    }

    fn counted_bytes(&self) -> usize {
        usize::from(self.counted) * COUNTED_BYTES
    }

    fn own_bytes(&self) -> usize {
        SLOT_BYTES + if Key::is_listed(self.tag) { LISTED_BYTES } else { 0 }
    }

    fn count_in(&mut self, tally: &mut Tally) {
        self.weigh(tally);
        tally.bytes += self.own_bytes();
        tally.rows += 1;
    }

    pub(super) fn count_out(&self, tally: &mut Tally) {
        tally.bytes = tally.bytes.saturating_sub(self.own_bytes() + self.counted_bytes());
        tally.rows -= 1;
    }

    /// Marks a slot to be written. Returns whether it is to be listed.
    pub(super) fn soil(&mut self, tally: &mut Tally) -> bool {
        if self.is_dirty() {
            return false;
        }
        self.marks |= DIRTY;
        tally.dirty_bytes += self.own_bytes() + self.counted_bytes();
        true
    }

    /// Notes that the row is about to change.
    pub(super) fn change(&mut self) {
        self.at = NOWHERE;
    }

    /// Notes that it is written.
    pub(super) fn clean(&mut self, tally: &mut Tally) {
        self.marks &= !DIRTY;
        self.weigh(tally);
    }

    /// Takes what it counts as to be written out of the count.
    pub(super) fn count_clean(&self, tally: &mut Tally) {
        tally.dirty_bytes = tally.dirty_bytes.saturating_sub(self.own_bytes() + self.counted_bytes());
    }

    /// Whether it may go now; if it was used, it stays for one more round.
    fn may_go(&mut self) -> bool {
        let was_idle = self.idle() > 0;
        self.marks = self.marks_when_put_away();
        was_idle && !self.is_dirty()
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

    /// Bit n: there is or was a slot with tag n.
    pub(super) fn tags(&self) -> u64 {
        self.tags
    }

    pub(super) fn get(&self, at: Named<'_>) -> Option<&Slot> {
        let in_order = Key::is_listed(at.key.tag()).then(|| self.in_order.get(at.key)).flatten();
        in_order.map(|(_, slot)| slot).or_else(|| self.by_name.get(&at.name))
    }

    pub(super) fn get_mut(&mut self, at: Named<'_>) -> Option<(&mut Slot, &[u8])> {
        let in_order = Key::is_listed(at.key.tag()).then(|| self.in_order.get_mut(at.key)).flatten();
        let slot = in_order.map(|(_, slot)| slot).or_else(|| self.by_name.get_mut(&at.name))?;
        Some((slot, &self.body))
    }

    /// The slot under a key, and what its row may be bytes of; if there is no slot, what `make` gives is put there, if it
    /// gives one.
    pub(super) fn reach<E>(
        &mut self,
        at: Named<'_>,
        tally: &mut Tally,
        make: impl FnOnce(&mut Tally) -> Result<Option<Slot>, E>,
    ) -> Result<Option<(&mut Slot, &[u8])>, E> {
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
        slot.touch();
        if is_new {
            self.tags |= 1 << slot.tag;
            slot.count_in(tally);
        } else {
            tally.hits += 1;
        }
        Ok(Some((slot, &self.body)))
    }

    /// Takes the row out of a slot that stays. Returns the slot and whether there was a row.
    pub(super) fn empty(&mut self, at: Named<'_>, tally: &mut Tally) -> Option<(&mut Slot, bool)> {
        if Key::is_listed(at.key.tag())
            && let Some((name, slot)) = self.in_order.remove(at.key)
        {
            self.by_name.insert(name, slot);
        }
        let slot = self.by_name.get_mut(&at.name)?;
        slot.touch();
        let had = slot.has_row();
        (slot.row, slot.at) = (Held::Nothing, NOWHERE);
        slot.weigh(tally);
        Some((slot, had))
    }

    /// Takes a slot without a row away.
    pub(super) fn drop_empty(&mut self, at: Named<'_>, tally: &mut Tally) {
        let in_order = Key::is_listed(at.key.tag()).then(|| self.in_order.remove(at.key)).flatten();
        if let Some(slot) = in_order.map(|(_, slot)| slot).or_else(|| self.by_name.remove(&at.name)) {
            debug_assert!(!slot.has_row(), "a row is never dropped with its slot");
            if slot.is_dirty() {
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
            if slot.has_row() {
                slot.touch();
                found.push(*key);
            }
        }
        found
    }

    /// What rows may be bytes of.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
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
        if self.is_empty() {
            tally.bytes = tally.bytes.saturating_sub(self.body.len());
            self.body = Vec::new();
        }
        if self.by_name.len() * 4 < self.by_name.capacity() {
            self.by_name.shrink_to(self.by_name.len() * 2);
        }
    }

    /// Puts a slot there whose row is bytes, or of which it is known that there is none, and which was not asked for since
    /// `idle` rounds.
    pub(super) fn keep(&mut self, key: &Key, name: Name, row: Option<usize>, idle: u8, tally: &mut Tally) -> &mut Slot {
        let mut slot = Slot { marks: idle, ..Slot::read(key, None) };
        if let Some(at) = row {
            slot.at = u32::try_from(at).expect("an entity's rows in bytes take less than 4 GiB");
            (slot.row, slot.marks) = (Held::Bytes, idle | STORED);
        }
        slot.count_in(tally);
        self.tags |= 1 << slot.tag;
        if Key::is_listed(slot.tag) && slot.has_row() {
            &mut self.in_order.entry(*key).insert_entry((name, slot)).into_mut().1
        } else {
            self.by_name.entry(name).insert_entry(slot).into_mut()
        }
    }

    /// Adds the bytes of a row, and says where.
    pub(super) fn add_bytes(&mut self, bytes: &[u8], tally: &mut Tally) -> usize {
        let at = self.body.len();
        write_number(bytes.len() as u64, &mut self.body);
        self.body.extend_from_slice(bytes);
        tally.bytes += self.body.len() - at;
        at
    }

    /// Makes room for so many slots.
    pub(super) fn begin(&mut self, count: usize, tags: u64) {
        self.by_name.reserve(count);
        self.tags = tags;
    }

    /// Gives the slots the bytes that they are of.
    pub(super) fn set_body(&mut self, body: Vec<u8>, tally: &mut Tally) {
        tally.bytes += body.len();
        self.body = body;
    }

    /// Takes all out: slots, each with its key where its name tells it, and the bytes that their rows are of.
    pub(super) fn take(
        &mut self,
        tally: &mut Tally,
    ) -> (impl Iterator<Item = (Option<Key>, Name, Slot)> + use<>, Vec<u8>) {
        tally.bytes = tally.bytes.saturating_sub(self.body.len());
        let by_name = std::mem::take(&mut self.by_name).into_iter().map(|(name, slot)| {
            let key = name.short_key().filter(|key| key.tag() == slot.tag);
            (key, name, slot)
        });
        let in_order =
            std::mem::take(&mut self.in_order).into_iter().map(|(key, (name, slot))| (Some(key), name, slot));
        (by_name.chain(in_order), std::mem::take(&mut self.body))
    }
}
