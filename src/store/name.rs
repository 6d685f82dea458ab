//! How a row is found in memory, and whose rows: by 128 bits of the key, so that a row costs 16 bytes of key and not 72, and
//! comparing two is nothing. They are two independent hashes whose seeds are drawn when a store is opened: with ten thousand million
//! rows the chance that any two share a name is 10⁻¹⁹, and nobody can choose ids that do.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

/// 128 bits of a key, or of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    pub(super) fn name(&self, key: &impl Hash) -> Name {
        Name { first: self.first.hash_one(key), second: self.second.hash_one(key) }
    }
}

impl Name {
    /// 32 bits of it, for what may be mistaken now and then.
    pub(super) fn short(self) -> u32 {
        (self.second >> 32) as u32
    }
}

/// A name is a hash already.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.first);
    }
}
