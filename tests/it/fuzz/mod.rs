//! The fuzz targets over the corpus that is kept of them, over what fuzzing begins with, and over changed inputs of these,
//! always the same ones. `make fuzz` looks for new ones.

#[path = "../../fuzz/seeds.rs"]
mod seeds;
#[path = "../../fuzz/targets/mod.rs"]
pub(crate) mod targets;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use rand_pcg::Mcg128Xsl64;
use rand_pcg::rand_core::Rng as _;

use targets::{TARGETS, Target};

/// Changed inputs of a target, and of those that read files, which take a hundred times as long.
const CHANGED: u64 = 2_000;
const CHANGED_FILES: u64 = 100;

fn corpus(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target.name)
}

/// What is kept of a target, by name.
fn kept(target: &Target) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(corpus(target)) else { return Vec::new() };
    let mut kept: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    kept.sort();
    kept
}

/// Runs a target; where it panics, says how to see that again.
fn run(target: &Target, what: &str, bytes: &[u8]) {
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    if let Err(panic) = ran {
        let path = std::env::temp_dir().join(format!("suyuan-{}-{}", target.name, &blake3::hash(bytes).to_hex()[..12]));
        std::fs::write(&path, bytes).unwrap();
        let folder = corpus(target);
        eprintln!("{}: {what} fails; to keep it as a case: cp {} {}/", target.name, path.display(), folder.display());
        std::panic::resume_unwind(panic);
    }
}

/// Draws from a generator whose algorithm is fixed.
struct Chance(Mcg128Xsl64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        let scaled = u128::from(self.0.next_u64()) * end.max(1) as u128;
        usize::try_from(scaled >> 64).unwrap()
    }

    /// Changes an input in one place or several, or crosses it with another.
    fn changed(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        const TELLING: [&[u8]; 12] = [
            b"0",
            b"-1",
            b"\xff",
            b"\0",
            b"\x80\x80\x80\x80\x10",
            b"9223372036854775807",
            b"\"",
            b"\n",
            b"{",
            b"[",
            b"\xff\xff\xff\xff",
            b"e9",
        ];
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len() + 1);
            let end = (at + 1 + self.below(8)).min(bytes.len());
            match self.below(7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at.min(end)..end)),
                4 => bytes.splice(at..at, TELLING[self.below(TELLING.len())].iter().copied()).for_each(drop),
                5 => {
                    let part: Vec<u8> = bytes[at.min(end)..end].repeat(1 + self.below(4));
                    bytes.splice(at..at, part).for_each(drop);
                }
                _ => {
                    let from = self.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        bytes
    }
}

fn check(names: &[&str]) {
    for target in TARGETS.iter().filter(|target| names.contains(&target.name)) {
        let seeds = seeds::seeds(target.name).into_iter().enumerate().map(|(at, bytes)| (format!("seed {at}"), bytes));
        let inputs: Vec<(String, Vec<u8>)> = seeds.chain(kept(target)).collect();
        assert!(!inputs.is_empty(), "{}", target.name);
        for (what, bytes) in &inputs {
            run(target, what, bytes);
        }
        let number = TARGETS.iter().position(|other| other.name == target.name).unwrap() as u128;
        let mut chance = Chance(Mcg128Xsl64::new(number << 64 | 0x5eed));
        let count = if READS_FILES.contains(&target.name) { CHANGED_FILES } else { CHANGED };
        for nth in 0..count {
            let [one, other] = [(); 2].map(|()| chance.below(inputs.len()));
            let bytes = chance.changed(&inputs[one].1, &inputs[other].1);
            run(target, &format!("changed input {nth}"), &bytes);
        }
    }
}

const READS_FILES: [&str; 4] = ["lines", "compressed", "table", "world_lines"];
const CODEC: [&str; 5] = ["event_json", "event_avro", "record", "message", "output"];
const LOG_AND_ROWS: [&str; 6] = ["told", "header", "segment", "segment_sealed", "key", "row"];
const TOPICS: [&str; 3] = ["frame", "wire", "other_schema"];
const DOCUMENTS: [&str; 4] = ["mapping", "rules", "topology", "measured"];
const MOVES: [&str; 1] = ["world_moves"];

#[test]
fn events_records_messages_and_outputs_are_read_or_refused_whatever_the_bytes() {
    check(&CODEC);
}

#[test]
fn journals_and_rows_are_read_or_refused_whatever_the_bytes() {
    check(&LOG_AND_ROWS);
}

#[test]
fn records_of_topics_are_read_or_refused_whatever_the_bytes() {
    check(&TOPICS);
}

#[test]
fn documents_are_taken_or_refused_with_their_line_whatever_they_say() {
    check(&DOCUMENTS);
}

#[test]
fn inputs_are_read_or_refused_whatever_the_bytes() {
    check(&READS_FILES);
}

#[test]
fn whatever_firms_do_can_be_folded_and_said_again() {
    check(&MOVES);
}

#[test]
fn every_target_is_checked_and_its_corpus_is_small() {
    let checked: BTreeSet<&str> =
        [&CODEC[..], &LOG_AND_ROWS, &TOPICS, &DOCUMENTS, &READS_FILES, &MOVES].into_iter().flatten().copied().collect();
    let all: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(checked, all);
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(all.contains(name.as_str()), "tests/fuzz/corpus/{name} is of no target");
    }
    let bytes: usize = TARGETS.iter().flat_map(kept).map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < CORPUS_BYTES_MAX, "the corpus has {bytes} bytes: keep what adds something");
}

/// What the repository carries of corpora.
const CORPUS_BYTES_MAX: usize = 600_000;
