//! What is written is read back, and says the same to another implementation of Avro and in JSON.

use apache_avro::{from_avro_datum, to_avro_datum};
use serde_json::Value as Json;

use super::{agree, record_name, schema};
use crate::codec::examples::{FULL, SPARE, events, messages, outputs, records};
use crate::codec::{avro, fingerprint, journal, json, schemas};
use crate::model::{Body, Entity, Event, Fingerprint, Id, Message, Output};

/// Reads bytes with `apache-avro`, holds that it would have written the same, and returns what it read.
fn foreign(name: &str, bytes: &[u8]) -> apache_avro::types::Value {
    let schema = schema(name);
    let mut rest = bytes;
    let value = from_avro_datum(&schema, &mut rest, None).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(rest.is_empty(), "{name}: {} bytes too many", rest.len());
    assert_eq!(to_avro_datum(&schema, value.clone()).unwrap(), bytes, "{name}: {value:?}");
    value
}

#[test]
fn an_event_says_the_same_in_avro_and_in_json() {
    for (line, event) in FULL.iter().chain(&SPARE).zip(events()) {
        let mut bytes = Vec::new();
        avro::write_event(&event, &mut bytes);
        let name = event.fact.type_name();
        assert_eq!(avro::read_event(name, &bytes).as_ref(), Ok(&event), "{line}");
        let json: Json = serde_json::from_str(line).unwrap();
        let value = foreign(name, &bytes);
        assert!(agree(&value, Some(&json)), "{line}: {value:?}");
    }
}

#[test]
fn an_event_is_written_as_the_line_it_was_read_from() {
    for (line, event) in FULL.iter().chain(&SPARE).zip(events()) {
        let mut written = Vec::new();
        json::write_event(&event, &mut written);
        assert_eq!(String::from_utf8(written).unwrap(), line.replace("\"red_of\":null,", ""));
    }
}

#[test]
fn the_order_of_the_fields_and_their_escapes_do_not_matter() {
    for (line, event) in FULL.iter().zip(events()) {
        // A map of `serde_json` is sorted by name, so that `type` is among the last.
        let mut json: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap();
        json.insert("later_field".into(), serde_json::json!({"any": [1, null, "thing"]}));
        let sorted = serde_json::to_string_pretty(&json).unwrap().replace("\"type\"", "\"\\u0074ype\"");
        assert_eq!(json::read_event(sorted.as_bytes()).as_ref(), Ok(&event), "{sorted}");
    }
}

#[test]
fn the_fingerprint_is_that_of_the_content_alone() {
    let mut seen = Vec::new();
    for event in events() {
        let same = Event { event_id: None, source_system: Some("elsewhere".into()), ..event.clone() };
        assert_eq!(event.fingerprint, fingerprint(same.occurred_at, &same.fact));
        assert!(event.fingerprint != Fingerprint(0) && !seen.contains(&event.fingerprint.0), "{event:?}");
        seen.push(event.fingerprint.0);
    }
    // Stands in journals: it changes only with a new version of the record.
    assert_eq!(format!("{:016x}", seen[4]), "7e77e220c893861d");
}

#[test]
fn a_journal_record_is_read_back_and_readable_elsewhere() {
    for record in records() {
        let mut bytes = Vec::new();
        journal::write_record(&record, &mut bytes);
        assert_eq!(journal::read_record(&mut &bytes[..], record.position).as_ref(), Ok(&record));
        let value = foreign("journal_record", &bytes);
        if let Body::Fact(_, event) = &record.body {
            let mut line = Vec::new();
            json::write_event(event, &mut line);
            let json: Json = serde_json::from_slice(&line).unwrap();
            assert!(agree(member(member(&value, "body"), "event"), Some(&json)), "{value:?}");
        }
    }
}

fn member<'a>(value: &'a apache_avro::types::Value, name: &str) -> &'a apache_avro::types::Value {
    match value {
        apache_avro::types::Value::Union(_, value) => member(value, name),
        apache_avro::types::Value::Record(fields) => &fields.iter().find(|field| field.0 == name).unwrap().1,
        other => panic!("{other:?} has no {name}"),
    }
}

#[test]
fn records_stand_one_after_the_other() {
    let records = records();
    let mut bytes = Vec::new();
    for record in &records {
        journal::write_record(record, &mut bytes);
    }
    let mut rest = &bytes[..];
    for record in &records {
        assert_eq!(journal::read_record(&mut rest, record.position).as_ref(), Ok(record));
    }
    assert!(rest.is_empty());
    assert!(journal::read_record(&mut rest, records[0].position).is_err(), "there is none behind the last");
}

#[test]
fn a_message_is_read_back_and_readable_elsewhere() {
    for message in messages() {
        let to = Entity::taxpayer(Id::parse("B1").unwrap());
        let mut bytes = Vec::new();
        journal::write_message(&to, &message, &mut bytes);
        assert_eq!(journal::read_message(&mut &bytes[..]).as_ref(), Ok(&(to, message)));
        foreign("inbox_message", &bytes);
    }
}

#[test]
fn a_forwarded_event_keeps_its_fingerprint() {
    let event = events()[4].clone();
    let forwarded = Message::Forwarded(
        crate::model::Source { file: 1, line: 2 },
        Box::new(Event { fingerprint: Fingerprint(u64::MAX - 1), ..event }),
    );
    let mut bytes = Vec::new();
    journal::write_message(&Entity::CLOCK, &forwarded, &mut bytes);
    assert_eq!(journal::read_message(&mut &bytes[..]), Ok((Entity::CLOCK, forwarded)));
}

#[test]
fn an_output_says_the_same_in_avro_and_in_json() {
    for output in outputs() {
        let (mut bytes, mut framed, mut line) = (Vec::new(), Vec::new(), Vec::new());
        avro::write_output(&output, &mut bytes);
        journal::write_output(&output, &mut framed);
        let name = record_name(&output);
        assert_eq!(avro::read_output(name, &bytes).as_ref(), Ok(&output));
        assert_eq!(journal::read_output(&mut &framed[..]).as_ref(), Ok(&output));
        assert_eq!(framed[1..], bytes, "a place below 64 is one byte");
        match &output {
            Output::Signal(signal) => json::write_signal(signal, &mut line),
            Output::Case(case) => json::write_case(case, &mut line),
            Output::Task(task) => json::write_task(task, &mut line),
            Output::DeadLetter(letter) => json::write_dead_letter(letter, None, None, &mut line),
            Output::Doubt(doubt) => json::write_doubt(doubt, &mut line),
        }
        let json: Json = serde_json::from_slice(&line).unwrap();
        let value = foreign(name, &bytes);
        assert!(agree(&value, Some(&json)), "{json}: {value:?}");
        assert!(!String::from_utf8(line).unwrap().contains("null"), "what is absent is left out: {json}");
    }
}

#[test]
fn outputs_have_the_shape_of_the_contract() {
    let mut lines = Vec::new();
    for output in outputs() {
        match &output {
            Output::Signal(signal) => json::write_signal(signal, &mut lines),
            Output::DeadLetter(letter) => json::write_dead_letter(letter, Some("a/b.jsonl"), None, &mut lines),
            Output::Case(_) | Output::Task(_) | Output::Doubt(_) => continue,
        }
        lines.push(b'\n');
    }
    let lines = String::from_utf8(lines).unwrap();
    for part in [
        r#""about":{"invoice_no":"26442000000012345678","seller_id":"A1"},"causes":["0@12","3@1099511627776"]"#,
        r#""about":{"invoice_no":"26442000000012345678"}"#,
        r#""about":{"period":"2026-03"}"#,
        r#""about":{"origin":"A1"},"causes":[],"counterparties":[],"version":2"#,
        r#""raised_at":"2026-03-01T09:00:00+08:00","status":"withdrawn","withdrawn_at":"2026-03-01T10:00:00+08:00""#,
        r#"{"source":{"file":"a/b.jsonl","line":17},"code":"SY0001","reason":"tax_fen: is missing","position":"2@12345""#,
        r#""first":"0@3","position":"2@12345","bytes":"{\"type\":\"invoice_issued\"}"}"#,
    ] {
        assert!(lines.contains(part), "{part} is not in\n{lines}");
    }
}

#[test]
fn every_input_event_has_an_example() {
    let types: Vec<_> = events().iter().map(|event| event.fact.type_name()).collect();
    let names: Vec<_> = schemas::EVENTS.iter().map(|schema| schema.name).collect();
    assert_eq!(types[..FULL.len()], names);
}
