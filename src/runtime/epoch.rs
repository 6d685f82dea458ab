//! Epochs on threads. Each thread has some partitions for an epoch, so that all have about as much to do, and walks the
//! events in input order: it folds those its partitions own, and the arrivals of invoices at its partitions' taxpayers. An
//! arrival that another thread is still making is put off, with whatever comes after it for the same taxpayer, and the thread
//! goes on with others; the journal gets the records in their order all the same. All dependencies point to earlier events,
//! so somebody can always go on. Between epochs all other messages are delivered ([`rounds`]), in an order that knows nothing
//! of threads and partitions.

mod rounds;

use std::any::Any;
use std::collections::VecDeque;
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
    let partitions: Vec<Mutex<&mut Partition>> = partitions.iter_mut().map(Mutex::new).collect();
    let run = Run {
        partitions,
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
    /// Those at hand.
    partitions: Vec<Mutex<&'a mut Partition>>,
    /// Where among them each partition of the journal is, if it is.
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

type Guard<'g, 'a> = MutexGuard<'g, &'a mut Partition>;

/// A thread's partitions, by number, and what they say.
struct Own<'g, 'a> {
    partitions: Vec<Option<Guard<'g, 'a>>>,
    outbox: MutexGuard<'g, Vec<Waiting>>,
}

/// Something to be folded by a thread, in its place in the order.
#[derive(Clone, Copy)]
struct Work<'e> {
    item: &'e Item,
    order: u64,
    to: Entity,
    partition: u32,
    is_arrival: bool,
}

/// What a thread has put off, in order.
#[derive(Default)]
struct PutOff<'e> {
    works: VecDeque<Work<'e>>,
    /// Whose works are among them: few.
    entities: Vec<Entity>,
}

impl<'a> Run<'a> {
    /// The partitions of a thread that panicked are of no more use, so nothing that it left half done is seen.
    fn caught(&self, thread: usize, epochs: &[Epoch]) -> Result<(), Panic> {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.thread(thread, epochs)))
    }

    fn thread(&self, thread: usize, epochs: &[Epoch]) {
        let _watch = self.gate.watch();
        for ((at, epoch), quiet) in epochs.iter().enumerate().zip(&self.quiet) {
            let first = (at as u64) << EPOCH_SHIFT;
            // Read while nobody writes it: behind the gate, thread 0 may be about to already, and all must go the same way.
            let keeps = self.keeps.load(Ordering::Acquire);
            if !self.fold_items(thread, epoch, first, quiet) || !self.gate.meet() {
                return;
            }
            if quiet.load(Ordering::Acquire) && !keeps {
                self.folded.store(at + 1, Ordering::Release);
                continue;
            }
            if !self.end_epoch(thread, epoch, first + ROUNDS) || self.is_full.load(Ordering::Acquire) {
                return;
            }
        }
    }

    fn lock(&self, partition: u32) -> Guard<'_, 'a> {
        let slot = self.slots[partition as usize].expect("only partitions at hand are asked for");
        self.partitions[slot].lock().expect("a thread that panics ends the run")
    }

    /// Which thread folds which partition in an epoch: of what is left, the one with most to do goes to the thread with least.
    /// All threads come to the same.
    fn shares(&self, epoch: &Epoch) -> Vec<Option<usize>> {
        if self.threads == 1 {
            return self.slots.iter().map(|slot| slot.map(|_| 0)).collect();
        }
        let mut works: Vec<(u32, u32)> = (0..self.count).map(|partition| (0, partition)).collect();
        for item in &epoch.items {
            let arrival = item.buyer.map(|(_, partition)| partition);
            for partition in item.owner.into_iter().chain(arrival) {
                works[partition as usize].0 += 1;
            }
        }
        works.retain(|(_, partition)| self.slots[*partition as usize].is_some());
        works.sort_unstable();
        let (mut shares, mut given) = (vec![None; self.slots.len()], vec![0; self.threads]);
        for (works, partition) in works.into_iter().rev() {
            let thread = (0..self.threads).min_by_key(|thread| given[*thread]).expect("there is a thread");
            given[thread] += works;
            shares[partition as usize] = Some(thread);
        }
        shares
    }

    /// The partitions at hand, in their order.
    fn at_hand(&self) -> impl Iterator<Item = u32> {
        (0..self.count).filter(|number| self.slots[*number as usize].is_some())
    }

    /// `false` when another thread has failed.
    fn fold_items(&self, thread: usize, epoch: &Epoch, first: u64, quiet: &AtomicBool) -> bool {
        let shares = self.shares(epoch);
        let owns = |partition: u32| shares[partition as usize] == Some(thread);
        let lock = |partition| owns(partition).then(|| self.lock(partition));
        let mut own = Own {
            partitions: (0..self.count).map(lock).collect(),
            outbox: self.outboxes[thread].lock().expect("a thread that panics ends the run"),
        };
        let mut put_off = PutOff::default();
        for (order, item) in (first..).step_by(2).zip(&epoch.items) {
            let Some(owner) = item.owner else {
                if !self.finish(&mut put_off, &mut own) {
                    return false;
                }
                fold_everywhere(item, order, &mut own);
                continue;
            };
            if owns(owner) {
                let work = Work { item, order, to: item.to, partition: owner, is_arrival: false };
                put_off.fold_or_put_off(work, &mut own);
            }
            if let Some((to, partition)) = item.buyer.filter(|(_, partition)| owns(*partition)) {
                let work = Work { item, order: order + 1, to, partition, is_arrival: true };
                put_off.fold_or_put_off(work, &mut own);
            }
            if put_off.works.front().is_some_and(Work::is_ready) {
                put_off.fold_what_is_ready(&mut own);
            }
        }
        let finished = self.finish(&mut put_off, &mut own);
        if !own.outbox.is_empty() {
            quiet.store(false, Ordering::Release);
        }
        finished
    }

    /// Folds all that was put off. `false` when another thread has failed.
    fn finish(&self, put_off: &mut PutOff<'_>, own: &mut Own<'_, '_>) -> bool {
        while let Some(next) = put_off.works.front().copied() {
            if !self.gate.wait(|| next.is_ready()) {
                return false;
            }
            put_off.fold_what_is_ready(own);
        }
        true
    }
}

impl Work<'_> {
    /// Whether all that it needs of other threads is there.
    fn is_ready(&self) -> bool {
        !self.is_arrival || self.item.arrival.get().is_some()
    }

    fn fold(self, own: &mut Own<'_, '_>) {
        let partition = own.partitions[self.partition as usize].as_mut().expect("a thread works for its own");
        partition.at(self.order);
        if self.is_arrival {
            fold_arrival(self.item, self.order, partition, &mut own.outbox);
        } else {
            fold_fact(self.item, self.order, partition, &mut own.outbox);
        }
    }
}

impl<'e> PutOff<'e> {
    fn fold_or_put_off(&mut self, work: Work<'e>, own: &mut Own<'_, '_>) {
        let is_next = self.entities.is_empty() || !self.entities.contains(&work.to);
        if is_next && work.is_ready() {
            work.fold(own);
            return;
        }
        if self.works.is_empty() {
            own.each(Partition::hold_back);
        }
        if is_next {
            self.entities.push(work.to);
        }
        self.works.push_back(work);
    }

    /// Goes once through what was put off.
    fn fold_what_is_ready(&mut self, own: &mut Own<'_, '_>) {
        self.entities.clear();
        for _ in 0..self.works.len() {
            let work = self.works.pop_front().expect("counted above");
            let is_next = !self.entities.contains(&work.to);
            if is_next && work.is_ready() {
                work.fold(own);
                continue;
            }
            if is_next {
                self.entities.push(work.to);
            }
            self.works.push_back(work);
        }
        if self.works.is_empty() {
            own.each(Partition::catch_up);
        }
    }
}

impl Own<'_, '_> {
    fn each(&mut self, mut what: impl FnMut(&mut Partition)) {
        self.partitions.iter_mut().flatten().for_each(|partition| what(partition));
    }
}

fn fold_everywhere(item: &Item, order: u64, own: &mut Own<'_, '_>) {
    let body = item.body.lock().expect("nobody panics holding it").clone().expect("it is never taken away");
    for partition in own.partitions.iter_mut().flatten() {
        let outputs = partition.outputs();
        let verdict = partition.at(order).fold_record(item.at, item.root, item.to, body.clone());
        match partition.number {
            // The rules that a journal begins with are nobody's input.
            0 if item.root == Root::default() => {}
            0 => partition.count(item.row_head, verdict),
            _ => partition.hush(outputs),
        }
        collect(partition, item.root.0, 0, &mut own.outbox);
    }
}

fn fold_fact(item: &Item, order: u64, partition: &mut Partition, outbox: &mut Vec<Waiting>) {
    let body = item.body();
    let (refused, counted) = (matches!(body, Body::Refused(_)), is_input(item.to, &body));
    let verdict = partition.fold_record(item.at, item.root, item.to, body);
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

fn fold_arrival(item: &Item, order: u64, partition: &mut Partition, outbox: &mut Vec<Waiting>) {
    if let Some((root, to, message)) = item.arrival.get().and_then(Option::as_ref) {
        partition.fold_record(item.at, *root, *to, Body::Message(message.clone()));
        collect(partition, partition.sequence(item.root, order - 1), 1, outbox);
    }
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
