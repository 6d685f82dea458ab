//! Stored rows: keys and values.

use suyuan::state::{Key, Row};

/// A full key: the entity, and which of its rows. Each has one way of being written.
pub(crate) fn key(bytes: &[u8]) {
    match Key::read(bytes) {
        Ok((entity, key)) => {
            let mut again = Vec::new();
            key.write(&entity, &mut again);
            assert_eq!(again, bytes, "{key:?} of {entity:?}");
        }
        Err(error) => assert!(error.to_string().contains("not a row's key"), "{error}"),
    }
}

/// The value of a row.
pub(crate) fn row(bytes: &[u8]) {
    match Row::read(bytes) {
        Ok(row) => {
            let mut again = Vec::new();
            row.write(&mut again);
            assert_eq!(Row::read(&again).unwrap(), row);
            // Memory is a small multiple of what is there.
            assert!(row.heap_bytes() < 64 * bytes.len() + 4_096, "{} bytes of {}", row.heap_bytes(), bytes.len());
        }
        Err(error) => assert!(error.to_string().contains("stored row is damaged"), "{error}"),
    }
}
