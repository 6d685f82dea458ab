//! `suyuan explain`: what a code means.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args as ClapArgs;

use super::filter::any_code;
use super::rules;
use super::show::{TEXT_COLUMNS, Table, color_wanted, measure, print, put, unit_shown, wrap};
use crate::drive::STANDARD_RULES;
use crate::model::{EVENT_DOUBTS, EventDoubt};
use crate::query::pages::{self, Carrier, Page};
use crate::risk::{self, Condition, Reference, Rule, RuleSet, Subject, Typology, indicators};

/// Say what a typology, an indicator, a rule, or the code of a dead letter or a doubt means; without a code, list them all.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  suyuan explain                       all codes
  suyuan explain pass_through          a typology: what it is, what looks like it, its parameters
  suyuan explain tax_burden            an indicator: what it measures, and how
  suyuan explain night_issuing --rules mine.toml   a rule of a rule set
  suyuan explain conflicting           a dead letter: what happened, and what to do")]
pub(crate) struct Args {
    /// The code.
    #[arg(value_name = "CODE", value_parser = any_code(), hide_possible_values = true)]
    pub(crate) code: Option<String>,
    /// The rule set whose rules are explained. Default: the standard one.
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (shown, document) = rules::read(args.rules.as_deref())?;
    let set = RuleSet::parse(&document).with_context(|| format!("{shown} is not a rule set"))?;
    let Some(code) = &args.code else { return print(list(&set).as_bytes()) };
    let rule = set.rules().find(|rule| *rule.code == **code);
    let text = if let Some(typology) = risk::typology(code) {
        typology_page(typology)
    } else if let Some(rule) = rule {
        rule_page(rule, &shown)
    } else if let Some(indicator) = indicators::indicator(code) {
        rules::indicator_page(indicator)
    } else if let Some(page) = pages::page(code) {
        code_page(page)
    } else if let Some(doubt) = checked().find(|doubt| doubt.code == code) {
        checked_page(doubt)
    } else {
        anyhow::bail!("there is no code `{code}`{}; `suyuan explain` lists all", nearest(code, &set))
    };
    print(text.as_bytes())
}

/// A rule as it stands in its rule set, in words.
fn rule_page(rule: &Rule, shown: &str) -> String {
    let Rule { code, name_zh, name_en, typology, score, .. } = rule;
    let mut text =
        format!("{code} {name_zh}, {name_en}: a rule of {shown}, reported under {typology} with score {score}\n\n");
    put(&mut text, format_args!("  Holds where\n{}", condition_page(&rule.when, "    ")));
    for (what, level) in [("least", rule.level_min), ("most", rule.level_max)] {
        if let Some(level) = level {
            put(&mut text, format_args!("\n  Level at {what}: {level}"));
        }
    }
    let asked = if rule.at_once { "at every change of a month" } else { "when a month has passed" };
    put(&mut text, format_args!("\n  Asked {asked}"));
    if let Some(from) = rule.from {
        put(&mut text, format_args!(", from {from}"));
    }
    if let Some(to) = rule.to {
        put(&mut text, format_args!(", to {to}"));
    }
    text + ".\n"
}

fn condition_page(condition: &Condition, indent: &str) -> String {
    let inner = format!("{indent}  ");
    let (word, parts) = match condition {
        Condition::All(parts) => ("all of", parts),
        Condition::Any(parts) => ("any of", parts),
        Condition::Compare(comparison) => {
            let unit = comparison.indicator.unit.name();
            let (limit, unit) = match comparison.than {
                Reference::Number => (measure(comparison.limit, unit), unit_shown(unit)),
                Reference::OwnPast(_) | Reference::Peers(_) => (measure(comparison.limit, "bp"), "%"),
            };
            let of = match comparison.than {
                Reference::Number => String::new(),
                Reference::OwnPast(months) => format!(" of its own mean over {months} months before"),
                Reference::Peers(quantile) => format!(" of {}", quantile.name().replace('_', " ")),
            };
            let (code, side) = (comparison.indicator.code, comparison.side.words());
            return format!("{indent}{code} is {side} {limit} {unit}{of}\n");
        }
    };
    let parts: String = parts.iter().map(|part| condition_page(part, &inner)).collect();
    format!("{indent}{word}\n{parts}")
}

fn list(set: &RuleSet) -> String {
    let mut typologies = Table::new(&["typology", "name", "about"]);
    for typology in risk::ALL {
        typologies.row(vec![typology.code.into(), typology.name_zh.into(), subject(typology.subject).into()]);
    }
    let mut text = typologies.write("", color_wanted());
    let mut table = Table::new(&["rule", "name", "reported under"]);
    for rule in set.rules() {
        table.row(vec![(&*rule.code).into(), (&*rule.name_zh).into(), rule.typology.into()]);
    }
    if !table.is_empty() {
        text += "\n";
        text += &table.write("", color_wanted());
    }
    let mut table = Table::new(&["indicator", "name", "unit", "window"]);
    for indicator in indicators::ALL {
        let unit = indicator.unit.name();
        table.row(vec![indicator.code.into(), indicator.name_zh.into(), unit.into(), indicator.window.into()]);
    }
    text += "\n";
    text += &table.write("", color_wanted());
    for (carrier, heading) in [(Carrier::DeadLetter, "dead letter"), (Carrier::Doubt, "doubt")] {
        let mut table = Table::new(&[heading, "means"]);
        for page in pages::ALL.iter().filter(|page| page.carrier == carrier) {
            table.row(vec![page.code.into(), page.title.into()]);
        }
        text += "\n";
        text += &table.write("", color_wanted());
    }
    let mut table = Table::new(&["doubt of `import --check` alone", "means"]);
    for doubt in checked() {
        table.row(vec![doubt.code.into(), doubt.meaning.into()]);
    }
    if !table.is_empty() {
        text += "\n";
        text += &table.write("", color_wanted());
    }
    text
}

/// What only `suyuan import --check` says, and the fold does not.
fn checked() -> impl Iterator<Item = &'static EventDoubt> {
    EVENT_DOUBTS.iter().filter(|doubt| pages::page(doubt.code).is_none())
}

fn checked_page(doubt: &EventDoubt) -> String {
    let EventDoubt { code, meaning, .. } = doubt;
    format!("{code} (a doubt of `suyuan import --check`, which reads a file without using it)\n  {meaning}\n")
}

fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Invoice => "an invoice",
        Subject::Period => "a month",
        Subject::Origin => "value of an origin",
        Subject::Party => "a party that ties it to others",
    }
}

fn typology_page(typology: &Typology) -> String {
    let mut text = format!("{} {}: a typology, since {}\n\n", typology.code, typology.name_zh, typology.since);
    text += &wrap(typology.doc, "  ", TEXT_COLUMNS);
    put(&mut text, format_args!("\n  Its findings are about {}.", subject(typology.subject)));
    if typology.accuses_source {
        text += " They accuse the taxpayer as a source: its value is followed to whoever took it.";
    }
    text += "\n\n  Parameters, in [typologies.";
    text += typology.code;
    text += "] of a rule set, with the values of the standard one:\n";
    let standard = standard_values(typology.code);
    for parameter in typology.parameters {
        let value = standard.get(parameter.name).map(|value| value_shown(parameter.name, *value)).unwrap_or_default();
        put(&mut text, format_args!("    {}{value}\n{}", parameter.name, wrap(parameter.doc, "      ", TEXT_COLUMNS)));
    }
    text
}

/// What the standard rule set gives a typology; empty where it is switched off there.
fn standard_values(code: &str) -> BTreeMap<String, i64> {
    let document: toml::Table = STANDARD_RULES.parse().expect("the standard rule set is read by every run");
    let given = document.get("typologies").and_then(|typologies| typologies.get(code)).and_then(toml::Value::as_table);
    let values = given.into_iter().flatten();
    values.filter_map(|(name, value)| Some((name.clone(), value.as_integer()?))).collect()
}

/// A value as the rule set has it, and as people read it where that differs: ` = 5000000 (50,000.00 yuan)`.
fn value_shown(name: &str, value: i64) -> String {
    let unit = name.rsplit('_').next().unwrap_or_default();
    match unit {
        "fen" | "bp" => format!(" = {value} ({} {})", measure(value, unit), unit_shown(unit)),
        _ => format!(" = {value}"),
    }
}

fn code_page(page: &Page) -> String {
    let carrier = match page.carrier {
        Carrier::DeadLetter => "a dead letter: input that was not used",
        Carrier::Doubt => "a doubt: input that was used, and that somebody should look at",
    };
    format!(
        "{} ({carrier})\n  {}\n\n{}\n  What to do:\n{}",
        page.code,
        page.title,
        wrap(page.doc, "  ", TEXT_COLUMNS),
        wrap(page.remedy, "  ", TEXT_COLUMNS)
    )
}

/// The code that was probably meant.
fn nearest(code: &str, set: &RuleSet) -> String {
    let known = risk::ALL.iter().map(|typology| typology.code).chain(pages::ALL.iter().map(|page| page.code));
    let known = known.chain(checked().map(|doubt| doubt.code)).chain(set.rules().map(|rule| &*rule.code));
    let known = known.chain(indicators::ALL.iter().map(|indicator| indicator.code));
    let best = known.map(|known| (distance(code, known), known)).min();
    match best {
        Some((changes, known)) if changes <= CHANGES_MAX => format!("; is `{known}` meant?"),
        _ => String::new(),
    }
}

/// How many letters a code that was probably meant may differ in.
const CHANGES_MAX: usize = 4;

/// Letters to change, add or take away to make one of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, d) in other.iter().enumerate() {
            let changed = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard() -> RuleSet {
        RuleSet::parse(STANDARD_RULES).unwrap()
    }

    #[test]
    fn every_code_has_a_page_and_stands_in_the_list() {
        let list = list(&standard());
        for typology in risk::ALL {
            let page = typology_page(typology);
            assert!(list.contains(typology.code) && page.contains(typology.name_zh), "{}", typology.code);
            let has_value = |parameter: &risk::Parameter| page.contains(&format!("    {} = ", parameter.name));
            assert!(typology.parameters.iter().all(has_value), "{page}");
        }
        let page = typology_page(risk::typology("pass_through").unwrap());
        for value in ["tax_min_fen = 5000000 (50,000.00 yuan)", "margin_max_bp = 300 (3 %)", "days_max = 10\n"] {
            assert!(page.contains(value), "{page}");
        }
        for page in pages::ALL {
            let text = code_page(page);
            assert!(list.contains(page.title) && text.contains("What to do"), "{}", page.code);
            assert!(text.lines().all(|line| line.chars().count() <= TEXT_COLUMNS), "{text}");
        }
    }

    #[test]
    fn what_a_check_of_a_file_says_is_explained_too() {
        let only_checked: Vec<_> = checked().map(|doubt| doubt.code).collect();
        assert_eq!(only_checked, ["sold_to_itself"], "all else goes by the fold's names");
        for doubt in &EVENT_DOUBTS {
            assert!(list(&standard()).contains(doubt.code), "{}", doubt.code);
            run(&Args { code: Some(doubt.code.into()), rules: None }).unwrap();
        }
    }

    #[test]
    fn a_code_that_was_probably_meant_is_named() {
        assert_eq!(nearest("passthrough", &standard()), "; is `pass_through` meant?");
        assert_eq!(nearest("conflict", &standard()), "; is `conflicting` meant?");
        assert_eq!(nearest("xyzzyxyzzy", &standard()), "");
        assert_eq!((distance("", "ab"), distance("kitten", "sitting")), (2, 3));
    }

    #[test]
    fn an_unknown_code_is_an_error_that_says_where_to_look() {
        let error = run(&Args { code: Some("pass_throug".into()), rules: None }).unwrap_err().to_string();
        assert_eq!(error, "there is no code `pass_throug`; is `pass_through` meant?; `suyuan explain` lists all");
    }
}
