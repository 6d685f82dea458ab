//! `suyuan import`.

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::data::DataArgs;
use super::folding::{self, EngineArgs, InputArgs};
use super::results;
use crate::intake;
use crate::topology::{EMBEDDED, Topology};

/// Refused lines that `--check` shows.
const REFUSED_SHOWN: usize = 20;

/// Arguments of `suyuan import`.
#[derive(clap::Args)]
#[command(
    after_help = "Events that were imported before are recognised and change nothing. After a kill the same command \
    goes on from what was committed. Where the folder has the results of a replay or of the demonstration \
    (signals.jsonl and so on), they are written anew.\n\n\
    In the summary, which is about this input alone, rows = accepted + duplicates + conflicting + dead_letters: a \
    duplicate says again what was said before, a conflicting row contradicts it. Rows of the last two kinds are listed \
    by `suyuan dead-letters`. A row of a mapped file may make several events; blank lines are no rows. Doubts are \
    accepted rows that somebody should look at, listed by `suyuan doubts`.\n\nExamples:\n  \
    suyuan import events-2026-03.jsonl.zst\n  \
    suyuan import sales.csv.gz --mapping topologies/mappings/contest-2020.toml --check\n  \
    zcat events.jsonl.gz | suyuan import - --data /srv/suyuan"
)]
pub(super) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// What runs where. Default: everything in this process.
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Only read: counts, what would be refused and why, what is doubtful. Writes nothing.
    #[arg(long)]
    check: bool,
    /// Threads that fold. Default: the cores.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// The summary: one line of JSON.
#[derive(Serialize)]
struct Summary {
    events: u64,
    rows: u64,
    accepted: u64,
    duplicates: u64,
    conflicting: u64,
    dead_letters: u64,
    doubts: u64,
    digest: String,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    if args.check {
        return check(args);
    }
    let shown = args.topology.as_ref().map_or("the embedded topology".into(), |path| path.display().to_string());
    let document = match &args.topology {
        None => EMBEDDED.to_owned(),
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read topology {shown}"))?,
    };
    let topology = Topology::parse(&document).with_context(|| format!("{shown} is not a topology"))?;
    let beside = args.topology.as_deref().and_then(std::path::Path::parent);
    let rules = topology.rules.as_ref().map(|rules| beside.unwrap_or("".as_ref()).join(rules));
    let engine = EngineArgs { threads: args.threads, cache_mib: topology.cache_mib as usize };
    let settings = engine.settings(rules.as_deref(), topology.partitions)?;
    let intake = args.input.open()?;
    let dir = args.data.dir()?;
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let mut engine = folding::open_engine(&dir, settings)?;
    let first_turn = results::first_turn(&engine)?;
    folding::fold(&mut engine, intake)?;
    let doubts = results::doubts_since(&engine, first_turn)?;
    if results::are_in(&dir) {
        results::write(&mut engine, &dir)?;
        eprintln!("{} has the results of a replay: they are written anew", dir.display());
    }
    if doubts > 0 {
        eprintln!("{doubts} doubts: see `suyuan doubts --data {}`", dir.display());
    }
    let progress = engine.close()?;
    let counters = progress.counters;
    let summary = Summary {
        events: counters.events,
        rows: counters.rows,
        accepted: counters.accepted,
        duplicates: counters.duplicates,
        conflicting: counters.conflicting,
        dead_letters: counters.dead_letters,
        doubts,
        digest: progress.digest(),
    };
    println!("{}", serde_json::to_string(&summary)?);
    folding::expect_events(counters.rows, counters.dead_letters)
}

fn check(args: &Args) -> anyhow::Result<()> {
    args.input.expect_mapping()?;
    let found = intake::check(&args.input.files, args.input.mapping()?.as_ref(), REFUSED_SHOWN)?;
    println!("rows     {:>12}", found.rows);
    for (name, count) in &found.events {
        println!("  {name:<26} {count:>12}");
    }
    println!("refused  {:>12}", found.refused);
    let file = |number: u32| found.file_names.get(number as usize).map_or("?", String::as_str);
    for refused in &found.first_refused {
        println!("  {}:{}: {}", file(refused.source.file), refused.source.line, refused.reason);
    }
    for (code, doubtful) in &found.doubtful {
        let first = doubtful.first;
        println!("doubtful {:>12}  {code}, first at {}:{}", doubtful.events, file(first.file), first.line);
    }
    if let (Some(first), Some(last)) = (found.first_at, found.last_at) {
        println!("from {first} to {last}");
    }
    if let Some(failure) = found.failure {
        return Err(anyhow::Error::new(failure).context("the input could not be read to its end"));
    }
    folding::expect_events(found.rows, found.refused)
}
