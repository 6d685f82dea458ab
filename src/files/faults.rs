//! What a made machine does wrong, and when. Operations are counted from 0, beginning anew with each start of the machine,
//! so that the same run over the same faults fails in the same place.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// These operations fail, and change nothing: a full disk, a sector that cannot be read.
    Fails {
        /// Which.
        operations: Range<u64>,
        /// How.
        kind: io::ErrorKind,
    },
    /// With this operation the process ends: it fails, and so does all that follows, until the machine is started again.
    Stops {
        /// Which.
        operation: u64,
        /// How much of what it was to write is written all the same: so many of 255 parts.
        part: u8,
    },
    /// These operations take their time, in microseconds: whoever waits for them comes later than others.
    Waits {
        /// Which.
        operations: Range<u64>,
        /// How long.
        micros: u64,
    },
    /// Of a file of input nothing can be read from this byte on. Input is read beside everything else, so reading it is
    /// not counted among the operations.
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The first byte.
        byte: usize,
        /// How often it has been opened before that.
        opening: usize,
    },
    /// Files without a name take so many bytes in all since the machine was started, and give back so many.
    Scratch {
        /// What can be written; the disk is full then.
        written: usize,
        /// What can be read; the disk gives nothing more then.
        read: usize,
    },
}

/// The number under which a system says that a disk cannot be read: EIO of POSIX.
pub(super) const INPUT_OUTPUT_ERROR: i32 = 5;

/// What is asked of a machine, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Whether something is there, what its names or its size are, and who holds a lock.
    Look,
    /// Opening a file.
    Open,
    /// Making an empty file.
    Create,
    /// Making folders.
    Folder,
    /// Reading a file.
    Read,
    /// Writing to a file.
    Write,
    /// Cutting a file off.
    Length,
    /// Making a file durable.
    Sync,
    /// Making names durable.
    SyncFolder,
    /// Giving a file another name.
    Rename,
    /// Reading rows.
    Rows,
    /// Writing rows.
    WriteRows,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was killed: what it wrote is there.
    Killed,
    /// The power failed: of what was not synced, a part is there. Which, follows from the number.
    PowerLost(u64),
}

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is done.
    Done,
    /// It fails.
    Fails(io::ErrorKind),
    /// It is the last, and only in part.
    Stops(u8),
}

/// How long an operation takes under some faults, in microseconds.
pub(super) fn delay(faults: &[Fault], number: u64) -> Option<u64> {
    faults.iter().find_map(|fault| match fault {
        Fault::Waits { operations, micros } => operations.contains(&number).then_some(*micros),
        Fault::Fails { .. } | Fault::Stops { .. } | Fault::Unreadable { .. } | Fault::Scratch { .. } => None,
    })
}

/// What becomes of an operation under some faults: the first that is about it counts.
pub(super) fn fate(faults: &[Fault], number: u64) -> Fate {
    let of = |fault: &Fault| match fault {
        Fault::Fails { operations, kind } => operations.contains(&number).then_some(Fate::Fails(*kind)),
        Fault::Stops { operation, part } => (*operation == number).then_some(Fate::Stops(*part)),
        Fault::Waits { .. } | Fault::Unreadable { .. } | Fault::Scratch { .. } => None,
    };
    faults.iter().find_map(of).unwrap_or(Fate::Done)
}

/// The part of a number that such a stop leaves.
pub(super) fn part_of(length: usize, part: u8) -> usize {
    length * usize::from(part) / usize::from(u8::MAX)
}

/// Numbers that follow from a seed (`SplitMix64`).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// A number below a bound; 0 where the bound is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (bound.max(1) as u64)).expect("below a usize")
    }
}
