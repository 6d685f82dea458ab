//! What the program does per second, beside what the machine can do at all, and what it costs: on a generated world of 2
//! million events and 20,000 taxpayers (`SUYUAN_BENCH_EVENTS` for another size), on graphs of three shapes, and, with
//! `large`, on 1 million taxpayers and 20 million events. Making the worlds is not measured.
//!
//! Expect folding to take most of the time of one thread, and a second thread to take off nearly half of that: an
//! epoch's partitions are independent, and what is left is reading, committing and writing results.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints what it found"
)]

mod bare;
mod large;
mod latency;
mod run;
mod shapes;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use run::{PHASES, Run, SUYUAN};
use shapes::SHAPES;
use table::{heading, line, median, or_dash};

const EVENTS: u64 = 2_000_000;
const EVENTS_PER_TAXPAYER: u64 = 100;
/// Registrations and returns beside the three events of an invoice: so many events to a hundred invoices.
const EVENTS_PER_100_INVOICES: u64 = 315;
/// How often each speed is measured, by turns; the middle one counts.
const ROUNDS: usize = 3;
/// A bare limit below so much of what was recorded on the same machine says that the machine is not itself.
const BARE_MIN: f64 = 0.8;

fn main() {
    let events = std::env::var("SUYUAN_BENCH_EVENTS").map_or(EVENTS, |text| text.parse().expect("a number of events"));
    let folder = tempfile::tempdir().unwrap();
    if std::env::args().any(|argument| argument == "large") {
        write("large", &large::bench(folder.path(), events));
        return;
    }
    let figures = json!({
        "machine": machine(),
        "replay": speeds(folder.path(), events),
        "shapes": graphs(folder.path(), events),
        "start_up": start_up(),
    });
    write("bench", &figures);
}

/// Writes the figures beside what cargo builds, and says where.
fn write(name: &str, figures: &Value) {
    let path = target().join(format!("{name}.json"));
    std::fs::write(&path, serde_json::to_string_pretty(figures).unwrap() + "\n").unwrap();
    println!("\nwritten to {}", path.display());
}

/// The folder that cargo builds into: the binary is in a folder of its profile in there.
fn target() -> PathBuf {
    Path::new(SUYUAN).ancestors().nth(2).unwrap().to_owned()
}

/// What it is measured on.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.trim_start_matches([' ', '\t', ':']))
}

fn make_world(folder: &Path, taxpayers: u64, events: u64) -> PathBuf {
    let (input, labels) = (folder.join("events.jsonl.zst"), folder.join("labels.jsonl"));
    let invoices = (events * 100 / EVENTS_PER_100_INVOICES).to_string();
    let arguments = ["generate", "--seed", "1", "--taxpayers", &taxpayers.to_string(), "--invoices", &invoices];
    let mut command = Command::new(SUYUAN);
    command.args(arguments).arg("--out").arg(&input).arg("--labels").arg(&labels);
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "the world could not be made");
    input
}

/// One thread and two, the program and the bare limit, by turns.
fn speeds(folder: &Path, events: u64) -> Value {
    let input = make_world(folder, (events / EVENTS_PER_TAXPAYER).max(100), events);
    let (mut bare, mut runs): ([Vec<f64>; 2], [Vec<Run>; 2]) = Default::default();
    for _ in 0..ROUNDS {
        for (at, threads) in [1, 2].into_iter().enumerate() {
            let scratch = tempfile::tempdir_in(folder).unwrap();
            bare[at].push(bare::events_per_second(&input, scratch.path(), threads));
            runs[at].push(run::replay(scratch.path(), &input, threads as u64, false).0);
        }
    }
    let read = bare::lines_per_second(&input);
    std::fs::remove_file(&input).unwrap();
    let digests: Vec<&Value> = runs.iter().flatten().map(|run| &run.summary["digest"]).collect();
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "the digest depends on the threads");
    let bare = bare.map(median);
    let [one, two] = runs.map(middle);
    print_runs(&one, &two);
    heading("beside the bare limit of the machine");
    let shares = [one.speed() / bare[0], two.speed() / bare[1]];
    line("bare limit, one thread and two, events/s", &format!("{:.0} {:.0}", bare[0], bare[1]), "");
    line("share of it, one thread", &format!("{:.2}", shares[0]), "");
    line("share of it, two threads", &format!("{:.2}", shares[1]), "at least 0.35; 0.6 is the goal");
    line("two threads against one", &format!("{:.2}", two.speed() / one.speed()), "at least 1.5");
    line("lines read into events, one thread, a second", &format!("{read:.0}"), "");
    line("  against folding on two threads", &format!("{:.1}", read / two.speed()), "at least 0.5");
    let recorded = recorded_bare(events);
    if let Some(before) = recorded.filter(|before| bare[1] < BARE_MIN * before) {
        println!("\nthis machine made {before:.0} events/s of the bare limit before: it is busy or another one now");
    }
    json!({
        "bare_events_per_second": bare, "lines_per_second": read, "events": events, "shares": shares,
        "runs": [one.as_json(), two.as_json()],
    })
}

/// The bare limit on two threads by the last figures of this machine.
fn recorded_bare(events: u64) -> Option<f64> {
    let text = std::fs::read_to_string(target().join("bench.json")).ok()?;
    let figures: Value = serde_json::from_str(&text).ok()?;
    let same = figures["machine"] == machine() && figures["replay"]["events"] == events;
    figures["replay"]["bare_events_per_second"][1].as_f64().filter(|_| same)
}

/// The run whose speed is in the middle.
fn middle(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|one, other| one.speed().total_cmp(&other.speed()));
    let middle = (runs.len() - 1) / 2;
    runs.swap_remove(middle)
}

fn print_runs(one: &Run, two: &Run) {
    let row = |name: &str, value: &dyn Fn(&Run) -> String| {
        println!("{name:<52}{:>14}{:>14}", value(one), value(two));
    };
    row("threads", &|run| run.threads.to_string());
    row("events", &|run| format!("{:.0}", run.number("events")));
    row("taxpayers", &|run| format!("{:.0}", run.number("taxpayers")));
    row("seconds", &|run| format!("{:.2}", run.number("seconds")));
    row("events per second", &|run| format!("{:.0}", run.speed()));
    row("processor time, microseconds an event", &|run| or_dash(run.cpu_per_event(), 2));
    for phase in PHASES {
        row(&format!("  {} %", phase.replace('_', " ")), &|run| format!("{:.1}", run.share(phase)));
    }
    row("peak memory, MiB", &|run| format!("{:.0}", run.peak_mib()));
    row("journal, bytes an event", &|run| format!("{:.0}", run.per_event(run.journal_bytes)));
    row("state, bytes an event", &|run| format!("{:.0}", run.per_event(run.state_bytes)));
    row("write amplification", &|run| or_dash(run.write_amplification(), 2));
}

/// The same events on graphs of other shapes, on one thread.
fn graphs(folder: &Path, events: u64) -> Value {
    heading("on graphs of other shapes, one thread: microseconds of processor time an event");
    let mut figures = serde_json::Map::new();
    let mut uniform = None;
    for shape in SHAPES {
        let input = shape.write(folder, events);
        let (run, _) = run::replay(folder, &input, 1, false);
        std::fs::remove_file(&input).unwrap();
        let cpu = run.cpu_per_event();
        let uniform = *uniform.get_or_insert(cpu);
        let ratio = cpu.zip(uniform).map(|(cpu, uniform)| cpu / uniform);
        let asked = format!("{} of uniform; at most 2", or_dash(ratio, 2));
        line(&format!("{}, {:.0} findings", shape.name(), run.number("signals")), &or_dash(cpu, 2), &asked);
        figures.insert(shape.name().into(), json!({ "of_uniform": ratio, "run": run.as_json() }));
    }
    Value::Object(figures)
}

fn start_up() -> Value {
    heading("start-up, milliseconds, the middle of 20");
    let commands = ["replay", "import", "invoice", "taxpayer", "trace", "generate", "demo"];
    let figures = commands.map(|command| {
        let milliseconds = 1e3 * latency::start_up(command);
        line(&format!("suyuan {command} --help"), &format!("{milliseconds:.1}"), "at most 50");
        (command.to_owned(), json!(milliseconds))
    });
    Value::Object(figures.into_iter().collect())
}
