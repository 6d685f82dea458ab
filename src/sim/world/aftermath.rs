//! What follows an invoice, put on the agenda when it is issued: receipts, deductions, voids, red letters, and for some of
//! those of schemes what the authority does about them.

use crate::model::{Instant, InvoiceKind, Period, Purpose};

use super::World;
use super::agenda::{Action, Claim, Planned, Reason, Sheet, Step};
use super::calendar::{DayNo, Hours};
use super::chance::Chance;
use super::firm::{FirmNo, NOBODY, index};
use super::sheet;

/// Red-lettered after the buyer deducted, in basis points.
const LATE_RED_LETTERS_BP: u64 = 40;
/// Of these, offset in part only.
const PARTLY_BP: u64 = 6_500;
/// Deducted, and given back for private use.
const PRIVATE_USE_BP: u64 = 30;
/// Deducted before it is booked.
const EARLY_DEDUCTION_BP: u64 = 50;

impl World {
    /// What follows an ordinary invoice. Everything from tomorrow on: today's entries are already taken.
    pub(super) fn follow(&mut self, sheet: &Sheet, claim: Claim) {
        let mut chance = sheet::chance_of(!self.settings.seed, sheet);
        let seller = &self.firms[index(sheet.invoice.seller)];
        let farm = sheet.kind == InvoiceKind::FarmPurchase;
        let soon = self.day + 1 + chance.place(5);
        if self.is_same_month(soon) && !farm {
            if seller.paper && chance.happens(seller.voids_bp) {
                return self.put(soon, Action::Void(Box::new(*sheet)), &mut chance);
            }
            if chance.happens(seller.returns_bp) {
                return self.put(soon, Action::Correct(Box::new(*sheet)), &mut chance);
            }
        }
        if sheet.buyer == NOBODY {
            return;
        }
        let purpose = self.purpose(sheet.buyer, farm, &mut chance);
        let received = self.day + 1 + chance.weighted([30, 26, 18, 11, 7, 4, 2, 1, 1].into_iter());
        let deducted = self.deducted(sheet, received, &mut chance);
        let Some((day, period)) = deducted else {
            return self.put(received, Action::Receive(claim), &mut chance);
        };
        // Now and then somebody claims first and books later.
        let swapped = chance.happens(EARLY_DEDUCTION_BP) && self.calendar.days[received].period == period;
        let (received, day) = if swapped { (day, received) } else { (received, day) };
        if !farm {
            self.put(received, Action::Receive(claim), &mut chance);
        }
        self.put(day, Action::Deduct(claim, period, purpose), &mut chance);
        if !farm && purpose == Purpose::Deduct {
            self.regret(sheet, claim, day.max(received), &mut chance);
        }
    }

    /// What follows an invoice of a scheme: the same, but nobody takes anything back, and the authority may mark it.
    pub(super) fn follow_planned(&mut self, sheet: &Sheet, claim: Claim, planned: &Planned, refund: bool) {
        let mut chance = sheet::chance_of(!self.settings.seed, sheet);
        let farm = sheet.kind == InvoiceKind::FarmPurchase;
        if sheet.buyer == NOBODY {
            return;
        }
        let purpose = if refund { Purpose::ExportRefund } else { Purpose::Deduct };
        let received = self.day + 1 + chance.weighted([30, 26, 18, 11, 7, 4, 2, 1, 1].into_iter());
        if !farm {
            self.put(received, Action::Receive(claim), &mut chance);
        }
        let deducted = self.deducted(sheet, received, &mut chance);
        let mark = planned.mark.filter(|mark| self.calendar.day_of(mark.at) > self.day);
        // What is marked cannot be claimed any more.
        let deducted = deducted.filter(|(day, _)| mark.is_none_or(|mark| *day < self.calendar.day_of(mark.at)));
        if let Some((day, period)) = deducted {
            self.put(day, Action::Deduct(claim, period, purpose), &mut chance);
        }
        let Some(mark) = mark else { return };
        self.agenda.add(&self.calendar, mark.at, Action::Mark(sheet.invoice, true));
        if let (Some(at), Some(_)) = (mark.reversed_at, deducted) {
            self.agenda.add(&self.calendar, at, Action::Reverse(claim, Reason::Abnormal));
        }
        if let Some(at) = mark.lifted_at {
            self.agenda.add(&self.calendar, at, Action::Mark(sheet.invoice, false));
            let again = self.calendar.day_of(at) + 2 + chance.place(5);
            if (mark.reversed_at.is_some() || deducted.is_none()) && again < self.calendar.days.len() {
                let period = self.calendar.days[again].period;
                self.put(again, Action::Deduct(claim, period, purpose), &mut chance);
            }
        }
    }

    /// What follows an invoice of a scheme that has planned every step.
    pub(super) fn follow_exactly(&mut self, sheet: &Sheet, claim: Claim, steps: &[(Instant, Step)]) {
        for &(at, step) in steps {
            let action = match step {
                Step::Receive => Action::Receive(claim),
                Step::Deduct(period) => Action::Deduct(claim, period, Purpose::Deduct),
                Step::Reverse => Action::Reverse(claim, Reason::Mistake),
                Step::Void => Action::Void(Box::new(*sheet)),
                Step::Offset(thousandths) => Action::Offset(Box::new(*sheet), thousandths),
            };
            self.agenda.add(&self.calendar, at, action);
        }
    }

    /// What a buyer claims tax for: who sells abroad has as much of it refunded.
    fn purpose(&self, buyer: FirmNo, farm: bool, chance: &mut Chance) -> Purpose {
        let refund_bp = self.firms[index(buyer)].refund_bp;
        if refund_bp > 0 && !farm && chance.happens(refund_bp) { Purpose::ExportRefund } else { Purpose::Deduct }
    }

    /// When a buyer claims an invoice that it received on a day, and for which period, if it may at all.
    fn deducted(&self, sheet: &Sheet, received: DayNo, chance: &mut Chance) -> Option<(DayNo, Period)> {
        let deducts = self.firms[index(sheet.buyer)].is_general() && sheet.kind.deductible();
        if deducts { self.deduction_day(received, sheet.buyer, chance) } else { None }
    }

    /// Rarely, a deduction is given back: for private use, or because the seller offsets the invoice.
    fn regret(&mut self, sheet: &Sheet, claim: Claim, day: DayNo, chance: &mut Chance) {
        let later = day + 2 + chance.place(25);
        let closes = [sheet.invoice.seller, sheet.buyer].iter().any(|&firm| self.firms[index(firm)].closes.is_some());
        if chance.happens(PRIVATE_USE_BP) {
            self.put(later, Action::Reverse(claim, Reason::PrivateUse), chance);
        } else if chance.happens(LATE_RED_LETTERS_BP) && later + 3 < self.calendar.days.len() && !closes {
            let thousandths =
                if chance.happens(PARTLY_BP) { u16::try_from(chance.between(100, 900)).expect("small") } else { 1_000 };
            let number = sheet.invoice.number(self.firms[index(sheet.invoice.seller)].region_code());
            let red = sheet::red(self.settings.seed, &self.firms, sheet, number, thousandths);
            let claim = Claim { tax: -red.tax.0, ..claim };
            self.put(later, Action::Reverse(claim, Reason::RedLetter), chance);
            self.put(later + 1 + chance.place(2), Action::Offset(Box::new(*sheet), thousandths), chance);
        }
    }

    /// When a buyer claims what it received on a day, and for which period: mostly early in the next month, before it
    /// files; at times at once, or a month late. `None` where the days end before.
    fn deduction_day(&self, received: DayNo, buyer: FirmNo, chance: &mut Chance) -> Option<(DayNo, Period)> {
        let days = &self.calendar.days;
        let period = days.get(received)?.period;
        let roll = chance.below(100);
        let following = if roll < 12 { None } else { self.calendar.next_month(received) };
        let Some(mut month) = following else {
            // Within six days: nobody files before the eighth, so a month that ends between is no matter.
            let day = received + 1 + chance.place(6);
            return (day < days.len()).then_some((day, period));
        };
        let mut period = period;
        if roll >= 97
            && let Some(next) = self.calendar.next_month(month)
        {
            period = days[month].period;
            month = next;
        }
        let days_to_file = self.firms[index(buyer)].filing_day as usize - 1;
        Some((month + chance.place(days_to_file), period))
    }

    pub(super) fn put(&mut self, day: DayNo, action: Action, chance: &mut Chance) {
        if day < self.calendar.days.len() {
            let at = self.calendar.moment(day, Hours::Office, chance);
            self.agenda.add(&self.calendar, at, action);
        }
    }

    fn is_same_month(&self, day: DayNo) -> bool {
        self.calendar.days.get(day).is_some_and(|then| then.period == self.calendar.days[self.day].period)
    }
}
