//! Sales that begin with their firm whatever it bought: of one that is deregistered, which has nothing left to sell on, and
//! of a small-scale one, which deducts nothing. Where the paper that says so, or that it was not so, comes after the sale,
//! that is counted again by its own time, and its buyer is told. A bounded number of rows at a step.

use super::Step;
use super::issuing::is_red;
use crate::model::{About, Closing, Continue, Fen, Instant, InvoiceNo, Returned, Status};
use crate::state::{Course, Issued, Key};

/// Rows that one step looks at.
const ROWS_PER_STEP: usize = 256;

impl Step<'_> {
    /// Whether the firm was deregistered at a time, by what is known of it.
    pub(super) fn is_gone(&self, at: Instant) -> bool {
        gone_by(&self.profile.status, at)
    }

    /// Whether what the firm sold at a time began with it, by what is known of it.
    pub(super) fn sells_its_own(&self, at: Instant) -> bool {
        self.is_gone(at) || !self.is_general(at)
    }

    /// Where a firm turns out to have been deregistered when it sold, or not to have been, its sales are looked through.
    pub(super) fn gone_was(&mut self, before: &Course<Status>, at: Instant) {
        if self.profile.last_issued_at >= at && self.profile.status.differs(before, gone_by) {
            self.go_on(Continue::Gone { after: None });
        }
    }

    /// Looks through the sales, from the one after `after` on, and then through what is held: what comes back of a sale is
    /// in the pool before the purchase that had brought it is given up.
    pub(super) fn count_sales(&mut self, after: Option<InvoiceNo>) {
        let at = Closing { held: false, after, place: 0, open: false };
        let mut last = after;
        for (counted, (no, _)) in self.next_invoices(&at, ROWS_PER_STEP + 1).into_iter().enumerate() {
            if counted == ROWS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Gone { after: last });
                return;
            }
            last = Some(no);
            let row = self.books.find::<Issued>(&Key::Issued(no)).filter(|row| row.void.is_none());
            let Some((issue, is_gone)) = row.and_then(|row| Some((row.issue?, row.gone))) else { continue };
            if self.sells_its_own(issue.issued_at) == is_gone || self.is_closed(issue.issued_at) {
                continue;
            }
            self.now = issue.issued_at;
            let sale = self.lift_issued(no);
            self.books.put(Key::Issued(no), sale);
        }
        self.count_holdings(None, 0);
    }

    /// Counts a sale by what its firm was at its own time, where it was counted otherwise: it is taken back, and goes out again
    /// with the value it should have gone out with.
    pub(super) fn count_gone(&mut self, sale: &mut Issued, no: InvoiceNo) {
        let Some(issue) = sale.issue.filter(|issue| !is_red(issue) && !self.is_voucher(issue)) else { return };
        if sale.void.is_some() || self.sells_its_own(issue.issued_at) == sale.gone {
            return;
        }
        sale.gone = !sale.gone;
        let standing = sale.vector.total();
        if standing == Fen::ZERO {
            return;
        }
        let returned = self.take_back(sale, no, standing);
        let restored = self.send_again(sale, no, &issue, standing);
        if returned != restored {
            let (seller_id, at) = (self.seller_of(no), issue.issued_at);
            self.tell_holder(sale, Returned { red_no: no, blue_no: no, seller_id, at, returned, restored });
        }
        self.touch(About::Period(issue.issued_at.period()));
    }
}

/// Before anything is said of its status, a firm is there.
fn gone_by(status: &Course<Status>, at: Instant) -> bool {
    status.by(at) == Some(Status::Deregistered)
}
