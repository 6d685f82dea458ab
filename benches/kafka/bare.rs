//! The bare limit: the same input topics consumed and decoded, as many frames of the same bytes as a run of the service has
//! made, written to a journal and an inbox in transactions at the same interval, and consumed back. No fold, no rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use suyuan::codec::confluent;
use suyuan::log::kafka::{self, Outgoing, Records, Transactions};
use suyuan::topology::{Kafka, Topology};

use crate::stage::{PARTITIONS, places};

const LOOK: Duration = Duration::from_millis(1);

/// What another run wrote to its journal and inbox, with this run's topics instead.
fn frames(kafka: &Kafka, run: &str) -> Vec<Outgoing> {
    let read = |topic: String, into: String| {
        (0..PARTITIONS).flat_map(move |partition| {
            let into = into.clone();
            Records::open(kafka, &topic, partition, 0).unwrap().map(Result::unwrap).map(move |taken| {
                let (topic, partition) = (into.clone(), Some(partition));
                (taken.offset, Outgoing { topic, partition, key: taken.key, value: taken.value, ..Outgoing::default() })
            })
        })
    };
    let mut all: Vec<(i64, Outgoing)> = read(format!("{run}.journal"), kafka.journal()).collect();
    all.extend(read(format!("{run}.inbox"), kafka.inbox()));
    // About in the order in which they were written, all partitions side by side.
    all.sort_by_key(|(offset, _)| *offset);
    all.into_iter().map(|(_, frame)| frame).collect()
}

pub(crate) fn run(topology: &Topology, frames_of: &str, stop: &Arc<AtomicBool>) {
    let kafka = &topology.kafka;
    let frames = frames(kafka, frames_of);
    let back = AtomicUsize::new(0);
    let transactions = Transactions::open(kafka, stop, true).unwrap();
    let consumer: BaseConsumer = kafka::consumer(kafka).unwrap().create().unwrap();
    let inputs = kafka.inputs();
    consumer.subscribe(&inputs.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let total = total(&consumer, kafka);
    thread::scope(|scope| {
        scope.spawn(|| consume_back(kafka, &back, stop));
        let (mut events, mut written) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            let (offsets, count) = read(&consumer, kafka);
            if count == 0 {
                continue;
            }
            events += count;
            let due = if events >= total { frames.len() } else { frames.len() * events / total };
            let turn = frames[written..due].to_vec();
            written = due;
            let group = consumer.group_metadata().unwrap();
            transactions.commit(&turn, &offsets, Some(group)).unwrap();
            if events >= total {
                // All of it is here again before the last is said to be consumed.
                let began = Instant::now();
                while back.load(Ordering::Relaxed) < written && began.elapsed() < Duration::from_secs(30) {
                    thread::sleep(LOOK);
                }
            }
        }
    });
}

fn total(consumer: &BaseConsumer, kafka: &Kafka) -> usize {
    let end = |(topic, partition): (String, i32)| {
        consumer.fetch_watermarks(&topic, partition, Duration::from_secs(30)).unwrap().1
    };
    usize::try_from(places(kafka).into_iter().map(end).sum::<i64>()).unwrap()
}

/// Reads as a turn does: for as long as commits are apart, or until there is enough.
fn read(consumer: &BaseConsumer, kafka: &Kafka) -> (Vec<(String, u32, i64)>, usize) {
    let (began, interval) = (Instant::now(), Duration::from_millis(kafka.commit_interval_ms.into()));
    let mut ends = std::collections::BTreeMap::new();
    let (mut count, mut kinds) = (0, 0);
    while count < kafka.turn_events as usize && began.elapsed() < interval {
        let Some(message) = consumer.poll(LOOK) else { continue };
        let message = message.unwrap();
        let event = confluent::read_event(message.payload().unwrap_or_default()).unwrap();
        kinds += event.fact.type_name().len();
        let place = (message.topic().to_owned(), message.partition().cast_unsigned());
        ends.insert(place, message.offset() + 1);
        count += 1;
    }
    std::hint::black_box(kinds);
    (ends.into_iter().map(|((topic, partition), end)| (topic, partition, end)).collect(), count)
}

fn consume_back(kafka: &Kafka, back: &AtomicUsize, stop: &AtomicBool) {
    let mut config = kafka::consumer(kafka).unwrap();
    config.set("group.id", "back").remove("group.instance.id");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    for topic in [kafka.journal(), kafka.inbox()] {
        for partition in 0..PARTITIONS.cast_signed() {
            list.add_partition_offset(&topic, partition, Offset::Beginning).unwrap();
        }
    }
    consumer.assign(&list).unwrap();
    while !stop.load(Ordering::Relaxed) {
        if let Some(Ok(message)) = consumer.poll(10 * LOOK) {
            std::hint::black_box(message.payload_len());
            back.fetch_add(1, Ordering::Relaxed);
        }
    }
}
