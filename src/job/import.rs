//! An import: one input more into a data folder.

use std::time::{SystemTime, UNIX_EPOCH};

use super::folding::{Folded, Rest, Times, fold, open_engine};
use super::results;
use super::watch::Watch;
use crate::files::Place;
use crate::intake::Intake;
use crate::model::Instant;
use crate::query::{self, Journal};
use crate::risk::RuleSet;
use crate::runtime::{Counters, Engine, Settings};

/// What an import led to.
#[derive(Debug)]
pub struct Imported {
    /// What became of the rows of this input.
    pub counters: Counters,
    /// Doubts about them.
    pub doubts: u64,
    /// Over everything that the folder holds now.
    pub digest: String,
    /// How it was folded, and why not to its end.
    pub folded: Folded,
}

/// Folds an input into a folder, which is made where there is none; goes on where the same was interrupted, and gives
/// another one up. Results that are there are written anew.
pub fn import(place: &Place, intake: Intake, settings: &Settings, watch: &mut dyn Watch) -> anyhow::Result<Imported> {
    let mut engine = open_engine(place, settings.clone(), watch)?;
    tell_rules(&engine, settings, watch)?;
    let (begun_with, next) = (results::first_turn(&engine)?, engine.log().last_turn() + 1);
    let clock = engine.progress().clock;
    let folded = fold(&mut engine, intake, Rest::Kept, watch)?;
    if engine.progress().counters.accepted > 0 {
        tell_late(&engine, clock, folded.times, watch);
        tell_future(&engine, folded.times, watch);
    }
    let doubts = results::doubts_since(&engine, if folded.skipped > 0 { begun_with } else { next })?;
    if results::are_in(place)? {
        results::write(&mut engine, place)?;
        watch.tell(&format!("{} has the results of a replay: they are written anew", place.dir.display()));
    }
    let progress = engine.close()?;
    let counters = if folded.repeated { progress.counters.repeated() } else { progress.counters };
    Ok(Imported { counters, doubts, digest: progress.digest(), folded })
}

/// The partitions that a folder's journal was begun with, where there is one.
pub fn begun_partitions(place: &Place) -> anyhow::Result<Option<u32>> {
    match Journal::open(place) {
        Ok(journal) => Ok(Some(journal.partitions())),
        Err(query::Error::Missing { .. } | query::Error::JournalLost { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Says where an input begins so long before what was here that value which was sold on meanwhile is not traced again.
fn tell_late(engine: &Engine, clock: Instant, times: Times, watch: &mut dyn Watch) {
    let settles = engine.partitions().first().map_or(0, |partition| partition.fold().rules().limits.settle_days);
    if let Some(first) = times.first.filter(|first| first.plus_days(settles) < clock) {
        watch.tell(&format!(
            "this input begins on {}, and what was here had come to {}: what was sold on in between is not traced again, and \
             less may be found than in all of it by order of time. For that, import all files at once into another folder",
            first.date(),
            clock.date()
        ));
    }
}

/// Says where an event is dated after today: all that comes later in fact is late by its measure.
fn tell_future(engine: &Engine, times: Times, watch: &mut dyn Watch) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(0));
    let Some((latest, source)) = times.latest.filter(|(latest, _)| *latest > Instant(now).plus_days(1)) else { return };
    let names = &engine.begun().files;
    let name = source.file.checked_sub(engine.begun().first_file).and_then(|at| names.get(at as usize));
    watch.tell(&format!(
        "{}:{} is dated {}, after today: it sets the clock of this folder, and what comes 24 months before it moves no value \
         any more. If it is a slip of the pen, begin again in another folder, without it",
        name.map_or("?", String::as_str),
        source.line,
        latest.date()
    ));
}

/// Says where a folder is gone on with under other rules than those of its topology.
fn tell_rules(engine: &Engine, settings: &Settings, watch: &mut dyn Watch) -> anyhow::Result<()> {
    let Some(in_force) = engine.partitions().first().map(|partition| partition.fold().rules()) else { return Ok(()) };
    if *in_force == RuleSet::silent() || *in_force == RuleSet::parse(&settings.rules)? {
        return Ok(());
    }
    let (dir, ours) = (engine.dir().display(), &settings.rules_version);
    let theirs = &in_force.version;
    let other = if **theirs == **ours { "of another text" } else { "of another version" };
    watch.tell(&format!(
        "{dir} goes on under the rule set in force there, {theirs}; the one given here, {ours}, is {other}"
    ));
    Ok(())
}
