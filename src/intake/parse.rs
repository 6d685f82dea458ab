//! Turns the rows of a block into events, or into refusals that say why. Which events go where is not its business.

use super::lines::{Block, End, Row};
use super::mapping::Bound;
use super::table::Fields;
use crate::codec;
use crate::model::{Event, Instant, REFUSED_BYTES_MAX, Refused, Source, Text, shortened};

/// How the rows of a block are read.
#[derive(Clone, Debug)]
pub(super) enum Parser {
    /// Each is an event as JSON.
    Json,
    /// Each makes events as a mapping says.
    Mapped(Box<Bound>),
}

/// A block, read.
#[derive(Debug)]
pub(super) struct Parsed {
    /// Its events and refusals, in order.
    pub items: Vec<Item>,
    /// The JSON that the items are ranges of.
    pub json: Vec<u8>,
    /// Set on the last, and on no other.
    pub end: Option<End>,
}

/// An event or a refused row.
#[derive(Debug)]
pub(super) struct Item {
    /// Where its row begins.
    pub source: Source,
    /// Which event of its row, from 0.
    pub place: u32,
    /// When it happened; `None` for a refused row until it takes the time of what is before it.
    pub at: Option<Instant>,
    /// What it is.
    pub body: Result<Event, Refused>,
    /// Where its JSON is; nowhere in particular for a refused row.
    pub start: usize,
    /// Where its JSON ends.
    pub end: usize,
}

impl Parser {
    /// Reads a block.
    pub(super) fn parse(&self, block: Block, fields: &mut Fields) -> Parsed {
        let Block { bytes, rows, end } = block;
        match self {
            Self::Json => {
                let items = rows.into_iter().map(|row| event(row, &bytes)).collect();
                Parsed { items, json: bytes, end }
            }
            Self::Mapped(bound) => {
                let mut parsed = Parsed { items: Vec::with_capacity(rows.len()), json: Vec::new(), end };
                for row in rows {
                    mapped(row, &bytes, bound, fields, &mut parsed);
                }
                parsed
            }
        }
    }
}

/// Reads a row that is JSON.
fn event(row: Row, block: &[u8]) -> Item {
    let Row { source, place, start, end, refusal, at } = row;
    let bytes = &block[start..end];
    let body = match refusal {
        Some(reason) => Err(refused(source, reason, &String::from_utf8_lossy(head(bytes)))),
        None => codec::json::read_event(bytes)
            .map_err(|refusal| refused(source, refusal.to_string().into(), &String::from_utf8_lossy(head(bytes)))),
    };
    let at = body.as_ref().map_or(at, |event| Some(event.occurred_at));
    Item { source, place, at, body, start, end }
}

/// Reads a row by a mapping: all of its events, or one refusal.
fn mapped(row: Row, block: &[u8], bound: &Bound, fields: &mut Fields, parsed: &mut Parsed) {
    let bytes = &block[row.start..row.end];
    let events = match row.refusal {
        Some(reason) => Err(reason),
        None => bound.rows().read(bytes, fields, &mut parsed.json).map_err(Text::from),
    };
    match events {
        Ok(events) => {
            for (place, (event, range)) in (0..).zip(events) {
                let (at, body) = (Some(event.occurred_at), Ok(event));
                parsed.items.push(Item { source: row.source, place, at, body, start: range.start, end: range.end });
            }
        }
        Err(reason) => {
            let body = Err(refused(row.source, reason, &bound.shown(head(bytes))));
            parsed.items.push(Item { source: row.source, place: 0, at: None, body, start: 0, end: 0 });
        }
    }
}

/// As many bytes as can matter for what is kept of a refused row, with a whole character to spare.
fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(REFUSED_BYTES_MAX + 4)]
}

fn refused(source: Source, reason: Text, text: &str) -> Refused {
    let kept = &text[..text.floor_char_boundary(REFUSED_BYTES_MAX)];
    Refused { source, reason: shortened(reason.into()).into(), bytes: kept.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::REASON_BYTES_MAX;

    #[test]
    fn what_is_kept_of_a_refused_line_ends_between_characters() {
        let mut block =
            Block { bytes: format!("x{}", "发".repeat(REFUSED_BYTES_MAX)).into_bytes(), ..Block::default() };
        block.push(Source { file: 1, line: 7 }, 0, None);
        let parsed = Parser::Json.parse(block, &mut Fields::default());
        let refused = parsed.items[0].body.as_ref().unwrap_err();
        assert_eq!(refused.bytes.len(), 4_096);
        assert!(refused.bytes.ends_with('发') && refused.source.line == 7);
    }

    #[test]
    fn a_reason_keeps_its_field_and_what_would_be_right() {
        let line = format!(r#"{{"type":"{}"}}"#, "发".repeat(1_000_000));
        let mut block = Block { bytes: line.into_bytes(), ..Block::default() };
        block.push(Source::default(), 0, None);
        let parsed = Parser::Json.parse(block, &mut Fields::default());
        let reason = &parsed.items[0].body.as_ref().unwrap_err().reason;
        assert!(reason.len() <= REASON_BYTES_MAX && reason.starts_with("type: `发"), "{reason}");
        assert!(reason.contains("发 […] ") && reason.ends_with("`model_published`"), "{reason}");
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_as_far_as_they_are() {
        let mut block = Block { bytes: [b"{\"a\":".as_slice(), &[0xff; 8_000]].concat(), ..Block::default() };
        block.push(Source::default(), 0, None);
        let parsed = Parser::Json.parse(block, &mut Fields::default());
        let refused = parsed.items[0].body.as_ref().unwrap_err();
        assert!(refused.bytes.starts_with("{\"a\":\u{fffd}") && refused.bytes.len() <= 4_096);
    }
}
