//! A later version of a schema reads what this one wrote, as long as it adds no more than optional fields.

use apache_avro::schema_compatibility::SchemaCompatibility;
use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum};
use serde_json::Value as Json;

use super::{record_name, schema};
use crate::codec::examples::{events, outputs, records};
use crate::codec::schemas::{self, EVENTS, INTERNALS, OUTPUTS};
use crate::codec::{avro, journal};

/// The schema with one more field at its end, which may be absent.
fn later(name: &str) -> Schema {
    let mut json: Json = serde_json::from_str(schemas::find(name).unwrap().text).unwrap();
    let added = serde_json::json!({"name": "added", "type": ["null", "string"], "default": null, "doc": "New."});
    json["fields"].as_array_mut().unwrap().push(added);
    Schema::parse(&json).unwrap()
}

#[test]
fn an_added_optional_field_is_null_in_what_was_written_before() {
    let mut written: Vec<(&str, Vec<u8>)> = Vec::new();
    for event in events() {
        let mut bytes = Vec::new();
        avro::write_event(&event, &mut bytes);
        written.push((event.fact.type_name(), bytes));
    }
    for output in outputs() {
        let mut bytes = Vec::new();
        avro::write_output(&output, &mut bytes);
        written.push((record_name(&output), bytes));
    }
    for record in records() {
        let mut bytes = Vec::new();
        journal::write_record(&record, &mut bytes);
        written.push(("journal_record", bytes));
    }
    for (name, bytes) in written {
        let read = from_avro_datum(&schema(name), &mut &bytes[..], Some(&later(name)));
        let Value::Record(fields) = read.unwrap_or_else(|error| panic!("{name}: {error}")) else {
            panic!("{name} is no record");
        };
        let last = fields.last().unwrap();
        assert_eq!((last.0.as_str(), &last.1), ("added", &Value::Union(0, Box::new(Value::Null))), "{name}");
    }
}

#[test]
fn versions_with_and_without_the_field_read_each_other() {
    for one in [EVENTS, OUTPUTS, INTERNALS].into_iter().flatten() {
        let (now, later) = (schema(one.name), later(one.name));
        for (writer, reader) in [(&now, &later), (&later, &now)] {
            SchemaCompatibility::can_read(writer, reader).unwrap_or_else(|error| panic!("{}: {error}", one.name));
        }
    }
}

#[test]
fn what_a_later_writer_added_to_an_event_is_dropped_by_resolution() {
    for event in events() {
        let name = event.fact.type_name();
        let (now, later) = (schema(name), later(name));
        let mut bytes = Vec::new();
        avro::write_event(&event, &mut bytes);
        let mut written = bytes.clone();
        written.extend([2, 2, b'x']); // the added field: branch 1, a text of one byte
        let resolved = from_avro_datum(&later, &mut &written[..], Some(&now)).unwrap();
        assert_eq!(apache_avro::to_avro_datum(&now, resolved).unwrap(), bytes, "{name}");
    }
}
