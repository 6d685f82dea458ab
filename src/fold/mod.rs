//! The fold: state and one record in, new state and effects out. No clock, no input or output, no chance; a bad record
//! is judged, never refused. Each kind of entity has its own folder or file, and knows its own rows only.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

mod case;
mod control;
mod effects;
mod epoch;
mod party;
mod peers;
mod register;
mod taxpayer;
mod timers;

pub use case::publish as published_case;
pub use effects::{EFFECTS_MAX, Effects, Verdict};
pub use epoch::{EPOCH_EVENTS_MAX, EPOCH_MS, EpochCutter, waiting_delivered, weight};

use crate::model::{Body, DeadLetter, Entity, Instant, Kind, Output, Record, Refused};
use crate::risk::{RuleSet, RulesError};
use crate::state::{Key, Opening, RowType, Rows, RulesInForce};

/// The rules in force in some rows are none to this program: going on without them would find other things than were found
/// before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "rule set {version}, in force where these rows stand, cannot be read: {error}; read them with the version of this \
     program that took it, or have that one publish rules this one knows"
)]
pub struct RulesInForceError {
    /// The rule set's version.
    pub version: Box<str>,
    /// What is wrong with it.
    pub error: RulesError,
}

/// What folding needs beside the rows: the rules in force, which are themselves a row.
#[derive(Clone, Debug)]
pub struct Fold {
    rules: RuleSet,
    opening: Opening,
    /// The last hour the clock has passed; the least of all times before the first.
    hour: Instant,
}

impl Fold {
    /// Goes on from the rows of a partition: with the rules in force there, or with none before any are published.
    pub fn open(rows: &mut dyn Rows) -> Result<Self, RulesInForceError> {
        let ticked = rows.get(&Entity::CLOCK, &Key::Ticked).and_then(|row| Instant::peek(row).copied());
        let hour = ticked.unwrap_or(Instant(i64::MIN));
        let in_force = rows.get(&Entity::CONTROL, &Key::Rules).and_then(|row| RulesInForce::peek(row));
        let Some(in_force) = in_force else {
            return Ok(Self { rules: RuleSet::silent(), opening: Opening::NEVER, hour });
        };
        let rules = RuleSet::parse(&in_force.document)
            .map_err(|error| RulesInForceError { version: in_force.version.clone(), error })?;
        Ok(Self { rules, opening: in_force.opening, hour })
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The last hour the clock has passed; the least of all times before the first.
    pub fn hour(&self) -> Instant {
        self.hour
    }

    /// Which firms are older than the journal, and which months are its first.
    pub fn opening(&self) -> Opening {
        self.opening
    }

    /// Folds one record into the rows of the entity it is addressed to. What it leads to is added to `effects`, whose
    /// verdict it sets.
    pub fn step(&mut self, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
        let before = effects.len();
        self.dispatch(rows, record, effects);
        assert!(
            effects.len() - before <= EFFECTS_MAX,
            "the step of {:?} {} at {} has {} effects",
            record.to.kind,
            record.to.id,
            record.position,
            effects.len() - before
        );
    }

    fn dispatch(&mut self, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
        effects.verdict = Verdict::Accepted;
        if let Body::Refused(refused) = &record.body {
            effects.outputs.push(dead(refused, record));
            return;
        }
        match record.to.kind {
            Kind::Taxpayer => taxpayer::step(self, rows, record, effects),
            Kind::Case => case::step(self, rows, record, effects),
            Kind::Clock => timers::step(self, rows, record, effects),
            Kind::Control => control::step(self, rows, record, effects),
            Kind::Party => party::step(rows, record, effects),
            Kind::Peers => peers::step(self, rows, record, effects),
            Kind::Grid | Kind::Organisation | Kind::Officer | Kind::Feedback => {
                register::step(rows, record, effects);
            }
        }
    }
}

fn dead(refused: &Refused, record: &Record) -> Output {
    Output::DeadLetter(Box::new(DeadLetter {
        source: refused.source,
        code: "unreadable".into(),
        reason: refused.reason.clone(),
        first: None,
        position: record.root.position(),
        bytes: refused.bytes.clone(),
    }))
}
