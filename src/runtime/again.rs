//! Committed records of one partition, folded again in silence: what they led to is out already, and they have to lead to
//! the digest that was committed with them.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use tracing::warn;

use super::digest::{Chain, Link};
use super::error::Error;
use super::partition::say_again;
use crate::codec::journal::read_record;
use crate::fold::{Effects, Fold};
use crate::model::{Position, Record};
use crate::store::Store;

/// A partition's journal, folded from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refolded {
    /// Which partition.
    pub partition: u32,
    /// Records of its journal.
    pub records: u64,
    /// The digest over them.
    pub digest: [u8; 32],
}

/// What of a journal may lead to something else than it did when it was folded first: it is told aloud then, and gone on with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Changes {
    /// Nothing.
    Refused,
    /// What is found: rows of an earlier version say that another one folds now.
    Findings,
    /// And which rule sets are taken: whoever runs this asked for it.
    All,
}

impl Changes {
    /// As far as rows and whoever runs this allow.
    pub(super) fn allowed(is_upgrade: bool, takes_changes: bool) -> Self {
        match (is_upgrade, takes_changes) {
            (_, true) => Self::All,
            (true, false) => Self::Findings,
            (false, false) => Self::Refused,
        }
    }
}

/// Who looks on while records are folded again.
pub type Each<'a> = &'a mut dyn FnMut(&Record, &Effects);

/// Records that stand together in a journal.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    /// One after another, as the journal has them.
    pub(super) bytes: &'a [u8],
    pub(super) first_offset: u64,
    /// The offset behind the last one.
    pub(super) end: u64,
    /// The turn they are part of, where turns are numbered.
    pub(super) turn: Option<u64>,
}

/// One partition on its way.
pub(super) struct Again<'a> {
    pub(super) dir: &'a Path,
    pub(super) partition: u32,
    pub(super) store: &'a mut Store,
    pub(super) fold: Fold,
    effects: Effects,
    chain: Chain,
    /// What a record led to, as the digest takes it; kept for its memory.
    said: Vec<u8>,
    /// The digest of what was folded so far; `None` where that is known to be something else than was found first.
    pub(super) digest: Option<Link>,
    /// What may lead to something else than it did.
    pub(super) changes: Changes,
}

impl<'a> Again<'a> {
    /// Goes on from a store's rows, at which the digest is the one given. `rows` is their folder, `dir` that of the journal.
    pub(super) fn new(
        rows: &Path,
        dir: &'a Path,
        partition: u32,
        store: &'a mut Store,
        digest: Option<Link>,
        changes: Changes,
    ) -> Result<Self, Error> {
        let fold = Fold::open(store).map_err(|source| Error::Rules { dir: rows.into(), partition, source })?;
        let (effects, chain, said) = (Effects::default(), Chain::default(), Vec::new());
        Ok(Self { dir, partition, store, fold, effects, chain, said, digest, changes })
    }

    /// Folds records, those from the offset `from` on, and shows each with what it led to.
    pub(super) fn fold(
        &mut self,
        records: Records<'_>,
        from: u64,
        see: &mut dyn FnMut(&Record, &Effects) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut bytes = records.bytes;
        for offset in records.first_offset..records.end {
            let position = Position { partition: self.partition, offset };
            let before = bytes;
            let record = read_record(&mut bytes, position).map_err(|refusal| {
                let place = records.turn.map_or(position.to_string(), |turn| format!("{position}, of turn {turn}"));
                Error::Unreadable { dir: self.dir.into(), partition: Some(self.partition), place, refusal }
            })?;
            if offset >= from {
                self.step(&record)?;
                see(&record, &self.effects)?;
                self.link(&before[..before.len() - bytes.len()]);
            }
        }
        match self.store.take_failure() {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    fn step(&mut self, record: &Record) -> Result<(), Error> {
        self.effects.clear();
        let step = || self.fold.step(self.store, record, &mut self.effects);
        let done = std::panic::catch_unwind(AssertUnwindSafe(step));
        done.map_err(|panic| match self.store.take_failure() {
            // What could not be read was not there for the fold.
            Some(failure) => failure.into(),
            None => Error::step(self.dir, record.position, record.root, &record.to, panic.as_ref()),
        })
    }

    fn link(&mut self, record: &[u8]) {
        let Some(digest) = &mut self.digest else { return };
        self.said.clear();
        say_again(&self.effects, &mut self.said);
        *digest = self.chain.link(digest, &self.fold.rules().version, record, &self.said);
    }

    /// Whether what was folded so far led to the digest that was committed at this place.
    pub(super) fn leads_to(&self, committed: Option<Link>) -> bool {
        self.digest.is_none() || self.digest == committed
    }

    /// What the records of these offsets led to is not what they led to when they were folded first.
    pub(super) fn differs(&mut self, first: u64, end: u64) -> Result<(), Error> {
        let partition = self.partition;
        if self.changes == Changes::Refused {
            return Err(Error::FoldedOtherwise { dir: self.dir.into(), partition, first, end });
        }
        warn!(
            partition,
            first,
            end,
            dir = %self.dir.display(),
            "This version finds something else in the journal than was found when it was folded first: what stands from here \
             on is what this version finds."
        );
        self.digest = None;
        Ok(())
    }
}
