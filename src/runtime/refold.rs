//! Rows brought up to their journal: what they lack of it is folded again, in silence, for what it led to is out already, and
//! turn by turn it has to lead to the digest that was committed then. Whatever they lack, it takes no more memory than
//! folding does: rows are persisted on the way, where there is somewhere to persist them, and a crash goes on from there.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use tracing::{info, warn};

use super::digest::{Chain, Link};
use super::error::Error;
use super::partition::say_again;
use super::progress::Progress;
use crate::codec::journal::{read_output, read_record};
use crate::fold::{Effects, Fold};
use crate::log::{Frame, Reader, TurnFrame};
use crate::model::{Body, DeadLetter, Fact, Output, Position, Record};
use crate::store::{Applied, Store};

/// Folds what a partition's rows lack of the committed journal again, and returns the fold that goes on from there. Rows
/// of a store that is only read stay in memory. What leads to something else than it did is refused, and told aloud where
/// `is_upgrade`: the rows were those of an earlier version of this program, which may have found other things.
pub fn bring_up(
    dir: &Path,
    partition: u32,
    store: &mut Store,
    journal: &Reader,
    progress: &Progress,
    is_upgrade: bool,
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
    let mut digest = Some(Link::default());
    if let Some(seen) = store.applied().filter(|_| has_name) {
        // Rows without one were folded again by another version than the journal's: to something else.
        let has_digest = seen.attached.len() > attached(&progress.journal, partition, None).len();
        digest = if has_digest { digest_after(dir, journal, seen.turn, partition)? } else { None };
        if has_digest && digest.is_none_or(|then| seen.attached != attached(&progress.journal, partition, Some(&then)))
        {
            return Err(foreign());
        }
    }
    let fold = Fold::open(store).map_err(|source| Error::Rules { dir: dir.into(), partition, source })?;
    let mut again = Refold {
        dir,
        journal,
        name: &progress.journal,
        store,
        fold,
        effects: Effects::default(),
        chain: Chain::default(),
        digest,
        said: Vec::new(),
        since: applied,
        is_upgrade,
    };
    if applied < committed {
        let mut frames = journal.read_from(partition, applied);
        while let Some(frame) = frames.next() {
            let TurnFrame { turn, frame } = frame?;
            again.frame(&frame, turn, applied)?;
            if let Some(told) = frames.turn_end() {
                again.end_turn(&frame, turn, told)?;
            }
        }
        info!(partition, records = committed - applied, "Rows brought up to the journal.");
    }
    Ok(again.fold)
}

/// What rows bear beside the place they stand for: the name of their journal, their partition, and the digest at that place,
/// where what was folded is what the digest stands for.
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

/// The offset behind a frame's last record.
fn end(frame: &Frame) -> u64 {
    frame.first_offset + u64::from(frame.count)
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
    chain: Chain,
    /// The digest of what was folded so far; `None` where it is known to be another than the journal's.
    digest: Option<Link>,
    /// What a record led to, as the digest takes it; kept for its memory.
    said: Vec<u8>,
    /// Where the turn at hand begins, or the rows end in it.
    since: u64,
    is_upgrade: bool,
}

impl Refold<'_> {
    /// Folds the records of a frame that the rows lack: those from `applied` on.
    fn frame(&mut self, frame: &Frame, turn: u64, applied: u64) -> Result<(), Error> {
        let mut bytes = frame.bytes.as_slice();
        for offset in frame.first_offset..end(frame) {
            let position = Position { partition: frame.partition, offset };
            let place = || format!("{position}, of turn {turn}");
            let unreadable = |refusal| Error::Unreadable { dir: self.dir.into(), place: place(), refusal };
            let before = bytes;
            let record = read_record(&mut bytes, position).map_err(unreadable)?;
            if offset >= applied {
                self.effects.clear();
                self.step(&record)?;
                self.compare(&record, turn)?;
                self.link(&before[..before.len() - bytes.len()]);
            }
        }
        match self.store.take_failure() {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    fn link(&mut self, record: &[u8]) {
        let Some(digest) = &mut self.digest else { return };
        self.said.clear();
        say_again(&self.effects, &mut self.said);
        *digest = self.chain.link(digest, &self.fold.rules().version, record, &self.said);
    }

    /// Holds what a turn led to against what it led to when it was folded first: `told`, as it was committed. Rows may be
    /// persisted only then.
    fn end_turn(&mut self, last: &Frame, turn: u64, told: &[u8]) -> Result<(), Error> {
        let (partition, first, end) = (last.partition, self.since, end(last));
        let of_partition = |progress: Progress| progress.partitions.get(partition as usize).map(|told| told.digest);
        let then = Progress::read(told).ok().and_then(of_partition);
        // What differs is read again, with its checksum: damage says nothing of the fold.
        if self.digest.is_some_and(|digest| then != Some(digest))
            && self.digest != digest_after(self.dir, self.journal, turn, partition)?
        {
            if !self.is_upgrade {
                return Err(Error::FoldedOtherwise { dir: self.dir.into(), partition, first, end });
            }
            warn!(
                partition,
                turn,
                dir = %self.dir.display(),
                "This version finds something else in the journal than was found when it was folded first: what stands from \
                 here on is what this version finds."
            );
            self.digest = None;
        }
        self.since = end;
        let attached = attached(self.name, partition, self.digest.as_ref());
        self.store.settle(Applied { turn, offset: end, attached });
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
