//! The embedded engine: opens or goes on with a folder, takes inputs, and commits turns.
//!
//! A turn ends with an epoch, once it has enough events: so an input always makes the same turns, whenever it was
//! interrupted.

use std::path::Path;
use std::sync::MutexGuard;
use std::time::{Duration, Instant as Moment};

use tracing::{debug, info};

use super::commit::Commits;
use super::counters::Counters;
use super::epoch::{self, Epoch, Item, Limits};
use super::error::Error;
use super::open::{
    PARTITIONS, RULES_DIGEST, RULES_VERSION, check_header, digest_of, last_turn_seen, new_name, open_partitions,
    read_told, refuse_rows_alone,
};
use super::pace::Pace;
use super::partition::Partition;
use super::progress::{Begun, PartitionProgress, Progress};
use super::refold::attached;
use super::settings::{Persist, Settings};
use super::waiting::Waiting;
use crate::codec::{self, Refusal};
use crate::files::Place;
use crate::fold::{EpochCutter, weight};
use crate::intake::Input;
use crate::log::{self, Header, Log, Turn};
use crate::model::{Body, Event, Fact, Instant, Message, Position, Root, RulesPublished, Source};
use crate::state::Opening;
use crate::store::{self, Applied, Store};

/// Where the time went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Phases {
    /// Folding.
    pub fold: Duration,
    /// Writing turns to the journal.
    pub commit: Duration,
    /// Writing rows.
    pub persist: Duration,
}

/// How far a commit goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// All that was fed: the input goes on.
    Fed,
    /// And all that waits: the input cannot be read on.
    Quiet,
    /// And the input is at its end.
    Ended,
}

/// A folder being written.
pub struct Engine {
    place: Place,
    commits: Commits,
    partitions: Vec<Partition>,
    settings: Settings,
    cutter: EpochCutter,
    progress: Progress,
    /// The input at hand, or the last one.
    begun: Begun,
    /// Whether the journal has it.
    is_told: bool,
    epoch: Vec<Item>,
    /// Emptied, and kept for their memory.
    spare: Vec<Vec<Item>>,
    epochs: Vec<Epoch>,
    events: usize,
    /// What the events weigh that came since a turn was committed, in bytes.
    bytes: usize,
    /// Input events numbered so far, committed or not.
    roots: u64,
    /// What waits for the end of a later epoch.
    kept: Vec<Waiting>,
    phases: Phases,
    pace: Pace,
    /// A turn failed: the partitions hold what was not committed.
    is_broken: bool,
    persisted_at: Moment,
    /// Number of the turn after which rows were last persisted, or that the journal was opened with.
    persisted_turn: u64,
    /// Whether the journal has an invoice.
    began: bool,
}

impl Engine {
    /// Opens a folder: begins a journal there, or goes on with the one that is there, folding again in silence whatever
    /// the rows lack of it.
    pub fn open(place: impl Into<Place>, settings: Settings) -> Result<Self, Error> {
        let place = place.into();
        let wanted = Header::default()
            .with(PARTITIONS, settings.partitions)
            .with(RULES_VERSION, &settings.rules_version)
            .with(RULES_DIGEST, digest_of(&settings.rules));
        let journal = place.join("journal");
        let log_settings = log::Settings {
            durable: settings.durable,
            segment_bytes_max: settings.policies.segment_bytes_max,
            ..log::Settings::default()
        };
        let seen = || last_turn_seen(&place, settings.partitions).map_err(Into::into);
        let (log, told) = match Log::open_beside(&journal, log_settings.clone(), &seen) {
            Ok((log, recovered)) => {
                let told = read_told(&place.dir, &recovered)?;
                check_header(&place.dir, &recovered.header, &log.reader())?;
                // Rules come into force with the first event.
                let in_force = told.as_ref().is_some_and(|(progress, _)| progress.clock != Instant::NEVER);
                let keeps_rules = settings.keeps_rules && in_force;
                let wanted = if keeps_rules { with_rules_of(wanted, &recovered.header) } else { wanted };
                recovered.header.require(&journal.dir, &wanted)?;
                info!(turn = recovered.turn, input_consumed = recovered.input_consumed, "Journal opened.");
                if recovered.bytes_cut > 0 {
                    // Said aloud by who opened it.
                    info!(
                        bytes = recovered.bytes_cut,
                        "A turn that was being written when the last run ended is cut off."
                    );
                }
                (log, told)
            }
            Err(log::Error::Missing { .. }) => {
                refuse_rows_alone(&place, settings.partitions)?;
                (Log::create(&journal, &wanted, log_settings)?, None)
            }
            Err(error) => return Err(error.into()),
        };
        let fresh = Progress {
            clock: Instant::NEVER,
            ticked: Instant::NEVER,
            partitions: vec![
                PartitionProgress { clock: Instant::NEVER, ..PartitionProgress::default() };
                settings.partitions as usize
            ],
            ..Progress::default()
        };
        let (progress, begun) = told.unwrap_or_else(|| (fresh, Begun::default()));
        let kept = progress.kept.iter().map(Waiting::read).collect::<Result<_, _>>();
        let kept = kept.map_err(|refusal| unreadable_kept(&place, &log, refusal))?;
        let partitions = open_partitions(&place, &settings, &log, &progress)?;
        let has_invoices = partitions.first().is_some_and(|partition| partition.fold().opening() != Opening::NEVER);
        Ok(Self {
            persisted_turn: log.last_turn(),
            place,
            commits: Commits::new(log, settings.threads > 1),
            partitions,
            cutter: EpochCutter::new(progress.clock, progress.ticked),
            roots: progress.roots,
            kept,
            progress,
            begun,
            is_told: true,
            epoch: Vec::new(),
            spare: Vec::new(),
            epochs: Vec::new(),
            events: 0,
            bytes: 0,
            phases: Phases::default(),
            pace: Pace::new(settings.threads, settings.policies.seed.is_none()),
            settings,
            is_broken: false,
            persisted_at: Moment::now(),
            began: has_invoices,
        })
    }

    /// How far it has come: committed, but for the last turn while an input is being fed, which [`Engine::settle`] commits.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Where the time went.
    pub fn phases(&self) -> Phases {
        self.phases
    }

    /// The partitions, to be read.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The partitions, to be read through their caches.
    pub fn partitions_mut(&mut self) -> &mut [Partition] {
        &mut self.partitions
    }

    /// The journal.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.commits.log()
    }

    /// The input at hand, or the last one.
    pub fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Begins an input, or goes on with it where it was interrupted: returns how many of its events are to be skipped.
    /// Files of its sources are numbered from [`Begun::first_file`] on.
    pub fn begin_input(&mut self, identity: &str, files: &[String]) -> u64 {
        if self.begun.identity == identity && !self.progress.input_ended {
            return self.progress.counters.events;
        }
        if self.progress.journal.is_empty() {
            self.progress.journal = new_name(identity, self.settings.policies.seed);
        }
        self.progress.input_ended = false;
        self.progress.counters = Counters::default();
        self.begun = Begun { identity: identity.into(), first_file: self.progress.files, files: files.to_vec() };
        self.progress.files += u32::try_from(files.len()).expect("files are counted in 32 bits");
        self.is_told = false;
        0
    }

    /// Gives up an input that was interrupted: what is committed of it stays, and the next one begins anew whatever it is.
    pub fn give_input_up(&mut self) {
        self.progress.input_ended = true;
    }

    /// Takes one input event; commits a turn when there is enough for one.
    pub fn feed(&mut self, input: Input) -> Result<(), Error> {
        let at = input.body.as_ref().map_or(self.cutter.clock(), |event| event.occurred_at);
        if self.cutter.ends_before(at) {
            self.end_epoch();
            let policies = &self.settings.policies;
            if self.events >= policies.turn_events || self.bytes >= policies.turn_bytes {
                self.commit(Until::Fed)?;
            }
        }
        // The journal begins with its first event; what was refused before has no time.
        if self.cutter.clock() == Instant::NEVER && input.body.is_ok() {
            self.publish_rules(at);
        }
        if !self.began && input.body.as_ref().is_ok_and(|event| matches!(event.fact, Fact::InvoiceIssued(_))) {
            self.began = true;
            self.push(Root(0), at, false, Body::Message(Message::Began(at)));
        }
        // What is refused keeps little of its bytes.
        let bytes = input.body.as_ref().map_or(0, weight);
        self.cutter.take(at, bytes);
        self.bytes += bytes;
        self.roots += 1;
        let body = match input.body {
            Ok(event) => Body::Fact(input.source, Box::new(event)),
            Err(refused) => Body::Refused(Box::new(refused)),
        };
        self.push(Root(self.roots), at, input.row_head, body);
        Ok(())
    }

    /// Commits what was folded and is still on its way to the journal.
    pub fn settle(&mut self) -> Result<(), Error> {
        let began = Moment::now();
        let done = self.commits.finish();
        self.phases.commit += began.elapsed();
        self.is_broken |= done.is_err();
        Ok(done?)
    }

    /// Commits what has been fed of an input that cannot be read on. Its epochs are then cut otherwise than those of an
    /// uninterrupted run, and so the digest is another one.
    pub fn cut_input_off(&mut self) -> Result<(), Error> {
        self.end_epoch();
        if self.events == 0 && self.kept.is_empty() { Ok(()) } else { self.commit(Until::Quiet) }
    }

    /// Commits what has been fed, and says that the input is at its end.
    pub fn end_input(&mut self) -> Result<(), Error> {
        self.end_epoch();
        self.commit(Until::Ended)
    }

    /// Persists everything and closes, at the end of the program: what was in memory stays there.
    pub fn close(mut self) -> Result<Progress, Error> {
        self.settle()?;
        if self.is_broken {
            return Err(Error::Broken { dir: self.place.dir });
        }
        for partition in &self.partitions {
            debug!(partition = partition.number, stats = ?partition.store.stats(), "A store is done.");
        }
        let stores = self.partitions.into_iter().map(|partition| partition.store).collect();
        on_threads(self.settings.threads, stores, Store::close_for_good)?;
        Ok(self.progress)
    }

    fn publish_rules(&mut self, at: Instant) {
        let fact = Fact::RulesPublished(RulesPublished {
            version: self.settings.rules_version.as_str().into(),
            rules: self.settings.rules.as_str().into(),
        });
        let fingerprint = codec::fingerprint(at, &fact);
        let event = Event { occurred_at: at, event_id: None, source_system: None, fingerprint, fact };
        self.push(Root(0), at, false, Body::Fact(Source::default(), Box::new(event)));
    }

    fn push(&mut self, root: Root, at: Instant, row_head: bool, body: Body) {
        self.epoch.push(Item::new(root, at, row_head, body, self.settings.partitions));
        self.events += 1;
    }

    fn end_epoch(&mut self) {
        if self.epoch.is_empty() {
            return;
        }
        let items = std::mem::replace(&mut self.epoch, self.spare.pop().unwrap_or_default());
        let tick = self.cutter.end();
        let (clock, ticked) = (self.cutter.clock(), self.cutter.ticked());
        self.epochs.push(Epoch { items, tick, clock, ticked, roots: self.roots });
    }

    fn commit(&mut self, until: Until) -> Result<(), Error> {
        if self.is_broken {
            return Err(Error::Broken { dir: self.place.dir.clone() });
        }
        // Until all of it is done: what was folded and not committed must not be built upon.
        self.is_broken = true;
        self.bytes = 0;
        while self.fold_and_commit(until)? {}
        if until != Until::Fed {
            self.settle()?;
        }
        self.is_broken = false;
        Ok(())
    }

    /// Commits a turn. Returns whether there is more to be committed.
    fn fold_and_commit(&mut self, until: Until) -> Result<bool, Error> {
        let began = Moment::now();
        let limits = Limits {
            threads: self.pace.threads(),
            turn_bytes: self.settings.policies.turn_bytes,
            partitions: self.settings.partitions,
            is_direct: true,
        };
        let folded = epoch::run(&mut self.partitions, &self.epochs, &mut self.kept, &mut Vec::new(), limits);
        let count = folded.map_err(|panic| self.failed_step(panic))?;
        let folded = Moment::now();
        let events = self.epochs[..count].iter().map(|epoch| epoch.items.len()).sum();
        self.pace.took(folded - began, events);
        if let Some(last) = count.checked_sub(1).map(|last| &self.epochs[last]) {
            (self.progress.clock, self.progress.ticked) = (last.clock, last.ticked);
            self.progress.roots = last.roots;
        }
        for Epoch { mut items, .. } in self.epochs.drain(..count) {
            items.clear();
            self.spare.push(items);
        }
        if self.epochs.is_empty() && until != Until::Fed && !self.kept.is_empty() {
            self.wait_for_nothing();
        }
        let is_more = !self.epochs.is_empty();
        self.events = self.epochs.iter().map(|epoch| epoch.items.len()).sum();
        self.progress.input_ended |= until == Until::Ended && !is_more;
        self.progress.kept = self.kept.iter().map(Waiting::write).collect();
        self.phases.fold += folded - began;
        let began = Moment::now();
        self.write_turn()?;
        self.phases.commit += began.elapsed();
        let began = Moment::now();
        self.persist()?;
        self.phases.persist += began.elapsed();
        Ok(is_more)
    }

    /// An epoch without events, at whose end some of what waits is delivered.
    fn wait_for_nothing(&mut self) {
        let Progress { clock, ticked, roots, .. } = self.progress;
        self.epochs.push(Epoch { items: Vec::new(), tick: None, clock, ticked, roots });
    }

    /// Why a step failed.
    fn failed_step(&mut self, panic: epoch::Panic) -> Error {
        // What could not be read was not there for the fold.
        if let Some(failure) = self.partitions.iter_mut().find_map(|partition| partition.store.take_failure()) {
            return failure.into();
        }
        let at_work = |partition: &Partition| partition.at_work().map(|at_work| (partition.number, at_work));
        let Some((partition, (root, entity, offset))) = self.partitions.iter().find_map(at_work) else {
            std::panic::resume_unwind(panic); // not in a step: a fault of the engine itself
        };
        Error::step(&self.place.dir, Position { partition, offset }, root, &entity, panic.as_ref())
    }

    fn write_turn(&mut self) -> Result<(), Error> {
        let mut frames = Vec::new();
        let mut outputs = Vec::new();
        for (partition, progress) in self.partitions.iter_mut().zip(&mut self.progress.partitions) {
            if let Some(failure) = partition.store.take_failure() {
                return Err(failure.into());
            }
            let part = partition.end_turn();
            frames.extend(part.frames);
            outputs.extend(part.outputs);
            self.progress.counters.add(&part.counters);
            progress.clone_from(partition.progress());
        }
        outputs.sort_by_key(|(order, _)| *order);
        let outputs: Vec<Vec<u8>> = outputs.into_iter().map(|(_, bytes)| bytes).collect();
        let turn = Turn {
            number: self.commits.last_turn() + 1,
            input_consumed: self.progress.counters.events,
            progress: self.progress.write(),
            standing: if self.is_told { Vec::new() } else { self.begun.write() },
            frames,
            outputs: outputs.concat(),
        };
        let number = turn.number;
        debug!(turn = number, events = self.progress.counters.events, "Turn folded.");
        self.commits.take(turn)?;
        self.is_told = true;
        for partition in &mut self.partitions {
            let offset = partition.progress().offset;
            let attached = attached(&self.progress.journal, partition.number, Some(&partition.progress().digest));
            partition.store.settle(Applied { turn: number, offset, attached });
        }
        Ok(())
    }

    fn persist(&mut self) -> Result<(), Error> {
        let due = match self.settings.policies.persist {
            Persist::After(time) => self.persisted_at.elapsed() >= time,
            Persist::AfterTurns(turns) => self.commits.last_turn() >= self.persisted_turn + turns,
        };
        let stores: Vec<&mut Store> = self
            .partitions
            .iter_mut()
            .map(|partition| &mut partition.store)
            .filter(|store| due || store.wants_persisting())
            .collect();
        if stores.is_empty() {
            return Ok(());
        }
        // Rows never lead the journal.
        self.commits.finish()?;
        (self.persisted_at, self.persisted_turn) = (Moment::now(), self.commits.last_turn());
        debug!(stores = stores.len(), "Rows are being persisted.");
        Ok(on_threads(self.settings.threads, stores, Store::persist)?)
    }

    /// Threads that it was given.
    pub fn threads(&self) -> usize {
        self.settings.threads
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.place.dir
    }
}

fn unreadable_kept(place: &Place, log: &Log, refusal: Refusal) -> Error {
    let place_of = format!("a message that waits after turn {}", log.last_turn());
    Error::Unreadable { dir: place.dir.clone(), partition: None, place: place_of, refusal }
}

/// What is wanted, but for the rules, which are those that a journal was begun with.
fn with_rules_of(mut wanted: Header, begun: &Header) -> Header {
    let rules = |(name, _): &(&String, &String)| [RULES_VERSION, RULES_DIGEST].contains(&name.as_str());
    wanted.fields.extend(begun.fields.iter().filter(rules).map(|(name, value)| (name.clone(), value.clone())));
    wanted
}

/// Does something with each store, on so many threads.
fn on_threads<S: Send>(
    threads: usize,
    stores: Vec<S>,
    each: impl Fn(S) -> Result<(), store::Error> + Sync,
) -> Result<(), store::Error> {
    let threads = threads.clamp(1, stores.len().max(1));
    let mut shares: Vec<Vec<S>> = (0..threads).map(|_| Vec::new()).collect();
    for (at, store) in stores.into_iter().enumerate() {
        shares[at % threads].push(store);
    }
    let each = &each;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(move || share.into_iter().try_for_each(each))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a store returns its errors"))
    })
}
