//! Value that comes back to where it began, and value that a firm took in and gave out again, yuan for yuan.

use super::finding::percent;
use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen, Period, TaxpayerId};
use crate::state::{GoodsMonth, Partner, Side};

/// Of who has more counterparties on a side not all can be looked at.
const PARTNERS_MAX: usize = 256;
/// Months in which one trade with a pair of partners may lie.
const MONTHS_BACK: i32 = 11;

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
          no cycle is searched for and its length does not matter. Or one leg of such a ring, among the real trade of its \
          firms, whose value is others' by origin: what was bought from one partner, time and again, is what was sold to \
          another, within a margin that no trade lives on; both were met lately (or, of partners that may be older than the journal, much was dealt and it matches closely), began and ended together, \
          and the firm buys and sells goods of one class; the two may be one and the same, with which it trades both ways. That is judged when a month has passed in which neither traded again. Looks alike and is honest: two firms that trade both ways in different goods, whose goods \
          codes do not meet; an order bought for one customer, which is dealt once or twice, and earns its trader \
          something.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax coming back than this in three months is not looked at."),
        Parameter::new(
            "share_min_bp",
            Unit::BasisPoints,
            "Tax coming back over tax issued, at least, in basis points.",
        ),
        Parameter::new("score_matched", Unit::Score, "Score where trade with two partners matches."),
        Parameter::new("matched_tax_min_fen", Unit::Fen, "Less tax than this of each of the two is not looked at."),
        Parameter::new("matched_min", Unit::Invoices, "Invoices of each of the two, at least."),
        Parameter::new(
            "matched_apart_max_bp",
            Unit::BasisPoints,
            "By how much the tax of one differs from the other's, at most, in basis points.",
        ),
        Parameter::new("matched_days_max", Unit::Days, "Days between their first invoices, and their last, at most."),
        Parameter::new(
            "matched_known_tax_min_fen",
            Unit::Fen,
            "Of partners that may have been known before the journal, or the firm, began: tax of each, at least.",
        ),
        Parameter::new(
            "matched_known_apart_max_bp",
            Unit::BasisPoints,
            "Of those: by how much it differs, at most, in basis points.",
        ),
        Parameter::new(
            "matched_span_max_days",
            Unit::Days,
            "Days from the first invoice to the last, at most; of partners met lately whose trade matches as closely, more.",
        ),
    ],
    months_back: MONTHS_BACK,
    months_ahead: 1,
    told_by: &[],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        tax_min,
        share_min,
        score_matched,
        matched_min,
        count_min,
        apart_max,
        days_max,
        known_tax_min,
        known_apart_max,
        span_max,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    returned(view, period, [score, tax_min, share_min]).or_else(|| {
        matched(
            view,
            period,
            [score_matched, matched_min, count_min, apart_max, days_max, known_tax_min, known_apart_max, span_max],
        )
    })
}

/// The firm's own value that came back.
fn returned(view: &mut View<'_, '_>, period: Period, [score, tax_min, share_min]: [i64; 3]) -> Option<Finding> {
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

/// Trade with a seller and a buyer that matches, and ended in a month.
fn matched(
    view: &mut View<'_, '_>,
    period: Period,
    [score, tax_min, count_min, apart_max, days_max, known_tax_min, known_apart_max, span_max]: [i64; 8],
) -> Option<Finding> {
    // Who deals every month has always just ended: neither may have dealt again in the month after.
    if !view.has_passed(period.minus(-1)) {
        return None;
    }
    view.month_if(period, |month| month.buyers > 0 && month.sellers > 0)?;
    view.goods_if(period, deals)?;
    let mut of_side = |side| {
        let mut partners = view.partners(side, PARTNERS_MAX + 1);
        if partners.len() > PARTNERS_MAX {
            return Vec::new();
        }
        partners.retain(|(_, partner)| {
            let Partner { totals, last_at, .. } = partner;
            i64::from(totals.count) >= count_min && totals.tax.0 >= tax_min.max(1) && last_at.period() <= period
        });
        partners
    };
    let (sellers, mut buyers) = (of_side(Side::Bought), of_side(Side::Sold));
    buyers.sort_by_key(|(id, buyer)| (buyer.totals.tax, *id));
    let mut best: Option<Pair> = None;
    for (seller, bought) in sellers {
        let tax = bought.totals.tax;
        let least = buyers.partition_point(|(_, sold)| sold.totals.tax < tax && apart(sold, &bought) > apart_max);
        let near = buyers[least..].iter().take_while(|(_, sold)| apart(sold, &bought) <= apart_max);
        for (buyer, sold) in near {
            let pair = Pair { seller, bought, buyer: *buyer, sold: *sold };
            let is_lately = view.is_met_lately(&pair.bought) && view.is_met_lately(&pair.sold);
            let is_close = tax.0 >= known_tax_min && apart(&pair.sold, &pair.bought) <= known_apart_max;
            let is_alike = is_lately || is_close;
            let is_more = best.as_ref().is_none_or(|best| best.bought.totals.tax < tax);
            if is_more
                && is_alike
                && pair.days_apart() <= days_max
                && (pair.span_days() <= span_max || is_lately && is_close)
                && pair.ended() == period
            {
                best = Some(pair);
            }
        }
    }
    best.map(|pair| pair.finding(period, [score, tax_min, count_min, apart_max, days_max]))
}

/// Whether a firm both bought and sold goods of one class.
fn deals(month: &GoodsMonth) -> bool {
    month.classes.iter().any(|sums| sums.bought > Fen::ZERO && sums.sold > Fen::ZERO && sums.class.is_of_goods())
}

/// By how much the tax of two partners differs, over that of the first, in basis points.
fn apart(sold: &Partner, bought: &Partner) -> i64 {
    (sold.totals.tax - bought.totals.tax).abs().ratio_bp(sold.totals.tax)
}

/// Two partners whose trade matches.
struct Pair {
    seller: TaxpayerId,
    bought: Partner,
    buyer: TaxpayerId,
    sold: Partner,
}

impl Pair {
    /// Days between their beginnings or, if more, their ends.
    fn days_apart(&self) -> i64 {
        let began = self.bought.first_at.days_since(self.sold.first_at).abs();
        began.max(self.bought.last_at.days_since(self.sold.last_at).abs())
    }

    /// Days from the first invoice of both to the last.
    fn span_days(&self) -> i64 {
        let last = self.bought.last_at.max(self.sold.last_at);
        last.days_since(self.bought.first_at.min(self.sold.first_at))
    }

    /// The month of the last invoice of both.
    fn ended(&self) -> Period {
        self.bought.last_at.max(self.sold.last_at).period()
    }

    fn finding(&self, period: Period, [score, tax_min, count_min, apart_max, days_max]: [i64; 5]) -> Finding {
        let Self { seller, bought, buyer, sold } = self;
        let (bought_tax, sold_tax) = (bought.totals.tax, sold.totals.tax);
        let (bought_text, sold_text) = (bought_tax.grouped(), sold_tax.grouped());
        let (sheets_in, sheets_out) = (bought.totals.count, sold.totals.count);
        let difference = apart(sold, bought);
        let percent = percent(difference);
        let on = bought.first_at.min(sold.first_at).date();
        let (look_zh, look_en) = if seller == buyer {
            ("排查对开", "for invoices that the two issue to each other without any")
        } else {
            ("并查两者之间有无往来，排查环开", "and whether those two trade with each other, for a ring of invoices")
        };
        let sentence = Sentence {
            zh: format!(
                "自{on}至{period}，该户从{seller}取得发票{sheets_in}张、税额{bought_text}元，向{buyer}开出{sheets_out}张、税额{sold_text}元，\
                 起止相同，相差仅{percent}%；请核实货物流，{look_zh}。"
            ),
            en: format!(
                "From {on} to {period} this firm took {sheets_in} invoices with {bought_text} yuan of tax from {seller}, and issued \
                 {sheets_out} with {sold_text} yuan to {buyer}, begun and ended together, {percent} % apart; check the goods, \
                 {look_en}."
            ),
        };
        Finding::new(score, bought_tax.min(sold_tax), sentence)
            .number("matched_tax", bought_tax.min(sold_tax).0, tax_min, "fen", "whole trade with both")
            .number("matched_apart", difference, apart_max, "bp", "whole trade with both")
            .number(
                "matched_invoices",
                i64::from(sheets_in.min(sheets_out)),
                count_min,
                "invoices",
                "whole trade with both",
            )
            .number("matched_days_apart", self.days_apart(), days_max, "days", "whole trade with both")
            .with([*seller, *buyer])
    }
}
