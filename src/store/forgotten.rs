//! Keys that were forgotten while all were known, as 32-bit hashes: a key whose hash is not among them is on no disk. An
//! entity that is put away and brought back again and again keeps them in order, to be copied as they are; only those that
//! came since are in a set, for to build that takes far longer.

use rustc_hash::FxHashSet;

use super::name::Name;
use super::parcel::{Reader, write_number};

/// What a hash in order takes, in bytes.
const SORTED_BYTES: usize = size_of::<u32>();
/// What a hash in the set takes, in bytes: it is between half and full.
pub(super) const HASH_BYTES: usize = 8;

/// Hashes of keys.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    sorted: Vec<u32>,
    /// Those that came since, none of them among the others.
    since: FxHashSet<u32>,
    /// Bit n: there is one with tag n.
    pub(super) tags: u64,
}

impl Forgotten {
    /// Whether it was not there before.
    pub(super) fn add(&mut self, name: Name, tag: u8) -> bool {
        self.tags |= 1 << tag;
        let hash = name.short();
        self.sorted.binary_search(&hash).is_err() && self.since.insert(hash)
    }

    /// Whether a key may be among them.
    pub(super) fn may_hold(&self, name: Name) -> bool {
        let hash = name.short();
        self.sorted.binary_search(&hash).is_ok() || self.since.contains(&hash)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty() && self.since.is_empty()
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        SORTED_BYTES * self.sorted.len() + HASH_BYTES * self.since.len()
    }

    /// Appends all of it: how many, their tags, and in order what they are, four bytes each, little-endian.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        if !self.since.is_empty() {
            self.sorted.extend(self.since.drain());
            self.sorted.sort_unstable();
        }
        write_number(self.sorted.len() as u64, out);
        write_number(self.tags, out);
        out.extend(self.sorted.iter().flat_map(|hash| hash.to_le_bytes()));
    }

    /// Reads what was written so.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let count = usize::try_from(reader.number()?).ok()?;
        let tags = reader.number()?;
        let hashes = reader.take(count.checked_mul(SORTED_BYTES)?)?;
        let sorted = hashes.as_chunks().0.iter().map(|hash| u32::from_le_bytes(*hash)).collect();
        Some(Self { sorted, since: FxHashSet::default(), tags })
    }
}
