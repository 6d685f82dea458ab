//! Taint and reports on the wire: how an accusation travels, and what comes back of it.

use serde::{Deserialize, Serialize};

use super::form::{Form, List, mirrors};
use super::identifiers::Identifier;
use super::measures::{Moment, Money};
use crate::model::{self, Fen, Id, Instant, TaxpayerId};

/// A standing accusation of an origin.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Flag")]
struct Flag {
    #[serde(with = "Identifier")]
    case_id: Id,
    version: u32,
}

/// An accusation travelling along recorded provenance.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Taint")]
pub(super) struct Taint {
    #[serde(with = "Identifier")]
    origin: TaxpayerId,
    #[serde(with = "Flag")]
    flag: model::Flag,
    standing: bool,
    #[serde(with = "Identifier")]
    named: TaxpayerId,
    #[serde(rename = "part_fen", with = "Money")]
    part: Fen,
    #[serde(with = "Identifier")]
    from: TaxpayerId,
    hops: u8,
    #[serde(with = "Moment")]
    raised_at: Instant,
}

/// What one taxpayer on a chain reports to its case.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Report")]
pub(super) struct Report {
    #[serde(with = "Identifier")]
    origin: TaxpayerId,
    #[serde(with = "Flag")]
    flag: model::Flag,
    standing: bool,
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    hops: u8,
    #[serde(rename = "taken_fen", with = "Money")]
    taken: Fen,
    #[serde(rename = "deducted_fen", with = "Money")]
    deducted: Fen,
    #[serde(with = "List::<Edge>")]
    edges: Vec<model::Edge>,
    #[serde(with = "Moment")]
    at: Instant,
}

/// Value of the origin that went from the reporter to one buyer.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Edge")]
struct Edge {
    #[serde(with = "Identifier")]
    to: TaxpayerId,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    invoices: u32,
    #[serde(with = "Moment")]
    first_at: Instant,
    #[serde(with = "Moment")]
    last_at: Instant,
}

mirrors! { Flag: model::Flag, Taint: model::Taint, Report: model::Report, Edge: model::Edge }
