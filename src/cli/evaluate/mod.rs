//! `suyuan evaluate`: reads labels and what a run found, prints how much of the truth that is.

mod table;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;

use super::read::tell;
use super::show::{print, print_json};
use crate::intake::{Intake, LINE_BYTES_MAX, Order};
use crate::model::TaxpayerId;
use crate::sim::evaluate::{Facts, Report, SignalLine, TaskLine, evaluate};
use crate::sim::label::Label;

/// Measure tasks against the labels of a generated world.
///
/// A task about a fraudster is a hit, one about a bystander is neither, one about anybody else is a false alarm.
/// Withdrawn tasks do not count. Recall is over taxpayers: each fraudster found is found once. Schemes whose name ends in
/// `-hard` are measured apart.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    suyuan evaluate --labels labels.jsonl --tasks run1 --events events.jsonl\n  \
    suyuan evaluate --labels labels.jsonl --tasks run1 --against run2 --json")]
pub(super) struct Args {
    /// The labels `suyuan generate` wrote, JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub labels: PathBuf,
    /// The `tasks.jsonl` that `suyuan replay` wrote, or the folder it wrote into.
    #[arg(long, value_name = "FILE|DIR")]
    pub tasks: PathBuf,
    /// The `signals.jsonl` beside it: adds how right each typology's open signals are. Read of itself from a folder.
    #[arg(long, value_name = "FILE")]
    pub signals: Option<PathBuf>,
    /// The events that were replayed: adds what was deducted before anything was found, and how many sources were found
    /// before they went missing. Several files, or compressed ones, are read as `replay` reads them.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub events: Vec<PathBuf>,
    /// What another run found, under other rules for example: printed beside.
    #[arg(long, value_name = "FILE|DIR")]
    pub against: Option<PathBuf>,
    /// Tasks below this level do not count.
    #[arg(long, value_name = "LEVEL", default_value_t = 3, value_parser = clap::value_parser!(i64).range(1..=5))]
    pub min_level: i64,
    /// A table to read, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The same as `--format json`.
    #[arg(long)]
    pub json: bool,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Aligned columns.
    Table,
    /// One JSON document on one line.
    Json,
}

/// One run's report, and another's beside it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'a Report>,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let labels = read(&args.labels, Label::parse, "write it with `suyuan generate --labels`")?;
    let facts = facts(&args.events, &labels)?;
    let report = report_of(&args.tasks, args.signals.as_deref(), &labels, facts.as_ref(), args.min_level)?;
    let against = args.against.as_ref().map(|path| report_of(path, None, &labels, facts.as_ref(), args.min_level));
    let against = against.transpose()?;
    if args.json || args.format == Format::Json {
        return print_json(&Document { report: &report, against: against.as_ref() });
    }
    let mut text = table::of(&report);
    if let Some(against) = &against {
        let names = [&args.tasks, args.against.as_ref().unwrap_or(&args.tasks)].map(|path| path.display().to_string());
        text += &table::beside(&report, against, &names);
    }
    print(text.as_bytes())
}

/// What one run found, measured.
fn report_of(
    path: &Path,
    signals: Option<&Path>,
    labels: &[Label],
    facts: Option<&Facts>,
    min_level: i64,
) -> anyhow::Result<Report> {
    const REMEDY: &str = "write it with `suyuan replay --out`";
    let (tasks, beside) = if path.is_dir() {
        (path.join("tasks.jsonl"), Some(path.join("signals.jsonl")).filter(|path| path.is_file()))
    } else {
        (path.to_owned(), None)
    };
    let tasks = read(&tasks, TaskLine::parse, REMEDY)?;
    let signals = match signals.or(beside.as_deref()) {
        Some(path) => Some(read(path, SignalLine::parse, REMEDY)?),
        None => None,
    };
    if is_of_another_world(labels, &tasks) {
        tell("no labelled taxpayer has a task, at whatever level: are labels and tasks of the same world?");
    }
    Ok(evaluate(labels, &tasks, signals.as_deref(), facts, min_level))
}

/// What the events say of labelled fraudsters. `None` where none were given.
fn facts(events: &[PathBuf], labels: &[Label]) -> anyhow::Result<Option<Facts>> {
    if events.is_empty() {
        return Ok(None);
    }
    let mut facts = Facts::new(labels);
    let mut intake = Intake::open(events, None, Order::Time)?;
    while let Some(batch) = intake.next_batch()? {
        for event in batch.iter().filter_map(|input| input.body.as_ref().ok()) {
            facts.note(event);
        }
    }
    Ok(Some(facts))
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
    let (mut file, mut line, mut items) = (BufReader::new(file), String::new(), Vec::new());
    for number in 1_u64.. {
        line.clear();
        let bounded = &mut file.by_ref().take(LINE_BYTES_MAX as u64 + 1);
        let read = bounded.read_line(&mut line).with_context(|| format!("cannot read {name}, line {number}"))?;
        if read == 0 {
            break;
        }
        if read > LINE_BYTES_MAX {
            anyhow::bail!("{name}, line {number}: it is longer than {LINE_BYTES_MAX} bytes; {remedy}");
        }
        if !line.trim().is_empty() {
            items.push(parse(&line).map_err(|wrong| anyhow::anyhow!("{name}, line {number}: {wrong}; {remedy}"))?);
        }
    }
    Ok(items)
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
    fn a_folder_of_results_is_read_with_its_signals() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tasks.jsonl"), "").unwrap();
        assert_eq!(report_of(folder.path(), None, &[], None, 3).unwrap().by_signal_typology, None);
        let signal = r#"{"taxpayer_id":"S","typology":"circular","status":"open"}"#;
        std::fs::write(folder.path().join("signals.jsonl"), signal).unwrap();
        let report = report_of(folder.path(), None, &[], None, 3).unwrap();
        assert_eq!(report.by_signal_typology.unwrap()["circular"].false_alarms, 1);
    }
}
