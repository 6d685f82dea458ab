//! The engine on real folders: what is cut where, and what a folder that was left in the middle goes on with.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::drive;
use crate::intake::Input;
use crate::log::{Log, Turn};
use crate::model::{Entity, Event, Source};
use crate::sim::world;
use crate::state::{Key, Row};

fn settings(partitions: u32) -> Settings {
    Settings {
        partitions,
        threads: 2,
        rules: drive::STANDARD_RULES.into(),
        rules_version: "standard-2026-11".into(),
        cache_bytes_max: 64 << 20,
        durable: false,
        policies: Policies::default(),
    }
}

/// Events of a made world, as lines of one file.
fn inputs(invoices: u64) -> Vec<Input> {
    let start = crate::model::Date::parse("2025-01-01").unwrap();
    let settings = world::Settings { seed: 11, taxpayers: 60, invoices, months: 6, start, fraud_bp: 900 };
    let input =
        |(line, event): (u64, Event)| Input { source: Source { file: 0, line }, row_head: true, body: Ok(event) };
    (1..).zip(world::World::new(settings).unwrap()).map(input).collect()
}

fn feed(engine: &mut Engine, name: &str, inputs: &[Input]) {
    assert_eq!(engine.begin_input(name, &[name.into()]), 0);
    for input in inputs {
        engine.feed(input.clone()).unwrap();
    }
    engine.end_input().unwrap();
}

fn turns(dir: &Path) -> Vec<Turn> {
    let (log, _) = Log::open(&dir.join("journal"), crate::log::Settings::default()).unwrap();
    log.turns().map(Result::unwrap).collect()
}

/// Every row, whatever its partition.
fn rows(engine: &Engine) -> BTreeMap<(Entity, Key), Row> {
    let mut all = BTreeMap::new();
    for partition in engine.partitions() {
        partition.store.for_each(None, None, &mut |entity, key, row| drop(all.insert((entity, key), row))).unwrap();
    }
    all
}

#[test]
fn a_frame_ends_with_the_record_that_fills_it() {
    let dir = tempfile::tempdir().unwrap();
    let policies = Policies { frame_bytes_max: 1_000, ..Policies::default() };
    let mut engine = Engine::open(dir.path(), Settings { policies, ..settings(2) }).unwrap();
    feed(&mut engine, "a", &inputs(300));
    let whole = rows(&engine);
    engine.close().unwrap();
    let frames: Vec<_> = turns(dir.path()).into_iter().flat_map(|turn| turn.frames).collect();
    assert!(frames.len() > 50 && frames.iter().any(|frame| frame.count > 1));
    for frame in frames {
        // The rule set that the journal begins with is the largest record there is.
        let largest = drive::STANDARD_RULES.len() + 500;
        assert!(frame.bytes.len() < 1_000 + largest, "{} records in {} bytes", frame.count, frame.bytes.len());
    }
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    assert_eq!(rows(&Engine::open(dir.path(), settings(2)).unwrap()), whole);
}
