//! Events into the input topics: each is there once, as long as its producer lives, and in the order it was given for its
//! partition. What is sent again by another producer is a duplicate, and the fold knows it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientContext, Message};

use super::admission::knock;
use super::client;
use super::error::Error;
use crate::topology::Kafka;

/// How long the brokers may take to take what they were given.
const PATIENCE: Duration = Duration::from_mins(2);

/// A producer of records that no transaction waits for.
pub struct Producer {
    client: BaseProducer<Failures>,
    servers: String,
    sent: u64,
}

/// The first record that the brokers did not take.
#[derive(Default)]
struct Failures(Mutex<Option<(String, KafkaError)>>);

impl ClientContext for Failures {}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, delivery: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = delivery {
            let mut first = self.0.lock().expect("nobody panics holding it");
            first.get_or_insert_with(|| (message.topic().to_owned(), error.clone()));
        }
    }
}

impl Producer {
    /// Makes one.
    pub fn open(kafka: &Kafka) -> Result<Self, Error> {
        knock(kafka)?;
        let servers = kafka.bootstrap_servers.clone();
        let producer = client::producer(kafka)?.create_with_context(Failures::default());
        Ok(Self { client: producer.map_err(Error::kafka("make a producer", &servers))?, servers, sent: 0 })
    }

    /// Hands a record over; its partition is that of the key. Waits while too many are on their way.
    pub fn send(&mut self, topic: &str, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let began = Instant::now();
        let mut record = BaseRecord::to(topic).key(key).payload(value);
        loop {
            match self.client.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if began.elapsed() < PATIENCE =>
                {
                    self.client.poll(Duration::from_millis(5));
                    record = back;
                }
                Err((error, _)) => return Err(Error::kafka(format!("write to {topic}"), &self.servers)(error)),
            }
        }
        self.sent += 1;
        if self.sent.is_multiple_of(POLLED_EVERY) {
            self.client.poll(Duration::ZERO);
            self.failure()?;
        }
        Ok(())
    }

    /// Waits until all that was handed over is there.
    pub fn finish(&mut self) -> Result<(), Error> {
        let mut last = (Instant::now(), self.client.in_flight_count());
        while self.client.in_flight_count() > 0 {
            self.client.poll(Duration::from_millis(5));
            let left = self.client.in_flight_count();
            if left < last.1 {
                last = (Instant::now(), left);
            }
            if last.0.elapsed() > PATIENCE {
                let error = KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut);
                return Err(Error::kafka("write to the input topics", &self.servers)(error));
            }
        }
        self.failure()
    }

    fn failure(&self) -> Result<(), Error> {
        let first = self.client.context().0.lock().expect("nobody panics holding it").take();
        first.map_or(Ok(()), |(topic, error)| Err(Error::kafka(format!("write to {topic}"), &self.servers)(error)))
    }
}

/// So many records are handed over between two looks at what became of them.
const POLLED_EVERY: u64 = 512;
