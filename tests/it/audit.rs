//! `suyuan audit verify` over data folders: what follows from the journal is told from what does not; and an upgrade whose rows
//! are lost.

use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::{Duration, Instant};

use suyuan::codec::journal::{read_output, read_record, write_record};
use suyuan::log::{Frame, Log, Reader, Settings, Turn};
use suyuan::model::{Body, Fact, Fen, Position};

#[cfg(unix)]
use crate::support::{PATIENCE, file, lines, replay, suyuan, world};
use crate::support::{Ran, begun, import_arguments, rows, run};

fn verify(data: &Path) -> Ran {
    run(["audit".as_ref(), "verify".as_ref(), "--data".as_ref(), data.as_os_str()])
}

/// Writes the journal of a folder into another, whole as journals are, with something about its turns changed.
fn changed(data: &Path, name: &str, change: &mut dyn FnMut(&mut Turn)) -> PathBuf {
    let other = data.with_file_name(name);
    let settings = Settings { durable: false, ..Settings::default() };
    let (reader, header) = Reader::open(&data.join("journal")).unwrap();
    let mut log = Log::create(&other.join("journal"), &header, settings).unwrap();
    for turn in reader.turns() {
        let mut turn = turn.unwrap();
        change(&mut turn);
        log.append(&turn).unwrap();
    }
    other
}

/// Adds a fen to the tax of one invoice.
fn one_fen(turn: &mut Turn) {
    let mut invoices = 0;
    for Frame { bytes, count, .. } in &mut turn.frames {
        let (mut rest, mut edited) = (bytes.as_slice(), Vec::new());
        for _ in 0..*count {
            let mut record = read_record(&mut rest, Position::default()).unwrap();
            if let Body::Fact(_, event) = &mut record.body
                && let Fact::InvoiceIssued(invoice) = &mut event.fact
            {
                invoices += 1;
                invoice.tax += Fen(i64::from(invoices == 100));
            }
            write_record(&record, &mut edited);
        }
        *bytes = edited;
    }
    assert!(invoices >= 100);
}

#[test]
fn a_journal_proves_what_it_said_and_whether_the_digest_beside_it_was_ever_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (second, data) = begun(folder.path(), &["--partitions", "3"]);
    let digest = || std::fs::read_to_string(data.join("digest.txt")).unwrap();
    let whole = |of: &str| of.lines().last().unwrap().strip_prefix("whole ").unwrap().to_owned();
    let earlier = digest();
    let proved = verify(&data);
    assert_eq!(proved.code, Some(0), "{}", proved.stderr);
    assert!(proved.stdout.contains(&format!("whole {}, after turn 1\ndigest.txt says the same", whole(&earlier))));

    assert_eq!(run(import_arguments(&second, &data, &[])).code, Some(0));
    let later = digest();
    assert_ne!(later, earlier);
    let proved = verify(&data);
    assert!(proved.code == Some(0) && proved.stdout.contains(&whole(&later)), "{}{}", proved.stdout, proved.stderr);
    std::fs::write(data.join("digest.txt"), &earlier).unwrap();
    let proved = verify(&data);
    assert!(proved.code == Some(0) && proved.stdout.contains("what stood after turn 1"), "{}", proved.stdout);

    // Cut off at the end of a turn, it is whole; its rows would tell, and here they are gone, too.
    let mut is_first = true;
    let cut = data.with_file_name("cut");
    let settings = Settings { durable: false, ..Settings::default() };
    let (reader, header) = Reader::open(&data.join("journal")).unwrap();
    let mut log = Log::create(&cut.join("journal"), &header, settings).unwrap();
    for turn in reader.turns().filter(|_| std::mem::take(&mut is_first)) {
        log.append(&turn.unwrap()).unwrap();
    }
    drop(log);
    for text in [&later, "no digest", "\u{0}"] {
        std::fs::write(cut.join("digest.txt"), text).unwrap();
        let told = verify(&cut);
        assert!(told.code == Some(1) && told.stderr.contains("digest.txt tells of another"), "{}", told.stderr);
    }
}

#[test]
fn what_does_not_follow_from_a_journal_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (second, data) = begun(folder.path(), &["--partitions", "3"]);
    let first = |turn: &Turn| {
        let mut rest = turn.outputs.as_slice();
        read_output(&mut rest).unwrap();
        turn.outputs.len() - rest.len()
    };
    let without = changed(&data, "without", &mut |turn| drop(turn.outputs.drain(..first(turn))));
    let again = changed(&data, "again", &mut |turn| turn.outputs.extend_from_within(..first(turn)));
    let otherwise = changed(&data, "otherwise", &mut one_fen);
    let shorter = changed(&data, "shorter", &mut |turn| turn.frames.retain(|frame| frame.partition != 2));
    assert_eq!(run(import_arguments(&second, &data, &[])).code, Some(0));
    let mut moved = Vec::new();
    let later = changed(&data, "later", &mut |turn| match turn.number {
        1 => moved = turn.outputs.drain(..first(turn)).collect(),
        _ => turn.outputs.append(&mut moved),
    });
    for (data, told) in [
        (without, "missing 1 in "),
        (again, "missing nothing; there without a cause, or again, 1 in "),
        (later, "missing 1 in "),
        (otherwise, "lead to something else than they did"),
        (shorter, "records of partition 2, and 0 are there"),
    ] {
        let ran = verify(&data);
        assert!(ran.code == Some(1) && ran.stderr.contains(told), "{}", ran.stderr);
    }
    let nowhere = verify(&folder.path().join("nowhere"));
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("holds no data of Suyuan"), "{}", nowhere.stderr);
}

/// A journal that another version wrote looks like one whose records were changed: only its rows tell, and without them
/// whoever upgrades has to.
#[test]
fn an_upgrade_that_finds_other_things_goes_on_without_rows_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (second, data) = begun(folder.path(), &[]);
    let data = changed(&data, "upgraded", &mut one_fen);
    for refused in
        [run(import_arguments(&second, &data, &[])), run(["tasks".as_ref(), "--data".as_ref(), data.as_os_str()])]
    {
        assert!(refused.code == Some(1) && refused.stderr.contains("with --take-changes"), "{}", refused.stderr);
    }
    let taken = run(import_arguments(&second, &data, &["--take-changes"]));
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert!(taken.stderr.contains("what stands from here on is what this version finds"), "{}", taken.stderr);
    let before = rows(&data);
    let again = run(import_arguments(&second, &data, &[]));
    assert!(again.code == Some(0) && !again.stderr.contains("this version finds"), "{}", again.stderr);
    assert_eq!(rows(&data), before);
    assert_eq!(run(["tasks".as_ref(), "--data".as_ref(), data.as_os_str()]).code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_proof_that_is_interrupted_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (data, scratch) = (folder.path().join("data"), folder.path().join("scratch"));
    std::fs::create_dir(&scratch).unwrap();
    replay(&[&file(folder.path(), "events.jsonl", &lines(&world(5, 300, 30_000)))], &data, &[]);
    let arguments = ["audit".as_ref(), "verify".as_ref(), "--data".as_ref(), data.as_os_str()];
    let mut child =
        suyuan(arguments).env("TMPDIR", &scratch).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    // When there are rows, it listens.
    let has_rows = || {
        let made = std::fs::read_dir(&scratch).unwrap().next();
        made.is_some_and(|made| made.unwrap().path().join("state").exists())
    };
    while !has_rows() {
        assert!(begun.elapsed() < PATIENCE && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
}
