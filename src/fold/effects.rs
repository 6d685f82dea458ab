//! What one step leads to.

use crate::model::{DeadLetter, Entity, Event, Message, Output, Position, Record, Source};

/// The most effects one step may have; what is left goes on by a message to itself.
pub const EFFECTS_MAX: usize = 1_024;

/// What became of a fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It is folded.
    #[default]
    Accepted,
    /// The same was folded before: nothing changed, and it does not belong in the journal.
    Duplicate,
    /// Another of the same identity was folded before: that one stands, this one is a dead letter.
    Conflicting,
    /// It goes beyond a limit and is a dead letter.
    Refused,
}

/// What one step leads to, in the order it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// What became of the fact; `Accepted` for all other records.
    pub verdict: Verdict,
    /// To other entities, or to itself later.
    pub messages: Vec<(Entity, Message)>,
    /// To the outside.
    pub outputs: Vec<Output>,
}

impl Effects {
    /// Forgets what an earlier step said, and keeps the room.
    pub fn clear(&mut self) {
        self.verdict = Verdict::Accepted;
        self.messages.clear();
        self.outputs.clear();
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.messages.len() + self.outputs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Judges a fact whose identity was seen before: a duplicate, or a conflict that becomes a dead letter.
    pub(super) fn seen(&mut self, record: &Record, source: Source, event: &Event, first: Seen) {
        if first.fingerprint == event.fingerprint {
            self.verdict = Verdict::Duplicate;
            return;
        }
        self.verdict = Verdict::Conflicting;
        let reason = format!(
            "this {} has the identity of the one at journal position {}, and other content; the first stands",
            event.fact.type_name(),
            first.position
        );
        self.outputs.push(dead_letter(record, source, "conflicting", reason, Some(first.position)));
    }

    /// Refuses a fact that goes beyond a limit.
    pub(super) fn refuse(&mut self, record: &Record, source: Source, code: &str, reason: String) {
        self.verdict = Verdict::Refused;
        self.outputs.push(dead_letter(record, source, code, reason, None));
    }
}

/// An earlier fact of the same identity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) fingerprint: crate::model::Fingerprint,
    pub(super) position: Position,
}

fn dead_letter(record: &Record, source: Source, code: &str, reason: String, first: Option<Position>) -> Output {
    Output::DeadLetter(Box::new(DeadLetter {
        source,
        code: code.into(),
        reason: reason.into(),
        first,
        position: record.root.position(),
        bytes: "".into(),
    }))
}
