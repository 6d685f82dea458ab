//! A firm through which value only passes.

use super::finding::{counted, day_zh, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When, false_deduction};
use crate::model::{About, Fen, Period, TaxpayerId};
use crate::state::Side;

/// A firm that sells to more than so many is no mere pipe.
const BUYERS_MAX: usize = 64;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "pass_through",
    name_zh: "管道洗票",
    since: "0.1.0",
    subject: Subject::Period,
    also: Some(Subject::Origin),
    matter: Matter::Flow,
    doc: "In one month nearly all the tax a firm takes in goes out again within days, with hardly any value added, to \
          few buyers, by a firm that is new or trades with partners it did not know before: a reminder, for a trade that \
          begins looks so, too. Or, and then it is grave: what the firm bought from those through whom a suspected \
          source's value came, it sold on, neither much less nor much more, to buyers it had not sold to before; so a real \
          trader is seen that washes beside its trade; and what it bought of them was mostly the source's, as false_deduction asks. Source of the pattern: washers re-issue within days at a margin \
          under 1 to 2 %. Looks alike and is honest: a commodity trader with thin margins and steady partners; one that \
          bought from a washer among others, and sells to whom it always sold.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax out than this in the month is not looked at."),
        Parameter::new(
            "margin_max_bp",
            Unit::BasisPoints,
            "Difference of tax out and tax in, over tax out, at most, in basis points.",
        ),
        Parameter::new("days_max", Unit::Days, "Days from in to out, at most, in the mean over the month."),
        Parameter::new("buyers_max", Unit::Taxpayers, "Buyers of the month, at most."),
        Parameter::new("new_days", Unit::Days, "How long before a month a firm counts as new in it."),
        Parameter::new(
            "new_partners_min_bp",
            Unit::BasisPoints,
            "For an older firm: share of the month's partners that were first met in it, in basis points.",
        ),
        Parameter::new("score_accused", Unit::Score, "Score where it is a suspected source's value that went on."),
        Parameter::new("accused_tax_min_fen", Unit::Fen, "Less tax bought of such value is not looked at."),
        Parameter::new(
            "accused_part_min_bp",
            Unit::BasisPoints,
            "Of what was bought from those who brought it, so much is the source's, at least.",
        ),
        Parameter::new(
            "passed_min_bp",
            Unit::BasisPoints,
            "Of what was bought from those who brought it, so much went to buyers first met since, at least.",
        ),
        Parameter::new("passed_max_bp", Unit::Multiple, "And no more than this: else the new buyers are new trade."),
    ],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        tax_min,
        margin_max,
        days_max,
        buyers_max,
        new_days,
        new_partners_min,
        score_accused,
        accused_min,
        part_min,
        passed_min,
        passed_max,
    ] = view.parameters(&TYPOLOGY)?;
    let period = match *about {
        About::Period(period) => period,
        About::Origin(origin) => {
            return accused(view, origin, [score_accused, accused_min, part_min, passed_min, passed_max]);
        }
        About::Invoice { .. } | About::Party(_) => return None,
    };
    let month = view.month_if(period, |month| month.drawn > Fen::ZERO)?;
    let out = month.sold.tax - month.sold_void.tax;
    let retained = out - month.arrived;
    if out.0 < tax_min || !(1..=buyers_max).contains(&i64::from(month.buyers)) {
        return None;
    }
    if retained.abs().ratio_bp(out) > margin_max {
        return None;
    }
    let days = month.drawn_days / month.drawn.0.max(1) - month.arrived_days / month.arrived.0.max(1);
    if !(0..=days_max).contains(&days) {
        return None;
    }
    let registered = view.registered_within(period, new_days);
    // Whose first invoice was voided since was met all the same, and is none of the month's partners.
    let partners = i64::from(month.buyers) + i64::from(month.sellers);
    let met = (i64::from(month.new_buyers) + i64::from(month.new_sellers)).min(partners);
    let new_share = met * 10_000 / partners.max(1);
    // At the journal's beginning every partner is new: that says nothing yet.
    let known_long = view.profile.known_since.period() <= period.minus(2);
    let washer_like = registered.is_some() || known_long && new_share >= new_partners_min;
    if !washer_like {
        return None;
    }
    let sentence = sentence(period, month.arrived, out, month.buyers, days);
    // Whom it both bought from and sold to is named once.
    let mut counterparties: Vec<_> = view.partners(Side::Bought, 4).into_iter().map(|(id, _)| id).collect();
    for (id, _) in view.partners(Side::Sold, 4) {
        if !counterparties.contains(&id) {
            counterparties.push(id);
        }
    }
    let finding = Finding::new(score, out, sentence)
        .number("retained_over_output", retained.ratio_bp(out), margin_max, "bp", "month")
        .number("mean_days_in_to_out", days, days_max, "days", "month")
        .number("buyers", i64::from(month.buyers), buyers_max, "taxpayers", "month");
    // Being new, or having new partners: what speaks is shown.
    let finding = match registered {
        Some(on) => {
            let days = period.start().days_since(on.start()).max(0);
            finding.number("days_since_registration", days, new_days, "days", "when the month began")
        }
        None => finding.number("new_partner_share", new_share, new_partners_min, "bp", "month"),
    };
    Some(finding.with(counterparties))
}

/// An accused origin's value that was bought and went on to buyers first met since.
fn accused(
    view: &mut View<'_, '_>,
    origin: TaxpayerId,
    [score, tax_min, part_min, least, most]: [i64; 5],
) -> Option<Finding> {
    let value = view.tainted(origin);
    if value.names == 0 || value.taken.0 < tax_min || origin == view.taxpayer() {
        return None;
    }
    // A part of what a real supplier sells is in all that is sold on.
    if !false_deduction::is_concentrated(view, origin) {
        return None;
    }
    let sellers: Vec<_> = view.accused_sellers(origin).into_keys().collect();
    let bought = sellers.into_iter().filter_map(|seller| view.partner(Side::Bought, seller));
    let mut bought: Vec<_> = bought.filter(|partner| partner.totals.tax > Fen::ZERO).collect();
    // Of a trader, what it bought from steady suppliers is beside the matter.
    if bought.iter().any(|partner| view.is_met_lately(partner)) {
        bought.retain(|partner| view.is_met_lately(partner));
    }
    let since = bought.iter().map(|partner| partner.first_at).min()?;
    let bought: Fen = bought.iter().map(|partner| partner.totals.tax).sum();
    // Of who has more buyers not all can be known.
    let buyers = view.partners(Side::Sold, BUYERS_MAX + 1);
    if buyers.len() > BUYERS_MAX || value.taken.ratio_bp(bought) < part_min {
        return None;
    }
    let met: Vec<_> = buyers.into_iter().filter(|(_, buyer)| buyer.first_at >= since).collect();
    let sold: Fen = met.iter().map(|(_, buyer)| buyer.totals.tax).sum();
    let passed = sold.ratio_bp(bought);
    if passed < least || passed > most {
        return None;
    }
    let (bought_text, sold_text, count) = (bought.grouped(), sold.grouped(), met.len());
    let on = since.date();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sentence = Sentence {
        zh: format!(
            "该户自{}起从涉嫌虚开源头{origin}及其下游购进税额{bought_text}元，同期向{count}户此前从未交易的购方开出税额{sold_text}元；\
             请核实货物流与资金流，排查过票。",
            day_zh(on),
        ),
        en: format!(
            "Since {on} this firm took {bought_text} yuan of tax from the suspected source {origin} and those behind it, and \
             issued {sold_text} yuan to {} it had never sold to; check goods and payments for a paper-only trade.",
            counted(count, "buyer")
        ),
    };
    let mut finding = Finding::new(score, Fen::ZERO, sentence)
        .number("tainted_tax_taken", value.taken.0, tax_min, "fen", "whole journal")
        .number("passed_on_to_new_buyers", passed, least, "bp", "since it came")
        .with(std::iter::once(origin).chain(met.into_iter().map(|(id, _)| id)));
    finding.case_id = Some(value.case_id);
    Some(finding)
}

fn sentence(period: Period, arrived: Fen, out: Fen, buyers: u32, days: i64) -> Sentence {
    let kept = out - arrived;
    let share = percent(kept.abs().ratio_bp(out));
    let (arrived, out, difference) = (arrived.grouped(), out.grouped(), kept.abs().grouped());
    let kept_zh = if kept < Fen::ZERO { "销项反而少" } else { "差额仅" };
    let kept_en = if kept < Fen::ZERO { "more in than out" } else { "kept" };
    let (days_zh, days_en) = if days == 0 {
        ("平均当天即转手".to_owned(), "on the same day".to_owned())
    } else {
        (format!("平均{days}天即转手"), format!("after {}", counted(days, "day")))
    };
    Sentence {
        zh: format!(
            "{period}进项税额{arrived}元，销项税额{out}元，{kept_zh}{difference}元（{share}%），{days_zh}，购方{buyers}户；\
             请核实货物流与资金流，排查过票。"
        ),
        en: format!(
            "In {period}, {arrived} yuan of tax came in and {out} yuan went out to {}, {days_en} in the mean, {difference} \
             yuan ({share} %) {kept_en}; check goods and payments for a paper-only trade.",
            counted(buyers, "buyer")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_firm_that_took_in_more_than_it_gave_out_kept_nothing() {
        let period = Period::parse("2025-09").unwrap();
        let told = |arrived, out, buyers, days| sentence(period, Fen(arrived), Fen(out), buyers, days);
        let less = told(7_274_118, 7_221_400, 1, 1);
        assert!(less.en.contains("to 1 buyer, after 1 day in the mean, 527.18 yuan (0.73 %) more in than out"));
        assert!(less.zh.contains("销项反而少527.18元（0.73%）") && !less.zh.contains(' '), "{}", less.zh);
        let kept = told(7_000_000, 7_210_000, 3, 0);
        assert!(kept.en.contains("on the same day in the mean, 2,100.00 yuan (2.91 %) kept"), "{}", kept.en);
    }
}
