//! Membership of the group: which partitions are ours. What is taken from us is let go of inside the callback, before the
//! group may give it to another: a turn that is being committed is waited for, and everything committed is on disk then.
//! Nothing else is in memory, for the consumer is only asked between turns.

use std::sync::{Arc, Mutex, MutexGuard};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use tracing::{info, warn};

use super::owned::Owned;
use super::watch;

/// What the group said last.
#[derive(Default)]
pub(super) struct Said {
    /// The topics' partitions that are ours from now on, if that has changed.
    pub(super) assigned: Option<Vec<(String, u32)>>,
    /// Everything was taken from us since.
    pub(super) revoked: bool,
}

/// The consumer's callbacks.
pub(super) struct Group {
    owned: Arc<Mutex<Owned>>,
    said: Mutex<Said>,
}

impl Group {
    pub(super) fn new(owned: Arc<Mutex<Owned>>) -> Self {
        Self { owned, said: Mutex::default() }
    }

    /// What was said since this was asked last.
    pub(super) fn said(&self) -> Said {
        std::mem::take(&mut *self.lock())
    }

    /// Whether anything was.
    pub(super) fn has_said(&self) -> bool {
        let said = self.lock();
        said.revoked || said.assigned.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().expect("nobody panics holding it")
    }
}

impl ClientContext for Group {
    fn error(&self, error: KafkaError, reason: &str) {
        watch::broker_error();
        warn!(%error, reason, "The brokers, or the way there.");
    }
}

impl ConsumerContext for Group {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Revoke(list) => {
                let is_lost = consumer.assignment_lost();
                info!(partitions = list.count(), is_lost, "Partitions are given back.");
                watch::rebalanced(if is_lost { "lost" } else { "revoked" });
                self.owned.lock().expect("it is not held while the consumer is asked").release();
                let mut said = self.lock();
                (said.assigned, said.revoked) = (None, true);
            }
            Rebalance::Assign(_) => {}
            Rebalance::Error(error) => warn!(%error, "The group cannot be balanced."),
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            let elements = list.elements();
            let assigned =
                elements.iter().map(|element| (element.topic().to_owned(), element.partition().cast_unsigned()));
            self.lock().assigned = Some(assigned.collect());
            watch::rebalanced("assigned");
        }
    }
}
