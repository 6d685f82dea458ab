//! An entity's rows as bytes, while nobody asks for them: a fifth of what they take as the fold sees them, and brought back
//! a hundred times sooner than from files. What waits to be written is among them, as the bytes that are to be written.
//!
//! ```text
//! per row  marks; the key: where it is short ([`Key::short`]) its tag and number, else its length behind the entity's
//!          prefix, and that; where there is a row, its length, and that
//! then     whole, vast, tags; 0 where nothing is known of other keys, else 1 and those that are remembered
//! ```
//! Numbers are postcard's, varints. All of it is packed with LZ4.

use super::cache::{Beyond, EntityRows, Tally};
use super::dirty::Dirty;
use super::forgotten::Forgotten;
use super::name::{Name, Namer};
use super::slots::{DIRTY, IDLE, STORED};
use crate::model::Entity;
use crate::state::{Key, Row};

/// What a parcel takes beside its bytes, in bytes: itself, its place in an index between half and full, and what the
/// allocator adds.
pub(super) const PARCEL_BYTES: usize = size_of::<Parcel>() + (size_of::<Name>() + size_of::<u32>()) * 3 / 2 + 16;
/// How often rows are put away before they are left behind, unless they are asked for in between, or are of those kinds
/// that nearly every visit asks for.
const IDLE_MAX: u8 = 7;

/// What a number takes at most, in bytes.
const NUMBER_BYTES_MAX: usize = 10;

/// Marks of a row beside those of its slot.
const HAS_ROW: u8 = 1 << 5;
const SHORT: u8 = 1 << 6;

/// An entity's rows as bytes.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) name: Name,
    bytes: Box<[u8]>,
    /// How many they stand for, and where among those the rows end.
    unpacked: u32,
    rows_end: u32,
    rows: u32,
    /// Whether rows wait to be written. Where they do not, whatever is marked so has been written.
    pub(super) is_dirty: bool,
    /// Whether there may be rows on disk.
    pub(super) has_stored: bool,
    /// Of the entity.
    pub(super) kind: u8,
}

/// Reads what was written here.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// One row of a parcel.
struct Entry<'a> {
    marks: u8,
    short: u64,
    rest: &'a [u8],
    row: &'a [u8],
    /// How much follows from the row's length on.
    from_row: usize,
}

pub(super) fn write_number(number: u64, out: &mut Vec<u8>) {
    let mut bytes = [0; NUMBER_BYTES_MAX];
    out.extend_from_slice(postcard::to_slice(&number, &mut bytes).expect("there is room for any number"));
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let (number, rest) = postcard::take_from_bytes(self.0).ok()?;
        self.0 = rest;
        Some(number)
    }

    pub(super) fn sized(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.take(count)
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let marks = self.byte()?;
        let (mut short, mut rest) = (0, &[][..]);
        if marks & SHORT == 0 {
            rest = self.sized()?;
        } else {
            short = u64::from(self.byte()?) << 32 | self.number()?;
        }
        let from_row = self.0.len();
        let row = if marks & HAS_ROW == 0 { &[][..] } else { self.sized()? };
        Some(Entry { marks, short, rest, row, from_row })
    }
}

impl Entry<'_> {
    fn key(&self) -> Option<Key> {
        if self.marks & SHORT == 0 { Key::read_rest(self.rest).ok() } else { Key::from_short(self.short) }
    }

    /// The full key's bytes.
    fn write_key(&self, entity: &Entity, bytes: &mut Vec<u8>) -> Option<()> {
        if self.marks & SHORT == 0 {
            Key::write_prefix(entity, bytes);
            bytes.extend_from_slice(self.rest);
        } else {
            Key::from_short(self.short)?.write(entity, bytes);
        }
        Some(())
    }
}

impl Parcel {
    /// Puts an entity's rows away. Left behind are those that need no writing and have been idle for long, or whose keys are
    /// neither short nor listed: in memory they are known by their names alone. `None` where nothing is left to keep.
    pub(super) fn pack(
        entity: &mut EntityRows,
        name: Name,
        namer: &Namer,
        tally: &mut Tally,
        [out, part]: &mut [Vec<u8>; 2],
    ) -> Option<Self> {
        let EntityRows { entity, rows, beyond, dirty, whole, vast, .. } = entity;
        let long = dirty.iter().filter(|key| key.short().is_none());
        let mut waiting: Vec<(Name, Key)> = long.map(|key| (namer.key(key), *key)).collect();
        waiting.sort_unstable_by_key(|(name, _)| *name);
        *dirty = Dirty::default();
        let listed = |name: &Name| Some(waiting[waiting.binary_search_by_key(name, |(name, _)| *name).ok()?].1);
        let tags = rows.tags();
        out.clear();
        let (mut count, mut is_dirty, mut has_stored) = (0, false, false);
        let (slots, body) = rows.take(tally);
        for (key, name, slot) in slots {
            slot.count_out(tally);
            has_stored |= slot.is_stored() || slot.is_dirty();
            let keeps = slot.is_dirty() || slot.idle() < IDLE_MAX || Key::is_asked_first(slot.tag);
            let Some(key) = key.or_else(|| listed(&name)).filter(|_| keeps) else {
                debug_assert!(!slot.is_dirty(), "the key of every dirty slot is listed");
                *whole &= !(u64::from(slot.is_stored()) << slot.tag);
                if let Beyond::Forgotten(keys) = beyond
                    && slot.is_stored()
                {
                    keys.add(name, slot.tag);
                }
                tally.forgotten += 1;
                continue;
            };
            count += 1;
            is_dirty |= slot.is_dirty();
            if slot.is_dirty() {
                slot.count_clean(tally);
            }
            let marks = slot.marks_when_put_away() | if slot.has_row() { HAS_ROW } else { 0 };
            if let Some(short) = key.short() {
                out.extend_from_slice(&[marks | SHORT, slot.tag]);
                write_number(short & u64::from(u32::MAX), out);
            } else {
                out.push(marks);
                let at = out.len();
                key.write_rest(out);
                let len = out.len() - at;
                write_number(len as u64, out);
                out[at..].rotate_left(len);
            }
            slot.write_sized(&body, part, out);
        }
        if count == 0 {
            return None;
        }
        let rows_end = out.len();
        for bits in [*whole, *vast, tags] {
            write_number(bits, out);
        }
        if let Beyond::Forgotten(keys) = beyond {
            has_stored |= !keys.is_empty();
            out.push(1);
            keys.write(out);
        } else {
            has_stored = true;
            out.push(0);
        }
        let size = |at: usize| u32::try_from(at).expect("rows of an entity on the shelf take less than 4 GiB");
        part.resize(lz4_flex::block::get_maximum_output_size(out.len()), 0);
        let packed = lz4_flex::block::compress_into(out, part).expect("there is room for the worst case");
        let bytes = part[..packed].into();
        let parcel = Self {
            name,
            bytes,
            unpacked: size(out.len()),
            rows_end: size(rows_end),
            rows: count,
            is_dirty,
            has_stored,
            kind: entity.kind as u8,
        };
        tally.bytes += parcel.size();
        if is_dirty {
            tally.dirty_bytes += parcel.size();
        }
        Some(parcel)
    }

    /// What it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        PARCEL_BYTES + self.bytes.len()
    }

    /// All of it as bytes, for a file of this process: numbers little-endian, then what was packed.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name.bytes());
        for number in [self.unpacked, self.rows_end, self.rows] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.push(self.kind);
        out.extend_from_slice(&self.bytes);
    }

    /// Reads what was written so: of one that needs no writing and may have rows on disk.
    pub(super) fn read_from(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let name = Name::read(reader.take(Name::BYTES)?)?;
        let mut number = || Some(u32::from_le_bytes(reader.take(4)?.try_into().ok()?));
        let (unpacked, rows_end, rows) = (number()?, number()?, number()?);
        let kind = reader.byte()?;
        let (is_dirty, has_stored) = (false, true);
        Some(Self { name, bytes: reader.0.into(), unpacked, rows_end, rows, is_dirty, has_stored, kind })
    }

    /// Whose is written so.
    pub(super) fn name_of(bytes: &[u8]) -> Option<Name> {
        Name::read(bytes.get(..Name::BYTES)?)
    }

    /// What it stands for.
    fn whole(&self) -> Vec<u8> {
        lz4_flex::block::decompress(&self.bytes, self.unpacked as usize).expect("it was packed here")
    }

    /// Brings the rows back, as bytes until they are asked for.
    pub(super) fn unpack(&self, entity: Entity, namer: &Namer, tally: &mut Tally) -> EntityRows {
        tally.bytes = tally.bytes.saturating_sub(self.size());
        if self.is_dirty {
            tally.dirty_bytes = tally.dirty_bytes.saturating_sub(self.size());
        }
        tally.unpacked += 1;
        self.read(entity, namer, tally).expect("it was packed here")
    }

    fn read(&self, entity: Entity, namer: &Namer, tally: &mut Tally) -> Option<EntityRows> {
        let body = self.whole();
        let mut rows = EntityRows::new(entity, Beyond::Unknown);
        let mut tail = Reader(body.get(self.rows_end as usize..)?);
        rows.whole = tail.number()?;
        rows.vast = tail.number()?;
        let tags = tail.number()?;
        if tail.byte()? != 0 {
            rows.beyond = Beyond::Forgotten(Forgotten::read(&mut tail)?);
        }
        rows.rows.begin(self.rows as usize, tags);
        let mut reader = Reader(&body[..self.rows_end as usize]);
        while let Some(entry) = reader.entry() {
            let key = entry.key()?;
            let row = (entry.marks & HAS_ROW != 0).then(|| self.rows_end as usize - entry.from_row);
            let slot = rows.rows.keep(&key, namer.key(&key), row, entry.marks & IDLE, tally);
            if self.is_dirty {
                slot.set_stored(entry.marks & STORED != 0);
                if entry.marks & DIRTY != 0 {
                    slot.soil(tally);
                    rows.dirty.push(key);
                }
            }
        }
        rows.rows.set_body(body, tally);
        Some(rows)
    }

    /// Hands out the rows that wait to be written, in order, by their full keys: with whether there may be one on disk.
    pub(super) fn dirty<E>(
        &self,
        entity: &Entity,
        mut each: impl FnMut(&[u8], Option<&[u8]>, bool) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.is_dirty {
            return Ok(());
        }
        let body = self.whole();
        let mut found = Vec::new();
        let mut reader = Reader(&body[..self.rows_end as usize]);
        while let Some(entry) = reader.entry() {
            let mut key = Vec::new();
            if entry.marks & DIRTY != 0 && entry.write_key(entity, &mut key).is_some() {
                let row = (entry.marks & HAS_ROW != 0).then_some(entry.row);
                found.push((key, row, entry.marks & STORED != 0));
            }
        }
        found.sort_unstable();
        found.into_iter().try_for_each(|(key, row, is_stored)| each(&key, row, is_stored))
    }

    /// The row under a key, where there is one.
    pub(super) fn row(&self, wanted: &Key) -> Option<Row> {
        let body = self.whole();
        let mut reader = Reader(&body[..self.rows_end as usize]);
        while let Some(entry) = reader.entry() {
            if entry.marks & HAS_ROW != 0 && entry.key()? == *wanted {
                return Row::read(entry.row).ok();
            }
        }
        None
    }
}
