//! The digest of a journal on the wire.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::avro_read::Reader;

/// The chained digest of a journal up to an offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Which journal.
    pub partition: i64,
    /// How many journals there are.
    pub partitions: i64,
    /// Records covered: all before this offset.
    pub offset: i64,
    /// Journal clock there, in milliseconds.
    pub at: i64,
    /// Version of the rules in force.
    pub rules_version: String,
    /// 64 hexadecimal digits.
    pub digest: String,
}

impl Digest {
    /// Reads one from Avro.
    pub fn read(datum: &[u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(datum);
        let digest = Self::deserialize(&mut reader)?;
        reader.end()?;
        Ok(digest)
    }
}
