//! Holds a journal against what came of it: folded again from its beginning, it has to lead to every digest that was committed
//! with it, and to every output that was said, once.

mod folder;
mod topics;

use std::collections::{BTreeMap, HashMap};

pub use folder::{Stated, VerifiedFolder, verify_folder};
pub use topics::verify_topics;

use crate::runtime::Refolded;

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Each partition.
    pub partitions: Vec<Refolded>,
    /// Outputs that the journal leads to.
    pub outputs: u64,
    /// Of those, how many were not said, by where they should be.
    pub missing: BTreeMap<String, u64>,
    /// What was said that the journal does not lead to, or that was said again, by where it is.
    pub surplus: BTreeMap<String, u64>,
}

impl Verified {
    /// Whether what was said is what the journal leads to, and nothing else.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty()
    }
}

/// A name for what was said: what it is of, and its bytes.
type Name = [u8; 32];

fn name(kind: &str, datum: &[u8]) -> Name {
    *blake3::Hasher::new().update(kind.as_bytes()).update(&[0]).update(datum).finalize().as_bytes()
}

/// How often something is to be in a place, less how often it is.
#[derive(Default)]
struct Owed(HashMap<String, HashMap<Name, i64>>);

impl Owed {
    fn add(&mut self, place: &str, name: Name, count: i64) {
        if !self.0.contains_key(place) {
            self.0.insert(place.into(), HashMap::new());
        }
        *self.0.get_mut(place).expect("it was just made sure of").entry(name).or_default() += count;
    }

    fn add_all(&mut self, other: Self) {
        for (place, owed) in other.0 {
            let here = self.0.entry(place).or_default();
            for (name, count) in owed {
                *here.entry(name).or_default() += count;
            }
        }
    }

    /// Says what is missing, and what is there without a cause.
    fn settle(self, verified: &mut Verified) {
        for (place, owed) in self.0 {
            for left in owed.into_values().filter(|left| *left != 0) {
                let of = if left > 0 { &mut verified.missing } else { &mut verified.surplus };
                *of.entry(place.clone()).or_default() += left.unsigned_abs();
            }
        }
    }
}
