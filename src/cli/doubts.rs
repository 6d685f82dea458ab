//! `suyuan doubts`: input that was used, and that somebody should look at.

use clap::Args as ClapArgs;

use super::filter::{SaidListArgs, code_of, id, remark};
use super::show::{Table, clean, color_wanted, fit, minute, print};
use crate::codec::json;
use crate::model::TaxpayerId;
use crate::query::pages::Carrier;
use crate::query::{self, Doubts};

/// List accepted input that somebody should look at: which event, where it came from, and what is odd about it.
///
/// Read from the journal, so that it can be asked while another process writes there.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan doubts                                        the last 50
  suyuan doubts --code unknown_rate --limit 0          all of one kind
  suyuan explain unknown_rate                          what that kind is
  suyuan doubts --taxpayer 91310000MA1FL0LX06          those about one taxpayer
  suyuan doubts --format jsonl > doubts.jsonl")]
pub(crate) struct Args {
    /// Only those of this code.
    #[arg(long, value_name = "CODE", value_parser = code_of(Carrier::Doubt, "a doubt"), hide_possible_values = true)]
    pub(crate) code: Option<String>,
    /// Only those about this taxpayer.
    #[arg(long, value_name = "TAXPAYER", value_parser = id)]
    pub(crate) taxpayer: Option<TaxpayerId>,
    /// How many, how, and where they are.
    #[command(flatten)]
    pub(crate) list: SaidListArgs,
}

/// Columns that a sentence may take; the whole is in the JSON.
const REASON_COLUMNS: usize = 110;

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let found = query::doubts(&args.list.journal()?, args.code.as_deref(), args.taxpayer, args.list.limit())?;
    remark(&found.counts, found.left_out, found.unfinished, "nothing in the input is doubtful");
    if args.list.in_table() {
        return print(table(&found).as_bytes());
    }
    let mut lines = Vec::new();
    for (doubt, place) in &found.doubts {
        let source = place.as_ref().map(|place| (place.source, place.file_name.as_deref()));
        json::write_doubt_from(doubt, source, &mut lines);
        lines.push(b'\n');
    }
    print(&lines)
}

fn table(found: &Doubts) -> String {
    let mut table = Table::new(&["code", "from", "when", "taxpayer", "doubt"]);
    for (doubt, place) in &found.doubts {
        table.row(vec![
            (&*doubt.code).into(),
            place.as_ref().map(|place| clean(&place.to_string())).unwrap_or_default().into(),
            minute(doubt.at).into(),
            doubt.taxpayer_id.as_str().into(),
            fit(&doubt.reason, REASON_COLUMNS).into(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.write("", color_wanted()) }
}
