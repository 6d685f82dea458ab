//! Findings kept true: whatever a finding rests on has changed, it is asked again whether it stands, and made, refreshed
//! or withdrawn. What stands is kept in order for the task (`task.rs`).

use super::{Changed, Step, Touched};
use crate::model::{About, Continue, Id, Instant, Output, Period, Signal, SignalStatus, Timer};
use crate::risk::{self, Entry, Finding, Recent, Rule, Subject, Typology, View, When};
use crate::state::{Key, Month, SignalOrder, SignalRow, Stratum};

/// Months of findings against the taxpayer as a source that one step asks again.
const BURSTS_PER_STEP: usize = 16;

/// From this level on a finding accuses: that of an assessment.
const ACCUSING_LEVEL: u8 = 3;

/// From so many effects on only what accuses a source is still asked of further months in a step: the rest goes on.
const JUDGED_EFFECTS: usize = crate::fold::EFFECTS_MAX / 2;

impl Step<'_> {
    pub(super) fn judge_touched(&mut self) {
        if self.touched.is_empty() && !self.task_due {
            return;
        }
        self.touch_later();
        let mut changed = false;
        let mut at = 0;
        let (mut cleared, mut later) = (Vec::new(), Vec::new());
        let mut recent = Recent::default();
        // Judging may touch more: an accusation raised here reaches nobody's rows but these.
        while let Some(touched) = self.touched.get(at).copied() {
            let about = touched.about;
            at += 1;
            let has_passed = match about {
                About::Period(period) => self.rules.limits.month_passes(period, self.books.entity.id) <= self.hour,
                About::Invoice { .. } | About::Origin(_) | About::Party(_) => true,
            };
            let has_room = self.effects.len() < JUDGED_EFFECTS;
            if let (false, About::Period(period)) = (has_room, about) {
                later.push(period);
            }
            let subject = subject(&about);
            let mut asked = self
                .rules
                .asked(subject)
                .filter(|(entry, ..)| has_room || entry.typology.accuses_source || subject != Subject::Period);
            while let Some((typology, finding)) = self.check_on(&mut asked, &touched, has_passed, &mut recent) {
                // Last, so that a firm that is accused of another month instead stays accused, in the same case.
                if typology.accuses_source && !finding.as_ref().is_some_and(|finding| self.accuses(finding.score)) {
                    cleared.push((typology, about, finding));
                } else if self.judge(typology, &about, finding) {
                    changed = true;
                    recent = Recent::default();
                }
            }
            if let About::Origin(origin) = about {
                self.report_again(origin);
            }
        }
        for (typology, about, finding) in cleared {
            changed |= self.judge(typology, &about, finding);
        }
        if changed || self.task_due {
            self.merge_task(changed);
        }
        if !later.is_empty() {
            self.go_on(Continue::Judge { months: later, at: self.now });
        }
    }

    /// Goes on asking months again.
    pub(super) fn ask_more_months(&mut self, months: &[Period], at: Instant) {
        self.now = at;
        for month in months {
            self.touch_one(About::Period(*month));
        }
    }

    /// Sees to it that months begun in this step are asked again when they have passed.
    pub(super) fn expect_months(&mut self) {
        for period in std::mem::take(&mut self.begun_months) {
            self.expect_month(period);
        }
    }

    fn expect_month(&mut self, period: Period) {
        let due = self.rules.limits.month_passes(period, self.books.entity.id);
        if self.books.set_timer(self.hour, due, Timer::MonthPassed { period }) {
            self.has_passed(period);
            self.tell_peers(period, due);
        }
    }

    fn has_passed(&mut self, period: Period) {
        self.stratify(period);
        self.touch_one(About::Period(period));
        // Some findings wait for the months after their own.
        for months in 1..=risk::months_ahead() {
            self.touch_month(period.minus(months), -months, Changed::OWN);
        }
    }

    /// Puts the firm into its stratum of the random sample of a month, if nothing stands against it. That is a statement of
    /// the hour in which the month has passed: what is found later draws nobody else.
    fn stratify(&mut self, period: Period) {
        let Some(sample) = self.rules.sample.as_ref().filter(|_| self.profile.open_signals == 0) else { return };
        let sales = (0..12).filter_map(|months| {
            let month = self.books.find::<Month>(&Key::Month(period.minus(months)))?;
            Some(month.invoiced().amount)
        });
        let scale = sample.scale(sales.sum());
        let industry = u8::try_from(self.profile.industry.value.unwrap_or_default() / 100).unwrap_or(0);
        let region = u8::try_from(self.profile.region.value.unwrap_or_default() / 10_000).unwrap_or(0);
        self.month(period).stratum = Some(Stratum { industry, region, scale });
    }

    /// A month has passed, if the rules do not give it more time now than when the time was set.
    pub(super) fn month_passed(&mut self, period: Period) {
        let due = self.rules.limits.month_passes(period, self.books.entity.id);
        if due > self.hour {
            self.expect_month(period);
            return;
        }
        self.now = due;
        self.has_passed(period);
        self.tell_peers(period, due);
    }

    /// What stands against it as a source is asked again, months from this one on.
    pub(super) fn touch_bursts_from(&mut self, first: Period) {
        let key = |place| Key::Standing { order: SignalOrder::Accusing.name(), place, signal_id: Id::EMPTY };
        let keys = self.books.scan(&key(i64::from(first.0)), &key(i64::MAX), BURSTS_PER_STEP + 1);
        let months = keys.iter().filter_map(|key| {
            let Key::Standing { place, .. } = key else { return None };
            i32::try_from(*place).ok().map(Period)
        });
        let months: Vec<Period> = months.collect();
        for month in months.iter().take(BURSTS_PER_STEP).copied().map(About::Period) {
            self.touch_one(month);
        }
        if months.len() > BURSTS_PER_STEP {
            self.go_on(Continue::Bursts { after: months[BURSTS_PER_STEP - 1], at: self.now });
        }
    }

    /// Goes on asking again what stands against it as a source.
    pub(super) fn ask_more_bursts(&mut self, after: Period, at: Instant) {
        self.now = at;
        self.touch_bursts_from(after.minus(-1));
    }

    /// Asks one typology after another, up to the next of which a finding stands, or stood.
    fn check_on<'r>(
        &mut self,
        asked: &mut impl Iterator<Item = (&'static Entry, bool, &'r [Rule])>,
        touched: &Touched,
        has_passed: bool,
        recent: &mut Recent,
    ) -> Option<(&'static Typology, Option<Finding>)> {
        let found = self.profile.found;
        let view = &mut View::new(&mut self.books, &self.profile, self.rules, self.opening, self.hour, recent);
        asked.find_map(|(entry, is_on, rules)| {
            let typology = entry.typology;
            // Else it does not stand, and did not.
            let stood = found & entry.bit != 0;
            let may_stand = is_on && (typology.when == When::AtOnce || has_passed) || stood;
            if rules.is_empty() && !(may_stand && touched.concerns(typology)) {
                return None;
            }
            let finding = check(view, (entry, rules), &touched.about, has_passed);
            (finding.is_some() || stood).then_some((typology, finding))
        })
    }

    /// Whether a finding of such a score, of a typology that accuses a source, accuses it: what asks for no assessment tells
    /// nobody that bought there.
    pub(super) fn accuses(&self, score: u16) -> bool {
        risk::level_of_score(&self.rules.limits, score) >= ACCUSING_LEVEL
    }

    /// Whether the finding has changed.
    fn judge(&mut self, typology: &'static Typology, about: &About, finding: Option<Finding>) -> bool {
        let key = Key::Signal(risk::signal_id(self.books.entity.id, typology, about));
        let before = self.books.find::<SignalRow>(&key).map(|row| row.0.clone());
        let was_open = before.as_ref().is_some_and(|signal| signal.status == SignalStatus::Open);
        if typology.accuses_source {
            let was = before.as_ref().is_some_and(|before| self.books.has(&accusing(before)));
            let is = finding.as_ref().is_some_and(|finding| self.accuses(finding.score));
            if was != is {
                self.accusations(typology, is);
            }
        }
        let stood = before.clone().filter(|_| was_open);
        let signal = match (finding, before) {
            (None, Some(before)) if was_open => self.withdrawn(before),
            (None, _) => return false,
            (Some(finding), before) => {
                let signal = self.open(typology, about, finding, before.as_ref());
                if before.is_some_and(|before| same_but_version(&before, &signal)) {
                    return false;
                }
                signal
            }
        };
        let is_open = signal.status == SignalStatus::Open;
        if let Some(before) = stood {
            self.list(&before, typology, false);
        }
        if is_open {
            self.list(&signal, typology, true);
        }
        self.effects.outputs.push(Output::Signal(Box::new(signal.clone())));
        self.books.put(key, SignalRow(signal));
        match (was_open, is_open) {
            (false, true) => {
                self.profile.open_signals += 1;
                self.profile.found |= typology.bit();
                if self.profile.open_signals == 1 {
                    self.books.list_with_findings(true);
                }
            }
            (true, false) => {
                self.profile.open_signals -= 1;
                if self.profile.open_signals == 0 {
                    self.profile.found = 0;
                    self.books.list_with_findings(false);
                }
            }
            (true, true) | (false, false) => {}
        }
        true
    }

    /// One more finding accuses the taxpayer as a source, or one less. It stands accused once, whatever for.
    fn accusations(&mut self, typology: &Typology, opened: bool) {
        if opened {
            self.profile.open_bursts += 1;
            if self.profile.open_bursts == 1 {
                self.accuse(typology);
            }
        } else {
            self.profile.open_bursts -= 1;
            if self.profile.open_bursts == 0 {
                self.acquit();
            }
        }
    }

    fn open(&self, typology: &Typology, about: &About, finding: Finding, before: Option<&Signal>) -> Signal {
        let taxpayer_id = self.books.entity.id;
        let still = before.filter(|before| before.status == SignalStatus::Open);
        let case_id = finding.case_id.or_else(|| {
            let own = self.profile.flag.filter(|_| typology.accuses_source);
            own.map(|flag| flag.case_id)
        });
        Signal {
            signal_id: risk::signal_id(taxpayer_id, typology, about),
            taxpayer_id,
            typology: typology.code.into(),
            score: finding.score,
            stake: finding.stake,
            raised_at: still.map_or(self.now, |before| before.raised_at),
            status: SignalStatus::Open,
            withdrawn_at: None,
            withdrawn_reason: None,
            evidence: finding.evidence,
            text_zh: finding.sentence.zh.into(),
            text_en: finding.sentence.en.into(),
            about: *about,
            causes: vec![self.cause],
            counterparties: finding.counterparties,
            case_id,
            version: before.map_or(0, |before| before.version) + 1,
        }
    }

    fn withdrawn(&self, before: Signal) -> Signal {
        Signal {
            status: SignalStatus::Withdrawn,
            withdrawn_at: Some(self.now),
            withdrawn_reason: Some(self.withdrawn_because.unwrap_or(self.record.body.code()).into()),
            causes: vec![self.cause],
            version: before.version + 1,
            ..before
        }
    }
}

/// What a typology and the rules that are reported under it find.
fn check(
    view: &mut View<'_, '_>,
    (entry, rules): (&Entry, &[Rule]),
    about: &About,
    has_passed: bool,
) -> Option<Finding> {
    let own = view.ask(entry, about, has_passed);
    let About::Period(period) = *about else { return own };
    if rules.is_empty() {
        return own;
    }
    let asked = rules.iter().filter(|rule| rule.at_once || has_passed);
    risk::together(own, asked.filter_map(|rule| risk::ask(rule, view, period)))
}

/// Where a finding about a month is listed among those that accuse the taxpayer as a source; nowhere where it is about something
/// else.
pub(super) fn accusing(signal: &Signal) -> Key {
    let place = if let About::Period(period) = signal.about { i64::from(period.0) } else { i64::MAX };
    Key::Standing { order: SignalOrder::Accusing.name(), place, signal_id: signal.signal_id }
}

fn subject(about: &About) -> Subject {
    match about {
        About::Invoice { .. } => Subject::Invoice,
        About::Period(_) => Subject::Period,
        About::Origin(_) => Subject::Origin,
        About::Party(_) => Subject::Party,
    }
}

/// Whether two versions of a finding say the same.
fn same_but_version(before: &Signal, now: &Signal) -> bool {
    before.status == now.status
        && before.score == now.score
        && before.stake == now.stake
        && before.evidence == now.evidence
        && before.text_en == now.text_en
        && before.counterparties == now.counterparties
        && before.case_id == now.case_id
}
