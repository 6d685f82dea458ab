//! Cuts an input into numbered lines, in blocks that are parsed elsewhere. Parses nothing itself.

use std::io::{self, BufRead};

use super::Error;
use crate::model::{Instant, REFUSED_BYTES_MAX, Source, Text};

/// The longest line that is read, in bytes. A longer one is refused, and only its head is kept.
pub const LINE_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// A block is full at so many bytes (or one line).
pub(super) const BLOCK_BYTES: usize = 256 * 1_024;
/// A block is full at so many rows.
pub(super) const BLOCK_ROWS: usize = 1_024;

/// Some rows of an input, cut but not parsed.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// What the rows are ranges of.
    pub bytes: Vec<u8>,
    /// In order.
    pub rows: Vec<Row>,
    /// Set on the last block, and on no other.
    pub end: Option<End>,
}

/// How an input ended.
#[derive(Debug)]
pub(super) enum End {
    /// There is no more.
    Complete,
    /// There may be more, but it cannot be read.
    Failed(Error),
}

/// One line, or one record of several lines.
#[derive(Debug)]
pub(super) struct Row {
    /// Where it begins.
    pub source: Source,
    /// Which event of its row, from 0. Only rows that come back from sorting have more than one.
    pub place: u32,
    /// Where its text is in the block.
    pub start: usize,
    /// Where its text ends.
    pub end: usize,
    /// Why it is refused, where that is known already.
    pub refusal: Option<Text>,
    /// Where it belongs in time, for a refused row that comes back from sorting.
    pub at: Option<Instant>,
}

impl Block {
    /// Whether enough is in it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= BLOCK_BYTES || self.rows.len() >= BLOCK_ROWS
    }

    /// Adds the bytes from `start` on as a row.
    pub(super) fn push(&mut self, source: Source, start: usize, refusal: Option<Text>) {
        self.rows.push(Row { source, place: 0, start, end: self.bytes.len(), refusal, at: None });
    }
}

/// What gives blocks, one after another, up to one that has an end.
pub(super) trait Blocks: Send {
    /// The next block. Not called again after one with an end.
    fn next_block(&mut self) -> Block;
}

/// What [`Lines::append`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A line, which may be empty.
    Line,
    /// A line beyond [`LINE_BYTES_MAX`], of which the head was appended.
    Overlong,
    /// Nothing: the input ends here.
    End,
}

/// The lines of one input.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    /// How many lines were read.
    pub line: u64,
}

impl Lines {
    /// From the first.
    pub(super) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, line: 0 }
    }

    /// Appends the next line without its end (`\n` or `\r\n`). On an error nothing is appended.
    pub(super) fn append(&mut self, bytes: &mut Vec<u8>) -> io::Result<Cut> {
        let start = bytes.len();
        let read = read_line(&mut *self.reader, LINE_BYTES_MAX + 1, bytes).inspect_err(|_| bytes.truncate(start))?;
        if read == 0 {
            return Ok(Cut::End);
        }
        if bytes.last() != Some(&b'\n') && read > LINE_BYTES_MAX {
            bytes.truncate(start + REFUSED_BYTES_MAX);
            self.reader.skip_until(b'\n').inspect_err(|_| bytes.truncate(start))?;
            self.line += 1;
            return Ok(Cut::Overlong);
        }
        self.line += 1;
        for end in [b'\n', b'\r'] {
            if bytes.len() > start && bytes.last() == Some(&end) {
                bytes.pop();
            }
        }
        Ok(Cut::Line)
    }
}

/// Appends what there is up to the end of a line, that included, and at most so many bytes; returns how many. What the
/// standard library has for it takes twenty times as long to find the end, and every line is looked for twice.
fn read_line(reader: &mut dyn BufRead, bytes_max: usize, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes_max {
        let available = match reader.fill_buf() {
            Ok(available) => &available[..available.len().min(bytes_max - read)],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = memchr::memchr(b'\n', available);
        let taken = end.map_or(available.len(), |at| at + 1);
        bytes.extend_from_slice(&available[..taken]);
        reader.consume(taken);
        read += taken;
        if end.is_some() || taken == 0 {
            break;
        }
    }
    Ok(read)
}

impl Lines {
    /// Reads on to the end, for whoever wants to know that it can be reached.
    pub(super) fn skip_rest(&mut self) -> io::Result<()> {
        io::copy(&mut self.reader, &mut io::sink()).map(drop)
    }
}

/// Why an over-long line is refused.
pub(super) fn overlong() -> Text {
    format!("line: is longer than {LINE_BYTES_MAX} bytes; what is kept is its head").into()
}

/// The lines of a JSON Lines input.
pub(super) struct JsonLines {
    /// Its lines.
    pub lines: Lines,
    /// Its number.
    pub file: u32,
    /// Its name.
    pub shown: String,
}

impl Blocks for JsonLines {
    fn next_block(&mut self) -> Block {
        let mut block = Block { bytes: Vec::with_capacity(BLOCK_BYTES + BLOCK_BYTES / 8), ..Block::default() };
        while !block.is_full() {
            let start = block.bytes.len();
            let cut = match self.lines.append(&mut block.bytes) {
                Ok(cut) => cut,
                Err(source) => {
                    let (file, line) = (self.shown.clone(), self.lines.line + 1);
                    block.end = Some(End::Failed(Error::Read { file, line, source }));
                    return block;
                }
            };
            let source = Source { file: self.file, line: self.lines.line };
            match cut {
                Cut::Line if block.bytes[start..].trim_ascii().is_empty() => block.bytes.truncate(start),
                Cut::Line => block.push(source, start, None),
                Cut::Overlong => block.push(source, start, Some(overlong())),
                Cut::End => {
                    block.end = Some(End::Complete);
                    return block;
                }
            }
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: Vec<u8>) -> Vec<Block> {
        let lines = Lines::new(Box::new(io::Cursor::new(text)));
        let mut reader = JsonLines { lines, file: 3, shown: "x".into() };
        let mut blocks = vec![reader.next_block()];
        while blocks.last().unwrap().end.is_none() {
            blocks.push(reader.next_block());
        }
        blocks
    }

    fn texts(blocks: &[Block]) -> Vec<(u64, String)> {
        let text = |block: &Block, row: &Row| String::from_utf8(block.bytes[row.start..row.end].to_vec()).unwrap();
        blocks.iter().flat_map(|b| b.rows.iter().map(move |row| (row.source.line, text(b, row)))).collect()
    }

    #[test]
    fn blank_lines_are_skipped_and_counted_and_carriage_returns_dropped() {
        let found = texts(&blocks(b"a\r\n\n  \t\r\nb\n\r\nc".to_vec()));
        assert_eq!(found, [(1, "a".into()), (4, "b".into()), (6, "c".into())]);
        assert_eq!(texts(&blocks(Vec::new())), []);
    }

    #[test]
    fn blocks_are_cut_between_rows() {
        let lines: Vec<String> = (0..5_000).map(|n| format!("line {n}")).collect();
        let found = blocks(lines.join("\n").into_bytes());
        assert!(found.len() >= 5 && found.iter().all(|block| block.rows.len() <= BLOCK_ROWS));
        assert_eq!(texts(&found).last().unwrap(), &(5_000, "line 4999".into()));
    }

    #[test]
    fn an_overlong_line_leaves_its_head_and_the_next_line_whole() {
        let mut text = vec![b'x'; LINE_BYTES_MAX * 2];
        text.extend(b"\nnext\n");
        text.extend(vec![b'y'; LINE_BYTES_MAX]);
        text.push(b'\n');
        let found = blocks(text);
        let rows: Vec<&Row> = found.iter().flat_map(|block| &block.rows).collect();
        assert_eq!(rows.iter().map(|row| row.end - row.start).collect::<Vec<_>>(), [4_096, 4, LINE_BYTES_MAX]);
        assert!(rows[0].refusal.as_ref().unwrap().contains("longer than 16777216 bytes"));
        assert!(rows[1].refusal.is_none() && rows[2].refusal.is_none());
        assert_eq!(rows[2].source, Source { file: 3, line: 3 });
    }
}
