//! `suyuan dead-letters`: input that could not be used, and why.

use clap::Args as ClapArgs;

use super::filter::{SaidListArgs, code_of, remark};
use super::show::{Table, clean, color_wanted, fit, print};
use crate::codec::json;
use crate::query::pages::Carrier;
use crate::query::{self, DeadLetters};

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
    #[arg(long, value_name = "CODE", value_parser = code_of(Carrier::DeadLetter, "a dead letter"), hide_possible_values = true)]
    pub(crate) code: Option<String>,
    /// How many, how, and where they are.
    #[command(flatten)]
    pub(crate) list: SaidListArgs,
}

/// Columns that a reason may take; the whole is in the JSON.
const REASON_COLUMNS: usize = 110;

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let found = query::dead_letters(&args.list.journal()?, args.code.as_deref(), args.list.limit())?;
    remark(&found.counts, found.left_out, found.unfinished, "all input could be used");
    if args.list.in_table() {
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
