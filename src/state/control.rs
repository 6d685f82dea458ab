//! Rows that any kind of entity may have, and those of the clock and of control.

use serde::{Deserialize, Serialize};

use super::row::Beyond;
use crate::model::{Fingerprint, Instant, Position, Root, Timer};

/// A fact without a row of its own: kept to recognise it when it comes again, and as history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedFact {
    /// What it hashes to.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub position: Position,
    /// Event time.
    pub at: Instant,
    /// The event, as `codec::avro` writes it under its type's name.
    pub event: Vec<u8>,
}

/// A time somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerRow {
    /// What for.
    pub timer: Timer,
    /// Sequence of the input event that set it.
    pub root: Root,
}

/// The rule set in force in a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInForce {
    /// Its version.
    pub version: Box<str>,
    /// The document.
    pub document: Box<str>,
    /// From where on.
    pub since: Position,
    /// Event time of the first event of the journal: what is older than the journal is judged by it.
    pub journal_began: Instant,
}

impl Beyond for NotedFact {
    fn beyond_bytes(&self) -> usize {
        self.event.len()
    }
}
impl Beyond for TimerRow {}
impl Beyond for RulesInForce {
    fn beyond_bytes(&self) -> usize {
        self.version.len() + self.document.len()
    }
}
