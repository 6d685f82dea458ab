//! What must hold when everything is over: the same as without faults, and what the writer of the lines knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use suyuan::codec::{journal, json};
use suyuan::files::Simulated;
use suyuan::log::Reader;
use suyuan::model::{Body, Fact, Position, Root};
use suyuan::runtime::Counters;

use crate::machine::{DATA, Done, POSITION_KEY, image, place};
use crate::world::Expected;

/// What a folder holds in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What was found, beside the journal.
    results: BTreeMap<PathBuf, Vec<u8>>,
    /// Rows by folder, without what they stand for: that names the turn.
    rows: BTreeMap<PathBuf, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// The events on the journal, as the input has them, sorted.
    facts: Vec<String>,
    /// Lines on the journal that are no events.
    refused: u64,
    /// What its turns said to the outside, in order.
    said: Vec<u8>,
}

impl Outcome {
    /// Of a folder that nobody works on.
    pub(crate) fn of(machine: &Simulated) -> Result<Self, String> {
        let image = image(machine);
        let beside = |path: &PathBuf| path.parent() == Some(Path::new(DATA));
        let results = image.files.into_iter().filter(|(path, _)| beside(path) && !is_unfinished(path)).collect();
        let rows = image.rows.into_iter().map(|(dir, rows)| {
            let mut rows = rows.all().clone();
            rows.remove(POSITION_KEY);
            (dir, rows)
        });
        let mut outcome = Self { results, rows: rows.collect(), facts: Vec::new(), refused: 0, said: Vec::new() };
        outcome.read_journal(machine).map_err(|error| format!("the journal cannot be read: {error}"))?;
        Ok(outcome)
    }

    fn read_journal(&mut self, machine: &Simulated) -> Result<(), suyuan::log::Error> {
        let (reader, header) = Reader::open(place(machine).join("journal"))?;
        let partitions: u32 = header.fields["partitions"].parse().expect("a number of partitions");
        for partition in 0..partitions {
            for frame in reader.read_from(partition, 0) {
                let frame = frame?.frame;
                let mut bytes = frame.bytes.as_slice();
                for _ in 0..frame.count {
                    let record = journal::read_record(&mut bytes, Position::default()).expect("a record is read back");
                    match record.body {
                        // Every partition has the rules that were published; the first one answers for them.
                        Body::Fact(_, event) if partition > 0 && matches!(event.fact, Fact::RulesPublished(_)) => {}
                        Body::Fact(_, mut event) if record.root != Root(0) => {
                            // Where it came from is not what it says.
                            event.source_system = None;
                            let mut line = Vec::new();
                            json::write_event(&event, &mut line);
                            self.facts.push(String::from_utf8(line).expect("JSON is text"));
                        }
                        Body::Refused(_) => self.refused += 1,
                        Body::Fact(..) | Body::Message(_) | Body::Tick => {}
                    }
                }
            }
        }
        self.facts.sort();
        for turn in reader.turns() {
            self.said.append(&mut turn?.outputs);
        }
        Ok(())
    }

    /// Held against the input: nothing is lost, nothing is there twice.
    pub(crate) fn holds(&self, expected: &Expected) -> Result<(), String> {
        if self.facts != expected.facts {
            return Err(told_difference(&expected.facts, &self.facts));
        }
        if self.refused != expected.refused {
            return Err(format!(
                "{} lines are refused on the journal, {} were written",
                self.refused, expected.refused
            ));
        }
        Ok(())
    }

    /// The same where part of the input was read twice: what contradicts an earlier line is then refused twice.
    pub(crate) fn holds_over_repeats(&self, expected: &Expected) -> Result<(), String> {
        let mut facts = self.facts.clone();
        facts.dedup_by(|one, other| one == other && expected.disputed.contains(one));
        if facts == expected.facts { Ok(()) } else { Err(told_difference(&expected.facts, &facts)) }
    }

    /// Held against what a run without faults left.
    pub(crate) fn equals(&self, calm: &Self) -> Result<(), String> {
        for (path, bytes) in &calm.results {
            if self.results.get(path) != Some(bytes) {
                let now = self.results.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                return Err(format!("{} differs: {}", path.display(), first_difference(bytes, now.as_deref())));
            }
        }
        if self.results.len() != calm.results.len() {
            return Err(format!("there are other results: {:?}", self.results.keys().collect::<Vec<_>>()));
        }
        if self.facts != calm.facts {
            return Err("the journal has other events".into());
        }
        if self.said != calm.said {
            return Err(format!("{} bytes were said, without faults {}", self.said.len(), calm.said.len()));
        }
        self.has_rows_of(calm)
    }

    /// Held against the rows of another.
    pub(crate) fn has_rows_of(&self, other: &Self) -> Result<(), String> {
        for (dir, rows) in &other.rows {
            let ours = self.rows.get(dir).ok_or_else(|| format!("{} has no rows", dir.display()))?;
            if ours != rows {
                let differs = |key: &&Vec<u8>| ours.get(*key) != rows.get(*key);
                let count = ours.keys().chain(rows.keys()).filter(differs).count();
                let first = ours.keys().chain(rows.keys()).find(differs).map(|key| String::from_utf8_lossy(key));
                return Err(format!("{count} rows in {} differ, first {first:?}", dir.display()));
            }
        }
        Ok(())
    }
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// What counters say, held against the input.
pub(crate) fn counters_hold(counters: &Counters, expected: &Expected) -> Result<(), String> {
    let Counters { events, rows, accepted, duplicates, conflicting, dead_letters } = *counters;
    let told = Counters {
        events: expected.rows,
        rows: expected.rows,
        accepted: expected.rows - expected.duplicates - expected.conflicting - expected.refused,
        duplicates: expected.duplicates,
        conflicting: expected.conflicting,
        dead_letters: expected.refused,
    };
    let both = |counters: &Counters| counters.accepted + counters.conflicting;
    let is_told = if expected.hands_on {
        Counters { accepted: told.accepted, conflicting: told.conflicting, ..*counters } == told
            && both(counters) == both(&told)
    } else {
        *counters == told
    };
    if !is_told {
        return Err(format!("the summary says {counters:?}, the input has {told:?}"));
    }
    if rows != accepted + duplicates + conflicting + dead_letters || events != rows {
        return Err(format!("the summary does not add up: {counters:?}"));
    }
    Ok(())
}

/// The sum of what several commands say.
pub(crate) fn sum(done: &[Done]) -> Counters {
    let mut sum = Counters::default();
    for Done { counters, .. } in done {
        sum.events += counters.events;
        sum.rows += counters.rows;
        sum.accepted += counters.accepted;
        sum.duplicates += counters.duplicates;
        sum.conflicting += counters.conflicting;
        sum.dead_letters += counters.dead_letters;
    }
    sum
}

/// Whether an error says where, and what to do.
pub(crate) fn is_told_well(error: &str) -> Result<(), String> {
    const REMEDIES: [&str; 10] = [
        "see to the disk",
        "put the file back",
        "put it back",
        "put back",
        "Put the journal back",
        "delete ",
        "the same command goes on",
        "give the whole input again",
        "The same input goes on",
        "start again",
    ];
    if error.contains("fault of this program") {
        return Err(format!("the program accuses itself: {error}"));
    }
    if !error.contains(" /") && !error.starts_with('/') {
        return Err(format!("an error does not say where: {error}"));
    }
    if !REMEDIES.iter().any(|remedy| error.contains(remedy)) {
        return Err(format!("an error does not say what to do: {error}"));
    }
    Ok(())
}

fn told_difference(wanted: &[String], found: &[String]) -> String {
    let (lost, more) = difference(wanted, found);
    let first = lost.iter().chain(&more).next().map_or("", |line| line.as_str());
    format!("{} events are lost, {} there too often, first {}", lost.len(), more.len(), short(first))
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// What one sorted list has and the other has not, either way.
fn difference<'a>(wanted: &'a [String], found: &'a [String]) -> (Vec<&'a String>, Vec<&'a String>) {
    let mut counts: BTreeMap<&String, i64> = BTreeMap::new();
    for (facts, by) in [(wanted, 1), (found, -1)] {
        for fact in facts {
            *counts.entry(fact).or_default() += by;
        }
    }
    let of =
        |wanted: fn(i64) -> bool| counts.iter().filter(|(_, count)| wanted(**count)).map(|(fact, _)| *fact).collect();
    (of(|count| count > 0), of(|count| count < 0))
}

fn first_difference(calm: &[u8], now: Option<&str>) -> String {
    let Some(now) = now else { return "it is not there".into() };
    let calm = String::from_utf8_lossy(calm);
    let mut lines = calm.lines().zip(now.lines());
    match lines.find(|(calm, now)| calm != now) {
        Some((calm, now)) => format!("`{}` without faults, `{}` now", short(calm), short(now)),
        None => format!("{} lines without faults, {} now", calm.lines().count(), now.lines().count()),
    }
}
