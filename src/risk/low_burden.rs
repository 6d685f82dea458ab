//! A firm that pays far less on its sales than it used to, and than its peers; or declares far less than it is paid for.

use std::sync::LazyLock;

use super::finding::percent;
use super::indicators::TAX_BURDEN;
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Fen, ObservationSource, Period};
use crate::state::Metric;

/// The most months that are looked at together, and of the past before them.
const WINDOW_MAX: i32 = 12;
const PAST: i32 = 12;

/// Money received, as the bank saw it.
static INFLOW: LazyLock<[Metric; 1]> = LazyLock::new(|| [Metric::of(ObservationSource::Bank, "inflow")]);

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "low_burden",
    name_zh: "税负率偏低",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Returns,
    doc: "By its returns of some months, the tax payable over the sales is far below what half of the firms of its industry \
          and scale pay, and far below what the firm paid in the year before; where it has no such year, a lower score \
          counts. A burden 30 % below that of peers is where the bureaus begin to ask. Or, whatever its burden, the bank saw far \
          more money come in over most of a year than its returns say that it sold, with the tax, and purchases come near those sales: sales that are hidden \
          (article 63 of the Law on Tax Collection), which asks for an assessment. Withdrawn when returns are \
          corrected. Looks alike and is honest: a trader with thin margins, whose own past is as thin; one that buys stock, \
          whose input waits in its pool for the sales to come; an exporter, who owes nothing on what leaves; loans and deposits, \
          which seldom come to so much of a year's sales; what is paid for months later.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where the firm has no past of its own, 0 to 1000."),
        Parameter::new("score_past", Unit::Score, "Score where it pays far less than in its own past, too.")
            .not_below("score"),
        Parameter::new("window_months", Unit::Months, "So many months are looked at together."),
        Parameter::new("months_min", Unit::Months, "So many of them, and of the past, have a return, at least."),
        Parameter::new("tax_min_fen", Unit::Fen, "Less tax than this below what peers pay is not looked at."),
        Parameter::new("peers_max_bp", Unit::BasisPoints, "Burden over that of peers, at most."),
        Parameter::new("past_max_bp", Unit::BasisPoints, "Burden over that of the firm's own past, at most."),
        Parameter::new("score_hidden", Unit::Score, "Score where far more money came in than sales were declared."),
        Parameter::new(
            "received_min_bp",
            Unit::Multiple,
            "Money that came in over sales declared with their tax, at least.",
        ),
        Parameter::new(
            "received_months_min",
            Unit::Months,
            "Of so many months of the year, at least: what is sold in one is paid for in others.",
        ),
        Parameter::new(
            "bought_min_bp",
            Unit::BasisPoints,
            "And purchases over those sales, at least: money alone may be paid in advance, lent, or held for others.",
        ),
    ],
    months_back: WINDOW_MAX + PAST - 1,
    months_ahead: 0,
    told_by: &[ToldBy::ThirdParties, ToldBy::Peers],
    accuses_source: false,
    when: When::MonthPassed,
    check,
};

/// Sums of returns.
#[derive(Clone, Copy, Default)]
struct Returns {
    count: i64,
    sales: Fen,
    payable: Fen,
    refunds: Fen,
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        score_past,
        window,
        months_min,
        tax_min,
        peers_max,
        past_max,
        score_hidden,
        received_min,
        received_months_min,
        bought_min,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    view.month_if(period, |month| month.declared.value.is_some_and(|[sales, ..]| sales > Fen::ZERO))?;
    let window = i32::try_from(window).unwrap_or(WINDOW_MAX).clamp(1, WINDOW_MAX);
    let received = received(view, period).unwrap_or_default();
    let is_much = received.count >= received_months_min && received.hidden().0 >= tax_min;
    if is_much && received.share_bp() >= received_min && received.bought_bp() >= bought_min {
        return Some(received.finding(period, score_hidden, [tax_min, received_min, bought_min]));
    }
    let peers = peers(view, period, window).filter(|peers| *peers > 0)?;
    let now = returns(view, period, window);
    if now.count < months_min || now.refunds > Fen::ZERO || now.payable.ratio_bp(now.sales) >= peers {
        return None;
    }
    // What was bought for later sales is still there, and would have been payable.
    let stocked = (view.pool_left(period) - view.pool_left(period.minus(window))).max(Fen::ZERO);
    let paid = now.payable + stocked;
    let of_peers = now.sales.share(Fen(peers), Fen(10_000));
    let (below, beside_peers) = (of_peers - paid, paid.ratio_bp(of_peers));
    if below.0 < tax_min || beside_peers > peers_max {
        return None;
    }
    let past = returns(view, period.minus(window), PAST);
    let past = Some(past).filter(|past| past.count >= months_min && past.payable > Fen::ZERO);
    let beside_past = past.map(|past| paid.ratio_bp(now.sales.share(past.payable, past.sales)));
    if beside_past.is_some_and(|ratio| ratio > past_max) {
        return None;
    }
    let past_burden = past.map(|past| past.payable.ratio_bp(past.sales));
    let own = now.payable.ratio_bp(now.sales);
    let text = sentence(period, window, &now, [own, peers], past_burden, below);
    let months = format!("{window} months");
    let finding = Finding::new(if past.is_some() { score_past } else { score }, below, text)
        .number("burden_over_peers", beside_peers, peers_max, "bp", &months)
        .number("tax_below_peers", below.0, tax_min, "fen", &months);
    Some(match beside_past {
        Some(ratio) => finding.number("burden_over_own_past", ratio, past_max, "bp", &months),
        None => finding,
    })
}

/// Money that came in beside the sales that were declared, of months in which both are known.
#[derive(Clone, Copy, Default)]
struct Received {
    count: i64,
    money: Fen,
    /// Without tax.
    sales: Fen,
    output: Fen,
    /// Purchases by their invoices, without tax.
    bought: Fen,
}

/// Of the year up to a month; nothing where none is known of the month itself.
fn received(view: &mut View<'_, '_>, last: Period) -> Option<Received> {
    view.readings(last, &INFLOW)[0]?;
    let mut sums = Received::default();
    for back in 0..WINDOW_MAX {
        let [Some(money)] = view.readings(last.minus(back), &INFLOW) else { continue };
        let month = view.read_month(last.minus(back), |month| {
            month.declared.value.map(|declared| (declared, month.bought.amount - month.bought_void.amount))
        });
        let Some(([sales, output, ..], bought)) = month else { continue };
        sums.count += 1;
        sums.money += Fen(money);
        sums.sales += sales;
        sums.output += output;
        sums.bought += bought;
    }
    Some(sums)
}

impl Received {
    /// In basis points of what was declared, with the tax.
    fn share_bp(&self) -> i64 {
        self.money.ratio_bp(self.sales + self.output)
    }

    /// Purchases in basis points of the sales that were declared.
    fn bought_bp(&self) -> i64 {
        self.bought.ratio_bp(self.sales)
    }

    /// Tax on sales that were not declared, at the rate of those that were.
    fn hidden(&self) -> Fen {
        let declared = self.sales + self.output;
        (self.money - declared).max(Fen::ZERO).share(self.output, declared)
    }

    fn finding(&self, period: Period, score: i64, [tax_min, received_min, bought_min]: [i64; 3]) -> Finding {
        let (count, share, hidden) = (self.count, self.share_bp(), self.hidden());
        let (money, declared) = (self.money.grouped(), (self.sales + self.output).grouped());
        let (share_text, tax) = (percent(share), hidden.grouped());
        let bought = self.bought_bp();
        let bought_text = percent(bought);
        let sentence = Sentence {
            zh: format!(
                "至{period}的一年中{count}个月内银行收款{money}元，为同期申报价税合计{declared}元的{share_text}%，购进为申报销售额的{bought_text}%，疑似少申报税额约{tax}元；\
                 请核实隐匿收入。"
            ),
            en: format!(
                "In {count} months of the year to {period} the bank saw {money} yuan come in, {share_text} % of the {declared} yuan of \
                 sales with tax that were declared, and purchases were {bought_text} % of those sales: some {tax} yuan of tax on sales that were not; look for what is hidden."
            ),
        };
        let months = format!("{count} months");
        Finding::new(score, hidden, sentence)
            .number("received_over_declared", share, received_min, "bp", &months)
            .number("purchases_over_declared", bought, bought_min, "bp", &months)
            .number("tax_on_hidden_sales", hidden.0, tax_min, "fen", &months)
    }
}

/// What half of the peers paid of their sales, in the mean of the months in which that is known.
fn peers(view: &mut View<'_, '_>, period: Period, window: i32) -> Option<i64> {
    let medians = (0..window).filter_map(|back| Some(view.peers(&TAX_BURDEN, period.minus(back))?.median));
    let (count, sum) = medians.fold((0, 0_i64), |(count, sum), median| (count + 1, sum.saturating_add(median)));
    (count > 0).then(|| sum / count)
}

/// The returns of so many months up to one.
fn returns(view: &mut View<'_, '_>, last: Period, months: i32) -> Returns {
    let mut sums = Returns::default();
    for back in 0..months {
        let Some(month) = view.month_if(last.minus(back), |month| month.declared.value.is_some()) else { continue };
        let [sales, _, _, _, payable] = month.declared.value.unwrap_or_default();
        sums.count += 1;
        sums.sales += sales;
        sums.payable += payable;
        sums.refunds += month.refunds;
    }
    sums
}

fn sentence(
    period: Period,
    window: i32,
    now: &Returns,
    [own, peers]: [i64; 2],
    past: Option<i64>,
    below: Fen,
) -> Sentence {
    let (sales, own, peers, below) = (now.sales.grouped(), percent(own), percent(peers), below.grouped());
    let (past_zh, past_en) = past.map(percent).map_or_else(Default::default, |past| {
        (format!("、低于本户上年的{past}%"), format!(" and to {past} % of its own in the year before"))
    });
    Sentence {
        zh: format!(
            "至{period}的{window}个月申报销售额{sales}元，税负率{own}%，低于同行业同规模的{peers}%{past_zh}，少缴约{below}元；\
             请核实进项真实性与隐匿收入。"
        ),
        en: format!(
            "In the {window} months to {period}, {own} % of {sales} yuan of sales were payable as tax, compared to {peers} % \
             of peers{past_en}: some {below} yuan less; check its input, and sales that it does not declare."
        ),
    }
}
