//! An instance on Kafka: reads the input topics and the inboxes of its partitions, folds with the same epochs as the embedded
//! engine, and commits each turn in one transaction.
//!
//! ```text
//! topics ─► Feed ─► Gathering: items in epochs ─► partitions, on threads ─► Made ─► one transaction ─► rows, when it suits
//! ```
//!
//! A message to a partition at hand is folded at once, in the same transaction; only what is for others goes by the inbox.
//! So that no message overtakes another on the way, an inbox is first read to its end after every assignment, and until then
//! everything goes by it ([`Phase`]).

mod assignment;
mod feed;
mod folding;
mod group;
mod owned;
mod polling;
mod reading;
mod takeover;
mod turn;
mod watch;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant as Moment};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tracing::{error, info, warn};

use super::counters::Counters;
use super::error::Error;
use super::pace::Pace;
use super::settings::{Persist, Settings};
use crate::files::Place;
use crate::fold::EpochCutter;
use crate::log::kafka::{self, Failure, Registry, Transactions};
use crate::model::{Instant, RulesPublished};
use crate::store::{Shared, SharedSettings};
use crate::telemetry::{State, Telemetry};
use crate::topology::Topology;
use feed::Feed;
use group::Group;
use owned::Owned;
use reading::Reading;
pub use takeover::refold;
use watch::Watch;

/// Before an aborted turn is folded again.
const AFTER_ABORT: Duration = Duration::from_millis(200);
/// Before brokers that did not answer are asked again.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// Whoever is told within this, more often than so many times, that another goes by its name, ends.
const FENCED_AGAIN: Duration = Duration::from_mins(2);
const FENCED_MAX: usize = 4;

/// What an instance has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// What became of the input.
    pub counters: Counters,
    /// Turns committed.
    pub turns: u64,
    /// Turns given up.
    pub aborted: u64,
    /// Records for the outside.
    pub outputs: u64,
}

/// How far an instance is with the partitions it was given.
enum Phase {
    /// It has none.
    Waiting,
    /// Inboxes are read to their end: until their marker. Everything that is said meanwhile goes by the inboxes, and if
    /// anything was, there is another round.
    Draining { marker: [u8; 16], unseen: Vec<u32>, has_sent: bool },
    /// Input is folded, and messages to partitions at hand with it.
    Running,
}

/// Where the consumer goes on when partitions are opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SetBack {
    /// It stands at what is committed.
    No,
    /// It has read on.
    Yes,
}

/// An instance at work.
struct Worker<'a> {
    topology: &'a Topology,
    settings: &'a Settings,
    place: &'a Place,
    telemetry: &'a Telemetry,
    watch: Watch,
    rules: RulesPublished,
    reading: Reading,
    shared: Shared,
    owned: Arc<Mutex<Owned>>,
    consumer: BaseConsumer<Group>,
    transactions: Arc<Transactions>,
    stop: Arc<AtomicBool>,
    assigned: Vec<(String, u32)>,
    /// When the group said that another goes by our name.
    fenced: Vec<Moment>,
    /// Partitions that something is wrong with: they wait for an operator, and the others go on.
    parked: BTreeSet<u32>,
    /// Whether they are to be opened, and whether the consumer has to be set back for it.
    to_open: Option<SetBack>,
    feed: Feed,
    cutter: EpochCutter,
    phase: Phase,
    pace: Pace,
    /// The most events of the next turn.
    turn_events: usize,
    ends_asked: Moment,
    input_seen: Moment,
    persisted: Moment,
}

/// Runs an instance until it is to stop: what is committed stays, and it goes on from there when it is started again.
pub fn serve(
    place: &Place,
    topology: &Topology,
    settings: &Settings,
    telemetry: &Telemetry,
    stop: &Arc<AtomicBool>,
) -> Result<Tally, Error> {
    let differences = kafka::differences(topology)?;
    if !differences.is_empty() {
        return Err(kafka::Error::Topics { differences }.into());
    }
    let mut worker = Worker::join(place, topology, settings, telemetry, stop)?;
    while !stop.load(Ordering::Relaxed) {
        telemetry.health().beat();
        match worker.turn() {
            Ok(()) | Err(Error::Stopped | Error::Kafka(kafka::Error::Stopped)) => {}
            Err(Error::Kafka(error @ kafka::Error::Kafka { .. })) => worker.wait_for_brokers(&error),
            Err(error @ Error::Fenced { .. }) => worker.join_again(error)?,
            Err(error) => worker.park(error)?,
        }
    }
    info!("Stopping.");
    telemetry.health().is_now(State::Stopping);
    let Worker { owned, consumer, .. } = worker;
    let tally = {
        let mut owned = owned.lock().expect("it is not held while the consumer is asked");
        owned.release();
        owned.tally
    };
    drop(consumer);
    Ok(tally)
}

impl<'a> Worker<'a> {
    fn join(
        place: &'a Place,
        topology: &'a Topology,
        settings: &'a Settings,
        telemetry: &'a Telemetry,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, Error> {
        let kafka = &topology.kafka;
        let mut registry = Registry::open(kafka)?;
        registry.register(kafka, stop)?;
        // A process before ours, if it is still there, can commit no more from here on.
        let transactions = Arc::new(Transactions::open(kafka, stop, settings.policies.transactional)?);
        watch::begin(topology);
        let owned = Arc::new(Mutex::new(Owned::default()));
        let reading = Reading::new(topology, registry);
        let consumer = member(topology, &reading, &owned)?;
        let bytes_max = (kafka.buffered_mib as usize) << 19;
        let now = Moment::now();
        Ok(Self {
            rules: RulesPublished {
                version: settings.rules_version.as_str().into(),
                rules: settings.rules.as_str().into(),
            },
            shared: Shared::new(&SharedSettings::default()),
            feed: Feed::new(bytes_max, i64::from(kafka.skew_minutes) * 60_000),
            cutter: EpochCutter::new(Instant::NEVER, Instant::NEVER),
            phase: Phase::Waiting,
            pace: Pace::new(settings.threads, settings.policies.seed.is_none()),
            turn_events: kafka.turn_events as usize,
            assigned: Vec::new(),
            fenced: Vec::new(),
            parked: BTreeSet::new(),
            to_open: None,
            ends_asked: now,
            input_seen: now,
            persisted: now,
            topology,
            settings,
            place,
            telemetry,
            watch: Watch::new(),
            reading,
            owned,
            consumer,
            transactions,
            stop: Arc::clone(stop),
        })
    }

    fn is_to_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits before something is tried again, unless the service is to end.
    fn pause(&self, time: Duration) {
        let began = Moment::now();
        while began.elapsed() < time && !self.is_to_stop() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn owned(&self) -> MutexGuard<'_, Owned> {
        self.owned.lock().expect("it is not held while the consumer is asked")
    }

    /// Reads for as long as commits are apart, then folds and commits what there is.
    fn turn(&mut self) -> Result<(), Error> {
        self.read()?;
        if self.is_to_stop() {
            // What was read is not folded yet, and will be read again.
            return Ok(());
        }
        let said = self.consumer.context().said();
        if said.revoked {
            self.enter(Phase::Waiting);
            self.assigned.clear();
            self.to_open = None;
            self.feed.begin(&[], &[], self.bytes_max());
        }
        if let Some(assigned) = said.assigned {
            self.assigned = assigned;
            // Whatever was wrong may have been mended meanwhile.
            self.parked.clear();
            self.to_open = Some(SetBack::No);
        }
        self.look_around();
        if let Some(set_back) = self.to_open.take() {
            return self.take_over(set_back);
        }
        if matches!(self.phase, Phase::Waiting) {
            return Ok(());
        }
        self.ask_for_ends();
        if self.is_to_stop() {
            return Ok(());
        }
        self.fold_and_commit()?;
        self.go_on_when_drained()?;
        self.persist_when_due()
    }

    /// Goes on to another phase, and says so.
    fn enter(&mut self, phase: Phase) {
        self.telemetry.health().is_now(match phase {
            Phase::Waiting if self.assigned.is_empty() => State::Waiting,
            Phase::Waiting | Phase::Draining { .. } => State::TakingUp,
            Phase::Running => State::Running,
        });
        self.phase = phase;
    }

    fn bytes_max(&self) -> usize {
        (self.topology.kafka.buffered_mib as usize) << 19
    }

    /// A turn was given up: so is what was folded of it, and what is committed is taken up again.
    fn recover(&mut self, failure: Failure) -> Result<(), Error> {
        let mut owned = self.owned();
        owned.give_up(&failure);
        owned.discard();
        drop(owned);
        self.enter(Phase::Waiting);
        if self.is_to_stop() {
            return Ok(());
        }
        if let Failure::Unusable(error) = failure {
            // If somebody else goes by our name, it is they who go on.
            if self.consumer.client().fatal_error().is_some() {
                self.heed(error)?;
            }
        }
        self.pause(AFTER_ABORT);
        // The group may be about to take the partitions away: that is heard before they are opened again.
        self.feed.begin(&[], &[], self.bytes_max());
        self.to_open = (!self.assigned.is_empty()).then_some(SetBack::Yes);
        Ok(())
    }

    /// Makes the producer anew where it is of no more use: what it left open is ended with that.
    fn renew_producer(&mut self) -> Result<(), Error> {
        if !self.owned().has_lost_producer {
            return Ok(());
        }
        warn!("The producer is made anew.");
        self.telemetry.health().beat();
        let (kafka, transactional) = (&self.topology.kafka, self.settings.policies.transactional);
        self.transactions = Arc::new(Transactions::open(kafka, &self.stop, transactional)?);
        self.owned().has_lost_producer = false;
        watch::made_producer();
        Ok(())
    }

    /// Brokers that do not answer stop progress, and nothing else: what is committed is taken up again when they do.
    fn wait_for_brokers(&mut self, error: &kafka::Error) {
        warn!(%error, "The brokers do not do what is asked of them; it is tried again.");
        watch::broker_error();
        self.owned().discard();
        self.enter(Phase::Waiting);
        self.to_open = (!self.assigned.is_empty()).then_some(SetBack::Yes);
        self.pause(AFTER_ERROR);
    }

    /// The group says that another goes by our name. It may be us: when a coordinator was lost with its answer to us, the group
    /// knows us by what we never heard, which may happen with each coordinator that is lost. So we join again, some times; another
    /// would have the group say the same of us soon, again and again, and then it is they who go on.
    fn join_again(&mut self, error: Error) -> Result<(), Error> {
        self.fenced.retain(|at| at.elapsed() < FENCED_AGAIN);
        if self.fenced.len() >= FENCED_MAX {
            return Err(error);
        }
        warn!(%error, "Unless it was ourselves: the group is joined again.");
        self.fenced.push(Moment::now());
        self.owned().discard();
        self.assigned.clear();
        self.parked.clear();
        self.enter(Phase::Waiting);
        self.to_open = None;
        self.feed.begin(&[], &[], self.bytes_max());
        self.consumer = member(self.topology, &self.reading, &self.owned)?;
        Ok(())
    }

    /// What is wrong with one partition stops that one: it is left as it is, with its reason, and the others are taken up again
    /// from what is committed. What is wrong with all, or with nothing in particular, ends the instance.
    fn park(&mut self, error: Error) -> Result<(), Error> {
        let Some(partition) = error.partition() else { return Err(error) };
        self.parked.insert(partition);
        if self.numbers()?.is_empty() {
            return Err(error);
        }
        error!(
            partition,
            %error,
            "A partition is parked: nothing of it is read or written until this instance is started again, or the group is \
             divided anew. The others go on."
        );
        self.owned().discard();
        self.enter(Phase::Waiting);
        self.to_open = Some(SetBack::Yes);
        Ok(())
    }

    /// Persists rows, if it is time to or there is little room: what is under way is waited for.
    fn persist_when_due(&mut self) -> Result<(), Error> {
        let owned = Arc::clone(&self.owned);
        let mut owned = owned.lock().expect("it is not held while the consumer is asked");
        let is_due = match self.settings.policies.persist {
            Persist::After(time) => self.persisted.elapsed() >= time,
            Persist::AfterTurns(turns) => owned.tally.turns.is_multiple_of(turns),
        };
        if !is_due && !owned.partitions.iter().any(|partition| partition.store.wants_persisting()) {
            return Ok(());
        }
        if let Err(failure) = self.finish(&mut owned) {
            drop(owned);
            return self.recover(failure);
        }
        owned.settle();
        for partition in &mut owned.partitions {
            if is_due || partition.store.wants_persisting() {
                watch::persist(&mut partition.store)?;
            }
        }
        drop(owned);
        if is_due {
            self.persisted = Moment::now();
        }
        Ok(())
    }

    fn unreadable(&self, partition: Option<u32>, place: String, refusal: crate::codec::Refusal) -> Error {
        let dir = self.topology.kafka.journal().into();
        Error::Unreadable { dir, partition, place, refusal }
    }
}

/// A member of the group.
fn member(
    topology: &Topology,
    reading: &Reading,
    owned: &Arc<Mutex<Owned>>,
) -> Result<BaseConsumer<Group>, kafka::Error> {
    let kafka = &topology.kafka;
    let consumer: BaseConsumer<Group> = kafka::consumer(kafka)?
        .create_with_context(Group::new(Arc::clone(owned)))
        .map_err(problem(topology, "join the group"))?;
    let inbox = kafka.inbox();
    let mut topics: Vec<&str> = reading.topics().iter().map(String::as_str).collect();
    topics.push(&inbox);
    consumer.subscribe(&topics).map_err(problem(topology, "join the group"))?;
    Ok(consumer)
}

fn problem(topology: &Topology, doing: &str) -> impl FnOnce(KafkaError) -> kafka::Error {
    let (doing, servers) = (doing.to_owned(), topology.kafka.bootstrap_servers.clone());
    move |source| kafka::Error::Kafka { doing, servers, source: Box::new(source) }
}
