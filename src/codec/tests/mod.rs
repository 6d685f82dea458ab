//! Tests of the codec as a whole: every record, both formats, any bytes.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test panics over whatever it does not expect")]

mod any_bytes;
mod avro_reader;
mod evolution;
mod refusals;
mod round_trips;
mod schema_files;

use apache_avro::types::Value;
use serde_json::Value as Json;

use super::schemas;
use crate::model::{Date, Instant, Output, Period};

/// The parsed schema file of a record.
fn schema(name: &str) -> apache_avro::Schema {
    let text = schemas::find(name).unwrap_or_else(|| panic!("no schema of {name}")).text;
    apache_avro::Schema::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The name of an output's record.
fn record_name(output: &Output) -> &'static str {
    match output {
        Output::Signal(_) => "signal",
        Output::Case(_) => "case",
        Output::Task(_) => "task",
        Output::DeadLetter(_) => "dead_letter",
        Output::Doubt(_) => "doubt",
    }
}

/// Whether the same record in Avro and in JSON says the same, field by field.
fn agree(avro: &Value, json: Option<&Json>) -> bool {
    let text = json.and_then(Json::as_str);
    match avro {
        Value::Union(_, value) => agree(value, json),
        Value::Null => json.is_none_or(Json::is_null),
        Value::Boolean(value) => json.and_then(Json::as_bool) == Some(*value),
        Value::String(value) | Value::Enum(_, value) => text == Some(value),
        Value::Int(value) if text.is_some() => text.and_then(Period::parse) == Some(Period(*value)),
        Value::Int(value) => json.and_then(Json::as_i64) == Some(i64::from(*value)),
        Value::Long(value) => json.and_then(Json::as_i64) == Some(*value),
        Value::Date(value) => text.and_then(Date::parse) == Some(Date(*value)),
        Value::TimestampMillis(value) => text.and_then(Instant::parse) == Some(Instant(*value)),
        Value::Array(items) => json.and_then(Json::as_array).is_some_and(|list| {
            list.len() == items.len() && items.iter().zip(list).all(|(item, json)| agree(item, Some(json)))
        }),
        Value::Record(fields) => match (&fields[..], text) {
            ([(_, Value::Long(partition)), (_, Value::Long(offset))], Some(text)) => {
                text == format!("{partition}@{offset}")
            }
            _ => fields.iter().all(|(name, value)| agree(value, json.and_then(|json| json.get(name)))),
        },
        other => panic!("no record of ours has {other:?}"),
    }
}
