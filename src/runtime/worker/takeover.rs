//! Taking a partition over: its rows are brought up to its journal's end as Kafka has it, folded again in silence, and every
//! frame folded again is held against the digest that was committed with it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::owned::Owned;
use crate::codec::journal::read_record;
use crate::files::Place;
use crate::fold::{Effects, Fold};
use crate::log::kafka::{Error as LogError, Frame, Journal, JournalName, Placed};
use crate::model::{Instant, Position, Record};
use crate::runtime::digest::Chain;
use crate::runtime::error::Error;
use crate::runtime::open::{new_name, open_store, state_place};
use crate::runtime::partition::{Partition, say_again};
use crate::runtime::progress::PartitionProgress;
use crate::runtime::refold;
use crate::runtime::settings::Settings;
use crate::store::{self, Applied, Shared, SharedSettings, Store};
use crate::telemetry::Health;
use crate::topology::Kafka;

/// The clock before any event.
const NEVER: Instant = Instant(i64::MIN);

/// What rows say of where they stand, beside their number of records: the journal's name and Kafka's offset of the last frame.
pub(super) fn attached(name: &JournalName, frame: i64) -> Vec<u8> {
    [&name[..], &frame.to_le_bytes()].concat()
}

fn read_attached(bytes: &[u8]) -> Option<(JournalName, i64)> {
    let (name, frame) = bytes.split_first_chunk::<16>()?;
    Some((*name, i64::from_le_bytes(frame.try_into().ok()?)))
}

/// Who is told that opening goes on, and who says whether it is to.
#[derive(Clone, Copy)]
pub(super) struct Going<'a> {
    pub(super) health: &'a Health,
    pub(super) stop: &'a AtomicBool,
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
    let (mut store, _) = open_store(&state_place(place, number), shared, &options)?;
    let applied = store.applied().cloned();
    let foreign = || Error::ForeignRows { dir: place.dir.clone(), partition: number };
    let stands = match &applied {
        Some(applied) => Some(read_attached(&applied.attached).ok_or_else(foreign)?),
        None => None,
    };
    let applied = applied.map_or(0, |applied| applied.offset);
    let from = stands.map_or(0, |(_, frame)| frame);
    let fold = Fold::open(&mut store);
    let fold = fold.map_err(|source| Error::Rules { dir: place.dir.clone(), partition: number, source })?;
    let again = Again {
        place,
        number,
        store,
        fold,
        effects: Effects::default(),
        chain: Chain::default(),
        said: Vec::new(),
        name: stands.map(|(name, _)| name),
        progress: PartitionProgress { clock: NEVER, ..PartitionProgress::default() },
        frame: from,
        applied,
        each: None,
        going: Some(going),
    };
    again.up_to_the_end(kafka)?.ready(settings)
}

/// A partition's journal, folded from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refolded {
    /// Which partition.
    pub partition: u32,
    /// Records of its journal.
    pub records: u64,
    /// The digest over them.
    pub digest: [u8; 32],
}

/// Folds a partition's journal from its beginning into a folder that has nothing of it, and shows each record with what it
/// led to. Fails where a frame's digest is another than the one it was committed with.
pub fn refold(
    place: &Place,
    kafka: &Kafka,
    partition: u32,
    each: &mut dyn FnMut(&Record, &Effects),
) -> Result<Refolded, Error> {
    let shared = Shared::new(&SharedSettings::default());
    let (mut store, _) = open_store(&state_place(place, partition), &shared, &store::Options::default())?;
    let fold = Fold::open(&mut store);
    let fold = fold.map_err(|source| Error::Rules { dir: place.dir.clone(), partition, source })?;
    let again = Again {
        place,
        number: partition,
        store,
        fold,
        effects: Effects::default(),
        chain: Chain::default(),
        said: Vec::new(),
        name: None,
        progress: PartitionProgress { clock: NEVER, ..PartitionProgress::default() },
        frame: 0,
        applied: 0,
        each: Some(each),
        going: None,
    };
    let Again { store, progress, .. } = again.up_to_the_end(kafka)?;
    store.close()?;
    Ok(Refolded { partition, records: progress.offset, digest: progress.digest })
}

/// Who looks on while records are folded again.
type Each<'a> = &'a mut dyn FnMut(&Record, &Effects);

/// A partition's rows on their way.
struct Again<'a> {
    place: &'a Place,
    number: u32,
    store: Store,
    fold: Fold,
    effects: Effects,
    chain: Chain,
    said: Vec<u8>,
    name: Option<JournalName>,
    progress: PartitionProgress,
    frame: i64,
    /// Records that the rows had when they were opened.
    applied: u64,
    /// Who looks on.
    each: Option<Each<'a>>,
    going: Option<Going<'a>>,
}

impl Again<'_> {
    fn up_to_the_end(mut self, kafka: &Kafka) -> Result<Self, Error> {
        let topic = kafka.journal();
        for placed in Journal::open(kafka, &topic, self.number, self.frame)? {
            self.take(placed?, &topic)?;
            let goes_on = self.going.map_or(Ok(()), Going::on);
            if goes_on.is_err() {
                // So that it need not be folded once more when the service begins again.
                self.store.persist()?;
            }
            goes_on?;
        }
        Ok(self)
    }

    /// Takes the next frame: folds it again, if the rows lack it.
    fn take(&mut self, Placed { offset, frame }: Placed, topic: &str) -> Result<(), Error> {
        let (partition, dir) = (self.number, || self.place.dir.clone());
        if *self.name.get_or_insert(frame.name) != frame.name {
            return Err(Error::ForeignRows { dir: dir(), partition });
        }
        if frame.end() <= self.applied {
            self.progress =
                PartitionProgress { offset: frame.end(), clock: Instant(frame.clock), digest: frame.digest };
            self.frame = offset;
            return Ok(());
        }
        if frame.first_offset != self.progress.offset || self.progress.offset < self.applied {
            let (topic, expected, found) = (topic.to_owned(), self.progress.offset, frame.first_offset);
            return Err(LogError::Gap { topic, partition, offset, expected, found }.into());
        }
        self.fold_again(&frame)?;
        self.frame = offset;
        let name = self.name.expect("it is that of the frame");
        let attached = attached(&name, offset);
        self.store.settle(Applied { turn: self.progress.offset, offset: self.progress.offset, attached });
        if self.store.wants_persisting() {
            self.store.persist()?;
        }
        Ok(())
    }

    fn fold_again(&mut self, frame: &Frame) -> Result<(), Error> {
        let mut bytes = frame.bytes.as_slice();
        for offset in frame.first_offset..frame.end() {
            let position = Position { partition: self.number, offset };
            let before = bytes;
            let record = read_record(&mut bytes, position).map_err(|refusal| Error::Unreadable {
                dir: self.place.dir.clone(),
                place: position.to_string(),
                refusal,
            })?;
            self.effects.clear();
            refold::step(&self.place.dir, &mut self.fold, &mut self.store, &mut self.effects, &record)?;
            if let Some(each) = &mut self.each {
                each(&record, &self.effects);
            }
            self.said.clear();
            say_again(&self.effects, &mut self.said);
            let bytes = &before[..before.len() - bytes.len()];
            let version = &self.fold.rules().version;
            self.progress.digest = self.chain.link(&self.progress.digest, version, bytes, &self.said);
            self.progress.offset += 1;
        }
        if let Some(failure) = self.store.take_failure() {
            return Err(failure.into());
        }
        self.progress.clock = Instant(frame.clock);
        if self.progress.digest != frame.digest {
            let (first, end) = (frame.first_offset, frame.end());
            return Err(Error::FoldedOtherwise { dir: self.place.dir.clone(), partition: self.number, first, end });
        }
        Ok(())
    }

    fn ready(self, settings: &Settings) -> Result<Ready, Error> {
        let Self { place, number, store, fold, name, progress, frame, applied, .. } = self;
        if progress.offset < applied {
            let (dir, committed) = (place.dir.clone(), progress.offset);
            return Err(Error::AheadOfJournal { dir, partition: number, applied, committed });
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
}
