//! The partitions at hand, and the turn that is on its way to the topics.
//!
//! A turn is committed while the next is read and folded, so what is in memory may be one turn ahead of what is committed.
//! Rows are settled and persisted only when the two are the same again; if a commit fails, all of it is given up.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant as Moment};

use rdkafka::consumer::ConsumerGroupMetadata;
use tracing::{debug, warn};

use super::super::partition::Partition;
use super::turn::Made;
use super::{Tally, takeover, watch};
use crate::log::kafka::{Failure, Transactions};
use crate::store::{Applied, Store};

/// Offsets that go with a turn: topic, partition, offset.
pub(super) type Offsets = Vec<(String, u32, i64)>;

/// What became of a commit: Kafka's offset of the last frame of each partition that has one.
type Committed = Result<Vec<(u32, i64)>, Failure>;

/// The partitions at hand.
#[derive(Default)]
pub(super) struct Owned {
    pub(super) partitions: Vec<Partition>,
    /// The name of each one's journal.
    pub(super) names: Vec<[u8; 16]>,
    /// Of each, Kafka's offset of the last frame that is committed.
    pub(super) frames: Vec<i64>,
    /// A turn was given up with a producer that is of no more use.
    pub(super) has_lost_producer: bool,
    /// What the instance has done.
    pub(super) tally: Tally,
    under_way: Option<UnderWay>,
    /// Whether something was folded that no commit was begun of.
    is_ahead: bool,
}

/// A turn that is being committed.
struct UnderWay {
    committing: JoinHandle<(Committed, Duration)>,
    made: Made,
    events: usize,
    offsets: Arc<Offsets>,
}

impl Owned {
    /// Puts other partitions in place of those that were here.
    pub(super) fn replace(&mut self, other: Self) {
        let Self { partitions, names, frames, .. } = other;
        (self.partitions, self.names, self.frames) = (partitions, names, frames);
        self.is_ahead = false;
    }

    /// Says that from now on more is folded than a commit was begun of.
    pub(super) fn begins_to_fold(&mut self) {
        self.is_ahead = true;
    }

    /// Begins to commit what was folded, when the turn before it is committed.
    pub(super) fn begin(
        &mut self,
        mut made: Made,
        events: usize,
        offsets: Offsets,
        transactions: &Arc<Transactions>,
        group: ConsumerGroupMetadata,
    ) {
        assert!(self.under_way.is_none(), "turns are committed one after another");
        let (records, offsets) = (std::mem::take(&mut made.records), Arc::new(offsets));
        let (transactions, consumed) = (Arc::clone(transactions), Arc::clone(&offsets));
        let committing = thread::spawn(move || {
            let began = Moment::now();
            let committed = transactions.commit(&records, &consumed, Some(group));
            (committed, began.elapsed())
        });
        self.under_way = Some(UnderWay { committing, made, events, offsets });
        self.is_ahead = false;
    }

    /// Whether a turn is under way whose fate can be had without waiting.
    pub(super) fn has_news(&self) -> bool {
        self.under_way.as_ref().is_some_and(|turn| turn.committing.is_finished())
    }

    /// Waits until what was begun is committed. Returns the offsets that went with it.
    pub(super) fn finish(&mut self) -> Result<Option<Arc<Offsets>>, Failure> {
        let Some(UnderWay { committing, made, events, offsets }) = self.under_way.take() else { return Ok(None) };
        let (committed, time) = committing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        for (number, frame) in committed? {
            let slot = self.partitions.iter().position(|partition| partition.number == number);
            self.frames[slot.expect("it was of a partition at hand")] = frame;
        }
        watch::committed(&made, time, self);
        self.tally.turns += 1;
        self.tally.outputs += made.outputs as u64;
        self.tally.counters.add(&made.counters);
        let dead_letters = made.dead_letters.values().sum::<u64>();
        debug!(events, outputs = made.outputs, dead_letters, ms = time.as_millis(), "Turn committed.");
        Ok(Some(offsets))
    }

    /// Says that what is in memory is committed.
    pub(super) fn settle(&mut self) {
        assert!(self.under_way.is_none() && !self.is_ahead, "rows never lead the journal");
        for ((partition, name), frame) in self.partitions.iter_mut().zip(&self.names).zip(&self.frames) {
            let offset = partition.progress().offset;
            if offset > 0 {
                let attached = takeover::attached(name, *frame);
                partition.store.settle(Applied { turn: offset, offset, attached });
            }
        }
    }

    /// Waits for what was begun, persists what is committed and closes. Rows that cannot be persisted are folded again.
    pub(super) fn release(&mut self) {
        let finished = self.finish();
        if let Err(failure) = &finished {
            self.give_up(failure);
        }
        if finished.is_err() || self.is_ahead {
            // What is in memory is not what is committed.
            self.discard();
            return;
        }
        self.settle();
        thread::scope(|scope| {
            for partition in self.partitions.drain(..) {
                scope.spawn(move || {
                    let number = partition.number;
                    if let Err(error) = Store::close(partition.store) {
                        warn!(%error, partition = number, "Rows could not be persisted and will be folded again.");
                    }
                });
            }
        });
        self.discard();
    }

    /// Forgets what is in memory: it holds what was not committed. Whatever becomes of a turn under way, it is waited for.
    pub(super) fn discard(&mut self) {
        if let Some(UnderWay { committing, .. }) = self.under_way.take()
            && let Ok((Err(failure), _)) = committing.join()
        {
            self.give_up(&failure);
        }
        self.partitions.clear();
        self.names.clear();
        self.frames.clear();
        self.is_ahead = false;
    }

    /// Counts a turn that was given up.
    pub(super) fn give_up(&mut self, failure: &Failure) {
        self.tally.aborted += 1;
        self.has_lost_producer |= matches!(failure, Failure::Unusable(_));
        watch::aborted(failure);
        let (Failure::Aborted(error) | Failure::Unusable(error)) = failure;
        warn!(%error, "A turn was given up.");
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::error::{KafkaError, RDKafkaErrorCode};

    use super::*;

    #[test]
    fn a_producer_that_is_lost_stays_lost_whatever_partitions_come() {
        let error = || KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut);
        let mut owned = Owned::default();
        owned.give_up(&Failure::Aborted(error()));
        assert!(!owned.has_lost_producer);
        owned.give_up(&Failure::Unusable(error()));
        owned.discard();
        owned.replace(Owned::default());
        owned.release();
        assert!(owned.has_lost_producer);
        assert_eq!(owned.tally.aborted, 2);
    }
}
