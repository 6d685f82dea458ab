//! A taxpayer: its papers, the invoices it issues and holds, what it claims, whose value passes through it, and what is
//! found about it. One record in, one pass: the handlers change rows and name what they touched; then whatever rests on
//! that is judged again.

mod abnormal;
mod abnormal_told;
mod chain;
mod claims;
mod closing;
mod flowed;
mod gone;
mod identity;
mod holding;
mod issuing;
mod kinds;
mod judge;
mod papers;
mod parties;
mod peers;
mod rules_changed;
mod settling;
mod taint;
mod task;
mod telling;
mod value;
mod ways;

use std::collections::BTreeSet;

use super::Fold;
use super::effects::{Effects, Seen, Verdict};
use super::register;
use crate::model::{
    About, Body, CHECK_CHARACTER, Doubt, EVENT_DOUBTS, Entity, Event, Fact, Fen, Instant, InvoiceNo, Message, Output,
    Period, Position, Record, Source, TaxpayerId, Timer, check_character_holds,
};
use crate::provenance::Ordinal;
use crate::risk::{self, RuleSet, ToldBy};
use crate::state::{Books, Key, Month, Opening, Profile, Rows, Stakes};

/// From so many effects on a loop over sales, buyers or red letters leaves the rest to a later step. What comes once for
/// each origin of an invoice, and the findings at the end, are on top and stay well below what a step may have.
const STEP_EFFECTS: usize = super::EFFECTS_MAX / 8;

/// Months after one of which something is known late, that are asked again: five years.
const LATER_MONTHS_MAX: usize = 60;
/// Of so many accused origins at most findings are asked again where a firm turns out to be known for longer.
const ACCUSED_ASKED_MAX: usize = 256;

/// One record being folded into one taxpayer.
struct Step<'a> {
    books: Books<'a>,
    profile: Profile,
    rules: &'a RuleSet,
    opening: Opening,
    /// The last hour the clock has passed.
    hour: Instant,
    record: &'a Record,
    effects: &'a mut Effects,
    /// Event time of what is being folded; set by each handler from what it is given, for a partition's clock depends on
    /// what else the partition holds.
    now: Instant,
    /// The input event to name as the cause of what is found.
    cause: Position,
    /// What findings may rest on and has changed.
    touched: Vec<Touched>,
    /// Months after this one rest on what has changed, too, where value began in them.
    touched_after: Option<Period>,
    /// Months of which nothing was known before this step.
    begun_months: Vec<Period>,
    /// Buyers to whom more or less of an origin has gone than before, where something in these books stands accused.
    moved: BTreeSet<(Ordinal, TaxpayerId)>,
    /// Whether what its parties know of it may have changed.
    parties_due: bool,
    /// Whether the task is merged again although no finding may have changed.
    task_due: bool,
    /// Why findings are withdrawn in this step, where the record itself does not say it.
    withdrawn_because: Option<&'static str>,
    /// By how much findings made, changed and withdrawn in this step move the sums of what is at stake.
    stakes: Stakes,
    /// On whose account months lose their ranks: see `abnormal`.
    withdrawal: abnormal::Withdrawal,
}

/// Something that is to be asked again.
#[derive(Clone, Copy)]
struct Touched {
    about: About,
    /// Of a month: which months, counted back from it, have changed. Everything may have where there are none.
    changed: Option<(i32, i32)>,
    /// Of those: what has changed.
    what: Changed,
}

/// What has changed of a month.
#[derive(Clone, Copy, Default)]
struct Changed {
    /// What is known of it by the firm's own trade, returns and papers.
    own: bool,
    /// What third parties read.
    readings: bool,
    /// How its peers measured up.
    peers: bool,
}

impl Changed {
    const OWN: Self = Self { own: true, readings: false, peers: false };

    fn and(self, other: Self) -> Self {
        let Self { own, readings, peers } = other;
        Self { own: self.own || own, readings: self.readings || readings, peers: self.peers || peers }
    }

    /// Whether a typology may rest on it.
    fn concerns(self, typology: &risk::Typology) -> bool {
        self.own
            || typology.told_by.iter().any(|told_by| match told_by {
                ToldBy::ThirdParties => self.readings,
                ToldBy::Peers => self.peers,
            })
    }
}

impl Touched {
    /// Whether findings of a kind about it may rest on what has changed. What accuses a source may rest on any month before.
    fn concerns(&self, typology: &risk::Typology) -> bool {
        self.changed.is_none_or(|(from, to)| {
            let is_near = typology.rests_on_pool() || -typology.months_ahead <= to && from <= typology.months_back;
            is_near && self.what.concerns(typology)
        })
    }
}

pub(super) fn step(fold: &Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    let mut books = Books::of(rows, record.to);
    let (profile, new) = books.lift::<Profile>(Key::Profile);
    let mut step = Step {
        books,
        profile,
        rules: &fold.rules,
        opening: fold.opening,
        hour: fold.hour,
        record,
        effects,
        now: Instant::default(),
        cause: record.root.position(),
        touched: Vec::new(),
        touched_after: None,
        begun_months: Vec::new(),
        moved: BTreeSet::new(),
        parties_due: false,
        task_due: false,
        withdrawn_because: None,
        stakes: Stakes::default(),
        withdrawal: abnormal::Withdrawal::default(),
    };
    let (begun, accused) = (step.begun(), step.profile.flag.is_some());
    if !step.hands_on() {
        match &record.body {
            Body::Fact(source, event) | Body::Message(Message::Forwarded(source, event)) => step.fact(*source, event),
            Body::Message(message) => step.message(message),
            // Addressed to the clock and to nobody.
            Body::Tick | Body::Refused(_) => {}
        }
    }
    step.met(new);
    step.expect_months();
    step.judge_touched();
    step.tell_parties(accused);
    step.report_moved(begun);
    let Step { mut books, mut profile, .. } = step;
    profile.ledger.expired = profile.expired.total().0;
    assert!(
        profile.ledger.balances(profile.pool.total()),
        "value appeared or vanished in the books of {} at {}: {:?}, pool {:?}",
        record.to.id,
        record.position,
        profile.ledger,
        profile.pool
    );
    books.put(Key::Profile, profile);
}

impl Step<'_> {
    fn fact(&mut self, source: Source, event: &Event) {
        self.now = event.occurred_at;
        match &event.fact {
            Fact::InvoiceIssued(invoice) => self.issued(source, event, invoice),
            Fact::InvoiceVoided(voided) => self.voided(source, event, voided),
            Fact::InvoiceReceived(received) => self.received(source, event, received),
            Fact::InvoiceDeducted(deducted) => self.deducted(source, event, deducted),
            Fact::DeductionReversed(reversed) => self.reversed(source, event, reversed),
            Fact::TaxpayerRegistered(_)
            | Fact::TaxpayerChanged(_)
            | Fact::TaxpayerStatusChanged(_)
            | Fact::InvoiceQuotaGranted(_)
            | Fact::InvoiceMarkedAbnormal(_)
            | Fact::InvoiceMarkLifted(_)
            | Fact::TaxpayerVerified(_)
            | Fact::VatDeclared(_)
            | Fact::Observed(_) => {
                if register::note(&mut self.books, self.record, source, event, self.effects) {
                    self.paper(event);
                    if let Fact::TaxpayerChanged(changed) = &event.fact
                        && let Some(former) = changed.former_taxpayer_id
                    {
                        self.follows(former, source, event.occurred_at);
                    }
                }
            }
            // Facts about other kinds of entity are never addressed to a taxpayer.
            Fact::OrgDefined(_)
            | Fact::GridDefined(_)
            | Fact::OfficerDefined(_)
            | Fact::TaskActed(_)
            | Fact::RulesPublished(_)
            | Fact::ModelPublished(_) => {}
        }
    }

    fn message(&mut self, message: &Message) {
        match message {
            Message::Arrival(arrival) => self.arrived(arrival),
            Message::Voided(voided) => self.held_voided(voided),
            Message::Returned(returned) => self.held_returned(returned),
            Message::Marked(marked) => self.held_marked(marked),
            Message::Taint(taint) => self.tainted(taint),
            Message::Timer(timer) => self.timer(*timer),
            Message::Continue(cursor) => self.continued(cursor),
            Message::Claimed(claimed) => self.hear_claimed(claimed),
            Message::Abnormal(abnormal) => self.held_abnormal(abnormal),
            Message::Released(period) => self.released(*period),
            Message::Shared(shared) => self.shared(shared),
            Message::Identified(identified) => self.identified(identified),
            Message::Peers(told) => self.peers_told(told),
            // A case's own, control's, a party's and peers', and unwrapped above.
            Message::Report(_)
            | Message::Began(_)
            | Message::Tied(_)
            | Message::Joined(_)
            | Message::Measured(_)
            | Message::Forwarded(..) => {}
        }
    }

    /// Notes since when the taxpayer is known, and looks at a new one.
    fn met(&mut self, new: bool) {
        let known_since = &mut self.profile.known_since;
        let unknown = *known_since == Instant::default();
        // What is refused says nothing, not all messages have a time, and an accusation has that of somebody else's trade,
        // as a party's word has that of somebody else's papers.
        let is_own = !matches!(
            self.record.body,
            Body::Message(
                Message::Taint(_)
                    | Message::Continue(_)
                    | Message::Shared(_)
                    | Message::Peers(_)
                    | Message::Abnormal(_)
                    | Message::Released(_)
                    | Message::Timer(Timer::RulesChanged | Timer::MonthPassed { .. })
            )
        );
        let counts = is_own && self.effects.verdict == Verdict::Accepted && self.now != Instant::default();
        if counts && (unknown || self.now < *known_since) {
            let before = std::mem::replace(known_since, self.now).period();
            if !unknown {
                // Whom it has met since it is known is seen otherwise now, and how new it was in its first months.
                self.touch_accused(ACCUSED_ASKED_MAX);
                self.touch_one(About::Period(before));
                self.touch_one(About::Period(before.minus(-1)));
            }
        }
        if counts {
            self.profile.known_until = self.profile.known_until.max(self.now);
        }
        if new && !check_character_holds(self.books.entity.id) {
            let reason =
                format!("the check character of taxpayer id {} is wrong (GB 32100-2015)", self.books.entity.id);
            self.doubt(CHECK_CHARACTER, None, reason);
        }
    }

    /// Says that an accepted event should be looked at.
    fn doubt(&mut self, code: &str, invoice_no: Option<InvoiceNo>, reason: String) {
        self.effects.outputs.push(Output::Doubt(Box::new(Doubt {
            code: code.into(),
            taxpayer_id: self.books.entity.id,
            invoice_no,
            reason: reason.into(),
            at: self.now,
            position: self.cause,
        })));
    }

    /// Says of an accepted event what may be doubted of it by itself.
    fn doubt_event(&mut self, event: &Event) {
        for doubt in &EVENT_DOUBTS {
            if let Some((invoice_no, reason)) = doubt.said_of(event) {
                self.doubt(doubt.code, invoice_no, reason);
            }
        }
    }

    fn seen(&mut self, source: Source, event: &Event, seen: Seen) {
        self.effects.seen(self.record, source, event, seen);
    }

    /// Whether a loop may go on in this step.
    fn has_room(&self) -> bool {
        self.effects.len() + self.moved.len() < STEP_EFFECTS
    }

    fn send(&mut self, to: Entity, message: Message) {
        self.effects.messages.push((to, message));
    }

    /// Has what rests on `about` judged when the step ends.
    fn touch(&mut self, about: About) {
        match about {
            About::Period(period) => self.touch_around(period, Changed::OWN),
            About::Invoice { .. } | About::Origin(_) | About::Party(_) => self.touch_one(about),
        }
    }

    /// Has the findings asked again that may rest on what others tell of a month.
    fn touch_told(&mut self, period: Period, told_by: ToldBy) {
        let what = match told_by {
            ToldBy::ThirdParties => Changed { readings: true, ..Changed::default() },
            ToldBy::Peers => Changed { peers: true, ..Changed::default() },
        };
        self.touch_around(period, what);
    }

    /// Findings about a month may rest on those around it: also where it is asked again already, for one near it.
    fn touch_around(&mut self, period: Period, what: Changed) {
        self.touch_month(period, 0, what);
        let last = self.profile.last_month.max(self.profile.last_declared);
        for months in -risk::months_ahead()..=risk::months_back() {
            let near = period.minus(-months);
            if near > last {
                break;
            }
            self.touch_month(near, months, what);
        }
        // What was left in the pool at the end of a month rests on all months before it.
        let after = period.minus(-risk::months_back());
        if what.own && after < self.profile.last_month {
            self.touched_after = Some(self.touched_after.map_or(after, |earlier| earlier.min(after)));
        }
    }

    /// Has a month asked again on account of another, so many months before it.
    fn touch_month(&mut self, period: Period, months: i32, what: Changed) {
        let about = About::Period(period);
        match self.touched.iter_mut().find(|touched| touched.about == about) {
            Some(Touched { changed: Some((from, to)), what: before, .. }) => {
                (*from, *to) = ((*from).min(months), (*to).max(months));
                *before = before.and(what);
            }
            Some(_) => {}
            None => self.touched.push(Touched { about, changed: Some((months, months)), what }),
        }
    }

    /// Has the later months asked again in which value began.
    fn touch_later(&mut self) {
        let Some(after) = self.touched_after.take() else { return };
        let last = self.profile.last_month;
        let (from, to) = (Key::Month(after.minus(-1)), Key::Month(last.minus(-1)));
        for key in self.books.scan(&from, &to, LATER_MONTHS_MAX) {
            let begun = self.books.find::<Month>(&key).is_some_and(|month| month.originated > Fen::ZERO);
            if let (Key::Month(period), true) = (key, begun) {
                self.touch_one(About::Period(period));
            }
        }
    }

    /// Has something asked again whatever a finding about it rests on.
    fn touch_one(&mut self, about: About) {
        match self.touched.iter_mut().find(|touched| touched.about == about) {
            Some(touched) => touched.changed = None,
            None => self.touched.push(Touched { about, changed: None, what: Changed::OWN }),
        }
    }

    fn month(&mut self, period: Period) -> &mut Month {
        let (month, begun) = self.books.edit_or_new::<Month>(Key::Month(period));
        if begun {
            self.begun_months.push(period);
        }
        month
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::EFFECTS_MAX;
    use crate::risk::Subject;

    #[test]
    fn all_months_that_are_asked_again_at_once_have_room_in_a_step() {
        let of_months = |on_pool: bool| {
            let asked = |typology: &&&risk::Typology| {
                typology.subject == Subject::Period && typology.rests_on_pool() == on_pool
            };
            risk::ALL.iter().filter(asked).count()
        };
        let around = usize::try_from(risk::months_ahead() + risk::months_back()).unwrap();
        assert!(
            (LATER_MONTHS_MAX + ways::KEPT_MONTHS_MAX + around) * of_months(true) + of_months(false)
                <= EFFECTS_MAX / 2 - STEP_EFFECTS
        );
    }
}
