//! Turns as transactions: frames, outputs and the offsets of what was consumed become true together, or not at all.
//!
//! Who may commit is decided by the group: offsets are sent with the consumer's membership, and a generation that is over
//! is refused, whatever its producer thinks. A refused or failed turn is aborted; what was folded of it must be given up.
//! A transaction that outlives its time is fatal to the producer: it is then made anew, which is a path like any other.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use tracing::{debug, warn};

use super::client;
use super::error::Error;
use crate::topology::Kafka;

/// A record of a turn.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Where to.
    pub topic: String,
    /// Which partition; `None`: that of the key.
    pub partition: Option<u32>,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// What stands beside it.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// The journal's partition that it is a frame of.
    pub frame_of: Option<u32>,
}

/// Why a turn was not committed.
#[derive(Debug)]
pub enum Failure {
    /// It is aborted; the next may be committed.
    Aborted(KafkaError),
    /// The producer is of no more use, whatever became of the turn: it is made anew.
    Unusable(KafkaError),
}

/// Why a turn stops short.
enum Stop {
    Failed(KafkaError),
    /// A call never comes back: nothing more can be asked of its producer, not even to abort.
    Stuck,
}

impl From<KafkaError> for Stop {
    fn from(error: KafkaError) -> Self {
        Self::Failed(error)
    }
}

/// A transactional producer.
pub struct Transactions {
    producer: Arc<BaseProducer<Deliveries>>,
    /// How long a turn may take.
    patience: Duration,
    /// Whether the service is to end: then a turn that brokers do not take is given up soon.
    stop: Arc<AtomicBool>,
    /// Whether turns are transactions at all.
    transactional: bool,
}

/// How long one call of a transaction may take before it is made again, so that the service can end meanwhile.
const CALL: Duration = Duration::from_millis(500);
/// How long a turn in hand may still take when the service is to end. To abort it is asked once: what stays open ends by its
/// own time, or when this instance is back.
const LAST_TURN: Duration = Duration::from_millis(1_500);

/// Until when something may take.
struct Deadline<'a> {
    at: Cell<Instant>,
    stop: &'a AtomicBool,
    hurries: Cell<bool>,
}

impl<'a> Deadline<'a> {
    fn after(patience: Duration, stop: &'a AtomicBool) -> Self {
        Self { at: Cell::new(Instant::now() + patience), stop, hurries: Cell::new(false) }
    }

    fn is_over(&self) -> bool {
        if !self.hurries.get() && self.stop.load(Ordering::Relaxed) {
            self.hurries.set(true);
            self.at.set(self.at.get().min(Instant::now() + LAST_TURN));
        }
        Instant::now() > self.at.get()
    }

    fn left(&self) -> Duration {
        self.at.get().saturating_duration_since(Instant::now())
    }
}

/// What became of records that were sent.
#[derive(Default)]
struct Deliveries {
    state: Mutex<Delivered>,
}

#[derive(Default)]
struct Delivered {
    /// Kafka's offsets of frames, by partition.
    frames: Vec<(u32, i64)>,
    failure: Option<KafkaError>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    /// The partition a frame is of, plus one; 0 for all other records.
    type DeliveryOpaque = usize;

    fn delivery(&self, delivery: &DeliveryResult<'_>, frame_of: usize) {
        let mut state = self.state.lock().expect("nobody panics holding it");
        match delivery {
            Ok(message) => {
                if let Some(partition) = frame_of.checked_sub(1) {
                    state.frames.push((u32::try_from(partition).expect("it was one"), message.offset()));
                }
            }
            Err((error, _)) => state.failure = state.failure.take().or_else(|| Some(error.clone())),
        }
    }
}

impl Transactions {
    /// Takes an instance's producer over: what a process before had open is ended, and that process can commit no more.
    pub fn open(kafka: &Kafka, stop: &Arc<AtomicBool>, transactional: bool) -> Result<Self, Error> {
        let doing = |what| Error::kafka(what, &kafka.bootstrap_servers);
        let producer: BaseProducer<Deliveries> = client::transactional(kafka, transactional)?
            .create_with_context(Deliveries::default())
            .map_err(doing("make a producer"))?;
        let patience = Duration::from_millis(u64::from(kafka.transaction_timeout_ms)) + Duration::from_secs(20);
        let deadline = Deadline::after(patience, stop);
        let begin = || if transactional { producer.init_transactions(CALL) } else { Ok(()) };
        while let Err(error) = begin() {
            let may_try_again = matches!(&error, KafkaError::Transaction(error) if error.is_retriable());
            if !may_try_again || deadline.is_over() {
                return Err(doing("begin transactions")(error));
            }
        }
        debug!("Transactions are begun.");
        Ok(Self { producer: Arc::new(producer), patience, stop: Arc::clone(stop), transactional })
    }

    /// Commits a turn: what it says, and how far what it consumed goes. Returns Kafka's offset of the last frame of each
    /// partition that has one.
    pub fn commit(
        &self,
        records: &[Outgoing],
        consumed: &[(String, u32, i64)],
        group: Option<ConsumerGroupMetadata>,
    ) -> Result<Vec<(u32, i64)>, Failure> {
        if self.transactional {
            self.producer.begin_transaction().map_err(|error| self.give_up(error))?;
        }
        self.send_and_commit(records, consumed, group).map_err(|stop| match stop {
            Stop::Failed(error) => self.give_up(error),
            Stop::Stuck => Failure::Unusable(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)),
        })
    }

    fn send_and_commit(
        &self,
        records: &[Outgoing],
        consumed: &[(String, u32, i64)],
        group: Option<ConsumerGroupMetadata>,
    ) -> Result<Vec<(u32, i64)>, Stop> {
        *self.delivered() = Delivered::default();
        let deadline = Deadline::after(self.patience, &self.stop);
        for record in records {
            self.send(record, &deadline)?;
        }
        while self.producer.in_flight_count() > 0 {
            if deadline.is_over() {
                return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut).into());
            }
            self.producer.poll(Duration::from_micros(500));
        }
        let delivered = std::mem::take(&mut *self.delivered());
        if let Some(failure) = delivered.failure {
            return Err(failure.into());
        }
        if let Some(group) = group.filter(|_| self.transactional) {
            let mut offsets = TopicPartitionList::with_capacity(consumed.len());
            for (topic, partition, offset) in consumed {
                offsets.add_partition_offset(topic, partition.cast_signed(), Offset::Offset(*offset))?;
            }
            self.send_offsets(offsets, group, &deadline)?;
        }
        if self.transactional {
            again_while(&self.producer, &deadline, || self.producer.commit_transaction(CALL))?;
        }
        let mut last = delivered.frames;
        last.sort_unstable();
        last.reverse();
        last.dedup_by_key(|(partition, _)| *partition);
        Ok(last)
    }

    fn send(&self, record: &Outgoing, deadline: &Deadline<'_>) -> Result<(), KafkaError> {
        let frame_of = record.frame_of.map_or(0, |partition| partition as usize + 1);
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut sending = BaseRecord::with_opaque_to(&record.topic, frame_of).key(&record.key).payload(&record.value);
        if !record.headers.is_empty() {
            sending = sending.headers(headers);
        }
        if let Some(partition) = record.partition {
            sending = sending.partition(partition.cast_signed());
        }
        loop {
            match self.producer.send(sending) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if !deadline.is_over() => {
                    self.producer.poll(Duration::from_millis(1));
                    sending = back;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Sends the offsets of what was consumed. librdkafka does not heed the time it is given for that, and where the group's
    /// coordinator is lost at the wrong moment it never comes back (its issues 5456 and 5511). So it is asked on a thread of its
    /// own; one that does not come back is left to itself, with a producer that is of no more use.
    fn send_offsets(
        &self,
        offsets: TopicPartitionList,
        group: ConsumerGroupMetadata,
        deadline: &Deadline<'_>,
    ) -> Result<(), Stop> {
        let (producer, stop, left) = (Arc::clone(&self.producer), Arc::clone(&self.stop), deadline.left());
        let (answer, answered) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let send = || producer.send_offsets_to_transaction(&offsets, &group, CALL);
            // Nobody waits any more for an answer that comes too late.
            answer.send(again_while(&producer, &Deadline::after(left, &stop), send)).ok();
        });
        loop {
            match answered.recv_timeout(CALL) {
                Ok(sent) => return sent.map_err(Stop::Failed),
                Err(mpsc::RecvTimeoutError::Timeout) if !deadline.is_over() => {}
                Err(_) => return Err(Stop::Stuck),
            }
        }
    }

    /// Aborts what is open, if that is of any use.
    fn give_up(&self, error: KafkaError) -> Failure {
        let is_fatal = !self.transactional
            || matches!(&error, KafkaError::Transaction(error) if error.is_fatal())
            || self.producer.client().fatal_error().is_some();
        if is_fatal {
            return Failure::Unusable(error);
        }
        warn!(%error, "A turn is aborted.");
        let patience = if self.stop.load(Ordering::Relaxed) { Duration::ZERO } else { self.patience };
        let deadline = Deadline::after(patience, &self.stop);
        let aborted = again_while(&self.producer, &deadline, || {
            // What is still on its way is dropped; the abort waits until that is known.
            self.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
            self.producer.poll(Duration::from_millis(1));
            self.producer.abort_transaction(CALL)
        });
        match aborted {
            Ok(()) => Failure::Aborted(error),
            Err(why) => {
                warn!(error = %why, "A turn could not be aborted.");
                Failure::Unusable(error)
            }
        }
    }

    fn delivered(&self) -> std::sync::MutexGuard<'_, Delivered> {
        self.producer.context().state.lock().expect("nobody panics holding it")
    }
}

/// Does something again while it is only said to be tried again.
fn again_while(
    producer: &BaseProducer<Deliveries>,
    deadline: &Deadline<'_>,
    each: impl Fn() -> Result<(), KafkaError>,
) -> Result<(), KafkaError> {
    loop {
        match each() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && !deadline.is_over() => {
                debug!(%error, "A call of a transaction is made again.");
                producer.poll(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}
