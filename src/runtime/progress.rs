//! What turns commit beside their frames: how far everything has come, in each, and what an input is, in the turn that
//! begins it. So no turn grows with what was imported before. Written with postcard, behind a version.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::counters::Counters;
use crate::codec::Refusal;
use crate::model::Instant;

/// Version of what follows.
const VERSION: u32 = 2;
/// Version of [`Progress`] where messages wait, which follow it.
const WITH_KEPT: u32 = 3;

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
    /// Whether all of it has been folded.
    pub input_ended: bool,
    /// Files that were ever named, numbered as in `Source::file`.
    pub files: u32,
    /// Each partition.
    pub partitions: Vec<PartitionProgress>,
    /// What waits for the end of a later epoch: few, one for each hub at work.
    #[serde(skip)]
    pub kept: Vec<Kept>,
}

/// A message that waits for the end of a later epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The input event that it goes back to.
    pub root: u64,
    /// Its place in what that led to.
    pub parent: u32,
    /// The partition that sent it.
    pub from: u32,
    /// Whom it is for, and what it says, as journals have both.
    pub message: Vec<u8>,
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

/// What an input is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// As `intake` prints it; empty before the first.
    pub identity: String,
    /// The number of its first file.
    pub first_file: u32,
    /// The names of its files.
    pub files: Vec<String>,
}

impl Begun {
    /// Its bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        write(self)
    }

    /// Reads it back.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        read("standing", bytes, "2")
    }
}

impl Progress {
    /// Its bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        if self.kept.is_empty() {
            return write(self);
        }
        postcard::to_stdvec(&(WITH_KEPT, self, &self.kept)).expect("numbers and bytes can always be written")
    }

    /// Reads it back.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let Ok((WITH_KEPT, rest)) = postcard::take_from_bytes::<u32>(bytes) else {
            return read("progress", bytes, "2 and 3");
        };
        let refuse = |error: postcard::Error| Refusal { field: "progress".into(), reason: error.to_string() };
        let (progress, kept): (Self, Vec<Kept>) = postcard::from_bytes(rest).map_err(refuse)?;
        Ok(Self { kept, ..progress })
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

fn write(what: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(&(VERSION, what)).expect("numbers and texts can always be written")
}

fn read<T: DeserializeOwned>(field: &str, bytes: &[u8], known: &str) -> Result<T, Refusal> {
    let refuse = |reason: String| Refusal { field: field.into(), reason };
    let (version, rest) = postcard::take_from_bytes::<u32>(bytes).map_err(|error| refuse(error.to_string()))?;
    if version != VERSION {
        return Err(refuse(format!("it is of version {version}, this program reads {known}")));
    }
    postcard::from_bytes(rest).map_err(|error| refuse(error.to_string()))
}
