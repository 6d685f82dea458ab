//! The same invoice, deducted twice.

use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "double_deduction",
    name_zh: "重复抵扣",
    since: "0.1.0",
    subject: Subject::Invoice,
    also: None,
    matter: Matter::Claims,
    doc: "The same invoice is deducted again while an earlier deduction of it stands. The tax on an invoice may be \
          deducted once (Provisional Regulations on VAT, article 8); whoever transferred the first deduction out may \
          deduct again. Stands while two or more deductions of the invoice stand, whatever their periods, and are \
          together more than its tax; withdrawn when so much is reversed. Looks alike and is honest: deduct, reverse in \
          whole or in part, deduct again.",
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
    if seller_id.is_empty() && view.sellers_of(invoice_no).len() == 1 {
        return None; // the claims are those of the one invoice there is, and judged with it
    }
    let standing = view.standing(seller_id, invoice_no).claims;
    let [first, again @ ..] = standing.as_slice() else { return None };
    let last = again.last()?;
    let again: Fen = again.iter().map(|claim| claim.tax).sum();
    // In parts, an invoice may be deducted as often as there is tax on it.
    let arrived = view.held(seller_id, invoice_no).and_then(|held| held.arrived);
    let stake = arrived.map_or(again, |arrived| again.min(first.tax + again - arrived.tax));
    if stake <= Fen::ZERO {
        return None;
    }
    let (tax, earlier, later) = (stake.grouped(), first.period, last.period);
    let sentence = Sentence {
        zh: format!("发票{invoice_no}已在{earlier}抵扣，又在{later}重复抵扣，多抵税额{tax}元；请核实并责令转出。"),
        en: format!(
            "Invoice {invoice_no} was deducted for {earlier} and again for {later}: {tax} yuan of tax too much; verify, \
             and have it transferred out."
        ),
    };
    let count = i64::try_from(standing.len()).unwrap_or(i64::MAX);
    Some(
        Finding::new(score, stake, sentence)
            .number("standing_deductions", count, 1, "deductions", "life of the invoice")
            .number("tax_deducted_again", stake.0, 0, "fen", "life of the invoice")
            .with((!seller_id.is_empty()).then_some(seller_id)),
    )
}
