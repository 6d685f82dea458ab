//! A partition's digest: a chain with one link for each record, so that it depends on what was folded, in which order and
//! under which rules, and on nothing else: not on frames, turns or inputs. Whoever has the journal can make it again.
//!
//! ```text
//! link = BLAKE3( link before | length of the version u32 | version of the rules in force after the record
//!                            | length of the record u32  | record, as the journal has it
//!                            | messages and outputs it led to, as journals have them )
//! ```
//! Numbers are little-endian; before the first record the link is 32 zeros.

/// A link of the chain.
pub(super) type Link = [u8; 32];

/// Makes links.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// What is hashed; kept for its memory.
    bytes: Vec<u8>,
}

impl Chain {
    /// The link that follows `before`.
    pub(super) fn link(&mut self, before: &Link, rules_version: &str, record: &[u8], said: &[u8]) -> Link {
        let Self { bytes } = self;
        bytes.clear();
        bytes.extend_from_slice(before);
        for part in [rules_version.as_bytes(), record] {
            let length = u32::try_from(part.len()).expect("a record is shorter than the section it is in");
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(said);
        *blake3::hash(bytes).as_bytes()
    }
}
