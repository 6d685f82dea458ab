//! Files of events into the input topics.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use super::watch::{At, Watch};
use crate::codec::confluent;
use crate::codec::schemas::EVENTS;
use crate::intake::{self, Intake};
use crate::log::kafka::{Producer, Registry};
use crate::topology::Kafka;

/// What became of an input.
#[derive(Debug, Default)]
pub struct Sent {
    /// Events that are in the topics.
    pub events: u64,
    /// Rows of the input, and those among them that are no events: they were left out.
    pub rows: u64,
    /// See above.
    pub refused: u64,
    /// Where the first of those stand, and what is wrong with them.
    pub first_refused: Vec<String>,
    /// Why it was not read to its end.
    pub failure: Option<intake::Error>,
}

/// Refused rows that are told one by one.
const REFUSED_TOLD: usize = 20;

/// Sends every event of an input to its topic, keyed as the contract says.
pub fn feed(kafka: &Kafka, mut intake: Intake, watch: &mut dyn Watch) -> anyhow::Result<Sent> {
    let topics: BTreeMap<&str, String> =
        EVENTS.iter().filter_map(|schema| Some((schema.name, kafka.topic(schema.topic())?))).collect();
    let mut registry = Registry::open(kafka)?;
    // Nobody asks it to end: whoever wants that ends the process.
    registry.register(kafka, &AtomicBool::new(false))?;
    let mut producer = Producer::open(kafka)?;
    let mut sent = Sent::default();
    let mut value = Vec::new();
    loop {
        let batch = match intake.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => break,
            Err(error) => {
                sent.failure = Some(error);
                break;
            }
        };
        for input in batch {
            sent.rows += u64::from(input.row_head);
            match input.body {
                Ok(event) => {
                    value.clear();
                    registry.numbers().write_event(&event, &mut value);
                    producer.send(&topics[event.fact.type_name()], confluent::key(&event), &value)?;
                    sent.events += 1;
                }
                Err(refused) => {
                    sent.refused += u64::from(input.row_head);
                    if sent.first_refused.len() < REFUSED_TOLD {
                        let name = intake.file_names().get(refused.source.file as usize).map_or("?", String::as_str);
                        sent.first_refused.push(format!("{name}:{}: {}", refused.source.line, refused.reason));
                    }
                }
            }
        }
        watch.at(At { events: sent.events, read: intake.bytes_read(), bytes: intake.bytes() });
    }
    producer.finish()?;
    watch.ended(sent.failure.is_none());
    Ok(sent)
}
