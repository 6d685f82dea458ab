//! Records of the input topics: events, or the reason why they are none.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::codec::confluent::Numbers;
use crate::codec::schemas::EVENTS;
use crate::log::kafka::{Error, Registry};
use crate::model::{Event, Instant, REFUSED_BYTES_MAX, Refused, Source, shortened};
use crate::topology::Topology;

/// Reads records of the input topics.
pub(super) struct Reading {
    /// The input topics, in the order in which sources number them.
    topics: Vec<String>,
    /// The topic of each type of event.
    topic_of: BTreeMap<&'static str, String>,
    partitions: u32,
    registry: Registry,
}

impl Reading {
    pub(super) fn new(topology: &Topology, registry: Registry) -> Self {
        let topic_of = EVENTS.iter().filter_map(|schema| Some((schema.name, topology.kafka.topic(schema.topic())?)));
        let topics = topology.kafka.inputs().to_vec();
        Self { topics, topic_of: topic_of.collect(), partitions: topology.partitions, registry }
    }

    /// The numbers under which records are written.
    pub(super) fn numbers(&self) -> &Numbers {
        self.registry.numbers()
    }

    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// Where a record came from, as sources say it: topics are numbered in their order, each with all its partitions.
    pub(super) fn source(&self, topic: usize, partition: u32, offset: i64) -> Source {
        let topic = u32::try_from(topic).expect("topics are few");
        Source { file: topic * self.partitions + partition, line: offset.cast_unsigned() }
    }

    /// The topic, partition and offset of a source.
    pub(super) fn place(&self, source: Source) -> (&str, u32, u64) {
        let topic = self.topics.get((source.file / self.partitions) as usize);
        (topic.map_or("?", String::as_str), source.file % self.partitions, source.line)
    }

    /// The event in a record, or why it is none. Fails where the schema registry has to be asked and does not answer.
    pub(super) fn read(
        &mut self,
        topic: usize,
        source: Source,
        value: &[u8],
    ) -> Result<Result<Event, Box<Refused>>, Error> {
        let read = self.registry.read_event(value)?.map_err(|refusal| refusal.to_string()).and_then(|event| {
            let (here, there) = (&self.topics[topic], self.topic_of.get(event.fact.type_name()));
            if there != Some(here) {
                return Err(format!("is a {}, which is not of this topic", event.fact.type_name()));
            }
            if event.occurred_at > now().plus_days(1) {
                return Err(format!("occurred_at: is {}, more than a day from now", event.occurred_at));
            }
            Ok(event)
        });
        Ok(read.map_err(|reason| {
            let (topic, partition, offset) = self.place(source);
            let reason = shortened(format!("{topic}/{partition}@{offset} {reason}"));
            Box::new(Refused { source, reason: reason.into(), bytes: shown(value).into() })
        }))
    }
}

/// Bytes as text: as they are where they are text, otherwise in hexadecimal.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text[..text.floor_char_boundary(REFUSED_BYTES_MAX)].to_owned(),
        _ => {
            let kept = &bytes[..bytes.len().min(REFUSED_BYTES_MAX / 2 - 4)];
            kept.iter().fold(String::from("hex:"), |text, byte| text + &format!("{byte:02x}"))
        }
    }
}

/// The time of this machine.
pub(super) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::{KAFKA, Topology};

    fn reading() -> Reading {
        let topology = Topology::parse(KAFKA).unwrap();
        Reading::new(&topology, Registry::open(&topology.kafka).unwrap())
    }

    #[test]
    fn every_event_has_its_topic_and_every_place_its_number() {
        let reading = reading();
        assert_eq!(reading.topic_of.len(), EVENTS.len());
        assert_eq!(reading.topic_of["invoice_issued"], "invoice.issuance");
        let source = reading.source(3, 5, 17);
        assert_eq!(reading.place(source), ("invoice.deduction", 5, 17));
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_place_and_its_bytes() {
        let mut reading = reading();
        let refused = reading.read(1, reading.source(1, 2, 9), b"{\"type\"}").unwrap().unwrap_err();
        assert!(refused.reason.starts_with("invoice.issuance/2@9 begins with byte 123"), "{}", refused.reason);
        assert_eq!(&*refused.bytes, "{\"type\"}");
        let refused = reading.read(1, reading.source(1, 2, 9), &[0, 0, 0, 0, 9, 255]).unwrap().unwrap_err();
        assert_eq!(&*refused.bytes, "hex:0000000009ff");
    }
}
