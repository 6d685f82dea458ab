//! What became of the rows of an input.

use serde::{Deserialize, Serialize};

use crate::fold::Verdict;

/// Counts of rows; each row counts as its first event does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Events, of which a row may make several.
    pub events: u64,
    /// Rows of the input.
    pub rows: u64,
    /// Rows folded.
    pub accepted: u64,
    /// Rows that said again what was said before.
    pub duplicates: u64,
    /// Rows that contradict an earlier one: dead letters, counted here alone.
    pub conflicting: u64,
    /// Rows that could not be used for another reason.
    pub dead_letters: u64,
}

impl Counters {
    /// Counts one event.
    pub(super) fn count(&mut self, row_head: bool, verdict: Verdict) {
        self.events += 1;
        if !row_head {
            return;
        }
        self.rows += 1;
        match verdict {
            Verdict::Accepted => self.accepted += 1,
            Verdict::Duplicate => self.duplicates += 1,
            Verdict::Conflicting => self.conflicting += 1,
            Verdict::Refused => self.dead_letters += 1,
        }
    }

    /// What the same input counts when all of it has been folded before.
    #[must_use]
    pub fn repeated(&self) -> Self {
        Self { accepted: 0, duplicates: self.accepted + self.duplicates, ..*self }
    }

    /// Adds another count to this one.
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.rows += other.rows;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.conflicting += other.conflicting;
        self.dead_letters += other.dead_letters;
    }
}
