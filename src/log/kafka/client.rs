//! How our clients are set: what exactly-once rests on is fixed here, and the topology's own table comes on top.

use rdkafka::ClientConfig;

use super::error::Error;
use crate::topology::{Kafka, Secret};

/// The largest record of ours, in bytes: a frame of the journal holds a MiB of records, or one that is larger.
pub(super) const RECORD_BYTES_MAX: usize = 16 << 20;

/// What all clients have in common.
pub(super) fn common(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &kafka.bootstrap_servers);
    config.set("client.id", format!("suyuan-{}", kafka.instance_id));
    config.set("receive.message.max.bytes", (4 * RECORD_BYTES_MAX).to_string());
    // A broker that is not there is tried again soon, so that its return is not waited for.
    config.set("reconnect.backoff.max.ms", "1000");
    config
}

/// Producers may send a frame as a whole.
fn sending(kafka: &Kafka, queue_bytes_max: usize) -> ClientConfig {
    let mut config = common(kafka);
    config.set("message.max.bytes", RECORD_BYTES_MAX.to_string());
    config.set("queue.buffering.max.kbytes", (queue_bytes_max >> 10).to_string());
    config
}

/// Bounds what a consumer has read ahead, in bytes. A broker's answer is unpacked as a whole, so it is kept small: what is
/// larger than an answer may be, comes alone.
fn bounded(mut config: ClientConfig, queue_bytes_max: usize) -> ClientConfig {
    config.set("queued.max.messages.kbytes", (queue_bytes_max >> 10).max(1).to_string());
    config.set("fetch.max.bytes", (queue_bytes_max / 2).clamp(FETCH_BYTES_MIN, FETCH_BYTES_MAX).to_string());
    config
}

/// The least and the most of one answer of a broker, in bytes. librdkafka does not take less than its `message.max.bytes`.
const FETCH_BYTES_MIN: usize = 1 << 20;
const FETCH_BYTES_MAX: usize = 8 << 20;
/// What a reader of one partition has read ahead, in bytes.
const READER_BYTES_MAX: usize = 16 << 20;
/// What a producer has taken and the brokers have not, in bytes: beyond it the sender waits.
const SENDING_BYTES_MAX: usize = 64 << 20;

/// Adds the topology's own table, and what nobody is to see.
fn finished(mut config: ClientConfig, kafka: &Kafka) -> Result<ClientConfig, Error> {
    for (name, value) in &kafka.librdkafka {
        config.set(name, value);
    }
    set_secrets(&mut config, kafka)?;
    Ok(config)
}

/// Adds what an administrator may have of the topology's own table: it is neither producer nor consumer, and complains of each
/// property of theirs.
pub(super) fn administrator(kafka: &Kafka) -> Result<ClientConfig, Error> {
    let mut config = common(kafka);
    for (name, value) in &kafka.librdkafka {
        if ["security.", "sasl.", "ssl.", "socket.", "enable.ssl"].iter().any(|kind| name.starts_with(kind)) {
            config.set(name, value);
        }
    }
    set_secrets(&mut config, kafka)?;
    Ok(config)
}

/// Reads secrets from where they are: anew for each client, so that a password may change while we run.
fn set_secrets(config: &mut ClientConfig, kafka: &Kafka) -> Result<(), Error> {
    for (name, secret) in &kafka.secrets {
        config.set(name, read_secret(name, secret)?);
    }
    Ok(())
}

/// What nobody is to see.
pub(super) fn read_secret(name: &str, secret: &Secret) -> Result<String, Error> {
    let (place, read) = match secret {
        Secret::Env(variable) => {
            let read = std::env::var(variable).map_err(|error| error.to_string());
            (format!("the variable {variable} of the environment"), read)
        }
        Secret::File(path) => {
            (format!("the file {path}"), std::fs::read_to_string(path).map_err(|error| error.to_string()))
        }
    };
    let value = read.map(|value| value.trim().to_owned());
    match value {
        Ok(value) if value.is_empty() => Err(Error::Secret { name: name.into(), place, why: "it is empty".into() }),
        Ok(value) => Ok(value),
        Err(why) => Err(Error::Secret { name: name.into(), place, why }),
    }
}

/// A reader of what is committed, or of everything, that belongs to no group's assignment.
pub(super) fn reader(kafka: &Kafka, committed: bool) -> Result<ClientConfig, Error> {
    let mut config = bounded(common(kafka), READER_BYTES_MAX);
    // A consumer must name a group, though it joins none.
    config.set("group.id", format!("{}-reader", kafka.group_id));
    config.set("isolation.level", if committed { "read_committed" } else { "read_uncommitted" });
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("auto.offset.reset", "error");
    config.set("enable.partition.eof", "true");
    config.set("fetch.queue.backoff.ms", "10");
    finished(config, kafka)
}

/// The consumer that takes part in the group.
pub fn consumer(kafka: &Kafka) -> Result<ClientConfig, Error> {
    // One half of what may be buffered is librdkafka's, the other ours.
    let mut config = bounded(common(kafka), (kafka.buffered_mib as usize) << 19);
    config.set("group.id", &kafka.group_id);
    config.set("group.instance.id", &kafka.instance_id);
    config.set("session.timeout.ms", kafka.session_timeout_ms.to_string());
    config.set("heartbeat.interval.ms", (kafka.session_timeout_ms / 6).max(200).to_string());
    // Bringing rows up may take long; a process that hangs is ended by its operator.
    config.set("max.poll.interval.ms", (kafka.session_timeout_ms.max(1_800_000)).to_string());
    // Partition p of every topic goes to one instance.
    config.set("partition.assignment.strategy", "range");
    config.set("isolation.level", "read_committed");
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("auto.offset.reset", "earliest");
    config.set("fetch.queue.backoff.ms", "10");
    config.set("fetch.wait.max.ms", "100");
    finished(config, kafka)
}

/// A producer of events, which no transaction waits for.
pub(super) fn producer(kafka: &Kafka) -> Result<ClientConfig, Error> {
    let mut config = sending(kafka, SENDING_BYTES_MAX);
    config.set("enable.idempotence", "true");
    config.set("partitioner", "murmur2_random");
    config.set("compression.type", "lz4");
    config.set("linger.ms", "20");
    finished(config, kafka)
}

/// A producer of an instance's turns, which are its transactions, if it has any.
pub(super) fn transactional(kafka: &Kafka, transactional: bool) -> Result<ClientConfig, Error> {
    let mut config = sending(kafka, SENDING_BYTES_MAX);
    if transactional {
        // The same after a restart: what the process before had open is then ended at once.
        config.set("transactional.id", format!("{}.{}", kafka.group_id, kafka.instance_id));
        config.set("transaction.timeout.ms", kafka.transaction_timeout_ms.to_string());
    } else {
        config.set("enable.idempotence", "true");
    }
    config.set("message.timeout.ms", kafka.transaction_timeout_ms.to_string());
    config.set("partitioner", "murmur2_random");
    // A turn is handed over as a whole, so there is nothing to linger for.
    config.set("linger.ms", "0");
    config.set("queue.buffering.max.messages", "1000000");
    finished(config, kafka)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_from_where_they_are_and_said_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password").to_str().unwrap().to_owned();
        let kafka = |secret| Kafka { secrets: [("sasl.password".into(), secret)].into(), ..Kafka::default() };
        std::fs::write(&path, "tiger\n").unwrap();
        let config = producer(&kafka(Secret::File(path.clone()))).unwrap();
        assert_eq!(config.get("sasl.password"), Some("tiger"));
        assert!(!format!("{config:?}").contains("tiger"));
        std::fs::write(&path, "\n").unwrap();
        let said = administrator(&kafka(Secret::File(path.clone()))).unwrap_err().to_string();
        assert!(said.contains("sasl.password") && said.contains(&path) && said.contains("it is empty"), "{said}");
        let missing = Secret::Env("SUYUAN_NOBODY_SETS_THIS".into());
        let said = consumer(&kafka(missing)).unwrap_err().to_string();
        assert!(said.contains("the variable SUYUAN_NOBODY_SETS_THIS of the environment"), "{said}");
    }
}
