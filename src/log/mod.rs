//! The embedded journal: one append-only folder for all partitions of a process, in which a turn is one durable block.
//! What is on disk after [`Log::append`] returned has happened; what was being written when the power failed has not.
//! What records and outputs mean is not known here: they are bytes.
//!
//! A folder holds `header` (text, see [`Header`]), `lock`, and segments named by their first turn, such as
//! `00000000000000000001.journal`. A segment's head says what was true before it ([`segment`]); then come blocks, one a
//! turn ([`format`]). A new segment begins when the next block would make one larger than
//! [`Settings::segment_bytes_max`].

mod error;
mod format;
mod header;
pub mod kafka;
mod reader;
mod recover;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

pub use error::Error;
pub use format::{SECTION_BYTES_MAX, SECTIONS_MAX, VERSION};
pub use header::{Difference, Header};
pub use reader::{Frames, Reader, TurnFrame, Turns};
use segment::{Segment, State};

use crate::files::{File, Files, Lock, Place};

/// How the journal is written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether each turn is on the disk before it counts as committed. Without it turns are several times cheaper, a
    /// killed process still loses nothing, and a power failure may leave a journal that must be made again.
    pub durable: bool,
    /// Size at which a new file is begun. Opening reads the last file through, so larger means a slower start.
    pub segment_bytes_max: u64,
    /// What outputs are cut into, in bytes: each part is packed and unpacked by itself.
    pub section_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { durable: true, segment_bytes_max: 256 << 20, section_bytes: 1 << 20 }
    }
}

/// Everything that one commit makes true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Running number, from 1.
    pub number: u64,
    /// How many rows of input have been consumed after this turn.
    pub input_consumed: u64,
    /// What the caller wants to find again after a crash, said anew by each turn.
    pub progress: Vec<u8>,
    /// The same, for what changes seldom: it stands until another turn says anything; empty where this one does not.
    pub standing: Vec<u8>,
    /// What was folded, in the order in which it was folded in each partition.
    pub frames: Vec<Frame>,
    /// What goes out.
    pub outputs: Vec<u8>,
}

/// Records of one partition, one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Whose.
    pub partition: u32,
    /// The partition's own running number of the first record, from 0.
    pub first_offset: u64,
    /// How many records.
    pub count: u32,
    /// The records.
    pub bytes: Vec<u8>,
}

/// What a journal holds at its end, when it is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// What the journal was begun with.
    pub header: Header,
    /// Number of the last turn; 0 where there is none.
    pub turn: u64,
    /// What the last turn said.
    pub input_consumed: u64,
    /// What the last turn said.
    pub progress: Vec<u8>,
    /// What the last turn that said anything of the kind said.
    pub standing: Vec<u8>,
    /// Where each partition goes on; one that is not named begins at 0.
    pub next_offsets: BTreeMap<u32, u64>,
    /// How much of a turn that was never committed was cut off.
    pub bytes_cut: u64,
}

/// A journal held open for writing, by one process.
#[derive(Debug)]
pub struct Log {
    place: Place,
    settings: Settings,
    state: State,
    segments: Vec<Segment>,
    /// The last segment, at its end.
    file: Option<File>,
    /// The block being written; kept for its memory.
    block: Vec<u8>,
    poisoned: bool,
    _lock: Lock,
}

const LOCK: &str = "lock";
/// What was cut off last, where it is of full length and may have been a turn.
pub const CUT: &str = "cut";

impl Log {
    /// Begins a journal in a folder that holds none.
    pub fn create(place: impl Into<Place>, header: &Header, settings: Settings) -> Result<Self, Error> {
        let place = place.into();
        segment::create_folder(&place)?;
        let lock = take_lock(&place)?;
        if Header::read(&place)?.is_some() || !Segment::list(&place)?.is_empty() {
            return Err(Error::Exists { dir: place.dir });
        }
        header.write(&place)?;
        Ok(Self::new(place, settings, Vec::new(), State::default(), lock))
    }

    /// Opens a journal, cutting off the turn that was being written when its last writer ended, if there is one.
    pub fn open(place: impl Into<Place>, settings: Settings) -> Result<(Self, Recovered), Error> {
        Self::open_beside(place, settings, &|| Ok(0))
    }

    /// The same, beside something that follows the journal and knows the last turn it has seen: one that was committed is
    /// not cut off, whatever it looks like now. Asked only where something is to be cut off; nothing is, where it cannot say.
    pub fn open_beside(
        place: impl Into<Place>,
        settings: Settings,
        seen: &dyn Fn() -> Result<u64, Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<(Self, Recovered), Error> {
        let place = place.into();
        let header = Header::of_journal(&place)?;
        let lock = take_lock(&place)?;
        let mut segments = Segment::list(&place)?;
        let (mut state, mut bytes_cut) = (State::default(), 0);
        let mut file = None;
        if let Some(last) = segments.last_mut() {
            let survey = recover::survey(&place.files, last)?;
            let path = &last.path;
            let seen = if survey.torn_bytes > 0 { seen() } else { Ok(0) };
            let untold = |source| Error::NotTold { path: path.clone(), turn: survey.state.turn + 1, source };
            let seen = seen.map_err(untold)?;
            if seen > survey.state.turn {
                let (path, turn) = (path.clone(), survey.state.turn + 1);
                return Err(Error::CommittedTurn { path, turn, seen });
            }
            let mut opened = place.files.edit(path).map_err(Error::io("open", path))?;
            let end = survey.block.end;
            if survey.torn_bytes > 0 {
                if !survey.is_short {
                    keep_beside(&place, path, end)?;
                }
                opened.set_length(end).map_err(Error::io("cut an unfinished turn off", path))?;
            }
            write_again(&place.files, path, survey.block, &mut opened).map_err(Error::io("write", path))?;
            opened.sync().map_err(Error::io("sync", path))?;
            last.length = end;
            (state, bytes_cut, file) = (survey.state, survey.torn_bytes, Some(opened));
        }
        place.files.sync_folder(&place.dir).map_err(Error::io("sync", &place.dir))?;
        let recovered = Recovered {
            header,
            turn: state.turn,
            input_consumed: state.input_consumed,
            progress: state.progress.clone(),
            standing: state.standing.clone(),
            next_offsets: state.next_offsets.clone(),
            bytes_cut,
        };
        let mut log = Self::new(place, settings, segments, state, lock);
        log.file = file;
        Ok((log, recovered))
    }

    fn new(place: Place, settings: Settings, segments: Vec<Segment>, state: State, lock: Lock) -> Self {
        Self { place, settings, state, segments, file: None, block: Vec::new(), poisoned: false, _lock: lock }
    }

    /// Commits a turn: on return it has happened, and stays so. After a failed write nothing more is taken; whether that
    /// turn happened is seen when the journal is opened again.
    pub fn append(&mut self, turn: &Turn) -> Result<(), Error> {
        if self.poisoned {
            return Err(Error::Poisoned { dir: self.place.dir.clone() });
        }
        self.check(turn)?;
        self.block.clear();
        format::encode(turn, self.settings.section_bytes, &mut self.block)?;
        self.write().inspect_err(|_| self.poisoned = true)?;
        self.state.turn = turn.number;
        self.state.input_consumed = turn.input_consumed;
        self.state.progress.clone_from(&turn.progress);
        if !turn.standing.is_empty() {
            self.state.standing.clone_from(&turn.standing);
        }
        for frame in &turn.frames {
            self.state.next_offsets.insert(frame.partition, frame.first_offset + u64::from(frame.count));
        }
        Ok(())
    }

    /// Makes durable what was appended without [`Settings::durable`].
    pub fn sync(&mut self) -> Result<(), Error> {
        if let (Some(file), Some(segment)) = (&self.file, self.segments.last()) {
            let synced = file.sync().map_err(Error::io("sync", &segment.path));
            synced.inspect_err(|_| self.poisoned = true)?;
        }
        Ok(())
    }

    /// Number of the last turn; 0 where there is none.
    pub fn last_turn(&self) -> u64 {
        self.state.turn
    }

    /// Where a partition goes on.
    pub fn next_offset(&self, partition: u32) -> u64 {
        self.state.next_offsets.get(&partition).copied().unwrap_or(0)
    }

    /// Bytes on disk, all segments together.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    /// Reads what is committed now; may be sent to another thread, and outlive the log.
    pub fn reader(&self) -> Reader {
        Reader::new(self.place.files.clone(), self.segments.clone(), self.state.turn, self.state.progress.clone())
    }

    /// One partition's frames, from the one that holds `offset` to what is committed now.
    pub fn read_from(&self, partition: u32, offset: u64) -> Frames {
        self.reader().read_from(partition, offset)
    }

    /// All turns that are committed now, in order.
    pub fn turns(&self) -> Turns {
        self.reader().turns()
    }

    fn check(&self, turn: &Turn) -> Result<(), Error> {
        let expected = self.state.turn + 1;
        if turn.number != expected {
            return Err(Error::TurnOutOfOrder { expected, found: turn.number });
        }
        let mut next_offsets: BTreeMap<u32, u64> = BTreeMap::new();
        for &Frame { partition, first_offset: found, count, .. } in &turn.frames {
            let expected = next_offsets.entry(partition).or_insert_with(|| self.next_offset(partition));
            if found != *expected || count == 0 {
                return Err(Error::FrameOutOfOrder { partition, expected: *expected, found, count });
            }
            *expected += u64::from(count);
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        let full = self.segments.last().is_none_or(|segment| {
            let used = segment.length > segment.head_bytes;
            used && segment.length + self.block.len() as u64 > self.settings.segment_bytes_max
        });
        if full {
            self.roll()?;
        }
        let (Some(file), Some(segment)) = (&mut self.file, self.segments.last_mut()) else {
            unreachable!("a journal without a segment is full");
        };
        file.write_all(&self.block).map_err(Error::io("write", &segment.path))?;
        if self.settings.durable {
            file.sync().map_err(Error::io("sync", &segment.path))?;
        }
        segment.length += self.block.len() as u64;
        Ok(())
    }

    /// Begins a new segment. The one before is on the disk before its successor can be.
    fn roll(&mut self) -> Result<(), Error> {
        self.sync()?;
        let segment = Segment::create(&self.place, self.state.clone(), self.segments.last())?;
        let path = &segment.path;
        let mut file = self.place.files.edit(path).map_err(Error::io("open", path))?;
        file.seek(SeekFrom::End(0)).map_err(Error::io("open", path))?;
        self.file = Some(file);
        self.segments.push(segment);
        Ok(())
    }
}

/// Writes the last block in its place once more, and leaves the file at its end. What was read may be in memory only, and is
/// about to be built upon; where an earlier sync failed, a system takes it for written, and would not write it otherwise.
fn write_again(files: &Files, path: &Path, block: Range<u64>, to: &mut File) -> io::Result<()> {
    let mut written = files.open(path)?;
    written.seek(SeekFrom::Start(block.start))?;
    to.seek(SeekFrom::Start(block.start))?;
    io::copy(&mut written.take(block.end - block.start), to).map(drop)
}

/// Copies what follows `end` in a segment into the file [`CUT`], in the place of what was cut off before.
fn keep_beside(place: &Place, segment: &Path, end: u64) -> Result<(), Error> {
    let path = place.dir.join(CUT);
    let copy = || {
        let mut rest = place.files.open(segment)?;
        rest.seek(SeekFrom::Start(end))?;
        let mut file = place.files.create(&path)?;
        io::copy(&mut rest, &mut file)?;
        file.sync()
    };
    copy().map_err(Error::io("keep what is cut off the journal in", &path))
}

/// One process to a folder.
fn take_lock(place: &Place) -> Result<Lock, Error> {
    let path = place.dir.join(LOCK);
    let lock = place.files.lock(&path).map_err(Error::io("lock", &path))?;
    lock.ok_or_else(|| Error::Locked { dir: place.dir.clone() })
}
