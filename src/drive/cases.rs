//! The cases of a rule set, run: a script through the fold, or values through the rules alone.

use crate::model::{About, Output, Signal, SignalStatus};
use crate::risk::{Case, Given, RULE_PREFIX, RuleSet, ask};

use super::{World, parse};

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRun {
    /// The case.
    pub case: Case,
    /// What was found, sorted; or why it could not be run.
    pub found: Result<Vec<String>, String>,
}

impl CaseRun {
    /// Whether what was found is what was expected.
    pub fn holds(&self) -> bool {
        self.found.as_ref().is_ok_and(|found| *found == self.case.expected)
    }
}

/// Runs cases under the rule set that they stand in.
pub fn run_cases(document: &str, rules: &RuleSet, cases: Vec<Case>) -> Vec<CaseRun> {
    let run = |case: Case| {
        let found = match &case.given {
            Given::Script(script) => run_script(document, script),
            Given::Values(values) => {
                let holds = |code: &&crate::risk::Rule| ask(code, &mut values.clone(), values.period).is_some();
                Ok(rules.rules().filter(holds).map(|rule| rule.code.to_string()).collect())
            }
        };
        let found = found.map(|mut found: Vec<String>| {
            found.sort();
            found
        });
        CaseRun { case, found }
    };
    cases.into_iter().map(run).collect()
}

/// The findings that stand at the end of a script.
fn run_script(document: &str, script: &str) -> Result<Vec<String>, String> {
    let events = parse(script).map_err(|error| error.to_string())?;
    let mut world = World::new(document);
    for event in events {
        world.feed(event);
    }
    world.settle();
    let mut last: Vec<&Signal> = Vec::new();
    for said in world.said() {
        if let Output::Signal(signal) = &said.output {
            last.retain(|known| known.signal_id != signal.signal_id);
            last.push(signal);
        }
    }
    Ok(last.into_iter().filter(|signal| signal.status == SignalStatus::Open).map(line).collect())
}

/// A finding as a case names it: taxpayer, typology, what it is about, and the rules that found it.
fn line(signal: &Signal) -> String {
    let about = match signal.about {
        About::Invoice { invoice_no, .. } => invoice_no.to_string(),
        About::Period(period) => period.to_string(),
        About::Origin(origin) => origin.to_string(),
        About::Party(party) => party.to_string(),
    };
    let rules = signal.evidence.iter().filter_map(|evidence| evidence.indicator.strip_prefix(RULE_PREFIX));
    let said = [signal.taxpayer_id.as_str(), &*signal.typology, about.as_str()];
    said.into_iter().chain(rules).collect::<Vec<_>>().join(" ")
}
