//! Cuts a CSV input into records and fields. A record may run over several lines where a field is quoted, within limits:
//! a quote that is opened and never closed costs the one line it stands on, not the rest of the file (and not all
//! memory, which is why the crate `csv` is not used to read). Says nothing about what the fields mean.

use std::collections::VecDeque;
use std::io;

use super::Error;
use super::lines::{Block, Blocks, Cut, End, Lines, overlong};
use crate::model::{Source, Text};

/// The most lines that one record may run over.
pub const RECORD_LINES_MAX: usize = 256;
/// The most bytes that a record of several lines may have.
pub const RECORD_BYTES_MAX: usize = 1_024 * 1_024;

/// The fields of one record, unquoted. Kept and filled again, so that reading one costs no allocation.
#[derive(Debug, Default)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    is_untidy: bool,
}

/// How the quotes of a record stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// All are closed.
    Closed,
    /// Something follows a closing quote.
    Untidy,
    /// One is open: the record goes on in the next line, or is none.
    Open,
}

impl Fields {
    /// Splits a record.
    pub(super) fn split(&mut self, record: &[u8], delimiter: u8) -> Quotes {
        self.bytes.clear();
        self.ends.clear();
        self.is_untidy = false;
        self.take(record, delimiter, false)
    }

    /// Goes on with a record that was open: with what follows on what was split of it.
    fn go_on(&mut self, more: &[u8], delimiter: u8) -> Quotes {
        self.ends.pop();
        self.take(more, delimiter, true)
    }

    fn take(&mut self, mut rest: &[u8], delimiter: u8, mut is_quoted: bool) -> Quotes {
        loop {
            if let (false, Some((b'"', after))) = (is_quoted, rest.split_first()) {
                (rest, is_quoted) = (after, true);
            }
            let (after, quotes) =
                if is_quoted { self.quoted(rest, delimiter) } else { (self.plain(rest, delimiter), Quotes::Closed) };
            self.ends.push(self.bytes.len());
            self.is_untidy |= quotes == Quotes::Untidy;
            match after {
                Some(next) => (rest, is_quoted) = (next, false),
                None if quotes == Quotes::Open => return Quotes::Open,
                None => return if self.is_untidy { Quotes::Untidy } else { Quotes::Closed },
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them.
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.bytes.get(start..*self.ends.get(index)?)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Takes a field up to the delimiter; returns what follows that, if there is one.
    fn plain<'a>(&mut self, rest: &'a [u8], delimiter: u8) -> Option<&'a [u8]> {
        let end = rest.iter().position(|byte| *byte == delimiter);
        self.bytes.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
        end.map(|end| &rest[end + 1..])
    }

    /// Takes a field after its opening quote. A doubled quote is one; what follows the closing quote is taken as it is.
    fn quoted<'a>(&mut self, mut rest: &'a [u8], delimiter: u8) -> (Option<&'a [u8]>, Quotes) {
        loop {
            let Some(end) = memchr::memchr(b'"', rest) else {
                self.bytes.extend_from_slice(rest);
                return (None, Quotes::Open);
            };
            self.bytes.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            if rest.first() != Some(&b'"') {
                let tidy = rest.first().is_none_or(|byte| *byte == delimiter);
                return (self.plain(rest, delimiter), if tidy { Quotes::Closed } else { Quotes::Untidy });
            }
            self.bytes.push(b'"');
            rest = &rest[1..];
        }
    }
}

/// The records of a CSV input after its header.
pub(super) struct Records {
    /// Its lines.
    pub lines: Lines,
    /// Its number.
    pub file: u32,
    /// Its name.
    pub shown: String,
    /// What stands between fields.
    pub delimiter: u8,
    /// How many fields the header has.
    pub width: usize,
    /// Lines that were read ahead, in search of a closing quote that did not come.
    pub ahead: VecDeque<(Cut, u64, Vec<u8>)>,
    /// What stopped the reading ahead.
    pub failure: Option<io::Error>,
}

impl Records {
    /// Appends the next line, be it one read ahead.
    fn append(&mut self, bytes: &mut Vec<u8>) -> io::Result<(Cut, u64)> {
        if let Some((cut, line, ahead)) = self.ahead.pop_front() {
            bytes.extend_from_slice(&ahead);
            return Ok((cut, line));
        }
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.lines.append(bytes).map(|cut| (cut, self.lines.line)),
        }
    }

    /// Appends the lines that a record goes on over. Where no end is found, puts them back for later and returns why the
    /// first line alone is no record.
    fn complete(&mut self, bytes: &mut Vec<u8>, start: usize) -> Option<Text> {
        let mut fields = Fields::default();
        // Within a line, what follows a closing quote does no harm.
        if fields.split(&bytes[start..], self.delimiter) != Quotes::Open {
            return None;
        }
        let mut taken = Vec::new();
        while taken.len() + 1 < RECORD_LINES_MAX && bytes.len() - start <= RECORD_BYTES_MAX {
            let end = bytes.len();
            bytes.push(b'\n');
            let (cut, line) = match self.append(bytes) {
                Ok(found) => found,
                Err(failure) => {
                    bytes.truncate(end);
                    self.failure = Some(failure);
                    break;
                }
            };
            match cut {
                Cut::Line => taken.push((cut, line, end)),
                Cut::Overlong => {
                    taken.push((cut, line, end));
                    break;
                }
                Cut::End => {
                    bytes.truncate(end);
                    break;
                }
            }
            match fields.go_on(&bytes[end..], self.delimiter) {
                Quotes::Open => {}
                Quotes::Closed if fields.len() == self.width => return None,
                Quotes::Closed | Quotes::Untidy => break,
            }
        }
        for (cut, line, end) in taken.into_iter().rev() {
            self.ahead.push_front((cut, line, bytes[end + 1..].to_vec()));
            bytes.truncate(end);
        }
        Some("line: opens a quote that no following line closes".into())
    }
}

impl Blocks for Records {
    fn next_block(&mut self) -> Block {
        let mut block = Block::default();
        while !block.is_full() {
            let start = block.bytes.len();
            let (cut, line) = match self.append(&mut block.bytes) {
                Ok(found) => found,
                Err(source) => {
                    let (file, line) = (self.shown.clone(), self.lines.line + 1);
                    block.end = Some(End::Failed(Error::Read { file, line, source }));
                    return block;
                }
            };
            let source = Source { file: self.file, line };
            match cut {
                Cut::Line if is_blank(&block.bytes[start..], self.delimiter) => block.bytes.truncate(start),
                Cut::Line if !block.bytes[start..].contains(&b'"') => block.push(source, start, None),
                Cut::Line => {
                    let refusal = self.complete(&mut block.bytes, start);
                    block.push(source, start, refusal);
                }
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

/// Whether a line says nothing: spreadsheets leave rows of bare delimiters behind.
fn is_blank(line: &[u8], delimiter: u8) -> bool {
    line.iter().all(|byte| *byte == delimiter || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(text: &str, width: usize) -> Vec<(u64, Result<Vec<String>, String>)> {
        let lines = Lines::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())));
        let (ahead, failure) = (VecDeque::new(), None);
        let mut reader = Records { lines, file: 0, shown: "x".into(), delimiter: b',', width, ahead, failure };
        let block = reader.next_block();
        assert!(matches!(block.end, Some(End::Complete)));
        let mut fields = Fields::default();
        let mut record = |start, end| {
            fields.split(&block.bytes[start..end], b',');
            fields.iter().map(|field| String::from_utf8(field.to_vec()).unwrap()).collect()
        };
        let row = |row: &super::super::lines::Row| match &row.refusal {
            None => (row.source.line, Ok(record(row.start, row.end))),
            Some(_) => (row.source.line, Err(String::from_utf8(block.bytes[row.start..row.end].to_vec()).unwrap())),
        };
        block.rows.iter().map(row).collect()
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_ends_of_lines() {
        let found = records("a,\"b,\"\"c\"\"\",5\" pipe\r\n\"x\r\ny\",,z\n,,\n\n1,2,3", 3);
        assert_eq!(
            found,
            [
                (1, Ok(vec!["a".into(), "b,\"c\"".into(), "5\" pipe".into()])),
                (2, Ok(vec!["x\ny".into(), String::new(), "z".into()])),
                (6, Ok(vec!["1".into(), "2".into(), "3".into()])),
            ]
        );
    }

    #[test]
    fn a_stray_quote_costs_its_own_line_only() {
        let found = records("a,\"b\nc,d\ne,\"f\"\n\"g,h", 2);
        assert_eq!(
            found,
            [
                (1, Err("a,\"b".into())),
                (2, Ok(vec!["c".into(), "d".into()])),
                (3, Ok(vec!["e".into(), "f".into()])),
                (4, Err("\"g,h".into())),
            ]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_is_searched_for_within_limits() {
        let text: String = std::iter::once("\"a,b\n".to_owned()).chain((0..600).map(|n| format!("{n},x\n"))).collect();
        let found = records(&text, 2);
        assert_eq!(found.len(), 601);
        assert!(found[0].1.is_err() && found[1..].iter().all(|(_, row)| row.is_ok()));
        assert_eq!(found[600], (601, Ok(vec!["599".into(), "x".into()])));
    }

    proptest! {
        #[test]
        fn what_the_crate_csv_writes_is_read_back(rows in prop::collection::vec(
            prop::collection::vec("[a-c \",\n发]{0,6}", 3), 0..20))
        {
            let mut writer = csv::Writer::from_writer(Vec::new());
            // A row that says nothing is skipped, so every row says something.
            let rows: Vec<Vec<String>> = rows.into_iter().map(|mut row| { row[0].push('.'); row }).collect();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let found: Vec<Vec<String>> = records(&text, 3).into_iter().map(|(_, row)| row.unwrap()).collect();
            prop_assert_eq!(found, rows);
        }
    }
}
