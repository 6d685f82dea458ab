//! Identifiers: short strings kept inline, checked once where they are parsed. No meaning is read out of them here,
//! apart from the check character of a taxpayer id.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest identifier, in bytes of UTF-8. The longest form of the contract, `legacy:` and 24 bytes, just fits.
pub const ID_BYTES_MAX: usize = 31;

/// As many bytes of a hash make a derived identifier.
const DERIVED_BYTES: usize = 12;
const DERIVED_DIGITS: u8 = 24;
/// Room for what is hashed for one, nearly always.
const HASHED_BYTES: usize = 128;

/// A short string of at most [`ID_BYTES_MAX`] bytes without control characters, kept inline so that copying one costs
/// no allocation. Ordered as its text.
#[derive(Clone, Copy)]
pub struct Id {
    /// The text, padded with zeros, which no identifier contains; the last byte is the length.
    bytes: [u8; ID_BYTES_MAX + 1],
}

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing between the quotes.
    #[error("is empty")]
    Empty,
    /// More than [`ID_BYTES_MAX`] bytes.
    #[error("is longer than {ID_BYTES_MAX} bytes")]
    TooLong,
    /// A control character, or a blank at either end.
    #[error("has a control character, or a blank at an end")]
    Blank,
    /// Not one of the three forms of an invoice number.
    #[error("is not an invoice number: 20 digits, 10 or 12 digits, dash and 8 digits, or `legacy:` and up to 24 bytes")]
    NotAnInvoiceNo,
}

impl Id {
    /// No identifier at all: sorts before every other, and stands where a key has none.
    pub const EMPTY: Self = Self { bytes: [0; ID_BYTES_MAX + 1] };

    /// Sorts after every identifier that anybody would give; bounds scans, names nothing.
    pub const LAST: Self = {
        // The last character of Unicode, seven times.
        let mut bytes = [0; ID_BYTES_MAX + 1];
        let mut at = 0;
        while at < 28 {
            bytes[at] = [0xf4, 0x8f, 0xbf, 0xbf][at % 4];
            at += 1;
        }
        bytes[ID_BYTES_MAX] = 28;
        Self { bytes }
    };

    /// Checks and keeps a text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if text.len() > ID_BYTES_MAX {
            return Err(IdError::TooLong);
        }
        // Nearly all are letters and digits, which can be neither blanks nor controls.
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain && (text.trim() != text || text.chars().any(char::is_control)) {
            return Err(IdError::Blank);
        }
        let mut bytes = [0; ID_BYTES_MAX + 1];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        bytes[ID_BYTES_MAX] = u8::try_from(text.len()).expect("checked against ID_BYTES_MAX above");
        Ok(Self { bytes })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("made from a str, cut nowhere")
    }

    /// The bytes of the text: for whoever needs no text, for that is checked each time it is asked for.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.bytes[ID_BYTES_MAX])]
    }

    /// Whether this is [`Id::EMPTY`].
    pub fn is_empty(&self) -> bool {
        self.bytes[ID_BYTES_MAX] == 0
    }

    /// As four numbers whose order is that of the text: comparing them costs less than comparing bytes.
    fn words(&self) -> [u64; 4] {
        let word =
            |at: usize| u64::from_be_bytes(self.bytes[8 * at..8 * at + 8].try_into().expect("eight of 32 bytes"));
        [word(0), word(1), word(2), word(3)]
    }

    /// The 24 hexadecimal digits that name something by what it is about: the same parts give the same id anywhere.
    pub fn derived(kind: &str, parts: &[&str]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hash = hash_of(kind, parts);
        let mut bytes = [0; ID_BYTES_MAX + 1];
        for (place, byte) in hash[..DERIVED_BYTES].iter().enumerate() {
            bytes[2 * place] = DIGITS[usize::from(byte >> 4)];
            bytes[2 * place + 1] = DIGITS[usize::from(byte & 15)];
        }
        bytes[ID_BYTES_MAX] = DERIVED_DIGITS;
        Self { bytes }
    }

    /// The number that the first 16 digits of [`Id::derived`] are.
    pub fn derived_number(kind: &str, parts: &[&str]) -> u64 {
        let hash = hash_of(kind, parts);
        u64::from_be_bytes(*hash.first_chunk().expect("eight of 32 bytes"))
    }
}

/// The hash of a kind and parts, with zeros between. In one piece: they are short, and a running hash costs more to set up.
fn hash_of(kind: &str, parts: &[&str]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(HASHED_BYTES);
    bytes.extend_from_slice(kind.as_bytes());
    for part in parts {
        bytes.push(0);
        bytes.extend_from_slice(part.as_bytes());
    }
    *blake3::hash(&bytes).as_bytes()
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Id {}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        self.words().cmp(&other.words())
    }
}

impl Hash for Id {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // In halves: the hashers of rows take sixteen bytes at once, and this is done for every row that is looked up.
        for half in self.bytes.as_chunks().0 {
            state.write_u128(u128::from_ne_bytes(*half));
        }
    }
}

impl Default for Id {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Written as its text. Where bytes are written, those of the text as they are: postcard and Avro write a string of bytes as
/// they write a text, and that it is one need not be checked for each identifier of each row and record.
impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.serialize_str(self.as_str());
        }
        serializer.serialize_bytes(self.as_bytes())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identifier")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
                if text.is_empty() { Ok(Id::EMPTY) } else { Id::parse(text).map_err(E::custom) }
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A taxpayer id: opaque, but for the check character of the 18-character Unified Social Credit Code.
pub type TaxpayerId = Id;

/// Whether the check character of an 18-character Unified Social Credit Code is right; `true` for every other form.
/// Source: GB 32100-2015, weights 3^(i-1) mod 31 over an alphabet without I, O, S, V and Z.
pub fn check_character_holds(id: TaxpayerId) -> bool {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let text = id.as_bytes();
    if text.len() != 18 {
        return true;
    }
    let mut sum = 0;
    let mut weight = 1;
    for byte in &text[..17] {
        let Some(value) = ALPHABET.iter().position(|c| c == byte) else {
            return false;
        };
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    text[17] == ALPHABET[(31 - sum % 31) % 31]
}

/// An invoice number in one of the contract's three forms. Made only by [`InvoiceNo::parse`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InvoiceNo(Id);

impl InvoiceNo {
    /// Sorts before every invoice number; bounds scans, names nothing.
    pub const FIRST: Self = Self(Id::EMPTY);
    /// Sorts after every invoice number; bounds scans, names nothing.
    pub const LAST: Self = Self(Id::LAST);

    /// Checks one of the three forms: 20 digits; 10 or 12 digits, dash, 8 digits; `legacy:` and 1 to 24 bytes.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let lawful = match text.split_once('-') {
            _ if text.starts_with("legacy:") => text.len() > "legacy:".len(),
            Some((code, number)) => {
                matches!(code.len(), 10 | 12) && number.len() == 8 && digits(code) && digits(number)
            }
            None => text.len() == 20 && digits(text),
        };
        if !lawful {
            return Err(IdError::NotAnInvoiceNo);
        }
        Id::parse(text).map(Self)
    }

    /// The year that the number of a fully digital invoice begins with (its last two digits; Announcement 11 of 2024).
    pub fn year(&self) -> Option<i32> {
        let text = self.as_str();
        let is_digital = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.get(..2).filter(|_| is_digital)?.parse::<i32>().ok().map(|year| 2_000 + year)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The text as an identifier.
    pub fn id(self) -> Id {
        self.0
    }
}

impl fmt::Debug for InvoiceNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for InvoiceNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_ordered_as_its_text() {
        let id = |text| Id::parse(text).unwrap();
        assert!(id("\u{10ffff}") < Id::LAST && Id::LAST.as_str().chars().all(|c| c == char::MAX));
        assert!(id("A") < id("AB") && id("AB") < id("B") && Id::EMPTY < id("A"));
        assert_eq!(id("购方甲").as_str(), "购方甲");
        assert_eq!(Id::parse("A\n"), Err(IdError::Blank));
        assert_eq!(Id::parse(&"9".repeat(32)), Err(IdError::TooLong));
    }

    #[test]
    fn the_three_forms_of_an_invoice_number_and_nothing_else() {
        for good in ["24312000000012345678", "3100162130-12345678", "031001600211-12345678", "legacy:2017-11459356"] {
            assert_eq!(InvoiceNo::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "123", "2431200000001234567x", "3100162130-1234567", "310016213-12345678", "legacy:"] {
            assert_eq!(InvoiceNo::parse(bad), Err(IdError::NotAnInvoiceNo), "{bad}");
        }
    }

    #[test]
    fn the_check_character_of_gb_32100() {
        // Published codes of real bodies: Huawei Technologies, and the standard's own example length of 18.
        let id = |text| Id::parse(text).unwrap();
        assert!(check_character_holds(id("914403001922038216")));
        assert!(!check_character_holds(id("914403001922038215")));
        assert!(!check_character_holds(id("91440300192203821O")));
        assert!(check_character_holds(id("A00297")));
    }
}
