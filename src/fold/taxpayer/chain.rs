//! What the cases of accused origins are told: the totals in these books, and how much went to whom. Whatever changes
//! either, a sale, a void, a red letter or a settlement, is told when the step ends; what has become too little to be
//! followed is told as nothing, so that the case forgets it.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;
use crate::model::{Continue, Edge, Entity, Fen, Flag, Id, Message, Report, TaxpayerId};
use crate::provenance::Ordinal;
use crate::risk;
use crate::state::{Key, OriginRow, Partner, Side, TaintVisit, Tainted};

/// Accused origins that one step tells of.
const ORIGINS_PER_STEP: usize = 64;
/// Names under which one origin's value is told to its case: a buyer of more firms that stood for it is told of by these.
const NAMES_MAX: usize = 256;

impl Step<'_> {
    /// The names in which value of an accused origin is in these books, at most [`NAMES_MAX`]: each with what of it is the
    /// origin's, as a part of a whole.
    pub(super) fn names_of(&mut self, origin: TaxpayerId) -> Vec<(Ordinal, Fen, Fen)> {
        if origin == self.books.entity.id {
            return vec![(Ordinal::OWN, Fen(1), Fen(1))];
        }
        let from = Key::Taint { origin, named: Id::EMPTY };
        let keys = self.books.scan(&from, &Key::Taint { origin, named: Id::LAST }, NAMES_MAX);
        let mut names = Vec::with_capacity(keys.len());
        for key in keys {
            let Key::Taint { named, .. } = key else { break };
            let visit = self.books.find::<TaintVisit>(&key).copied().filter(|visit| visit.standing);
            let row = self.books.find::<OriginRow>(&Key::Origin(named)).copied();
            if let (Some(visit), Some(row)) = (visit, row) {
                let own = named == origin;
                let (part, whole) = if own { (Fen(1), Fen(1)) } else { (visit.part.min(row.taken), row.taken) };
                names.push((row.ordinal, part, whole));
            }
        }
        names
    }

    /// Value of an accused origin that went to a buyer in all its names; none where it is too little to be followed, so
    /// that the case forgets what it was told before.
    pub(super) fn edge(&mut self, names: &[(Ordinal, Fen, Fen)], buyer: TaxpayerId) -> Edge {
        let mut tax = Fen::ZERO;
        for (ordinal, part, whole) in names {
            let passed = self.books.passed(*ordinal, buyer).unwrap_or_default();
            // What was settled went under the keeper's own name, and is the settling origin's all the same.
            let settled = if *ordinal == Ordinal::OWN { Fen::ZERO } else { passed.settled };
            tax += (passed.direct + settled).share(*part, *whole);
        }
        if tax < self.rules.limits.taint_tax_min() {
            tax = Fen::ZERO;
        }
        let partner = self.books.find::<Partner>(&Key::Partner(Side::Sold, buyer)).copied().unwrap_or_default();
        Edge { to: buyer, tax, invoices: partner.totals.count, first_at: partner.first_at, last_at: partner.last_at }
    }

    /// Value that began here, of which a case against this taxpayer is.
    pub(super) fn begun(&self) -> Fen {
        Fen(self.profile.ledger.originated - self.profile.ledger.opening)
    }

    /// Tells the cases what this step has changed: how much of accused value went to whom, by sales, voids, red letters
    /// and settlements, and, where this taxpayer stands accused itself, how much began here.
    pub(super) fn report_moved(&mut self, begun_before: Fen) {
        let moved: Vec<_> = std::mem::take(&mut self.moved).into_iter().collect();
        self.report_edges(&moved, Id::EMPTY);
        let told = moved.iter().any(|(ordinal, _)| *ordinal == Ordinal::OWN);
        if let (Some(flag), false) = (self.profile.flag, told || begun_before == self.begun()) {
            self.report(self.books.entity.id, flag, true, 0, Vec::new());
        }
    }

    /// Tells the cases of accused origins how much of their value now went to some buyers, given what of which name moved;
    /// of each name from the origin after `after` on.
    pub(super) fn report_edges(&mut self, moved: &[(Ordinal, TaxpayerId)], after: TaxpayerId) {
        let mut told: BTreeMap<TaxpayerId, BTreeSet<TaxpayerId>> = BTreeMap::new();
        for (ordinal, buyer) in moved.iter().copied() {
            let (named, _) = self.origin(ordinal);
            let mut last = after;
            for origin in self.origins_behind(ordinal, named, after) {
                if told.len() >= ORIGINS_PER_STEP && !told.contains_key(&origin) {
                    self.go_on(Continue::Edges { named, buyer, after: last, at: self.now });
                    break;
                }
                last = origin;
                told.entry(origin).or_default().insert(buyer);
            }
        }
        for (origin, buyers) in told {
            let Some(flag) = self.flag_of(origin) else { continue };
            let names = self.names_of(origin);
            let edges = buyers.into_iter().map(|buyer| self.edge(&names, buyer)).collect();
            self.report(origin, flag, true, 0, edges);
        }
    }

    /// Origins whose value is in one name and was ever accused, in their order, those after `after`: at least one more
    /// than a step tells of, where there are so many.
    fn origins_behind(&mut self, ordinal: Ordinal, named: TaxpayerId, after: TaxpayerId) -> Vec<TaxpayerId> {
        if ordinal == Ordinal::OWN {
            return vec![named];
        }
        let accuses = self.books.find::<OriginRow>(&Key::Origin(named)).is_some_and(OriginRow::accuses);
        if !accuses {
            return Vec::new();
        }
        let from = Key::TaintName { named, origin: after };
        let keys = self.books.scan(&from, &Key::TaintName { named, origin: Id::LAST }, ORIGINS_PER_STEP + 2);
        let origin = |key| if let Key::TaintName { origin, .. } = key { Some(origin) } else { None };
        keys.into_iter().filter_map(origin).filter(|origin| *origin != after).collect()
    }

    /// The accusation under which an origin stands in these books, in whatever name.
    fn flag_of(&mut self, origin: TaxpayerId) -> Option<Flag> {
        if origin == self.books.entity.id {
            return self.profile.flag;
        }
        let Tainted { case_id, version, names, .. } = risk::tainted(&mut self.books, origin);
        (names > 0).then_some(Flag { case_id, version })
    }

    /// Tells the case what changed in these books about an accused origin.
    pub(super) fn report_again(&mut self, origin: TaxpayerId) {
        if let Some(flag) = self.flag_of(origin).filter(|_| origin != self.books.entity.id) {
            self.report(origin, flag, true, 0, Vec::new());
        }
    }

    /// Reports totals, and edges, to a case. `hops` counts where the accusation is lifted and nothing else says.
    pub(super) fn report(&mut self, origin: TaxpayerId, flag: Flag, standing: bool, hops: u8, edges: Vec<Edge>) {
        let this = self.books.entity.id;
        let (hops, taken, deducted) = if origin == this {
            (0, self.begun(), Fen::ZERO)
        } else {
            let value = risk::tainted(&mut self.books, origin);
            (if value.names > 0 { value.hops } else { hops }, value.taken, value.deducted)
        };
        let report = Report { origin, flag, standing, taxpayer_id: this, hops, taken, deducted, edges, at: self.now };
        self.send(Entity::case(flag.case_id), Message::Report(Box::new(report)));
    }
}
