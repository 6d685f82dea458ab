//! `suyuan import`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::data::DataArgs;
use super::folding::{self, EngineArgs, InputArgs, Terminal};
use super::read::tell;
use super::show::{clean, print, print_json, put};
use super::topology;
use crate::files::Place;
use crate::intake;
use crate::job::{self, Imported};
use crate::runtime::Settings;
use crate::topology::{Kind, Topology};

/// Refused lines that `--check` shows.
const REFUSED_SHOWN: usize = 20;

/// Arguments of `suyuan import`.
#[derive(clap::Args)]
#[command(
    after_help = "Events that were imported before are recognised and change nothing; a row that contradicts an \
    earlier one is refused each time it comes, unless it is in the input that came last and comes again as it was. A \
    folder that is there already goes on with the partitions and under the rules it has; topology and rules count where one is begun. After a kill the same command \
    goes on from what was committed; another input, or standard input, begins anew, and what was committed of the one \
    before stays. Where the folder has the results of a replay or of the demonstration \
    (signals.jsonl and so on), they are written anew.\n\n\
    In the summary, which is about this input alone, rows = accepted + duplicates + conflicting + dead_letters: a \
    duplicate says again what was said before, a conflicting row contradicts it. Rows of the last two kinds are listed \
    by `suyuan dead-letters`. A row of a mapped file may make several events; blank lines are no rows. Doubts are \
    accepted rows that somebody should look at, listed by `suyuan doubts`.\n\nExamples:\n  \
    suyuan import events-2026-03.jsonl.zst\n  \
    suyuan import sales.csv.gz --mapping topologies/mappings/contest-2020.toml --check\n  \
    zcat events.jsonl.gz | suyuan import - --data /srv/suyuan\n  \
    suyuan import events.jsonl --topology topologies/kafka.toml"
)]
pub(super) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// What runs where, for a folder that is begun with it; see topologies/embedded.toml. Default: everything in this
    /// process.
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// Only read: counts, what would be refused and why, what is doubtful, row by row. Writes nothing.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    engine: EngineArgs,
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
    let topology = match &args.topology {
        None => Topology::default(),
        Some(path) => topology::read(path)?,
    };
    if topology.kind == Kind::Kafka {
        return feed(args, &topology);
    }
    let dir = args.data.dir()?;
    let place = Place::from(&dir);
    let settings = settings(args, &topology, &place)?;
    let intake = args.input.open()?;
    let Imported { counters, doubts, digest, folded } =
        job::import(&place, intake, &settings, &mut Terminal::default())?;
    if folded.failure.is_none() {
        folding::tell_unused(&counters, &dir);
    }
    folding::tell_doubts(doubts, &dir);
    folded.whole()?;
    print_json(&Summary {
        events: counters.events,
        rows: counters.rows,
        accepted: counters.accepted,
        duplicates: counters.duplicates,
        conflicting: counters.conflicting,
        dead_letters: counters.dead_letters,
        doubts,
        digest,
    })?;
    args.input.expect_events(counters.rows, counters.dead_letters)
}

/// Into the input topics: what becomes of the events there is for whoever reads them.
fn feed(args: &Args, topology: &Topology) -> anyhow::Result<()> {
    let sent = job::feed(&topology.kafka, args.input.open()?, &mut Terminal::default())?;
    for refused in &sent.first_refused {
        tell(&format!("left out: {}", clean(refused)));
    }
    if sent.refused > 0 {
        tell(&format!("{} of {} rows are no events and were left out", sent.refused, sent.rows));
    }
    print_json(&Fed { events: sent.events, rows: sent.rows, refused: sent.refused })?;
    if let Some(failure) = sent.failure {
        let context = "the input was not read to its end; what was read is in the topics, and the same command sends all of it \
            again: what is there already changes nothing";
        return Err(anyhow::Error::new(failure).context(context));
    }
    args.input.expect_events(sent.rows, sent.refused)
}

/// The summary of what went into topics: one line of JSON.
#[derive(Serialize)]
struct Fed {
    events: u64,
    rows: u64,
    refused: u64,
}

/// As the topology says, but for what a folder that is there already was begun with.
fn settings(args: &Args, topology: &Topology, place: &Place) -> anyhow::Result<Settings> {
    let beside = args.topology.as_deref().and_then(Path::parent);
    let rules = topology.rules.as_ref().map(|rules| beside.unwrap_or("".as_ref()).join(rules));
    let begun = job::begun_partitions(place)?;
    if let Some(begun) = begun.filter(|begun| args.topology.is_some() && *begun != topology.partitions) {
        tell(&format!("{} was begun with {begun} partitions, and keeps them", place.dir.display()));
    }
    let partitions = begun.unwrap_or(topology.partitions);
    let cache_mib = topology.cache_mib as usize;
    Ok(Settings { keeps_rules: true, ..args.engine.settings(rules.as_deref(), partitions, cache_mib)? })
}

fn check(args: &Args) -> anyhow::Result<()> {
    args.input.expect_mapping()?;
    let found = intake::check(&args.input.files, args.input.mapping()?.as_ref(), REFUSED_SHOWN)?;
    let mut text = format!("rows     {:>12}\n", found.rows);
    for (name, count) in &found.events {
        put(&mut text, format_args!("  {name:<26} {count:>12}\n"));
    }
    put(&mut text, format_args!("refused  {:>12}\n", found.refused));
    let file = |number: u32| found.file_names.get(number as usize).map_or("?", String::as_str);
    for refused in &found.first_refused {
        let (name, line) = (file(refused.source.file), refused.source.line);
        put(&mut text, format_args!("  {name}:{line}: {}\n", clean(&refused.reason)));
    }
    for (code, doubtful) in &found.doubtful {
        let (count, name, line) = (doubtful.events, file(doubtful.first.file), doubtful.first.line);
        put(&mut text, format_args!("doubtful {count:>12}  {code}, first at {name}:{line}\n"));
    }
    if let (Some(first), Some(last)) = (found.first_at, found.last_at) {
        put(&mut text, format_args!("from {first} to {last}\n"));
    }
    text += BY_ITSELF;
    print(text.as_bytes())?;
    if let Some(failure) = found.failure {
        return Err(anyhow::Error::new(failure).context("the input could not be read to its end"));
    }
    args.input.expect_events(found.rows, found.refused)
}

/// What `--check` cannot know.
const BY_ITSELF: &str = "Each row was read by itself: duplicates, conflicts and what only several rows together show are found when it is used\n";
