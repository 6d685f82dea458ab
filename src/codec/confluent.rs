//! Records as topics carry them: the wire format of Confluent's clients, which is a zero byte, the number of the schema in
//! four bytes (big-endian), and the datum in Avro. Where nobody runs a schema registry, the numbers are our own: those of
//! [`Schema::number`], which never change.

use super::digest::Digest;
use super::schemas::{Schema, numbered};
use super::{Refusal, avro, avro_write};
use crate::model::{Event, Output};

/// Before every record of this format.
const MAGIC: u8 = 0;
const HEAD_BYTES: usize = 5;

/// Reads an event, and holds the contract against it.
pub fn read_event(bytes: &[u8]) -> Result<Event, Refusal> {
    let (schema, datum) = split(bytes)?;
    avro::read_event(schema.name, datum)
}

/// Reads an output.
pub fn read_output(bytes: &[u8]) -> Result<Output, Refusal> {
    let (schema, datum) = split(bytes)?;
    avro::read_output(schema.name, datum)
}

/// Appends an event.
pub fn write_event(event: &Event, out: &mut Vec<u8>) {
    head(event.fact.type_name(), out);
    avro::write_event(event, out);
}

/// Appends an output.
pub fn write_output(output: &Output, out: &mut Vec<u8>) {
    let name = match output {
        Output::Signal(_) => "signal",
        Output::Case(_) => "case",
        Output::Task(_) => "task",
        Output::DeadLetter(_) => "dead_letter",
        Output::Doubt(_) => "doubt",
    };
    head(name, out);
    avro::write_output(output, out);
}

/// Appends a digest.
pub fn write_digest(digest: &Digest, out: &mut Vec<u8>) {
    head("digest", out);
    avro_write::write(digest, out);
}

fn head(name: &str, out: &mut Vec<u8>) {
    let schema = super::schemas::find(name).expect("every record has its file in schemas/");
    out.push(MAGIC);
    out.extend_from_slice(&schema.number().to_be_bytes());
}

/// The schema that a record names, and its datum.
fn split(bytes: &[u8]) -> Result<(&'static Schema, &[u8]), Refusal> {
    let refuse = |reason: String| Refusal::new("", reason);
    let Some((head, datum)) = bytes.split_first_chunk::<HEAD_BYTES>() else {
        return Err(refuse(format!("has {} bytes, which is less than the head of a record in Avro", bytes.len())));
    };
    if head[0] != MAGIC {
        return Err(refuse(format!("begins with byte {}, not with 0 and the number of a schema", head[0])));
    }
    let number = u32::from_be_bytes(*head.last_chunk().expect("four bytes are left"));
    let schema = numbered(number).ok_or_else(|| refuse(format!("names schema {number}, which is unknown")))?;
    Ok((schema, datum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::examples;

    #[test]
    fn events_come_back_as_they_were() {
        for event in examples::events() {
            let mut bytes = Vec::new();
            write_event(&event, &mut bytes);
            assert_eq!(read_event(&bytes).unwrap(), event);
        }
    }

    #[test]
    fn what_is_no_record_is_refused_with_the_reason() {
        let mut bytes = Vec::new();
        write_event(&examples::events()[0], &mut bytes);
        let reason = |bytes: &[u8]| read_event(bytes).unwrap_err().to_string();
        assert!(reason(&bytes[..3]).contains("has 3 bytes"));
        assert!(reason(&[b"{\"type\""[..].to_vec(), bytes.clone()].concat()).contains("begins with byte 123"));
        assert!(reason(&[&[0, 0, 0, 0, 7], &bytes[5..]].concat()).contains("names schema 7"));
        assert!(!reason(&bytes[..bytes.len() - 3]).is_empty());
        bytes.push(0);
        assert!(!reason(&bytes).is_empty());
    }
}
