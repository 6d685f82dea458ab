//! A data folder, open for reading: its journal, the rows of all partitions, and how far the one is behind the other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::journal::Journal;
use crate::fold::Fold;
use crate::model::{Entity, Id, InvoiceNo, Kind, TaxpayerId};
use crate::risk::RuleSet;
use crate::runtime::{self, Changes, Progress, partition_of};
use crate::state::{Books, Key, Opening, Row, RowType};
use crate::store::{Options, Shared, SharedSettings, Store};

/// A data folder, open for reading. Everything is as of the moment it was opened.
pub struct Folder {
    journal: Journal,
    progress: Progress,
    stores: Vec<RefCell<Store>>,
    rules: RuleSet,
    opening: Opening,
    lag: Option<Lag>,
    pub(super) names: RefCell<BTreeMap<TaxpayerId, Option<Box<str>>>>,
}

/// How far rows are behind the journal where it is too much to be made up for here: what a killed process had not yet
/// written, or a running one has in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Which folder.
    pub dir: PathBuf,
    /// Records that are in the journal and not in the rows.
    pub records: u64,
    /// Of so many in all.
    pub of: u64,
}

impl std::fmt::Display for Lag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the rows in {} lack the last {} of {} records of the journal, as the process that wrote them was killed or \
             is still running; to bring them up, run the same command again (`suyuan replay` or `suyuan import`)",
            self.dir.display(),
            self.records,
            self.of
        )
    }
}

/// Rows handed over at once.
const PAGE_ROWS: usize = 2_048;
/// Threads that open partitions.
const THREADS: u32 = 4;
/// Records that are folded again before a question is answered: a few seconds' work, and all of it in memory.
const REFOLDED_RECORDS_MAX: u64 = 500_000;
/// Memory for blocks of files, all partitions together, and for the rows of each: a query reads little, once.
const BLOCK_CACHE_BYTES: usize = 32 << 20;
const ROW_CACHE_BYTES: usize = 16 << 20;

impl Folder {
    /// Opens a folder that nobody is writing.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        if Journal::is_written(dir)? {
            return Err(Error::InUse { dir: dir.into() });
        }
        Self::open_beside(dir)
    }

    /// Opens a folder, whoever may be writing there. What its rows lack of the journal is folded again in memory, unless
    /// it is too much: then the folder shows what was put into files so far, and says so by [`Folder::lag`].
    pub fn open_beside(dir: &Path) -> Result<Self, Error> {
        Self::open_up_to(dir, REFOLDED_RECORDS_MAX)
    }

    /// The same, folding so many records again at most.
    pub(super) fn open_up_to(dir: &Path, records_max: u64) -> Result<Self, Error> {
        let (_, partitions) = Journal::header(&dir.into())?;
        let mut stores = open_stores(dir, partitions).or_else(|error| {
            // Where the header is another journal's, that is what is wrong.
            Journal::open(dir)?;
            Err(error)
        })?;
        // After the rows, which follow the journal: so that they cannot be ahead of it.
        let journal = Journal::open(dir)?;
        let Some(progress) = last_progress(&journal)? else { return Err(without_turns(&journal, &stores)) };
        let mut lag = lag(dir, &stores, &progress)?;
        if lag.as_ref().is_some_and(|lag| lag.records <= records_max) {
            bring_up(&journal, &mut stores, &progress)?;
            lag = None;
        }
        let (rules, opening) = match stores.first_mut() {
            Some(store) => Fold::open(store).map(|fold| (fold.rules().clone(), fold.opening()))?,
            None => (RuleSet::silent(), Opening::NEVER),
        };
        let stores = stores.into_iter().map(RefCell::new).collect();
        Ok(Self { journal, progress, stores, rules, opening, lag, names: RefCell::default() })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.journal.dir()
    }

    /// Its journal.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// How far its journal has come.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How far the rows are behind it, if they are.
    pub fn lag(&self) -> Option<&Lag> {
        self.lag.as_ref()
    }

    /// The rules in force at its end.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Which firms are older than the journal, and which months are its first.
    pub fn opening(&self) -> Opening {
        self.opening
    }

    /// Reads the books of one entity. They are not to be changed, and no other books to be read meanwhile.
    pub fn books<T>(&self, entity: Entity, read: impl FnOnce(&mut Books<'_>) -> T) -> Result<T, Error> {
        let partition = partition_of(&entity, self.journal.partitions());
        let mut store = self.stores[partition as usize].borrow_mut();
        let answer = read(&mut Books::of(&mut *store, entity));
        match store.take_failure() {
            Some(error) => Err(error.into()),
            None => Ok(answer),
        }
    }

    /// A taxpayer's row under a key.
    pub fn row<T: RowType + Clone>(&self, taxpayer_id: TaxpayerId, key: &Key) -> Result<Option<T>, Error> {
        self.books(Entity::taxpayer(taxpayer_id), |books| books.find::<T>(key).cloned())
    }

    /// Hands over an entity's rows of one kind, from a key on and before another, until `each` returns false.
    pub fn each_row<T: RowType + Clone>(
        &self,
        entity: Entity,
        from: Key,
        to: Key,
        mut each: impl FnMut(Key, T) -> bool,
    ) -> Result<(), Error> {
        let mut from = from;
        let mut skip = 0;
        loop {
            // The last key of a page is the first of the next: it was handed over already.
            let page: Vec<(Key, Option<T>)> = self.books(entity, |books| {
                let keys = books.scan(&from, &to, PAGE_ROWS + skip);
                keys.into_iter().skip(skip).map(|key| (key, books.find::<T>(&key).cloned())).collect()
            })?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            (from, skip) = (*last, 1);
            let whole = page.len() < PAGE_ROWS;
            for (key, row) in page {
                if let Some(row) = row
                    && !each(key, row)
                {
                    return Ok(());
                }
            }
            if whole {
                return Ok(());
            }
        }
    }

    /// Hands over the rows between two keys of every entity of a kind, partition by partition.
    pub fn each_of_all(
        &self,
        kind: Kind,
        from: &Key,
        to: &Key,
        each: &mut dyn FnMut(Id, Key, Row),
    ) -> Result<(), Error> {
        for store in &self.stores {
            let ranges = [(*from, *to)];
            store.borrow().for_each(Some(kind), &ranges, &mut |entity, key, row| each(entity.id, key, row))?;
        }
        Ok(())
    }

    /// Keys of all rows of invoices with a number, and whose they are.
    pub(super) fn of_number(&self, no: InvoiceNo) -> Result<Vec<(TaxpayerId, Key)>, Error> {
        let mut found = Vec::new();
        for store in &self.stores {
            found.extend(store.borrow().of_number(no)?.into_iter().map(|(entity, key)| (entity.id, key)));
        }
        Ok(found)
    }
}

fn open_stores(dir: &Path, partitions: u32) -> Result<Vec<Store>, Error> {
    let settings = SharedSettings { block_cache_bytes: BLOCK_CACHE_BYTES };
    let shared = Shared::new(&settings);
    let options = Options { cache_bytes_max: ROW_CACHE_BYTES, ..Options::default() };
    let open = |number: u32| {
        let rows = dir.join("state").join(format!("{number:04}"));
        Store::open_read_only(&rows, &shared, &options).map(|store| (number, store))
    };
    let open = &open;
    let opened: Vec<_> = std::thread::scope(|scope| {
        let share = |first: u32| (first..partitions).step_by(THREADS as usize).map(open).collect::<Vec<_>>();
        let handles: Vec<_> = (0..THREADS.min(partitions)).map(|first| scope.spawn(move || share(first))).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("opening returns its errors")).collect()
    });
    let mut stores = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
    stores.sort_by_key(|(number, _)| *number);
    Ok(stores.into_iter().map(|(_, store)| store).collect())
}

/// Folds what rows lack of the journal again, in memory alone.
fn bring_up(journal: &Journal, stores: &mut [Store], progress: &Progress) -> Result<(), Error> {
    let mut shares: Vec<Vec<(u32, &mut Store)>> = (0..THREADS).map(|_| Vec::new()).collect();
    for (share, store) in (0..).zip(stores) {
        shares[(share % THREADS) as usize].push((share, store));
    }
    let bring_up = |(partition, store): (u32, &mut Store)| {
        runtime::bring_up(journal.dir(), partition, store, journal.reader(), progress, Changes::Refused).map(drop)
    };
    std::thread::scope(|scope| {
        let share = |share: Vec<_>| scope.spawn(move || share.into_iter().try_for_each(bring_up));
        let threads: Vec<_> = shares.into_iter().map(share).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("folding again returns its errors"))
    })?;
    Ok(())
}

/// What the last turn says; `None` where the journal has no turn.
fn last_progress(journal: &Journal) -> Result<Option<Progress>, Error> {
    let turn = journal.reader().turn();
    if turn == 0 {
        return Ok(None);
    }
    let progress = Progress::read(journal.reader().progress());
    progress.map(Some).map_err(|refusal| Error::Unreadable { dir: journal.dir().into(), turn, refusal })
}

/// Why a journal gives no answer: nothing was ever committed, or it was, and is gone.
fn without_turns(journal: &Journal, stores: &[Store]) -> Error {
    let dir = journal.dir().to_path_buf();
    let applied = |store: &Store| store.applied().map(|applied| applied.offset);
    match (0..).zip(stores).find_map(|(partition, store)| applied(store).map(|applied| (partition, applied))) {
        Some((partition, applied)) => Error::AheadOfJournal { dir, partition, applied, committed: 0 },
        None => Error::Empty { dir },
    }
}

/// Opens the journal of a folder, whoever may be writing there, for what it says by itself. One that ends before what rows
/// stand for was cut, and what it says is not all; rows that cannot be read are not asked.
pub fn open_journal(dir: &Path) -> Result<Journal, Error> {
    let (_, partitions) = Journal::header(&dir.into())?;
    let shared = Shared::new(&SharedSettings { block_cache_bytes: BLOCK_CACHE_BYTES });
    let rows = (0..partitions).filter_map(|number| {
        let rows = dir.join("state").join(format!("{number:04}"));
        let rows = Store::open_read_only(&rows, &shared, &Options::default()).ok()?;
        rows.applied().map(|applied| (number, applied.clone()))
    });
    let rows: Vec<_> = rows.collect();
    // After the rows, which follow the journal: so that they cannot be ahead of it.
    let journal = Journal::open(dir)?;
    if rows.is_empty() {
        return Ok(journal);
    }
    let progress = last_progress(&journal)?;
    for (partition, applied) in rows {
        let committed = progress.as_ref().and_then(|progress| progress.partitions.get(partition as usize));
        let (applied, committed) = (applied.offset, committed.map_or(0, |partition| partition.offset));
        if applied > committed {
            return Err(Error::AheadOfJournal { dir: dir.into(), partition, applied, committed });
        }
    }
    Ok(journal)
}

fn lag(dir: &Path, stores: &[Store], progress: &Progress) -> Result<Option<Lag>, Error> {
    let mut lag = Lag { dir: dir.into(), records: 0, of: 0 };
    for (partition, store) in (0..).zip(stores) {
        let applied = store.applied().map_or(0, |applied| applied.offset);
        let committed = progress.partitions.get(partition as usize).map_or(0, |partition| partition.offset);
        if applied > committed {
            return Err(Error::AheadOfJournal { dir: dir.into(), partition, applied, committed });
        }
        lag.records += committed - applied;
        lag.of += committed;
    }
    Ok((lag.records > 0).then_some(lag))
}
