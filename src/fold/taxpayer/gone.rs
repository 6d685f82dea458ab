//! A firm that turns out to have been deregistered when it sold, or not to have been, when the paper that says so comes
//! after the sale: it counts as begun with the firm, or as drawn after all, by the status of its own time, a bounded
//! number of rows at a step. Vectors already sent stay as they are: in them the buyer keeps whose value it was told.

use super::Step;
use super::issuing::is_red;
use crate::model::{About, Closing, Continue, Fen, Instant, InvoiceNo, Status};
use crate::provenance::{Blend, Ordinal};
use crate::state::{Course, Issue, Issued, Key};

/// Rows that one step looks at.
const ROWS_PER_STEP: usize = 256;

impl Step<'_> {
    /// Whether the firm was deregistered at a time, by what is known of it.
    pub(super) fn is_gone(&self, at: Instant) -> bool {
        self.profile.status.by(at) == Some(Status::Deregistered)
    }

    /// Where a firm turns out to have been deregistered when it sold, or not to have been, its sales are looked through.
    pub(super) fn gone_was(&mut self, before: &Course<Status>, at: Instant) {
        let is_gone = |status| status == Some(Status::Deregistered);
        if self.profile.last_issued_at >= at && self.profile.status.differs(before, is_gone) {
            self.go_on(Continue::Gone { after: None });
        }
    }

    /// Looks through the sales, from the one after `after` on.
    pub(super) fn count_by_status(&mut self, after: Option<InvoiceNo>) {
        let at = Closing { held: false, after, place: 0, open: false };
        let mut last = after;
        for (counted, (no, _)) in self.next_invoices(&at, ROWS_PER_STEP + 1).into_iter().enumerate() {
            if counted == ROWS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Gone { after: last });
                return;
            }
            last = Some(no);
            let issue = self.books.find::<Issued>(&Key::Issued(no)).filter(|row| row.void.is_none());
            let Some(issue) = issue.and_then(|row| row.issue) else { continue };
            self.now = issue.issued_at;
            let sale = self.lift_issued(no);
            self.books.put(Key::Issued(no), sale);
        }
    }

    /// Counts a sale by the status of its own time, where it was counted by another.
    pub(super) fn count_gone(&mut self, sale: &mut Issued, no: InvoiceNo) {
        let Some(issue) = sale.issue.filter(|issue| !is_red(issue) && !self.is_voucher(issue)) else { return };
        if sale.void.is_some() || self.is_gone(issue.issued_at) == sale.gone {
            return;
        }
        if sale.gone {
            self.draw_after_all(sale, &issue, no);
        } else {
            self.begin_after_all(sale, &issue, no);
        }
        self.touch(About::Period(issue.issued_at.period()));
    }

    /// What a sale drew goes back; all of it began with the firm.
    fn begin_after_all(&mut self, sale: &mut Issued, issue: &Issue, no: InvoiceNo) {
        let total = sale.vector.total();
        let settled = self.draw_settled(sale, no, total);
        let mut drawn = sale.vector.clone();
        drawn.take(Ordinal::OWN, sale.short + settled.total());
        drawn.absorb(&settled, usize::MAX);
        let covered = drawn.total();
        let budget = self.rules.limits.pool_origins;
        self.pool().absorb(&drawn, budget);
        if let Some(own) = self.passed(Ordinal::OWN, issue.buyer_id) {
            own.direct += settled.total();
        }
        self.count_begun(issue, covered);
        self.cover(issue.issued_at, Fen::ZERO - covered);
        self.forget_deficit(issue.issued_at, no);
        (sale.short, sale.gone) = (total, true);
    }

    /// What a sale lacked is drawn from what is in the pool now. Where its vector names others, it had drawn before, and
    /// has been counted as begun here since: it is left so.
    fn draw_after_all(&mut self, sale: &mut Issued, issue: &Issue, no: InvoiceNo) {
        if sale.vector.total() > sale.vector.of(Ordinal::OWN) {
            return;
        }
        sale.gone = false;
        if sale.short == Fen::ZERO {
            return;
        }
        self.owe(issue.issued_at, no);
        let mut covering: Blend = self.pool().draw(sale.short);
        self.settle_sale(sale, issue, no, &mut covering);
        debug_assert!(covering.is_empty(), "no more was drawn than the sale lacks");
    }
}
