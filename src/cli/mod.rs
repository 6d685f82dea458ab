//! The command line: one file per subcommand. All of them print through `show`, which knows of closed pipes and full
//! devices.

mod audit;
mod cases;
mod completions;
mod data;
mod dead_letters;
mod demo;
mod doubts;
mod evaluate;
mod explain;
mod filter;
mod folding;
mod generate;
mod import;
mod interrupt;
mod invoice;
mod limits;
mod read;
mod replay;
mod rules;
mod run;
mod show;
mod signals;
mod tasks;
mod taxpayer;
mod topics;
mod topology;
mod trace;

use std::io::{self, IsTerminal as _};

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::sim::world::SettingsError;

/// Follows VAT invoices through their life, traces every fen of input tax to its origin, and says what it found.
///
/// Amounts are in yuan on screen, in fen in files. Progress goes to standard error, results to standard output.
#[derive(Parser)]
#[command(
    name = "suyuan",
    version,
    after_help = "Examples:\n  \
    suyuan demo\n  \
    suyuan replay events.jsonl.gz --out run1\n  \
    suyuan tasks --data run1 --min-level 3\n  \
    suyuan trace down 91440300MA5EXAMPLE --data run1\n  \
    suyuan explain source_burst"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How much is said about the program's own work, on standard error.
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Warn, env = "SUYUAN_LOG_LEVEL")]
    log_level: LogLevel,
    /// How it is said: as lines to read, or as JSON, one object a line, with every field by its name.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "SUYUAN_LOG_FORMAT")]
    log_format: LogFormat,
}

/// See [`Cli::log_format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// See [`Cli::log_level`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Makes a small world with planted fraud, folds it, and shows what was found
    Demo(demo::Args),
    /// Folds files of events into a folder, and writes what was found beside it
    Replay(replay::Args),
    /// Adds files of events to a data folder, or to the input topics
    Import(import::Args),
    /// Runs an instance of the service on Kafka
    Run(run::Args),
    /// Shows the life of one invoice
    Invoice(invoice::Args),
    /// Shows all about one taxpayer
    Taxpayer(taxpayer::Args),
    /// Follows value up to suppliers or down to customers
    Trace(trace::Args),
    /// Lists findings
    Signals(signals::Args),
    /// Lists cases, or draws one
    Cases(cases::Args),
    /// Lists tasks
    Tasks(tasks::Args),
    /// Lists input that could not be used
    DeadLetters(dead_letters::Args),
    /// Lists input that was used, and that somebody should look at
    Doubts(doubts::Args),
    /// Checks and tests rule sets, and lists what rules may measure
    Rules(rules::Args),
    /// Proves that what was said followed from the journal
    Audit(audit::Args),
    /// Checks or draws a topology
    Topology(topology::Args),
    /// Makes or checks the topics of a topology
    Topics(topics::Args),
    /// Says what a code means
    Explain(explain::Args),
    /// Makes a world of events with planted fraud, and says which fraud
    Generate(generate::Args),
    /// Measures tasks against the labels of a made world
    Evaluate(evaluate::Args),
    /// Prints completions for a shell
    Completions(completions::Args),
}

impl Cli {
    /// Runs what was asked for.
    pub fn run(self) -> anyhow::Result<()> {
        let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(self.log_level.name()));
        let log = log.with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().flatten_event(true).with_current_span(false).with_span_list(false).init(),
        }
        limits::prepare();
        self.command.run(self.log_format).map_err(limits::explained)
    }
}

impl Command {
    fn run(self, log_format: LogFormat) -> anyhow::Result<()> {
        match self {
            Self::Demo(args) => demo::run(&args),
            Self::Replay(args) => replay::run(&args),
            Self::Import(args) => import::run(&args),
            Self::Run(args) => run::run(&args, log_format),
            Self::Invoice(args) => invoice::run(&args),
            Self::Taxpayer(args) => taxpayer::run(&args),
            Self::Trace(args) => trace::run(&args),
            Self::Signals(args) => signals::run(&args),
            Self::Cases(args) => cases::run(&args),
            Self::Tasks(args) => tasks::run(&args),
            Self::DeadLetters(args) => dead_letters::run(&args),
            Self::Doubts(args) => doubts::run(&args),
            Self::Rules(args) => rules::run(&args),
            Self::Audit(args) => audit::run(&args),
            Self::Topology(args) => topology::run(&args),
            Self::Topics(args) => topics::run(&args),
            Self::Explain(args) => explain::run(&args),
            Self::Generate(args) => generate::run(&args),
            Self::Evaluate(args) => evaluate::run(&args),
            Self::Completions(args) => completions::run(&args),
        }
    }
}

/// Wrong usage that shows only when the command runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUsage(String);

/// An error that ends the program as the parser's own do.
fn wrong_usage(text: impl Into<String>) -> anyhow::Error {
    WrongUsage(text.into()).into()
}

/// Whether an error is one of usage: the program then ends with 2.
pub fn is_wrong_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<WrongUsage>() || cause.is::<SettingsError>())
}

/// Whether an error is only that nobody reads our output any more (`suyuan signals | head`).
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(closed)
}
