//! Tax that a firm issued with no input behind it: what shells and bursts have in common, over two months, and how it was
//! before, for what is usual in one trade is not in another.

use super::View;
use crate::model::{Fen, Period};
use crate::state::Month;

/// What began at a firm in a month and the one before it.
#[derive(Clone, Debug)]
pub(super) struct Unexplained {
    /// The month.
    pub(super) this: Month,
    /// The one before.
    pub(super) before: Month,
    /// Tax issued in the two.
    pub(super) issued: Fen,
    /// Of it, what no input explains, net of what is left in the pool: trade often sells first and gets the purchase invoice
    /// later, and has a month for it.
    pub(super) own: Fen,
}

impl Unexplained {
    /// Of a month and the one before it, where the month itself adds to it (else the one before says all there is to say)
    /// and it is so much at least.
    pub(super) fn of(view: &mut View<'_, '_>, period: Period, own_tax_min: i64) -> Option<Self> {
        let this = view.month_if(period, |month| month.originated > Fen::ZERO)?;
        let before = view.month(period.minus(1));
        let begun = this.originated + before.originated;
        if begun.0 < own_tax_min {
            return None;
        }
        let mut issued = this.sold_standing + before.sold_standing;
        if issued < begun {
            // Some began with a purchase of these months that was taken back, or never counted, and was sold on in the next.
            issued += view.month(period.minus(-1)).sold_standing;
        }
        let gone = view.profile.deregistered_since().is_some_and(|since| since.period() <= period);
        let own = begun - if gone { Fen::ZERO } else { view.pool_left(period.minus(-1)) };
        (own.0 >= own_tax_min).then_some(Self { this, before, issued, own })
    }

    /// In basis points of what was issued.
    pub(super) fn share_bp(&self) -> i64 {
        self.own.ratio_bp(self.issued)
    }

    /// Blue invoices that stand.
    pub(super) fn invoices(&self) -> i64 {
        i64::from(self.this.sold_blue) + i64::from(self.before.sold_blue)
    }

    /// Of those, near the cap, in basis points.
    pub(super) fn near_cap_bp(&self) -> i64 {
        (i64::from(self.this.near_cap) + i64::from(self.before.near_cap)) * 10_000 / self.invoices().max(1)
    }
}

/// Of the tax issued in the months before one, how much had no input behind it, in basis points: what is usual for the firm.
/// `None` where that cannot be told of a firm that is older than the journal.
pub(super) fn usual_share_bp(view: &mut View<'_, '_>, before: Period, months: i64) -> Option<i64> {
    let past = view.past(before, months).into_iter().filter(|(period, _)| !view.is_opening(*period));
    let (mut known, mut issued, mut own) = (0, Fen::ZERO, Fen::ZERO);
    for (_, month) in past {
        known += 1;
        issued += month.sold_standing;
        own += month.originated;
    }
    if issued > Fen::ZERO {
        return Some(own.max(Fen::ZERO).ratio_bp(issued));
    }
    (known >= KNOWN_MONTHS_MIN || !view.is_older()).then_some(0)
}

/// Fewer months say nothing of what is usual.
const KNOWN_MONTHS_MIN: i32 = 2;
