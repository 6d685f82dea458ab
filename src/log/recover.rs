//! What a folder's last segment holds: its whole turns, and what a crash left behind them. Looks and changes nothing.
//!
//! A crash can leave at most one block that is not whole, at the very end, for each block is synced before the next is
//! written. So a bad block is cut off only if nothing that was ever a block comes after it; anything else is damage.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use super::error::Error;
use super::format::{self, Found, Head, MAGIC};
use super::segment::{Segment, State};
use crate::files::Files;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 1 << 20;
/// The same where only heads are read.
const HEAD_READ_BYTES: usize = 16 << 10;

/// Where the journal ends.
pub(super) struct Survey {
    /// After the last whole turn.
    pub(super) state: State,
    /// Where its block begins in the last segment, and where it ends; the same where the segment has none.
    pub(super) block: Range<u64>,
    /// What follows it there: the rest of a turn that was never committed.
    pub(super) torn_bytes: u64,
    /// Whether that is shorter than it says, as what a killed process was writing is: what is of full length and not what
    /// was written may have been committed, and damaged since.
    pub(super) is_short: bool,
}

impl State {
    /// Goes on by one turn, or says why that cannot be the next.
    pub(super) fn advance(&mut self, head: &Head, progress: Vec<u8>, standing: Vec<u8>) -> Result<(), String> {
        if head.turn != self.turn + 1 {
            return Err(format!("turn {} stands where turn {} belongs", head.turn, self.turn + 1));
        }
        for frame in &head.frames {
            let next = self.next_offsets.entry(frame.partition).or_default();
            if *next != frame.first_offset {
                let (partition, first) = (frame.partition, frame.first_offset);
                return Err(format!("partition {partition} goes on at offset {first}, and {next} belongs there"));
            }
            *next = frame.next_offset();
        }
        self.turn = head.turn;
        self.input_consumed = head.input_consumed;
        self.progress = progress;
        if !standing.is_empty() {
            self.standing = standing;
        }
        Ok(())
    }
}

/// Reads the last segment through.
pub(super) fn survey(files: &Files, segment: &Segment) -> Result<Survey, Error> {
    let path = &segment.path;
    let mut file = files.open(path).map_err(Error::io("open", path))?;
    file.seek(SeekFrom::Start(segment.head_bytes)).map_err(Error::io("read", path))?;
    let mut source = BufReader::with_capacity(READ_BYTES, file.take(segment.length - segment.head_bytes));
    let mut state = segment.before.clone();
    let (mut begin, mut end) = (segment.head_bytes, segment.head_bytes);
    loop {
        let (what, is_short) = match format::read_head(&mut source).map_err(Error::io("read", path))? {
            Found::End => return Ok(Survey { state, block: begin..end, torn_bytes: 0, is_short: true }),
            Found::Other(version) => return Err(Error::format(path, version.into())),
            Found::Bad(what) => (what, segment.length - end < format::FIXED_BYTES as u64),
            Found::Head(head) => {
                if let Some((progress, standing)) = head.check(&mut source).map_err(Error::io("read", path))? {
                    state.advance(&head, progress, standing).map_err(|what| Error::damaged(path, end, what))?;
                    (begin, end) = (end, end + head.length);
                    continue;
                }
                if end + head.length < segment.length {
                    return Err(Error::damaged(path, end, "a block is not what was written, and more follows it"));
                }
                ("a block is not what was written", end + head.length > segment.length)
            }
        };
        drop(source);
        if let Some(position) = block_after(files, segment, end, state.turn).map_err(Error::io("read", path))? {
            return Err(Error::damaged(path, end, format!("{what}, and another block follows at byte {position}")));
        }
        return Ok(Survey { state, block: begin..end, torn_bytes: segment.length - end, is_short });
    }
}

/// The same for who only reads: of the blocks before the last, only the heads are looked at. What they hold is checked by
/// whoever reads it, as in the segments before this one. Where it does not end with a whole block, it is read through.
pub(super) fn glance(files: &Files, segment: &Segment) -> Result<Survey, Error> {
    let path = &segment.path;
    let mut file = files.open(path).map_err(Error::io("open", path))?;
    let mut state = segment.before.clone();
    let mut begin = segment.head_bytes;
    while begin < segment.length {
        file.seek(SeekFrom::Start(begin)).map_err(Error::io("read", path))?;
        let mut source = BufReader::with_capacity(HEAD_READ_BYTES, (&mut file).take(segment.length - begin));
        let Found::Head(head) = format::read_head(&mut source).map_err(Error::io("read", path))? else { break };
        let end = begin + head.length;
        if end < segment.length {
            if state.advance(&head, Vec::new(), Vec::new()).is_err() {
                break;
            }
            begin = end;
            continue;
        }
        let told = head.check(&mut source).map_err(Error::io("read", path))?;
        if let Some((progress, standing)) = told
            && state.advance(&head, progress, standing).is_ok()
        {
            return Ok(Survey { state, block: begin..end, torn_bytes: 0, is_short: true });
        }
        break;
    }
    survey(files, segment)
}

/// Where after `bad` the head of a later turn stands, if one does.
fn block_after(files: &Files, segment: &Segment, bad: u64, last_turn: u64) -> io::Result<Option<u64>> {
    let mut file = files.open(&segment.path)?;
    let mut window = vec![0; READ_BYTES];
    let mut at = bad + 1;
    while at < segment.length {
        file.seek(SeekFrom::Start(at))?;
        let count = format::fill(&mut (&mut file).take(segment.length - at), &mut window)?;
        for found in (0..count.saturating_sub(MAGIC.len() - 1)).filter(|&i| window[i..].starts_with(MAGIC)) {
            let position = at + found as u64;
            file.seek(SeekFrom::Start(position))?;
            if let Found::Head(head) = format::read_head(&mut (&mut file).take(segment.length - position))?
                && head.turn > last_turn
            {
                return Ok(Some(position));
            }
        }
        // The windows overlap, so that a head across their border is seen.
        at += (count.saturating_sub(MAGIC.len() - 1)).max(1) as u64;
    }
    Ok(None)
}
