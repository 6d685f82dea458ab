//! The JSON object of an event: what all events share, and the fields of its type among them, in any order. The shared
//! fields are picked out on the way, and the type's own reader sees the rest as if they had never been there; so nothing
//! is buffered, as serde's `flatten` and tagged enums would.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::event::{EventType, PayloadOf};
use super::form::Read;
use super::measures::Moment;
use crate::model::{Event, Fingerprint, Instant, Text};

/// Reads an event of a known type. Its fingerprint is left to the caller.
pub(super) struct Enveloped(pub(super) EventType);

impl<'de> DeserializeSeed<'de> for Enveloped {
    type Value = Event;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Event, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Enveloped {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut shared = Shared::default();
        let fact = PayloadOf(self.0).deserialize(Own { map: &mut map, shared: &mut shared })?;
        Ok(Event {
            occurred_at: shared.occurred_at.ok_or_else(|| A::Error::missing_field("occurred_at"))?,
            event_id: shared.event_id,
            source_system: shared.source_system,
            fingerprint: Fingerprint::default(),
            fact,
        })
    }
}

/// What all events share.
#[derive(Default)]
struct Shared {
    typed: bool,
    occurred_at: Option<Instant>,
    event_id: Option<Text>,
    source_system: Option<Text>,
}

impl Shared {
    /// Takes the value of a shared field; `false` where the field is not one.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
        match name {
            "type" if self.typed => return Err(A::Error::duplicate_field("type")),
            // Known already, or the reader would not be that of the type.
            "type" => {
                map.next_value::<IgnoredAny>()?;
                self.typed = true;
            }
            "occurred_at" if self.occurred_at.is_some() => return Err(A::Error::duplicate_field("occurred_at")),
            "occurred_at" => self.occurred_at = Some(map.next_value::<Read<Moment>>()?.0),
            "event_id" if self.event_id.is_some() => return Err(A::Error::duplicate_field("event_id")),
            "event_id" => self.event_id = map.next_value()?,
            "source_system" if self.source_system.is_some() => {
                return Err(A::Error::duplicate_field("source_system"));
            }
            "source_system" => self.source_system = map.next_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The fields of the type's own, as the reader of the type sees them.
struct Own<'a, A> {
    map: &'a mut A,
    shared: &'a mut Shared,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Own<'_, A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Own<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(Name(name)) = self.map.next_key()? {
            if self.shared.take(&name, self.map)? {
                continue;
            }
            let name: CowStrDeserializer<'de, A::Error> = name.into_deserializer();
            return seed.deserialize(name).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// The name of a field, borrowed from the line unless it has escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }
            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_identifier(NameVisitor)
    }
}
