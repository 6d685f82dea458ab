//! Sizes: what all stores of a process share, and what each has for itself.

use rocksdb::{Cache, LruCacheOptions};

/// What the stores of one process have together.
#[derive(Clone, Debug)]
pub struct SharedSettings {
    /// Blocks of files kept in memory, with their indexes and filters. Less costs disk reads for rows that are not
    /// cached as rows.
    pub block_cache_bytes: usize,
}

impl Default for SharedSettings {
    fn default() -> Self {
        Self { block_cache_bytes: 64 << 20 }
    }
}

/// What one store has for itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows kept in memory as the fold sees them. Rows that were changed since they were last persisted stay beyond
    /// it, so persist when [`super::Store::wants_persisting`] says so.
    pub cache_bytes_max: usize,
    /// Where given, what rows are called in memory follows from it, and is not drawn anew: for tests, whose runs must be
    /// the same to the last look at the disk.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes_max: 128 << 20, seed: None }
    }
}

/// Number of parts of the block cache, each with a lock of its own, as a power of two.
const BLOCK_CACHE_PARTS_BITS: i32 = 3;

/// Memory of RocksDB, shared by all stores of a process. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    pub(super) blocks: Cache,
}

impl Shared {
    /// Made once per process.
    pub fn new(settings: &SharedSettings) -> Self {
        // RocksDB would make 64 parts of half a megabyte and more, and what is larger than its part is never kept.
        let mut blocks = LruCacheOptions::default();
        blocks.set_capacity(settings.block_cache_bytes);
        blocks.set_num_shard_bits(BLOCK_CACHE_PARTS_BITS);
        Self { blocks: Cache::new_lru_cache_opts(&blocks) }
    }

    /// Memory of blocks in the cache, and of those among them that are in use and cannot be given up.
    pub fn block_cache_bytes(&self) -> (u64, u64) {
        (self.blocks.get_usage() as u64, self.blocks.get_pinned_usage() as u64)
    }
}
