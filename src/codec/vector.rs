//! Provenance vectors on the wire: parts of several messages.

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::form::{Form, List, mirrors};
use super::identifiers::Identifier;
use super::measures::Money;
use crate::model::{self, Fen, TaxpayerId};

/// Whose value the tax of one invoice is.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Vector")]
pub(super) struct Vector {
    #[serde(with = "List::<Part>")]
    parts: Vec<model::Part>,
    #[serde(rename = "remainder_fen", with = "Money")]
    remainder: Fen,
}

/// How much of it comes from one origin.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Part")]
struct Part {
    #[serde(with = "Identifier")]
    origin: TaxpayerId,
    #[serde(rename = "tax_fen", with = "Share")]
    tax: Fen,
    hops: u8,
}

/// Money of which there can be none, but not less.
struct Share;

impl Form for Share {
    type Model = Fen;

    fn serialize<S: Serializer>(model: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
        Money::serialize(model, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fen, D::Error> {
        let share = Money::deserialize(deserializer)?;
        if share < Fen::ZERO {
            return Err(D::Error::custom(format_args!("{} fen: a part of a vector is never below zero", share.0)));
        }
        Ok(share)
    }
}

mirrors! { Part: model::Part }
