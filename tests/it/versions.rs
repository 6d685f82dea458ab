//! What a later version of this program left is refused: with what it is, where, and what to do, and nothing is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use suyuan::log::{Frame, Log, Reader, Settings, Turn, VERSION};
use suyuan::runtime::{Begun, Progress};
use suyuan::state::ROWS_VERSION;

use crate::support::{begun, import_arguments, replay_arguments, rows, run};

/// A data folder, and inputs: the one it was made of, and one that comes later.
struct Made {
    _folder: tempfile::TempDir,
    data: PathBuf,
    first: PathBuf,
    second: PathBuf,
}

const SEGMENT: &str = "00000000000000000001.journal";
const PARTITIONS: [&str; 2] = ["--partitions", "2"];

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (second, data) = begun(folder.path(), &PARTITIONS);
        let first = folder.path().join("first.jsonl");
        Self { _folder: folder, data, first, second }
    }

    fn journal(&self) -> PathBuf {
        self.data.join("journal")
    }

    /// Changes a file of the journal.
    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.journal().join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    }

    /// Commits one more turn, as another program would.
    fn append(&self, make: impl FnOnce(&Log, &Turn) -> Turn) {
        let last = Reader::open(&self.journal()).unwrap().0.turns().last().unwrap().unwrap();
        let (mut log, _) = Log::open(&self.journal(), Settings::default()).unwrap();
        let turn = make(&log, &last);
        log.append(&Turn { number: last.number + 1, input_consumed: last.input_consumed, ..turn }).unwrap();
    }

    /// All that is in the journal, by its bytes, and in the rows.
    fn all(&self, with_rows: bool) -> (BTreeMap<PathBuf, Vec<u8>>, usize) {
        let files = std::fs::read_dir(self.journal()).unwrap().map(|entry| entry.unwrap().path());
        let bytes = files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
        let rows = if with_rows { rows(&self.data) } else { BTreeMap::new() };
        (bytes, rows.len())
    }

    /// Whoever meets it says all this, and changes nothing.
    fn is_refused(&self, told: &[&str], readable_rows: bool) {
        let before = self.all(readable_rows);
        let data = self.data.to_str().unwrap();
        for (what, ran) in [
            ("replay", run(replay_arguments(&[&self.first], &self.data, &PARTITIONS))),
            ("import", run(import_arguments(&self.second, &self.data, &[]))),
            ("invoice", run(["invoice", "25332000027300000001", "--data", data])),
            ("tasks", run(["tasks", "--data", data])),
        ] {
            assert_eq!(ran.code, Some(1), "{what}: {}{}", ran.stdout, ran.stderr);
            for told in told {
                assert!(ran.stderr.contains(told), "{what} does not say `{told}`: {}", ran.stderr);
            }
            assert_eq!(self.all(readable_rows), before, "{what} changed something");
        }
    }
}

/// Writes a version and its complement over those at a place.
fn put_version(bytes: &mut [u8], at: usize, version: u16) {
    bytes[at..at + 2].copy_from_slice(&version.to_le_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&(!version).to_le_bytes());
}

const NEWER: &str = "open it with the program that wrote it, or a newer one";

fn newer() -> String {
    format!("has format {}, and this program reads format {VERSION}", VERSION + 1)
}

#[test]
fn a_header_of_a_newer_format_is_refused() {
    let made = Made::new();
    made.change("header", |bytes| {
        let text = String::from_utf8(bytes.clone())
            .unwrap()
            .replace(&format!("suyuan journal {VERSION}"), &format!("suyuan journal {}", VERSION + 1));
        let above = text.rfind("crc32c: ").unwrap();
        *bytes = format!("{}crc32c: {:08x}\n", &text[..above], crc32c::crc32c(&text.as_bytes()[..above])).into();
    });
    made.is_refused(&["journal/header", &newer(), NEWER], true);
}

#[test]
fn a_segment_of_a_newer_format_is_refused() {
    let made = Made::new();
    made.change(SEGMENT, |bytes| put_version(bytes, 8, VERSION + 1));
    made.is_refused(&[SEGMENT, &newer(), NEWER], true);
}

#[test]
fn a_turn_of_a_newer_format_is_refused_wherever_it_stands() {
    for place in [0, usize::MAX] {
        let made = Made::new();
        made.append(|_, last| Turn { frames: Vec::new(), outputs: Vec::new(), standing: Vec::new(), ..last.clone() });
        made.change(SEGMENT, |bytes| {
            let [version, complement] = [VERSION, !VERSION].map(u16::to_le_bytes);
            let sign = [&b"TURN"[..], &version, &complement].concat();
            let blocks: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&sign)).collect();
            assert!(blocks.len() > 1);
            put_version(bytes, blocks[place.min(blocks.len() - 1)] + 4, VERSION + 1);
        });
        made.is_refused(&[SEGMENT, &newer(), NEWER], true);
    }
}

/// What `standing` begins with, and `progress` at most.
const TOLD: u32 = 2;
const PROGRESS: u32 = 3;
const USE_THE_OTHER: &str = "nothing is changed: use the version of this program that wrote it";

#[test]
fn progress_of_a_newer_version_is_refused() {
    let made = Made::new();
    made.append(|_, last| {
        let progress = Progress::read(&last.progress).unwrap();
        let progress = postcard::to_stdvec(&(PROGRESS + 1, progress, "what a later version adds")).unwrap();
        Turn { progress, ..Turn::default() }
    });
    made.is_refused(&["turn ", "progress", "it is of version 4, this program reads 2 and 3", USE_THE_OTHER], true);
}

#[test]
fn what_is_begun_in_a_newer_version_is_refused() {
    let made = Made::new();
    made.append(|_, last| {
        let begun = postcard::to_stdvec(&(TOLD + 1, Begun::default(), 7)).unwrap();
        Turn { progress: last.progress.clone(), standing: begun, ..Turn::default() }
    });
    let before = made.all(true);
    let data = made.data.to_str().unwrap();
    // Whoever asks for rows alone does not need it.
    for ran in [
        run(replay_arguments(&[&made.first], &made.data, &PARTITIONS)),
        run(import_arguments(&made.second, &made.data, &[])),
        run(["dead-letters", "--data", data]),
        run(["doubts", "--data", data]),
    ] {
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        for told in ["turn ", "standing", "it is of version 3, this program reads 2", USE_THE_OTHER] {
            assert!(ran.stderr.contains(told), "it does not say `{told}`: {}", ran.stderr);
        }
        assert_eq!(made.all(true), before);
    }
}

/// A kind of record that comes after those of today.
fn unknown_record() -> Vec<u8> {
    // Clock and root 0, for the first taxpayer `A`, branch 10 of what a record says.
    vec![0, 0, 0, 2, b'A', 20, 0]
}

#[test]
fn a_record_of_an_unknown_kind_is_refused_by_its_place() {
    let made = Made::new();
    let mut offset = 0;
    made.append(|log, last| {
        let mut progress = Progress::read(&last.progress).unwrap();
        offset = progress.partitions[0].offset;
        progress.partitions[0].offset += 1;
        let frame = Frame { partition: 0, first_offset: log.next_offset(0), count: 1, bytes: unknown_record() };
        Turn { progress: postcard::to_stdvec(&(TOLD, progress)).unwrap(), frames: vec![frame], ..Turn::default() }
    });
    made.is_refused(&[&format!("0@{offset}, of turn "), "invalid value: integer `10`", USE_THE_OTHER], true);
}

#[test]
fn rows_of_a_newer_version_are_refused() {
    let made = Made::new();
    let state: &Path = &made.data.join("state/0001");
    {
        let database = rocksdb::DB::open_default(state).unwrap();
        let mut position = database.get([255]).unwrap().unwrap();
        assert_eq!(position[..4], ROWS_VERSION.to_le_bytes());
        position[..4].copy_from_slice(&(ROWS_VERSION + 1).to_le_bytes());
        database.put([255], position).unwrap();
        database.flush().unwrap();
    }
    let version = format!("are of version {}, and this program reads version {ROWS_VERSION}", ROWS_VERSION + 1);
    made.is_refused(
        &["state/0001", &version, "use the program that wrote them", "folded again from the journal"],
        false,
    );
    let database = rocksdb::DB::open_for_read_only(&rocksdb::Options::default(), state, false).unwrap();
    assert_eq!(database.get([255]).unwrap().unwrap()[..4], (ROWS_VERSION + 1).to_le_bytes());
}
