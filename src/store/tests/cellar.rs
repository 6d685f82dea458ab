//! Entities for which the shelf has no room.

use super::*;
use crate::files::{Fault, Place, Simulated};

/// A row that LZ4 finds no use in.
fn noise(number: u64, bytes: usize) -> Row {
    let mut row = row(number, 0);
    let mut state = number;
    NotedFact::peek_mut(&mut row).unwrap().event.extend((0..bytes).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    }));
    row
}

/// Some thousand firms in a store whose cache has room for a few hundred.
fn crowded(store: &mut Store, turn: u64, firms: usize) {
    for number in 0..firms {
        for period in 0..9_u8 {
            store.put(&firm(number), month(period.into()), noise(16 * number as u64 + u64::from(period), 60));
        }
        store.put(&firm(number), Key::Profile, row(turn, 200));
        if store.wants_persisting() {
            store.settle(at(turn));
            store.persist().unwrap();
        }
    }
    store.settle(at(turn));
    store.persist().unwrap();
}

#[test]
fn who_has_no_room_on_the_shelf_comes_back_without_a_look_at_the_disk() {
    let dir = scratch();
    let mut store = open(dir.path(), 1 << 20);
    for turn in 1..=12 {
        crowded(&mut store, turn, 3_000);
        let stats = store.stats();
        assert!(stats.cellar_bytes < 4 << 20, "gaps are closed: {stats:?}");
    }
    let stats = store.stats();
    assert!(stats.fetched > 20_000 && stats.disk_reads < 20 && stats.cache_bytes < 1_200_000, "{stats:?}");
    for number in 0..3_000 {
        assert_eq!(store.get(&firm(number), &Key::Profile), Some(&row(12, 200)));
        assert_eq!(store.get(&firm(number), &month(8)), Some(&noise(16 * number as u64 + 8, 60)));
        assert_eq!(store.get(&firm(number), &month(9)), None);
    }
    assert_eq!(everything(&store).len(), 30_000);
}

#[test]
fn where_the_file_cannot_be_written_or_read_rows_come_from_the_disk() {
    for (written, read) in [(0, usize::MAX), (600_000, usize::MAX), (usize::MAX, 0), (usize::MAX, 100_000)] {
        let machine = Simulated::default();
        let place = Place::simulated(&machine, "state");
        machine.plan(vec![Fault::Scratch { written, read }]);
        let options = Options { cache_bytes_max: 1 << 20, seed: Some(7) };
        let mut store = Store::open(&place, &shared(), &options).unwrap();
        (1..=2).for_each(|turn| crowded(&mut store, turn, 3_000));
        for number in 0..3_000 {
            assert_eq!(store.get(&firm(number), &Key::Profile), Some(&row(2, 200)));
            assert_eq!(store.get(&firm(number), &month(9)), None);
        }
        let stats = store.stats();
        assert!(store.take_failure().is_none() && machine.refused() > 0, "{stats:?}");
        assert!(stats.disk_reads > 1_000 && stats.cellar_bytes == 0 && stats.cache_bytes < 1_200_000, "{stats:?}");
    }
}
