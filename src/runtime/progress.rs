//! What a turn commits beside its frames: how far everything has come. Written with postcard, behind a version.

use serde::{Deserialize, Serialize};

use super::counters::Counters;
use crate::codec::Refusal;
use crate::model::Instant;

/// Version of what follows.
const VERSION: u32 = 1;

/// How far everything has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The journal's own name, which its rows bear.
    pub journal: Vec<u8>,
    /// Input events numbered so far.
    pub roots: u64,
    /// Largest event time so far.
    pub clock: Instant,
    /// The last hour marked in the journals.
    pub ticked: Instant,
    /// What became of the input at hand.
    pub counters: Counters,
    /// The input at hand, as `intake` prints it.
    pub input: String,
    /// Whether all of it has been folded.
    pub input_ended: bool,
    /// Names of all files ever read, numbered as in `Source::file`.
    pub files: Vec<String>,
    /// Each partition.
    pub partitions: Vec<PartitionProgress>,
}

/// How far one partition has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionProgress {
    /// Records in its journal.
    pub offset: u64,
    /// Its clock.
    pub clock: Instant,
    /// Digest over all records, their effects and the rules they were folded under, chained record by record.
    pub digest: [u8; 32],
}

impl Progress {
    /// Its bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        postcard::to_stdvec(&(VERSION, self)).expect("numbers and texts can always be written")
    }

    /// Reads it back.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |reason: String| Refusal { field: "progress".into(), reason };
        let (version, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(|error| refuse(error.to_string()))?;
        if version != VERSION {
            return Err(refuse(format!("it is of version {version}, this program reads {VERSION}")));
        }
        postcard::from_bytes(rest).map_err(|error| refuse(error.to_string()))
    }

    /// One digest over all partitions.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for partition in &self.partitions {
            hasher.update(&partition.digest);
        }
        hasher.finalize().to_hex().to_string()
    }
}
