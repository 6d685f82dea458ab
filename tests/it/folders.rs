//! Data folders as people treat them: gone on with, not written over, asked for what is not there, and read by programs
//! that go away.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use crate::support::{begun, copy, file, import_arguments, lines, outputs, replay_arguments, rows, run, suyuan, world};

const ISSUED: &str = r#"{"type":"invoice_issued","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"12345678901234567890","invoice_kind":"special","seller_id":"A","buyer_id":"B","lines":[],"amount_fen":100,"tax_fen":13}"#;

#[test]
fn an_import_goes_on_with_what_a_folder_was_begun_with() {
    let folder = tempfile::tempdir().unwrap();
    let rules = include_str!("../../topologies/rules-standard.toml").replace("standard-2026-11", "of-our-own");
    let rules =
        file(folder.path(), "rules.toml", rules.replace("score_missing = 200", "score_missing = 199").as_bytes());
    let topology = file(folder.path(), "topology.toml", b"partitions = 5");
    let (second, data) = begun(folder.path(), &["--partitions", "3", "--rules", rules.to_str().unwrap()]);
    let added = run(import_arguments(&second, &data, &["--topology", topology.to_str().unwrap()]));
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    for told in
        ["was begun with 3 partitions", "the rule set in force there, of-our-own;", "standard-2026-11, is of another"]
    {
        assert!(added.stderr.contains(told), "{}", added.stderr);
    }
    assert!(outputs(&data)["digest.txt"].contains("3 partitions"));
    // A replay is of one input under one rule set.
    let refused = run(replay_arguments(&[&second], &data, &["--partitions", "3"]));
    assert!(refused.code == Some(1) && refused.stderr.contains("rules-digest"), "{}", refused.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_has_gone_is_no_failure_and_a_full_device_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", ISSUED.as_bytes());
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (input, out, data) = (text(&input), text(&folder.path().join("out")), text(&folder.path().join("data")));
    run(["import", &input, "--data", &data]);
    for arguments in [
        vec!["replay", &input, "--out", &out],
        vec!["import", &input, "--data", &data],
        vec!["import", &input, "--check"],
        vec!["signals", "--status", "all", "--data", &out],
        vec!["taxpayer", "A", "--data", &data],
        vec!["explain"],
        vec!["completions", "bash"],
    ] {
        let ended = |to: Stdio| {
            let output = suyuan(&arguments).stdout(to).output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, told) = ended(writer.into());
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
        let (code, told) = ended(std::fs::File::options().write(true).open("/dev/full").unwrap().into());
        if arguments[0] != "signals" {
            assert!(code == Some(1) && told.contains("cannot write to standard output"), "{arguments:?}: {told}");
        }
    }
}

#[test]
fn a_demonstration_writes_over_nothing_that_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = file(folder.path(), "tasks.jsonl", b"to be kept\n");
    let data = folder.path().to_str().unwrap();
    let small = ["demo", "--taxpayers", "50", "--invoices", "100", "--data", data];
    let refused = run(small);
    assert!(refused.code == Some(1) && refused.stderr.contains("has a tasks.jsonl"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    std::fs::remove_file(own).unwrap();
    let made = run(small);
    assert!(made.code == Some(0) && made.stdout.contains("Go on with"), "{}", made.stderr);
    assert_eq!(run(small).code, Some(0), "it is its own folder now");
    let other = run(small.into_iter().chain(["--seed", "3"]));
    assert!(other.code == Some(1) && other.stderr.contains("the demonstration of another world"), "{}", other.stderr);
}

#[test]
fn silence_is_not_left_to_be_read_as_a_clean_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (_, data) = begun(folder.path(), &[]);
    let told = |arguments: &[&str]| {
        let ran = run(arguments.iter().map(OsStr::new).chain(["--data".as_ref(), data.as_os_str()]));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stderr
    };
    assert!(told(&["signals", "--taxpayer", "NOBODY"]).contains("does not speak of a taxpayer NOBODY"));
    assert!(told(&["cases", "--taxpayer", "NOBODY"]).contains("does not speak of a taxpayer NOBODY"));
    let id = world(3, 100, 1_000).first().unwrap().owner().id.to_string();
    assert!(told(&["trace", "up", &id, "--origin", "123"]).contains("does not speak of a taxpayer 123"));
    let path = data.to_str().unwrap();
    let error = run(["cases", "0123456789abcdef01234567", "--data", path]).stderr;
    assert!(error.contains(&format!("`suyuan cases --status all --data {path}`")), "{error}");
}

#[test]
fn a_file_in_the_place_of_a_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "events.jsonl", ISSUED.as_bytes());
    for ran in [
        run(["tasks".as_ref(), "--data".as_ref(), path.as_os_str()]),
        run(import_arguments(&path, &path, &[])),
        run(replay_arguments(&[&path], &path, &[])),
    ] {
        assert!(ran.code == Some(1) && ran.stderr.contains("is a file, and a folder"), "{}", ran.stderr);
    }
}

#[test]
fn a_lost_header_is_told_by_whoever_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let (_, out) = begun(folder.path(), &[]);
    std::fs::remove_file(out.join("journal/header")).unwrap();
    let first = folder.path().join("first.jsonl");
    for ran in [
        run(["signals".as_ref(), "--data".as_ref(), out.as_os_str()]),
        run(import_arguments(&first, &out, &[])),
        run(replay_arguments(&[&first], &out, &[])),
    ] {
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("has lost its file `header`"), "{}", ran.stderr);
        assert!(ran.stderr.contains("put it back from a copy, or fold the same input again"), "{}", ran.stderr);
    }
}

/// A journal's header is put back from a copy, as is advised where it is lost: from the wrong one.
#[test]
fn the_header_of_another_journal_is_refused_by_whoever_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let events = world(6, 60, 2_000);
    let (first, second) = events.split_at(events.len() / 2);
    let first = file(folder.path(), "first.jsonl", &lines(first));
    let second = file(folder.path(), "second.jsonl", &lines(second));
    let rules =
        include_str!("../../topologies/rules-standard.toml").replace("score_missing = 200", "score_missing = 199");
    let rules = file(folder.path(), "rules.toml", rules.as_bytes());
    let begin = |name: &str, more: &[&str]| {
        let data = folder.path().join(name);
        let ran = run(replay_arguments(&[&first], &data, more));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        data
    };
    let own = begin("own", &["--partitions", "3"]);
    let header = own.join("journal/header");
    let (text, before) = (std::fs::read(&header).unwrap(), rows(&own));
    let strict = ["--partitions", "3", "--rules", rules.to_str().unwrap()];
    for (name, more, of_queries) in
        [("two", &["--partitions", "2"][..], true), ("four", &["--partitions", "4"], true), ("strict", &strict, false)]
    {
        std::fs::copy(begin(name, more).join("journal/header"), &header).unwrap();
        let mut asked = vec![
            replay_arguments(&[&first], &own, more),
            import_arguments(&second, &own, &[]).into_iter().map(Into::into).collect(),
        ];
        if of_queries {
            for question in [["signals", "--status", "all"], ["tasks", "--limit", "0"], ["doubts", "--format", "jsonl"]]
            {
                asked.push(question.map(Into::into).into_iter().chain(["--data".into(), own.clone().into()]).collect());
            }
        }
        for arguments in asked {
            let told = run(&arguments);
            let says = told.stderr.contains("is that of another journal") && told.stderr.contains("back from a copy");
            assert!(told.code == Some(1) && says, "{name}, {arguments:?}: {}", told.stderr);
        }
    }
    std::fs::write(&header, text).unwrap();
    assert_eq!(rows(&own), before);
    assert_eq!(run(import_arguments(&second, &own, &[])).code, Some(0));
}

/// Two courses of one journal have its name and their turns have the same numbers; what the rows stand for is told apart by
/// the digest alone.
#[test]
fn rows_of_another_course_of_the_same_journal_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (second, data) = begun(folder.path(), &["--partitions", "2"]);
    let fork = folder.path().join("fork");
    copy(&data, &fork);
    let lines = std::fs::read_to_string(&second).unwrap();
    let half: String = lines.split_inclusive('\n').step_by(2).collect();
    let half = file(folder.path(), "half.jsonl", half.as_bytes());
    for (input, to) in [(&second, &data), (&half, &fork)] {
        let ran = run(import_arguments(input, to, &[]));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let before = (outputs(&data), rows(&data));
    std::fs::remove_dir_all(data.join("state")).unwrap();
    copy(&fork.join("state"), &data.join("state"));
    for ran in
        [run(import_arguments(&second, &data, &[])), run(["tasks".as_ref(), "--data".as_ref(), data.as_os_str()])]
    {
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("or to another course of it"), "{}", ran.stderr);
    }
    std::fs::remove_dir_all(data.join("state")).unwrap();
    let ran = run(import_arguments(&second, &data, &[]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!((outputs(&data), rows(&data)), before);
}
