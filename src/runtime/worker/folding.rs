//! Folding what was read, and committing what came of it: while the next is read and folded, see [`super::owned`].

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant as Moment};

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use tracing::warn;

use super::feed::Spot;
use super::owned::{Offsets, Owned};
use super::reading::now;
use super::turn::{self, Gathering, Made};
use super::{Phase, Worker, watch};
use crate::fold::EpochCutter;
use crate::log::kafka::Failure;
use crate::model::Position;
use crate::runtime::epoch::{self, Epoch, Limits};
use crate::runtime::error::Error;
use crate::runtime::waiting::Sent;

/// An instance to which nothing comes for so long lets hours pass by its own clock.
const IDLE: Duration = Duration::from_secs(5);

/// What a turn should lead to at most, in bytes: it is in memory until it is committed.
const TURN_BYTES_MAX: usize = 32 << 20;

/// How many events the next turn may take, if they lead to as much as those of the last: few where one leads to much.
fn turn_events(now: usize, most: usize, events: usize, bytes: usize) -> usize {
    let each = bytes.checked_div(events).unwrap_or_default().max(1);
    (TURN_BYTES_MAX / each).min(2 * now).clamp(1, most)
}

impl Worker<'_> {
    pub(super) fn fold_and_commit(&mut self) -> Result<(), Error> {
        let owned = Arc::clone(&self.owned);
        let mut owned = owned.lock().expect("it is not held while the consumer is asked");
        if owned.has_news()
            && let Err(failure) = self.finish(&mut owned)
        {
            drop(owned);
            return self.recover(failure);
        }
        if owned.partitions.is_empty() {
            return Ok(());
        }
        let is_direct = matches!(self.phase, Phase::Running);
        let rules = self.rules.clone();
        let mut turn = Gathering::new(self.topology, &owned, is_direct, &rules);
        let mut has_inbox = false;
        while let Some((partition, offset, frame)) = self.feed.next_frame() {
            has_inbox = true;
            if frame.count == 0 {
                self.see_marker(partition, frame.name);
                continue;
            }
            let taken = turn.take_frame(partition, &frame, &mut self.cutter);
            taken.map_err(|refusal| {
                let place =
                    format!("{}/{partition}@{offset}, a message to partition {partition}", self.topology.kafka.inbox());
                self.unreadable(Some(partition), place, refusal)
            })?;
        }
        if is_direct {
            let most = self.turn_events;
            let cutter = &mut self.cutter;
            self.feed.hand_over(|spot, arrived| {
                turn.take(spot, arrived, cutter);
                turn.events < most
            });
        }
        turn.finish(&mut self.cutter);
        let Gathering { mut epochs, events, mut sent, consumed, keys, .. } = turn;
        if is_direct && epochs.is_empty() {
            epochs.extend(self.idle_hour(&owned));
        }
        if epochs.is_empty() && consumed.is_empty() && sent.is_empty() && !has_inbox {
            return Ok(());
        }
        owned.begins_to_fold();
        self.fold(&mut owned, &epochs, events, is_direct, &mut sent)?;
        let made = turn::make(self.topology, &self.reading, &mut owned, sent, &keys);
        let made = made.map_err(|refusal| self.unreadable(None, "an output".into(), refusal))?;
        for partition in &mut owned.partitions {
            if let Some(failure) = partition.store.take_failure() {
                return Err(failure.into());
            }
        }
        self.commit(owned, made, &consumed, events)
    }

    /// Without transactions: where the group goes on, which it may know late.
    fn commit_offsets(&self, offsets: &[(String, u32, i64)]) {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (topic, partition, offset) in offsets {
            list.add_partition_offset(topic, partition.cast_signed(), Offset::Offset(*offset)).ok();
        }
        if let Err(error) = self.consumer.commit(&list, CommitMode::Async) {
            warn!(%error, "Offsets were not committed.");
        }
    }

    fn see_marker(&mut self, partition: u32, name: [u8; 16]) {
        if let Phase::Draining { marker, unseen, .. } = &mut self.phase
            && *marker == name
        {
            unseen.retain(|number| *number != partition);
        }
    }

    fn fold(
        &mut self,
        owned: &mut Owned,
        epochs: &[Epoch],
        events: usize,
        is_direct: bool,
        sent: &mut Vec<Sent>,
    ) -> Result<(), Error> {
        let began = Moment::now();
        let limits = Limits {
            threads: self.pace.threads(),
            // What was taken is folded: the turn's events bound it.
            turn_bytes: usize::MAX,
            partitions: self.topology.partitions,
            is_direct,
        };
        let mut kept = Vec::new();
        let folded = epoch::run(&mut owned.partitions, epochs, &mut kept, sent, limits);
        folded.map_err(|panic| {
            let at_work = owned.partitions.iter().find_map(|partition| Some((partition.number, partition.at_work()?)));
            let failure = owned.partitions.iter_mut().find_map(|partition| partition.store.take_failure());
            match (failure, at_work) {
                (Some(failure), _) => failure.into(),
                (None, Some((partition, (root, entity, offset)))) => {
                    Error::step(&self.place.dir, Position { partition, offset }, root, &entity, panic.as_ref())
                }
                (None, None) => std::panic::resume_unwind(panic),
            }
        })?;
        // What may wait goes round by the inbox, so that others are served between.
        let clock = self.cutter.clock();
        sent.extend(kept.into_iter().map(|waiting| waiting.sent(clock, self.topology.partitions)));
        watch::folded(began.elapsed());
        self.pace.took(began.elapsed(), events);
        Ok(())
    }

    /// The mark of an hour that passed while nothing came.
    fn idle_hour(&mut self, owned: &Owned) -> Option<Epoch> {
        let is_idle = self.input_seen.elapsed() > IDLE && !self.feed.has_input() && !self.feed.is_behind();
        if !self.topology.kafka.ticks_when_idle || !is_idle {
            return None;
        }
        let mark = now().max(self.cutter.clock()).hour_mark();
        // A journal that has nothing yet has no hours either.
        let has_begun = owned.partitions.iter().all(|partition| partition.progress().offset > 0);
        if !has_begun || owned.partitions.iter().all(|partition| partition.fold().hour() >= mark) {
            return None;
        }
        let clock = self.cutter.clock().max(mark);
        self.cutter = EpochCutter::new(clock, mark);
        Some(Epoch { items: Vec::new(), tick: Some(mark), clock, ticked: mark, roots: 0 })
    }

    /// Waits until what was begun is committed.
    pub(super) fn finish(&self, owned: &mut Owned) -> Result<(), Failure> {
        let offsets = owned.finish()?;
        if let Some(offsets) = offsets.filter(|_| !self.settings.policies.transactional) {
            self.commit_offsets(&offsets);
        }
        Ok(())
    }

    /// Begins to commit a turn, when the one before it is committed.
    fn commit(
        &mut self,
        mut owned: MutexGuard<'_, Owned>,
        made: Made,
        consumed: &BTreeMap<Spot, i64>,
        events: usize,
    ) -> Result<(), Error> {
        if let Err(failure) = self.finish(&mut owned) {
            drop(owned);
            return self.recover(failure);
        }
        let inbox = self.topology.kafka.inbox();
        let mut offsets: Offsets = consumed
            .iter()
            .map(|(spot, offset)| (self.reading.topics()[spot.topic].clone(), spot.partition, *offset))
            .collect();
        // Of every partition at hand, so that whoever takes it over waits until this transaction is decided.
        for partition in &owned.partitions {
            offsets.push((inbox.clone(), partition.number, self.feed.inbox_position(partition.number)));
        }
        // Who is no member any more commits nothing; whether we still are is for the group to say, with every commit.
        let Some(group) = self.consumer.group_metadata().filter(|_| !self.consumer.assignment_lost()) else {
            drop(owned);
            return self.recover(Failure::Aborted(KafkaError::Canceled));
        };
        let most = self.topology.kafka.turn_events as usize;
        self.turn_events = turn_events(self.turn_events, most, events, made.bytes());
        if let Phase::Draining { has_sent, .. } = &mut self.phase {
            *has_sent |= made.has_sent;
        }
        owned.begin(made, events, offsets, &self.transactions, group);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_short_after_events_that_lead_to_much_and_grow_again() {
        let most = 8_192;
        assert_eq!(turn_events(most, most, 8_192, 5_000_000), most);
        let short = turn_events(most, most, 100, 100 << 20);
        assert_eq!(short, 32);
        assert_eq!(turn_events(short, most, 32, 10_000), 64, "it doubles at most");
        assert_eq!(turn_events(1, most, 1, 1 << 30), 1, "one is always taken");
        assert_eq!(turn_events(most, most, 0, 1 << 20), most, "of messages alone nothing follows");
    }
}
