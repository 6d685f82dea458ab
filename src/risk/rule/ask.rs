//! Whether a rule holds, with the numbers that speak for it.

use super::super::finding::{Finding, Sentence};
use super::super::indicators::{Indicator, IndicatorUnit};
use super::super::view::View;
use super::{Comparison, Condition, Quantile, Reference, Rule};
use crate::model::{Fen, PeerQuantiles, Period};

/// Where a rule gets its numbers from: a firm's rows, or the values that a case of a rule set gives.
pub trait Measures {
    /// The value of an indicator in a month.
    fn measure(&mut self, indicator: &'static Indicator, period: Period) -> Option<i64>;
    /// How the firm's peers measured up, by what was complete when the month had passed.
    fn peers(&mut self, indicator: &'static Indicator, period: Period) -> Option<PeerQuantiles>;
}

impl Measures for View<'_, '_> {
    fn measure(&mut self, indicator: &'static Indicator, period: Period) -> Option<i64> {
        (indicator.measure)(self, period)
    }

    fn peers(&mut self, indicator: &'static Indicator, period: Period) -> Option<PeerQuantiles> {
        View::peers(self, indicator, period)
    }
}

/// A comparison that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Which.
    pub comparison: &'a Comparison,
    /// The indicator's value.
    pub value: i64,
    /// The limit, in the indicator's unit.
    pub limit: i64,
    /// What the limit is of, in the indicator's unit; the limit itself where it is a number of the rule set.
    pub reference: i64,
}

/// What a rule finds of a month; nothing where it does not hold.
pub fn ask(rule: &Rule, measures: &mut dyn Measures, period: Period) -> Option<Finding> {
    if !rule.is_of(period) {
        return None;
    }
    let mut spoke = Vec::new();
    if !holds(&rule.when, measures, period, &mut spoke) {
        return None;
    }
    let stake = rule.stake.and_then(|stake| measures.measure(stake, period)).unwrap_or_default().max(0);
    // A sentence may name what did not speak, too.
    let mut all = Vec::new();
    for comparison in rule.when.comparisons() {
        all.extend(compare(comparison, measures, period));
    }
    let sentence = Sentence {
        zh: rule.text_zh.write(period, &all, rule.stake.map(|of| (of, stake))),
        en: rule.text_en.write(period, &all, rule.stake.map(|of| (of, stake))),
    };
    let mut finding = Finding::new(i64::from(rule.score), Fen(stake), sentence).number(
        &rule.evidence_name(),
        i64::from(rule.score),
        0,
        "score",
        "month",
    );
    for Asked { comparison, value, limit, .. } in spoke {
        let Indicator { code, unit, window, .. } = comparison.indicator;
        let window = format!("{window}; {}{}", comparison.side.words(), against(comparison.than));
        finding = finding.number(code, value, limit, unit.name(), &window);
    }
    Some(finding)
}

/// The most pieces of evidence of a finding that several rules made.
const EVIDENCE_MAX: usize = 64;

/// What a typology's own check and the rules under it found of one month, as one finding: a finding is known by its typology
/// and what it is about. The strongest gives score and sentence, and the check the first evidence.
pub fn together(own: Option<Finding>, by_rules: impl IntoIterator<Item = Finding>) -> Option<Finding> {
    own.into_iter().chain(by_rules).reduce(|mut all, one| {
        let mut evidence = std::mem::take(&mut all.evidence);
        evidence.extend(one.evidence.iter().cloned());
        evidence.truncate(EVIDENCE_MAX);
        let stake = all.stake.max(one.stake);
        let strongest = if one.score > all.score { one } else { all };
        Finding { stake, evidence, ..strongest }
    })
}

/// What a limit is of, as evidence says it; nothing of a number of the rule set.
fn against(than: Reference) -> String {
    match than {
        Reference::Number => String::new(),
        Reference::OwnPast(months) => format!(" by its own {months} months before"),
        Reference::Peers(quantile) => format!(" by {}", quantile.name().replace('_', " ")),
    }
}

/// Whether a condition holds; what speaks for it is added to `spoke`.
fn holds<'a>(
    condition: &'a Condition,
    measures: &mut dyn Measures,
    period: Period,
    spoke: &mut Vec<Asked<'a>>,
) -> bool {
    match condition {
        Condition::All(parts) => {
            let before = spoke.len();
            let all = parts.iter().all(|part| holds(part, measures, period, spoke));
            if !all {
                spoke.truncate(before);
            }
            all
        }
        Condition::Any(parts) => {
            // Every part that holds speaks, not only the first.
            let held = parts.iter().filter(|part| holds(part, measures, period, spoke)).count();
            held > 0
        }
        Condition::Compare(comparison) => {
            let asked = compare(comparison, measures, period);
            let speaks = asked.filter(|asked| comparison.side.holds(asked.value, asked.limit));
            spoke.extend(speaks);
            speaks.is_some()
        }
    }
}

/// The numbers of a comparison; nothing where one of them is not known.
fn compare<'a>(comparison: &'a Comparison, measures: &mut dyn Measures, period: Period) -> Option<Asked<'a>> {
    let Comparison { indicator, limit, than, .. } = *comparison;
    let value = measures.measure(indicator, period)?;
    let reference = match than {
        Reference::Number => return Some(Asked { comparison, value, limit, reference: limit }),
        Reference::OwnPast(months) => own_past(indicator, measures, period, months)?,
        Reference::Peers(quantile) => quantile_of(&measures.peers(indicator, period)?, quantile),
    };
    Some(Asked { comparison, value, limit: part(reference, limit), reference })
}

fn quantile_of(peers: &PeerQuantiles, quantile: Quantile) -> i64 {
    match quantile {
        Quantile::P10 => peers.p10,
        Quantile::P25 => peers.p25,
        Quantile::Median => peers.median,
        Quantile::P75 => peers.p75,
        Quantile::P90 => peers.p90,
    }
}

/// The mean of an indicator over the months before, where at least half of them have a value: less is no past.
fn own_past(indicator: &'static Indicator, measures: &mut dyn Measures, period: Period, months: i32) -> Option<i64> {
    let values: Vec<i64> = (1..=months).filter_map(|back| measures.measure(indicator, period.minus(back))).collect();
    let count = i128::try_from(values.len()).ok().filter(|count| *count * 2 >= i128::from(months))?;
    let sum: i128 = values.into_iter().map(i128::from).sum();
    i64::try_from(sum / count).ok()
}

/// So many basis points of a reference.
fn part(reference: i64, basis_points: i64) -> i64 {
    let scaled = i128::from(reference) * i128::from(basis_points) / 10_000;
    i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX })
}

impl IndicatorUnit {
    /// A value as a sentence has it.
    pub(super) fn shown(self, value: i64) -> String {
        match self {
            Self::BasisPoints => super::super::finding::percent(value),
            Self::Fen => Fen(value).grouped().to_string(),
            Self::Days | Self::Months | Self::Invoices | Self::Taxpayers | Self::Times | Self::Rank => {
                value.to_string()
            }
        }
    }
}
