//! Partitions that come: they are opened where their journals end, and their inboxes are drained before any input is folded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};
use tracing::{debug, info};

use super::feed::Spot;
use super::takeover::Going;
use super::{Phase, SetBack, Worker, problem, takeover, turn, watch};
use crate::fold::EpochCutter;
use crate::model::Instant;
use crate::runtime::error::Error;
use crate::runtime::open::new_name;

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(3);

impl Worker<'_> {
    /// Opens the partitions that are ours. Where the consumer has read on already, it is set back to what is committed.
    pub(super) fn take_over(&mut self, set_back: SetBack) -> Result<(), Error> {
        let began = Moment::now();
        let numbers = self.numbers()?;
        let inbox = self.topology.kafka.inbox();
        self.enter(Phase::Waiting);
        self.feed.begin(&[], &[], self.bytes_max());
        if numbers.is_empty() {
            return Ok(());
        }
        let spots: Vec<Spot> = (0..self.reading.topics().len())
            .flat_map(|topic| numbers.iter().map(move |partition| Spot { topic, partition: *partition }))
            .collect();
        // No input before the inboxes are drained, and nothing at all of what is parked.
        let mut waiting = self.list(&spots);
        for (topic, partition) in self.assigned.iter().filter(|(_, partition)| self.parked.contains(partition)) {
            waiting.add_partition(topic, partition.cast_signed());
        }
        self.consumer.pause(&waiting).map_err(problem(self.topology, "pause"))?;
        // With what is about to be committed decided, so is all that a former owner may still commit, or we ourselves.
        self.renew_producer()?;
        let committed = self.committed()?;
        let at = |topic: &str, partition: u32| committed.get(&(topic.to_owned(), partition)).copied().unwrap_or(0);
        if set_back == SetBack::Yes {
            self.set_back(&committed)?;
        }
        let going = Going { health: self.telemetry.health(), stop: &self.stop };
        let owned = takeover::open(self.place, &self.topology.kafka, self.settings, &self.shared, &numbers, going)?;
        let clock = owned.partitions.iter().map(|partition| partition.progress().clock).max().unwrap_or(Instant::NEVER);
        let ticked = owned.partitions.iter().map(|partition| partition.fold().hour()).min().unwrap_or(Instant::NEVER);
        self.cutter = EpochCutter::new(clock, ticked);
        let inputs: Vec<_> =
            spots.iter().map(|spot| (*spot, at(&self.reading.topics()[spot.topic], spot.partition))).collect();
        let inboxes: Vec<_> = numbers.iter().map(|partition| (*partition, at(&inbox, *partition))).collect();
        self.feed.begin(&inputs, &inboxes, self.bytes_max());
        let ends = self.ends(&spots, ANSWER)?;
        self.feed.learn_ends(&ends);
        self.owned().replace(owned);
        watch::took_over(began.elapsed());
        info!(partitions = ?numbers, ms = began.elapsed().as_millis(), "Partitions are taken over.");
        self.drain(numbers)
    }

    /// The partitions we were given, the same of every topic, without those that are parked.
    pub(super) fn numbers(&self) -> Result<Vec<u32>, Error> {
        let of = |topic: &str| {
            let mut numbers: Vec<u32> =
                self.assigned.iter().filter(|(name, _)| name == topic).map(|(_, partition)| *partition).collect();
            numbers.sort_unstable();
            numbers
        };
        let expected = of(&self.topology.kafka.inbox());
        for topic in self.reading.topics() {
            let found = of(topic);
            if found != expected {
                return Err(Error::Apart { topic: topic.clone(), found, expected });
            }
        }
        Ok(expected.into_iter().filter(|number| !self.parked.contains(number)).collect())
    }

    fn committed(&self) -> Result<BTreeMap<(String, u32), i64>, Error> {
        let doing = || problem(self.topology, "ask for what is committed");
        let mut list = TopicPartitionList::with_capacity(self.assigned.len());
        for (topic, partition) in &self.assigned {
            list.add_partition(topic, partition.cast_signed());
        }
        let committed = self.consumer.committed_offsets(list, ANSWER).map_err(doing())?;
        let mut offsets = BTreeMap::new();
        for element in committed.elements() {
            element.error().map_err(doing())?;
            if let Offset::Offset(offset) = element.offset() {
                offsets.insert((element.topic().to_owned(), element.partition().cast_unsigned()), offset);
            }
        }
        Ok(offsets)
    }

    fn set_back(&self, committed: &BTreeMap<(String, u32), i64>) -> Result<(), Error> {
        let mut list = TopicPartitionList::with_capacity(self.assigned.len());
        for place in &self.assigned {
            let offset = committed.get(place).map_or(Offset::Beginning, |offset| Offset::Offset(*offset));
            let added = list.add_partition_offset(&place.0, place.1.cast_signed(), offset);
            added.map_err(problem(self.topology, "go back to what is committed"))?;
        }
        let done = self.consumer.seek_partitions(list, ANSWER);
        done.map_err(problem(self.topology, "go back to what is committed"))?;
        Ok(())
    }

    /// Has the inboxes read to where they end now.
    fn drain(&mut self, numbers: Vec<u32>) -> Result<(), Error> {
        let marker = new_name(&self.topology.kafka.instance_id, None).try_into().expect("a name has sixteen bytes");
        let records: Vec<_> = numbers.iter().map(|partition| turn::marker(self.topology, *partition, marker)).collect();
        match self.transactions.commit(&records, &[], None) {
            Ok(_) => self.enter(Phase::Draining { marker, unseen: numbers, has_sent: false }),
            Err(failure) => self.recover(failure)?,
        }
        Ok(())
    }

    pub(super) fn go_on_when_drained(&mut self) -> Result<(), Error> {
        let Phase::Draining { unseen, has_sent, .. } = &self.phase else { return Ok(()) };
        if !unseen.is_empty() {
            return Ok(());
        }
        let has_sent = *has_sent;
        let owned = Arc::clone(&self.owned);
        let mut owned = owned.lock().expect("it is not held while the consumer is asked");
        if let Err(failure) = self.finish(&mut owned) {
            drop(owned);
            return self.recover(failure);
        }
        drop(owned);
        if has_sent {
            let numbers = self.owned().partitions.iter().map(|partition| partition.number).collect();
            return self.drain(numbers);
        }
        self.enter(Phase::Running);
        let ticked =
            self.owned().partitions.iter().map(|partition| partition.fold().hour()).min().unwrap_or(Instant::NEVER);
        self.cutter = EpochCutter::new(self.cutter.clock(), ticked);
        self.consumer.resume(&self.list(&self.all_spots())).map_err(problem(self.topology, "resume"))?;
        debug!("Inboxes are drained.");
        Ok(())
    }
}
