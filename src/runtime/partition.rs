//! One partition: its rows, its journal's end, its digest, and what a turn is about to commit of it.

use super::counters::Counters;
use super::progress::PartitionProgress;
use crate::codec::journal;
use crate::fold::{Effects, Fold, RulesInForceError, Verdict};
use crate::log::Frame;
use crate::model::{Body, Entity, Instant, Position, Record, Root};
use crate::store::Store;

/// The most records of one frame.
const FRAME_RECORDS_MAX: u32 = 512;

/// One partition at work.
pub struct Partition {
    /// Its number.
    pub number: u32,
    /// Its rows.
    pub store: Store,
    fold: Fold,
    progress: PartitionProgress,
    /// What a step led to.
    pub(super) effects: Effects,
    frame: Frame,
    /// Records and effects of the frame, as the digest takes them.
    hashed: Vec<u8>,
    turn: TurnPart,
    order: u64,
}

/// What a partition adds to a turn.
#[derive(Default)]
pub(super) struct TurnPart {
    pub(super) frames: Vec<Frame>,
    /// Outputs, each with its place in the order of folding over all partitions: see [`Partition::at`].
    pub(super) outputs: Vec<(u64, Vec<u8>)>,
    pub(super) counters: Counters,
}

impl Partition {
    /// A partition whose rows stand for `progress`.
    pub(super) fn new(number: u32, mut store: Store, progress: PartitionProgress) -> Result<Self, RulesInForceError> {
        let fold = Fold::open(&mut store)?;
        let frame = Frame { partition: number, first_offset: progress.offset, count: 0, bytes: Vec::new() };
        let (effects, hashed, turn) = (Effects::default(), Vec::new(), TurnPart::default());
        Ok(Self { number, store, fold, progress, effects, frame, hashed, turn, order: 0 })
    }

    /// The fold, with the rules in force.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// How far it has come, as far as frames are closed.
    pub(super) fn progress(&self) -> &PartitionProgress {
        &self.progress
    }

    /// Says where the next record stands in the order of folding, were all partitions folded by one thread.
    pub(super) fn at(&mut self, order: u64) -> &mut Self {
        self.order = order;
        self
    }

    /// Folds one record and takes it, with its effects, into the turn; a duplicate leaves no trace. What it has to say to
    /// others is then in `effects.messages`.
    pub(super) fn fold_record(&mut self, at: Instant, root: Root, to: Entity, body: Body) -> Verdict {
        self.progress.clock = self.progress.clock.max(at);
        let position = Position { partition: self.number, offset: self.progress.offset };
        let record = Record { position, at: self.progress.clock, root, to, body };
        self.effects.clear();
        self.fold.step(&mut self.store, &record, &mut self.effects);
        if self.effects.verdict != Verdict::Duplicate {
            self.take(&record);
        }
        self.effects.verdict
    }

    /// Folds a record of the journal again, in silence.
    pub(super) fn refold(&mut self, record: &Record) {
        self.effects.clear();
        self.fold.step(&mut self.store, record, &mut self.effects);
    }

    /// Counts an input event that was folded, or refused.
    pub(super) fn count(&mut self, row_head: bool, verdict: Verdict) {
        self.turn.counters.count(row_head, verdict);
    }

    /// Forgets what the last step said to the outside: where all partitions fold the same record, one speaks for them.
    pub(super) fn hush(&mut self, outputs: usize) {
        self.turn.outputs.truncate(outputs);
    }

    /// How many outputs the turn has so far.
    pub(super) fn outputs(&self) -> usize {
        self.turn.outputs.len()
    }

    fn take(&mut self, record: &Record) {
        let start = self.frame.bytes.len();
        journal::write_record(record, &mut self.frame.bytes);
        self.hashed.extend_from_slice(&self.frame.bytes[start..]);
        for (to, message) in &self.effects.messages {
            journal::write_message(to, message, &mut self.hashed);
        }
        for output in &self.effects.outputs {
            let mut bytes = Vec::new();
            journal::write_output(output, &mut bytes);
            self.hashed.extend_from_slice(&bytes);
            self.turn.outputs.push((self.order, bytes));
        }
        self.frame.count += 1;
        self.progress.offset += 1;
        if self.frame.count == FRAME_RECORDS_MAX {
            self.close_frame();
        }
    }

    fn close_frame(&mut self) {
        if self.frame.count == 0 {
            return;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.progress.digest);
        hasher.update(self.fold.rules().version.as_bytes());
        hasher.update(&self.hashed);
        self.progress.digest = *hasher.finalize().as_bytes();
        self.hashed.clear();
        let next = Frame { partition: self.number, first_offset: self.progress.offset, count: 0, bytes: Vec::new() };
        self.turn.frames.push(std::mem::replace(&mut self.frame, next));
    }

    /// Ends the turn: what it commits of this partition.
    pub(super) fn end_turn(&mut self) -> TurnPart {
        self.close_frame();
        std::mem::take(&mut self.turn)
    }
}
