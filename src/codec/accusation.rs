//! Taint and reports on the wire: how an accusation travels, and what comes back of it.

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::form::{Form, List, mirrors};
use super::identifiers::Identifier;
use super::measures::{Moment, Money};
use crate::model::{self, Fen, HOPS_MAX, Id, Instant, Layers, TaxpayerId};

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
    #[serde(with = "ByHops")]
    parts: Layers,
    #[serde(with = "Identifier")]
    from: TaxpayerId,
    #[serde(with = "Moment")]
    raised_at: Instant,
}

/// Tax that came over so many invoices.
#[derive(Serialize, Deserialize)]
struct Layer {
    hops: u8,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
}

/// Tax by the number of invoices it came over: those of which there is any.
struct ByHops;

impl Form for ByHops {
    type Model = Layers;

    fn serialize<S: Serializer>(model: &Layers, serializer: S) -> Result<S::Ok, S::Error> {
        let layers: Vec<_> = model.present().map(|(hops, tax)| Layer { hops, tax }).collect();
        serializer.collect_seq(layers)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Layers, D::Error> {
        let mut layers = Layers::NONE;
        let mut next = 0;
        for Layer { hops, tax } in Vec::<Layer>::deserialize(deserializer)? {
            if hops < next || usize::from(hops) > HOPS_MAX || tax == Fen::ZERO {
                return Err(D::Error::custom(format_args!(
                    "{} fen over {hops} invoices: amounts stand by their number, which is at most {HOPS_MAX}, each once",
                    tax.0
                )));
            }
            layers.add(hops, tax);
            next = hops + 1;
        }
        Ok(layers)
    }
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
