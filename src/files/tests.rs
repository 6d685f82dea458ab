//! A made machine keeps its word: what was synced is there, and what was not may be.

use std::io::{Read, Write};
use std::path::Path;

use super::*;

fn read(files: &Files, path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    files.open(Path::new(path)).ok()?.read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

/// A machine with a file that is synced with its name, and a file and a name that are not.
fn half_synced() -> (Simulated, Files) {
    let machine = Simulated::default();
    let files = Files::Simulated(machine.clone());
    files.create_folders(Path::new("/a/b")).unwrap();
    let mut kept = files.create(Path::new("/a/b/kept")).unwrap();
    kept.write_all(b"first").unwrap();
    kept.sync().unwrap();
    for folder in ["/", "/a", "/a/b"] {
        files.sync_folder(Path::new(folder)).unwrap();
    }
    kept.write_all(b"second").unwrap();
    files.create(Path::new("/a/b/new")).unwrap().write_all(b"third").unwrap();
    (machine, files)
}

#[test]
fn a_killed_process_leaves_what_it_wrote() {
    let (machine, files) = half_synced();
    machine.restart(End::Killed);
    assert_eq!(read(&files, "/a/b/kept").unwrap(), b"firstsecond");
    assert_eq!(read(&files, "/a/b/new").unwrap(), b"third");
}

#[test]
fn a_power_failure_keeps_what_was_synced_and_some_of_the_rest() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let (machine, files) = half_synced();
        machine.restart(End::PowerLost(seed));
        let kept = read(&files, "/a/b/kept").unwrap();
        assert!(kept.starts_with(b"first") && kept.len() <= 11, "{kept:?}");
        seen.insert((kept, read(&files, "/a/b/new")));
    }
    let kept: std::collections::BTreeSet<&[u8]> = seen.iter().map(|(kept, _)| kept.as_slice()).collect();
    for (what, bytes) in
        [("none", "first"), ("all", "firstsecond"), ("torn", "firstsec"), ("as long, and empty", "first\0\0\0\0\0\0")]
    {
        assert!(kept.contains(bytes.as_bytes()), "{what}");
    }
    for new in [None, Some(Vec::new()), Some(b"third".to_vec())] {
        assert!(seen.iter().any(|(_, found)| *found == new), "{new:?}");
    }
}

#[test]
fn faults_come_where_they_are_planned_and_end_with_a_start() {
    let (machine, files) = half_synced();
    let first = machine.operations();
    let kind = std::io::ErrorKind::StorageFull;
    let full = Fault::Fails { operations: first..first + 2, kind };
    machine.plan(vec![full, Fault::Stops { operation: first + 3, part: 128 }]);
    let lock = |path: &str| files.lock(Path::new(path));
    assert_eq!(lock("/a/lock").unwrap_err().kind(), kind);
    assert_eq!(files.create(Path::new("/a/full")).unwrap_err().kind(), kind);
    let mut file = files.create(Path::new("/a/torn")).unwrap();
    assert!(file.write_all(b"0123456789").is_err() && machine.is_stopped());
    assert!(files.exists(Path::new("/a")).is_err(), "nothing is done any more");
    machine.restart(End::Killed);
    assert!(file.write_all(b"x").is_err(), "an earlier process is not there any more");
    assert_eq!(read(&files, "/a/torn").unwrap(), b"01234");
}

#[test]
fn a_lock_is_given_back_with_its_process() {
    let (machine, files) = half_synced();
    let lock = |path: &str| files.lock(Path::new(path)).unwrap();
    let held = lock("/a/lock");
    assert!(held.is_some() && lock("/a/lock").is_none());
    drop(held);
    let held = lock("/a/lock");
    machine.restart(End::Killed);
    let again = lock("/a/lock");
    assert!(again.is_some());
    drop(held);
    assert!(lock("/a/lock").is_none(), "who is gone gives nothing back");
}

#[test]
fn rows_are_written_together_or_not_at_all() {
    for (part, there) in [(0, 1), (255, 2)] {
        let machine = Simulated::default();
        let database = Database::open(&machine, Path::new("/rows")).unwrap();
        database.write(vec![(b"a".to_vec(), Some(b"1".to_vec()))]).unwrap();
        machine.plan(vec![Fault::Stops { operation: machine.operations(), part }]);
        let both = vec![(b"a".to_vec(), Some(b"2".to_vec())), (b"b".to_vec(), Some(b"2".to_vec()))];
        assert!(database.write(both).is_err());
        machine.restart(End::PowerLost(1));
        assert!(database.rows().is_err());
        let rows = Database::open(&machine, Path::new("/rows")).unwrap().rows().unwrap();
        assert_eq!(rows.len(), there);
    }
}
