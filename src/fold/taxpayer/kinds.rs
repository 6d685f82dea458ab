//! A firm that turns out to be of another kind than it was taken for, when the paper that says so comes after its invoices:
//! what it holds is counted in or out, by the kind of each invoice's own time, a bounded number of rows at a step. What it
//! sold was counted again before (`gone`).

use super::Step;
use crate::model::{About, Closing, Continue, Fen, InvoiceNo, TaxpayerId};
use crate::provenance::Ordinal;
use crate::state::{Arrived, Held, Key};

/// Rows that one step looks at.
const ROWS_PER_STEP: usize = 256;

impl Step<'_> {
    /// Counts invoices in or out, from the one after `after` on.
    pub(super) fn count_holdings(&mut self, after: Option<InvoiceNo>, place: u64) {
        let at = Closing { held: true, after, place, open: false };
        let invoices = self.next_invoices(&at, ROWS_PER_STEP + 1);
        let mut last = (after, place);
        for (counted, (invoice_no, place)) in invoices.into_iter().enumerate() {
            if counted == ROWS_PER_STEP || !self.has_room() {
                self.go_on(Continue::Kind { after: last.0, place: last.1 });
                return;
            }
            last = (Some(invoice_no), place);
            let Some(held) = self.books.find::<Held>(&Key::Held { invoice_no, place }) else { continue };
            let (seller_id, is_in) = (held.seller_id, held.entered);
            let blue = held.arrived.filter(|blue| blue.invoice_kind.deductible() && blue.red_of.is_none());
            let Some(blue) = blue.filter(|_| held.voided_at.is_none()) else { continue };
            if self.is_general(blue.issued_at) != is_in && !self.is_closed(blue.issued_at) {
                self.count(invoice_no, seller_id, &blue);
            }
        }
    }

    fn count(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId, blue: &Arrived) {
        self.now = blue.issued_at;
        self.with_held(invoice_no, seller_id, |step, held| {
            let kept = held.vector.clone();
            let mut vector = step.named(&kept);
            if held.entered {
                step.take_off(held, &vector, blue.issued_at);
                (held.vector, held.returned_own) = (kept, Fen::ZERO);
                held.entered = false;
                return;
            }
            // As its seller sent it.
            for part in &mut vector.parts {
                part.hops = part.hops.saturating_sub(1);
            }
            let entered = step.bring(&vector, seller_id, blue.issued_at);
            if entered.is_empty() && !kept.is_empty() {
                return; // beyond belief
            }
            if held.goes_round {
                held.returned_own = entered.of(Ordinal::OWN);
                step.month(blue.issued_at.period()).returned_own += held.returned_own;
            }
            held.vector = entered;
            held.entered = true;
        });
        self.touch(About::Period(blue.issued_at.period()));
    }
}
