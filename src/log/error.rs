//! What can go wrong with a journal on disk, and what is to be done about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::format::VERSION;
use super::header::Difference;

/// A failure of the embedded journal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error(
        "cannot {doing} {}: {}; see to the disk (room, rights, health) and start again",
        path.display(),
        what_stands(doing)
    )]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Somebody else has the folder.
    #[error("{} is in use by another process: wait until it has ended, or choose another folder", dir.display())]
    Locked {
        /// Which.
        dir: PathBuf,
    },
    /// There is a journal where one was to be made.
    #[error("{} already holds a journal: open it to go on, or choose another folder", dir.display())]
    Exists {
        /// Where.
        dir: PathBuf,
    },
    /// There are turns, and nothing that says what they are of.
    #[error(
        "the journal in {} has lost its file `header`, without which it cannot be read: put it back from a copy, or fold the \
         same input again into another folder",
        dir.display()
    )]
    HeaderLost {
        /// Where.
        dir: PathBuf,
    },
    /// There is no journal.
    #[error("{} holds no journal: check the folder's name, or begin a new journal there", dir.display())]
    Missing {
        /// Where.
        dir: PathBuf,
    },
    /// The journal was begun with other input, rules or partitions.
    #[error(
        "the journal in {} was begun with other settings ({}): give the same again, or choose another folder",
        dir.display(),
        List(differences)
    )]
    Differs {
        /// Where.
        dir: PathBuf,
        /// Field by field.
        differences: Vec<Difference>,
    },
    /// A header field that cannot be written on a line of its own.
    #[error(
        "the header field {name:?} has a control character, or a name of other than letters, digits, `_`, `-`, `.`"
    )]
    HeaderField {
        /// Which.
        name: String,
    },
    /// Written by a program that came after this one.
    #[error(
        "{} has format {found}, and this program reads format {known}: open it with the program that wrote it, or a \
         newer one; if none was here, the file is damaged: put it back from a copy",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The latest known here.
        known: u32,
    },
    /// Written by a program that came before this one, in a format that is no longer read.
    #[error(
        "{} has format {found}, and this program reads format {known} alone: read it with the version of the program that \
         wrote it, or fold the same input again into another folder",
        path.display()
    )]
    Older {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The one known here.
        known: u32,
    },
    /// Bytes that were committed are not what they were.
    #[error(
        "{} is damaged at byte {position}: {what}. What was committed stays; put the file back from a copy and run the same \
         command again, or fold the same input again into another folder",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// From which byte on.
        position: u64,
        /// What is wrong.
        what: String,
    },
    /// The end of the journal looks as if it had never been committed, and was.
    #[error(
        "{}: turn {turn} cannot be read, and the rows beside the journal stand for turn {seen}: it was committed, so this \
         file is damaged; nothing is changed. Put the journal back from a copy. Without one, remove the folder `state`: the \
         same command then goes on from turn {turn}, and the files of that time are to be given again",
        path.display()
    )]
    CommittedTurn {
        /// Which file.
        path: PathBuf,
        /// The first turn that cannot be read.
        turn: u64,
        /// The last one that was seen.
        seen: u64,
    },
    /// The same may be so, and what would tell cannot be read.
    #[error(
        "{}: turn {turn} is not whole, and the rows beside the journal, which would tell whether it was committed, cannot be \
         read; nothing is changed. See to the rows first. Where they are lost, remove the folder `state`: the same command \
         then cuts that turn off and goes on from it",
        path.display()
    )]
    NotTold {
        /// Which file.
        path: PathBuf,
        /// The first turn that cannot be read.
        turn: u64,
        /// Why the rows cannot.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A turn that is not the next one.
    #[error(
        "turn {found} was given to the journal where turn {expected} is next: a fault of this program, please report it"
    )]
    TurnOutOfOrder {
        /// The next one.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// A frame that does not go on where its partition ended.
    #[error(
        "partition {partition} goes on at offset {expected}, and a frame of {count} records at {found} was given to the \
         journal: a fault of this program, please report it"
    )]
    FrameOutOfOrder {
        /// Whose frame.
        partition: u32,
        /// Where it ends.
        expected: u64,
        /// What came.
        found: u64,
        /// How many records.
        count: u32,
    },
    /// More than fits into one turn.
    #[error(
        "{what} of turn {turn} has {found}, and at most {max} are allowed: a fault of this program, please report it"
    )]
    TooLarge {
        /// Which turn.
        turn: u64,
        /// Which part of it.
        what: &'static str,
        /// How much.
        found: u64,
        /// The limit.
        max: u64,
    },
    /// An earlier append failed.
    #[error("an earlier write to {} failed, so nothing more is written: open the journal again", dir.display())]
    Poisoned {
        /// Where.
        dir: PathBuf,
    },
}

impl Error {
    /// For `map_err`: what was tried, on what.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// A format other than the one known here.
    pub(super) fn format(path: &Path, found: u32) -> Self {
        let (path, known) = (path.to_owned(), u32::from(VERSION));
        if found > known { Self::Newer { path, found, known } } else { Self::Older { path, found, known } }
    }

    /// Damage at a byte of a file.
    pub(super) fn damaged(path: &Path, position: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), position, what: what.into() }
    }
}

/// What is known where the operating system refused this: nothing of what could not be read, but that it is as it was.
fn what_stands(doing: &str) -> &'static str {
    match doing {
        "open" | "read" | "look at" | "look for" | "list" => "looking there changed nothing",
        _ => "what was committed before is safe",
    }
}

struct List<'a>(&'a [Difference]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, difference) in self.0.iter().enumerate() {
            write!(f, "{}{difference}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
