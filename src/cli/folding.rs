//! What `replay`, `import` and `demo` share: arguments, and a terminal that shows how far they have come.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::builder::RangedU64ValueParser;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::interrupt::Interrupt;
use super::read::tell;
use super::show::{counted, shell_word};
use crate::drive::STANDARD_RULES;
use crate::files::read_document;
use crate::intake::{Intake, Mapping, Order};
use crate::job::{At, Watch};
use crate::risk::RuleSet;
use crate::runtime::{Counters, Policies, Settings};

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

/// Choices about the engine, offered by whatever folds.
#[derive(clap::Args, Default)]
pub(super) struct EngineArgs {
    /// Threads that fold, 1 to 256; what comes out does not depend on it. Default: the cores.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=THREADS_MAX))]
    threads: Option<usize>,
    /// For an upgrade whose rows are lost: where this version finds something else in the journal than the one that wrote
    /// it, go on with what it finds, and say so, instead of refusing.
    #[arg(long)]
    take_changes: bool,
}

/// The most threads that fold: beyond the cores of a large machine more of them are only slower.
const THREADS_MAX: u64 = 256;

impl EngineArgs {
    /// An engine's settings under a rule set, the standard one where none is named.
    pub(super) fn settings(&self, rules: Option<&Path>, partitions: u32, cache_mib: usize) -> anyhow::Result<Settings> {
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
            takes_changes: self.take_changes,
            cache_bytes_max: cache_mib.max(1) << 20,
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
        let mut intake = Intake::open(&self.files, self.mapping()?.as_ref(), order)?;
        intake.stop_when(Interrupt::listen()?.flag());
        Ok(intake)
    }
}

/// Says how many rows of an input could not be used.
pub(super) fn tell_unused(counters: &Counters, dir: &Path) {
    let unused = counters.dead_letters + counters.conflicting;
    if unused > 0 {
        let dir = shell_word(dir);
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
            None => bail!(
                "no row of this input is an event that can be used; each was refused with its reason. If it is no JSON Lines, \
                 name a --mapping"
            ),
            Some(mapping) => bail!(
                "no row of this input is an event that can be used by {}: is it the mapping of these columns? The reasons name the fields",
                mapping.display()
            ),
        }
    }
}

/// A terminal: what is told goes to standard error, and a line there shows how far the input was read.
#[derive(Default)]
pub(super) struct Terminal(Option<ProgressBar>);

impl Watch for Terminal {
    fn tell(&mut self, text: &str) {
        tell(text);
    }

    fn at(&mut self, at: At) {
        let bar = self.0.get_or_insert_with(|| progress_bar("events", at.bytes));
        bar.set_position(at.events);
        if let Some(bytes) = at.bytes {
            bar.set_message(read_of(at.read, bytes));
        }
    }

    fn ended(&mut self, whole: bool) {
        match self.0.take() {
            Some(bar) if whole => bar.finish_and_clear(),
            Some(bar) => bar.abandon(),
            None => {}
        }
    }
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

/// A line that counts records.
pub(super) fn records_bar() -> ProgressBar {
    progress_bar("records", None)
}

/// Events a second, as a line of progress has it.
pub(super) fn rate(state: &ProgressState, text: &mut dyn std::fmt::Write) {
    write!(text, "{}/s", HumanCount(whole(state.per_sec()))).expect("a line of progress takes any write");
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate to look at")]
fn whole(rate: f64) -> u64 {
    rate as u64
}
