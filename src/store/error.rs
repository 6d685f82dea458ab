//! What can go wrong with the rows on disk, and what is to be done about it. Rows can always be made again from
//! the journal, so no message here is about lost facts.

use std::path::{Path, PathBuf};

use super::Applied;
use crate::state::{KeyError, ROWS_VERSION, RowError};

/// A failure of the store of one partition.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {doing} {}: see to the disk (room, rights, health) and start again", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On which folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another process writes there.
    #[error("{} is in use by another process: wait until it has ended, or ask the service that runs there", dir.display())]
    Locked {
        /// Which folder.
        dir: PathBuf,
    },
    /// There are no rows to be read.
    #[error(
        "{} has no rows: run the `suyuan replay` or `suyuan import` that filled the folder again, which folds them again \
         from the journal",
        dir.display()
    )]
    Missing {
        /// Which folder.
        dir: PathBuf,
    },
    /// RocksDB refused.
    #[error("RocksDB cannot {doing} {}: see to the disk (room, rights, health) and start again", dir.display())]
    Rocks {
        /// What was tried, as a verb.
        doing: &'static str,
        /// In which folder.
        dir: PathBuf,
        /// Why not.
        #[source]
        source: rocksdb::Error,
    },
    /// RocksDB found its files damaged.
    #[error(
        "{} is damaged: delete this folder, and its rows are folded again from the journal by the next `suyuan replay` or \
         `suyuan import`",
        dir.display()
    )]
    Damaged {
        /// Which folder.
        dir: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The record that says what the rows stand for is missing or makes no sense.
    #[error(
        "{} does not say up to where its rows were folded: delete this folder, and they are folded again from the \
         journal by the next `suyuan replay` or `suyuan import`",
        dir.display()
    )]
    NoPosition {
        /// Which folder.
        dir: PathBuf,
    },
    /// A key that cannot be read.
    #[error(
        "{} holds a damaged key: delete this folder, and its rows are folded again from the journal by the next \
         `suyuan replay` or `suyuan import`",
        dir.display()
    )]
    Key {
        /// Which folder.
        dir: PathBuf,
        /// What is wrong.
        #[source]
        source: KeyError,
    },
    /// A row that cannot be read.
    #[error(
        "the row {key} in {} cannot be read: delete this folder, and its rows are folded again from the journal by the next \
         `suyuan replay` or `suyuan import`",
        dir.display()
    )]
    Row {
        /// Which folder.
        dir: PathBuf,
        /// Whose row, and which.
        key: String,
        /// What is wrong.
        #[source]
        source: RowError,
    },
    /// Rows of an earlier version of this program.
    #[error(
        "the rows in {} are of version {found}, and this program reads version {known}: run the command that wrote them \
         again (`suyuan replay` or `suyuan import`), which folds them again from the journal",
        dir.display()
    )]
    OlderRows {
        /// Which folder.
        dir: PathBuf,
        /// Theirs.
        found: u32,
        /// Ours.
        known: u32,
        /// What they stand for.
        applied: Applied,
    },
    /// Rows of a later version of this program.
    #[error(
        "the rows in {} are of version {found}, and this program reads version {known}: use the program that wrote them; or \
         delete this folder, and they are folded again from the journal",
        dir.display()
    )]
    NewerRows {
        /// Which folder.
        dir: PathBuf,
        /// Theirs.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Rows were changed since the last settled position.
    #[error("rows in {} were to be persisted in the middle of a turn: a fault of this program, please report it", dir.display())]
    Unsettled {
        /// Which folder.
        dir: PathBuf,
    },
    /// The store was opened for reading.
    #[error("{} was opened for reading only, so nothing can be persisted: a fault of this program, please report it", dir.display())]
    ReadOnly {
        /// Which folder.
        dir: PathBuf,
    },
    /// An earlier failure was reported already.
    #[error("{} failed before, so nothing more is persisted: open it again", dir.display())]
    Broken {
        /// Which folder.
        dir: PathBuf,
    },
}

impl Error {
    /// Rows of another version than ours.
    pub(super) fn version(dir: &Path, found: u32, applied: Applied) -> Self {
        let (dir, known) = (dir.to_owned(), ROWS_VERSION);
        if found > known {
            Self::NewerRows { dir, found, known }
        } else {
            Self::OlderRows { dir, found, known, applied }
        }
    }

    /// For `map_err`: what RocksDB was asked, where.
    pub(super) fn rocks(doing: &'static str, dir: &Path) -> impl FnOnce(rocksdb::Error) -> Self {
        let dir = dir.to_owned();
        move |source| match source.kind() {
            rocksdb::ErrorKind::Corruption => Self::Damaged { dir, source: source.into() },
            // A file of its own that it looks for.
            rocksdb::ErrorKind::IOError if source.to_string().contains("No such file") => {
                Self::Damaged { dir, source: source.into() }
            }
            _ => Self::Rocks { doing, dir, source },
        }
    }
}
