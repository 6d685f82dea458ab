//! The reader of Avro's bytes by itself: numbers, and lists that are not what they say.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::codec::avro_read::Reader;
use crate::codec::avro_write::write;
use crate::codec::fault::Fault;

/// Says how many items a list would be given room for.
struct Room;

impl<'de> Visitor<'de> for Room {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<usize, A::Error> {
        Ok(items.size_hint().unwrap_or_default())
    }
}

fn room(bytes: &[u8]) -> Result<usize, Fault> {
    Reader::new(bytes).deserialize_seq(Room)
}

#[test]
fn room_is_made_for_no_more_items_than_the_bytes_may_hold() {
    // A count of 60, and so many bytes behind it.
    assert_eq!(room(&[&[120], &[0; 60][..]].concat()).ok(), Some(7));
    assert_eq!(room(&[&[120], &[0; 4_096][..]].concat()).ok(), Some(60));
    assert!(room(&[&[120], &[0; 59][..]].concat()).is_err());
    assert!(room(&[0xff; 10]).is_err());
}

#[test]
fn numbers_are_zigzag_varints_of_at_most_ten_bytes() {
    for value in [0, -1, 1, 63, -64, 64, 300, i64::MAX, i64::MIN] {
        let mut bytes = Vec::new();
        write(&value, &mut bytes);
        let mut reader = Reader::new(&bytes);
        assert_eq!(i64::deserialize(&mut reader).ok(), Some(value));
        assert!(reader.end().is_ok());
    }
    for bad in [&[0x80; 9][..], &[0x80; 11]] {
        assert!(i64::deserialize(&mut Reader::new(bad)).is_err());
    }
}

#[test]
fn a_list_may_come_in_blocks_with_their_length_in_bytes() {
    let read: Vec<i64> = Deserialize::deserialize(&mut Reader::new(&[1, 2, 8, 2, 10, 0])).unwrap();
    assert_eq!(read, [4, 5]);
}
