//! What can stop the engine. Bad input cannot: it is judged, and goes on as a dead letter.

use std::any::Any;
use std::path::{Path, PathBuf};

use crate::codec::Refusal;
use crate::fold::RulesInForceError;
use crate::model::{Entity, Position, Root};
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
         was cut or exchanged, or the rows were. Put back what belongs together, from a copy; or delete {dir}/state, which \
         gives up what was cut, and run `suyuan replay` or `suyuan import` with the same files again"
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
    /// The journal has not what its last turn tells of.
    #[error(
        "the last turn of the journal in {dir} tells of {told} records of partition {partition}, and {found} are there: the \
         journal was changed: put it back from a copy"
    )]
    Lacks {
        /// The folder.
        dir: PathBuf,
        /// Which partition.
        partition: u32,
        /// What the turn tells of.
        told: u64,
        /// What is there.
        found: u64,
    },
    /// There are rows, and no journal.
    #[error(
        "{dir} has rows and its journal is gone; nothing is changed: put back {dir}/journal from a copy; without one, begin \
         in another folder, with all input"
    )]
    JournalLost {
        /// The folder.
        dir: PathBuf,
    },
    /// The journal's header is that of another.
    #[error(
        "the header of the journal in {dir} is that of another journal: it says {stated}, and the turns beside it {told}: \
         put the journal's own file `header` back from a copy, and start again"
    )]
    ForeignHeader {
        /// The folder.
        dir: PathBuf,
        /// What the header says.
        stated: String,
        /// What the turns say of the same.
        told: String,
    },
    /// The rows are of another journal.
    #[error(
        "the rows of partition {partition} in {dir}/state belong to another journal than the one in {dir}/journal, or to \
         another course of it: put back what belongs together, or delete {dir}/state to fold the rows again from the journal"
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
        "the journal in {dir} holds what this program cannot read at {place}: {refusal}; nothing is changed: use the version of \
         this program that wrote it, or a newer one"
    )]
    Unreadable {
        /// The folder.
        dir: PathBuf,
        /// Which partition, where it is a record.
        partition: Option<u32>,
        /// Partition and offset, or turn.
        place: String,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// An assertion of the fold failed.
    #[error(
        "the record at {position} of the journal in {dir} cannot be folded: what input event {event} led to, for {entity}: \
         {what}. Nothing of its turn was committed, and the folder can be read as it was before. It is a fault of this \
         program: please report it with this message"
    )]
    Step {
        /// The folder.
        dir: PathBuf,
        /// Where the record stands, or would have stood.
        position: Position,
        /// The running number of the input event that it goes back to.
        event: u64,
        /// Whom it is addressed to.
        entity: String,
        /// Which assertion.
        what: String,
    },
    /// An earlier turn failed.
    #[error("an earlier turn failed in {dir}, so nothing more is folded there: open it again")]
    Broken {
        /// The folder.
        dir: PathBuf,
    },
    /// The brokers, or what is in their topics.
    #[error(transparent)]
    Kafka(#[from] log::kafka::Error),
    /// What was folded again led to something else than it did.
    #[error(
        "records {first} to {end} of partition {partition} in {dir} lead to something else than they did when they were folded \
         first: their digest is another. If another version of this program wrote the journal, that one alone can prove it; to go on \
         with what this version finds, start the command that writes there with --take-changes; if that version is this one, \
         the journal was changed: put it back from a copy"
    )]
    FoldedOtherwise {
        /// The folder.
        dir: PathBuf,
        /// Which partition.
        partition: u32,
        /// The first record of the frame.
        first: u64,
        /// The record after its last.
        end: u64,
    },
    /// The group does not give us the same partitions of all topics.
    #[error(
        "the group gave partitions {found:?} of {topic} and {expected:?} of the inbox: is every member a `suyuan run` of one topology?"
    )]
    Apart {
        /// Which topic.
        topic: String,
        /// What it gave of it.
        found: Vec<u32>,
        /// What it gave of the inbox.
        expected: Vec<u32>,
    },
    /// Partitions were being opened when the service was to end.
    #[error("the service ended while partitions were opened; what was folded again is kept")]
    Stopped,
    /// Another process has our name.
    #[error("another process runs as instance {instance} of group {group}: give each an instance_id of its own")]
    Fenced {
        /// Whose name.
        instance: String,
        /// In which group.
        group: String,
    },
    /// A rule set of the journal is judged in another way than it was.
    #[error(
        "the rule set {version}, published at {position} of the journal in {dir} (turn {turn}), was judged in another way when \
         it was folded first: then `{then}`, by this program `{now}`. Folding on would find other things than were found \
         before: use the version of this program that wrote the journal, or take what this one finds, with --take-changes"
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

impl Error {
    /// The one partition that something is wrong with, where others may go on without it.
    pub(super) fn partition(&self) -> Option<u32> {
        match self {
            Self::AheadOfJournal { partition, .. }
            | Self::Lacks { partition, .. }
            | Self::ForeignRows { partition, .. }
            | Self::Rules { partition, .. }
            | Self::FoldedOtherwise { partition, .. }
            | Self::Kafka(log::kafka::Error::Frame { partition, .. } | log::kafka::Error::Gap { partition, .. }) => {
                Some(*partition)
            }
            Self::Unreadable { partition, .. } => *partition,
            Self::Step { position, .. } | Self::JudgedOtherwise { position, .. } => Some(position.partition),
            // A disk or database that fails does so for all.
            Self::Log(_)
            | Self::Store(_)
            | Self::JournalLost { .. }
            | Self::ForeignHeader { .. }
            | Self::Broken { .. }
            | Self::Kafka(_)
            | Self::Apart { .. }
            | Self::Stopped
            | Self::Fenced { .. } => None,
        }
    }

    /// A step that panicked.
    pub(super) fn step(dir: &Path, position: Position, root: Root, to: &Entity, panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let what = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Step {
            dir: dir.into(),
            position,
            event: root.0,
            entity: format!("{:?} {}", to.kind, to.id),
            what: what.unwrap_or_else(|| "it did not say why".into()),
        }
    }
}
