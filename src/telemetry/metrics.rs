//! Every figure: its name, its kind, its labels and what it means.

use ::metrics::{describe_counter, describe_gauge, describe_histogram};

use super::{Kind, unit_of};

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub meaning: &'static str,
}

/// Bounds of what is measured in seconds: from a turn of a few events to a disk that hangs.
pub(super) const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// The version at work.
pub const BUILD_INFO: &str = "suyuan_build_info";
/// Whether it is ready.
pub const READY: &str = "suyuan_ready";
/// Partitions at hand.
pub const OWNED_PARTITIONS: &str = "suyuan_owned_partitions";
/// Partitions that something is wrong with.
pub const PARKED_PARTITIONS: &str = "suyuan_parked_partitions";
/// Partitions in all.
pub const TOPOLOGY_PARTITIONS: &str = "suyuan_topology_partitions";
/// Input not folded yet, in records.
pub const LAG_RECORDS: &str = "suyuan_lag_records";
/// Input not folded yet, by age.
pub const LAG_SECONDS: &str = "suyuan_lag_seconds";
/// What was read and not folded.
pub const BUFFERED_BYTES: &str = "suyuan_buffered_bytes";
/// Events, by what became of them.
pub const EVENTS: &str = "suyuan_events_total";
/// Records folded into journals.
pub const FOLDS: &str = "suyuan_folds_total";
/// Turns.
pub const TURNS: &str = "suyuan_turns_total";
/// Turns that were given up.
pub const TURN_ABORTS: &str = "suyuan_turn_aborts_total";
/// Producers made anew.
pub const PRODUCERS: &str = "suyuan_producers_total";
/// Folding a turn.
pub const FOLD_SECONDS: &str = "suyuan_fold_seconds";
/// Committing a turn.
pub const COMMIT_SECONDS: &str = "suyuan_commit_seconds";
/// Records for the outside.
pub const OUTPUTS: &str = "suyuan_outputs_total";
/// Input that could not be used.
pub const DEAD_LETTERS: &str = "suyuan_dead_letters_total";
/// The group went on without us.
pub const FENCINGS: &str = "suyuan_fencings_total";
/// Changes of what is at hand.
pub const REBALANCES: &str = "suyuan_rebalances_total";
/// Opening partitions.
pub const TAKEOVER_SECONDS: &str = "suyuan_takeover_seconds";
/// Brokers that complain or do not answer.
pub const BROKER_ERRORS: &str = "suyuan_broker_errors_total";
/// Rows looked for.
pub const ROW_READS: &str = "suyuan_row_reads_total";
/// Memory of rows.
pub const ROW_CACHE_BYTES: &str = "suyuan_row_cache_bytes";
/// Files of rows that memory has no room for.
pub const ROW_CELLAR_BYTES: &str = "suyuan_row_cellar_bytes";
/// Memory of rows that wait to be written.
pub const ROW_UNWRITTEN_BYTES: &str = "suyuan_row_unwritten_bytes";
/// Writing rows.
pub const PERSIST_SECONDS: &str = "suyuan_persist_seconds";
/// Bytes of rows written.
pub const PERSISTED_BYTES: &str = "suyuan_persisted_bytes_total";
/// `RocksDB`'s memory.
pub const ROCKSDB_MEMORY_BYTES: &str = "suyuan_rocksdb_memory_bytes";
/// `RocksDB`'s files.
pub const ROCKSDB_FILE_BYTES: &str = "suyuan_rocksdb_file_bytes";
/// What `RocksDB` has to merge.
pub const ROCKSDB_PENDING_COMPACTION_BYTES: &str = "suyuan_rocksdb_pending_compaction_bytes";
/// Databases that take no writes, or take them slowly.
pub const ROCKSDB_STALLED: &str = "suyuan_rocksdb_stalled_databases";
/// What failed in `RocksDB`'s background.
pub const ROCKSDB_BACKGROUND_ERRORS: &str = "suyuan_rocksdb_background_errors";

/// Memory of the process.
pub const PROCESS_MEMORY_BYTES: &str = "suyuan_process_memory_bytes";

const fn metric(name: &'static str, kind: Kind, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind, labels, meaning }
}

/// All of them, in the order in which an operator asks.
pub const ALL: [Metric; 33] = [
    metric(BUILD_INFO, Kind::Gauge, &["version"], "1, with the version at work"),
    metric(
        READY,
        Kind::Gauge,
        &[],
        "1 when partitions are at hand, their state is taken up and input is folded; otherwise 0",
    ),
    metric(OWNED_PARTITIONS, Kind::Gauge, &[], "Partitions that the group gave to this instance"),
    metric(
        PARKED_PARTITIONS,
        Kind::Gauge,
        &[],
        "Partitions of this instance that something is wrong with, as its log says: they wait for an operator",
    ),
    metric(TOPOLOGY_PARTITIONS, Kind::Gauge, &[], "Partitions in all: the sum over all instances must reach it"),
    metric(
        LAG_RECORDS,
        Kind::Gauge,
        &["topic"],
        "Records of a topic's partitions at hand that are not folded yet; of the inbox: frames that were read and are not folded yet",
    ),
    metric(
        LAG_SECONDS,
        Kind::Gauge,
        &["topic"],
        "Age of the oldest of them, by the time that its record bears; 0 where there is none",
    ),
    metric(BUFFERED_BYTES, Kind::Gauge, &[], "What was read and is not folded yet, in memory"),
    metric(
        EVENTS,
        Kind::Counter,
        &["verdict"],
        "Input events committed: `accepted`, `duplicate`, `conflicting`, `refused`",
    ),
    metric(FOLDS, Kind::Counter, &[], "Records folded into the journals and committed: events, messages and hours"),
    metric(TURNS, Kind::Counter, &[], "Turns committed, each in one transaction"),
    metric(TURN_ABORTS, Kind::Counter, &["reason"], "Turns given up and folded again: `fenced`, `timed_out`, `broker`"),
    metric(
        PRODUCERS,
        Kind::Counter,
        &[],
        "Transactional producers made: one at the start, and one after each that was of no more use",
    ),
    metric(FOLD_SECONDS, Kind::Histogram, &[], "Time to fold a turn"),
    metric(
        COMMIT_SECONDS,
        Kind::Histogram,
        &[],
        "Time to commit a turn: frames, outputs and offsets to the brokers and back",
    ),
    metric(OUTPUTS, Kind::Counter, &["topic"], "Records committed to topics for the outside"),
    metric(DEAD_LETTERS, Kind::Counter, &["reason"], "Input that could not be used, by the code of the reason"),
    metric(
        FENCINGS,
        Kind::Counter,
        &[],
        "Times that the group had gone on without this instance: its session was over, or another has its name",
    ),
    metric(
        REBALANCES,
        Kind::Counter,
        &["kind"],
        "Times that partitions were `assigned` to this instance, `revoked`, or `lost`",
    ),
    metric(
        TAKEOVER_SECONDS,
        Kind::Histogram,
        &[],
        "Time to open the partitions that were assigned and bring their rows up to their journals",
    ),
    metric(
        BROKER_ERRORS,
        Kind::Counter,
        &[],
        "Times that the brokers, or the way there, failed: what is asked of them is tried again",
    ),
    metric(
        ROW_READS,
        Kind::Counter,
        &["from"],
        "Rows looked for: found in `memory`, known to be `absent` without looking, or looked for on `disk`",
    ),
    metric(ROW_CACHE_BYTES, Kind::Gauge, &[], "Memory of rows, about"),
    metric(
        ROW_CELLAR_BYTES,
        Kind::Gauge,
        &[],
        "Size of the files without a name that keep the rows of those for whom memory has no room",
    ),
    metric(ROW_UNWRITTEN_BYTES, Kind::Gauge, &[], "Of that, rows that wait to be written to disk, about"),
    metric(PERSIST_SECONDS, Kind::Histogram, &[], "Time to write the changed rows of one partition to disk"),
    metric(PERSISTED_BYTES, Kind::Counter, &[], "Bytes of rows written to disk"),
    metric(
        ROCKSDB_MEMORY_BYTES,
        Kind::Gauge,
        &["part"],
        "RocksDB's memory: `blocks` in its cache, of them `pinned`, and `readers` of tables and `buffers` beside it",
    ),
    metric(ROCKSDB_FILE_BYTES, Kind::Gauge, &[], "Size of RocksDB's files"),
    metric(ROCKSDB_PENDING_COMPACTION_BYTES, Kind::Gauge, &[], "What RocksDB has to merge, about"),
    metric(
        ROCKSDB_STALLED,
        Kind::Gauge,
        &[],
        "Databases whose writes RocksDB has stopped or slowed down, because merging does not keep up",
    ),
    metric(ROCKSDB_BACKGROUND_ERRORS, Kind::Gauge, &[], "Failures of RocksDB's own work in the background"),
    metric(PROCESS_MEMORY_BYTES, Kind::Gauge, &[], "Memory of the process that is resident, where the system says so"),
];

/// Says of each what it means, to whoever scrapes.
pub(super) fn describe() {
    for Metric { name, kind, meaning, .. } in ALL {
        let unit = unit_of(name);
        match kind {
            Kind::Counter => describe_counter!(name, unit, meaning),
            Kind::Gauge => describe_gauge!(name, unit, meaning),
            Kind::Histogram => describe_histogram!(name, unit, meaning),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_end_in_their_unit() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { name, kind, .. } in ALL {
            assert!(name.starts_with("suyuan_"), "{name}");
            assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), kind == Kind::Histogram || name == LAG_SECONDS, "{name}");
        }
    }

    #[test]
    fn no_label_names_a_person_or_a_firm() {
        let known = ["version", "topic", "verdict", "reason", "kind", "from", "part"];
        for Metric { name, labels, .. } in ALL {
            assert!(labels.iter().all(|label| known.contains(label)), "{name} {labels:?}");
        }
    }
}
