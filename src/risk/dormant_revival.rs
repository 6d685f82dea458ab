//! A silent firm that changes hands and then issues what it never bought.

use super::finding::{COUNTERPARTIES_MAX, counted, day_zh, percent};
use super::unexplained::Unexplained;
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Fen, Period};
use crate::state::{Month, Side};

/// The most months of silence that are looked for.
const IDLE_MONTHS_MAX: i32 = 12;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "dormant_revival",
    name_zh: "借壳虚开",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Issuing,
    doc: "A firm that had issued nothing, or next to nothing, for months has changed its legal representative and now issues \
          much tax that no input explains: a shell that was bought for its age and its quota. Silence is counted from what \
          the journal has seen; of a firm older than the journal, which has been silent ever since, fewer months suffice, and stock from before the \
          journal, which a trading firm may have had, explains nothing. \
          Source of the pattern: the documented case of a firm dormant for a year that changed its representative and issued \
          hundreds of millions within two months. Looks alike and is honest: a seasonal seller, whose representative stays \
          and whose pool covers what it sells; one that declares the tax, and owes it; a firm that changed hands and took up real trade, with real input. Of a firm \
          that stands for this, source_burst does not say the same again.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("score_near_cap", Unit::Score, "Added where most invoices are near the cap."),
        Parameter::new("score_missing", Unit::Score, "Added where the firm has gone missing or abnormal."),
        Parameter::new("idle_months", Unit::Months, "Months of silence before the trade, at least."),
        Parameter::new(
            "idle_months_unseen",
            Unit::Months,
            "The same of a firm older than the journal that has been silent since its beginning.",
        ),
        Parameter::new("active_months", Unit::Months, "How many months after the silence it still counts as revived."),
        Parameter::new(
            "idle_amount_max_fen",
            Unit::Fen,
            "A month in which no more than this was issued, without tax, is silent all the same.",
        ),
        Parameter::new("change_days", Unit::Days, "How long before a month its representative may have changed."),
        Parameter::new("own_tax_min_fen", Unit::Fen, "Less unexplained tax than this in two months is no revival."),
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
        Parameter::new(
            "owned_min_bp",
            Unit::BasisPoints,
            "From this share of it on that its returns say is payable, a firm that is there owns up to it.",
        ),
    ],
    months_back: 2 * IDLE_MONTHS_MAX,
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
        idle_min,
        idle_unseen_min,
        active_max,
        idle_amount_max,
        change_days,
        own_tax_min,
        own_share_min,
        near_cap_min,
        owned_min,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    // Of hardly any firm has it changed.
    let changed = view.representative_within(period, change_days)?;
    let value = Unexplained::of_silent(view, period, own_tax_min)?;
    let share = value.share_bp();
    if share < own_share_min {
        return None;
    }
    if !value.is_held_back(view, period, owned_min) {
        return None;
    }
    let first = first_of_trade(view, period, active_max, Fen(idle_amount_max))?;
    let (idle, is_seen) = silence_before(view, first, Fen(idle_amount_max));
    let least = if is_seen { idle_min } else { idle_min.min(idle_unseen_min) };
    if idle < least {
        return None;
    }
    let (invoices, near_cap, vanished) = (value.invoices(), value.near_cap_bp(), view.has_vanished());
    let score =
        score + if near_cap >= near_cap_min { score_near_cap } else { 0 } + if vanished { score_missing } else { 0 };
    let (tax, unexplained, percent, changed_zh) =
        (value.issued.grouped(), value.own.grouped(), percent(share), day_zh(changed));
    let sentence = Sentence {
        zh: format!(
            "该户至少{idle}个月未开票，{changed_zh}更换法定代表人后，在两个月内（至{period}）开票{invoices}张、税额{tax}元，其中\
             {unexplained}元没有进项来源（{percent}%）{}；疑似借壳虚开，请立即核实新法定代表人、经营场所与货物，控制开票。",
            if vanished { "，现已失联或非正常" } else { "" },
        ),
        en: format!(
            "Silent for at least {}, with a new representative since {changed}, this firm issued {} with {tax} yuan of tax in \
             the two months to {period}; {unexplained} yuan of it ({percent} %) has no input behind it{}; see the new \
             representative and the premises now, and stop its issuing.",
            counted(idle, "month"),
            counted(invoices, "invoice"),
            if vanished { ", and the firm has since gone missing or abnormal" } else { "" },
        ),
    };
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    let days = period.start().days_since(changed.start()).max(0);
    Some(
        Finding::new(score, value.own, sentence)
            .number("idle_months", idle, least, "months", "before the trade")
            .number("days_since_new_representative", days, change_days, "days", "when the month began")
            .number("own_origin_tax", value.own.0, own_tax_min, "fen", "2 months")
            .number("own_origin_share", share, own_share_min, "bp", "2 months")
            .number("near_cap_share", near_cap, near_cap_min, "bp", "2 months")
            .with(buyers.into_iter().map(|(id, _)| id)),
    )
}

/// Whether the typology stands of a month.
pub(super) fn stands(view: &mut View<'_, '_>, period: Period) -> bool {
    check(view, &About::Period(period)).is_some()
}

/// The first month of the trade that a month is part of; `None` where it has gone on for longer than `active_max` months.
fn first_of_trade(view: &mut View<'_, '_>, period: Period, active_max: i64, idle_amount_max: Fen) -> Option<Period> {
    let mut first = period;
    for _ in 0..active_max {
        if is_idle(&view.month(first.minus(1)), idle_amount_max) {
            return Some(first);
        }
        first = first.minus(1);
    }
    None
}

/// How many months before one were silent, and whether the journal has seen the silence begin.
fn silence_before(view: &mut View<'_, '_>, first: Period, idle_amount_max: Fen) -> (i64, bool) {
    let known_from = view.known_from();
    for idle in 0..IDLE_MONTHS_MAX {
        let month = first.minus(idle + 1);
        if month < known_from {
            return (idle.into(), !view.is_older());
        }
        if !is_idle(&view.month(month), idle_amount_max) {
            return (idle.into(), true);
        }
    }
    (IDLE_MONTHS_MAX.into(), true)
}

fn is_idle(month: &Month, amount_max: Fen) -> bool {
    month.sold.amount - month.sold_void.amount <= amount_max
}
