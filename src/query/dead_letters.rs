//! Input that could not be used, read from what the journal's turns said to the outside.

use std::collections::{BTreeMap, VecDeque};

use super::error::Error;
use super::journal::Journal;
use crate::codec::journal::read_output;
use crate::model::{DeadLetter, Output};
use crate::runtime::Progress;

/// A dead letter, and the file it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The letter.
    pub letter: DeadLetter,
    /// Its file, where its name is known.
    pub file_name: Option<String>,
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
}

/// The last `limit` dead letters of a code, or of all; all of them where the limit is 0.
pub fn dead_letters(journal: &Journal, code: Option<&str>, limit: usize) -> Result<DeadLetters, Error> {
    let mut found = DeadLetters::default();
    let mut last: VecDeque<DeadLetter> = VecDeque::new();
    let mut progress = None;
    for turn in journal.turns_from(1) {
        let turn = turn?;
        let mut bytes = turn.outputs.as_slice();
        while !bytes.is_empty() {
            let output = read_output(&mut bytes).map_err(|refusal| Error::Unreadable {
                dir: journal.dir().into(),
                turn: turn.number,
                refusal,
            })?;
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
        progress = Some((turn.number, turn.progress));
    }
    let files = match progress {
        Some((turn, bytes)) => {
            let unreadable = |refusal| Error::Unreadable { dir: journal.dir().into(), turn, refusal };
            Progress::read(&bytes).map_err(unreadable)?.files
        }
        None => Vec::new(),
    };
    let named = |letter: DeadLetter| {
        // Line 0 is nobody's: what this program itself said.
        let file = usize::try_from(letter.source.file).ok().filter(|_| letter.source.line > 0);
        let file_name = file.and_then(|file| files.get(file)).cloned();
        Found { letter, file_name }
    };
    found.letters = last.into_iter().map(named).collect();
    Ok(found)
}
