//! Avro's binary encoding, read straight into a wire type: the other half of `avro_write`. Takes any bytes without
//! panicking, and reserves no more memory than a small multiple of what is there: a length is held against the bytes
//! that are left before it is believed.

use serde::de::value::U32Deserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Fault;

/// The fewest bytes an item is taken to have when room is made for a list: so that a false count reserves little.
const ITEM_BYTES_GUESSED: usize = 8;
/// The most bytes a number has: 64 bits, seven to a byte.
const NUMBER_BYTES_MAX: usize = 10;

/// Bytes, read from the front.
pub(super) struct Reader<'de> {
    rest: &'de [u8],
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    /// Refuses bytes after the end of the datum.
    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(Fault::new(format!("{bytes} bytes too many after its end"))),
        }
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (&byte, rest) = self.rest.split_first().ok_or_else(Fault::ended)?;
        self.rest = rest;
        Ok(byte)
    }

    /// A zigzag varint. Lengths and places of branches nearly all have one byte.
    fn long(&mut self) -> Result<i64, Fault> {
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(i64::from(byte >> 1) ^ -i64::from(byte & 1));
        }
        self.long_of_many_bytes()
    }

    fn long_of_many_bytes(&mut self) -> Result<i64, Fault> {
        let mut bits = 0;
        for (place, &byte) in self.rest.iter().take(NUMBER_BYTES_MAX).enumerate() {
            bits |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Ok((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed());
            }
        }
        Err(if self.rest.len() < NUMBER_BYTES_MAX {
            Fault::ended()
        } else {
            Fault::new(format!("a number of more than {NUMBER_BYTES_MAX} bytes"))
        })
    }

    fn text(&mut self) -> Result<&'de str, Fault> {
        let bytes = self.long()?;
        let bytes = usize::try_from(bytes).map_err(|_| Fault::new(format!("a text of {bytes} bytes")))?;
        let (text, rest) = self.rest.split_at_checked(bytes).ok_or_else(Fault::ended)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|error| Fault::new(format!("is no UTF-8: {error}")))
    }

    fn index(&mut self) -> Result<u32, Fault> {
        let index = self.long()?;
        u32::try_from(index).map_err(|_| Fault::new(format!("branch {index}, which is none")))
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Fault;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::unsupported("a value of unknown type"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.byte()? {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            other => Err(Fault::new(format!("byte {other} where 0 says false and 1 says true"))),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.long()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.long()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.long()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.long()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.long()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.long()?.cast_unsigned())
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.index()? {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            other => Err(Fault::new(format!("branch {other} where 0 is null and 1 a value"))),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut items = Items { reader: self, left: 0, index: 0 };
        items.open_block()?;
        visitor.visit_seq(items)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, parts: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Fields { reader: self, names: &[], next: 0, count: parts })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Fields { reader: self, names: fields, next: 0, count: fields.len() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct map identifier ignored_any
    }
}

/// The fields of a record, or the parts of a tuple (which have no names of their own).
struct Fields<'r, 'de> {
    reader: &'r mut Reader<'de>,
    names: &'static [&'static str],
    next: usize,
    count: usize,
}

impl<'de> de::SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if self.next == self.count {
            return Ok(None);
        }
        self.next += 1;
        match seed.deserialize(&mut *self.reader) {
            Ok(value) => Ok(Some(value)),
            Err(fault) => Err(fault.within(self.names.get(self.next - 1).copied().unwrap_or_default())),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.next)
    }
}

/// The items of a list: blocks of a count and so many items, until an empty block. `left` is 0 only once that was read.
struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
    index: usize,
}

impl Items<'_, '_> {
    /// The count of the next block. A negative one is followed by the block's length in bytes, of no use here.
    fn open_block(&mut self) -> Result<(), Fault> {
        let mut count = self.reader.long()?;
        if count < 0 {
            count = count.checked_neg().unwrap_or(i64::MAX);
            self.reader.long()?;
        }
        let bytes = self.reader.rest.len();
        match usize::try_from(count) {
            // Nothing that we put in lists is of no bytes at all.
            Ok(left) if left <= bytes => self.left = left,
            _ => return Err(Fault::new(format!("a list of {count} more items in the {bytes} bytes that are left"))),
        }
        Ok(())
    }
}

impl<'de> de::SeqAccess<'de> for Items<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        let item = seed.deserialize(&mut *self.reader).map_err(|fault| fault.at(self.index))?;
        self.left -= 1;
        self.index += 1;
        if self.left == 0 {
            self.open_block()?;
        }
        Ok(Some(item))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.reader.rest.len() / ITEM_BYTES_GUESSED))
    }
}

impl<'de> de::EnumAccess<'de> for &mut Reader<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let index: U32Deserializer<Fault> = self.index()?.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Reader<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, parts: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_tuple(parts, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_struct("", fields, visitor)
    }
}
