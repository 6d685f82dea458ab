//! What the cases of accused origins are told: the totals in these books, and how much went to whom. Whatever changes
//! either, a sale, a void, a red letter or a settlement, is told when the step ends; what has become too little to be
//! followed is told as nothing, so that the case forgets it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Step;
use crate::model::{Continue, Edge, Entity, Fen, Flag, Id, Message, Passage, Report, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{AccusedName, Key, OriginRow, Share, Tainted};

/// Of one origin: the names in which its value is here, and by buyer the way there, where its case is to know of it.
type Told = (Vec<AccusedName>, BTreeMap<TaxpayerId, Option<Edge>>);

/// Accused origins that one step tells of.
const ORIGINS_PER_STEP: usize = 64;
/// From so many messages on, a step leaves what is still to be told to a later one.
const TOLD_PER_STEP: usize = crate::fold::EFFECTS_MAX / 2;
/// Names under which one origin's value is told to its case: a buyer of more firms that stood for it is told of by these.
pub(super) const NAMES_MAX: usize = 256;

impl Step<'_> {
    /// The names in which value of an accused origin is in these books, at most [`NAMES_MAX`] of others. In the source's own
    /// books it is in its own, and in those of firms that stood for it, in which it came back.
    pub(super) fn names_of(&mut self, origin: TaxpayerId) -> Vec<AccusedName> {
        if origin != self.books.entity.id {
            return self.books.accused_names(origin, NAMES_MAX);
        }
        let Some(flag) = self.profile.flag else { return Vec::new() };
        let (ordinal, share, via) = (Ordinal::OWN, Share::all_from(0), Id::EMPTY);
        let mut names = self.books.accused_names(origin, NAMES_MAX);
        names.push(AccusedName { named: origin, ordinal, share, flag, hops: 0, via });
        names
    }

    /// Value that began here, of which a case against this taxpayer is.
    pub(super) fn begun(&self) -> Fen {
        Fen(self.profile.ledger.originated - self.profile.ledger.opening)
    }

    /// Tells buyers and cases what this step has changed: how much of accused value went to whom, by sales, voids, red
    /// letters and settlements, and, where this taxpayer stands accused itself, how much began here.
    pub(super) fn report_moved(&mut self, begun_before: Fen) {
        let this = self.books.entity.id;
        let moved = std::mem::take(&mut self.moved);
        let passages: Vec<_> =
            moved.into_iter().map(|(ordinal, buyer)| Passage { named: self.origin(ordinal), buyer }).collect();
        self.tell_moved(&passages, Id::EMPTY);
        let told = passages.iter().any(|passage| passage.named == this);
        if let (Some(flag), false) = (self.profile.flag, told || begun_before == self.begun()) {
            self.report(this, flag, true, Vec::new());
        }
    }

    /// Tells buyers, and the cases of accused origins, how much of their value went there; of the first from the origin
    /// after `after` on.
    pub(super) fn tell_moved(&mut self, passages: &[Passage], after: TaxpayerId) {
        let mut told: BTreeMap<TaxpayerId, Told> = BTreeMap::new();
        let mut last = after;
        'passages: for (at, Passage { named, buyer }) in passages.iter().copied().enumerate() {
            for origin in self.origins_behind(named, last) {
                let full = told.len() >= ORIGINS_PER_STEP && !told.contains_key(&origin);
                if full || self.effects.len() >= TOLD_PER_STEP {
                    self.go_on(Continue::Moved { passages: passages[at..].to_vec(), after: last, at: self.now });
                    break 'passages;
                }
                last = origin;
                let (names, buyers) = match told.entry(origin) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert((self.names_of(origin), BTreeMap::new())),
                };
                if let Entry::Vacant(new) = buyers.entry(buyer) {
                    new.insert(self.tell(origin, names, buyer));
                }
            }
            last = Id::EMPTY;
        }
        for (origin, (_, buyers)) in told {
            if let Some(flag) = self.flag_of(origin) {
                self.report(origin, flag, true, buyers.into_values().flatten().collect());
            }
        }
    }

    /// Accused origins whose value is in one name, in their order, those after `after`: at least one more than a step tells
    /// of, where there are so many.
    fn origins_behind(&mut self, named: TaxpayerId, after: TaxpayerId) -> Vec<TaxpayerId> {
        if named == self.books.entity.id {
            return self.profile.flag.filter(|_| after.is_empty()).map(|_| named).into_iter().collect();
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
    pub(super) fn flag_of(&mut self, origin: TaxpayerId) -> Option<Flag> {
        if origin == self.books.entity.id {
            return self.profile.flag;
        }
        let Tainted { case_id, version, names, .. } = self.books.tainted(origin);
        (names > 0).then_some(Flag { case_id, version })
    }

    /// Tells the case what changed in these books about an accused origin.
    pub(super) fn report_again(&mut self, origin: TaxpayerId) {
        if let Some(flag) = self.flag_of(origin).filter(|_| origin != self.books.entity.id) {
            self.report(origin, flag, true, Vec::new());
        }
    }

    /// Reports totals, and edges, to a case.
    pub(super) fn report(&mut self, origin: TaxpayerId, flag: Flag, standing: bool, edges: Vec<Edge>) {
        let this = self.books.entity.id;
        let (hops, taken, deducted) = if origin == this {
            (0, self.begun(), Fen::ZERO)
        } else {
            let value = self.books.tainted(origin);
            (value.hops, value.taken, value.deducted)
        };
        let report = Report { origin, flag, standing, taxpayer_id: this, hops, taken, deducted, edges, at: self.now };
        self.send(Entity::case(flag.case_id), Message::Report(Box::new(report)));
    }
}
