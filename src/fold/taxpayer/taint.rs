//! Accusations: raised against oneself as a source, and followed along recorded provenance, a bounded number of buyers at
//! a step. Under the origin's own name an accusation visits a taxpayer once per version; under the name of somebody who
//! stood for it, what each teller adds is summed. Value of an origin under all names is kept as one sum, counted again
//! whenever the books of one of its names change.

use super::{CHAIN_TYPOLOGY, Step};
use crate::model::{About, Continue, Entity, Fen, Flag, Id, Message, Taint, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{AccusedName, CaseHead, Key, OriginRow, Passed, Share, TaintTold, TaintVisit, Tainted};

/// Buyers that one step tells: each may be told twice, and reported once.
const BUYERS_PER_STEP: usize = 256;
/// How often under one version of an accusation a change that has come round is told on: firms that trade round and round
/// would tell each other without end. What was not told on is told with the next sale.
const ROUNDS_MAX: u8 = 8;
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
            part: Fen::ZERO,
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
        let own_name = taint.named == taint.origin;
        // Many may have stood for the origin in one name, and each tells its share.
        let same = before
            .filter(|visit| visit.flag.version == taint.flag.version && visit.standing && taint.standing && !own_name);
        if same.is_none() && before.is_some_and(|visit| visit.flag.version >= taint.flag.version) {
            return;
        }
        let nothing = !taint.standing || !own_name && taint.part == Fen::ZERO;
        if before.is_none() && nothing {
            return; // nothing is taken off where nothing was accused
        }
        if own_name {
            // What was sold to it may be of a kind that brings nothing: what it buys next may bring it.
            self.origin_row(taint.origin, OriginRow::UNMET, Id::EMPTY);
        }
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(taint.named)) else { return };
        // What is found with it rests on these books as well, and is not found before them.
        self.now = taint.raised_at.max(self.profile.known_until);
        let (ordinal, taken, was, is_met) = (row.ordinal, row.taken, row.accuses(), row.is_met());
        if own_name {
            row.is_accused = taint.standing;
        } else {
            row.stands_for_others = true;
        }
        let is = row.accuses();
        self.profile.tainted_origins += u32::from(is && !was);
        self.profile.tainted_origins -= u32::from(was && !is);
        let Taint { flag, standing, hops, .. } = *taint;
        let told = same.map_or(Fen::ZERO, |visit| visit.part);
        let part = if own_name { Fen::ZERO } else { told + self.more_than_told(taint) };
        let hops = same.map_or(hops, |visit| visit.hops.min(hops));
        let counted = before.and_then(|visit| visit.counted);
        let (followed, follows) = same.map_or((Fen::ZERO, 0), |visit| (visit.followed, visit.follows));
        // Nobody is told of more than was taken.
        let more = part.min(taken) - followed;
        let is_news = more.abs() >= self.rules.limits.taint_tax_min() || more != Fen::ZERO && part == Fen::ZERO;
        // What comes by a longer way than the shortest known has come round.
        let is_round = same.is_some_and(|visit| taint.hops > visit.hops);
        let follows_on = own_name || !standing || is_news && (!is_round || follows < ROUNDS_MAX);
        let followed = if follows_on { followed + more } else { followed };
        let follows = follows.saturating_add(u8::from(follows_on && is_round));
        self.books.put(key, TaintVisit { flag, standing, part, followed, follows, hops, counted });
        self.books.put(Key::TaintName { named: taint.named, origin: taint.origin }, ());
        if !is_met {
            return;
        }
        self.touch(About::Origin(taint.origin));
        self.recount(taint.origin, taint.named);
        if follows_on {
            self.follow(&Taint { part: more, raised_at: self.now, ..*taint }, ordinal, Id::EMPTY);
        }
    }

    /// How much more a seller tells of an origin's value in another's name than it told before under this version.
    fn more_than_told(&mut self, taint: &Taint) -> Fen {
        let key = Key::taint_told(taint.origin, taint.named, taint.from);
        let (told, _) = self.books.edit_or_new::<TaintTold>(key);
        let before = if told.version == taint.flag.version { told.part } else { Fen::ZERO };
        *told = TaintTold { version: taint.flag.version, part: taint.part };
        taint.part - before
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
                self.go_on(Continue::Behind { named, after: last, at: self.now });
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
        let counts = (visit.standing && row.is_met()).then(|| (taken, row.deducted.share(taken, row.taken)));
        let (mut total, _) = self.books.lift::<Tainted>(Key::Tainted(origin));
        let total_before = total;
        if visit.counted != counts {
            let (before, now) = (visit.counted.unwrap_or_default(), counts.unwrap_or_default());
            total.taken += now.0 - before.0;
            total.deducted += now.1 - before.1;
            total.names += u32::from(counts.is_some());
            total.names -= u32::from(visit.counted.is_some());
            self.books.put(key, TaintVisit { counted: counts, ..visit });
        }
        if counts.is_some() {
            if visit.flag.version >= total.version {
                (total.version, total.case_id) = (visit.flag.version, visit.flag.case_id);
            }
            if named == origin || taken > Fen::ZERO {
                // Value in its own name may have come by a shorter way since the accusation did.
                let hops = if named == origin { row.hops } else { visit.hops };
                if total.via.is_empty() || hops < total.hops || hops == total.hops && named == origin {
                    (total.hops, total.via) = (hops, row.via);
                }
            } else if visit.hops == total.hops {
                (total.hops, total.via) = self.nearest(origin).unwrap_or((total.hops, total.via));
            }
        }
        if total != total_before {
            self.touch(About::Origin(origin));
        }
        if total.names == 0 {
            self.books.remove(&Key::Tainted(origin));
        } else {
            self.books.put(Key::Tainted(origin), total);
        }
    }

    /// By how few invoices, and through whom, value of an accused origin came that stands.
    fn nearest(&mut self, origin: TaxpayerId) -> Option<(u8, TaxpayerId)> {
        let names = self.names_of(origin).into_iter();
        let ways = names.filter_map(|AccusedName { named, share, hops, .. }| {
            let row = self.books.find::<OriginRow>(&Key::Origin(named))?;
            let is_own = named == origin;
            let stands = is_own || share.of(row.taken) > Fen::ZERO;
            stands.then_some((if is_own { row.hops } else { hops }, !is_own, row.via))
        });
        ways.min().map(|(hops, _, via)| (hops, via))
    }

    /// A step that had more to do goes on.
    pub(super) fn continued(&mut self, cursor: &Continue) {
        match cursor {
            Continue::Taint { taint, .. } if taint.standing && self.is_overtaken(taint) => {}
            Continue::Taint { taint, after } => {
                self.now = taint.raised_at;
                if let Some(ordinal) = self.ordinal(taint.named) {
                    self.follow(taint, ordinal, *after);
                }
            }
            Continue::Settle { left, issued_at } => self.settle_on(left, *issued_at),
            Continue::Reds { blue_no } => self.meet_more_reds(*blue_no),
            Continue::Unsettle { origin, tax, issued_at } => {
                self.now = *issued_at;
                if let Some(origin) = self.ordinal(*origin) {
                    self.unsettle(origin, *tax, *issued_at);
                }
            }
            Continue::Behind { named, after, at } => {
                self.now = *at;
                self.recount_behind(*named, *after);
            }
            Continue::Bursts { after, at } => self.ask_more_bursts(*after, *at),
            Continue::Edges { named, buyer, direct, settled, after, at } => {
                self.now = *at;
                if let Some(ordinal) = self.ordinal(*named) {
                    let before = Passed { direct: *direct, settled: *settled };
                    self.report_edges(&[((ordinal, *buyer), before)], *after);
                }
            }
            Continue::Closing(closing) => self.close_months(closing),
            Continue::Kind { after, place } => self.count_by_kind(*after, *place),
            Continue::Gone { after } => self.count_by_status(*after),
            // The clock's own.
            Continue::Timers => {}
        }
    }

    /// Whether a later word on the same accusation has come while its buyers were being told of this one: the others need
    /// not be told of it. Not so where it is lifted: it reaches everybody, and a new accusation only who took enough.
    fn is_overtaken(&mut self, taint: &Taint) -> bool {
        let Taint { origin, named, flag, .. } = *taint;
        let latest = if origin == self.books.entity.id {
            2 * self.profile.flags - u32::from(self.profile.flag.is_some())
        } else {
            let visit = self.books.find::<TaintVisit>(&Key::Taint { origin, named });
            visit.map_or(0, |visit| visit.flag.version)
        };
        latest > flag.version
    }

    /// What stands for a name in these books.
    pub(super) fn ordinal(&mut self, named: TaxpayerId) -> Option<Ordinal> {
        if named == self.books.entity.id { Some(Ordinal::OWN) } else { self.books.ordinal(named) }
    }

    /// Tells the buyers to whom the accused value went, from the one after `after` on, and the case.
    fn follow(&mut self, taint: &Taint, ordinal: Ordinal, after: TaxpayerId) {
        let buyers = self.books.buyers_of(ordinal, after, BUYERS_PER_STEP + 1);
        let name = self.name_of(taint, ordinal);
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
            if taint.standing {
                // Where there is less than before, those are told as well to whom too little has gone.
                let told_from = if taint.part < Fen::ZERO { Fen::ZERO } else { self.rules.limits.taint_tax_min() };
                self.tell(taint.origin, &name, buyer, passed, told_from);
                let edge = self.edge(&names, buyer);
                edges.extend(Some(edge).filter(|edge| edge.tax > Fen::ZERO || taint.part < Fen::ZERO));
            } else {
                self.lift(taint, ordinal, buyer);
            }
        }
        self.report(taint.origin, taint.flag, taint.standing, taint.hops, edges);
        if more {
            self.go_on(Continue::Taint { taint: *taint, after: last });
        }
    }

    /// The name in which an accusation came.
    fn name_of(&mut self, taint: &Taint, ordinal: Ordinal) -> AccusedName {
        let Taint { origin, named, flag, hops, .. } = *taint;
        let known = if ordinal == Ordinal::OWN { None } else { self.books.accused_name(origin, named) };
        known.unwrap_or(AccusedName { named, ordinal, share: Share::ALL, flag, hops })
    }

    /// Tells a buyer how much of an accused origin's value went to it in a name, and, as sales that it settled, in the
    /// keeper's own: what is at least `least`.
    fn tell(&mut self, origin: TaxpayerId, name: &AccusedName, buyer: TaxpayerId, passed: Passed, least: Fen) {
        let this = self.books.entity.id;
        if name.hops >= self.rules.limits.taint_hops_max || buyer == origin || buyer == this {
            return;
        }
        let (direct, settled) = self.worth_telling(name, passed);
        if passed.direct >= least && name.named == origin || direct >= least && name.named != origin {
            self.tell_of(origin, name, buyer, name.named, direct);
        }
        if name.ordinal != Ordinal::OWN && settled >= least {
            self.tell_of(origin, name, buyer, this, settled);
        }
    }

    /// What of an accused origin's value went to a buyer directly and by what settled sales to it: each nothing where it is
    /// too little to be followed.
    fn worth_telling(&self, name: &AccusedName, passed: Passed) -> (Fen, Fen) {
        let worth = |tax: Fen| {
            let tax = name.share.of(tax);
            if tax >= self.rules.limits.taint_tax_min() { tax } else { Fen::ZERO }
        };
        (worth(passed.direct), worth(passed.settled))
    }

    /// Tells a buyer again, where a step has moved what went to it in a name: `before` is what had.
    pub(super) fn tell_moved(&mut self, origin: TaxpayerId, name: &AccusedName, buyer: TaxpayerId, before: Passed) {
        let this = self.books.entity.id;
        if name.hops >= self.rules.limits.taint_hops_max || buyer == origin || buyer == this {
            return;
        }
        let passed = self.books.passed(name.ordinal, buyer).unwrap_or_default();
        let ((direct_before, settled_before), (direct, settled)) =
            (self.worth_telling(name, before), self.worth_telling(name, passed));
        // In the origin's own name all of it is the origin's, whatever the sum: once it is much, the buyer knows.
        let is_news = if name.named == origin {
            direct_before == Fen::ZERO && direct > Fen::ZERO
        } else {
            direct != direct_before
        };
        if is_news {
            self.tell_of(origin, name, buyer, name.named, direct);
        }
        if name.ordinal != Ordinal::OWN && settled != settled_before {
            self.tell_of(origin, name, buyer, this, settled);
        }
    }

    fn tell_of(&mut self, origin: TaxpayerId, name: &AccusedName, buyer: TaxpayerId, named: TaxpayerId, part: Fen) {
        let taint = Taint {
            origin,
            flag: name.flag,
            standing: true,
            named,
            part: if named == origin { Fen::ZERO } else { part },
            from: self.books.entity.id,
            hops: name.hops.saturating_add(1),
            raised_at: self.now,
        };
        self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(taint)));
    }

    /// What is lifted reaches everybody it may have been told to, by whatever way and however little.
    fn lift(&mut self, taint: &Taint, ordinal: Ordinal, buyer: TaxpayerId) {
        let this = self.books.entity.id;
        if buyer == taint.origin || buyer == this {
            return;
        }
        let onward = Taint { from: this, part: Fen::ZERO, hops: taint.hops.saturating_add(1), ..*taint };
        self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(onward)));
        if ordinal != Ordinal::OWN {
            // What had settled a sale may have been taken back since.
            self.send(Entity::taxpayer(buyer), Message::Taint(Box::new(Taint { named: this, ..onward })));
        }
    }
}
