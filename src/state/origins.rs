//! Origins in a taxpayer's books: each has a row, and an ordinal that stands for it in blends. Whose an ordinal is, and how
//! much of each origin went to a buyer, is kept by the page: a sale draws on many origins at once, and its buyer on the
//! same ones again and again.

use serde::{Deserialize, Serialize};

use super::books::Books;
use super::key::Key;
use super::row::Beyond;
use crate::model::{Fen, Id, TaxpayerId};
use crate::provenance::Ordinal;

/// Ordinals to a page.
const PAGE: u32 = 64;

/// An origin in a taxpayer's books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginRow {
    /// What stands for it.
    pub ordinal: Ordinal,
    /// Fewest invoices between it and the keeper.
    pub hops: u8,
    /// Through which neighbour it first came so near.
    pub via: TaxpayerId,
    /// Tax that came from it, net of what voids and red letters took back.
    pub taken: Fen,
    /// Of that, deducted, net of reversals.
    pub deducted: Fen,
    /// Origins whose value came in its name and stands accused, itself among them: see [`super::TaintVisit`].
    pub accused: u32,
}

impl OriginRow {
    /// Whether value under its name is accused: its own, or that of others it stood for.
    pub fn accuses(&self) -> bool {
        self.accused > 0
    }
}

/// Whose the ordinals of a page are, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginNames(pub Vec<TaxpayerId>);

/// Value of one origin that went to one buyer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Named as the origin's in vectors sent; for the own origin, net of what was settled.
    pub direct: Fen,
    /// Sent in the keeper's own name, and settled later by this origin's value.
    pub settled: Fen,
}

/// Value of a page's origins that went to one buyer, by ordinal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedPage(Vec<(Ordinal, Passed)>);

impl PassedPage {
    /// What went there of one origin; `None` where nothing ever did.
    pub fn of(&self, origin: Ordinal) -> Option<Passed> {
        self.0.binary_search_by_key(&origin, |entry| entry.0).ok().map(|at| self.0[at].1)
    }

    /// Each origin of which something went there.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, Passed)> {
        self.0.iter().copied()
    }

    fn edit(&mut self, origin: Ordinal) -> &mut Passed {
        let at = self.0.binary_search_by_key(&origin, |entry| entry.0).unwrap_or_else(|at| {
            self.0.insert(at, (origin, Passed::default()));
            at
        });
        &mut self.0[at].1
    }
}

impl Key {
    /// Where it is kept what of an origin went to a buyer.
    pub fn passed(origin: Ordinal, buyer: Id) -> Self {
        Self::Passed(origin.0 / PAGE, buyer)
    }
}

impl Books<'_> {
    /// The ordinal of an origin, where it has one.
    pub fn ordinal(&mut self, origin: TaxpayerId) -> Option<Ordinal> {
        self.find::<OriginRow>(&Key::Origin(origin)).map(|row| row.ordinal)
    }

    /// Whose an ordinal is. Not for [`Ordinal::OWN`], which is the keeper's, nor for one that was never given out.
    pub fn origin_of(&mut self, ordinal: Ordinal) -> Option<TaxpayerId> {
        let names = self.find::<OriginNames>(&Key::OriginNames(ordinal.0 / PAGE))?;
        names.0.get((ordinal.0 % PAGE) as usize).copied()
    }

    /// The row of an origin, to be changed; made where there is none, with the ordinal that `next` then gives out.
    pub fn edit_origin(&mut self, origin: TaxpayerId, next: impl FnOnce() -> Ordinal) -> (&mut OriginRow, bool) {
        if !self.has(&Key::Origin(origin)) {
            let ordinal = next();
            let (names, _) = self.edit_or_new::<OriginNames>(Key::OriginNames(ordinal.0 / PAGE));
            // The first page has a place for the keeper, who is 0 and is not named.
            names.0.resize((ordinal.0 % PAGE) as usize, Id::EMPTY);
            names.0.push(origin);
            self.put(Key::Origin(origin), OriginRow { ordinal, ..OriginRow::default() });
            return (self.edit(&Key::Origin(origin)).expect("it was just put there"), true);
        }
        (self.edit(&Key::Origin(origin)).expect("it was just seen"), false)
    }

    /// What of an origin went to a buyer; `None` where nothing ever did.
    pub fn passed(&mut self, origin: Ordinal, buyer: TaxpayerId) -> Option<Passed> {
        self.find::<PassedPage>(&Key::passed(origin, buyer))?.of(origin)
    }

    /// The same, to be changed.
    pub fn edit_passed(&mut self, origin: Ordinal, buyer: TaxpayerId) -> &mut Passed {
        self.edit_or_new::<PassedPage>(Key::passed(origin, buyer)).0.edit(origin)
    }

    /// Up to `limit` buyers after one, in the order of their ids, to whom something went of an origin's page: each with
    /// what of the origin did.
    pub fn buyers_of(&mut self, origin: Ordinal, after: Id, limit: usize) -> Vec<(TaxpayerId, Option<Passed>)> {
        let from = Key::passed(origin, after);
        let keys = self.scan(&from, &Key::passed(origin, Id::LAST), limit.saturating_add(1));
        let keys = keys.into_iter().filter(|key| after.is_empty() || *key != from).take(limit);
        keys.filter_map(|key| {
            let Key::Passed(_, buyer) = key else { return None };
            Some((buyer, self.find::<PassedPage>(&key)?.of(origin)))
        })
        .collect()
    }
}

impl Beyond for OriginRow {}
impl Beyond for OriginNames {
    fn beyond_bytes(&self) -> usize {
        self.0.capacity() * size_of::<TaxpayerId>()
    }
}
impl Beyond for PassedPage {
    fn beyond_bytes(&self) -> usize {
        self.0.capacity() * size_of::<(Ordinal, Passed)>()
    }
}
