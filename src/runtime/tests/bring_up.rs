//! What a folder is held against when it is opened: its header, its journal and its rows against one another.

use super::*;
use crate::model::Refused;

#[test]
fn rows_of_an_upgrade_that_found_other_things_go_on_after_a_crash_and_are_still_of_one_partition() {
    let (dir, _) = fed_with(&inputs(2_000), Policies { turn_events: 200, ..Policies::default() });
    let changed = with_other_facts(dir.path(), |fact| {
        if let Fact::InvoiceIssued(invoice) = fact {
            invoice.tax += Fen(1);
        }
    });
    let state = changed.path().join("state");
    std::fs::create_dir(&state).unwrap();
    for partition in 0..2 {
        write_version(changed.path(), partition, ROWS_VERSION - 1);
    }
    let small = Settings { cache_bytes_max: 2_000_000, ..settings(2) };
    let engine = Engine::open(changed.path(), small.clone()).unwrap();
    let found = rows(&engine);
    drop(engine);
    assert!(applied(changed.path()).iter().all(|applied| 0 < *applied));
    let engine = Engine::open(changed.path(), small).unwrap();
    assert_eq!(rows(&engine), found);
    engine.close().unwrap();
    // They bear no digest, and the names of journal and partition all the same.
    for (from, to) in [("0000", "beside"), ("0001", "0000"), ("beside", "0001")] {
        std::fs::rename(state.join(from), state.join(to)).unwrap();
    }
    let error = Engine::open(changed.path(), settings(2)).err().unwrap();
    assert!(matches!(error, Error::ForeignRows { .. }), "{error}");
}

#[test]
fn a_digest_that_is_damaged_in_the_journal_says_nothing_of_the_fold() {
    let policies = Policies { turn_events: 50, segment_bytes_max: 1, ..Policies::default() };
    let (dir, _) = fed_with(&inputs(300), policies);
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    // Not the first, which is read whole for what it judged of the rule set.
    let second = Progress::read(&turns(dir.path())[1].progress).unwrap();
    let segment = dir.path().join(format!("journal/{:020}.journal", 2));
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(32).position(|bytes| bytes == second.partitions[0].digest).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let error = Engine::open(dir.path(), settings(2)).err().unwrap();
    assert!(matches!(error, Error::Log(crate::log::Error::Damaged { .. })), "{error}");
}

#[test]
fn a_turn_that_rows_stand_for_is_not_cut_off_even_where_nobody_can_read_them() {
    let (dir, _) = fed(&inputs(300));
    let segment = dir.path().join(format!("journal/{:020}.journal", 1));
    let mut bytes = std::fs::read(&segment).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let is_refused = || {
        let error = Engine::open(dir.path(), settings(2)).err().unwrap();
        assert!(matches!(error, Error::Log(crate::log::Error::CommittedTurn { .. })), "{error}");
    };
    is_refused();
    for partition in 0..2 {
        write_version(dir.path(), partition, ROWS_VERSION - 1);
    }
    is_refused();
}

#[test]
fn a_header_is_held_against_what_the_journal_began_with_behind_what_was_refused() {
    let refused = Refused { source: Source::default(), reason: "no event".into(), bytes: "?".into() };
    let mut lines = inputs(100);
    lines.insert(0, Input { source: Source::default(), row_head: true, body: Err(refused) });
    let one = settings(1);
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), one.clone()).unwrap();
    feed(&mut engine, "a", &lines);
    engine.close().unwrap();
    let stricter = drive::STANDARD_RULES.replace("score_missing = 200", "score_missing = 199");
    for other in [Settings { rules: stricter, ..one.clone() }, settings(2)] {
        let beside = tempfile::tempdir().unwrap();
        drop(Engine::open(beside.path(), other.clone()).unwrap());
        std::fs::copy(beside.path().join("journal/header"), dir.path().join("journal/header")).unwrap();
        let error = Engine::open(dir.path(), other).err().unwrap();
        assert!(matches!(error, Error::ForeignHeader { .. }), "{error}");
    }
}
