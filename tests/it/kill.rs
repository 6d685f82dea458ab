//! Runs that end in the middle. What was committed stays, the same command goes on from there and comes out where an
//! uninterrupted run does; a folder takes one run at a time, and no other run's input, rules or partitions.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    PATIENCE, file, lines, outputs, replay, replay_arguments, rows, run, suyuan, wait_for_turn, world,
};

/// The size of a run's journal so far.
fn journal_bytes(dir: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(dir.join("journal")) else { return 0 };
    files.filter_map(|file| file.ok()?.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn start(arguments: &[OsString]) -> Child {
    suyuan(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the journal has grown by `bytes`. `false` where the run ended before.
fn wait_for_growth(child: &mut Child, dir: &Path, bytes: u64) -> bool {
    let (begun, before) = (Instant::now(), journal_bytes(dir));
    while journal_bytes(dir) < before + bytes {
        assert!(begun.elapsed() < PATIENCE, "nothing was committed in {PATIENCE:?}");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Starts a run again and again, killing it each time a little more is committed; returns how often it was killed.
fn kill_often(arguments: &[OsString], dir: &Path) -> u32 {
    let mut killed = 0;
    for bytes in [1, 200_000, 1_000_000] {
        let mut child = start(arguments);
        if wait_for_growth(&mut child, dir, bytes) {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    killed
}

fn input(folder: &Path, seed: u64) -> PathBuf {
    file(folder, &format!("events-{seed}.jsonl"), &lines(&world(seed, 200, 20_000)))
}

#[test]
fn a_killed_replay_goes_on_and_comes_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 5);
    let whole = folder.path().join("whole");
    let expected = replay(&[&input], &whole, &[]);

    let out = folder.path().join("out");
    let arguments = replay_arguments(&[&input], &out, &[]);
    let killed = kill_often(&arguments, &out);
    assert!(killed > 0, "every run ended before it could be killed");
    let last = run(&arguments);
    assert_eq!(last.code, Some(0), "{}", last.stderr);
    // Beside other work it may have been killed each time while it wrote its first turn: nothing is committed then.
    let begins_anew = last.stderr.contains("it ends with turn 0 now");
    assert!(begins_anew || last.stderr.contains("events that are committed already"), "{}", last.stderr);
    let summary: serde_json::Value = serde_json::from_str(last.stdout.trim_end()).unwrap();
    for name in ["events", "rows", "accepted", "duplicates", "digest", "signals", "tasks", "cases", "taxpayers"] {
        assert_eq!(summary[name], expected[name], "{name}");
    }
    assert_eq!(outputs(&out), outputs(&whole));
    assert_eq!(rows(&out), rows(&whole));

    // Once more: it is at its end, and says so.
    let again = run(&arguments);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("holds this run already"), "{}", again.stderr);
    assert_eq!(outputs(&out), outputs(&whole));
}

#[test]
fn a_lost_state_is_folded_again_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", &lines(&world(9, 100, 2_000)));
    let out = folder.path().join("out");
    replay(&[&input], &out, &[]);
    let (before, rows_before) = (outputs(&out), rows(&out));
    std::fs::remove_dir_all(out.join("state")).unwrap();
    replay(&[&input], &out, &[]);
    assert_eq!(outputs(&out), before);
    assert_eq!(rows(&out), rows_before);
}

#[test]
fn a_killed_import_goes_on_and_leaves_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 6);
    let arguments = |data: &Path| -> Vec<OsString> {
        vec!["import".into(), input.clone().into(), "--data".into(), data.as_os_str().to_owned()]
    };
    let (whole, data) = (folder.path().join("whole"), folder.path().join("data"));
    let expected = run(arguments(&whole));
    assert_eq!(expected.code, Some(0), "{}", expected.stderr);
    let killed = kill_often(&arguments(&data), &data);
    assert!(killed > 0, "every run ended before it could be killed");
    let last = run(arguments(&data));
    assert_eq!(last.code, Some(0), "{}", last.stderr);
    assert_eq!(rows(&data), rows(&whole));

    // The same file again: nothing but duplicates, and no row changes.
    let again = run(arguments(&whole));
    let summary: serde_json::Value = serde_json::from_str(again.stdout.trim_end()).unwrap();
    assert_eq!((&summary["duplicates"], &summary["accepted"]), (&summary["rows"], &0.into()), "{summary}");
    assert_eq!(rows(&whole), rows(&data));
}

#[test]
fn a_folder_goes_on_with_its_own_run_only() {
    let folder = tempfile::tempdir().unwrap();
    let events = world(4, 100, 500);
    let input = file(folder.path(), "events.jsonl", &lines(&events));
    let other = file(folder.path(), "other.jsonl", &lines(&events[1..]));
    let rules = suyuan::drive::STANDARD_RULES.replace("standard-2026-11", "mine-1");
    let rules = file(folder.path(), "rules.toml", rules.as_bytes());
    let out = folder.path().join("out");
    replay(&[&input], &out, &[]);
    let before = outputs(&out);

    let refused = |inputs: &[&Path], more: &[&str], what: &str| {
        let ran = run(replay_arguments(inputs, &out, more));
        assert_eq!(ran.code, Some(1), "{more:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{more:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty());
    };
    refused(&[&other], &[], "file other.jsonl");
    refused(&[&input, &other], &[], "file other.jsonl");
    refused(&[&input], &["--order", "given"], "order given");
    refused(&[&input], &["--partitions", "4"], "partitions");
    refused(&[&input], &["--rules", rules.to_str().unwrap()], "rules-version");
    assert_eq!(outputs(&out), before);
}

#[test]
fn a_killed_replay_does_not_go_on_with_what_was_changed_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 7);
    let out = folder.path().join("out");
    let arguments = replay_arguments(&[&input], &out, &[]);
    let mut child = start(&arguments);
    wait_for_turn(&mut child, &out);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = std::fs::read(&input).unwrap();
    // One digit, far from either end.
    let mut changed = before.clone();
    let middle = changed.len() / 2;
    let digit = changed[middle..].iter().position(u8::is_ascii_digit).unwrap();
    changed[middle + digit] ^= 1;
    std::fs::write(&input, changed).unwrap();
    let refused = run(&arguments);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("holds another run: the input is another one: `file "), "{}", refused.stderr);
    std::fs::write(&input, before).unwrap();
    assert_eq!(run(&arguments).code, Some(0));
}

#[test]
fn a_folder_takes_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 8);
    let out = folder.path().join("out");
    let arguments = replay_arguments(&[&input], &out, &[]);
    let mut child = start(&arguments);
    assert!(wait_for_growth(&mut child, &out, 1));
    let second = run(&arguments);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(second.code, Some(1), "{}", second.stderr);
    assert!(second.stderr.contains("is in use by another process"), "{}", second.stderr);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_asked_to_stop_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let input = input(folder.path(), 2);
    let out = folder.path().join("out");
    let arguments = replay_arguments(&[&input], &out, &[]);
    let mut child = suyuan(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A turn, not only the journal's header: from then on it listens.
    assert!(wait_for_growth(&mut child, &out, 100_000));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the same command goes on from there"), "{told}");
    let last = run(&arguments);
    assert_eq!(last.code, Some(0), "{}", last.stderr);
}

#[test]
fn whoever_asks_an_unfinished_folder_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (input(folder.path(), 9), folder.path().join("out"));
    let arguments = replay_arguments(&[&input], &out, &[]);
    let mut child = start(&arguments);
    wait_for_turn(&mut child, &out);
    child.kill().unwrap();
    // It may have come to its end just before.
    let stopped = child.wait().unwrap().code().is_none();
    for command in ["tasks", "cases", "signals", "doubts", "dead-letters"] {
        let asked = run([command.as_ref(), "--data".as_ref(), out.as_os_str()]);
        assert_eq!(asked.code, Some(0), "{}", asked.stderr);
        assert!(!stopped || asked.stderr.contains("has not come to its end"), "{command}: {}", asked.stderr);
    }
    replay(&[&input], &out, &[]);
    assert!(!run(["tasks".as_ref(), "--data".as_ref(), out.as_os_str()]).stderr.contains("note:"));
}

#[cfg(unix)]
#[test]
fn a_run_whose_standard_input_is_silent_stops_when_it_is_asked_to() {
    use std::io::Write as _;

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let arguments = replay_arguments(&["-".as_ref()], &out, &["--order", "given"]);
    let mut command = suyuan(&arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut silent = child.stdin.take().unwrap();
    silent.write_all(&lines(&world(5, 200, 20_000))).unwrap();
    assert!(wait_for_growth(&mut child, &out, 100_000));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("stopped; "), "{told}");
    drop(silent);
}

/// Replays a world, damages the last turn of its journal, and hands over that file and what is in it now.
fn replayed_and_damaged(input: &Path, out: &Path) -> (PathBuf, Vec<u8>) {
    replay(&[input], out, &[]);
    let segments = std::fs::read_dir(out.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let last = segments.filter(|path| path.extension().is_some_and(|end| end == "journal")).max().unwrap();
    let mut bytes = std::fs::read(&last).unwrap();
    let at = bytes.len() - 60;
    bytes[at] ^= 1;
    std::fs::write(&last, &bytes).unwrap();
    (last, bytes)
}

#[test]
fn a_damaged_turn_that_was_committed_is_not_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (input(folder.path(), 7), folder.path().join("out"));
    let (last, bytes) = replayed_and_damaged(&input, &out);
    let asked = run(replay_arguments(&[&input], &out, &[]));
    assert_eq!(asked.code, Some(1), "{}", asked.stderr);
    assert!(asked.stderr.contains("it was committed, so this file is damaged"), "{}", asked.stderr);
    assert_eq!(std::fs::read(&last).unwrap(), bytes, "nothing is changed");
}

#[test]
fn a_damaged_turn_is_not_cut_off_where_no_rows_can_tell_whether_it_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (input(folder.path(), 7), folder.path().join("out"));
    let (last, bytes) = replayed_and_damaged(&input, &out);
    std::fs::write(out.join("state/0000/CURRENT"), "of no use").unwrap();
    let asked = run(replay_arguments(&[&input], &out, &[]));
    assert_eq!(asked.code, Some(1), "{}", asked.stderr);
    assert!(asked.stderr.contains("cannot be read; nothing is changed. See to the rows first"), "{}", asked.stderr);
    assert_eq!(std::fs::read(&last).unwrap(), bytes, "nothing is changed");
    // As it says: the rest of the input makes good what is cut off then.
    std::fs::remove_dir_all(out.join("state")).unwrap();
    let (whole, mended) = (folder.path().join("whole"), replay(&[&input], &out, &[]));
    assert_eq!(mended["digest"], replay(&[&input], &whole, &[])["digest"]);
}
