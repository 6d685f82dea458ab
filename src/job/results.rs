//! What a replay leaves beside its journal: the last state of each finding, chain and task, the input that could not be
//! used, and the digest.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;

use crate::codec::json;
use crate::files::{Place, read_document};
use crate::fold;
use crate::model::{DeadLetter, Entity, Id, Kind, Output, Period};
use crate::query::{self, Journal, Said};
use crate::runtime::{Engine, Progress};
use crate::state::{Books, Key, Row};

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub taxpayers: u64,
    pub signals: u64,
    pub tasks: u64,
    pub cases: u64,
    pub dead_letters: u64,
    pub doubts: u64,
}

/// Writes all files, each at once, and none of them where what they are to say cannot be read.
pub(super) fn write(engine: &mut Engine, place: &Place) -> anyhow::Result<Totals> {
    let mut totals = Totals { cases: write_cases(engine, place)?, ..Totals::default() };
    let engine: &Engine = engine;
    let of_rows = || write_from_rows(engine, place);
    // Rows and journal are read side by side, where there is more than one thread: either takes seconds where there are
    // millions.
    let (of_rows, of_journal) = if engine.threads() == 1 {
        (of_rows()?, write_from_journal(engine, place)?)
    } else {
        std::thread::scope(|scope| {
            let of_rows = scope.spawn(of_rows);
            let of_journal = write_from_journal(engine, place)?;
            anyhow::Ok((of_rows.join().expect("reading returns its errors")?, of_journal))
        })?
    };
    [totals.taxpayers, totals.signals, totals.tasks] = of_rows;
    (totals.dead_letters, totals.doubts) = of_journal;
    prepare(place, "digest.txt", |file| {
        write!(file, "{}", digest(engine.progress()))?;
        Ok(())
    })?;
    put_in_place(place)?;
    Ok(totals)
}

/// The digest as it is published: a header, a line for each partition, one for the whole.
pub(super) fn digest(progress: &Progress) -> String {
    let mut text = format!("suyuan digest 2, {} partitions\n", progress.partitions.len());
    for (number, partition) in progress.partitions.iter().enumerate() {
        let hex = blake3::Hash::from_bytes(partition.digest).to_hex();
        writeln!(text, "partition {number} records {} digest {hex}", partition.offset)
            .expect("a String takes any write");
    }
    text + &format!("whole {}\n", progress.digest())
}

/// The digest as it was published; `None` where it was not.
pub(super) fn stated_digest(place: &Place) -> anyhow::Result<Option<String>> {
    let path = place.dir.join("digest.txt");
    if !place.files.exists(&path)? {
        return Ok(None);
    }
    match read_document(&path) {
        Ok(text) => Ok(Some(text)),
        // Not even text.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Ok(Some(String::new())),
        Err(error) => Err(anyhow::Error::new(error).context(format!("cannot read {}", path.display()))),
    }
}

/// Counts taxpayers and writes their findings and tasks, in the order of taxpayers and keys, whatever the partitions. Returns
/// how many there are of each.
fn write_from_rows(engine: &Engine, place: &Place) -> anyhow::Result<[u64; 3]> {
    let after_profile = Key::Month(Period(i32::MIN));
    let after_task = Key::Taint { origin: Id::EMPTY, named: Id::EMPTY };
    let ranges = [(Key::Profile, after_profile), (Key::Signal(Id::EMPTY), after_task)];
    let mut taxpayers = 0;
    let (mut signals, mut tasks) = (Lines::new(), Lines::new());
    for partition in engine.partitions() {
        partition.store.for_each(Some(Kind::Taxpayer), &ranges, &mut |entity, key, row| {
            let mut line = Vec::new();
            match &row {
                Row::Signal(signal) => {
                    json::write_signal(&signal.0, &mut line);
                    signals.push((entity, key, line));
                }
                Row::Task(task) => {
                    json::write_task(&task.0, &mut line);
                    tasks.push((entity, key, line));
                }
                // The one row that each has, and that neither range has more of.
                _ => taxpayers += 1,
            }
        })?;
    }
    write_in_order(place, "signals.jsonl", &mut signals)?;
    write_in_order(place, "tasks.jsonl", &mut tasks)?;
    Ok([taxpayers, signals.len() as u64, tasks.len() as u64])
}

/// Lines about rows.
type Lines = Vec<(Entity, Key, Vec<u8>)>;

fn write_in_order(place: &Place, name: &str, lines: &mut Lines) -> anyhow::Result<()> {
    lines.sort_unstable_by_key(|(entity, key, _)| (*entity, *key));
    prepare(place, name, |file| write_lines(file, lines.iter().map(|(_, _, line)| line)))
}

fn write_cases(engine: &mut Engine, place: &Place) -> anyhow::Result<u64> {
    let mut lines: Vec<(Entity, Vec<u8>)> = Vec::new();
    for partition in engine.partitions_mut() {
        let mut cases = Vec::new();
        let end = Key::CaseNode(Id::EMPTY);
        partition.store.for_each(Some(Kind::Case), &[(Key::CaseHead, end)], &mut |entity, _, _| {
            cases.push(entity);
        })?;
        let rules = partition.fold().rules().clone();
        for entity in cases {
            let case = fold::published_case(&mut Books::of(&mut partition.store, entity), &rules);
            if let Some(failure) = partition.store.take_failure() {
                return Err(failure.into());
            }
            let mut line = Vec::new();
            json::write_case(&case.context("a case was there a moment ago")?, &mut line);
            lines.push((entity, line));
        }
    }
    lines.sort_unstable_by_key(|(entity, _)| *entity);
    prepare(place, "cases.jsonl", |file| write_lines(file, lines.iter().map(|(_, line)| line)))?;
    Ok(lines.len() as u64)
}

/// Dead letters and doubts, in the order of their events: said once, so they stand in the journal's turns alone.
fn write_from_journal(engine: &Engine, place: &Place) -> anyhow::Result<(u64, u64)> {
    let journal = Journal::of(engine);
    let mut said = Said::of(&journal);
    let (mut letters, mut doubts) = (0, 0);
    prepare(place, "doubts.jsonl", |doubts_file| {
        prepare(place, "dead-letters.jsonl", |letters_file| {
            let mut waiting = Vec::new();
            while let Some(turn) = said.next_turn()? {
                for output in turn.outputs {
                    match output {
                        Output::DeadLetter(letter) => waiting.push(*letter),
                        Output::Doubt(doubt) => {
                            let mut line = Vec::new();
                            json::write_doubt(&doubt, &mut line);
                            write_lines(doubts_file, [&line])?;
                            doubts += 1;
                        }
                        Output::Signal(_) | Output::Case(_) | Output::Task(_) => {}
                    }
                }
                if waiting.len() >= LETTERS_AT_ONCE {
                    letters += write_letters(&said, std::mem::take(&mut waiting), letters_file)?;
                }
            }
            letters += write_letters(&said, waiting, letters_file)?;
            Ok(())
        })
    })?;
    Ok((letters, doubts))
}

/// Dead letters whose input is looked up together: each lookup reads turns of the journal again.
const LETTERS_AT_ONCE: usize = 16_384;

fn write_letters(said: &Said<'_>, letters: Vec<DeadLetter>, file: &mut dyn Write) -> anyhow::Result<u64> {
    let found = query::placed(said, letters)?;
    for found in &found {
        let first = found.first.as_ref().map(|first| (first.source, first.file_name.as_deref()));
        let mut line = Vec::new();
        json::write_dead_letter(&found.letter, found.file_name.as_deref(), first, &mut line);
        write_lines(file, [&line])?;
    }
    Ok(found.len() as u64)
}

/// The files that [`write`] leaves.
pub const FILES: [&str; 6] =
    ["signals.jsonl", "tasks.jsonl", "cases.jsonl", "doubts.jsonl", "dead-letters.jsonl", "digest.txt"];

/// Whether a folder has results beside its journal, which go stale when something is added to it.
pub(super) fn are_in(Place { files, dir }: &Place) -> anyhow::Result<bool> {
    for name in FILES {
        let path = dir.join(name);
        if files.exists(&path).with_context(|| format!("cannot look for {}: {SEE_TO_THE_DISK}", path.display()))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The turn with which the input at hand begins, or the next one will.
pub(super) fn first_turn(engine: &Engine) -> anyhow::Result<u64> {
    let next = engine.log().last_turn() + 1;
    if engine.begun().identity.is_empty() || engine.progress().input_ended {
        return Ok(next);
    }
    let journal = Journal::of(engine);
    let (mut said, mut first) = (Said::of(&journal), 1);
    while let Some(turn) = said.next_turn()? {
        if turn.begins_input {
            first = turn.number;
        }
    }
    Ok(first)
}

/// How many doubts were said from a turn on.
pub(super) fn doubts_since(engine: &Engine, first_turn: u64) -> anyhow::Result<u64> {
    let journal = Journal::of(engine);
    let (mut said, mut doubts) = (Said::from(&journal, first_turn), 0);
    while let Some(turn) = said.next_turn()? {
        doubts += turn.outputs.iter().filter(|output| matches!(output, Output::Doubt(_))).count() as u64;
    }
    Ok(doubts)
}

fn write_lines<'a>(file: &mut dyn Write, lines: impl IntoIterator<Item = &'a Vec<u8>>) -> anyhow::Result<()> {
    for line in lines {
        file.write_all(line)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// What to do where the disk refuses.
const SEE_TO_THE_DISK: &str = "what was folded is committed; see to the disk (room, rights, health) and start again";

/// Writes a file under another name, whole and durably.
fn prepare(place: &Place, name: &str, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let attempt = || -> anyhow::Result<()> {
        let mut file = BufWriter::new(place.files.create(&unfinished(place, name))?);
        write(&mut file)?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync()?;
        Ok(())
    };
    attempt().map_err(|error| match error.downcast::<std::io::Error>() {
        Ok(refused) => not_written(refused, place, name),
        // What it was to be written from could not be read.
        Err(other) => other,
    })
}

/// Gives all files that were prepared their own names.
fn put_in_place(place: &Place) -> anyhow::Result<()> {
    let Place { files, dir } = place;
    for name in FILES {
        let renamed = files.rename(&unfinished(place, name), &dir.join(name));
        renamed.and_then(|()| files.sync_folder(dir)).map_err(|refused| not_written(refused, place, name))?;
    }
    Ok(())
}

fn unfinished(place: &Place, name: &str) -> PathBuf {
    place.dir.join(format!(".{name}.unfinished"))
}

fn not_written(refused: std::io::Error, place: &Place, name: &str) -> anyhow::Error {
    let path = place.dir.join(name);
    anyhow::Error::new(refused).context(format!("cannot write {}: {SEE_TO_THE_DISK}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::intake::Input;
    use crate::model::Source;
    use crate::runtime::{Policies, Settings};

    #[test]
    fn all_results_are_written_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::from(dir.path());
        let settings = Settings {
            partitions: 2,
            threads: 1,
            rules: drive::STANDARD_RULES.into(),
            rules_version: "standard-2026-11".into(),
            keeps_rules: false,
            takes_changes: false,
            cache_bytes_max: 1 << 20,
            durable: false,
            policies: Policies { turn_events: 1, segment_bytes_max: 1, ..Policies::default() },
        };
        let mut engine = Engine::open(dir.path(), settings).unwrap();
        engine.begin_input("test", &["march.jsonl".into()]);
        let events = drive::parse("issue 1 A B 1.00\nat 2026-04-02\nissue 2 A B 1.00").unwrap();
        for (line, event) in (1..).zip(events) {
            engine.feed(Input { source: Source { file: 0, line }, row_head: true, body: Ok(event) }).unwrap();
        }
        engine.end_input().unwrap();
        let told = || FILES.map(|name| std::fs::read_to_string(dir.path().join(name)).unwrap());
        write(&mut engine, &place).unwrap();
        let whole = told();
        for name in FILES {
            std::fs::write(dir.path().join(name), "of an earlier run").unwrap();
        }
        let segment = dir.path().join(format!("journal/{:020}.journal", 1));
        let mut bytes = std::fs::read(&segment).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&segment, &bytes).unwrap();
        write(&mut engine, &place).unwrap_err();
        assert!(told().iter().all(|text| text == "of an earlier run"), "{:?}", told());
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&segment, &bytes).unwrap();
        write(&mut engine, &place).unwrap();
        assert_eq!(told(), whole);
    }
}
