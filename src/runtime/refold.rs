//! Rows brought up to their journal: what they lack of it is folded again, in silence, for what it led to is out already.
//! Whatever they lack, it takes no more memory than folding does: rows are persisted on the way, where there is somewhere
//! to persist them, and a crash goes on from there.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use tracing::info;

use super::error::Error;
use super::progress::Progress;
use crate::codec::journal::{read_output, read_record};
use crate::fold::{Effects, Fold};
use crate::log::{Reader, TurnFrame};
use crate::model::{Body, DeadLetter, Fact, Output, Position, Record};
use crate::store::{Applied, Store};

/// Folds what a partition's rows lack of the committed journal again, and returns the fold that goes on from there. Rows
/// of a store that is only read stay in memory.
pub fn bring_up(
    dir: &Path,
    partition: u32,
    store: &mut Store,
    journal: &Reader,
    progress: &Progress,
) -> Result<Fold, Error> {
    let committed = progress.partitions.get(partition as usize).map_or(0, |partition| partition.offset);
    let applied = store.applied().map_or(0, |applied| applied.offset);
    // A journal without a turn has no name: it has lost what it had.
    let has_name = !progress.journal.is_empty();
    if has_name && store.applied().is_some_and(|applied| applied.attached != progress.journal) {
        return Err(Error::ForeignRows { dir: dir.into(), partition });
    }
    if applied > committed {
        return Err(Error::AheadOfJournal { dir: dir.into(), partition, applied, committed });
    }
    let fold = Fold::open(store).map_err(|source| Error::Rules { dir: dir.into(), partition, source })?;
    let mut again = Refold { dir, journal, name: &progress.journal, store, fold, effects: Effects::default() };
    if applied < committed {
        for frame in journal.read_from(partition, applied) {
            again.frame(&frame?, applied)?;
        }
        info!(partition, records = committed - applied, "Rows brought up to the journal.");
    }
    Ok(again.fold)
}

/// One partition's rows on their way.
struct Refold<'a> {
    dir: &'a Path,
    journal: &'a Reader,
    /// The journal's own name.
    name: &'a [u8],
    store: &'a mut Store,
    fold: Fold,
    effects: Effects,
}

impl Refold<'_> {
    /// Folds the records of a frame that the rows lack: those from `applied` on.
    fn frame(&mut self, TurnFrame { turn, frame }: &TurnFrame, applied: u64) -> Result<(), Error> {
        let mut bytes = frame.bytes.as_slice();
        let end = frame.first_offset + u64::from(frame.count);
        for offset in frame.first_offset..end {
            let position = Position { partition: frame.partition, offset };
            let place = || format!("{position}, of turn {turn}");
            let unreadable = |refusal| Error::Unreadable { dir: self.dir.into(), place: place(), refusal };
            let record = read_record(&mut bytes, position).map_err(unreadable)?;
            if offset >= applied {
                self.effects.clear();
                self.step(&record)?;
                self.compare(&record, *turn)?;
            }
        }
        if let Some(failure) = self.store.take_failure() {
            return Err(failure.into());
        }
        self.store.settle(Applied { turn: *turn, offset: end, attached: self.name.to_vec() });
        if self.store.wants_persisting() && !self.store.is_read_only() {
            self.store.persist()?;
        }
        Ok(())
    }

    fn step(&mut self, record: &Record) -> Result<(), Error> {
        step(self.dir, &mut self.fold, self.store, &mut self.effects, record)
    }

    /// What is judged by the program as well as by the rows has to be judged as it was: a rule set that was taken then and
    /// is refused now, or the other way round, would find other things from there on.
    fn compare(&self, record: &Record, turn: u64) -> Result<(), Error> {
        let Body::Fact(_, event) = &record.body else { return Ok(()) };
        let Fact::RulesPublished(published) = &event.fact else { return Ok(()) };
        let now = letter(&self.effects.outputs, record);
        let then = self.outputs(turn)?;
        let then = letter(&then, record);
        if now.map(|letter| &letter.code) == then.map(|letter| &letter.code) {
            return Ok(());
        }
        let judged = |letter: Option<&DeadLetter>| letter.map_or("taken".into(), |letter| letter.reason.to_string());
        Err(Error::JudgedOtherwise {
            dir: self.dir.into(),
            position: record.position,
            turn,
            version: published.version.to_string(),
            then: judged(then),
            now: judged(now),
        })
    }

    /// What a turn said.
    fn outputs(&self, turn: u64) -> Result<Vec<Output>, Error> {
        let Some(said) = self.journal.turns_from(turn).next().transpose()? else { return Ok(Vec::new()) };
        let mut bytes = said.outputs.as_slice();
        let mut outputs = Vec::new();
        while !bytes.is_empty() {
            let place = format!("an output of turn {turn}");
            let unreadable = |refusal| Error::Unreadable { dir: self.dir.into(), place, refusal };
            outputs.push(read_output(&mut bytes).map_err(unreadable)?);
        }
        Ok(outputs)
    }
}

/// Folds a record again.
pub(super) fn step(
    dir: &Path,
    fold: &mut Fold,
    store: &mut Store,
    effects: &mut Effects,
    record: &Record,
) -> Result<(), Error> {
    let done = std::panic::catch_unwind(AssertUnwindSafe(|| fold.step(store, record, effects)));
    done.map_err(|panic| match store.take_failure() {
        // What could not be read was not there for the fold.
        Some(failure) => failure.into(),
        None => Error::step(dir, record.position, record.root, &record.to, panic.as_ref()),
    })
}

/// The dead letter that an input event became, if it did.
fn letter<'a>(outputs: &'a [Output], record: &Record) -> Option<&'a DeadLetter> {
    outputs.iter().find_map(|output| match output {
        Output::DeadLetter(letter) if letter.position == record.root.position() => Some(&**letter),
        Output::DeadLetter(_) | Output::Doubt(_) | Output::Signal(_) | Output::Case(_) | Output::Task(_) => None,
    })
}
