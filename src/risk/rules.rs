//! Rule sets: every number that a finding, a task or the provenance depends on, read from TOML. A rule set names each
//! parameter of each typology it switches on, and nothing else: what it forgets or misspells is refused with its place.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;
use toml::de::DeTable;

use super::indicators::COMPARED;
use super::rule::{self, Mistake, Reference, Rule, Tree};
use super::{ALL, Entry, Sample, Subject, Typology};
use crate::model::{Fen, HOPS_MAX, HOUR_MS, Instant, Period, TaxpayerId, shortened};

/// The longest name of a version, in bytes.
const VERSION_BYTES_MAX: usize = 128;
/// Over so many hours the taxpayers are spread that are asked about a month that has passed: five days.
const SPREAD_HOURS: i64 = 120;

/// A rule set that was read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Its version's name.
    pub version: Box<str>,
    /// The numbers that are not of one typology.
    pub limits: Limits,
    /// How it draws the random sample; not at all where it does not say.
    pub sample: Option<Sample>,
    /// For each typology of [`ALL`], its parameters in their declared order; `None` where it is switched off.
    parameters: Vec<Option<Vec<i64>>>,
    /// For each typology of [`ALL`], the rules without code that are reported under it.
    rules: Vec<Vec<Rule>>,
    /// Numbers of the indicators in which firms are compared with their peers, rising.
    compared: Vec<u16>,
}

/// The numbers of a rule set that are not of one typology.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Origins a pool keeps exactly.
    pub pool_origins: usize,
    /// Origins an invoice's vector keeps exactly, one of them for the seller's own.
    pub vector_origins: usize,
    /// How long after a sale a purchase issued before it may still settle it.
    pub settle_days: i64,
    /// Months from the journal's beginning in which the shortfalls of an older firm accuse nobody.
    pub opening_months: i64,
    /// Input tax that imports bear, of their customs value, in basis points.
    pub import_rate_bp: i64,
    /// How long a deduction, or a red letter, waits for its invoice.
    pub grace_days: i64,
    /// Days after its end in which a month's return is due: then it is asked what needs the whole month.
    pub declare_days: i64,
    /// Months after which an invoice is closed: its row shrinks, and what still comes about it moves no value.
    pub closed_after_periods: i32,
    /// How many invoices away from an accused origin its accusation travels.
    pub taint_hops_max: u8,
    /// Less tainted tax than this, in fen, is not followed to a buyer.
    pub taint_tax_min_fen: i64,
    /// A taxpayer on a chain counts as washer when it passed on at least so much of what it took, in basis points.
    pub washer_passed_min_bp: i64,
    /// Months after which a firm is tied no longer to a device that it issues from no more, while it uses others.
    pub device_months: i32,
    /// The least scores of levels 2 to 5.
    pub level_scores: [u16; 4],
    /// The least stakes of levels 2 to 5, in fen.
    pub level_stakes_fen: [i64; 4],
    /// A taxpayer of credit grade A whose findings reach this level or less is not disturbed: guidance alone.
    pub grade_a_quiet_level: u8,
    /// Fewer peers than this say nothing about a firm.
    pub peers_min: i64,
    /// Mean monthly sales, in fen, from which a firm is of the second to the fifth scale; peers are firms of one industry
    /// and one scale.
    pub peer_scales_fen: [i64; 4],
}

impl Limits {
    /// From when on a month of a taxpayer has passed for what needs the whole of it: see `declare_days`. Each taxpayer has an
    /// hour of its own within some days, so that not all are asked at once.
    pub fn month_passes(&self, period: Period, taxpayer_id: TaxpayerId) -> Instant {
        let due = period.minus(-1).start().plus_days(self.declare_days);
        // Divided after eight bytes, not after each: this is asked for all the time.
        let own_hour = taxpayer_id.as_bytes().chunks(8).fold(0, |hour, bytes| {
            let sum = bytes.iter().fold(hour, |hour, byte| hour * 31 + i64::from(*byte));
            sum % SPREAD_HOURS
        });
        Instant(due.0 + own_hour * HOUR_MS)
    }

    /// From when on a month has passed for every taxpayer.
    pub fn month_passes_for_all(&self, period: Period) -> Instant {
        let due = period.minus(-1).start().plus_days(self.declare_days);
        Instant(due.0 + SPREAD_HOURS * HOUR_MS)
    }

    /// See `taint_tax_min_fen`.
    pub fn taint_tax_min(&self) -> Fen {
        Fen(self.taint_tax_min_fen)
    }
}

/// Why a document is not a rule set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// It is not the TOML that a rule set is; the text names line and column.
    #[error("{0}")]
    Syntax(String),
    /// It names a typology that this program does not have.
    #[error("[typologies.{0}] is no typology of this program; it has {known}", known = known())]
    UnknownTypology(String),
    /// It names a parameter that the typology does not have.
    #[error("[typologies.{typology}] has no parameter `{name}`; it has {known}")]
    UnknownParameter {
        /// Where.
        typology: &'static str,
        /// What.
        name: String,
        /// What there is.
        known: String,
    },
    /// It forgets one.
    #[error("[typologies.{typology}] lacks `{name}`: {doc}")]
    MissingParameter {
        /// Where.
        typology: &'static str,
        /// What.
        name: &'static str,
        /// What it is for.
        doc: &'static str,
    },
    /// A number no rule can work with.
    #[error("[{place}] {name} = {value}: {expected}")]
    OutOfRange {
        /// The table.
        place: Box<str>,
        /// The key.
        name: &'static str,
        /// What it says.
        value: i64,
        /// What it may say.
        expected: Box<str>,
    },
    /// One of its rules without code is none.
    #[error("[[rules]] {0}")]
    Rule(Mistake),
    /// It has no name to be known by.
    #[error("version = {0:?}: give 1 to {VERSION_BYTES_MAX} bytes of text without control characters")]
    Version(String),
}

fn known() -> String {
    ALL.iter().map(|typology| typology.code).collect::<Vec<_>>().join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: String,
    limits: Limits,
    sample: Option<Sample>,
    #[serde(default)]
    typologies: BTreeMap<String, BTreeMap<String, i64>>,
    /// Read with their places: see [`rule::read_rules`].
    #[serde(default, rename = "rules")]
    _rules: IgnoredAny,
    /// Cases for the rules: no part of what is in force.
    #[serde(default, rename = "tests")]
    _tests: IgnoredAny,
}

impl RuleSet {
    /// The rules before any are published: nothing is found, and value flows by the usual limits.
    pub fn silent() -> Self {
        let limits = Limits {
            pool_origins: 16,
            vector_origins: 8,
            settle_days: 31,
            opening_months: 0,
            import_rate_bp: 0,
            grace_days: 30,
            declare_days: 20,
            closed_after_periods: 24,
            taint_hops_max: 0,
            taint_tax_min_fen: 1,
            washer_passed_min_bp: 10_000,
            device_months: 6,
            level_scores: [1_000; 4],
            level_stakes_fen: [0; 4],
            grade_a_quiet_level: 1,
            peers_min: i64::MAX,
            peer_scales_fen: [i64::MAX; 4],
        };
        Self {
            version: "none".into(),
            limits,
            sample: None,
            parameters: vec![None; ALL.len()],
            rules: vec![Vec::new(); ALL.len()],
            compared: Vec::new(),
        }
    }

    /// Reads and checks a document.
    pub fn parse(document: &str) -> Result<Self, RulesError> {
        let text = document;
        let document: Document =
            toml::from_str(document).map_err(|error| RulesError::Syntax(shortened(error.to_string())))?;
        let version = document.version.as_str();
        if version.trim().is_empty() || version.len() > VERSION_BYTES_MAX || version.contains(char::is_control) {
            return Err(RulesError::Version(version.chars().take(VERSION_BYTES_MAX).collect()));
        }
        check_limits(&document.limits)?;
        document.sample.as_ref().map_or(Ok(()), Sample::check)?;
        if let Some(name) = document.typologies.keys().find(|name| super::typology(name).is_none()) {
            return Err(RulesError::UnknownTypology(name.clone()));
        }
        let parameters = ALL
            .iter()
            .map(|typology| document.typologies.get(typology.code).map(|given| order(typology, given)).transpose())
            .collect::<Result<_, _>>()?;
        let (mut tree, root) = Tree::read(text);
        let rules = rule::read_rules(root.get_ref(), &mut tree);
        if let Some(mistake) = tree.mistakes().into_iter().next() {
            return Err(RulesError::Rule(mistake));
        }
        let compared = compared(&rules);
        let of = |typology: &&Typology| rules.iter().filter(|rule| rule.typology == typology.code).cloned().collect();
        let rules = ALL.iter().map(of).collect();
        let (version, limits, sample) = (document.version.into(), document.limits, document.sample);
        Ok(Self { version, limits, sample, parameters, rules, compared })
    }

    /// The parameters of a typology, in their declared order; `None` where it is switched off.
    pub fn parameters<const N: usize>(&self, typology: &Typology) -> Option<[i64; N]> {
        self.parameters_at(place(typology)?)
    }

    /// The parameters of the typology at a place in [`ALL`].
    pub(super) fn parameters_at<const N: usize>(&self, place: usize) -> Option<[i64; N]> {
        let given = self.parameters[place].as_deref()?;
        Some(given.try_into().expect("a check takes as many parameters as its typology declares"))
    }

    /// One parameter of a typology, by its name; `None` where the typology is switched off or has none of that name.
    pub fn parameter(&self, typology: &Typology, name: &str) -> Option<i64> {
        let at = typology.parameters.iter().position(|parameter| parameter.name == name)?;
        self.parameters[place(typology)?].as_ref().map(|given| given[at])
    }

    /// The typologies that are switched on.
    pub fn typologies(&self) -> impl Iterator<Item = &'static Typology> + '_ {
        ALL.iter().zip(&self.parameters).filter(|(_, given)| given.is_some()).map(|(typology, _)| *typology)
    }

    /// The rules without code that are reported under a typology.
    pub fn rules_of(&self, typology: &Typology) -> &[Rule] {
        place(typology).map_or(&[], |at| &self.rules[at])
    }

    /// Every typology whose findings may be about a subject, with whether it is switched on and the rules without code that are
    /// reported under it.
    pub fn asked(&self, subject: Subject) -> impl Iterator<Item = (&'static Entry, bool, &[Rule])> {
        let all = super::about(subject).iter();
        all.map(|entry| (entry, self.parameters[entry.place].is_some(), self.rules[entry.place].as_slice()))
    }

    /// All rules without code, by typology.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().flatten()
    }

    /// Whether firms are compared with their peers in the indicator of a number.
    pub fn compares(&self, indicator: u16) -> bool {
        self.compared.binary_search(&indicator).is_ok()
    }

    /// Every mistake of a document, each with its place; none where it is a rule set.
    pub fn mistakes(document: &str) -> Vec<Mistake> {
        let (mut tree, root) = Tree::read(document);
        if let Err(error) = toml::from_str::<Document>(document) {
            tree.say(error.span().map_or(0, |span| span.start), error.message().to_owned());
        } else if let Err(error) = Self::parse(document) {
            // Whatever else is wrong with typologies and rules is found below, and this among it.
            if let Some(path) = place_of(&error) {
                tree.say(Tree::place(&root, &path), error.to_string());
            }
        }
        mistakes_of_typologies(&root, &mut tree);
        rule::read_rules(root.get_ref(), &mut tree);
        rule::cases_of(document, root.get_ref(), &mut tree);
        tree.mistakes()
    }

    /// Whether a typology is switched on.
    pub fn has(&self, typology: &Typology) -> bool {
        place(typology).is_some_and(|at| self.parameters[at].is_some())
    }
}

/// Numbers of the indicators that checks or rules compare with peers, rising.
fn compared(rules: &[Rule]) -> Vec<u16> {
    let by_rules = rules.iter().flat_map(|rule| rule.when.comparisons());
    let by_rules = by_rules.filter(|comparison| matches!(comparison.than, Reference::Peers(_)));
    let all = COMPARED.iter().copied().chain(by_rules.map(|comparison| comparison.indicator));
    all.filter_map(|indicator| indicator.peers).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Where a typology stands in [`ALL`]: there is one of each, so its address tells.
fn place(typology: &Typology) -> Option<usize> {
    ALL.iter().position(|known| std::ptr::eq(*known, typology))
}

/// The numbers given to a typology in their declared order, or the first mistake.
fn order(typology: &'static Typology, given: &BTreeMap<String, i64>) -> Result<Vec<i64>, RulesError> {
    if let Some(error) = errors_of(typology, given).into_iter().next() {
        return Err(error);
    }
    Ok(typology.parameters.iter().filter_map(|parameter| given.get(parameter.name).copied()).collect())
}

/// All mistakes in the numbers given to a typology.
fn errors_of(typology: &'static Typology, given: &BTreeMap<String, i64>) -> Vec<RulesError> {
    let known = |name: &str| typology.parameters.iter().any(|parameter| parameter.name == name);
    let unknown = given.keys().filter(|name| !known(name)).map(|name| {
        let known = typology.parameters.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
        RulesError::UnknownParameter { typology: typology.code, name: name.clone(), known }
    });
    let check = |parameter: &'static super::Parameter| -> Result<(), RulesError> {
        let missing =
            RulesError::MissingParameter { typology: typology.code, name: parameter.name, doc: parameter.doc };
        let value = *given.get(parameter.name).ok_or(missing)?;
        let refused = |expected: String| {
            let place = format!("typologies.{}", typology.code);
            Err(RulesError::OutOfRange { place: place.into(), name: parameter.name, value, expected: expected.into() })
        };
        let lawful = parameter.unit.range();
        if !lawful.contains(&value) {
            return refused(format!("give {} to {}", lawful.start(), lawful.end()));
        }
        // Where the other one is missing or out of its range, that is said in its turn.
        let least = parameter.not_below.and_then(|name| given.get_key_value(name));
        match least.filter(|(_, least)| lawful.contains(least) && value < **least) {
            Some((name, least)) => refused(format!("give at least as much as {name}, which is {least}")),
            None => Ok(()),
        }
    };
    unknown.chain(typology.parameters.iter().filter_map(|parameter| check(parameter).err())).collect()
}

/// The keys that lead to what an error is about, of those that are not found with their place in any case.
fn place_of(error: &RulesError) -> Option<Vec<&str>> {
    match error {
        RulesError::OutOfRange { place, name, .. } if &**place == "limits" => Some(vec!["limits", name]),
        RulesError::Version(_) => Some(vec!["version"]),
        RulesError::Syntax(_)
        | RulesError::UnknownTypology(_)
        | RulesError::UnknownParameter { .. }
        | RulesError::MissingParameter { .. }
        | RulesError::OutOfRange { .. }
        | RulesError::Rule(_) => None,
    }
}

fn mistakes_of_typologies(root: &Spanned<DeTable<'_>>, tree: &mut Tree<'_>) {
    let given = root.get_ref().get("typologies").and_then(|value| value.get_ref().as_table());
    for (code, value) in given.into_iter().flatten() {
        let Some(typology) = super::typology(code.get_ref()) else {
            tree.say(code.span().start, RulesError::UnknownTypology(code.get_ref().to_string()).to_string());
            continue;
        };
        // What is no table, or no number, is said by whoever reads the document as a whole.
        let numbers = value.get_ref().as_table().into_iter().flatten();
        let numbers: BTreeMap<String, i64> = numbers
            .filter_map(|(name, value)| Some((name.get_ref().to_string(), rule::integer(value.get_ref())?)))
            .collect();
        for error in errors_of(typology, &numbers) {
            let name = match &error {
                RulesError::UnknownParameter { name, .. } => name.as_str(),
                RulesError::OutOfRange { name, .. } => name,
                RulesError::Syntax(_)
                | RulesError::UnknownTypology(_)
                | RulesError::MissingParameter { .. }
                | RulesError::Rule(_)
                | RulesError::Version(_) => "",
            };
            tree.say(Tree::place(root, &["typologies", typology.code, name]), error.to_string());
        }
    }
}

fn check_limits(limits: &Limits) -> Result<(), RulesError> {
    let size = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    let ranges = [
        ("pool_origins", size(limits.pool_origins), 1..=256, "give 1 to 256"),
        ("vector_origins", size(limits.vector_origins), 1..=64, "give 1 to 64"),
        ("settle_days", limits.settle_days, 0..=366, "give 0 to 366"),
        ("opening_months", limits.opening_months, 0..=24, "give 0 to 24"),
        ("import_rate_bp", limits.import_rate_bp, 0..=10_000, "give 0 to 10000"),
        ("grace_days", limits.grace_days, 0..=366, "give 0 to 366"),
        ("declare_days", limits.declare_days, 0..=366, "give 0 to 366"),
        ("closed_after_periods", limits.closed_after_periods.into(), 14..=600, "give 14 to 600"),
        ("taint_hops_max", limits.taint_hops_max.into(), 0..=size(HOPS_MAX), "give 0 to 16"),
        ("taint_tax_min_fen", limits.taint_tax_min_fen, 1..=i64::MAX, "give at least 1"),
        ("washer_passed_min_bp", limits.washer_passed_min_bp, 0..=10_000, "give 0 to 10000"),
        ("device_months", limits.device_months.into(), 1..=120, "give 1 to 120"),
        ("grade_a_quiet_level", limits.grade_a_quiet_level.into(), 1..=5, "give 1 to 5"),
        ("peers_min", limits.peers_min, 2..=1_000_000, "give 2 to 1000000"),
    ];
    for (name, value, lawful, expected) in ranges {
        if !lawful.contains(&value) {
            return Err(RulesError::OutOfRange { place: "limits".into(), name, value, expected: expected.into() });
        }
    }
    if !limits.level_stakes_fen.is_sorted() || limits.level_stakes_fen[0] < 0 {
        let value = limits.level_stakes_fen[0];
        let expected = "give four amounts of at least 0 fen, none below the one before".into();
        return Err(RulesError::OutOfRange { place: "limits".into(), name: "level_stakes_fen", value, expected });
    }
    if !limits.peer_scales_fen.is_sorted() || limits.peer_scales_fen[0] < 1 {
        let value = limits.peer_scales_fen[0];
        let expected = "give four amounts of at least 1 fen, rising".into();
        return Err(RulesError::OutOfRange { place: "limits".into(), name: "peer_scales_fen", value, expected });
    }
    if !limits.level_scores.is_sorted() || limits.level_scores[3] > 1_000 {
        let value = i64::from(limits.level_scores[3]);
        let expected = "give four scores from 0 to 1000, rising".into();
        return Err(RulesError::OutOfRange { place: "limits".into(), name: "level_scores", value, expected });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(String) -> String) -> RulesError {
        RuleSet::parse(&change(crate::risk::rules::tests::STANDARD.into())).unwrap_err()
    }

    pub(crate) const STANDARD: &str = include_str!("../../topologies/rules-standard.toml");

    #[test]
    fn the_standard_rule_set_switches_on_every_typology() {
        let rules = RuleSet::parse(STANDARD).unwrap();
        assert!(ALL.iter().all(|typology| rules.has(typology)));
    }

    #[test]
    fn what_a_rule_set_misspells_or_forgets_is_named() {
        let cases = [
            (with(|text| text.replace("[typologies.circular]", "[typologies.circle]")), "circle"),
            (with(|text| text.replace("margin_max_bp", "margin_bp")), "`margin_bp`; it has"),
            (with(|text| text.replace("settle_days = 31", "settle_days = 999")), "settle_days = 999"),
            (with(|text| text.replace("settle_days = 31", "settle_dayz = 31")), "settle_dayz"),
            (with(|text| text.replace("version = \"standard-2026-11\"", "version = \" \"")), "give 1 to 128 bytes"),
            (
                with(|text| text.replace("score = 550", "score = 1_001")),
                "[typologies.quota_surge] score = 1001: give 0 to 1000",
            ),
            (
                with(|text| text.replace("score = 280", "score = 1_001")),
                "[typologies.pass_through] score = 1001: give 0 to 1000",
            ),
            (
                with(|text| text.replace("own_share_min_bp = 8_000", "own_share_min_bp = 99_999")),
                "= 99999: give 0 to 10000",
            ),
            (
                with(|text| text.replace("score_direct = 800", "score_direct = 549")),
                "give at least as much as score, which is 550",
            ),
            (
                with(|text| text.replace("tax_full_fen = 30_000_000", "tax_full_fen = 4_999_999")),
                "[typologies.false_deduction] tax_full_fen = 4999999: give at least as much as tax_min_fen, which is 5000000",
            ),
            (with(|text| text.replace("margin_max_bp = ", "# margin_max_bp = ")), "lacks `margin_max_bp`"),
        ];
        for (error, part) in cases {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
