//! A shop that sells to people who take no invoice, and issues those sales to firms that bought nothing.

use super::finding::{COUNTERPARTIES_MAX, counted, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen, Period};
use crate::state::{Month, Side};

/// Divisions of GB/T 4754 that sell mostly to people: retail, accommodation, catering.
const SHOPS: [u16; 3] = [52, 61, 62];

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "surplus_invoice",
    name_zh: "富余票虚开",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Goods,
    doc: "A firm that sells to people (a shop, a hotel, a restaurant by its industry; or one that issued much of what it \
          issued to natural persons) suddenly issues special invoices to firms for many times as much as before, mostly to \
          firms it had never sold to, while it buys hardly more than before: what the people bought who took no invoice is \
          invoiced to somebody who bought nothing. Provenance shows nothing here, for the purchases are real. Whether the \
          buyers' own trade has a use for the goods only they could say. A month of it is a reminder. Two months running with as much in each are no \
          single order, and where the returns say that all sales together hardly rose by it, what was invoiced is what people \
          had bought: that asks for an assessment. Looks alike and is honest: a shop that wins a firm \
          as a customer, and buys for it; a seasonal seller, whose purchases grow with its sales or came before to the same \
          buyers.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("past_months", Unit::Months, "Months before it that the month is compared with."),
        Parameter::new("past_months_min", Unit::Months, "Of so many at least trade must be known."),
        Parameter::new(
            "to_persons_min_bp",
            Unit::BasisPoints,
            "Of a firm of another industry: share of sales to natural persons in those months, at least, in basis points.",
        ),
        Parameter::new("special_tax_min_fen", Unit::Fen, "Less tax on special invoices to firms is not looked at."),
        Parameter::new(
            "special_growth_min_percent",
            Unit::Percent,
            "That tax in per cent of the mean of the months before, at least.",
        ),
        Parameter::new(
            "input_growth_max_percent",
            Unit::Percent,
            "Input tax that came in, in per cent of the mean of the months before, at most.",
        ),
        Parameter::new(
            "new_buyers_min_bp",
            Unit::BasisPoints,
            "Share of the month's buyers that were first met in it, at least, in basis points.",
        ),
        Parameter::new("score_running", Unit::Score, "Score where the month before was such a month, too."),
        Parameter::new(
            "declared_rise_max_bp",
            Unit::BasisPoints,
            "Then of what was issued more to firms, the sales declared rose by so much at most, in basis points: the rest had been \
             sold to people before, without an invoice.",
        ),
    ],
    months_back: 12,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        past_months,
        past_min,
        to_persons_min,
        special_tax_min,
        special_growth_min,
        input_growth_max,
        new_buyers_min,
        score_running,
        declared_rise_max,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let limits =
        [past_months, past_min, to_persons_min, special_tax_min, special_growth_min, input_growth_max, new_buyers_min];
    let running = Some((score_running, declared_rise_max));
    issued(view, period, running, score, limits).or_else(|| issued(view, period, None, score, limits))
}

/// What was issued in a month or, if `running` says how that scores and how much its returns may say, in it and the one before:
/// beside the months before that.
fn issued(
    view: &mut View<'_, '_>,
    period: Period,
    running: Option<(i64, i64)>,
    score: i64,
    [past_months, past_min, to_persons_min, special_tax_min, special_growth_min, input_growth_max, new_buyers_min]: [i64; 7],
) -> Option<Finding> {
    let months = if running.is_some() { 2 } else { 1 };
    // Of each month as much: else it is one order, and no more than the month of it is looked at.
    let least = special_tax_min - special_tax_min / 4 * i64::from(months - 1);
    let this = view.month_if(period, |month| month.ways.special.tax.0 >= least)?;
    let mut window = vec![this];
    for back in 1..months {
        window.push(view.month_if(period.minus(back), |month| month.ways.special.tax.0 >= least)?);
    }
    let count = i64::from(months);
    let buyers = window.iter().map(|month| month.buyers).max().unwrap_or(0);
    let met = window.iter().map(|month| month.new_buyers).sum::<u32>().min(buyers);
    let new_buyers = i64::from(met) * 10_000 / i64::from(buyers.max(1));
    let special = Fen(window.iter().map(|month| month.ways.special.tax).sum::<Fen>().0 / count);
    if new_buyers < new_buyers_min || special.0 < special_tax_min {
        return None;
    }
    let past = view.past(period.minus(months - 1), past_months);
    let known = i64::try_from(past.len()).unwrap_or(0);
    if known < past_min.max(1) {
        return None;
    }
    let sum = |of: fn(&Month) -> Fen| past.iter().map(|(_, month)| of(month)).sum::<Fen>();
    let (sold, to_persons) =
        (sum(|month| month.sold.amount - month.sold_void.amount), sum(|month| month.ways.to_persons));
    let to_persons = to_persons.ratio_bp(sold);
    let is_shop = view.industry_division().is_some_and(|division| SHOPS.contains(&division));
    if sold <= Fen::ZERO && sum(|month| month.arrived) <= Fen::ZERO || !is_shop && to_persons < to_persons_min {
        return None;
    }
    let mean = |of: fn(&Month) -> Fen| Fen(sum(of).0 / known);
    let (special_before, input_before) = (mean(|month| month.ways.special.tax), mean(|month| month.arrived));
    let arrived = Fen(window.iter().map(|month| month.arrived).sum::<Fen>().0 / count);
    let (growth, input_growth) = (special.percent_of(special_before), arrived.percent_of(input_before));
    if growth < special_growth_min {
        return None;
    }
    let rise = match running {
        None if input_growth > input_growth_max => return None,
        None => None,
        // What its returns say is surer than what it bought.
        Some((_, most)) => {
            Some((declared_rise_bp(&window, &past, past_min)?, most)).filter(|(rise, most)| rise <= most)
        }
    };
    if running.is_some() && rise.is_none() {
        return None;
    }
    let score = running.map_or(score, |(score, _)| score);
    let (tax, before, input, input_mean) =
        (special.grouped(), special_before.grouped(), arrived.grouped(), input_before.grouped());
    let (new_text, persons_text) = (percent(new_buyers), percent(to_persons));
    let (why_zh, why_en) = if is_shop {
        ("该户属零售餐饮住宿业".to_owned(), "This firm, a shop by its industry,".to_owned())
    } else {
        (
            format!("该户此前{persons_text}%销售给个人"),
            format!("This firm, which sold {persons_text} % to natural persons before,"),
        )
    };
    let (when_zh, when_en) = if months > 1 {
        (format!("至{period}连续两个月月均"), format!("a month in the two months to {period}"))
    } else {
        (format!("{period}"), format!("in {period}"))
    };
    let sentence = Sentence {
        zh: format!(
            "{why_zh}，{when_zh}向企业开具专用发票税额{tax}元（此前月均{before}元），购方{new_text}%为新客户，而进项税额{input}元\
             （此前月均{input_mean}元）并未随之增加；请核实购方是否真实购货，排查富余票虚开。"
        ),
        en: format!(
            "{why_en} issued special invoices to firms with {tax} yuan of tax {when_en}, before that {before} a month in the \
             mean, to {} of which {new_text} % are new, while it took in {input} of input tax ({input_mean} before); check \
             whether the buyers bought anything.",
            counted(i64::from(buyers), "buyer")
        ),
    };
    let of = if months > 1 { "mean of 2 months" } else { "month" };
    let beside = if months > 1 { "mean of 2 months over own past" } else { "month over own past" };
    let mut finding = Finding::new(score, special, sentence)
        .number("special_tax", special.0, special_tax_min, "fen", of)
        .number("special_growth", growth, special_growth_min, "percent", beside)
        .number("input_growth", input_growth, input_growth_max, "percent", beside)
        .number("new_buyer_share", new_buyers, new_buyers_min, "bp", of);
    if let Some((rise, most)) = rise {
        finding = finding.number("declared_rise_over_special", rise, most, "bp", beside);
    }
    if to_persons >= to_persons_min {
        finding = finding.number("to_persons_share", to_persons, to_persons_min, "bp", "own past");
    }
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    Some(finding.with(buyers.into_iter().map(|(id, _)| id)))
}

/// Of the amount that was issued more to firms in a month of these than before, by how much the sales declared are more, in
/// basis points; `None` where too few returns are known.
fn declared_rise_bp(window: &[Month], past: &[(Period, Month)], past_min: i64) -> Option<i64> {
    let declared = |month: &Month| month.declared.value.map(|[sales, ..]| (sales, month.ways.special.amount));
    let mean = |months: Vec<(Fen, Fen)>| {
        let count = i64::try_from(months.len()).unwrap_or(i64::MAX).max(1);
        let (sales, special) =
            months.into_iter().fold((0, 0), |(sales, special), month| (sales + month.0.0, special + month.1.0));
        (sales / count, special / count)
    };
    let now: Vec<_> = window.iter().filter_map(declared).collect();
    let before: Vec<_> = past.iter().filter_map(|(_, month)| declared(month)).collect();
    if now.len() < window.len() || i64::try_from(before.len()).unwrap_or(0) < past_min {
        return None;
    }
    let (now, before) = (mean(now), mean(before));
    Some(Fen((now.0 - before.0).max(0)).ratio_bp(Fen(now.1 - before.1)))
}
