//! Epochs on threads. Each partition has a lane: the events that it owns and the arrivals of invoices at its taxpayers, in
//! input order. A thread takes a lane that nobody is at, folds of it what it can, and takes another. An arrival that is still
//! being made holds up its lane alone; all dependencies point to earlier events, so somebody can always go on. Between epochs
//! all other messages are delivered ([`rounds`]), in an order that knows nothing of threads and partitions.

mod rounds;

use std::any::Any;
use std::cmp::Reverse;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use self::rounds::{Delivery, Job};
use super::gate::Gate;
use super::partition::Partition;
use super::partitioner::partition_of;
use super::waiting::{Sent, Waiting};
use crate::model::{Body, Entity, Fact, Instant, Kind, Message, Root};

/// An input event on its way into the fold.
pub(super) struct Item {
    pub(super) root: Root,
    pub(super) at: Instant,
    pub(super) to: Entity,
    /// `None` where every partition folds it.
    pub(super) owner: Option<u32>,
    /// Whom its arrival goes to, and the partition that is.
    pub(super) buyer: Option<(Entity, u32)>,
    pub(super) row_head: bool,
    body: Mutex<Option<Body>>,
    arrival: OnceLock<Option<(Root, Entity, Message)>>,
}

impl Item {
    /// A record for one partition, from wherever. An invoice for a buyer whose arrival is folded at once names that, and the
    /// partition it is in.
    pub(super) fn addressed(
        root: Root,
        at: Instant,
        to: Entity,
        owner: u32,
        buyer: Option<(Entity, u32)>,
        body: Body,
    ) -> Self {
        let (owner, body, arrival) = (Some(owner), Mutex::new(Some(body)), OnceLock::new());
        Self { root, at, to, owner, buyer, row_head: true, body, arrival }
    }

    pub(super) fn new(root: Root, at: Instant, row_head: bool, body: Body, partitions: u32) -> Self {
        let (to, buyer) = match &body {
            Body::Fact(_, event) => {
                let buyer = match &event.fact {
                    Fact::InvoiceIssued(invoice) => invoice.buyer_id.map(Entity::taxpayer),
                    _ => None,
                };
                (event.owner(), buyer)
            }
            Body::Message(Message::Began(_)) => (Entity::CONTROL, None),
            Body::Message(_) | Body::Refused(_) | Body::Tick => (Entity::CLOCK, None),
        };
        let owner = match (&body, to.kind) {
            (Body::Refused(_), _) => Some(u32::try_from(root.0 % u64::from(partitions)).expect("below a u32")),
            (_, Kind::Control) => None,
            _ => Some(partition_of(&to, partitions)),
        };
        let buyer = buyer.map(|buyer| (buyer, partition_of(&buyer, partitions)));
        Self { root, at, to, owner, buyer, row_head, body: Mutex::new(Some(body)), arrival: OnceLock::new() }
    }

    fn body(&self) -> Body {
        self.body.lock().expect("nobody panics holding it").take().expect("each item is folded once")
    }
}

/// A run of items, and how it ends.
pub(super) struct Epoch {
    pub(super) items: Vec<Item>,
    /// Where an hour has passed: its mark.
    pub(super) tick: Option<Instant>,
    /// Largest event time so far.
    pub(super) clock: Instant,
    /// The last hour marked by then.
    pub(super) ticked: Instant,
    /// Input events numbered by then.
    pub(super) roots: u64,
}

/// The order of folding within a turn: the epoch, then its events and their arrivals, then the rounds after them.
const EPOCH_SHIFT: u32 = 40;
const ROUNDS: u64 = 1 << 39;

/// What a thread panicked with.
pub(super) type Panic = Box<dyn Any + Send>;

/// How much is folded at once.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) threads: usize,
    /// After an epoch with which the turn has grown to so many bytes, no other is folded.
    pub(super) turn_bytes: usize,
    /// Partitions of the journal as a whole.
    pub(super) partitions: u32,
    /// Whether messages to the partitions at hand are folded at once; otherwise all are sent.
    pub(super) is_direct: bool,
}

/// Folds epochs, one after another, and returns how many; `kept` is what waits for the end of a later one, `sent` gets what
/// is for partitions that are not at hand. Where a step fails, the other threads stop too, and the partition knows at what
/// it was ([`Partition::at_work`]).
pub(super) fn run(
    partitions: &mut [Partition],
    epochs: &[Epoch],
    kept: &mut Vec<Waiting>,
    sent: &mut Vec<Sent>,
    limits: Limits,
) -> Result<usize, Panic> {
    let threads = limits.threads.clamp(1, partitions.len().max(1));
    let mut slots = vec![None; limits.partitions as usize];
    for (slot, partition) in partitions.iter().enumerate() {
        slots[partition.number as usize] = Some(slot);
    }
    let inboxes = partitions.iter().map(|_| Mutex::default()).collect();
    let mut lanes: Vec<Lane<'_>> = partitions.iter_mut().map(Lane::of).collect();
    let rests = (0..).zip(epochs).map(|(at, epoch)| deal(at, epoch, &slots, &mut lanes)).collect();
    let run = Run {
        lanes: lanes.into_iter().map(Mutex::new).collect(),
        rests,
        slots,
        count: limits.partitions,
        is_direct: limits.is_direct,
        sent: Mutex::new(std::mem::take(sent)),
        threads,
        gate: Gate::new(threads),
        outboxes: (0..threads).map(|_| Mutex::new(Vec::new())).collect(),
        inboxes,
        queue: Mutex::default(),
        job: Mutex::default(),
        quiet: epochs.iter().map(|epoch| AtomicBool::new(epoch.tick.is_none())).collect(),
        keeps: AtomicBool::new(!kept.is_empty()),
        kept: Mutex::new(std::mem::take(kept)),
        turn_bytes: limits.turn_bytes,
        is_full: AtomicBool::new(false),
        folded: AtomicUsize::new(0),
    };
    let ended = std::thread::scope(|scope| {
        let run = &run;
        let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || run.caught(thread, epochs))).collect();
        let first = run.caught(0, epochs);
        let others = others.into_iter().map(|thread| thread.join().expect("what it panics with is caught"));
        others.fold(first, Result::and)
    });
    *kept = run.kept.into_inner().unwrap_or_default();
    *sent = run.sent.into_inner().unwrap_or_default();
    ended.map(|()| run.folded.into_inner())
}

struct Run<'a> {
    /// Of the partitions at hand.
    lanes: Vec<Mutex<Lane<'a>>>,
    /// What is left of each epoch's events and arrivals.
    rests: Vec<Rest>,
    /// Which lane each partition of the journal has, if it is at hand.
    slots: Vec<Option<usize>>,
    count: u32,
    is_direct: bool,
    /// What is for others.
    sent: Mutex<Vec<Sent>>,
    threads: usize,
    gate: Gate,
    /// What each thread's partitions have to say at the end of the epoch.
    outboxes: Vec<Mutex<Vec<Waiting>>>,
    /// While an epoch ends: what is to be delivered to each partition at hand, those that nobody has taken yet, the next one
    /// last, and what all threads are at.
    inboxes: Vec<Mutex<Vec<Delivery>>>,
    queue: Mutex<Vec<usize>>,
    job: Mutex<Job>,
    /// Whether there is nothing to be done at the end of an epoch.
    quiet: Vec<AtomicBool>,
    /// What waits for the end of a later epoch, and whether there is any.
    kept: Mutex<Vec<Waiting>>,
    keeps: AtomicBool,
    turn_bytes: usize,
    /// Whether the turn has as much as it may have.
    is_full: AtomicBool,
    /// Epochs that are folded to their end.
    folded: AtomicUsize,
}

/// What a partition has to fold of all epochs, in its order.
struct Lane<'a> {
    partition: &'a mut Partition,
    works: Vec<Work>,
    /// The first that is not folded yet.
    next: usize,
}

/// Something to be folded in a lane.
#[derive(Clone, Copy)]
struct Work {
    epoch: u32,
    /// Its place in the epoch.
    item: u32,
    is_arrival: bool,
}

/// What is left of an epoch's events and arrivals.
struct Rest {
    /// Lanes that have any, the longest first: so all threads are done at about the same time.
    lanes: Vec<usize>,
    works: AtomicUsize,
}

/// Deals an epoch's events and arrivals out to the lanes.
fn deal(at: u32, epoch: &Epoch, slots: &[Option<usize>], lanes: &mut [Lane<'_>]) -> Rest {
    let before: Vec<usize> = lanes.iter().map(|lane| lane.works.len()).collect();
    for (place, item) in (0..).zip(&epoch.items) {
        let work = |is_arrival| Work { epoch: at, item: place, is_arrival };
        match item.owner {
            Some(owner) => {
                if let Some(slot) = slots[owner as usize] {
                    lanes[slot].works.push(work(false));
                }
            }
            None => lanes.iter_mut().for_each(|lane| lane.works.push(work(false))),
        }
        if let Some(slot) = item.buyer.and_then(|(_, partition)| slots[partition as usize]) {
            lanes[slot].works.push(work(true));
        }
    }
    let counts: Vec<usize> = lanes.iter().zip(before).map(|(lane, before)| lane.works.len() - before).collect();
    let mut longest_first: Vec<usize> = (0..counts.len()).filter(|slot| counts[*slot] > 0).collect();
    longest_first.sort_by_key(|slot| Reverse(counts[*slot]));
    Rest { lanes: longest_first, works: AtomicUsize::new(counts.into_iter().sum()) }
}

impl<'a> Lane<'a> {
    fn of(partition: &'a mut Partition) -> Self {
        Self { partition, works: Vec::new(), next: 0 }
    }

    /// Folds what is ready of an epoch. Returns how much that was.
    fn fold(&mut self, at: u32, epoch: &Epoch, first: u64, outbox: &mut Vec<Waiting>) -> usize {
        let begun = self.next;
        while let Some(work) = self.works.get(self.next).filter(|work| work.epoch == at) {
            let item = &epoch.items[work.item as usize];
            let order = first + 2 * u64::from(work.item);
            if work.is_arrival {
                let Some(arrival) = item.arrival.get() else { break };
                if let Some((root, to, message)) = arrival {
                    fold_arrival(item, (*root, *to, message), order, self.partition, outbox);
                }
            } else if item.owner.is_some() {
                fold_fact(item, order, self.partition, outbox);
            } else {
                fold_everywhere(item, order, self.partition, outbox);
            }
            self.next += 1;
        }
        self.next - begun
    }
}

impl<'a> Run<'a> {
    /// The partitions of a thread that panicked are of no more use, so nothing that it left half done is seen.
    fn caught(&self, thread: usize, epochs: &[Epoch]) -> Result<(), Panic> {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.thread(thread, epochs)))
    }

    fn thread(&self, thread: usize, epochs: &[Epoch]) {
        let _watch = self.gate.watch();
        for ((at, epoch), quiet) in (0..).zip(epochs).zip(&self.quiet) {
            let first = u64::from(at) << EPOCH_SHIFT;
            // Read while nobody writes it: behind the gate, thread 0 may be about to already, and all must go the same way.
            let keeps = self.keeps.load(Ordering::Acquire);
            if !self.fold_items(thread, at, epoch, first) || !self.gate.meet() {
                return;
            }
            if quiet.load(Ordering::Acquire) && !keeps {
                self.folded.store(at as usize + 1, Ordering::Release);
                continue;
            }
            if !self.end_epoch(thread, epoch, first + ROUNDS) || self.is_full.load(Ordering::Acquire) {
                return;
            }
        }
    }

    fn lane(&self, slot: usize) -> MutexGuard<'_, Lane<'a>> {
        self.lanes[slot].lock().expect("a thread that panics ends the run")
    }

    fn outbox(&self, thread: usize) -> MutexGuard<'_, Vec<Waiting>> {
        self.outboxes[thread].lock().expect("a thread that panics ends the run")
    }

    /// `false` when another thread has failed.
    fn fold_items(&self, thread: usize, at: u32, epoch: &Epoch, first: u64) -> bool {
        let (outbox, rest) = (&mut self.outbox(thread), &self.rests[at as usize]);
        loop {
            let mut folded = 0;
            let is_done = self.gate.wait(|| {
                // Lanes that somebody is at are left to them, and those of a thread that panicked are of no more use.
                let mut free = rest.lanes.iter().filter_map(|slot| self.lanes[*slot].try_lock().ok());
                folded =
                    free.find_map(|mut lane| Some(lane.fold(at, epoch, first, outbox)).filter(|n| *n > 0)).unwrap_or(0);
                folded > 0 || rest.works.load(Ordering::Acquire) == 0
            });
            if !is_done {
                return false;
            }
            if folded == 0 {
                break;
            }
            rest.works.fetch_sub(folded, Ordering::AcqRel);
            self.gate.tell();
        }
        if !outbox.is_empty() {
            self.quiet[at as usize].store(false, Ordering::Release);
        }
        true
    }
}

fn fold_everywhere(item: &Item, order: u64, partition: &mut Partition, outbox: &mut Vec<Waiting>) {
    let body = item.body.lock().expect("nobody panics holding it").clone().expect("it is never taken away");
    let outputs = partition.outputs();
    let verdict = partition.at(order).fold_record(item.at, item.root, item.to, body);
    match partition.number {
        // The rules that a journal begins with are nobody's input.
        0 if item.root == Root::default() => {}
        0 => partition.count(item.row_head, verdict),
        _ => partition.hush(outputs),
    }
    collect(partition, item.root.0, 0, outbox);
}

fn fold_fact(item: &Item, order: u64, partition: &mut Partition, outbox: &mut Vec<Waiting>) {
    let body = item.body();
    let (refused, counted) = (matches!(body, Body::Refused(_)), is_input(item.to, &body));
    let verdict = partition.at(order).fold_record(item.at, item.root, item.to, body);
    // The rules that a journal begins with are nobody's input.
    if counted && item.root != Root::default() {
        partition.count(item.row_head, if refused { crate::fold::Verdict::Refused } else { verdict });
    }
    let is_arrival = |(_, message): &(Entity, Message)| matches!(message, Message::Arrival(_));
    let arrival = partition.effects.messages.iter().position(is_arrival).filter(|_| item.buyer.is_some());
    let arrival = arrival.map(|at| partition.effects.messages.remove(at));
    let arrival = arrival.map(|(to, message)| (partition.root(), to, message));
    collect(partition, partition.sequence(item.root, order), 0, outbox);
    item.arrival.set(arrival).expect("each item is folded once");
}

fn fold_arrival(
    item: &Item,
    (root, to, message): (Root, Entity, &Message),
    order: u64,
    partition: &mut Partition,
    outbox: &mut Vec<Waiting>,
) {
    partition.at(order + 1).fold_record(item.at, root, to, Body::Message(message.clone()));
    collect(partition, partition.sequence(item.root, order), 1, outbox);
}

/// Whether it is something that came in, and not what entities tell each other; rules count where they came in.
fn is_input(to: Entity, body: &Body) -> bool {
    match body {
        Body::Fact(_, _) | Body::Refused(_) => true,
        Body::Message(message) => matches!(message, Message::Forwarded(_, _)) && to.kind != Kind::Control,
        Body::Tick => false,
    }
}

fn collect(partition: &mut Partition, sequence: u64, parent: u32, into: &mut Vec<Waiting>) {
    let (from, root) = (partition.number, partition.root());
    let messages = partition.effects.messages.drain(..);
    into.extend(messages.map(|(to, message)| Waiting { sequence, root, parent, from, to, message }));
}
