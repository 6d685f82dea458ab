//! A replay: one input, folded into a folder of its own, and what was found beside it.

use std::time::{Duration, Instant};

use super::folding::{Rest, fold, open_engine};
use super::results::{self, Totals};
use super::watch::Watch;
use crate::files::Place;
use crate::intake::{InputIdentity, Intake};
use crate::runtime::{Engine, Phases, Progress, Settings};

/// What a replay led to.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// How far everything has come.
    pub progress: Progress,
    /// What was written.
    pub totals: Totals,
    /// Events that were folded now: none where the folder held the run already, and only the rest of one that was
    /// interrupted.
    pub folded: u64,
    /// Where the time went.
    pub phases: Phases,
    /// How long waiting for input took.
    pub waited: Duration,
    /// How long writing what was found took.
    pub writing: Duration,
    /// How long closing the folder took.
    pub closing: Duration,
}

/// Folds an input into a folder, which is made where there is none, and writes what was found; goes on where the same was
/// interrupted. Who stops it is told what then `stays`.
pub fn replay(
    place: &Place,
    mut intake: Intake,
    settings: Settings,
    stays: &str,
    watch: &mut dyn Watch,
) -> anyhow::Result<Replayed> {
    let mut engine = open_engine(place, settings, watch)?;
    refuse_another_input(&engine, &mut intake)?;
    let (mut waited, mut folded) = (Duration::ZERO, 0);
    if engine.progress().input_ended {
        watch.tell(&format!("{} holds this run already, to its end", place.dir.display()));
    } else {
        let done = fold(&mut engine, intake, Rest::LeftOut(stays), watch)?.whole()?;
        (waited, folded) = (done.waited, engine.progress().counters.events - done.skipped);
    }
    let began = Instant::now();
    let totals = results::write(&mut engine, place)?;
    let writing = began.elapsed();
    let phases = engine.phases();
    let began = Instant::now();
    let progress = engine.close()?;
    Ok(Replayed { progress, totals, folded, phases, waited, writing, closing: began.elapsed() })
}

/// A replay is of one input: its folder takes no other.
fn refuse_another_input(engine: &Engine, intake: &mut Intake) -> anyhow::Result<()> {
    let begun = &engine.begun().identity;
    if begun.is_empty() {
        return Ok(());
    }
    let earlier = InputIdentity::from_text(begun);
    let same = intake.fingerprint()?.may_resume(&earlier);
    same.map_err(|why| anyhow::anyhow!("{} holds another run: {why}", engine.dir().display()))
}
