//! Who is told of an accused origin's value: each buyer to whom enough of it went, of each name how much, all in all. What a
//! buyer was told is kept, so that it is told again when that is no longer so, and only then, whatever has moved it since.

use std::collections::BTreeMap;

use super::Step;
use crate::model::{Continue, Edge, Entity, Fen, Flag, Id, Message, Taint, TaxpayerId};
use crate::state::{AccusedName, Key, Partner, Side, TaintSent};

/// Buyers that one step tells: each of the names that changed, and its case of the way to it.
const BUYERS_PER_STEP: usize = 256;

/// What of an origin's value went to a buyer, by the name in which it did: how much, and by how few invoices it had come.
type Parts = BTreeMap<TaxpayerId, (Fen, u8)>;

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
        let less_only = self.tells_less_only(taint.named);
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
                edges.extend(self.tell(taint.origin, &names, buyer, less_only));
            }
        }
        let flag = self.flag_of(taint.origin).unwrap_or(taint.flag);
        self.report(taint.origin, flag, true, taint.hops, edges);
        if more {
            self.go_on(Continue::Taint { taint: *taint, after: last });
        }
    }

    /// Tells a buyer what of an accused origin's value went to it, by whatever name, where it knows otherwise: all of it,
    /// once that is enough to be told, and that there is nothing where it is no longer. Returns the way there, where its
    /// case is to know of it, or to forget it. With `less_only` it is told of nothing that it does not know of already.
    pub(super) fn tell(
        &mut self,
        origin: TaxpayerId,
        names: &[AccusedName],
        buyer: TaxpayerId,
        less_only: bool,
    ) -> Option<Edge> {
        let mut parts = self.parts(names, buyer);
        let tax: Fen = parts.values().map(|part| part.0).sum();
        if tax < self.rules.limits.taint_tax_min() {
            parts.clear();
        }
        let key = Key::TaintSent { origin, buyer };
        let sent = self.books.find::<TaintSent>(&key);
        if parts.is_empty() && sent.is_none() {
            return None;
        }
        let sent = sent.cloned().unwrap_or_default();
        if less_only {
            // Of each name no more than was told, and of the way what was told of it.
            for (named, part) in &mut parts {
                let before = sent.parts.iter().find(|before| before.0 == *named);
                *part = before.map_or((Fen::ZERO, 0), |before| (part.0.min(before.1), before.2));
            }
            parts.retain(|_, part| part.0 > Fen::ZERO);
        }
        // Never behind what was told before: it would be taken for a word of long ago.
        let flags = names.iter().map(|name| name.flag).chain([sent.flag]);
        let flag = flags.max_by_key(|flag| flag.version).unwrap_or_default();
        let told: Vec<_> = parts
            .iter()
            .map(|(named, (tax, hops))| {
                let before = sent.parts.iter().find(|part| part.0 == *named).filter(|_| sent.flag == flag);
                // In the origin's own name all of it is the origin's, however much is told.
                match before {
                    Some(before) if *named == origin && before.2 == *hops => *before,
                    _ => (*named, *tax, *hops),
                }
            })
            .collect();
        for part in &told {
            if sent.flag != flag || !sent.parts.contains(part) {
                self.tell_of(origin, flag, buyer, *part);
            }
        }
        for (named, _, hops) in sent.parts.iter().filter(|(named, ..)| !parts.contains_key(named)) {
            self.tell_of(origin, flag, buyer, (*named, Fen::ZERO, *hops));
        }
        if told.is_empty() {
            self.books.remove(&key);
        } else if told != sent.parts || flag != sent.flag {
            self.books.put(key, TaintSent { flag, parts: told });
        }
        Some(self.edge(if parts.is_empty() { Fen::ZERO } else { tax }, buyer))
    }

    /// What of an accused origin's value went to a buyer, by the name in which it did: directly in the name it came in, or,
    /// where it settled sales of the keeper's own, in the keeper's.
    fn parts(&mut self, names: &[AccusedName], buyer: TaxpayerId) -> Parts {
        let this = self.books.entity.id;
        let mut parts = Parts::new();
        for name in names.iter().filter(|name| name.hops < self.rules.limits.taint_hops_max) {
            let passed = self.books.passed(name.ordinal, buyer).unwrap_or_default();
            let mut add = |named, tax: Fen| {
                if tax > Fen::ZERO {
                    let part = parts.entry(named).or_insert((Fen::ZERO, name.hops));
                    *part = (part.0 + tax, part.1.min(name.hops));
                }
            };
            add(name.named, name.share.of(passed.direct));
            // What was settled went under the keeper's own name, and is the settling origin's all the same: also the
            // keeper's own, which had come back.
            add(this, name.share.of(passed.settled));
        }
        parts
    }

    /// The way to a buyer, to whom so much of an accused origin's value went in all its names; nothing where it is too
    /// little to be told, so that the case forgets what it was told before.
    fn edge(&mut self, tax: Fen, buyer: TaxpayerId) -> Edge {
        let partner = self.books.find::<Partner>(&Key::Partner(Side::Sold, buyer)).copied().unwrap_or_default();
        Edge { to: buyer, tax, invoices: partner.totals.count, first_at: partner.first_at, last_at: partner.last_at }
    }

    fn tell_of(&mut self, origin: TaxpayerId, flag: Flag, buyer: TaxpayerId, part: (TaxpayerId, Fen, u8)) {
        let this = self.books.entity.id;
        let (named, part, hops) = part;
        // What is in a buyer's own name is its own there, and what it holds of that it has said itself.
        if buyer == this || buyer == named {
            return;
        }
        let (from, hops) = (this, hops.saturating_add(1));
        let taint = Taint { origin, flag, standing: true, named, part, from, hops, raised_at: self.now };
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
                edges.extend(self.tell(taint.origin, &names, buyer, false).map(|edge| (sent.flag, edge)));
                continue;
            }
            let this = self.books.entity.id;
            for (named, ..) in sent.parts.into_iter().filter(|(named, ..)| buyer != this && buyer != *named) {
                let onward = Taint { named, from: this, part: Fen::ZERO, hops: taint.hops.saturating_add(1), ..*taint };
                self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(onward)));
            }
            self.books.remove(&key);
        }
        // The case of an accusation that is lifted keeps the way it went.
        self.report(taint.origin, taint.flag, false, taint.hops, Vec::new());
        // That of the later one hears what has become of it.
        if let Some((flag, _)) = edges.first().copied() {
            let edges = edges.into_iter().map(|(_, edge)| edge).collect();
            self.report(taint.origin, flag, true, taint.hops, edges);
        }
        if more {
            self.go_on(Continue::Taint { taint: *taint, after: last });
        }
    }
}
