//! Quantities: a decimal text on the wire, millionths in the model. JSON may also give a number. No arithmetic on
//! floats: a float is printed, exactly as it was meant, and its digits are read.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

use super::form::{Form, parsed};
use crate::model::{GoodsCode, Quantity};

/// Digits behind the point that the model keeps.
const DECIMALS: usize = 6;
const MILLION: i64 = 1_000_000;
/// Digits of a code of goods or services.
const GOODS_DIGITS: usize = 19;

/// A quantity: a decimal text such as `12.5`.
pub(super) struct Decimal;

impl Form for Decimal {
    type Model = Quantity;

    fn serialize<S: Serializer>(model: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Digits::decimal(*model).as_str())
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(TextOrNumber);
        }
        deserializer.deserialize_str(TextOrNumber)
    }
}

struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity: a decimal text such as \"12.5\", or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
        parse(text).ok_or_else(|| {
            let shown: String = text.chars().take(48).collect();
            E::custom(format_args!("`{shown}` is no decimal number such as 12.5, of at most 9 trillion"))
        })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
        self.visit_str(&number.to_string())
    }
}

/// Sign, digits, and digits behind a point; what is beyond the sixth is rounded half away from zero.
fn parse(text: &str) -> Option<Quantity> {
    let (negative, number) = match text.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, text),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() {
        return None;
    }
    // Counted below zero, where there is room for one more.
    let mut millionths: i64 = 0;
    for byte in whole.bytes() {
        millionths = millionths.checked_mul(10)?.checked_sub(digit(byte)?)?;
    }
    millionths = millionths.checked_mul(MILLION)?;
    let mut unit = MILLION / 10;
    for (place, byte) in fraction.bytes().enumerate() {
        let digit = digit(byte)?;
        let rounded = if place == DECIMALS { digit / 5 } else { digit * unit };
        millionths = millionths.checked_sub(rounded)?;
        // After the sixth digit `unit` is 0, so that only the seventh rounds and the others are no more than read.
        unit /= 10;
    }
    Some(Quantity(if negative { millionths } else { millionths.checked_neg()? }))
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// A code of goods or services: 19 digits.
pub(super) struct Goods;

impl Form for Goods {
    type Model = GoodsCode;

    fn serialize<S: Serializer>(model: &GoodsCode, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = Digits::default();
        digits.number(model.0, GOODS_DIGITS);
        serializer.serialize_str(digits.as_str())
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GoodsCode, D::Error> {
        parsed(deserializer, "a code of goods, 19 digits", |text| {
            let lawful = text.len() == GOODS_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
            lawful.then(|| text.parse().ok()).flatten().map(GoodsCode).ok_or("is no code of goods, which has 19 digits")
        })
    }
}

/// A short number, written from its end: on the hot path, where `format!` would take room on the heap.
struct Digits {
    bytes: [u8; 24],
    start: usize,
}

impl Default for Digits {
    fn default() -> Self {
        Self { bytes: [0; 24], start: 24 }
    }
}

impl Digits {
    fn decimal(quantity: Quantity) -> Self {
        let mut digits = Self::default();
        let millionths = quantity.0.unsigned_abs();
        let (whole, mut fraction) = (millionths / 1_000_000, millionths % 1_000_000);
        if fraction > 0 {
            let mut places = DECIMALS;
            while fraction % 10 == 0 {
                fraction /= 10;
                places -= 1;
            }
            digits.number(fraction, places);
            digits.push(b'.');
        }
        digits.number(whole, 1);
        if quantity.0 < 0 {
            digits.push(b'-');
        }
        digits
    }

    /// At least so many digits.
    fn number(&mut self, mut number: u64, places: usize) {
        let mut written = 0;
        while number > 0 || written < places {
            self.push(b"0123456789"[usize::try_from(number % 10).unwrap_or_default()]);
            number /= 10;
            written += 1;
        }
    }

    fn push(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).expect("digits, a point and a sign")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_to_the_millionth() {
        for (text, millionths) in [
            ("12.5", 12_500_000),
            ("-0.000001", -1),
            ("0.3333333333", 333_333),
            ("0.6666666", 666_667),
            ("-1.9999995", -2_000_000),
            ("007", 7_000_000),
        ] {
            assert_eq!(parse(text), Some(Quantity(millionths)), "{text}");
        }
        for bad in ["", ".", "1.", ".5", "1e3", "1,000", "+1", "--1", "12.5x", "10000000000000", "NaN"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_least_quantity_is_one_too() {
        assert_eq!(parse(Digits::decimal(Quantity(i64::MIN)).as_str()), Some(Quantity(i64::MIN)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millionths in proptest::num::i64::ANY) {
            let quantity = Quantity(millionths);
            let digits = Digits::decimal(quantity);
            prop_assert_eq!(parse(digits.as_str()), Some(quantity), "{}", digits.as_str());
        }
    }
}
