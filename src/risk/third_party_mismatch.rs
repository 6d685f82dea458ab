//! Trade that neither power, people, carriers nor payments can carry.

use super::capacity::{ALONE, Capacity, MONTHS_BACK, PAST, SOURCES, Source, Sums, WINDOW, speaking};
use super::finding::percent;
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Fen, ObservationSource as Of, Period};
use crate::state::Month;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "third_party_mismatch",
    name_zh: "第三方不符",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Capacity,
    doc: "Over three months, what third parties observed of the firm (electricity, waybills, payroll, money received) is \
          far less for each yuan of its trade, invoiced or declared, than in its own past year; where a firm has no past \
          yet, than any trade needs. Two sources beside payroll at least must be far off (power counts of makers, waybills of makers, traders and carriers); or one, very far, while the trade itself \
          multiplied. Announcement 38 of 2019 names capacity and energy use that cannot make what was sold as a mark of \
          false invoices. Withdrawn when a late reading or a void makes the figures meet. Looks alike and is honest: a \
          seasonal seller, whose readings move with its trade; production before the season (hence three months, and the \
          same months of the year before where they are known); a firm that hardly traded before, whose power and staff \
          were there all the same, and which have moved since; a meter, a bank or a carrier that was changed, which is \
          one source and no growth, or beside others that bear the trade out; staff that stays the same while trade grows, for payroll alone proves nothing.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score where one source is very far off, and nothing else."),
        Parameter::new("score_growth", Unit::Score, "Score where one is very far off while trade multiplied.")
            .not_below("score"),
        Parameter::new("score_two", Unit::Score, "Score where two sources or more are far off.").not_below("score"),
        Parameter::new("sales_min_fen", Unit::Fen, "Less trade in three months than this is not looked at."),
        Parameter::new("months_min", Unit::Months, "So many months of its own past make a reference, at least."),
        Parameter::new(
            "ratio_far_bp",
            Unit::BasisPoints,
            "Reading over trade, of what it was in the past: very far off.",
        ),
        Parameter::new("ratio_max_bp", Unit::BasisPoints, "The same: far off, at most.").not_below("ratio_far_bp"),
        Parameter::new(
            "growth_min_bp",
            Unit::Multiple,
            "Monthly trade over that of the past: from here on it multiplied.",
        ),
        Parameter::new(
            "power_min",
            Unit::KilowattHours,
            "Of a producer without a past: kilowatt-hours to ten thousand yuan of sales, at least.",
        ),
        Parameter::new(
            "sales_per_waybill_max_fen",
            Unit::Fen,
            "Of a firm without a past: sales to one waybill, at most.",
        ),
        Parameter::new(
            "inflow_min_bp",
            Unit::BasisPoints,
            "Of a firm without a past: money received over sales, at least.",
        ),
        Parameter::new(
            "moved_max_bp",
            Unit::Multiple,
            "Monthly reading over that of the past: from here on it moved with the trade, and is not off.",
        ),
    ],
    months_back: MONTHS_BACK,
    months_ahead: 0,
    told_by: &[ToldBy::ThirdParties],
    accuses_source: false,
    when: When::MonthPassed,
    check,
};

/// What a source says.
struct Said {
    source: usize,
    /// Beside its own past, in basis points of that; otherwise the reading itself, beside what the trade needs.
    has_past: bool,
    observed: i64,
    limit: i64,
    very_far: bool,
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [
        score,
        growth_score,
        two,
        sales_min,
        months_min,
        far,
        ratio_max,
        growth_min,
        power,
        waybill,
        inflow,
        moved_max,
    ] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    if view.read_month(period, trade) <= Fen::ZERO {
        return None;
    }
    let all: Fen = (0..WINDOW).map(|months| view.read_month(period.minus(months), trade)).sum();
    if all.0 < sales_min {
        return None;
    }
    let capacity = Capacity::of(view, period, trade)?;
    let industry = view.profile.industry.value.unwrap_or_default();
    let is_known = |source: usize| capacity.is_known(source) && is_tied(SOURCES[source].of, industry);
    let mut off = Vec::new();
    for source in (0..SOURCES.len()).filter(|source| is_known(*source)) {
        let said = match capacity.of_past(source, months_min) {
            Some(observed) => {
                let has_moved = capacity.moved(source).is_some_and(|moved| moved > moved_max);
                let said = Said { source, has_past: true, observed, limit: ratio_max, very_far: observed <= far };
                Some(said).filter(|_| !has_moved)
            }
            None => without_past(view, source, capacity.now[source], [power, waybill, inflow]),
        };
        off.extend(said.filter(|said| said.observed <= said.limit));
    }
    let (sources, payroll) = speaking(&capacity, &off.iter().map(|said| said.source).collect::<Vec<_>>());
    off.retain(|said| said.source < ALONE || payroll);
    let growth = growth(view, period, months_min);
    let multiplied = growth.is_some_and(|growth| growth >= growth_min);
    // Another source that moves with the trade bears it out.
    let borne_out = (0..ALONE).any(|source| is_known(source) && off.iter().all(|said| said.source != source));
    let alone = off.iter().any(|said| said.source < ALONE && said.very_far);
    // Staff is there whatever is sold, so beside one other it bears that out, and is no second witness.
    let witnesses = off.iter().filter(|said| said.source < ALONE).count();
    let score = match (witnesses, alone) {
        (2.., _) => two,
        (_, true) if multiplied && !borne_out => growth_score,
        (1, _) if alone || sources > 1 => score,
        _ => return None,
    };
    let mut finding = Finding::new(score, stake(view, period), sentence(period, all, &off, growth));
    for said in &off {
        let Source { indicators, unit, .. } = &SOURCES[said.source];
        let (indicator, unit) = if said.has_past { (indicators[0], "bp") } else { (indicators[1], *unit) };
        finding = finding.number(indicator, said.observed, said.limit, unit, "3 months");
    }
    finding = finding.number("sources_far_off", i64::try_from(sources).unwrap_or(0), 1, "sources", "3 months");
    match growth.filter(|_| multiplied) {
        Some(growth) => {
            Some(finding.number("trade_over_own_past", growth, growth_min, "bp", "3 months over the 12 before"))
        }
        None => Some(finding),
    }
}

/// Whether a source goes with the trade of an industry: goods are made with power and carried about; a shop's lights burn
/// whatever it sells. Of who has no industry, any may.
fn is_tied(source: Of, industry: u16) -> bool {
    let (is_producer, is_carried) = (industry < 4_700, industry < 4_700 || (5_100..6_100).contains(&industry));
    match source {
        Of::Electricity => is_producer,
        Of::Logistics => is_carried,
        Of::Bank | Of::Payroll | Of::Customs | Of::Market | Of::Court => true,
    }
}

/// Sales of a month: invoiced, or declared where that is more.
fn trade(month: &Month) -> Fen {
    let declared = month.declared.value.map_or(Fen::ZERO, |[sales, ..]| sales);
    month.invoiced().amount.max(declared)
}

/// Of a firm that has no past to be compared with: what was observed, and what its trade needs. `None` where nothing can be
/// said.
fn without_past(view: &View<'_, '_>, source: usize, now: Sums, limits: [i64; 3]) -> Option<Said> {
    const TEN_THOUSAND_YUAN: i64 = 1_000_000;
    let [power, waybill, inflow] = limits;
    if now.months < i64::from(WINDOW) - 1 {
        return None; // of one month, half may be missing
    }
    let industry = view.profile.industry.value.unwrap_or_default();
    // Mining, manufacturing and energy; wholesale and retail.
    let (is_producer, is_trader) = ((600..4_700).contains(&industry), (5_100..5_300).contains(&industry));
    let needed = match SOURCES[source].of {
        Of::Electricity if is_producer => now.amount.share(Fen(power), Fen(TEN_THOUSAND_YUAN)).0,
        Of::Logistics if is_producer || is_trader => now.amount.0 / waybill.max(1),
        Of::Bank => now.amount.share(Fen(inflow), Fen(10_000)).0,
        Of::Electricity | Of::Logistics | Of::Payroll | Of::Customs | Of::Market | Of::Court => return None,
    };
    let observed = i64::try_from(now.reading).unwrap_or(i64::MAX);
    Some(Said { source, has_past: false, observed, limit: needed - 1, very_far: observed < needed / 10 })
}

/// Monthly trade over that of the year before, in basis points; `None` where too little is known of it.
fn growth(view: &mut View<'_, '_>, period: Period, months_min: i64) -> Option<i64> {
    let mean = |view: &mut View<'_, '_>, last: Period, months: i32| {
        let all = (0..months).map(|back| view.read_month(last.minus(back), trade)).filter(|trade| *trade > Fen::ZERO);
        let (count, sum) = all.fold((0, Fen::ZERO), |(count, sum), trade| (count + 1, sum + trade));
        (count, Fen(sum.0 / i64::from(count.max(1))))
    };
    let (_, now) = mean(view, period, WINDOW);
    let (months, past) = mean(view, period.minus(WINDOW), PAST);
    (i64::from(months) >= months_min && past > Fen::ZERO).then(|| now.ratio_bp(past))
}

/// Tax on what the month's invoices carry.
fn stake(view: &mut View<'_, '_>, period: Period) -> Fen {
    (0..WINDOW).map(|months| view.month(period.minus(months)).invoiced().tax).sum::<Fen>().max(Fen::ZERO)
}

fn sentence(period: Period, trade: Fen, off: &[Said], growth: Option<i64>) -> Sentence {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for said in off {
        let source = &SOURCES[said.source];
        if said.has_past {
            let share = percent(said.observed);
            zh.push(format!("每元销售对应的{}仅为以往的{share}%", source.zh));
            en.push(format!("{} to a yuan of sales is {share} % of its own past", source.en));
        } else {
            let amount =
                |value| if source.unit == "fen" { Fen(value).grouped().to_string() } else { value.to_string() };
            let (observed, needed) = (amount(said.observed), amount(said.limit.saturating_add(1)));
            zh.push(format!("{}仅{observed}，至少应为{needed}", source.zh));
            en.push(format!("{} {observed} where such sales need {needed}", source.en));
        }
    }
    let (trade, growth) = (trade.grouped(), growth.map(percent));
    let (grown_zh, grown_en) = growth.map_or_else(Default::default, |growth| {
        (format!("，月均为上年的{growth}%"), format!(" ({growth} % of the year before, by the month)"))
    });
    Sentence {
        zh: format!(
            "截至{period}三个月销售额{trade}元{grown_zh}，与第三方数据不符：{}；请核实产能、货物流与资金流。",
            zh.join("；")
        ),
        en: format!(
            "Sales of {trade} yuan in the three months to {period}{grown_en} are not borne out by third parties: {}; check \
             capacity, goods and payments.",
            en.join("; ")
        ),
    }
}
