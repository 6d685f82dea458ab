//! A refund of tax that nobody paid, or for goods that never left.

use super::finding::percent;
use super::{
    Finding, Matter, Parameter, REFUND_MONTHS, Sentence, Subject, ToldBy, Typology, Unit, View, When, false_deduction,
};
use crate::model::{About, Fen, ObservationSource, Period, TaxpayerId};
use crate::state::{Metric, Month};

/// Months that are looked at together: goods leave, and are claimed for, in different months.
const WINDOW: i32 = 3;
/// Months in which exports beyond what was claimed for may be those of another season.
const YEAR: i32 = 12;
/// Months back in which an export observed says that customs are part of the input.
const KNOWN_MONTHS: i32 = 14;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "export_refund",
    name_zh: "骗取出口退税",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Origin,
    doc: "Tax is claimed for export refund, and the goods behind it are worth far more than what customs saw leave in three \
          months; or much of the tax that the firm claims came from suspected sources, so that a share of the refund is of \
          tax nobody paid. Fraudulent refunds are article 66 of the Law on Tax Collection. Goods are counted at the highest \
          rate that the tax may stand for, so at the least they can be worth. Withdrawn when the claims are reversed, late \
          customs records come, or the suspicion is lifted. Looks alike and is honest: an exporter whose goods are booked \
          at customs in another month than claimed, or who exports at a profit; one with a little suspected value in what a real \
          supplier sold it, which is no more than a reminder in false_deduction; one that buys before its season, so that goods of other months of the year leave without a \
          claim: the year must lack half of what the three months lack, and much of its own, and some months of it must be known; one that ticks for refund what it sells at home, with its tax: whoever pays that has taken nothing; a journal that has no customs records, where a lower score counts (score_no_customs).",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where customs saw less leave than is claimed for, 0 to 1000."),
        Parameter::new(
            "score_no_customs",
            Unit::Score,
            "Score where customs saw nothing of the firm for a year and more.",
        ),
        Parameter::new("score_tainted", Unit::Score, "Score where the refund is of tax from suspected sources."),
        Parameter::new("score_both", Unit::Score, "Score where both speak.").not_below("score"),
        Parameter::new("tax_min_fen", Unit::Fen, "A smaller refund than this without cause is not looked at."),
        Parameter::new(
            "short_min_bp",
            Unit::BasisPoints,
            "Of the goods claimed for, customs did not see at least so much.",
        ),
        Parameter::new(
            "rate_bp",
            Unit::BasisPoints,
            "The highest rate: tax over this is the least that goods are worth.",
        ),
        Parameter::new(
            "year_short_min_bp",
            Unit::BasisPoints,
            "And of those claimed for in a year, at least so much: goods are bought ahead of their export.",
        ),
        Parameter::new("months_min", Unit::Months, "Months that customs must have told of, of a firm that they know."),
        Parameter::new(
            "tainted_min_bp",
            Unit::BasisPoints,
            "Of the tax the firm claims, at least so much is suspected.",
        ),
    ],
    months_back: KNOWN_MONTHS,
    months_ahead: 0,
    told_by: &[ToldBy::ThirdParties],
    accuses_source: false,
    when: When::MonthPassed,
    check,
};

/// Goods claimed for, and those that customs saw leave.
struct Customs {
    tax: Fen,
    goods: Fen,
    left: Fen,
    /// The share of them that did not.
    short: i64,
    /// Whether customs ever saw the firm export.
    known: bool,
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, no_customs, tainted_score, both, tax_min, short_min, rate, year_short_min, months_min, tainted_min] =
        view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let refunds = view.month_if(period, |month| month.refunds > Fen::ZERO)?.refunds;
    let customs = customs(view, period, [rate, year_short_min, months_min]).filter(|customs| {
        let without_goods = customs.tax.share(Fen(customs.short), Fen(10_000));
        customs.short >= short_min && without_goods.0 >= tax_min
    });
    let (sources, share) = tainted(view, period);
    let tainted = Some((refunds.share(Fen(share), Fen(10_000)), share))
        .filter(|(tax, share)| *share >= tainted_min.max(1) && tax.0 >= tax_min);
    let score = match (&customs, tainted) {
        (None, None) => return None,
        (None, Some(_)) => tainted_score,
        (Some(customs), None) if customs.known => score,
        (Some(_), None) => no_customs,
        (Some(_), Some(_)) => both,
    };
    let stake = customs.as_ref().map_or(Fen::ZERO, |customs| customs.tax.share(Fen(customs.short), Fen(10_000)));
    let stake = stake.max(tainted.map_or(Fen::ZERO, |(tax, _)| tax));
    let mut finding = Finding::new(score, stake, sentence(period, refunds, customs.as_ref(), tainted)).number(
        "refund_tax_claimed",
        refunds.0,
        0,
        "fen",
        "month",
    );
    if let Some(Customs { goods, left, short, .. }) = customs {
        finding = finding.number("goods_claimed_for", goods.0, left.0, "fen", "3 months").number(
            "goods_not_seen_leaving",
            short,
            short_min,
            "bp",
            "3 months",
        );
    }
    if let Some((tax, share)) = tainted {
        finding = finding
            .number("refund_tax_of_suspected_sources", tax.0, tax_min, "fen", "month")
            .number("tainted_share_of_claims", share, tainted_min, "bp", "whole journal")
            .with(sources);
    }
    Some(finding)
}

/// Accused origins of which the taxpayer took false invoices, and how much of all that it claimed came from them, in basis
/// points; nothing for refunds of long ago.
fn tainted(view: &mut View<'_, '_>, period: Period) -> (Vec<TaxpayerId>, i64) {
    if period <= view.profile.last_refunded.minus(REFUND_MONTHS) {
        return (Vec::new(), 0);
    }
    let mut origins = view.tainted_origins();
    let this = view.taxpayer();
    origins.retain(|(origin, _)| *origin != this && false_deduction::is_concentrated(view, *origin));
    let tax: Fen = origins.iter().map(|(_, tax)| *tax).sum();
    (origins.into_iter().map(|(origin, _)| origin).collect(), tax.ratio_bp(view.profile.claimed).min(10_000))
}

/// What was claimed for in some months, and where it may have gone.
#[derive(Clone, Copy, Default)]
struct Trade {
    /// Tax claimed for export refund.
    tax: Fen,
    /// Goods that customs saw leave.
    left: Fen,
    /// Tax on sales at home beyond what is deducted from it.
    home: Fen,
}

impl Trade {
    fn add(&mut self, month: &Month, left: Option<i64>) {
        self.tax += month.refunds;
        self.left += Fen(left.unwrap_or(0));
        let [_, output, ..] = month.declared.value.unwrap_or_default();
        self.home += month.invoiced().tax.max(output) - (month.claimed() - month.refunds);
    }

    /// The least that goods are worth whose tax was claimed.
    fn goods(&self, rate: i64) -> Fen {
        self.tax.share(Fen(10_000), Fen(rate))
    }

    /// Those that did not leave, and were not sold at home either.
    fn lacking(&self, rate: i64) -> Fen {
        let sold = self.home.max(Fen::ZERO).share(Fen(10_000), Fen(rate));
        self.goods(rate) - self.left - sold
    }
}

/// Claims of the months of which customs said something; of a firm that customs ever saw export, a month without a word is
/// one that has not been told of.
fn customs(view: &mut View<'_, '_>, period: Period, [rate, year_short_min, months_min]: [i64; 3]) -> Option<Customs> {
    let metric = [Metric::of(ObservationSource::Customs, "export_value")];
    let seen = |view: &mut View<'_, '_>, back: i32| view.readings(period.minus(back), &metric)[0];
    let known = (0..=KNOWN_MONTHS).any(|back| seen(view, back).is_some());
    // Nobody has told yet what left before the journal began.
    if !known && view.is_first(period) {
        return None;
    }
    let mut told = 0;
    let mut sum = |view: &mut View<'_, '_>, months: std::ops::Range<i32>, mut trade: Trade| {
        for back in months {
            let reading = seen(view, back);
            if reading.is_some() || !known && back < WINDOW {
                trade.add(&view.month(period.minus(back)), reading);
                told += 1;
            }
        }
        trade
    };
    let trade = sum(view, 0..WINDOW, Trade::default());
    // What is bought before its season leaves later, and what left before may be claimed for later.
    let year = sum(view, WINDOW..YEAR, trade);
    if known && told < months_min {
        return None;
    }
    let (goods, year_goods) = (trade.goods(rate), year.goods(rate));
    let (lacks, year_lacks) = (trade.lacking(rate), year.lacking(rate));
    let short = lacks.ratio_bp(goods);
    let lacks = short > 0 && year_lacks.0 >= lacks.0 / 2 && year_lacks.ratio_bp(year_goods) >= year_short_min;
    let Trade { tax, left, .. } = trade;
    lacks.then_some(Customs { tax, goods, left, short, known })
}

fn sentence(period: Period, refunds: Fen, customs: Option<&Customs>, tainted: Option<(Fen, i64)>) -> Sentence {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if let Some(Customs { goods, left, short, .. }) = customs {
        let (goods, left, short) = (goods.grouped(), left.grouped(), percent(*short));
        zh.push(format!("近三个月退税对应货物至少{goods}元，海关出口仅{left}元，扣除内销后仍差{short}%"));
        en.push(format!(
            "the goods claimed for in three months are worth at least {goods} yuan, of which customs saw {left} leave; \
             what was sold at home taken off, {short} % are missing"
        ));
    }
    if let Some((tax, share)) = tainted {
        let (tax, share) = (tax.grouped(), percent(share));
        zh.push(format!("该户抵退税额的{share}%源自涉嫌虚开企业，按比例本月退税中{tax}元"));
        en.push(format!(
            "{share} % of the tax it claims came from suspected sources, {tax} yuan of this refund pro rata"
        ));
    }
    let refunds = refunds.grouped();
    Sentence {
        zh: format!("{period}申报出口退税税额{refunds}元：{}；请暂缓退税，核实货源、报关与收汇。", zh.join("；")),
        en: format!(
            "{refunds} yuan of tax are claimed for export refund in {period}: {}; hold the refund, and check supply, customs \
             declarations and payments.",
            en.join("; and ")
        ),
    }
}
