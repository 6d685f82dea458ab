//! Topics as the topology wants them: made, or held against it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::admission::knock;
use super::client::{RECORD_BYTES_MAX, administrator};
use super::error::Error;
use crate::topology::{Keeps, Role, Topic, Topology};

const ANSWER: Duration = Duration::from_secs(30);

fn admin(topology: &Topology) -> Result<AdminClient<DefaultClientContext>, Error> {
    let kafka = &topology.kafka;
    knock(kafka)?;
    administrator(kafka)?.create().map_err(Error::kafka("reach the brokers", &kafka.bootstrap_servers))
}

/// What a topic is to be set to, beside its partitions.
fn settings(topic: &Topic) -> Vec<(&'static str, String)> {
    let mut settings = match topic.keeps {
        Keeps::AsTheBroker => Vec::new(),
        // A journal is never trimmed, and never compacted, beyond what its owner has archived.
        Keeps::ForEver => vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", "-1".to_owned()),
            ("retention.bytes", "-1".to_owned()),
        ],
        Keeps::TheLatest => vec![("cleanup.policy", "compact".to_owned())],
    };
    if topic.role != Role::Input {
        settings.push(("max.message.bytes", RECORD_BYTES_MAX.to_string()));
    }
    settings
}

/// Makes what is missing. Returns the names of what was made.
pub fn create(topology: &Topology) -> Result<Vec<String>, Error> {
    let servers = &topology.kafka.bootstrap_servers;
    let admin = admin(topology)?;
    let partitions = topology.partitions.cast_signed();
    let copies = topology.kafka.replication.cast_signed();
    let all: Vec<(Topic, Vec<_>)> =
        topology.kafka.all().into_iter().map(|topic| (topic.clone(), settings(&topic))).collect();
    let wanted: Vec<NewTopic<'_>> = all
        .iter()
        .map(|(topic, settings)| {
            let new = NewTopic::new(&topic.name, partitions, TopicReplication::Fixed(copies));
            settings.iter().fold(new, |new, (name, value)| new.set(name, value))
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER));
    let results = block_on(admin.create_topics(&wanted, &options)).map_err(Error::kafka("create topics", servers))?;
    let mut made = Vec::new();
    let mut failed = Vec::new();
    for result in results {
        match result {
            Ok(name) => made.push(name),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => failed.push(format!("{name} cannot be created: {code}")),
        }
    }
    if failed.is_empty() { Ok(made) } else { Err(Error::Topics { differences: failed }) }
}

/// Where topics are not as the topology wants them, a sentence for each.
pub fn differences(topology: &Topology) -> Result<Vec<String>, Error> {
    let servers = &topology.kafka.bootstrap_servers;
    let admin = admin(topology)?;
    let metadata = admin.inner().fetch_metadata(None, ANSWER).map_err(Error::kafka("ask for the topics", servers))?;
    let there: BTreeMap<&str, usize> =
        metadata.topics().iter().map(|topic| (topic.name(), topic.partitions().len())).collect();
    let mut found = Vec::new();
    let mut held = Vec::new();
    for topic in topology.kafka.all() {
        let name = topic.name.clone();
        match there.get(name.as_str()) {
            None => found.push(format!("topic {name} is missing")),
            Some(&partitions) if partitions != topology.partitions as usize => found.push(format!(
                "topic {name} has {partitions} partitions, and the topology says {}",
                topology.partitions
            )),
            Some(_) => held.push(topic),
        }
    }
    if held.is_empty() {
        return Ok(found);
    }
    let resources: Vec<_> = held.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    let options = AdminOptions::new().request_timeout(Some(ANSWER));
    let described = block_on(admin.describe_configs(&resources, &options));
    for (topic, described) in held.iter().zip(described.map_err(Error::kafka("ask for the topics", servers))?) {
        let Ok(described) = described else {
            found.push(format!("topic {} does not say how it is set", topic.name));
            continue;
        };
        for (name, wanted) in settings(topic) {
            let value = described.get(name).and_then(|entry| entry.value.clone()).unwrap_or_default();
            let is_enough = match name {
                "max.message.bytes" => value.parse::<usize>().is_ok_and(|bytes| bytes >= RECORD_BYTES_MAX),
                _ => value == wanted,
            };
            if !is_enough {
                found.push(format!("topic {} has {name} = {value}, and it is to be {wanted}", topic.name));
            }
        }
    }
    Ok(found)
}

/// Waits until every topic that was just made is known to all.
pub fn wait_until_there(topology: &Topology, patience: Duration) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        let differences = differences(topology)?;
        if differences.is_empty() {
            return Ok(());
        }
        if began.elapsed() > patience {
            return Err(Error::Topics { differences });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
