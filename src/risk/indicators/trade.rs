//! What a firm sells and buys: how much, how that changes, where and with whom.

use super::{ANY, COUNT, Indicator, IndicatorUnit, SHARE, bought, change, share, share_of_count, sold, sum};
use crate::model::{Fen, Period};
use crate::risk::View;

pub(super) static SALES: Indicator = Indicator {
    code: "sales",
    name_zh: "销售额",
    formula: "amounts invoiced, net of voids and red letters",
    unit: IndicatorUnit::Fen,
    range: ANY,
    window: "month",
    peers: Some(7),
    doc: "The month's sales by invoices, without tax: what shares and changes are of. Scale, by which peers are \
          grouped, is the mean of it.",
    measure: |view, period| Some(sold(&view.month_if(period, |month| month.sold.count > 0)?).0),
};

pub(super) static SALES_CHANGE: Indicator = Indicator {
    code: "sales_change",
    name_zh: "销售额变动率",
    formula: "(sales of this month − last month's) ÷ last month's",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "month, against the month before",
    peers: Some(8),
    doc: "Sales period on period (05: beyond ±50 %). Seasons move whole industries, so hold it against peers' too.",
    measure: |view, period| change(view.read_month(period, sold), view.read_month(period.minus(1), sold)),
};

pub(super) static SALES_GROWTH: Indicator = Indicator {
    code: "sales_growth",
    name_zh: "销售额同比增长率",
    formula: "(sales of three months − a quarter of those of the twelve months before) ÷ that quarter",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "3 months, against the 12 before",
    peers: Some(9),
    doc: "Growth against the firm's own past year. A revived shell grows a hundredfold, a young honest firm doubles. \
          Nothing where nothing was sold in the year before.",
    measure: |view, period| {
        let now = sum(view, period, 3, sold);
        let before = sum(view, period.minus(3), 12, sold);
        change(now, Fen(before.0 / 4))
    },
};

pub(super) static PURCHASES_OVER_SALES: Indicator = Indicator {
    code: "purchases_over_sales",
    name_zh: "购销比",
    formula: "amounts bought ÷ amounts sold, both net of voids and red letters",
    unit: IndicatorUnit::BasisPoints,
    range: ANY,
    window: "3 months",
    peers: Some(10),
    doc: "How much of what it sells a firm bought: 44 % in the median of 425 real firms, 80 % and more for one in four \
          (05, baselines). Services have little of it, traders nearly all.",
    measure: |view, period| share(sum(view, period, 3, bought), sum(view, period, 3, sold)),
};

pub(super) static SALES_WITHOUT_PURCHASES: Indicator = Indicator {
    code: "sales_without_purchases",
    name_zh: "有销无进额",
    formula: "amounts sold − amounts bought, where more is sold",
    unit: IndicatorUnit::Fen,
    range: COUNT,
    window: "3 months",
    peers: None,
    doc: "Sales without purchases 有销无进 (05: input about nothing). With `purchases_over_sales` at most a few per cent; \
          a firm that sells services or its stock has the same in honesty.",
    measure: |view, period| beyond(view, period, true),
};

pub(super) static PURCHASES_WITHOUT_SALES: Indicator = Indicator {
    code: "purchases_without_sales",
    name_zh: "有进无销额",
    formula: "amounts bought − amounts sold, where more is bought",
    unit: IndicatorUnit::Fen,
    range: COUNT,
    window: "3 months",
    peers: None,
    doc: "Purchases without sales 有进无销, the reverse of 05: goods sold without an invoice, or invoices taken without \
          goods. Who builds up a stock or a works has it in honesty.",
    measure: |view, period| beyond(view, period, false),
};

pub(super) static OUTSIDE_SALES_SHARE: Indicator = Indicator {
    code: "outside_sales_share",
    name_zh: "省外销售占比",
    formula: "amounts sold to buyers of another province ÷ amounts sold to buyers whose province is known",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "3 months",
    peers: Some(11),
    doc: "One end outside. The province is read from characters 3 to 8 of 18-character ids (GB 32100, GB/T 2260). Voids \
          are taken off, red letters not.",
    measure: |view, period| outside_sales(view, period),
};

pub(super) static OUTSIDE_PURCHASES_SHARE: Indicator = Indicator {
    code: "outside_purchases_share",
    name_zh: "省外采购占比",
    formula: "amounts bought from sellers of another province ÷ amounts bought from sellers whose province is known",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "3 months",
    peers: None,
    doc: "The other end outside: see `outside_sales_share`. Speaks only together with it (05, both ends outside).",
    measure: |view, period| outside_purchases(view, period),
};

pub(super) static BOTH_ENDS_OUTSIDE: Indicator = Indicator {
    code: "both_ends_outside",
    name_zh: "两头在外",
    formula: "the smaller of the out-of-province shares of sales and of purchases",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "3 months",
    peers: Some(12),
    doc: "Both ends outside 两头在外 (05: above 80 % both): goods that neither come from here nor go to here, as with the \
          nine coal traders of 05's cases. A border town's trader has it in honesty.",
    measure: |view, period| Some(outside_sales(view, period)?.min(outside_purchases(view, period)?)),
};

pub(super) static NEW_BUYERS_SHARE: Indicator = Indicator {
    code: "new_buyers_share",
    name_zh: "新客户占比",
    formula: "buyers met for the first time ÷ buyers of the month, at most all",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "month",
    peers: None,
    doc: "Partners that change. Steady partners are what tells an honest trader with thin margins from a washer (01, \
          look-alikes). All are new when the journal begins.",
    measure: |view, period| {
        view.read_month(period, |month| share_of_count(month.new_buyers.min(month.buyers), month.buyers))
    },
};

pub(super) static NEW_SELLERS_SHARE: Indicator = Indicator {
    code: "new_sellers_share",
    name_zh: "新供应商占比",
    formula: "sellers met for the first time ÷ sellers of the month, at most all",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "month",
    peers: None,
    doc: "Suppliers that change: see `new_buyers_share`. A firm that claims false invoices takes them from whoever \
          is new.",
    measure: |view, period| {
        view.read_month(period, |month| share_of_count(month.new_sellers.min(month.sellers), month.sellers))
    },
};

pub(super) static BUYERS: Indicator = Indicator {
    code: "buyers",
    name_zh: "购方户数",
    formula: "buyers with a blue invoice of the month that is not void",
    unit: IndicatorUnit::Taxpayers,
    range: COUNT,
    window: "month",
    peers: None,
    doc: "Few buyers take a washer's or a source's invoices (01, pass_through); a factory with one customer has one, too.",
    measure: |view, period| Some(i64::from(view.month_if(period, |month| month.sold.count > 0)?.buyers)),
};

pub(super) static SELLERS: Indicator = Indicator {
    code: "sellers",
    name_zh: "供方户数",
    formula: "sellers with a blue invoice of the month that is not void",
    unit: IndicatorUnit::Taxpayers,
    range: COUNT,
    window: "month",
    peers: None,
    doc: "From how many firms it bought: the other side of `buyers`, and of use beside the share of new ones.",
    measure: |view, period| Some(i64::from(view.month_if(period, |month| month.bought.count > 0)?.sellers)),
};

fn beyond(view: &mut View<'_, '_>, period: Period, sales: bool) -> Option<i64> {
    let (sold, bought) = (sum(view, period, 3, sold), sum(view, period, 3, bought));
    let more = if sales { sold - bought } else { bought - sold };
    (sold > Fen::ZERO || bought > Fen::ZERO).then(|| more.0.max(0))
}

fn outside_sales(view: &mut View<'_, '_>, period: Period) -> Option<i64> {
    let outside = sum(view, period, 3, |month| month.habits.sold_outside);
    share(outside, sum(view, period, 3, |month| month.habits.sold_placed))
}

fn outside_purchases(view: &mut View<'_, '_>, period: Period) -> Option<i64> {
    let outside = sum(view, period, 3, |month| month.habits.bought_outside);
    share(outside, sum(view, period, 3, |month| month.habits.bought_placed))
}
