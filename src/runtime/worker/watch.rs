//! What the worker tells its operators: counted as it happens, once a turn is committed, and looked up about once a second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Moment};

use metrics::{counter, gauge, histogram};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tracing::{trace, warn};

use super::Worker;
use super::owned::Owned;
use super::reading::now;
use super::turn::Made;
use crate::log::kafka::Failure;
use crate::store::{Error, RocksStats, Stats, Store};
use crate::telemetry::metrics as named;
use crate::topology::Topology;

/// How often what holds now is looked up.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Codes of dead letters.
const DEAD_LETTERS: [&str; 4] = ["unreadable", "conflicting", "rules_refused", "too_many_claims"];

/// What was seen last.
pub(super) struct Watch {
    looked: Moment,
    /// What the stores at hand had done by then, all together.
    seen: Stats,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { looked: Moment::now(), seen: Stats::default() }
    }
}

/// Says what holds from the beginning, so that what never happens is 0 and not unknown.
pub(super) fn begin(topology: &Topology) {
    gauge!(named::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!(named::TOPOLOGY_PARTITIONS).set(f64::from(topology.partitions));
    for verdict in ["accepted", "duplicate", "conflicting", "refused"] {
        counter!(named::EVENTS, "verdict" => verdict).increment(0);
    }
    for reason in ["fenced", "timed_out", "broker"] {
        counter!(named::TURN_ABORTS, "reason" => reason).increment(0);
    }
    for reason in DEAD_LETTERS {
        counter!(named::DEAD_LETTERS, "reason" => reason).increment(0);
    }
    for kind in ["assigned", "revoked", "lost"] {
        counter!(named::REBALANCES, "kind" => kind).increment(0);
    }
    for from in ["memory", "absent", "disk"] {
        counter!(named::ROW_READS, "from" => from).increment(0);
    }
    for name in [named::FOLDS, named::TURNS, named::FENCINGS, named::BROKER_ERRORS, named::PERSISTED_BYTES] {
        counter!(name).increment(0);
    }
    made_producer();
}

/// A turn was folded.
pub(super) fn folded(time: Duration) {
    histogram!(named::FOLD_SECONDS).record(time);
}

/// A turn was committed.
pub(super) fn committed(made: &Made, time: Duration, owned: &Owned) {
    histogram!(named::COMMIT_SECONDS).record(time);
    counter!(named::TURNS).increment(1);
    counter!(named::FOLDS).increment(made.folds);
    let counted = &made.counters;
    for (verdict, count) in [
        ("accepted", counted.accepted),
        ("duplicate", counted.duplicates),
        ("conflicting", counted.conflicting),
        ("refused", counted.dead_letters),
    ] {
        counter!(named::EVENTS, "verdict" => verdict).increment(count);
    }
    for (topic, count) in &made.outputs_of {
        counter!(named::OUTPUTS, "topic" => topic.clone()).increment(*count);
    }
    for (reason, count) in &made.dead_letters {
        counter!(named::DEAD_LETTERS, "reason" => reason.clone()).increment(*count);
    }
    // One line for a turn, however much of its input was of no use: all of it is in the topic.
    if let Some(first) = &made.first_dead_letter {
        let count = made.dead_letters.values().sum::<u64>();
        let (topic, partition, offset, code) = (&first.topic, first.partition, first.offset, &first.code);
        warn!(%topic, partition, offset, code, count, "Input could not be used: dead letters.");
    }
    for (partition, frame) in owned.partitions.iter().zip(&owned.frames) {
        let offset = partition.progress().offset;
        trace!(partition = partition.number, offset, frame, "Committed.");
    }
}

/// A turn was given up.
pub(super) fn aborted(failure: &Failure) {
    let (Failure::Aborted(error) | Failure::Unusable(error)) = failure;
    let reason = match error.rdkafka_error_code() {
        // A turn in hand when the group had gone on: see where a turn is committed.
        _ if matches!(error, KafkaError::Canceled) => "fenced",
        Some(
            RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::FencedInstanceId
            | RDKafkaErrorCode::FencedMemberEpoch
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::RebalanceInProgress,
        ) => "fenced",
        Some(
            RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::InvalidTransactionalState,
        ) => "timed_out",
        _ => "broker",
    };
    counter!(named::TURN_ABORTS, "reason" => reason).increment(1);
    if reason == "fenced" {
        fenced();
    }
}

/// The group has gone on without us.
pub(super) fn fenced() {
    counter!(named::FENCINGS).increment(1);
}

/// The producer was made.
pub(super) fn made_producer() {
    counter!(named::PRODUCERS).increment(1);
}

/// The brokers, or the way there, failed.
pub(super) fn broker_error() {
    counter!(named::BROKER_ERRORS).increment(1);
}

/// What is at hand has changed.
pub(super) fn rebalanced(kind: &'static str) {
    counter!(named::REBALANCES, "kind" => kind).increment(1);
    if kind == "lost" {
        fenced();
    }
}

/// Partitions were opened.
pub(super) fn took_over(time: Duration) {
    histogram!(named::TAKEOVER_SECONDS).record(time);
}

/// Persists rows of one partition.
pub(super) fn persist(store: &mut Store) -> Result<(), Error> {
    let began = Moment::now();
    store.persist()?;
    histogram!(named::PERSIST_SECONDS).record(began.elapsed());
    Ok(())
}

impl Worker<'_> {
    /// Looks up what holds now, if it is time to.
    pub(super) fn look_around(&mut self) {
        if self.watch.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.watch.looked = Moment::now();
        self.look_at_input();
        self.look_at_rows();
        let is_ready = self.telemetry.health().is_ready();
        gauge!(named::READY).set(f64::from(u8::from(is_ready)));
        if let Some(bytes) = resident_bytes() {
            gauge!(named::PROCESS_MEMORY_BYTES).set(number(bytes));
        }
        self.telemetry.gather();
    }

    fn look_at_input(&self) {
        let mut lags: BTreeMap<usize, (u64, Option<i64>)> = BTreeMap::new();
        for lag in self.feed.lags() {
            let (records, since) = lags.entry(lag.spot.topic).or_default();
            *records += lag.records;
            *since = (*since).into_iter().chain(lag.since_ms).min();
        }
        // What is not at hand any more is for others to count.
        for (number_of, topic) in self.reading.topics().iter().enumerate() {
            let (records, since) = lags.get(&number_of).copied().unwrap_or_default();
            let age_ms = since.map_or(0, |since| (now().0 - since).max(0).cast_unsigned());
            gauge!(named::LAG_RECORDS, "topic" => topic.clone()).set(number(records));
            gauge!(named::LAG_SECONDS, "topic" => topic.clone()).set(number(age_ms) / 1_000.0);
        }
        gauge!(named::LAG_RECORDS, "topic" => self.topology.kafka.inbox()).set(number(self.feed.frames() as u64));
        gauge!(named::BUFFERED_BYTES).set(number(self.feed.bytes() as u64));
    }

    fn look_at_rows(&mut self) {
        let (mut stats, mut rocks, mut stalled) = (Stats::default(), RocksStats::default(), 0_u32);
        let owned = self.owned();
        gauge!(named::OWNED_PARTITIONS).set(number(owned.partitions.len() as u64));
        gauge!(named::PARKED_PARTITIONS).set(number(self.parked.len() as u64));
        for partition in &owned.partitions {
            let (of_rows, of_rocks) = (partition.store.stats(), partition.store.rocks_stats());
            stats.cache_bytes += of_rows.cache_bytes;
            stats.dirty_bytes += of_rows.dirty_bytes;
            stats.hits += of_rows.hits;
            stats.known_absent += of_rows.known_absent;
            stats.disk_reads += of_rows.disk_reads;
            stats.bytes_written += of_rows.bytes_written;
            stats.file_bytes += of_rows.file_bytes;
            stats.cellar_bytes += of_rows.cellar_bytes;
            rocks.reader_bytes += of_rocks.reader_bytes;
            rocks.buffer_bytes += of_rocks.buffer_bytes;
            rocks.pending_compaction_bytes += of_rocks.pending_compaction_bytes;
            rocks.background_errors += of_rocks.background_errors;
            stalled += u32::from(of_rocks.is_stalled);
        }
        drop(owned);
        let seen = std::mem::replace(&mut self.watch.seen, stats);
        // Partitions that were opened since begin from 0.
        let more = |now: u64, then: u64| if now < then { now } else { now - then };
        for (from, now, then) in [
            ("memory", stats.hits, seen.hits),
            ("absent", stats.known_absent, seen.known_absent),
            ("disk", stats.disk_reads, seen.disk_reads),
        ] {
            counter!(named::ROW_READS, "from" => from).increment(more(now, then));
        }
        counter!(named::PERSISTED_BYTES).increment(more(stats.bytes_written, seen.bytes_written));
        let (blocks, pinned) = self.shared.block_cache_bytes();
        for (name, value) in [
            (named::ROW_CACHE_BYTES, stats.cache_bytes as u64),
            (named::ROW_CELLAR_BYTES, stats.cellar_bytes),
            (named::ROW_UNWRITTEN_BYTES, stats.dirty_bytes as u64),
            (named::ROCKSDB_FILE_BYTES, stats.file_bytes),
            (named::ROCKSDB_PENDING_COMPACTION_BYTES, rocks.pending_compaction_bytes),
            (named::ROCKSDB_STALLED, stalled.into()),
            (named::ROCKSDB_BACKGROUND_ERRORS, rocks.background_errors),
        ] {
            gauge!(name).set(number(value));
        }
        for (part, value) in
            [("blocks", blocks), ("pinned", pinned), ("readers", rocks.reader_bytes), ("buffers", rocks.buffer_bytes)]
        {
            gauge!(named::ROCKSDB_MEMORY_BYTES, "part" => part).set(number(value));
        }
    }
}

/// As figures are given.
#[allow(clippy::cast_precision_loss, reason = "nobody reads the last digit of 2⁵³")]
fn number(value: u64) -> f64 {
    value as f64
}

/// Memory of the process that is resident, where the system says so.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}
