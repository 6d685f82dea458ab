//! One pass over the whole input by some instances, measured from outside.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stage::{Kind, Process, Stage, consumed};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(20);
/// What a pass may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// The part of the input that goes by before measuring begins, and after it ends: instances come, and the last turns are short.
const APART: f64 = 0.05;

/// What was measured.
pub(crate) struct Pass {
    pub(crate) run: String,
    /// Events a second.
    pub(crate) speed: f64,
    /// Processor time of the instances and of the broker, microseconds an event; and of all that is there, how much was busy.
    instance_us: f64,
    broker_us: f64,
    busy: f64,
    peak_mib: f64,
    end_seconds: f64,
}

/// Seconds of processor time that a process has used: fields 14 and 15 of its `stat`, in hundredths.
fn cpu_seconds(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit_once(')').map_or(Vec::new(), |(_, rest)| rest.split_whitespace().collect());
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Seconds that all processors were busy, and that they had.
fn machine_seconds() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<f64> =
        text.lines().next().unwrap_or_default().split_whitespace().skip(1).flat_map(str::parse).collect();
    let (all, idle) = (ticks.iter().take(8).sum::<f64>(), ticks.iter().skip(3).take(2).sum::<f64>());
    ((all - idle) / 100.0, all / 100.0)
}

fn peak_mib(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Has so many instances go through the whole input.
pub(crate) fn pass(stage: &Stage, run: &str, kind: Kind, instances: usize, frames_of: Option<&str>) -> Pass {
    let (_, topology) = stage.topology(run);
    let asker = stage.asker(&topology.kafka);
    let mut processes: Vec<Process> =
        (1..=instances).map(|number| stage.start(run, &format!("i{number}"), kind, frames_of)).collect();
    let cpu = |processes: &[Process]| processes.iter().map(|process| cpu_seconds(process.id())).sum::<f64>();
    let broker = stage.broker.process();
    let (first, last) = (stage.events as f64 * APART, stage.events as f64 * (1.0 - APART));
    let began = Instant::now();
    let mut from = None;
    let (events, seconds, own, brokers, machine) = loop {
        sleep(LOOK);
        for process in &mut processes {
            assert!(process.0.try_wait().unwrap().is_none(), "an instance of {run} has ended: see its log");
        }
        assert!(began.elapsed() < PATIENCE, "{run}: {} of {}", consumed(&asker, &topology.kafka), stage.events);
        let count = consumed(&asker, &topology.kafka) as f64;
        let now = || (Instant::now(), cpu(&processes), cpu_seconds(broker), machine_seconds());
        if count >= first && from.is_none() {
            from = Some((count, now()));
        }
        let Some((count_then, (then, own, brokers, machine))) = from else { continue };
        if count >= last {
            let (at, own_now, brokers_now, machine_now) = now();
            let machine = (machine_now.0 - machine.0) / (machine_now.1 - machine.1).max(0.01);
            let seconds = at.duration_since(then).as_secs_f64();
            break (count - count_then, seconds, own_now - own, brokers_now - brokers, machine);
        }
    };
    while consumed(&asker, &topology.kafka) < stage.events {
        assert!(began.elapsed() < PATIENCE, "{run} does not end");
        sleep(LOOK);
    }
    let peak = processes.iter().map(|process| peak_mib(process.id())).sum();
    let end = processes.iter_mut().map(|process| process.stop().as_secs_f64()).fold(0.0, f64::max);
    for number in 1..=instances {
        std::fs::remove_dir_all(stage.data(run, &format!("i{number}"))).ok();
    }
    let each = 1e6 / events;
    Pass {
        run: run.to_owned(),
        speed: events / seconds,
        instance_us: own * each,
        broker_us: brokers * each,
        busy: machine,
        peak_mib: peak,
        end_seconds: end,
    }
}

/// The pass whose speed is in the middle.
pub(crate) fn middle(mut passes: Vec<Pass>) -> Pass {
    passes.sort_by(|one, other| one.speed.total_cmp(&other.speed));
    let middle = (passes.len() - 1) / 2;
    passes.swap_remove(middle)
}

impl Pass {
    /// Processor time of all that had a part in it, microseconds an event.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.instance_us + self.broker_us
    }

    pub(crate) fn print(&self, name: &str) {
        println!(
            "{name:<24}{:>10.0}/s{:>9.1} us instance{:>8.1} us broker{:>6.0} % of the machine{:>7.0} MiB{:>6.1} s to end",
            self.speed,
            self.instance_us,
            self.broker_us,
            100.0 * self.busy,
            self.peak_mib,
            self.end_seconds
        );
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({
            "events_per_second": self.speed,
            "instance_cpu_microseconds_per_event": self.instance_us,
            "broker_cpu_microseconds_per_event": self.broker_us,
            "machine_busy": self.busy,
            "peak_mib": self.peak_mib,
            "seconds_to_end": self.end_seconds,
        })
    }
}
