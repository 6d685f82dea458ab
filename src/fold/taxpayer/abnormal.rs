//! Abnormal vouchers, on their holder's side (Announcement 38 of 2019): what of a month's deducted tax is abnormal, and
//! whether that is so much that the invoices which the holder itself issued in that month are abnormal in turn.
//!
//! A month that propagates has a *rank*, larger than the ranks of all it rests on: marks of the authority count as 0. So what
//! rests only on itself, round a cycle, cannot stand: once its base is gone, somebody on it has nothing of a lower rank left.
//! A month that loses its rank takes another only when it has heard that nobody rests on the old one any more
//! (`abnormal_told`), or a cycle without a base would count its ranks up without end.

use super::Step;
use crate::model::{About, Continue, CreditGrade, Fen, Instant, Period, TaxpayerId, Timer};
use crate::risk;
use crate::state::{AbnormalFrom, AbnormalMonth, AnswersTo, Key, Month, Voucher, summed};

/// Months that one step weighs because of a paper.
const MONTHS_PER_STEP: usize = 128;

/// On whose account months lose their ranks in this step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Withdrawal {
    /// Nobody waits to hear of it.
    #[default]
    Own,
    /// A seller does, and no month of this taxpayer answers for it yet.
    For { seller_id: TaxpayerId, period: Period },
    /// A seller does, and this month answers for it.
    Answered(Period),
}

impl Step<'_> {
    /// Counts what a held invoice counts for, as it is now and no longer as it was.
    pub(super) fn count_voucher(&mut self, seller_id: TaxpayerId, before: &Voucher, after: &Voucher) {
        let mut moved: Vec<(Period, Fen)> = before
            .deducted
            .iter()
            .map(|(period, tax)| (*period, -*tax))
            .chain(after.deducted.iter().copied())
            .collect();
        summed(&mut moved);
        for (period, tax) in &moved {
            self.month(*period).special_deducted += *tax;
        }
        let mut months: Vec<Period> = Vec::new();
        for (voucher, sign) in [(before, -1), (after, 1)] {
            let Some(rank) = voucher.rank else { continue };
            for (period, tax) in &voucher.deducted {
                self.count_abnormal(*period, seller_id, (*tax, sign), rank);
                months.push(*period);
            }
            if let Some((period, tax)) = voucher.unclaimed {
                let month = self.abnormal_month(period);
                month.unclaimed += Fen(sign * tax.0);
                month.unclaimed_invoices = counted(month.unclaimed_invoices, sign);
                months.push(period);
            }
        }
        if self.profile.abnormal_months == 0 {
            return;
        }
        months.extend(moved.iter().map(|(period, _)| *period));
        months.sort_unstable();
        months.dedup();
        for period in months {
            self.weigh(period);
        }
    }

    /// Counts an invoice's abnormal tax that is deducted for a month in or, with a negative sign, out.
    fn count_abnormal(&mut self, period: Period, seller_id: TaxpayerId, (tax, sign): (Fen, i64), rank: u64) {
        let tax = Fen(sign * tax.0);
        let month = self.abnormal_month(period);
        month.deducted += tax;
        month.invoices = counted(month.invoices, sign);
        if rank < month.rank {
            month.supported += tax;
        }
        month.highest = month.highest.max(rank);
        let key = Key::AbnormalFrom { period, seller_id };
        let (from, _) = self.books.edit_or_new::<AbnormalFrom>(key);
        from.tax += tax;
        from.invoices = counted(from.invoices, sign);
        if *from == AbnormalFrom::default() {
            self.books.remove(&key);
        }
    }

    pub(super) fn abnormal_month(&mut self, period: Period) -> &mut AbnormalMonth {
        let (month, made) = self.books.edit_or_new::<AbnormalMonth>(Key::Abnormal(period));
        self.profile.abnormal_months += u32::from(made);
        month
    }

    /// The same, where there is one.
    pub(super) fn find_abnormal(&mut self, period: Period) -> Option<AbnormalMonth> {
        if self.profile.abnormal_months == 0 {
            return None;
        }
        self.books.find::<AbnormalMonth>(&Key::Abnormal(period)).copied()
    }

    /// Asks whether a month makes the taxpayer's own invoices abnormal in turn, something of it having changed.
    pub(super) fn weigh(&mut self, period: Period) {
        let Some(month) = self.find_abnormal(period) else { return };
        self.touch_one(About::Period(period));
        self.notice(period);
        if month.withdrawing {
            return;
        }
        let propagates = month.rank > 0;
        match (propagates, self.is_enough(period, if propagates { month.supported } else { month.deducted })) {
            (false, true) => self.propagate(period),
            (true, false) => self.withdraw(period),
            (true, true) | (false, false) => {}
        }
    }

    /// Whether so much abnormal tax makes a month propagate, by the law's two numbers: exactly, in integers.
    fn is_enough(&mut self, period: Period, abnormal: Fen) -> bool {
        let Some(law) = risk::propagation(self.rules) else { return false };
        let whole = self.books.find::<Month>(&Key::Month(period)).map_or(Fen::ZERO, |month| month.special_deducted);
        law.holds(abnormal, whole) && self.is_general(period.last())
    }

    /// The taxpayer's own invoices of a month become abnormal in turn.
    fn propagate(&mut self, period: Period) {
        let month = self.abnormal_month(period);
        month.highest += 1;
        (month.rank, month.supported) = (month.highest, month.deducted);
        self.pass_through_sales();
    }

    /// They are no longer: what a month rests on has gone, or is not enough. Another rank is taken only when it has been
    /// heard that nobody rests on this one.
    fn withdraw(&mut self, period: Period) {
        let lost_in = self.profile.passes_begun;
        let month = self.abnormal_month(period);
        (month.rank, month.supported) = (0, Fen::ZERO);
        if month.told == 0 {
            self.weigh(period);
            return;
        }
        (month.withdrawing, month.lost_in) = (true, lost_in);
        let answers_to = match self.withdrawal {
            Withdrawal::Own => AnswersTo::Nobody,
            Withdrawal::For { seller_id, period: of } => {
                self.withdrawal = Withdrawal::Answered(period);
                AnswersTo::Seller { seller_id, period: of }
            }
            Withdrawal::Answered(first) => {
                self.abnormal_month(first).pending += 1;
                AnswersTo::Month(first)
            }
        };
        self.abnormal_month(period).answers_to = answers_to;
        self.pass_through_sales();
    }

    /// Weighs the months after `after`, for a paper may decide about each.
    pub(super) fn weigh_months(&mut self, after: Period) {
        if self.profile.abnormal_months == 0 {
            return;
        }
        let (from, to) = (Key::Abnormal(after.minus(-1)), Key::Abnormal(Period(i32::MAX)));
        let mut last = after;
        for (weighed, key) in self.books.scan(&from, &to, MONTHS_PER_STEP + 1).into_iter().enumerate() {
            let Key::Abnormal(period) = key else { return };
            if weighed == MONTHS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Weigh { after: last, at: self.now });
                return;
            }
            last = period;
            self.weigh(period);
        }
    }

    /// Notes since when a month has had abnormal deductions. Who may ask for verification of them has time for it from then.
    fn notice(&mut self, period: Period) {
        let (since, cause) = (self.now.max(self.profile.known_until), self.cause);
        let month = self.abnormal_month(period);
        if month.invoices == 0 {
            (month.since, month.since_cause) = Default::default();
            return;
        }
        if month.since == Instant::default() {
            (month.since, month.since_cause) = (since, cause);
        }
        let since = month.since;
        if self.profile.credit_grade.value == Some(CreditGrade::A) {
            let due = risk::verified_by(self.rules, since);
            // Where the time has passed, the finding stands already.
            let _has_come = due.is_some_and(|due| self.books.set_timer(self.hour, due, Timer::Verification { period }));
        }
    }

    /// The time for verification is over, if the rules do not give more of it than when the time was set.
    pub(super) fn verification_due(&mut self, period: Period) {
        let Some(month) = self.find_abnormal(period).filter(|month| month.invoices > 0) else { return };
        (self.now, self.cause) = (month.since, month.since_cause);
        self.notice(period);
        self.now = risk::verified_by(self.rules, month.since).unwrap_or(self.now);
        self.touch_one(About::Period(period));
    }
}

fn counted(count: u32, sign: i64) -> u32 {
    if sign < 0 { count.saturating_sub(1) } else { count.saturating_add(1) }
}
