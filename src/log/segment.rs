//! Segment files: their names, their heads, and how files come to be whole or not at all.
//!
//! A segment is named by the number of its first turn, and its head says what was true before that turn: so the heads
//! alone are the index by which a reader finds a turn or an offset, and there is nothing beside them to fall out of
//! step. All numbers are little-endian.
//!
//! ```text
//!  0  "SUYUANJL"
//!  8  version u16, and its complement u16
//! 12  length of the head u32
//! 16  first turn u64
//! 24  first turn of the segment before u64, and its length in bytes u64; 0 where there is none
//! 40  input consumed u64
//! 48  number of partitions u32
//! 52  length of `progress` u32
//! 56  length of `standing` u32
//! 60  per partition: partition u32, next offset u64
//!     progress of the turn before, and what stood then
//!     checksum u32 of all this: CRC-32C
//! ```

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::format::{self, Scan, VERSION, Writer};
use crate::files::{Files, Place};

const MAGIC: &[u8; 8] = b"SUYUANJL";
const FIXED_BYTES: usize = 60;
const ENTRY_BYTES: usize = 12;
const SUFFIX: &str = ".journal";
/// Written beside, then renamed: a file of this name is the rest of an attempt that came to nothing.
const NEW_SUFFIX: &str = ".new";

/// What is true between two turns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Number of the last turn; 0 before the first.
    pub(super) turn: u64,
    /// What that turn said.
    pub(super) input_consumed: u64,
    /// What that turn said.
    pub(super) progress: Vec<u8>,
    /// What the last turn that said anything of the kind said.
    pub(super) standing: Vec<u8>,
    /// Where each partition goes on; a partition that is not named begins at 0.
    pub(super) next_offsets: BTreeMap<u32, u64>,
}

/// One segment, as its head describes it.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// What was true before its first turn.
    pub(super) before: State,
    /// First turn and length of the segment before.
    pub(super) previous: (u64, u64),
    /// Where its blocks begin.
    pub(super) head_bytes: u64,
    /// Where its blocks end.
    pub(super) length: u64,
}

impl Segment {
    pub(super) fn first_turn(&self) -> u64 {
        self.before.turn + 1
    }

    /// Makes the file, durably: after this it is there with its whole head, or an error was returned.
    pub(super) fn create(place: &Place, before: State, previous: Option<&Segment>) -> Result<Self, Error> {
        let previous = previous.map_or((0, 0), |segment| (segment.first_turn(), segment.length));
        let first_turn = before.turn + 1;
        let told_bytes = before.progress.len() + before.standing.len();
        let head_bytes = FIXED_BYTES + ENTRY_BYTES * before.next_offsets.len() + told_bytes + 4;
        let mut head = vec![0; head_bytes];
        let size = |value: usize| u32::try_from(value).expect("a turn that was written has fewer");
        let mut writer = Writer(&mut head);
        writer.bytes(MAGIC).u16(VERSION).u16(!VERSION).u32(size(head_bytes)).u64(first_turn);
        writer.u64(previous.0).u64(previous.1).u64(before.input_consumed);
        writer.u32(size(before.next_offsets.len())).u32(size(before.progress.len()));
        writer.u32(size(before.standing.len()));
        for (partition, offset) in &before.next_offsets {
            writer.u32(*partition).u64(*offset);
        }
        writer.bytes(&before.progress).bytes(&before.standing);
        let checksum = crc32c::crc32c(&head[..head_bytes - 4]);
        head[head_bytes - 4..].copy_from_slice(&checksum.to_le_bytes());
        let name = format!("{first_turn:020}{SUFFIX}");
        write_whole(place, &name, &head)?;
        let head_bytes = head_bytes as u64;
        Ok(Self { path: place.dir.join(name), before, previous, head_bytes, length: head_bytes })
    }

    /// Reads a file's head.
    fn read(files: &Files, path: PathBuf) -> Result<Self, Error> {
        let damaged = |what: &str| Error::damaged(&path, 0, what);
        let file = files.open(&path).map_err(Error::io("open", &path))?;
        let length = file.length().map_err(Error::io("look at", &path))?;
        let mut source = BufReader::new(file);
        let mut head = vec![0; FIXED_BYTES];
        let short = "the file is shorter than its head";
        if format::fill(&mut source, &mut head).map_err(Error::io("read", &path))? < FIXED_BYTES {
            return Err(damaged(short));
        }
        let mut fixed = Scan(&head);
        let magic = fixed.bytes(8);
        let (version, complement) = (fixed.u16(), fixed.u16());
        if magic != MAGIC || version != !complement {
            return Err(damaged("it does not begin as a journal does"));
        }
        if version != VERSION {
            return Err(Error::format(&path, version.into()));
        }
        let head_bytes = u64::from(fixed.u32());
        let (first_turn, previous, input_consumed) = (fixed.u64(), (fixed.u64(), fixed.u64()), fixed.u64());
        let (partitions, progress_bytes, standing_bytes) = (fixed.size(), fixed.size(), fixed.size());
        let told_bytes = progress_bytes as u64 + standing_bytes as u64;
        let expected = FIXED_BYTES as u64 + ENTRY_BYTES as u64 * partitions as u64 + told_bytes + 4;
        if head_bytes != expected || first_turn == 0 {
            return Err(damaged("its head is not what was written"));
        }
        if length < head_bytes {
            return Err(damaged(short));
        }
        source
            .by_ref()
            .take(head_bytes - FIXED_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(Error::io("read", &path))?;
        let (covered, checksum) = head.split_at(head.len() - 4);
        if head.len() as u64 != head_bytes || crc32c::crc32c(covered).to_le_bytes() != checksum {
            return Err(damaged("its head is not what was written"));
        }
        let mut rest = Scan(&covered[FIXED_BYTES..]);
        let next_offsets = (0..partitions).map(|_| (rest.u32(), rest.u64())).collect();
        let (progress, standing) = (rest.bytes(progress_bytes).to_vec(), rest.bytes(standing_bytes).to_vec());
        let before = State { turn: first_turn - 1, input_consumed, progress, standing, next_offsets };
        Ok(Self { path, before, previous, head_bytes, length })
    }

    /// All segments of a folder, in order, each going on where the one before it ended.
    pub(super) fn list(Place { files, dir }: &Place) -> Result<Vec<Self>, Error> {
        let mut names = files.names(dir).map_err(Error::io("list", dir))?;
        names.retain(|name| name.to_str().is_some_and(|name| name.ends_with(SUFFIX)));
        names.sort();
        let mut segments: Vec<Self> = Vec::with_capacity(names.len());
        for name in names {
            let segment = Self::read(files, dir.join(&name))?;
            let first_turn =
                name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|turn| turn.parse().ok());
            if first_turn != Some(segment.first_turn()) {
                let what = format!("its first turn is {}, which is not its name", segment.first_turn());
                return Err(Error::damaged(&segment.path, 0, what));
            }
            let before = segments.last().map_or((0, 0), |last| (last.first_turn(), last.length));
            if segment.previous != before {
                return Err(misplaced(dir, &segments, &segment));
            }
            segments.push(segment);
        }
        Ok(segments)
    }
}

/// What is wrong where a segment does not go on where the one before it ended: mostly the one before.
fn misplaced(dir: &Path, before: &[Segment], segment: &Segment) -> Error {
    let (turn, length) = segment.previous;
    if turn == 0 {
        return Error::damaged(&segment.path, 0, "it is the beginning of a journal, and other files come before it");
    }
    let name = format!("{turn:020}{SUFFIX}");
    match before.iter().rfind(|earlier| earlier.first_turn() == turn) {
        Some(earlier) if earlier.length != length => {
            let what = format!("it has {} bytes, and {length} were written", earlier.length);
            Error::damaged(&earlier.path, earlier.length.min(length), what)
        }
        Some(_) => Error::damaged(&segment.path, 0, format!("it goes on after {name}, and another file is between")),
        None => Error::damaged(&dir.join(name), 0, "the file is missing"),
    }
}

/// Writes a new file durably, whole or not at all.
pub(super) fn write_whole(Place { files, dir }: &Place, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = dir.join(name);
    let beside = dir.join(format!("{name}{NEW_SUFFIX}"));
    let mut file = files.create(&beside).map_err(Error::io("create", &beside))?;
    file.write_all(bytes).map_err(Error::io("write", &beside))?;
    file.sync().map_err(Error::io("sync", &beside))?;
    files.rename(&beside, &path).map_err(Error::io("rename a file to", &path))?;
    files.sync_folder(dir).map_err(Error::io("sync", dir))
}

/// Makes a folder, and those it stands in, durably: one after the other, so that a crash on the way leaves at most one
/// that is there and not durable, and that one is the last.
pub(super) fn create_folder(Place { files, dir }: &Place) -> Result<(), Error> {
    let mut missing = Vec::new();
    for folder in dir.ancestors().take_while(|folder| !folder.as_os_str().is_empty()) {
        if files.exists(folder).map_err(Error::io("look at", folder))? {
            match sync_parent(files, folder) {
                // Whoever may not read it has not made the folder either.
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {}
                synced => synced?,
            }
            break;
        }
        missing.push(folder);
    }
    for folder in missing.into_iter().rev() {
        files.create_folders(folder).map_err(Error::io("create", folder))?;
        sync_parent(files, folder)?;
    }
    Ok(())
}

fn sync_parent(files: &Files, folder: &Path) -> Result<(), Error> {
    let Some(parent) = folder.parent() else { return Ok(()) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    files.sync_folder(parent).map_err(Error::io("sync", parent))
}
