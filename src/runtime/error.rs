//! What can stop the engine. Bad input cannot: it is judged, and goes on as a dead letter.

use std::path::PathBuf;

use crate::codec::Refusal;
use crate::fold::RulesInForceError;
use crate::model::Position;
use crate::{log, store};

/// Why the engine cannot go on. What was committed stays committed; opening it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The rows.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The rows are ahead of the journal.
    #[error(
        "the rows of partition {partition} stand for {applied} records, the journal in {dir} has {committed}: the journal \
         was cut or exchanged; restore it, or delete {dir}/state to fold the rows again from what is there"
    )]
    AheadOfJournal {
        /// The folder.
        dir: PathBuf,
        /// Which partition.
        partition: u32,
        /// What the rows stand for.
        applied: u64,
        /// What the journal has.
        committed: u64,
    },
    /// The rows are of another journal.
    #[error(
        "the rows of partition {partition} in {dir}/state belong to another journal than the one in {dir}/journal: put back \
         what belongs together, or delete {dir}/state to fold the rows again from the journal"
    )]
    ForeignRows {
        /// The folder.
        dir: PathBuf,
        /// Which partition.
        partition: u32,
    },
    /// The rules in force are none to this program.
    #[error("partition {partition} in {dir}: {source}")]
    Rules {
        /// The folder.
        dir: PathBuf,
        /// Which partition.
        partition: u32,
        /// Which rules, and what is wrong with them.
        source: RulesInForceError,
    },
    /// A committed record or its progress cannot be read.
    #[error(
        "the journal in {dir} holds what this program cannot read at {place}: {refusal}; it was written by another version, or is damaged"
    )]
    Unreadable {
        /// The folder.
        dir: PathBuf,
        /// Partition and offset, or turn.
        place: String,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// A rule set of the journal is judged in another way than it was.
    #[error(
        "the rule set {version}, published at {position} of the journal in {dir} (turn {turn}), was judged in another way when \
         it was folded first: then `{then}`, by this program `{now}`. Folding on would find other things than were found \
         before: use the version of this program that wrote the journal"
    )]
    JudgedOtherwise {
        /// The folder.
        dir: PathBuf,
        /// Where its record stands.
        position: Position,
        /// In which turn.
        turn: u64,
        /// The rule set's version.
        version: String,
        /// What became of it.
        then: String,
        /// What would now.
        now: String,
    },
}
