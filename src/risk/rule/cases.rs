//! Cases that stand in a rule set beside its rules, under `[[tests]]`: a script or the values of indicators, and what is to
//! be found.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::indicators::{self, Indicator};
use super::tree::{Table, Tree, integer};
use super::{Measures, Mistake};
use crate::model::{PeerQuantiles, Period};

/// A case of a rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it shows, a sentence.
    pub name: String,
    /// The line it stands at.
    pub line: usize,
    /// What goes in.
    pub given: Given,
    /// What is to come out, sorted: with values, the codes of the rules that hold; with a script, the findings that stand at
    /// its end, each as taxpayer, typology, what it is about, and the rules that found it.
    pub expected: Vec<String>,
}

/// What goes into a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Events, as `drive` reads them.
    Script(String),
    /// Values of one firm's month.
    Values(Values),
}

/// Values of one firm's month, as a case gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// The month.
    pub period: Period,
    /// Its own, by code.
    now: BTreeMap<String, i64>,
    /// Its own in each month before.
    past: BTreeMap<String, i64>,
    /// Its peers'.
    peers: BTreeMap<String, PeerQuantiles>,
}

impl Measures for Values {
    fn measure(&mut self, indicator: &'static Indicator, period: Period) -> Option<i64> {
        let of = if period == self.period { &self.now } else { &self.past };
        of.get(indicator.code).copied()
    }

    fn peers(&mut self, indicator: &'static Indicator, _: Period) -> Option<PeerQuantiles> {
        self.peers.get(indicator.code).copied()
    }
}

/// The month of a case that names none.
const PERIOD: Period = Period(2026 * 12);

/// Reads the cases of a rule set, or every mistake in them.
pub fn read_cases(document: &str) -> Result<Vec<Case>, Vec<Mistake>> {
    let (mut tree, root) = Tree::read(document);
    let cases = cases_of(document, root.get_ref(), &mut tree);
    let mistakes = tree.mistakes();
    if mistakes.is_empty() { Ok(cases) } else { Err(mistakes) }
}

pub(in crate::risk) fn cases_of(document: &str, root: &DeTable<'_>, tree: &mut Tree<'_>) -> Vec<Case> {
    let mut cases = Vec::new();
    for mut table in Table::list(root, "tests", tree) {
        let at = table.span.start;
        let name = table.text("name", tree).map(Spanned::into_inner).unwrap_or_default();
        if name.trim().is_empty() {
            tree.say(at, "the test lacks `name`: a sentence that says what it shows");
        }
        let script = table.text("script", tree).map(|script| Given::Script(script.into_inner()));
        let has_values = table.any("values").is_some();
        let values = Values {
            period: month(&mut table, tree),
            now: numbers(&mut table, "values", tree),
            past: numbers(&mut table, "past", tree),
            peers: peers(&mut table, tree),
        };
        let expected = expected(&mut table, tree);
        table.finish("a test", tree);
        let given = match (script, has_values) {
            (Some(script), false) => script,
            (None, true) => Given::Values(values),
            (Some(_), true) | (None, false) => {
                tree.say(at, "a test has either a `script` or `values`");
                continue;
            }
        };
        let line = document[..document.floor_char_boundary(at)].matches('\n').count() + 1;
        cases.push(Case { name, line, given, expected });
    }
    cases
}

fn month(table: &mut Table<'_, '_>, tree: &mut Tree<'_>) -> Period {
    let Some(text) = table.text("period", tree) else { return PERIOD };
    Period::parse(text.get_ref()).unwrap_or_else(|| {
        tree.say(text.span().start, format!("`{}` is no month: write 2026-01", text.get_ref()));
        PERIOD
    })
}

/// The indicators under a key, each with what stands beside it.
fn known<'t, 'i>(
    table: &mut Table<'t, 'i>,
    key: &'static str,
    tree: &mut Tree<'_>,
) -> Vec<(&'static Indicator, &'t Spanned<DeValue<'i>>)> {
    let Some(inner) = table.value(key).and_then(|value| Table::of(value, &format!("`{key}`"), tree)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (at, code) in inner.keys() {
        match (indicators::indicator(code), inner.any(code)) {
            (Some(indicator), Some(value)) => found.push((indicator, value)),
            _ => tree.say(at, super::read::unknown_indicator(code)),
        }
    }
    found
}

fn numbers(table: &mut Table<'_, '_>, key: &'static str, tree: &mut Tree<'_>) -> BTreeMap<String, i64> {
    let mut numbers = BTreeMap::new();
    for (indicator, value) in known(table, key, tree) {
        match integer(value.get_ref()) {
            Some(number) => {
                numbers.insert(indicator.code.to_owned(), number);
            }
            None => tree.say(value.span().start, format!("`{}` is a whole number", indicator.code)),
        }
    }
    numbers
}

fn peers(table: &mut Table<'_, '_>, tree: &mut Tree<'_>) -> BTreeMap<String, PeerQuantiles> {
    let mut peers = BTreeMap::new();
    for (indicator, value) in known(table, "peers", tree) {
        let at = value.span().start;
        let items = value.get_ref().as_array().into_iter().flat_map(|items| items.iter());
        let numbers: Vec<i64> = items.filter_map(|item| integer(item.get_ref())).collect();
        let (Some(number), [p10, p25, median, p75, p90]) = (indicator.peers, numbers.as_slice()) else {
            let what = format!(
                "`{}` of peers is five whole numbers, p10 to p90, of an indicator that is compared",
                indicator.code
            );
            tree.say(at, what);
            continue;
        };
        if !numbers.is_sorted() {
            tree.say(at, "quantiles rise from p10 to p90");
        }
        let quantiles = PeerQuantiles {
            indicator: number,
            firms: 100,
            p10: *p10,
            p25: *p25,
            median: *median,
            p75: *p75,
            p90: *p90,
        };
        peers.insert(indicator.code.to_owned(), quantiles);
    }
    peers
}

fn expected(table: &mut Table<'_, '_>, tree: &mut Tree<'_>) -> Vec<String> {
    let at = table.span.start;
    let value = table.value("expect");
    let items = value.and_then(|value| value.get_ref().as_array());
    let Some(items) = items.filter(|items| items.iter().all(|item| item.get_ref().is_str())) else {
        let at = value.map_or(at, |value| value.span().start);
        tree.say(at, "the test lacks `expect`: a list of texts, empty where nothing is to be found");
        return Vec::new();
    };
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut expected: Vec<String> = items.iter().filter_map(|item| item.get_ref().as_str()).map(words).collect();
    expected.sort();
    expected
}
