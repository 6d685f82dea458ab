//! Accusations: raised against oneself as a source, and followed along recorded provenance, a bounded number of buyers at
//! a step. Each accusation visits a taxpayer once per version and name; what changes afterwards is reported by whoever
//! sees it change.

use super::{CHAIN_TYPOLOGY, Step};
use crate::model::{About, Continue, Edge, Entity, Fen, Flag, Id, Message, Report, Taint, TaxpayerId};
use crate::provenance::Ordinal;
use crate::risk;
use crate::state::{CaseHead, Issue, Issued, Key, OriginRow, Partner, Passed, Side, TaintVisit};

/// Buyers that one step tells: each may be told twice, and reported once.
const BUYERS_PER_STEP: usize = 256;
/// Accusations looked up at once for value in another's name.
const NAMES_MAX: usize = 64;

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
        if before.is_some_and(|visit| visit.flag.version >= taint.flag.version) {
            return;
        }
        if before.is_none() && !taint.standing {
            return; // nothing is lifted where nothing was accused
        }
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(taint.named)) else { return };
        self.now = taint.raised_at;
        let ordinal = row.ordinal;
        if taint.named == taint.origin {
            let (was, is) = (row.flag.is_some(), taint.standing);
            row.flag = taint.standing.then_some(taint.flag);
            self.profile.tainted_origins += u32::from(is && !was);
            self.profile.tainted_origins -= u32::from(was && !is);
        } else {
            row.stands_for_others = true;
        }
        let Taint { flag, standing, part, whole, hops, .. } = *taint;
        self.books.put(key, TaintVisit { flag, standing, part, whole, hops });
        self.touch(About::Origin(taint.origin));
        self.follow(taint, ordinal, Id::EMPTY);
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
            // The clock's own.
            Continue::Timers => {}
        }
    }

    /// Tells the buyers to whom the accused value went, from the one after `after` on, and the case.
    fn follow(&mut self, taint: &Taint, ordinal: Ordinal, after: TaxpayerId) {
        let mut buyers = self.books.buyers_of(ordinal, after, BUYERS_PER_STEP + 1);
        let more = buyers.len() > BUYERS_PER_STEP;
        buyers.truncate(BUYERS_PER_STEP);
        let last = buyers.last().map_or(after, |(buyer, _)| *buyer);
        let mut edges = Vec::new();
        for (buyer, passed) in buyers {
            let Some(passed) = passed else { continue };
            self.tell(taint, ordinal, buyer, passed);
            edges.extend(self.edge(taint, ordinal, buyer, passed));
        }
        self.report(taint.origin, taint.flag, taint.standing, taint.hops, edges);
        if more {
            let this = self.books.entity;
            self.send(this, Message::Continue(Box::new(Continue::Taint { taint: *taint, after: last })));
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
        if !taint.standing || direct >= tax_min {
            let same_name = if taint.named == taint.origin { onward } else { Taint { part: direct, ..onward } };
            self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(same_name)));
        }
        let settled = passed.settled.share(part, whole);
        if ordinal != Ordinal::OWN && (settled >= tax_min || !taint.standing && settled > Fen::ZERO) {
            let own_name = Taint { named: this, part: settled, whole: Fen::ZERO, ..onward };
            self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(own_name)));
        }
    }

    /// What of the value in the accused name is the origin's, as a part of a whole: all of it under the origin's own name;
    /// under another's, the amount that came so, of what was taken in that name.
    fn accused_share(&mut self, taint: &Taint, ordinal: Ordinal) -> (Fen, Fen) {
        if taint.named == taint.origin {
            return (Fen(1), Fen(1));
        }
        let own = ordinal == Ordinal::OWN;
        let row = if own { None } else { self.books.find::<OriginRow>(&Key::Origin(taint.named)) };
        let taken = row.map_or(Fen::ZERO, |row| row.taken);
        (taint.part.min(taken), taken)
    }

    /// An accused purchase has settled a sale made before it came: its buyer is to know.
    pub(super) fn tell_settled(&mut self, ordinal: Ordinal, buyer: TaxpayerId) {
        let (origin, flag) = self.origin(ordinal);
        let Some(flag) = flag.filter(|_| ordinal != Ordinal::OWN) else { return };
        let key = Key::Taint { origin, named: origin };
        let hops = self.books.find::<TaintVisit>(&key).map_or(1, |visit| visit.hops);
        let (part, whole) = (Fen(1), Fen(1));
        let (from, raised_at) = (origin, self.now);
        let taint = Taint { origin, flag, standing: true, named: origin, part, whole, from, hops, raised_at };
        let passed = self.books.passed(ordinal, buyer).unwrap_or_default();
        self.tell(&taint, ordinal, buyer, passed);
        let edges: Vec<Edge> = self.edge(&taint, ordinal, buyer, passed).into_iter().collect();
        self.report(origin, flag, true, hops, edges);
    }

    fn edge(&mut self, taint: &Taint, ordinal: Ordinal, buyer: TaxpayerId, passed: Passed) -> Option<Edge> {
        let settled = if ordinal == Ordinal::OWN { Fen::ZERO } else { passed.settled };
        let (part, whole) = self.accused_share(taint, ordinal);
        let tax = (passed.direct + settled).share(part, whole);
        if tax < self.rules.limits.taint_tax_min() {
            return None;
        }
        let partner = self.books.find::<Partner>(&Key::Partner(Side::Sold, buyer)).copied().unwrap_or_default();
        Some(Edge {
            to: buyer,
            tax,
            invoices: partner.totals.count,
            first_at: partner.first_at,
            last_at: partner.last_at,
        })
    }

    fn report(&mut self, origin: TaxpayerId, flag: Flag, standing: bool, hops: u8, edges: Vec<Edge>) {
        let this = self.books.entity.id;
        let (taken, deducted) = if origin == this {
            (Fen(self.profile.ledger.originated - self.profile.ledger.opening), Fen::ZERO)
        } else {
            let value = risk::tainted(&mut self.books, origin);
            (value.taken, value.deducted)
        };
        let report = Report { origin, flag, standing, taxpayer_id: this, hops, taken, deducted, edges, at: self.now };
        self.send(Entity::case(flag.case_id), Message::Report(Box::new(report)));
    }

    /// Tells the case about a new sale of value that stands accused.
    pub(super) fn report_tainted_sale(&mut self, issued: &Issued, issue: &Issue) {
        let Some(buyer) = issue.buyer_id else { return };
        if self.profile.flag.is_none() && self.profile.tainted_origins == 0 {
            return;
        }
        for slice in issued.vector.slices().to_vec() {
            let (origin, flag) = self.origin(slice.origin);
            let Some(flag) = flag else { continue };
            let taint = Taint {
                origin,
                flag,
                standing: true,
                named: origin,
                part: Fen(1),
                whole: Fen(1),
                from: origin,
                hops: slice.hops,
                raised_at: self.now,
            };
            let passed = self.books.passed(slice.origin, buyer).unwrap_or_default();
            let edges: Vec<Edge> = self.edge(&taint, slice.origin, buyer, passed).into_iter().collect();
            self.report(origin, flag, true, slice.hops, edges);
        }
    }

    /// Tells the case what changed in these books about an accused origin.
    pub(super) fn report_again(&mut self, origin: TaxpayerId) {
        let key = Key::Taint { origin, named: origin };
        let visit = self.books.find::<TaintVisit>(&key).copied();
        let Some(visit) = visit.filter(|visit| visit.standing) else { return };
        self.report(origin, visit.flag, true, visit.hops, Vec::new());
    }

    /// Has findings judged about every accused origin whose value came in the name of `named`.
    pub(super) fn touch_those_behind(&mut self, named: TaxpayerId) {
        let from = Key::Taint { origin: Id::EMPTY, named: Id::EMPTY };
        for key in self.books.scan(&from, &Key::Taint { origin: Id::LAST, named: Id::LAST }, NAMES_MAX) {
            if let Key::Taint { origin, named: name } = key
                && name == named
            {
                self.touch(About::Origin(origin));
            }
        }
    }
}
