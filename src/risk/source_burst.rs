//! A firm that sells what it never bought, much and fast.

use super::finding::{counted, percent};
use super::unexplained::{KNOWN_MONTHS_MIN, Unexplained, usual_share_bp};
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When, dormant_revival};
use crate::model::{About, Date, Fen, Period};
use crate::state::{Month, Side};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "source_burst",
    name_zh: "暴力虚开",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Issuing,
    doc: "A firm that is new, has a new legal representative, has since gone missing, or issues many times what it used to, \
          issues much tax within two months that its input does not explain, far more than is usual with it: its own \
          origin, net of what is left in its pool, is nearly all it issues; half of it is enough in trade (GB/T 4754, \
          divisions 51 and 52), which adds little to what it buys. Counts double when the invoices are near its cap. Does \
          not stand against a firm that is there and whose returns say that it owes that tax: who sells invoices for a few \
          per cent of their tax declares nothing, or sets input against it that nobody issued (Announcement 38 of 2019 \
          speaks of who does not file, or files falsely), and who denies three months running what it sells without input is a \
          source however slowly it sells; until that is known, a firm that is not new, or a trader with some input, is a \
        reminder, for its purchase invoices may only be late. Nor, before its returns are known, against who needs no input by \
          its trade: farms and mines (divisions 01 to 12), transport and services that sell no goods (53 to 97), and \
          small-scale taxpayers. Source of the pattern: the documented cases of \
          building-materials and coal shells (whole quota within days, near the cap, then missing). Looks alike and is \
          honest: a fast-growing new firm with real input, whose pool covers what it sells; a firm that sells first and \
          gets its purchase invoice later, which settles the sale; an old firm in the journal's first months; a mine, a farm, \
          a software house, which sell what they never bought and pay for it; a maker whose suppliers cannot issue special \
          invoices, who pays for that, too; an importer, whose input customs saw come in.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("score_near_cap", Unit::Score, "Added where most invoices are near the cap."),
        Parameter::new("score_missing", Unit::Score, "Added where the firm has gone missing or abnormal."),
        Parameter::new(
            "new_days",
            Unit::Days,
            "How long before a month a firm, or its representative, counts as new in it.",
        ),
        Parameter::new("own_tax_min_fen", Unit::Fen, "Less unexplained tax than this in two months is no burst."),
        Parameter::new(
            "own_share_min_bp",
            Unit::BasisPoints,
            "Unexplained tax over tax issued, at least, in basis points.",
        ),
        Parameter::new(
            "own_share_trader_min_bp",
            Unit::BasisPoints,
            "The same of a trader, who adds little to what it buys.",
        ),
        Parameter::new(
            "near_cap_min_bp",
            Unit::BasisPoints,
            "Share of invoices near the cap that counts as most, in basis points.",
        ),
        Parameter::new(
            "owned_min_bp",
            Unit::BasisPoints,
            "From this share of it on that its returns say is payable, a firm that is there owns up to it.",
        ),
        Parameter::new(
            "past_months",
            Unit::Months,
            "Months before the two that a firm which is not new is compared with.",
        ),
        Parameter::new(
            "growth_min_percent",
            Unit::Percent,
            "Of such a firm: tax issued in the month, in per cent of the mean of those months, at least.",
        ),
        Parameter::new(
            "own_rise_min_bp",
            Unit::BasisPoints,
            "And by how much the unexplained share is more than in them, at least, in basis points.",
        ),
        Parameter::new(
            "own_tax_held_min_fen",
            Unit::Fen,
            "Of a firm that has vanished, or does not own up to it: less than this is no burst.",
        ),
        Parameter::new(
            "score_unsure",
            Unit::Score,
            "Score while that is not known, where the firm is not new, or a trader who has some input for what it sells.",
        ),
    ],
    months_back: dormant_revival::TYPOLOGY.months_back,
    months_ahead: 1,
    told_by: &[ToldBy::ThirdParties, ToldBy::Peers],
    accuses_source: true,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        score_near_cap,
        score_missing,
        new_days,
        own_tax_min,
        own_share_min,
        own_share_trader_min,
        near_cap_min,
        owned_min,
        past_months,
        growth_min,
        own_rise_min,
        own_tax_held_min,
        score_unsure,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let value = Unexplained::of(view, period, own_tax_held_min.min(own_tax_min))?;
    let is_known = value.is_known_held_back(view, period, owned_min);
    if value.own.0 < own_tax_min && !is_known {
        return None;
    }
    let share = value.share_bp();
    let is_all = share >= own_share_min;
    let own_share_min = Unexplained::least_share(view, own_share_min, own_share_trader_min);
    if share < own_share_min {
        return None;
    }
    // New is who was new when the month began, or became so in it: one more invoice makes nobody old.
    let registered = view.registered_within(period, new_days);
    let representative = view.representative_within(period, new_days);
    let vanished = view.has_vanished();
    let is_new = registered.is_some() || representative.is_some();
    let surge = if is_new { None } else { surge(view, period, &value, [past_months, growth_min, own_rise_min]) };
    let denied = [own_share_min, own_tax_held_min, owned_min];
    let is_source = is_new || vanished || surge.is_some() || is_known && denies(view, period, denied);
    if !is_source {
        return None;
    }
    // Who is there and owns up to the tax is no source; whose trade has no input is none unless it does not own up.
    if !value.is_held_back(view, period, owned_min) {
        return None;
    }
    // A firm that was silent before its representative changed is a shell that was bought.
    if registered.is_none() && representative.is_some() && dormant_revival::stands(view, period) {
        return None;
    }
    let (invoices, near_cap) = (value.invoices(), value.near_cap_bp());
    // A purchase invoice that is late by some days looks the same: of a firm with a past, or with input, its return is waited for.
    let is_sure = is_known || is_new && is_all;
    let score =
        score + if near_cap >= near_cap_min { score_near_cap } else { 0 } + if vanished { score_missing } else { 0 };
    let score = if is_sure { score } else { score.min(score_unsure) };
    let (why_zh, why_en) = reason(registered, representative);
    let (percent, tax, unexplained) = (percent(share), value.issued.grouped(), value.own.grouped());
    let sentence = Sentence {
        zh: format!(
            "{why_zh}在两个月内（至{period}）开票{invoices}张、税额{tax}元，其中{unexplained}元没有进项来源（{percent}%）{}；\
             请立即核实经营场所与货物，控制开票。",
            if vanished { "，现已失联或非正常" } else { "" },
        ),
        en: format!(
            "{why_en} issued {} with {tax} yuan of tax in the two months to {period}; {unexplained} yuan of it ({percent} %) \
             has no input behind it{}; visit the premises now and stop its issuing.",
            counted(invoices, "invoice"),
            if vanished { ", and the firm has since gone missing or abnormal" } else { "" },
        ),
    };
    let buyers = view.partners(Side::Sold, super::finding::COUNTERPARTIES_MAX);
    let mut finding = Finding::new(score, value.own.max(Fen::ZERO), sentence)
        .number("own_origin_tax", value.own.0, own_tax_min, "fen", "2 months")
        .number("own_origin_share", share, own_share_min, "bp", "2 months")
        .number("near_cap_share", near_cap, near_cap_min, "bp", "2 months")
        .with(buyers.into_iter().map(|(id, _)| id));
    let days_before = |on: Date| period.start().days_since(on.start()).max(0);
    if let Some(days) = registered.map(days_before) {
        finding = finding.number("days_since_registration", days, new_days, "days", "when the month began");
    }
    if let Some(days) = representative.map(days_before) {
        finding = finding.number("days_since_new_representative", days, new_days, "days", "when the month began");
    }
    if let Some((growth, rise)) = surge {
        finding = finding.number("issued_growth", growth, growth_min, "percent", "month over own past").number(
            "own_origin_share_rise",
            rise,
            own_rise_min,
            "bp",
            "2 months over own past",
        );
    }
    Some(finding)
}

/// Whether a firm that holds back what it sold without input in a month, as is known, did so in the one before: slowly, and as
/// falsely as a burst. Who sells work has no input by its nature, and hides sales.
fn denies(view: &mut View<'_, '_>, period: Period, [share_min, held_min, owned_min]: [i64; 3]) -> bool {
    // A return that is missing is missed by the time that the month itself has passed.
    Unexplained::of(view, period.minus(1), held_min)
        .is_some_and(|value| value.share_bp() >= share_min && value.is_known_held_back(view, period, owned_min))
        && !view.works_without_input(period)
}

/// Of a firm that is not new: how many times what it used to issue it issues now, in per cent, and by how much more of it has
/// no input behind it, where both are far more than is usual with it.
fn surge(
    view: &mut View<'_, '_>,
    period: Period,
    value: &Unexplained,
    [past_months, growth_min, rise_min]: [i64; 3],
) -> Option<(i64, i64)> {
    let before = period.minus(1);
    let past = view.past(before, past_months);
    let months = i64::try_from(past.len()).ok().filter(|months| *months >= KNOWN_MONTHS_MIN)?;
    // Of who never registered, and of whom no purchase was ever seen, the journal knows what it sold and no more.
    view.profile.registered_on?;
    let sum = |of: fn(&Month) -> Fen| past.iter().map(|(_, month)| of(month)).sum::<Fen>();
    if sum(|month| month.sold_standing) <= Fen::ZERO || sum(|month| month.arrived) <= Fen::ZERO {
        return None;
    }
    let mean = Fen(past.iter().map(|(_, month)| month.sold_standing).sum::<Fen>().0 / months);
    let growth = value.this.sold_standing.percent_of(mean);
    let rise = value.share_bp() - usual_share_bp(view, before, past_months)?;
    (growth >= growth_min && rise >= rise_min).then_some((growth, rise))
}

fn reason(registered: Option<Date>, representative: Option<Date>) -> (String, String) {
    match (registered, representative) {
        (Some(on), _) => (format!("该户{on}登记，"), format!("This firm, registered on {on},")),
        (None, Some(on)) => {
            (format!("该户{on}更换法定代表人，"), format!("This firm, whose representative changed on {on},"))
        }
        (None, None) => ("该户".into(), "This firm".into()),
    }
}
