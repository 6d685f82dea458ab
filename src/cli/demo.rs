//! `suyuan demo`: the main job, from a made-up world to a chain drawn as a tree.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};

use super::cases::drawn;
use super::folding::{EngineArgs, Terminal, tell_unused};
use super::generate;
use super::interrupt::Interrupt;
use super::read::tell;
use super::show::{TEXT_COLUMNS, Table, color_wanted, counted, money, program, put, shell_word, who, wrap};
use super::signals::sentences;
use super::trace::{GraphFormat, draw};
use crate::files::Place;
use crate::intake::{Intake, Order};
use crate::job;
use crate::model::{Case, ChainRole, Date, Fen};
use crate::query::{self, Filter, Folder};
use crate::risk;

/// Partitions of the demonstration.
const PARTITIONS: u32 = 4;
/// Findings that are shown in full.
const SENTENCES: usize = 4;
/// The most taxpayers of a case that is drawn: more would not fit a screen.
const DRAWN_MAX: u64 = 24;

/// Arguments of `suyuan demo`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  suyuan demo --data /tmp/suyuan-demo --taxpayers 5000 --invoices 300000")]
pub(super) struct Args {
    /// Where to fold. Default: `suyuan-demo` in the folder for temporary files, made anew each time.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Another seed is another world.
    #[arg(long, default_value_t = 8)]
    seed: u64,
    /// How many firms.
    #[arg(long, default_value_t = 3_000, value_parser = generate::taxpayers())]
    taxpayers: u32,
    /// About how many invoices; there are three times as many events.
    #[arg(long, default_value_t = 100_000)]
    invoices: u64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let dir = folder(args)?;
    let events = dir.join(EVENTS);
    tell(&format!("1. A world of {} firms, with planted fraud", args.taxpayers));
    generate::make(&generate::Args {
        seed: args.seed,
        taxpayers: args.taxpayers,
        invoices: args.invoices,
        out: events.clone(),
        labels: dir.join(LABELS),
        months: 12,
        start: Date::parse("2025-01-01").context("a valid date")?,
        prevalence: generate::Prevalence(200),
        typologies: Vec::new(),
    })?;
    tell(&format!("2. Folding it into {}", dir.display()));
    let began = Instant::now();
    let settings = EngineArgs::default().settings(None, PARTITIONS, 512)?;
    let mut intake = Intake::open(&[events], None, Order::Time)?;
    intake.stop_when(Interrupt::listen()?.flag());
    let stays = if args.data.is_some() { job::GOES_ON } else { "the demonstration begins anew each time" };
    let progress = job::replay(&Place::from(&dir), intake, settings, stays, &mut Terminal::default())?.progress;
    tell_unused(&progress.counters, &dir);
    let seconds = began.elapsed().as_secs_f64();
    let folder = Folder::open(&dir)?;
    tell(&format!("   {} events in {seconds:.1} s: {}", progress.counters.events, found(&folder)?));
    show(&folder)
}

/// What was found and stands, and how much was withdrawn again.
fn found(folder: &Folder) -> anyhow::Result<String> {
    let count = |standing| -> anyhow::Result<[u64; 3]> {
        let filter = Filter { standing: Some(standing), ..Filter::default() };
        let signals = query::signals(folder, &filter)?.items.len();
        let (tasks, cases) = (query::tasks(folder, &filter)?.items.len(), query::cases(folder, &filter)?.items.len());
        Ok([signals as u64, tasks as u64, cases as u64])
    };
    let ([signals, tasks, cases], [withdrawn, ..]) = (count(true)?, count(false)?);
    let again = if withdrawn == 0 { String::new() } else { format!("; {withdrawn} more were withdrawn again") };
    Ok(format!(
        "{} about {}, {}{again}",
        counted(signals, "finding", "findings"),
        counted(tasks, "taxpayer", "taxpayers"),
        counted(cases, "chain", "chains")
    ))
}

/// Where to fold. Nothing that is not a demonstration's is written over.
fn folder(args: &Args) -> anyhow::Result<PathBuf> {
    let dir = args.data.clone().unwrap_or_else(|| std::env::temp_dir().join("suyuan-demo"));
    let is_there = |name: &&str| dir.join(name).exists();
    let own = is_there(&MARK) || [EVENTS, LABELS, JOURNAL].iter().all(is_there);
    let foreign = [EVENTS, LABELS, JOURNAL].into_iter().chain(job::FILES).find(is_there);
    if let (false, Some(name)) = (own, foreign) {
        bail!(
            "{} has a {name} that no demonstration wrote, and it would be written over: name another folder with --data",
            dir.display()
        );
    }
    if args.data.is_none() && own {
        std::fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    let Args { seed, taxpayers, invoices, .. } = args;
    let world = format!("Written by `suyuan demo`: seed {seed}, {taxpayers} taxpayers, {invoices} invoices\n");
    let before = std::fs::read_to_string(dir.join(MARK)).unwrap_or_else(|_| world.clone());
    if before != world {
        bail!(
            "{} has the demonstration of another world: name another folder with --data, or delete this one. ({})",
            dir.display(),
            before.trim_end()
        );
    }
    let make = || std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(dir.join(MARK), world));
    make().with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// What the demonstration writes beside its results.
const EVENTS: &str = "events.jsonl";
const LABELS: &str = "labels.jsonl";
const JOURNAL: &str = "journal";
/// By this file a folder is known to be a demonstration's.
const MARK: &str = ".suyuan-demo";

fn show(folder: &Folder) -> anyhow::Result<()> {
    let open = Filter { standing: Some(true), limit: usize::MAX, ..Filter::default() };
    let tasks = query::tasks(folder, &open)?.items;
    let colored = color_wanted();
    let mut text = String::from("\nWhat was found, by level\n");
    let mut table = Table::new(&["level", "response", ">tasks", ">tax at stake", "mostly for"]);
    for level in (1..=5).rev() {
        let of_level: Vec<_> = tasks.iter().filter(|task| task.level == level).collect();
        let Some(first) = of_level.first() else { continue };
        let stake: Fen = of_level.iter().map(|task| task.stake).sum();
        let mut counted: Vec<(usize, &str)> = risk::ALL
            .iter()
            .map(|typology| {
                let names = |task: &&&crate::model::Task| task.typologies.iter().any(|code| **code == *typology.code);
                (of_level.iter().filter(names).count(), typology.code)
            })
            .filter(|(count, _)| *count > 0)
            .collect();
        counted.sort_by_key(|(count, code)| (std::cmp::Reverse(*count), *code));
        let mostly: Vec<_> = counted.iter().take(3).map(|(count, code)| format!("{code} {count}")).collect();
        table.row(vec![
            level.to_string().into(),
            first.response.to_string().into(),
            of_level.len().to_string().into(),
            money(stake).into(),
            mostly.join(", ").into(),
        ]);
    }
    text += &table.write("  ", colored);
    let begun: Fen = query::cases(folder, &open)?.items.iter().map(query::begun).sum();
    let note = format!(
        "The same tax is at stake at a washer and at whoever deducts it further down. {} yuan of tax began at suspected \
         sources with nothing behind it.",
        money(begun)
    );
    text += &wrap(&note, "  ", TEXT_COLUMNS);
    text += "\nWhat an officer reads\n";
    for typology in risk::ALL.iter().rev().take(SENTENCES) {
        let filter = Filter { typology: Some(typology.code.into()), limit: 1, ..open.clone() };
        if let Some(signal) = query::signals(folder, &filter)?.items.first() {
            let name = folder.name(signal.taxpayer_id)?;
            put(&mut text, format_args!("  {}: {}\n", typology.name_zh, who(signal.taxpayer_id, name.as_deref())));
            text += &sentences(folder, signal, "    ")?;
        }
    }
    if let Some(case) = best_chain(query::cases(folder, &open)?.items) {
        let chain = query::chain(folder, case.case_id)?.context("a case was there a moment ago")?;
        text += "\nOne chain, from its source through its washers to who deducted\n";
        let (graph, _) = drawn(&chain, query::reported_from(folder));
        text += &draw(&graph.within(12), GraphFormat::Tree, colored);
    }
    let dir = shell_word(folder.dir());
    let suyuan = program();
    put(&mut text, format_args!("\nGo on with\n  {suyuan} tasks --data {dir}\n  {suyuan} cases --data {dir}\n"));
    if let Some(task) = tasks.first() {
        put(&mut text, format_args!("  {suyuan} taxpayer {} --data {dir}\n", task.taxpayer_id));
        put(&mut text, format_args!("  {suyuan} trace down {} --data {dir}\n", task.taxpayer_id));
    }
    put(&mut text, format_args!("  {suyuan} evaluate --labels {dir}/{LABELS} --tasks {dir}/tasks.jsonl\n"));
    super::show::print(text.as_bytes())
}

/// The case that shows most on one screen: all three roles, and the most tax deducted.
fn best_chain(cases: Vec<Case>) -> Option<Case> {
    let has = |case: &Case, role| case.nodes.iter().any(|node| node.role == role);
    cases
        .into_iter()
        .filter(|case| has(case, ChainRole::Washer) && has(case, ChainRole::Beneficiary))
        .max_by_key(|case| (case.nodes_total <= DRAWN_MAX, query::deducted(case), case.case_id))
}
