//! Sales that were made before the purchase behind them was known: what the pool did not cover is a *deficit*, and an
//! invoice that was issued before the sale but folded after it, within `settle_days`, settles it, oldest first. A purchase
//! that is taken back opens again what it had settled. Each step does a bounded part; the rest goes on by a message to
//! itself.

use super::Step;
use crate::model::{About, Continue, Fen, Instant, InvoiceNo, Message, Vector};
use crate::provenance::{Blend, Ordinal, Slice};
use crate::state::{Issued, Key};

/// Sales that one step may settle, or open again.
const SETTLEMENTS_MAX: usize = 256;
/// Old deficits that one sale may forget.
const FORGOTTEN_MAX: usize = 4;

impl Step<'_> {
    /// Notes a sale that the pool did not cover.
    pub(super) fn owe(&mut self, issued_at: Instant, invoice_no: InvoiceNo) {
        self.books.put(Key::Deficit(issued_at, invoice_no), ());
        self.profile.deficits += 1;
        self.profile.last_deficit_at = self.profile.last_deficit_at.max(issued_at);
        // What nothing can settle any more is forgotten, a little with each sale, from where the last one ended.
        let (since, until) = (self.profile.deficits_since.min(issued_at), self.oldest_settled());
        let key = |at| Key::Deficit(at, InvoiceNo::FIRST);
        let forgotten = self.books.scan(&key(since), &key(until), FORGOTTEN_MAX);
        self.profile.deficits_since = match forgotten.last() {
            Some(Key::Deficit(last, _)) if forgotten.len() == FORGOTTEN_MAX => *last,
            _ => since.max(until.min(issued_at)),
        };
        for key in forgotten {
            self.books.remove(&key);
            self.profile.deficits -= 1;
        }
    }

    pub(super) fn forget_deficit(&mut self, issued_at: Instant, invoice_no: InvoiceNo) {
        let key = Key::Deficit(issued_at, invoice_no);
        if self.books.has(&key) {
            self.books.remove(&key);
            self.profile.deficits -= 1;
        }
    }

    /// From when on sales may still be settled: by the hour that has passed, for what arrives late has no time of its own.
    fn oldest_settled(&self) -> Instant {
        self.hour.plus_days(-self.rules.limits.settle_days)
    }

    /// Settles with what has arrived the sales made before it came though it was issued before them, oldest first. What
    /// is left stays in `arrived`.
    pub(super) fn settle(&mut self, arrived: &mut Blend, issued_at: Instant) {
        // What a firm bought after it had deregistered is not its own to sell.
        if self.profile.deficits == 0 || issued_at >= self.profile.last_deficit_at || self.is_gone(issued_at) {
            return;
        }
        let first = Instant(issued_at.0.saturating_add(1)).max(self.oldest_settled());
        let from = Key::Deficit(first, InvoiceNo::FIRST);
        let keys = self.books.scan(&from, &Key::Deficit(Instant(i64::MAX), InvoiceNo::FIRST), SETTLEMENTS_MAX + 1);
        for (settled, key) in keys.into_iter().enumerate() {
            if arrived.is_empty() {
                return;
            }
            if settled == SETTLEMENTS_MAX || !self.has_room() {
                // It goes into the pool, as all value that is here; the next step takes it out again.
                let left = self.named(arrived);
                self.go_on(Continue::Settle { left, issued_at });
                return;
            }
            let Key::Deficit(_, invoice_no) = key else { return };
            self.settle_one(arrived, invoice_no);
        }
    }

    /// Goes on settling with what the pool still holds of an arrival.
    pub(super) fn settle_on(&mut self, left: &Vector, issued_at: Instant) {
        self.now = issued_at;
        let mut arrived = Blend::default();
        for part in &left.parts {
            let Some(origin) = self.ordinal(part.origin) else { continue };
            let tax = self.pool().take(origin, part.tax);
            arrived.add(Slice { origin, tax: tax.0, hops: part.hops }, usize::MAX);
        }
        let beyond = left.total() - arrived.total();
        let beyond = self.pool().take_remainder(beyond);
        arrived.add_remainder(beyond);
        self.settle(&mut arrived, issued_at);
        let budget = self.rules.limits.pool_origins;
        self.pool().absorb(&arrived, budget);
    }

    fn settle_one(&mut self, arrived: &mut Blend, invoice_no: InvoiceNo) {
        let mut sale = self.lift_issued(invoice_no);
        let issue = sale.issue.expect("only issued invoices leave deficits");
        if sale.gone {
            self.books.put(Key::Issued(invoice_no), sale);
            return;
        }
        // All of others that it has is what settles it now.
        if sale.settled.is_empty() && sale.vector.slices().iter().all(|slice| slice.origin == Ordinal::OWN) {
            sale.drawn_after = self.profile.given_up;
        }
        let covering = arrived.draw(sale.short);
        let covered = covering.total();
        sale.short -= covered;
        sale.settled.absorb(&covering, self.rules.limits.vector_origins);
        for slice in covering.slices() {
            if let Some(passed) = self.passed(slice.origin, issue.deducting_buyer()) {
                passed.settled += Fen(slice.tax);
            }
            self.books.put(Key::Settled(slice.origin, invoice_no), ());
        }
        if let Some(own) = self.passed(Ordinal::OWN, issue.deducting_buyer()) {
            own.direct -= covered;
        }
        self.count_begun(&issue, Fen::ZERO - covered);
        self.cover(issue.issued_at, covered);
        if sale.short == Fen::ZERO {
            self.forget_deficit(issue.issued_at, invoice_no);
        }
        self.books.put(Key::Issued(invoice_no), sale);
        self.touch(About::Period(issue.issued_at.period()));
    }

    /// Takes out of a sale's row what had settled it. What is beyond its budget of origins is nobody's in particular, and
    /// stays counted as passed on of whom it was.
    pub(super) fn draw_settled(&mut self, sale: &mut Issued, invoice_no: InvoiceNo, tax: Fen) -> Blend {
        let drawn = sale.settled.draw(tax);
        let buyer = sale.issue.and_then(|issue| issue.deducting_buyer());
        for slice in drawn.slices() {
            if let Some(passed) = self.passed(slice.origin, buyer) {
                passed.settled -= Fen(slice.tax);
            }
            if sale.settled.of(slice.origin) == Fen::ZERO {
                self.books.remove(&Key::Settled(slice.origin, invoice_no));
            }
        }
        drawn
    }

    /// Counts tax of a sale as covered after all, or, where it is negative, as not covered after all.
    fn cover(&mut self, sold_at: Instant, tax: Fen) {
        let month = self.month(sold_at.period());
        month.drawn += tax;
        month.drawn_days += tax.0.saturating_mul(sold_at.day_of_month());
    }

    /// Value of an origin that was taken back is no longer in the pool. As far as it had settled sales, those lack it
    /// again: they, and not the month of the purchase at `issued_at`, are where value begins.
    pub(super) fn unsettle(&mut self, origin: Ordinal, tax: Fen, issued_at: Instant, number: u32) {
        let mut left = tax;
        let from = Key::Settled(origin, InvoiceNo::FIRST);
        let keys = self.books.scan(&from, &Key::Settled(origin, InvoiceNo::LAST), SETTLEMENTS_MAX + 1);
        for (opened, key) in keys.into_iter().enumerate() {
            left = left.min(self.flowed(origin, number).tax);
            if left <= Fen::ZERO {
                return;
            }
            if opened == SETTLEMENTS_MAX || !self.has_room() {
                let origin = self.origin(origin);
                self.go_on(Continue::Unsettle { origin, tax: left, issued_at, number });
                return;
            }
            let Key::Settled(_, invoice_no) = key else { return };
            let opened = self.unsettle_one(origin, invoice_no, left);
            self.count_flowed(Some((origin, number)), Fen::ZERO - opened, issued_at.period());
            left -= opened;
        }
    }

    /// Returns how much of the sale is open again.
    fn unsettle_one(&mut self, origin: Ordinal, invoice_no: InvoiceNo, tax: Fen) -> Fen {
        let was_gone = self.books.find::<Issued>(&Key::Issued(invoice_no)).is_some_and(|sale| sale.gone);
        let mut sale = self.lift_issued(invoice_no);
        let issue = sale.issue.expect("only issued invoices are settled");
        if sale.gone != was_gone {
            // It turned out just now to have begun here, and came back.
            self.books.put(Key::Issued(invoice_no), sale);
            return Fen::ZERO;
        }
        let mut opened = sale.settled.take(origin, tax);
        // Beyond the row's budget, what settled it is in its remainder.
        let known = self.passed(origin, issue.deducting_buyer()).map_or(tax, |passed| passed.settled);
        opened += sale.settled.take_remainder((tax - opened).min(known - opened));
        if let Some(passed) = self.passed(origin, issue.deducting_buyer()) {
            passed.settled -= opened;
        }
        if sale.settled.of(origin) == Fen::ZERO {
            self.books.remove(&Key::Settled(origin, invoice_no));
        }
        if opened == Fen::ZERO {
            self.books.put(Key::Issued(invoice_no), sale);
            return opened;
        }
        if let Some(own) = self.passed(Ordinal::OWN, issue.deducting_buyer()) {
            own.direct += opened;
        }
        if sale.short == Fen::ZERO {
            self.owe(issue.issued_at, invoice_no);
        }
        sale.short += opened;
        self.count_begun(&issue, opened);
        self.cover(issue.issued_at, Fen::ZERO - opened);
        self.books.put(Key::Issued(invoice_no), sale);
        self.touch(About::Period(issue.issued_at.period()));
        opened
    }

    /// What a step leaves to a later one of the same taxpayer.
    pub(super) fn go_on(&mut self, rest: Continue) {
        let this = self.books.entity;
        self.send(this, Message::Continue(Box::new(rest)));
    }
}
