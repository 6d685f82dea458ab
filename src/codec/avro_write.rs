//! Avro's binary encoding, written straight from a wire type: the type itself is the schema, so nothing is looked up.
//! That the type agrees with its file in `schemas/` is proven by tests, which read these bytes with `apache-avro`.
//!
//! Fields stand in their order, a struct is a record, a tuple is a part of the record around it, an enum is a union (or
//! an enum where no variant carries anything), an `Option` is `["null", X]`. A field that serde skips is written as one
//! zero byte: null, the empty list and the empty string alike.
//!
//! Why not `serde_avro_fast`: measured on the same wire type, it reads a fifth slower and writes six times slower, since
//! it looks every field up in its schema; and it calls itself human-readable when it writes, so that one wire type could
//! not serve JSON and Avro.

use serde::Serialize;
use serde::ser::{self, Impossible, Serializer};

use super::fault::Fault;

/// Appends one datum.
pub(super) fn write<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    value.serialize(&mut Writer(out)).expect("every wire type consists of what Avro has, and memory takes any write");
}

/// Where a datum goes.
pub(super) struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    /// A zigzag varint, Avro's `int` and `long`.
    fn long(&mut self, value: i64) {
        let mut bits = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while bits >= 0x80 {
            self.0.push(bits.to_le_bytes()[0] | 0x80);
            bits >>= 7;
        }
        self.0.push(bits.to_le_bytes()[0]);
    }

    fn index(&mut self, index: u32) {
        self.long(i64::from(index));
    }
}

impl<'a, 'b> Serializer for &'a mut Writer<'b> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = &'a mut Writer<'b>;
    type SerializeTuple = &'a mut Writer<'b>;
    type SerializeTupleStruct = Impossible<(), Fault>;
    type SerializeTupleVariant = &'a mut Writer<'b>;
    type SerializeMap = Impossible<(), Fault>;
    type SerializeStruct = &'a mut Writer<'b>;
    type SerializeStructVariant = &'a mut Writer<'b>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.0.push(u8::from(value));
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Fault> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Fault> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Fault> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Fault> {
        self.long(value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Fault> {
        self.serialize_i64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Fault> {
        self.serialize_i64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Fault> {
        self.serialize_i64(value.into())
    }

    /// The same 64 bits: Avro has no unsigned numbers, and none of ours counts beyond its `long`.
    fn serialize_u64(self, value: u64) -> Result<(), Fault> {
        self.serialize_i64(value.cast_signed())
    }

    fn serialize_f32(self, _: f32) -> Result<(), Fault> {
        Err(Fault::unsupported("a float"))
    }

    fn serialize_f64(self, _: f64) -> Result<(), Fault> {
        Err(Fault::unsupported("a float"))
    }

    fn serialize_char(self, _: char) -> Result<(), Fault> {
        Err(Fault::unsupported("a single character"))
    }

    fn serialize_str(self, text: &str) -> Result<(), Fault> {
        self.serialize_bytes(text.as_bytes())
    }

    /// As a text: whoever has one as bytes need not have it checked to be written.
    fn serialize_bytes(self, text: &[u8]) -> Result<(), Fault> {
        self.serialize_u64(text.len() as u64)?;
        self.0.extend_from_slice(text);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.index(0);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.index(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<(), Fault> {
        self.index(index);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.index(index);
        value.serialize(self)
    }

    /// One block: its count, then the items; `end` writes the empty block that closes every list.
    fn serialize_seq(self, items: Option<usize>) -> Result<Self::SerializeSeq, Fault> {
        let items = items.ok_or_else(|| Fault::unsupported("a list of unknown length"))?;
        if items > 0 {
            self.serialize_u64(items as u64)?;
        }
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Fault> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Fault> {
        Err(Fault::unsupported("a tuple struct"))
    }

    fn serialize_tuple_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Fault> {
        self.index(index);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Fault> {
        Err(Fault::unsupported("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Fault> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, index: u32, _: &'static str, _: usize) -> Result<Self, Fault> {
        self.index(index);
        Ok(self)
    }
}

impl ser::SerializeSeq for &mut Writer<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Fault> {
        self.index(0);
        Ok(())
    }
}

impl ser::SerializeTuple for &mut Writer<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl ser::SerializeTupleVariant for &mut Writer<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl ser::SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    fn skip_field(&mut self, _: &'static str) -> Result<(), Fault> {
        self.index(0);
        Ok(())
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl ser::SerializeStructVariant for &mut Writer<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    fn skip_field(&mut self, _: &'static str) -> Result<(), Fault> {
        self.index(0);
        Ok(())
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}
