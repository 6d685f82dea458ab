//! Invoices that were used by their buyers and red-lettered months later.

use super::finding::{COUNTERPARTIES_MAX, counted, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};
use crate::state::{Month, Side, Taken};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "red_abuse",
    name_zh: "红冲异常",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Revoking,
    doc: "Of the invoices a firm issued in a month, several were red-lettered in later months though their buyers had deducted \
          them, and the deductions stand: the issuer's output tax is gone, and the buyers' input tax is not. Or much of the \
          month was red-lettered later, far more than is usual with this firm. A buyer that has deducted transfers the tax \
          out when the red letter is issued (Announcement 11 of 2024); what it keeps it tells the issuer, and takes back \
          when it reverses. Looks alike and is honest: returns, red-lettered in part or whole within the month, or later \
          with the buyer transferring the tax out. Real firms red-letter 1 % of their invoices in the median, one in twenty \
          of them 6 %.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where much of the month was red-lettered later, 0 to 1000."),
        Parameter::new("score_claimed", Unit::Score, "Score where invoices were red-lettered after their deduction."),
        Parameter::new("claimed_invoices_min", Unit::Invoices, "Invoices of which deductions stand, at least."),
        Parameter::new("claimed_tax_min_fen", Unit::Fen, "Tax red-lettered that stays deducted, at least."),
        Parameter::new(
            "claimed_share_min_bp",
            Unit::BasisPoints,
            "The same over the tax issued in the month, at least, in basis points.",
        ),
        Parameter::new("reds_min", Unit::Invoices, "Red letters of later months, at least."),
        Parameter::new("red_tax_min_fen", Unit::Fen, "Their tax, at least."),
        Parameter::new(
            "red_share_min_bp",
            Unit::BasisPoints,
            "Their tax over the tax issued in the month, at least, in basis points.",
        ),
        Parameter::new("past_months", Unit::Months, "Months before it that the month is compared with."),
        Parameter::new(
            "red_rise_min_bp",
            Unit::BasisPoints,
            "By how much that share is more than in the months before, at least, in basis points.",
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
        claimed_share_min,
        reds_min,
        red_tax_min,
        red_share_min,
        past_months,
        rise_min,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let month = view.month_if(period, |month| month.ways.red_later.count > 0)?;
    let (reds, issued) = (month.ways.red_later, issued(&month));
    // What buyers keep is no matter of one month: it is added up with that of the months before.
    let past = view.past(period, past_months);
    let several = || std::iter::once(&month).chain(past.iter().map(|(_, month)| month));
    let claimed = several().map(|month| month.ways.red_claimed).fold(Taken::default(), Taken::plus);
    let claimed = if month.ways.red_claimed.count > 0 { claimed } else { Taken::default() };
    let claimed_share = claimed.tax.ratio_bp(several().map(self::issued).sum());
    let is_claimed = i64::from(claimed.count) >= claimed_min
        && claimed.tax.0 >= claimed_tax_min
        && claimed_share >= claimed_share_min;
    let share = reds.tax.ratio_bp(issued);
    let is_much = i64::from(reds.count) >= reds_min && reds.tax.0 >= red_tax_min && share >= red_share_min;
    if !is_claimed && !is_much {
        return None;
    }
    let issued_before: Fen = past.iter().map(|(_, month)| self::issued(month)).sum();
    let red_before: Fen = past.iter().map(|(_, month)| month.ways.red_later.tax).sum();
    // Of a firm that has issued nothing yet nothing is usual, unless it is younger than the journal.
    let usual = if issued_before > Fen::ZERO {
        Some(red_before.ratio_bp(issued_before))
    } else {
        (!view.is_older()).then_some(0)
    };
    let rise = usual.map(|usual| share - usual).filter(|rise| is_much && *rise >= rise_min);
    if !is_claimed && rise.is_none() {
        return None;
    }
    let (count, tax, share_text) = (reds.count, reds.tax.grouped(), percent(share));
    let mut zh = vec![format!("{period}所开发票有{count}张红字在以后月份开具，涉及税额{tax}元（{share_text}%）")];
    let mut en = vec![format!(
        "Of the invoices of {period}, {tax} yuan of tax ({share_text} %) was taken back by {} of later months",
        counted(count, "red letter")
    )];
    let (score, stake) = if is_claimed { (score_claimed, claimed.tax) } else { (score, reds.tax) };
    let mut finding = Finding::new(score, stake, Sentence::default());
    if is_claimed {
        let (count, tax) = (claimed.count, claimed.tax.grouped());
        zh.push(format!("；连同此前{past_months}个月，{count}张红冲前购方已抵扣且未转出，税额{tax}元"));
        en.push(format!(
            "; with the {past_months} months before, {tax} yuan on {} that the buyers had deducted and keep",
            counted(count, "invoice")
        ));
        finding = finding
            .number("red_after_deduction", count.into(), claimed_min, "invoices", "invoices of these months")
            .number("tax_kept_of_red", claimed.tax.0, claimed_tax_min, "fen", "invoices of these months")
            .number("tax_kept_share", claimed_share, claimed_share_min, "bp", "invoices of the month");
    }
    if let Some(rise) = rise {
        let usual_text = percent(share - rise);
        zh.push(format!("，此前为{usual_text}%"));
        en.push(format!("; before that it was {usual_text} %"));
        finding = finding
            .number("red_later_tax", reds.tax.0, red_tax_min, "fen", "invoices of the month")
            .number("red_later_share", share, red_share_min, "bp", "invoices of the month")
            .number("red_later_share_rise", rise, rise_min, "bp", "month over own past");
    }
    zh.push("；请核实退货与红冲原因，并通知购方主管机关督促转出。".into());
    en.push("; check the returns, and have the buyers transfer the tax out.".into());
    finding.sentence = Sentence { zh: zh.concat(), en: en.concat() };
    let buyers = view.partners(Side::Sold, COUNTERPARTIES_MAX);
    Some(finding.with(buyers.into_iter().map(|(id, _)| id)))
}

/// Tax of a month's invoices that stands, and what was taken back of it in later months.
fn issued(month: &Month) -> Fen {
    month.sold_standing + month.ways.red_later.tax
}
