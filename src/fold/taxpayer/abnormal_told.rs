//! Invoices that are abnormal in turn, on their issuer's side: their holders are told so, and told when they no longer are.
//! Then each answers once nothing of its own rests on that any more, which it may have to ask its own buyers; so who lost a
//! rank knows when all that rested on it is gone. (Dijkstra and Scholten's diffusing computation: each month that loses its
//! rank answers to the one on whose account it did, and whoever has no rank to lose answers at once.)
//!
//! An issuer's invoices are kept by number and not by month, so a pass goes through all of them, a bounded number at a step,
//! and tells each what it does not know: what is told follows from the rows, whatever happens during the pass.

use super::Step;
use super::abnormal::Withdrawal;
use super::issuing::is_red;
use crate::model::{Abnormal, Closing, Continue, Entity, InvoiceKind, InvoiceNo, Message, Pass, Period, TaxpayerId};
use crate::state::{AnswersTo, Issue, Issued, Key};

/// Invoices, and then months, that one step looks at.
const ROWS_PER_STEP: usize = 256;

impl Step<'_> {
    /// A seller tells that an invoice is abnormal in turn, or no longer.
    pub(super) fn held_abnormal(&mut self, abnormal: &Abnormal) {
        let Abnormal { invoice_no, seller_id, period, rank, at } = *abnormal;
        self.now = at;
        if rank == 0 {
            self.withdrawal = Withdrawal::For { seller_id, period };
        }
        self.with_held(invoice_no, seller_id, |_, held| held.abnormal_rank = rank);
        if matches!(self.withdrawal, Withdrawal::For { .. }) {
            self.release(seller_id, period);
        }
        self.withdrawal = Withdrawal::Own;
    }

    fn release(&mut self, seller_id: TaxpayerId, period: Period) {
        self.send(Entity::taxpayer(seller_id), Message::Released(period));
    }

    /// A holder tells that nothing rests any more on an invoice of a month that lost its rank.
    pub(super) fn released(&mut self, period: Period) {
        self.now = self.profile.known_until;
        if self.find_abnormal(period).is_none() {
            return;
        }
        let month = self.abnormal_month(period);
        month.pending = month.pending.saturating_sub(1);
        self.end_withdrawal(period);
    }

    /// What the holder of a new sale is to be told of it: nothing, unless the month it is of propagates.
    pub(super) fn tell_of_sale(&mut self, sale: &mut Issued, no: InvoiceNo) {
        let Some(issue) = sale.issue.filter(|_| self.profile.abnormal_months > 0 && sale.void.is_none()) else {
            return;
        };
        let period = issue.issued_at.period();
        let rank = self.find_abnormal(period).map_or(0, |month| month.rank);
        if rank > 0 {
            self.tell_holder_abnormal(sale, no, &issue, rank);
        }
    }

    fn tell_holder_abnormal(&mut self, sale: &mut Issued, invoice_no: InvoiceNo, issue: &Issue, rank: u64) {
        let is_voucher = issue.invoice_kind == InvoiceKind::Special && !is_red(issue);
        let Some(buyer) = issue.buyer_id.filter(|_| is_voucher && sale.abnormal_rank != rank) else { return };
        let (seller_id, period) = (self.seller_of(invoice_no), issue.issued_at.period());
        let was_told = sale.abnormal_rank > 0;
        sale.abnormal_rank = rank;
        let month = self.abnormal_month(period);
        if rank == 0 {
            month.told -= 1;
            month.pending += 1;
        } else if !was_told {
            month.told += 1;
        }
        let abnormal = Abnormal { invoice_no, seller_id, period, rank, at: self.now };
        self.send(Entity::taxpayer(buyer), Message::Abnormal(abnormal));
    }

    /// Sees to it that a pass goes through all sales from now on.
    pub(super) fn pass_through_sales(&mut self) {
        let profile = &mut self.profile;
        if profile.passes_begun > profile.passes_done {
            profile.pass_again = true;
            return;
        }
        profile.passes_begun += 1;
        self.go_on(Continue::Pass(Pass { after: None, month: None, at: self.now }));
    }

    /// Goes on with a pass.
    pub(super) fn pass_on(&mut self, pass: &Pass) {
        self.now = pass.at;
        if pass.month.is_none() {
            if !self.pass_invoices(pass) {
                return;
            }
            self.profile.passes_done = self.profile.passes_begun;
            if std::mem::take(&mut self.profile.pass_again) {
                self.pass_through_sales();
            }
        }
        self.pass_months(pass);
    }

    /// Tells the holders of the next invoices. Whether all are told.
    fn pass_invoices(&mut self, pass: &Pass) -> bool {
        let at = Closing { held: false, after: pass.after, place: 0, open: false };
        let mut after = pass.after;
        for (passed, (no, _)) in self.next_invoices(&at, ROWS_PER_STEP + 1).into_iter().enumerate() {
            if passed == ROWS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Pass(Pass { after, ..*pass }));
                return false;
            }
            after = Some(no);
            self.tell_again(no);
        }
        true
    }

    /// Tells the holder of a sale whether it is abnormal in turn, where it was told otherwise.
    fn tell_again(&mut self, no: InvoiceNo) {
        let key = Key::Issued(no);
        let sale = self.books.find::<Issued>(&key).map(|sale| (sale.issue, sale.void.is_some(), sale.abnormal_rank));
        let Some((Some(issue), is_void, told)) = sale else { return };
        let rank = self.find_abnormal(issue.issued_at.period()).map_or(0, |month| month.rank);
        if told == rank || is_void && rank > 0 {
            return;
        }
        let (mut sale, _) = self.books.lift::<Issued>(key);
        self.tell_holder_abnormal(&mut sale, no, &issue, rank);
        self.books.put(key, sale);
    }

    /// Looks at the months that may have waited for all holders to be told.
    fn pass_months(&mut self, pass: &Pass) {
        let from = Key::Abnormal(pass.month.unwrap_or(Period(i32::MIN)));
        let keys = self.books.scan(&from, &Key::Abnormal(Period(i32::MAX)), ROWS_PER_STEP + 1);
        for (passed, key) in keys.into_iter().enumerate() {
            let Key::Abnormal(period) = key else { return };
            if passed == ROWS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Pass(Pass { after: None, month: Some(period), at: pass.at }));
                return;
            }
            self.end_withdrawal(period);
        }
    }

    /// Where nobody rests any more on the rank that a month lost, says so to whom it answers, and weighs the month again.
    fn end_withdrawal(&mut self, period: Period) {
        let mut ended = Vec::new();
        let mut next = Some(period);
        while let Some(period) = next.take() {
            let passes_done = self.profile.passes_done;
            let month = self.abnormal_month(period);
            if !month.withdrawing || month.pending > 0 || month.lost_in >= passes_done {
                break;
            }
            month.withdrawing = false;
            match std::mem::take(&mut month.answers_to) {
                AnswersTo::Nobody => {}
                AnswersTo::Seller { seller_id, period } => self.release(seller_id, period),
                AnswersTo::Month(first) => {
                    let first_month = self.abnormal_month(first);
                    first_month.pending = first_month.pending.saturating_sub(1);
                    next = Some(first);
                }
            }
            ended.push(period);
        }
        for period in ended {
            self.weigh(period);
        }
    }
}
