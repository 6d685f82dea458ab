//! A shop that sells to people who take no invoice, and issues those sales to firms that bought nothing.

use super::finding::{COUNTERPARTIES_MAX, counted, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};
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
          buyers' own trade has a use for the goods only they could say. Looks alike and is honest: a shop that wins a firm \
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
    ],
    months_back: 12,
    months_ahead: 0,
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
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let new_share = |month: &Month| {
        let met = month.new_buyers.min(month.buyers);
        i64::from(met) * 10_000 / i64::from(month.buyers.max(1))
    };
    let is_near = |month: &Month| month.ways.special.tax.0 >= special_tax_min && new_share(month) >= new_buyers_min;
    let month = view.month_if(period, is_near)?;
    let past = view.past(period, past_months);
    let months = i64::try_from(past.len()).unwrap_or(0);
    if months < past_min.max(1) {
        return None;
    }
    let sum = |of: fn(&Month) -> Fen| past.iter().map(|(_, month)| of(month)).sum::<Fen>();
    let (issued, to_persons) =
        (sum(|month| month.sold.amount - month.sold_void.amount), sum(|month| month.ways.to_persons));
    let to_persons = to_persons.ratio_bp(issued);
    let is_shop = view.industry_division().is_some_and(|division| SHOPS.contains(&division));
    if issued <= Fen::ZERO && sum(|month| month.arrived) <= Fen::ZERO || !is_shop && to_persons < to_persons_min {
        return None;
    }
    let mean = |of: fn(&Month) -> Fen| Fen(sum(of).0 / months);
    let (special_before, input_before) = (mean(|month| month.ways.special.tax), mean(|month| month.arrived));
    let special = month.ways.special.tax;
    let (growth, input_growth) = (special.percent_of(special_before), month.arrived.percent_of(input_before));
    if growth < special_growth_min || input_growth > input_growth_max {
        return None;
    }
    let new_buyers = new_share(&month);
    let (tax, before, input, input_mean) =
        (special.grouped(), special_before.grouped(), month.arrived.grouped(), input_before.grouped());
    let (new_text, persons_text) = (percent(new_buyers), percent(to_persons));
    let (why_zh, why_en) = if is_shop {
        ("该户属零售餐饮住宿业".to_owned(), "This firm, a shop by its industry,".to_owned())
    } else {
        (
            format!("该户此前{persons_text}%销售给个人"),
            format!("This firm, which sold {persons_text} % to natural persons before,"),
        )
    };
    let sentence = Sentence {
        zh: format!(
            "{why_zh}，{period}向企业开具专用发票税额{tax}元（此前月均{before}元），购方{new_text}%为新客户，而进项税额{input}元\
             （此前月均{input_mean}元）并未随之增加；请核实购方是否真实购货，排查富余票虚开。"
        ),
        en: format!(
            "{why_en} issued special invoices to firms with {tax} yuan of tax in {period}, before that {before} a month in the \
             mean, to {} of which {new_text} % are new, while it took in {input} of input tax ({input_mean} before); check \
             whether the buyers bought anything.",
            counted(i64::from(month.buyers), "buyer")
        ),
    };
    let mut finding = Finding::new(score, special, sentence)
        .number("special_tax", special.0, special_tax_min, "fen", "month")
        .number("special_growth", growth, special_growth_min, "percent", "month over own past")
        .number("input_growth", input_growth, input_growth_max, "percent", "month over own past")
        .number("new_buyer_share", new_buyers, new_buyers_min, "bp", "month");
    if to_persons >= to_persons_min {
        finding = finding.number("to_persons_share", to_persons, to_persons_min, "bp", "own past");
    }
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    Some(finding.with(buyers.into_iter().map(|(id, _)| id)))
}
