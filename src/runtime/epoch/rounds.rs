//! The end of an epoch: messages are delivered in rounds until quiet, and the hour is marked where one has passed. One
//! thread puts each round into its order and gives every message its place in it; the messages are then folded by all
//! threads, for a round's messages know nothing of one another: whoever is free takes the partition with most of what is
//! left. What a small round would gain by that is less than what meeting costs: the leading thread folds it alone.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

use super::{Epoch, Run, collect};
use crate::fold::waiting_delivered;
use crate::model::{Body, Entity, Instant, Root};
use crate::runtime::partition::Partition;
use crate::runtime::waiting::{Sent, Waiting};

/// Rounds of fewer messages are folded by one thread.
const SHARED_ROUND_MIN: usize = 4;

/// What all threads do together while an epoch ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Job {
    /// Nothing more.
    #[default]
    Done,
    /// What is in the inboxes is delivered, at this time.
    Deliver(Instant),
    /// The hour is marked in all partitions; what follows goes back to this input event.
    Tick(Instant, Root),
}

/// A message in its place, about to be folded.
pub(super) struct Delivery {
    /// Its place in the order of folding.
    order: u64,
    /// Its place in its round.
    rank: u32,
    waiting: Waiting,
}

/// An epoch that ends.
struct End {
    clock: Instant,
    order: u64,
    /// How many messages that may wait are still delivered.
    may_wait: usize,
    kept: Vec<Waiting>,
}

/// Another thread has failed.
struct Failed;

impl Run<'_> {
    /// Delivers what waits, in rounds until quiet but for what is kept for the next epoch's end; marks the hour where one
    /// has passed. All threads come here and leave together. `false` when one has failed.
    pub(super) fn end_epoch(&self, thread: usize, epoch: &Epoch, first: u64) -> bool {
        if thread == 0 { self.lead(epoch, first).is_ok() && self.begin(Job::Done) } else { self.follow(thread) }
    }

    /// Does what the leading thread says, until it is done.
    fn follow(&self, thread: usize) -> bool {
        while self.gate.meet() {
            let job = *self.job.lock().expect("nobody panics holding it");
            match job {
                Job::Done => return true,
                Job::Deliver(_) | Job::Tick(..) => self.work(thread, job),
            }
            if !self.gate.meet() {
                return false;
            }
        }
        false
    }

    fn lead(&self, epoch: &Epoch, first: u64) -> Result<(), Failed> {
        let mut waiting = std::mem::take(&mut *self.kept());
        let may_wait = waiting_delivered(waiting.len());
        let mut end = End { clock: epoch.clock, order: first, may_wait, kept: Vec::new() };
        self.gather(&mut waiting);
        self.deliver(waiting, &mut end)?;
        if let Some(mark) = epoch.tick {
            self.tick(mark, epoch, &mut end)?;
        }
        self.keeps.store(!end.kept.is_empty(), Ordering::Release);
        *self.kept() = end.kept;
        let bytes: usize = (0..self.lanes.len()).map(|slot| self.lane(slot).partition.turn_bytes()).sum();
        self.is_full.store(bytes >= self.turn_bytes, Ordering::Release);
        self.folded.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.kept.lock().expect("a thread that panics ends the run")
    }

    /// Takes what all threads' partitions have to say.
    fn gather(&self, waiting: &mut Vec<Waiting>) {
        for outbox in &self.outboxes {
            waiting.append(&mut outbox.lock().expect("a thread that panics ends the run"));
        }
    }

    fn tick(&self, mark: Instant, epoch: &Epoch, end: &mut End) -> Result<(), Failed> {
        let root = epoch.items.last().map_or(Root::default(), |item| item.root);
        self.together(Job::Tick(mark, root), true)?;
        let mut fired = Vec::new();
        self.gather(&mut fired);
        fired.sort_by_key(|waiting| (waiting.to, waiting.from));
        self.deliver(fired, end)
    }

    fn deliver(&self, mut waiting: Vec<Waiting>, end: &mut End) -> Result<(), Failed> {
        while !waiting.is_empty() {
            waiting.sort_by_key(|waiting| (waiting.sequence, waiting.parent));
            let is_shared = waiting.len() >= SHARED_ROUND_MIN;
            for (rank, waiting) in (0..).zip(waiting) {
                self.address(rank, waiting, end);
            }
            self.together(Job::Deliver(end.clock), is_shared)?;
            waiting = Vec::new();
            self.gather(&mut waiting);
        }
        Ok(())
    }

    /// Puts a message into the inbox of its partition, if it is folded here and now.
    fn address(&self, rank: u32, waiting: Waiting, end: &mut End) {
        let partition = waiting.partition(self.count);
        let Some(slot) = self.slots[partition as usize].filter(|_| self.is_direct) else {
            let Waiting { root, to, message, .. } = waiting;
            let sent = Sent { partition, at: end.clock, root, to, message };
            self.sent.lock().expect("nobody panics holding it").push(sent);
            return;
        };
        if waiting.message.may_wait() {
            if end.may_wait == 0 {
                end.kept.push(waiting);
                return;
            }
            end.may_wait -= 1;
        }
        end.order += 1;
        let delivery = Delivery { order: end.order, rank, waiting };
        self.inboxes[slot].lock().expect("a thread that panics ends the run").push(delivery);
    }

    /// Has all threads do something, or does it for all of them.
    fn together(&self, job: Job, is_shared: bool) -> Result<(), Failed> {
        if self.threads == 1 || !is_shared {
            let outbox = &mut self.outbox(0);
            for slot in 0..self.lanes.len() {
                self.work_on(slot, job, outbox);
            }
            return Ok(());
        }
        let sizes = self.inboxes.iter().map(|inbox| inbox.lock().expect("a thread that panics ends the run").len());
        let mut by_size: Vec<(usize, usize)> = sizes.zip(0..).collect();
        by_size.sort_unstable();
        *self.queue() = by_size.into_iter().map(|(_, slot)| slot).collect();
        if !self.begin(job) {
            return Err(Failed);
        }
        self.work(0, job);
        if self.gate.meet() { Ok(()) } else { Err(Failed) }
    }

    fn begin(&self, job: Job) -> bool {
        *self.job.lock().expect("nobody panics holding it") = job;
        self.gate.meet()
    }

    fn queue(&self) -> MutexGuard<'_, Vec<usize>> {
        self.queue.lock().expect("nobody panics holding it")
    }

    /// Does a job, one partition after another, as long as there are any that nobody has taken.
    fn work(&self, thread: usize, job: Job) {
        let outbox = &mut self.outbox(thread);
        loop {
            let Some(slot) = self.queue().pop() else { return };
            self.work_on(slot, job, outbox);
        }
    }

    /// A partition's part of a job.
    fn work_on(&self, slot: usize, job: Job, outbox: &mut Vec<Waiting>) {
        match job {
            Job::Done => {}
            Job::Deliver(clock) => {
                let mut inbox = self.inboxes[slot].lock().expect("a thread that panics ends the run");
                if !inbox.is_empty() {
                    fold_inbox(&mut inbox, self.lane(slot).partition, clock, outbox);
                }
            }
            Job::Tick(mark, root) => tick(self.lane(slot).partition, mark, root, outbox),
        }
    }
}

fn fold_inbox(inbox: &mut Vec<Delivery>, partition: &mut Partition, clock: Instant, outbox: &mut Vec<Waiting>) {
    for Delivery { order, rank, waiting } in inbox.drain(..) {
        let Waiting { sequence, root, to, message, .. } = waiting;
        partition.at(order).fold_record(clock, root, to, Body::Message(message));
        collect(partition, sequence, rank, outbox);
    }
}

fn tick(partition: &mut Partition, mark: Instant, root: Root, outbox: &mut Vec<Waiting>) {
    if partition.fold().hour() < mark {
        partition.fold_record(mark, root, Entity::CLOCK, Body::Tick);
        collect(partition, root.0, 0, outbox);
    }
}
