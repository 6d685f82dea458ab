//! What `replay`, `import` and `demo` share: inputs into an engine, with progress.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::builder::RangedU64ValueParser;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::interrupt::Interrupt;
use super::read::tell;
use super::show::{counted, shell_word};
use crate::drive::STANDARD_RULES;
use crate::files::read_document;
use crate::intake::{self, InputIdentity, Intake, Mapping, Order};
use crate::model::Source;
use crate::risk::RuleSet;
use crate::runtime::{Engine, Policies, Settings};

/// Choices about input that several subcommands offer.
#[derive(clap::Args)]
pub(super) struct InputArgs {
    /// Files of events: JSON Lines, plain, gzip or zstd, or CSV with --mapping; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// How columns of a CSV file make events; see topologies/mappings/.
    #[arg(long, value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,
    /// `time` merges the files by event time, `given` takes them as they are, one after another.
    #[arg(long, value_enum, default_value_t = OrderArg::Time)]
    pub(super) order: OrderArg,
}

/// See [`InputArgs::order`].
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum OrderArg {
    Time,
    Given,
}

/// Choices about the engine.
#[derive(clap::Args)]
pub(super) struct EngineArgs {
    /// Threads that fold, 1 to 256; what comes out does not depend on it. Default: the cores.
    #[arg(long, value_name = "N", value_parser = threads())]
    pub(super) threads: Option<usize>,
    /// Memory for rows, in MiB. Less is slower, never wrong.
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    pub(super) cache_mib: usize,
}

/// The most threads that fold: beyond the cores of a large machine more of them are only slower.
const THREADS_MAX: u64 = 256;

/// Reads a number of threads.
pub(super) fn threads() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=THREADS_MAX)
}

impl EngineArgs {
    /// An engine's settings under a rule set, the standard one where none is named.
    pub(super) fn settings(&self, rules: Option<&Path>, partitions: u32) -> anyhow::Result<Settings> {
        let document = match rules {
            None => STANDARD_RULES.to_owned(),
            Some(path) => read_document(path).with_context(|| format!("cannot read rule set {}", path.display()))?,
        };
        let shown = rules.map_or("the standard rule set".into(), |path| path.display().to_string());
        let parsed = RuleSet::parse(&document).with_context(|| format!("{shown} is not a rule set"))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Settings {
            partitions,
            threads: self.threads.unwrap_or(cores).max(1),
            rules: document,
            rules_version: parsed.version.into(),
            keeps_rules: false,
            cache_bytes_max: self.cache_mib.max(1) << 20,
            durable: true,
            policies: Policies::default(),
        })
    }
}

impl InputArgs {
    pub(super) fn mapping(&self) -> anyhow::Result<Option<Mapping>> {
        Ok(self.mapping.as_deref().map(Mapping::load).transpose()?)
    }

    /// Refuses a table without a mapping, before each of its lines is refused.
    pub(super) fn expect_mapping(&self) -> anyhow::Result<()> {
        let is_table = |path: &&PathBuf| {
            let name = path.to_string_lossy().to_lowercase();
            [".csv", ".csv.gz", ".csv.zst"].iter().any(|end| name.ends_with(end))
        };
        if let (None, Some(table)) = (&self.mapping, self.files.iter().find(is_table)) {
            bail!(
                "{} is a table: say with --mapping how its columns make events (see topologies/mappings/)",
                table.display()
            );
        }
        Ok(())
    }

    pub(super) fn open(&self) -> anyhow::Result<Intake> {
        self.expect_mapping()?;
        let order = match self.order {
            OrderArg::Time => Order::Time,
            OrderArg::Given => Order::Given,
        };
        Ok(Intake::open(&self.files, self.mapping()?.as_ref(), order)?)
    }
}

/// Opens a folder to fold into. Says where that cut off the end of its journal: a killed process leaves what it had not
/// committed, but damage to the last file looks the same.
pub(super) fn open_engine(dir: &Path, settings: Settings) -> anyhow::Result<Engine> {
    let before = journal_bytes(dir);
    let opened = Engine::open(dir, settings);
    let cut = before.saturating_sub(journal_bytes(dir));
    if cut > 0 {
        let ends = match &opened {
            Ok(engine) => format!("ends with turn {} now", engine.log().last_turn()),
            Err(_) => "ends before them now".into(),
        };
        tell(&format!(
            "the last {cut} bytes of the journal in {} were no whole turn and are cut off: it {ends}. A process that was \
             killed leaves such a rest, and nothing is lost; if none was, the file was damaged: import the files of that \
             time again, what is there already is recognised",
            dir.display()
        ));
    }
    Ok(opened?)
}

/// Bytes of a folder's journal on disk.
fn journal_bytes(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir.join("journal")).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// What whoever stops a command may count on, where the same command goes on.
pub(super) const GOES_ON: &str = "what is committed stays, and the same command goes on from there";

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
pub(super) struct Folded {
    /// How long waiting for input took: the rest of the time is in [`crate::runtime::Phases`].
    pub(super) waited: Duration,
    /// Whether this went on where the same input was interrupted.
    pub(super) resumed: bool,
    /// Why it was not folded to its end, and what is kept of it.
    pub(super) failure: Option<anyhow::Error>,
}

impl Folded {
    /// Fails where it was not folded to its end.
    pub(super) fn whole(self) -> anyhow::Result<Self> {
        let Self { waited, resumed, failure } = self;
        failure.map_or(Ok(Self { waited, resumed, failure: None }), Err)
    }
}

/// Folds an input to its end, until it cannot be read on, or until somebody wants to stop. Goes on where the same input
/// was interrupted; where it was another one, that one is given up.
pub(super) fn fold(engine: &mut Engine, mut intake: Intake, rest: Rest<'_>) -> anyhow::Result<Folded> {
    intake.stop_when(Interrupt::listen()?.flag());
    let asked = Instant::now();
    let identity = intake.fingerprint()?;
    let mut waited = asked.elapsed();
    let skipped = begin(engine, &identity, &intake);
    let bar = progress_bar("events", intake.bytes());
    bar.set_position(skipped);
    let (fed, failure) = feed(engine, &mut intake, skipped, &bar, &mut waited)?;
    let resumed = skipped > 0;
    let Some(failure) = failure else {
        engine.end_input()?;
        bar.finish_and_clear();
        tell_unused(engine);
        return Ok(Folded { waited, resumed, failure: None });
    };
    bar.abandon();
    let stopped = matches!(failure, intake::Error::Stopped);
    // Who stops a run over files loses nothing: they are there to go on with.
    let keeps = matches!(rest, Rest::Kept) && !(stopped && identity.can_be_read_again());
    if keeps {
        engine.cut_input_off()?;
    }
    let committed = engine.progress().counters.events;
    let kept = Kept { committed, lost: (skipped + fed).saturating_sub(committed), again: identity.can_be_read_again() };
    let failure = if stopped { kept.when_stopped(rest) } else { kept.when_unreadable(failure, rest) };
    Ok(Folded { waited, resumed, failure: Some(failure) })
}

/// Begins an input or goes on with it, and returns how many of its events are committed already.
fn begin(engine: &mut Engine, identity: &InputIdentity, intake: &Intake) -> u64 {
    let committed = engine.progress().counters.events;
    let begun = &engine.begun().identity;
    let interrupted = !begun.is_empty() && !engine.progress().input_ended;
    if interrupted && identity.may_resume(&InputIdentity::from_text(begun)).is_err() {
        engine.give_input_up();
        tell(&format!(
            "the input before this one did not come to its end and is given up: its first {committed} events stay. This one \
             is read from its beginning"
        ));
    }
    let skipped = engine.begin_input(&identity.to_string(), intake.file_names());
    if skipped > 0 {
        tell(&format!("going on after {skipped} events that are committed already"));
    }
    skipped
}

/// Feeds an input's events but the first `skipped`. Returns how many were fed, and why no more were, unless it is at its
/// end.
fn feed(
    engine: &mut Engine,
    intake: &mut Intake,
    skipped: u64,
    bar: &ProgressBar,
    waited: &mut Duration,
) -> anyhow::Result<(u64, Option<intake::Error>)> {
    let first_file = engine.begun().first_file;
    let mut taken = 0;
    loop {
        let asked = Instant::now();
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
            if let Err(refused) = &mut input.body {
                refused.source = input.source;
            }
            engine.feed(input)?;
        }
        bar.set_position(skipped.max(taken));
        if let Some(bytes) = intake.bytes() {
            bar.set_message(read_of(intake.bytes_read(), bytes));
        }
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
        // What the input said is told first, and what became of it after that.
        let failure = anyhow::Error::new(failure);
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

/// Says how many rows of an input could not be used.
fn tell_unused(engine: &Engine) {
    let counters = engine.progress().counters;
    let unused = counters.dead_letters + counters.conflicting;
    if unused > 0 {
        let dir = shell_word(engine.dir());
        tell(&format!("{unused} of {} rows could not be used: see `suyuan dead-letters --data {dir}`", counters.rows));
    }
}

/// Says where to read the doubts of an input, if there are any.
pub(super) fn tell_doubts(doubts: u64, dir: &Path) {
    if doubts > 0 {
        let counted = counted(doubts, "doubt", "doubts");
        tell(&format!("{counted} about rows that were used: see `suyuan doubts --data {}`", shell_word(dir)));
    }
}

impl InputArgs {
    /// Fails where not one row of an input was an event: all that is to be written has been written by then. Says where it
    /// has no row at all.
    pub(super) fn expect_events(&self, rows: u64, refused: u64) -> anyhow::Result<()> {
        if rows == 0 {
            tell("this input has not one row");
        }
        if rows == 0 || refused < rows {
            return Ok(());
        }
        match &self.mapping {
            None => bail!("no row of this input is an event: is it JSON Lines, or does it want a --mapping?"),
            Some(mapping) => bail!(
                "no row of this input is an event by {}: is it the mapping of these columns? The reasons name the fields",
                mapping.display()
            ),
        }
    }
}

fn shifted(source: Source, first_file: u32) -> Source {
    Source { file: source.file + first_file, ..source }
}

/// How much of the files was read, as the line of progress has it.
fn read_of(read: u64, bytes: u64) -> String {
    let percent = u128::from(read.min(bytes)) * 100 / u128::from(bytes.max(1));
    format!("{percent} % of {} read  ", HumanBytes(bytes))
}

/// A line of progress on standard error; nothing where that is no terminal.
fn progress_bar(what: &str, bytes: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    bar.set_message(bytes.map(|bytes| read_of(0, bytes)).unwrap_or_default());
    let style =
        ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {what}  {{msg}}{{rate}}  {{elapsed}}"));
    bar.set_style(style.expect("the template is a valid one").with_key("rate", rate));
    bar
}

/// Events a second, as a line of progress has it.
pub(super) fn rate(state: &ProgressState, text: &mut dyn std::fmt::Write) {
    write!(text, "{}/s", HumanCount(whole(state.per_sec()))).expect("a line of progress takes any write");
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate to look at")]
fn whole(rate: f64) -> u64 {
    rate as u64
}
