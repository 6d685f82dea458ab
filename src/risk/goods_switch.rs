//! Invoices that change their goods on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use super::finding::{COUNTERPARTIES_MAX, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};
use crate::state::{GoodsClass, GoodsMonth, Month, Side};

/// Months in which a firm's trade is looked for.
const PAST_MONTHS: i64 = 12;
/// Divisions of GB/T 4754 that sell what they bought: wholesale and retail.
const TRADERS: [u16; 2] = [51, 52];

/// Goods that were bought over those that were sold, at most: what is more is stock for another time.
const AS_MUCH_MAX_BP: i64 = 12_500;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "goods_switch",
    name_zh: "变票",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Goods,
    doc: "A trader sells, within half a year, goods of a class of which it bought next to nothing, while all that it bought would \
          carry all that it sold: crude oil in, fuel out, where nobody could have refined it. The invoice changes its goods and not its \
          value, often to leave out a consumption tax or to make goods deductible that were bought without an invoice. \
          Goods are compared by the first five of the 19 digits of their codes, and an invoice counts to the class that most \
          of it is of. Which firms are traders is assumed from their industry (GB/T 4754, divisions 51 and 52): a maker turns \
          one kind of goods into another, a trader cannot. Announcement 76 of 2016 names purchases and sales that diverge by \
          goods. Looks alike and is honest: a trader that also buys freight, power or furniture; one that sells stock from \
          before the journal, and buys nothing that it does not sell in its place, or has long sold what it buys without an invoice that names it so; one that has nothing behind its sales at all is no switcher but a source; and \
          one that deals a few times a year, whose handful of purchases need not be what its handful of sales is. Where it is about \
          less tax than is a crime (Interpretation 4 of 2024, article 10) it is a reminder: in a shop of many kinds of goods \
          some never came by an invoice that names them.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000.").not_below("score_small"),
        Parameter::new(
            "sold_min_fen",
            Unit::Fen,
            "Less of goods sold and not bought than this, without tax, is not looked at.",
        ),
        Parameter::new("bought_months", Unit::Months, "Months before its own that are looked at with it."),
        Parameter::new(
            "overlap_max_bp",
            Unit::BasisPoints,
            "Of goods sold and not bought: what was bought of them all the same, at most, in basis points.",
        ),
        Parameter::new(
            "carried_min_bp",
            Unit::Multiple,
            "All goods bought over all goods sold, at least, in basis points: in trade, what it adds is the rest.",
        ),
        Parameter::new(
            "part_min_bp",
            Unit::BasisPoints,
            "Goods sold and not bought over all goods sold, at least, in basis points.",
        ),
        Parameter::new(
            "invoices_min",
            Unit::Invoices,
            "So many invoices it bought by in these months, and as many it sold by, at least: fewer are no trade to compare.",
        ),
        Parameter::new("tax_grave_fen", Unit::Fen, "From so much tax of its month on it is more than a reminder."),
        Parameter::new("score_small", Unit::Score, "Score where it is less."),
    ],
    months_back: 12,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, sold_min, bought_months, overlap_max, carried_min, part_min, invoices_min, tax_grave, score_small] =
        view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    if !view.industry_division().is_some_and(|division| TRADERS.contains(&division)) || view.is_opening(period) {
        return None;
    }
    // Who deducts nothing gives its buyers next to nothing to deduct, and has no reason.
    if view.is_small_scale(period) {
        return None;
    }
    let month = view.month_if(period, |month| month.sold.amount > month.sold_void.amount)?;
    // Nearly all traders have bought this month what they sell in it; and a month counts that has its part of the half year's.
    let least = Fen(sold_min / (bought_months + 1));
    let lacking = |goods: &GoodsMonth| {
        let lacks = |(_, (bought, sold)): &(GoodsClass, Sums)| bought.ratio_bp(*sold) <= overlap_max;
        goods_of(goods).filter(lacks).map(|(_, (_, sold))| sold.max(Fen::ZERO)).sum::<Fen>()
    };
    let this = view.goods_if(period, |goods| lacking(goods) >= least)?;
    let mut traded: BTreeMap<GoodsClass, Sums> = goods_of(&this).collect();
    // What the firm sold before the half year is its trade, by whatever way it came by it: a switch is something new. What it
    // sold in the journal's first months may be from stock.
    let (mut usual, mut from_stock) = (BTreeSet::new(), BTreeSet::new());
    for (place, before) in (1..).zip(view.past_periods(period, PAST_MONTHS)) {
        let is_opening = view.is_opening(before);
        view.read_goods(before, |goods| {
            for (class, (more, sold)) in goods_of(goods) {
                if sold > Fen::ZERO && is_opening {
                    from_stock.insert(class);
                } else if sold > Fen::ZERO && place > bought_months {
                    usual.insert(class);
                }
                if place <= bought_months {
                    let sums = traded.entry(class).or_default();
                    *sums = (sums.0 + more, sums.1 + sold);
                }
            }
        });
    }
    let all_sold: Fen = traded.values().map(|(_, sold)| (*sold).max(Fen::ZERO)).sum();
    // Classes of which next to nothing was bought; all the others are what it bought.
    let is_lacking = |(class, (bought, sold)): &(&GoodsClass, &Sums)| {
        *sold > Fen::ZERO && bought.ratio_bp(*sold) <= overlap_max && !usual.contains(*class)
    };
    // Beside goods of another kind that came in for as much and never went out, there is no stock to be thought of.
    let lacking_kinds: BTreeSet<u32> = traded.iter().filter(is_lacking).map(|(class, _)| kind(*class)).collect();
    let is_unsold = |(class, (bought, sold)): &(&GoodsClass, &Sums)| {
        *bought > Fen::ZERO && sold.ratio_bp(*bought) <= overlap_max && !lacking_kinds.contains(&kind(**class))
    };
    let unsold: Fen = traded.iter().filter(is_unsold).map(|(_, (bought, _))| *bought).sum();
    let lacks: Fen = traded.iter().filter(is_lacking).map(|(_, (_, sold))| *sold).sum();
    let bought: Fen = traded.values().map(|(bought, _)| (*bought).max(Fen::ZERO)).sum();
    let is_as_much = |of: Fen, as_of: Fen| (carried_min..=AS_MUCH_MAX_BP).contains(&of.ratio_bp(as_of));
    let has_stock = !is_as_much(unsold, lacks) || !is_as_much(bought, all_sold);
    let lacking = traded.iter().filter(is_lacking).filter(|(class, _)| !has_stock || !from_stock.contains(*class));
    let others = traded.iter().map(|(class, (bought, _))| (class, (*bought).max(Fen::ZERO)));
    let sold: Fen = lacking.clone().map(|(_, (_, sold))| *sold).sum();
    let covered: Fen = lacking.clone().map(|(_, (bought, _))| (*bought).max(Fen::ZERO)).sum();
    let all_bought: Fen = others.clone().map(|(_, bought)| bought).sum();
    let (GoodsClass(sold_class), _) = lacking.max_by_key(|(class, (_, sold))| (*sold, std::cmp::Reverse(**class)))?;
    let (GoodsClass(other_class), _) = others.max_by_key(|(class, bought)| (*bought, std::cmp::Reverse(**class)))?;
    let (overlap, carried, part) = (covered.ratio_bp(sold), all_bought.ratio_bp(all_sold), sold.ratio_bp(all_sold));
    if sold.0 < sold_min || carried < carried_min || part < part_min {
        return None;
    }
    let (mut purchases, mut sales) = (0, 0);
    for before in iter::once(period).chain(view.past_periods(period, bought_months)) {
        let counted = |month: &Month| (month.purchases(), month.invoiced().count);
        let (more, sold) = view.read_month(before, counted);
        (purchases, sales) = (purchases + i64::from(more), sales + i64::from(sold));
    }
    let invoices = purchases.min(sales);
    if invoices < invoices_min {
        return None;
    }
    let (sold_text, bought_text, share) = (sold.grouped(), all_bought.grouped(), percent(overlap));
    let carried_text = percent(carried);
    let sentence = Sentence {
        zh: format!(
            "该贸易企业至{period}的半年内销售几乎未购进的货物{sold_text}元，主要为编码{sold_class}类（购进仅{share}%），而同期购进\
             货物共{bought_text}元，主要为编码{other_class}类，为销售额的{carried_text}%；请核实货物去向，排查变票。"
        ),
        en: format!(
            "In the half year to {period} this trader sold goods for {sold_text} yuan of which it bought {share} %, mostly of \
             codes {sold_class}; what it bought for {bought_text} yuan, mostly of codes {other_class}, makes {carried_text} % of \
             all it sold; check where the goods went, and whether invoices changed theirs."
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
    // Tax on as much of what was sold in the month as is of such goods.
    let stake = (month.sold.tax - month.sold_void.tax).max(Fen::ZERO).share(sold, all_sold);
    let score = if stake.0 >= tax_grave { score } else { score_small };
    Some(
        Finding::new(score, stake, sentence)
            .number("switched_tax", stake.0, tax_grave, "fen", "month")
            .number("goods_sold_amount", sold.0, sold_min, "fen", "half a year")
            .number("goods_overlap", overlap, overlap_max, "bp", "half a year")
            .number("goods_bought_over_sold", carried, carried_min, "bp", "half a year")
            .number("invoices_of_either_side", invoices, invoices_min, "invoices", "half a year")
            .with(counterparties),
    )
}

/// The kind of goods that a class is of: its part and class in the classification, without the chapter.
fn kind(class: GoodsClass) -> u32 {
    class.0 / 100
}

/// Bought and sold of a class.
type Sums = (Fen, Fen);

/// Goods of a month: services are none, of whatever kind.
fn goods_of(month: &GoodsMonth) -> impl Iterator<Item = (GoodsClass, Sums)> {
    let all = month.classes.iter().chain([&month.others]);
    all.filter(|sums| sums.class.is_of_goods()).map(|sums| (sums.class, (sums.bought, sums.sold)))
}
