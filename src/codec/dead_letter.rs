//! Dead letters and doubts on the wire: input that could not be used, and input that somebody should look at.

use serde::{Deserialize, Serialize};

use super::form::{Form, Optional, mirrors};
use super::identifiers::{Identifier, InvoiceNumber};
use super::journal::{Place, Source};
use super::measures::Moment;
use crate::model::{self, Instant, InvoiceNo, Position, TaxpayerId, Text};

/// Input that could not be used.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::DeadLetter")]
pub(super) struct DeadLetter {
    #[serde(with = "Source")]
    source: model::Source,
    code: Text,
    reason: Text,
    #[serde(default, with = "Optional::<Place>", skip_serializing_if = "Option::is_none")]
    first: Option<Position>,
    #[serde(with = "Place")]
    position: Position,
    bytes: Text,
}

/// The same as a line of `dead-letters.jsonl`, whose reader knows files by name.
#[derive(Serialize)]
pub(super) struct DeadLetterLine<'a> {
    source: SourceLine<'a>,
    code: &'a str,
    reason: &'a str,
    #[serde(with = "Optional::<Place>", skip_serializing_if = "Option::is_none")]
    first: Option<Position>,
    #[serde(with = "Place")]
    position: Position,
    bytes: &'a str,
}

#[derive(Serialize)]
struct SourceLine<'a> {
    file: File<'a>,
    line: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum File<'a> {
    Named(&'a str),
    Numbered(u32),
}

impl<'a> DeadLetterLine<'a> {
    pub(super) fn new(letter: &'a model::DeadLetter, file_name: Option<&'a str>) -> Self {
        let file = file_name.map_or(File::Numbered(letter.source.file), File::Named);
        Self {
            source: SourceLine { file, line: letter.source.line },
            code: &letter.code,
            reason: &letter.reason,
            first: letter.first,
            position: letter.position,
            bytes: &letter.bytes,
        }
    }
}

/// An accepted event that somebody responsible for data should look at.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Doubt")]
pub(super) struct Doubt {
    code: Text,
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(default, with = "Optional::<InvoiceNumber>", skip_serializing_if = "Option::is_none")]
    invoice_no: Option<InvoiceNo>,
    reason: Text,
    #[serde(with = "Moment")]
    at: Instant,
    #[serde(with = "Place")]
    position: Position,
}

mirrors! { DeadLetter: model::DeadLetter, Doubt: model::Doubt }
