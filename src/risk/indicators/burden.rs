//! What is declared, and how it compares: tax burden, zero returns, returns that lack what invoices say.

use super::{ANY, Indicator, IndicatorUnit, change, share};
use crate::model::{Fen, Period};
use crate::risk::View;
use crate::state::Month;

/// Zero returns running that are looked for, at most.
const ZERO_MONTHS_MAX: i32 = 24;

pub static TAX_BURDEN: Indicator = Indicator {
    code: "tax_burden",
    name_zh: "税负率",
    formula: "payable tax declared ÷ sales declared",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "3 months",
    peers: Some(1),
    doc: "How much of its sales a firm pays as VAT. Low burdens are compared within industry and scale, never with one \
          number (05: by industry). Over three months, for input tax is rarely deducted in the month of its sale; \
          nothing while the months have no return.",
    measure: |view, period| {
        let [sales, _, _, _, payable] = declared(view, period, 3)?;
        share(payable, sales)
    },
};

pub(super) static BURDEN_GAP: Indicator = Indicator {
    code: "burden_gap",
    name_zh: "税负差异率",
    formula: "(own tax burden − peers' median) ÷ peers' median",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "3 months, against peers' of the month before",
    peers: None,
    doc: "By how much the tax burden differs from that of peers; −3000 is 30 % below them, the starting threshold of \
          05. Nothing where there are too few peers, or half of them pay nothing.",
    measure: |view, period| {
        let own = (TAX_BURDEN.measure)(view, period)?;
        let peers = view.peers(&TAX_BURDEN, period)?;
        change(Fen(own), Fen(peers.median))
    },
};

pub(super) static ZERO_MONTHS: Indicator = Indicator {
    code: "zero_months",
    name_zh: "连续零申报月数",
    formula: "returns running, this month's the last, whose sales or payable tax are zero",
    unit: IndicatorUnit::Months,
    range: (0, 24),
    window: "up to 24 months",
    peers: None,
    doc: "Zero returns 零申报 running. Three are the starting threshold of 05; a new or seasonal firm has as many in \
          honesty, so a rule should ask for invoices or quota beside it.",
    measure: |view, period| {
        view.read_month(period, |month| month.declared.value)?;
        let is_zero = |month: &Month| {
            month.declared.value.is_some_and(|[sales, .., payable]| sales <= Fen::ZERO || payable <= Fen::ZERO)
        };
        let months = (0..ZERO_MONTHS_MAX).take_while(|back| view.read_month(period.minus(*back), is_zero)).count();
        i64::try_from(months).ok()
    },
};

pub(super) static SALES_DECLARED_ZERO: Indicator = Indicator {
    code: "sales_declared_zero",
    name_zh: "零申报月开票金额",
    formula: "amounts invoiced in a month whose return says that nothing was sold",
    unit: IndicatorUnit::Fen,
    range: ANY,
    window: "month",
    peers: None,
    doc: "Zero sales declared while invoices were issued: at once suspicious (05, zero filing). Net of voids and red \
          letters. Nothing where the return says sales, or there is none.",
    measure: |view, period| {
        let month = view.month(period);
        let [sales, ..] = month.declared.value?;
        (sales <= Fen::ZERO).then(|| month.invoiced().amount.0)
    },
};

pub(super) static OUTPUT_NOT_DECLARED: Indicator = Indicator {
    code: "output_not_declared",
    name_zh: "少申报销项税额",
    formula: "output tax by invoices − output tax declared",
    unit: IndicatorUnit::Fen,
    range: ANY,
    window: "month",
    peers: None,
    doc: "What invoices say beyond the return 票表不符. Below zero where more is declared than invoiced, which is what \
          sales without invoices do; so only what is above zero speaks.",
    measure: |view, period| {
        let month = view.month(period);
        let [_, output, ..] = month.declared.value?;
        Some((month.invoiced().tax - output).0)
    },
};

pub(super) static INPUT_OVER_DEDUCTED: Indicator = Indicator {
    code: "input_over_deducted",
    name_zh: "多申报进项税额",
    formula: "input tax declared − input tax of deductions of the period",
    unit: IndicatorUnit::Fen,
    range: ANY,
    window: "month",
    peers: None,
    doc: "What the return takes off beyond the invoices that were chosen for deduction 票表不符. Farm purchases and \
          customs receipts may be in a return and not among invoices, so a rule should ask for much, or for many months.",
    measure: |view, period| {
        let month = view.month(period);
        let [_, _, input, ..] = month.declared.value?;
        Some((input - month.deducted.tax).0)
    },
};

/// The sums of the returns of the months up to one, so many of them; nothing where there is none.
fn declared(view: &mut View<'_, '_>, period: Period, months: i32) -> Option<[Fen; 5]> {
    let returns: Vec<_> =
        (0..months).filter_map(|back| view.read_month(period.minus(back), |month| month.declared.value)).collect();
    returns.into_iter().reduce(|sums, more| std::array::from_fn(|at| sums[at] + more[at]))
}
