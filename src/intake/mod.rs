//! Input events in, from files and standard input: JSON Lines (plain, gzip, zstd) and CSV by a mapping file, in order of
//! time or in the order given. What cannot be read as an event is delivered as refused, in its place. What the events
//! mean, and whether one was seen before, is for others to say; topics are read elsewhere.
//!
//! ```text
//! source ─► lines / table ─► parse ──────────────────────────► merge ─► Intake, in batches
//!  file      blocks of rows    events ─► spill, sorts what is not in order ─┘
//! ```

mod ahead;
mod check;
mod error;
mod identity;
mod lines;
mod mapping;
mod merge;
mod parse;
mod scan;
mod source;
mod spill;
mod stop;
mod stream;
mod table;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, sync_channel};

pub use self::check::{Check, Doubtful, RefusedAt, check};
pub use self::error::Error;
pub use self::identity::InputIdentity;
pub use self::lines::LINE_BYTES_MAX;
use self::lines::{Blocks, JsonLines, Lines};
pub use self::mapping::Mapping;
pub use self::merge::FILES_AT_ONCE_MAX;
use self::merge::{Output, Plan};
use self::parse::Parser;
use self::source::{Name, ReadSoFar, Text};
pub use self::spill::{RUNS_MAX, SORT_BYTES_MAX};
use self::stop::Stop;
pub use self::table::{RECORD_BYTES_MAX, RECORD_LINES_MAX};
use crate::files::Files;
use crate::model::{Event, Refused, Source};

/// Batches that wait for the reader of an [`Intake`]: as many events as a turn has, which are asked for all at once, and parsed
/// while the one before is folded.
const BATCHES_WAITING: usize = 24;

/// In which order several files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By event time, then file, then line, then place within the row.
    Time,
    /// File after file, each in its own order.
    Given,
}

/// One event, or one row that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Which file and line.
    pub source: Source,
    /// Whether this is the first event of its row: rows are counted by it.
    pub row_head: bool,
    /// The event, or why there is none.
    pub body: Result<Event, Refused>,
}

/// Input being read, on threads of its own. An iterator; [`Intake::next_batch`] is the faster way. After an error nothing
/// follows, and everything that could be read before it was delivered.
#[derive(Debug)]
pub struct Intake {
    file_names: Vec<String>,
    identity: identity::Asked,
    bytes: Option<u64>,
    read_so_far: ReadSoFar,
    stop: Stop,
    batches: Receiver<merge::Delivery>,
    batch: std::vec::IntoIter<Input>,
    ended: bool,
}

impl Intake {
    /// Opens files, `-` being standard input, and starts to read them. A mapping reads those among them that are not
    /// JSON Lines.
    pub fn open(inputs: &[PathBuf], mapping: Option<&Mapping>, order: Order) -> Result<Self, Error> {
        Self::open_among(&Files::Real, inputs, mapping, order, SORT_BYTES_MAX)
    }

    /// The same, among somebody's files, and sorting with so many bytes of memory.
    pub fn open_among(
        among: &Files,
        inputs: &[PathBuf],
        mapping: Option<&Mapping>,
        order: Order,
        sort_bytes_max: usize,
    ) -> Result<Self, Error> {
        if inputs.is_empty() {
            return Err(Error::NoInput);
        }
        let names = inputs.iter().map(|path| Name::look(among, path)).collect::<Result<Vec<Name>, Error>>()?;
        if names.iter().filter(|name| name.is_standard_input()).count() > 1 {
            return Err(Error::StandardInputTwice);
        }
        let (contents, found) = sync_channel(1);
        let identity = identity::Asked::new(&names, order, mapping, found);
        let bytes = names.iter().map(Name::bytes).sum();
        let file_names = names.iter().map(|name| name.shown.clone()).collect();
        let mut files = Vec::with_capacity(names.len());
        for (number, name) in (0..).zip(names) {
            // Opened here already, so that what is missing or of no use is known before anything is read.
            let opened = InputFile::open(number, &name, mapping, &ReadSoFar::default())?;
            let opened = if name.again { None } else { Some(opened) };
            files.push(InputFile { number, name, opened });
        }
        let read_so_far = ReadSoFar::default();
        let plan = Plan {
            among: among.clone(),
            files,
            mapping: mapping.cloned(),
            order,
            contents,
            read_so_far: read_so_far.clone(),
            sort_bytes_max,
        };
        let (sender, batches) = sync_channel(BATCHES_WAITING);
        stream::spawn("intake-merge", move || plan.run(Output::new(sender)))?;
        let (stop, batch) = (Stop::default(), Vec::new().into_iter());
        Ok(Self { file_names, identity, bytes, read_so_far, stop, batches, batch, ended: false })
    }

    /// The next events, at least one; `None` at the end.
    pub fn next_batch(&mut self) -> Result<Option<Vec<Input>>, Error> {
        let rest = std::mem::take(&mut self.batch);
        if rest.len() > 0 {
            return Ok(Some(rest.collect()));
        }
        if self.ended {
            return Ok(None);
        }
        let end = loop {
            match self.stop.receive(&self.batches) {
                Ok(Some(merge::Delivery::Batch(batch))) => return Ok(Some(batch)),
                Ok(Some(merge::Delivery::Room)) => {}
                Ok(Some(merge::Delivery::End(end))) => break end,
                Ok(None) => break Err(Error::ThreadEnded),
                Err(stopped) => break Err(stopped),
            }
        };
        self.ended = true;
        end.map(|()| None)
    }

    /// From when on `wanted` is set, whoever waits for input gets [`Error::Stopped`] instead, however long the input is
    /// silent.
    pub fn stop_when(&mut self, wanted: Arc<AtomicBool>) {
        self.stop = Stop::when(wanted);
    }

    /// The files, in the order of [`Source::file`], as messages name them.
    pub fn file_names(&self) -> &[String] {
        &self.file_names
    }

    /// How many bytes the files have in all, as they are on disk; `None` where one is no regular file.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// How many of them were read so far. What must be sorted is read long before it is delivered.
    pub fn bytes_read(&self) -> u64 {
        self.read_so_far.bytes()
    }

    /// What this input is, so that a run that is taken up again can tell whether it is still the same. Waits until its
    /// files were read through once: by those who look at their order, or here.
    pub fn fingerprint(&mut self) -> Result<InputIdentity, Error> {
        self.identity.answer(&self.stop)
    }
}

impl Iterator for Intake {
    type Item = Result<Input, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(input) = self.batch.next() {
                return Some(Ok(input));
            }
            match self.next_batch() {
                Ok(Some(batch)) => self.batch = batch.into_iter(),
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// One of the inputs.
struct InputFile {
    number: u32,
    name: Name,
    /// Standard input and pipes, which can be opened only once.
    opened: Option<Opened>,
}

/// An input about to be read.
struct Opened {
    blocks: Box<dyn Blocks>,
    parser: Parser,
}

impl InputFile {
    /// Opens an input, and finds out what it is.
    fn open(number: u32, name: &Name, mapping: Option<&Mapping>, read_so_far: &ReadSoFar) -> Result<Opened, Error> {
        let Text { reader, marked, json, .. } = name.open(read_so_far)?;
        let mut lines = Lines::new(reader);
        let shown = name.shown.clone();
        let Some(mapping) = mapping.filter(|_| !json) else {
            let blocks = Box::new(JsonLines { lines, file: number, shown });
            return Ok(Opened { blocks, parser: Parser::Json });
        };
        let mut header = Vec::new();
        while header.trim_ascii().is_empty() {
            header.clear();
            let cut = lines.append(&mut header);
            let line = lines.line + 1;
            match cut.map_err(|source| Error::Read { file: shown.clone(), line, source })? {
                lines::Cut::Line => {}
                lines::Cut::Overlong => {
                    return Err(Error::HeaderTooLong { file: shown, line: lines.line, most: LINE_BYTES_MAX });
                }
                lines::Cut::End => return Err(Error::NoHeader { file: shown }),
            }
        }
        let bound = mapping.bind(&mapping::Header { file: &shown, line: lines.line, bytes: &header, marked })?;
        let (delimiter, width, ahead, failure) = (bound.delimiter(), bound.width(), VecDeque::new(), None);
        let blocks = Box::new(table::Records { lines, file: number, shown, delimiter, width, ahead, failure });
        Ok(Opened { blocks, parser: Parser::Mapped(Box::new(bound)) })
    }
}
