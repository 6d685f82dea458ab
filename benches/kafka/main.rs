//! What the service does per second on Apache Kafka itself, with the broker on the same machine, and how soon: beside it, in the
//! same run, what the machine can do at all with the same records (`bare`), and what the same pipeline does without
//! transactions. A world of 300,000 events (`SUYUAN_BENCH_EVENTS` for another size) is in the input topics before anything is
//! measured; speeds are taken from outside, by the offsets that the group has committed.
//!
//! Expect folding to take most of the time, the broker a part of a core, and transactions little: one for each turn. Figures
//! of one run are to be held against one another: the machine may be busy with something else.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a bench prints what it found"
)]

mod bare;
#[path = "../../tests/kafka/broker.rs"]
#[allow(dead_code, reason = "tests do more to it")]
mod broker;
mod instance;
mod latency;
mod outage;
mod passes;
mod stage;
#[path = "../suyuan/table.rs"]
#[allow(dead_code, reason = "the other bench prints more")]
mod table;
mod wire;

use std::path::Path;

use serde_json::{Value, json};

use broker::Broker;
use passes::{Pass, pass};
use stage::{Kind, Stage};
use table::{heading, line};

/// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: u64 = 300_000;
/// How often each speed is measured, by turns; the middle one counts.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == instance::ASKED) {
        instance::run(&arguments[at + 1..]);
        return;
    }
    let events = std::env::var("SUYUAN_BENCH_EVENTS").map_or(EVENTS, |text| text.parse().expect("a number of events"));
    let broker = Broker::start(1);
    let stage = Stage::new(&broker, events);
    println!("{} events in {} partitions, broker and instances on {} cores", stage.events, stage::PARTITIONS, cores());
    let (speeds, sustained) = speeds(&stage);
    let scale = scale(&stage);
    let latency = latency::bench(&stage, sustained / 2.0);
    let outages = outage::bench(&stage);
    let figures = json!({
        "events": stage.events,
        "cores": cores(),
        "speeds": speeds,
        "scale": scale,
        "latency": latency,
        "outages": outages,
    });
    let path = Path::new(stage::SUYUAN).ancestors().nth(2).unwrap().join("bench-kafka.json");
    std::fs::write(&path, serde_json::to_string_pretty(&figures).unwrap() + "\n").unwrap();
    println!("\nwritten to {}", path.display());
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One instance, with transactions and without, and the bare limit, by turns.
fn speeds(stage: &Stage) -> (Value, f64) {
    let mut of: [Vec<Pass>; 3] = Default::default();
    for round in 0..ROUNDS {
        let exactly = pass(stage, &format!("exactly-{round}"), Kind::Exactly, 1, None);
        let frames_of = exactly.run.clone();
        of[0].push(exactly);
        of[1].push(pass(stage, &format!("atleast-{round}"), Kind::AtLeast, 1, None));
        of[2].push(pass(stage, &format!("bare-{round}"), Kind::Bare, 1, Some(&frames_of)));
    }
    let [exactly, at_least, bare] = of.map(passes::middle);
    heading("one instance, events a second from the input topics to what is committed");
    for (name, pass) in [("exactly once", &exactly), ("at least once", &at_least), ("bare limit, no fold", &bare)] {
        pass.print(name);
    }
    let share = exactly.speed / bare.speed;
    let work = bare.cpu_us() / exactly.cpu_us();
    let cost = 100.0 * (1.0 - exactly.speed / at_least.speed);
    line("exactly once, of the bare limit", &format!("{share:.2}"), "at least 0.5");
    line("the same by processor time", &format!("{work:.2}"), "what it would be on a machine of our own");
    line("what exactly once costs, %", &format!("{cost:.1}"), "at most 20; 10 is the goal");
    let sustained = exactly.speed;
    let figures = json!({
        "exactly_once": exactly.as_json(),
        "at_least_once": at_least.as_json(),
        "bare": bare.as_json(),
        "of_bare": share,
        "of_bare_by_cpu": work,
        "exactly_once_costs_percent": cost,
    });
    (figures, sustained)
}

/// Several instances on the one machine.
fn scale(stage: &Stage) -> Value {
    heading("instances on this machine, exactly once");
    let passes: Vec<Pass> =
        (1..=3).map(|count| pass(stage, &format!("scale-{count}"), Kind::Exactly, count, None)).collect();
    for (count, pass) in (1..).zip(&passes) {
        pass.print(&format!("{count}"));
    }
    json!(passes.iter().map(Pass::as_json).collect::<Vec<_>>())
}
