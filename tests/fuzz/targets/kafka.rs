//! What topics hold: frames of journals and inboxes, and records of the wire format with whatever schema a registry has.

use std::sync::OnceLock;

use serde_json::{Value, json};
use suyuan::codec::confluent::{self, Numbers};
use suyuan::codec::journal;
use suyuan::codec::schemas::{EVENTS, Schema};
use suyuan::log::kafka::{Frame, Known};
use suyuan::model::Position;

use super::events::says_what;

/// A frame: as it is, and as its writer would have sealed it.
pub(crate) fn frame(bytes: &[u8]) {
    framed(bytes);
    let mut sealed = bytes.to_vec();
    if sealed.len() > 8 {
        let checksum = crc32c::crc32c(&sealed[8..]);
        sealed[..4].copy_from_slice(b"SYF1");
        sealed[4..8].copy_from_slice(&checksum.to_le_bytes());
        framed(&sealed);
    }
}

fn framed(bytes: &[u8]) {
    match Frame::read(bytes) {
        Ok(frame) => {
            assert_eq!(Frame::read(&frame.write()).as_ref(), Ok(&frame));
            let mut records = frame.bytes.as_slice();
            for _ in 0..frame.count {
                match journal::read_record(&mut records, Position::default()) {
                    Ok(_) => {}
                    Err(refusal) => return says_what(&refusal),
                }
            }
        }
        Err(what) => assert!(!what.is_empty()),
    }
}

/// A record that names its schema by a number of our own: an event, or an output.
pub(crate) fn wire(bytes: &[u8]) {
    match confluent::read_event(bytes) {
        Ok(event) => {
            let mut again = Vec::new();
            confluent::write_event(&event, &mut again);
            assert_eq!(confluent::read_event(&again), Ok(event));
        }
        Err(refusal) => says_what(&refusal),
    }
    match confluent::read_output(bytes) {
        Ok(output) => {
            let mut again = Vec::new();
            Numbers::default().write_output(&output, &mut again);
            assert_eq!(confluent::read_output(&again), Ok(output));
        }
        Err(refusal) => says_what(&refusal),
    }
}

/// A kind of event and one of the ways in which its schema may be another than ours, by the first byte, and one datum that was
/// written with it.
pub(crate) fn other_schema(bytes: &[u8]) {
    static OTHERS: OnceLock<Vec<Known>> = OnceLock::new();
    let others =
        OTHERS.get_or_init(|| (0..WAYS).flat_map(|way| EVENTS.iter().map(move |schema| other(schema, way))).collect());
    let Some((first, datum)) = bytes.split_first() else { return };
    match others[usize::from(*first) % others.len()].read_event(7, datum) {
        Ok(event) => {
            let mut again = Vec::new();
            confluent::write_event(&event, &mut again);
            assert_eq!(confluent::read_event(&again), Ok(event));
        }
        Err(refusal) => says_what(&refusal),
    }
}

/// A field more, a field less, fields the other way round.
const WAYS: usize = 3;

fn other(schema: &Schema, way: usize) -> Known {
    let mut text: Value = serde_json::from_str(schema.text).unwrap();
    let fields = text["fields"].as_array_mut().unwrap();
    match way {
        0 => {
            let note = json!({"name": "note", "type": ["null", "string", {"type": "array", "items": "double"}]});
            fields.insert(0, note);
        }
        1 => fields.retain(|field| field["name"] != "event_id"),
        _ => fields.reverse(),
    }
    let known = Known::by(&text.to_string());
    assert!(matches!(known, Known::Other(_)), "{}", schema.name);
    known
}
