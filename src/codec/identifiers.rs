//! Identifiers and invoice numbers on the wire: text in JSON and in Avro, checked as they are read.

use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

use super::form::{Form, Optional, parsed};
use crate::model::{Id, InvoiceNo};

/// An identifier.
pub(super) struct Identifier;

impl Form for Identifier {
    type Model = Id;

    fn serialize<S: Serializer>(model: &Id, serializer: S) -> Result<S::Ok, S::Error> {
        model.serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        parsed(deserializer, "an identifier", Id::parse)
    }
}

/// An identifier, or none: the empty text.
pub(super) struct IdentifierOrEmpty;

impl Form for IdentifierOrEmpty {
    type Model = Id;

    fn serialize<S: Serializer>(model: &Id, serializer: S) -> Result<S::Ok, S::Error> {
        Identifier::serialize(model, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        parsed(
            deserializer,
            "an identifier or nothing",
            |text| {
                if text.is_empty() { Ok(Id::EMPTY) } else { Id::parse(text) }
            },
        )
    }
}

/// An identifier that the model keeps as [`Id::EMPTY`] where it is absent on the wire.
pub(super) struct IdentifierOrAbsent;

impl Form for IdentifierOrAbsent {
    type Model = Id;

    fn serialize<S: Serializer>(model: &Id, serializer: S) -> Result<S::Ok, S::Error> {
        Optional::<Identifier>::serialize(&Some(*model).filter(|id| !id.is_empty()), serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        Ok(Optional::<Identifier>::deserialize(deserializer)?.unwrap_or(Id::EMPTY))
    }
}

/// An invoice number.
pub(super) struct InvoiceNumber;

impl Form for InvoiceNumber {
    type Model = InvoiceNo;

    fn serialize<S: Serializer>(model: &InvoiceNo, serializer: S) -> Result<S::Ok, S::Error> {
        model.id().serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<InvoiceNo, D::Error> {
        parsed(deserializer, "an invoice number", InvoiceNo::parse)
    }
}
