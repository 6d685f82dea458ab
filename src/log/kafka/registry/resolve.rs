//! Records that were written with another schema than ours: older or newer versions, or a producer's own order of fields.
//! Avro says which of them can be read, and how; the library does it. The usual case, our own schema to the letter, never
//! comes here.

use std::io::Read as _;
use std::sync::Once;

use apache_avro::schema::Name;
use apache_avro::schema_compatibility::SchemaCompatibility;
use apache_avro::{Schema as Parsed, from_avro_datum, to_avro_datum};

use crate::codec::schemas::{EVENTS, OUTPUTS, Schema};
use crate::codec::{Refusal, avro};
use crate::model::Event;

/// The most that the library may reserve for one datum, in bytes.
const DATUM_BYTES_MAX: usize = 64 << 20;

/// What a registered schema is to us.
pub enum Known {
    /// One whose records are bytes of this one of ours.
    Ours(&'static Schema),
    /// One whose records can be read as one of ours.
    Other(Box<Writer>),
    /// Nothing that could be read, and why.
    Nothing(String),
}

/// Another schema, whose records can be read as one of ours.
pub struct Writer {
    schema: &'static Schema,
    theirs: Parsed,
    ours: Parsed,
}

fn ours(schema: &Schema) -> Parsed {
    Parsed::parse_str(schema.text).expect("the files in schemas/ are tested to be schemas")
}

fn name_of(parsed: &Parsed) -> Option<&Name> {
    match parsed {
        Parsed::Record(record) => Some(&record.name),
        _ => None,
    }
}

impl Known {
    /// What a schema is to us, by its text.
    pub fn by(text: &str) -> Self {
        // The library panics over names that no schema may have. No registry takes such a one; but it is not ours to trust.
        let known = std::panic::catch_unwind(|| Self::of(text));
        known.unwrap_or_else(|_| Self::Nothing("which is no schema that the library could read".into()))
    }

    fn of(text: &str) -> Self {
        static LIMIT: Once = Once::new();
        LIMIT.call_once(|| {
            apache_avro::util::max_allocation_bytes(DATUM_BYTES_MAX);
        });
        let theirs = match Parsed::parse_str(text) {
            Ok(theirs) => theirs,
            Err(error) => return Self::Nothing(format!("which is no schema: {error}")),
        };
        let Some(name) = name_of(&theirs) else { return Self::Nothing("which is no record".into()) };
        // As Avro has it, names without what stands before them decide.
        let mut all = EVENTS.iter().chain(OUTPUTS);
        let Some(schema) = all.find(|schema| schema.full_name().rsplit('.').next() == Some(&name.name)) else {
            return Self::Nothing(format!("a {}, which is none of ours", name.fullname(None)));
        };
        let ours = ours(schema);
        if theirs.canonical_form() == ours.canonical_form() {
            return Self::Ours(schema);
        }
        match SchemaCompatibility::can_read(&theirs, &ours) {
            Ok(()) => Self::Other(Box::new(Writer { schema, theirs, ours })),
            Err(error) => {
                Self::Nothing(format!("which cannot be read as {}.v{}: {error}", schema.name, schema.version))
            }
        }
    }

    /// The event in a datum that was written with this schema, or why it is none. `number` is what the schema goes by.
    pub fn read_event(&self, number: u32, datum: &[u8]) -> Result<Event, Refusal> {
        match self {
            Self::Ours(schema) => avro::read_event(schema.name, datum),
            Self::Other(writer) => avro::read_event(writer.schema.name, &writer.resolved(datum)?),
            Self::Nothing(why) => Err(Refusal::new("", format!("names schema {number}, {why}"))),
        }
    }
}

/// Whether what is written with a registered schema can be read with ours.
pub(super) fn readable(text: &str, schema: &'static Schema) -> Result<(), String> {
    let theirs = Parsed::parse_str(text).map_err(|error| format!("what is there is no schema: {error}"))?;
    let ours = ours(schema);
    if theirs.canonical_form() == ours.canonical_form() {
        return Ok(());
    }
    let what = |error| format!("what is written with the schema that is there cannot be read with ours: {error}");
    SchemaCompatibility::can_read(&theirs, &ours).map_err(what)
}

impl Writer {
    /// A datum of theirs as one of ours.
    fn resolved(&self, datum: &[u8]) -> Result<Vec<u8>, Refusal> {
        let refuse = |reason: String| Refusal::new("", reason);
        let mut bytes = datum.chain(&BEHIND[..]);
        let value = from_avro_datum(&self.theirs, &mut bytes, Some(&self.ours));
        let value = value.map_err(|error| refuse(error.to_string()))?;
        let mut rest = Vec::new();
        bytes.read_to_end(&mut rest).map_err(|error| refuse(error.to_string()))?;
        match rest.len().checked_sub(BEHIND.len()) {
            Some(0) => to_avro_datum(&self.ours, value).map_err(|error| refuse(error.to_string())),
            Some(more) => Err(refuse(format!("{more} bytes too many after its end"))),
            None => Err(refuse("ends before all of it was read".into())),
        }
    }
}

/// Stands behind every datum: the library takes what is cut off for absent, so whoever reads into this was cut off.
const BEHIND: [u8; 16] = [0; 16];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{json, schemas};

    /// The schema of voided invoices with something replaced in it.
    fn changed(from: &str, to: &str) -> String {
        let text = schemas::find("invoice_voided").unwrap().text;
        assert!(text.contains(from));
        text.replace(from, to)
    }

    fn reason(text: &str) -> String {
        match Known::by(text) {
            Known::Nothing(why) => why,
            Known::Ours(_) | Known::Other(_) => panic!("it can be read: {text}"),
        }
    }

    const LINE: &str = r#"{"type":"invoice_voided","occurred_at":"2026-03-01T09:00:00+08:00","invoice_no":"00000000000000000007","seller_id":"S"}"#;

    #[test]
    fn every_schema_of_ours_is_found_by_its_text() {
        for schema in EVENTS.iter().chain(OUTPUTS) {
            assert!(matches!(Known::by(schema.text), Known::Ours(found) if found.name == schema.name));
        }
    }

    #[test]
    fn other_words_make_no_other_schema_and_another_field_does() {
        assert!(matches!(Known::by(&changed("An invoice was", "It was")), Known::Ours(_)));
        let more = changed(
            r#"{"name": "source_system""#,
            r#"{"name": "note", "type": "string", "default": ""}, {"name": "source_system""#,
        );
        let known = Known::by(&more);
        assert!(matches!(known, Known::Other(_)));
        let event = json::read_event(LINE.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        avro::write_event(&event, &mut bytes);
        // The new field stands before the last, which is one byte: nothing.
        let theirs = [&bytes[..bytes.len() - 1], &[4, b'h', b'i', 0]].concat();
        let read = |datum: &[u8]| known.read_event(7, datum);
        assert_eq!(read(&theirs).unwrap(), event);
        assert!(read(&theirs[..theirs.len() - 2]).is_err());
        assert!(read(&[&theirs[..], &[0]].concat()).unwrap_err().to_string().contains("1 bytes too many"));
    }

    #[test]
    fn what_is_none_of_ours_is_nothing_with_the_reason() {
        assert!(reason("{").contains("no schema"));
        assert!(reason("\"long\"").contains("no record"));
        assert!(reason(&changed("InvoiceVoided", "Invoice%Voided")).contains("no schema that the library could read"));
        assert!(reason(&changed("InvoiceVoided", "InvoiceEaten")).contains("a suyuan.InvoiceEaten, which is none"));
        let why =
            reason(&changed(r#""name": "seller_id", "type": "string""#, r#""name": "seller_id", "type": "long""#));
        assert!(why.contains("cannot be read as invoice_voided.v1") && why.contains("seller_id"), "{why}");
        let schema = schemas::find("invoice_voided").unwrap();
        let why = readable(&changed(r#""seller_id", "type""#, r#""seller", "type""#), schema).unwrap_err();
        assert!(why.contains("seller_id"), "{why}");
        assert_eq!(readable(schema.text, schema), Ok(()));
    }
}
