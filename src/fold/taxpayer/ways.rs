//! How a firm issues, by the month: to whom, in what, and what it takes back though its buyer had deducted it. Of
//! that a buyer tells its seller, for only it knows.

use super::Step;
use super::issuing::is_red;
use crate::model::{About, Claimed, Entity, Fen, InvoiceKind, InvoiceNo, Message};
use crate::state::{Claim, ClaimedBefore, GoodsClass, GoodsMonth, Held, Issue, Issued, Key, standing};

impl Step<'_> {
    /// Counts a sale in, or its void off.
    pub(super) fn count_sold_ways(&mut self, issue: &Issue, is_void: bool) {
        let amount = if is_void { -issue.amount } else { issue.amount };
        let is_voucher = self.is_voucher(issue);
        let ways = &mut self.month(issue.issued_at.period()).ways;
        match issue.buyer_id {
            None => ways.to_persons += amount,
            Some(_) if issue.invoice_kind == InvoiceKind::Special => {
                let special = &mut ways.special;
                special.amount += amount;
                special.tax += if is_void { -issue.tax } else { issue.tax };
                if !is_red(issue) {
                    special.count =
                        if is_void { special.count.saturating_sub(1) } else { special.count.saturating_add(1) };
                }
            }
            Some(_) => {}
        }
        // A voucher that a buyer issues to itself is no sale of its own.
        if issue.class != GoodsClass::default() && !is_voucher {
            self.goods_of(issue).of(issue.class).sold += amount;
        }
    }

    /// The same of a purchase.
    pub(super) fn count_bought_ways(&mut self, issue: &Issue, is_void: bool) {
        let amount = if is_void { -issue.amount } else { issue.amount };
        if issue.class != GoodsClass::default() {
            self.goods_of(issue).of(issue.class).bought += amount;
        }
    }

    fn goods_of(&mut self, issue: &Issue) -> &mut GoodsMonth {
        self.books.edit_or_new::<GoodsMonth>(Key::GoodsMonth(issue.issued_at.period())).0
    }

    /// Counts a red letter of a later month to the month of its invoice, or its void off.
    pub(super) fn count_red_later(&mut self, blue: &Issued, red: &Issue, is_void: bool) {
        let Some(period) = blue.issue.map(|issue| issue.issued_at.period()) else { return };
        if red.issued_at.period() <= period {
            return;
        }
        let red_later = &mut self.month(period).ways.red_later;
        if is_void {
            red_later.remove(red.tax.abs());
        } else {
            red_later.add(red.tax.abs());
        }
    }

    /// Tells the issuer of an invoice that was taken back what of it had been deducted before, where that has changed.
    pub(super) fn tell_claimed(&mut self, invoice_no: InvoiceNo, held: &mut Held) {
        let was_taken_back = held.voided_at.is_some() || held.reds.count > 0;
        if !was_taken_back && held.claimed.is_none() || held.arrived.is_none() {
            return;
        }
        let mut claims = held.claims.clone();
        if held.lent.is_some() {
            let unnamed = self.books.held(invoice_no, Self::UNNAMED);
            claims.extend(unnamed.map(|unnamed| unnamed.claims.clone()).unwrap_or_default());
        }
        let claimed = claimed_before(held, &standing(claims));
        if claimed == held.claimed {
            return;
        }
        held.claimed = claimed;
        let (tax, is_void) = claimed.map_or((Fen::ZERO, false), |claimed| (claimed.tax, claimed.is_void));
        let told = Claimed { invoice_no, buyer_id: self.books.entity.id, tax, is_void, at: self.now };
        self.send(Entity::taxpayer(held.seller_id), Message::Claimed(told));
    }

    /// Hears what the buyer of an invoice that was taken back had deducted of it.
    pub(super) fn hear_claimed(&mut self, claimed: &Claimed) {
        self.now = claimed.at;
        let Some(issued) = self.books.edit::<Issued>(&Key::Issued(claimed.invoice_no)) else { return };
        let Some(issue) = issued.issue else { return };
        let now = ClaimedBefore { tax: claimed.tax, is_void: claimed.is_void };
        let now = Some(now).filter(|now| now.tax > Fen::ZERO);
        let before = std::mem::replace(&mut issued.claimed, now);
        let ways = &mut self.month(issue.issued_at.period()).ways;
        for (counted, is_in) in [(before, false), (now, true)] {
            let Some(ClaimedBefore { tax, is_void }) = counted else { continue };
            let sums = if is_void { &mut ways.void_claimed } else { &mut ways.red_claimed };
            if is_in { sums.add(tax) } else { sums.remove(tax) }
        }
        self.touch(About::Period(issue.issued_at.period()));
    }
}

/// What stands of deductions made before their invoice was voided; or before it was red-lettered in a later month, as far as
/// it is more than the red letters leave.
fn claimed_before(held: &Held, standing: &[Claim]) -> Option<ClaimedBefore> {
    let arrived = held.arrived?;
    let before = |at| -> Fen { standing.iter().filter(|claim| claim.at < at).map(|claim| claim.tax).sum() };
    let (tax, is_void) = match held.voided_at {
        Some(voided_at) => (before(voided_at), true),
        None if held.reds.count > 0 && held.red_at.period() > arrived.issued_at.period() => {
            let left = (arrived.tax + held.reds.tax).max(Fen::ZERO);
            ((before(held.red_at) - left).min(held.reds.tax.abs()), false)
        }
        None => (Fen::ZERO, false),
    };
    (tax > Fen::ZERO).then_some(ClaimedBefore { tax, is_void })
}
