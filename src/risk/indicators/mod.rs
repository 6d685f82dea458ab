//! Indicators: what can be measured of a firm's month. Each is a pure function over the firm's rows that gives an integer,
//! or nothing where there is nothing to measure; rules of a rule set combine them, and those with a number are compared
//! with peers. To add one touches its file and the list here.

mod burden;
mod goods;
mod issuing;
mod papers;
mod trade;
mod value;

use std::fmt;

pub use burden::TAX_BURDEN;

use super::View;
use crate::model::{Fen, Measure, Period};

/// Something that can be measured of a firm's month.
pub struct Indicator {
    /// Stable code, never reused.
    pub code: &'static str,
    /// Its name in Chinese.
    pub name_zh: &'static str,
    /// How it is worked out, in words.
    pub formula: &'static str,
    /// What it counts.
    pub unit: IndicatorUnit,
    /// The least and the most it can be: a rule that asks for less or more never, or always, holds.
    pub range: (i64, i64),
    /// Over which time, seen from its month.
    pub window: &'static str,
    /// Its number among those that are compared with peers, never reused; `None` where it is not.
    pub peers: Option<u16>,
    /// What it is for, and where that is said.
    pub doc: &'static str,
    /// Its value; nothing where there is nothing to measure.
    pub measure: fn(&mut View<'_, '_>, Period) -> Option<i64>,
}

/// What an indicator counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndicatorUnit {
    /// A share or a change, in hundredths of a per cent.
    BasisPoints,
    /// Money.
    Fen,
    /// Days.
    Days,
    /// Months.
    Months,
    /// Invoices.
    Invoices,
    /// Firms.
    Taxpayers,
    /// How often something happened.
    Times,
    /// A place in an order.
    Rank,
}

impl IndicatorUnit {
    /// As evidence names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BasisPoints => "bp",
            Self::Fen => "fen",
            Self::Days => "days",
            Self::Months => "months",
            Self::Invoices => "invoices",
            Self::Taxpayers => "taxpayers",
            Self::Times => "times",
            Self::Rank => "rank",
        }
    }
}

/// Of a part of a whole.
const SHARE: (i64, i64) = (0, 10_000);
/// Of what cannot be less than nothing.
const COUNT: (i64, i64) = (0, i64::MAX);
/// Of what may be anything.
const ANY: (i64, i64) = (i64::MIN, i64::MAX);

/// Every indicator.
pub static ALL: &[&Indicator] = &[
    &burden::TAX_BURDEN,
    &burden::BURDEN_GAP,
    &burden::ZERO_MONTHS,
    &burden::SALES_DECLARED_ZERO,
    &burden::OUTPUT_NOT_DECLARED,
    &burden::INPUT_OVER_DEDUCTED,
    &issuing::ISSUED_TAX,
    &issuing::INVOICES_ISSUED,
    &issuing::SPECIAL_TAX_CHANGE,
    &issuing::SPECIAL_MORE,
    &issuing::NEAR_CAP_SHARE,
    &issuing::VOID_RATE,
    &issuing::VOID_TAX,
    &issuing::RED_RATE,
    &issuing::NIGHT_SHARE,
    &issuing::QUOTA_USED,
    &issuing::LARGEST_INVOICE,
    &issuing::LARGEST_OVER_QUOTA,
    &trade::SALES,
    &trade::SALES_CHANGE,
    &trade::SALES_GROWTH,
    &trade::PURCHASES_OVER_SALES,
    &trade::SALES_WITHOUT_PURCHASES,
    &trade::PURCHASES_WITHOUT_SALES,
    &trade::OUTSIDE_SALES_SHARE,
    &trade::OUTSIDE_PURCHASES_SHARE,
    &trade::BOTH_ENDS_OUTSIDE,
    &trade::NEW_BUYERS_SHARE,
    &trade::NEW_SELLERS_SHARE,
    &trade::BUYERS,
    &trade::SELLERS,
    &goods::GOODS_DIVERGENCE,
    &value::INPUT_COVERAGE,
    &value::OWN_ORIGIN_SHARE,
    &value::CIRCULAR_SHARE,
    &value::MARGIN,
    &value::DAYS_IN_TO_OUT,
    &value::VOUCHER_SHARE,
    &value::DEDUCTED_SHARE,
    &papers::DAYS_SINCE_REGISTRATION,
    &papers::DAYS_SINCE_NEW_REPRESENTATIVE,
    &papers::IDLE_MONTHS,
    &papers::QUOTA_RAISES,
    &papers::CREDIT_RANK,
];

/// Those that a check, or another indicator, compares with peers. Firms tell each other of these and of what rules compare.
pub static COMPARED: &[&Indicator] = &[&burden::TAX_BURDEN];

impl PartialEq for Indicator {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl Eq for Indicator {}

impl fmt::Debug for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// The indicator of a code.
pub fn indicator(code: &str) -> Option<&'static Indicator> {
    ALL.iter().find(|indicator| indicator.code == code).copied()
}

/// What a firm tells its peers of a month: every indicator that the rule set compares and that has a value.
pub fn compared(view: &mut View<'_, '_>, period: Period) -> Vec<Measure> {
    let known = ALL.iter().filter_map(|indicator| {
        let number = indicator.peers.filter(|number| view.compares(*number))?;
        Some((number, (indicator.measure)(view, period)?))
    });
    let mut measures: Vec<_> = known.map(|(indicator, value)| Measure { indicator, value }).collect();
    measures.sort_unstable_by_key(|measure| measure.indicator);
    measures
}

/// Sums of the months up to one, so many of them.
fn sum(view: &mut View<'_, '_>, period: Period, months: i32, of: impl Fn(&crate::state::Month) -> Fen) -> Fen {
    (0..months).map(|back| view.read_month(period.minus(back), &of)).sum()
}

/// A share of a whole, in basis points; nothing where there is no whole.
fn share(part: Fen, whole: Fen) -> Option<i64> {
    (whole > Fen::ZERO).then(|| part.ratio_bp(whole))
}

/// By how much something has changed, in basis points of what it was; nothing where it was nothing.
fn change(now: Fen, before: Fen) -> Option<i64> {
    share(now - before, before)
}

/// A share of a count, in basis points.
fn share_of_count(part: u32, whole: u32) -> Option<i64> {
    (whole > 0).then(|| i64::from(part) * 10_000 / i64::from(whole))
}

/// Amounts that stand of what was sold in a month.
fn sold(month: &crate::state::Month) -> Fen {
    month.sold.amount - month.sold_void.amount
}

/// The same of what was bought.
fn bought(month: &crate::state::Month) -> Fen {
    month.bought.amount - month.bought_void.amount
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_numbers_are_unique_and_every_indicator_is_documented() {
        let codes: BTreeSet<_> = ALL.iter().map(|indicator| indicator.code).collect();
        assert_eq!(codes.len(), ALL.len());
        let numbers: Vec<_> = ALL.iter().filter_map(|indicator| indicator.peers).collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
        for Indicator { code, name_zh, formula, window, doc, .. } in ALL {
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            assert!(!name_zh.is_empty() && formula.len() > 10 && !window.is_empty(), "{code}");
            assert!(doc.len() > 60 && doc.ends_with('.'), "{code} is not documented");
        }
    }
}
