//! Invoices that change their goods on the way.

use std::collections::BTreeMap;

use super::finding::{COUNTERPARTIES_MAX, percent};
use super::{Finding, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};
use crate::state::{GoodsClass, GoodsMonth, Side};

/// Divisions of GB/T 4754 that sell what they bought: wholesale and retail.
const TRADERS: [u16; 2] = [51, 52];

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "goods_switch",
    name_zh: "变票",
    since: "0.1.0",
    subject: Subject::Period,
    doc: "A trader sells goods of which it bought next to nothing in half a year, and bought as much of others that it does \
          not sell: crude oil in, fuel out, where nobody could have refined it. The invoice changes its goods and not its \
          value, often to leave out a consumption tax or to make goods deductible that were bought without an invoice. \
          Goods are compared by the first five of the 19 digits of their codes, and an invoice counts to the class that most \
          of it is of. Which firms are traders is assumed from their industry (GB/T 4754, divisions 51 and 52): a maker turns \
          one kind of goods into another, a trader cannot. Announcement 76 of 2016 names purchases and sales that diverge by \
          goods. Looks alike and is honest: a trader that also buys freight, power or furniture; one that sells stock from \
          before the journal; one that has nothing behind its sales at all is no switcher but a source.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new(
            "sold_min_fen",
            Unit::Fen,
            "Less goods sold than this in the month, without tax, is not looked at.",
        ),
        Parameter::new("bought_months", Unit::Months, "Months before it in which the goods may have been bought."),
        Parameter::new(
            "overlap_max_bp",
            Unit::BasisPoints,
            "Share of the goods sold that was bought, at most, in basis points.",
        ),
        Parameter::new(
            "other_min_bp",
            Unit::BasisPoints,
            "Other goods bought and not sold, over those sold, at least, in basis points.",
        ),
    ],
    months_back: 12,
    months_ahead: 0,
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, sold_min, bought_months, overlap_max, other_min] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    if !view.industry_division().is_some_and(|division| TRADERS.contains(&division)) || view.is_opening(period) {
        return None;
    }
    let month = view.month_if(period, |month| month.sold.amount - month.sold_void.amount >= Fen(sold_min))?;
    // Nearly all traders have bought this month what they sell in it.
    let may_matter = |goods: &GoodsMonth| {
        let (sold, covered) = (sold_of(goods), covered_by(goods, |class| goods_of(goods).find(|(of, _)| *of == class)));
        sold.0 >= sold_min && covered.ratio_bp(sold) <= overlap_max
    };
    let this = view.goods_if(period, may_matter)?;
    let sold = sold_of(&this);
    let mut bought: BTreeMap<GoodsClass, Sums> = goods_of(&this).collect();
    for (before, _) in view.past(period, bought_months) {
        for (class, (more, sold)) in goods_of(&view.goods_of(before)) {
            let sums = bought.entry(class).or_default();
            *sums = (sums.0 + more, sums.1 + sold);
        }
    }
    let covered = covered_by(&this, |class| bought.get(&class).map(|sums| (class, *sums)));
    let overlap = covered.ratio_bp(sold);
    let unsold = bought.iter().map(|(class, (bought, sold))| (*class, (*bought - *sold).max(Fen::ZERO)));
    let (other_class, _) = unsold.clone().max_by_key(|(class, unsold)| (*unsold, std::cmp::Reverse(*class)))?;
    let other = unsold.map(|(_, unsold)| unsold).sum::<Fen>();
    let other_share = other.ratio_bp(sold);
    if overlap > overlap_max || other_share < other_min {
        return None;
    }
    let lacking = |class: &GoodsClass, sums: &Sums| sums.1 - bought.get(class).map_or(Fen::ZERO, |bought| bought.0);
    let (sold_class, _) =
        goods_of(&this).max_by_key(|(class, sums)| (lacking(class, sums), std::cmp::Reverse(*class)))?;
    let (sold_text, other_text, share) = (sold.grouped(), other.grouped(), percent(overlap));
    let (GoodsClass(sold_class), GoodsClass(other_class)) = (sold_class, other_class);
    let sentence = Sentence {
        zh: format!(
            "该贸易企业{period}销售货物{sold_text}元，主要为编码{sold_class}类，半年内购进同类货物仅{share}%，却购进未销售的其他货物\
             {other_text}元，主要为编码{other_class}类；请核实货物去向，排查变票。"
        ),
        en: format!(
            "This trader sold goods for {sold_text} yuan in {period}, mostly of codes {sold_class}, and bought {share} % of \
             them within half a year, but other goods for {other_text} yuan that it did not sell, mostly of codes \
             {other_class}; check where the goods went, and whether invoices changed theirs."
        ),
    };
    let (sellers, buyers) =
        (view.partners(Side::Bought, COUNTERPARTIES_MAX / 2), view.partners(Side::Sold, COUNTERPARTIES_MAX / 2));
    let mut counterparties: Vec<_> = sellers.into_iter().map(|(id, _)| id).collect();
    for (id, _) in buyers {
        if !counterparties.contains(&id) {
            counterparties.push(id);
        }
    }
    let stake = month.sold.tax - month.sold_void.tax;
    Some(
        Finding::new(score, stake.max(Fen::ZERO), sentence)
            .number("goods_sold_amount", sold.0, sold_min, "fen", "month")
            .number("goods_overlap", overlap, overlap_max, "bp", "half a year")
            .number("other_goods_bought", other_share, other_min, "bp", "half a year")
            .with(counterparties),
    )
}

/// Bought and sold of a class.
type Sums = (Fen, Fen);

/// Goods of a month: services are none, of whatever kind.
fn goods_of(month: &GoodsMonth) -> impl Iterator<Item = (GoodsClass, Sums)> {
    let all = month.classes.iter().chain([&month.others]);
    all.filter(|sums| sums.class.is_of_goods()).map(|sums| (sums.class, (sums.bought, sums.sold)))
}

fn sold_of(month: &GoodsMonth) -> Fen {
    goods_of(month).map(|(_, (_, sold))| sold.max(Fen::ZERO)).sum()
}

/// Of the goods sold in a month, what was bought of the same class.
fn covered_by(month: &GoodsMonth, bought: impl Fn(GoodsClass) -> Option<(GoodsClass, Sums)>) -> Fen {
    let covered = |(class, (_, sold)): (GoodsClass, Sums)| {
        let bought = bought(class).map_or(Fen::ZERO, |(_, (bought, _))| bought);
        sold.min(bought).max(Fen::ZERO)
    };
    goods_of(month).map(covered).sum()
}
