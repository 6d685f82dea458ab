//! A firm that sells what it never bought, much and fast.

use super::finding::{counted, percent};
use super::unexplained::Unexplained;
use super::{Finding, Parameter, Sentence, Subject, Typology, Unit, View, When, dormant_revival};
use crate::model::{About, Date, Fen};
use crate::state::Side;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "source_burst",
    name_zh: "暴力虚开",
    since: "0.1.0",
    subject: Subject::Period,
    doc: "A firm that is new, has a new legal representative, or has since gone missing, issues much tax within two \
          months that its input does not explain: its own origin, net of what is left in its pool, is nearly all it \
          issues. Counts double when the invoices are near its cap. Source of the pattern: the documented cases of \
          building-materials and coal shells (whole quota within days, near the cap, then missing). Looks alike and is \
          honest: a fast-growing new firm with real input, whose pool covers what it sells; a firm that sells first and \
          gets its purchase invoice later, which settles the sale; an old firm in the journal's first months.",
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
            "near_cap_min_bp",
            Unit::BasisPoints,
            "Share of invoices near the cap that counts as most, in basis points.",
        ),
    ],
    months_back: dormant_revival::TYPOLOGY.months_back,
    months_ahead: 1,
    accuses_source: true,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, score_near_cap, score_missing, new_days, own_tax_min, own_share_min, near_cap_min] =
        view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let value = Unexplained::of(view, period, own_tax_min)?;
    let share = value.share_bp();
    if share < own_share_min {
        return None;
    }
    // New is who was new when the month began, or became so in it: one more invoice makes nobody old.
    let registered = view.registered_within(period, new_days);
    let representative = view.representative_within(period, new_days);
    let vanished = view.has_vanished();
    if registered.is_none() && representative.is_none() && !vanished {
        return None;
    }
    // A firm that was silent before its representative changed is a shell that was bought.
    if registered.is_none() && representative.is_some() && dormant_revival::stands(view, period) {
        return None;
    }
    let (invoices, near_cap) = (value.invoices(), value.near_cap_bp());
    let score =
        score + if near_cap >= near_cap_min { score_near_cap } else { 0 } + if vanished { score_missing } else { 0 };
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
    Some(finding)
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
