//! Messages on their way to the entity they are for: until the end of an epoch, or by the log.

use super::partitioner::partition_of;
use super::progress::Kept;
use crate::codec::{Refusal, journal};
use crate::model::{Entity, Instant, Kind, Message, Root};

/// A message that waits for the end of its epoch, or of a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Where its root stands in the order of the input.
    pub(super) sequence: u64,
    pub(super) root: Root,
    pub(super) parent: u32,
    pub(super) from: u32,
    pub(super) to: Entity,
    pub(super) message: Message,
}

impl Waiting {
    /// As turns write it.
    pub(super) fn write(&self) -> Kept {
        let mut message = Vec::new();
        journal::write_message(&self.to, &self.message, &mut message);
        Kept { root: self.root.0, parent: self.parent, from: self.from, message }
    }

    /// Where it is folded: a clock's and control's are those of the partition they come from.
    pub(super) fn partition(&self, partitions: u32) -> u32 {
        if matches!(self.to.kind, Kind::Clock | Kind::Control) { self.from } else { partition_of(&self.to, partitions) }
    }

    /// On its way by the log.
    pub(super) fn sent(self, at: Instant, partitions: u32) -> Sent {
        let partition = self.partition(partitions);
        let Self { root, to, message, .. } = self;
        Sent { partition, at, root, to, message }
    }

    /// Reads it back.
    pub(super) fn read(kept: &Kept) -> Result<Self, Refusal> {
        let (to, message) = journal::read_message(&mut kept.message.as_slice())?;
        Ok(Self { sequence: kept.root, root: Root(kept.root), parent: kept.parent, from: kept.from, to, message })
    }
}

/// A message to a partition of another process, or one that is to go round by the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) partition: u32,
    pub(super) at: Instant,
    pub(super) root: Root,
    pub(super) to: Entity,
    pub(super) message: Message,
}
