//! Golden journals: `tests/data/NAME` holds inputs, the journal that they once became, and what it was recorded to say. A
//! change of the fold, of an id or of a format shows here, and is accepted with `make accept`.
//!
//! Each is asked three ways: the inputs are folded anew; the journal alone is gone on with, as after a crash that lost all
//! rows; and its records are folded again one by one by a reader that knows the journal from its document (`formats`).
//! `tests/data/older` holds what an earlier version left.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use suyuan::log::Reader;
use suyuan::runtime::Progress;

use crate::formats::refolded;
use crate::support::{Ran, copy, outputs, ran, rows, suyuan};

/// How a golden journal was made.
struct Golden {
    name: &'static str,
    /// Commands over its inputs, in their folder, with the data folder put for `DIR`, and how each ends.
    commands: &'static [(&'static [&'static str], i32)],
}

const GOLDEN: [Golden; 3] = [
    // A world with many schemes in it.
    Golden { name: "world", commands: &[(&["replay", "events.jsonl.zst", "--out", "DIR", "--partitions", "3"], 0)] },
    // Every event, full and spare; duplicates, conflicts, and lines that are no events.
    Golden { name: "every-event", commands: &[(&["replay", "events.jsonl", "--out", "DIR", "--partitions", "2"], 0)] },
    // Several inputs: one cut short and given up, a table, one that says again what was said.
    Golden {
        name: "imports",
        commands: &[
            (&["import", "cut.jsonl.gz", "--data", "DIR", "--topology", "topology.toml"], 1),
            (&["import", "sales.csv", "--data", "DIR", "--mapping", "mapping.toml"], 0),
            (&["import", "more.jsonl.gz", "--data", "DIR"], 0),
        ],
    },
];

/// Accepted instead of compared, on request.
const ACCEPT: &str = "SUYUAN_ACCEPT";
/// What a journal was recorded to say.
const RECORDED: &str = "recorded.txt";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

impl Golden {
    fn dir(&self) -> PathBuf {
        data(self.name)
    }

    fn command(&self, arguments: &[&str], out: &Path) -> Ran {
        let put = |argument: &&str| if *argument == "DIR" { out.as_os_str().into() } else { (*argument).into() };
        let arguments: Vec<std::ffi::OsString> = arguments.iter().map(put).collect();
        ran(suyuan(arguments).current_dir(self.dir().join("input")))
    }

    /// Folds the inputs into an empty folder.
    fn fold(&self, out: &Path) {
        for (arguments, code) in self.commands {
            let ran = self.command(arguments, out);
            assert_eq!(ran.code, Some(*code), "{} {arguments:?}: {}", self.name, ran.stderr);
            // Where there are results already, an import writes them anew.
            if arguments[0] == "import" {
                std::fs::write(out.join("digest.txt"), "").unwrap();
            }
        }
        self.go_on(out);
    }

    /// Gives the last input again: nothing of it is new, and whatever rows lack is folded.
    fn go_on(&self, out: &Path) {
        let (arguments, _) = self.commands.last().unwrap();
        std::fs::write(out.join("digest.txt"), "").unwrap();
        let ran = self.command(arguments, out);
        assert_eq!(ran.code, Some(0), "{}: {}", self.name, ran.stderr);
    }

    /// What was recorded; empty where nothing was yet.
    fn recorded(&self) -> String {
        std::fs::read_to_string(self.dir().join(RECORDED)).unwrap_or_default()
    }

    /// A data folder of the golden journal alone, without rows.
    fn journal_alone(&self, folder: &Path) -> PathBuf {
        let out = folder.join("alone");
        copy(&self.dir().join("journal"), &out.join("journal"));
        out
    }

    /// Makes journal and record anew, out of a folder that the inputs were folded into.
    fn accept(&self, folded: &Path) {
        let journal = self.dir().join("journal");
        if journal.exists() {
            std::fs::remove_dir_all(&journal).unwrap();
        }
        copy(&folded.join("journal"), &journal);
        std::fs::write(self.dir().join(RECORDED), said(folded)).unwrap();
    }
}

/// What a folder says: its digest, and each file of results by its length and hash.
fn said(out: &Path) -> String {
    let mut files = outputs(out);
    let mut text = files.remove("digest.txt").unwrap();
    for (name, content) in files {
        let hash = blake3::hash(content.as_bytes()).to_hex();
        writeln!(text, "{name} {} lines blake3 {hash}", content.lines().count()).unwrap();
    }
    text
}

const CHANGED: &str = "another record than was recorded. If the change is meant, `make accept` records it, and \
    CHANGELOG.md says what changed in verdicts";

fn check(golden: &Golden) {
    let folder = tempfile::tempdir().unwrap();
    let anew = folder.path().join("anew");
    golden.fold(&anew);
    let accepting = std::env::var_os(ACCEPT).is_some();
    if accepting && (said(&anew) != golden.recorded() || !stands(golden)) {
        golden.accept(&anew);
    }
    assert_eq!(said(&anew), golden.recorded(), "{}: its inputs fold to {CHANGED}", golden.name);

    let alone = golden.journal_alone(folder.path());
    golden.go_on(&alone);
    assert_eq!(said(&alone), golden.recorded(), "{}: its journal without rows folds to {CHANGED}", golden.name);
    assert_eq!(rows(&alone), rows(&anew), "{}: rows of the journal, and of its inputs folded anew", golden.name);

    let digest = refolded(&golden.dir().join("journal")).unwrap();
    let recorded = golden.recorded();
    let recorded: Vec<&str> = recorded.lines().filter(|line| line.starts_with("partition ")).collect();
    assert_eq!(digest, recorded, "{}: record by record it folds to {CHANGED}", golden.name);
}

/// Whether the golden journal still says what is recorded.
fn stands(golden: &Golden) -> bool {
    let journal = golden.dir().join("journal");
    journal.exists()
        && refolded(&journal).is_ok_and(|digest| digest.iter().all(|line| golden.recorded().contains(line.as_str())))
}

#[test]
fn a_world_folds_to_what_was_recorded() {
    check(&GOLDEN[0]);
}

#[test]
fn every_event_folds_to_what_was_recorded() {
    check(&GOLDEN[1]);
}

#[test]
fn imports_one_after_another_fold_to_what_was_recorded() {
    check(&GOLDEN[2]);
}

#[test]
fn a_golden_journal_is_there_for_every_folder_of_data() {
    let names = std::fs::read_dir(data("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "older").collect();
    names.sort();
    let mut golden = GOLDEN.map(|golden| golden.name);
    golden.sort_unstable();
    assert_eq!(names, golden);
}

/// Files of a folder with what is in them.
fn bytes(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_journal_of_an_earlier_format_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    copy(&data("older/journal"), &out.join("journal"));
    copy(&data("older/state"), &out.join("state"));
    let input = data("older/input/events.jsonl");
    let (input, dir) = (input.to_str().unwrap(), out.to_str().unwrap());
    let before = bytes(&out);
    for arguments in [
        vec!["replay", input, "--out", dir, "--partitions", "2"],
        vec!["import", input, "--data", dir],
        vec!["tasks", "--data", dir],
        vec!["doubts", "--data", dir],
    ] {
        let ran = ran(&mut suyuan(&arguments));
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}", ran.stderr);
        for told in [
            "journal/header has format 1, and this program reads format 6 alone",
            "read it with the version of the program that wrote it, or fold the same input again into another folder",
        ] {
            assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
        }
        assert_eq!(bytes(&out), before, "{arguments:?} changed something");
    }
}

/// Has rows that another journal left bear the name of the one beside them, of whose beginning they are.
fn are_rows_of(dir: &Path) {
    let (journal, _) = Reader::open(&dir.join("journal")).unwrap();
    let name = Progress::read(journal.progress()).unwrap().journal;
    for rows in std::fs::read_dir(dir.join("state")).unwrap() {
        let database = rocksdb::DB::open_default(rows.unwrap().path()).unwrap();
        let position = database.get([255]).unwrap().unwrap();
        database.put([255], [&position[..4], &[1, 0, 0, 0, 0, 0, 0, 0], &[0; 8], &name].concat()).unwrap();
    }
}

#[test]
fn rows_of_an_earlier_version_are_removed_and_folded_again() {
    let folder = tempfile::tempdir().unwrap();
    let golden = GOLDEN.iter().find(|golden| golden.name == "every-event").unwrap();
    let out = golden.journal_alone(folder.path());
    copy(&data("older/state"), &out.join("state"));
    are_rows_of(&out);
    let tasks = ran(&mut suyuan(["tasks", "--data", out.to_str().unwrap()]));
    assert_eq!(tasks.code, Some(1), "{}", tasks.stderr);
    assert!(tasks.stderr.contains("are of version 3, and this program reads version"), "{}", tasks.stderr);
    assert!(tasks.stderr.contains("run the command that wrote them again"), "{}", tasks.stderr);

    golden.go_on(&out);
    assert_eq!(said(&out), golden.recorded());
    let again = ran(&mut suyuan(["tasks", "--data", out.to_str().unwrap()]));
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}
