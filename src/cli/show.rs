//! How answers look: aligned columns whatever the script, money in yuan, times to the minute, colours on a terminal.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::model::{Fen, Instant, TaxpayerId};

/// Writes an answer. A reader that has had enough, such as `head`, is no failure.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Writes one JSON document on a line of its own.
pub(crate) fn print_json(document: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(document).context("cannot be written as JSON")?;
    line.push(b'\n');
    print(&line)
}

/// Adds to a text.
pub(crate) fn put(text: &mut String, said: std::fmt::Arguments<'_>) {
    std::fmt::Write::write_fmt(text, said).expect("a String takes any write");
}

/// A path as a word of a command that can be pasted into a shell.
pub(crate) fn shell_word(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// How this program is called from here: by its name where a shell would find it, else by its path.
pub(crate) fn program() -> String {
    const NAME: &str = "suyuan";
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).any(|folder| folder.join(NAME).is_file());
    let own = || std::env::current_exe().ok().map(|path| shell_word(&path));
    if found { NAME.into() } else { own().unwrap_or_else(|| NAME.into()) }
}

/// Whether colours are wanted: on a terminal, unless `NO_COLOR` is set.
pub(crate) fn color_wanted() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Yuan with two decimals and commas between thousands.
pub(crate) fn money(amount: Fen) -> String {
    amount.grouped().to_string()
}

/// A number in one of the units of the contract, as people read it: money in yuan, shares in percent.
pub(crate) fn measure(value: i64, unit: &str) -> String {
    match unit {
        "fen" => money(Fen(value)),
        "bp" if value % 100 == 0 => (value / 100).to_string(),
        // A hundredth is a hundredth: basis points print as fen do.
        "bp" => Fen(value).to_string(),
        _ => value.to_string(),
    }
}

/// The unit in which [`measure`] shows a number.
pub(crate) fn unit_shown(unit: &str) -> &str {
    match unit {
        "fen" => "yuan",
        "bp" => "%",
        other => other,
    }
}

/// Money, or nothing where there is none.
pub(crate) fn money_or_blank(amount: Fen) -> String {
    if amount == Fen::ZERO { String::new() } else { money(amount) }
}

/// A count, or nothing where there is none.
pub(crate) fn count_or_blank(count: u32) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

/// A part of a whole in percent, to one decimal.
pub(crate) fn share(part: Fen, whole: Fen) -> String {
    let tenths = (part.ratio_bp(whole) + 5).div_euclid(10);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `1 taxpayer`, `2 taxpayers`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A time to the minute, in China.
pub(crate) fn minute(at: Instant) -> String {
    at.to_string().get(..16).map_or_else(|| at.to_string(), |text| text.replace('T', " "))
}

/// A taxpayer's id and, where it has one, its name.
pub(crate) fn who(id: TaxpayerId, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{id} {}", fit(name, NAME_WIDTH)),
        None => id.to_string(),
    }
}

/// Columns of a terminal that a name may take.
const NAME_WIDTH: usize = 28;

/// Columns of a terminal that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A text of at most so many columns, where it is for a terminal; what a program or a file gets is whole.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if std::io::stdout().is_terminal() { cut(text, columns) } else { clean(text) }
}

fn cut(text: &str, columns: usize) -> String {
    let text = clean(text);
    if width(&text) <= columns {
        return text;
    }
    let mut short = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        short.push(c);
    }
    short + "…"
}

/// Without what would move the cursor or colour the screen: texts come from outside.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Words in lines of at most so many columns, each begun with `indent`.
pub(crate) fn wrap(text: &str, indent: &str, columns: usize) -> String {
    let mut lines = String::new();
    let mut line = String::from(indent);
    for word in text.split_whitespace() {
        if width(&line) + 1 + width(word) > columns && line.len() > indent.len() {
            lines += line.trim_end();
            lines.push('\n');
            line = indent.into();
        }
        if line.len() > indent.len() {
            line.push(' ');
        }
        line += word;
    }
    lines + line.trim_end() + "\n"
}

/// Columns of text that is not in a table.
pub(crate) const TEXT_COLUMNS: usize = 100;

/// A colour of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    /// Grave.
    Red,
    /// To be looked at.
    Yellow,
    /// Beside the point.
    Dim,
}

/// A text in a colour, or as it is where no colour is wanted.
pub(crate) fn paint(text: &str, color: Option<Color>) -> String {
    let code = match color {
        _ if text.is_empty() => return String::new(),
        None => return text.into(),
        Some(Color::Red) => "31",
        Some(Color::Yellow) => "33",
        Some(Color::Dim) => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A field of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) color: Option<Color>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, color: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Rows under a heading, aligned. Columns without any text are left out.
pub(crate) struct Table {
    heading: Vec<(&'static str, bool)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With these columns; a name that begins with `>` is aligned to the right, without it.
    pub(crate) fn new(columns: &[&'static str]) -> Self {
        let column = |name: &&'static str| name.strip_prefix('>').map_or((*name, false), |name| (name, true));
        Self { heading: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.heading.len(), "a row has as many fields as the heading");
        self.rows.push(cells);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table's lines, each begun with `indent`; the heading dimmed where colours are wanted.
    pub(crate) fn write(&self, indent: &str, colored: bool) -> String {
        let columns: Vec<(usize, usize)> = (0..self.heading.len())
            .filter_map(|at| {
                let widest = self.rows.iter().map(|row| width(&row[at].text)).max().filter(|widest| *widest > 0)?;
                Some((at, widest.max(width(self.heading[at].0))))
            })
            .collect();
        let mut text = String::new();
        let heading: Vec<Cell> =
            self.heading.iter().map(|(name, _)| Cell { text: (*name).into(), color: Some(Color::Dim) }).collect();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::from(indent);
            let last = columns.last().map(|(at, _)| *at);
            for (at, widest) in &columns {
                let cell = &row[*at];
                let pad = " ".repeat(widest - width(&cell.text));
                let painted = paint(&cell.text, cell.color.filter(|_| colored));
                match (self.heading[*at].1, Some(*at) == last) {
                    (true, _) => line += &(pad + &painted),
                    (false, true) => line += &painted,
                    (false, false) => line += &(painted + &pad),
                }
                line += "  ";
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_whatever_the_script_and_empty_ones_are_left_out() {
        let mut table = Table::new(&["name", "nothing", ">tax"]);
        table.row(vec!["源头商贸".into(), "".into(), "1.00".into()]);
        table.row(vec!["B".into(), "".into(), "12,345.00".into()]);
        assert_eq!(table.write("", false), "name            tax\n源头商贸       1.00\nB         12,345.00\n");
        assert!(table.write("", true).starts_with("\u{1b}[2mname\u{1b}[0m"));
    }

    #[test]
    fn texts_from_outside_cannot_move_the_cursor() {
        assert_eq!(cut("a\u{1b}[2Jb", 9), "a\u{fffd}[2Jb");
        assert_eq!(cut("溯源溯源溯源", 7), "溯源溯…");
    }

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        let word = |path: &str| shell_word(path.as_ref());
        assert_eq!(word("/srv/溯源-1"), "/srv/溯源-1");
        assert_eq!((word("/a b"), word("it's")), ("'/a b'".into(), "'it'\\''s'".into()));
    }

    #[test]
    fn words_are_wrapped_and_none_is_lost() {
        assert_eq!(wrap("one two  three", "  ", 10), "  one two\n  three\n");
        assert_eq!(wrap("", "  ", 10), "\n");
    }
}
