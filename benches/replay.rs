//! What `suyuan replay` does per second, and where its time and its bytes go, on a generated world of 2 million events
//! and 20,000 taxpayers (`SUYUAN_BENCH_EVENTS` for another size). Making the world is not measured.
//!
//! Expect folding to take most of the time of one thread, and a second thread to take off nearly half of that: an
//! epoch's partitions are independent, and what is left is reading, committing and writing results.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints what it found"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const SUYUAN: &str = env!("CARGO_BIN_EXE_suyuan");
const EVENTS: u64 = 2_000_000;
const EVENTS_PER_TAXPAYER: u64 = 100;
/// Registrations and returns beside the three events of an invoice: so many events to a hundred invoices.
const EVENTS_PER_100_INVOICES: u64 = 315;
const PHASES: [&str; 5] = ["waiting_for_input", "fold", "commit", "persist", "results"];

/// One run.
struct Run {
    threads: u64,
    summary: Value,
    cpu_seconds: Option<f64>,
    journal_bytes: u64,
    state_bytes: u64,
}

fn main() {
    let events = std::env::var("SUYUAN_BENCH_EVENTS").map_or(EVENTS, |text| text.parse().expect("a number of events"));
    let folder = tempfile::tempdir().unwrap();
    let input = make_world(folder.path(), events);
    let runs: Vec<Run> = [1, 2].into_iter().map(|threads| run(folder.path(), &input, threads)).collect();
    print_table(&runs);
    let path = target().join("bench.json");
    let document: Vec<Value> = runs.iter().map(as_json).collect();
    std::fs::write(&path, serde_json::to_string_pretty(&json!({ "replay": document })).unwrap() + "\n").unwrap();
    println!("\nwritten to {}", path.display());
}

/// The folder that cargo builds into: the binary is in a folder of its profile in there.
fn target() -> PathBuf {
    Path::new(SUYUAN).ancestors().nth(2).unwrap().to_owned()
}

fn make_world(folder: &Path, events: u64) -> PathBuf {
    let (input, labels) = (folder.join("events.jsonl.zst"), folder.join("labels.jsonl"));
    let taxpayers = (events / EVENTS_PER_TAXPAYER).max(100).to_string();
    let invoices = (events * 100 / EVENTS_PER_100_INVOICES).to_string();
    let arguments = ["generate", "--seed", "1", "--taxpayers", &taxpayers, "--invoices", &invoices];
    let mut command = Command::new(SUYUAN);
    command.args(arguments).arg("--out").arg(&input).arg("--labels").arg(&labels);
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "the world could not be made");
    input
}

fn run(folder: &Path, input: &Path, threads: u64) -> Run {
    let out = folder.join(format!("threads-{threads}"));
    let mut command = Command::new(SUYUAN);
    command.arg("replay").arg(input).arg("--out").arg(&out).args(["--threads", &threads.to_string()]);
    let before = children_cpu_seconds();
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let after = children_cpu_seconds();
    assert!(output.status.success(), "replay failed");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cpu_seconds = before.zip(after).map(|(before, after)| after - before);
    let (journal_bytes, state_bytes) = (bytes_under(&out.join("journal")), bytes_under(&out.join("state")));
    std::fs::remove_dir_all(out).unwrap();
    Run { threads, summary, cpu_seconds, journal_bytes, state_bytes }
}

/// Processor time of the children that have ended, where the system says so: fields 16 and 17 of `/proc/self/stat`,
/// in hundredths of a second.
fn children_cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((ticks(13)? + ticks(14)?) as f64 / 100.0)
}

fn bytes_under(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { bytes_under(&entry.path()) } else { metadata.len() }
        })
        .sum()
}

impl Run {
    fn number(&self, name: &str) -> f64 {
        self.summary[name].as_f64().unwrap_or(0.0)
    }

    fn per_event(&self, bytes: u64) -> f64 {
        bytes as f64 / self.number("events").max(1.0)
    }

    fn cpu_per_million(&self) -> Option<f64> {
        self.cpu_seconds.map(|seconds| seconds * 1e6 / self.number("events").max(1.0))
    }

    /// A phase's share of the whole time, in percent.
    fn share(&self, phase: &str) -> f64 {
        100.0 * self.summary["phases"][phase].as_f64().unwrap_or(0.0) / self.number("seconds").max(1e-9)
    }
}

fn print_table(runs: &[Run]) {
    let row = |name: &str, value: &dyn Fn(&Run) -> String| {
        let cells = runs.iter().map(|run| format!("{:>14}", value(run))).collect::<Vec<_>>().concat();
        println!("{name:<34}{cells}");
    };
    row("threads", &|run| run.threads.to_string());
    row("events", &|run| format!("{:.0}", run.number("events")));
    row("taxpayers", &|run| format!("{:.0}", run.number("taxpayers")));
    row("seconds", &|run| format!("{:.2}", run.number("seconds")));
    row("events per second", &|run| format!("{:.0}", run.number("events_per_second")));
    row("CPU seconds per million events", &|run| run.cpu_per_million().map_or("-".into(), |s| format!("{s:.2}")));
    for phase in PHASES {
        row(&format!("  {} %", phase.replace('_', " ")), &|run| format!("{:.1}", run.share(phase)));
    }
    row("peak memory, MiB", &|run| format!("{:.0}", run.number("peak_memory_bytes") / f64::from(1 << 20)));
    row("journal bytes per event", &|run| format!("{:.0}", run.per_event(run.journal_bytes)));
    row("state bytes per event", &|run| format!("{:.0}", run.per_event(run.state_bytes)));
    let digests = runs.windows(2).all(|pair| pair[0].summary["digest"] == pair[1].summary["digest"]);
    assert!(digests, "the digest depends on the threads");
}

fn as_json(run: &Run) -> Value {
    let shares: serde_json::Map<String, Value> =
        PHASES.iter().map(|phase| ((*phase).to_owned(), json!(run.share(phase)))).collect();
    json!({
        "threads": run.threads,
        "summary": run.summary,
        "cpu_seconds_per_million_events": run.cpu_per_million(),
        "phase_percent": shares,
        "journal_bytes_per_event": run.per_event(run.journal_bytes),
        "state_bytes_per_event": run.per_event(run.state_bytes),
    })
}
