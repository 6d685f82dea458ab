//! Input events, as JSON and as Avro.

use suyuan::codec::{Refusal, avro, json, schemas};
use suyuan::model::Event;

use super::worlds;

/// One line of JSON.
pub(crate) fn json(bytes: &[u8]) {
    match json::read_event(bytes) {
        Ok(event) => accepted(event),
        Err(refusal) => says_what(&refusal),
    }
}

/// A type, by the first byte, and one datum of it.
pub(crate) fn avro(bytes: &[u8]) {
    let Some((first, datum)) = bytes.split_first() else { return };
    let schema = &schemas::EVENTS[usize::from(*first) % schemas::EVENTS.len()];
    match avro::read_event(schema.name, datum) {
        Ok(event) => accepted(event),
        Err(refusal) => says_what(&refusal),
    }
}

/// Comes out the same by both ways, and can be folded.
fn accepted(event: Event) {
    let (mut line, mut datum) = (Vec::new(), Vec::new());
    json::write_event(&event, &mut line);
    avro::write_event(&event, &mut datum);
    assert_eq!(json::read_event(&line).as_ref(), Ok(&event), "{}", String::from_utf8_lossy(&line));
    assert_eq!(avro::read_event(event.fact.type_name(), &datum).as_ref(), Ok(&event));
    worlds::fold([event]);
}

pub(crate) fn says_what(refusal: &Refusal) {
    assert!(!refusal.reason.is_empty(), "a refusal without a reason: {refusal:?}");
    assert!(!refusal.reason.contains("was refused, and then found good"), "{refusal:?}");
}
