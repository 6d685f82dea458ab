//! `suyuan generate`: writes the events of a seeded world, and the truth about it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, bail};
use clap::Args as ClapArgs;
use clap::builder::RangedI64ValueParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::folding::rate;
use super::interrupt::Interrupt;
use super::show::print_json;
use crate::codec;
use crate::model::{Date, Event};
use crate::sim::label::Label;
use crate::sim::world::{FRAUD_BP_MAX, MONTHS_MAX, Settings, TAXPAYERS_MAX, TAXPAYERS_MIN, World};

/// Events handed from the maker to the writer at a time.
const BATCH_EVENTS: usize = 2_048;
/// Batches the maker may be ahead.
const BATCHES_AHEAD: usize = 16;

/// Write the events of a seeded world, honest firms and planted fraud, and the labels that say who is who.
///
/// The same arguments give the same bytes. There are about three events to an invoice: its issuance, its receipt and
/// its deduction; below twenty invoices a taxpayer, registrations and monthly returns make it more.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    suyuan generate --out events.jsonl.gz --labels labels.jsonl\n  \
    suyuan generate --seed 7 --taxpayers 300 --invoices 9000 --out small.jsonl --labels truth.jsonl")]
pub(super) struct Args {
    /// Everything drawn follows from it.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// How many firms there are, fraudsters among them.
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000, value_parser = taxpayers())]
    pub taxpayers: u32,
    /// About how many invoices they issue in all.
    #[arg(long, value_name = "NUMBER", default_value_t = 200_000)]
    pub invoices: u64,
    /// Where the events go, JSON Lines in order of time; `-` for standard output. Compressed if the name ends in `.gz`
    /// or `.zst`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where the labels go, JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub labels: PathBuf,
    /// Months in which firms trade. Receipts, deductions and returns go on to the 15th of the month after.
    #[arg(long, value_name = "NUMBER", default_value_t = 12, value_parser = up_to(1, MONTHS_MAX))]
    pub months: u32,
    /// The first day.
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2025-01-01", value_parser = date)]
    pub start: Date,
    /// The share of firms that take part in schemes, in per cent, with up to two decimals: from 0 to 20.
    #[arg(long, value_name = "PERCENT", default_value = "0.5", value_parser = prevalence)]
    pub prevalence: Prevalence,
    /// Only schemes in which one of these typologies appears, separated by commas. Default: all that are planted.
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub typologies: Vec<String>,
}

/// A share of all firms, in basis points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prevalence(pub u32);

fn prevalence(text: &str) -> Result<Prevalence, String> {
    let wrong = || format!("is not a share in per cent such as 0.5, from 0 to {}", FRAUD_BP_MAX / 100);
    let (whole, part) = text.strip_suffix('%').unwrap_or(text).trim().split_once('.').unwrap_or((text, "0"));
    let whole = whole.trim_end_matches('%').trim();
    let digits = |text: &str| text.len() <= 2 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
    let hundredths = number(part)? * if part.len() == 1 { 10 } else { 1 };
    let share = number(whole)? * 100 + hundredths;
    if share > FRAUD_BP_MAX { Err(wrong()) } else { Ok(Prevalence(share)) }
}

/// As many firms as make a world.
pub(super) fn taxpayers() -> RangedI64ValueParser<u32> {
    up_to(TAXPAYERS_MIN, TAXPAYERS_MAX)
}

fn up_to(least: u32, most: u32) -> RangedI64ValueParser<u32> {
    RangedI64ValueParser::new().range(i64::from(least)..=i64::from(most))
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "is not a day such as 2025-01-01".into())
}

/// The last line on standard output.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    events: u64,
    by_type: BTreeMap<&'static str, u64>,
    taxpayers: usize,
    invoices: u64,
    schemes: usize,
    labels: usize,
    seconds: f64,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    print_json(&make(args)?)
}

/// Writes the world.
pub(super) fn make(args: &Args) -> anyhow::Result<Summary> {
    let started = std::time::Instant::now();
    let Args { seed, taxpayers, invoices, months, start, prevalence: Prevalence(fraud_bp), .. } = *args;
    let typologies = args.typologies.clone();
    let world = World::new(Settings { seed, taxpayers, invoices, months, start, fraud_bp, typologies })?;
    let interrupt = Interrupt::listen()?;
    let (taxpayers, schemes, labels) = (world.taxpayers(), world.schemes(), world.labels().len());

    let (labels_file, events_file) = (Unfinished::of(&args.labels), Unfinished::of(&args.out));
    write_labels(&labels_file, world.labels())?;
    let mut out = Out::create(&args.out, &events_file)?;
    let progress = progress(invoices.saturating_mul(3));
    let written = write_events(world, &mut out, &progress, &interrupt)
        .and_then(|by_type| out.finish().map(|()| by_type))
        .with_context(|| format!("cannot write {}: is there room, and may it be written?", args.out.display()))?;
    let Some(by_type) = written else {
        progress.abandon();
        bail!("stopped: nothing is left of what was begun");
    };
    events_file.finish()?;
    labels_file.finish()?;
    progress.finish_and_clear();

    Ok(Summary {
        events: by_type.values().sum(),
        invoices: by_type.get("invoice_issued").copied().unwrap_or(0),
        by_type,
        taxpayers,
        schemes,
        labels,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// A file that bears another name until it is whole, and goes when it never is. What is no regular file, such as a pipe,
/// is written as it is.
struct Unfinished {
    path: PathBuf,
    beside: Option<PathBuf>,
}

impl Unfinished {
    fn of(path: &Path) -> Self {
        let regular = path.as_os_str() != "-" && path.metadata().map_or(true, |metadata| metadata.is_file());
        let name = path.file_name().filter(|_| regular);
        let beside = name.map(|name| path.with_file_name(format!(".{}.unfinished", name.to_string_lossy())));
        Self { path: path.to_owned(), beside }
    }

    /// Where it is written.
    fn path(&self) -> &Path {
        self.beside.as_deref().unwrap_or(&self.path)
    }

    /// Gives it its own name.
    fn finish(mut self) -> anyhow::Result<()> {
        let Some(beside) = self.beside.take() else { return Ok(()) };
        std::fs::rename(&beside, &self.path).with_context(|| format!("cannot name {} as wanted", self.path.display()))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            std::fs::remove_file(beside).ok();
        }
    }
}

fn write_labels(file: &Unfinished, labels: &[Label]) -> anyhow::Result<()> {
    let path = &file.path;
    let create = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(file.path())?);
        for label in labels {
            writeln!(file, "{label}")?;
        }
        file.flush()
    };
    create().with_context(|| format!("cannot write {}: name a file in a folder that exists", path.display()))
}

/// How many events there are of each type.
type Counts = BTreeMap<&'static str, u64>;

/// Makes events on a thread of its own, and writes them on this one. `None` where somebody wanted to stop.
fn write_events(
    world: World,
    out: &mut Out,
    progress: &ProgressBar,
    interrupt: &Interrupt,
) -> io::Result<Option<Counts>> {
    let mut counts = Counts::new();
    let (to_writer, batches) = mpsc::sync_channel::<Vec<Event>>(BATCHES_AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut world = world.peekable();
            while world.peek().is_some() {
                let batch = world.by_ref().take(BATCH_EVENTS).collect();
                if to_writer.send(batch).is_err() {
                    return; // The writer has stopped, and says why.
                }
            }
        });
        let mut bytes = Vec::new();
        for batch in batches {
            bytes.clear();
            for event in &batch {
                *counts.entry(event.fact.type_name()).or_insert(0) += 1;
                write_line(event, &mut bytes);
            }
            out.write_all(&bytes)?;
            progress.inc(batch.len() as u64);
            if interrupt.wants_stop() {
                return Ok(None);
            }
        }
        Ok(Some(counts))
    })
}

/// The one place where an event becomes a line.
fn write_line(event: &Event, out: &mut Vec<u8>) {
    codec::json::write_event(event, out);
    out.push(b'\n');
}

/// A bar on a terminal, nothing elsewhere.
fn progress(events: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = "{wide_bar} {human_pos} of about {human_len} events, {rate}, {eta} left";
    let bar = ProgressBar::with_draw_target(Some(events), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    }
}

/// Where events go, compressed as the name says.
enum Out {
    Plain(BufWriter<Box<dyn Write>>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Out {
    fn create(path: &Path, unfinished: &Unfinished) -> anyhow::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Plain(BufWriter::new(Box::new(io::stdout()))));
        }
        let create = || -> io::Result<Self> {
            let file = File::create(unfinished.path())?;
            Ok(match path.extension().and_then(|extension| extension.to_str()) {
                Some("gz") => {
                    Self::Gzip(flate2::write::GzEncoder::new(BufWriter::new(file), flate2::Compression::fast()))
                }
                Some("zst") => Self::Zstd(zstd::Encoder::new(BufWriter::new(file), 1)?),
                _ => Self::Plain(BufWriter::new(Box::new(file))),
            })
        };
        create().with_context(|| format!("cannot create {}: name a file in a folder that exists", path.display()))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.write_all(bytes),
            Self::Gzip(out) => out.write_all(bytes),
            Self::Zstd(out) => out.write_all(bytes),
        }
    }

    /// Ends the compressed stream, and sees to it that everything is out.
    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut out) => out.flush(),
            Self::Gzip(out) => out.finish()?.flush(),
            Self::Zstd(out) => out.finish()?.flush(),
        }
    }
}
