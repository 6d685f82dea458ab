//! What taxpayers and parties tell each other on the wire.

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::form::{Form, List, Optional, mirrors};
use super::identifiers::Identifier;
use super::measures::{Day, Moment};
use crate::model::{self, Date, FirmRecord, Id, Instant, Roles, TaxpayerId};

/// A taxpayer tells a party how it is tied to it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Tie")]
pub(super) struct Tie {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "PartyKind")]
    kind: model::PartyKind,
    #[serde(with = "Marks")]
    roles: Roles,
    #[serde(default, with = "Optional::<Day>")]
    registered_on: Option<Date>,
    #[serde(with = "RecordMarks")]
    record: FirmRecord,
    #[serde(with = "Moment")]
    at: Instant,
}

/// A party tells a firm tied to it what it knows of all of them.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Shared")]
pub(super) struct Shared {
    #[serde(with = "Identifier")]
    party_id: Id,
    #[serde(with = "Hand")]
    hand: model::Hand,
    #[serde(with = "Moment")]
    at: Instant,
}

/// What is known of the firms that one party is tied to.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Hand")]
struct Hand {
    firms: u32,
    represented: u32,
    served: u32,
    bad: u32,
    grade_d: u32,
    together: u32,
    #[serde(with = "List::<Associate>")]
    associates: Vec<model::Associate>,
}

/// A firm that a party is tied to.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Associate")]
struct Associate {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "Marks")]
    roles: Roles,
    #[serde(with = "RecordMarks")]
    record: FirmRecord,
}

/// What a party is.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::PartyKind", rename_all = "snake_case")]
pub(super) enum PartyKind {
    Person,
    Phone,
    Address,
    HardwareAddress,
    NetworkAddress,
}

/// Roles: a number of which each binary digit is one.
pub(super) struct Marks;

impl Form for Marks {
    type Model = Roles;

    fn serialize<S: Serializer>(model: &Roles, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Roles, D::Error> {
        u8::deserialize(deserializer).map(Roles)
    }
}

/// What is known against a firm: a number of which each binary digit is one mark.
struct RecordMarks;

impl Form for RecordMarks {
    type Model = FirmRecord;

    fn serialize<S: Serializer>(model: &FirmRecord, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FirmRecord, D::Error> {
        u8::deserialize(deserializer).map(FirmRecord)
    }
}

mirrors! { Tie: model::Tie, Shared: model::Shared, Associate: model::Associate }
