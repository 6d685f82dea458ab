//! `suyuan replay`.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::data::expect_folder;
use super::folding::{self, EngineArgs, InputArgs, Terminal};
use super::show::print_json;
use crate::files::Place;
use crate::job;

/// Arguments of `suyuan replay`.
#[derive(clap::Args)]
#[command(
    after_help = "Writes signals.jsonl, cases.jsonl, tasks.jsonl, dead-letters.jsonl, doubts.jsonl and digest.txt \
    into DIR, beside the journal and the rows, and prints a summary of one line of JSON. After a kill the same command \
    goes on from what was committed.\n\n\
    In the summary, rows = accepted + duplicates + conflicting + dead_letters: a duplicate says again what was said \
    before, a conflicting row contradicts it. Rows of the last two kinds are in dead-letters.jsonl. A row of a mapped \
    file may make several events; blank lines are no rows. Doubts are accepted rows that somebody should look at.\n\n\
    Examples:\n  \
    suyuan replay events.jsonl.gz --out run1\n  \
    suyuan replay sales.csv.gz --mapping topologies/mappings/contest-2020.toml --out real"
)]
pub(super) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// The folder to fold into; made where there is none.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The rule set. Default: the standard one.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Journals to divide the entities among; findings do not depend on it, the digest does.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    partitions: u32,
    #[command(flatten)]
    engine: EngineArgs,
    /// Memory for rows, in MiB. Less is slower, never wrong.
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    cache_mib: usize,
}

/// The summary: one line of JSON.
#[derive(Serialize)]
struct Summary {
    events: u64,
    seconds: f64,
    /// Of those that this run folded: what was committed before takes no time.
    events_per_second: u64,
    rows: u64,
    accepted: u64,
    duplicates: u64,
    conflicting: u64,
    taxpayers: u64,
    signals: u64,
    tasks: u64,
    cases: u64,
    dead_letters: u64,
    doubts: u64,
    digest: String,
    phases: PhaseSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_bytes: Option<u64>,
}

/// Where the time of the main thread went, in seconds: parsing runs beside it, so only waiting for it counts.
#[derive(Serialize)]
struct PhaseSeconds {
    waiting_for_input: f64,
    fold: f64,
    commit: f64,
    persist: f64,
    results: f64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let began = Instant::now();
    let settings = args.engine.settings(args.rules.as_deref(), args.partitions, args.cache_mib)?;
    let intake = args.input.open()?;
    let done =
        job::replay(&Place::from(expect_folder(&args.out)?), intake, settings, job::GOES_ON, &mut Terminal::default())?;
    let seconds = began.elapsed().as_secs_f64();
    let (counters, totals, phases) = (done.progress.counters, done.totals, done.phases);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rate to look at"
    )]
    let events_per_second = (done.folded as f64 / seconds) as u64;
    let summary = Summary {
        events: counters.events,
        seconds,
        events_per_second,
        rows: counters.rows,
        accepted: counters.accepted,
        duplicates: counters.duplicates,
        conflicting: counters.conflicting,
        taxpayers: totals.taxpayers,
        signals: totals.signals,
        tasks: totals.tasks,
        cases: totals.cases,
        dead_letters: counters.dead_letters,
        doubts: totals.doubts,
        digest: done.progress.digest(),
        phases: PhaseSeconds {
            waiting_for_input: done.waited.as_secs_f64(),
            fold: phases.fold.as_secs_f64(),
            commit: phases.commit.as_secs_f64(),
            persist: (phases.persist + done.closing).as_secs_f64(),
            results: done.writing.as_secs_f64(),
        },
        peak_memory_bytes: peak_memory_bytes(),
    };
    if done.folded > 0 {
        folding::tell_unused(&counters, &args.out);
    }
    folding::tell_doubts(totals.doubts, &args.out);
    print_json(&summary)?;
    args.input.expect_events(counters.rows, counters.dead_letters)
}

/// The most memory this process has had resident, where the system says so.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1_024)
}
