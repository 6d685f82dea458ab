//! What no outcome depends on: threads, partitions, how many rows there is room for, where turns and frames end, when rows
//! are persisted, and where a run was cut and gone on with.

use std::collections::BTreeMap;

use proptest::prelude::*;
use suyuan::drive::World;
use suyuan::files::{Place, Simulated};
use suyuan::intake::Input;
use suyuan::log::Reader;
use suyuan::model::{Entity, Event, Kind, Source};
use suyuan::runtime::{Engine, Persist, Policies, Progress, Settings};
use suyuan::state::{Key, Row};
use suyuan::store::{Options, Shared, SharedSettings, Store};

use super::worlds::script;
use super::{AllRows, config, events, rules, world_rows};

/// How a run goes about it.
#[derive(Clone, Debug)]
struct Manner {
    partitions: u32,
    threads: usize,
    cache_bytes: usize,
    turn_events: usize,
    turn_bytes: usize,
    frame_records: u32,
    persist_turns: u64,
    /// Events after which the run is cut, from its beginning or from the last cut, and whether rows are lost with it.
    cuts: Vec<(usize, bool)>,
}

fn manner() -> impl Strategy<Value = Manner> {
    let cache = prop_oneof![Just(1_usize), 1..50_000_usize, Just(64 << 20)];
    let turn = (1..40_usize, prop_oneof![Just(1_usize), Just(5_000), Just(32 << 20)], 1..20_u32, 1..5_u64);
    let cuts = prop::collection::vec((1..30_usize, prop::bool::ANY), 0..4);
    (1..=16_u32, 1..=4_usize, cache, turn, cuts).prop_map(|(partitions, threads, cache_bytes, turn, cuts)| {
        let (turn_events, turn_bytes, frame_records, persist_turns) = turn;
        Manner { partitions, threads, cache_bytes, turn_events, turn_bytes, frame_records, persist_turns, cuts }
    })
}

impl Manner {
    fn plain(partitions: u32) -> Self {
        Self {
            partitions,
            threads: 1,
            cache_bytes: 64 << 20,
            turn_events: 16_384,
            turn_bytes: 32 << 20,
            frame_records: 512,
            persist_turns: 1_000,
            cuts: Vec::new(),
        }
    }

    fn settings(&self) -> Settings {
        let policies = Policies {
            turn_events: self.turn_events,
            turn_bytes: self.turn_bytes,
            frame_records_max: self.frame_records,
            persist: Persist::AfterTurns(self.persist_turns),
            seed: Some(1),
            ..Policies::default()
        };
        Settings {
            partitions: self.partitions,
            threads: self.threads,
            rules: rules(),
            rules_version: "standard-2026-11".into(),
            keeps_rules: false,
            takes_changes: false,
            cache_bytes_max: self.cache_bytes,
            durable: false,
            policies,
        }
    }

    fn run(&self, events: &[Event]) -> Left {
        let machine = Simulated::default();
        let place = || Place::simulated(&machine, "/data");
        let mut cuts = self.cuts.iter();
        loop {
            let mut engine = Engine::open(place(), self.settings()).unwrap();
            let skipped = engine.begin_input("a", &["a".into()]);
            let rest = &events[usize::try_from(skipped).unwrap()..];
            let cut = cuts.next();
            let fed = cut.map_or(rest.len(), |(after, _)| *after).min(rest.len());
            for (line, event) in (skipped + 1..).zip(&rest[..fed]) {
                let source = Source { file: 0, line };
                engine.feed(Input { source, row_head: true, body: Ok(event.clone()) }).unwrap();
            }
            let Some((_, loses_rows)) = cut else {
                engine.end_input().unwrap();
                let progress = engine.close().unwrap();
                return Left::of(&machine, &progress);
            };
            drop(engine);
            for number in 0..self.partitions * u32::from(*loses_rows) {
                Store::discard(place().join("state").join(format!("{number:04}"))).unwrap();
            }
        }
    }
}

/// What a run leaves.
struct Left {
    digest: String,
    rows: AllRows,
    said: Vec<u8>,
}

impl Left {
    fn of(machine: &Simulated, progress: &Progress) -> Self {
        let place = Place::simulated(machine, "/data");
        let (mut rows, shared) = (BTreeMap::new(), Shared::new(&SharedSettings::default()));
        for number in 0..progress.partitions.len() {
            let place = place.join("state").join(format!("{number:04}"));
            let store = Store::open_read_only(place, &shared, &Options::default()).unwrap();
            store.for_each(None, &[], &mut |entity, key, row| drop(rows.insert((entity, key), row))).unwrap();
        }
        let (reader, _) = Reader::open(place.join("journal")).unwrap();
        let said = reader.turns().flat_map(|turn| turn.unwrap().outputs).collect();
        Self { digest: progress.digest(), rows: of_entities(rows), said }
    }
}

/// Without the rows that each partition has of its own.
fn of_entities(rows: AllRows) -> AllRows {
    let own = |entity: &Entity| matches!(entity.kind, Kind::Clock | Kind::Control);
    rows.into_iter().filter(|((entity, _), _)| !own(entity)).collect()
}

fn first_difference(one: &AllRows, other: &AllRows) -> Option<String> {
    let keys = one.keys().chain(other.keys());
    let mut differ = keys.filter(|key| one.get(*key) != other.get(*key));
    let show = |(entity, key): &(Entity, Key)| {
        let row = |rows: &AllRows| -> Option<Row> { rows.get(&(*entity, *key)).cloned() };
        format!("{} {key:?}: {:?} and {:?}", entity.id, row(one), row(other))
    };
    differ.next().map(show)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_division_of_the_work_and_no_cut_changes_anything(script in script(), manner in manner()) {
        let events = events(&script.fed);
        let left = manner.run(&events);
        let plain = Manner::plain(manner.partitions).run(&events);
        prop_assert_eq!(&left.digest, &plain.digest, "{:?}\n{}", manner, script.fed);
        let mut world = World::new(&rules());
        for event in &events {
 world.feed(event.clone());
}
        world.settle();
        let rows = of_entities(world_rows(&mut world));
        prop_assert_eq!(first_difference(&left.rows, &rows), None, "{:?}\n{}", manner, script.fed);
        let mut said = Vec::new();
        for output in world.said().iter().map(|said| &said.output) {
 suyuan::codec::journal::write_output(output, &mut said);
}
        prop_assert!(left.said == said, "{:?}\n{}", manner, script.fed);
    }
}
