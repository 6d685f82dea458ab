//! Deducted tax whose value came from a suspected source.

use super::finding::counted;
use super::{Finding, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen, TaxpayerId};
use crate::state::Side;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "false_deduction",
    name_zh: "虚抵",
    since: "0.1.0",
    subject: Subject::Origin,
    doc: "The taxpayer deducted tax whose value entered the chain at a source that is suspected of issuing falsely, \
          directly or through washers. Known at once when the suspicion was there before the deduction; otherwise when \
          it reaches the taxpayer along recorded provenance. Withdrawn when the suspicion is lifted, or the deductions \
          are reversed below the limit. Of tax that came both ways, what was bought from the source itself counts as \
          deducted first. Looks alike and is honest: a buyer with a little of the value in what a large \
          supplier sold it.",
    parameters: &[
        Parameter::new("score_direct", Unit::Score, "Score for who bought from the source itself, 0 to 1000.")
            .not_below("score"),
        Parameter::new("score_indirect", Unit::Score, "Score for who is further down the chain, 0 to 1000.")
            .not_below("score"),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax of the origin deducted than this is not reported."),
        Parameter::new("score", Unit::Score, "Least score, where the limit is only just passed."),
        Parameter::new(
            "tax_full_fen",
            Unit::Fen,
            "From this much tax on the full score counts; in between it rises evenly.",
        )
        .not_below("tax_min_fen"),
    ],
    months_back: 0,
    months_ahead: 0,
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [direct, indirect, tax_min, least, tax_full] = view.parameters(&TYPOLOGY)?;
    let About::Origin(origin) = *about else { return None };
    let value = view.tainted(origin);
    let deducted = value.deducted;
    if value.names == 0 || deducted.0 < tax_min || origin == view.taxpayer() {
        return None;
    }
    let full = if value.hops <= 1 { direct } else { indirect };
    let risen = i128::from((deducted.0 - tax_min).min((tax_full - tax_min).max(0)));
    let span = i128::from((tax_full - tax_min).max(1));
    let score = least + i64::try_from(i128::from((full - least).max(0)) * risen / span).unwrap_or(0);
    let via = value.via;
    let bought = view.partner(Side::Bought, origin).map_or(Fen::ZERO, |partner| partner.totals.tax);
    let sentence = sentence(deducted, bought.max(Fen::ZERO), origin, value.hops, via);
    let mut finding = Finding::new(score, deducted, sentence)
        .number("tainted_tax_deducted", deducted.0, tax_min, "fen", "whole journal")
        .number("tainted_tax_taken", value.taken.0, 0, "fen", "whole journal")
        .number(
            "hops_from_source",
            i64::from(value.hops),
            i64::from(view.limits().taint_hops_max),
            "invoices",
            "shortest path",
        )
        .with(if via == origin { vec![origin] } else { vec![origin, via] });
    finding.case_id = Some(value.case_id);
    Some(finding)
}

/// `bought` is the tax of what was bought from the origin itself.
fn sentence(deducted: Fen, bought: Fen, origin: TaxpayerId, hops: u8, via: TaxpayerId) -> Sentence {
    let tax = deducted.grouped();
    let (way_zh, way_en) = way(deducted, bought, origin, hops, via);
    Sentence {
        zh: format!("该户已抵扣税额{tax}元源自涉嫌虚开的源头{origin}（{way_zh}）；请核实交易真实性，必要时责令转出。"),
        en: format!(
            "{tax} yuan of the tax deducted here came from the suspected source {origin}, {way_en}; verify the trade and \
             have the tax transferred out if it is not real."
        ),
    }
}

/// By which way the tax came, in Chinese and in English: as far as it can be, directly.
fn way(deducted: Fen, bought: Fen, origin: TaxpayerId, hops: u8, via: TaxpayerId) -> (String, String) {
    if bought >= deducted {
        return ("直接购自该源头".into(), "bought from it directly".into());
    }
    if bought > Fen::ZERO {
        let (direct, rest) = (bought.grouped(), (deducted - bought).grouped());
        let (others_zh, others_en) = if via == origin {
            ("经其他企业".to_owned(), "through others".to_owned())
        } else {
            (format!("经由{via}等企业"), format!("through {via} and others"))
        };
        return (
            format!("其中{direct}元直接购自该源头，其余{rest}元{others_zh}流入"),
            format!("of it {direct} bought from it directly, the rest, {rest}, {others_en}"),
        );
    }
    let (away_zh, away_en) = (format!("相隔{hops}手"), format!("{} away", counted(hops, "invoice")));
    if via == origin {
        (away_zh, away_en)
    } else {
        (format!("{away_zh}，经由{via}"), format!("{away_en}, through {via}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_told_as_far_as_there_is_one() {
        let id = |text: &str| TaxpayerId::parse(text).unwrap();
        let told = |bought, hops, via: &str| sentence(Fen(123_456_700), Fen(bought), id("S"), hops, id(via));
        let en = |bought, hops, via: &str| told(bought, hops, via).en;
        let direct = en(123_456_700, 1, "S");
        assert!(direct.contains("1,234,567.00 yuan") && direct.contains("source S, bought from it directly;"));
        let part = told(100_000_000, 1, "S");
        assert!(
            part.en.contains("S, of it 1,000,000.00 bought from it directly, the rest, 234,567.00, through others;")
        );
        assert!(
            part.zh.contains("（其中1,000,000.00元直接购自该源头，其余234,567.00元经其他企业流入）"),
            "{}",
            part.zh
        );
        assert!(en(0, 3, "W").contains("source S, 3 invoices away, through W;"));
        assert!(en(0, 2, "S").contains("source S, 2 invoices away;"));
    }
}
