//! Accusations: raised against oneself as a source, and followed along recorded provenance, a bounded number of buyers at
//! a step. Under the origin's own name an accusation visits a taxpayer once per version; under the name of somebody who
//! stood for it, what each teller adds is summed. Value of an origin under all names is kept as one sum, counted again
//! whenever the books of one of its names change.

use super::{CHAIN_TYPOLOGY, Step};
use crate::model::{About, Continue, Entity, Fen, Flag, Id, Message, Taint, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{CaseHead, Key, OriginRow, Passed, TaintVisit, Tainted};

/// Buyers that one step tells: each may be told twice, and reported once.
const BUYERS_PER_STEP: usize = 256;
/// Accused origins behind one name that one step counts again.
const ORIGINS_PER_STEP: usize = 64;

impl Step<'_> {
    /// A finding accuses this taxpayer as a source, or the last such finding was withdrawn.
    pub(super) fn accuse(&mut self, standing: bool) {
        let this = self.books.entity.id;
        if standing {
            self.profile.flags += 1;
        }
        // Versions count up over all accusations of a taxpayer: odd ones stand, even ones are lifted.
        let version = 2 * self.profile.flags - u32::from(standing);
        let flag = Flag { case_id: CaseHead::id(CHAIN_TYPOLOGY, this, self.profile.flags), version };
        self.profile.flag = standing.then_some(flag);
        let taint = Taint {
            origin: this,
            flag,
            standing,
            named: this,
            part: Fen(1),
            whole: Fen(1),
            from: this,
            hops: 0,
            raised_at: self.now,
        };
        self.follow(&taint, Ordinal::OWN, Id::EMPTY);
    }

    /// An accusation arrives.
    pub(super) fn tainted(&mut self, taint: &Taint) {
        if taint.origin == self.books.entity.id {
            return;
        }
        let key = Key::Taint { origin: taint.origin, named: taint.named };
        let before = self.books.find::<TaintVisit>(&key).copied();
        // Who stood for the origin tells each share once: further ones of this version come beside it, or off it.
        let adds_to = before.filter(|visit| {
            let same = visit.flag.version == taint.flag.version && visit.standing && taint.standing;
            same && taint.named != taint.origin
        });
        if adds_to.is_none() && before.is_some_and(|visit| visit.flag.version >= taint.flag.version) {
            return;
        }
        let less = !taint.standing || taint.part < Fen::ZERO;
        if before.is_none() && less || adds_to.is_none() && taint.part < Fen::ZERO {
            return; // nothing is taken off where nothing was accused
        }
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(taint.named)) else { return };
        self.now = taint.raised_at;
        let (ordinal, taken, was) = (row.ordinal, row.taken, row.accuses());
        if taint.named == taint.origin {
            row.flag = taint.standing.then_some(taint.flag);
        } else {
            row.stands_for_others = true;
        }
        let is = row.accuses();
        self.profile.tainted_origins += u32::from(is && !was);
        self.profile.tainted_origins -= u32::from(was && !is);
        let Taint { flag, standing, part, whole, hops, .. } = *taint;
        let told = adds_to.map_or(Fen::ZERO, |visit| visit.part);
        let hops = adds_to.map_or(hops, |visit| visit.hops.min(hops));
        let counted = before.and_then(|visit| visit.counted);
        let known = (told + part).max(Fen::ZERO);
        self.books.put(key, TaintVisit { flag, standing, part: known, whole, hops, counted });
        self.books.put(Key::TaintName { named: taint.named, origin: taint.origin }, ());
        self.touch(About::Origin(taint.origin));
        self.recount(taint.origin, taint.named);
        // Nobody is told more than was taken.
        let news = if adds_to.is_some() { known.min(taken) - told.min(taken) } else { part };
        if news != Fen::ZERO || !standing {
            self.follow(&Taint { part: news, ..*taint }, ordinal, Id::EMPTY);
        }
    }

    /// Counts again, for each accused origin behind a name, how much of its value came so: the books of that name have
    /// changed.
    pub(super) fn recount_behind(&mut self, named: TaxpayerId, after: TaxpayerId) {
        let from = Key::TaintName { named, origin: after };
        let keys = self.books.scan(&from, &Key::TaintName { named, origin: Id::LAST }, ORIGINS_PER_STEP + 1);
        let mut last = after;
        for (counted, key) in keys.into_iter().enumerate() {
            let Key::TaintName { origin, .. } = key else { return };
            if origin == after && !after.is_empty() {
                continue;
            }
            if counted == ORIGINS_PER_STEP || self.touched.len() > ORIGINS_PER_STEP {
                self.go_on(Continue::Behind { named, after: last });
                return;
            }
            last = origin;
            self.recount(origin, named);
        }
    }

    /// Counts value of an origin again that came in one name: under its own all of it, under another's the amount that
    /// came so, however much more came since.
    fn recount(&mut self, origin: TaxpayerId, named: TaxpayerId) {
        let key = Key::Taint { origin, named };
        let Some(visit) = self.books.find::<TaintVisit>(&key).copied() else { return };
        let Some(row) = self.books.find::<OriginRow>(&Key::Origin(named)).copied() else { return };
        let taken = if named == origin { row.taken } else { visit.part.min(row.taken) };
        let counts = visit.standing.then(|| (taken, row.deducted.share(taken, row.taken)));
        let (mut total, _) = self.books.lift::<Tainted>(Key::Tainted(origin));
        if visit.counted != counts {
            let (before, now) = (visit.counted.unwrap_or_default(), counts.unwrap_or_default());
            total.taken += now.0 - before.0;
            total.deducted += now.1 - before.1;
            total.names += u32::from(counts.is_some());
            total.names -= u32::from(visit.counted.is_some());
            self.books.put(key, TaintVisit { counted: counts, ..visit });
            self.touch(About::Origin(origin));
        }
        if counts.is_some() {
            if visit.flag.version >= total.version {
                (total.version, total.case_id) = (visit.flag.version, visit.flag.case_id);
            }
            if total.via.is_empty() || visit.hops < total.hops || visit.hops == total.hops && named == origin {
                (total.hops, total.via) = (visit.hops, row.via);
            }
        }
        if total.names == 0 {
            self.books.remove(&Key::Tainted(origin));
        } else {
            self.books.put(Key::Tainted(origin), total);
        }
    }

    /// A step that had more to do goes on.
    pub(super) fn continued(&mut self, cursor: &Continue) {
        match cursor {
            Continue::Taint { taint, after } => {
                let ordinal = if taint.named == self.books.entity.id {
                    Some(Ordinal::OWN)
                } else {
                    self.books.ordinal(taint.named)
                };
                self.now = taint.raised_at;
                if let Some(ordinal) = ordinal {
                    self.follow(taint, ordinal, *after);
                }
            }
            Continue::Settle { left, issued_at } => self.settle_on(left, *issued_at),
            Continue::Reds { blue_no } => self.meet_more_reds(*blue_no),
            Continue::Unsettle { origin, tax, issued_at } => {
                self.now = *issued_at;
                let origin = self.take(*origin, Fen::ZERO, u8::MAX, Id::EMPTY);
                self.unsettle(origin, *tax, *issued_at);
            }
            Continue::Behind { named, after } => self.recount_behind(*named, *after),
            Continue::Bursts { after, at } => self.ask_more_bursts(*after, *at),
            Continue::Edges { named, buyer, after, at } => {
                self.now = *at;
                if let Some(ordinal) = self.books.ordinal(*named) {
                    self.report_edges(&[(ordinal, *buyer)], *after);
                }
            }
            Continue::Closing(closing) => self.close_months(closing),
            // The clock's own.
            Continue::Timers => {}
        }
    }

    /// Tells the buyers to whom the accused value went, from the one after `after` on, and the case.
    fn follow(&mut self, taint: &Taint, ordinal: Ordinal, after: TaxpayerId) {
        let buyers = self.books.buyers_of(ordinal, after, BUYERS_PER_STEP + 1);
        // The case of an accusation that is lifted keeps the way it went.
        let names = if taint.standing { self.names_of(taint.origin) } else { Vec::new() };
        let mut edges = Vec::new();
        let mut last = after;
        let mut more = false;
        for (told, (buyer, passed)) in buyers.into_iter().enumerate() {
            more = told == BUYERS_PER_STEP || !self.has_room();
            if more {
                break;
            }
            last = buyer;
            let Some(passed) = passed else { continue };
            self.tell(taint, ordinal, buyer, passed);
            if taint.standing {
                let edge = self.edge(&names, buyer);
                // What was never enough to be told is not told now, unless it has become less.
                edges.extend(Some(edge).filter(|edge| edge.tax > Fen::ZERO || taint.part < Fen::ZERO));
            }
        }
        self.report(taint.origin, taint.flag, taint.standing, taint.hops, edges);
        if more {
            self.go_on(Continue::Taint { taint: *taint, after: last });
        }
    }

    fn tell(&mut self, taint: &Taint, ordinal: Ordinal, buyer: TaxpayerId, passed: Passed) {
        let limits = &self.rules.limits;
        let (hops_max, tax_min) = (limits.taint_hops_max, limits.taint_tax_min());
        let this = self.books.entity.id;
        // What is lifted reaches everybody it was told to, by whatever way and however little.
        if taint.standing && taint.hops >= hops_max || buyer == taint.origin || buyer == this {
            return;
        }
        let (part, whole) = self.accused_share(taint, ordinal);
        let onward = Taint { from: this, hops: taint.hops.saturating_add(1), ..*taint };
        let direct = passed.direct.share(part, whole);
        if !taint.standing || direct.abs() >= tax_min {
            let same_name = if taint.named == taint.origin { onward } else { Taint { part: direct, ..onward } };
            self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(same_name)));
        }
        let settled = passed.settled.share(part, whole);
        // What had settled a sale may have been taken back since: the lifting goes to whoever may have been told.
        if ordinal != Ordinal::OWN && (settled.abs() >= tax_min || !taint.standing) {
            let own_name = Taint { named: this, part: settled, whole: Fen::ZERO, ..onward };
            self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(own_name)));
        }
    }

    /// What of the value in the accused name is now told to be the origin's, as a part of a whole: all of it under the
    /// origin's own name; under another's, the amount that was told, of what was taken in that name.
    fn accused_share(&mut self, taint: &Taint, ordinal: Ordinal) -> (Fen, Fen) {
        if taint.named == taint.origin {
            return (Fen(1), Fen(1));
        }
        let own = ordinal == Ordinal::OWN;
        let row = if own { None } else { self.books.find::<OriginRow>(&Key::Origin(taint.named)) };
        let taken = row.map_or(Fen::ZERO, |row| row.taken);
        (taint.part.min(taken), taken)
    }

    /// An accused purchase has settled so much of a sale made before it came, or, where it is negative, was taken back so
    /// that it settles as much less: its buyer is to know.
    pub(super) fn tell_settled(&mut self, ordinal: Ordinal, buyer: TaxpayerId, covered: Fen) {
        let (origin, flag) = self.origin(ordinal);
        let Some(flag) = flag.filter(|_| ordinal != Ordinal::OWN) else { return };
        let Some(passed) = self.books.passed(ordinal, buyer) else { return };
        let key = Key::Taint { origin, named: origin };
        let hops = self.books.find::<TaintVisit>(&key).map_or(1, |visit| visit.hops);
        let (hops_max, tax_min) = (self.rules.limits.taint_hops_max, self.rules.limits.taint_tax_min());
        let this = self.books.entity.id;
        let (part, whole) = (Fen(1), Fen(1));
        let (from, raised_at) = (origin, self.now);
        let taint = Taint { origin, flag, standing: true, named: origin, part, whole, from, hops, raised_at };
        // What was too little to be told is told with what makes it enough, and taken back when it is too little again.
        let worth_telling = |settled: Fen| if settled >= tax_min { settled } else { Fen::ZERO };
        let news = worth_telling(passed.settled) - worth_telling(passed.settled - covered);
        if news != Fen::ZERO && hops < hops_max && buyer != origin && buyer != this {
            let hops = hops.saturating_add(1);
            let own_name = Taint { named: this, part: news, whole: Fen::ZERO, from: this, hops, ..taint };
            self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(own_name)));
        }
    }
}
