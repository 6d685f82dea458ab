//! Records as topics carry them: the wire format of Confluent's clients, which is a zero byte, the number of the schema in
//! four bytes (big-endian), and the datum in Avro. Where nobody runs a schema registry, the numbers are our own: those of
//! [`Schema::number`], which never change. Asking a registry is the shell's.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::schemas::{Schema, numbered};
use super::{Refusal, avro, avro_write};
use crate::model::{Event, Fact, Output};

/// Before every record of this format.
const MAGIC: u8 = 0;
const HEAD_BYTES: usize = 5;

/// Reads an event that names its schema by one of our own numbers, and holds the contract against it.
pub fn read_event(bytes: &[u8]) -> Result<Event, Refusal> {
    let (schema, datum) = split(bytes)?;
    avro::read_event(schema.name, datum)
}

/// Reads an output that names its schema by one of our own numbers.
pub fn read_output(bytes: &[u8]) -> Result<Output, Refusal> {
    let (schema, datum) = split(bytes)?;
    avro::read_output(schema.name, datum)
}

/// Appends an event, under the number of our own.
pub fn write_event(event: &Event, out: &mut Vec<u8>) {
    Numbers::default().write_event(event, out);
}

/// The numbers under which records are written: our own, but for those that a registry gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers(BTreeMap<&'static str, u32>);

impl Numbers {
    /// Records of this schema go under this number from now on.
    pub fn set(&mut self, schema: &'static Schema, number: u32) {
        self.0.insert(schema.name, number);
    }

    /// Appends an event.
    pub fn write_event(&self, event: &Event, out: &mut Vec<u8>) {
        self.head(event.fact.type_name(), out);
        avro::write_event(event, out);
    }

    /// Appends an output.
    pub fn write_output(&self, output: &Output, out: &mut Vec<u8>) {
        self.head(output_name(output), out);
        avro::write_output(output, out);
    }

    /// Appends a digest.
    pub fn write_digest(&self, digest: &Digest, out: &mut Vec<u8>) {
        self.head("digest", out);
        avro_write::write(digest, out);
    }

    fn head(&self, name: &str, out: &mut Vec<u8>) {
        let own = || super::schemas::find(name).expect("every record has its file in schemas/").number();
        let number = self.0.get(name).copied().unwrap_or_else(own);
        out.push(MAGIC);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// The name of an output's schema.
pub fn output_name(output: &Output) -> &'static str {
    match output {
        Output::Signal(_) => "signal",
        Output::Case(_) => "case",
        Output::Task(_) => "task",
        Output::DeadLetter(_) => "dead_letter",
        Output::Doubt(_) => "doubt",
    }
}

/// The number by which a record names its schema, and its datum.
pub fn number_and_datum(bytes: &[u8]) -> Result<(u32, &[u8]), Refusal> {
    let refuse = |reason: String| Refusal::new("", reason);
    let Some((head, datum)) = bytes.split_first_chunk::<HEAD_BYTES>() else {
        return Err(refuse(format!("has {} bytes, which is less than the head of a record in Avro", bytes.len())));
    };
    if head[0] != MAGIC {
        return Err(refuse(format!("begins with byte {}, not with 0 and the number of a schema", head[0])));
    }
    Ok((u32::from_be_bytes(*head.last_chunk().expect("four bytes are left")), datum))
}

/// The schema that a record names by one of our own numbers, and its datum.
fn split(bytes: &[u8]) -> Result<(&'static Schema, &[u8]), Refusal> {
    let (number, datum) = number_and_datum(bytes)?;
    let unknown = || Refusal::new("", format!("names schema {number}, which is unknown"));
    Ok((numbered(number).ok_or_else(unknown)?, datum))
}

/// The key of an event's record, by the contract.
pub fn key(event: &Event) -> &[u8] {
    match &event.fact {
        Fact::RulesPublished(_) => b"rules",
        Fact::ModelPublished(_) => b"model",
        Fact::TaskActed(acted) => acted.task_id.as_str().as_bytes(),
        Fact::TaxpayerRegistered(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::TaxpayerChanged(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::TaxpayerStatusChanged(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::InvoiceQuotaGranted(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::InvoiceIssued(fact) => fact.seller_id.as_str().as_bytes(),
        Fact::InvoiceVoided(fact) => fact.seller_id.as_str().as_bytes(),
        Fact::InvoiceReceived(fact) => fact.buyer_id.as_str().as_bytes(),
        Fact::InvoiceDeducted(fact) => fact.buyer_id.as_str().as_bytes(),
        Fact::DeductionReversed(fact) => fact.buyer_id.as_str().as_bytes(),
        Fact::InvoiceMarkedAbnormal(fact) | Fact::InvoiceMarkLifted(fact) => fact.seller_id.as_str().as_bytes(),
        Fact::TaxpayerVerified(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::VatDeclared(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::Observed(fact) => fact.taxpayer_id.as_str().as_bytes(),
        Fact::OrgDefined(fact) => fact.org_id.as_str().as_bytes(),
        Fact::GridDefined(fact) => fact.grid_id.as_str().as_bytes(),
        Fact::OfficerDefined(fact) => fact.officer_id.as_str().as_bytes(),
    }
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
    fn numbers_of_a_registry_take_the_place_of_our_own() {
        let mut numbers = Numbers::default();
        numbers.set(super::super::schemas::find("invoice_voided").unwrap(), 70_000);
        for event in examples::events() {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            write_event(&event, &mut ours);
            numbers.write_event(&event, &mut theirs);
            let (number, datum) = number_and_datum(&theirs).unwrap();
            assert_eq!(number == 70_000, event.fact.type_name() == "invoice_voided");
            assert_eq!(datum, &ours[HEAD_BYTES..]);
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
