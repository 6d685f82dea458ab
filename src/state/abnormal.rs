//! Rows about abnormal vouchers, on their holder's side: what of a month's deductions is abnormal, from whom, and how far the
//! month has been told to make the taxpayer's own invoices abnormal in turn.

use serde::{Deserialize, Serialize};

use super::held::{Claim, ClaimKind, Held, standing};
use super::row::Beyond;
use super::taxpayer::Issued;
use crate::model::{Fen, Instant, InvoiceKind, Period, Position, Purpose, TaxpayerId};

/// A month in which an abnormal invoice was deducted, or of which one is held. There is none for months that never met any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbnormalMonth {
    /// Tax of abnormal invoices that is deducted for this month and stands.
    pub deducted: Fen,
    /// How many they are.
    pub invoices: u32,
    /// Tax of abnormal invoices issued in this month that nothing was ever claimed of.
    pub unclaimed: Fen,
    /// How many they are.
    pub unclaimed_invoices: u32,
    /// When there first was such a deduction, as far as one stands; the epoch where none does.
    pub since: Instant,
    /// The input event that led to it.
    pub since_cause: Position,
    /// Whether the taxpayer's own invoices of the month are abnormal in turn: then a number that is larger than that of every
    /// month they rest on, so that none rests on itself; 0 where they are not.
    pub rank: u64,
    /// The largest such number that it ever had or heard of.
    pub highest: u64,
    /// Of `deducted`, where the month has a rank: what rests on lower ones, or on marks of the authority.
    pub supported: Fen,
    /// Own invoices whose holders were told that they are abnormal in turn, and not yet that they no longer are.
    pub told: u32,
    /// Whether it has no rank any more, and waits until nobody rests on the one it had.
    pub withdrawing: bool,
    /// Of the holders told so, and of other months of this taxpayer, those from whom that has not been heard.
    pub pending: u32,
    /// How many passes through the sales had begun when it lost its rank: the holders told by later ones know of it.
    pub lost_in: u32,
    /// Whom it tells when nobody rests on it any more.
    pub answers_to: AnswersTo,
}

/// On whose account a month lost its rank, and who waits to hear that nobody rests on it any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswersTo {
    /// Something was said to the taxpayer itself.
    #[default]
    Nobody,
    /// A seller's invoices of a month are no longer abnormal.
    Seller {
        /// Whose.
        seller_id: TaxpayerId,
        /// Of which month.
        period: Period,
    },
    /// Another month of the same taxpayer, which lost its rank on account of the same invoice.
    Month(Period),
}

/// Abnormal tax that is deducted for a month and stands, of one seller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbnormalFrom {
    /// Tax.
    pub tax: Fen,
    /// Of how many invoices.
    pub invoices: u32,
}

/// What a held invoice counts for, as far as the law on abnormal vouchers goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voucher {
    /// Its tax that is deducted and stands, by month, in their order; only of a blue special invoice that has arrived and is
    /// not void.
    pub deducted: Vec<(Period, Fen)>,
    /// Whether it is abnormal: then 0 by a mark of the authority, or else the rank of its issuer's month.
    pub rank: Option<u64>,
    /// Where it is abnormal and nothing was ever claimed of it: the month of its issuance, and its tax.
    pub unclaimed: Option<(Period, Fen)>,
}

impl Voucher {
    /// What an invoice counts for.
    pub fn of(held: &Held) -> Self {
        let Some(arrived) = held.arrived else { return Self::default() };
        let is_red = arrived.red_of.is_some() || arrived.amount < Fen::ZERO || arrived.tax < Fen::ZERO;
        if arrived.invoice_kind != InvoiceKind::Special || is_red || held.voided_at.is_some() {
            return Self::default();
        }
        let is_marked = held.mark.is_some_and(|mark| mark.abnormal);
        let rank = if is_marked { Some(0) } else { Some(held.abnormal_rank).filter(|rank| *rank > 0) };
        let is_unclaimed = rank.is_some() && held.claims.is_empty() && held.lent.is_none();
        let tax = arrived.tax + held.reds.tax;
        let unclaimed = (is_unclaimed && tax > Fen::ZERO).then(|| (arrived.issued_at.period(), tax));
        Self { deducted: held.deducted_by_month(), rank, unclaimed }
    }
}

/// Why an invoice is abnormal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbnormalBy {
    /// The authority marked it.
    Mark,
    /// Its issuer deducted so much abnormal tax for the month it is of.
    Turn(Period),
}

impl Issued {
    /// Why an invoice is abnormal, where it is: a special invoice that is neither red nor void.
    pub fn abnormal_by(&self) -> Option<AbnormalBy> {
        let issue = self.issue.filter(|issue| self.void.is_none() && issue.invoice_kind == InvoiceKind::Special)?;
        if issue.red_of.is_some() || issue.amount < Fen::ZERO || issue.tax < Fen::ZERO {
            return None;
        }
        if self.mark.is_some_and(|mark| mark.abnormal) {
            return Some(AbnormalBy::Mark);
        }
        (self.abnormal_rank > 0).then(|| AbnormalBy::Turn(issue.issued_at.period()))
    }
}

impl Held {
    /// Tax of its deductions that stands, by month, in their order.
    fn deducted_by_month(&self) -> Vec<(Period, Fen)> {
        if self.claims.is_empty() && self.lent_months.is_empty() {
            return Vec::new();
        }
        let mut months = by_month(&self.claims);
        if !self.lent_months.is_empty() {
            months.extend(self.lent_months.iter().copied());
            summed(&mut months);
        }
        months
    }
}

/// Tax of the deductions among claims that stand, by month, in their order.
pub fn by_month(claims: &[Claim]) -> Vec<(Period, Fen)> {
    // By far the most frequent, and nothing to work out.
    if let [Claim { kind: ClaimKind::Deduct(Purpose::Deduct | Purpose::ExportRefund), period, tax, .. }] = claims {
        return if *tax == Fen::ZERO { Vec::new() } else { vec![(*period, *tax)] };
    }
    let mut months = standing(claims.to_vec()).into_iter().map(|claim| (claim.period, claim.tax)).collect();
    summed(&mut months);
    months
}

/// Sums amounts of the same month, and leaves out what comes to nothing.
pub fn summed(months: &mut Vec<(Period, Fen)>) {
    months.sort_unstable_by_key(|(period, _)| *period);
    months.dedup_by(|(period, tax), (kept, sum)| {
        let same = period == kept;
        if same {
            *sum += *tax;
        }
        same
    });
    months.retain(|(_, tax)| *tax != Fen::ZERO);
}

impl Beyond for AbnormalMonth {}
impl Beyond for AbnormalFrom {}
