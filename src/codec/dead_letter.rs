//! Dead letters and doubts on the wire: input that could not be used, and input that somebody should look at.

use serde::{Deserialize, Serialize};

use super::form::{Form, Optional, Written, mirrors};
use super::identifiers::{Identifier, InvoiceNumber};
use super::journal::{Place, Source};
use super::json::NamedSource;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    first_source: Option<SourceLine<'a>>,
    #[serde(with = "Place")]
    position: Position,
    bytes: &'a str,
}

/// A doubt as a line, with where the event stands that raised it.
#[derive(Serialize)]
pub(super) struct DoubtLine<'a> {
    #[serde(flatten)]
    doubt: Written<'a, Doubt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceLine<'a>>,
}

impl<'a> DoubtLine<'a> {
    pub(super) fn new(doubt: &'a model::Doubt, source: Option<NamedSource<'a>>) -> Self {
        let source = source.map(|(source, file_name)| SourceLine::new(source, file_name));
        Self { doubt: Written(doubt), source }
    }
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
    pub(super) fn new(
        letter: &'a model::DeadLetter,
        file_name: Option<&'a str>,
        first: Option<NamedSource<'a>>,
    ) -> Self {
        Self {
            source: SourceLine::new(letter.source, file_name),
            code: &letter.code,
            reason: &letter.reason,
            first: letter.first,
            first_source: first.map(|(source, file_name)| SourceLine::new(source, file_name)),
            position: letter.position,
            bytes: &letter.bytes,
        }
    }
}

impl<'a> SourceLine<'a> {
    fn new(source: model::Source, file_name: Option<&'a str>) -> Self {
        Self { file: file_name.map_or(File::Numbered(source.file), File::Named), line: source.line }
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
