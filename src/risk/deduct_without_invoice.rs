//! A deduction whose invoice nobody issued, or could be any of several.

use super::finding::counted;
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen, InvoiceNo, Period, TaxpayerId};
use crate::state::standing;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "deduct_without_invoice",
    name_zh: "无票抵扣",
    since: "0.1.0",
    subject: Subject::Invoice,
    also: None,
    matter: Matter::Claims,
    doc: "A deduction has waited its grace period (limits.grace_days) and no invoice of that number has arrived at \
          this buyer; or the deduction names no seller and several invoices of that number have arrived, so that it \
          cannot be said which is meant. Withdrawn when the invoice arrives, however late, or the deduction is \
          reversed. Looks alike and is honest: the deduction's event arrives before its invoice's; it names another seller than the \
          one that issued this number to the buyer, as after a change of identifier, and the invoice is not claimed otherwise \
          (score_misnamed); and the invoice was issued \
          before the journal began, as one that is deducted in its first months may have been, or one whose number \
          says so: of the 20 digits of a fully digital invoice the first two are those of its year (Announcement 11 of 2024). \
          These are told as guidance.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("score_misnamed", Unit::Score, "Score where another seller issued that number, 0 to 1000."),
        Parameter::new("score_ambiguous", Unit::Score, "Score where several invoices could be meant, 0 to 1000."),
        Parameter::new(
            "score_opening",
            Unit::Score,
            "Score where the invoice may be from before the journal, 0 to 1000.",
        ),
    ],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, score_misnamed, score_ambiguous, score_opening] = view.parameters(&TYPOLOGY)?;
    let About::Invoice { seller_id, invoice_no } = *about else { return None };
    let held = view.held(seller_id, invoice_no).filter(|held| held.arrived.is_none())?.clone();
    let days = view.limits().grace_days;
    let standing = standing(held.claims);
    let overdue = standing.first().is_some_and(|oldest| oldest.at.plus_days(days) <= held.waited_until);
    let last = standing.last()?;
    let stake: Fen = standing.iter().map(|claim| claim.tax).sum();
    let (tax, period) = (stake.grouped(), last.period);
    let others = view.sellers_of(invoice_no);
    if let (false, true, [other]) = (seller_id.is_empty(), overdue, others.as_slice())
        && view.standing(*other, invoice_no).claims.is_empty()
    {
        return Some(misnamed(period, invoice_no, stake, [seller_id, *other], score_misnamed));
    }
    let sellers = if seller_id.is_empty() { others } else { Vec::new() };
    let count = i64::try_from(sellers.len()).unwrap_or(i64::MAX);
    match sellers.len() {
        0 if overdue => {
            let is_earlier = view.may_be_before_journal(invoice_no, last.at.period());
            let score = if is_earlier { score_opening } else { score };
            let sentence = Sentence {
                zh: format!(
                    "{period}抵扣了发票{invoice_no}的税额{tax}元，但{days}天内未见该发票开具；请核实其真伪并责令转出。"
                ),
                en: format!(
                    "{tax} yuan of tax on invoice {invoice_no} was deducted for {period}, but no such invoice has been \
                     issued to this buyer within {}; verify it, and have the tax transferred out.",
                    counted(days, "day")
                ),
            };
            Some(
                Finding::new(score, stake, sentence)
                    .number("invoices_found", 0, 1, "invoices", "grace period")
                    .number("tax_deducted", stake.0, 0, "fen", "life of the invoice")
                    .with((!seller_id.is_empty()).then_some(seller_id)),
            )
        }
        0 | 1 => None,
        _ => {
            let sentence = Sentence {
                zh: format!(
                    "{period}抵扣发票{invoice_no}的税额{tax}元时未注明销方，而有多张同号发票；请核实所抵扣的是哪一张。"
                ),
                en: format!(
                    "The deduction of {tax} yuan on invoice {invoice_no} for {period} names no seller, and several \
                     sellers issued that number to this buyer; find out which is meant."
                ),
            };
            Some(
                Finding::new(score_ambiguous, stake, sentence)
                    .number("invoices_found", count, 1, "invoices", "life of the invoice")
                    .with(sellers),
            )
        }
    }
}

/// A deduction in the name of one seller, of an invoice of another.
fn misnamed(period: Period, invoice_no: InvoiceNo, stake: Fen, [named, other]: [TaxpayerId; 2], score: i64) -> Finding {
    let tax = stake.grouped();
    let sentence = Sentence {
        zh: format!(
            "{period}抵扣发票{invoice_no}的税额{tax}元时注明的销方为{named}，而向该户开具该号发票的是{other}；请核实并更正。"
        ),
        en: format!(
            "The deduction of {tax} yuan on invoice {invoice_no} for {period} names the seller {named}, but it was {other} that \
             issued that number to this buyer; find out which is right, and have it corrected."
        ),
    };
    Finding::new(score, stake, sentence).number("invoices_found", 0, 1, "invoices", "grace period").with([named, other])
}
