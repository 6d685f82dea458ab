//! What flags of several commands have in common: how they are read, and the filters of lists.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

use super::data::DataArgs;
use super::read::{ReadArgs, tell};
use super::show::{counted, print};
use crate::model::{Date, EVENT_DOUBTS, Fen, Id, Instant, InvoiceNo, TaxpayerId};
use crate::query::pages::{self, Carrier};
use crate::query::{self, Filter, Folder, Journal, Listed};
use crate::risk;
use crate::state::{Key, Profile};

/// An identifier.
pub(crate) fn id(text: &str) -> Result<Id, String> {
    Id::parse(text).map_err(|error| error.to_string())
}

/// An invoice number.
pub(crate) fn invoice_no(text: &str) -> Result<InvoiceNo, String> {
    InvoiceNo::parse(text).map_err(|error| error.to_string())
}

/// A moment; a day is its first.
pub(crate) fn since(text: &str) -> Result<Instant, String> {
    let day = Date::parse(text).map(Date::start);
    day.or_else(|| Instant::parse(text)).ok_or_else(|| MOMENT.into())
}

/// A moment; a day is its last.
pub(crate) fn until(text: &str) -> Result<Instant, String> {
    let day = Date::parse(text).map(|day| Instant(Date(day.0.saturating_add(1)).start().0 - 1));
    day.or_else(|| Instant::parse(text)).ok_or_else(|| MOMENT.into())
}

const MOMENT: &str = "is no time: give a day (2026-03-01) or an instant with its offset (2026-03-01T09:00:00+08:00)";

/// An amount in yuan.
pub(crate) fn yuan(text: &str) -> Result<Fen, String> {
    let wrong = || "is no amount: give yuan, with two decimals or none (10000 or 10000.00)".to_owned();
    let plain = text.replace(['_', ','], "");
    let (yuan, fen) = plain.split_once('.').unwrap_or((&plain, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(yuan) || !digits(fen) || fen.len() != 2 {
        return Err(wrong());
    }
    format!("{yuan}{fen}").parse().map(Fen).map_err(|_| wrong())
}

/// An argument that is a code: known ones are offered to a shell that completes it.
#[derive(Clone)]
pub(crate) struct CodeParser {
    /// What it is a code of, as a sentence has it.
    of: &'static str,
    known: Vec<&'static str>,
    /// Whether others are let through, to be answered by the command itself.
    any: bool,
}

/// The code of a typology.
pub(crate) fn typology() -> CodeParser {
    CodeParser { of: "a typology", known: risk::ALL.iter().map(|typology| typology.code).collect(), any: false }
}

/// A code that some carrier may bear.
pub(crate) fn code_of(carrier: Carrier, of: &'static str) -> CodeParser {
    let pages = pages::ALL.iter().filter(|page| page.carrier == carrier);
    CodeParser { of, known: pages.map(|page| page.code).collect(), any: false }
}

/// Any code that has a page.
pub(crate) fn any_code() -> CodeParser {
    let typologies = risk::ALL.iter().map(|typology| typology.code);
    let doubts = EVENT_DOUBTS.iter().map(|doubt| doubt.code);
    let measured = risk::indicators::ALL.iter().map(|indicator| indicator.code);
    let known: BTreeSet<_> =
        typologies.chain(pages::ALL.iter().map(|page| page.code)).chain(doubts).chain(measured).collect();
    CodeParser { of: "anything", known: known.into_iter().collect(), any: true }
}

impl TypedValueParser for CodeParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        let Self { of, known, any } = self.clone();
        let parse = move |text: &str| {
            if any || known.contains(&text) {
                return Ok(text.to_owned());
            }
            Err(format!("is no code of {of}; there are {}", known.join(", ")))
        };
        parse.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.known.iter().map(PossibleValue::new)))
    }
}

/// Which of what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    /// What stands.
    #[default]
    Open,
    /// What no longer does.
    Withdrawn,
    /// Both.
    All,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// Aligned columns.
    #[default]
    Table,
    /// One JSON object a line, as `suyuan replay` writes them.
    Jsonl,
}

/// Flags that lists of findings, tasks and cases share.
#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// Only the one of this id, with all there is to say about it.
    #[arg(value_name = "ID", value_parser = id)]
    pub(crate) id: Option<Id>,
    /// Only those about this taxpayer.
    #[arg(long, value_name = "TAXPAYER", value_parser = id)]
    pub(crate) taxpayer: Option<TaxpayerId>,
    /// Only those of this typology; `suyuan explain` lists them.
    #[arg(long, value_name = "CODE", value_parser = typology(), hide_possible_values = true)]
    pub(crate) typology: Option<String>,
    /// Only those that stand, or that were withdrawn; one named by its id is shown whatever its status.
    #[arg(long, value_enum, value_name = "STATUS")]
    pub(crate) status: Option<Status>,
    /// Only those raised or opened on this day or later.
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<Instant>,
    /// At most so many, the heaviest first; 0 for all [default: 50 in a table, else all].
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Where they are.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Flags that lists of what the journal says share: nothing in them ever changes, so the last are of most interest.
#[derive(clap::Args)]
pub(crate) struct SaidListArgs {
    /// The last so many; 0 for all [default: 50 in a table, else all].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// A table to read, or JSON Lines.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
    /// Where they are.
    #[command(flatten)]
    data: DataArgs,
}

impl SaidListArgs {
    /// What is read.
    pub(crate) fn journal(&self) -> anyhow::Result<Journal> {
        Ok(query::open_journal(&self.data.dir()?)?)
    }

    /// Whether it is for people.
    pub(crate) fn in_table(&self) -> bool {
        self.format == ListFormat::Table
    }

    /// The last so many; 0 for all.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(if self.in_table() { TABLE_ROWS } else { 0 })
    }
}

/// Says how many there are of each code, whether some are not shown, and whether more may come.
pub(crate) fn remark(counts: &BTreeMap<String, u64>, left_out: usize, unfinished: bool, none: &str) {
    if unfinished {
        tell("note: an input has not come to its end; to finish it, run the command that began it again.");
    }
    if counts.is_empty() {
        tell(none);
        return;
    }
    let counts: Vec<_> = counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
    tell(&format!("in all: {}", counts.join(", ")));
    if left_out > 0 {
        tell(&format!("{left_out} earlier ones match; --limit 0 shows all"));
    }
}

/// Flags that lists of findings and of tasks share: both have levels.
#[derive(clap::Args)]
pub(crate) struct LevelListArgs {
    /// Which, and where.
    #[command(flatten)]
    pub(crate) list: ListArgs,
    /// Only those of at least this level, 1 to 5; of a finding, that which its score alone asks for.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) min_level: Option<u8>,
    /// Only those of this level.
    #[arg(long, value_name = "LEVEL", conflicts_with = "min_level", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) level: Option<u8>,
    /// A table to read, or JSON Lines.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

impl LevelListArgs {
    /// What is asked.
    fn filter(&self) -> Filter {
        let filter = self.list.filter(self.format == ListFormat::Table);
        Filter { level_min: self.min_level.or(self.level), level_max: self.level, ..filter }
    }

    /// Asks, says what the list lacks, and prints it: as lines, as a table, or the one that was named as a page.
    pub(crate) fn print<T>(
        &self,
        what: &str,
        ask: impl Fn(&Folder, &Filter) -> Result<Listed<T>, query::Error>,
        line: impl Fn(&T, &mut Vec<u8>),
        table: impl Fn(&Folder, &[T]) -> anyhow::Result<String>,
        page: impl Fn(&Folder, &T) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let folder = self.list.read.open()?;
        let listed = ask(folder, &self.filter())?;
        self.list.remark(folder, &listed, what)?;
        match (self.format, self.list.id, listed.items.as_slice()) {
            (ListFormat::Jsonl, ..) => {
                let mut lines = Vec::new();
                for item in &listed.items {
                    line(item, &mut lines);
                    lines.push(b'\n');
                }
                print(&lines)
            }
            (ListFormat::Table, Some(_), [item]) => print(page(folder, item)?.as_bytes()),
            (ListFormat::Table, ..) => print(table(folder, &listed.items)?.as_bytes()),
        }
    }
}

/// Says so where nobody of an id is known: silence would read as a clean answer.
pub(crate) fn tell_unknown(folder: &Folder, taxpayer: TaxpayerId) -> anyhow::Result<()> {
    if folder.row::<Profile>(taxpayer, &Key::Profile)?.is_none() {
        tell(&format!(
            "{} does not speak of a taxpayer {taxpayer}: check the id, or the folder",
            folder.dir().display()
        ));
    }
    Ok(())
}

/// Rows of a table, unless told otherwise.
const TABLE_ROWS: usize = 50;

impl ListArgs {
    /// What is asked, without levels.
    pub(crate) fn filter(&self, in_table: bool) -> Filter {
        let status = self.status.unwrap_or(if self.id.is_some() { Status::All } else { Status::Open });
        let standing = match status {
            Status::Open => Some(true),
            Status::Withdrawn => Some(false),
            Status::All => None,
        };
        Filter {
            id: self.id,
            taxpayer_id: self.taxpayer,
            typology: self.typology.as_deref().map(Into::into),
            standing,
            since: self.since,
            level_min: None,
            level_max: None,
            limit: self.limit.unwrap_or(if in_table { TABLE_ROWS } else { 0 }),
        }
    }

    /// Nothing is known by this id.
    pub(crate) fn unknown(&self, what: &str, id: Id) -> anyhow::Error {
        let data = self.read.data.flag();
        anyhow::anyhow!("there is no {what} of id {id}: list them with `suyuan {what}s --status all{data}`")
    }

    /// Says what a list lacks, or that it has nothing.
    pub(crate) fn remark<T>(&self, folder: &Folder, listed: &Listed<T>, what: &str) -> anyhow::Result<()> {
        if let (Some(id), true) = (self.id, listed.items.is_empty()) {
            return Err(self.unknown(what, id));
        }
        if listed.items.is_empty() {
            tell(&format!("no {what} matches"));
            self.taxpayer.map_or(Ok(()), |taxpayer| tell_unknown(folder, taxpayer))?;
        }
        if listed.left_out > 0 {
            let more = counted(listed.left_out as u64, "more matches", "more match");
            tell(&format!("{more}; --limit 0 shows all"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_first_moment_or_its_last() {
        assert_eq!(since("2026-03-01").unwrap().to_string(), "2026-03-01T00:00:00+08:00");
        assert_eq!(until("2026-03-01").unwrap().to_string(), "2026-03-01T23:59:59.999+08:00");
        assert_eq!(since("2026-03-01T09:00:00Z").unwrap().to_string(), "2026-03-01T17:00:00+08:00");
        assert!(since("yesterday").unwrap_err().contains("2026-03-01"));
    }

    #[test]
    fn amounts_are_read_strictly() {
        assert_eq!(yuan("10000"), Ok(Fen(1_000_000)));
        assert_eq!(yuan("10,000.05"), Ok(Fen(1_000_005)));
        for bad in ["", "1.5", "-1", "1.234", "ten", ".50", "99999999999999999999"] {
            assert!(yuan(bad).is_err(), "{bad}");
        }
    }
}
