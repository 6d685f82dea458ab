//! What can stop the reading of input as a whole. A single line that is no event stops nothing: it is delivered as
//! refused.

use std::io;

/// Why input cannot be read, or not be read on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says it")]
pub enum Error {
    #[error("no input is named: name files, or - for standard input")]
    NoInput,
    #[error("standard input is named twice: it can be read only once")]
    StandardInputTwice,
    #[error("cannot open {file}: see that it is there and may be read, and start again")]
    Open {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error("{file} is a folder: name the files in it")]
    Folder { file: String },
    #[error("{file} is {what}, which is not read here: save it as JSON Lines or as CSV (with --mapping)")]
    NotText { file: String, what: &'static str },
    #[error("cannot read on in {file} at line {line}: see to the file and the disk it is on, and start again")]
    Read {
        file: String,
        line: u64,
        #[source]
        source: io::Error,
    },
    #[error(
        "{file} cannot be unpacked ({what}), and nothing is taken: fetch it again, or unpack it as far as it goes and look at it"
    )]
    Damaged { file: String, what: String },
    #[error(
        "{file} is not in the order found a moment ago at line {line}: it was changed while being read; start again"
    )]
    Changed { file: String, line: u64 },
    #[error("{file} has no header: its first line should name the columns")]
    NoHeader { file: String },
    #[error("{file}, line {line}: its header is longer than {most} bytes: check that it is a table")]
    HeaderTooLong { file: String, line: u64, most: usize },
    #[error("{file}, line {line}: the header is not {encoding}; set `encoding` in {mapping} to what the file is in")]
    HeaderEncoding { file: String, line: u64, encoding: &'static str, mapping: String },
    #[error("{file}, line {line}: no layout of {mapping} fits its columns ({found}); {wanted}")]
    NoLayout { file: String, line: u64, mapping: String, found: String, wanted: String },
    #[error("{file}, line {line}: the column {column} is there twice, and {mapping} reads it: rename one of them")]
    ColumnTwice { file: String, line: u64, column: String, mapping: String },
    #[error("cannot read the mapping file {file}")]
    MappingOpen {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error("{file}, line {line}: {what}")]
    Mapping { file: String, line: usize, what: String },
    #[error("cannot sort outside memory in {folder}: free space there, or set TMPDIR to a folder that has some")]
    Sort {
        folder: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot start a thread to read input with")]
    Thread {
        #[source]
        source: io::Error,
    },
    #[error("stopped while waiting for input")]
    Stopped,
    #[error("a thread that reads input ended before its time; please report what it printed")]
    ThreadEnded,
}

impl Error {
    /// Whether what was read before may be other than what was written: a packed stream says only at its end that it is.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Read { source, .. } if is_damage(source))
    }

    /// Whether it is of this machine and moment, and not of what the input holds.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Read { source, .. } => source.raw_os_error().is_some(),
            Self::Sort { .. } | Self::Thread { .. } | Self::Stopped | Self::ThreadEnded => true,
            _ => false,
        }
    }
}

/// Whether a reader of packed bytes says that they are not what was packed, and not only that they end too early.
pub(super) fn is_damage(error: &io::Error) -> bool {
    error.raw_os_error().is_none() && error.kind() != io::ErrorKind::UnexpectedEof
}
