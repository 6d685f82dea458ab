//! Any bytes at all: no panic, and no more memory than a small multiple of them.

use proptest::prelude::*;

use super::record_name;
use crate::codec::examples::{FULL, events, messages, outputs, records};
use crate::codec::{avro, journal, json, schemas};
use crate::model::{Body, Entity, Position};

/// Reads bytes in every way there is. What is read must be written and read again as the same.
fn read_all(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(event) = json::read_event(bytes) {
        let mut again = Vec::new();
        json::write_event(&event, &mut again);
        prop_assert_eq!(json::read_event(&again), Ok(event));
    }
    for schema in schemas::EVENTS {
        if let Ok(event) = avro::read_event(schema.name, bytes) {
            let mut again = Vec::new();
            avro::write_event(&event, &mut again);
            prop_assert_eq!(avro::read_event(schema.name, &again), Ok(event.clone()));
            let mut line = Vec::new();
            json::write_event(&event, &mut line);
            prop_assert_eq!(json::read_event(&line), Ok(event));
        }
    }
    let position = Position { partition: 1, offset: 2 };
    if let Ok(record) = journal::read_record(&mut &bytes[..], position) {
        let mut again = Vec::new();
        journal::write_record(&record, &mut again);
        prop_assert_eq!(journal::read_record(&mut &again[..], position), Ok(record));
    }
    if let Ok((to, message)) = journal::read_message(&mut &bytes[..]) {
        let mut again = Vec::new();
        journal::write_message(&to, &message, &mut again);
        prop_assert_eq!(journal::read_message(&mut &again[..]), Ok((to, message)));
    }
    if let Ok(output) = journal::read_output(&mut &bytes[..]) {
        let mut again = Vec::new();
        journal::write_output(&output, &mut again);
        prop_assert_eq!(journal::read_output(&mut &again[..]), Ok(output.clone()));
        again.clear();
        avro::write_output(&output, &mut again);
        prop_assert_eq!(avro::read_output(record_name(&output), &again), Ok(output));
    }
    Ok(())
}

/// Good bytes of every kind.
fn good() -> Vec<Vec<u8>> {
    let mut good: Vec<Vec<u8>> = FULL.iter().map(|line| line.as_bytes().to_vec()).collect();
    let mut add = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        good.push(bytes);
    };
    for event in &events() {
        add(&|bytes| avro::write_event(event, bytes));
    }
    for record in &records() {
        add(&|bytes| journal::write_record(record, bytes));
    }
    for message in &messages() {
        add(&|bytes| journal::write_message(&Entity::CLOCK, message, bytes));
    }
    for output in &outputs() {
        add(&|bytes| journal::write_output(output, bytes));
    }
    good
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        read_all(&bytes)?;
    }

    #[test]
    fn good_bytes_with_some_changed_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let good = good();
        let mut bytes = good[which.index(good.len())].clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(&bytes)?;
    }
}

#[test]
fn every_good_record_cut_anywhere_is_refused_or_read() {
    for bytes in good() {
        for end in 0..bytes.len() {
            read_all(&bytes[..end]).unwrap();
        }
    }
}

#[test]
fn a_false_length_is_refused_before_room_is_made_for_it() {
    let mut bytes = Vec::new();
    let invoice = records().into_iter().find(|record| matches!(&record.body, Body::Fact(..))).unwrap();
    journal::write_record(&invoice, &mut bytes);
    // A text, and a list, of 2^62 items: nine bytes of seven bits, all but the last going on.
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for place in 0..bytes.len() {
        let broken = [&bytes[..place], &huge, &bytes[place + 1..]].concat();
        read_all(&broken).unwrap();
    }
    let endless = [0x01; 64];
    assert!(journal::read_record(&mut &endless[..], Position::default()).is_err());
}
