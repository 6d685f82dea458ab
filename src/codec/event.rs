//! The twenty input events as one: which type, what they share, and the form of each. In Avro an event of a journal is a
//! union of twenty records; the place of a type in that union never changes, so new types go to the end.

use std::fmt;

use serde::de::value::{self, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, SeqAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::directory::{GridDefined, OfficerDefined, OrgDefined};
use super::form::{Form, Read, Written};
use super::invoice_issued::InvoiceIssued;
use super::measures::Moment;
use super::published::{ModelPublished, RulesPublished};
use super::receipt_and_deduction::{DeductionReversed, InvoiceDeducted, InvoiceReceived};
use super::status_and_quota::{InvoiceQuotaGranted, TaxpayerStatusChanged};
use super::task_acted::TaskActed;
use super::taxpayer_changed::TaxpayerChanged;
use super::taxpayer_registered::TaxpayerRegistered;
use super::verified_and_declared::{Observed, TaxpayerVerified, VatDeclared};
use super::void_and_marks::{InvoiceMark, InvoiceVoided};
use super::{Refusal, avro_write, refusal};
use crate::model::{Event, Fact, Fingerprint, Instant, Text};

/// What an event's content hashes to, apart from `event_id` and `source_system`: the first 64 bits of BLAKE3 over the
/// place of its type in the union of events, its event time and its own fields, in Avro.
pub fn fingerprint(occurred_at: Instant, fact: &Fact) -> Fingerprint {
    let mut bytes = Vec::with_capacity(FACT_BYTES_USUAL);
    avro_write::write(&(EventType::of(fact) as u32, occurred_at.0, Payload(fact)), &mut bytes);
    let hash = blake3::hash(&bytes);
    let first = hash.as_bytes().first_chunk().expect("BLAKE3 gives 32 bytes");
    Fingerprint(u64::from_be_bytes(*first))
}

/// Room for most events; a larger one takes more.
const FACT_BYTES_USUAL: usize = 512;

/// The type of an event: its name in the contract, and its place in the union of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(variant_identifier, rename_all = "snake_case")]
pub(super) enum EventType {
    TaxpayerRegistered,
    TaxpayerChanged,
    TaxpayerStatusChanged,
    InvoiceQuotaGranted,
    InvoiceIssued,
    InvoiceVoided,
    InvoiceReceived,
    InvoiceDeducted,
    DeductionReversed,
    InvoiceMarkedAbnormal,
    InvoiceMarkLifted,
    TaxpayerVerified,
    VatDeclared,
    Observed,
    OrgDefined,
    GridDefined,
    OfficerDefined,
    TaskActed,
    RulesPublished,
    ModelPublished,
}

impl EventType {
    /// The type of this name.
    pub(super) fn named(name: &str) -> Result<Self, Refusal> {
        let name: StrDeserializer<'_, value::Error> = name.into_deserializer();
        Self::deserialize(name).map_err(|error| Refusal::new("type", refusal::plain(&error.to_string())))
    }

    fn of(fact: &Fact) -> Self {
        match fact {
            Fact::TaxpayerRegistered(_) => Self::TaxpayerRegistered,
            Fact::TaxpayerChanged(_) => Self::TaxpayerChanged,
            Fact::TaxpayerStatusChanged(_) => Self::TaxpayerStatusChanged,
            Fact::InvoiceQuotaGranted(_) => Self::InvoiceQuotaGranted,
            Fact::InvoiceIssued(_) => Self::InvoiceIssued,
            Fact::InvoiceVoided(_) => Self::InvoiceVoided,
            Fact::InvoiceReceived(_) => Self::InvoiceReceived,
            Fact::InvoiceDeducted(_) => Self::InvoiceDeducted,
            Fact::DeductionReversed(_) => Self::DeductionReversed,
            Fact::InvoiceMarkedAbnormal(_) => Self::InvoiceMarkedAbnormal,
            Fact::InvoiceMarkLifted(_) => Self::InvoiceMarkLifted,
            Fact::TaxpayerVerified(_) => Self::TaxpayerVerified,
            Fact::VatDeclared(_) => Self::VatDeclared,
            Fact::Observed(_) => Self::Observed,
            Fact::OrgDefined(_) => Self::OrgDefined,
            Fact::GridDefined(_) => Self::GridDefined,
            Fact::OfficerDefined(_) => Self::OfficerDefined,
            Fact::TaskActed(_) => Self::TaskActed,
            Fact::RulesPublished(_) => Self::RulesPublished,
            Fact::ModelPublished(_) => Self::ModelPublished,
        }
    }
}

/// The fields that are an event type's own.
pub(super) struct Payload<'a>(pub(super) &'a Fact);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Fact::TaxpayerRegistered(fact) => TaxpayerRegistered::serialize(fact, serializer),
            Fact::TaxpayerChanged(fact) => TaxpayerChanged::serialize(fact, serializer),
            Fact::TaxpayerStatusChanged(fact) => TaxpayerStatusChanged::serialize(fact, serializer),
            Fact::InvoiceQuotaGranted(fact) => InvoiceQuotaGranted::serialize(fact, serializer),
            Fact::InvoiceIssued(fact) => InvoiceIssued::serialize(fact, serializer),
            Fact::InvoiceVoided(fact) => InvoiceVoided::serialize(fact, serializer),
            Fact::InvoiceReceived(fact) => InvoiceReceived::serialize(fact, serializer),
            Fact::InvoiceDeducted(fact) => InvoiceDeducted::serialize(fact, serializer),
            Fact::DeductionReversed(fact) => DeductionReversed::serialize(fact, serializer),
            Fact::InvoiceMarkedAbnormal(fact) | Fact::InvoiceMarkLifted(fact) => {
                InvoiceMark::serialize(fact, serializer)
            }
            Fact::TaxpayerVerified(fact) => TaxpayerVerified::serialize(fact, serializer),
            Fact::VatDeclared(fact) => VatDeclared::serialize(fact, serializer),
            Fact::Observed(fact) => Observed::serialize(fact, serializer),
            Fact::OrgDefined(fact) => OrgDefined::serialize(fact, serializer),
            Fact::GridDefined(fact) => GridDefined::serialize(fact, serializer),
            Fact::OfficerDefined(fact) => OfficerDefined::serialize(fact, serializer),
            Fact::TaskActed(fact) => TaskActed::serialize(fact, serializer),
            Fact::RulesPublished(fact) => RulesPublished::serialize(fact, serializer),
            Fact::ModelPublished(fact) => ModelPublished::serialize(fact, serializer),
        }
    }
}

/// Reads the fields that are an event type's own.
pub(super) struct PayloadOf(pub(super) EventType);

impl<'de> DeserializeSeed<'de> for PayloadOf {
    type Value = Fact;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fact, D::Error> {
        match self.0 {
            EventType::TaxpayerRegistered => {
                TaxpayerRegistered::deserialize(deserializer).map(|fact| Fact::TaxpayerRegistered(Box::new(fact)))
            }
            EventType::TaxpayerChanged => {
                TaxpayerChanged::deserialize(deserializer).map(|fact| Fact::TaxpayerChanged(Box::new(fact)))
            }
            EventType::TaxpayerStatusChanged => {
                TaxpayerStatusChanged::deserialize(deserializer).map(Fact::TaxpayerStatusChanged)
            }
            EventType::InvoiceQuotaGranted => {
                InvoiceQuotaGranted::deserialize(deserializer).map(Fact::InvoiceQuotaGranted)
            }
            EventType::InvoiceIssued => {
                InvoiceIssued::deserialize(deserializer).map(|fact| Fact::InvoiceIssued(Box::new(fact)))
            }
            EventType::InvoiceVoided => InvoiceVoided::deserialize(deserializer).map(Fact::InvoiceVoided),
            EventType::InvoiceReceived => InvoiceReceived::deserialize(deserializer).map(Fact::InvoiceReceived),
            EventType::InvoiceDeducted => InvoiceDeducted::deserialize(deserializer).map(Fact::InvoiceDeducted),
            EventType::DeductionReversed => DeductionReversed::deserialize(deserializer).map(Fact::DeductionReversed),
            EventType::InvoiceMarkedAbnormal => InvoiceMark::deserialize(deserializer).map(Fact::InvoiceMarkedAbnormal),
            EventType::InvoiceMarkLifted => InvoiceMark::deserialize(deserializer).map(Fact::InvoiceMarkLifted),
            EventType::TaxpayerVerified => TaxpayerVerified::deserialize(deserializer).map(Fact::TaxpayerVerified),
            EventType::VatDeclared => VatDeclared::deserialize(deserializer).map(Fact::VatDeclared),
            EventType::Observed => Observed::deserialize(deserializer).map(Fact::Observed),
            EventType::OrgDefined => OrgDefined::deserialize(deserializer).map(|fact| Fact::OrgDefined(Box::new(fact))),
            EventType::GridDefined => {
                GridDefined::deserialize(deserializer).map(|fact| Fact::GridDefined(Box::new(fact)))
            }
            EventType::OfficerDefined => {
                OfficerDefined::deserialize(deserializer).map(|fact| Fact::OfficerDefined(Box::new(fact)))
            }
            EventType::TaskActed => TaskActed::deserialize(deserializer).map(|fact| Fact::TaskActed(Box::new(fact))),
            EventType::RulesPublished => RulesPublished::deserialize(deserializer).map(Fact::RulesPublished),
            EventType::ModelPublished => ModelPublished::deserialize(deserializer).map(Fact::ModelPublished),
        }
    }
}

/// An event as one Avro record: event time, its own fields, then what is optional everywhere.
pub(super) struct Flat<'a>(pub(super) &'a Event);

impl Serialize for Flat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Event", FIELDS.len())?;
        record.serialize_field("occurred_at", &Written::<Moment>(&self.0.occurred_at))?;
        record.serialize_field("", &Payload(&self.0.fact))?;
        record.serialize_field("event_id", &self.0.event_id)?;
        record.serialize_field("source_system", &self.0.source_system)?;
        record.end()
    }
}

/// The record in the record has no name: its fields stand among the others.
const FIELDS: &[&str] = &["occurred_at", "", "event_id", "source_system"];

/// Reads an event of a known type from one Avro record. Its fingerprint is left to the caller.
pub(super) struct FlatOf(pub(super) EventType);

impl<'de> DeserializeSeed<'de> for FlatOf {
    type Value = Event;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Event, D::Error> {
        deserializer.deserialize_struct("Event", FIELDS, self)
    }
}

impl<'de> Visitor<'de> for FlatOf {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Event, A::Error> {
        let cut = || A::Error::invalid_length(0, &"the four parts of an event");
        Ok(Event {
            occurred_at: fields.next_element::<Read<Moment>>()?.ok_or_else(cut)?.0,
            fact: fields.next_element_seed(PayloadOf(self.0))?.ok_or_else(cut)?,
            event_id: fields.next_element::<Option<Text>>()?.ok_or_else(cut)?,
            source_system: fields.next_element::<Option<Text>>()?.ok_or_else(cut)?,
            fingerprint: Fingerprint::default(),
        })
    }
}

/// An event in a journal or a message: the fingerprint it came with, then the union of all events. The fingerprint is
/// kept and not computed again: a later version, whose records have more fields, would compute another.
pub(super) struct Kept;

impl Form for Kept {
    type Model = Event;

    fn serialize<S: Serializer>(model: &Event, serializer: S) -> Result<S::Ok, S::Error> {
        (model.fingerprint.0, Branch(model)).serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
        let (fingerprint, ReadBranch(event)) = Deserialize::deserialize(deserializer)?;
        Ok(Event { fingerprint: Fingerprint(fingerprint), ..event })
    }
}

struct Branch<'a>(&'a Event);

impl Serialize for Branch<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = EventType::of(&self.0.fact) as u32;
        serializer.serialize_newtype_variant("Event", place, self.0.fact.type_name(), &Flat(self.0))
    }
}

struct ReadBranch(Event);

impl<'de> Deserialize<'de> for ReadBranch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BranchVisitor;
        impl<'de> Visitor<'de> for BranchVisitor {
            type Value = Event;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of the events")
            }
            fn visit_enum<A: serde::de::EnumAccess<'de>>(self, union: A) -> Result<Event, A::Error> {
                let (event_type, branch) = union.variant::<EventType>()?;
                serde::de::VariantAccess::newtype_variant_seed(branch, FlatOf(event_type))
            }
        }
        deserializer.deserialize_enum("Event", &[], BranchVisitor).map(Self)
    }
}
