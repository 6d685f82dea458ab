//! What taxpayers and parties tell each other on the wire.

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::form::{Form, List, Optional, mirrors};
use super::identifiers::{Identifier, IdentifierOrEmpty};
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
    #[serde(with = "Gang")]
    gang: model::Gang,
    number: u32,
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
    #[serde(with = "Gang")]
    gang: model::Gang,
    number: u32,
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

/// By which firm a gang is named.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Gang")]
struct Gang {
    #[serde(with = "IdentifierOrEmpty")]
    firm: TaxpayerId,
    hops: u8,
}

/// A firm tells the case of its gang of itself.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Membership")]
pub(super) struct Membership {
    #[serde(with = "Identifier")]
    gang: TaxpayerId,
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    is_in: bool,
    hops: u8,
    strong: bool,
    #[serde(with = "List::<GangTie>")]
    ties: Vec<model::GangTie>,
    #[serde(with = "Moment")]
    at: Instant,
}

/// A later identifier of a subject.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Identified")]
pub(super) struct Identified {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "Identifier")]
    least: TaxpayerId,
    #[serde(with = "Moment")]
    at: Instant,
}

/// A hand that ties a firm to its gang.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::GangTie")]
pub(super) struct GangTie {
    #[serde(with = "Identifier")]
    party_id: Id,
    #[serde(with = "PartyKind")]
    kind: model::PartyKind,
    #[serde(with = "Marks")]
    roles: Roles,
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

/// Roles by their names, for whoever is outside.
pub(super) struct RoleNames;

impl Form for RoleNames {
    type Model = Roles;

    fn serialize<S: Serializer>(model: &Roles, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = model.names().collect();
        serializer.collect_seq(names)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Roles, D::Error> {
        let mut roles = Roles::default();
        for name in Vec::<String>::deserialize(deserializer)? {
            let role = Roles::named(&name);
            roles = roles.and(role.ok_or_else(|| D::Error::custom(format_args!("`{name}` is no role")))?);
        }
        Ok(roles)
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

mirrors! {
    Tie: model::Tie,
    Shared: model::Shared,
    Associate: model::Associate,
    Membership: model::Membership,
    GangTie: model::GangTie,
}
