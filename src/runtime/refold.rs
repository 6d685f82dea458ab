//! Rows brought up to their journal: what they lack of it is folded again, turn by turn. Whatever they lack, it takes no more
//! memory than folding does: rows are persisted on the way, where there is somewhere to persist them, and a crash goes on
//! from there.

use std::path::Path;

use tracing::{info, warn};

use super::again::{Again, Changes, Records, Refolded};
use super::digest::Link;
use super::error::Error;
use super::open::state_place;
use super::progress::Progress;
use crate::codec::journal::read_output;
use crate::files::Place;
use crate::fold::{Effects, Fold};
use crate::log::{Reader, TurnFrame};
use crate::model::{Body, DeadLetter, Fact, Output, Record};
use crate::store::{self, Applied, Shared, SharedSettings, Store};

/// Who looks on while turns are folded again: hears of each record's turn, and what it led to.
pub type EachOfTurn<'a> = &'a mut dyn FnMut(u64, &Effects);

/// Folds what a partition's rows lack of the committed journal again, and returns the fold that goes on from there. Rows
/// of a store that is only read stay in memory. What leads to something else than it did is refused, or told aloud and gone
/// on with, as `changes` allows: another version of this program may find other things.
pub fn bring_up(
    dir: &Path,
    partition: u32,
    store: &mut Store,
    journal: &Reader,
    progress: &Progress,
    changes: Changes,
) -> Result<Fold, Error> {
    let (committed, applied) = (committed(progress, partition), store.applied().map_or(0, |applied| applied.offset));
    let digest = digest_of_rows(dir, partition, store, journal, progress)?;
    let again = Again::new(dir, dir, partition, store, digest, changes)?;
    let mut refold = Refold { again, journal, progress, since: applied };
    if applied < committed {
        refold.run(&mut |_, _| {})?;
        info!(partition, records = committed - applied, "Rows brought up to the journal.");
    }
    Ok(refold.again.fold)
}

/// Folds a partition's journal from its beginning into a folder that has nothing of it, and shows what each record led to, and
/// in which turn. Fails where a turn's digest is another than the one it was committed with.
pub fn refold(
    scratch: &Place,
    dir: &Path,
    partition: u32,
    journal: &Reader,
    progress: &Progress,
    each: EachOfTurn<'_>,
) -> Result<Refolded, Error> {
    let shared = Shared::new(&SharedSettings::default());
    let mut store = Store::open(state_place(scratch, partition), &shared, &store::Options::default())?;
    let again = Again::new(dir, dir, partition, &mut store, Some(Link::default()), Changes::Refused)?;
    let mut refold = Refold { again, journal, progress, since: 0 };
    refold.run(each)?;
    let (records, digest) = (refold.since, refold.again.digest.unwrap_or_default());
    store.close()?;
    Ok(Refolded { partition, records, digest })
}

/// Records that a partition of the journal has.
fn committed(progress: &Progress, partition: u32) -> u64 {
    progress.partitions.get(partition as usize).map_or(0, |partition| partition.offset)
}

/// The digest where rows stand, which have to be this journal's; `None` where they bear none: another version than the
/// journal's folded them again, to something else.
fn digest_of_rows(
    dir: &Path,
    partition: u32,
    store: &Store,
    journal: &Reader,
    progress: &Progress,
) -> Result<Option<Link>, Error> {
    let Some(seen) = store.applied() else { return Ok(Some(Link::default())) };
    check_rows(dir, partition, seen, progress, &attached(&progress.journal, partition, None))?;
    if progress.journal.is_empty() {
        return Ok(Some(Link::default()));
    }
    if seen.attached.len() == attached(&progress.journal, partition, None).len() {
        return Ok(None);
    }
    let foreign = || Error::ForeignRows { dir: dir.into(), partition };
    let digest = digest_after(dir, journal, seen.turn, partition)?;
    let is_borne = |then: &Link| seen.attached == attached(&progress.journal, partition, Some(then));
    digest.filter(is_borne).map(Some).ok_or_else(foreign)
}

/// Refuses rows, of this version or an earlier one, that do not bear what those of this journal do, or know of more than it
/// has.
pub(super) fn check_rows(
    dir: &Path,
    partition: u32,
    applied: &Applied,
    progress: &Progress,
    borne: &[u8],
) -> Result<(), Error> {
    // A journal without a turn has no name: it has lost what it had.
    if !progress.journal.is_empty() && !applied.attached.starts_with(borne) {
        return Err(Error::ForeignRows { dir: dir.into(), partition });
    }
    let (applied, committed) = (applied.offset, committed(progress, partition));
    if applied > committed {
        return Err(Error::AheadOfJournal { dir: dir.into(), partition, applied, committed });
    }
    Ok(())
}

/// What rows bear beside the place they stand for: the name of their journal, their partition, and the digest at that place,
/// where what was folded is what the digest stands for.
pub(super) fn attached(journal: &[u8], partition: u32, digest: Option<&[u8; 32]>) -> Vec<u8> {
    [journal, &partition.to_le_bytes(), digest.map_or(&[], |digest| digest)].concat()
}

/// A partition's digest at the end of a turn; `None` where the journal has no such turn.
fn digest_after(dir: &Path, journal: &Reader, turn: u64, partition: u32) -> Result<Option<[u8; 32]>, Error> {
    let Some(told) = journal.turns_from(turn).next().transpose()? else { return Ok(None) };
    let unreadable =
        |refusal| Error::Unreadable { dir: dir.into(), partition: None, place: format!("turn {turn}"), refusal };
    let progress = Progress::read(&told.progress).map_err(unreadable)?;
    Ok(progress.partitions.get(partition as usize).map(|partition| partition.digest))
}

/// One partition's rows on their way.
struct Refold<'a> {
    again: Again<'a>,
    journal: &'a Reader,
    /// What its last turn tells.
    progress: &'a Progress,
    /// Where the rows ended, then each turn.
    since: u64,
}

impl Refold<'_> {
    /// Folds all that the rows lack.
    fn run(&mut self, each: EachOfTurn<'_>) -> Result<(), Error> {
        let (dir, journal, partition) = (self.again.dir, self.journal, self.again.partition);
        let takes_rules = self.again.changes == Changes::All;
        let mut frames = journal.read_from(partition, self.since);
        while let Some(frame) = frames.next() {
            let TurnFrame { turn, frame } = frame?;
            let (first_offset, end) = (frame.first_offset, frame.first_offset + u64::from(frame.count));
            let records = Records { bytes: &frame.bytes, first_offset, end, turn: Some(turn) };
            self.again.fold(records, self.since, &mut |record, effects| {
                match compare(dir, journal, turn, record, effects) {
                    Err(judged @ Error::JudgedOtherwise { .. }) if takes_rules => {
                        warn!(%judged, "This is gone on with.");
                    }
                    same => same?,
                }
                each(turn, effects);
                Ok(())
            })?;
            if let Some(told) = frames.turn_end() {
                self.end_turn(turn, end, told)?;
            }
        }
        let (found, told) = (self.since, committed(self.progress, partition));
        if found != told {
            return Err(Error::Lacks { dir: dir.into(), partition, told, found });
        }
        let told = self.progress.partitions.get(partition as usize).map(|told| told.digest);
        if self.again.leads_to(told.or(Some(Link::default()))) { Ok(()) } else { self.again.differs(0, found) }
    }

    /// Holds what a turn led to against what it led to when it was folded first: `told`, as it was committed. Rows may be
    /// persisted only then.
    fn end_turn(&mut self, turn: u64, end: u64, told: &[u8]) -> Result<(), Error> {
        let partition = self.again.partition;
        let of_partition = |progress: Progress| progress.partitions.get(partition as usize).map(|told| told.digest);
        // What differs is read again, with its checksum: damage says nothing of the fold.
        if !self.again.leads_to(Progress::read(told).ok().and_then(of_partition))
            && !self.again.leads_to(digest_after(self.again.dir, self.journal, turn, partition)?)
        {
            self.again.differs(self.since, end)?;
        }
        self.since = end;
        let attached = attached(&self.progress.journal, partition, self.again.digest.as_ref());
        self.again.store.settle(Applied { turn, offset: end, attached });
        if self.again.store.wants_persisting() && !self.again.store.is_read_only() {
            self.again.store.persist()?;
        }
        Ok(())
    }
}

/// What is judged by the program as well as by the rows has to be judged as it was: a rule set that was taken then and
/// is refused now, or the other way round, would find other things from there on.
fn compare(dir: &Path, journal: &Reader, turn: u64, record: &Record, effects: &Effects) -> Result<(), Error> {
    let Body::Fact(_, event) = &record.body else { return Ok(()) };
    let Fact::RulesPublished(published) = &event.fact else { return Ok(()) };
    let now = letter(&effects.outputs, record);
    let then = outputs(dir, journal, turn)?;
    let then = letter(&then, record);
    if now.map(|letter| &letter.code) == then.map(|letter| &letter.code) {
        return Ok(());
    }
    let judged = |letter: Option<&DeadLetter>| letter.map_or("taken".into(), |letter| letter.reason.to_string());
    Err(Error::JudgedOtherwise {
        dir: dir.into(),
        position: record.position,
        turn,
        version: published.version.to_string(),
        then: judged(then),
        now: judged(now),
    })
}

/// What a turn said.
fn outputs(dir: &Path, journal: &Reader, turn: u64) -> Result<Vec<Output>, Error> {
    let Some(said) = journal.turns_from(turn).next().transpose()? else { return Ok(Vec::new()) };
    let mut bytes = said.outputs.as_slice();
    let mut outputs = Vec::new();
    while !bytes.is_empty() {
        let place = format!("an output of turn {turn}");
        outputs.push(read_output(&mut bytes).map_err(|refusal| Error::Unreadable {
            partition: None,
            dir: dir.into(),
            place,
            refusal,
        })?);
    }
    Ok(outputs)
}

/// The dead letter that an input event became, if it did.
fn letter<'a>(outputs: &'a [Output], record: &Record) -> Option<&'a DeadLetter> {
    outputs.iter().find_map(|output| match output {
        Output::DeadLetter(letter) if letter.position == record.root.position() => Some(&**letter),
        Output::DeadLetter(_) | Output::Doubt(_) | Output::Signal(_) | Output::Case(_) | Output::Task(_) => None,
    })
}
