//! Sorting outside memory: what does not fit is written as sorted runs to temporary files, which are then merged. The
//! files have no name, so that nothing stays behind, whatever ends the process.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write};

use super::Error;
use super::lines::{Block, Blocks, End, Row};
use super::parse::{Item, Parsed};
use crate::files::{Files, Scratch};
use crate::model::{Instant, Source, Text};

/// What is sorted in memory at a time, in bytes. While sorting, about twice that is held.
pub const SORT_BYTES_MAX: usize = 64 * 1_024 * 1_024;
/// The most runs of a level: as many are merged into one of the next level, so that open files stay few.
pub const RUNS_MAX: usize = 64;
/// What is read of a run, and written to one, at a time: that part of what is sorted in memory, and at most so much.
const RUN_BUFFER_PART: usize = 64;
const RUN_BUFFER_BYTES_MAX: usize = 64 * 1_024;

/// Collects rows in any order.
pub(super) struct Sorter {
    files: Files,
    bytes_max: usize,
    bytes: Vec<u8>,
    heads: Vec<(Head, usize)>,
    /// Runs by level.
    levels: Vec<Vec<Scratch>>,
    failure: Option<Error>,
}

/// What stands before a row's bytes in a run. Ordered by time and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    at: Instant,
    source: Source,
    place: u32,
    /// How many of the bytes are the reason of a refusal; none in an event.
    reason_bytes: u32,
    bytes: u32,
}

const HEAD_BYTES: usize = 32;

impl Sorter {
    /// Holds about so many bytes in memory, and the rest among somebody's files.
    pub(super) fn new(files: Files, bytes_max: usize) -> Self {
        Self { files, bytes_max, bytes: Vec::new(), heads: Vec::new(), levels: Vec::new(), failure: None }
    }

    /// Whether nothing was added, not even a failure.
    pub(super) fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.levels.is_empty() && self.failure.is_none()
    }

    /// Takes the rows of a block. The first failure of an input is kept, where it is in the input itself, and stands after
    /// everything that was read. Where the machine could not read what may be read next time, nothing is to be delivered
    /// sorted: it would not be the beginning of what is there then.
    pub(super) fn add(&mut self, parsed: Parsed) -> Result<(), Error> {
        for item in &parsed.items {
            self.push(item, &parsed.json);
            if self.bytes.len() + self.heads.len() * size_of::<(Head, usize)>() >= self.bytes_max {
                self.spill().map_err(failed)?;
            }
        }
        match parsed.end {
            Some(End::Failed(error)) if error.may_pass() => return Err(error),
            Some(End::Failed(error)) => drop(self.failure.get_or_insert(error)),
            Some(End::Complete) | None => {}
        }
        Ok(())
    }

    fn push(&mut self, item: &Item, json: &[u8]) {
        let start = self.bytes.len();
        let mut reason_bytes = 0;
        match &item.body {
            Ok(_) => self.bytes.extend_from_slice(&json[item.start..item.end]),
            Err(refused) => {
                self.bytes.extend_from_slice(refused.reason.as_bytes());
                reason_bytes = self.bytes.len() - start;
                self.bytes.extend_from_slice(refused.bytes.as_bytes());
            }
        }
        let small = |bytes: usize| u32::try_from(bytes).expect("a line is at most LINE_BYTES_MAX");
        let head = Head {
            at: item.at.unwrap_or(Instant::EVENT_MIN),
            source: item.source,
            place: item.place,
            reason_bytes: small(reason_bytes),
            bytes: small(self.bytes.len() - start),
        };
        self.heads.push((head, start));
    }

    /// Sorts what is in memory and writes it out as a run.
    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.heads.sort_unstable();
        for (head, start) in self.heads.drain(..) {
            out.write_all(&head.to_bytes())?;
            out.write_all(&self.bytes[start..start + head.bytes as usize])?;
        }
        self.bytes.clear();
        out.flush()
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(self.buffer_bytes(), self.files.scratch()?);
        self.write(&mut out)?;
        self.add_run(out.into_inner()?, 0)
    }

    /// Adds a run to a level; a full level becomes one run of the next.
    fn add_run(&mut self, run: Scratch, level: usize) -> io::Result<()> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(run);
        if self.levels[level].len() < RUNS_MAX {
            return Ok(());
        }
        let buffer_bytes = self.buffer_bytes();
        let runs = self.levels[level].drain(..).map(|file| Run::file(file, buffer_bytes));
        let mut merge = Merge::new(runs.collect::<io::Result<_>>()?)?;
        let mut out = BufWriter::with_capacity(buffer_bytes, self.files.scratch()?);
        let mut row = Vec::new();
        while let Some(head) = merge.next(&mut row)? {
            out.write_all(&head.to_bytes())?;
            out.write_all(&row)?;
            row.clear();
        }
        out.flush()?;
        self.add_run(out.into_inner()?, level + 1)
    }

    fn buffer_bytes(&self) -> usize {
        (self.bytes_max / RUN_BUFFER_PART).clamp(2 * HEAD_BYTES, RUN_BUFFER_BYTES_MAX)
    }

    /// Everything, in order.
    pub(super) fn finish(mut self) -> Result<Sorted, Error> {
        let mut rest = Vec::with_capacity(self.bytes.len() + self.heads.len() * HEAD_BYTES);
        self.write(&mut rest).map_err(failed)?;
        self.bytes = Vec::new();
        let buffer_bytes = self.buffer_bytes();
        let files = std::mem::take(&mut self.levels).into_iter().flatten().map(|file| Run::file(file, buffer_bytes));
        let mut runs: Vec<Run> = files.collect::<io::Result<_>>().map_err(failed)?;
        runs.push(Run(Box::new(Cursor::new(rest))));
        Ok(Sorted { merge: Merge::new(runs).map_err(failed)?, failure: self.failure })
    }
}

impl Head {
    fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.at.0.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.source.line.to_le_bytes());
        for (index, number) in [self.source.file, self.place, self.reason_bytes, self.bytes].into_iter().enumerate() {
            bytes[16 + 4 * index..20 + 4 * index].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Self {
        let long = |start: usize| std::array::from_fn(|index| bytes[start + index]);
        let short = |index: usize| u32::from_le_bytes(std::array::from_fn(|byte| bytes[16 + 4 * index + byte]));
        Self {
            at: Instant(i64::from_le_bytes(long(0))),
            source: Source { file: short(0), line: u64::from_le_bytes(long(8)) },
            place: short(1),
            reason_bytes: short(2),
            bytes: short(3),
        }
    }
}

/// A sorted run, read from its start.
struct Run(Box<dyn Read + Send>);

impl Run {
    fn file(mut file: Scratch, buffer_bytes: usize) -> io::Result<Self> {
        file.rewind()?;
        Ok(Self(Box::new(BufReader::with_capacity(buffer_bytes, file))))
    }

    fn head(&mut self) -> io::Result<Option<Head>> {
        let mut bytes = [0; HEAD_BYTES];
        // A run ends between two rows, and only there.
        if self.0.read(&mut bytes[..1])? == 0 {
            return Ok(None);
        }
        self.0.read_exact(&mut bytes[1..])?;
        Ok(Some(Head::from_bytes(&bytes)))
    }
}

/// Merges runs. The heap has the next head of each; its bytes are still to be read.
struct Merge {
    runs: Vec<Run>,
    heap: BinaryHeap<Reverse<(Head, usize)>>,
}

impl Merge {
    fn new(mut runs: Vec<Run>) -> io::Result<Self> {
        let mut heap = BinaryHeap::new();
        for (index, run) in runs.iter_mut().enumerate() {
            if let Some(head) = run.head()? {
                heap.push(Reverse((head, index)));
            }
        }
        Ok(Self { runs, heap })
    }

    /// Appends the bytes of the next row.
    fn next(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<Head>> {
        let Some(mut least) = self.heap.peek_mut() else {
            return Ok(None);
        };
        let Reverse((head, index)) = *least;
        let run = &mut self.runs[index];
        let start = bytes.len();
        bytes.resize(start + head.bytes as usize, 0);
        run.0.read_exact(&mut bytes[start..])?;
        match run.head()? {
            Some(next) => *least = Reverse((next, index)),
            None => drop(std::collections::binary_heap::PeekMut::pop(least)),
        }
        Ok(Some(head))
    }
}

/// Everything that was collected, in order.
pub(super) struct Sorted {
    merge: Merge,
    failure: Option<Error>,
}

impl Blocks for Sorted {
    fn next_block(&mut self) -> Block {
        let mut block = Block::default();
        while !block.is_full() {
            let start = block.bytes.len();
            let head = match self.merge.next(&mut block.bytes) {
                Ok(Some(head)) => head,
                Ok(None) => {
                    block.end = Some(self.failure.take().map_or(End::Complete, End::Failed));
                    return block;
                }
                Err(error) => {
                    block.end = Some(End::Failed(failed(error)));
                    return block;
                }
            };
            let text = start + head.reason_bytes as usize;
            let reason = (text > start).then(|| Text::from(String::from_utf8_lossy(&block.bytes[start..text])));
            let (source, place, end) = (head.source, head.place, block.bytes.len());
            block.rows.push(Row { source, place, start: text, end, refusal: reason, at: Some(head.at) });
        }
        block
    }
}

fn failed(source: io::Error) -> Error {
    Error::Sort { folder: std::env::temp_dir().display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Refused;

    #[test]
    fn a_head_is_read_back_as_it_was_written() {
        let source = Source { file: 7, line: u64::MAX - 1 };
        let head = Head { at: Instant(-5), source, place: 2, reason_bytes: 3, bytes: 4 };
        assert_eq!(Head::from_bytes(&head.to_bytes()), head);
    }

    #[test]
    fn many_runs_and_levels_come_out_in_order() {
        // Every row is a run of its own, so that levels fill up: 64 * 64 rows make one run of the third.
        let mut sorter = Sorter::new(Files::Real, 1);
        let rows = 5_000_u64;
        for n in 0..rows {
            let line = n * 7_919 % rows;
            let at = Instant(i64::try_from(line / 3).unwrap());
            let source = Source { file: 0, line };
            let body = Err(Refused { source, reason: "why".into(), bytes: format!("row {line}").into() });
            let items = vec![Item { source, place: 0, at: Some(at), body, start: 0, end: 0 }];
            sorter.add(Parsed { items, json: Vec::new(), end: None }).unwrap();
        }
        assert!(sorter.levels.len() == 3 && sorter.levels.iter().all(|level| level.len() < RUNS_MAX));
        let mut merged = sorter.finish().unwrap();
        let mut line = 0;
        loop {
            let block = merged.next_block();
            for row in &block.rows {
                assert_eq!((row.source.line, row.refusal.as_deref()), (line, Some("why")));
                assert_eq!(block.bytes[row.start..row.end], *format!("row {line}").as_bytes());
                line += 1;
            }
            if block.end.is_some() {
                break;
            }
        }
        assert_eq!(line, rows);
    }

    #[test]
    fn what_the_machine_could_not_read_ends_it_and_what_is_wrong_with_the_input_comes_after_what_was_read() {
        let failed = |source| Parsed {
            items: Vec::new(),
            json: Vec::new(),
            end: Some(End::Failed(Error::Read { file: "a".into(), line: 7, source })),
        };
        let mut sorter = Sorter::new(Files::Real, 1);
        sorter.add(failed(io::ErrorKind::UnexpectedEof.into())).unwrap();
        assert!(matches!(sorter.finish().unwrap().next_block().end, Some(End::Failed(Error::Read { line: 7, .. }))));
        let refused = Sorter::new(Files::Real, 1).add(failed(io::Error::from_raw_os_error(5)));
        assert!(matches!(refused, Err(Error::Read { line: 7, .. })), "{refused:?}");
    }
}
