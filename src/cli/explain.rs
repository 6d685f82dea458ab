//! `suyuan explain`: what a code means.

use std::collections::BTreeMap;

use clap::Args as ClapArgs;

use super::filter::any_code;
use super::show::{TEXT_COLUMNS, Table, color_wanted, measure, print, put, unit_shown, wrap};
use crate::drive::STANDARD_RULES;
use crate::model::{EVENT_DOUBTS, EventDoubt};
use crate::query::pages::{self, Carrier, Page};
use crate::risk::{self, Subject, Typology};

/// Say what a typology, or the code of a dead letter or a doubt, means; without a code, list them all.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  suyuan explain                       all codes
  suyuan explain pass_through          a typology: what it is, what looks like it, its parameters
  suyuan explain conflicting           a dead letter: what happened, and what to do")]
pub(crate) struct Args {
    /// The code.
    #[arg(value_name = "CODE", value_parser = any_code(), hide_possible_values = true)]
    pub(crate) code: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(code) = &args.code else { return print(list().as_bytes()) };
    let text = match (risk::typology(code), pages::page(code)) {
        (Some(typology), _) => typology_page(typology),
        (None, Some(page)) => code_page(page),
        (None, None) => match checked().find(|doubt| doubt.code == code) {
            Some(doubt) => checked_page(doubt),
            None => anyhow::bail!("there is no code `{code}`{}; `suyuan explain` lists all", nearest(code)),
        },
    };
    print(text.as_bytes())
}

fn list() -> String {
    let mut typologies = Table::new(&["typology", "name", "about"]);
    for typology in risk::ALL {
        typologies.row(vec![typology.code.into(), typology.name_zh.into(), subject(typology.subject).into()]);
    }
    let mut text = typologies.write("", color_wanted());
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
fn nearest(code: &str) -> String {
    let known = risk::ALL.iter().map(|typology| typology.code).chain(pages::ALL.iter().map(|page| page.code));
    let known = known.chain(checked().map(|doubt| doubt.code));
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

    #[test]
    fn every_code_has_a_page_and_stands_in_the_list() {
        let list = list();
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
            assert!(list().contains(doubt.code), "{}", doubt.code);
            run(&Args { code: Some(doubt.code.into()) }).unwrap();
        }
    }

    #[test]
    fn a_code_that_was_probably_meant_is_named() {
        assert_eq!(nearest("passthrough"), "; is `pass_through` meant?");
        assert_eq!(nearest("conflict"), "; is `conflicting` meant?");
        assert_eq!(nearest("xyzzyxyzzy"), "");
        assert_eq!((distance("", "ab"), distance("kitten", "sitting")), (2, 3));
    }

    #[test]
    fn an_unknown_code_is_an_error_that_says_where_to_look() {
        let error = run(&Args { code: Some("pass_throug".into()) }).unwrap_err().to_string();
        assert_eq!(error, "there is no code `pass_throug`; is `pass_through` meant?; `suyuan explain` lists all");
    }
}
