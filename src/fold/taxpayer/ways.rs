//! How a firm issues, by the month: to whom, in what, and what it takes back though its buyer had deducted it. Of
//! that a buyer tells its seller, for only it knows.

use super::Step;
use super::issuing::is_red;
use crate::model::{About, Claimed, Entity, Fen, InvoiceKind, InvoiceNo, Message, Period};
use crate::state::{
    Claim, ClaimedBefore, GoodsClass, GoodsMonth, Held, Issue, Issued, Keeps, Key, Month, Partner, Side, standing,
};

/// Findings about what is kept are asked again so many months back.
const KEPT_MONTHS: i32 = 24;
/// And so many months at most are looked at for that.
pub(super) const KEPT_MONTHS_MAX: usize = 36;

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
        if !was_taken_back && held.keeps.is_none() || held.arrived.is_none() {
            return;
        }
        let mut claims = held.claims.clone();
        if held.lent.is_some() {
            let unnamed = self.books.held(invoice_no, Self::UNNAMED);
            claims.extend(unnamed.map(|unnamed| unnamed.claims.clone()).unwrap_or_default());
        }
        let keeps = keeps(held, &standing(claims));
        if keeps == held.keeps {
            return;
        }
        let before = std::mem::replace(&mut held.keeps, keeps);
        for (counted, is_in) in [(before, false), (keeps, true)] {
            let Some(Keeps { claimed, period }) = counted else { continue };
            let (partner, _) = self.books.edit_or_new::<Partner>(Key::Partner(Side::Bought, held.seller_id));
            partner.kept.count(claimed.tax, is_in);
            self.month(period).ways.kept.count(claimed.tax, is_in);
            self.touch_one(About::Period(period));
        }
        self.touch_kept();
        let claimed = keeps.map(|keeps| keeps.claimed);
        let (tax, is_void) = claimed.map_or((Fen::ZERO, false), |claimed| (claimed.tax, claimed.is_void));
        let told = Claimed { invoice_no, buyer_id: self.books.entity.id, tax, is_void, at: self.now };
        self.send(Entity::taxpayer(held.seller_id), Message::Claimed(told));
    }

    /// What it keeps of invoices that were taken back, or what it bought of their sellers, has changed: findings about that say
    /// how much it is over all months, so each is asked again.
    pub(super) fn touch_kept(&mut self) {
        let first = self.now.period().minus(KEPT_MONTHS);
        let months = self.books.scan(&Key::Month(first), &Key::Month(Period(i32::MAX)), KEPT_MONTHS_MAX);
        for key in months {
            let is_kept = self.books.find::<Month>(&key).is_some_and(|month| month.ways.kept.count > 0);
            if let (Key::Month(period), true) = (key, is_kept) {
                self.touch_one(About::Period(period));
            }
        }
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
            sums.count(tax, is_in);
        }
        self.touch(About::Period(issue.issued_at.period()));
    }
}

/// What stands of deductions made before their invoice was voided; or before it was red-lettered in a later month, as far as
/// it is more than the red letters leave.
fn keeps(held: &Held, standing: &[Claim]) -> Option<Keeps> {
    let arrived = held.arrived?;
    let before = |at| -> Fen { standing.iter().filter(|claim| claim.at < at).map(|claim| claim.tax).sum() };
    let (tax, is_void, taken_back_at) = match held.voided_at {
        Some(voided_at) => (before(voided_at), true, voided_at),
        None if held.reds.count > 0 && held.red_at.period() > arrived.issued_at.period() => {
            let left = (arrived.tax + held.reds.tax).max(Fen::ZERO);
            ((before(held.red_at) - left).min(held.reds.tax.abs()), false, held.red_at)
        }
        None => return None,
    };
    let claimed = ClaimedBefore { tax, is_void };
    (tax > Fen::ZERO).then_some(Keeps { claimed, period: taken_back_at.period() })
}
