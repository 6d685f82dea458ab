//! A firm that files nothing, or that nothing is due, while it issues invoices or asks for more of them.

use super::finding::counted;
use super::returns::{Return, not_evened_out};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen, Instant, Period, TaxpayerKind};
use crate::state::Month;

/// Months before its own that a finding may rest on: a year of returns.
const MONTHS_BACK: i32 = 12;
/// Months after its own in which sales may be declared late.
const MONTHS_AHEAD: i32 = 1;
/// Months over which tax that was not paid is held against input that may have covered it.
const CREDIT_MONTHS: i32 = 6;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "zero_declaration",
    name_zh: "零申报仍领票开票",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Returns,
    doc: "The return of a month in which the firm issued invoices says that nothing was sold (found at once); or the month \
          has passed and no return has come from a general taxpayer that used to file and still issues; or returns of \
          several months running say that nothing is payable while the firm's quota was raised. Zero filing three periods \
          running, or in a period with invoices, is a standing indicator of the tax bureaus. A return that comes late, or \
          corrects, withdraws it. Looks alike and is honest: invoices that were all voided or red-lettered; sales declared \
          with the month before or after; nothing payable because input of the months before covers it; a small-scale \
          taxpayer, who files by the quarter; a journal that has no returns at all, for a firm that never filed says \
          nothing there (score_never_filed).",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where nothing is declared and invoices were issued, 0 to 1000."),
        Parameter::new(
            "score_not_filed",
            Unit::Score,
            "Score where a return is missing from a firm that used to file.",
        ),
        Parameter::new("score_not_filed_again", Unit::Score, "Score where that is so for a second month running.")
            .not_below("score_not_filed"),
        Parameter::new(
            "score_never_filed",
            Unit::Score,
            "Score where the firm has never filed; 0 says nothing then, for where returns are no part of the input.",
        ),
        Parameter::new(
            "score_quota",
            Unit::Score,
            "Score where nothing is payable for months and the quota was raised.",
        ),
        Parameter::new("score_quota_due", Unit::Score, "The same where by invoices and deductions tax was due.")
            .not_below("score_quota"),
        Parameter::new(
            "tax_min_fen",
            Unit::Fen,
            "Less output tax on the invoices of a month than this is not looked at.",
        ),
        Parameter::new("periods_min", Unit::Months, "So many returns running say that nothing is payable, at least."),
    ],
    months_back: MONTHS_BACK,
    months_ahead: MONTHS_AHEAD,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, not_filed, again, never_filed, quota, quota_due, tax_min, periods_min] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let small_scale = view.is_small_scale(period);
    let matters = match view.read_month(period, |month| (month.declared.value, month.invoiced().tax)) {
        (Some([_, _, _, _, payable]), _) => payable == Fen::ZERO,
        (None, tax) => tax.0 >= tax_min && !small_scale && view.has_passed(period),
    };
    if !matters {
        return None;
    }
    let month = view.month(period);
    match Return::of(&month, small_scale) {
        Some(filed) if filed.is_of_nothing() && filed.undeclared().0 >= tax_min => {
            of_nothing(view, period, &filed, score, tax_min)
        }
        Some(_) => running(view, period, [quota, quota_due, tax_min, periods_min]),
        None => missing(view, period, &month, [not_filed, again, never_filed, tax_min]),
    }
}

/// Nothing is declared, and invoices were issued.
fn of_nothing(view: &mut View<'_, '_>, period: Period, filed: &Return, score: i64, tax_min: i64) -> Option<Finding> {
    let around: Vec<Return> =
        [-1, 1, 2].into_iter().filter_map(|months: i32| view.filed(period.minus(months))).collect();
    let undeclared = not_evened_out(filed.undeclared(), &around, Return::undeclared);
    if undeclared.0 < tax_min {
        return None;
    }
    let (invoices, sales, tax) = (filed.invoiced.count, filed.invoiced.amount.grouped(), undeclared.grouped());
    let sentence = Sentence {
        zh: format!(
            "{period}申报销售额为零，而当月开票{invoices}张、金额{sales}元、税额{tax}元；请责令更正申报并暂停领票。"
        ),
        en: format!(
            "The return for {period} declares no sales, but {} of {sales} yuan with {tax} yuan of tax were issued in it; \
             have it corrected, and give out no more invoices meanwhile.",
            counted(invoices, "invoice")
        ),
    };
    Some(
        Finding::new(score, undeclared, sentence)
            .number("declared_sales", filed.sales.0, 0, "fen", "month")
            .number("undeclared_output_tax", undeclared.0, tax_min, "fen", "month and those around it")
            .number("invoices_issued", filed.invoiced.count.into(), 1, "invoices", "month"),
    )
}

/// The month has passed, and no return of it is here.
fn missing(
    view: &mut View<'_, '_>,
    period: Period,
    month: &Month,
    [not_filed, again, never_filed, tax_min]: [i64; 4],
) -> Option<Finding> {
    let returns = (1..=MONTHS_BACK).filter(|months| view.filed(period.minus(*months)).is_some()).count();
    let before = period.minus(1);
    let missed_before = returns > 0
        && !view.is_small_scale(before)
        && view.month_if(before, |month| month.declared.value.is_none() && month.invoiced().tax.0 >= tax_min).is_some();
    let score = match (returns, missed_before) {
        (0, _) => never_filed,
        (_, false) => not_filed,
        (_, true) => again,
    };
    if score == 0 {
        return None;
    }
    let invoiced = month.invoiced();
    let (sales, tax) = (invoiced.amount.grouped(), invoiced.tax.grouped());
    let since_zh = if missed_before { "及上月均" } else { "" };
    let since_en = if missed_before { ", as for the month before," } else { "" };
    let sentence = Sentence {
        zh: format!(
            "{period}{since_zh}未见申报，而当月开票{}张、金额{sales}元、税额{tax}元；请催报催缴并控制领票。",
            invoiced.count
        ),
        en: format!(
            "No return for {period} has come{since_en} though {} of {sales} yuan with {tax} yuan of tax were issued in it; \
             demand the return, and limit what it may issue.",
            counted(invoiced.count, "invoice")
        ),
    };
    let months = 1 + i64::from(missed_before);
    Some(
        Finding::new(score, invoiced.tax, sentence)
            .number("months_without_return", months, 1, "months", "2 months")
            .number("invoiced_output_tax", invoiced.tax.0, tax_min, "fen", "month")
            .number("returns_filed_before", i64::try_from(returns).unwrap_or(0), 0, "months", "12 months"),
    )
}

/// Nothing was payable for months, and the quota was raised.
fn running(
    view: &mut View<'_, '_>,
    period: Period,
    [quota, quota_due, tax_min, periods_min]: [i64; 4],
) -> Option<Finding> {
    let first = period.minus(i32::try_from(periods_min.clamp(1, 12) - 1).unwrap_or(0));
    let raised = raised_within(view, first.start(), period.minus(-MONTHS_AHEAD - 1).start())?;
    let filed: Vec<Return> = (first.0..=period.0).filter_map(|month| view.filed(Period(month))).collect();
    let running = i64::try_from(filed.len()).unwrap_or(0);
    if running < periods_min || !filed.iter().all(|filed| filed.payable == Fen::ZERO) {
        return None;
    }
    let sales: Fen = filed.iter().map(|filed| filed.sales).sum();
    let mut due = Fen::ZERO;
    for months in 0..CREDIT_MONTHS {
        let month = view.month(period.minus(months));
        due += month.invoiced().tax - month.claimed();
    }
    let is_due = due.0 >= tax_min && view.profile.kind.latest() != Some(TaxpayerKind::SmallScale);
    if sales > Fen::ZERO && !is_due {
        return None; // input covers it
    }
    let (before, now) = raised;
    let (before, after) = (before.grouped(), now.grouped());
    let (due_zh, due_en) = if is_due {
        (
            format!("，而近{CREDIT_MONTHS}个月开票税额超过抵扣{}元", due.grouped()),
            format!(", though over {CREDIT_MONTHS} months output tax exceeds deductions by {} yuan", due.grouped()),
        )
    } else {
        (String::new(), String::new())
    };
    let sentence = Sentence {
        zh: format!(
            "截至{period}连续{running}期应纳税额为零{due_zh}，其间月度可开票额度由{before}元增至{after}元；请核实增量需求与申报真实性。"
        ),
        en: format!(
            "{running} returns running to {period} say that nothing is payable{due_en}, and meanwhile what it may issue a \
             month rose from {before} to {after} yuan; check why it needs more, and whether its returns are true."
        ),
    };
    let finding = Finding::new(if is_due { quota_due } else { quota }, due.max(Fen::ZERO), sentence)
        .number("zero_payable_returns", running, periods_min, "months", "running")
        .number("monthly_quota", now.0, raised.0.0, "fen", "the same months and one after");
    Some(if is_due { finding.number("output_over_deductions", due.0, tax_min, "fen", "6 months") } else { finding })
}

/// What the firm may issue a month, before and after it was raised within a time; `None` where it was not.
fn raised_within(view: &View<'_, '_>, from: Instant, to: Instant) -> Option<(Fen, Fen)> {
    let amount = |at| {
        let quota = view.profile.quota.by(at)?;
        Some(Fen(quota.max_amount.0.saturating_mul(quota.monthly_count.into())))
    };
    let (before, now) = (amount(from)?, amount(to)?);
    (now > before).then_some((before, now))
}
