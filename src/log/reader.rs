//! Reading a journal: one partition from an offset on, or all turns in order. Holds one block or frame at a time, locks
//! nothing, and ends where the journal ended when the reader was made.

use std::collections::VecDeque;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use super::error::Error;
use super::format::{self, Found, FrameHead, Head};
use super::header::Header;
use super::recover;
use super::segment::Segment;
use super::{Frame, Turn};
use crate::files::{File, Files, Place};

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 1 << 18;

/// What is committed in a journal at some moment.
#[derive(Clone, Debug)]
pub struct Reader {
    files: Files,
    segments: Arc<[Segment]>,
    turn: u64,
    progress: Arc<[u8]>,
}

/// A frame, and the turn that it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnFrame {
    /// Number of the turn.
    pub turn: u64,
    /// The frame.
    pub frame: Frame,
}

impl Reader {
    /// Reads a folder beside whoever may be writing there. Returns the journal's header as well.
    pub fn open(place: impl Into<Place>) -> Result<(Self, Header), Error> {
        let place = place.into();
        let header = Header::of_journal(&place)?;
        let mut segments = Segment::list(&place)?;
        let (mut turn, mut progress) = (0, Vec::new());
        if let Some(last) = segments.last_mut() {
            let survey = recover::glance(&place.files, last)?;
            last.length = survey.block.end;
            (turn, progress) = (survey.state.turn, survey.state.progress);
        }
        Ok((Self::new(place.files, segments, turn, progress), header))
    }

    /// Over segments whose lengths are what is committed of them.
    pub(super) fn new(files: Files, segments: Vec<Segment>, turn: u64, progress: Vec<u8>) -> Self {
        Self { files, segments: segments.into(), turn, progress: progress.into() }
    }

    /// Number of the last turn; 0 before the first.
    pub fn turn(&self) -> u64 {
        self.turn
    }

    /// What the last turn said of how far everything has come; nothing before the first.
    pub fn progress(&self) -> &[u8] {
        &self.progress
    }

    /// One partition's frames, from the one that holds `offset` to the end.
    pub fn read_from(&self, partition: u32, offset: u64) -> Frames {
        let starts_before = |segment: &Segment| {
            let next = segment.before.next_offsets.get(&partition);
            next.copied().unwrap_or(0) <= offset
        };
        let first = self.segments.partition_point(starts_before).saturating_sub(1);
        let (blocks, waiting, progress) = (Blocks::new(self, first), VecDeque::new(), Vec::new());
        Frames { blocks, partition, offset, next: None, waiting, progress }
    }

    /// All turns, in order.
    pub fn turns(&self) -> Turns {
        self.turns_from(1)
    }

    /// All turns from this number on, in order.
    pub fn turns_from(&self, number: u64) -> Turns {
        let first = self.segments.partition_point(|segment| segment.first_turn() <= number).saturating_sub(1);
        Turns { blocks: Blocks::new(self, first), number, with_frames: true }
    }
}

/// Iterates over one partition's frames. After an error it ends.
#[derive(Debug)]
pub struct Frames {
    blocks: Blocks,
    partition: u32,
    offset: u64,
    /// The offset that the next frame must begin with, once one was seen.
    next: Option<u64>,
    /// Frames of the block at hand, with their turn and where they stand.
    waiting: VecDeque<(u64, FrameHead, u64)>,
    /// What the turn at hand said of how far everything has come.
    progress: Vec<u8>,
}

impl Frames {
    /// What the turn of the frame that came last says of how far everything has come, where that was its last frame of
    /// this partition. Not held against a checksum.
    pub fn turn_end(&self) -> Option<&[u8]> {
        (self.waiting.is_empty() && self.next.is_some()).then_some(self.progress.as_slice())
    }

    fn find(&mut self) -> Result<Option<TurnFrame>, Error> {
        loop {
            if let Some((turn, head, position)) = self.waiting.pop_front() {
                return self.read(turn, head, position).map(Some);
            }
            let Some(block) = self.blocks.next_head()? else {
                return Ok(None);
            };
            let told = self.blocks.position + block.head_bytes();
            let mut position = told + block.told_bytes() as u64;
            for frame in &block.frames {
                if frame.partition == self.partition && frame.next_offset() > self.offset {
                    self.waiting.push_back((block.turn, *frame, position));
                }
                position += frame.size.packed as u64;
            }
            if !self.waiting.is_empty() {
                self.progress.resize(block.progress_bytes(), 0);
                self.blocks.read_at(told, &mut self.progress)?;
            }
            self.blocks.skip(&block);
        }
    }

    fn read(&mut self, turn: u64, head: FrameHead, position: u64) -> Result<TurnFrame, Error> {
        let path = self.blocks.path();
        if self.next.is_some_and(|next| next != head.first_offset) {
            let what = format!("partition {} goes on at offset {}, with a gap", self.partition, head.first_offset);
            return Err(Error::damaged(&path, position, what));
        }
        self.next = Some(head.next_offset());
        let mut packed = vec![0; head.size.packed];
        self.blocks.read_at(position, &mut packed)?;
        if !head.vouches_for(&packed) {
            return Err(Error::damaged(&path, position, "a frame is not what was written"));
        }
        let frame = head.unpack(&packed);
        let frame = frame.ok_or_else(|| Error::damaged(&path, position, "a frame cannot be unpacked"))?;
        Ok(TurnFrame { turn, frame })
    }
}

impl Iterator for Frames {
    type Item = Result<TurnFrame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.find();
        if found.is_err() {
            self.blocks.end();
            self.waiting.clear();
        }
        found.transpose()
    }
}

/// Iterates over turns. After an error it ends.
#[derive(Debug)]
pub struct Turns {
    blocks: Blocks,
    /// The turn that comes next.
    number: u64,
    with_frames: bool,
}

impl Turns {
    /// What is committed beside the records: turns come without frames, which are checked and not unpacked.
    #[must_use]
    pub fn without_frames(self) -> Self {
        Self { with_frames: false, ..self }
    }

    fn find(&mut self) -> Result<Option<Turn>, Error> {
        loop {
            let Some(head) = self.blocks.next_head()? else {
                return Ok(None);
            };
            let position = self.blocks.position;
            if head.turn < self.number {
                self.blocks.skip(&head);
                continue;
            }
            let path = self.blocks.path();
            if head.turn != self.number {
                let what = format!("turn {} stands where turn {} belongs", head.turn, self.number);
                return Err(Error::damaged(&path, position, what));
            }
            let length = usize::try_from(head.body_bytes()).expect("what was in memory once fits there again");
            let mut body = vec![0; length];
            self.blocks.read_at(position + head.head_bytes(), &mut body)?;
            self.blocks.skip(&head);
            if !head.vouches_for(&body) {
                return Err(Error::damaged(&path, position, "a block is not what was written"));
            }
            let turn = head.unpack(&body, self.with_frames);
            let turn = turn.ok_or_else(|| Error::damaged(&path, position, "a block cannot be unpacked"))?;
            self.number += 1;
            return Ok(Some(turn));
        }
    }
}

impl Iterator for Turns {
    type Item = Result<Turn, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.find();
        if found.is_err() {
            self.blocks.end();
        }
        found.transpose()
    }
}

/// Steps from head to head through the segments.
#[derive(Debug)]
struct Blocks {
    files: Files,
    segments: Arc<[Segment]>,
    /// The segment at hand.
    at: usize,
    file: Option<BufReader<File>>,
    /// Where the file stands.
    file_position: u64,
    /// Where the block at hand begins.
    position: u64,
}

impl Blocks {
    fn new(reader: &Reader, first: usize) -> Self {
        let (files, segments) = (reader.files.clone(), reader.segments.clone());
        let position = segments.get(first).map_or(0, |segment| segment.head_bytes);
        Self { files, segments, at: first, file: None, file_position: 0, position }
    }

    fn path(&self) -> PathBuf {
        self.segments.get(self.at).map(|segment| segment.path.clone()).unwrap_or_default()
    }

    fn end(&mut self) {
        self.at = self.segments.len();
    }

    /// The head at `position`; `None` at the end of all.
    fn next_head(&mut self) -> Result<Option<Head>, Error> {
        while let Some(segment) = self.segments.get(self.at) {
            if self.position < segment.length {
                let path = segment.path.clone();
                let room = segment.length - self.position;
                let position = self.position;
                let source = self.seek(position)?;
                let found = format::read_head(source).map_err(Error::io("read", &path))?;
                let what = match found {
                    Found::Head(head) if head.length <= room => {
                        self.file_position = position + head.head_bytes();
                        return Ok(Some(head));
                    }
                    Found::Head(_) | Found::End => "a block is cut short",
                    Found::Bad(what) => what,
                    Found::Other(version) => return Err(Error::format(&path, version.into())),
                };
                return Err(Error::damaged(&path, position, what));
            }
            self.at += 1;
            self.file = None;
            self.position = self.segments.get(self.at).map_or(0, |segment| segment.head_bytes);
        }
        Ok(None)
    }

    fn skip(&mut self, head: &Head) {
        self.position += head.length;
    }

    fn read_at(&mut self, position: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let path = self.path();
        self.seek(position)?.read_exact(buffer).map_err(Error::io("read", &path))?;
        self.file_position = position + buffer.len() as u64;
        Ok(())
    }

    /// The file of the segment at hand, at this byte.
    fn seek(&mut self, position: u64) -> Result<&mut BufReader<File>, Error> {
        let segment = &self.segments[self.at];
        let path = &segment.path;
        if self.file.is_none() {
            let file = self.files.open(path).map_err(Error::io("open", path))?;
            self.file = Some(BufReader::with_capacity(READ_BYTES, file));
            self.file_position = 0;
        }
        let file = self.file.as_mut().expect("opened above");
        // Keeps what is buffered, where the target is near.
        let moved = match i64::try_from(i128::from(position) - i128::from(self.file_position)) {
            Ok(distance) => file.seek_relative(distance),
            Err(_) => file.seek(SeekFrom::Start(position)).map(drop),
        };
        moved.map_err(Error::io("read", path))?;
        self.file_position = position;
        Ok(file)
    }
}
