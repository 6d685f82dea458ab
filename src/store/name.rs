//! How a row is found in memory, and whose rows: by 128 bits of the key, so that a row costs 16 bytes of key and not 72, and
//! comparing two is nothing. They are two independent hashes whose seeds are drawn when a store is opened: with ten thousand million
//! rows the chance that any two share a name is 10⁻¹⁹, and nobody can choose ids that do. A short key is named after itself.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::quality::{FoldHasher, SeedableRandomState};

use crate::model::Entity;
use crate::state::Key;

/// Odd, so that what is multiplied by it can be told from the product.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
/// What undoes it.
const UNMIX: u64 = 0xF1DE_83E1_9937_733D;

/// 128 bits of a key, or of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    first: u64,
    second: u64,
}

/// Gives keys and entities their names.
#[derive(Clone, Debug)]
pub(super) struct Namer {
    first: SeedableRandomState,
    second: SeedableRandomState,
}

impl Namer {
    /// With seeds that follow from a number, or are drawn where there is none.
    pub(super) fn new(seed: Option<u64>) -> Self {
        let state = |nth: u64| match seed {
            Some(seed) => {
                SeedableRandomState::with_seed(seed.wrapping_mul(2).wrapping_add(nth), SharedSeed::global_fixed())
            }
            None => SeedableRandomState::random(),
        };
        Self { first: state(0), second: state(1) }
    }

    /// Of a key. A short one is named after itself, which is quick, and can be told from its name.
    pub(super) fn key(&self, key: &Key) -> Name {
        match key.short() {
            Some(short) => {
                let first = short.wrapping_mul(MIX);
                Name { first, second: first.rotate_left(32).wrapping_mul(MIX) }
            }
            None => self.hashed(key),
        }
    }

    pub(super) fn entity(&self, entity: &Entity) -> Name {
        self.hashed(entity)
    }

    fn hashed(&self, key: &impl Hash) -> Name {
        let mut both = Both(self.first.build_hasher(), self.second.build_hasher());
        key.hash(&mut both);
        let Both(first, second) = both;
        Name { first: first.finish(), second: second.finish() }
    }
}

/// Two hashers that are told the same, so that what is hashed is gone through once.
struct Both<'a>(FoldHasher<'a>, FoldHasher<'a>);

impl Hasher for Both<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.0.write_u8(value);
        self.1.write_u8(value);
    }

    fn write_u32(&mut self, value: u32) {
        self.0.write_u32(value);
        self.1.write_u32(value);
    }

    fn write_u64(&mut self, value: u64) {
        self.0.write_u64(value);
        self.1.write_u64(value);
    }

    fn write_u128(&mut self, value: u128) {
        self.0.write_u128(value);
        self.1.write_u128(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.0.write_usize(value);
        self.1.write_usize(value);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

impl Name {
    /// How many it takes.
    pub(super) const BYTES: usize = 16;

    pub(super) fn bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.first.to_le_bytes());
        bytes[8..].copy_from_slice(&self.second.to_le_bytes());
        bytes
    }

    /// Reads what was written so.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (first, second) = bytes.split_at_checked(8)?;
        let number = |half: &[u8]| Some(u64::from_le_bytes(half.try_into().ok()?));
        Some(Self { first: number(first)?, second: number(second)? })
    }

    /// 32 bits of it, for what may be mistaken now and then.
    pub(super) fn short(self) -> u32 {
        (self.second >> 32) as u32
    }

    /// The short key of which it is the name, where it is of one.
    pub(super) fn short_key(self) -> Option<Key> {
        Key::from_short(self.first.wrapping_mul(UNMIX))
    }
}

/// A name is a hash already.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.first);
    }
}
