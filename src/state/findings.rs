//! Rows of a taxpayer about what is found: findings, the task that merges them, accusations that reached it.

use serde::{Deserialize, Serialize};

use super::books::Books;
use super::key::Key;
use super::origins::OriginRow;
use super::row::Beyond;
use crate::model::{Fen, Flag, Id, Layers, Signal, Task, TaxpayerId};
use crate::provenance::Ordinal;

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

/// An accusation that stands with the keeper, in one name; there is none where nobody tells of any value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaintVisit {
    /// The keeper's own number of it: no other has it, of whatever accusation in whatever name.
    pub number: u32,
    /// Under which version of which case.
    pub flag: Flag,
    /// See [`crate::model::Taint::parts`]: the sum over all who told, under this version.
    pub parts: Layers,
    /// What of the value in the name it was when the keeper last told all its buyers.
    pub followed: Share,
    /// Who told of the nearest way.
    pub via: TaxpayerId,
    /// With which amounts it is counted in [`Tainted`].
    pub counted: (Fen, Fen),
}

impl TaintVisit {
    /// How much of what was taken in the name, so much of it all in all, is the origin's: in its own name all of it.
    pub fn share(&self, is_own: bool, taken: Fen) -> Share {
        if is_own { Share::all_from(self.parts.fewest()) } else { Share::told(&self.parts, taken) }
    }
}

/// What one seller last told of an accused origin's value in a name: see [`crate::model::Taint::parts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaintTold {
    /// The number of the [`TaintVisit`] that it is counted in.
    pub visit: u32,
    /// Under which version of the accusation.
    pub version: u32,
    /// How much.
    pub parts: Layers,
}

/// What the keeper last told one buyer of an accused origin's value: the other side of [`TaintTold`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaintSent {
    /// Under which accusation.
    pub flag: Flag,
    /// By name, in their order: how much, as the buyer has it.
    pub parts: Vec<(TaxpayerId, Layers)>,
}

/// How much of the value in a name is an accused origin's, by the invoices it came over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Of `whole`, what came over at most so many.
    summed: Layers,
    whole: Fen,
}

impl Share {
    /// All of it, which is what is in the origin's own name, from so many invoices on.
    pub fn all_from(hops: u8) -> Self {
        Self { summed: Layers::one(hops, Fen(1)).summed(), whole: Fen(1) }
    }

    /// Of what was taken in another's name, so much as was told.
    pub fn told(parts: &Layers, taken: Fen) -> Self {
        Self { summed: parts.summed().map(|tax| tax.min(taken)), whole: taken }
    }

    /// The origin's, of so much tax in the name: what came over at most so many invoices.
    fn summed(&self, tax: Fen) -> Layers {
        self.summed.map(|part| tax.share(part, self.whole))
    }

    /// The origin's, of so much tax in the name.
    pub fn of(&self, tax: Fen) -> Layers {
        self.summed(tax).parted()
    }

    /// Whether another is more or less, of any that came over at most so many invoices, by at least one in `parts` of the
    /// larger of the two.
    pub fn differs_by(&self, other: &Self, parts: i64) -> bool {
        let wide = |part: Fen, whole: Fen| i128::from(part.0) * i128::from(whole.0.max(1));
        self.summed.iter().zip(other.summed.iter()).any(|((_, this), (_, that))| {
            let (one, two) = (wide(this, other.whole), wide(that, self.whole));
            one != two && (one - two).abs().saturating_mul(parts.into()) >= one.max(two)
        })
    }

    /// By how much of so much tax in the name another is more or less, of any that came over at most so many invoices.
    pub fn apart(&self, other: &Self, tax: Fen) -> Fen {
        let (one, two) = (self.summed(tax), other.summed(tax));
        one.iter().zip(two.iter()).map(|((_, one), (_, two))| (one - two).abs()).max().unwrap_or_default()
    }
}

/// A name in which value of an accused origin is in the keeper's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccusedName {
    /// Whose name.
    pub named: TaxpayerId,
    /// What stands for it.
    pub ordinal: Ordinal,
    /// What of the value in it is the origin's.
    pub share: Share,
    /// The accusation.
    pub flag: Flag,
    /// Fewest invoices between the origin and the keeper.
    pub hops: u8,
    /// From whom it came by so few.
    pub via: TaxpayerId,
}

impl Books<'_> {
    /// What of the value in a name is an accused origin's; `None` where nobody tells of any.
    pub fn accused_name(&mut self, origin: TaxpayerId, named: TaxpayerId) -> Option<AccusedName> {
        let visit = self.find::<TaintVisit>(&Key::Taint { origin, named }).copied()?;
        let row = self.find::<OriginRow>(&Key::Origin(named))?;
        let (hops, share) = (visit.parts.fewest(), visit.share(named == origin, row.taken));
        Some(AccusedName { named, ordinal: row.ordinal, share, flag: visit.flag, hops, via: visit.via })
    }

    /// Value of an accused origin under all names; under none where it does not stand accused.
    pub fn tainted(&mut self, origin: TaxpayerId) -> Tainted {
        self.find::<Tainted>(&Key::Tainted(origin)).copied().unwrap_or_default()
    }

    /// The names in which value of an accused origin is in these books: at most `limit`.
    pub fn accused_names(&mut self, origin: TaxpayerId, limit: usize) -> Vec<AccusedName> {
        let from = Key::Taint { origin, named: Id::EMPTY };
        let keys = self.scan(&from, &Key::Taint { origin, named: Id::LAST }, limit);
        let named = |key| if let Key::Taint { named, .. } = key { Some(named) } else { None };
        keys.into_iter().filter_map(named).filter_map(|named| self.accused_name(origin, named)).collect()
    }
}

/// Value of one accused origin in the keeper's books: the sum over all names in which it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tainted {
    /// Names under which it came.
    pub names: u32,
    /// The latest accusation: its case.
    pub case_id: Id,
    /// Its version.
    pub version: u32,
    /// Fewest invoices between the origin and the keeper.
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
impl Beyond for TaintTold {}
impl Beyond for TaintSent {
    fn beyond_bytes(&self) -> usize {
        self.parts.capacity() * size_of::<(TaxpayerId, Layers)>()
    }
}
impl Beyond for Tainted {}
