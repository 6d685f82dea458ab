//! Abnormal vouchers that the taxpayer deducted or holds, and the law by which its own invoices become abnormal in turn.

use super::finding::{counted, percent};
use super::{Finding, Matter, Parameter, RuleSet, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, CreditGrade, Fen, Instant};
use crate::state::AbnormalMonth;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "abnormal_voucher",
    name_zh: "接受异常凭证",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Origin,
    doc: "Special invoices that are abnormal vouchers (Announcement 38 of 2019) are deducted by the taxpayer for this \
          month, and the tax stands; or it holds such invoices of this month and never claimed them. One finding for \
          each month, with the sellers of the most tax. Abnormal is what the authority marked, until it lifts the mark; \
          and all special invoices that a general taxpayer issued in a month for which abnormal tax makes up at least \
          abnormal_share_min_bp of the special-invoice tax it deducted, and more than abnormal_tax_over_fen: what is \
          not deducted, or transferred out again, does not count, a void invoice is none, and what rests only on itself \
          round a cycle does not stand. A mark that is lifted takes back the mark and what rested on it; an invoice \
          that is also abnormal in turn stays so. Withdrawn when the tax is transferred out, a mark lifted, an invoice \
          voided, here or further up. Looks alike and is honest: whoever bought from a firm that vanished later, below \
          the two numbers, is to transfer the tax out and is asked no more; whoever has done so in time is not named; \
          and a firm of grade A, which may ask for verification within ten working days (verify_days; assumed), is not \
          named before they are over, unless its own invoices are abnormal in turn.",
    parameters: &[
        Parameter::new("score_held", Unit::Score, "Score for who only holds such invoices, 0 to 1000."),
        Parameter::new("score", Unit::Score, "Score for who deducted them, below the two numbers, 0 to 1000.")
            .not_below("score_held"),
        Parameter::new("score_in_turn", Unit::Score, "Score for whose own invoices are abnormal in turn, 0 to 1000.")
            .not_below("score"),
        Parameter::new(
            "abnormal_tax_over_fen",
            Unit::Fen,
            "More abnormal tax than this must be deducted for a month, for its own invoices to be abnormal in turn.",
        ),
        Parameter::new(
            "abnormal_share_min_bp",
            Unit::BasisPoints,
            "And it must be so much of all special-invoice tax deducted for the month, at least, in basis points.",
        ),
        Parameter::new("verify_days", Unit::Days, "How long a firm of grade A may ask for verification."),
    ],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

/// The two numbers of the law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagation {
    tax_over: Fen,
    share_min_bp: i64,
}

impl Propagation {
    /// Whether so much abnormal tax of so much special-invoice tax makes a month propagate.
    pub fn holds(self, abnormal: Fen, whole: Fen) -> bool {
        let share = i128::from(abnormal.0) * 10_000 >= i128::from(whole.0) * i128::from(self.share_min_bp);
        abnormal > self.tax_over && share
    }
}

/// The law in force; `None` where the rule set does not know of abnormal vouchers.
pub fn propagation(rules: &RuleSet) -> Option<Propagation> {
    let [_, _, _, tax_over, share_min_bp, _] = rules.parameters(&TYPOLOGY)?;
    Some(Propagation { tax_over: Fen(tax_over), share_min_bp })
}

/// When a firm that may ask for verification of what it deducted has had time for it.
pub fn verified_by(rules: &RuleSet, since: Instant) -> Option<Instant> {
    let [.., verify_days] = rules.parameters::<6>(&TYPOLOGY)?;
    Some(since.plus_days(verify_days))
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score_held, score, score_in_turn, tax_over, share_min, verify_days] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let month = view.abnormal(period)?;
    if !view.is_general(period.last()) {
        return None;
    }
    let AbnormalMonth { deducted, invoices, unclaimed, unclaimed_invoices, .. } = month;
    let in_turn = month.rank > 0;
    let is_grade_a = view.profile.credit_grade.value == Some(CreditGrade::A);
    let may_ask = is_grade_a && !view.has_come(month.since.plus_days(verify_days));
    if invoices == 0 || may_ask && !in_turn {
        return (unclaimed_invoices > 0).then(|| {
            let (tax, count) = (unclaimed.grouped(), i64::from(unclaimed_invoices));
            let sentence = Sentence {
                zh: format!("该户持有{period}开具的异常凭证{count}份，税额{tax}元，尚未抵扣；请告知其不得抵扣。"),
                en: format!(
                    "The firm holds {} of {period} with {tax} yuan of tax that it has not claimed; tell it not to \
                     deduct it.",
                    counted(count, "abnormal voucher")
                ),
            };
            Finding::new(score_held, unclaimed, sentence).number(
                "abnormal_tax_unclaimed",
                unclaimed.0,
                0,
                "fen",
                "month of issue",
            )
        });
    }
    let whole = view.month(period).special_deducted;
    let share = deducted.ratio_bp(whole);
    let (tax, count, part) = (deducted.grouped(), i64::from(invoices), percent(share));
    let (all, over, least) = (whole.grouped(), Fen(tax_over).grouped(), percent(share_min));
    let sentence = if in_turn {
        Sentence {
            zh: format!(
                "该户{period}抵扣的专用发票税额{all}元中，有{tax}元（占{part}%）来自{count}份异常凭证，超过{over}元且不低于{least}%，\
                 当月开具的专用发票一并列为异常凭证；请责令转出，并核查其受票方。"
            ),
            en: format!(
                "Of {all} yuan of special-invoice tax deducted for {period}, {tax} ({part} %) is on {}, which is over \
                 {over} and at least {least} %: the special invoices that the firm issued in that month are abnormal in \
                 turn; have the tax transferred out, and look at who bought.",
                counted(count, "abnormal voucher")
            ),
        }
    } else {
        Sentence {
            zh: format!(
                "该户{period}抵扣了{count}份异常凭证的税额{tax}元（占当月专用发票抵扣税额的{part}%）；请责令转出。"
            ),
            en: format!(
                "{tax} yuan of tax on {} is deducted for {period}, {part} % of the month's special-invoice tax; have it \
                 transferred out.",
                counted(count, "abnormal voucher")
            ),
        }
    };
    let (score, limit) = if in_turn { (score_in_turn, tax_over) } else { (score, 0) };
    let sellers = view.abnormal_sellers(period);
    let mut finding =
        Finding::new(score, deducted, sentence).number("abnormal_tax_deducted", deducted.0, limit, "fen", "month");
    if in_turn {
        finding = finding.number("abnormal_share", share, share_min, "bp", "month");
    }
    if unclaimed_invoices > 0 {
        finding = finding.number("abnormal_tax_unclaimed", unclaimed.0, 0, "fen", "month of issue");
    }
    Some(finding.with(sellers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_numbers_of_the_law_are_taken_exactly() {
        let law = Propagation { tax_over: Fen(5_000_000), share_min_bp: 7_000 };
        let holds = |abnormal, whole| law.holds(Fen(abnormal), Fen(whole));
        assert!(!holds(5_000_000, 5_000_000), "50,000 yuan is not more than 50,000 yuan");
        assert!(holds(5_000_001, 5_000_001));
        assert!(holds(7_000_000, 10_000_000), "70 % is 70 % or more");
        assert!(!holds(6_999_999, 9_999_999), "a fen less than 70 % is less");
        assert!(holds(i64::MAX / 2, i64::MAX / 2));
    }
}
