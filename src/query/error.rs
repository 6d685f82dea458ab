//! Why a folder cannot be read, and what to do about it.

use std::path::PathBuf;

use crate::codec::Refusal;
use crate::fold::RulesInForceError;
use crate::{log, runtime, store};

/// A data folder that gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing there.
    #[error(
        "{} holds no data of Suyuan: name the folder with --data (for a replay, the one given to --out), or fill one with \
         `suyuan demo`, `suyuan replay` or `suyuan import`",
        dir.display()
    )]
    Missing {
        /// Where.
        dir: PathBuf,
    },
    /// There are rows, and no journal.
    #[error(
        "{} has rows and its journal is gone: put back {}/journal from a copy; without one, begin in another folder, with all \
         input",
        dir.display(), dir.display()
    )]
    JournalLost {
        /// Where.
        dir: PathBuf,
    },
    /// A journal was begun, and nothing is in it.
    #[error("the journal in {} is still empty: run the command that began it again, or feed it with `suyuan import`", dir.display())]
    Empty {
        /// Where.
        dir: PathBuf,
    },
    /// Somebody writes there.
    #[error(
        "{} is being written by another process, so an answer would be old at once: wait until it has ended, or read what \
         it has committed so far with --beside",
        dir.display()
    )]
    InUse {
        /// Where.
        dir: PathBuf,
    },
    /// The journal's header does not say what is needed.
    #[error("the header of the journal in {} {what}: it was not begun by this program; choose another folder", dir.display())]
    Header {
        /// Where.
        dir: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// What a turn committed cannot be read.
    #[error(
        "turn {turn} of the journal in {} cannot be read: {refusal}; nothing is changed: use the version of this program that \
         wrote it, or a newer one",
        dir.display()
    )]
    Unreadable {
        /// Where.
        dir: PathBuf,
        /// Which turn.
        turn: u64,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// The rows know of records that the journal does not have.
    #[error(
        "the rows of partition {partition} in {} stand for {applied} records and its journal has {committed}: the journal \
         was cut or exchanged, or the rows were. Put back what belongs together, from a copy; or delete `state` there, \
         which gives up what was cut, and run `suyuan replay` or `suyuan import` with the same files again",
        dir.display()
    )]
    AheadOfJournal {
        /// Where.
        dir: PathBuf,
        /// Which partition.
        partition: u32,
        /// What the rows stand for.
        applied: u64,
        /// What the journal has.
        committed: u64,
    },
    /// The operating system refused.
    #[error("cannot {doing} {}: see to its rights", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// The rows.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Rows that cannot be brought up to the journal.
    #[error(transparent)]
    Refold(#[from] runtime::Error),
    /// The rules in force are none to this program.
    #[error(transparent)]
    Rules(#[from] RulesInForceError),
}
