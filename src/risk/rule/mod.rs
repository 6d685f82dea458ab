//! Rules without code: what an analyst writes into a rule set under `[[rules]]`, beside the typologies. A rule combines
//! indicators with `all`, `any` and `not`, each held against a number, against the firm's own past or against its peers; it
//! is asked when a month has passed, and what it finds is reported under a typology of the contract, with the rule's own
//! code in the evidence.

mod ask;
mod cases;
mod check;
mod read;
mod text;
#[cfg(test)]
mod tests;
mod tree;

pub use ask::{Asked, Measures, ask, together};
pub(super) use cases::cases_of;
pub use cases::{Case, Given, Values, read_cases};
pub(super) use read::read_rules;
pub(super) use text::Template;
pub use tree::Mistake;
pub(super) use tree::{Tree, integer};

use super::indicators::Indicator;
use crate::model::Period;

/// The most rules of a rule set.
pub(super) const RULES_MAX: usize = 256;
/// The most comparisons of one rule.
pub(super) const COMPARISONS_MAX: usize = 32;
/// The most months of a firm's own past that a comparison looks back.
pub(super) const PAST_MONTHS_MAX: i64 = 36;

/// A rule of a rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its own name.
    pub code: Box<str>,
    /// What people call it, in Chinese.
    pub name_zh: Box<str>,
    /// The same in English.
    pub name_en: Box<str>,
    /// Code of the typology that it is reported under.
    pub typology: &'static str,
    /// Score of what it finds, 0 to 1000.
    pub score: u16,
    /// What is at stake: an indicator that counts money.
    pub stake: Option<&'static Indicator>,
    /// What it finds asks for this level at least.
    pub level_min: Option<u8>,
    /// What it finds does not lift a task above this level.
    pub level_max: Option<u8>,
    /// The first month that it is asked of.
    pub from: Option<Period>,
    /// The last.
    pub to: Option<Period>,
    /// Whether it is asked at every change of a month, and not only once the month has passed.
    pub at_once: bool,
    /// When it holds.
    pub when: Condition,
    /// Its sentence in Chinese.
    text_zh: Template,
    /// Its sentence in English.
    text_en: Template,
}

impl Rule {
    /// Whether it is asked of a month.
    pub fn is_of(&self, period: Period) -> bool {
        self.from.is_none_or(|from| from <= period) && self.to.is_none_or(|to| period <= to)
    }

    /// What stands in the evidence of what it finds, beside the numbers.
    pub fn evidence_name(&self) -> String {
        format!("{RULE_PREFIX}{}", self.code)
    }
}

/// How the name of a piece of evidence begins that says which rule found something.
pub const RULE_PREFIX: &str = "rule:";

/// When a rule holds. What cannot be measured holds neither way; so there is no `not` here: reading turns it inward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    /// One indicator and its limit.
    Compare(Comparison),
}

impl Condition {
    /// Every comparison in it, in the order they are written.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::comparisons).collect(),
            Self::Compare(comparison) => vec![comparison],
        }
    }
}

/// An indicator held against a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Which.
    pub indicator: &'static Indicator,
    /// On which side of the limit it speaks.
    pub side: Side,
    /// The limit: in the indicator's unit, or in basis points of `than`.
    pub limit: i64,
    /// What the limit is of.
    pub than: Reference,
}

/// On which side of its limit an indicator speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At it or above.
    AtLeast,
    /// Above it.
    Above,
    /// At it or below.
    AtMost,
    /// Below it.
    Below,
}

impl Side {
    /// Its name in a rule set.
    pub fn name(self) -> &'static str {
        match self {
            Self::AtLeast => "at_least",
            Self::Above => "above",
            Self::AtMost => "at_most",
            Self::Below => "below",
        }
    }

    /// As evidence says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "at least",
            Self::Above => "above",
            Self::AtMost => "at most",
            Self::Below => "below",
        }
    }

    /// What holds where this does not.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::AtLeast => Self::Below,
            Self::Above => Self::AtMost,
            Self::AtMost => Self::Above,
            Self::Below => Self::AtLeast,
        }
    }

    /// Whether a value is on this side of a limit.
    pub fn holds(self, value: i64, limit: i64) -> bool {
        match self {
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
            Self::AtMost => value <= limit,
            Self::Below => value < limit,
        }
    }
}

/// What a limit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A number of the rule set.
    Number,
    /// The mean of the firm's own values over so many months before.
    OwnPast(i32),
    /// A quantile of its peers' values of the month before.
    Peers(Quantile),
}

/// A quantile of peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "one for each number that peers tell")]
pub enum Quantile {
    P10,
    P25,
    Median,
    P75,
    P90,
}

impl Quantile {
    /// All, with their names in a rule set.
    pub const ALL: [(&'static str, Self); 5] = [
        ("peers_p10", Self::P10),
        ("peers_p25", Self::P25),
        ("peers_median", Self::Median),
        ("peers_p75", Self::P75),
        ("peers_p90", Self::P90),
    ];

    /// Its name in a rule set.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("peers", |(name, _)| name)
    }
}
