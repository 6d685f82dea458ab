//! One turn: from what arrived to items in epochs, and from what they led to to the records of a transaction.

use std::collections::BTreeMap;

use super::feed::{Arrived, Spot};
use super::owned::Owned;
use super::reading::Reading;
use crate::codec::{Digest, Refusal, confluent, journal};
use crate::fold::{EpochCutter, weight};
use crate::log::kafka::{Frame, Outgoing};
use crate::model::{
    Body, Entity, Event, Fact, Id, Instant, Kind, Message, Output, Position, Record, Root, RulesPublished, Source,
};
use crate::runtime::counters::Counters;
use crate::runtime::epoch::{Epoch, Item};
use crate::runtime::partitioner::partition_of;
use crate::runtime::waiting::Sent;
use crate::state::Opening;
use crate::topology::Topology;

/// The most records of one frame of an inbox, and the most bytes before another is begun.
const INBOX_RECORDS_MAX: usize = 512;
const INBOX_BYTES_MAX: usize = 1 << 20;

/// What is being gathered for a turn.
pub(super) struct Gathering<'a> {
    topology: &'a Topology,
    /// Partitions at hand, by number.
    at_hand: Vec<bool>,
    /// Whether messages are folded at once: see [`super::Phase`].
    is_direct: bool,
    /// The rules that a journal begins with.
    rules: &'a RulesPublished,
    /// Partitions at hand whose journal has nothing yet, and those that have no invoice yet.
    fresh: Vec<u32>,
    unbegun: Vec<u32>,
    items: Vec<Item>,
    pub(super) epochs: Vec<Epoch>,
    pub(super) events: usize,
    /// Facts that belong elsewhere.
    pub(super) sent: Vec<Sent>,
    /// Where each place goes on after this turn.
    pub(super) consumed: BTreeMap<Spot, i64>,
    /// The key of each input that may become a dead letter.
    pub(super) keys: Vec<(Source, Key)>,
}

/// The key of an input record.
pub(super) enum Key {
    Id(Id),
    Bytes(Vec<u8>),
}

impl Key {
    fn of(event: &Event) -> Self {
        match event.owner() {
            Entity { kind: Kind::Control, .. } => Self::Bytes(confluent::key(event).to_vec()),
            owner => Self::Id(owner.id),
        }
    }
}

impl<'a> Gathering<'a> {
    pub(super) fn new(topology: &'a Topology, owned: &Owned, is_direct: bool, rules: &'a RulesPublished) -> Self {
        let mut at_hand = vec![false; topology.partitions as usize];
        let (mut fresh, mut unbegun) = (Vec::new(), Vec::new());
        for partition in &owned.partitions {
            at_hand[partition.number as usize] = true;
            if partition.progress().offset == 0 {
                fresh.push(partition.number);
            }
            if partition.fold().opening() == Opening::NEVER {
                unbegun.push(partition.number);
            }
        }
        Self {
            topology,
            at_hand,
            is_direct,
            rules,
            fresh,
            unbegun,
            items: Vec::new(),
            epochs: Vec::new(),
            events: 0,
            sent: Vec::new(),
            consumed: BTreeMap::new(),
            keys: Vec::new(),
        }
    }

    /// Takes a frame of an inbox.
    pub(super) fn take_frame(
        &mut self,
        partition: u32,
        frame: &Frame,
        cutter: &mut EpochCutter,
    ) -> Result<(), Refusal> {
        let mut bytes = frame.bytes.as_slice();
        for _ in 0..frame.count {
            let record = journal::read_record(&mut bytes, Position::default())?;
            let Record { at, root, to, body: Body::Message(message), .. } = record else { continue };
            // A sender that has seen more does not set our clock: a partition's clock is never ahead of its owner's, or a
            // tick would mean another hour when it is folded again. Only an event that was forwarded counts as read here.
            let at = match (&message, cutter.clock()) {
                (Message::Forwarded(_, event), _) => event.occurred_at,
                (_, Instant::NEVER) => at,
                (_, clock) => clock,
            };
            self.make_room(at, cutter);
            self.begin_journals(at);
            let (mut buyer, mut bytes) = (None, 0);
            match &message {
                Message::Arrival(arrival) => self.begin_trade(arrival.issued_at, at),
                Message::Forwarded(source, event) => {
                    self.keys.push((*source, Key::of(event)));
                    buyer = self.see_invoice(event);
                    bytes = weight(event);
                }
                _ => {}
            }
            cutter.take(at, bytes);
            self.push(Item::addressed(root, at, to, partition, buyer, Body::Message(message)));
        }
        Ok(())
    }

    /// Takes a record of an input topic.
    pub(super) fn take(&mut self, spot: Spot, arrived: Arrived, cutter: &mut EpochCutter) {
        self.consumed.insert(spot, arrived.offset + 1);
        let (source, partition) = (arrived.source, spot.partition);
        match arrived.body {
            Err((refused, key)) => {
                let at = cutter.clock();
                self.make_room(at, cutter);
                self.begin_journals(at);
                self.keys.push((source, Key::Bytes(key)));
                cutter.take(at, 0);
                let body = Body::Refused(refused);
                self.push(Item::addressed(Root::BY_PLACE, at, Entity::CLOCK, partition, None, body));
            }
            Ok(event) => {
                let (at, to) = (event.occurred_at, event.owner());
                if to.kind == Kind::Control {
                    // All partitions have the rules, each from its own position on.
                    for other in (0..self.topology.partitions).filter(|other| *other != partition) {
                        self.forward(other, source, &event);
                    }
                } else {
                    let owner = partition_of(&to, self.topology.partitions);
                    if owner != partition {
                        self.forward(owner, source, &event);
                        return;
                    }
                }
                self.make_room(at, cutter);
                self.begin_journals(at);
                self.keys.push((source, Key::of(&event)));
                let buyer = self.see_invoice(&event);
                cutter.take(at, weight(&event));
                let body = Body::Fact(source, Box::new(event));
                self.push(Item::addressed(Root::BY_PLACE, at, to, partition, buyer, body));
            }
        }
    }

    /// Ends the last epoch.
    pub(super) fn finish(&mut self, cutter: &mut EpochCutter) {
        if !self.items.is_empty() {
            self.end_epoch(cutter);
        }
    }

    fn make_room(&mut self, at: Instant, cutter: &mut EpochCutter) {
        if cutter.ends_before(at) {
            self.end_epoch(cutter);
        }
    }

    fn end_epoch(&mut self, cutter: &mut EpochCutter) {
        let items = std::mem::take(&mut self.items);
        let tick = cutter.end().filter(|_| self.is_direct);
        let (clock, ticked) = (cutter.clock(), cutter.ticked());
        self.epochs.push(Epoch { items, tick, clock, ticked, roots: 0 });
    }

    fn push(&mut self, item: Item) {
        self.items.push(item);
        self.events += 1;
    }

    fn forward(&mut self, partition: u32, source: Source, event: &Event) {
        let (at, to) = (event.occurred_at, event.owner());
        let message = Message::Forwarded(source, Box::new(event.clone()));
        self.sent.push(Sent { partition, at, root: Root::BY_PLACE, to, message });
    }

    /// Each journal begins with the rules it is folded under.
    fn begin_journals(&mut self, at: Instant) {
        if self.fresh.is_empty() {
            return;
        }
        let fact = Fact::RulesPublished(self.rules.clone());
        let fingerprint = crate::codec::fingerprint(at, &fact);
        let event = Event { occurred_at: at, event_id: None, source_system: None, fingerprint, fact };
        for partition in std::mem::take(&mut self.fresh) {
            let body = Body::Fact(Source::default(), Box::new(event.clone()));
            let item = Item::addressed(Root::default(), at, Entity::CONTROL, partition, None, body);
            self.items.push(item);
        }
    }

    /// Each journal's trade begins with the first invoice that its owner sees, whenever it sees it.
    fn begin_trade(&mut self, issued_at: Instant, at: Instant) {
        for partition in std::mem::take(&mut self.unbegun) {
            let body = Body::Message(Message::Began(issued_at));
            self.items.push(Item::addressed(Root::default(), at, Entity::CONTROL, partition, None, body));
        }
    }

    /// Of an invoice, the buyer whom its arrival reaches at once.
    fn see_invoice(&mut self, event: &Event) -> Option<(Entity, u32)> {
        let Fact::InvoiceIssued(invoice) = &event.fact else { return None };
        self.begin_trade(event.occurred_at, event.occurred_at);
        let buyer = Entity::taxpayer(invoice.buyer_id?);
        let partition = partition_of(&buyer, self.topology.partitions);
        (self.is_direct && self.at_hand[partition as usize]).then_some((buyer, partition))
    }
}

/// A turn as it is to be committed.
pub(super) struct Made {
    pub(super) records: Vec<Outgoing>,
    pub(super) counters: Counters,
    /// Whether anything was sent to an inbox.
    pub(super) has_sent: bool,
    pub(super) outputs: usize,
    /// Of them, how many go to which topic.
    pub(super) outputs_of: BTreeMap<String, u64>,
    /// Records folded.
    pub(super) folds: u64,
    /// Dead letters, by code, and where the first came from.
    pub(super) dead_letters: BTreeMap<String, u64>,
    pub(super) first_dead_letter: Option<Refusing>,
}

impl Made {
    /// The bytes of its records.
    pub(super) fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.value.len()).sum()
    }
}

/// An input that could not be used.
pub(super) struct Refusing {
    pub(super) topic: String,
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) code: String,
}

/// Makes the records of a turn.
pub(super) fn make(
    topology: &Topology,
    reading: &Reading,
    owned: &mut Owned,
    sent: Vec<Sent>,
    keys: &[(Source, Key)],
) -> Result<Made, Refusal> {
    let kafka = &topology.kafka;
    let mut made = Made {
        records: Vec::new(),
        counters: Counters::default(),
        has_sent: !sent.is_empty(),
        outputs: 0,
        outputs_of: BTreeMap::new(),
        folds: 0,
        dead_letters: BTreeMap::new(),
        first_dead_letter: None,
    };
    let mut outputs = Vec::new();
    let Owned { partitions, names, .. } = owned;
    for (partition, name) in partitions.iter_mut().zip(names.iter()) {
        let part = partition.end_turn();
        made.counters.add(&part.counters);
        outputs.extend(part.outputs);
        let number = partition.number;
        for (frame, end) in part.frames.into_iter().zip(&part.ends) {
            let frame = Frame {
                name: *name,
                partition: number,
                count: frame.count,
                first_offset: frame.first_offset,
                clock: end.clock.0,
                digest: end.digest,
                bytes: frame.bytes,
            };
            made.folds += u64::from(frame.count);
            made.records.push(framed(kafka.journal(), number, &frame, Some(number)));
        }
        if part.ends.is_empty() {
            continue;
        }
        let progress = partition.progress();
        let digest = Digest {
            partition: i64::from(number),
            partitions: i64::from(topology.partitions),
            offset: progress.offset.cast_signed(),
            at: progress.clock.0,
            rules_version: partition.fold().rules().version.to_string(),
            digest: blake3::Hash::from_bytes(progress.digest).to_hex().to_string(),
        };
        let mut value = Vec::new();
        reading.numbers().write_digest(&digest, &mut value);
        made.records.push(Outgoing {
            topic: kafka.named(&kafka.topics.digests),
            partition: Some(number),
            key: number.to_string().into_bytes(),
            value,
            ..Outgoing::default()
        });
    }
    outputs.sort_by_key(|(order, _)| *order);
    for (_, bytes) in &outputs {
        let output = journal::read_output(&mut bytes.as_slice())?;
        if let Output::DeadLetter(letter) = &output {
            let code = letter.code.to_string();
            *made.dead_letters.entry(code.clone()).or_default() += 1;
            made.first_dead_letter.get_or_insert_with(|| {
                let (topic, partition, offset) = reading.place(letter.source);
                Refusing { topic: topic.to_owned(), partition, offset, code }
            });
        }
        let record = said(topology, reading, &output, keys);
        *made.outputs_of.entry(record.topic.clone()).or_default() += 1;
        made.records.push(record);
    }
    made.outputs = outputs.len();
    made.records.extend(inbox_frames(topology, sent));
    Ok(made)
}

fn framed(topic: String, partition: u32, frame: &Frame, frame_of: Option<u32>) -> Outgoing {
    let key = partition.to_string().into_bytes();
    Outgoing { topic, partition: Some(partition), key, value: frame.write(), frame_of, ..Outgoing::default() }
}

/// A frame without records, by which a reader knows that it has read everything before it.
pub(super) fn marker(topology: &Topology, partition: u32, name: [u8; 16]) -> Outgoing {
    let frame = Frame { name, partition, ..Frame::default() };
    framed(topology.kafka.inbox(), partition, &frame, None)
}

fn inbox_frames(topology: &Topology, sent: Vec<Sent>) -> Vec<Outgoing> {
    let mut frames: BTreeMap<u32, Vec<Frame>> = BTreeMap::new();
    for Sent { partition, at, root, to, message } in sent {
        let frames = frames.entry(partition).or_default();
        let is_full = |frame: &Frame| frame.count as usize >= INBOX_RECORDS_MAX || frame.bytes.len() >= INBOX_BYTES_MAX;
        if frames.last().is_none_or(is_full) {
            frames.push(Frame { partition, ..Frame::default() });
        }
        let frame = frames.last_mut().expect("one was just made sure of");
        let record = Record { position: Position::default(), at, root, to, body: Body::Message(message) };
        journal::write_record(&record, &mut frame.bytes);
        frame.count += 1;
    }
    let frame = |frame: &Frame| framed(topology.kafka.inbox(), frame.partition, frame, None);
    frames.values().flatten().map(frame).collect()
}

/// An output as a record of its topic.
fn said(topology: &Topology, reading: &Reading, output: &Output, keys: &[(Source, Key)]) -> Outgoing {
    let topics = &topology.kafka.topics;
    let mut headers = Vec::new();
    let (topic, key) = match output {
        Output::Signal(signal) => (&topics.signals, signal.taxpayer_id.as_str().as_bytes().to_vec()),
        Output::Case(case) => (&topics.cases, case.case_id.as_str().as_bytes().to_vec()),
        // A task that no grid has yet goes by its own name.
        Output::Task(task) => {
            let key = task.grid_id.unwrap_or(task.task_id);
            (&topics.tasks, key.as_str().as_bytes().to_vec())
        }
        Output::Doubt(doubt) => (&topics.doubts, doubt.taxpayer_id.as_str().as_bytes().to_vec()),
        Output::DeadLetter(letter) => {
            let (topic, partition, offset) = reading.place(letter.source);
            headers = vec![
                ("topic", topic.as_bytes().to_vec()),
                ("partition", partition.to_string().into_bytes()),
                ("offset", offset.to_string().into_bytes()),
                ("code", letter.code.as_bytes().to_vec()),
                ("reason", letter.reason.as_bytes().to_vec()),
            ];
            let key = keys.iter().find(|(source, _)| *source == letter.source).map(|(_, key)| key);
            let key = match key {
                Some(Key::Bytes(bytes)) => bytes.clone(),
                Some(Key::Id(id)) => id.as_str().as_bytes().to_vec(),
                None => Vec::new(),
            };
            (&topics.dead_letters, key)
        }
    };
    let mut value = Vec::new();
    reading.numbers().write_output(output, &mut value);
    Outgoing { topic: topology.kafka.named(topic), key, value, headers, ..Outgoing::default() }
}
