//! One input into an engine: where the folder is opened, where the input goes on, and what is kept of one that does not
//! come to its end.

use std::time::Duration;

use anyhow::anyhow;

use super::watch::{At, Watch};
use crate::files::Place;
use crate::intake::{self, InputIdentity, Intake};
use crate::log;
use crate::model::{Instant, Source};
use crate::runtime::{Engine, Settings};

/// Opens a folder to fold into. Says where that cut off the end of its journal: a killed process leaves what it had not
/// committed, but damage to the last file looks the same.
pub(super) fn open_engine(place: &Place, settings: Settings, watch: &mut dyn Watch) -> anyhow::Result<Engine> {
    let before = journal_bytes(place);
    let opened = Engine::open(place, settings);
    let cut = before.zip(journal_bytes(place)).map_or(0, |(before, after)| before.saturating_sub(after));
    if cut > 0 {
        let ends = match &opened {
            Ok(engine) => format!("ends with turn {} now", engine.log().last_turn()),
            Err(_) => "ends before them now".into(),
        };
        let kept = place.join("journal").dir.join(log::CUT);
        let is_kept = place.files.input_bytes(&kept).is_ok_and(|bytes| bytes == Some(cut));
        let kept = if is_kept {
            format!(" They are kept in {} until the next are cut off.", kept.display())
        } else {
            String::new()
        };
        watch.tell(&format!(
            "the last {cut} bytes of the journal in {} were no whole turn and are cut off: it {ends}. A process that was \
             killed, a full disk or a power cut leaves such a rest, and nothing is lost; if it was none of these, the file was \
             damaged: import the files of that time again, what is there already is recognised.{kept}",
            place.dir.display()
        ));
    }
    Ok(opened?)
}

/// Bytes of a folder's journal on disk, as far as the disk says.
fn journal_bytes(place: &Place) -> Option<u64> {
    let Place { files, dir } = place.join("journal");
    let names = files.names(&dir).ok()?;
    let segments = names.iter().filter(|name| name.to_string_lossy().ends_with(".journal"));
    segments.map(|name| files.input_bytes(&dir.join(name)).ok()?).sum()
}

/// What whoever stops a command may count on, where the same command goes on.
pub const GOES_ON: &str = "what is committed stays, and the same command goes on from there";

/// What becomes of the events that were read last, when the input cannot be read to its end.
#[derive(Clone, Copy)]
pub(super) enum Rest<'a> {
    /// They are committed: a folder that takes one input after another keeps what it was given.
    Kept,
    /// They are left out, so that the digest stays that of an uninterrupted run. Whoever stops the run is told what then
    /// stays.
    LeftOut(&'a str),
}

/// How an input was folded.
#[derive(Debug)]
pub struct Folded {
    /// How long waiting for input took: the rest of the time is in [`crate::runtime::Phases`].
    pub waited: Duration,
    /// Events of the same input that were committed before, by a run that was interrupted.
    pub skipped: u64,
    /// Whether the same input had come to its end here before, and no other since: nothing of it was taken again.
    pub repeated: bool,
    /// The times that the events bore which were read now.
    pub times: Times,
    /// Why it was not folded to its end, and what is kept of it.
    pub failure: Option<anyhow::Error>,
}

/// Of some events, what their times say of the whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// The first, in the order they came.
    pub first: Option<Instant>,
    /// The latest, and where it stands.
    pub latest: Option<(Instant, Source)>,
}

impl Times {
    fn see(&mut self, at: Instant, source: Source) {
        self.first = self.first.or(Some(at));
        if self.latest.is_none_or(|(latest, _)| at > latest) {
            self.latest = Some((at, source));
        }
    }
}

impl Folded {
    /// Fails where it was not folded to its end.
    pub fn whole(self) -> anyhow::Result<Self> {
        let Self { waited, skipped, repeated, times, failure } = self;
        failure.map_or(Ok(Self { waited, skipped, repeated, times, failure: None }), Err)
    }
}

/// Folds an input to its end, until it cannot be read on, or until somebody wants to stop. Goes on where the same input
/// was interrupted; where it was another one, that one is given up.
pub(super) fn fold(
    engine: &mut Engine,
    mut intake: Intake,
    rest: Rest<'_>,
    watch: &mut dyn Watch,
) -> anyhow::Result<Folded> {
    let asked = std::time::Instant::now();
    let identity = intake.fingerprint()?;
    let mut waited = asked.elapsed();
    if is_repeated(engine, &identity) {
        watch.tell("this input is here to its end already: nothing of it is taken again");
        return Ok(Folded { waited, skipped: 0, repeated: true, times: Times::default(), failure: None });
    }
    let skipped = begin(engine, &identity, &intake, watch);
    watch.at(At { events: skipped, read: 0, bytes: intake.bytes() });
    let mut times = Times::default();
    let fed = feed(engine, &mut intake, skipped, watch, &mut waited, &mut times);
    let (fed, failure) = fed.inspect_err(|_| watch.ended(false))?;
    let Some(failure) = failure else {
        engine.end_input()?;
        watch.ended(true);
        return Ok(Folded { waited, skipped, repeated: false, times, failure: None });
    };
    watch.ended(false);
    let stopped = matches!(failure, intake::Error::Stopped);
    // Who stops a run over files loses nothing: they are there to go on with.
    let keeps = matches!(rest, Rest::Kept) && !(stopped && identity.can_be_read_again());
    if keeps {
        engine.cut_input_off()?;
    }
    engine.settle()?;
    let committed = engine.progress().counters.events;
    let kept = Kept { committed, lost: (skipped + fed).saturating_sub(committed), again: identity.can_be_read_again() };
    let failure = if stopped { kept.when_stopped(rest) } else { kept.when_unreadable(failure, rest) };
    Ok(Folded { waited, skipped, repeated: false, times, failure: Some(failure) })
}

/// Whether an input is the last that came, to its end: so that what was killed when all was committed leaves no other
/// journal when it is run again. Rows that are refused would be refused twice.
fn is_repeated(engine: &Engine, identity: &InputIdentity) -> bool {
    let begun = &engine.begun().identity;
    let ended = !begun.is_empty() && engine.progress().input_ended;
    ended && identity.can_be_read_again() && identity.to_string() == *begun
}

/// Begins an input or goes on with it, and returns how many of its events are committed already.
fn begin(engine: &mut Engine, identity: &InputIdentity, intake: &Intake, watch: &mut dyn Watch) -> u64 {
    let committed = engine.progress().counters.events;
    let begun = &engine.begun().identity;
    let interrupted = !begun.is_empty() && !engine.progress().input_ended;
    if interrupted && identity.may_resume(&InputIdentity::from_text(begun)).is_err() {
        engine.give_input_up();
        watch.tell(&format!(
            "the input before this one did not come to its end and is given up: its first {committed} events stay. This one \
             is read from its beginning"
        ));
    }
    let skipped = engine.begin_input(&identity.to_string(), intake.file_names());
    if skipped > 0 {
        watch.tell(&format!("going on after {skipped} events that are committed already"));
    }
    skipped
}

/// Feeds an input's events but the first `skipped`. Returns how many were fed, and why no more were, unless it is at its
/// end.
fn feed(
    engine: &mut Engine,
    intake: &mut Intake,
    skipped: u64,
    watch: &mut dyn Watch,
    waited: &mut Duration,
    times: &mut Times,
) -> anyhow::Result<(u64, Option<intake::Error>)> {
    let first_file = engine.begun().first_file;
    let mut taken = 0;
    loop {
        let asked = std::time::Instant::now();
        let batch = intake.next_batch();
        *waited += asked.elapsed();
        let fed = u64::saturating_sub(taken, skipped);
        let batch = match batch {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok((fed, None)),
            Err(failure) => return Ok((fed, Some(failure))),
        };
        for mut input in batch {
            taken += 1;
            if taken <= skipped {
                continue;
            }
            input.source = shifted(input.source, first_file);
            match &mut input.body {
                Ok(event) => times.see(event.occurred_at, input.source),
                Err(refused) => refused.source = input.source,
            }
            engine.feed(input)?;
        }
        watch.at(At { events: skipped.max(taken), read: intake.bytes_read(), bytes: intake.bytes() });
    }
}

/// What is kept of an input that did not come to its end.
struct Kept {
    /// Events that are committed.
    committed: u64,
    /// Events that were read and are not.
    lost: u64,
    /// Whether the input can be read again.
    again: bool,
}

impl Kept {
    fn when_stopped(&self, rest: Rest<'_>) -> anyhow::Error {
        let stays = match rest {
            Rest::Kept => GOES_ON,
            Rest::LeftOut(stays) => stays,
        };
        if self.again { anyhow!("stopped; {stays}") } else { anyhow!("stopped; {}", self.in_events(rest)) }
    }

    fn when_unreadable(&self, failure: intake::Error, rest: Rest<'_>) -> anyhow::Error {
        let damaged = failure.is_damage() && self.committed > 0;
        // What the input said is told first, and what became of it after that.
        let failure = anyhow::Error::new(failure);
        if damaged {
            return anyhow!(
                "{failure:#}; the {} events before that are committed, and may say what nobody wrote: put the folder back as it \
                 was before this input, or begin in another",
                self.committed
            );
        }
        anyhow!("{failure:#}; {}", self.in_events(rest))
    }

    /// In numbers, and what to do.
    fn in_events(&self, rest: Rest<'_>) -> String {
        let Self { committed, lost, .. } = self;
        match rest {
            Rest::Kept => format!(
                "the {committed} events before that are committed and stay: give the whole input again, and what is there \
                 already is recognised"
            ),
            Rest::LeftOut(_) if *committed == 0 => "nothing of it is committed: give the whole input again".into(),
            Rest::LeftOut(_) => format!(
                "its first {committed} events are committed, the {lost} after them are not. The same input goes on from \
                 there if it can be read again; one that was mended is another input and wants an empty folder"
            ),
        }
    }
}

fn shifted(source: Source, first_file: u32) -> Source {
    Source { file: source.file + first_file, ..source }
}
