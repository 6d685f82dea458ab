//! How many files this process may hold open: as many as it can get, for every partition has a database; and what is said
//! where that is too few.

use tracing::debug;

/// Enough for 64 partitions over a journal of terabytes.
const ENOUGH: u64 = 65_536;

/// Asks for as many as the system gives without being told to. Whoever started this process may have meant fewer for
/// programs that know no better; those of a database are ours to count.
pub(super) fn raise() {
    if let Err(error) = rlimit::increase_nofile_limit(ENOUGH) {
        debug!(%error, "The number of open files could not be raised.");
    }
}

/// Says what to do about an error that comes from too few; any other stays as it is. RocksDB hands on the system's text alone.
pub(super) fn explained(error: anyhow::Error) -> anyhow::Error {
    let is_too_few = error.chain().any(|cause| cause.to_string().contains("Too many open files"));
    match rlimit::Resource::NOFILE.get_soft() {
        Ok(limit) if is_too_few => error.context(format!(
            "this process may hold {limit} files open, and needs more: raise the limit (`ulimit -n {ENOUGH}`), and give the \
             same command again"
        )),
        _ => error,
    }
}
