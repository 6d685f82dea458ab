//! What `replay`, `import` and `demo` share: inputs into an engine, with progress.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::interrupt::Interrupt;
use super::read::tell;
use super::show::{counted, shell_word};
use crate::drive::STANDARD_RULES;
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
    /// Threads that fold; what comes out does not depend on it. Default: the cores.
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Memory for rows, in MiB. Less is slower, never wrong.
    #[arg(long, value_name = "MIB", default_value_t = 1_024)]
    pub(super) cache_mib: usize,
}

impl EngineArgs {
    /// An engine's settings under a rule set, the standard one where none is named.
    pub(super) fn settings(&self, rules: Option<&Path>, partitions: u32) -> anyhow::Result<Settings> {
        let document = match rules {
            None => STANDARD_RULES.to_owned(),
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("cannot read rule set {}", path.display()))?
            }
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

/// How long waiting for input took: the rest of the time is in [`crate::runtime::Phases`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waited(pub(super) Duration);

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

/// Folds an input to its end, or until somebody wants to stop, who is told what then `stays`. Goes on where the same input
/// was interrupted.
pub(super) fn fold(engine: &mut Engine, mut intake: Intake, stays: &str) -> anyhow::Result<Waited> {
    intake.stop_when(Interrupt::listen()?.flag());
    let asked = Instant::now();
    let identity = intake.fingerprint()?;
    let mut waited = asked.elapsed();
    let begun = &engine.begun().identity;
    if !begun.is_empty() && !engine.progress().input_ended {
        identity.may_resume(&InputIdentity::from_text(begun)).map_err(|why| {
            anyhow::anyhow!("{} was interrupted while it took another input: {why}", engine.dir().display())
        })?;
    }
    let files = intake.file_names().to_vec();
    let skipped = engine.begin_input(&identity.to_string(), &files);
    let first_file = engine.begun().first_file;
    let bar = progress_bar("events", intake.bytes());
    if skipped > 0 {
        bar.suspend(|| tell(&format!("going on after {skipped} events that are committed already")));
    }
    bar.set_position(skipped);
    let mut taken = 0;
    loop {
        let asked = Instant::now();
        let batch = match intake.next_batch() {
            Err(intake::Error::Stopped) => {
                bar.abandon();
                bail!("stopped; {stays}");
            }
            batch => batch?,
        };
        waited += asked.elapsed();
        let Some(batch) = batch else { break };
        let count = batch.len() as u64;
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
        bar.inc(if taken <= skipped { 0 } else { count });
        if let Some(bytes) = intake.bytes() {
            bar.set_message(read_of(intake.bytes_read(), bytes));
        }
    }
    engine.end_input()?;
    bar.finish_and_clear();
    let counters = engine.progress().counters;
    let unused = counters.dead_letters + counters.conflicting;
    if unused > 0 {
        let dir = shell_word(engine.dir());
        tell(&format!("{unused} of {} rows could not be used: see `suyuan dead-letters --data {dir}`", counters.rows));
    }
    Ok(Waited(waited))
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
