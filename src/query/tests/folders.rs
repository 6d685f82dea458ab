//! Folders that cannot be read, or only in part.

use super::*;

fn refusal(dir: &Path) -> String {
    Folder::open(dir).err().expect("it cannot be read").to_string()
}

#[test]
fn a_folder_that_cannot_be_read_says_what_and_where_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = dir.path().join("nothing");
    let error = refusal(&nothing);
    assert!(error.contains(nothing.to_str().unwrap()) && error.contains("--data"), "{error}");

    feed(dir.path(), inputs("issue 1 A B 1.00"));
    let header = dir.path().join("journal/header");
    let text = std::fs::read_to_string(&header).unwrap();
    std::fs::write(&header, text.replacen("suyuan journal ", "suyuan journal 99", 1)).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("format 99") && error.contains("the program that wrote it"), "{error}");
    std::fs::write(&header, text.replacen("partitions: 3", "partitions: 4", 1)).unwrap();
    assert!(refusal(dir.path()).contains("damaged"), "a header that was edited is not believed");
    std::fs::write(&header, &text).unwrap();

    std::fs::remove_dir_all(dir.path().join("state/0001")).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("state/0001") && error.contains("replay"), "{error}");
    assert!(error.contains("folds them again from the journal") && !error.contains("service"), "{error}");
}

#[test]
fn a_folder_that_is_being_written_is_read_only_when_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    feed(dir.path(), inputs("issue 1 A B 1.00"));
    let writer = Engine::open(dir.path(), settings(3)).unwrap();
    let error = refusal(dir.path());
    assert!(error.contains("another process") && error.contains("--beside"), "{error}");
    let beside = Folder::open_beside(dir.path()).unwrap();
    assert!(household(&beside, id("A")).unwrap().is_some());
    assert!(Journal::open(dir.path()).is_ok());
    drop(writer);
    assert!(Folder::open(dir.path()).is_ok(), "the lock ends with its process");
}

#[test]
fn rows_that_are_behind_the_journal_are_owned_up_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), settings(3)).unwrap();
    engine.begin_input("test", &[]);
    for input in inputs("issue 1 A B 1.00") {
        engine.feed(input).unwrap();
    }
    engine.end_input().unwrap();
    // As a kill would: committed, and never written as rows.
    drop(engine);
    let folder = Folder::open_up_to(dir.path(), 0).unwrap();
    let lag = folder.lag().expect("nothing was written").clone();
    assert!(lag.records > 0 && lag.records == lag.of, "{lag:?}");
    assert!(lag.to_string().contains("run the same command again"), "{lag}");
    assert!(household(&folder, id("A")).unwrap().is_none());
}

#[test]
fn what_rows_lack_of_the_journal_is_folded_again_and_gives_the_same_answers() {
    let (_written, whole) = folder(CHAIN);
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), settings(3)).unwrap();
    engine.begin_input("test", &[]);
    for input in inputs(CHAIN) {
        engine.feed(input).unwrap();
    }
    engine.end_input().unwrap();
    let beside = Folder::open_beside(dir.path()).unwrap();
    drop(engine);
    let killed = Folder::open(dir.path()).unwrap();
    for folder in [&beside, &killed] {
        assert!(folder.lag().is_none());
        let all = Filter::default();
        let told = |folder: &Folder| {
            let signals = signals(folder, &all).unwrap().items;
            (signals, tasks(folder, &all).unwrap().items, cases(folder, &all).unwrap().items)
        };
        assert_eq!(told(folder), told(&whole));
        let b = |folder: &Folder| household(folder, id("B")).unwrap().unwrap();
        assert_eq!(b(folder).months, b(&whole).months);
    }
    drop(killed);
    let behind = Folder::open_up_to(dir.path(), 0).unwrap();
    assert!(behind.lag().is_some(), "looking changes nothing on disk");
}

#[test]
fn a_journal_that_was_cut_is_not_said_to_be_empty() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = Engine::open(dir.path(), settings(3)).unwrap();
    let mut lengths = Vec::new();
    for (name, script) in [("march.jsonl", "issue 1 A B 1.00"), ("april.jsonl", "issue 2 A B 1.00")] {
        engine.begin_input(name, &[name.into()]);
        for input in inputs(script) {
            engine.feed(input).unwrap();
        }
        engine.end_input().unwrap();
        lengths.push(engine.log().bytes());
    }
    engine.close().unwrap();
    assert!(open_journal(dir.path()).is_ok());
    let segment = dir.path().join(format!("journal/{:020}.journal", 1));
    for length in [lengths[1] - 1, lengths[0] - 1] {
        std::fs::OpenOptions::new().write(true).open(&segment).unwrap().set_len(length).unwrap();
        let error = refusal(dir.path());
        assert!(error.contains("was cut") && error.contains("the same files again"), "{length}: {error}");
        let error = open_journal(dir.path()).expect_err("what it says is not all").to_string();
        assert!(error.contains("was cut") && error.contains("the same files again"), "{length}: {error}");
    }
}

#[test]
fn a_journal_without_a_turn_has_no_answers() {
    let dir = tempfile::tempdir().unwrap();
    drop(Engine::open(dir.path(), settings(3)).unwrap());
    assert!(refusal(dir.path()).contains("still empty"));
}
