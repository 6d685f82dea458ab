//! A deduction of an invoice that was void already.

use super::finding::day_zh;
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "deduct_after_void",
    name_zh: "作废发票抵扣",
    since: "0.1.0",
    subject: Subject::Invoice,
    also: None,
    matter: Matter::Claims,
    doc: "An invoice is deducted at or after the time its issuer voided it: a void invoice carries no deductible tax. \
          Times compared are those of the events, not of their arrival, so a late void does not accuse a deduction \
          that came before it (that is void_abuse, of the issuer). Withdrawn when the deduction is reversed.",
    parameters: &[Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000.")],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score] = view.parameters(&TYPOLOGY)?;
    let About::Invoice { seller_id, invoice_no } = *about else { return None };
    let voided_at = view.held(seller_id, invoice_no)?.voided_at?;
    let standing = view.standing(seller_id, invoice_no).claims;
    let after: Vec<_> = standing.iter().filter(|claim| claim.at >= voided_at).collect();
    let last = after.last()?;
    let stake: Fen = after.iter().map(|claim| claim.tax).sum();
    let (tax, period, voided_on) = (stake.grouped(), last.period, voided_at.date());
    let voided_on_zh = day_zh(voided_on);
    let sentence = Sentence {
        zh: format!(
            "发票{invoice_no}已于{voided_on_zh}作废，仍在{period}抵扣税额{tax}元；请责令转出并核实开票方{seller_id}。"
        ),
        en: format!(
            "Invoice {invoice_no} was voided on {voided_on} and still deducted for {period}: {tax} yuan of tax; have it \
             transferred out and check the issuer {seller_id}."
        ),
    };
    let count = i64::try_from(after.len()).unwrap_or(i64::MAX);
    Some(
        Finding::new(score, stake, sentence)
            .number("deductions_after_void", count, 0, "deductions", "life of the invoice")
            .number("tax_deducted_after_void", stake.0, 0, "fen", "life of the invoice")
            .with([seller_id]),
    )
}
