//! Rows that any kind of entity may have, and those of the clock and of control.

use serde::{Deserialize, Serialize};

use super::row::Beyond;
use crate::model::{Date, Fingerprint, Instant, Period, Position, Timer};

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
    /// How firms older than the journal are told, for good: by the rules in force at its first invoice.
    pub opening: Opening,
}

/// Which firms are older than the journal, and which months are its first: what such a firm lacks in those is stock from
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Firms registered up to then, and those of which that is not known, are older.
    pub firms_until: Instant,
    /// Months before this one are the first.
    pub until: Period,
}

impl Opening {
    /// Of a journal that begins with an invoice of this time, given so many months.
    pub fn of(journal_began: Instant, months: i64) -> Self {
        let firms_until = journal_began.plus_days(-MONTH_DAYS * months);
        // A journal that begins with the second half of a month has its first full month after that.
        let until = journal_began.plus_days(MONTH_DAYS / 2).period();
        Self { firms_until, until: until.minus(-i32::try_from(months).unwrap_or(i32::MAX)) }
    }

    /// Before any rules.
    pub const NEVER: Self = Self { firms_until: Instant::NEVER, until: Period(i32::MIN) };

    /// Whether a month is one of the journal's first, whoever asks; before its first invoice any is.
    pub fn is_first(self, month: Period) -> bool {
        self.until == Self::NEVER.until || month < self.until
    }

    /// Whether what a firm lacks in a month is stock from before the journal.
    pub fn covers(self, registered_on: Option<Date>, month: Period) -> bool {
        self.is_older(registered_on) && month < self.until
    }

    /// Whether a firm is older than the journal.
    pub fn is_older(self, registered_on: Option<Date>) -> bool {
        registered_on.is_none_or(|on| on.start() <= self.firms_until)
    }
}

/// A month of `opening_months`.
const MONTH_DAYS: i64 = 30;

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
