//! What a journal, an inbox and an output frame hold, in Avro: records, messages and outputs, one datum each. The hottest
//! bytes of the system. Frames, compression and checksums are around them, in the log.
//!
//! Nothing here is held against the contract: what stands on a journal has happened. Only what the model cannot hold is
//! refused.

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::avro_read::Reader;
use super::event::Kept;
use super::form::{Boxed, Form, Read, Written, mirrors};
use super::measures::Moment;
use super::message::{Entity, Message};
use super::output::Output;
use super::{Refusal, avro_write};
use crate::model::{self, Event, Instant, Position, Text};

/// Appends a record. Its position is not written: it follows from the place.
pub fn write_record(record: &model::Record, out: &mut Vec<u8>) {
    avro_write::write(&Written::<Record>(record), out);
}

/// Reads the next record, which stands at `position`, and leaves `bytes` behind it; or, refusing, where they were.
pub fn read_record(bytes: &mut &[u8], position: Position) -> Result<model::Record, Refusal> {
    let record = next::<Record>(bytes)?;
    Ok(model::Record { position, ..record })
}

/// Appends a message and whom it is for.
pub fn write_message(to: &model::Entity, message: &model::Message, out: &mut Vec<u8>) {
    avro_write::write(&(Written::<Entity>(to), Written::<Message>(message)), out);
}

/// Reads the next message and whom it is for, and leaves `bytes` behind it; or, refusing, where they were.
pub fn read_message(bytes: &mut &[u8]) -> Result<(model::Entity, model::Message), Refusal> {
    let mut reader = Reader::new(bytes);
    let (to, message): (Read<Entity>, Read<Message>) = Deserialize::deserialize(&mut reader)?;
    *bytes = reader.rest();
    Ok((to.0, message.0))
}

/// Appends an output: its kind's place in the union of outputs, then its record.
pub fn write_output(output: &model::Output, out: &mut Vec<u8>) {
    avro_write::write(&Written::<Output>(output), out);
}

/// Reads the next output, and leaves `bytes` behind it; or, refusing, where they were.
pub fn read_output(bytes: &mut &[u8]) -> Result<model::Output, Refusal> {
    next::<Output>(bytes)
}

fn next<F: Form>(bytes: &mut &[u8]) -> Result<F::Model, Refusal> {
    let mut reader = Reader::new(bytes);
    let model = F::deserialize(&mut reader)?;
    *bytes = reader.rest();
    Ok(model)
}

/// One entry of a journal.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Record")]
struct Record {
    #[serde(skip)]
    position: Position,
    #[serde(with = "Moment")]
    at: Instant,
    root: model::Root,
    #[serde(with = "Entity")]
    to: model::Entity,
    #[serde(with = "Body")]
    body: model::Body,
}

/// What a record says: a union. New kinds go to the end.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Body")]
enum Body {
    Fact(#[serde(with = "Source")] model::Source, #[serde(with = "Boxed::<Kept>")] Box<Event>),
    Message(#[serde(with = "Message")] model::Message),
    Refused(#[serde(with = "Boxed::<Refused>")] Box<model::Refused>),
    Tick,
}

/// Input that is no event of the contract.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Refused")]
struct Refused {
    #[serde(with = "Source")]
    source: model::Source,
    reason: Text,
    bytes: Text,
}

/// Where an input came from.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Source")]
pub(super) struct Source {
    file: u32,
    line: u64,
}

/// A position of a journal: `partition@offset` in JSON, which we only write, and both numbers in Avro.
pub(super) struct Place;

impl Form for Place {
    type Model = Position;

    fn serialize<S: Serializer>(model: &Position, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(model);
        }
        PlaceNumbers::serialize(model, serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Position, D::Error> {
        PlaceNumbers::deserialize(deserializer)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Position")]
struct PlaceNumbers {
    partition: u32,
    offset: u64,
}

mirrors! { Record: model::Record, Refused: model::Refused }
