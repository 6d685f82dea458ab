//! The journal on Kafka, and the topics of outputs.

use super::{Owed, Verified, name};
use crate::codec::confluent::{self, Numbers};
use crate::files::Place;
use crate::log::kafka::{Records, Registry, knock};
use crate::model::Output;
use crate::runtime::{Each, worker};
use crate::topology::{Role, Topology};

/// Folds every journal again, in an empty folder, and holds it against the topics. `each` sees every record on the way.
pub fn verify_topics(scratch: &Place, topology: &Topology, each: Each<'_>) -> anyhow::Result<Verified> {
    let kafka = &topology.kafka;
    knock(kafka)?;
    let mut registry = Registry::open(kafka)?;
    let mut verified = Verified::default();
    let mut owed = Owed::default();
    let mut value = Vec::new();
    for partition in 0..topology.partitions {
        let refolded = worker::refold(scratch, kafka, partition, &mut |record, effects| {
            for output in &effects.outputs {
                value.clear();
                Numbers::default().write_output(output, &mut value);
                let (_, datum) = confluent::number_and_datum(&value).expect("it was just written");
                // The number of its schema may be that of a registry.
                owed.add(&kafka.named(topic(topology, output)), name(confluent::output_name(output), datum), 1);
                verified.outputs += 1;
            }
            each(record, effects);
        })?;
        verified.partitions.push(refolded);
    }
    let digests = kafka.named(&kafka.topics.digests);
    let outputs = kafka.all().into_iter().filter(|topic| topic.role == Role::Output && topic.name != digests);
    for topic in outputs {
        for partition in 0..topology.partitions {
            for taken in Records::open(kafka, &topic.name, partition, 0)? {
                let value = taken?.value;
                let found = match confluent::number_and_datum(&value) {
                    Ok((number, datum)) => registry.written_with(number)?.map(|schema| name(schema.name, datum)),
                    Err(_) => None,
                };
                // What is no output of ours is surplus.
                owed.add(&topic.name, found.unwrap_or_else(|| name("", &value)), -1);
            }
        }
    }
    owed.settle(&mut verified);
    Ok(verified)
}

fn topic<'a>(topology: &'a Topology, output: &Output) -> &'a str {
    let topics = &topology.kafka.topics;
    match output {
        Output::Signal(_) => &topics.signals,
        Output::Case(_) => &topics.cases,
        Output::Task(_) => &topics.tasks,
        Output::DeadLetter(_) => &topics.dead_letters,
        Output::Doubt(_) => &topics.doubts,
    }
}
