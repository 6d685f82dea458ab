//! Accusations: raised against oneself as a source, and followed along recorded provenance, a bounded number of buyers at
//! a step. Each seller tells how much of an origin's value it passed on in each name, all in all, once it is worth telling;
//! what a buyer holds of it is the sum of what it was told, and is counted again whenever the books of a name change.

use std::collections::BTreeMap;

use super::{CHAIN_TYPOLOGY, Step};
use crate::model::{About, Continue, Entity, Fen, Flag, Id, Message, Taint, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{AccusedName, CaseHead, Key, OriginRow, Passed, TaintTold, TaintVisit, Tainted};

/// Buyers that one step tells: each of the names that changed, and its case of the way to it.
const BUYERS_PER_STEP: usize = 256;
/// How often under one version of an accusation more that one seller tells, by a longer way than the shortest, is told on:
/// firms that trade round and round would tell each other without end. What was not told on is told with the next sale.
const ROUNDS_MAX: u8 = 8;
/// Sellers who told of one name that are looked at to find the nearest.
const TELLERS_PER_STEP: usize = 256;
/// Accused origins behind one name that one step counts again.
const ORIGINS_PER_STEP: usize = 64;

/// What a buyer is told of an accused origin's value in one name.
#[derive(Clone, Copy)]
struct Told {
    tax: Fen,
    flag: Flag,
    /// Fewest invoices between the origin and the keeper.
    hops: u8,
}

/// By name.
type Parts = BTreeMap<TaxpayerId, Told>;

/// All of it, in whatever name.
fn sum(parts: &Parts) -> Fen {
    parts.values().map(|part| part.tax).sum()
}

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

    /// An accusation arrives, or more or less of what it is about.
    pub(super) fn tainted(&mut self, taint: &Taint) {
        if taint.origin == self.books.entity.id {
            return;
        }
        let key = Key::Taint { origin: taint.origin, named: taint.named };
        let before = self.books.find::<TaintVisit>(&key).copied();
        // Many may tell of the same version, and each tells its share.
        let same = before.filter(|visit| visit.flag.version == taint.flag.version && visit.standing && taint.standing);
        if same.is_none() && before.is_some_and(|visit| visit.flag.version >= taint.flag.version) {
            return;
        }
        if before.is_none() && (!taint.standing || taint.part == Fen::ZERO) {
            return; // nothing is taken off where nothing was accused
        }
        let stood = before.is_some_and(|visit| visit.standing);
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(taint.named)) else { return };
        let (ordinal, taken, was) = (row.ordinal, row.taken, row.accuses());
        row.accused += u32::from(taint.standing);
        row.accused -= u32::from(stood);
        let is = row.accuses();
        self.profile.tainted_origins += u32::from(is && !was);
        self.profile.tainted_origins -= u32::from(was && !is);
        // What is found with it rests on these books as well, and is not found before them.
        self.now = taint.raised_at.max(self.profile.known_until);
        let known = same.unwrap_or(TaintVisit {
            flag: taint.flag,
            standing: taint.standing,
            part: Fen::ZERO,
            followed: Fen::ZERO,
            hops: u8::MAX,
            via: Id::EMPTY,
            counted: before.and_then(|visit| visit.counted),
        });
        let part = known.part + self.more_than_told(taint);
        let (hops, via) = self.nearest_told(taint, &known);
        // Nobody is told of more than was taken.
        let own_name = taint.named == taint.origin;
        let more = if own_name { part - known.part } else { part.min(taken) - known.followed };
        let is_news = if own_name {
            (part > Fen::ZERO) != (known.part > Fen::ZERO)
        } else {
            self.is_news(taint, &known, more, part)
        };
        let follows = same.is_none() || hops != known.hops || is_news;
        let followed = if follows { known.followed + more } else { known.followed };
        self.books.put(key, TaintVisit { part, followed, hops, via, ..known });
        self.books.put(Key::TaintName { named: taint.named, origin: taint.origin }, ());
        self.touch(About::Origin(taint.origin));
        self.recount(taint.origin, taint.named);
        if follows {
            // Who is too far away tells nobody any more.
            let too_far = hops >= self.rules.limits.taint_hops_max;
            let more = if too_far { Fen::ZERO - part.max(Fen(1)) } else { more };
            self.follow(&Taint { part: more, raised_at: self.now, ..*taint }, ordinal, Id::EMPTY);
        }
    }

    /// How much more a seller tells of an origin's value in a name than it told before under this version.
    fn more_than_told(&mut self, taint: &Taint) -> Fen {
        let key = Key::taint_told(taint.origin, taint.named, taint.from);
        let (told, _) = self.books.edit_or_new::<TaintTold>(key);
        let known = if told.version == taint.flag.version { *told } else { TaintTold::default() };
        *told = TaintTold { version: taint.flag.version, part: taint.part, hops: taint.hops, ..known };
        taint.part - known.part
    }

    /// By how few invoices value in a name came, and from whom, now that one seller has told anew of its way: asked of all
    /// again where that was the shortest and is no more.
    fn nearest_told(&mut self, taint: &Taint, known: &TaintVisit) -> (u8, TaxpayerId) {
        let shortest = (known.hops, known.via);
        if taint.part > Fen::ZERO && (taint.hops, taint.from) <= shortest {
            return (taint.hops, taint.from);
        }
        if known.via != taint.from {
            return shortest;
        }
        let told_by = |from| Key::taint_told(taint.origin, taint.named, from);
        let mut nearest = (u8::MAX, Id::EMPTY);
        for key in self.books.scan(&told_by(Id::EMPTY), &told_by(Id::LAST), TELLERS_PER_STEP) {
            let Some(told) = self.books.find::<TaintTold>(&key).copied() else { continue };
            if let (Key::TaintTold { from, .. }, true) =
                (key, told.version == taint.flag.version && told.part > Fen::ZERO)
            {
                nearest = nearest.min((told.hops, from));
            }
        }
        nearest
    }

    /// Whether so much more, of a `part` in all, is told on. What has come by a longer way than the shortest may have come
    /// round, and more of it is told on only so often; less always is, for it becomes less and less.
    fn is_news(&mut self, taint: &Taint, known: &TaintVisit, more: Fen, part: Fen) -> bool {
        if more.abs() < self.rules.limits.taint_tax_min() && (more == Fen::ZERO || part > Fen::ZERO) {
            return false;
        }
        if more < Fen::ZERO || taint.hops <= known.hops {
            return true;
        }
        let key = Key::taint_told(taint.origin, taint.named, taint.from);
        let (told, _) = self.books.edit_or_new::<TaintTold>(key);
        told.rounds = told.rounds.saturating_add(1);
        told.rounds <= ROUNDS_MAX
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

    /// Counts value of an origin again that came in one name: under its own all of it, under another's so much as was told,
    /// however much more came since.
    fn recount(&mut self, origin: TaxpayerId, named: TaxpayerId) {
        let key = Key::Taint { origin, named };
        let Some(visit) = self.books.find::<TaintVisit>(&key).copied() else { return };
        let Some(row) = self.books.find::<OriginRow>(&Key::Origin(named)).copied() else { return };
        let taken = if named != origin || visit.part == Fen::ZERO { visit.part.min(row.taken) } else { row.taken };
        let counts = visit.standing.then(|| (taken, row.deducted.share(taken, row.taken)));
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
            let way = (visit.hops, visit.via);
            if total.via.is_empty() || visit.part > Fen::ZERO && way < (total.hops, total.via) {
                (total.hops, total.via) = way;
            } else if visit.part == Fen::ZERO || way != (total.hops, total.via) {
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

    /// By how few invoices, and through whom, value of an accused origin came.
    fn nearest(&mut self, origin: TaxpayerId) -> Option<(u8, TaxpayerId)> {
        self.names_of(origin).into_iter().map(|name| (name.hops, name.via)).min()
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
            if passed.is_none() {
                continue;
            }
            if taint.standing {
                let parts = self.parts(&names, buyer, &[]);
                let edge = self.edge(sum(&parts), buyer);
                self.tell(taint, parts, buyer);
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

    /// Tells a buyer what of an accused origin's value went to it, where the value in a name has become more or less; all
    /// of it where what went there in other names was too little to be told by itself.
    fn tell(&mut self, taint: &Taint, mut parts: Parts, buyer: TaxpayerId) {
        let this = self.books.entity.id;
        if buyer == taint.origin || buyer == this {
            return;
        }
        let least = self.rules.limits.taint_tax_min();
        let is_changed = |named: &TaxpayerId| *named == taint.named || *named == this;
        let unchanged: Fen = parts.iter().filter(|(named, _)| !is_changed(named)).map(|(_, part)| part.tax).sum();
        let nothing = Told { tax: Fen::ZERO, flag: taint.flag, hops: taint.hops };
        if sum(&parts) < least {
            if taint.part >= Fen::ZERO {
                return;
            }
            // Too little is left: that there is nothing any more is told of every name.
            for part in parts.values_mut() {
                part.tax = Fen::ZERO;
            }
        } else if unchanged >= least {
            parts.retain(|named, _| is_changed(named));
        }
        if taint.part < Fen::ZERO {
            parts.entry(taint.named).or_insert(nothing);
            parts.entry(this).or_insert(nothing);
        }
        for (named, part) in parts {
            self.tell_of(taint.origin, buyer, named, &part);
        }
    }

    /// Tells a buyer again, where a step has moved what went to it: `moved` has what had gone before. Returns
    /// what has gone to it now.
    pub(super) fn tell_moved(
        &mut self,
        origin: TaxpayerId,
        names: &[AccusedName],
        buyer: TaxpayerId,
        moved: &[((Ordinal, TaxpayerId), Passed)],
    ) -> Fen {
        let parts = self.parts(names, buyer, &[]);
        let tax = sum(&parts);
        if buyer == origin || buyer == self.books.entity.id {
            return tax;
        }
        let least = self.rules.limits.taint_tax_min();
        let worth = |parts: Parts| if sum(&parts) < least { Parts::new() } else { parts };
        let now = worth(parts);
        let before = worth(self.parts(names, buyer, moved));
        for (named, part) in &now {
            // In the origin's own name all of it is the origin's, however much it is.
            let is_known = |before: &Told| *named == origin || before.tax == part.tax;
            if !before.get(named).is_some_and(is_known) {
                self.tell_of(origin, buyer, *named, part);
            }
        }
        for (named, part) in before.iter().filter(|(named, _)| !now.contains_key(named)) {
            self.tell_of(origin, buyer, *named, &Told { tax: Fen::ZERO, ..*part });
        }
        tax
    }

    /// What of an accused origin's value went to a buyer, by the name in which it did: directly in the name it came in, or,
    /// where it settled sales of the keeper's own, in the keeper's. `moved` stands in for what is there now.
    fn parts(&mut self, names: &[AccusedName], buyer: TaxpayerId, moved: &[((Ordinal, TaxpayerId), Passed)]) -> Parts {
        let this = self.books.entity.id;
        let mut parts = Parts::new();
        for name in names.iter().filter(|name| name.hops < self.rules.limits.taint_hops_max) {
            let before = moved.iter().find(|(at, _)| *at == (name.ordinal, buyer)).map(|(_, before)| *before);
            let passed = before.or_else(|| self.books.passed(name.ordinal, buyer)).unwrap_or_default();
            let mut add = |named, tax: Fen| {
                if tax > Fen::ZERO {
                    let new = Told { tax: Fen::ZERO, flag: name.flag, hops: name.hops };
                    let part = parts.entry(named).or_insert(new);
                    part.tax += tax;
                    part.hops = part.hops.min(name.hops);
                    if name.flag.version > part.flag.version {
                        part.flag = name.flag;
                    }
                }
            };
            add(name.named, name.share.of(passed.direct));
            // What was settled went under the keeper's own name, and is the settling origin's all the same.
            if name.ordinal != Ordinal::OWN {
                add(this, name.share.of(passed.settled));
            }
        }
        parts
    }

    fn tell_of(&mut self, origin: TaxpayerId, buyer: TaxpayerId, named: TaxpayerId, told: &Told) {
        let taint = Taint {
            origin,
            flag: told.flag,
            standing: true,
            named,
            part: told.tax,
            from: self.books.entity.id,
            hops: told.hops.saturating_add(1),
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
