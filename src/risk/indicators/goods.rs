//! What kinds of goods a firm buys and sells.

use std::collections::BTreeMap;

use super::{Indicator, IndicatorUnit, SHARE};
use crate::model::{Fen, GoodsCode};
use crate::risk::View;
use crate::state::Side;

/// Codes of goods of one side that are looked at: beyond, the rest is of many small kinds.
const CODES_MAX: usize = 256;
/// A category of goods is the first five of the 19 digits of a code (国家税务总局 goods and services codes: chapter, class
/// and subclass).
const CATEGORY_UNIT: u64 = 100_000_000_000_000;

pub(super) static GOODS_DIVERGENCE: Indicator = Indicator {
    code: "goods_divergence",
    name_zh: "进销不符率",
    formula: "1 − overlap of what is bought and sold, by the first five digits of goods codes, weighted by amount",
    unit: IndicatorUnit::BasisPoints,
    range: SHARE,
    window: "all that the journal knows of the firm",
    peers: None,
    doc: "Goods divergence 进销不符. 05: a trader with an overlap under 20 to 30 %, that is a divergence above 70 to 80 %. \
          Who makes things sells others than it buys: ask for a trader's industry, or for what cannot be made. Nothing \
          while either side has no codes.",
    measure: |view, _| {
        let (bought, sold) = (categories(view, Side::Bought), categories(view, Side::Sold));
        let [all_bought, all_sold] = [&bought, &sold].map(|side| side.values().copied().sum::<Fen>());
        if all_bought <= Fen::ZERO || all_sold <= Fen::ZERO {
            return None;
        }
        let overlap: i64 = bought
            .iter()
            .filter_map(|(category, amount)| {
                Some(amount.ratio_bp(all_bought).min(sold.get(category)?.ratio_bp(all_sold)))
            })
            .sum();
        Some(10_000 - overlap)
    },
};

/// Amounts by category; what is beyond its red letters' sign is left out.
fn categories(view: &mut View<'_, '_>, side: Side) -> BTreeMap<u64, Fen> {
    let mut amounts = BTreeMap::new();
    for (GoodsCode(code), goods) in view.goods(side, CODES_MAX) {
        if goods.totals.amount > Fen::ZERO {
            *amounts.entry(code / CATEGORY_UNIT).or_default() += goods.totals.amount;
        }
    }
    amounts
}
