//! What a store does about what it could not read or write.

use super::*;
use crate::files::{End, Fault, Place, Simulated};

#[test]
fn what_cannot_be_read_is_a_failure_whatever_was_asked_for() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    let (first, listed) = (firm(1), firm(2));
    for number in 0..20 {
        store.put(&first, month(number), row(1, 10));
        store.put(&listed, month(number), row(1, 10));
        store.put(&listed, Key::Abnormal(Period(number)), row(1, 10));
    }
    store.settle(at(1));
    store.close().unwrap();
    for (entity, key) in [(first, month(3)), (listed, Key::Abnormal(Period(5)))] {
        let mut bytes = Vec::new();
        key.write(&entity, &mut bytes);
        spoil(dir.path(), &bytes, b"\xff\xff");
    }
    let mut store = open(dir.path(), 1 << 20);
    // By itself, though it was brought with the first rows of its entity, when another was asked for.
    assert_eq!(store.get(&first, &Key::Profile), None);
    assert!(store.take_failure().is_none());
    assert_eq!(store.get(&first, &month(3)), None);
    assert!(matches!(store.take_failure(), Some(Error::Row { .. })));
    // With a listing, of keys whose rows are read for it.
    assert_eq!(store.get(&listed, &month(19)), Some(&row(1, 10)));
    assert!(store.take_failure().is_none());
    let (from, to) = (Key::Abnormal(Period(0)), Key::Abnormal(Period(99)));
    assert_eq!(store.scan(&listed, &from, &to, 9), []);
    assert!(matches!(store.take_failure(), Some(Error::Row { .. })));
    drop(store);
    // Whoever does not ask before persisting is told then.
    let mut store = open(dir.path(), 1 << 20);
    store.put(&first, month(3), row(2, 10));
    store.settle(at(2));
    assert!(matches!(store.persist(), Err(Error::Row { .. })));
}

#[test]
fn after_rows_could_not_be_written_nothing_is_persisted_any_more() {
    let machine = Simulated::default();
    let place = Place::simulated(&machine, "/state");
    let open = || Store::open(&place, &shared(), &Options::default()).unwrap();
    let mut store = open();
    store.put(&firm(1), Key::Profile, row(1, 10));
    store.settle(at(1));
    let operations = machine.operations()..u64::MAX;
    machine.plan(vec![Fault::Fails { operations, kind: std::io::ErrorKind::StorageFull }]);
    let error = store.persist().unwrap_err();
    assert!(!matches!(error, Error::Broken { .. }), "{error}");
    machine.plan(Vec::new());
    assert!(matches!(store.persist(), Err(Error::Broken { .. })));
    machine.restart(End::Killed);
    assert_eq!(open().applied(), None);
}

#[test]
fn an_entity_whose_rows_came_and_went_stays_until_that_is_persisted() {
    let dir = scratch();
    let mut store = open(dir.path(), 3_000);
    store.put(&firm(1), Key::Profile, row(1, 10));
    store.remove(&firm(1), &Key::Profile);
    for number in 2..50 {
        store.put(&firm(number), Key::Profile, row(1, 200));
    }
    store.settle(at(1));
    store.persist().unwrap();
    assert_eq!(everything(&store).len(), 48);
}
