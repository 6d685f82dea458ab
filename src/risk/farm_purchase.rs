//! Purchase vouchers that a firm writes for itself, beyond what it can take in.

use super::capacity::{ALONE, Capacity, MONTHS_BACK, SOURCES, speaking};
use super::finding::percent;
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Date, Fen, Period};
use crate::state::Month;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "farm_purchase",
    name_zh: "农产品收购虚开",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Capacity,
    doc: "Vouchers that the firm issued to itself for farm produce are nearly all the input of a month, and what else is \
          known does not bear them out: power, carriers, payroll or payments to each yuan of them are far below the firm's \
          own past; or they are many times what it bought in the past year and in the same season of the year before; or \
          the firm, or its representative, is new and pays next to nothing; or they are sold on at once, and more than was ever sold. Value of vouchers that are grave \
          is followed to who deducts it. Source of the pattern: produce bought from households that do not \
          exist; nobody but the buyer stands behind a voucher. Withdrawn when vouchers are voided or red-lettered, or a \
          late reading bears them out. Looks alike and is honest: a processor that buys all its produce by vouchers, \
          evenly or in its season, and whose readings rise with them; one that buys a lot once or twice a year.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where one thing speaks against them and no past season is known."),
        Parameter::new("score_season", Unit::Score, "Score where they multiplied against the same season, too.")
            .not_below("score"),
        Parameter::new(
            "score_new",
            Unit::Score,
            "Score where the firm, or its representative, is new and pays next to nothing.",
        ),
        Parameter::new(
            "score_capacity",
            Unit::Score,
            "Score where readings are far below the vouchers, beside a past with its season.",
        ),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax on the month's vouchers than this is not looked at."),
        Parameter::new("share_min_bp", Unit::BasisPoints, "Of the month's input tax, vouchers have at least so much."),
        Parameter::new(
            "growth_min_bp",
            Unit::Multiple,
            "Vouchers over those of the past: from here on they multiplied.",
        ),
        Parameter::new(
            "vouchers_min",
            Unit::Invoices,
            "Fewer vouchers in a month than this multiply nothing: a lot that was bought at once is no pattern.",
        ),
        Parameter::new(
            "months_min",
            Unit::Months,
            "So many months of its own past make a reference for readings, at least.",
        ),
        Parameter::new(
            "growth_months_min",
            Unit::Months,
            "And so many for vouchers and sales: of a firm that traded before, two months tell what a multiple is of.",
        ),
        Parameter::new("ratio_max_bp", Unit::BasisPoints, "Reading over vouchers, of the past: far below, at most."),
        Parameter::new("new_days", Unit::Days, "How long before a month a firm, or its representative, counts as new."),
        Parameter::new(
            "paid_min_bp",
            Unit::BasisPoints,
            "A new firm whose return says that so much of its output tax is payable only began, in basis points.",
        ),
        Parameter::new(
            "sales_growth_min_bp",
            Unit::Multiple,
            "Sales of the month over those of the past: with vouchers that multiplied they were sold on at once, where hardly any of \
             the tax is paid.",
        ),
        Parameter::new("sales_growth_many_bp", Unit::Multiple, "The same whatever is paid.")
            .not_below("sales_growth_min_bp"),
        Parameter::new("score_sold_on", Unit::Score, "Score where vouchers multiplied and were sold on at once."),
    ],
    months_back: MONTHS_BACK,
    months_ahead: 0,
    told_by: &[ToldBy::ThirdParties],
    accuses_source: true,
    when: When::MonthPassed,
    check,
};

/// What speaks against the vouchers of a month.
struct Doubts {
    /// Vouchers over those of the past, and whether the season of the year before is part of that.
    growth: Option<(i64, bool)>,
    /// Sources that are far below, each with what its reading is of what it was.
    off: Vec<(usize, i64)>,
    /// Since when the firm, or its representative, is there.
    new: Option<Date>,
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        season_score,
        new_score,
        capacity_score,
        tax_min,
        share_min,
        growth_min,
        vouchers_min,
        months_min,
        growth_months_min,
        ratio_max,
        new_days,
        paid_min,
        sales_min,
        sales_many,
        sold_on_score,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let month = view.month_if(period, |month| month.vouchers.tax.0 >= tax_min.max(1))?;
    let share = month.vouchers.tax.ratio_bp(month.arrived.max(month.vouchers.tax));
    if share < share_min || view.is_small_scale(period) {
        return None;
    }
    let growth = growth(view, period, growth_months_min);
    let is_usual = growth.is_some_and(|(growth, _)| growth < growth_min);
    let growth = growth.filter(|_| !is_usual && i64::from(month.vouchers.count) >= vouchers_min);
    let mut doubts = Doubts { growth, off: Vec::new(), new: None };
    if let Some(capacity) = Capacity::of(view, period, |month| month.vouchers.amount) {
        let known = (0..SOURCES.len()).filter(|source| capacity.is_known(*source));
        let beside = known.filter_map(|source| Some((source, capacity.of_past(source, months_min)?)));
        let (off, fine): (Vec<_>, Vec<_>) = beside.partition(|(_, ratio)| *ratio <= ratio_max);
        let (sources, payroll) = speaking(&capacity, &off.iter().map(|(source, _)| *source).collect::<Vec<_>>());
        let borne_out = fine.iter().any(|(source, _)| *source < ALONE);
        if borne_out && sources < 2 {
            return None; // what carries the goods rose with them
        }
        if sources > 0 {
            doubts.off = off.into_iter().filter(|(source, _)| *source < ALONE || payroll).collect();
        }
    }
    // A firm that only goes on as it did is the same firm, whoever represents it.
    let changed = |view: &mut View<'_, '_>| view.representative_within(period, new_days).filter(|_| !is_usual);
    doubts.new = view.registered_within(period, new_days).or_else(|| changed(view));
    // A firm that is new, and pays its share of what it sells, only began; nor does a month say how it will go on.
    doubts.new = doubts.new.filter(|_| pays_little(view, period, paid_min));
    // Produce is bought in its season and worked all year: beside a past without that season, that vouchers multiplied and
    // that readings are far below them is one thing, and what a harvest looks like.
    let has_season = (11..=13).all(|back| view.month_if(period.minus(back), |_| true).is_some());
    let multiplied = !doubts.off.is_empty() || doubts.growth.is_some();
    // A harvest is stored, and sold all year: vouchers that are sold on at once, and more than ever was sold, were written for
    // that; where it is not many times more, by who pays hardly any of the tax on it.
    let times = doubts.growth.map_or(0, |_| sales_over_past(view, period, growth_months_min));
    let is_sold_on = times >= sales_many || times >= sales_min && pays_little(view, period, paid_min);
    let score = match (multiplied, doubts.new.is_some()) {
        (false, false) => return None,
        _ if !doubts.off.is_empty() && has_season => capacity_score,
        _ if doubts.growth.is_some_and(|(_, season)| season) => season_score,
        (_, true) => new_score,
        (true, false) if is_sold_on => sold_on_score,
        (true, false) => score,
    };
    let sentence = sentence(period, &month, share, &doubts);
    let mut finding = Finding::new(score, month.vouchers.tax, sentence)
        .number("voucher_tax", month.vouchers.tax.0, tax_min, "fen", "month")
        .number("voucher_share_of_input", share, share_min, "bp", "month");
    for (source, ratio) in &doubts.off {
        finding = finding.number(SOURCES[*source].indicators[0], *ratio, ratio_max, "bp", "3 months");
    }
    if let Some((growth, season)) = doubts.growth {
        let window = if season { "month over the year and season before" } else { "month over the year before" };
        finding = finding.number("vouchers_over_own_past", growth, growth_min, "bp", window);
    }
    if let Some(on) = doubts.new {
        let days = period.start().days_since(on.start()).max(0);
        finding = finding.number("days_since_new", days, new_days, "days", "when the month began");
    }
    Some(finding)
}

/// Sales of a month over the mean of the year before, in basis points; 0 where too little of that is known.
fn sales_over_past(view: &mut View<'_, '_>, period: Period, months_min: i64) -> i64 {
    let past = view.past(period, 12);
    let months = i64::try_from(past.len()).unwrap_or(0);
    if months < months_min.max(1) {
        return 0;
    }
    let mean = Fen(past.iter().map(|(_, month)| month.invoiced().amount).sum::<Fen>().0 / months);
    view.month(period).invoiced().amount.ratio_bp(mean)
}

/// Whether the returns of a month and the two before it, all with sales, say that hardly any of the output tax is payable: a firm
/// that only begins pays nothing at first.
fn pays_little(view: &mut View<'_, '_>, period: Period, paid_min: i64) -> bool {
    let (mut returns, mut output, mut payable) = (0, Fen::ZERO, Fen::ZERO);
    for back in 0..3 {
        if let Some([_, out, .., due]) = view.read_month(period.minus(back), |month| month.declared.value) {
            (returns, output, payable) = (returns + i64::from(out > Fen::ZERO), output + out, payable + due);
        }
    }
    returns >= 3 && output > Fen::ZERO && payable.ratio_bp(output) < paid_min
}

/// Vouchers of a month over the mean of the year before or, where that is more, those of the same season of the year before;
/// and whether that season is known. `None` where too little of the past is.
fn growth(view: &mut View<'_, '_>, period: Period, months_min: i64) -> Option<(i64, bool)> {
    let amount = |view: &mut View<'_, '_>, back: i32| view.month_if(period.minus(back), |_| true);
    let now = view.month(period).vouchers.amount;
    let past: Vec<Month> = (1..=12).filter_map(|back| amount(view, back)).collect();
    let months = i64::try_from(past.len()).unwrap_or(0);
    if months < months_min.max(1) {
        return None;
    }
    let mean = Fen(past.iter().map(|month| month.vouchers.amount).sum::<Fen>().0 / months);
    let season: Vec<Month> = (11..=13).filter_map(|back| amount(view, back)).collect();
    let of_season = season.iter().map(|month| month.vouchers.amount).max();
    let known = season.len() == 3;
    let reference = mean.max(of_season.unwrap_or_default());
    let growth = if reference > Fen::ZERO { now.ratio_bp(reference) } else { i64::MAX };
    Some((growth, known))
}

fn sentence(period: Period, month: &Month, share: i64, doubts: &Doubts) -> Sentence {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for (source, ratio) in &doubts.off {
        let (source, ratio) = (&SOURCES[*source], percent(*ratio));
        zh.push(format!("每元收购对应的{}仅为以往的{ratio}%", source.zh));
        en.push(format!("{} to a yuan of them is {ratio} % of its own past", source.en));
    }
    match doubts.growth {
        Some((i64::MAX, _)) => {
            zh.push("以往一年没有收购".into());
            en.push("there were none in the year before".into());
        }
        Some((growth, season)) => {
            let (season_zh, season_en) = if season { ("及上年同季", " and season") } else { ("", "") };
            let growth = percent(growth);
            zh.push(format!("收购额为以往一年{season_zh}的{growth}%"));
            en.push(format!("they are {growth} % of those of the year{season_en} before"));
        }
        None => {}
    }
    if let Some(on) = doubts.new {
        zh.push(format!("该户{on}新登记或更换法定代表人"));
        en.push(format!("the firm or its representative is new since {on}"));
    }
    let (count, amount, tax) = (month.vouchers.count, month.vouchers.amount.grouped(), month.vouchers.tax.grouped());
    let share = percent(share);
    Sentence {
        zh: format!(
            "{period}自开农产品收购发票{count}张、金额{amount}元，税额{tax}元占当月进项{share}%，且{}；请核实农户、过磅单与付款。",
            zh.join("，")
        ),
        en: format!(
            "In {period} the firm wrote {count} purchase vouchers of {amount} yuan for itself, {tax} yuan of tax and {share} \
             % of its input, and {}; check households, weighing slips and payments.",
            en.join(", and ")
        ),
    }
}
