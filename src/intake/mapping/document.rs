//! The mapping file as it is written: TOML, every key known, every default stated here. What it comes to is compiled in
//! `layout`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::intake::Error;

/// A mapping file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// What the CSV files are encoded in. A byte order mark of UTF-8 overrules it.
    #[serde(default)]
    pub encoding: Encoding,
    /// What stands between two fields.
    #[serde(default = "comma")]
    pub delimiter: Spanned<char>,
    /// Values that every layout shares, by name.
    #[serde(default)]
    pub values: BTreeMap<String, Spanned<ValueRule>>,
    /// Events that every layout without events of its own makes of a row.
    #[serde(default)]
    pub events: Vec<Spanned<EventRule>>,
    /// Kinds of file. A file is read by the first layout whose columns it has; without any layout there is one, of the
    /// shared values and events.
    #[serde(default)]
    pub layouts: Vec<Spanned<LayoutRule>>,
}

/// One kind of file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayoutRule {
    /// What to call it in messages.
    pub name: String,
    /// Values of this layout: added to the shared ones, or in place of those of the same name.
    #[serde(default)]
    pub values: BTreeMap<String, Spanned<ValueRule>>,
    /// Events of this layout, instead of the shared ones.
    #[serde(default)]
    pub events: Vec<Spanned<EventRule>>,
}

/// A value read from a column. Blanks around the text of a cell are dropped first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueRule {
    /// The column's header; of several the first that the file has.
    pub column: OneOrMany,
    /// What its text is read as.
    #[serde(default)]
    pub kind: Kind,
    /// Whether the column may be missing and a cell empty. An event field made of an absent value is left out.
    #[serde(default)]
    pub optional: bool,
    /// What a text stands for, before it is read as `kind`; the empty text stands for absent. For a `text`, the list is
    /// closed: what is not in it is refused, unless there is `otherwise`.
    pub map: Option<BTreeMap<String, String>>,
    /// What a text stands for that is not in `map`.
    pub otherwise: Option<String>,
    /// Zeros are put before the text up to so many characters: spreadsheets drop them from numbers.
    pub pad_to: Option<usize>,
    /// How times are written, tried in order, as in strftime: `%Y/%m/%d`. Without an offset it is China's time.
    #[serde(default)]
    pub formats: Vec<String>,
    /// Where in the day an `instant` is that is written as a day only.
    pub time: Option<DayTime>,
}

/// What a text is read as, and what becomes of it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Itself.
    #[default]
    Text,
    /// A decimal number of yuan: an integer of fen.
    Yuan,
    /// `13%` or `13`: an integer of basis points.
    Percent,
    /// A whole number.
    Integer,
    /// A moment: RFC 3339.
    Instant,
    /// A day: `YYYY-MM-DD`.
    Date,
    /// A month: `YYYY-MM`.
    Period,
    /// A year: `YYYY`.
    Year,
}

/// A moment of a day in China.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum DayTime {
    /// Its first millisecond.
    Start,
    /// Its last.
    End,
}

/// An event that a row makes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventRule {
    /// One of the contract's types.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Values by name, and which text each must have for the row to make this event. Empty stands for absent.
    #[serde(default)]
    pub when: BTreeMap<String, OneOrMany>,
    /// The event's fields as the contract names them. In a text, `{name}` stands for a value; a field of nothing but one
    /// takes it as it is, a number as a number. Everything else is constant.
    pub fields: toml::Table,
}

/// One text, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub(super) fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// What bytes stand for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) enum Encoding {
    /// With or without byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// And so GBK and GB2312, which it contains.
    #[serde(rename = "gb18030", alias = "gbk", alias = "gb2312")]
    Gb18030,
}

/// A place in a mapping file, to say what is wrong there.
pub(super) struct Place<'a> {
    /// The file's name.
    pub shown: &'a str,
    /// Its text.
    pub text: &'a str,
}

impl Place<'_> {
    /// What is wrong at a range of the text.
    pub(super) fn error(&self, range: Range<usize>, what: impl Into<String>) -> Error {
        let before = self.text.get(..range.start).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Error::Mapping { file: self.shown.into(), line, what: what.into() }
    }

    /// Reads the document.
    pub(super) fn document(&self) -> Result<Document, Error> {
        toml::from_str(self.text).map_err(|error| self.error(error.span().unwrap_or_default(), error.message()))
    }
}

fn comma() -> Spanned<char> {
    Spanned::new(0..0, ',')
}
