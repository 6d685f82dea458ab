//! `suyuan rules`: what an analyst needs to write rules without code. What can be measured, what is wrong with a rule set,
//! and whether its own cases hold.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::data::DataArgs;
use super::show::{TEXT_COLUMNS, Table, clean, color_wanted, counted, minute, print, print_json, put, wrap};
use crate::drive::{CaseRun, STANDARD_RULES, run_cases};
use crate::files::read_document;
use crate::query::{self, Folder};
use crate::risk::indicators::{self, Indicator};
use crate::risk::{RuleSet, read_cases};

/// Check and test rule sets, and list the indicators that rules may name.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Says every mistake of a rule set, each with its line and column
    Check {
        /// The rule set. Default: the standard one.
        file: Option<PathBuf>,
    },
    /// Runs the cases that stand in a rule set under `[[tests]]`
    #[command(after_help = "A case is a script or values of indicators, and what is to be found:\n\n  \
        [[tests]]\n  name = \"night issuing is found\"\n  values = { night_share = 5_000, issued_tax = 10_000_000 }\n  \
        peers = { night_share = [0, 0, 100, 300, 900] }   # p10, p25, median, p75, p90\n  \
        expect = [\"night_issuing\"]                        # codes of rules\n\n  \
        [[tests]]\n  name = \"a second deduction is found\"\n  script = \"\"\"\n  \
        issue  101 A B 9000.00\n  deduct 101 B 2026-03 from=A\n  deduct 101 B 2026-04 from=A\n  \"\"\"\n  \
        expect = [\"B double_deduction legacy:101\"]        # taxpayer, typology, what it is about, rules")]
    Test {
        /// The rule set. Default: the standard one.
        file: Option<PathBuf>,
    },
    /// Lists the rule sets that took effect in a data folder, the one in force last
    Published {
        #[command(flatten)]
        data: DataArgs,
        /// Prints the document of this version instead.
        #[arg(long, value_name = "VERSION")]
        document: Option<String>,
    },
    /// Lists what can be measured of a firm's month
    Indicators {
        /// As JSON, with all that is documented.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.what {
        What::Check { file } => check(file.as_deref()),
        What::Test { file } => test(file.as_deref()),
        What::Published { data, document } => published(&Folder::open(&data.dir()?)?, document.as_deref()),
        What::Indicators { json: true } => print_json(&document()),
        What::Indicators { json: false } => print(list().as_bytes()),
    }
}

/// A rule set, and how it is called: the standard one where no file is named.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<(String, String)> {
    let Some(file) = file else { return Ok(("the standard rule set".into(), STANDARD_RULES.into())) };
    let text = read_document(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok((file.display().to_string(), text))
}

fn check(file: Option<&Path>) -> anyhow::Result<()> {
    let (shown, text) = read(file)?;
    let mistakes = RuleSet::mistakes(&text);
    if mistakes.is_empty() {
        let rules = RuleSet::parse(&text).with_context(|| format!("{shown} is not a rule set"))?;
        let (typologies, own) = (rules.typologies().count(), rules.rules().count());
        let cases = read_cases(&text).map_or(0, |cases| cases.len());
        return print(
            format!(
                "{shown} is a rule set: version {}, {}, {}, {}\n",
                rules.version,
                counted(typologies as u64, "typology", "typologies"),
                counted(own as u64, "rule", "rules"),
                counted(cases as u64, "case", "cases"),
            )
            .as_bytes(),
        );
    }
    let mut text = String::new();
    for mistake in &mistakes {
        put(&mut text, format_args!("{shown}:{}:{}: {}\n", mistake.line, mistake.column, mistake.what));
    }
    print(text.as_bytes())?;
    anyhow::bail!("{shown} has {}", counted(mistakes.len() as u64, "mistake", "mistakes"))
}

fn test(file: Option<&Path>) -> anyhow::Result<()> {
    let (shown, text) = read(file)?;
    let rules = RuleSet::parse(&text).with_context(|| format!("{shown} is not a rule set"))?;
    let cases = read_cases(&text).map_err(|mistakes| {
        let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
        anyhow::anyhow!("the cases of {shown} cannot be read: {first}; `suyuan rules check` says all")
    })?;
    let runs = run_cases(&text, &rules, cases);
    let failed = runs.iter().filter(|run| !run.holds()).count();
    print(runs.iter().map(outcome).collect::<String>().as_bytes())?;
    anyhow::ensure!(failed == 0, "{failed} of {} of {shown} failed", counted(runs.len() as u64, "case", "cases"));
    print(format!("{} of {shown} hold\n", counted(runs.len() as u64, "case", "cases")).as_bytes())
}

fn published(folder: &Folder, document: Option<&str>) -> anyhow::Result<()> {
    let all = query::published(folder)?;
    if let Some(version) = document {
        let known = all.iter().find(|published| &*published.version == version);
        let known = known.with_context(|| format!("no rule set {version} was published here"))?;
        return print(known.document.as_bytes());
    }
    let mut table = Table::new(&["version", "published", "by event", "in force"]);
    for published in &all {
        let by = if published.position.offset == 0 { "the beginning".into() } else { published.position.to_string() };
        let in_force = if published.in_force { "yes" } else { "" };
        table.row(vec![clean(&published.version).into(), minute(published.at).into(), by.into(), in_force.into()]);
    }
    print(table.write("", color_wanted()).as_bytes())
}

/// A case that holds on a line; one that does not with what was expected and what was found.
fn outcome(run: &CaseRun) -> String {
    let CaseRun { case, found } = run;
    if run.holds() {
        return format!("ok      {}\n", case.name);
    }
    let mut text = format!("FAILED  {}, at line {}\n", case.name, case.line);
    match found {
        Err(why) => put(&mut text, format_args!("        {why}\n")),
        Ok(found) => {
            for line in case.expected.iter().filter(|line| !found.contains(line)) {
                put(&mut text, format_args!("        expected, and not found: {line}\n"));
            }
            for line in found.iter().filter(|line| !case.expected.contains(line)) {
                put(&mut text, format_args!("        found, and not expected: {line}\n"));
            }
        }
    }
    text
}

fn list() -> String {
    let mut table = Table::new(&["indicator", "name", "unit", "window", "with peers", "formula"]);
    for Indicator { code, name_zh, formula, unit, window, peers, .. } in indicators::ALL {
        let compared = if peers.is_some() { "yes" } else { "" };
        table.row(vec![
            (*code).into(),
            (*name_zh).into(),
            unit.name().into(),
            (*window).into(),
            compared.into(),
            (*formula).into(),
        ]);
    }
    table.write("", color_wanted()) + "\nWhat one is for, and where that is said: suyuan explain CODE\n"
}

fn document() -> Value {
    let one = |indicator: &&Indicator| {
        let Indicator { code, name_zh, formula, unit, window, peers, doc, .. } = indicator;
        json!({
            "code": code,
            "name_zh": name_zh,
            "formula": formula,
            "unit": unit.name(),
            "window": window,
            "with_peers": peers.is_some(),
            "doc": doc,
        })
    };
    indicators::ALL.iter().map(one).collect()
}

/// The page of an indicator, for `suyuan explain`.
pub(super) fn indicator_page(indicator: &Indicator) -> String {
    let Indicator { code, name_zh, formula, unit, window, peers, doc, .. } = indicator;
    let compared = match peers {
        Some(_) => "peers of its industry and scale, by quantiles of the month before; its own past; or a number",
        None => "its own past, or a number",
    };
    format!(
        "{code} {name_zh}: an indicator, in {}, over {window}\n\n{}\n\n  Worked out as\n{}\n  Rules may hold it against {compared}.\n",
        unit.name(),
        wrap(doc, "  ", TEXT_COLUMNS).trim_end(),
        wrap(formula, "    ", TEXT_COLUMNS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_indicator_stands_in_the_list_and_in_the_document_and_has_a_page() {
        let (list, document) = (list(), document());
        assert_eq!(document.as_array().unwrap().len(), indicators::ALL.len());
        for (indicator, entry) in indicators::ALL.iter().zip(document.as_array().unwrap()) {
            assert!(list.contains(indicator.code) && list.contains(indicator.formula), "{}", indicator.code);
            assert_eq!(entry["code"], indicator.code);
            assert_eq!(entry["with_peers"], indicator.peers.is_some());
            assert!(indicator_page(indicator).contains(indicator.name_zh));
        }
    }

    #[test]
    fn the_standard_rule_set_has_no_mistakes_and_its_cases_hold() {
        check(None).unwrap();
        test(None).unwrap();
    }
}
