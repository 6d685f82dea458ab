//! One RocksDB database: rows by their key's bytes, and one record that says what they stand for. What is persisted
//! together is written as one sorted file, which RocksDB then takes over as it is: no log, no buffer and no second writing
//! of what comes in order anyway, and the rows and their position appear together or not at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, DB, DBCompressionType, DBRawIterator, IngestExternalFileOptions, LogLevel,
    Options as RocksOptions, ReadOptions, SstFileWriter,
};

use super::error::Error;
use super::settings::Shared;
use crate::log::DirectoryLock;
use crate::model::Entity;
use crate::state::{Key, ROWS_VERSION, Row};

/// What rows on disk stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The last turn of which anything is folded into them.
    pub turn: u64,
    /// Where the partition's journal goes on after it.
    pub offset: u64,
    /// What the runtime wants to find with the rows, such as the digest's state.
    pub attached: Vec<u8>,
}

/// After every row's key: those begin with the number of a kind.
const POSITION_KEY: &[u8] = &[255];
/// A file being written, until RocksDB takes it over; one that a crash has left behind is written over.
const PERSISTING: &str = "persisting.sst";
const LOCK: &str = "owner.lock";
/// RocksDB's own sign that a database is there.
const SIGN: &str = "CURRENT";
/// Files that gather before they are merged into what is there.
const L0_FILES: i32 = 12;
/// What RocksDB reads at once, in bytes; rows are about 100.
const BLOCK_BYTES: usize = 8 << 10;

/// A database, open.
pub(super) struct Disk {
    db: DB,
    pub(super) dir: PathBuf,
    pub(super) read_only: bool,
    read: ReadOptions,
    options: RocksOptions,
    key: Vec<u8>,
    /// Look-ups of rows, of first rows, of ranges.
    pub(super) reads: AtomicU64,
    /// Rows read by them.
    pub(super) rows_read: AtomicU64,
    // Last: given up after the database is closed.
    _lock: Option<DirectoryLock>,
}

impl Disk {
    pub(super) fn open(dir: &Path, shared: &Shared) -> Result<Self, Error> {
        let io = |doing| move |source| Error::Io { doing, path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(io("create"))?;
        let lock = DirectoryLock::take(dir, LOCK).map_err(|error| Error::lock(error, dir))?;
        if !dir.join(SIGN).is_file() {
            remove_rest(dir).map_err(io("remove half a database from"))?;
        }
        let options = options(shared);
        let db = DB::open(&options, dir).map_err(Error::rocks("open", dir))?;
        Ok(Self::new(db, options, dir, Some(lock)))
    }

    pub(super) fn open_read_only(dir: &Path, shared: &Shared) -> Result<Self, Error> {
        if !dir.join(SIGN).is_file() {
            return Err(Error::Missing { dir: dir.to_owned() });
        }
        let options = options(shared);
        let db = DB::open_for_read_only(&options, dir, false).map_err(Error::rocks("open", dir))?;
        Ok(Self::new(db, options, dir, None))
    }

    /// Removes a database, so that the next one begins anew, even where only a part could be removed.
    pub(super) fn discard(dir: &Path) -> Result<(), Error> {
        let io = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io { doing, path, source }
        };
        // First, so that whatever else is left of it is no database.
        let sign = dir.join(SIGN);
        fs::remove_file(&sign).map_err(io("remove", &sign))?;
        fs::remove_dir_all(dir).map_err(io("remove", dir))
    }

    fn new(db: DB, options: RocksOptions, dir: &Path, lock: Option<DirectoryLock>) -> Self {
        let (dir, read) = (dir.to_owned(), ReadOptions::default());
        Self {
            db,
            dir,
            read_only: lock.is_none(),
            read,
            options,
            key: Vec::new(),
            reads: AtomicU64::new(0),
            rows_read: AtomicU64::new(0),
            _lock: lock,
        }
    }

    /// What the rows stand for; `None` where none were ever persisted.
    pub(super) fn applied(&self) -> Result<Option<Applied>, Error> {
        let missing = || Error::NoPosition { dir: self.dir.clone() };
        let Some(bytes) = self.db.get_pinned(POSITION_KEY).map_err(Error::rocks("read", &self.dir))? else {
            let mut rows = self.db.raw_iterator();
            rows.seek_to_first();
            rows.status().map_err(Error::rocks("read", &self.dir))?;
            return if rows.valid() { Err(missing()) } else { Ok(None) };
        };
        let (version, rest) = bytes.split_first_chunk().ok_or_else(missing)?;
        let found = u32::from_le_bytes(*version);
        if found != ROWS_VERSION {
            return Err(Error::version(&self.dir, found));
        }
        let (turn, rest) = rest.split_first_chunk().ok_or_else(missing)?;
        let (offset, attached) = rest.split_first_chunk().ok_or_else(missing)?;
        let (turn, offset) = (u64::from_le_bytes(*turn), u64::from_le_bytes(*offset));
        Ok(Some(Applied { turn, offset, attached: attached.to_vec() }))
    }

    /// The row under a key.
    pub(super) fn get(&mut self, entity: &Entity, key: &Key) -> Result<Option<Row>, Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.key.clear();
        key.write(entity, &mut self.key);
        match self.db.get_pinned_opt(&self.key, &self.read).map_err(Error::rocks("read", &self.dir))? {
            Some(bytes) => self.row(entity, key, &bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Hands rows of an entity to `each`, from `from` on and before `to` where given, until it returns false. Returns
    /// whether it came to the end.
    pub(super) fn range(
        &self,
        entity: &Entity,
        bounds: Option<(&Key, &Key)>,
        mut each: impl FnMut(Key, &mut dyn FnMut() -> Result<Row, Error>) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        if let Some((from, to)) = bounds {
            from.write(entity, &mut lower);
            to.write(entity, &mut upper);
        } else {
            Key::write_prefix(entity, &mut lower);
            upper.extend_from_slice(&lower);
            after_prefix(&mut upper);
        }
        let mut read = ReadOptions::default();
        read.set_iterate_upper_bound(upper);
        let mut rows = self.db.raw_iterator_opt(read);
        rows.seek(&lower);
        while let Some((key, value)) = rows.item() {
            let (_, key) = self.key(key)?;
            if !each(key, &mut || self.row(entity, &key, value))? {
                return Ok(false);
            }
            rows.next();
        }
        rows.status().map_err(Error::rocks("read", &self.dir))?;
        Ok(true)
    }

    /// An iterator over everything that does not disturb the block cache.
    pub(super) fn iterate(&self) -> DBRawIterator<'_> {
        let mut read = ReadOptions::default();
        read.fill_cache(false);
        read.set_iterate_upper_bound(POSITION_KEY);
        self.db.raw_iterator_opt(read)
    }

    /// Reads a full key.
    pub(super) fn key(&self, bytes: &[u8]) -> Result<(Entity, Key), Error> {
        Key::read(bytes).map_err(|source| Error::Key { dir: self.dir.clone(), source })
    }

    /// Reads a row.
    pub(super) fn row(&self, entity: &Entity, key: &Key, bytes: &[u8]) -> Result<Row, Error> {
        self.rows_read.fetch_add(1, Ordering::Relaxed);
        Row::read(bytes).map_err(|source| {
            let key = format!("{key:?} of {:?} {}", entity.kind, entity.id);
            Error::Row { dir: self.dir.clone(), key, source }
        })
    }

    /// Writes what `rows` puts and removes, in the order of the keys, together with the position that it brings the rows
    /// to. Returns its size in bytes. It is on disk when this returns.
    pub(super) fn write(
        &self,
        applied: &Applied,
        rows: impl FnOnce(&mut Batch<'_>) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let path = self.dir.join(PERSISTING);
        let written = self.write_file(&path, applied, rows);
        // Where the disk is full, room is what is wanted; what cannot be removed is written over next time.
        if written.is_err()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::debug!(%error, path = %path.display(), "Half a file of rows could not be removed.");
        }
        written
    }

    fn write_file(
        &self,
        path: &Path,
        applied: &Applied,
        rows: impl FnOnce(&mut Batch<'_>) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let failed = || Error::rocks("write to", &self.dir);
        let mut batch = Batch { file: SstFileWriter::create(&self.options), dir: &self.dir };
        batch.file.open(path).map_err(failed())?;
        rows(&mut batch)?;
        let mut position = ROWS_VERSION.to_le_bytes().to_vec();
        position.extend_from_slice(&applied.turn.to_le_bytes());
        position.extend_from_slice(&applied.offset.to_le_bytes());
        position.extend_from_slice(&applied.attached);
        batch.put(POSITION_KEY, &position)?;
        batch.file.finish().map_err(failed())?;
        let bytes = batch.file.file_size();
        let mut take_over = IngestExternalFileOptions::default();
        take_over.set_move_files(true);
        self.db.ingest_external_file_opts(&take_over, vec![path]).map_err(failed())?;
        Ok(bytes)
    }

    /// Bytes in files.
    pub(super) fn file_bytes(&self) -> u64 {
        let bytes = self.db.property_int_value(rocksdb::properties::TOTAL_SST_FILES_SIZE);
        bytes.ok().flatten().unwrap_or(0)
    }
}

/// Rows on their way to disk, in the order of their keys.
pub(super) struct Batch<'a> {
    file: SstFileWriter<'a>,
    dir: &'a Path,
}

impl Batch<'_> {
    pub(super) fn put(&mut self, key: &[u8], row: &[u8]) -> Result<(), Error> {
        self.file.put(key, row).map_err(Error::rocks("write to", self.dir))
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Result<(), Error> {
        self.file.delete(key).map_err(Error::rocks("write to", self.dir))
    }
}

/// Removes what a database that was half made or half removed has left: RocksDB would take it for damage.
fn remove_rest(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name() != LOCK && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Turns a prefix that ends with a zero, as every entity's does, into the end of what begins with it.
pub(super) fn after_prefix(prefix: &mut [u8]) {
    *prefix.last_mut().expect("a prefix has at least a kind and a zero") = 1;
}

fn options(shared: &Shared) -> RocksOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&shared.blocks);
    table.set_block_size(BLOCK_BYTES);
    table.set_bloom_filter(10.0, false);
    table.set_whole_key_filtering(true);
    table.set_optimize_filters_for_memory(true);
    // In small parts, so that a look-up brings in kilobytes of them and not megabytes.
    table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    table.set_partition_filters(true);
    table.set_metadata_block_size(BLOCK_BYTES);
    table.set_pin_top_level_index_and_filter(true);
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);

    let mut options = RocksOptions::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    // Rows are looked for in files seldom, and filters say in which: merging files early costs more than it saves.
    options.set_level_zero_file_num_compaction_trigger(L0_FILES);
    options.set_level_zero_slowdown_writes_trigger(3 * L0_FILES);
    options.set_level_zero_stop_writes_trigger(4 * L0_FILES);
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(1 << 20);
    // Opening a store must be quick, and says little to RocksDB's own text log.
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    options
}
