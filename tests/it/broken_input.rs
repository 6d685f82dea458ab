//! Inputs that end before their time. An import keeps what it read of them and takes whatever comes next; a replay comes
//! to the digest of an uninterrupted run, or to none.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{
    Ran, file, import_arguments, lines, outputs, ran, replay, replay_arguments, rows, run, suyuan, wait_for_turn, world,
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn summary(ran: &Ran) -> serde_json::Value {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn an_import_keeps_what_it_read_of_a_truncated_file_and_takes_what_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    let events = world(5, 100, 1_000);
    let whole = gzip(&lines(&events));
    let input = file(folder.path(), "sales.jsonl.gz", &whole[..whole.len() / 2]);
    let other = file(folder.path(), "other.jsonl", &lines(&world(6, 100, 100)));
    let data = folder.path().join("data");

    let first = run(import_arguments(&input, &data, &[]));
    assert!(first.code == Some(1) && first.stdout.is_empty(), "{}", first.stderr);
    assert!(first.stderr.contains("sales.jsonl.gz at line "), "{}", first.stderr);
    assert!(first.stderr.contains(" events before that are committed and stay"), "{}", first.stderr);
    let before = rows(&data);
    assert!(before.len() > 100);

    let again = run(import_arguments(&input, &data, &[]));
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert!(again.stderr.contains("going on after "), "{}", again.stderr);
    assert_eq!(rows(&data), before);

    let next = run(import_arguments(&other, &data, &[]));
    assert!(summary(&next)["accepted"].as_u64() > Some(0), "{}", next.stdout);
    assert!(next.stderr.contains("did not come to its end and is given up: its first "), "{}", next.stderr);

    std::fs::write(&input, whole).unwrap();
    let repaired = summary(&run(import_arguments(&input, &data, &[])));
    assert_eq!(repaired["rows"], events.len());
    assert!(repaired["duplicates"].as_u64() > Some(100) && repaired["accepted"].as_u64() > Some(100), "{repaired}");
}

/// A packed file says only at its end whether it is what was packed.
#[test]
fn nothing_is_taken_of_a_file_that_is_not_what_was_packed() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = lines(&world(5, 100, 2_000));
    let mut packed = gzip(&bytes);
    // Of the checksum, so that every line is read before it is known.
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    let input = file(folder.path(), "sales.jsonl.gz", &packed);
    for order in ["time", "given"] {
        let data = folder.path().join(order);
        let ran = run(import_arguments(&input, &data, &["--order", order]));
        assert!(ran.code == Some(1) && ran.stdout.is_empty(), "{}", ran.stderr);
        assert!(ran.stderr.contains("sales.jsonl.gz cannot be unpacked"), "{}", ran.stderr);
        assert!(ran.stderr.contains("nothing is taken"), "{}", ran.stderr);
        std::fs::write(&input, gzip(&bytes)).unwrap();
        let whole = summary(&run(import_arguments(&input, &data, &["--order", order])));
        assert_eq!((&whole["conflicting"], &whole["duplicates"]), (&0.into(), &0.into()), "{whole}");
        std::fs::write(&input, &packed).unwrap();
    }
    // What comes by a pipe is taken as it comes, and whoever gave it is told.
    let data = folder.path().join("pipe");
    let arguments = import_arguments(Path::new("-"), &data, &[]);
    let ran = ran(suyuan(arguments).stdin(std::fs::File::open(&input).unwrap()));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("may say what nobody wrote: put the folder back"), "{}", ran.stderr);
}

#[test]
fn a_killed_import_of_standard_input_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = lines(&world(5, 200, 20_000));
    let (data, expected) = (folder.path().join("data"), folder.path().join("expected"));
    let import = |data: &Path| suyuan(import_arguments("-".as_ref(), data, &["--order", "given"]));
    let mut child = import(&data).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // Held open, so that it is killed within its input.
    let mut held = child.stdin.take().unwrap();
    held.write_all(&bytes).unwrap();
    wait_for_turn(&mut child, &data);
    child.kill().unwrap();
    child.wait().unwrap();

    let input = file(folder.path(), "events.jsonl", &bytes);
    let open = || Stdio::from(std::fs::File::open(&input).unwrap());
    let again = ran(import(&data).stdin(open()));
    assert!(again.stderr.contains("given up: its first "), "{}", again.stderr);
    let (again, whole) = (summary(&again), summary(&ran(import(&expected).stdin(open()))));
    assert_eq!(again["rows"], whole["rows"]);
    assert!(again["duplicates"].as_u64() > whole["duplicates"].as_u64(), "{again}");
}

#[cfg(unix)]
#[test]
fn an_import_of_standard_input_that_is_stopped_keeps_what_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = suyuan(import_arguments("-".as_ref(), &data, &["--order", "given"]));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut silent = child.stdin.take().unwrap();
    silent.write_all(&lines(&world(5, 200, 20_000))).unwrap();
    wait_for_turn(&mut child, &data);
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("stopped; the ") && told.contains(" events before that are committed and stay"), "{told}");
    drop(silent);
}

#[test]
fn a_replay_commits_no_turn_that_an_uninterrupted_run_would_not() {
    let folder = tempfile::tempdir().unwrap();
    for (invoices, told) in [(1_000, "; nothing of it is committed"), (20_000, "; its first ")] {
        let bytes = lines(&world(5, 200, invoices));
        let whole = gzip(&bytes);
        let input = file(folder.path(), "events.jsonl.gz", &whole[..whole.len() * 2 / 3]);
        let (out, expected) =
            (folder.path().join(format!("out-{invoices}")), folder.path().join(format!("expected-{invoices}")));
        let broken = run(replay_arguments(&[&input], &out, &[]));
        assert_eq!(broken.code, Some(1), "{}", broken.stderr);
        assert!(broken.stderr.contains("cannot read on in ") && broken.stderr.contains(told), "{}", broken.stderr);
        std::fs::write(&input, whole).unwrap();
        replay(&[&input], &expected, &[]);
        let repaired = run(replay_arguments(&[&input], &out, &[]));
        if repaired.code == Some(0) {
            assert_eq!(outputs(&out), outputs(&expected));
        } else {
            assert!(repaired.stderr.contains("holds another run: the input is another one"), "{}", repaired.stderr);
        }
        assert_eq!(repaired.code == Some(0), invoices == 1_000);
    }
}
