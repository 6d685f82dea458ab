//! Single records in Avro, as topics and object container files carry them: events in, events and outputs out. The bytes
//! are those of our own newest schema, the file in `schemas/`; what was written with another schema is resolved to it
//! before, outside the fast path.

use serde::de::DeserializeSeed;

use super::avro_read::Reader;
use super::case::Case;
use super::dead_letter::{DeadLetter, Doubt};
use super::event::{EventType, Flat, FlatOf, fingerprint};
use super::form::Written;
use super::signal::Signal;
use super::task::Task;
use super::{Refusal, avro_write, check};
use crate::model::{Event, Output};

/// Reads one event of the named type (`invoice_issued`) and holds the contract against it.
pub fn read_event(type_name: &str, bytes: &[u8]) -> Result<Event, Refusal> {
    let event_type = EventType::named(type_name)?;
    let mut reader = Reader::new(bytes);
    let mut event = FlatOf(event_type).deserialize(&mut reader)?;
    reader.end()?;
    check::event(&event)?;
    event.fingerprint = fingerprint(event.occurred_at, &event.fact);
    Ok(event)
}

/// Appends one event, as the record of its type's schema.
pub fn write_event(event: &Event, out: &mut Vec<u8>) {
    avro_write::write(&Flat(event), out);
}

/// Appends one output, as the record of its kind's schema.
pub fn write_output(output: &Output, out: &mut Vec<u8>) {
    match output {
        Output::Signal(signal) => avro_write::write(&Written::<Signal>(signal), out),
        Output::Case(case) => avro_write::write(&Written::<Case>(case), out),
        Output::Task(task) => avro_write::write(&Written::<Task>(task), out),
        Output::DeadLetter(letter) => avro_write::write(&Written::<DeadLetter>(letter), out),
        Output::Doubt(doubt) => avro_write::write(&Written::<Doubt>(doubt), out),
    }
}

/// Reads one output of the named record (`signal`, `case`, `task`, `dead_letter`, `doubt`).
pub fn read_output(record_name: &str, bytes: &[u8]) -> Result<Output, Refusal> {
    let mut reader = Reader::new(bytes);
    let output = match record_name {
        "signal" => Output::Signal(Signal::deserialize(&mut reader)?.into()),
        "case" => Output::Case(Case::deserialize(&mut reader)?.into()),
        "task" => Output::Task(Task::deserialize(&mut reader)?.into()),
        "dead_letter" => Output::DeadLetter(DeadLetter::deserialize(&mut reader)?.into()),
        "doubt" => Output::Doubt(Doubt::deserialize(&mut reader)?.into()),
        other => {
            return Err(Refusal::new(
                "",
                format!("`{other}` is no output; there are signal, case, task, dead_letter and doubt"),
            ));
        }
    };
    reader.end()?;
    Ok(output)
}
