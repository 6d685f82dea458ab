//! `suyuan taxpayer`: all about one taxpayer, now, at a time, or in order of time.

mod document;
mod page;
#[cfg(test)]
mod tests;

use clap::Args as ClapArgs;

use super::filter::{id, until};
use super::invoice::Format;
use super::read::{ReadArgs, tell};
use super::show::{Table, clean, color_wanted, minute, money_or_blank, print, print_json};
use crate::model::{Instant, TaxpayerId};
use crate::query::{self, Folder};

/// Show all about one taxpayer: papers, task and findings, months, value by origin, suppliers and customers.
///
/// With --as-of, what of it had happened by an event time. With --timeline, everything in order of time.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan taxpayer 91310000MA1FL0LX06
  suyuan taxpayer 91310000MA1FL0LX06 --as-of 2026-03-31
  suyuan taxpayer 91310000MA1FL0LX06 --timeline --limit 0
  suyuan taxpayer 91310000MA1FL0LX06 --format json")]
pub(crate) struct Args {
    /// Who.
    #[arg(value_name = "TAXPAYER", value_parser = id)]
    pub(crate) taxpayer: TaxpayerId,
    /// Only what had happened by this day or moment.
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub(crate) as_of: Option<Instant>,
    /// Every fact, invoice, claim and finding, in order of time.
    #[arg(long)]
    pub(crate) timeline: bool,
    /// With --timeline: the last so many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 200, requires = "timeline")]
    pub(crate) limit: usize,
    /// Text to read, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Where it is read.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = args.read.open()?;
    let unknown = || {
        let dir = folder.dir().display();
        anyhow::anyhow!("{dir} does not speak of taxpayer {}: check the id, or the folder", args.taxpayer)
    };
    match (args.timeline, args.as_of) {
        (true, _) => timeline(folder, args, unknown),
        (false, Some(at)) => {
            let past = query::past(folder, args.taxpayer, at)?.ok_or_else(unknown)?;
            match args.format {
                Format::Text => print(page::past(folder, &past, color_wanted())?.as_bytes()),
                Format::Json => print_json(&document::past(&past)),
            }
        }
        (false, None) => {
            let household = query::household(folder, args.taxpayer)?.ok_or_else(unknown)?;
            match args.format {
                Format::Text => print(page::household(folder, &household, color_wanted())?.as_bytes()),
                Format::Json => print_json(&document::household(&household)),
            }
        }
    }
}

fn timeline(folder: &Folder, args: &Args, unknown: impl Fn() -> anyhow::Error) -> anyhow::Result<()> {
    let until = args.as_of.unwrap_or(Instant(i64::MAX));
    let found = query::timeline(folder, args.taxpayer, until, args.limit)?;
    if found.entries.is_empty() && query::household(folder, args.taxpayer)?.is_none() {
        return Err(unknown());
    }
    if args.format == Format::Json {
        return print_json(&document::timeline(args.taxpayer, &found));
    }
    if found.left_out > 0 {
        tell(&format!("{} earlier ones are left out; --limit 0 shows all", found.left_out));
    }
    let mut table = Table::new(&["when", "what", ">tax", ""]);
    for entry in &found.entries {
        let tax = entry.tax.map(money_or_blank).unwrap_or_default();
        table.row(vec![minute(entry.at).into(), entry.kind.into(), tax.into(), clean(&entry.text).into()]);
    }
    print(table.write("", color_wanted()).as_bytes())
}
