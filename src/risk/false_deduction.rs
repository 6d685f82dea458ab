//! Deducted tax whose value came from an accused source.

use super::finding::counted;
use super::{Finding, Parameter, Sentence, Subject, Typology, View};
use crate::model::{About, Fen, TaxpayerId};

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "false_deduction",
    name_zh: "虚抵",
    since: "0.1.0",
    subject: Subject::Origin,
    doc: "The taxpayer deducted tax whose value entered the chain at a source that stands accused, directly or through \
          washers. Known at once when the source was accused before the deduction; otherwise when the accusation \
          reaches the taxpayer along recorded provenance. Withdrawn when the accusation is lifted, or the deductions \
          are reversed below the limit. Looks alike and is honest: a buyer with a little of the value in what a large \
          supplier sold it.",
    parameters: &[
        Parameter { name: "score_direct", doc: "Score for who bought from the source itself, 0 to 1000." },
        Parameter { name: "score_indirect", doc: "Score for who is further down the chain, 0 to 1000." },
        Parameter { name: "tax_min_fen", doc: "Less tax of the origin deducted than this is not reported." },
        Parameter { name: "score", doc: "Least score, where the limit is only just passed." },
        Parameter {
            name: "tax_full_fen",
            doc: "From this much tax on the full score counts; in between it rises evenly.",
        },
    ],
    months_back: 0,
    accuses_source: false,
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
    let sentence = sentence(deducted, origin, value.hops, via);
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

fn sentence(deducted: Fen, origin: TaxpayerId, hops: u8, via: TaxpayerId) -> Sentence {
    let tax = deducted.grouped();
    let (way_zh, way_en) = if hops <= 1 {
        ("（直接购自该源头）".to_owned(), "bought from it directly".to_owned())
    } else if via == origin {
        (format!("（相隔{hops}手）"), format!("{} away", counted(hops, "invoice")))
    } else {
        (format!("（相隔{hops}手，经由{via}）"), format!("{} away, through {via}", counted(hops, "invoice")))
    };
    Sentence {
        zh: format!("该户已抵扣税额{tax}元源自被认定的源头{origin}{way_zh}；请核实交易真实性，必要时责令转出。"),
        en: format!(
            "{tax} yuan of the tax deducted here came from the accused source {origin}, {way_en}; verify the trade and \
             have the tax transferred out if it is not real."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_told_as_far_as_there_is_one() {
        let id = |text: &str| TaxpayerId::parse(text).unwrap();
        let en = |hops, via: &str| sentence(Fen(123_456_700), id("S"), hops, id(via)).en;
        assert!(en(1, "S").contains("1,234,567.00 yuan") && en(1, "S").contains("source S, bought from it directly;"));
        assert!(en(3, "W").contains("source S, 3 invoices away, through W;"));
        assert!(en(2, "S").contains("source S, 2 invoices away;"));
    }
}
