//! Taking a partition over: its rows are brought up to its journal's end as Kafka has it, folded again in silence, and every
//! frame folded again is held against the digest that was committed with it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::owned::Owned;
use crate::files::Place;
use crate::log::kafka::{self, Error as LogError, Frame, Journal, JournalName, Placed};
use crate::model::Instant;
use crate::runtime::again::{Again, Changes, Each, Records, Refolded};
use crate::runtime::digest::Link;
use crate::runtime::error::Error;
use crate::runtime::open::{new_name, open_store, state_place};
use crate::runtime::partition::Partition;
use crate::runtime::progress::PartitionProgress;
use crate::runtime::settings::Settings;
use crate::store::{self, Applied, Shared, SharedSettings, Store};
use crate::telemetry::Health;
use crate::topology::Kafka;

/// What rows say of where they stand, beside their number of records: the journal's name and Kafka's offset of the last frame.
pub(super) fn attached(name: &JournalName, frame: i64) -> Vec<u8> {
    [&name[..], &frame.to_le_bytes()].concat()
}

/// Stands behind that where the rows are not what the journal's digest stands for: another version of this program than the
/// journal's has folded them again, to something else, and is not at the journal's end yet.
const CHANGED: u8 = 1;

/// Where rows stand.
struct Stand {
    name: JournalName,
    frame: i64,
    is_changed: bool,
}

fn read_attached(dir: &Path, partition: u32, applied: &Applied) -> Result<Stand, Error> {
    let read = || {
        let (name, rest) = applied.attached.split_first_chunk::<16>()?;
        let (frame, rest) = rest.split_first_chunk::<8>()?;
        let is_changed = match rest {
            [] => false,
            [CHANGED] => true,
            _ => return None,
        };
        Some(Stand { name: *name, frame: i64::from_le_bytes(*frame), is_changed })
    };
    read().ok_or_else(|| Error::ForeignRows { dir: dir.into(), partition })
}

/// Refuses rows of an earlier version that are not this journal's, or have seen more than it has: the frame they saw last has
/// to stand where they saw it.
fn check_older(
    dir: &Path,
    kafka: &Kafka,
    partition: u32,
    applied: &Applied,
    stop: &Arc<AtomicBool>,
) -> Result<(), Error> {
    let seen = read_attached(dir, partition, applied)?;
    let records = kafka::Records::open_until(stop, kafka, &kafka.journal(), partition, seen.frame)?;
    let last = Journal::from(records).next().transpose()?;
    let is_there = last.is_some_and(|Placed { offset, frame }| {
        (offset, frame.name, frame.end()) == (seen.frame, seen.name, applied.offset)
    });
    if is_there { Ok(()) } else { Err(Error::ForeignRows { dir: dir.into(), partition }) }
}

/// Who is told that opening goes on, and who says whether it is to.
#[derive(Clone, Copy)]
pub(super) struct Going<'a> {
    pub(super) health: &'a Health,
    pub(super) stop: &'a Arc<AtomicBool>,
}

impl Going<'_> {
    fn on(self) -> Result<(), Error> {
        self.health.beat();
        if self.stop.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// A partition that stands where its journal ends.
struct Ready {
    partition: Partition,
    name: JournalName,
    /// Kafka's offset of the last frame.
    frame: i64,
}

/// Opens partitions, on so many threads.
pub(super) fn open(
    place: &Place,
    kafka: &Kafka,
    settings: &Settings,
    shared: &Shared,
    numbers: &[u32],
    going: Going<'_>,
) -> Result<Owned, Error> {
    let each = |number: u32| open_one(place, kafka, settings, shared, number, numbers.len(), going);
    let threads = settings.threads.clamp(1, numbers.len().max(1));
    let each = &each;
    let share =
        |first: usize| numbers.iter().skip(first).step_by(threads).map(|number| each(*number)).collect::<Vec<_>>();
    let share = &share;
    let opened: Vec<Result<Ready, Error>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("opening returns its errors")).collect()
    });
    let mut ready = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
    ready.sort_by_key(|ready| ready.partition.number);
    let mut owned = Owned::default();
    for Ready { partition, name, frame } in ready {
        owned.partitions.push(partition);
        owned.names.push(name);
        owned.frames.push(frame);
    }
    Ok(owned)
}

fn open_one(
    place: &Place,
    kafka: &Kafka,
    settings: &Settings,
    shared: &Shared,
    number: u32,
    count: usize,
    going: Going<'_>,
) -> Result<Ready, Error> {
    going.on()?;
    let cache_bytes_max = settings.cache_bytes_max / count.max(1);
    let options = store::Options { cache_bytes_max, seed: settings.policies.seed };
    let older = |applied: &Applied| check_older(&place.dir, kafka, number, applied, going.stop);
    let (mut store, is_upgrade) = open_store(&state_place(place, number), shared, &options, &older)?;
    let applied = store.applied().cloned();
    let stands = applied.as_ref().map(|applied| read_attached(&place.dir, number, applied)).transpose()?;
    let applied = applied.map_or(0, |applied| applied.offset);
    let is_changed = stands.as_ref().is_some_and(|stands| stands.is_changed);
    let digest = (!is_changed).then(Link::default);
    let changes = Changes::allowed(is_upgrade, settings.takes_changes);
    let topic = kafka.journal();
    let mut takeover = Takeover {
        again: Again::new(&place.dir, Path::new(&topic), number, &mut store, digest, changes)?,
        rows: &place.dir,
        name: stands.as_ref().map(|stands| stands.name),
        progress: PartitionProgress { clock: Instant::NEVER, ..PartitionProgress::default() },
        frame: stands.map_or(0, |stands| stands.frame),
        applied,
        stop: Arc::clone(going.stop),
        going: Some(going),
    };
    takeover.run(kafka, &mut |_, _| {})?;
    let Takeover { again, name, progress, frame, .. } = takeover;
    let fold = again.fold;
    if progress.offset < applied {
        return Err(Error::ForeignRows { dir: place.dir.clone(), partition: number });
    }
    if progress.offset > applied {
        let (records, offset) = (progress.offset - applied, progress.offset);
        tracing::info!(partition = number, offset, records, "Rows brought up to the journal.");
    }
    // A journal that has nothing yet gets its name now.
    let name = name.unwrap_or_else(|| {
        let name = new_name(&format!("partition {number}"), settings.policies.seed);
        name.try_into().expect("a name has sixteen bytes")
    });
    let partition = Partition::new(number, store, fold, progress, &settings.policies).in_any_order();
    Ok(Ready { partition, name, frame })
}

/// Folds a partition's journal from its beginning into a folder that has nothing of it, and shows each record with what it
/// led to. Fails where a frame's digest is another than the one it was committed with.
pub fn refold(scratch: &Place, kafka: &Kafka, partition: u32, each: Each<'_>) -> Result<Refolded, Error> {
    let shared = Shared::new(&SharedSettings::default());
    let mut store = Store::open(state_place(scratch, partition), &shared, &store::Options::default())?;
    let topic = kafka.journal();
    let mut takeover = Takeover {
        again: Again::new(
            &scratch.dir,
            Path::new(&topic),
            partition,
            &mut store,
            Some(Link::default()),
            Changes::Refused,
        )?,
        rows: &scratch.dir,
        name: None,
        progress: PartitionProgress { clock: Instant::NEVER, ..PartitionProgress::default() },
        frame: 0,
        applied: 0,
        stop: Arc::default(),
        going: None,
    };
    takeover.run(kafka, each)?;
    let progress = takeover.progress;
    store.close()?;
    Ok(Refolded { partition, records: progress.offset, digest: progress.digest })
}

/// A partition's rows on their way.
struct Takeover<'a> {
    /// In whose errors the topic stands where folders have theirs.
    again: Again<'a>,
    /// The folder of the rows, for theirs.
    rows: &'a Path,
    name: Option<JournalName>,
    progress: PartitionProgress,
    /// Kafka's offset of the frame that came last.
    frame: i64,
    /// Records that the rows had when they were opened.
    applied: u64,
    stop: Arc<AtomicBool>,
    going: Option<Going<'a>>,
}

impl Takeover<'_> {
    /// Folds all that the rows lack.
    fn run(&mut self, kafka: &Kafka, each: Each<'_>) -> Result<(), Error> {
        let topic = kafka.journal();
        let records = kafka::Records::open_until(&self.stop, kafka, &topic, self.again.partition, self.frame)?;
        for placed in Journal::from(records) {
            let taken = placed.map_err(Error::from).and_then(|placed| self.take(placed, &topic, each));
            let goes_on = taken.and_then(|()| self.going.map_or(Ok(()), Going::on));
            if matches!(goes_on, Err(Error::Stopped | Error::Kafka(LogError::Stopped))) {
                // So that it need not be folded once more when the service begins again.
                self.again.store.persist()?;
            }
            goes_on?;
        }
        Ok(())
    }

    /// Takes the next frame: folds it again, if the rows lack it.
    fn take(&mut self, Placed { offset, frame }: Placed, topic: &str, each: Each<'_>) -> Result<(), Error> {
        let partition = self.again.partition;
        let name = *self.name.get_or_insert(frame.name);
        if name != frame.name {
            return Err(Error::ForeignRows { dir: self.rows.into(), partition });
        }
        let lacks = frame.end() > self.applied;
        if lacks && (frame.first_offset != self.progress.offset || self.progress.offset < self.applied) {
            let (topic, expected, found) = (topic.to_owned(), self.progress.offset, frame.first_offset);
            return Err(LogError::Gap { topic, partition, offset, expected, found }.into());
        }
        if lacks {
            self.fold(&frame, each)?;
        }
        // What comes next follows on what was committed, whatever this version found.
        self.progress = PartitionProgress { offset: frame.end(), clock: Instant(frame.clock), digest: frame.digest };
        self.again.digest = self.again.digest.map(|_| frame.digest);
        self.frame = offset;
        if lacks {
            let mut attached = attached(&name, offset);
            attached.extend(self.again.digest.is_none().then_some(CHANGED));
            self.again.store.settle(Applied { turn: frame.end(), offset: frame.end(), attached });
            if self.again.store.wants_persisting() {
                self.again.store.persist()?;
            }
        }
        Ok(())
    }

    fn fold(&mut self, frame: &Frame, each: Each<'_>) -> Result<(), Error> {
        let (first_offset, end) = (frame.first_offset, frame.end());
        let records = Records { bytes: &frame.bytes, first_offset, end, turn: None };
        self.again.fold(records, first_offset, &mut |record, effects| {
            each(record, effects);
            Ok(())
        })?;
        if self.again.leads_to(Some(frame.digest)) { Ok(()) } else { self.again.differs(first_offset, end) }
    }
}
