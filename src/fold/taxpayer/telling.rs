//! Who is told of an accused origin's value: each buyer to whom enough of it went, of each name how much, all in all. What a
//! buyer was told is kept, so that it is told again when that is no longer so, and only then, whatever has moved it since.

use std::collections::BTreeMap;

use super::Step;
use crate::model::{Continue, Edge, Entity, Fen, Flag, Id, Layers, Message, Taint, TaxpayerId};
use crate::state::{AccusedName, Key, Partner, Side, TaintSent};

/// Buyers that one step tells: each of the names that changed, and its case of the way to it.
const BUYERS_PER_STEP: usize = 256;

/// What of an origin's value went to a buyer, by the name in which it did, as the buyer has it.
type Parts = BTreeMap<TaxpayerId, Layers>;

impl Step<'_> {
    /// Goes through the buyers to whom accused value went, from the one after `after` on: tells them, or lifts what they
    /// were told; and tells the case.
    pub(super) fn follow(&mut self, taint: &Taint, after: TaxpayerId) {
        if !taint.standing {
            self.lift(taint, after);
            return;
        }
        let Some(ordinal) = self.ordinal(taint.named) else { return };
        let names = self.names_of(taint.origin);
        let mut edges = Vec::new();
        let mut last = after;
        let mut more = false;
        for (told, (buyer, passed)) in self.books.buyers_of(ordinal, after, BUYERS_PER_STEP + 1).into_iter().enumerate()
        {
            more = told == BUYERS_PER_STEP || !self.has_room();
            if more {
                break;
            }
            last = buyer;
            if passed.is_some() {
                edges.extend(self.tell(taint.origin, &names, buyer));
            }
        }
        // A source's case begins with it, whoever is told.
        if !edges.is_empty() || taint.origin == self.books.entity.id {
            let flag = self.flag_of(taint.origin).unwrap_or(taint.flag);
            self.report(taint.origin, flag, true, edges);
        }
        if more {
            self.go_on(Continue::Taint { taint: Box::new(*taint), after: last });
        }
    }

    /// Tells a buyer what of an accused origin's value went to it, by whatever name, where it knows otherwise: all of it,
    /// once that is enough to be told, and that there is nothing where it is no longer. Returns the way there, where its
    /// case is to know of it, or to forget it.
    pub(super) fn tell(&mut self, origin: TaxpayerId, names: &[AccusedName], buyer: TaxpayerId) -> Option<Edge> {
        let mut parts = self.parts(names, buyer);
        let key = Key::TaintSent { origin, buyer };
        let sent = self.books.find::<TaintSent>(&key);
        if parts.is_empty() && sent.is_none() {
            return None;
        }
        let sent = sent.cloned().unwrap_or_default();
        // Never behind what was told before: it would be taken for a word of long ago.
        let flags = names.iter().map(|name| name.flag).chain([sent.flag]);
        let flag = flags.max_by_key(|flag| flag.version).unwrap_or_default();
        let tax = parts.values().map(Layers::total).sum();
        for (named, layers) in &mut parts {
            let before = sent.parts.iter().find(|part| part.0 == *named).filter(|_| sent.flag == flag);
            match before {
                // In the origin's own name all of it is the origin's, however much is told.
                Some((_, before)) if *named == origin && before.fewest() == layers.fewest() => *layers = *before,
                Some((_, before)) if before == layers => {}
                _ => self.tell_of(origin, flag, buyer, *named, *layers),
            }
        }
        for (named, _) in sent.parts.iter().filter(|(named, _)| !parts.contains_key(named)) {
            self.tell_of(origin, flag, buyer, *named, Layers::NONE);
        }
        let parts: Vec<_> = parts.into_iter().collect();
        if parts.is_empty() {
            self.books.remove(&key);
        } else if parts != sent.parts || flag != sent.flag {
            self.books.put(key, TaintSent { flag, parts });
        }
        Some(self.edge(tax, buyer))
    }

    /// What of an accused origin's value went to a buyer, by the name in which it did: directly in the name it came in, or,
    /// where it settled sales of the keeper's own, in the keeper's. Nothing where it is too little to be told.
    fn parts(&mut self, names: &[AccusedName], buyer: TaxpayerId) -> Parts {
        let this = self.books.entity.id;
        let mut parts = Parts::new();
        for name in names {
            let passed = self.books.passed(name.ordinal, buyer).unwrap_or_default();
            // What was settled went under the keeper's own name, and is the settling origin's all the same: also the
            // keeper's own, which had come back.
            for (named, tax) in [(name.named, passed.direct), (this, passed.settled)] {
                if tax > Fen::ZERO {
                    *parts.entry(named).or_default() += name.share.of(tax);
                }
            }
        }
        // What is told of value that came over so many invoices rests on what came over no more of them.
        let limits = &self.rules.limits;
        let mut sum = Fen::ZERO;
        let enough = (0..limits.taint_hops_max).find(|hops| {
            sum += parts.values().map(|layers: &Layers| layers.at(*hops)).sum();
            sum > Fen::ZERO && sum >= limits.taint_tax_min()
        });
        let Some(fewest) = enough else { return Parts::new() };
        for layers in parts.values_mut() {
            *layers = layers.within(fewest, limits.taint_hops_max - 1).onward();
        }
        parts.retain(|_, layers| *layers != Layers::NONE);
        parts
    }

    /// The way to a buyer, to whom so much of an accused origin's value went in all its names; nothing where it is too
    /// little to be told, so that the case forgets what it was told before.
    fn edge(&mut self, tax: Fen, buyer: TaxpayerId) -> Edge {
        let partner = self.books.find::<Partner>(&Key::Partner(Side::Sold, buyer)).copied().unwrap_or_default();
        Edge { to: buyer, tax, invoices: partner.totals.count, first_at: partner.first_at, last_at: partner.last_at }
    }

    fn tell_of(&mut self, origin: TaxpayerId, flag: Flag, buyer: TaxpayerId, named: TaxpayerId, parts: Layers) {
        let from = self.books.entity.id;
        // What is in a buyer's own name is its own there, and what it holds of that it has said itself.
        if buyer == from || buyer == named {
            return;
        }
        let taint = Taint { origin, flag, standing: true, named, parts, from, raised_at: self.now };
        self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(taint)));
    }

    /// Lifts what buyers were told of an accusation, from the one after `after` on.
    fn lift(&mut self, taint: &Taint, after: TaxpayerId) {
        let from = Key::TaintSent { origin: taint.origin, buyer: after };
        let to = Key::TaintSent { origin: taint.origin, buyer: Id::LAST };
        let keys = self.books.scan(&from, &to, BUYERS_PER_STEP + 2);
        let told = keys.into_iter().filter(|key| after.is_empty() || *key != from);
        let mut last = after;
        let mut more = false;
        let mut edges = Vec::new();
        for (lifted, key) in told.enumerate() {
            more = lifted == BUYERS_PER_STEP || !self.has_room();
            let Key::TaintSent { buyer, .. } = key else { continue };
            if more {
                break;
            }
            last = buyer;
            let sent = self.books.find::<TaintSent>(&key).cloned().unwrap_or_default();
            // What was told of a later accusation stays, as far as it is still so.
            if sent.flag.version > taint.flag.version {
                let names = self.names_of(taint.origin);
                edges.extend(self.tell(taint.origin, &names, buyer).map(|edge| (sent.flag, edge)));
                continue;
            }
            let this = self.books.entity.id;
            for (named, ..) in sent.parts.into_iter().filter(|(named, ..)| buyer != this && buyer != *named) {
                let onward = Taint { named, from: this, parts: Layers::NONE, ..*taint };
                self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(onward)));
            }
            self.books.remove(&key);
        }
        // The case of an accusation that is lifted keeps the way it went.
        self.report(taint.origin, taint.flag, false, Vec::new());
        // That of the later one hears what has become of it.
        if let Some((flag, _)) = edges.first().copied() {
            let edges = edges.into_iter().map(|(_, edge)| edge).collect();
            self.report(taint.origin, flag, true, edges);
        }
        if more {
            self.go_on(Continue::Taint { taint: Box::new(*taint), after: last });
        }
    }
}
