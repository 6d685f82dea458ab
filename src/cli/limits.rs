//! What the system lets this process have: open files, of which every partition's database wants some, and the size of a
//! file; and what is said where that is too little.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::signal::SIGXFSZ;
use tracing::debug;

/// Open files enough for 64 partitions over a journal of terabytes.
const ENOUGH: u64 = 65_536;

/// Asks for as many open files as the system gives without being told to: whoever started this process may have meant fewer
/// for programs that know no better; those of a database are ours to count. And has a file that grows too large told by an
/// error, as a full disk is, where the system would end the process without a word.
pub(super) fn prepare() {
    if let Err(error) = rlimit::increase_nofile_limit(ENOUGH) {
        debug!(%error, "The number of open files could not be raised.");
    }
    if let Err(error) = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))) {
        debug!(%error, "A file that grows too large will end this process.");
    }
}

/// Says what to do about an error that comes from too little; any other stays as it is. RocksDB hands on the system's text
/// alone.
pub(super) fn explained(error: anyhow::Error) -> anyhow::Error {
    let says = |text: &str| error.chain().any(|cause| cause.to_string().contains(text));
    let limit = |of: rlimit::Resource| of.get_soft().unwrap_or_default();
    if says("Too many open files") {
        let limit = limit(rlimit::Resource::NOFILE);
        return error.context(format!(
            "this process may hold {limit} files open, and needs more: raise the limit (`ulimit -n {ENOUGH}`), and give the \
             same command again"
        ));
    }
    if says("File too large") {
        let limit = limit(rlimit::Resource::FSIZE);
        return error.context(format!(
            "no file of this process may have more than {limit} bytes: raise the limit (`ulimit -f unlimited`), and give the \
             same command again"
        ));
    }
    error
}
