//! Deducted tax whose value came from a suspected source.

use super::finding::{COUNTERPARTIES_MAX, counted, percent};
use super::{Finding, Matter, Parameter, Sentence, Subject, TOGETHER_MAX, Typology, Unit, View, When};
use crate::model::{About, Fen, Period, TaxpayerId};
use crate::state::{Partner, Side};

/// Of who has more sellers not all are looked at.
const SELLERS_MAX: usize = 1_024;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "false_deduction",
    name_zh: "虚抵",
    since: "0.1.0",
    subject: Subject::Origin,
    also: Some(Subject::Period),
    matter: Matter::Origin,
    doc: "The taxpayer deducted tax whose value entered the chain at a source that is suspected of issuing falsely, \
          directly or through washers. Known at once when the suspicion was there before the deduction; otherwise when \
          it reaches the taxpayer along recorded provenance; and already before the deduction, while it can still be stopped. Withdrawn when the suspicion is lifted, or the invoices are \
          taken back; what was transferred out is no longer at stake, but whoever took so much of it is to be asked how. Of tax that came both ways, what was bought from the source itself counts as \
          deducted first. Counts in full where the seller it came through had little else to sell: most of what the \
          taxpayer bought there was the source's, or bought it of the source itself. Or, about a month, it keeps deductions of many invoices that their seller voided, or \
          red-lettered in later months: the output tax behind them is gone, and who had deducted transfers it out (Announcement \
          11 of 2024, for red letters); asked when the month has passed in which they were taken back, with its return, and \
          withdrawn with the transfer. Looks alike and is honest, and is told as a reminder at most: a buyer \
          with a little of the value in what a real supplier sold it, for a supplier that deducts false invoices and \
          trades all the same passes a part of their value on with everything it \
          sells; and whoever has bought from a firm all along before that came to issue falsely.",
    parameters: &[
        Parameter::new("score_direct", Unit::Score, "Score for who bought from the source itself, 0 to 1000.")
            .not_below("score"),
        Parameter::new("score_indirect", Unit::Score, "Score for who is further down the chain, 0 to 1000.")
            .not_below("score"),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax of all accused origins taken than this is not reported."),
        Parameter::new("score", Unit::Score, "Least score, where the limit is only just passed."),
        Parameter::new(
            "tax_full_fen",
            Unit::Fen,
            "From this much tax on the full score counts; in between it rises evenly.",
        )
        .not_below("tax_min_fen"),
        Parameter::new("score_waiting", Unit::Score, "Score where so much was taken, and most is not deducted so far."),
        Parameter::new(
            "nearest_min_bp",
            Unit::BasisPoints,
            "Of all that the nearest sellers sold from whom it came, so much is the source's, at least, in basis points.",
        ),
        Parameter::new(
            "all_min_bp",
            Unit::BasisPoints,
            "And of all that all sold from whom any came, so much at least, in basis points.",
        ),
        Parameter::new(
            "lately_min_bp",
            Unit::BasisPoints,
            "Or of all that those sold whom the taxpayer met lately, so much, at least, in basis points.",
        ),
        Parameter::new("score_diluted", Unit::Score, "Score where it has less, at most."),
        Parameter::new("tax_part_min_fen", Unit::Fen, "Nor is less tax of the origin itself."),
        Parameter::new(
            "kept_invoices_min",
            Unit::Invoices,
            "Invoices that a seller took back and that stay deducted, at least.",
        ),
        Parameter::new(
            "kept_share_min_bp",
            Unit::BasisPoints,
            "Their tax over all that was bought of that seller, at least, in basis points.",
        ),
    ],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

/// Value of an accused origin as it counts against the taxpayer.
#[derive(Clone, Copy)]
struct Weight {
    /// Of what those sold from whom it came, how much it is, in basis points: of the nearest to the origin where that is also
    /// a good part of what all of them sold, and of nearer
    /// ones that the taxpayer met lately.
    parts: [i64; 2],
    /// Whether either is so much that it bought false invoices, and not real goods from a supplier that deducts some.
    is_concentrated: bool,
    /// Tax that is held against the taxpayer: deducted, and not deducted so far. Of sellers that had little else, or
    /// that the taxpayer met only when they had much of it, false invoices count with all their tax, and not only with the part
    /// of it that can be followed to the source: the rest is what a real trader's own purchases blend into it.
    deducted: Fen,
    waiting: Fen,
}

impl Weight {
    fn of(view: &mut View<'_, '_>, origin: TaxpayerId, [nearest_min, all_min, lately_min]: [i64; 3]) -> Self {
        let value = view.tainted(origin);
        let bought = view.bought_of_accused(origin);
        let part = |tax: Fen, bought: Fen| if bought > Fen::ZERO { tax.ratio_bp(bought).min(10_000) } else { 0 };
        let of_all = part(value.taken, bought.all);
        // What came from the source itself came from nobody else, whatever others sold beside it.
        let of_nearest = if of_all >= all_min || value.hops <= 1 { part(value.taken, bought.nearest) } else { of_all };
        let of_lately_met = part(bought.lately_taken, bought.lately_met);
        let invoiced = if of_nearest >= nearest_min {
            bought.nearest
        } else if of_lately_met >= lately_min {
            bought.lately_met
        } else {
            Fen::ZERO
        };
        // A seller under a later identifier told in its first name, and is not known by it.
        let is_unknown = bought.all == Fen::ZERO;
        let whole = |tax: Fen| tax.share(invoiced.max(value.taken), value.taken);
        Self {
            parts: [of_nearest, of_lately_met],
            is_concentrated: is_unknown || of_nearest >= nearest_min || of_lately_met >= lately_min,
            deducted: whole(value.deducted),
            waiting: whole((value.taken - value.deducted).max(Fen::ZERO)),
        }
    }
}

/// Whether value of an accused origin came as false invoices, and not as a part of real goods from a supplier that deducts some;
/// true where the rule set does not ask.
pub(super) fn is_concentrated(view: &mut View<'_, '_>, origin: TaxpayerId) -> bool {
    let Some([.., nearest_min, all_min, lately_min, _, _, _, _]) = view.parameters::<13>(&TYPOLOGY) else {
        return true;
    };
    Weight::of(view, origin, [nearest_min, all_min, lately_min]).is_concentrated
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        direct,
        indirect,
        tax_min,
        least,
        tax_full,
        score_waiting,
        nearest_min,
        all_min,
        lately_min,
        score_diluted,
        part_min,
        kept_min,
        kept_share_min,
    ] = view.parameters(&TYPOLOGY)?;
    let risen = |full: i64, tax: Fen| {
        let risen = i128::from((tax.0 - tax_min).clamp(0, (tax_full - tax_min).max(0)));
        let span = i128::from((tax_full - tax_min).max(1));
        least + i64::try_from(i128::from((full - least).max(0)) * risen / span).unwrap_or(0)
    };
    let origin = match *about {
        About::Origin(origin) => origin,
        About::Period(period) => {
            let kept = kept(view, period, [kept_min, part_min, kept_share_min])?;
            return (kept.tax.0 >= tax_min)
                .then(|| kept.finding(risen(direct, kept.tax), [kept_min, tax_min, kept_share_min]));
        }
        About::Invoice { .. } | About::Party(_) => return None,
    };
    let value = view.tainted(origin);
    if value.names == 0 || value.taken.0 < part_min || origin == view.taxpayer() {
        return None;
    }
    let this = Weight::of(view, origin, [nearest_min, all_min, lately_min]);
    // A gang issues little from each of many shells: what counts is the sum of what is of one kind.
    let (mut deducted, mut waiting) = (this.deducted, this.waiting);
    let origins = view.tainted_origins();
    let others = if origins.len() <= TOGETHER_MAX { origins } else { Vec::new() };
    for (other, _) in others {
        if other != origin && other != view.taxpayer() && view.tainted(other).taken.0 >= part_min {
            let other = Weight::of(view, other, [nearest_min, all_min, lately_min]);
            if other.is_concentrated == this.is_concentrated {
                (deducted, waiting) = (deducted + other.deducted, waiting + other.waiting);
            }
        }
    }
    if (deducted + waiting).0 < tax_min || !this.is_concentrated && deducted.0 < tax_min {
        return None;
    }
    let score = risen(if value.hops <= 1 { direct } else { indirect }, deducted);
    let is_waiting = deducted.0 < tax_min;
    let score = match (this.is_concentrated, is_waiting) {
        (false, _) => score.min(score_diluted),
        (true, true) => score_waiting,
        (true, false) => score,
    };
    let via = value.via;
    let bought = view.partner(Side::Bought, origin).map_or(Fen::ZERO, |partner| partner.totals.tax);
    let tax = if is_waiting { value.taken } else { value.deducted };
    let stake = if is_waiting { value.deducted } else { tax };
    let sentence = sentence(tax, is_waiting, bought.max(Fen::ZERO), origin, value.hops, via);
    let mut finding = Finding::new(score, stake, sentence)
        .number("tainted_tax_deducted", value.deducted.0, part_min, "fen", "whole journal")
        .number("tainted_tax_taken", value.taken.0, part_min, "fen", "whole journal")
        .number("tainted_tax_of_all_sources", (deducted + waiting).0, tax_min, "fen", "whole journal")
        .number(
            "hops_from_source",
            i64::from(value.hops),
            i64::from(view.limits().taint_hops_max),
            "invoices",
            "shortest path",
        )
        .number("accused_share_of_sellers", this.parts[0], nearest_min, "bp", "whole journal")
        .number("accused_share_of_new_sellers", this.parts[1], lately_min, "bp", "whole journal")
        .with(if via == origin { vec![origin] } else { vec![origin, via] });
    finding.case_id = Some(value.case_id);
    Some(finding)
}

/// Deductions of invoices that their sellers took back.
struct Kept {
    /// The month in which some were.
    period: Period,
    /// Who took back many, and most first.
    sellers: Vec<(TaxpayerId, Partner)>,
    /// Of those.
    invoices: i64,
    tax: Fen,
}

/// What the taxpayer keeps of sellers that took back many invoices, and a good part of what they sold it; where some of all that
/// was taken back in a month that has passed.
fn kept(view: &mut View<'_, '_>, period: Period, [invoices_min, part_min, share_min]: [i64; 3]) -> Option<Kept> {
    if view.read_month(period, |month| month.ways.kept.count) == 0 || !view.has_passed(period) {
        return None;
    }
    let mut sellers = view.partners(Side::Bought, SELLERS_MAX);
    sellers.retain(|(_, seller)| {
        let kept = seller.kept;
        i64::from(kept.count) >= invoices_min && kept.tax.0 >= part_min.max(1) && kept_share_bp(seller) >= share_min
    });
    sellers.sort_by_key(|(id, seller)| (std::cmp::Reverse(seller.kept.tax), *id));
    let invoices = sellers.iter().map(|(_, seller)| i64::from(seller.kept.count)).sum();
    let tax = sellers.iter().map(|(_, seller)| seller.kept.tax).sum();
    Some(Kept { period, sellers, invoices, tax })
}

/// Of all that was bought of a seller, taken back or not, what was taken back and is kept, in basis points.
fn kept_share_bp(seller: &Partner) -> i64 {
    seller.kept.tax.ratio_bp(seller.kept.tax + seller.totals.tax.max(Fen::ZERO))
}

impl Kept {
    fn finding(&self, score: i64, [invoices_min, tax_min, share_min]: [i64; 3]) -> Finding {
        let Self { period, sellers, invoices, tax } = self;
        let share = sellers.first().map_or(0, |(_, seller)| kept_share_bp(seller));
        let first = sellers.first().map(|(id, _)| id.to_string()).unwrap_or_default();
        let (from_zh, from_en) = if sellers.len() > 1 {
            (format!("{first}等{}户", sellers.len()), format!("{first} and {} more", sellers.len() - 1))
        } else {
            (first.clone(), first)
        };
        let (text, share_text) = (tax.grouped(), percent(share));
        let sentence = Sentence {
            zh: format!(
                "该户已抵扣的发票中有{invoices}张、税额{text}元已被销方{from_zh}作废或红冲（至{period}，占自其取得税额的{share_text}%），                 至今未转出；请核实交易真实性，责令转出进项税额，并通知销方主管机关。"
            ),
            en: format!(
                "{} with {text} yuan of tax deducted here were voided or red-lettered by {from_en} (up to {period}, {share_text} %                  of what was bought there), and the deductions stand; verify the trade, have the tax transferred out, and tell \
                 the seller's office.",
                counted(*invoices, "invoice")
            ),
        };
        Finding::new(score, *tax, sentence)
            .number("invoices_kept", *invoices, invoices_min, "invoices", "whole journal")
            .number("tax_kept", tax.0, tax_min, "fen", "whole journal")
            .number("share_kept_of_seller", share, share_min, "bp", "whole journal")
            .with(sellers.iter().take(COUNTERPARTIES_MAX).map(|(id, _)| *id))
    }
}

/// `bought` is the tax of what was bought from the origin itself.
fn sentence(taken: Fen, is_waiting: bool, bought: Fen, origin: TaxpayerId, hops: u8, via: TaxpayerId) -> Sentence {
    let tax = taken.grouped();
    let (way_zh, way_en) = way(taken, bought, origin, hops, via);
    if is_waiting {
        return Sentence {
            zh: format!(
                "该户已取得发票税额{tax}元源自涉嫌虚开的源头{origin}（{way_zh}），大部分未抵扣或已转出；请提醒其暂缓抵扣，并核实交易真实性。"
            ),
            en: format!(
                "{tax} yuan of tax on invoices taken here, most of it not deducted, or not any more, came from the suspected source \
                 {origin}, {way_en}; have the deduction put off, and verify the trade."
            ),
        };
    }
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
        let told = |bought, hops, via: &str| sentence(Fen(123_456_700), false, Fen(bought), id("S"), hops, id(via));
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
