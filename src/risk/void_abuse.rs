//! Invoices that were used by their buyers and then voided, or voided as if that were the purpose.

use super::finding::{COUNTERPARTIES_MAX, counted, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::About;
use crate::state::{Month, Side, Taken};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "void_abuse",
    name_zh: "作废异常",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Revoking,
    doc: "Of the invoices a firm issued in a month and those before it, several were voided though their buyers had deducted them already and \
          keep the deductions: the issuer's output tax is gone, and the tax goes on being deducted. Or most of the month's \
          invoices were voided, far more than is usual with this firm. An invoice may be voided in the month of issue and \
          before anybody has used it (Provisions on the use of special VAT invoices, articles 13 and 20); fully digital ones \
          are red-lettered. What buyers had deducted they tell the issuer, and take back when they reverse it. Looks alike \
          and is honest: mistakes that are voided at once. Real firms void 9 % in the median, one in twenty of them a third, \
          so that a high rate alone is no finding: a deduction after the void is the buyer's (deduct_after_void).",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where most of the month was voided, 0 to 1000."),
        Parameter::new("score_claimed", Unit::Score, "Score where invoices were voided after their deduction."),
        Parameter::new("claimed_invoices_min", Unit::Invoices, "Invoices voided after their deduction, at least."),
        Parameter::new("claimed_tax_min_fen", Unit::Fen, "Their tax that stays deducted, at least."),
        Parameter::new("invoices_min", Unit::Invoices, "Of fewer invoices in the month no rate is taken."),
        Parameter::new("void_min_bp", Unit::BasisPoints, "Share of invoices voided, at least, in basis points."),
        Parameter::new("void_tax_min_fen", Unit::Fen, "Their tax, at least."),
        Parameter::new("past_months", Unit::Months, "Months before it that the month is compared with."),
        Parameter::new(
            "void_rise_min_bp",
            Unit::BasisPoints,
            "By how much the share is more than in the months before, at least, in basis points.",
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
        score_claimed,
        claimed_min,
        claimed_tax_min,
        invoices_min,
        void_min,
        void_tax_min,
        past_months,
        rise_min,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let month = view.month_if(period, |month| month.sold_void.count > 0)?;
    // What buyers keep is no matter of one month: it is added up with that of the months before.
    let past = view.past(period, past_months);
    let several = || std::iter::once(&month).chain(past.iter().map(|(_, month)| month));
    let claimed = several().map(|month| month.ways.void_claimed).fold(Taken::default(), Taken::plus);
    let claimed = if month.ways.void_claimed.count > 0 { claimed } else { Taken::default() };
    let is_claimed = i64::from(claimed.count) >= claimed_min && claimed.tax.0 >= claimed_tax_min;
    let (invoices, voided, void_tax) = (issued(&month), i64::from(month.sold_void.count), month.sold_void.tax);
    let share = void_bp(voided, invoices);
    let is_much = invoices >= invoices_min && share >= void_min && void_tax.0 >= void_tax_min;
    if !is_claimed && !is_much {
        return None;
    }
    let before: i64 = past.iter().map(|(_, month)| issued(month)).sum();
    let voided_before: i64 = past.iter().map(|(_, month)| i64::from(month.sold_void.count)).sum();
    // Of a firm that has hardly issued yet nothing is usual, unless it is known to have issued nothing.
    let usual =
        if before >= invoices_min { Some(void_bp(voided_before, before)) } else { (!view.is_older()).then_some(0) };
    let rise = usual.map(|usual| share - usual).filter(|rise| is_much && *rise >= rise_min);
    if !is_claimed && rise.is_none() {
        return None;
    }
    let mut zh = vec![format!("{period}开票{invoices}张，作废{voided}张")];
    let mut en = vec![format!("In {period}, {voided} of {} were voided", counted(invoices, "invoice"))];
    let (score, stake) = if is_claimed { (score_claimed, claimed.tax) } else { (score, void_tax) };
    let mut finding = Finding::new(score, stake, Sentence::default());
    if is_claimed {
        let (count, tax) = (claimed.count, claimed.tax.grouped());
        zh.push(format!("；连同此前{past_months}个月，{count}张作废前购方已抵扣且未转出，涉及税额{tax}元"));
        en.push(format!(
            "; with the {past_months} months before, {count} after their buyers had deducted {tax} yuan of tax, which still \
             stands"
        ));
        finding = finding.number("voided_after_deduction", count.into(), claimed_min, "invoices", "7 months").number(
            "tax_kept_of_voided",
            claimed.tax.0,
            claimed_tax_min,
            "fen",
            "7 months",
        );
    }
    if let Some(rise) = rise {
        let (share_text, usual_text, tax) = (percent(share), percent(share - rise), void_tax.grouped());
        zh.push(format!("，作废率{share_text}%（此前{usual_text}%），涉及税额{tax}元"));
        en.push(format!("; that is {share_text} %, before it was {usual_text} %, and {tax} yuan of tax"));
        finding = finding
            .number("void_share", share, void_min, "bp", "month")
            .number("void_tax", void_tax.0, void_tax_min, "fen", "month")
            .number("void_share_rise", rise, rise_min, "bp", "month over own past");
    }
    zh.push("；请核实作废原因，并通知购方主管机关核查抵扣。".into());
    en.push("; find out why, and have the buyers' deductions checked.".into());
    finding.sentence = Sentence { zh: zh.concat(), en: en.concat() };
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    Some(finding.with(buyers.into_iter().map(|(id, _)| id)))
}

/// Invoices of a month without red letters, void or not.
fn issued(month: &Month) -> i64 {
    i64::from(month.sold.count) - i64::from(month.sold_red.count)
}

fn void_bp(voided: i64, issued: i64) -> i64 {
    (voided * 10_000 / issued.max(1)).min(10_000)
}
