//! What a replay leaves beside its journal: the last state of each finding, chain and task, the input that could not be
//! used, and the digest.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::codec::{journal, json};
use crate::fold;
use crate::model::{Entity, Id, Kind, Output};
use crate::runtime::{Engine, Progress};
use crate::state::{Books, Key, Row};

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) taxpayers: u64,
    pub(super) signals: u64,
    pub(super) tasks: u64,
    pub(super) cases: u64,
    pub(super) dead_letters: u64,
    pub(super) doubts: u64,
}

/// Writes all files, each at once or not at all.
pub(super) fn write(engine: &mut Engine, dir: &Path) -> anyhow::Result<Totals> {
    let mut totals = Totals { taxpayers: count_taxpayers(engine)?, ..Totals::default() };
    totals.signals = write_rows(engine, dir, "signals.jsonl", &Key::Signal(Id::EMPTY), &Key::Task)?;
    let after_task = Key::Taint { origin: Id::EMPTY, named: Id::EMPTY };
    totals.tasks = write_rows(engine, dir, "tasks.jsonl", &Key::Task, &after_task)?;
    totals.cases = write_cases(engine, dir)?;
    (totals.dead_letters, totals.doubts) = write_from_journal(engine, dir)?;
    whole_file(dir, "digest.txt", |file| {
        write!(file, "{}", digest(engine.progress()))?;
        Ok(())
    })?;
    Ok(totals)
}

/// The digest as it is published: a header, a line for each partition, one for the whole.
fn digest(progress: &Progress) -> String {
    let mut text = format!("suyuan digest 1, {} partitions\n", progress.partitions.len());
    for (number, partition) in progress.partitions.iter().enumerate() {
        let hex = blake3::Hash::from_bytes(partition.digest).to_hex();
        writeln!(text, "partition {number} records {} digest {hex}", partition.offset)
            .expect("a String takes any write");
    }
    text + &format!("whole {}\n", progress.digest())
}

fn count_taxpayers(engine: &Engine) -> anyhow::Result<u64> {
    let mut count = 0;
    let end = Key::History { of: crate::state::HistoryOf::Registered, detail: 0, at: crate::model::Instant(i64::MIN) };
    for partition in engine.partitions() {
        partition.store.for_each(Some(Kind::Taxpayer), Some((&Key::Profile, &end)), &mut |_, _, _| count += 1)?;
    }
    Ok(count)
}

/// Writes the rows of some keys of all taxpayers, in the order of taxpayers and keys, whatever the partitions.
fn write_rows(engine: &Engine, dir: &Path, name: &str, from: &Key, to: &Key) -> anyhow::Result<u64> {
    let mut lines: Vec<(Entity, Key, Vec<u8>)> = Vec::new();
    for partition in engine.partitions() {
        partition.store.for_each(Some(Kind::Taxpayer), Some((from, to)), &mut |entity, key, row| {
            let mut line = Vec::new();
            match &row {
                Row::Signal(signal) => json::write_signal(&signal.0, &mut line),
                Row::Task(task) => json::write_task(&task.0, &mut line),
                _ => return,
            }
            lines.push((entity, key, line));
        })?;
    }
    lines.sort_unstable_by_key(|(entity, key, _)| (*entity, *key));
    whole_file(dir, name, |file| write_lines(file, lines.iter().map(|(_, _, line)| line)))?;
    Ok(lines.len() as u64)
}

fn write_cases(engine: &mut Engine, dir: &Path) -> anyhow::Result<u64> {
    let mut lines: Vec<(Entity, Vec<u8>)> = Vec::new();
    for partition in engine.partitions_mut() {
        let mut cases = Vec::new();
        let end = Key::CaseNode(Id::EMPTY);
        partition.store.for_each(Some(Kind::Case), Some((&Key::CaseHead, &end)), &mut |entity, _, _| {
            cases.push(entity);
        })?;
        let rules = partition.fold().rules().clone();
        for entity in cases {
            let case = fold::published_case(&mut Books::of(&mut partition.store, entity), &rules);
            let mut line = Vec::new();
            json::write_case(&case.context("a case was there a moment ago")?, &mut line);
            lines.push((entity, line));
        }
        if let Some(failure) = partition.store.take_failure() {
            return Err(failure.into());
        }
    }
    lines.sort_unstable_by_key(|(entity, _)| *entity);
    whole_file(dir, "cases.jsonl", |file| write_lines(file, lines.iter().map(|(_, line)| line)))?;
    Ok(lines.len() as u64)
}

/// Dead letters and doubts, in the order of their events: said once, so they stand in the journal's turns alone.
fn write_from_journal(engine: &Engine, dir: &Path) -> anyhow::Result<(u64, u64)> {
    let files = &engine.progress().files;
    let (mut letters, mut doubts) = (0, 0);
    whole_file(dir, "doubts.jsonl", |doubts_file| {
        whole_file(dir, "dead-letters.jsonl", |letters_file| {
            for turn in engine.log().turns() {
                let turn = turn?;
                let mut outputs = turn.outputs.as_slice();
                while !outputs.is_empty() {
                    let output = journal::read_output(&mut outputs)
                        .map_err(|refusal| anyhow::anyhow!("the outputs of turn {}: {refusal}", turn.number))?;
                    let mut line = Vec::new();
                    match output {
                        Output::DeadLetter(letter) => {
                            let name = files.get(letter.source.file as usize).map(String::as_str);
                            json::write_dead_letter(&letter, name, &mut line);
                            write_lines(letters_file, [&line])?;
                            letters += 1;
                        }
                        Output::Doubt(doubt) => {
                            json::write_doubt(&doubt, &mut line);
                            write_lines(doubts_file, [&line])?;
                            doubts += 1;
                        }
                        Output::Signal(_) | Output::Case(_) | Output::Task(_) => {}
                    }
                }
            }
            Ok(())
        })
    })?;
    Ok((letters, doubts))
}

fn write_lines<'a>(file: &mut dyn Write, lines: impl IntoIterator<Item = &'a Vec<u8>>) -> anyhow::Result<()> {
    for line in lines {
        file.write_all(line)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a file under another name and gives it its own when it is whole.
fn whole_file(dir: &Path, name: &str, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (path, unfinished) = (dir.join(name), dir.join(format!(".{name}.unfinished")));
    let attempt = || -> anyhow::Result<()> {
        let mut file = BufWriter::new(File::create(&unfinished)?);
        write(&mut file)?;
        file.into_inner()?.sync_all()?;
        Ok(std::fs::rename(&unfinished, &path)?)
    };
    attempt().with_context(|| format!("cannot write {}", path.display()))
}
