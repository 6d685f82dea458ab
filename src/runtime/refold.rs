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
    let foreign = || Error::ForeignRows { dir: dir.into(), partition };
    let bears_name = |applied: &Applied| applied.attached.starts_with(&attached(&progress.journal, partition, None));
    if has_name && !store.applied().is_none_or(bears_name) {
        return Err(foreign());
    }
    if applied > committed {
        return Err(Error::AheadOfJournal { dir: dir.into(), partition, applied, committed });
    }
    if let Some(seen) = store.applied().filter(|_| has_name) {
        // Rows in the middle of a turn were folded from this journal again, and nobody knows the digest there.
        let has_digest = seen.attached.len() > attached(&progress.journal, partition, None).len();
        let then = if has_digest { digest_after(dir, journal, seen.turn, partition)? } else { None };
        if has_digest && then.is_none_or(|then| seen.attached != attached(&progress.journal, partition, Some(&then))) {
            return Err(foreign());
        }
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

/// What rows bear beside the place they stand for: the name of their journal, their partition, and the digest at that place,
/// where it is the end of a turn.
pub(super) fn attached(journal: &[u8], partition: u32, digest: Option<&[u8; 32]>) -> Vec<u8> {
    [journal, &partition.to_le_bytes(), digest.map_or(&[], |digest| digest)].concat()
}

/// A partition's digest at the end of a turn; `None` where the journal has no such turn.
fn digest_after(dir: &Path, journal: &Reader, turn: u64, partition: u32) -> Result<Option<[u8; 32]>, Error> {
    let Some(told) = journal.turns_from(turn).next().transpose()?.filter(|told| told.number == turn) else {
        return Ok(None);
    };
    let unreadable = |refusal| Error::Unreadable { dir: dir.into(), place: format!("turn {turn}"), refusal };
    let progress = Progress::read(&told.progress).map_err(unreadable)?;
    Ok(progress.partitions.get(partition as usize).map(|partition| partition.digest))
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
        self.store.settle(Applied { turn: *turn, offset: end, attached: attached(self.name, frame.partition, None) });
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
