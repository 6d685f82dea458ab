//! Input that could not be used, read from what the journal's turns said to the outside.

use std::collections::{BTreeMap, VecDeque};

use super::error::Error;
use super::journal::Journal;
use super::said::{Place, Said};
use crate::model::{DeadLetter, Output};

/// A dead letter, and where its input stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The letter, with the input as the journal has it.
    pub letter: DeadLetter,
    /// Its file, where its name is known.
    pub file_name: Option<String>,
    /// Where the first event of the same identity stands, where there is one.
    pub first: Option<Place>,
}

/// The last dead letters of a journal.
#[derive(Clone, Debug, Default)]
pub struct DeadLetters {
    /// Oldest first.
    pub letters: Vec<Found>,
    /// How many there are of each code, whatever was asked for.
    pub counts: BTreeMap<String, u64>,
    /// How many that were asked for were left out: those before.
    pub left_out: usize,
    /// Whether an input has not come to its end yet.
    pub unfinished: bool,
}

/// The last `limit` dead letters of a code, or of all; all of them where the limit is 0.
pub fn dead_letters(journal: &Journal, code: Option<&str>, limit: usize) -> Result<DeadLetters, Error> {
    let mut found = DeadLetters::default();
    let mut last: VecDeque<DeadLetter> = VecDeque::new();
    let mut said = Said::of(journal);
    while let Some(turn) = said.next_turn()? {
        for output in turn.outputs {
            let Output::DeadLetter(letter) = output else { continue };
            *found.counts.entry(letter.code.to_string()).or_default() += 1;
            if code.is_none_or(|code| *letter.code == *code) {
                last.push_back(*letter);
            }
            if limit > 0 && last.len() > limit {
                last.pop_front();
                found.left_out += 1;
            }
        }
    }
    found.letters = placed(&said, last.into())?;
    found.unfinished = !said.progress().input_ended;
    Ok(found)
}

/// The fields in which two events of one identity differ; `None` where either is not known in full. Where an event came
/// from is not its content.
fn differing(first: &str, other: &str) -> Option<Vec<String>> {
    let read = |text| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).ok();
    let (first, other) = (read(first)?, read(other)?);
    let mut names: Vec<String> = first.keys().chain(other.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| !["event_id", "source_system"].contains(&name.as_str()) && first.get(name) != other.get(name));
    (!names.is_empty()).then_some(names)
}

/// Dead letters of turns that were read, with what the journal knows of their input: a letter itself has no more than its
/// position where the input is an event that the journal has as its record.
pub fn placed(said: &Said<'_>, letters: Vec<DeadLetter>) -> Result<Vec<Found>, Error> {
    let bare = |letter: &DeadLetter| letter.bytes.is_empty().then_some(letter.position);
    let wanted = letters.iter().flat_map(|letter| letter.first.into_iter().chain(bare(letter)));
    let places = said.places(wanted)?;
    let place = |mut letter: DeadLetter| {
        if let Some(own) = bare(&letter).and_then(|position| places.get(&position)) {
            letter.bytes = own.text.as_str().into();
        }
        let first = letter.first.and_then(|position| places.get(&position)).cloned();
        if let Some(names) = first.as_ref().and_then(|first| differing(&first.text, &letter.bytes)) {
            letter.reason = format!("{}; they differ in {}", letter.reason, names.join(", ")).into();
        }
        Found { file_name: said.file_name(letter.source), letter, first }
    };
    Ok(letters.into_iter().map(place).collect())
}
