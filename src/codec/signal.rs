//! Findings on the wire.

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::form::{Form, List, Optional, mirrors};
use super::identifiers::{Identifier, IdentifierOrAbsent, InvoiceNumber};
use super::journal::Place;
use super::measures::{Moment, Money, Month};
use crate::model::{self, Fen, Id, Instant, InvoiceNo, Period, Position, TaxpayerId, Text};

/// One finding about one taxpayer.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Signal")]
pub(super) struct Signal {
    #[serde(with = "Identifier")]
    signal_id: Id,
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    typology: Text,
    score: u16,
    #[serde(rename = "stake_fen", with = "Money")]
    stake: Fen,
    #[serde(with = "Moment")]
    raised_at: Instant,
    #[serde(with = "SignalStatus")]
    status: model::SignalStatus,
    #[serde(default, with = "Optional::<Moment>", skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn_reason: Option<Text>,
    #[serde(with = "List::<Evidence>")]
    evidence: Vec<model::Evidence>,
    text_zh: Text,
    text_en: Text,
    #[serde(with = "About")]
    about: model::About,
    #[serde(with = "List::<Place>")]
    causes: Vec<Position>,
    #[serde(with = "List::<Identifier>")]
    counterparties: Vec<TaxpayerId>,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    case_id: Option<Id>,
    version: u32,
}

/// Whether a finding stands.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::SignalStatus", rename_all = "snake_case")]
enum SignalStatus {
    Open,
    Withdrawn,
}

/// One number behind a finding.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Evidence")]
struct Evidence {
    indicator: Text,
    observed: i64,
    threshold: i64,
    unit: Text,
    window: Text,
}

/// What a finding is about: in JSON an object whose fields tell which, in Avro a union.
struct About;

impl Form for About {
    type Model = model::About;

    fn serialize<S: Serializer>(model: &model::About, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return AboutByFields::serialize(model, serializer);
        }
        AboutByPlace::serialize(model, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<model::About, D::Error> {
        AboutByPlace::deserialize(deserializer)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "model::About")]
enum AboutByPlace {
    Invoice {
        #[serde(with = "InvoiceNumber")]
        invoice_no: InvoiceNo,
        #[serde(with = "IdentifierOrAbsent")]
        seller_id: TaxpayerId,
    },
    Period(#[serde(with = "Month")] Period),
    Origin(#[serde(with = "Identifier")] TaxpayerId),
    Party(#[serde(with = "Identifier")] Id),
}

#[derive(Serialize)]
#[serde(remote = "model::About", rename_all = "snake_case")]
enum AboutByFields {
    Period(#[serde(with = "Month")] Period),
    Origin(#[serde(with = "Identifier")] TaxpayerId),
    Party(#[serde(with = "Identifier")] Id),
    #[serde(untagged)]
    Invoice {
        #[serde(with = "InvoiceNumber")]
        invoice_no: InvoiceNo,
        #[serde(with = "IdentifierOrAbsent", skip_serializing_if = "Id::is_empty")]
        seller_id: TaxpayerId,
    },
}

mirrors! { Signal: model::Signal, Evidence: model::Evidence }
