//! What a journal said to the outside, turn by turn, and where the input stands that it speaks of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::error::Error;
use super::journal::Journal;
use crate::codec::{journal, json};
use crate::log::{Turn, Turns};
use crate::model::{Body, Output, Position, Record, Root, Source};
use crate::runtime::{Begun, Progress};

/// Reads a journal's outputs.
pub struct Said<'a> {
    journal: &'a Journal,
    turns: Turns,
    /// Each turn read so far, and how many input events the journal had at its end.
    ends: Vec<(u64, u64)>,
    progress: Progress,
    /// Names of files that turns read so far have named.
    files: BTreeMap<u32, String>,
}

/// What one turn said.
#[derive(Clone, Debug)]
pub struct SaidTurn {
    /// Number of the turn.
    pub number: u64,
    /// Whether an input begins with it.
    pub begins_input: bool,
    /// In the order it was said.
    pub outputs: Vec<Output>,
}

/// An input event, or a row that is none, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of its file.
    pub file_name: Option<String>,
    /// Which file and line.
    pub source: Source,
    /// The event as one line of JSON, or what is kept of the refused row.
    pub text: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.file_name {
            Some(name) => write!(f, "{name}:{}", self.source.line),
            None => write!(f, "file {}:{}", self.source.file, self.source.line),
        }
    }
}

impl<'a> Said<'a> {
    /// All that a journal said.
    pub fn of(journal: &'a Journal) -> Self {
        Self::from(journal, 1)
    }

    /// What it said from a turn on.
    pub fn from(journal: &'a Journal, turn: u64) -> Self {
        Self {
            journal,
            turns: journal.turns_from(turn).without_frames(),
            ends: Vec::new(),
            progress: Progress::default(),
            files: BTreeMap::new(),
        }
    }

    /// What the next turn said; `None` at the journal's end.
    pub fn next_turn(&mut self) -> Result<Option<SaidTurn>, Error> {
        let Some(turn) = self.turns.next().transpose()? else { return Ok(None) };
        let (dir, number) = (PathBuf::from(self.journal.dir()), turn.number);
        let unreadable = |refusal| Error::Unreadable { dir: dir.clone(), turn: number, refusal };
        let mut bytes = turn.outputs.as_slice();
        let mut outputs = Vec::new();
        while !bytes.is_empty() {
            outputs.push(journal::read_output(&mut bytes).map_err(unreadable)?);
        }
        self.progress = Progress::read(&turn.progress).map_err(unreadable)?;
        if !turn.standing.is_empty() {
            let begun = Begun::read(&turn.standing).map_err(unreadable)?;
            self.files.extend((begun.first_file..).zip(begun.files));
        }
        self.ends.push((turn.number, self.progress.roots));
        Ok(Some(SaidTurn { number, begins_input: !turn.standing.is_empty(), outputs }))
    }

    /// How far the journal had come after the turn that was read last.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The name of a source's file, as turns that were read have it.
    pub fn file_name(&self, source: Source) -> Option<String> {
        // Line 0 is nobody's: what this program itself said.
        (source.line > 0).then(|| self.files.get(&source.file).cloned())?
    }

    /// Finds the input events of some positions, among the turns read so far.
    pub fn places(&self, positions: impl IntoIterator<Item = Position>) -> Result<BTreeMap<Position, Place>, Error> {
        let mut turns: BTreeMap<u64, BTreeSet<Position>> = BTreeMap::new();
        for position in positions {
            // Numbered as a whole, so that a turn has those above the last of the turn before.
            let at = self.ends.partition_point(|(_, roots)| *roots < position.offset);
            if let Some((number, _)) = self.ends.get(at) {
                turns.entry(*number).or_default().insert(position);
            }
        }
        let mut found = BTreeMap::new();
        let mut reading: Option<(u64, Turns)> = None;
        for (number, wanted) in turns {
            let mut from = match reading.take() {
                Some((next, turns)) if next == number => turns,
                _ => self.journal.turns_from(number),
            };
            if let Some(turn) = from.next().transpose()? {
                self.read_turn(&turn, &wanted, &mut found)?;
            }
            reading = Some((number + 1, from));
        }
        Ok(found)
    }

    fn read_turn(
        &self,
        turn: &Turn,
        wanted: &BTreeSet<Position>,
        found: &mut BTreeMap<Position, Place>,
    ) -> Result<(), Error> {
        for frame in &turn.frames {
            let mut bytes = frame.bytes.as_slice();
            for offset in frame.first_offset..frame.first_offset + u64::from(frame.count) {
                let position = Position { partition: frame.partition, offset };
                let (dir, turn) = (self.journal.dir(), turn.number);
                let unreadable = |refusal| Error::Unreadable { dir: dir.into(), turn, refusal };
                let record = journal::read_record(&mut bytes, position).map_err(unreadable)?;
                let root = record.root.position();
                if record.root != Root::default() && wanted.contains(&root) {
                    found.extend(self.place(record).map(|place| (root, place)));
                }
            }
        }
        Ok(())
    }

    /// What a record says of the input; messages and ticks say nothing of their own.
    fn place(&self, record: Record) -> Option<Place> {
        let (source, text) = match record.body {
            Body::Fact(source, event) => {
                let mut line = Vec::new();
                json::write_event(&event, &mut line);
                (source, String::from_utf8_lossy(&line).into_owned())
            }
            Body::Refused(refused) => (refused.source, refused.bytes.to_string()),
            Body::Message(_) | Body::Tick => return None,
        };
        Some(Place { file_name: self.file_name(source), source, text })
    }
}
