//! Rows of a taxpayer about what is found: findings, the task that merges them, accusations that reached it.

use serde::{Deserialize, Serialize};

use super::row::Beyond;
use crate::model::{Fen, Flag, Id, Signal, Task, TaxpayerId};

/// A finding that was made, as it was last published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalRow(pub Signal);

/// The orders in which findings that stand are kept, each under a name of its own in [`super::Key::Standing`]: what a task
/// says is read off their beginnings, however many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalOrder {
    /// Of one typology, largest score first; by its code.
    Score(&'static str),
    /// About months, largest stake first.
    MonthStake,
    /// Accusing the taxpayer as a source, by month.
    Accusing,
}

impl SignalOrder {
    /// Its name in a key. No code of a typology has a dash.
    pub fn name(self) -> Id {
        let text = match self {
            Self::Score(code) => code,
            Self::MonthStake => "month-stake",
            Self::Accusing => "accusing",
        };
        Id::parse(text).expect("codes are short words")
    }
}

/// Sums of tax at stake over findings that stand. Wider than an amount, so that they never saturate and can be taken off
/// again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stakes {
    /// Of findings about invoices.
    pub invoices: i128,
    /// Of findings about origins.
    pub origins: i128,
}

/// The task, as it was last published, and the sums behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow(pub Task, pub Stakes);

/// An accusation that reached the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaintVisit {
    /// Under which version of which case.
    pub flag: Flag,
    /// Whether it stands.
    pub standing: bool,
    /// See [`crate::model::Taint::part`]: the sum over all who told, under this version.
    pub part: Fen,
    /// See `part`.
    pub whole: Fen,
    /// Fewest invoices between the origin and the keeper.
    pub hops: u8,
    /// Whether it is counted in [`Tainted`], and with which amounts.
    pub counted: Option<(Fen, Fen)>,
}

/// Value of one accused origin in the keeper's books: the sum over all names in which it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tainted {
    /// Names under which the accusation stands.
    pub names: u32,
    /// The latest accusation: its case.
    pub case_id: Id,
    /// Its version.
    pub version: u32,
    /// Fewest invoices between the origin and the keeper, since it stands accused.
    pub hops: u8,
    /// The neighbour it came through so near.
    pub via: TaxpayerId,
    /// Taken, net of voids and red letters.
    pub taken: Fen,
    /// Of that, deducted, net of reversals.
    pub deducted: Fen,
}

impl Beyond for SignalRow {
    fn beyond_bytes(&self) -> usize {
        512 + self.0.text_zh.len() + self.0.text_en.len()
    }
}
impl Beyond for TaskRow {
    fn beyond_bytes(&self) -> usize {
        self.0.signals.len() * size_of::<Id>() + self.0.typologies.len() * 32
    }
}
impl Beyond for TaintVisit {}
impl Beyond for Tainted {}
