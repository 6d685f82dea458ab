//! The embedded engine: opens or goes on with a folder, takes inputs, and commits turns.
//!
//! A turn ends with an epoch, once it has enough events: so an input always makes the same turns, whenever it was
//! interrupted, and the digest, which is chained frame by frame, is always the same.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Moment};

use tracing::{debug, info, warn};

use super::counters::Counters;
use super::epoch::{self, Epoch, Item};
use super::error::Error;
use super::pace::Pace;
use super::partition::Partition;
use super::progress::{PartitionProgress, Progress};
use super::refold::bring_up;
use super::settings::Settings;
use crate::codec;
use crate::fold::EpochCutter;
use crate::intake::Input;
use crate::log::{self, Header, Log, Turn};
use crate::model::{Body, Event, Fact, Instant, Root, RulesPublished, Source};
use crate::store::{self, Applied, Shared, SharedSettings, Store};

/// How long changed rows wait at most before they are written.
const PERSIST_EVERY: Duration = Duration::from_secs(5);

/// What the header says of the rules that a journal was begun with.
const RULES_VERSION: &str = "rules-version";
const RULES_DIGEST: &str = "rules-digest";

/// The clocks before any event.
const NEVER: Instant = Instant(i64::MIN);

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

/// A folder being written.
pub struct Engine {
    dir: PathBuf,
    log: Log,
    partitions: Vec<Partition>,
    settings: Settings,
    cutter: EpochCutter,
    progress: Progress,
    epoch: Vec<Item>,
    epochs: Vec<Epoch>,
    events: usize,
    phases: Phases,
    pace: Pace,
    persisted_at: Moment,
}

impl Engine {
    /// Opens a folder: begins a journal there, or goes on with the one that is there, folding again in silence whatever
    /// the rows lack of it.
    pub fn open(dir: &Path, settings: Settings) -> Result<Self, Error> {
        let wanted = Header::default()
            .with("partitions", settings.partitions)
            .with(RULES_VERSION, &settings.rules_version)
            .with(RULES_DIGEST, blake3::hash(settings.rules.as_bytes()).to_hex());
        let journal = dir.join("journal");
        let log_settings = log::Settings { durable: settings.durable, ..log::Settings::default() };
        let (log, progress) = match Log::open(&journal, log_settings.clone()) {
            Ok((log, recovered)) => {
                let progress = read_progress(dir, &recovered)?;
                // Rules come into force with the first event.
                let in_force = progress.as_ref().is_some_and(|progress| progress.clock != NEVER);
                let keeps_rules = settings.keeps_rules && in_force;
                let wanted = if keeps_rules { with_rules_of(wanted, &recovered.header) } else { wanted };
                recovered.header.require(&journal, &wanted)?;
                info!(turn = recovered.turn, input_consumed = recovered.input_consumed, "Journal opened.");
                if recovered.bytes_cut > 0 {
                    // Said aloud by who opened it.
                    info!(
                        bytes = recovered.bytes_cut,
                        "A turn that was being written when the last run ended is cut off."
                    );
                }
                (log, progress)
            }
            Err(log::Error::Missing { .. }) => (Log::create(&journal, &wanted, log_settings)?, None),
            Err(error) => return Err(error.into()),
        };
        let fresh = Progress {
            clock: NEVER,
            ticked: NEVER,
            partitions: vec![
                PartitionProgress { clock: NEVER, ..PartitionProgress::default() };
                settings.partitions as usize
            ],
            ..Progress::default()
        };
        let progress = progress.unwrap_or(fresh);
        let partitions = open_partitions(dir, &settings, &log, &progress)?;
        let pace = Pace::new(settings.threads);
        Ok(Self {
            dir: dir.into(),
            log,
            partitions,
            cutter: EpochCutter::new(progress.clock, progress.ticked),
            progress,
            settings,
            epoch: Vec::new(),
            epochs: Vec::new(),
            events: 0,
            phases: Phases::default(),
            pace,
            persisted_at: Moment::now(),
        })
    }

    /// How far it has come, committed.
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
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Begins an input, or goes on with it where it was interrupted: returns how many of its events are to be skipped.
    pub fn begin_input(&mut self, identity: &str, files: &[String]) -> u64 {
        if self.progress.input == identity && !self.progress.input_ended {
            return self.progress.counters.events;
        }
        self.progress.input = identity.into();
        if self.progress.journal.is_empty() {
            self.progress.journal = new_name(identity);
        }
        self.progress.input_ended = false;
        self.progress.counters = Counters::default();
        self.progress.files.extend(files.iter().cloned());
        0
    }

    /// Gives up an input that was interrupted: what is committed of it stays, and the next one begins anew whatever it is.
    pub fn give_input_up(&mut self) {
        self.progress.input_ended = true;
    }

    /// What to add to the file numbers of the input at hand.
    pub fn first_file(&self, files: usize) -> u32 {
        u32::try_from(self.progress.files.len().saturating_sub(files)).unwrap_or(u32::MAX)
    }

    /// Takes one input event; commits a turn when there is enough for one.
    pub fn feed(&mut self, input: Input) -> Result<(), Error> {
        let at = input.body.as_ref().map_or(self.cutter.clock(), |event| event.occurred_at);
        if self.cutter.ends_before(at) {
            self.end_epoch();
            if self.events >= self.settings.policies.turn_events {
                self.commit()?;
            }
        }
        // The journal begins with its first event; what was refused before has no time.
        if self.cutter.clock() == NEVER && input.body.is_ok() {
            self.publish_rules(at);
        }
        self.cutter.take(at);
        self.progress.roots += 1;
        let body = match input.body {
            Ok(event) => Body::Fact(input.source, Box::new(event)),
            Err(refused) => Body::Refused(Box::new(refused)),
        };
        self.push(Root(self.progress.roots), at, input.row_head, body);
        Ok(())
    }

    /// Commits what has been fed of an input that cannot be read on. Its epochs are then cut otherwise than those of an
    /// uninterrupted run, and so the digest is another one.
    pub fn cut_input_off(&mut self) -> Result<(), Error> {
        self.end_epoch();
        if self.events == 0 { Ok(()) } else { self.commit() }
    }

    /// Commits what has been fed, and says that the input is at its end.
    pub fn end_input(&mut self) -> Result<(), Error> {
        self.end_epoch();
        self.progress.input_ended = true;
        self.commit()
    }

    /// Persists everything and closes.
    pub fn close(self) -> Result<Progress, Error> {
        for partition in &self.partitions {
            debug!(partition = partition.number, stats = ?partition.store.stats(), "A store is done.");
        }
        let stores = self.partitions.into_iter().map(|partition| partition.store).collect();
        on_threads(self.settings.threads, stores, Store::close)?;
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
        let items = std::mem::take(&mut self.epoch);
        let tick = self.cutter.end();
        self.epochs.push(Epoch { items, tick, clock: self.cutter.clock() });
    }

    fn commit(&mut self) -> Result<(), Error> {
        let began = Moment::now();
        epoch::run(&mut self.partitions, &self.epochs, self.pace.threads());
        let folded = Moment::now();
        self.pace.took(folded - began, self.events);
        self.epochs.clear();
        self.events = 0;
        self.phases.fold += folded - began;
        self.write_turn()?;
        let committed = Moment::now();
        self.phases.commit += committed - folded;
        self.persist()?;
        self.phases.persist += committed.elapsed();
        Ok(())
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
        (self.progress.clock, self.progress.ticked) = (self.cutter.clock(), self.cutter.ticked());
        let turn = Turn {
            number: self.log.last_turn() + 1,
            input_consumed: self.progress.counters.events,
            progress: self.progress.write(),
            frames,
            outputs: outputs.into_iter().flat_map(|(_, bytes)| bytes).collect(),
        };
        self.log.append(&turn)?;
        debug!(turn = turn.number, events = self.progress.counters.events, "Turn committed.");
        for partition in &mut self.partitions {
            let offset = partition.progress().offset;
            let attached = self.progress.journal.clone();
            partition.store.settle(Applied { turn: turn.number, offset, attached });
        }
        Ok(())
    }

    fn persist(&mut self) -> Result<(), Error> {
        let due = self.persisted_at.elapsed() >= PERSIST_EVERY;
        let stores: Vec<&mut Store> = self
            .partitions
            .iter_mut()
            .map(|partition| &mut partition.store)
            .filter(|store| due || store.wants_persisting())
            .collect();
        if stores.is_empty() {
            return Ok(());
        }
        self.persisted_at = Moment::now();
        debug!(stores = stores.len(), "Rows are being persisted.");
        Ok(on_threads(self.settings.threads, stores, Store::persist)?)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
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

/// A journal's own name: what began it, where and when. Only rows that bear it are its rows.
fn new_name(identity: &str) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.as_bytes());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    hasher.update(&now.as_nanos().to_le_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    hasher.finalize().as_bytes()[..16].to_vec()
}

fn read_progress(dir: &Path, recovered: &log::Recovered) -> Result<Option<Progress>, Error> {
    if recovered.turn == 0 {
        return Ok(None);
    }
    let unreadable =
        |refusal| Error::Unreadable { dir: dir.into(), place: format!("turn {}", recovered.turn), refusal };
    Progress::read(&recovered.progress).map(Some).map_err(unreadable)
}

fn open_partitions(dir: &Path, settings: &Settings, log: &Log, progress: &Progress) -> Result<Vec<Partition>, Error> {
    let shared = Shared::new(&SharedSettings::default());
    let options = store::Options { cache_bytes_max: settings.cache_bytes_max / settings.partitions as usize };
    let open = |number: u32| -> Result<Partition, Error> {
        let mut store = open_store(&state_dir(dir, number), &shared, &options)?;
        let fold = bring_up(dir, number, &mut store, &log.reader(), progress)?;
        let progress = progress.partitions[number as usize].clone();
        Ok(Partition::new(number, store, fold, progress, &settings.policies))
    };
    let threads = u32::try_from(settings.threads.max(1)).unwrap_or(1);
    let share = |first: u32| (first..settings.partitions).step_by(threads as usize).map(&open).collect::<Vec<_>>();
    let share = &share;
    let opened: Vec<Vec<Result<Partition, Error>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        handles.into_iter().map(|handle| handle.join().expect("opening returns its errors")).collect()
    });
    let mut partitions = opened.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    partitions.sort_by_key(|partition| partition.number);
    Ok(partitions)
}

/// Opens a partition's rows. Those of an earlier version of this program are given up: they are folded again.
fn open_store(dir: &Path, shared: &Shared, options: &store::Options) -> Result<Store, store::Error> {
    match Store::open(dir, shared, options) {
        Err(store::Error::OlderRows { found, known, .. }) => {
            warn!(dir = %dir.display(), found, known, "Rows are of an earlier version, and are folded again.");
            Store::discard(dir)?;
            Store::open(dir, shared, options)
        }
        opened => opened,
    }
}

/// Where a partition's rows are.
pub(super) fn state_dir(dir: &Path, partition: u32) -> PathBuf {
    dir.join("state").join(format!("{partition:04}"))
}
