//! Value through a taxpayer's books: in with arrivals, out with sales, back with voids and red letters, settled when a
//! purchase comes after the sale it stands behind. The ledger's identity holds after every one of them.

use super::Step;
use crate::model::{About, Fen, Flag, Id, Instant, InvoiceNo, Part, TaxpayerId, TaxpayerKind, Vector};
use crate::provenance::{Blend, Ordinal, Slice};
use crate::state::{Held, Issue, Issued, Key, OriginRow, Passed};

/// Sales that one arrival may settle, and old deficits that one sale may forget.
const SETTLEMENTS_MAX: usize = 256;
const FORGOTTEN_MAX: usize = 4;
/// A month of `opening_months`.
const MONTH_DAYS: i64 = 30;

impl Step<'_> {
    /// Whether its input tax counts: a general taxpayer, or one never registered.
    pub(super) fn is_general(&self) -> bool {
        self.profile.kind.value != Some(TaxpayerKind::SmallScale)
    }

    /// The row of an origin in these books, made where there is none yet. Not for the keeper itself.
    fn origin_row(&mut self, origin: TaxpayerId, hops: u8, via: TaxpayerId) -> &mut OriginRow {
        let Self { books, profile, .. } = self;
        let (row, made) = books.edit_origin(origin, || {
            profile.origins += 1;
            Ordinal(profile.origins)
        });
        if made || hops < row.hops {
            (row.hops, row.via) = (hops, via);
        }
        row
    }

    /// Counts tax as taken from an origin, and gives its ordinal.
    fn take(&mut self, origin: TaxpayerId, tax: Fen, hops: u8, via: TaxpayerId) -> Ordinal {
        if origin == self.books.entity.id {
            return Ordinal::OWN;
        }
        let row = self.origin_row(origin, hops, via);
        row.taken += tax;
        row.ordinal
    }

    /// Whose an ordinal is, and the accusation it stands under.
    pub(super) fn origin(&mut self, ordinal: Ordinal) -> (TaxpayerId, Option<Flag>) {
        if ordinal == Ordinal::OWN {
            return (self.books.entity.id, self.profile.flag);
        }
        let id = self.books.origin_of(ordinal).expect("an ordinal is given out with its name");
        let flagged = self.profile.tainted_origins > 0;
        let row = if flagged { self.books.find::<OriginRow>(&Key::Origin(id)) } else { None };
        (id, row.and_then(|row| row.flag))
    }

    /// A blend of these books as others read it.
    pub(super) fn named(&mut self, blend: &Blend) -> Vector {
        let parts = blend.slices().iter().map(|slice| {
            let (origin, flag) = self.origin(slice.origin);
            Part { origin, tax: Fen(slice.tax), hops: slice.hops, flag }
        });
        let parts = parts.collect();
        Vector { parts, remainder: blend.remainder() }
    }

    fn passed(&mut self, origin: Ordinal, buyer: Option<TaxpayerId>) -> Option<&mut Passed> {
        Some(self.books.edit_passed(origin, buyer?))
    }

    /// Takes the tax of a sale out of the pool; what the pool does not cover begins here, as `opening` stock or not.
    pub(super) fn draw(&mut self, issued: &mut Issued, issue: &Issue, invoice_no: InvoiceNo, opening: bool) {
        let tax = issue.tax;
        let mut drawn = self.profile.pool.draw(tax);
        let short = tax - drawn.total();
        let covered = tax - short;
        let own = drawn.take(Ordinal::OWN, tax) + short;
        let budget = self.rules.limits.vector_origins;
        let mut vector = drawn.within(if own > Fen::ZERO { budget - 1 } else { budget });
        vector.add(Slice { origin: Ordinal::OWN, tax: own.0, hops: 0 }, budget);
        for slice in vector.slices().to_vec() {
            if let Some(passed) = self.passed(slice.origin, issue.buyer_id) {
                passed.direct += Fen(slice.tax);
            }
        }
        let opening = short > Fen::ZERO && opening;
        let ledger = &mut self.profile.ledger;
        ledger.passed_on += tax.0;
        ledger.originated += short.0;
        ledger.opening += if opening { short.0 } else { 0 };
        let day = issue.issued_at.day_of_month();
        let month = self.month(issue.issued_at.period());
        month.drawn += covered;
        month.drawn_days += covered.0.saturating_mul(day);
        if !opening {
            month.originated += short;
        }
        (issued.vector, issued.short, issued.opening) = (vector, short, opening);
        if short > Fen::ZERO {
            self.owe(issue.issued_at, invoice_no);
        }
    }

    /// Lets the tax of a self-issued purchase voucher begin here: it draws nothing, and no accusation rests on it.
    pub(super) fn begin(&mut self, issued: &mut Issued, issue: &Issue) {
        let own = Slice { origin: Ordinal::OWN, tax: issue.tax.0, hops: 0 };
        issued.vector.add(own, 1);
        (issued.short, issued.opening) = (issue.tax, true);
        if let Some(passed) = self.passed(Ordinal::OWN, issue.buyer_id) {
            passed.direct += issue.tax;
        }
        let ledger = &mut self.profile.ledger;
        ledger.passed_on += issue.tax.0;
        ledger.originated += issue.tax.0;
        ledger.opening += issue.tax.0;
    }

    /// A firm older than the journal, by as many months as it is given, began with stock that the journal has not seen.
    pub(super) fn is_opening(&self, issued_at: Instant) -> bool {
        let months = MONTH_DAYS * self.rules.limits.opening_months;
        let older = self.journal_began.plus_days(-months);
        self.profile.registered_on.is_none_or(|on| on.start() <= older)
            && issued_at < self.journal_began.plus_days(months)
    }

    pub(super) fn owe(&mut self, issued_at: Instant, invoice_no: InvoiceNo) {
        self.books.put(Key::Deficit(issued_at, invoice_no), ());
        self.profile.deficits += 1;
        self.profile.last_deficit_at = self.profile.last_deficit_at.max(issued_at);
        // What nothing can settle any more is forgotten, a little with each sale.
        let settled_until = issued_at.plus_days(-self.rules.limits.settle_days);
        let from = Key::Deficit(Instant(i64::MIN), InvoiceNo::FIRST);
        for key in self.books.scan(&from, &Key::Deficit(settled_until, InvoiceNo::FIRST), FORGOTTEN_MAX) {
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

    /// Brings the tax of an invoice in: first to sales made before it came though it was issued before them, oldest
    /// first; the rest into the pool. Returns the blend as the holder's row keeps it.
    pub(super) fn bring(&mut self, vector: &Vector, seller: TaxpayerId, issued_at: Instant) -> Blend {
        let mut blend = Blend::default();
        for part in &vector.parts {
            let hops = part.hops.saturating_add(1);
            let origin = self.take(part.origin, part.tax, hops, seller);
            blend.add(Slice { origin, tax: part.tax.0, hops }, usize::MAX);
        }
        blend.add_remainder(vector.remainder);
        let total = blend.total();
        self.profile.ledger.arrived += total.0;
        let day = issued_at.day_of_month();
        let month = self.month(issued_at.period());
        month.arrived += total;
        month.arrived_days += total.0.saturating_mul(day);
        let kept = blend.clone();
        if self.profile.deficits > 0 && issued_at < self.profile.last_deficit_at {
            self.settle(&mut blend, issued_at);
        }
        self.profile.pool.absorb(&blend, self.rules.limits.pool_origins);
        kept
    }

    fn settle(&mut self, arrived: &mut Blend, issued_at: Instant) {
        let from = Key::Deficit(Instant(issued_at.0 + 1), InvoiceNo::FIRST);
        let until = issued_at.plus_days(self.rules.limits.settle_days);
        for key in self.books.scan(&from, &Key::Deficit(until, InvoiceNo::FIRST), SETTLEMENTS_MAX) {
            if arrived.is_empty() {
                return;
            }
            let Key::Deficit(_, invoice_no) = key else { return };
            self.settle_one(arrived, invoice_no);
        }
    }

    fn settle_one(&mut self, arrived: &mut Blend, invoice_no: InvoiceNo) {
        let (mut sale, _) = self.books.lift::<Issued>(Key::Issued(invoice_no));
        let issue = sale.issue.expect("only issued invoices leave deficits");
        let covering = arrived.draw(sale.short);
        let covered = covering.total();
        sale.short -= covered;
        for slice in covering.slices().to_vec() {
            if let Some(passed) = self.passed(slice.origin, issue.buyer_id) {
                passed.settled += Fen(slice.tax);
            }
        }
        if let Some(own) = self.passed(Ordinal::OWN, issue.buyer_id) {
            own.direct -= covered;
        }
        sale.settled.absorb(&covering, self.rules.limits.vector_origins);
        let ledger = &mut self.profile.ledger;
        ledger.originated -= covered.0;
        ledger.opening -= if sale.opening { covered.0 } else { 0 };
        let period = issue.issued_at.period();
        let opening = sale.opening;
        let day = issue.issued_at.day_of_month();
        let month = self.month(period);
        month.drawn += covered;
        month.drawn_days += covered.0.saturating_mul(day);
        if !opening {
            month.originated -= covered;
        }
        if sale.short == Fen::ZERO {
            self.forget_deficit(issue.issued_at, invoice_no);
        }
        self.books.put(Key::Issued(invoice_no), sale);
        if let (Some(buyer), true) = (issue.buyer_id, self.profile.tainted_origins > 0) {
            for slice in covering.slices() {
                self.tell_settled(slice.origin, buyer);
            }
        }
        self.touch(About::Period(period));
    }

    /// Takes `tax` of a sale back, pro rata of what stands of its vector: into the pool, except for what had begun here,
    /// which never was. Returns what the buyer gives up.
    pub(super) fn take_back(&mut self, issued: &mut Issued, invoice_no: InvoiceNo, tax: Fen) -> Vector {
        let Some(issue) = issued.issue else { return Vector::default() };
        let back = issued.vector.draw(tax);
        let budget = self.rules.limits.pool_origins;
        let own = back.of(Ordinal::OWN);
        let unmade = own.min(issued.short);
        issued.short -= unmade;
        let unsettled = issued.settled.draw(own - unmade);
        let pooled_own = own - unmade - unsettled.total();
        for slice in unsettled.slices().to_vec() {
            if let Some(passed) = self.passed(slice.origin, issue.buyer_id) {
                passed.settled -= Fen(slice.tax);
            }
        }
        for slice in back.slices().to_vec() {
            let direct = if slice.origin == Ordinal::OWN { unmade + pooled_own } else { Fen(slice.tax) };
            if let Some(passed) = self.passed(slice.origin, issue.buyer_id) {
                passed.direct -= direct;
            }
            if slice.origin == Ordinal::OWN {
                self.profile.pool.add(Slice { tax: pooled_own.0, ..slice }, budget);
            } else {
                self.profile.pool.add(slice, budget);
            }
        }
        self.profile.pool.absorb(&unsettled, budget);
        self.profile.pool.add_remainder(back.remainder());
        let total = back.total();
        let ledger = &mut self.profile.ledger;
        ledger.passed_on -= total.0;
        ledger.originated -= unmade.0;
        ledger.opening -= if issued.opening { unmade.0 } else { 0 };
        let opening = issued.opening;
        let day = issue.issued_at.day_of_month();
        let month = self.month(issue.issued_at.period());
        month.drawn -= total - unmade;
        month.drawn_days -= (total - unmade).0.saturating_mul(day);
        if !opening {
            month.originated -= unmade;
        }
        if issued.short == Fen::ZERO && unmade > Fen::ZERO {
            self.forget_deficit(issue.issued_at, invoice_no);
        }
        self.named(&back)
    }

    /// Gives value up to a seller who took it back: from the pool as far as it still holds it, origin by origin; what has
    /// flowed on begins here instead. `row` is the invoice as it is held.
    pub(super) fn give_up(&mut self, row: &mut Held, returned: &Vector, issued_at: Instant) {
        let before = row.vector.total();
        let held = &mut row.vector;
        let mut given_up = Fen::ZERO;
        let mut flowed_on = Fen::ZERO;
        for part in &returned.parts {
            let origin = self.take(part.origin, Fen::ZERO, u8::MAX, Id::EMPTY);
            let tax = held.take(origin, part.tax);
            self.take(part.origin, -tax, u8::MAX, Id::EMPTY);
            given_up += tax;
            // Beyond the pool's budget, what it still holds of an origin is in its remainder.
            let still_held = self.profile.pool.take(origin, tax);
            flowed_on += tax - still_held - self.profile.pool.take_remainder(tax - still_held);
        }
        let beyond = held.take_remainder(returned.remainder);
        given_up += beyond;
        flowed_on += beyond - self.profile.pool.take_remainder(beyond);
        let ledger = &mut self.profile.ledger;
        ledger.withdrawn += given_up.0;
        ledger.originated += flowed_on.0;
        let day = issued_at.day_of_month();
        let own_back = row.returned_own.share(given_up, before);
        row.returned_own -= own_back;
        self.touch(About::Period(issued_at.period()));
        let month = self.month(issued_at.period());
        month.returned_own -= own_back;
        month.arrived -= given_up;
        month.arrived_days -= given_up.0.saturating_mul(day);
        month.originated += flowed_on;
    }
}
