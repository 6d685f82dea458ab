//! Brings all inputs into one order. A file that is in order of time is merged as it is read; everything else goes
//! through the sorter first. Runs on its own thread and delivers batches; nothing here depends on timing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::ahead::Ahead;
use super::error::is_damage;
use super::identity::{Content, ContentSoFar};
use super::lines::{BLOCK_BYTES, BLOCK_ROWS, End, LINE_BYTES_MAX, Lines};
use super::parse::{Item, Parser};
use super::source::{Name, ReadSoFar, WINDOW_LOG_MAX, WINDOW_LOG_TOGETHER, is_window};
use super::spill::Sorter;
use super::stream::Stream;
use super::{BATCHES_WAITING, Error, Input, InputFile, Mapping, Opened, Order, scan};
use crate::files::Files;
use crate::model::{Instant, Source};

/// The most files that are merged while they are read. What is beyond goes through the sorter, so that neither open files
/// nor memory grow with the number of inputs.
pub const FILES_AT_ONCE_MAX: usize = 32;
/// The longest line of a file that is merged with others while they are read, in bytes: several wait of each.
const LINE_BYTES_TOGETHER: usize = 1 << 20;
/// Threads that parse one input while no other is read.
const PARSERS: usize = 2;

/// What is to be read, and how.
pub(super) struct Plan {
    /// Among whose files it is sorted.
    pub among: Files,
    /// In the order they were named.
    pub files: Vec<InputFile>,
    /// For those that are not JSON Lines.
    pub mapping: Option<Mapping>,
    /// In which order.
    pub order: Order,
    /// Where to say what the files hold, as far as looking at their order has shown it.
    pub contents: SyncSender<Result<Vec<Option<Content>>, Error>>,
    /// Counts what is read of the files.
    pub read_so_far: ReadSoFar,
    /// What the sorter may hold in memory.
    pub sort_bytes_max: usize,
}

/// What goes to the reader of an intake.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Events, at least one.
    Batch(Vec<Input>),
    /// Takes a place in the queue for a batch that is larger than others: so what waits is bounded in bytes.
    Room,
    /// Nothing follows.
    End(Result<(), Error>),
}

/// Nobody reads any more.
struct Unwanted;

/// Gathers batches.
pub(super) struct Output {
    sender: SyncSender<Delivery>,
    batch: Vec<Input>,
    bytes: usize,
}

impl Output {
    /// To a reader.
    pub(super) fn new(sender: SyncSender<Delivery>) -> Self {
        Self { sender, batch: Vec::with_capacity(BLOCK_ROWS), bytes: 0 }
    }

    fn push(&mut self, item: Item) -> Result<(), Unwanted> {
        self.bytes += item.end - item.start;
        self.batch.push(Input { source: item.source, row_head: item.place == 0, body: item.body });
        if self.batch.len() < BLOCK_ROWS && self.bytes < BLOCK_BYTES {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Unwanted> {
        let more_places = (std::mem::take(&mut self.bytes) / BLOCK_BYTES).min(BATCHES_WAITING).saturating_sub(1);
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BLOCK_ROWS));
        let room = (0..more_places).map(|_| Delivery::Room);
        room.chain([Delivery::Batch(batch)]).try_for_each(|delivery| self.sender.send(delivery)).map_err(|_| Unwanted)
    }
}

impl Plan {
    /// Reads everything into `output`.
    pub(super) fn run(self, mut output: Output) {
        let result = match self.order {
            Order::Given => self.one_after_another(&mut output),
            Order::Time => self.by_time(&mut output),
        };
        // Whoever does not read any more does not miss the end either.
        if output.flush().is_ok() {
            output.sender.send(Delivery::End(result)).ok();
        }
    }

    /// Which files are in order of time. Says what they hold, or that one is damaged, to whoever asks, too.
    fn look_through(&self) -> Result<Vec<bool>, Error> {
        match look_through(&self.files, self.order) {
            Ok(found) => {
                let (in_order, contents) = found.into_iter().map(|found| (found.in_order, found.content)).unzip();
                // Whoever does not ask does not miss it.
                self.contents.send(Ok(contents)).ok();
                Ok(in_order)
            }
            Err(damaged) => {
                self.contents.send(Err(damaged.clone().into())).ok();
                Err(damaged.into())
            }
        }
    }

    fn one_after_another(self, output: &mut Output) -> Result<(), Error> {
        self.look_through()?;
        for file in self.files {
            let Opened { blocks, parser } = file.into_opened(self.mapping.as_ref(), &self.read_so_far)?;
            let stream = Stream::start(blocks, &parser, PARSERS)?;
            merge(vec![Cursor::new(stream, None)], output)?;
        }
        Ok(())
    }

    fn by_time(self, output: &mut Output) -> Result<(), Error> {
        let in_order = self.look_through()?;
        let mut sorter = Sorter::new(self.among.clone(), self.sort_bytes_max);
        let mut ready = Vec::new();
        let are_several = self.files.len() > 1;
        for (mut file, in_order) in self.files.into_iter().zip(in_order) {
            let shown = file.name.shown.clone();
            if are_several && in_order && ready.len() < FILES_AT_ONCE_MAX {
                file.name.window_log = WINDOW_LOG_TOGETHER;
            }
            let Opened { blocks, parser } = file.into_opened(self.mapping.as_ref(), &self.read_so_far)?;
            match parser {
                Parser::Json if in_order && ready.len() < FILES_AT_ONCE_MAX => ready.push((blocks, shown)),
                Parser::Json | Parser::Mapped(_) => {
                    let mut stream = Stream::start(blocks, &parser, PARSERS)?;
                    while let Some(parsed) = stream.next() {
                        sorter.add(parsed)?;
                    }
                }
            }
        }
        let alone = ready.is_empty() || (ready.len() == 1 && sorter.is_empty());
        let parsers = if alone { PARSERS } else { 1 };
        let mut cursors = Vec::new();
        for (blocks, shown) in ready {
            cursors.push(Cursor::new(Stream::start(blocks, &Parser::Json, parsers)?, Some(shown)));
        }
        if !sorter.is_empty() {
            let spilled = Box::new(sorter.finish()?);
            cursors.push(Cursor::new(Stream::start(spilled, &Parser::Json, parsers)?, None));
        }
        merge(cursors, output)
    }
}

impl InputFile {
    fn into_opened(self, mapping: Option<&Mapping>, read_so_far: &ReadSoFar) -> Result<Opened, Error> {
        match self.opened {
            Some(opened) => Ok(opened),
            None => Self::open(self.number, &self.name, mapping, read_so_far),
        }
    }
}

/// A packed file that is not what was packed.
#[derive(Clone)]
struct Damaged {
    file: String,
    what: String,
}

impl From<Damaged> for Error {
    fn from(Damaged { file, what }: Damaged) -> Self {
        Self::Damaged { file, what }
    }
}

/// What is found of a file before anything of it is taken.
#[derive(Clone, Default)]
struct Found {
    /// Whether it is in order of time.
    in_order: bool,
    /// What it holds, where it was read to its end.
    content: Option<Content>,
}

/// Looks through the files that can be read twice, at as many at once as there are cores. Fails where one is damaged.
fn look_through(files: &[InputFile], order: Order) -> Result<Vec<Found>, Damaged> {
    let names: Vec<&Name> = files.iter().map(|file| &file.name).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let are_several = files.len() > 1;
    let look = |names: &[&Name]| -> Vec<_> {
        // What can be read once only is sorted in any case.
        names
            .iter()
            .map(|name| if name.again { look_at(name, order, are_several) } else { Ok(Found::default()) })
            .collect()
    };
    thread::scope(|scope| {
        let parts = names.chunks(files.len().div_ceil(threads).max(1));
        let looking: Vec<_> = parts.map(|names| scope.spawn(move || look(names))).collect();
        looking.into_iter().flat_map(|part| part.join().expect("looking returns its errors")).collect()
    })
}

/// Whether it is in order, and may be read while others are, where it is one of several: then it has no wide window, and no
/// long line.
fn look_at(name: &Name, order: Order, is_one_of_several: bool) -> Result<Found, Damaged> {
    let mut name = name.clone();
    let mut line_bytes_max = LINE_BYTES_MAX;
    if is_one_of_several {
        (name.window_log, line_bytes_max) = (WINDOW_LOG_TOGETHER, LINE_BYTES_TOGETHER);
    }
    let mut found = look(&name, order, line_bytes_max);
    if found.as_ref().is_err_and(is_window) && name.window_log < WINDOW_LOG_MAX {
        name.window_log = WINDOW_LOG_MAX;
        found = look(&name, order, line_bytes_max).map(|found| Found { in_order: false, ..found });
    }
    found.map_err(|error| Damaged { file: name.shown.clone(), what: error.to_string() })
}

/// Fails where it is damaged.
fn look(name: &Name, order: Order, line_bytes_max: usize) -> io::Result<Found> {
    let content = ContentSoFar::default();
    let text = match name.open_hashed(content.clone()) {
        Ok(text) => text,
        Err(Error::Read { source, .. }) if is_window(&source) => return Err(source),
        // What cannot be read now will not be read later, and is reported then.
        Err(_) => return Ok(Found::default()),
    };
    let mut lines = Lines::new(match Ahead::start(text.reader) {
        Ok(ahead) => Box::new(ahead),
        // No thread can be begun: that, too, is reported then.
        Err(_) => return Ok(Found::default()),
    });
    // What a mapping reads is sorted, too.
    let looked =
        if order == Order::Time && text.json { scan::is_sorted(&mut lines, line_bytes_max) } else { Ok(false) };
    let in_order = *looked.as_ref().unwrap_or(&true);
    // A packed file says at its end whether it is what was packed.
    match looked.and_then(|_| if text.packed { lines.skip_rest() } else { Ok(()) }) {
        Err(error) if text.packed && is_damage(&error) => Err(error),
        _ => Ok(Found { in_order, content: name.bytes().and_then(|bytes| content.all_of(bytes)) }),
    }
}

/// Where a stream stands in the merge.
struct Cursor {
    stream: Stream,
    items: std::vec::IntoIter<Item>,
    head: Option<Item>,
    failure: Option<Error>,
    /// The name of a file that was found in order, and must still be.
    in_order: Option<String>,
    last: Instant,
}

impl Cursor {
    fn new(stream: Stream, in_order: Option<String>) -> Self {
        let (items, last) = (Vec::new().into_iter(), Instant::EVENT_MIN);
        Self { stream, items, head: None, failure: None, in_order, last }
    }

    /// Steps to the next item, and returns the one before it.
    fn step(&mut self) -> Result<Option<Item>, Error> {
        let next = loop {
            if let Some(item) = self.items.next() {
                break Some(item);
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            let Some(parsed) = self.stream.next() else {
                break None;
            };
            self.items = parsed.items.into_iter();
            if let Some(End::Failed(failure)) = parsed.end {
                self.failure = Some(failure);
            }
        };
        if let (Some(item), Some(file)) = (&next, &self.in_order) {
            let at = item.at.unwrap_or(self.last);
            if at < self.last {
                return Err(Error::Changed { file: file.clone(), line: item.source.line });
            }
            self.last = at;
        }
        Ok(std::mem::replace(&mut self.head, next))
    }

    /// Its place in the order.
    fn key(&self) -> Option<(Instant, Source, u32)> {
        self.head.as_ref().map(|item| (item.at.unwrap_or(Instant::EVENT_MIN), item.source, item.place))
    }
}

/// Merges streams into `output`, until one fails or all have ended. What was read before a failure is delivered.
fn merge(mut cursors: Vec<Cursor>, output: &mut Output) -> Result<(), Error> {
    let mut heap = BinaryHeap::with_capacity(cursors.len());
    for (index, cursor) in cursors.iter_mut().enumerate() {
        cursor.step()?;
        heap.extend(cursor.key().map(|key| Reverse((key, index))));
    }
    while let Some(mut least) = heap.peek_mut() {
        let cursor = &mut cursors[least.0.1];
        let stepped = cursor.step();
        let (item, failure) = match stepped {
            Ok(item) => (item, None),
            Err(failure) => (cursor.head.take(), Some(failure)),
        };
        if let Some(item) = item
            && output.push(item).is_err()
        {
            return Ok(());
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        match cursor.key() {
            Some(key) => least.0.0 = key,
            None => drop(PeekMut::pop(least)),
        }
    }
    Ok(())
}
