//! Value that comes back to where it began.

use super::finding::percent;
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen};
use crate::state::Side;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "circular",
    name_zh: "环开/对开",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Flow,
    doc: "Within three months, much of the value a firm issued came back to it through other firms, in goods that it \
          sells itself: invoices that go round without goods. Seen by provenance, value arriving at its own origin, so \
          no cycle is searched for and its length does not matter. Looks alike and is honest: two firms that trade both \
          ways in different goods, whose goods codes do not meet.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax coming back than this in three months is not looked at."),
        Parameter::new(
            "share_min_bp",
            Unit::BasisPoints,
            "Tax coming back over tax issued, at least, in basis points.",
        ),
    ],
    months_back: 2,
    months_ahead: 0,
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, tax_min, share_min] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    view.month_if(period, |month| month.returned_own != Fen::ZERO)?;
    let (mut issued, mut returned) = (Fen::ZERO, Fen::ZERO);
    for months in 0..3 {
        let month = view.month(period.minus(months));
        issued += month.sold_standing;
        returned += month.returned_own;
    }
    // What is beyond what it issued in these months was issued before them.
    let returned = returned.min(issued);
    let share = returned.ratio_bp(issued);
    if returned.0 < tax_min || share < share_min {
        return None;
    }
    let (tax, percent) = (returned.grouped(), percent(share));
    let sentence = Sentence {
        zh: format!(
            "至{period}的三个月内，该户开出的税额中有{tax}元（占{percent}%）经其他企业以同类货物流回本户；请核实是否环开、对开。"
        ),
        en: format!(
            "In the three months to {period}, {tax} yuan of the tax this firm issued ({percent} %) came back to it \
             through others in goods it sells itself; check for invoices that go round without goods."
        ),
    };
    let both: Vec<_> = view.partners(Side::Bought, 8).into_iter().map(|(id, _)| id).collect();
    Some(
        Finding::new(score, returned, sentence)
            .number("returned_own_tax", returned.0, tax_min, "fen", "3 months")
            .number("returned_share", share, share_min, "bp", "3 months")
            .with(both),
    )
}
