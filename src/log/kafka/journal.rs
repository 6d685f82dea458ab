//! Reading a partition of a topic, the journal's above all: what is committed of it when it is opened, from a Kafka offset on.
//!
//! The end is the high watermark and not the last stable offset: a transaction that is committed already may still lack its
//! mark here. So opening waits until everything before that watermark is settled; what a dead owner left open is settled
//! when its time is over, or when the same instance comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::client::reader;
use super::error::Error;
use super::frame::Frame;
use crate::topology::Kafka;

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// How long one question may take before it is asked again, so that the service can end meanwhile.
const CALL: Duration = Duration::from_secs(1);
/// How long is waited, beyond the time of a transaction, until it is settled.
const SETTLING: Duration = Duration::from_secs(30);

/// A frame and Kafka's offset of it.
#[derive(Debug)]
pub struct Placed {
    /// Kafka's offset.
    pub offset: i64,
    /// The frame.
    pub frame: Frame,
}

/// A record of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Kafka's offset.
    pub offset: i64,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// What stands beside it, where that is text.
    pub headers: Vec<(String, String)>,
}

/// One partition's committed records, in order, up to what was written when this was opened.
pub struct Records {
    consumer: BaseConsumer,
    servers: String,
    topic: String,
    partition: u32,
    ended: bool,
    stop: Arc<AtomicBool>,
}

/// One partition's frames, in order, up to what was written when this was opened.
pub struct Journal(Records);

impl Journal {
    /// Opens a partition of a topic of frames, from a Kafka offset on.
    pub fn open(kafka: &Kafka, topic: &str, partition: u32, from: i64) -> Result<Self, Error> {
        Records::open(kafka, topic, partition, from).map(Self)
    }
}

impl From<Records> for Journal {
    /// Reads them as frames.
    fn from(records: Records) -> Self {
        Self(records)
    }
}

impl Iterator for Journal {
    type Item = Result<Placed, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let Taken { offset, value, .. } = match self.0.next()? {
            Ok(taken) => taken,
            Err(error) => return Some(Err(error)),
        };
        let Records { topic, partition, ended, .. } = &mut self.0;
        let frame = Frame::read(&value).map(|frame| Placed { offset, frame });
        *ended |= frame.is_err();
        Some(frame.map_err(|what| Error::Frame { topic: topic.clone(), partition: *partition, offset, what }))
    }
}

impl Records {
    /// Opens a partition of a topic, from a Kafka offset on.
    pub fn open(kafka: &Kafka, topic: &str, partition: u32, from: i64) -> Result<Self, Error> {
        Self::open_until(&Arc::default(), kafka, topic, partition, from)
    }

    /// The same, which fails with [`Error::Stopped`] soon after `stop` is set.
    pub fn open_until(
        stop: &Arc<AtomicBool>,
        kafka: &Kafka,
        topic: &str,
        partition: u32,
        from: i64,
    ) -> Result<Self, Error> {
        let servers = kafka.bootstrap_servers.clone();
        let doing = |what: &str| Error::kafka(format!("{what} {topic}/{partition}"), &servers);
        let consumer: BaseConsumer = reader(kafka, true)?.create().map_err(doing("read"))?;
        let uncommitted: BaseConsumer = reader(kafka, false)?.create().map_err(doing("read"))?;
        let number = partition.cast_signed();
        let ends = |of: &BaseConsumer| {
            let began = Instant::now();
            loop {
                match of.fetch_watermarks(topic, number, CALL) {
                    Ok(ends) => return Ok(ends),
                    Err(_) if stop.load(Ordering::Relaxed) => return Err(Error::Stopped),
                    Err(error) if began.elapsed() > ANSWER => return Err(doing("ask for the end of")(error)),
                    Err(_) => {}
                }
            }
        };
        let (first, end) = ends(&uncommitted)?;
        let began = Instant::now();
        let patience = Duration::from_millis(u64::from(kafka.transaction_timeout_ms)) + SETTLING;
        let mut settled;
        loop {
            (_, settled) = ends(&consumer)?;
            if settled >= end {
                break;
            }
            if began.elapsed() > patience {
                return Err(Error::Open { topic: topic.into(), partition, seconds: patience.as_secs() });
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let from = from.max(first);
        let ended = from >= settled;
        if !ended {
            let mut assignment = TopicPartitionList::new();
            let added = assignment.add_partition_offset(topic, number, Offset::Offset(from));
            added.and_then(|()| consumer.assign(&assignment)).map_err(doing("read"))?;
        }
        Ok(Self { consumer, servers, topic: topic.into(), partition, ended, stop: Arc::clone(stop) })
    }

    fn next_record(&mut self) -> Result<Option<Taken>, Error> {
        let began = Instant::now();
        while !self.ended {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let text = |header: Header<'_, &[u8]>| {
                        let value = String::from_utf8(header.value.unwrap_or_default().to_vec()).ok()?;
                        Some((header.key.to_owned(), value))
                    };
                    let headers = message.headers().map(|headers| headers.iter().filter_map(text).collect());
                    return Ok(Some(Taken {
                        offset: message.offset(),
                        key: message.key().unwrap_or_default().to_vec(),
                        value: message.payload().unwrap_or_default().to_vec(),
                        headers: headers.unwrap_or_default(),
                    }));
                }
                Some(Err(KafkaError::PartitionEOF(_))) => self.ended = true,
                // One of the brokers is lost: another has a copy, and is found by and by.
                Some(Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
                ))) if began.elapsed() < ANSWER => {}
                Some(Err(source)) => {
                    let doing = format!("read {}/{}", self.topic, self.partition);
                    return Err(Error::kafka(doing, &self.servers)(source));
                }
                None if began.elapsed() > ANSWER => {
                    let doing = format!("read {}/{}", self.topic, self.partition);
                    return Err(Error::kafka(doing, &self.servers)(KafkaError::NoMessageReceived));
                }
                None => {}
            }
        }
        Ok(None)
    }
}

impl Iterator for Records {
    type Item = Result<Taken, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_record().transpose();
        self.ended |= matches!(next, Some(Err(_)));
        next
    }
}
