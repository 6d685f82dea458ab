//! Months that are closed. Some months after its own (`closed_after_periods`) an invoice is settled in every sense: of its
//! row only what it says and what became of it is kept, and not whose value it was. What still comes about it is noted and
//! doubted, and moves no value. That is so from the moment the clock passes the month's end; a yearly look through the
//! books, a bounded number of rows at a step, only makes the room.

use super::Step;
use crate::fold::register::hash;
use crate::model::{Closing, Continue, Fen, HOUR_MS, Instant, InvoiceNo, Period, TaxpayerId, Timer};
use crate::provenance::Blend;
use crate::state::{Held, Issued, Key};

/// Rows that one step looks at.
const ROWS_PER_STEP: usize = 256;
/// Between two looks through the books.
const YEAR_HOURS: i64 = 365 * 24;
const MONTH_DAYS_MAX: i64 = 31;

impl Step<'_> {
    /// Whether an invoice's month is closed, by the hour that the clock has passed.
    pub(super) fn is_closed(&self, issued_at: Instant) -> bool {
        self.hour > Instant(i64::MIN) && issued_at.period() < self.open_since()
    }

    fn open_since(&self) -> Period {
        self.hour.period().minus(self.rules.limits.closed_after_periods)
    }

    /// Doubts a fact about an invoice of a closed month.
    pub(super) fn doubt_closed(&mut self, no: InvoiceNo, issued_at: Instant) {
        if self.is_closed(issued_at) && self.record.fact().is_some() {
            let (month, after) = (issued_at.period(), self.rules.limits.closed_after_periods);
            let reason = format!("invoice {no} is of {month}, more than {after} months before this was known");
            self.doubt("closed_month", Some(no), reason);
        }
    }

    /// Takes an invoice out of the issuer's books, to be put back before the step ends; one of a closed month without its
    /// value, and one of an open month counted by the status its issuer had then.
    pub(super) fn lift_issued(&mut self, no: InvoiceNo) -> Issued {
        let (mut issued, _) = self.books.lift::<Issued>(Key::Issued(no));
        if let Some(issue) = issued.issue.filter(|issue| self.is_closed(issue.issued_at)) {
            self.doubt_closed(no, issue.issued_at);
            self.shrink_issued(no, &mut issued);
        } else {
            self.count_gone(&mut issued, no);
        }
        issued
    }

    /// The same on the holder's side.
    pub(super) fn lift_held(&mut self, no: InvoiceNo, seller_id: TaxpayerId) -> Held {
        let mut held = self.books.lift_held(no, seller_id);
        if let Some(arrived) = held.arrived.filter(|arrived| self.is_closed(arrived.issued_at)) {
            self.doubt_closed(no, arrived.issued_at);
            shrink_held(&mut held);
        }
        held
    }

    fn shrink_issued(&mut self, no: InvoiceNo, issued: &mut Issued) {
        for slice in issued.settled.slices() {
            self.books.remove(&Key::Settled(slice.origin, no));
        }
        if let (Some(issue), true) = (issued.issue, issued.short > Fen::ZERO) {
            self.forget_deficit(issue.issued_at, no);
        }
        let Issued { issue, void, mark, reds, abnormal_rank, .. } = std::mem::take(issued);
        *issued = Issued { issue, void, mark, reds, abnormal_rank, ..Issued::default() };
    }

    /// Sees to it that the books are looked through a year after their first month is closed. Each taxpayer has an hour of
    /// its own for it, so that not all are looked through at once.
    pub(super) fn expect_closing(&mut self, issued_at: Instant) {
        if self.profile.closing_set {
            return;
        }
        let now = if self.hour > Instant(i64::MIN) { self.hour } else { issued_at };
        let months = i64::from(self.rules.limits.closed_after_periods) + 1;
        let own_hour = hash(&["closing", self.books.entity.id.as_str()]) % YEAR_HOURS.cast_unsigned();
        let closed = now.plus_days(MONTH_DAYS_MAX * months).hour_mark();
        self.look_through_at(Instant(closed.0 + HOUR_MS * own_hour.cast_signed()));
    }

    fn look_through_at(&mut self, due: Instant) {
        let has_come = self.books.set_timer(self.hour, due, Timer::Closing);
        // It is months ahead.
        self.profile.closing_set = !has_come;
    }

    /// Shrinks what is of closed months, some rows of it; the rest goes on by a message to itself.
    pub(super) fn close_months(&mut self, from: &Closing) {
        let mut at = *from;
        let mut room = ROWS_PER_STEP;
        loop {
            let invoices = self.next_invoices(&at, room + 1);
            for (no, place) in invoices.iter().take(room).copied() {
                at.open |= if at.held { self.close_held(no, place) } else { self.close_issued(no) };
                (at.after, at.place) = (Some(no), place);
            }
            if invoices.len() > room {
                self.go_on(Continue::Closing(at));
                return;
            }
            if at.held {
                break;
            }
            room -= invoices.len();
            at = Closing { held: true, after: None, place: 0, open: at.open };
        }
        self.profile.closing_set = false;
        if at.open {
            self.look_through_at(Instant(self.hour.0 + HOUR_MS * YEAR_HOURS));
        }
    }

    /// The next invoices of one side, each with its place: at most `limit`.
    pub(super) fn next_invoices(&mut self, at: &Closing, limit: usize) -> Vec<(InvoiceNo, u64)> {
        let key = |invoice_no, place| if at.held { Key::Held { invoice_no, place } } else { Key::Issued(invoice_no) };
        let from = key(at.after.unwrap_or(InvoiceNo::FIRST), at.place);
        let mut keys = self.books.scan(&from, &key(InvoiceNo::LAST, 0), limit + 1);
        keys.retain(|key| at.after.is_none() || *key != from);
        keys.truncate(limit);
        let invoice = |key| {
            if let Key::Held { invoice_no, place } = key {
                return Some((invoice_no, place));
            }
            if let Key::Issued(invoice_no) = key { Some((invoice_no, 0)) } else { None }
        };
        keys.into_iter().filter_map(invoice).collect()
    }

    /// Shrinks an invoice if its month is closed; `true` where it is not, or not known.
    fn close_issued(&mut self, no: InvoiceNo) -> bool {
        let key = Key::Issued(no);
        let issued = self.books.find::<Issued>(&key);
        let (issue, has_value) = issued.map(|row| (row.issue, row.has_value())).unwrap_or_default();
        let is_open = issue.is_none_or(|issue| !self.is_closed(issue.issued_at));
        if !is_open && has_value {
            let shrunk = self.lift_issued(no);
            self.books.put(key, shrunk);
        }
        is_open
    }

    /// The same on the holder's side.
    fn close_held(&mut self, invoice_no: InvoiceNo, place: u64) -> bool {
        let key = Key::Held { invoice_no, place };
        let held = self.books.find::<Held>(&key);
        let (arrived, has_value) = held.map(|row| (row.arrived, !row.vector.is_empty())).unwrap_or_default();
        let is_open = arrived.is_none_or(|arrived| !self.is_closed(arrived.issued_at));
        if !is_open && has_value {
            self.books.edit::<Held>(&key).map(shrink_held);
        }
        is_open
    }
}

/// Only value goes: the sums of what was deducted of each origin stay as they are.
fn shrink_held(held: &mut Held) {
    held.vector = Blend::default();
    held.returned_own = Fen::ZERO;
}
