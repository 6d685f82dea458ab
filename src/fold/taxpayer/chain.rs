//! What the cases of accused origins are told: the totals in these books, and how much went to whom. Whatever changes
//! either, a sale, a void, a red letter or a settlement, is told when the step ends; what has become too little to be
//! followed is told as nothing, so that the case forgets it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Step;
use crate::model::{Continue, Edge, Entity, Fen, Flag, Id, Message, Report, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{AccusedName, Key, OriginRow, Partner, Passed, Share, Side, Tainted};

/// Accused origins that one step tells of.
const ORIGINS_PER_STEP: usize = 64;
/// From so many messages on, a step leaves what is still to be told to a later one.
const TOLD_PER_STEP: usize = crate::fold::EFFECTS_MAX / 2;
/// Names under which one origin's value is told to its case: a buyer of more firms that stood for it is told of by these.
const NAMES_MAX: usize = 256;

impl Step<'_> {
    /// The names in which value of an accused origin is in these books, at most [`NAMES_MAX`].
    pub(super) fn names_of(&mut self, origin: TaxpayerId) -> Vec<AccusedName> {
        if origin != self.books.entity.id {
            return self.books.accused_names(origin, NAMES_MAX);
        }
        let (ordinal, share, via) = (Ordinal::OWN, Share::ALL, Id::EMPTY);
        let own = |flag| AccusedName { named: origin, ordinal, share, flag, hops: 0, via };
        self.profile.flag.map(own).into_iter().collect()
    }

    /// The way to a buyer, to whom so much of an accused origin's value went in all its names; none where it is too little
    /// to be followed, so that the case forgets what it was told before.
    pub(super) fn edge(&mut self, tax: Fen, buyer: TaxpayerId) -> Edge {
        let tax = if tax < self.rules.limits.taint_tax_min() { Fen::ZERO } else { tax };
        let partner = self.books.find::<Partner>(&Key::Partner(Side::Sold, buyer)).copied().unwrap_or_default();
        Edge { to: buyer, tax, invoices: partner.totals.count, first_at: partner.first_at, last_at: partner.last_at }
    }

    /// Value that began here, of which a case against this taxpayer is.
    pub(super) fn begun(&self) -> Fen {
        Fen(self.profile.ledger.originated - self.profile.ledger.opening)
    }

    /// Tells buyers and cases what this step has changed: how much of accused value went to whom, by sales, voids, red
    /// letters and settlements, and, where this taxpayer stands accused itself, how much began here.
    pub(super) fn report_moved(&mut self, begun_before: Fen) {
        let moved: Vec<_> = std::mem::take(&mut self.moved).into_iter().collect();
        self.report_edges(&moved, Id::EMPTY);
        let told = moved.iter().any(|((ordinal, _), _)| *ordinal == Ordinal::OWN);
        if let (Some(flag), false) = (self.profile.flag, told || begun_before == self.begun()) {
            self.report(self.books.entity.id, flag, true, 0, Vec::new());
        }
    }

    /// Tells some buyers, and the cases of accused origins, how much of their value now went there, given what of which
    /// name moved and what had gone there before; of each name from the origin after `after` on.
    pub(super) fn report_edges(&mut self, moved: &[((Ordinal, TaxpayerId), Passed)], after: TaxpayerId) {
        let mut told: BTreeMap<TaxpayerId, (Vec<AccusedName>, BTreeMap<TaxpayerId, Fen>)> = BTreeMap::new();
        for ((ordinal, buyer), before) in moved.iter().copied() {
            let named = self.origin(ordinal);
            let mut last = after;
            for origin in self.origins_behind(ordinal, named, after) {
                let full = told.len() >= ORIGINS_PER_STEP && !told.contains_key(&origin);
                if full || self.effects.messages.len() >= TOLD_PER_STEP {
                    let Passed { direct, settled } = before;
                    self.go_on(Continue::Edges { named, buyer, direct, settled, after: last, at: self.now });
                    break;
                }
                last = origin;
                let (behind, buyers) = match told.entry(origin) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert((self.names_of(origin), BTreeMap::new())),
                };
                if let Entry::Vacant(new) = buyers.entry(buyer) {
                    new.insert(self.tell_moved(origin, behind, buyer, moved));
                }
            }
        }
        for (origin, (_, buyers)) in told {
            let Some(flag) = self.flag_of(origin) else { continue };
            let edges = buyers.into_iter().map(|(buyer, tax)| self.edge(tax, buyer)).collect();
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
        let Tainted { case_id, version, names, .. } = self.books.tainted(origin);
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
            let value = self.books.tainted(origin);
            (if value.names > 0 { value.hops } else { hops }, value.taken, value.deducted)
        };
        let report = Report { origin, flag, standing, taxpayer_id: this, hops, taken, deducted, edges, at: self.now };
        self.send(Entity::case(flag.case_id), Message::Report(Box::new(report)));
    }
}
