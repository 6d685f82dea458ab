//! Which schema a record was written with, and under which number ours go: by a registry that speaks the Confluent protocol
//! where the topology names one, otherwise by the files of `schemas/` and numbers of our own.
//!
//! A record whose number the registry does not know, or whose schema is none of ours, is no event. A registry that does not
//! answer says nothing of a record: whoever reads waits and asks again.

mod client;
mod resolve;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::error::Error;
use crate::codec::Refusal;
use crate::codec::confluent::{self, Numbers, number_and_datum};
use crate::codec::schemas::{EVENTS, OUTPUTS, Schema, numbered};
use crate::model::Event;
use crate::topology::Kafka;
use client::{Answer, Client};
pub use resolve::Known;

/// How long a registry is waited for at start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two questions to a registry that does not answer.
const AGAIN: Duration = Duration::from_secs(1);
/// A number that the registry does not know is asked for again after this: it may have learnt it.
const UNKNOWN_FOR: Duration = Duration::from_mins(1);
/// The most numbers that are remembered; beyond it all are forgotten and asked for again.
const KNOWN_MAX: usize = 10_000;
/// Outputs that are written.
const WRITTEN: [&str; 6] = ["signal", "case", "task", "dead_letter", "doubt", "digest"];

/// The schemas that records name.
pub struct Registry {
    numbers: Numbers,
    asked: Option<Asked>,
}

/// A registry, and what it said.
struct Asked {
    client: Client,
    /// What each number stands for, and when that was said.
    known: BTreeMap<u32, (Known, Instant)>,
}

impl Registry {
    /// What the topology says; nothing is asked yet.
    pub fn open(kafka: &Kafka) -> Result<Self, Error> {
        let is_named = !kafka.schema_registry.url.is_empty();
        let client = if is_named { Some(Client::new(&kafka.schema_registry)?) } else { None };
        Ok(Self { numbers: Numbers::default(), asked: client.map(|client| Asked { client, known: BTreeMap::new() }) })
    }

    /// Learns under which numbers our schemas go, and registers what is missing. Fails where one is incompatible. A registry
    /// that does not answer is waited for, unless the service is to end.
    pub fn register(&mut self, kafka: &Kafka, stop: &AtomicBool) -> Result<(), Error> {
        let Some(asked) = &mut self.asked else { return Ok(()) };
        let settings = &kafka.schema_registry;
        let began = Instant::now();
        let read = EVENTS.iter().map(|schema| (schema, true));
        let written = OUTPUTS.iter().filter(|schema| WRITTEN.contains(&schema.name)).map(|schema| (schema, false));
        for (schema, is_read) in read.chain(written) {
            let topic = kafka.topic(schema.topic()).expect("every record that is read or written has a topic");
            let subject = settings.subjects.subject(&topic, &schema.full_name());
            let number = loop {
                match asked.client.place(&subject, schema, is_read, settings.register) {
                    Err(error @ Error::Registry { .. })
                        if began.elapsed() < PATIENCE && !stop.load(Ordering::Relaxed) =>
                    {
                        warn!(%error, "It is asked again.");
                        std::thread::sleep(AGAIN);
                    }
                    answer => break answer?,
                }
            };
            self.numbers.set(schema, number);
            asked.known.insert(number, (Known::Ours(schema), Instant::now()));
        }
        info!(url = asked.client.url(), schemas = asked.known.len(), "Schemas are registered.");
        Ok(())
    }

    /// The numbers under which records are written.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The event in a record, or why it is none. Fails where the registry does not answer.
    pub fn read_event(&mut self, bytes: &[u8]) -> Result<Result<Event, Refusal>, Error> {
        let Some(asked) = &mut self.asked else { return Ok(confluent::read_event(bytes)) };
        let (number, datum) = match number_and_datum(bytes) {
            Ok(parts) => parts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(asked.known(number)?.read_event(number, datum))
    }

    /// The schema that an output was written with, if it is one of ours as it is: under a number of the registry, or one of our
    /// own from before there was a registry.
    pub fn written_with(&mut self, number: u32) -> Result<Option<&'static Schema>, Error> {
        let known = match &mut self.asked {
            Some(asked) => asked.known(number)?,
            None => return Ok(numbered(number)),
        };
        match known {
            Known::Ours(schema) => Ok(Some(schema)),
            Known::Other(_) | Known::Nothing(_) => Ok(numbered(number)),
        }
    }
}

impl Asked {
    fn known(&mut self, number: u32) -> Result<&Known, Error> {
        let is_fresh = match self.known.get(&number) {
            Some((Known::Nothing(_), said)) => said.elapsed() < UNKNOWN_FOR,
            Some((Known::Ours(_) | Known::Other(_), _)) => true,
            None => false,
        };
        if !is_fresh {
            let known = match self.client.schema(number)? {
                Answer::Is(text) => Known::by(&text),
                Answer::Unknown => Known::Nothing("which the registry does not know".into()),
            };
            if self.known.len() >= KNOWN_MAX {
                self.known.clear();
            }
            self.known.insert(number, (known, Instant::now()));
        }
        Ok(&self.known[&number].0)
    }
}
