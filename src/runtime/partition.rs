//! One partition: its rows, its journal's end, its digest, and what a turn is about to commit of it.

use super::counters::Counters;
use super::digest::Chain;
use super::progress::PartitionProgress;
use super::settings::Policies;
use crate::codec::journal;
use crate::fold::{Effects, Fold, Verdict};
use crate::log::Frame;
use crate::model::{Body, Entity, Instant, Position, Record, Root};
use crate::store::Store;

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
    frame_capacity: usize,
    /// Records and bytes with either of which a frame is full.
    frame_limits: (u32, usize),
    chain: Chain,
    /// What a record led to, as the digest takes it; kept for its memory.
    said: Vec<u8>,
    turn: TurnPart,
    order: u64,
    /// What the last step goes back to.
    root: Root,
    /// What is being folded.
    at_work: Option<(Root, Entity)>,
    /// Whether the journal has records in the order in which they happen to be folded, and their places name them.
    as_it_happens: bool,
}

/// What a partition adds to a turn.
#[derive(Default)]
pub(super) struct TurnPart {
    pub(super) frames: Vec<Frame>,
    /// How far the partition has come with each of them.
    pub(super) ends: Vec<PartitionProgress>,
    /// Outputs, each with its place in the order of folding over all partitions: see [`Partition::at`].
    pub(super) outputs: Vec<(u64, Vec<u8>)>,
    pub(super) counters: Counters,
    /// Bytes of its frames and outputs.
    bytes: usize,
}

impl Partition {
    /// A partition whose rows stand for `progress`.
    pub(super) fn new(number: u32, store: Store, fold: Fold, progress: PartitionProgress, policies: &Policies) -> Self {
        let frame = Frame { partition: number, first_offset: progress.offset, count: 0, bytes: Vec::new() };
        let (effects, turn) = (Effects::default(), TurnPart::default());
        let frame_limits = (policies.frame_records_max, policies.frame_bytes_max);
        let (chain, said) = (Chain::default(), Vec::new());
        Self {
            number,
            store,
            fold,
            progress,
            effects,
            frame,
            frame_capacity: 0,
            frame_limits,
            chain,
            said,
            turn,
            order: 0,
            root: Root::default(),
            at_work: None,
            as_it_happens: false,
        }
    }

    /// The same, with its journal in the order in which records happen to be folded: where a log has no order of its own.
    pub(super) fn in_any_order(self) -> Self {
        Self { as_it_happens: true, ..self }
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
        let root = if root == Root::BY_PLACE { self.next_root() } else { root };
        self.root = root;
        // Its place and the clock are given when it is written to the journal; no outcome rests on them.
        let record = Record { position: Position::default(), at, root, to, body };
        self.effects.clear();
        self.at_work = Some((root, to));
        self.fold.step(&mut self.store, &record, &mut self.effects);
        self.at_work = None;
        if self.effects.verdict != Verdict::Duplicate {
            self.take(record);
        }
        self.effects.verdict
    }

    /// Where an input event that is folded at `order` stands among all of them.
    pub(super) fn sequence(&self, root: Root, order: u64) -> u64 {
        if self.as_it_happens { order } else { root.0 }
    }

    fn next_root(&self) -> Root {
        Root::at(Position { partition: self.number, offset: self.progress.offset })
    }

    /// What the last step goes back to.
    pub(super) fn root(&self) -> Root {
        self.root
    }

    /// What it was folding when that failed, and where it would have stood: the input event, the entity, the offset.
    pub(super) fn at_work(&self) -> Option<(Root, Entity, u64)> {
        let (root, entity) = self.at_work?;
        Some((root, entity, self.progress.offset))
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

    fn take(&mut self, record: Record) {
        let mut said = std::mem::take(&mut self.said);
        said.clear();
        say(&self.effects, self.order, &mut self.turn, &mut said);
        self.write(record, &said);
        self.said = said;
    }

    /// Writes a record to the frame, and with what it led to into the digest.
    fn write(&mut self, record: Record, said: &[u8]) {
        let Self { progress, frame, .. } = self;
        progress.clock = progress.clock.max(record.at);
        let start = frame.bytes.len();
        journal::write_record(&Record { at: progress.clock, ..record }, &mut frame.bytes);
        let rules_version = &self.fold.rules().version;
        progress.digest = self.chain.link(&progress.digest, rules_version, &frame.bytes[start..], said);
        self.turn.bytes += frame.bytes.len() - start;
        frame.count += 1;
        progress.offset += 1;
        let (records_max, bytes_max) = self.frame_limits;
        if frame.count >= records_max || frame.bytes.len() >= bytes_max {
            self.close_frame();
        }
    }

    fn close_frame(&mut self) {
        if self.frame.count == 0 {
            return;
        }
        // As much room as the largest so far took, so that it need not grow.
        self.frame_capacity = self.frame_capacity.max(self.frame.bytes.len());
        let bytes = Vec::with_capacity(self.frame_capacity);
        let next = Frame { partition: self.number, first_offset: self.progress.offset, count: 0, bytes };
        self.turn.frames.push(std::mem::replace(&mut self.frame, next));
        self.turn.ends.push(self.progress.clone());
    }

    /// How much it adds to the turn so far, in bytes.
    pub(super) fn turn_bytes(&self) -> usize {
        self.turn.bytes
    }

    /// Ends the turn: what it commits of this partition.
    pub(super) fn end_turn(&mut self) -> TurnPart {
        self.close_frame();
        std::mem::take(&mut self.turn)
    }
}

/// Writes what a record led to as the digest takes it.
pub(super) fn say_again(effects: &Effects, into: &mut Vec<u8>) {
    say(effects, 0, &mut TurnPart::default(), into);
}

/// Writes what a record led to as the digest takes it, and its outputs for the turn.
fn say(effects: &Effects, order: u64, turn: &mut TurnPart, into: &mut Vec<u8>) {
    for (to, message) in &effects.messages {
        journal::write_message(to, message, into);
    }
    for output in &effects.outputs {
        let start = into.len();
        journal::write_output(output, into);
        turn.bytes += into.len() - start;
        turn.outputs.push((order, into[start..].to_vec()));
    }
}
