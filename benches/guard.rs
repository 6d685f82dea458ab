//! A guard on the work that folding takes: how many instructions a small fixed world costs, counted by Valgrind, which
//! does not depend on what else the machine does. Fails where it is more than `PERCENT_MAX` above or below the committed
//! figure; `SUYUAN_ACCEPT=1` records it anew, for a change that is meant.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints what it found"
)]

use std::path::Path;
use std::process::{Command, exit};

use suyuan::drive::STANDARD_RULES;
use suyuan::intake::{Intake, Order};
use suyuan::risk::RuleSet;
use suyuan::runtime::{Engine, Persist, Policies, Settings};
use suyuan::sim::world::{self, World};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TAXPAYERS: u32 = 400;
const INVOICES: u64 = 6_000;
const PERCENT_MAX: f64 = 5.0;
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/guard.txt");
/// Says that this process is the one whose instructions are counted.
const MEASURED: &str = "--measured";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == MEASURED) {
        replay(Path::new(&arguments[at + 1]), Path::new(&arguments[at + 2]));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("events.jsonl");
    let events = write_world(&input);
    let per_event = instructions(&input, &folder.path().join("out")) as f64 / events as f64;
    let recorded = std::fs::read_to_string(RECORDED).ok().and_then(|text| text.trim().parse::<f64>().ok());
    println!("{per_event:.0} instructions an event, over {events} events");
    if std::env::var_os("SUYUAN_ACCEPT").is_some() {
        std::fs::write(RECORDED, format!("{per_event:.0}\n")).unwrap();
        println!("recorded in benches/guard.txt");
        return;
    }
    let Some(recorded) = recorded else {
        println!("no figure is recorded in benches/guard.txt: run it with SUYUAN_ACCEPT=1");
        exit(1);
    };
    let change = 100.0 * (per_event / recorded - 1.0);
    println!("{change:+.1} % against the {recorded:.0} recorded in benches/guard.txt");
    if change.abs() > PERCENT_MAX {
        println!("that is beyond {PERCENT_MAX} %: find out why; where it is meant, record it with SUYUAN_ACCEPT=1");
        exit(1);
    }
}

fn write_world(path: &Path) -> usize {
    let settings = world::Settings { taxpayers: TAXPAYERS, invoices: INVOICES, ..world::Settings::default() };
    let (mut bytes, mut events) = (Vec::new(), 0);
    for event in World::new(settings).unwrap() {
        suyuan::codec::json::write_event(&event, &mut bytes);
        bytes.push(b'\n');
        events += 1;
    }
    std::fs::write(path, bytes).unwrap();
    events
}

/// Replays a file as the program does, with nothing that follows from the clock or from chance.
fn replay(input: &Path, out: &Path) {
    let settings = Settings {
        partitions: 16,
        threads: 1,
        rules: STANDARD_RULES.into(),
        rules_version: RuleSet::parse(STANDARD_RULES).unwrap().version.into(),
        keeps_rules: false,
        takes_changes: false,
        cache_bytes_max: 64 << 20,
        durable: false,
        policies: Policies { persist: Persist::AfterTurns(1), seed: Some(1), ..Policies::default() },
    };
    let mut engine = Engine::open(out, settings).unwrap();
    let mut intake = Intake::open(&[input.to_owned()], None, Order::Time).unwrap();
    engine.begin_input("guard", intake.file_names());
    while let Some(batch) = intake.next_batch().unwrap() {
        for input in batch {
            engine.feed(input).unwrap();
        }
    }
    engine.end_input().unwrap();
    engine.close().unwrap();
}

/// How many instructions this program takes to replay a file.
fn instructions(input: &Path, out: &Path) -> u64 {
    let counts = out.with_extension("callgrind");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]).arg(format!("--callgrind-out-file={}", counts.display()));
    command.arg(std::env::current_exe().unwrap()).arg(MEASURED).arg(input).arg(out);
    let status = command.status().expect("valgrind is there: `make setup` installs it");
    assert!(status.success(), "the measured run failed");
    let text = std::fs::read_to_string(&counts).unwrap();
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    summary.unwrap().trim().parse().unwrap()
}
