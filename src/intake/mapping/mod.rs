//! Mapping files: how the rows of somebody's CSV become events of the contract. A mapping names values by column and
//! kind, and events whose fields are made of them; the events are written as JSON and read by `codec` like any other, so
//! that a mapped row is held to the same contract. How to write one is shown in `topologies/mappings/`.

mod contract;
mod document;
mod layout;
mod money;
mod template;
mod value;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use encoding_rs::GB18030;

use self::document::{Document, Encoding, Place};
use self::layout::Layout;
pub(super) use self::layout::Rows;
use super::Error;
use super::table::Fields;
use crate::files::read_document;

/// A mapping file, checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    shown: String,
    encoding: Encoding,
    delimiter: u8,
    layouts: Arc<[Layout]>,
    digest: String,
}

/// A mapping bound to the header of one file.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    layouts: Arc<[Layout]>,
    layout: usize,
    columns: Vec<Option<usize>>,
    width: usize,
    delimiter: u8,
    encoding: Encoding,
}

/// A header line, and where it was found.
pub(super) struct Header<'a> {
    /// The file's name.
    pub file: &'a str,
    /// Its line.
    pub line: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether a byte order mark of UTF-8 was before it.
    pub marked: bool,
}

impl Mapping {
    /// Reads and checks a mapping file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let text = read_document(path).map_err(|source| Error::MappingOpen { file: shown.clone(), source })?;
        Self::parse(&shown, &text)
    }

    /// Checks the text of a mapping file; `shown` is what messages call it.
    pub fn parse(shown: &str, text: &str) -> Result<Self, Error> {
        let place = Place { shown, text };
        let document = place.document()?;
        let delimiter = *document.delimiter.get_ref();
        let wrong = |why: &str| place.error(document.delimiter.span(), why);
        let delimiter = match delimiter {
            // In GB18030 the byte of `|` is also the second half of many characters.
            '|' if document.encoding == Encoding::Gb18030 => {
                return Err(wrong("`|` cannot delimit GB18030: use UTF-8"));
            }
            ',' => b',',
            ';' => b';',
            '\t' => b'\t',
            '|' => b'|',
            _ => return Err(wrong("`delimiter` is one of `,` `;` `|` and a tab (\"\\t\")")),
        };
        let layouts = compile(&place, &document)?.into();
        let digest = blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        Ok(Self { shown: shown.into(), encoding: document.encoding, delimiter, layouts, digest })
    }

    /// What its content hashes to.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Chooses the layout of a file by its header: the first whose columns are there.
    pub(super) fn bind(&self, header: &Header<'_>) -> Result<Bound, Error> {
        let (file, line, mapping) = (header.file.to_owned(), header.line, self.shown.clone());
        let encoding = if header.marked { Encoding::Utf8 } else { self.encoding };
        let mut fields = Fields::default();
        fields.split(header.bytes, self.delimiter);
        let mut names = Vec::new();
        for field in fields.iter() {
            let Some(name) = encoding.decode(field) else {
                return Err(Error::HeaderEncoding { file, line, encoding: encoding.name(), mapping });
            };
            names.push(name.trim().to_owned());
        }
        let mut lacks = Vec::new();
        for (layout, candidate) in self.layouts.iter().enumerate() {
            match candidate.columns(&names) {
                Ok(columns) => {
                    let used: BTreeSet<usize> = columns.iter().flatten().copied().collect();
                    if let Some(twice) = used.iter().find(|index| names[*index + 1..].contains(&names[**index])) {
                        return Err(Error::ColumnTwice { file, line, column: names[*twice].clone(), mapping });
                    }
                    let (layouts, width, delimiter) = (Arc::clone(&self.layouts), names.len(), self.delimiter);
                    return Ok(Bound { layouts, layout, columns, width, delimiter, encoding });
                }
                Err(missing) => lacks.push(format!("layout {} lacks {}", candidate.name, missing.join(", "))),
            }
        }
        Err(Error::NoLayout { file, line, mapping, found: shown(&names), wanted: lacks.join("; ") })
    }
}

impl Bound {
    /// How to read the rows after the header.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            layout: &self.layouts[self.layout],
            columns: &self.columns,
            width: self.width,
            delimiter: self.delimiter,
            encoding: self.encoding,
        }
    }

    /// The text of a row for people to read, damaged where it is no text.
    pub(super) fn shown<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self.encoding {
            Encoding::Utf8 => String::from_utf8_lossy(bytes),
            Encoding::Gb18030 => GB18030.decode_without_bom_handling(bytes).0,
        }
    }

    /// How many columns the header has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// What stands between them.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }
}

impl Encoding {
    /// The text of some bytes, if they are any.
    fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gb18030 => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// What to call it.
    fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB18030",
        }
    }
}

/// The columns that a message names; a file of another kind may have any number of any length.
const COLUMNS_SHOWN: usize = 40;
const COLUMN_CHARS_SHOWN: usize = 60;

/// Names of columns, to be read by people.
fn shown(names: &[String]) -> String {
    let name = |name: &String| match name.char_indices().nth(COLUMN_CHARS_SHOWN) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.clone(),
    };
    let shown = names.iter().take(COLUMNS_SHOWN).map(name).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(COLUMNS_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Merges what layouts share into each.
fn compile(place: &Place<'_>, document: &Document) -> Result<Vec<Layout>, Error> {
    if document.layouts.is_empty() {
        let values: BTreeMap<_, _> = document.values.iter().collect();
        return Ok(vec![Layout::compile(place, "of the whole file", &(0..0), &values, &document.events)?]);
    }
    let layout = |rule: &toml::Spanned<document::LayoutRule>| {
        let (range, rule) = (rule.span(), rule.get_ref());
        let values: BTreeMap<_, _> = document.values.iter().chain(&rule.values).collect();
        let events = if rule.events.is_empty() { &document.events } else { &rule.events };
        Layout::compile(place, &rule.name, &range, &values, events)
    };
    document.layouts.iter().map(layout).collect()
}

#[cfg(test)]
mod tests;
