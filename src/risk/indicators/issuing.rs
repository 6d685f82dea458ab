//! How a firm issues: how much, how near its cap, how often void or red, at which hours.

use super::{ANY, COUNT, Indicator, IndicatorUnit, SHARE, change, share_of_count};
use crate::model::Fen;
use crate::state::{Month, Quota};

pub(super) static ISSUED_TAX: Indicator = Indicator {
    code: "issued_tax",
    name_zh: "开票税额",
    formula: "tax of the month's blue invoices that stands, net of voids and red letters whenever they came",
    unit: IndicatorUnit::Fen,
    range: COUNT,
    window: "month",
    peers: None,
    doc: "The size of what is at stake: small firms differ from their peers by chance, so rules ask for a least amount \
          beside a share or a change.",
    measure: |view, period| Some(view.month_if(period, |month| month.sold.count > 0)?.sold_standing.0),
};

pub(super) static INVOICES_ISSUED: Indicator = Indicator {
    code: "invoices_issued",
    name_zh: "开票份数",
    formula: "blue invoices of the month that are not void",
    unit: IndicatorUnit::Invoices,
    range: COUNT,
    window: "month",
    peers: None,
    doc: "How many invoices stand behind the month's shares: a rate over three invoices says little.",
    measure: |view, period| Some(i64::from(view.month_if(period, |month| month.sold.count > 0)?.sold_blue)),
};

pub(super) static SPECIAL_TAX_CHANGE: Indicator = Indicator {
    code: "special_tax_change",
    name_zh: "专用发票用量变动率",
    formula: "(special invoices' tax of this month − last month's) ÷ last month's",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "month, against the month before",
    peers: None,
    doc: "Special-invoice use 专用发票用量 (05: +30 % and +10 sheets, this month less last). Beside `special_more`, for a \
          third of two invoices is nothing.",
    measure: |view, period| {
        let special_tax = |month: &Month| month.habits.special_tax;
        change(view.read_month(period, special_tax), view.read_month(period.minus(1), special_tax))
    },
};

pub(super) static SPECIAL_MORE: Indicator = Indicator {
    code: "special_more",
    name_zh: "专用发票增加份数",
    formula: "special invoices of this month − last month's",
    unit: IndicatorUnit::Invoices,
    range: ANY,
    window: "month, against the month before",
    peers: None,
    doc: "Special-invoice use 专用发票用量 by sheets: the other half of 05's +30 % and +10 sheets.",
    measure: |view, period| {
        let now = view.month_if(period, |month| month.sold.count > 0)?.habits.special;
        Some(i64::from(now) - view.read_month(period.minus(1), |month| i64::from(month.habits.special)))
    },
};

pub(super) static NEAR_CAP_SHARE: Indicator = Indicator {
    code: "near_cap_share",
    name_zh: "顶额开票占比",
    formula: "invoices at 90 % of the cap or above ÷ all blue invoices that are not void",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "month",
    peers: Some(2),
    doc: "Near-cap issuing 顶额开票. By itself ordinary: of 425 real firms half had 20 % or more of their invoices there, \
          and one in ten 83 % (05, baselines); so it speaks with newness or lack of input only.",
    measure: |view, period| view.read_month(period, |month| share_of_count(month.near_cap, month.sold_blue)),
};

pub(super) static VOID_RATE: Indicator = Indicator {
    code: "void_rate",
    name_zh: "作废率",
    formula: "voided invoices of the month ÷ all invoices issued in it",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "month",
    peers: Some(3),
    doc: "Voids 作废. Half of 425 real firms void 9.3 % and more, one in ten 22.5 % (05, baselines); 05's threshold is \
          above 50 % with more than 10,000 yuan of tax.",
    measure: |view, period| view.read_month(period, |month| share_of_count(month.sold_void.count, month.sold.count)),
};

pub(super) static VOID_TAX: Indicator = Indicator {
    code: "void_tax",
    name_zh: "作废税额",
    formula: "tax of the month's invoices that were voided",
    unit: IndicatorUnit::Fen,
    range: ANY,
    window: "month",
    peers: None,
    doc: "How much was voided, beside how often: 05 asks for more than 10,000 yuan of tax together with the rate.",
    measure: |view, period| Some(view.month_if(period, |month| month.sold_void.count > 0)?.sold_void.tax.0),
};

pub(super) static RED_RATE: Indicator = Indicator {
    code: "red_rate",
    name_zh: "红字率",
    formula: "red letters of the month ÷ all invoices issued in it",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "month",
    peers: Some(4),
    doc: "Red letters 红字发票, relative to peers (05): half of 425 real firms have 1 % of them, one in twenty 6.3 %. \
          Returns that are red-lettered within the month are ordinary trade.",
    measure: |view, period| view.read_month(period, |month| share_of_count(month.sold_red.count, month.sold.count)),
};

pub(super) static NIGHT_SHARE: Indicator = Indicator {
    code: "night_share",
    name_zh: "夜间开票占比",
    formula: "invoices issued from 00:00 to 05:00 ÷ all blue invoices that are not void",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "month",
    peers: Some(5),
    doc: "Night issuing 夜间开票 (05: above 20 %), by China Standard Time. Platforms and restaurants issue at night in \
          honesty: compare with peers.",
    measure: |view, period| view.read_month(period, |month| share_of_count(month.habits.night, month.sold_blue)),
};

pub(super) static QUOTA_USED: Indicator = Indicator {
    code: "quota_used",
    name_zh: "月度用票额度使用率",
    formula: "special invoices of the month ÷ special invoices granted a month, by the quota at its end",
    unit: IndicatorUnit::BasisPoints,
    range: COUNT,
    window: "month",
    peers: Some(6),
    doc: "How much of its monthly count a firm issues. A shell uses all of it within days (05, new and bursting); a busy \
          firm uses much of it all year.",
    measure: |view, period| {
        let quota = quota(view, period)?;
        view.read_month(period, |month| share_of_count(month.habits.special, quota.monthly_count))
    },
};

pub(super) static LARGEST_INVOICE: Indicator = Indicator {
    code: "largest_invoice",
    name_zh: "单张最大开票金额",
    formula: "largest amount on one blue invoice, void or not",
    unit: IndicatorUnit::Fen,
    range: COUNT,
    window: "month",
    peers: None,
    doc: "The large single invoice of 05: 500,000 yuan and more, and half of the month's quota, is a reminder to the \
          grid officer and no more.",
    measure: |view, period| Some(view.month_if(period, |month| month.sold_blue > 0)?.habits.largest.0),
};

pub(super) static LARGEST_OVER_QUOTA: Indicator = Indicator {
    code: "largest_over_quota",
    name_zh: "单张最大金额占月度额度比",
    formula: "largest amount on one invoice ÷ (cap × count granted a month), by the quota at the month's end",
    unit: IndicatorUnit::BasisPoints,
    range: COUNT,
    window: "month",
    peers: None,
    doc: "The other half of 05's large single invoice: at least half of what the quota lets the firm issue in a month.",
    measure: |view, period| {
        let quota = quota(view, period)?;
        let all = Fen(quota.max_amount.0.saturating_mul(i64::from(quota.monthly_count)));
        super::share(view.month_if(period, |month| month.sold_blue > 0)?.habits.largest, all)
    },
};

/// The quota at the end of a month, where one was granted by then.
fn quota(view: &crate::risk::View<'_, '_>, period: crate::model::Period) -> Option<Quota> {
    view.profile.quota.by(crate::model::Instant(period.minus(-1).start().0 - 1))
}
