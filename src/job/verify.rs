//! Holds a journal on Kafka against what came of it: folded again from its beginning, every digest must be the one that was
//! committed with its frame, and every output must be in its topic, once.

use std::collections::BTreeMap;

use crate::codec::confluent::{self, Numbers};
use crate::files::Place;
use crate::fold::Effects;
use crate::log::kafka::{Records, Registry, knock};
use crate::model::{Output, Record};
use crate::runtime::worker::{Refolded, refold};
use crate::topology::{Role, Topology};

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Each partition.
    pub partitions: Vec<Refolded>,
    /// Outputs that the journals lead to.
    pub outputs: u64,
    /// Of those, how many are in no topic, by topic.
    pub missing: BTreeMap<String, u64>,
    /// Records in the topics of outputs that the journals do not lead to, or that are there again, by topic.
    pub surplus: BTreeMap<String, u64>,
}

impl Verified {
    /// Whether the topics have what the journals lead to, and nothing else.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty()
    }
}

/// Folds every journal again, in an empty folder, and holds it against the topics. `each` sees every record on the way.
pub fn verify(place: &Place, topology: &Topology, each: &mut dyn FnMut(&Record, &Effects)) -> anyhow::Result<Verified> {
    let kafka = &topology.kafka;
    knock(kafka)?;
    let mut registry = Registry::open(kafka)?;
    let mut verified = Verified::default();
    // How often a value is to be in its topic, less how often it is.
    let mut owed: BTreeMap<(String, [u8; 32]), i64> = BTreeMap::new();
    let mut value = Vec::new();
    for partition in 0..topology.partitions {
        let mut see = |record: &Record, effects: &Effects| {
            for output in &effects.outputs {
                value.clear();
                Numbers::default().write_output(output, &mut value);
                let (_, datum) = confluent::number_and_datum(&value).expect("it was just written");
                let topic = kafka.named(topic(topology, output));
                let name = hash(confluent::output_name(output), datum);
                *owed.entry((topic, name)).or_default() += 1;
                verified.outputs += 1;
            }
            each(record, effects);
        };
        let refolded = refold(place, kafka, partition, &mut see)?;
        verified.partitions.push(refolded);
    }
    let digests = kafka.named(&kafka.topics.digests);
    let outputs = kafka.all().into_iter().filter(|topic| topic.role == Role::Output && topic.name != digests);
    for topic in outputs {
        for partition in 0..topology.partitions {
            for taken in Records::open(kafka, &topic.name, partition, 0)? {
                let value = taken?.value;
                let found = match confluent::number_and_datum(&value) {
                    Ok((number, datum)) => registry.written_with(number)?.map(|schema| hash(schema.name, datum)),
                    Err(_) => None,
                };
                // What is no output of ours is surplus.
                *owed.entry((topic.name.clone(), found.unwrap_or_else(|| hash("", &value)))).or_default() -= 1;
            }
        }
    }
    for ((topic, _), left) in owed {
        let (of, count) = if left > 0 { (&mut verified.missing, left) } else { (&mut verified.surplus, -left) };
        if left != 0 {
            *of.entry(topic).or_default() += count.cast_unsigned();
        }
    }
    Ok(verified)
}

/// An output's name for this comparison: its datum, and what it is of. The number of its schema may be that of a registry.
fn hash(schema: &str, datum: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(schema.as_bytes()).update(&[0]).update(datum).finalize().as_bytes()
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
