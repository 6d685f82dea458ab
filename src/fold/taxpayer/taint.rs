//! Accusations: raised against oneself as a source, and heard from sellers. Each tells how much of an origin's value it passed
//! on in each name, all in all, once it is worth telling; what a buyer holds of it is the sum of what it was told, and is
//! counted again whenever the books of a name change. Whom the hearer tells in its turn is in `telling`.

use super::Step;
use crate::model::{About, Continue, Fen, Flag, Id, Layers, Taint, TaxpayerId};
use crate::provenance::Ordinal;
use crate::risk::{TOGETHER_MAX, Typology};
use crate::state::{CaseHead, Key, OriginRow, Share, TaintTold, TaintVisit, Tainted};

/// What came in another's name is told on again when it has become more or less by so great a part of it: every purchase in
/// that name changes what it is a share of, and not all buyers can be told each time.
const NEWS_PART: i64 = 16;
/// Sellers who told of one name that are looked at to find one of the nearest.
const TELLERS_PER_STEP: usize = 4_096;
/// Accused origins behind one name that one step counts again.
const ORIGINS_PER_STEP: usize = 64;

/// Of so many accused origins findings are asked again together: one more than are judged together, for with that one each is
/// judged by itself.
pub(super) const ASKED_TOGETHER: usize = TOGETHER_MAX + 1;

impl Step<'_> {
    /// A finding of this typology accuses this taxpayer as a source, where none did. Whatever else comes to accuse it
    /// meanwhile is of the same accusation, and in the same case.
    pub(super) fn accuse(&mut self, typology: &Typology) {
        self.profile.flags += 1;
        let case_id = CaseHead::id(typology.code, self.books.entity.id, self.profile.flags);
        // Versions count up over all accusations of a taxpayer: odd ones stand, even ones are lifted.
        let flag = Flag { case_id, version: 2 * self.profile.flags - 1 };
        self.profile.flag = Some(flag);
        self.tell_accusation(flag, true);
    }

    /// The last finding that accused this taxpayer as a source was withdrawn.
    pub(super) fn acquit(&mut self) {
        if let Some(flag) = self.profile.flag.take() {
            self.tell_accusation(Flag { version: flag.version + 1, ..flag }, false);
        }
    }

    fn tell_accusation(&mut self, flag: Flag, standing: bool) {
        let this = self.books.entity.id;
        let taint =
            Taint { origin: this, flag, standing, named: this, parts: Layers::NONE, from: this, raised_at: self.now };
        self.follow(&taint, Id::EMPTY);
    }

    /// A seller tells of an origin's value in a name: how much it passed on, or that the accusation is lifted. Of itself a
    /// source hears what comes back to it in others' names.
    pub(super) fn tainted(&mut self, taint: &Taint) {
        let Taint { origin, named, .. } = *taint;
        let key = Key::Taint { origin, named };
        // Value that was beyond belief never came.
        if !self.books.has(&Key::Origin(named)) {
            return;
        }
        let before = self.books.find::<TaintVisit>(&key).copied();
        let heard = self.hear(taint, before.as_ref());
        if heard == before {
            return;
        }
        // What is found with it rests on these books as well, and is not found before them.
        self.now = taint.raised_at.max(self.profile.known_until);
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(named)) else { return };
        let (taken, was) = (row.taken, row.accuses());
        row.accused += u32::from(heard.is_some());
        row.accused -= u32::from(before.is_some());
        let is = row.accuses();
        self.profile.tainted_origins += u32::from(is && !was);
        self.profile.tainted_origins -= u32::from(was && !is);
        let is_other = match (&before, &heard) {
            (Some(before), Some(heard)) if before.flag == heard.flag => {
                let share = heard.share(named == origin, taken);
                share.differs_by(&before.followed, NEWS_PART)
                    || share.apart(&before.followed, taken) >= self.rules.limits.taint_tax_min()
            }
            _ => true,
        };
        if let Some(heard) = heard {
            self.books.put(key, heard);
            self.books.put(Key::TaintName { named, origin }, ());
        } else {
            self.books.remove(&key);
            self.books.remove(&Key::TaintName { named, origin });
        }
        self.recount(origin, named, before.as_ref());
        let way = |visit: &TaintVisit| (visit.parts.fewest(), visit.via);
        if heard.as_ref().map(way) != before.as_ref().map(way) {
            self.find_nearest(origin);
        }
        if origin != self.books.entity.id {
            self.touch(About::Origin(origin));
            // A finding about one origin weighs the value of all, each by whom it came through.
            self.touch_accused(ASKED_TOGETHER);
        }
        let taint = Taint { raised_at: self.now, ..*taint };
        if !taint.standing {
            // What is lifted is lifted further down, whoever has yet to say so.
            self.follow(&taint, Id::EMPTY);
        }
        match self.flag_of(origin) {
            // What was told of a later accusation in this name as well is told anew.
            Some(flag) if is_other && taint.standing || flag.version > taint.flag.version => {
                self.follow_soon(&Taint { flag, standing: true, ..taint });
            }
            None if taint.standing => {
                self.follow_soon(&taint);
                self.report(origin, taint.flag, true, Vec::new());
            }
            _ => {}
        }
    }

    /// Has the buyers in a name told once all words of this round are heard: what goes round many firms comes by as many ways
    /// as there are, and each would be told on.
    fn follow_soon(&mut self, taint: &Taint) {
        let due = Key::TaintDue { origin: taint.origin, named: taint.named };
        let Some(ordinal) = self.ordinal(taint.named) else { return };
        if self.books.has(&due) {
            return;
        }
        if self.books.buyers_of(ordinal, Id::EMPTY, 1).is_empty() {
            self.note_followed(taint);
            return;
        }
        self.books.put(due, ());
        self.go_on(Continue::Taint { taint: Box::new(*taint), after: Id::EMPTY });
    }

    fn follow_now(&mut self, taint: &Taint) {
        self.books.remove(&Key::TaintDue { origin: taint.origin, named: taint.named });
        self.note_followed(taint);
        self.follow(taint, Id::EMPTY);
    }

    /// Notes what share of a name its buyers are told of.
    fn note_followed(&mut self, taint: &Taint) {
        let Taint { origin, named, .. } = *taint;
        let taken = self.books.find::<OriginRow>(&Key::Origin(named)).map_or(Fen::ZERO, |row| row.taken);
        if let Some(visit) = self.books.edit::<TaintVisit>(&Key::Taint { origin, named }) {
            visit.followed = visit.share(named == origin, taken);
        }
    }

    /// What is known of an origin's value in a name once one seller has told anew; nothing where nobody tells of any.
    fn hear(&mut self, taint: &Taint, before: Option<&TaintVisit>) -> Option<TaintVisit> {
        let key = Key::taint_told(taint.origin, taint.named, taint.from);
        let known = self.books.find::<TaintTold>(&key).copied();
        let version = taint.flag.version;
        // That there is nothing, or nothing any more, is as true of an earlier accusation.
        let is_nothing = taint.parts == Layers::NONE;
        let is_stale = if is_nothing {
            known.is_none_or(|told| told.version > version)
        } else {
            before.is_some_and(|visit| visit.flag.version > version)
        };
        if is_stale {
            return before.copied();
        }
        let kept = before.copied().filter(|visit| visit.flag == taint.flag || is_nothing);
        let mut visit = kept.unwrap_or_else(|| {
            self.profile.visits += 1;
            let counted = before.map(|visit| visit.counted).unwrap_or_default();
            let (number, flag, parts, via) = (self.profile.visits, taint.flag, Layers::NONE, Id::EMPTY);
            TaintVisit { number, flag, parts, followed: Share::default(), via, counted }
        });
        let nearest = (visit.parts.fewest(), visit.via);
        if let Some(told) = known.filter(|told| told.visit == visit.number) {
            visit.parts -= told.parts;
        }
        if is_nothing {
            self.books.remove(&key);
        } else {
            visit.parts += taint.parts;
            self.books.put(key, TaintTold { visit: visit.number, version, parts: taint.parts });
        }
        if !is_nothing && (taint.parts.fewest(), taint.from) <= nearest {
            visit.via = taint.from;
        } else if visit.via == taint.from {
            visit.via = self.teller_at(taint, &visit).unwrap_or(visit.via);
        }
        Some(visit).filter(|visit| visit.parts != Layers::NONE)
    }

    /// The first of the sellers who told of the nearest way.
    fn teller_at(&mut self, taint: &Taint, visit: &TaintVisit) -> Option<TaxpayerId> {
        let told_by = |from| Key::taint_told(taint.origin, taint.named, from);
        let keys = self.books.scan(&told_by(Id::EMPTY), &told_by(Id::LAST), TELLERS_PER_STEP);
        let mut nearest = keys.into_iter().filter(|key| {
            let told = self.books.find::<TaintTold>(key);
            told.is_some_and(|told| (told.visit, told.parts.fewest()) == (visit.number, visit.parts.fewest()))
        });
        if let Some(Key::TaintTold { from, .. }) = nearest.next() { Some(from) } else { None }
    }

    /// Counts again, for each accused origin behind a name, how much of its value came so: the books of that name have
    /// changed, and with them the origin's share of it.
    pub(super) fn recount_behind(&mut self, named: TaxpayerId, after: TaxpayerId) {
        let from = Key::TaintName { named, origin: after };
        let keys = self.books.scan(&from, &Key::TaintName { named, origin: Id::LAST }, ORIGINS_PER_STEP + 1);
        let mut last = after;
        for (counted, key) in keys.into_iter().enumerate() {
            let Key::TaintName { origin, .. } = key else { return };
            if origin == after && !after.is_empty() {
                continue;
            }
            if counted == ORIGINS_PER_STEP || self.touched.len() > ORIGINS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Behind { named, after: last, at: self.now });
                return;
            }
            last = origin;
            let Some(visit) = self.books.find::<TaintVisit>(&Key::Taint { origin, named }).copied() else { continue };
            self.recount(origin, named, Some(&visit));
            self.share_moved(origin, named, &visit);
        }
    }

    /// Has buyers told on, where the books of a name have changed so much that another share of it is the origin's.
    fn share_moved(&mut self, origin: TaxpayerId, named: TaxpayerId, visit: &TaintVisit) {
        let taken = self.books.find::<OriginRow>(&Key::Origin(named)).map_or(Fen::ZERO, |row| row.taken);
        let share = visit.share(named == origin, taken);
        if !share.differs_by(&visit.followed, NEWS_PART) {
            return;
        }
        let (flag, parts, from) = (visit.flag, visit.parts, visit.via);
        self.follow_soon(&Taint { origin, flag, standing: true, named, parts, from, raised_at: self.now });
    }

    /// Counts value of an origin again that came in one name: under its own all of it, under another's so much as was told,
    /// however much more came since. `before` is what it was counted with.
    fn recount(&mut self, origin: TaxpayerId, named: TaxpayerId, before: Option<&TaintVisit>) {
        if origin == self.books.entity.id {
            return;
        }
        let Some(row) = self.books.find::<OriginRow>(&Key::Origin(named)).copied() else { return };
        let key = Key::Taint { origin, named };
        let now = self.books.find::<TaintVisit>(&key).copied();
        let counts = now.map(|visit| {
            let taken = if named == origin { row.taken } else { visit.parts.total().min(row.taken) };
            (taken, row.deducted.share(taken, row.taken))
        });
        let (mut total, _) = self.books.lift::<Tainted>(Key::Tainted(origin));
        let total_before = total;
        let (counted, counts_now) = (before.map(|visit| visit.counted).unwrap_or_default(), counts.unwrap_or_default());
        total.taken += counts_now.0 - counted.0;
        total.deducted += counts_now.1 - counted.1;
        total.names += u32::from(counts.is_some());
        total.names -= u32::from(before.is_some());
        if let (Some(visit), Some(counted)) = (now, counts) {
            if visit.counted != counted {
                self.books.put(key, TaintVisit { counted, ..visit });
            }
            if visit.flag.version >= total.version {
                (total.version, total.case_id) = (visit.flag.version, visit.flag.case_id);
            }
        }
        if total != total_before {
            self.touch(About::Origin(origin));
            self.touch_refunds();
        }
        if (total.taken, total.deducted) != (total_before.taken, total_before.deducted) {
            // A finding about one origin rests on the sum over all of them.
            self.touch_accused(ASKED_TOGETHER);
        }
        if total.names == 0 {
            self.books.remove(&Key::Tainted(origin));
        } else {
            self.books.put(Key::Tainted(origin), total);
        }
    }

    /// Has findings about the accused origins whose value is in these books asked again, where there are no more than so many.
    pub(super) fn touch_accused(&mut self, most: usize) {
        for origin in self.accused_origins(most) {
            self.touch(About::Origin(origin));
        }
    }

    /// The accused origins whose value is in these books, where there are no more than so many.
    pub(super) fn accused_origins(&mut self, most: usize) -> Vec<TaxpayerId> {
        if self.profile.tainted_origins == 0 {
            return Vec::new();
        }
        let keys = self.books.scan(&Key::Tainted(Id::EMPTY), &Key::Tainted(Id::LAST), most + 1);
        if keys.len() > most {
            return Vec::new();
        }
        keys.into_iter().filter_map(|key| if let Key::Tainted(origin) = key { Some(origin) } else { None }).collect()
    }

    /// Notes by how few invoices, and through whom, value of an accused origin came, in whatever name.
    fn find_nearest(&mut self, origin: TaxpayerId) {
        let names = self.books.accused_names(origin, super::chain::NAMES_MAX);
        let nearest = names.into_iter().map(|name| (name.hops, name.via)).min();
        if let (Some(nearest), Some(total)) = (nearest, self.books.edit::<Tainted>(&Key::Tainted(origin))) {
            (total.hops, total.via) = nearest;
        }
    }

    /// A step that had more to do goes on.
    pub(super) fn continued(&mut self, cursor: &Continue) {
        match cursor {
            Continue::Taint { taint, after } => {
                self.now = taint.raised_at;
                if taint.standing && after.is_empty() {
                    self.follow_now(taint);
                } else {
                    self.follow(taint, *after);
                }
            }
            Continue::Settle { left, issued_at } => self.settle_on(left, *issued_at),
            Continue::Reds { blue_no } => self.meet_more_reds(*blue_no),
            Continue::Unsettle { origin, tax, issued_at, number } => {
                self.now = *issued_at;
                if let Some(origin) = self.ordinal(*origin) {
                    self.unsettle(origin, *tax, *issued_at, *number);
                }
            }
            Continue::Behind { named, after, at } => {
                self.now = *at;
                self.recount_behind(*named, *after);
            }
            Continue::Bursts { after, at } => self.ask_more_bursts(*after, *at),
            Continue::Moved { passages, after, at } => {
                self.now = *at;
                self.tell_moved(passages, *after);
            }
            Continue::Closing(closing) => self.close_months(closing),
            Continue::Kind { after, place } => self.count_holdings(*after, *place),
            Continue::Gone { after } => self.count_sales(*after),
            Continue::Judge { months, at } => self.ask_more_months(months, *at),
            // The clock's own, and a party's.
            Continue::Timers | Continue::Share { .. } => {}
            Continue::RulesChanged { after, at } => self.rules_changed(*after, *at),
            Continue::Pass(pass) => self.pass_on(pass),
            Continue::Weigh { after, at } => {
                self.now = *at;
                self.weigh_months(*after);
            }
        }
    }

    /// What stands for a name in these books.
    pub(super) fn ordinal(&mut self, named: TaxpayerId) -> Option<Ordinal> {
        if named == self.books.entity.id { Some(Ordinal::OWN) } else { self.books.ordinal(named) }
    }
}
