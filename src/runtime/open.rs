//! What an engine is made of when it is opened: partitions with rows that stand where the journal ends.

use std::path::Path;

use tracing::warn;

use super::again::Changes;
use super::error::Error;
use super::partition::Partition;
use super::progress::{Begun, Progress};
use super::refold::{bring_up, check_rows};
use super::settings::Settings;
use crate::codec::journal::read_record;
use crate::files::Place;
use crate::log::{self, Header, Log, Reader, TurnFrame};
use crate::model::{Body, Fact, Position, Text};
use crate::store::{self, Applied, Shared, SharedSettings, Store};

/// What the header says: how many partitions a journal has, and of the rules that it was begun with.
pub(super) const PARTITIONS: &str = "partitions";
pub(super) const RULES_VERSION: &str = "rules-version";
pub(super) const RULES_DIGEST: &str = "rules-digest";

/// A journal's own name: what began it, where and when. Only rows that bear it are its rows.
pub(super) fn new_name(identity: &str, seed: Option<u64>) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(identity.as_bytes());
    if let Some(seed) = seed {
        hasher.update(&seed.to_le_bytes());
    } else {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        hasher.update(&now.as_nanos().to_le_bytes());
        hasher.update(&std::process::id().to_le_bytes());
    }
    hasher.finalize().as_bytes()[..16].to_vec()
}

/// What the last turn said of how far everything has come, and of what input; `None` where there is no turn.
pub(super) fn read_told(dir: &Path, recovered: &log::Recovered) -> Result<Option<(Progress, Begun)>, Error> {
    if recovered.turn == 0 {
        return Ok(None);
    }
    let unreadable = |refusal| Error::Unreadable {
        dir: dir.into(),
        partition: None,
        place: format!("turn {}", recovered.turn),
        refusal,
    };
    let progress = Progress::read(&recovered.progress).map_err(unreadable)?;
    let begun = Begun::read(&recovered.standing).map_err(unreadable)?;
    Ok(Some((progress, begun)))
}

/// Refuses a header that is not of the journal beside it: with other partitions than its turns have.
pub fn check_partitions(dir: &Path, header: &Header, journal: &Reader) -> Result<(), Error> {
    // Whoever needs what cannot be read says so; before the first turn there is nothing.
    let told = Progress::read(journal.progress()).ok().map(|progress| progress.partitions.len().to_string());
    hold(dir, "partitions:", header.fields.get(PARTITIONS), told)
}

/// The same, and one with other rules than the journal began with.
pub fn check_header(dir: &Path, header: &Header, journal: &Reader) -> Result<(), Error> {
    check_partitions(dir, header, journal)?;
    let told = rules_begun(dir, journal)?.map(|rules| digest_of(&rules));
    hold(dir, "rules with the digest", header.fields.get(RULES_DIGEST), told)
}

/// Holds what a header says against what the turns tell of the same, where they do.
fn hold(dir: &Path, what: &str, stated: Option<&String>, told: Option<String>) -> Result<(), Error> {
    let Some(told) = told.filter(|told| stated != Some(told)) else { return Ok(()) };
    let stated = stated.map_or("nothing", String::as_str);
    Err(Error::ForeignHeader { dir: dir.into(), stated: format!("{what} {stated}"), told: format!("{what} {told}") })
}

/// The digest of a rule set, as a header has it.
pub(super) fn digest_of(rules: &str) -> String {
    blake3::hash(rules.as_bytes()).to_hex().to_string()
}

/// The rules that a journal began with, behind what was refused before the first event; `None` where it has come to none yet.
fn rules_begun(dir: &Path, journal: &Reader) -> Result<Option<Text>, Error> {
    for read in journal.read_from(0, 0) {
        let TurnFrame { turn, frame } = read?;
        let mut bytes = frame.bytes.as_slice();
        for offset in frame.first_offset..frame.first_offset + u64::from(frame.count) {
            let position = Position { partition: 0, offset };
            let place = || format!("{position}, of turn {turn}");
            let unreadable =
                |refusal| Error::Unreadable { dir: dir.into(), partition: Some(0), place: place(), refusal };
            if let Body::Fact(_, event) = read_record(&mut bytes, position).map_err(unreadable)?.body
                && let Fact::RulesPublished(published) = event.fact
            {
                return Ok(Some(published.rules));
            }
        }
    }
    Ok(None)
}

/// The last turn that some rows stand for; 0 where there are none.
pub(super) fn last_turn_seen(place: &Place, partitions: u32) -> Result<u64, store::Error> {
    let shared = Shared::new(&SharedSettings::default());
    let turn = |number| match Store::open_read_only(state_place(place, number), &shared, &store::Options::default()) {
        Ok(rows) => Ok(rows.applied().map_or(0, |applied| applied.turn)),
        Err(store::Error::Missing { .. }) => Ok(0),
        // Rows that nobody can read any more stand for their turn all the same.
        Err(store::Error::OlderRows { applied, .. }) => Ok(applied.turn),
        Err(error) => Err(error),
    };
    (0..partitions).map(turn).try_fold(0, |last, turn| Ok(last.max(turn?)))
}

/// Refuses to begin a journal beside rows: they are of one that is gone.
pub(super) fn refuse_rows_alone(place: &Place, partitions: u32) -> Result<(), Error> {
    let shared = Shared::new(&SharedSettings::default());
    for number in 0..partitions {
        let has_rows = match Store::open_read_only(state_place(place, number), &shared, &store::Options::default()) {
            Ok(rows) => rows.applied().is_some(),
            Err(store::Error::Missing { .. }) => false,
            Err(error @ (store::Error::Io { .. } | store::Error::Rocks { .. })) => return Err(error.into()),
            // There are some, whatever is wrong with them.
            Err(_) => true,
        };
        if has_rows {
            return Err(Error::JournalLost { dir: place.dir.clone() });
        }
    }
    Ok(())
}

/// Opens all partitions, on so many threads, and brings their rows up to the journal.
pub(super) fn open_partitions(
    place: &Place,
    settings: &Settings,
    log: &Log,
    progress: &Progress,
) -> Result<Vec<Partition>, Error> {
    let shared = Shared::new(&SharedSettings::default());
    let cache_bytes_max = settings.cache_bytes_max / settings.partitions as usize;
    let options = store::Options { cache_bytes_max, seed: settings.policies.seed };
    let open = |number: u32| -> Result<Partition, Error> {
        // Once they bore their journal's name alone.
        let older = |applied: &Applied| check_rows(&place.dir, number, applied, progress, &progress.journal);
        let (mut store, is_upgrade) = open_store(&state_place(place, number), &shared, &options, &older)?;
        let changes = Changes::allowed(is_upgrade, settings.takes_changes);
        let fold = bring_up(&place.dir, number, &mut store, &log.reader(), progress, changes)?;
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

/// Opens a partition's rows. Those of an earlier version of this program are given up, to be folded again, unless `check`
/// finds that they are not this journal's, or know of more than it has: says whether they were.
pub(super) fn open_store(
    place: &Place,
    shared: &Shared,
    options: &store::Options,
    check: &dyn Fn(&Applied) -> Result<(), Error>,
) -> Result<(Store, bool), Error> {
    match Store::open(place, shared, options) {
        Err(store::Error::OlderRows { found, known, applied, .. }) => {
            check(&applied)?;
            warn!(dir = %place.dir.display(), found, known, "Rows are of an earlier version, and are folded again.");
            Store::discard(place)?;
            Ok((Store::open(place, shared, options)?, true))
        }
        opened => Ok((opened?, false)),
    }
}

/// Where a partition's rows are.
pub(super) fn state_place(place: &Place, partition: u32) -> Place {
    place.join("state").join(format!("{partition:04}"))
}
