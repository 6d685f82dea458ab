//! A store against rows in memory, and what happens when things go wrong.

mod cellar;
mod failures;
mod looks;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::model::{Entity, Fingerprint, GoodsCode, Id, Instant, InvoiceNo, Kind, Period, Position};
use crate::state::{Key, Memory, NotedFact, ROWS_VERSION, Row, RowType, Rows, Side};

fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn shared() -> Shared {
    Shared::new(&SharedSettings { block_cache_bytes: 1 << 20 })
}

fn open(dir: &Path, cache_bytes_max: usize) -> Store {
    Store::open(dir, &shared(), &Options { cache_bytes_max, ..Options::default() }).unwrap()
}

fn at(turn: u64) -> Applied {
    Applied { turn, offset: turn * 100, attached: format!("digest {turn}").into_bytes() }
}

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn firm(number: usize) -> Entity {
    Entity::taxpayer(id(&format!("F{number:03}")))
}

fn row(number: u64, bytes: usize) -> Row {
    NotedFact {
        fingerprint: Fingerprint(number),
        position: Position::default(),
        at: Instant::default(),
        event: vec![7; bytes],
    }
    .wrap()
}

fn month(number: i32) -> Key {
    Key::Month(Period(number))
}

fn everything(store: &Store) -> Vec<(Entity, Key, Row)> {
    let mut found = Vec::new();
    store.for_each(None, &[], &mut |entity, key, row| found.push((entity, key, row))).unwrap();
    found
}

/// What a folder would hold after a power failure: its files as they are now, without closing anything.
fn as_after_a_crash(dir: &Path) -> TempDir {
    let copy = scratch();
    for entry in fs::read_dir(dir).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

fn number(no: usize) -> InvoiceNo {
    // One is the beginning of another.
    InvoiceNo::parse(&"legacy:1234"[..8 + no]).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Get(Entity, Key),
    Put(Entity, Key, Row),
    Edit(Entity, Key, usize),
    Remove(Entity, Key),
    Scan(Entity, Key, Key, usize),
    Each(Option<Kind>, Vec<(Key, Key)>),
    OfNumber(InvoiceNo),
    Persist,
    Reopen { cache_bytes_max: usize },
}

fn any_entity() -> impl Strategy<Value = Entity> {
    prop_oneof![
        5 => Just(firm(0)),
        2 => (1usize..4).prop_map(firm),
        1 => Just(Entity::CLOCK),
        1 => Just(Entity::case(id("F001"))),
        1 => Just(Entity::taxpayer(id("F0010")))
    ]
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        Just(Key::Profile),
        (0i32..60).prop_map(month),
        (0i32..60).prop_map(month),
        (0u64..6).prop_map(|code| Key::Goods(Side::Bought, GoodsCode(code))),
        "[A-C]{1,2}".prop_map(|text| Key::Signal(id(&text))),
        // Those that stand in order.
        (0i32..9).prop_map(|number| Key::Abnormal(Period(number))),
        (0usize..4).prop_map(|no| Key::Issued(number(no))),
        (0usize..4, 0u64..2).prop_map(|(no, place)| Key::Held { invoice_no: number(no), place }),
        Just(Key::Task)
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let place = || (any_entity(), any_key());
    prop_oneof![
        6 => place().prop_map(|(entity, key)| Step::Get(entity, key)),
        9 => (place(), any::<u64>(), 0usize..3_000).prop_map(|((entity, key), n, bytes)| Step::Put(entity, key, row(n, bytes))),
        6 => (place(), 0usize..4_000).prop_map(|((entity, key), bytes)| Step::Edit(entity, key, bytes)),
        4 => place().prop_filter("rows of invoices stay", |(_, key)| key.number().is_none())
            .prop_map(|(entity, key)| Step::Remove(entity, key)),
        4 => (any_entity(), any_key(), any_key(), prop_oneof![0usize..6, 0usize..40])
            .prop_map(|(entity, from, to, limit)| Step::Scan(entity, from, to, limit)),
        // The same ranges again and again, as findings ask for them.
        4 => (any_entity(), any::<bool>(), 1usize..12).prop_map(|(entity, is_of_goods, limit)| {
            let goods = |code| Key::Goods(Side::Bought, GoodsCode(code));
            let (from, to) = if is_of_goods { (goods(1), goods(5)) } else { (month(10), month(50)) };
            Step::Scan(entity, from, to, limit)
        }),
        1 => (prop::option::of(any_entity()), prop::collection::vec(any_key(), 0..5)).prop_map(|(entity, mut keys)| {
            keys.sort_unstable();
            let ranges = keys.chunks_exact(2).map(|keys| (keys[0], keys[1])).collect();
            Step::Each(entity.map(|entity| entity.kind), ranges)
        }),
        2 => (0usize..4).prop_map(|no| Step::OfNumber(number(no))),
        2 => Just(Step::Persist),
        1 => (0usize..20_000).prop_map(|cache_bytes_max| Step::Reopen { cache_bytes_max }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_store_with_next_to_no_cache_is_rows_in_memory_that_fall_back_to_what_was_persisted(
        steps in proptest::collection::vec(any_step(), 1..400),
    ) {
        let dir = scratch();
        let mut store = open(dir.path(), 3_000);
        let (mut model, mut persisted) = (Memory::default(), Memory::default());
        let (mut turn, mut applied) = (0, None);
        for step in steps {
            match step {
                Step::Get(entity, key) => prop_assert_eq!(store.get(&entity, &key), model.get(&entity, &key)),
                Step::Put(entity, key, row) => {
                    store.put(&entity, key, row.clone());
                    model.put(&entity, key, row);
                }
                Step::Edit(entity, key, bytes) => {
                    let found = store.get_mut(&entity, &key).map(|row| NotedFact::peek_mut(row).unwrap());
                    let wanted = model.get_mut(&entity, &key).map(|row| NotedFact::peek_mut(row).unwrap());
                    prop_assert_eq!(&found, &wanted);
                    for row in found.into_iter().chain(wanted) {
                        row.event = vec![9; bytes];
                    }
                }
                Step::Remove(entity, key) => {
                    store.remove(&entity, &key);
                    model.remove(&entity, &key);
                }
                Step::Scan(entity, from, to, limit) => {
                    prop_assert_eq!(store.scan(&entity, &from, &to, limit), model.scan(&entity, &from, &to, limit));
                }
                Step::Each(kind, keys) => {
                    let mut found = Vec::new();
                    store.for_each(kind, &keys, &mut |entity, key, row| found.push(((entity, key), row))).unwrap();
                    let wanted: Vec<_> = model
                        .iter()
                        .filter(|((entity, _), _)| kind.is_none_or(|kind| entity.kind == kind))
                        .filter(|((_, key), _)| keys.is_empty() || keys.iter().any(|(from, to)| from <= key && key < to))
                        .map(|(place, row)| (*place, row.clone()))
                        .collect();
                    prop_assert_eq!(found, wanted);
                }
                Step::OfNumber(no) => {
                    let wanted: Vec<_> =
                        model.iter().map(|(place, _)| *place).filter(|(_, key)| key.number() == Some(no)).collect();
                    prop_assert_eq!(store.of_number(no).unwrap(), wanted);
                }
                Step::Persist => {
                    turn += 1;
                    store.settle(at(turn));
                    store.persist().unwrap();
                    (persisted, applied) = (model.clone(), Some(at(turn)));
                    let after = everything(&store).len();
                    prop_assert_eq!(after, model.iter().count());
                }
                Step::Reopen { cache_bytes_max } => {
                    drop(store);
                    store = open(dir.path(), cache_bytes_max);
                    model = persisted.clone();
                    prop_assert_eq!(store.applied(), applied.as_ref());
                }
            }
            prop_assert!(store.take_failure().is_none());
        }
        let wanted: Vec<_> = model.iter().map(|((entity, key), row)| (*entity, *key, row.clone())).collect();
        prop_assert_eq!(everything(&store), wanted);
        store.settle(at(turn + 1));
        store.close().unwrap();
        let wanted: Vec<_> = model.iter().map(|((entity, key), row)| (*entity, *key, row.clone())).collect();
        let store = Store::open_read_only(dir.path(), &shared(), &Options::default()).unwrap();
        prop_assert_eq!((everything(&store), store.applied()), (wanted, Some(&at(turn + 1))));
    }
}

#[test]
fn a_power_failure_takes_the_rows_back_to_the_last_position_that_was_persisted() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    assert_eq!(store.applied(), None);
    for turn in 1..=3 {
        store.put(&firm(1), Key::Profile, row(turn, 10));
        store.put(&firm(1), month(i32::try_from(turn).unwrap()), row(turn, 10));
        store.settle(at(turn));
        if turn < 3 {
            store.persist().unwrap();
        }
    }
    let crashed = as_after_a_crash(dir.path());
    // It was just writing the third.
    fs::write(crashed.path().join("persisting.sst"), b"half a file").unwrap();
    let mut after = open(crashed.path(), 1 << 20);
    assert_eq!(after.applied(), Some(&at(2)));
    assert_eq!(after.get(&firm(1), &Key::Profile), Some(&row(2, 10)));
    assert_eq!(after.scan(&firm(1), &month(0), &month(99), 9), [month(1), month(2)]);
    after.put(&firm(1), month(3), row(3, 10));
    after.settle(at(3));
    after.close().unwrap();
    assert_eq!(everything(&open(crashed.path(), 1 << 20)).len(), 4);
}

#[test]
fn a_crash_between_the_two_names_of_a_file_that_is_taken_over_costs_no_row() {
    let dir = scratch();
    let persist = |store: &mut Store, turn: u64, rows: usize| {
        for number in 0..rows {
            store.put(&firm(number), Key::Profile, row(turn, 100));
        }
        store.settle(at(turn));
        store.persist().unwrap();
    };
    let mut store = open(dir.path(), 1 << 20);
    persist(&mut store, 1, 500);
    drop(store);
    // RocksDB gives the file a name of its own, and takes the first one away when that is on disk.
    let files = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let taken_over = files.filter(|path| path.extension().is_some_and(|end| end == "sst")).max().unwrap();
    fs::hard_link(taken_over, dir.path().join("persisting.sst")).unwrap();

    let mut store = open(dir.path(), 1 << 20);
    persist(&mut store, 2, 10);
    drop(store);
    let store = open(dir.path(), 1 << 20);
    assert_eq!(store.applied(), Some(&at(2)));
    let rows = everything(&store);
    assert_eq!(rows.iter().filter(|(_, _, found)| *found == row(1, 100)).count(), 490);
    assert_eq!(rows.iter().filter(|(_, _, found)| *found == row(2, 100)).count(), 10);
}

#[test]
fn rows_of_a_turn_that_is_not_settled_are_not_persisted() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    store.put(&firm(1), Key::Profile, row(1, 10));
    store.settle(at(1));
    store.get_mut(&firm(1), &Key::Profile).unwrap();
    let error = store.persist().unwrap_err();
    assert!(matches!(error, Error::Unsettled { .. }), "{error}");
    store.settle(at(2));
    store.persist().unwrap();
    assert_eq!(store.applied(), Some(&at(2)));
    store.remove(&firm(1), &Key::Profile);
    assert!(matches!(store.persist(), Err(Error::Unsettled { .. })));
}

#[test]
fn a_row_made_and_removed_between_two_persists_leaves_no_trace() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    for number in 0..100 {
        store.put(&firm(1), month(number), row(1, 10));
        store.remove(&firm(1), &month(number));
    }
    assert_eq!(store.stats().rows, 0);
    store.put(&firm(1), month(7), row(1, 10));
    store.settle(at(1));
    store.persist().unwrap();
    let stats = store.stats();
    assert_eq!((stats.rows_written, stats.rows, stats.dirty_bytes), (1, 1, 0));
    assert_eq!(everything(&store), [(firm(1), month(7), row(1, 10))]);
}

/// Kept: found by the property above, in one of some thousand runs.
#[test]
fn a_row_that_was_removed_and_made_again_is_listed_once_and_hides_no_other() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    store.put(&firm(1), Key::Profile, row(1, 10));
    store.remove(&firm(1), &Key::Profile);
    store.put(&firm(1), Key::Profile, row(2, 10));
    store.put(&firm(1), month(52), row(1, 10));
    assert_eq!(store.scan(&firm(1), &Key::Profile, &Key::Task, 2), [Key::Profile, month(52)]);
}

#[test]
fn a_key_that_was_asked_for_and_has_no_row_is_not_listed() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    let abnormal = |number| Key::Abnormal(Period(number));
    // More than the first rows, which would be known whole.
    (0..20).for_each(|number| store.put(&firm(1), month(number), row(1, 10)));
    store.put(&firm(1), abnormal(3), row(1, 10));
    store.settle(at(1));
    store.close().unwrap();
    let mut store = open(dir.path(), 1 << 20);
    assert_eq!(store.get(&firm(1), &abnormal(2)), None);
    assert_eq!(store.scan(&firm(1), &abnormal(0), &abnormal(9), 9), [abnormal(3)]);
}

#[test]
fn fresh_data_is_folded_without_looking_at_the_disk() {
    let dir = scratch();
    let mut store = open(dir.path(), 200_000);
    let hub = firm(1);
    for number in 0..20_000 {
        assert_eq!(store.get(&hub, &month(number)), None, "a new invoice, say");
        store.put(&hub, month(number), row(1, 10));
        store.get_mut(&hub, &month(number)).unwrap();
        if store.wants_persisting() {
            store.settle(at(1));
            store.persist().unwrap();
        }
    }
    let stats = store.stats();
    // Asked for, and made. One in a hundred thousand new keys shares the 32 bits of one that was forgotten, and is then
    // looked for once.
    assert!((2 * 20_000 - 20..=2 * 20_000).contains(&(stats.disk_reads + stats.known_absent)), "{stats:?}");
    assert!(stats.disk_reads < 20, "{stats:?}");
    assert!(stats.forgotten > 15_000, "{stats:?}");
    assert!(stats.cache_bytes < 2 * 200_000 + 20_000 * 8, "{stats:?}");
    // What was forgotten is found again, and costs a look.
    assert_eq!(store.get(&hub, &month(3)), Some(&row(1, 10)));
    assert_eq!(store.stats().disk_reads, stats.disk_reads + 1);
    assert_eq!(store.scan(&hub, &month(0), &month(99_999), 30_000).len(), 20_000);
}

#[test]
fn cold_entities_and_old_rows_of_a_hub_make_room_for_what_is_used() {
    let dir = scratch();
    let mut store = open(dir.path(), 300_000);
    let hub = firm(0);
    for number in 0..5_000 {
        store.get_mut(&hub, &Key::Profile);
        store.put(&hub, Key::Profile, row(1, 10));
        store.put(&hub, month(number), row(1, 50));
        store.put(&firm(1 + usize::try_from(number).unwrap()), Key::Profile, row(1, 50));
        if store.wants_persisting() {
            store.settle(at(1));
            store.persist().unwrap();
        }
    }
    store.settle(at(2));
    store.persist().unwrap();
    let reads = store.stats().disk_reads;
    assert!(store.get(&hub, &Key::Profile).is_some() && store.get(&hub, &month(4_999)).is_some());
    let stats = store.stats();
    assert_eq!(stats.disk_reads, reads, "what is used stays");
    assert!(stats.cache_bytes < 400_000 && stats.entities < 2_000, "{stats:?}");
    assert_eq!(everything(&store).len(), 10_001);
}

#[test]
fn a_store_has_one_writer_and_any_number_of_lookers_on() {
    let dir = scratch();
    let error = Store::open_read_only(dir.path(), &shared(), &Options::default()).err().unwrap();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    let mut store = open(dir.path(), 1 << 20);
    store.put(&firm(1), Key::Task, row(1, 10));
    store.settle(at(1));
    store.persist().unwrap();
    let error = Store::open(dir.path(), &shared(), &Options::default()).err().unwrap();
    assert!(matches!(&error, Error::Locked { .. }), "{error}");

    store.put(&firm(2), Key::Task, row(2, 10));
    store.settle(at(2));
    store.persist().unwrap();
    let mut looker = Store::open_read_only(dir.path(), &shared(), &Options::default()).unwrap();
    assert_eq!((looker.applied(), everything(&looker).len()), (Some(&at(2)), 2));
    assert_eq!(looker.get(&firm(1), &Key::Task), Some(&row(1, 10)));
    assert!(matches!(looker.persist(), Err(Error::ReadOnly { .. })));
    store.put(&firm(3), Key::Task, row(3, 10));
    store.settle(at(3));
    store.close().unwrap();
    let looker = Store::open_read_only(dir.path(), &shared(), &Options::default()).unwrap();
    assert_eq!((looker.applied(), everything(&looker).len()), (Some(&at(3)), 3));
}

/// Puts bytes under a key behind the store's back.
fn spoil(dir: &Path, key: &[u8], value: &[u8]) {
    let db = rocksdb::DB::open_default(dir).unwrap();
    db.put(key, value).unwrap();
}

#[test]
fn rows_of_another_version_are_refused_with_what_to_do() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    store.put(&firm(1), Key::Task, row(1, 10));
    store.settle(at(1));
    store.close().unwrap();
    for (version, what) in [
        (ROWS_VERSION + 6, "use the program that wrote them; or delete this folder, and they are folded again"),
        (ROWS_VERSION - 1, "run the command that wrote them again"),
    ] {
        spoil(dir.path(), &[255], &[&version.to_le_bytes()[..], &[0; 16]].concat());
        let error = Store::open(dir.path(), &shared(), &Options::default()).err().unwrap();
        assert!(matches!(error, Error::NewerRows { .. } | Error::OlderRows { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    spoil(dir.path(), &[255], b"x");
    let error = Store::open(dir.path(), &shared(), &Options::default()).err().unwrap();
    assert!(matches!(error, Error::NoPosition { .. }), "{error}");
}

#[test]
fn a_store_that_was_discarded_begins_anew_even_where_only_its_sign_was_removed() {
    let dir = scratch();
    for half in [false, true] {
        let mut store = open(dir.path(), 1 << 20);
        assert_eq!((store.applied(), everything(&store)), (None, Vec::new()));
        store.put(&firm(1), Key::Task, row(1, 10));
        store.settle(at(1));
        store.close().unwrap();
        if half {
            fs::remove_file(dir.path().join("CURRENT")).unwrap();
        } else {
            Store::discard(dir.path()).unwrap();
        }
    }
    let store = open(dir.path(), 1 << 20);
    assert_eq!((store.applied(), everything(&store)), (None, Vec::new()));
}

#[test]
fn a_damaged_row_is_remembered_and_nothing_folded_on_top_of_it_is_persisted() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    for number in 0..50 {
        store.put(&firm(1), month(number), row(1, 10));
    }
    store.settle(at(1));
    store.close().unwrap();
    let mut key = Vec::new();
    month(40).write(&firm(1), &mut key);
    spoil(dir.path(), &key, b"\xff\xff");

    let mut store = open(dir.path(), 1 << 20);
    assert_eq!(store.get(&firm(1), &month(39)), Some(&row(1, 10)));
    assert!(store.take_failure().is_none());
    assert_eq!(store.get(&firm(1), &month(40)), None);
    store.put(&firm(1), Key::Profile, row(2, 10));
    let error = store.take_failure().unwrap();
    assert!(matches!(&error, Error::Row { .. }), "{error}");
    store.settle(at(2));
    assert!(matches!(store.persist(), Err(Error::Broken { .. })));
    drop(store);
    let mut store = open(dir.path(), 1 << 20);
    assert_eq!(store.applied(), Some(&at(1)));
    assert_eq!(store.get(&firm(1), &Key::Profile), None);
    assert_eq!(store.scan(&firm(1), &month(0), &month(99), 99).len(), 50, "keys are read, and no rows");
    assert_eq!(store.get(&firm(1), &month(40)), None);
    assert!(matches!(store.take_failure(), Some(Error::Row { .. })));
}

#[test]
fn a_store_may_be_given_to_a_worker_thread() {
    fn sendable<T: Send>() {}
    sendable::<Store>();
    sendable::<Shared>();
}
