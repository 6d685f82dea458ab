//! One input on threads of its own: one cuts blocks, one or more parse them, and the blocks come out in their order
//! whatever the timing, because block n always goes through parser n mod count.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Error;
use super::lines::{Blocks, End};
use super::parse::{Parsed, Parser};
use super::table::Fields;
use crate::model::Instant;

/// Blocks that wait between two threads.
const BLOCKS_WAITING: usize = 1;

/// The parsed blocks of one input.
pub(super) struct Stream {
    lanes: Vec<Receiver<Parsed>>,
    turn: usize,
    ended: bool,
    last: Instant,
}

impl Stream {
    /// Starts reading with so many parsing threads.
    pub(super) fn start(blocks: Box<dyn Blocks>, parser: &Parser, parsers: usize) -> Result<Self, Error> {
        let mut inner = Vec::new();
        let mut lanes = Vec::new();
        for _ in 0..parsers {
            let (to_parser, from_reader) = sync_channel(BLOCKS_WAITING);
            let (to_us, lane) = sync_channel(BLOCKS_WAITING);
            let parser = parser.clone();
            spawn("intake-parse", move || {
                let mut fields = Fields::default();
                for block in from_reader {
                    if to_us.send(parser.parse(block, &mut fields)).is_err() {
                        return;
                    }
                }
            })?;
            inner.push(to_parser);
            lanes.push(lane);
        }
        spawn("intake-read", move || cut(blocks, &inner))?;
        Ok(Self { lanes, turn: 0, ended: false, last: Instant::EVENT_MIN })
    }

    /// The next parsed block; `None` after the one with the end. Refused rows have their time.
    pub(super) fn next(&mut self) -> Option<Parsed> {
        if self.ended {
            return None;
        }
        let lane = &self.lanes[self.turn % self.lanes.len()];
        self.turn += 1;
        let mut parsed = lane.recv().unwrap_or_else(|_| {
            // A thread that ends well says so in its last block: this one panicked.
            Parsed { items: Vec::new(), json: Vec::new(), end: Some(End::Failed(Error::ThreadEnded)) }
        });
        self.ended = parsed.end.is_some();
        for item in &mut parsed.items {
            self.last = *item.at.get_or_insert(self.last);
        }
        Some(parsed)
    }
}

/// Hands blocks to the parsers in turn until the last, or until nobody wants them.
fn cut(mut blocks: Box<dyn Blocks>, parsers: &[SyncSender<super::lines::Block>]) {
    for parser in parsers.iter().cycle() {
        let block = blocks.next_block();
        let last = block.end.is_some();
        if parser.send(block).is_err() || last {
            return;
        }
    }
}

/// Starts a thread that ends by itself when its channels do.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.into()).spawn(work);
    thread.map(drop).map_err(|source| Error::Thread { source })
}
