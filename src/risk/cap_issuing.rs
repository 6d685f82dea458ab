//! Invoices at the cap, one after the other, with nothing behind them.

use super::finding::{COUNTERPARTIES_MAX, percent};
use super::unexplained::{Unexplained, usual_share_bp};
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Fen, Period};
use crate::state::{Month, Side};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "cap_issuing",
    name_zh: "顶额开票",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Issuing,
    doc: "Nearly all invoices of a month are at the most that one may bear, more than is usual with this firm, and beside that \
          either far more of the tax than is usual with it has no input behind it, or the firm is new and both its suppliers \
          and its customers are in other provinces (两头在外). Near-cap invoices alone are ordinary: a fifth of real firms \
          have four in five of theirs there. Source of the pattern: nine coal traders, all invoices at the cap, suppliers and \
          customers all outside the province. Which province a firm is of is read from its id (GB 32100-2015, characters 3 \
          to 8: the division of the authority that registered it), and only where this firm's own id says the same as its \
          registration. Two ends outside alone are a reminder, and so they are where the firm declares the tax that no input explains, \
          and owes it. Looks alike and is honest: a wholesaler with a low cap and real purchases.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("score_outside", Unit::Score, "Added where input is lacking and both ends are outside, too."),
        Parameter::new("invoices_min", Unit::Invoices, "Invoices of the month, at least."),
        Parameter::new(
            "near_cap_min_bp",
            Unit::BasisPoints,
            "Share of invoices near the cap, at least, in basis points.",
        ),
        Parameter::new("past_months", Unit::Months, "Months before it that the month is compared with."),
        Parameter::new(
            "near_cap_rise_min_bp",
            Unit::BasisPoints,
            "By how much that share is more than in the months before, at least, where there was trade, in basis points.",
        ),
        Parameter::new("own_tax_min_fen", Unit::Fen, "Less tax than this is not looked at."),
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
            "outside_min_bp",
            Unit::BasisPoints,
            "Share of purchases, and of sales, with firms of other provinces, at least, in basis points.",
        ),
        Parameter::new("new_days", Unit::Days, "How long before a month a firm with both ends outside counts as new."),
        Parameter::new(
            "score_outside_alone",
            Unit::Score,
            "Score where both ends are outside and no input is lacking.",
        ),
        Parameter::new(
            "owned_min_bp",
            Unit::BasisPoints,
            "From this share of it on that its returns say is payable, a firm that is there owns up to it.",
        ),
    ],
    months_back: 13,
    months_ahead: 1,
    told_by: &[ToldBy::ThirdParties, ToldBy::Peers],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        score_outside,
        invoices_min,
        near_cap_min,
        past_months,
        near_cap_rise_min,
        own_tax_min,
        own_share_min,
        own_rise_min,
        outside_min,
        new_days,
        score_alone,
        owned_min,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let is_near = |month: &Month| {
        i64::from(month.sold_blue) >= invoices_min
            && near_cap_bp(month.near_cap.into(), month.sold_blue.into()) >= near_cap_min
            && month.sold_standing.0 >= own_tax_min
    };
    let month = view.month_if(period, is_near)?;
    let (invoices, near_cap) = (month.sold_blue, near_cap_bp(month.near_cap.into(), month.sold_blue.into()));
    let past = view.past(period, past_months);
    let sum = |of: fn(&Month) -> u32| past.iter().map(|(_, month)| i64::from(of(month))).sum::<i64>();
    let (near_before, before) = (sum(|month| month.near_cap), sum(|month| month.sold_blue));
    let usual_near_cap = (before >= invoices_min).then(|| near_cap_bp(near_before, before));
    if usual_near_cap.is_some_and(|usual| near_cap - usual < near_cap_rise_min) {
        return None;
    }
    let lacking = lacking(view, period, past_months, [own_tax_min, own_share_min, own_rise_min]);
    let lacking = lacking.filter(|(value, _)| value.is_held_back(view, period, owned_min));
    let outside = outside(view, &month, period, outside_min, new_days);
    let stake = match (&lacking, &outside) {
        (Some((value, _)), _) => value.own,
        (None, Some(_)) => month.sold_standing,
        (None, None) => return None,
    };
    let score = match (&lacking, &outside) {
        (Some(_), Some(_)) => score + score_outside,
        (Some(_), None) => score,
        (None, _) => score_alone,
    };
    let share = percent(near_cap);
    let (mut why_zh, mut why_en) = (Vec::new(), Vec::new());
    let mut finding =
        Finding::new(score, stake, Sentence::default()).number("near_cap_share", near_cap, near_cap_min, "bp", "month");
    if let Some(usual) = usual_near_cap {
        finding =
            finding.number("near_cap_share_rise", near_cap - usual, near_cap_rise_min, "bp", "month over own past");
    }
    if let Some((value, rise)) = lacking {
        let (own, own_share) = (value.own.grouped(), percent(value.share_bp()));
        why_zh.push(format!("两个月内税额{own}元没有进项来源（{own_share}%）"));
        why_en.push(format!("{own} yuan of two months' tax ({own_share} %) has no input behind it"));
        finding = finding
            .number("own_origin_tax", value.own.0, own_tax_min, "fen", "2 months")
            .number("own_origin_share", value.share_bp(), own_share_min, "bp", "2 months")
            .number("own_origin_share_rise", rise, own_rise_min, "bp", "2 months over own past");
    }
    if let Some(Outside { bought, sold, days }) = outside {
        let (bought_text, sold_text) = (percent(bought), percent(sold));
        why_zh.push(format!("新办企业两头在外（购进{bought_text}%、销售{sold_text}%在外省）"));
        why_en.push(format!(
            "the firm is new, with {bought_text} % of its purchases and {sold_text} % of its sales in other provinces"
        ));
        finding = finding
            .number("bought_outside_share", bought, outside_min, "bp", "month")
            .number("sold_outside_share", sold, outside_min, "bp", "month")
            .number("days_since_registration", days, new_days, "days", "when the month began");
    }
    finding.sentence = Sentence {
        zh: format!(
            "{period}开票{invoices}张，{share}%为顶额开具，{}；请核实货物与资金流，评估限额。",
            why_zh.join("，且")
        ),
        en: format!(
            "In {period}, {share} % of {invoices} invoices were at the cap, and {}; check goods and payments, and review the \
             cap.",
            why_en.join(", and ")
        ),
    };
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    Some(finding.with(buyers.into_iter().map(|(id, _)| id)))
}

fn near_cap_bp(near_cap: i64, invoices: i64) -> i64 {
    near_cap * 10_000 / invoices.max(1)
}

/// What no input explains, where it is far more than is usual with the firm, and by how much.
fn lacking(
    view: &mut View<'_, '_>,
    period: Period,
    past_months: i64,
    [tax_min, share_min, rise_min]: [i64; 3],
) -> Option<(Unexplained, i64)> {
    let value = Unexplained::of(view, period, tax_min).filter(|value| value.share_bp() >= share_min)?;
    let rise = value.share_bp() - usual_share_bp(view, period.minus(1), past_months)?;
    (rise >= rise_min).then_some((value, rise))
}

struct Outside {
    bought: i64,
    sold: i64,
    days: i64,
}

/// Whether the firm is new and deals with other provinces alone, on both sides.
fn outside(view: &View<'_, '_>, month: &Month, period: Period, least: i64, new_days: i64) -> Option<Outside> {
    let registered = view.registered_within(period, new_days).filter(|_| view.has_sure_province())?;
    let share = |outside: Fen, all: Fen| outside.ratio_bp(all);
    let bought = share(month.habits.bought_outside, month.bought.amount - month.bought_void.amount);
    let sold = share(month.habits.sold_outside, month.sold.amount - month.sold_void.amount);
    let days = period.start().days_since(registered.start()).max(0);
    (bought >= least && sold >= least).then_some(Outside { bought, sold, days })
}
