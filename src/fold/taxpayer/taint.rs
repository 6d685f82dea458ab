//! Accusations: raised against oneself as a source, and heard from sellers. Each tells how much of an origin's value it passed
//! on in each name, all in all, once it is worth telling; what a buyer holds of it is the sum of what it was told, and is
//! counted again whenever the books of a name change. Whom the hearer tells in its turn is in `telling`.

use super::{CHAIN_TYPOLOGY, Step};
use crate::model::{About, Continue, Fen, Flag, Id, Taint, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{CaseHead, HOPS_MAX, Key, OriginRow, Share, TaintTold, TaintVisit, Tainted};

/// What came in another's name is told on again when it has become more or less by so great a part of it: so what others are
/// told is never far off, and most of what goes round dies away. That it ends in any case is up to [`ROUNDS_MAX`].
const NEWS_PART: i64 = 16;
/// How often one input event has more of accused value in one name told on. Where firms sell to each other more than they
/// took, what each holds of a source's is not one answer, and they would tell each other without end; after so many rounds
/// they tell only of less, until something else happens.
const ROUNDS_MAX: u16 = 64;
/// Sellers who told of one name that are looked at to find one of the nearest.
const TELLERS_PER_STEP: usize = 4_096;
/// Accused origins behind one name that one step counts again.
const ORIGINS_PER_STEP: usize = 64;

impl TaintVisit {
    /// Of which nobody has told yet.
    fn new(number: u32, flag: Flag) -> Self {
        let (hops, via) = (u8::MAX, Id::EMPTY);
        Self {
            number,
            flag,
            part: Fen::ZERO,
            followed: Share::ALL,
            tellers: [0; HOPS_MAX],
            hops,
            via,
            counted: Default::default(),
        }
    }

    /// How many told of it by so few invoices.
    fn tellers(&mut self, hops: u8) -> &mut u32 {
        &mut self.tellers[usize::from(hops.max(1) - 1).min(HOPS_MAX - 1)]
    }

    /// The fewest invoices by which anybody told of it.
    fn fewest(&self) -> u8 {
        let at = self.tellers.iter().position(|tellers| *tellers > 0);
        at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(u8::MAX)
    }
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
        let heard = self.hear(taint, before);
        if heard == before {
            return;
        }
        // What is found with it rests on these books as well, and is not found before them.
        self.now = taint.raised_at.max(self.profile.known_until);
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(named)) else { return };
        let (taken, was) = (row.taken, row.accuses());
        let share = |heard: TaintVisit| if named == origin { Share::ALL } else { Share::told(heard.part, taken) };
        row.accused += u32::from(heard.is_some());
        row.accused -= u32::from(before.is_some());
        let is = row.accuses();
        self.profile.tainted_origins += u32::from(is && !was);
        self.profile.tainted_origins -= u32::from(was && !is);
        let follows = match (before, heard) {
            (Some(before), Some(mut heard)) if before.flag == heard.flag => {
                let (share, is_nearest) = (share(heard), taint.hops <= heard.hops);
                let is_other = heard.hops != before.hops || self.is_news(heard.followed, share, taken, is_nearest);
                let is_less = share.of(taken) < heard.followed.of(taken);
                // What is lifted is lifted further down, whoever has yet to say so.
                let follows = is_other && (self.may_tell_more(named) || is_less) || !taint.standing;
                if follows {
                    heard.followed = share;
                }
                self.books.put(key, heard);
                follows
            }
            (_, Some(heard)) => {
                let follows = self.may_tell_more(named);
                let followed = if follows { share(heard) } else { Share::told(Fen::ZERO, taken) };
                self.books.put(key, TaintVisit { followed, ..heard });
                self.books.put(Key::TaintName { named, origin }, ());
                follows
            }
            (_, None) => {
                self.books.remove(&key);
                self.books.remove(&Key::TaintName { named, origin });
                true
            }
        };
        self.recount(origin, named, before);
        let way = |visit: TaintVisit| (visit.hops, visit.via);
        if heard.map(way) != before.map(way) {
            self.find_nearest(origin);
        }
        if origin != self.books.entity.id {
            self.touch(About::Origin(origin));
        }
        if follows {
            self.follow(&Taint { raised_at: self.now, ..*taint }, Id::EMPTY);
        }
        // What was told of a later accusation in this name as well is told anew.
        if let Some(flag) = self.flag_of(origin).filter(|flag| !taint.standing && flag.version > taint.flag.version) {
            self.follow(&Taint { flag, standing: true, raised_at: self.now, ..*taint }, Id::EMPTY);
        }
    }

    /// Counts that more in a name is to be told on for the input event at hand, and says whether it may be.
    fn may_tell_more(&mut self, named: TaxpayerId) -> bool {
        let root = self.record.root.0;
        let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(named)) else { return true };
        if root > row.told_for {
            (row.told_for, row.rounds) = (root, 0);
        }
        row.rounds = row.rounds.saturating_add(1);
        row.rounds <= ROUNDS_MAX
    }

    /// Whether more in a name was told on so often for the input event at hand that only less is told.
    pub(super) fn tells_less_only(&mut self, named: TaxpayerId) -> bool {
        let root = self.record.root.0;
        let row = self.books.find::<OriginRow>(&Key::Origin(named));
        row.is_some_and(|row| row.rounds > ROUNDS_MAX && root <= row.told_for)
    }

    /// What is known of an origin's value in a name once one seller has told anew; nothing where nobody tells of any.
    fn hear(&mut self, taint: &Taint, before: Option<TaintVisit>) -> Option<TaintVisit> {
        let key = Key::taint_told(taint.origin, taint.named, taint.from);
        let known = self.books.find::<TaintTold>(&key).copied();
        let version = taint.flag.version;
        // That there is nothing, or nothing any more, is as true of an earlier accusation.
        let is_nothing = taint.part == Fen::ZERO;
        let is_stale = if is_nothing {
            known.is_none_or(|told| told.version > version)
        } else {
            before.is_some_and(|visit| visit.flag.version > version)
        };
        if is_stale {
            return before;
        }
        let kept = before.filter(|visit| visit.flag == taint.flag || is_nothing);
        let mut visit = kept.unwrap_or_else(|| {
            self.profile.visits += 1;
            let counted = before.map(|visit| visit.counted).unwrap_or_default();
            TaintVisit { counted, ..TaintVisit::new(self.profile.visits, taint.flag) }
        });
        let known = known.filter(|told| told.visit == visit.number);
        if let Some(told) = known {
            visit.part -= told.part;
            *visit.tellers(told.hops) -= 1;
        }
        if is_nothing {
            self.books.remove(&key);
        } else {
            visit.part += taint.part;
            *visit.tellers(taint.hops) += 1;
            let (visit, Taint { part, hops, .. }) = (visit.number, *taint);
            self.books.put(key, TaintTold { visit, version, part, hops });
        }
        visit.hops = visit.fewest();
        if !is_nothing && (taint.hops, taint.from) <= (visit.hops, visit.via) {
            visit.via = taint.from;
        } else if visit.via == taint.from || visit.via.is_empty() {
            visit.via = self.teller_at(taint, &visit).unwrap_or(visit.via);
        }
        Some(visit).filter(|visit| visit.part > Fen::ZERO)
    }

    /// The first of the sellers who told of so few invoices.
    fn teller_at(&mut self, taint: &Taint, visit: &TaintVisit) -> Option<TaxpayerId> {
        let told_by = |from| Key::taint_told(taint.origin, taint.named, from);
        let keys = self.books.scan(&told_by(Id::EMPTY), &told_by(Id::LAST), TELLERS_PER_STEP);
        let mut nearest = keys.into_iter().filter(|key| {
            let told = self.books.find::<TaintTold>(key);
            told.is_some_and(|told| (told.visit, told.hops) == (visit.number, visit.hops))
        });
        if let Some(Key::TaintTold { from, .. }) = nearest.next() { Some(from) } else { None }
    }

    /// Whether a share of what was taken in a name is to be told on, where another was before. What has come by a longer way
    /// than the shortest may have come round, and is only where it differs by a good part.
    fn is_news(&self, before: Share, share: Share, taken: Fen, is_nearest: bool) -> bool {
        let by = (share.of(taken) - before.of(taken)).abs();
        share.differs_by(before, NEWS_PART) || is_nearest && by >= self.rules.limits.taint_tax_min()
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
            if counted == ORIGINS_PER_STEP || self.touched.len() > ORIGINS_PER_STEP {
                self.go_on(Continue::Behind { named, after: last, at: self.now });
                return;
            }
            last = origin;
            let Some(visit) = self.books.find::<TaintVisit>(&Key::Taint { origin, named }).copied() else { continue };
            self.recount(origin, named, Some(visit));
            self.share_moved(origin, named, &visit);
        }
    }

    /// Has buyers told on, where the books of a name have changed so much that another share of it is the origin's.
    fn share_moved(&mut self, origin: TaxpayerId, named: TaxpayerId, visit: &TaintVisit) {
        let taken = self.books.find::<OriginRow>(&Key::Origin(named)).map_or(Fen::ZERO, |row| row.taken);
        let share = Share::told(visit.part, taken);
        if named == origin || !self.is_news(visit.followed, share, taken, false) {
            return;
        }
        if let Some(visit) = self.books.edit::<TaintVisit>(&Key::Taint { origin, named }) {
            visit.followed = share;
        }
        let (flag, from, hops) = (visit.flag, visit.via, visit.hops);
        let taint = Taint { origin, flag, standing: true, named, part: visit.part, from, hops, raised_at: self.now };
        self.go_on(Continue::Taint { taint, after: Id::EMPTY });
    }

    /// Counts value of an origin again that came in one name: under its own all of it, under another's so much as was told,
    /// however much more came since. `before` is what it was counted with.
    fn recount(&mut self, origin: TaxpayerId, named: TaxpayerId, before: Option<TaintVisit>) {
        if origin == self.books.entity.id {
            return;
        }
        let Some(row) = self.books.find::<OriginRow>(&Key::Origin(named)).copied() else { return };
        let key = Key::Taint { origin, named };
        let now = self.books.find::<TaintVisit>(&key).copied();
        let counts = now.map(|visit| {
            let taken = if named == origin { row.taken } else { visit.part.min(row.taken) };
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
        }
        if total.names == 0 {
            self.books.remove(&Key::Tainted(origin));
        } else {
            self.books.put(Key::Tainted(origin), total);
        }
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
            Continue::Taint { taint, .. } if taint.standing && self.is_overtaken(taint) => {}
            Continue::Taint { taint, after } => {
                self.now = taint.raised_at;
                self.follow(taint, *after);
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
            Continue::Moved { passages, after, at } => {
                self.now = *at;
                self.tell_moved(passages, *after);
            }
            Continue::Closing(closing) => self.close_months(closing),
            Continue::Kind { after, place } => self.count_holdings(*after, *place),
            Continue::Gone { after } => self.count_sales(*after),
            // The clock's own.
            Continue::Timers => {}
        }
    }

    /// Whether another word on the same accusation has come while buyers were being told of this one: the others need not
    /// be told of it. Not so where it is lifted: it reaches everybody, and a new accusation only who took enough.
    fn is_overtaken(&mut self, taint: &Taint) -> bool {
        self.flag_of(taint.origin) != Some(taint.flag)
    }

    /// What stands for a name in these books.
    pub(super) fn ordinal(&mut self, named: TaxpayerId) -> Option<Ordinal> {
        if named == self.books.entity.id { Some(Ordinal::OWN) } else { self.books.ordinal(named) }
    }
}
