//! Reading from the topics: for as long as commits are apart, or until there is enough for a turn.

use std::time::{Duration, Instant as Moment};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use tracing::{info, warn};

use super::feed::{Arrived, Held, Spot};
use super::reading::Reading;
use super::{Phase, Worker, problem, watch};
use crate::log::kafka::{self, Frame};
use crate::runtime::error::Error;

/// How long a broker may take to say where topics end; it is asked again.
const ANSWER: Duration = Duration::from_secs(1);
/// How often the ends of topics are asked for while one of them brings nothing.
const ENDS_EVERY: Duration = Duration::from_millis(200);
/// How often they are asked for in any case, so that the lag is known.
const ENDS_AT_LEAST_EVERY: Duration = Duration::from_secs(1);
/// How long one look for a record takes.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(10);
/// What an event takes in memory beside its bytes, about.
const EVENT_BYTES: usize = 400;
/// What is said while the schema registry does not answer.
const WAITING: &str = "A record names a schema that has to be asked for: input waits until the registry answers.";

/// A record of an input topic, as an event or as none. Fails where the schema registry does not answer.
fn arrived(
    reading: &mut Reading,
    spot: Spot,
    offset: i64,
    written_ms: Option<i64>,
    key: &[u8],
    value: &[u8],
) -> Result<Arrived, kafka::Error> {
    let source = reading.source(spot.topic, spot.partition, offset);
    let body = reading.read(spot.topic, source, value)?.map_err(|refused| (refused, key.to_vec()));
    Ok(Arrived { source, offset, bytes: value.len() + EVENT_BYTES, written_ms, body })
}

impl Worker<'_> {
    pub(super) fn read(&mut self) -> Result<(), Error> {
        let interval = Duration::from_millis(u64::from(self.topology.kafka.commit_interval_ms));
        let (began, most) = (Moment::now(), self.topology.kafka.turn_events as usize);
        self.take_held()?;
        if !self.feed.holds() {
            let resumed = self.feed.resumed();
            if !resumed.is_empty() && matches!(self.phase, Phase::Running) {
                self.consumer.resume(&self.list(&resumed)).map_err(problem(self.topology, "resume"))?;
            }
        }
        let mut paused = Vec::new();
        let mut count = 0;
        while count < most && !self.feed.is_full() {
            // With enough at hand, only what is here already is read.
            let has_enough = self.feed.waiting() >= most;
            let left = if has_enough { SHORTEST } else { interval.saturating_sub(began.elapsed()) };
            match self.consumer.poll(left.clamp(SHORTEST, LONGEST)) {
                Some(Ok(message)) => {
                    count += 1;
                    let (partition, offset) = (message.partition().cast_unsigned(), message.offset());
                    let topic = self.reading.topics().iter().position(|topic| topic == message.topic());
                    let value = message.payload().unwrap_or_default();
                    let Some(topic) = topic else {
                        let frame = Frame::read(value).map_err(|what| {
                            let topic = message.topic().to_owned();
                            kafka::Error::Frame { topic, partition, offset, what }
                        })?;
                        self.feed.take_frame(partition, offset, frame);
                        continue;
                    };
                    let (spot, key) = (Spot { topic, partition }, message.key().unwrap_or_default());
                    let written_ms = message.timestamp().to_millis();
                    let held = || Held { spot, offset, written_ms, key: key.to_vec(), value: value.to_vec() };
                    if self.feed.holds() {
                        self.feed.hold(held());
                        continue;
                    }
                    match arrived(&mut self.reading, spot, offset, written_ms, key, value) {
                        Ok(arrived) => {
                            if self.feed.take(spot, arrived) {
                                paused.push(spot);
                            }
                        }
                        Err(error) => {
                            warn!(%error, WAITING);
                            self.feed.hold(held());
                            paused = self.all_spots();
                        }
                    }
                }
                Some(Err(error)) => self.heed(error)?,
                None if has_enough || self.consumer.context().has_said() => break,
                None => {}
            }
            if began.elapsed() >= interval {
                break;
            }
        }
        if !paused.is_empty() {
            self.consumer.pause(&self.list(&paused)).map_err(problem(self.topology, "pause"))?;
        }
        if count > 0 {
            self.input_seen = Moment::now();
        }
        Ok(())
    }

    /// Asks the schema registry again about what is held, and goes on with what it says.
    fn take_held(&mut self) -> Result<(), Error> {
        if !self.feed.holds() {
            return Ok(());
        }
        while let Some(held) = self.feed.held_and_due() {
            let Held { spot, offset, written_ms, ref key, ref value } = held;
            match arrived(&mut self.reading, spot, offset, written_ms, key, value) {
                Ok(arrived) => {
                    self.feed.take(spot, arrived);
                }
                Err(error) => {
                    warn!(%error, WAITING);
                    self.feed.hold_again(held);
                }
            }
        }
        if !self.feed.holds() {
            info!("The schema registry answers again.");
            self.consumer.resume(&self.list(&self.all_spots())).map_err(problem(self.topology, "resume"))?;
            let paused = self.feed.paused();
            if !paused.is_empty() {
                self.consumer.pause(&self.list(&paused)).map_err(problem(self.topology, "pause"))?;
            }
        }
        Ok(())
    }

    /// What the consumer complains of: some of it passes, some of it is the end.
    pub(super) fn heed(&self, error: KafkaError) -> Result<(), Error> {
        if let Some((code, reason)) = self.consumer.client().fatal_error() {
            if code == RDKafkaErrorCode::FencedInstanceId {
                watch::fenced();
                let kafka = &self.topology.kafka;
                return Err(Error::Fenced { instance: kafka.instance_id.clone(), group: kafka.group_id.clone() });
            }
            warn!(%code, reason, "The consumer is of no more use.");
            return Err(problem(self.topology, "go on as a member of the group")(error).into());
        }
        warn!(%error, "Reading was disturbed.");
        Ok(())
    }

    pub(super) fn list(&self, spots: &[Spot]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(spots.len());
        for spot in spots {
            list.add_partition(&self.reading.topics()[spot.topic], spot.partition.cast_signed());
        }
        list
    }

    pub(super) fn all_spots(&self) -> Vec<Spot> {
        self.feed.spots().collect()
    }

    pub(super) fn ask_for_ends(&mut self) {
        let is_running = matches!(self.phase, Phase::Running);
        let every = if self.feed.has_gaps() { ENDS_EVERY } else { ENDS_AT_LEAST_EVERY };
        if !is_running || self.ends_asked.elapsed() < every {
            return;
        }
        self.ends_asked = Moment::now();
        match self.ends(&self.all_spots(), ANSWER) {
            Ok(ends) => self.feed.learn_ends(&ends),
            Err(error) => warn!(%error, "The brokers do not say where topics end."),
        }
    }

    /// Kafka's ends of places, in one question.
    pub(super) fn ends(&self, spots: &[Spot], within: Duration) -> Result<Vec<(Spot, i64)>, Error> {
        let doing = || problem(self.topology, "ask for the ends of topics");
        let mut list = TopicPartitionList::with_capacity(spots.len());
        for Spot { topic, partition } in spots {
            let topic = &self.reading.topics()[*topic];
            list.add_partition_offset(topic, partition.cast_signed(), Offset::End).map_err(doing())?;
        }
        let ends = self.consumer.offsets_for_times(list, within).map_err(doing())?;
        let end = |spot: &Spot| {
            let found = ends.find_partition(&self.reading.topics()[spot.topic], spot.partition.cast_signed())?;
            match found.offset() {
                Offset::Offset(end) => Some((*spot, end)),
                _ => None,
            }
        };
        Ok(spots.iter().filter_map(end).collect())
    }
}
