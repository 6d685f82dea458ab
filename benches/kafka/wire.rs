//! Events as records, and a producer that sends them at an even pace.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use suyuan::codec::schemas::EVENTS;
use suyuan::codec::{confluent, json};
use suyuan::model::{Event, Instant as EventTime, Kind};
use suyuan::topology::Kafka;

/// How long events are gathered before they are sent.
const STEP: Duration = Duration::from_millis(5);

/// A record of an input topic.
pub(crate) struct Wired {
    pub(crate) topic: String,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// An event that happens now.
pub(crate) fn wired(kafka: &Kafka, event: Event) -> Wired {
    let event = Event { occurred_at: EventTime(now().timestamp_millis()), ..event };
    let schema = EVENTS.iter().find(|schema| schema.name == event.fact.type_name()).unwrap();
    let mut value = Vec::new();
    confluent::write_event(&event, &mut value);
    Wired { topic: kafka.topic(schema.topic()).unwrap(), key: event.owner().id.as_str().as_bytes().to_vec(), value }
}

/// The event in a line.
pub(crate) fn event(line: &str) -> Event {
    json::read_event(line.as_bytes()).unwrap()
}

/// The time of this machine.
pub(crate) fn now() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    DateTime::from_timestamp_millis(i64::try_from(since.as_millis()).unwrap()).unwrap()
}

/// Events of taxpayers in a file.
pub(crate) fn events(path: &std::path::Path) -> Vec<Event> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(event).filter(|event| event.owner().kind == Kind::Taxpayer).collect()
}

pub(crate) fn producer(servers: &str) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("partitioner", "murmur2_random").set("linger.ms", "1");
    config.set("compression.type", "lz4").set("queue.buffering.max.messages", "1000000");
    config.create().unwrap()
}

pub(crate) fn send(producer: &BaseProducer, record: &Wired) {
    let sending = BaseRecord::to(&record.topic).key(&record.key).payload(&record.value);
    producer.send(sending).map_err(|(error, _)| error).unwrap();
}

/// Sends so many events a second, one after another and over again, until it is told to stop.
pub(crate) fn load(kafka: &Kafka, events: &[Event], per_second: f64, stop: &AtomicBool) -> u64 {
    let producer = producer(&kafka.bootstrap_servers);
    let (began, mut sent) = (Instant::now(), 0_u64);
    while !stop.load(Ordering::Relaxed) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of events")]
        let due = (began.elapsed().as_secs_f64() * per_second) as u64;
        while sent < due {
            let event = events[usize::try_from(sent).unwrap() % events.len()].clone();
            send(&producer, &wired(kafka, event));
            sent += 1;
        }
        producer.poll(Duration::ZERO);
        sleep(STEP);
    }
    producer.flush(Duration::from_secs(30)).unwrap();
    sent
}
