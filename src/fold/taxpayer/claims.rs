//! What a buyer claims: receipts, deductions and their reversals, before or after the invoice they are about.

use super::{Changed, Step};
use crate::fold::effects::Seen;
use crate::fold::register::hash;
use crate::model::{
    About, Closing, DeductionReversed, Event, Fen, Id, InvoiceDeducted, InvoiceNo, InvoiceReceived, Message, Period,
    Purpose, Source, TaxpayerId, Timer,
};
use crate::provenance::Ordinal;
use crate::risk::REFUND_MONTHS;
use crate::state::{Claim, ClaimKind, Held, Key, OriginRow, SeenOnce, by_month, standing, summed};

/// The most deductions and reversals of one invoice: a lawful one has one, or three.
const CLAIMS_MAX: usize = 256;

impl Step<'_> {
    pub(super) fn received(&mut self, source: Source, event: &Event, received: &InvoiceReceived) {
        let seller_id = received.seller_id.unwrap_or(Self::UNNAMED);
        let no = received.invoice_no;
        if let Some(first) = self.books.held(no, seller_id).and_then(|held| held.received) {
            self.seen(source, event, Seen { fingerprint: first.fingerprint, position: first.position });
            return;
        }
        let arrived = self.books.held(no, seller_id).and_then(|held| held.arrived);
        if let Some(arrived) = arrived {
            self.doubt_closed(no, arrived.issued_at);
        }
        let position = self.record.root.position();
        let held = self.books.edit_held(no, seller_id);
        held.received = Some(SeenOnce { fingerprint: event.fingerprint, position, at: event.occurred_at });
    }

    pub(super) fn deducted(&mut self, source: Source, event: &Event, deducted: &InvoiceDeducted) {
        let claim = Claim {
            kind: ClaimKind::Deduct(deducted.purpose),
            period: deducted.period,
            tax: deducted.tax,
            at: event.occurred_at,
            fingerprint: event.fingerprint,
            position: self.record.root.position(),
        };
        let seller_id = deducted.seller_id.unwrap_or(Self::UNNAMED);
        if self.claim(source, event, deducted.invoice_no, seller_id, claim)
            && deducted.purpose != Purpose::NotDeductible
        {
            self.month(deducted.period).deducted.add(Fen::ZERO, deducted.tax);
            self.claimed(deducted.period, deducted.tax);
        }
    }

    pub(super) fn reversed(&mut self, source: Source, event: &Event, reversed: &DeductionReversed) {
        let claim = Claim {
            kind: ClaimKind::Reverse(hash(&[&reversed.reason])),
            period: reversed.period,
            tax: reversed.tax,
            at: event.occurred_at,
            fingerprint: event.fingerprint,
            position: self.record.root.position(),
        };
        let seller_id = reversed.seller_id.unwrap_or(Self::UNNAMED);
        if self.claim(source, event, reversed.invoice_no, seller_id, claim) {
            self.month(reversed.period).reversed.add(Fen::ZERO, reversed.tax);
            self.claimed(reversed.period, -reversed.tax);
        }
    }

    /// More or less of a period is claimed than before. Until its return is in, no finding about the month rests on that.
    fn claimed(&mut self, period: Period, tax: Fen) {
        self.profile.claimed += tax;
        if self.profile.tainted_origins > 0 {
            self.touch_refunds();
        }
        if self.month(period).declared.value.is_some() {
            self.touch(About::Period(period));
        }
    }

    /// Doubts claims that the invoice does not bear out, where it is known by now. To deduct it twice is a finding.
    pub(super) fn doubt_claims(&mut self, no: InvoiceNo, seller_id: TaxpayerId) {
        let held = self.books.held(no, seller_id).map(|held| (held.arrived, held.claims.last().copied()));
        let Some((Some(arrived), Some(claim))) = held else { return };
        if !matches!(claim.kind, ClaimKind::Deduct(Purpose::Deduct | Purpose::ExportRefund)) {
            return;
        }
        if !arrived.invoice_kind.deductible() {
            let reason =
                format!("invoice {no} is of a kind whose tax is not deductible, and {} of it is claimed", claim.tax);
            self.doubt("kind_not_deductible", Some(no), reason);
        } else if claim.tax > arrived.tax.max(Fen::ZERO) {
            let reason = format!("{} of tax is claimed of invoice {no}, which bears {}", claim.tax, arrived.tax);
            self.doubt("more_than_the_invoice", Some(no), reason);
        }
    }

    /// Adds a claim to its invoice, or judges it a repeat. `true` where it was added.
    fn claim(&mut self, source: Source, event: &Event, no: InvoiceNo, seller_id: TaxpayerId, claim: Claim) -> bool {
        let held = self.books.held(no, seller_id);
        let same =
            |earlier: &&Claim| (earlier.kind, earlier.period, earlier.at) == (claim.kind, claim.period, claim.at);
        let earlier = held.and_then(|held| held.claims.iter().find(same)).copied();
        if let Some(first) = earlier {
            self.seen(source, event, Seen { fingerprint: first.fingerprint, position: first.position });
            return false;
        }
        if held.is_some_and(|held| held.claims.len() >= CLAIMS_MAX) {
            let reason = format!("invoice {no} has {CLAIMS_MAX} deductions and reversals already; no more are taken");
            self.effects.refuse(self.record, source, "too_many_claims", reason);
            return false;
        }
        let is_first = held.is_none_or(|held| held.claims.is_empty());
        let waits = held.is_none_or(|held| held.arrived.is_none());
        let is_unnamed = seller_id == Self::UNNAMED;
        self.profile.unnamed_claims += u32::from(is_first && is_unnamed);
        self.profile.claimed_unseen += u32::from(is_first && waits && !is_unnamed);
        self.with_held(no, seller_id, |_, held| {
            // Nearly all have one, and there are as many rows as invoices.
            held.claims.reserve_exact(1);
            held.claims.push(claim);
        });
        if self.profile.unnamed_claims > 0 {
            self.lend_unnamed(no);
        }
        self.doubt_claims(no, seller_id);
        if waits {
            let due = claim.at.plus_days(self.rules.limits.grace_days);
            let timer = Timer::Claim { invoice_no: no, seller_id };
            if self.books.set_timer(self.hour, due, timer) {
                let this = self.books.entity;
                self.send(this, Message::Timer(timer));
            }
        }
        true
    }

    pub(super) fn timer(&mut self, timer: Timer) {
        match timer {
            Timer::Claim { invoice_no, seller_id } => self.claim_due(invoice_no, seller_id),
            Timer::RedLetter { red_no } => self.red_letter_due(red_no),
            Timer::Closing => self.close_months(&Closing::default()),
            Timer::MonthPassed { period } => self.month_passed(period),
            Timer::RulesChanged => self.rules_changed(Id::EMPTY, self.hour),
            Timer::Verification { period } => self.verification_due(period),
            // A case's own.
            Timer::CasePublished => {}
        }
    }

    /// The grace period of a claim is over, if the rules do not give it more time now than when the time was set.
    fn claim_due(&mut self, invoice_no: InvoiceNo, seller_id: TaxpayerId) {
        let waiting = self.books.held(invoice_no, seller_id).filter(|held| held.arrived.is_none());
        let Some(claims) = waiting.map(|held| held.claims.clone()) else { return };
        // Found when its grace period was over, whenever that is noticed; caused by the claim that waited.
        if let Some(oldest) = standing(claims).first() {
            let due = oldest.at.plus_days(self.rules.limits.grace_days);
            let timer = Timer::Claim { invoice_no, seller_id };
            if !self.books.set_timer(self.hour, due, timer) {
                return;
            }
            (self.now, self.cause) = (due, oldest.position);
        }
        self.books.edit_held(invoice_no, seller_id).waited_until = self.hour;
        self.touch(About::Invoice { seller_id, invoice_no });
    }

    /// Claims that name no seller are claims of the only invoice of that number that has arrived; of none where there are
    /// several. Asked again whenever either side changes, so that the order does not matter.
    pub(super) fn lend_unnamed(&mut self, no: InvoiceNo) {
        let unnamed = self.books.held(no, Self::UNNAMED);
        let Some(claims) = unnamed.map(|held| held.claims.clone()).filter(|claims| !claims.is_empty()) else { return };
        let sellers = self.books.sellers_of(no);
        let alone = sellers.len() == 1;
        for seller in sellers {
            self.with_held(no, seller, |_, held| {
                // A reversal may name the seller where the deduction does not, and the other way round.
                let all = [&held.claims[..], &claims].concat();
                held.lent_months = if alone { lent_months(&all, &held.claims) } else { Box::default() };
                held.lent = alone.then(|| sum(standing(all)) - sum(standing(held.claims.clone())));
            });
            self.touch(About::Invoice { seller_id: seller, invoice_no: no });
        }
        self.touch(About::Invoice { seller_id: Id::EMPTY, invoice_no: no });
    }

    /// Moves the sums of months from one state of an invoice's claims for export refund to another.
    pub(super) fn move_refunds(&mut self, before: Vec<(Period, Fen)>, after: Vec<(Period, Fen)>) {
        if before == after {
            return;
        }
        for (period, tax) in before {
            self.month(period).refunds -= tax;
            self.touch(About::Period(period));
        }
        for (period, tax) in after {
            self.month(period).refunds += tax;
            if period > self.profile.last_refunded {
                self.touch_refunds(); // some of them are too long ago from now on
                self.profile.last_refunded = period;
            }
            self.touch(About::Period(period));
        }
    }

    /// A finding about a refund rests on how much of all claims is of accused origins: the months of refunds are asked again.
    pub(super) fn touch_refunds(&mut self) {
        let last = self.profile.last_refunded;
        if last > Period::default() {
            (0..REFUND_MONTHS).for_each(|months| self.touch_month(last.minus(months), 0, Changed::OWN));
        }
    }

    /// Moves the books from one state of an invoice's deductions to another.
    pub(super) fn move_deducted(&mut self, before: &[(Ordinal, Fen)], after: &[(Ordinal, Fen)]) {
        let changes = before.iter().map(|(origin, tax)| (*origin, -*tax)).chain(after.iter().copied());
        let mut accused = Vec::new();
        for (origin, tax) in changes {
            if origin == Ordinal::OWN {
                continue;
            }
            let Some(id) = self.books.origin_of(origin) else { continue };
            let Some(row) = self.books.edit::<OriginRow>(&Key::Origin(id)) else { continue };
            row.deducted += tax;
            accused.extend(row.accuses().then_some(id));
        }
        accused.sort_unstable();
        accused.dedup();
        for named in accused {
            self.recount_behind(named, Id::EMPTY);
        }
    }
}

/// Tax of an invoice that is claimed for export refund and stands, by period.
pub(super) fn refunds(claims: &[Claim]) -> Vec<(Period, Fen)> {
    let is_refund = |claim: &Claim| claim.kind == ClaimKind::Deduct(Purpose::ExportRefund);
    if !claims.iter().any(is_refund) {
        return Vec::new();
    }
    let standing = standing(claims.to_vec());
    standing.into_iter().filter(is_refund).map(|claim| (claim.period, claim.tax)).collect()
}

/// What claims that name no seller add to those that do, by month.
fn lent_months(all: &[Claim], named: &[Claim]) -> Box<[(Period, Fen)]> {
    let mut months = by_month(all);
    months.extend(by_month(named).into_iter().map(|(period, tax)| (period, -tax)));
    summed(&mut months);
    months.into()
}

fn sum(claims: Vec<Claim>) -> Fen {
    claims.into_iter().map(|claim| claim.tax).sum()
}

/// How much of each origin the standing deductions of an invoice are: pro rata of what stands of its vector.
pub(super) fn deducted_by_origin(held: &Held) -> Vec<(Ordinal, Fen)> {
    if !held.entered || held.vector.is_empty() || held.claims.is_empty() && held.lent.is_none() {
        return Vec::new();
    }
    let own: Fen = match held.claims.as_slice() {
        // By far the most frequent, and nothing to work out.
        [Claim { kind: ClaimKind::Deduct(Purpose::Deduct | Purpose::ExportRefund), tax, .. }] => *tax,
        claims => sum(standing(claims.to_vec())),
    };
    let total = held.vector.total();
    let deducted = (own + held.lent.unwrap_or_default()).min(total).max(Fen::ZERO);
    if deducted == Fen::ZERO {
        return Vec::new();
    }
    held.vector.slices().iter().map(|slice| (slice.origin, Fen(slice.tax).share(deducted, total))).collect()
}
