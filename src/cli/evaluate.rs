//! `suyuan evaluate`: reads labels and tasks, prints how much of the truth was found.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as ClapArgs, ValueEnum};

use super::read::tell;
use super::show::{print, print_json};
use crate::model::TaxpayerId;
use crate::risk;
use crate::sim::evaluate::{Alarms, Group, LOOKALIKE_LEVEL, Report, SignalLine, TaskLine, evaluate};
use crate::sim::label::Label;

/// Measure tasks against the labels of a generated world.
///
/// A task about a fraudster is a hit, one about a bystander is neither, one about anybody else is a false alarm.
/// Withdrawn tasks do not count. Recall is over taxpayers: each fraudster found is found once.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  suyuan evaluate --labels labels.jsonl --tasks run1/tasks.jsonl --signals run1/signals.jsonl"
)]
pub(super) struct Args {
    /// The labels `suyuan generate` wrote, JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub labels: PathBuf,
    /// The `tasks.jsonl` that `suyuan replay` wrote.
    #[arg(long, value_name = "FILE")]
    pub tasks: PathBuf,
    /// The `signals.jsonl` beside it: adds how right each typology's open signals are.
    #[arg(long, value_name = "FILE")]
    pub signals: Option<PathBuf>,
    /// Tasks below this level do not count.
    #[arg(long, value_name = "LEVEL", default_value_t = 3, value_parser = clap::value_parser!(i64).range(1..=5))]
    pub min_level: i64,
    /// A table to read, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Aligned columns.
    Table,
    /// One JSON document on one line.
    Json,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let labels = read(&args.labels, Label::parse, "write it with `suyuan generate --labels`")?;
    let tasks = read(&args.tasks, TaskLine::parse, "write it with `suyuan replay --out`")?;
    let signals = match &args.signals {
        Some(path) => Some(read(path, SignalLine::parse, "write it with `suyuan replay --out`")?),
        None => None,
    };
    if is_of_another_world(&labels, &tasks) {
        tell("no labelled taxpayer has a task, at whatever level: are labels and tasks of the same world?");
    }
    let report = evaluate(&labels, &tasks, signals.as_deref(), args.min_level);
    match args.format {
        Format::Table => print(table(&report).as_bytes()),
        Format::Json => print_json(&report),
    }
}

/// Whether nobody who is labelled has a task, though there are both.
fn is_of_another_world(labels: &[Label], tasks: &[TaskLine]) -> bool {
    let labelled: BTreeSet<TaxpayerId> = labels.iter().map(|label| label.taxpayer_id).collect();
    !labels.is_empty() && !tasks.is_empty() && tasks.iter().all(|task| !labelled.contains(&task.taxpayer_id))
}

/// Reads a file of lines; blank ones are skipped. Errors name the file, the line, the field, and what to do.
fn read<T>(path: &Path, parse: impl Fn(&str) -> Result<T, String>, remedy: &str) -> anyhow::Result<Vec<T>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}: {remedy}"))?;
    let mut items = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.with_context(|| format!("cannot read {name}, line {number}"))?;
        if !line.trim().is_empty() {
            items.push(parse(&line).map_err(|wrong| anyhow::anyhow!("{name}, line {number}: {wrong}; {remedy}"))?);
        }
    }
    Ok(items)
}

fn table(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(format!("tasks at level {} or above  {:>8}", report.min_level, report.tasks));
    line(format!("  hits                     {:>8}", report.hits));
    line(format!("  false alarms             {:>8}", report.false_alarms));
    line(format!("  about bystanders         {:>8}", report.bystander_tasks));
    line(format!("fraudsters                 {:>8}", report.fraudsters));
    line(format!("  found                    {:>8}", report.found));
    line(format!("precision                  {:>8}", percent(report.precision)));
    line(format!("recall                     {:>8}", percent(report.recall)));
    line(format!("F1                         {:>8}", percent(report.f1)));
    line(format!("median delay               {:>8}", days(report.median_delay_seconds)));
    let (flagged, all) = (report.lookalikes_flagged, report.lookalikes);
    let share = percent(report.lookalike_share);
    line(format!("look-alikes at level {LOOKALIKE_LEVEL}+    {share:>8}  ({flagged} of {all})"));
    let by_role = report.by_role.iter().map(|(name, group)| (*name, group));
    let by_typology = report.by_typology.iter().map(|(name, group)| (name.as_str(), group));
    groups("by role", by_role, &mut line);
    groups("by typology of label", by_typology, &mut line);
    line("  found: has a task that counts, for whatever typology".into());
    let unknown: Vec<_> = report.by_typology.keys().filter(|code| risk::typology(code).is_none()).cloned().collect();
    if !unknown.is_empty() {
        line(format!("  not looked for yet: {}", unknown.join(", ")));
    }
    alarms("tasks naming", report.by_task_typology.iter(), &mut line);
    if let Some(signals) = &report.by_signal_typology {
        alarms("open signals", signals.iter(), &mut line);
    }
    out
}

fn groups<'a>(title: &str, rows: impl Iterator<Item = (&'a str, &'a Group)>, line: &mut impl FnMut(String)) {
    line(String::new());
    line(format!("{title:<26}{:>10}{:>8}{:>9}{:>14}", "fraudsters", "found", "recall", "median delay"));
    for (name, group) in rows {
        let (recall, delay) = (percent(group.recall), days(group.median_delay_seconds));
        line(format!("  {name:<24}{:>10}{:>8}{recall:>9}{delay:>14}", group.fraudsters, group.found));
    }
}

fn alarms<'a>(title: &str, rows: impl Iterator<Item = (&'a String, &'a Alarms)>, line: &mut impl FnMut(String)) {
    line(String::new());
    line(format!("{title:<26}{:>10}{:>14}{:>12}{:>11}", "hits", "false alarms", "bystanders", "precision"));
    for (name, group) in rows {
        let precision = percent(group.precision);
        line(format!(
            "  {name:<24}{:>10}{:>14}{:>12}{precision:>11}",
            group.hits, group.false_alarms, group.bystanders
        ));
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), |share| format!("{:.1} %", share * 100.0))
}

/// In days with one decimal.
fn days(seconds: Option<i64>) -> String {
    seconds.map_or_else(
        || "-".into(),
        |seconds| {
            let tenths = seconds.abs() / 8_640;
            format!("{}{}.{} d", if seconds < 0 { "-" } else { "" }, tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_line_and_field_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.jsonl");
        std::fs::write(&path, "\n{\"scheme\":\"chain-1\"}\n").unwrap();
        let error = read(&path, Label::parse, "write it anew").unwrap_err().to_string();
        assert!(error.ends_with("labels.jsonl, line 2: field `role` is missing; write it anew"), "{error}");
        let missing = read(&folder.path().join("none"), Label::parse, "write it anew").unwrap_err();
        assert!(missing.to_string().ends_with("none: write it anew"));
    }

    #[test]
    fn a_table_shows_shares_and_days() {
        let report = evaluate(&[], &[], None, 3);
        assert!(table(&report).contains("precision                         -\n"));
        assert_eq!((days(Some(216_000)), days(Some(-86_400))), ("2.5 d".into(), "-1.0 d".into()));
        assert_eq!(percent(Some(0.6)), "60.0 %");
    }
}
