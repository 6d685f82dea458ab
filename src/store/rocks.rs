//! One RocksDB database. What is persisted together is written as one sorted file, which RocksDB then takes over as it is:
//! no log, no buffer and no second writing of what comes in order anyway, and it is there as a whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, DB, DBCompactionStyle, DBCompressionType, DBPinnableSlice, DBRawIterator,
    IngestExternalFileOptions, LogLevel, Options as RocksOptions, ReadOptions, SliceTransform, SstFileWriter,
    properties,
};

use super::base::Batch;
use super::error::Error;
use super::settings::Shared;
use crate::files::{Files, Lock};

/// A file being written, until RocksDB takes it over. One that a crash has left behind is removed and never written over:
/// RocksDB may have taken it over already, under a second name for the same bytes.
const PERSISTING: &str = "persisting.sst";
/// Name of the file that says who writes here.
pub(super) const LOCK: &str = "owner.lock";
/// RocksDB's own sign that a database is there.
const SIGN: &str = "CURRENT";
/// Files that gather before they are merged into what is there.
const L0_FILES: i32 = 4;
/// Threads that open the files of a database: sixteen, as RocksDB would have it, take longer to make than files to open.
const FILE_OPENING_THREADS: i32 = 2;
/// What RocksDB reads at once, in bytes; rows are about 100.
const BLOCK_BYTES: usize = 4 << 10;

/// How a database fares: what of it is not shared with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RocksStats {
    /// Memory of readers of tables that is not in the block cache.
    pub reader_bytes: u64,
    /// Memory of buffers for writing.
    pub buffer_bytes: u64,
    /// What is to be merged, about.
    pub pending_compaction_bytes: u64,
    /// Whether writes are stopped or slowed down, because merging does not keep up.
    pub is_stalled: bool,
    /// Failures of work in the background.
    pub background_errors: u64,
}

/// A database, open.
pub(super) struct Rocks {
    db: DB,
    pub(super) dir: PathBuf,
    read: ReadOptions,
    options: RocksOptions,
    // Last: given up after the database is closed.
    _lock: Option<Lock>,
}

impl Rocks {
    pub(super) fn open(dir: &Path, shared: &Shared) -> Result<Self, Error> {
        let io = |doing| move |source| Error::Io { doing, path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(io("create"))?;
        let lock = Files::Real.lock(&dir.join(LOCK)).map_err(io("lock"))?;
        let lock = lock.ok_or_else(|| Error::Locked { dir: dir.to_owned() })?;
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

    fn new(db: DB, options: RocksOptions, dir: &Path, lock: Option<Lock>) -> Self {
        Self { db, dir: dir.to_owned(), read: ReadOptions::default(), options, _lock: lock }
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

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, Error> {
        self.db.get_pinned_opt(key, &self.read).map_err(Error::rocks("read", &self.dir))
    }

    /// An iterator over what stands before a key; where it goes over something `once`, it does not disturb the block cache.
    pub(super) fn iterator(&self, upper: Vec<u8>, once: bool) -> DBRawIterator<'_> {
        let mut read = ReadOptions::default();
        read.fill_cache(!once);
        read.set_total_order_seek(once);
        read.set_iterate_upper_bound(upper);
        self.db.raw_iterator_opt(read)
    }

    pub(super) fn write(&self, changes: impl FnOnce(&mut Batch<'_>) -> Result<(), Error>) -> Result<u64, Error> {
        let path = self.dir.join(PERSISTING);
        remove_if_there(&path).map_err(|source| Error::Io { doing: "remove", path: path.clone(), source })?;
        let written = self.write_file(&path, changes);
        // Where the disk is full, room is what is wanted; what cannot be removed is removed next time.
        if written.is_err()
            && let Err(error) = remove_if_there(&path)
        {
            tracing::debug!(%error, path = %path.display(), "Half a file of rows could not be removed.");
        }
        written
    }

    fn write_file(&self, path: &Path, changes: impl FnOnce(&mut Batch<'_>) -> Result<(), Error>) -> Result<u64, Error> {
        let failed = || Error::rocks("write to", &self.dir);
        let file = SstFileWriter::create(&self.options);
        file.open(path).map_err(failed())?;
        let mut batch = Batch::Rocks(file, &self.dir);
        changes(&mut batch)?;
        let Batch::Rocks(mut file, _) = batch else { unreachable!("it was made so") };
        file.finish().map_err(failed())?;
        let bytes = file.file_size();
        let mut take_over = IngestExternalFileOptions::default();
        take_over.set_move_files(true);
        self.db.ingest_external_file_opts(&take_over, vec![path]).map_err(failed())?;
        Ok(bytes)
    }

    /// Bytes in files.
    pub(super) fn file_bytes(&self) -> u64 {
        self.property(properties::TOTAL_SST_FILES_SIZE)
    }

    /// How it fares.
    pub(super) fn stats(&self) -> RocksStats {
        let slowed = self.property(properties::ACTUAL_DELAYED_WRITE_RATE);
        RocksStats {
            reader_bytes: self.property(properties::ESTIMATE_TABLE_READERS_MEM),
            buffer_bytes: self.property(properties::SIZE_ALL_MEM_TABLES),
            pending_compaction_bytes: self.property(properties::ESTIMATE_PENDING_COMPACTION_BYTES),
            is_stalled: slowed > 0 || self.property(properties::IS_WRITE_STOPPED) > 0,
            background_errors: self.property(properties::BACKGROUND_ERRORS),
        }
    }

    /// What is not known counts as nothing: nothing is decided by it.
    fn property(&self, name: &properties::PropName) -> u64 {
        self.db.property_int_value(name).ok().flatten().unwrap_or(0)
    }
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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

/// An entity's prefix of a key: its kind, which may be zero, and its id, which ends with a zero and has none.
fn prefix_of(key: &[u8]) -> &[u8] {
    &key[..prefix_end(key).unwrap_or(0)]
}

fn has_prefix(key: &[u8]) -> bool {
    prefix_end(key).is_some()
}

fn prefix_end(key: &[u8]) -> Option<usize> {
    let id = key.get(1..)?;
    Some(id.iter().position(|byte| *byte == 0)? + 2)
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
    // Filters know whose rows a file has: of a dozen files, an entity is looked for in the few that have any of it.
    options.set_prefix_extractor(SliceTransform::create("entity", prefix_of, Some(has_prefix)));
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    // Files of like size are merged: what is persisted every few seconds is little beside a large database, and has rows from
    // all over it, so that merging it with a level would write that whole level again. Who is brought back is looked for in
    // every file that has any of its rows, which may be each: merging a few costs less than to look through a dozen.
    options.set_compaction_style(DBCompactionStyle::Universal);
    options.set_level_zero_file_num_compaction_trigger(L0_FILES);
    options.set_level_zero_slowdown_writes_trigger(3 * L0_FILES);
    options.set_level_zero_stop_writes_trigger(4 * L0_FILES);
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(1 << 20);
    // Opening a store must be quick, and says little to RocksDB's own text log.
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_max_file_opening_threads(FILE_OPENING_THREADS);
    options.set_stats_persist_period_sec(0);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    options
}
