//! The ways in which model types stand on the wire, and how they combine: optional ones, lists, boxes. Each form writes
//! and reads one type of the model; the wire types name them with serde's `with`. A form takes what the model type can
//! hold and no more; limits of the contract are in `check`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::Text;

/// A way to write a model type and to read it back.
pub(super) trait Form {
    /// What the rest of the program knows.
    type Model;
    fn serialize<S: Serializer>(model: &Self::Model, serializer: S) -> Result<S::Ok, S::Error>;
    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Model, D::Error>;
}

/// Makes forms of wire types that mirror a type of the model (serde's `remote`), so that lists and options can hold
/// them.
macro_rules! mirrors {
    ($($wire:ident: $model:ty),+ $(,)?) => {$(
        impl $crate::codec::form::Form for $wire {
            type Model = $model;
            fn serialize<S: serde::Serializer>(model: &$model, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(model, serializer)
            }
            fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<$model, D::Error> {
                Self::deserialize($crate::codec::object::Object(deserializer))
            }
        }
    )+};
}
pub(super) use mirrors;

/// A value that serde takes by its form.
pub(super) struct Written<'a, F: Form>(pub(super) &'a F::Model);

impl<F: Form> Serialize for Written<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        F::serialize(self.0, serializer)
    }
}

/// A value that serde gives by its form.
pub(super) struct Read<F: Form>(pub(super) F::Model);

impl<'de, F: Form> Deserialize<'de> for Read<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::deserialize(deserializer).map(Self)
    }
}

/// What may be absent. In JSON, null is the same as absent.
pub(super) struct Optional<F>(PhantomData<F>);

impl<F: Form> Form for Optional<F> {
    type Model = Option<F::Model>;

    fn serialize<S: Serializer>(model: &Self::Model, serializer: S) -> Result<S::Ok, S::Error> {
        model.as_ref().map(Written::<F>).serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Model, D::Error> {
        Ok(Option::<Read<F>>::deserialize(deserializer)?.map(|read| read.0))
    }
}

/// Any number of them.
pub(super) struct List<F>(PhantomData<F>);

impl<F: Form> Form for List<F> {
    type Model = Vec<F::Model>;

    fn serialize<S: Serializer>(model: &Self::Model, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(model.iter().map(Written::<F>))
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Model, D::Error> {
        deserializer.deserialize_seq(ListVisitor::<F>(PhantomData))
    }
}

struct ListVisitor<F>(PhantomData<F>);

impl<'de, F: Form> Visitor<'de> for ListVisitor<F> {
    type Value = Vec<F::Model>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        // Our own reader bounds the hint by what is left to read, and JSON gives none.
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or(0));
        while let Some(item) = items.next_element::<Read<F>>()? {
            list.push(item.0);
        }
        Ok(list)
    }
}

/// Any number of them, where none and absent are the same. Written only where there are some.
pub(super) struct OptionalList<F>(PhantomData<F>);

impl<F: Form> Form for OptionalList<F> {
    type Model = Vec<F::Model>;

    fn serialize<S: Serializer>(model: &Self::Model, serializer: S) -> Result<S::Ok, S::Error> {
        if model.is_empty() {
            return serializer.serialize_none();
        }
        serializer.serialize_some(&Written::<List<F>>(model))
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Model, D::Error> {
        Ok(Option::<Read<List<F>>>::deserialize(deserializer)?.map(|read| read.0).unwrap_or_default())
    }
}

/// What the model keeps in a box, for its size.
pub(super) struct Boxed<F>(PhantomData<F>);

impl<F: Form> Form for Boxed<F> {
    type Model = Box<F::Model>;

    fn serialize<S: Serializer>(model: &Self::Model, serializer: S) -> Result<S::Ok, S::Error> {
        F::serialize(model, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Model, D::Error> {
        F::deserialize(deserializer).map(Box::new)
    }
}

/// Free text.
pub(super) struct Words;

impl Form for Words {
    type Model = Text;

    fn serialize<S: Serializer>(model: &Text, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(model)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        Text::deserialize(deserializer)
    }
}

/// Reads a text and parses it. The message names the text, but not all of a long one.
pub(super) fn parsed<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    expected: &'static str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    struct Parsed<T, E> {
        expected: &'static str,
        parse: fn(&str) -> Result<T, E>,
    }
    impl<T, E: fmt::Display> Visitor<'_> for Parsed<T, E> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }
        fn visit_str<X: Error>(self, text: &str) -> Result<T, X> {
            (self.parse)(text).map_err(|error| {
                let shown: String = text.chars().take(48).collect();
                let dots = if shown.len() < text.len() { "…" } else { "" };
                X::custom(format_args!("`{shown}{dots}` {error}"))
            })
        }
    }
    deserializer.deserialize_str(Parsed { expected, parse })
}
