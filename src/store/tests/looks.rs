//! What is known without a look at the disk.

use super::*;
use crate::model::InvoiceNo;

/// Persists, if there is little room for the rest.
fn make_room(store: &mut Store) {
    if store.wants_persisting() {
        store.settle(at(1));
        store.persist().unwrap();
    }
}

#[test]
fn a_new_entity_is_not_looked_for_and_one_that_was_dropped_is() {
    let dir = scratch();
    let mut store = open(dir.path(), 100_000);
    for number in 0..5_000 {
        store.put(&firm(number), Key::Profile, row(1, 50));
        make_room(&mut store);
    }
    let stats = store.stats();
    assert!(stats.persists > 0 && stats.entities < 2_000, "{stats:?}");
    // One in a million shares the 32 bits of one that was dropped.
    assert!(stats.disk_reads < 5, "{stats:?}");
    for number in 0..5_000 {
        assert_eq!(store.get(&firm(number), &Key::Profile), Some(&row(1, 50)));
    }
    // Those for which there was no room in the cellar either.
    assert!(store.stats().disk_reads > stats.disk_reads + 100);
    // Who opens what is there already knows nothing of it.
    store.settle(at(2));
    store.close().unwrap();
    let mut store = open(dir.path(), 300_000);
    assert_eq!(store.get(&firm(4_999), &Key::Profile), Some(&row(1, 50)));
    assert_eq!(store.get(&firm(5_000), &Key::Profile), None);
    assert!(store.stats().disk_reads >= 2);
}

#[test]
fn a_kind_of_few_rows_is_listed_from_memory_though_the_hub_forgets_others() {
    let dir = scratch();
    let mut store = open(dir.path(), 200_000);
    let (hub, deficit) = (firm(0), |at| Key::Deficit(Instant(at), InvoiceNo::FIRST));
    let list = |store: &mut Store| store.scan(&hub, &deficit(0), &deficit(99), 10);
    for number in 0..3 {
        store.put(&hub, deficit(number), ().wrap());
    }
    for number in 0..5_000 {
        store.put(&hub, month(number), row(1, 50));
        make_room(&mut store);
    }
    let forgotten = store.stats();
    assert_eq!(list(&mut store), [deficit(0), deficit(1), deficit(2)]);
    let read = store.stats();
    assert!(read.disk_reads > forgotten.disk_reads, "they had been forgotten: {forgotten:?}");
    store.remove(&hub, &deficit(1));
    store.put(&hub, deficit(7), ().wrap());
    for _ in 0..3 {
        assert_eq!(list(&mut store), [deficit(0), deficit(2), deficit(7)]);
    }
    assert_eq!(store.stats().disk_reads, read.disk_reads);
    // A kind of which there never was a row is not looked for at all.
    assert!(store.scan(&hub, &Key::Tainted(Id::EMPTY), &Key::Tainted(Id::LAST), 9).is_empty());
    assert_eq!(store.stats().disk_reads, read.disk_reads);
    // Once they are forgotten again, they are brought again.
    for number in 5_000..10_000 {
        store.put(&hub, month(number), row(1, 50));
        make_room(&mut store);
    }
    assert_eq!(list(&mut store), [deficit(0), deficit(2), deficit(7)]);
    assert!(store.stats().disk_reads > read.disk_reads);
}

#[test]
fn who_is_not_asked_for_is_put_away_as_bytes_and_comes_back_without_a_look_at_the_disk() {
    let dir = scratch();
    let mut store = open(dir.path(), 60_000);
    let (abnormal, goods) = (Key::Abnormal(Period(3)), |code| Key::Goods(Side::Bought, GoodsCode(code)));
    for number in 0..60 {
        for period in 0..9 {
            store.put(&firm(number), month(period), row(1, 60));
        }
        store.put(&firm(number), Key::Task, row(1, 60));
        store.put(&firm(number), abnormal, row(2, 60));
        store.put(&firm(number), goods(7), row(3, 60));
        store.put(&firm(number), goods(8), row(3, 60));
        store.remove(&firm(number), &goods(8));
    }
    // What waits to be written is put away as well, is listed from there, and is written from there.
    assert!(store.stats().cache_bytes < 80_000, "{:?}", store.stats());
    assert_eq!(everything(&store).len(), 60 * 12);
    store.settle(at(1));
    store.persist().unwrap();
    assert_eq!((everything(&store).len(), store.stats().dirty_bytes), (60 * 12, 0));
    for turn in 2..9 {
        for number in 0..60 {
            let firm = firm(number);
            assert_eq!(store.get(&firm, &month(8)), Some(&row(if turn == 2 { 1 } else { turn - 1 }, 60)));
            store.put(&firm, month(8), row(turn, 60));
            assert_eq!(store.scan(&firm, &abnormal, &Key::Abnormal(Period(9)), 9), [abnormal]);
            assert_eq!(store.get(&firm, &goods(8)), None);
        }
        store.settle(at(turn));
        store.persist().unwrap();
    }
    let stats = store.stats();
    assert!(stats.unpacked > 60 * 6 && stats.disk_reads == 0 && stats.cache_bytes < 80_000, "{stats:?}");
    // Months stay. Left behind is what else was not asked for time and again, and what has a long key and needs no writing.
    assert_eq!(store.get(&firm(1), &month(0)), Some(&row(1, 60)));
    assert_eq!(store.stats().disk_reads, 0);
    for (key, number) in [(Key::Task, 1), (goods(7), 3)] {
        let before = store.stats().disk_reads;
        assert_eq!(store.get(&firm(1), &key), Some(&row(number, 60)));
        assert_eq!(store.stats().disk_reads, before + 1);
    }
}
