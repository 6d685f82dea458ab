//! How soon work goes on after a kill: of the same instance with its rows on disk, and of another that takes over. What
//! [`crate::latency`] has left is gone on with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::BaseConsumer;
use serde_json::{Value, json};
use suyuan::topology::Topology;

use crate::latency::{NAME, RUN};
use crate::stage::{Kind, PARTITIONS, SESSION, Stage};
use crate::table::{heading, line};
use crate::wire::{events, load};

/// Events a second while it is measured: every partition has some all the time.
const PER_SECOND: f64 = 4_000.0;
const PATIENCE: Duration = Duration::from_mins(2);

/// When each partition's journal went on first after a moment.
fn went_on(tail: &BaseConsumer, after: Instant, all: bool) -> Vec<f64> {
    let mut first: BTreeMap<i32, f64> = BTreeMap::new();
    while first.len() < if all { PARTITIONS as usize } else { 1 } {
        assert!(after.elapsed() < PATIENCE, "only {first:?} went on");
        if let Some(Ok(message)) = tail.poll(Duration::from_millis(2)) {
            first.entry(message.partition()).or_insert_with(|| after.elapsed().as_secs_f64());
        }
    }
    first.into_values().collect()
}

/// Forgets what comes within some time.
fn forget(tail: &BaseConsumer, time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        tail.poll(Duration::from_millis(2));
    }
}

/// How long the instance that was started last took to open its partitions, as it says.
fn taking_up(stage: &Stage) -> f64 {
    let said = std::fs::read_to_string(stage.data(RUN, NAME).with_extension("log")).unwrap();
    let line = said.lines().rfind(|line| line.contains("Partitions are taken over.")).unwrap();
    let (_, milliseconds) = line.rsplit_once("ms=").unwrap();
    milliseconds.trim().parse::<f64>().unwrap() / 1e3
}

pub(crate) fn bench(stage: &Stage) -> Value {
    let path = stage.folder.path().join(format!("{RUN}.toml"));
    let kafka = Topology::parse(&std::fs::read_to_string(path).unwrap()).unwrap().kafka;
    let load_events = events(&stage.more);
    let tail = stage.tail(&[kafka.journal()]);
    let stop = AtomicBool::new(false);
    let (restart, taking_up, takeover) = thread::scope(|scope| {
        scope.spawn(|| load(&kafka, &load_events, PER_SECOND, &stop));
        thread::sleep(Duration::from_secs(1));
        // Killed at the end of what went before.
        let spawned = Instant::now();
        let mut one = stage.start(RUN, NAME, Kind::Exactly, None);
        let restart = went_on(&tail, spawned, false)[0];
        let taking_up = taking_up(stage);
        let _two = stage.start(RUN, "two", Kind::Exactly, None);
        forget(&tail, Duration::from_secs(8));
        went_on(&tail, Instant::now(), true);
        one.kill();
        let killed = Instant::now();
        // What was on its way.
        forget(&tail, Duration::from_millis(300));
        let takeover = went_on(&tail, killed, true).into_iter().fold(0.0, f64::max);
        stop.store(true, Ordering::Relaxed);
        (restart, taking_up, takeover)
    });
    heading("seconds until work goes on after a kill");
    line("the same instance, from its start", &format!("{restart:.1}"), "at most 3");
    line("  of that, taking up its rows", &format!("{taking_up:.1}"), "");
    let most = SESSION.as_secs_f64() + 3.0;
    line(
        "another, from the kill",
        &format!("{takeover:.1}"),
        &format!("at most {most:.0}: the session is {SESSION:?}"),
    );
    json!({ "restart_seconds": restart, "taking_up_seconds": taking_up, "takeover_seconds": takeover, "session_seconds": SESSION.as_secs() })
}
