//! What an engine is opened with.

use std::time::Duration;

use crate::log;

/// What an engine is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Partitions: part of the journal, fixed when it begins.
    pub partitions: u32,
    /// Threads that fold.
    pub threads: usize,
    /// The rule set document in force from the journal's first record on.
    pub rules: String,
    /// Its version.
    pub rules_version: String,
    /// Whether a folder that has rules in force is gone on with under those, whatever rules are given here; otherwise it
    /// must have been begun with the same.
    pub keeps_rules: bool,
    /// Whether what leads to something else than it did when it was folded first is told aloud and gone on with: this
    /// version of the program finds other things, and the rows of the one that wrote the journal are lost.
    pub takes_changes: bool,
    /// Rows kept in memory, all partitions together, in bytes.
    pub cache_bytes_max: usize,
    /// Whether a commit waits for the disk.
    pub durable: bool,
    /// What no outcome depends on.
    pub policies: Policies,
}

/// Where things are cut and when they are done: no finding depends on it, only how fast they come and what is lost of the
/// rows, and folded again, after a kill.
#[derive(Clone, Debug)]
pub struct Policies {
    /// Events after which a turn ends with its epoch. More is faster, and more is read again after a kill.
    pub turn_events: usize,
    /// Bytes after which a turn ends with an epoch, however few events it has: what one event leads to may be much.
    pub turn_bytes: usize,
    /// The most records of one frame.
    pub frame_records_max: u32,
    /// Size at which a frame ends, in bytes: readers hold one at a time.
    pub frame_bytes_max: usize,
    /// Size at which a new file of the journal is begun: opening reads the last one through.
    pub segment_bytes_max: u64,
    /// When rows are persisted though there is room for more.
    pub persist: Persist,
    /// On Kafka: whether a turn is one transaction. Without, what a failed turn left behind stays in the topics, and neither
    /// journal nor outputs are to be trusted any more: it is there to measure what transactions cost.
    pub transactional: bool,
    /// Where given, whatever else would be drawn or follow from the clock follows from it: the journal's name, the names of
    /// rows in memory, and on how many threads turns are folded, which is then never tried out. With one thread and rows
    /// persisted after turns, a run is then the same to the last operation on the disk.
    pub seed: Option<u64>,
}

/// How long changed rows wait at most before they are written: what is waited for is folded again after a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persist {
    /// So long.
    After(Duration),
    /// So many turns.
    AfterTurns(u64),
}

impl Default for Policies {
    fn default() -> Self {
        let persist = Persist::After(Duration::from_secs(3));
        Self {
            turn_events: 16_384,
            turn_bytes: 32 << 20,
            frame_records_max: 512,
            frame_bytes_max: 1 << 20,
            segment_bytes_max: log::Settings::default().segment_bytes_max,
            persist,
            transactional: true,
            seed: None,
        }
    }
}
