//! A quota that was raised, and used up with what was never bought.

use super::finding::{COUNTERPARTIES_MAX, counted, percent};
use super::unexplained::{Unexplained, usual_share_bp};
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Fen};
use crate::state::Side;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "quota_surge",
    name_zh: "增版增量异常",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Issuing,
    doc: "A firm had its quota raised, and soon after issues many times what it issued before, and far more of it than is \
          usual with this firm has no input behind it. Trade that grows needs the higher quota and the purchases; a firm \
          that was bought to issue needs the quota alone. Counts for more where the quota was raised again and again \
          (增版增量 is watched over three months by the authority's practice). Looks alike and is honest: a fast-growing \
          firm, whose purchases grow with its sales; one that declares the tax, and owes it; a seasonal seller, whose stock was bought before; a firm of services, \
          which never had much input and has no less than before.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("score_again", Unit::Score, "Added where the quota was raised more than once."),
        Parameter::new("raise_days", Unit::Days, "Raises so long before the end of the month count."),
        Parameter::new(
            "raise_min_percent",
            Unit::Percent,
            "What the quota lets issue in a month after the raise, in per cent of before, at least.",
        ),
        Parameter::new("past_months", Unit::Months, "Months before the two of the surge that it is compared with."),
        Parameter::new(
            "growth_min_percent",
            Unit::Percent,
            "Tax issued in the month, in per cent of the mean of those months, at least.",
        ),
        Parameter::new("own_tax_min_fen", Unit::Fen, "Less unexplained tax than this in two months is no surge."),
        Parameter::new(
            "own_share_min_bp",
            Unit::BasisPoints,
            "Unexplained tax over tax issued, at least, in basis points.",
        ),
        Parameter::new(
            "own_rise_min_bp",
            Unit::BasisPoints,
            "By how much that share is more than in the months before, at least, in basis points.",
        ),
        Parameter::new(
            "owned_min_bp",
            Unit::BasisPoints,
            "From this share of it on that its returns say is payable, a firm that is there owns up to it.",
        ),
        Parameter::new("own_share_trader_min_bp", Unit::BasisPoints, "The least share of a trader."),
    ],
    months_back: 13,
    months_ahead: 1,
    told_by: &[ToldBy::ThirdParties, ToldBy::Peers],
    accuses_source: true,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        score_again,
        raise_days,
        raise_min,
        past_months,
        growth_min,
        own_tax_min,
        own_share_min,
        own_rise_min,
        owned_min,
        own_share_trader_min,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let raises = view.quota_raises(period, raise_days, raise_min);
    let (raised_on, raised_to) = *raises.last()?;
    let value = Unexplained::of(view, period, own_tax_min)?;
    let share = value.share_bp();
    let own_share_min = Unexplained::least_share(view, own_share_min, own_share_trader_min);
    if share < own_share_min {
        return None;
    }
    if !value.is_held_back(view, period, owned_min) {
        return None;
    }
    let before = period.minus(1);
    let usual = usual_share_bp(view, before, past_months)?;
    if share - usual < own_rise_min {
        return None;
    }
    let past = view.past(before, past_months);
    let mean = Fen(past.iter().map(|(_, month)| month.sold_standing).sum::<Fen>().0 / mean_over(past.len()));
    let growth = value.this.sold_standing.percent_of(mean);
    if growth < growth_min {
        return None;
    }
    let count = i64::try_from(raises.len()).unwrap_or(i64::MAX);
    let score = score + if count > 1 { score_again } else { 0 };
    let (tax, mean_tax, unexplained) = (value.this.sold_standing.grouped(), mean.grouped(), value.own.grouped());
    let (share_text, usual_text) = (percent(share), percent(usual));
    let sentence = Sentence {
        zh: format!(
            "该户近期增版增量{count}次（最近{raised_on}，为原额度的{raised_to}%），{period}开票税额{tax}元，此前月均{mean_tax}元；\
             两个月内{unexplained}元没有进项来源（{share_text}%，此前{usual_text}%）；请核实增量理由、购进与货物，必要时调回额度。"
        ),
        en: format!(
            "The quota was raised {} of late (on {raised_on} to {raised_to} % of before); in {period} {tax} yuan of tax was \
             issued, before that {mean_tax} a month in the mean, and {unexplained} yuan of two months has no input behind it \
             ({share_text} %, before that {usual_text} %); check why more was asked for and what was bought, and lower the \
             quota if need be.",
            counted(count, "time"),
        ),
    };
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    Some(
        Finding::new(score, value.own, sentence)
            .number("quota_raises", count, 1, "raises", "before the month ended")
            .number("quota_growth", raised_to, raise_min, "percent", "the last raise")
            .number("issued_growth", growth, growth_min, "percent", "month over own past")
            .number("own_origin_tax", value.own.0, own_tax_min, "fen", "2 months")
            .number("own_origin_share", share, own_share_min, "bp", "2 months")
            .number("own_origin_share_rise", share - usual, own_rise_min, "bp", "2 months over own past")
            .with(buyers.into_iter().map(|(id, _)| id)),
    )
}

fn mean_over(months: usize) -> i64 {
    i64::try_from(months.max(1)).unwrap_or(1)
}
