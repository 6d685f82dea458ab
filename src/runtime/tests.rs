//! The engine on real folders: what is cut where, and what a folder that was left in the middle goes on with.

mod bring_up;

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::codec::{fingerprint, journal};
use crate::drive;
use crate::files::{End, Fault, Place, Simulated};
use crate::intake::Input;
use crate::log::{Frame, Header, Log, Reader, Turn};
use crate::model::{Body, Entity, Event, Fact, Fen, Position, Record, RulesPublished, Source, Text};
use crate::sim::world;
use crate::state::{Key, ROWS_VERSION, Row, Rows as _};
use crate::store::{Options, Shared, SharedSettings, Store};

fn settings(partitions: u32) -> Settings {
    Settings {
        partitions,
        threads: 2,
        rules: drive::STANDARD_RULES.into(),
        rules_version: "standard-2026-11".into(),
        keeps_rules: false,
        takes_changes: false,
        cache_bytes_max: 64 << 20,
        durable: false,
        policies: Policies::default(),
    }
}

/// Events of a made world, as lines of one file.
fn inputs(invoices: u64) -> Vec<Input> {
    let start = crate::model::Date::parse("2025-01-01").unwrap();
    let settings =
        world::Settings { seed: 11, taxpayers: 60, invoices, months: 6, start, fraud_bp: 900, typologies: Vec::new() };
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
        partition.store.for_each(None, &[], &mut |entity, key, row| drop(all.insert((entity, key), row))).unwrap();
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

/// A folder that was fed and closed, and its rows.
fn fed(inputs: &[Input]) -> (tempfile::TempDir, BTreeMap<(Entity, Key), Row>) {
    fed_with(inputs, Policies::default())
}

fn fed_with(inputs: &[Input], policies: Policies) -> (tempfile::TempDir, BTreeMap<(Entity, Key), Row>) {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), Settings { policies, ..settings(2) }).unwrap();
    feed(&mut engine, "a", inputs);
    let rows = rows(&engine);
    engine.close().unwrap();
    (dir, rows)
}

/// Up to which offset each partition's rows on disk are folded.
fn applied(dir: &Path) -> Vec<u64> {
    let shared = Shared::new(&SharedSettings::default());
    let open = |number| {
        let dir = dir.join("state").join(format!("{number:04}"));
        let store = Store::open_read_only(&dir, &shared, &Options::default()).unwrap();
        store.applied().map_or(0, |applied| applied.offset)
    };
    (0..2).map(open).collect()
}

#[test]
fn rows_that_are_brought_up_are_persisted_on_the_way_and_a_crash_there_goes_on() {
    // At the ends of turns: of several.
    let (dir, whole) = fed_with(&inputs(2_000), Policies { turn_events: 200, ..Policies::default() });
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let small = Settings { cache_bytes_max: 2_000_000, ..settings(2) };
    let engine = Engine::open(dir.path(), small.clone()).unwrap();
    for partition in engine.partitions() {
        let stats = partition.store.stats();
        assert!(stats.persists > 0 && stats.dirty_bytes < 600_000, "{stats:?}");
    }
    let ends: Vec<u64> = engine.progress().partitions.iter().map(|partition| partition.offset).collect();
    // As a crash would leave it: what was persisted on the way is there, and the rest is not. A partition may have been
    // persisted just at its end.
    drop(engine);
    let halfway = applied(dir.path());
    assert!(halfway.iter().all(|applied| 0 < *applied) && halfway != ends, "{halfway:?} of {ends:?}");
    let engine = Engine::open(dir.path(), small).unwrap();
    assert_eq!(rows(&engine), whole);
    engine.close().unwrap();
    assert_eq!(applied(dir.path()), ends);
}

#[test]
fn no_journal_is_begun_beside_rows_whose_own_is_gone() {
    let (dir, _) = fed(&inputs(300));
    let journal = dir.path().join("journal");
    std::fs::remove_dir_all(&journal).unwrap();
    let error = Engine::open(dir.path(), settings(2)).err().unwrap();
    assert!(matches!(error, Error::JournalLost { .. }), "{error}");
    assert!(error.to_string().contains("put ") && error.to_string().contains("in another folder"), "{error}");
    // Nor beside rows that another version has to read.
    for version in [ROWS_VERSION - 1, ROWS_VERSION + 1] {
        (0..2).for_each(|partition| write_version(dir.path(), partition, version));
        let error = Engine::open(dir.path(), settings(2)).err().unwrap();
        assert!(matches!(error, Error::JournalLost { .. }), "{error}");
    }
    assert!(!journal.exists(), "nothing is created");
}

#[test]
fn rows_ahead_of_a_journal_say_what_giving_them_up_costs() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = inputs(300);
    let mut engine = Engine::open(dir.path(), settings(2)).unwrap();
    feed(&mut engine, "a", &inputs[..150]);
    let length = engine.log().bytes();
    feed(&mut engine, "b", &inputs[150..]);
    engine.close().unwrap();
    let segment = dir.path().join(format!("journal/{:020}.journal", 1));
    std::fs::OpenOptions::new().write(true).open(segment).unwrap().set_len(length).unwrap();
    // Rows of an earlier version are folded again, and not given up before they have told what they know.
    for version in [ROWS_VERSION, ROWS_VERSION - 1] {
        (0..2).for_each(|partition| write_version(dir.path(), partition, version));
        let error = Engine::open(dir.path(), settings(2)).err().unwrap();
        assert!(matches!(error, Error::AheadOfJournal { .. }), "{error}");
        for told in ["which gives up what was cut", "with the same files again"] {
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}

/// Makes the rows of a partition those of another version.
fn write_version(dir: &Path, partition: u32, version: u32) {
    let db = rocksdb::DB::open_default(dir.join(format!("state/{partition:04}"))).unwrap();
    // Where there are none, of the journal beside them.
    let position = db.get([255]).unwrap().unwrap_or_else(|| {
        let (journal, _) = Reader::open(&dir.join("journal")).unwrap();
        [&[0; 20][..], &Progress::read(journal.progress()).unwrap().journal].concat()
    });
    db.put([255], [&version.to_le_bytes()[..], &position[4..]].concat()).unwrap();
}

#[test]
fn rows_of_an_earlier_version_are_folded_again_and_those_of_a_later_one_are_refused() {
    let (dir, whole) = fed(&inputs(300));
    write_version(dir.path(), 1, ROWS_VERSION - 1);
    let engine = Engine::open(dir.path(), settings(2)).unwrap();
    assert_eq!(rows(&engine), whole);
    engine.close().unwrap();
    let (other, _) = fed(&inputs(200));
    std::fs::remove_dir_all(dir.path().join("state/0001")).unwrap();
    std::fs::rename(other.path().join("state/0001"), dir.path().join("state/0001")).unwrap();
    write_version(dir.path(), 1, ROWS_VERSION - 1);
    let error = Engine::open(dir.path(), settings(2)).err().unwrap();
    assert!(matches!(error, Error::ForeignRows { partition: 1, .. }), "{error}");
    write_version(dir.path(), 1, ROWS_VERSION + 1);
    let error = Engine::open(dir.path(), settings(2)).err().unwrap().to_string();
    assert!(error.contains("use the program that wrote them"), "{error}");
}

/// A rule set under a version, published at the end of a made world.
fn published(version: &str, document: Text) -> Vec<Input> {
    let mut inputs = inputs(200);
    let last = inputs.last().unwrap().body.as_ref().unwrap().occurred_at;
    let fact = Fact::RulesPublished(RulesPublished { version: version.into(), rules: document });
    let event =
        Event { occurred_at: last, event_id: None, source_system: None, fingerprint: fingerprint(last, &fact), fact };
    inputs.push(Input { source: Source { file: 0, line: 99_999 }, row_head: true, body: Ok(event) });
    inputs
}

fn rules(version: &str) -> Text {
    drive::STANDARD_RULES.replace("standard-2026-11", version).into()
}

/// Writes a folder's journal into another, with the document of the rule set `version` exchanged.
fn with_other_rules(dir: &Path, version: &str, document: &Text) -> tempfile::TempDir {
    with_other_facts(dir, |fact| {
        if let Fact::RulesPublished(published) = fact
            && *published.version == *version
        {
            published.rules = document.clone();
        }
    })
}

/// Writes a folder's journal into another, with some facts changed.
fn with_other_facts(dir: &Path, mut change: impl FnMut(&mut Fact)) -> tempfile::TempDir {
    let other = tempfile::tempdir().unwrap();
    let settings = crate::log::Settings { durable: false, ..crate::log::Settings::default() };
    let (_, recovered) = Log::open(&dir.join("journal"), settings.clone()).unwrap();
    let header: Header = recovered.header;
    let mut log = Log::create(&other.path().join("journal"), &header, settings).unwrap();
    let mut edit = |frame: Frame| {
        let (mut bytes, mut edited) = (frame.bytes.as_slice(), Vec::new());
        for _ in 0..frame.count {
            let mut record: Record = journal::read_record(&mut bytes, Position::default()).unwrap();
            if let Body::Fact(_, event) = &mut record.body {
                change(&mut event.fact);
            }
            journal::write_record(&record, &mut edited);
        }
        Frame { bytes: edited, ..frame }
    };
    for turn in turns(dir) {
        let frames = turn.frames.into_iter().map(&mut edit).collect();
        log.append(&Turn { frames, ..turn }).unwrap();
    }
    other
}

#[test]
fn a_rule_set_that_is_judged_in_another_way_than_it_was_stops_whoever_folds_it_again() {
    let unreadable: Text = "version = \"mine\"\nnew_limit = 1\n".into();
    for (taken, document) in [(true, rules("mine")), (false, unreadable.clone())] {
        let (dir, whole) = fed(&published("mine", document));
        std::fs::remove_dir_all(dir.path().join("state")).unwrap();
        assert_eq!(rows(&Engine::open(dir.path(), settings(2)).unwrap()), whole, "the same program judges it the same");

        let other = if taken { unreadable.clone() } else { rules("mine") };
        let changed = with_other_rules(dir.path(), "mine", &other);
        let error = Engine::open(changed.path(), settings(2)).err().unwrap();
        let text = error.to_string();
        assert!(matches!(error, Error::JudgedOtherwise { .. }), "{text}");
        assert!(
            text.contains("rule set mine, published at 0@") || text.contains("rule set mine, published at 1@"),
            "{text}"
        );
        assert!(text.contains("use the version of this program that wrote the journal"), "{text}");
        let engine = Engine::open(changed.path(), Settings { takes_changes: true, ..settings(2) }).unwrap();
        let found = rows(&engine);
        engine.close().unwrap();
        assert_eq!(rows(&Engine::open(changed.path(), settings(2)).unwrap()), found, "it stays with what was taken");
    }
}

#[test]
fn a_journal_that_leads_to_something_else_than_it_did_is_refused_and_told_after_an_upgrade() {
    let (dir, _) = fed(&inputs(300));
    let mut issued = 0;
    let changed = with_other_facts(dir.path(), |fact| {
        if let Fact::InvoiceIssued(invoice) = fact {
            issued += 1;
            invoice.tax += Fen(i64::from(issued == 50));
        }
    });
    let error = Engine::open(changed.path(), settings(2)).err().unwrap();
    assert!(matches!(error, Error::FoldedOtherwise { .. }), "{error}");
    assert!(error.to_string().contains("put it back from a copy"), "{error}");
    // Another version may find other things, and goes on with those.
    for partition in 0..2 {
        write_version(changed.path(), partition, ROWS_VERSION - 1);
    }
    let engine = Engine::open(changed.path(), settings(2)).unwrap();
    let found = rows(&engine);
    engine.close().unwrap();
    assert_eq!(rows(&Engine::open(changed.path(), settings(2)).unwrap()), found);
}

/// The digests of a folder into which these inputs were taken, one after the other.
fn digests(inputs: &[&[Input]], policies: Policies) -> Vec<[u8; 32]> {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), Settings { policies, ..settings(3) }).unwrap();
    for (number, input) in inputs.iter().enumerate() {
        feed(&mut engine, &format!("input {number}"), input);
    }
    let progress = engine.close().unwrap();
    progress.partitions.into_iter().map(|partition| partition.digest).collect()
}

#[test]
fn digests_know_nothing_of_frames_turns_and_inputs() {
    // With a rule set that takes effect in the middle.
    let mut inputs = inputs(300);
    let change = published("mine", rules("mine")).pop().unwrap();
    let (middle, window) = (inputs.len() / 2, |input: &Input| {
        input.body.as_ref().unwrap().occurred_at.0.div_euclid(crate::fold::EPOCH_MS)
    });
    let at = inputs[middle].body.as_ref().unwrap().occurred_at;
    inputs.insert(middle, Input { body: change.body.map(|event| Event { occurred_at: at, ..event }), ..change });
    let expected = digests(&[&inputs], Policies::default());

    let small = Policies { turn_events: 50, frame_records_max: 7, frame_bytes_max: 600, ..Policies::default() };
    assert_eq!(digests(&[&inputs], small.clone()), expected);
    // Where an epoch ends anyway, so that nothing is delivered earlier than it was.
    let between = (middle + 1..inputs.len()).find(|at| window(&inputs[*at]) != window(&inputs[*at - 1])).unwrap();
    let (first, second) = inputs.split_at(between);
    assert_eq!(digests(&[first, second], Policies::default()), expected);
    assert_eq!(digests(&[first, second], small), expected);

    let other: Vec<Input> = inputs.iter().filter(|input| input.source.line != 99_999).cloned().collect();
    assert_ne!(digests(&[&other], Policies::default()), expected);
}

#[test]
fn what_a_turn_writes_does_not_grow_with_what_was_imported_before() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = inputs(300);
    let mut engine = Engine::open(dir.path(), settings(2)).unwrap();
    let name = |number: usize| format!("a file with a name that is rather long, number {number:06}");
    for (number, input) in inputs.iter().enumerate().take(100) {
        if number == 50 {
            engine.close().unwrap();
            engine = Engine::open(dir.path(), settings(2)).unwrap();
        }
        feed(&mut engine, &name(number), std::slice::from_ref(input));
        assert_eq!(
            engine.begun(),
            &Begun { identity: name(number), first_file: number.try_into().unwrap(), files: vec![name(number)] }
        );
    }
    engine.close().unwrap();
    for (number, turn) in turns(dir.path()).into_iter().enumerate() {
        assert!(turn.progress.len() < 300 && turn.standing.len() < 150, "{}", turn.number);
        assert_eq!(Begun::read(&turn.standing).unwrap().identity, name(number));
    }
}

/// A run on a made machine that is the same each time, to the last operation.
fn run_simulated(machine: &Simulated, inputs: &[Input]) -> Result<Progress, Error> {
    let persist = Persist::AfterTurns(2);
    let policies = Policies { turn_events: 60, persist, seed: Some(1), ..Policies::default() };
    let settings = Settings { threads: 1, durable: true, cache_bytes_max: 300_000, policies, ..settings(2) };
    let mut engine = Engine::open(Place::simulated(machine, "/data"), settings)?;
    if engine.begun().identity.is_empty() || !engine.progress().input_ended {
        let skipped = engine.begin_input("a", &["a".into()]);
        for input in inputs.iter().skip(skipped.try_into().unwrap()) {
            engine.feed(input.clone())?;
        }
        engine.end_input()?;
    }
    engine.close()
}

fn simulated_rows(machine: &Simulated) -> BTreeMap<(Entity, Key), Row> {
    let (mut all, shared) = (BTreeMap::new(), Shared::new(&SharedSettings::default()));
    for number in 0..2 {
        let place = Place::simulated(machine, format!("/data/state/{number:04}"));
        let store = Store::open_read_only(place, &shared, &Options::default()).unwrap();
        store.for_each(None, &[], &mut |entity, key, row| drop(all.insert((entity, key), row))).unwrap();
    }
    all
}

#[test]
fn a_made_machine_gives_what_a_real_one_gives_and_the_same_operations_each_time() {
    let inputs = inputs(300);
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), settings(2)).unwrap();
    feed(&mut engine, "a", &inputs);
    let digests =
        |progress: Progress| progress.partitions.into_iter().map(|partition| partition.digest).collect::<Vec<_>>();
    let expected = (rows(&engine), digests(engine.close().unwrap()));
    let run = || {
        let machine = Simulated::default();
        let progress = run_simulated(&machine, &inputs).unwrap();
        (machine.operations(), simulated_rows(&machine), digests(progress))
    };
    let (operations, rows, digests) = run();
    assert_eq!((rows, digests), expected);
    assert_eq!(run().0, operations);
}

#[test]
fn a_run_that_stops_at_any_operation_goes_on_and_comes_out_the_same() {
    let inputs = inputs(250);
    let machine = Simulated::default();
    let expected = run_simulated(&machine, &inputs).unwrap();
    let (operations, rows) = (machine.operations(), simulated_rows(&machine));
    // A prime number of steps, so that all sorts of operations are hit, and each end of a process.
    let step = operations.div_ceil(61).max(1);
    for operation in (0..operations).step_by(step.try_into().unwrap()) {
        let machine = Simulated::default();
        machine.plan(vec![Fault::Stops { operation, part: u8::try_from(operation % 256).unwrap() }]);
        assert!(run_simulated(&machine, &inputs).is_err() && machine.is_stopped(), "operation {operation}");
        machine.restart(if operation % 2 == 0 { End::Killed } else { End::PowerLost(operation) });
        // And once more, soon after it was started again.
        machine.plan(vec![Fault::Stops { operation: operation % 97, part: 200 }]);
        let second = run_simulated(&machine, &inputs);
        assert!(second.is_ok() || machine.is_stopped(), "operation {operation}: {second:?}");
        machine.restart(if operation % 3 == 0 { End::Killed } else { End::PowerLost(operation) });
        let progress = run_simulated(&machine, &inputs);
        let progress = progress.unwrap_or_else(|error| panic!("after a stop at operation {operation}: {error}"));
        assert_eq!(progress, expected, "operation {operation}");
        assert_eq!(simulated_rows(&machine), rows, "operation {operation}");
    }
}

#[test]
fn a_disk_that_refuses_is_an_error_with_its_place_and_the_run_goes_on_when_it_is_well_again() {
    let inputs = inputs(250);
    let machine = Simulated::default();
    let expected = run_simulated(&machine, &inputs).unwrap();
    let operations = machine.operations();
    for operation in (0..operations).step_by((operations / 23).max(1).try_into().unwrap()) {
        let machine = Simulated::default();
        let kind = std::io::ErrorKind::StorageFull;
        machine.plan(vec![Fault::Fails { operations: operation..u64::MAX, kind }]);
        let error = run_simulated(&machine, &inputs).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("/data") && text.contains("see to the disk"), "operation {operation}: {text}");
        machine.plan(Vec::new());
        assert_eq!(run_simulated(&machine, &inputs).unwrap(), expected, "operation {operation}");
    }
}

#[test]
fn a_step_that_fails_is_an_error_with_its_place_and_ends_the_engine() {
    let inputs = inputs(300);
    let (first, rest) = inputs.split_at(inputs.len() / 2);
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), settings(2)).unwrap();
    feed(&mut engine, "a", first);
    let committed = engine.progress().clone();
    // Books without the names of their origins: no step leaves such.
    for partition in engine.partitions_mut() {
        let mut names = Vec::new();
        let each = &mut |entity, key, _| names.extend(matches!(key, Key::OriginNames(_)).then_some((entity, key)));
        partition.store.for_each(None, &[], each).unwrap();
        for (entity, key) in names {
            partition.store.remove(&entity, &key);
        }
    }
    engine.begin_input("b", &[]);
    let fed = rest.iter().try_for_each(|input| engine.feed(input.clone())).and_then(|()| engine.end_input());
    let error = fed.unwrap_err();
    let Error::Step { position, event, .. } = &error else { panic!("{error}") };
    assert!(*event > committed.roots, "{error}");
    assert!(position.offset >= committed.partitions[position.partition as usize].offset, "{error}");
    for part in ["an ordinal is given out with its name", "Taxpayer", "please report it"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(matches!(engine.end_input(), Err(Error::Broken { .. })));
    assert!(matches!(engine.close(), Err(Error::Broken { .. })));
    let mut engine = Engine::open(dir.path(), settings(2)).unwrap();
    assert_eq!(engine.progress(), &committed);
    feed(&mut engine, "b", rest);
}
