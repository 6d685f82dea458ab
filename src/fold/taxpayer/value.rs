//! Value through a taxpayer's books: in with arrivals, out with sales, back with voids and red letters. The ledger's
//! identity holds after every one of them. Purchases that come after the sale they stand behind are in `settling`.

use super::Step;
use crate::model::{About, Fen, Id, Instant, InvoiceNo, Part, Period, TaxpayerId, TaxpayerKind, Vector};
use crate::provenance::{Blend, Ordinal, Slice};
use crate::state::{Held, Issue, Issued, Key, Month, OriginRow, Passed};

/// The most tax that comes into a taxpayer's books, and the most that stands as passed on, in fen: 1,000 trillion yuan,
/// beyond the whole country's tax of a century. What goes beyond is data that cannot be right and carries no value, so
/// that no sum in the books can overflow.
pub(super) const VALUE_MAX: i64 = 100_000_000_000_000_000;
/// Months before the end of the journal's first ones that a firm may have invoices of: all that an event may be dated.
const OPENING_MONTHS_MAX: usize = 2_000;

impl Step<'_> {
    /// Whether the input tax of an invoice counts: its buyer was a general taxpayer when it was issued, or was never
    /// registered.
    pub(super) fn is_general(&self, issued_at: Instant) -> bool {
        self.profile.kind.at(issued_at) != Some(TaxpayerKind::SmallScale)
    }

    /// The pool that value comes into and goes back to: of a firm that is deregistered, the one that has expired.
    pub(super) fn pool(&mut self) -> &mut Blend {
        let profile = &mut self.profile;
        if profile.deregistered_since().is_some() { &mut profile.expired } else { &mut profile.pool }
    }

    /// Whether so much more may stand as passed on: see [`VALUE_MAX`].
    fn has_room_for(&mut self, tax: Fen, invoice_no: InvoiceNo) -> bool {
        let fits = self.profile.ledger.passed_on <= VALUE_MAX.saturating_sub(tax.0);
        if !fits {
            let reason = format!("the tax of {tax} on invoice {invoice_no} is more than any firm can have issued");
            self.doubt("beyond_belief", Some(invoice_no), reason);
        }
        fits
    }

    /// The row of an origin in these books, made where there is none yet; the flag says that the origin is nearer than was
    /// known. Not for the keeper itself.
    fn origin_row(&mut self, origin: TaxpayerId, hops: u8, via: TaxpayerId) -> (&mut OriginRow, bool) {
        let Self { books, profile, .. } = self;
        let (row, made) = books.edit_origin(origin, || {
            profile.origins += 1;
            Ordinal(profile.origins)
        });
        let is_nearer = made || hops < row.hops;
        if is_nearer {
            (row.hops, row.via) = (hops, via);
        }
        (row, is_nearer)
    }

    /// Counts tax as taken from an origin, or as given up where it is negative, and gives the origin's ordinal.
    pub(super) fn take(&mut self, origin: TaxpayerId, tax: Fen, hops: u8, via: TaxpayerId) -> Ordinal {
        if origin == self.books.entity.id {
            return Ordinal::OWN;
        }
        let (row, is_nearer) = self.origin_row(origin, hops, via);
        row.taken += tax;
        let ordinal = row.ordinal;
        if row.accuses() && (tax != Fen::ZERO || is_nearer) {
            self.recount_behind(origin, Id::EMPTY);
        }
        ordinal
    }

    /// Whose an ordinal is.
    pub(super) fn origin(&mut self, ordinal: Ordinal) -> TaxpayerId {
        if ordinal == Ordinal::OWN {
            return self.books.entity.id;
        }
        self.books.origin_of(ordinal).expect("an ordinal is given out with its name")
    }

    /// A blend of these books as others read it.
    pub(super) fn named(&mut self, blend: &Blend) -> Vector {
        let slices = blend.slices().iter();
        let parts =
            slices.map(|slice| Part { origin: self.origin(slice.origin), tax: Fen(slice.tax), hops: slice.hops });
        let parts = parts.collect();
        Vector { parts, remainder: blend.remainder() }
    }

    /// What of an origin went to a buyer who may deduct it, to be changed.
    pub(super) fn passed(&mut self, origin: Ordinal, buyer: Option<TaxpayerId>) -> Option<&mut Passed> {
        let buyer = buyer?;
        let passed = self.books.edit_passed(origin, buyer);
        if self.profile.flag.is_some() || self.profile.tainted_origins > 0 {
            self.moved.insert((origin, buyer));
        }
        Some(passed)
    }

    /// Takes the tax of a sale out of the pool; what the pool does not cover begins here. `beside` is what stands of the
    /// sale already.
    pub(super) fn draw(&mut self, issued: &mut Issued, issue: &Issue, invoice_no: InvoiceNo, beside: &Blend) {
        let tax = issue.tax;
        if !self.has_room_for(tax, invoice_no) {
            return;
        }
        let gone = self.sells_its_own(issue.issued_at);
        let mut drawn = if gone { Blend::default() } else { self.pool().draw(tax) };
        let short = tax - drawn.total();
        let covered = tax - short;
        let own = drawn.take(Ordinal::OWN, tax) + short;
        let budget = self.rules.limits.vector_origins;
        let mut vector = drawn.within(if own > Fen::ZERO { budget - 1 } else { budget });
        vector.add(Slice { origin: Ordinal::OWN, tax: own.0, hops: 0 }, budget);
        vector = vector.within_beside(beside, budget);
        for slice in vector.slices().to_vec() {
            if let Some(passed) = self.passed(slice.origin, issue.deducting_buyer()) {
                passed.direct += Fen(slice.tax);
            }
        }
        self.profile.ledger.passed_on += tax.0;
        self.count_begun(issue, short);
        let day = issue.issued_at.day_of_month();
        let month = self.month(issue.issued_at.period());
        month.sold_standing += tax;
        month.drawn += covered;
        month.drawn_days += covered.0.saturating_mul(day);
        (issued.vector, issued.short, issued.gone) = (vector.fitted(), short, gone);
        issued.drawn_after = self.profile.given_up;
        if short > Fen::ZERO && !gone {
            self.owe(issue.issued_at, invoice_no);
        }
    }

    /// Lets the tax of a self-issued purchase voucher begin here: it draws nothing, and no accusation rests on it.
    pub(super) fn begin(&mut self, issued: &mut Issued, issue: &Issue, invoice_no: InvoiceNo) {
        if !self.has_room_for(issue.tax, invoice_no) {
            return;
        }
        let own = Slice { origin: Ordinal::OWN, tax: issue.tax.0, hops: 0 };
        issued.vector.add(own, 1);
        issued.short = issue.tax;
        if let Some(passed) = self.passed(Ordinal::OWN, issue.deducting_buyer()) {
            passed.direct += issue.tax;
        }
        self.profile.ledger.passed_on += issue.tax.0;
        self.count_begun(issue, issue.tax);
        self.month(issue.issued_at.period()).sold_standing += issue.tax;
    }

    /// Counts tax of a sale as begun here, or, where it is negative, as not begun here after all. Of vouchers, and of the
    /// first months of a firm older than the journal, it accuses nobody.
    pub(super) fn count_begun(&mut self, issue: &Issue, tax: Fen) {
        let period = issue.issued_at.period();
        let is_voucher = self.is_voucher(issue);
        let is_opening = self.opening.covers(self.profile.registered_on, period);
        let ledger = &mut self.profile.ledger;
        ledger.originated += tax.0;
        ledger.opening += if is_voucher || is_opening { tax.0 } else { 0 };
        if !is_voucher {
            let month = self.month(period);
            let sum = if is_opening { &mut month.opening } else { &mut month.originated };
            *sum += tax;
        }
    }

    /// A firm turns out to be younger than it was taken for: what began here in the journal's first months is no stock.
    pub(super) fn open_without_stock(&mut self) {
        let (first, until) = (Key::Month(Period(i32::MIN)), Key::Month(self.opening.until));
        for key in self.books.scan(&first, &until, OPENING_MONTHS_MAX) {
            let Some(month) = self.books.edit::<Month>(&key) else { continue };
            let opening = std::mem::take(&mut month.opening);
            month.originated += opening;
            self.profile.ledger.opening -= opening.0;
            if let Key::Month(period) = key {
                self.touch(About::Period(period));
            }
        }
    }

    /// A vector as the holder's row keeps it, in the numbers of these books, which it is not counted in.
    pub(super) fn kept(&mut self, vector: &Vector, seller: TaxpayerId) -> Blend {
        let mut blend = Blend::default();
        for part in &vector.parts {
            let hops = part.hops.saturating_add(1);
            let origin = self.take(part.origin, Fen::ZERO, hops, seller);
            blend.add(Slice { origin, tax: part.tax.0, hops }, usize::MAX);
        }
        blend.add_remainder(vector.remainder);
        blend
    }

    /// Takes off an invoice what its seller took back, and, as far as it is counted in these books, out of them.
    pub(super) fn take_off(&mut self, row: &mut Held, returned: &Vector, issued_at: Instant) {
        if row.entered {
            self.give_up(row, returned, issued_at);
            return;
        }
        for part in &returned.parts {
            if let Some(origin) = self.ordinal(part.origin) {
                row.vector.take(origin, part.tax);
            }
        }
        row.vector.take_remainder(returned.remainder);
    }

    /// Brings the tax of an invoice in: first to sales made before it came though it was issued before them, oldest
    /// first; the rest into the pool. Returns the blend as the holder's row keeps it.
    pub(super) fn bring(&mut self, vector: &Vector, seller: TaxpayerId, issued_at: Instant) -> Blend {
        let mut blend = Blend::default();
        if self.profile.ledger.arrived > VALUE_MAX.saturating_sub(vector.total().0) {
            let reason = format!("invoices of {seller} bring more tax than any firm can have bought");
            self.doubt("beyond_belief", None, reason);
            return blend;
        }
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
        self.settle(&mut blend, issued_at);
        let budget = self.rules.limits.pool_origins;
        self.pool().absorb(&blend, budget);
        kept
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
        let unsettled = self.draw_settled(issued, invoice_no, own - unmade);
        for slice in back.slices() {
            let settled = if slice.origin == Ordinal::OWN { unsettled.total() } else { Fen::ZERO };
            if let Some(passed) = self.passed(slice.origin, issue.deducting_buyer()) {
                passed.direct -= Fen(slice.tax) - settled;
            }
        }
        let mut drawn = back.clone();
        drawn.take(Ordinal::OWN, unmade + unsettled.total());
        drawn.absorb(&unsettled, usize::MAX);
        self.return_flowed(&mut drawn, issued.drawn_after, issue.issued_at.period());
        // Sales made meanwhile that nothing stood behind would have had it.
        self.settle(&mut drawn, issue.issued_at);
        self.pool().absorb(&drawn, budget);
        let total = back.total();
        self.profile.ledger.passed_on -= total.0;
        self.count_begun(&issue, Fen::ZERO - unmade);
        let day = issue.issued_at.day_of_month();
        let month = self.month(issue.issued_at.period());
        month.sold_standing -= total;
        month.drawn -= total - unmade;
        month.drawn_days -= (total - unmade).0.saturating_mul(day);
        if issued.short == Fen::ZERO && unmade > Fen::ZERO {
            self.forget_deficit(issue.issued_at, invoice_no);
        }
        self.named(&back)
    }

    /// Gives value up to a seller who took it back: from the pool as far as it still holds it, origin by origin. What had
    /// settled older sales opens them again: they had nothing behind them after all. What has flowed on otherwise begins
    /// here instead. `row` is the invoice as it is held.
    fn give_up(&mut self, row: &mut Held, returned: &Vector, issued_at: Instant) {
        let before = row.vector.total();
        let held = &mut row.vector;
        let mut given_up = Fen::ZERO;
        let mut settled = Vec::new();
        let number = self.profile.given_up + 1;
        for part in &returned.parts {
            // What is not in these books cannot be given up.
            let Some(origin) = self.ordinal(part.origin) else { continue };
            let tax = held.take(origin, part.tax);
            self.take(part.origin, Fen::ZERO - tax, u8::MAX, Id::EMPTY);
            given_up += tax;
            let in_pool = self.pool().take(origin, tax);
            // An origin that the pool no longer names is in its remainder, as far as the remainder goes; of one that it names,
            // what it lacks has flowed on.
            let still_held = if in_pool > Fen::ZERO { in_pool } else { self.pool().take_remainder(tax) };
            let beyond = tax - still_held;
            if beyond > Fen::ZERO {
                self.count_flowed(Some((origin, number)), beyond, issued_at.period());
                settled.push((origin, beyond));
            }
        }
        let beyond = held.take_remainder(returned.remainder);
        given_up += beyond;
        let flowed_on = beyond - self.pool().take_remainder(beyond);
        self.count_flowed(None, flowed_on, issued_at.period());
        self.profile.given_up += u32::from(!settled.is_empty());
        self.profile.ledger.withdrawn += given_up.0;
        let day = issued_at.day_of_month();
        let own_back = row.returned_own.share(given_up, before);
        row.returned_own -= own_back;
        self.touch(About::Period(issued_at.period()));
        let month = self.month(issued_at.period());
        month.returned_own -= own_back;
        month.arrived -= given_up;
        month.arrived_days -= given_up.0.saturating_mul(day);
        for (origin, tax) in settled {
            self.unsettle(origin, tax, issued_at, number);
        }
    }
}
