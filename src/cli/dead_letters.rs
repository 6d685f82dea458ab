//! `suyuan dead-letters`: input that could not be used, and why.

use clap::Args as ClapArgs;

use super::data::DataArgs;
use super::filter::{ListFormat, code_of};
use super::read::tell;
use super::show::{Table, clean, color_wanted, fit, print};
use crate::codec::json;
use crate::query::pages::Carrier;
use crate::query::{self, DeadLetters, Journal};

/// List input that could not be used: where it came from, and what is wrong with it.
///
/// Read from the journal, so that it can be asked while another process writes there.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan dead-letters                                  the last 50
  suyuan dead-letters --code conflicting --limit 0     all of one kind
  suyuan explain conflicting                           what that kind is
  suyuan dead-letters --format jsonl --limit 0 > dead-letters.jsonl")]
pub(crate) struct Args {
    /// Only those of this code.
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(crate) code: Option<String>,
    /// The last so many; 0 for all [default: 50 in a table, else all].
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// A table to read, or JSON Lines.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
    /// Where they are.
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Rows of a table, unless told otherwise.
const TABLE_ROWS: usize = 50;
/// Columns that a reason may take; the whole is in the JSON.
const REASON_COLUMNS: usize = 110;

fn code(text: &str) -> Result<String, String> {
    code_of(Carrier::DeadLetter, "a dead letter", text)
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let in_table = args.format == ListFormat::Table;
    let limit = args.limit.unwrap_or(if in_table { TABLE_ROWS } else { 0 });
    let found = query::dead_letters(&Journal::open(&args.data.dir()?)?, args.code.as_deref(), limit)?;
    remark(&found);
    if in_table {
        return print(table(&found).as_bytes());
    }
    let mut lines = Vec::new();
    for found in &found.letters {
        let first = found.first.as_ref().map(|first| (first.source, first.file_name.as_deref()));
        json::write_dead_letter(&found.letter, found.file_name.as_deref(), first, &mut lines);
        lines.push(b'\n');
    }
    print(&lines)
}

fn remark(found: &DeadLetters) {
    if found.counts.is_empty() {
        tell("all input could be used");
        return;
    }
    let counts: Vec<_> = found.counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
    tell(&format!("in all: {}", counts.join(", ")));
    if found.left_out > 0 {
        tell(&format!("{} earlier ones match; --limit 0 shows all", found.left_out));
    }
}

fn table(found: &DeadLetters) -> String {
    let mut table = Table::new(&["code", "from", "the first is at", "reason"]);
    for found in &found.letters {
        let letter = &found.letter;
        let file = found.file_name.clone().unwrap_or_else(|| format!("file {}", letter.source.file));
        let first = match (&found.first, letter.first) {
            (Some(place), _) => clean(&place.to_string()),
            (None, Some(position)) => position.to_string(),
            (None, None) => String::new(),
        };
        table.row(vec![
            (&*letter.code).into(),
            clean(&format!("{file}:{}", letter.source.line)).into(),
            first.into(),
            fit(&letter.reason, REASON_COLUMNS).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.write("", color_wanted()) }
}
