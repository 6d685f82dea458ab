//! Whose value it is: what provenance says of a month.

use super::{ANY, COUNT, Indicator, IndicatorUnit, share, sum};
use crate::model::{Fen, Period};
use crate::risk::View;

pub(super) static INPUT_COVERAGE: Indicator = Indicator {
    code: "input_coverage",
    name_zh: "进项覆盖率",
    formula: "tax that arrived with deductible purchases ÷ tax of sales",
    unit: IndicatorUnit::BasisPoints,
    range: COUNT,
    window: "3 months",
    peers: Some(13),
    doc: "How much of the tax it sells a firm took in: about nothing where there are sales without purchases 有销无进 \
          (05). Beside `sales` and newness.",
    measure: |view, period| share(sum(view, period, 3, |month| month.arrived), issued(view, period, 3)),
};

pub(super) static OWN_ORIGIN_SHARE: Indicator = Indicator {
    code: "own_origin_share",
    name_zh: "自源税额占比",
    formula: "tax of sales that no purchase stands behind ÷ tax of sales",
    unit: IndicatorUnit::BasisPoints,
    range: COUNT,
    window: "2 months",
    peers: Some(14),
    doc: "How much value begins with the firm, by provenance: after settlement with purchases that came late, without \
          the stock of firms older than the journal.",
    measure: |view, period| share(sum(view, period, 2, |month| month.originated), issued(view, period, 2)),
};

pub(super) static CIRCULAR_SHARE: Indicator = Indicator {
    code: "circular_share",
    name_zh: "回流税额占比",
    formula: "own tax that came back through two firms or more, in goods the firm sells itself ÷ tax of sales",
    unit: IndicatorUnit::BasisPoints,
    range: COUNT,
    window: "3 months",
    peers: None,
    doc: "Circular value 环开 (05: above 20 % within 90 days), by provenance arriving at its own origin. Two firms that \
          trade both ways in different goods have none.",
    measure: |view, period| share(sum(view, period, 3, |month| month.returned_own), issued(view, period, 3)),
};

pub(super) static MARGIN: Indicator = Indicator {
    code: "margin",
    name_zh: "增值率",
    formula: "(tax of sales − tax that arrived with purchases) ÷ tax of sales",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "3 months",
    peers: Some(15),
    doc: "How much a firm adds to what passes through it (05, pass-through: under 3 %). A commodity trader's is as thin; \
          its partners are steady.",
    measure: |view, period| {
        let out = issued(view, period, 3);
        share(out - sum(view, period, 3, |month| month.arrived), out)
    },
};

pub(super) static DAYS_IN_TO_OUT: Indicator = Indicator {
    code: "days_in_to_out",
    name_zh: "进销间隔天数",
    formula: "mean day on which tax went out − mean day on which it came in, weighted by tax",
    unit: IndicatorUnit::Days,
    range: ANY,
    window: "month",
    peers: None,
    doc: "How fast value passes through (05, pass-through: at most 7 days). Nothing where none came in or went out in the \
          month; below zero where sales come before their purchases.",
    measure: |view, period| {
        let month = view.month_if(period, |month| month.drawn > Fen::ZERO && month.arrived > Fen::ZERO)?;
        Some(month.drawn_days / month.drawn.0 - month.arrived_days / month.arrived.0)
    },
};

pub(super) static VOUCHER_SHARE: Indicator = Indicator {
    code: "voucher_share",
    name_zh: "农产品收购发票占比",
    formula: "tax of self-issued purchase vouchers ÷ tax of all purchases",
    unit: IndicatorUnit::BasisPoints,
    range: COUNT,
    window: "month",
    peers: Some(16),
    doc: "Farm purchases 农产品收购 (05: above 80 % of the month). A mill in harvest has it in honesty: compare with \
          peers, and with what it can hold.",
    measure: |view, period| {
        view.read_month(period, |month| share(month.habits.voucher_tax, month.bought.tax - month.bought_void.tax))
    },
};

pub(super) static DEDUCTED_SHARE: Indicator = Indicator {
    code: "deducted_over_issued",
    name_zh: "抵扣销项比",
    formula: "tax deducted, net of reversals ÷ tax of sales",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "3 months",
    peers: Some(17),
    doc: "How much of its output tax a firm takes off. About all of it, month after month, leaves nothing to pay.",
    measure: |view, period| {
        let deducted = sum(view, period, 3, |month| month.deducted.tax - month.reversed.tax);
        share(deducted, issued(view, period, 3))
    },
};

/// Tax of blue invoices that stands.
fn issued(view: &mut View<'_, '_>, period: Period, months: i32) -> Fen {
    sum(view, period, months, |month| month.sold_standing)
}
