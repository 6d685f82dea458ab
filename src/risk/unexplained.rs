//! Tax that a firm issued with no input behind it: what shells and bursts have in common, over two months, and how it was
//! before, for what is usual in one trade is not in another.

use super::View;
use super::indicators::TAX_BURDEN;
use crate::model::{Fen, Period};
use crate::state::{GoodsMonth, Month};

/// Divisions of GB/T 4754 whose firms sell what they grow or dig, and need not have bought it: agriculture, forestry and
/// fishing (01 to 05), mining (06 to 12).
const EXTRACTION: std::ops::RangeInclusive<u16> = 1..=12;
/// Divisions that sell work and knowledge: transport, catering, information, finance, property, leasing, science and what
/// follows.
const SERVICES: std::ops::RangeInclusive<u16> = 53..=97;
/// Divisions of trade: they sell what they bought, and add little to it.
const TRADE: std::ops::RangeInclusive<u16> = 51..=52;
/// Months of imports that a month may sell, itself included.
const IMPORT_MONTHS: i32 = 6;
/// What is declared of a lesser part of the unexplained tax, in basis points, says nothing of the rest.
const DECLARED_PART_MIN_BP: i64 = 2_500;

/// What is known of the tax that a firm issued without input: whether it owns up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owned {
    /// Its returns say that so much of it is payable, in basis points.
    Declared(i64),
    /// No return of these months has come, and the time for it has passed, where others file.
    NotFiled,
    /// It is not known yet.
    Unknown,
}

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
    /// What began in the month and in the one before.
    begun: [Fen; 2],
}

/// What of a month's sales has no purchase behind it.
fn originated(month: &Month) -> Fen {
    month.originated
}

/// The same, and what a firm older than the journal may have had in stock.
fn originated_or_opening(month: &Month) -> Fen {
    month.originated + month.opening
}

impl Unexplained {
    /// Of a month and the one before it, where the month itself adds to it (else the one before says all there is to say)
    /// and it is so much at least.
    pub(super) fn of(view: &mut View<'_, '_>, period: Period, own_tax_min: i64) -> Option<Self> {
        Self::begun(view, period, own_tax_min, originated)
    }

    /// The same of a firm that had been silent: stock from before the journal explains nothing of what it sells now.
    pub(super) fn of_silent(view: &mut View<'_, '_>, period: Period, own_tax_min: i64) -> Option<Self> {
        Self::begun(view, period, own_tax_min, originated_or_opening)
    }

    fn begun(view: &mut View<'_, '_>, period: Period, own_tax_min: i64, begun_in: fn(&Month) -> Fen) -> Option<Self> {
        // In most months it is too little: that is read off before anything is copied.
        let of_this = view.read_month(period, begun_in);
        if of_this <= Fen::ZERO {
            return None;
        }
        let of_before = view.read_month(period.minus(1), begun_in);
        let begun = of_this + of_before;
        if begun.0 < own_tax_min {
            return None;
        }
        let gone = view.profile.deregistered_since().is_some_and(|since| since.period() <= period);
        let mut own = begun - if gone { Fen::ZERO } else { view.pool_left(period.minus(-1)) };
        if own.0 < own_tax_min {
            return None;
        }
        own -= view.imports_behind(period, begun_in).min(own.max(Fen::ZERO));
        if own.0 < own_tax_min {
            return None;
        }
        let (this, before) = (view.month(period), view.month(period.minus(1)));
        let mut issued = this.sold_standing + before.sold_standing;
        if issued < begun {
            // Some began with a purchase of these months that was taken back, or never counted, and was sold on in the next.
            issued += view.month(period.minus(-1)).sold_standing;
        }
        Some(Self { this, before, issued, own, begun: [of_this, of_before] })
    }

    /// Whether it is held back, so that somebody must do something: its firm has vanished, or does not own up to it, or nothing
    /// is known of that yet and its trade is not one that has little input.
    pub(super) fn is_held_back(&self, view: &mut View<'_, '_>, period: Period, owned_min: i64) -> bool {
        if view.has_vanished() {
            return true;
        }
        match self.owned(view, period) {
            Owned::Declared(part) => part < owned_min,
            Owned::NotFiled => true,
            Owned::Unknown => !view.works_without_input(period),
        }
    }

    /// Whether that is known: the firm has vanished, or its returns say so, or lack.
    pub(super) fn is_known_held_back(&self, view: &mut View<'_, '_>, period: Period, owned_min: i64) -> bool {
        if view.has_vanished() {
            return true;
        }
        match self.owned(view, period) {
            Owned::Declared(part) => part < owned_min,
            Owned::NotFiled => true,
            Owned::Unknown => false,
        }
    }

    /// The least share of what was issued that may be without input: of a trader, who adds little to what it buys, less.
    pub(super) fn least_share(view: &View<'_, '_>, least: i64, of_trader: i64) -> i64 {
        if view.is_trader() { of_trader } else { least }
    }

    /// Whether the firm owns up to it. Who declares the output tax of what it sold and owes all of it, for want of input,
    /// takes nothing from anybody: whoever sells invoices for a few per cent cannot do so.
    /// Nor does who owes what it sold less what it bought, in whatever order: a purchase invoice often comes after the sale, and
    /// what is left then goes out with the next.
    fn owned(&self, view: &mut View<'_, '_>, period: Period) -> Owned {
        let (mut of, mut payable, mut added) = (Fen::ZERO, Fen::ZERO, Fen::ZERO);
        let mut is_missing = false;
        for (month, begun) in [&self.this, &self.before].into_iter().zip(self.begun) {
            match month.declared.value {
                Some([.., due]) => {
                    of += begun.max(Fen::ZERO);
                    payable += due.max(Fen::ZERO);
                    added += month.sold_standing - month.arrived;
                }
                None => is_missing |= begun > Fen::ZERO,
            }
        }
        let begun = self.begun[0] + self.begun[1];
        if of > Fen::ZERO && of.ratio_bp(begun) >= DECLARED_PART_MIN_BP {
            let of_added = if added > Fen::ZERO { payable.ratio_bp(added) } else { 10_000 };
            return Owned::Declared(payable.ratio_bp(of).max(of_added));
        }
        // Where nobody files, that nobody did says nothing; nor does it of who files by the quarter.
        let is_missing = is_missing && !view.is_small_scale(period);
        let others_file =
            is_missing && view.has_passed(period) && (view.filed_ever() || view.peers(&TAX_BURDEN, period).is_some());
        if others_file { Owned::NotFiled } else { Owned::Unknown }
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

impl View<'_, '_> {
    /// Input tax on imports that may stand behind what began in a month and the one before it: what customs cleared in half a
    /// year, less what earlier months began with and did not pay. Customs tell of a month when it has passed; what they may still tell of is
    /// taken to be as in the months of which they have told.
    fn imports_behind(&mut self, period: Period, begun_in: fn(&Month) -> Fen) -> Fen {
        let (mut imported, mut told, mut untold, mut used) = (Fen::ZERO, 0, 0, Fen::ZERO);
        for back in 0..IMPORT_MONTHS {
            let month = period.minus(back);
            match self.imported(month) {
                Some(tax) => (imported, told) = (imported + tax, told + 1),
                None if back < 2 && !self.has_passed(month) => untold += 1,
                None => {}
            }
            if back >= 2 {
                let paid = self.read_month(month, |month| month.declared.value.map_or(Fen::ZERO, |[.., due]| due));
                used += (self.read_month(month, begun_in) - paid.max(Fen::ZERO)).max(Fen::ZERO);
            }
        }
        if told == 0 {
            return Fen::ZERO;
        }
        (imported + imported.share(Fen(untold), Fen(told)) - used).max(Fen::ZERO)
    }

    /// Whether the firm's trade is one that has little input by its nature: it extracts, or it sells work and no goods.
    pub(super) fn works_without_input(&mut self, period: Period) -> bool {
        if self.is_small_scale(period) {
            return true; // deducts nothing
        }
        match self.industry_division() {
            Some(division) if EXTRACTION.contains(&division) => true,
            Some(division) if SERVICES.contains(&division) => {
                let sold = |goods: &GoodsMonth| {
                    let all = goods.classes.iter().chain([&goods.others]);
                    let goods = all.filter(|sums| sums.class.0 > 0 && sums.class.is_of_goods());
                    goods.map(|sums| sums.sold.max(Fen::ZERO)).sum::<Fen>()
                };
                let goods = [period, period.minus(1)].map(|period| sold(&self.goods_of(period)));
                let all = [period, period.minus(1)].map(|period| self.month(period).invoiced().amount);
                (goods[0] + goods[1]).ratio_bp(all[0] + all[1]) < 5_000
            }
            Some(_) | None => false,
        }
    }

    /// Whether it is a trader, by its industry.
    fn is_trader(&self) -> bool {
        self.industry_division().is_some_and(|division| TRADE.contains(&division))
    }

    /// Whether a return of it ever came.
    fn filed_ever(&self) -> bool {
        self.profile.last_declared > Period::default()
    }
}

/// Of the tax issued in the months before one, how much had no input behind it, in basis points: what is usual for the firm.
/// Of a firm older than the journal, what it sold from stock in the first months counts as without input: so much at most is
/// usual. `None` where nothing can be told of it.
pub(super) fn usual_share_bp(view: &mut View<'_, '_>, before: Period, months: i64) -> Option<i64> {
    let past = view.past(before, months);
    let (mut known, mut issued, mut own) = (0, Fen::ZERO, Fen::ZERO);
    for (period, month) in past {
        known += i64::from(!view.is_opening(period));
        issued += month.sold_standing;
        own += month.originated + month.opening;
    }
    if issued > Fen::ZERO {
        return Some(own.max(Fen::ZERO).ratio_bp(issued));
    }
    (known >= KNOWN_MONTHS_MIN || !view.is_older()).then_some(0)
}

/// Fewer months say nothing of what is usual.
pub(super) const KNOWN_MONTHS_MIN: i64 = 2;
