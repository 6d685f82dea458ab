//! A TOML document with the place of everything in it, so that each mistake can be shown where it is.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::shortened;

/// Something in a document that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// A document, and the mistakes found in it so far.
pub(in crate::risk) struct Tree<'i> {
    document: &'i str,
    mistakes: Vec<(usize, String)>,
}

/// Beyond so many mistakes no more are noted.
const MISTAKES_MAX: usize = 100;

impl<'i> Tree<'i> {
    /// Reads a document as far as it can be read.
    pub(in crate::risk) fn read(document: &'i str) -> (Self, Spanned<DeTable<'i>>) {
        let (root, errors) = DeTable::parse_recoverable(document);
        let mut tree = Self { document, mistakes: Vec::new() };
        for error in errors {
            tree.say(error.span().map_or(0, |span| span.start), error.message().to_owned());
        }
        (tree, root)
    }

    /// Notes a mistake at a byte of the document.
    pub(in crate::risk) fn say(&mut self, at: usize, what: impl Into<String>) {
        if self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push((at, shortened(what.into())));
        }
    }

    /// The mistakes in the order of their places.
    pub(in crate::risk) fn mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort();
        self.mistakes.dedup();
        let place = |(at, what): &(usize, String)| {
            let before = &self.document[..self.document.floor_char_boundary(*at)];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            Mistake { line, column, what: what.clone() }
        };
        self.mistakes.iter().map(place).collect()
    }

    /// Where the value of a path stands, as far as there is one: keys of tables within tables.
    pub(in crate::risk) fn place(root: &Spanned<DeTable<'_>>, path: &[&str]) -> usize {
        let mut at = root.span().start;
        let mut table = root.get_ref();
        for key in path {
            let Some((key, value)) = table.get_key_value(*key) else { return at };
            at = key.span().start;
            let DeValue::Table(inner) = value.get_ref() else { return at };
            table = inner;
        }
        at
    }
}

/// A table that is being read: every key that nobody asks for is a mistake.
pub(in crate::risk) struct Table<'t, 'i> {
    /// Where it stands.
    pub(in crate::risk) span: Range<usize>,
    keys: &'t DeTable<'i>,
    asked: Vec<&'static str>,
}

impl<'t, 'i> Table<'t, 'i> {
    /// A table, or a mistake.
    pub(in crate::risk) fn of(value: &'t Spanned<DeValue<'i>>, what: &str, tree: &mut Tree<'_>) -> Option<Self> {
        let DeValue::Table(table) = value.get_ref() else {
            tree.say(value.span().start, format!("{what} is a table, and this is {}", kind(value.get_ref())));
            return None;
        };
        Some(Self { span: value.span(), keys: table, asked: Vec::new() })
    }

    /// The tables of an array of tables; nothing where there is none.
    pub(in crate::risk) fn list(root: &'t DeTable<'i>, name: &str, tree: &mut Tree<'_>) -> Vec<Self> {
        let Some(value) = root.get(name) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            tree.say(value.span().start, format!("write each of them as [[{name}]]"));
            return Vec::new();
        };
        items.iter().filter_map(|item| Self::of(item, &format!("each of `{name}`"), tree)).collect()
    }

    /// What stands under a key.
    pub(in crate::risk) fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.keys.get(key)
    }

    /// A text.
    pub(in crate::risk) fn text(&mut self, key: &'static str, tree: &mut Tree<'_>) -> Option<Spanned<String>> {
        let value = self.value(key)?;
        let Some(text) = value.get_ref().as_str() else {
            tree.say(value.span().start, format!("`{key}` is a text, and this is {}", kind(value.get_ref())));
            return None;
        };
        Some(Spanned::new(value.span(), text.to_owned()))
    }

    /// A whole number in a range.
    pub(in crate::risk) fn number(
        &mut self,
        key: &'static str,
        (least, most): (i64, i64),
        tree: &mut Tree<'_>,
    ) -> Option<Spanned<i64>> {
        let value = self.value(key)?;
        let number = integer(value.get_ref());
        match number {
            Some(number) if (least..=most).contains(&number) => Some(Spanned::new(value.span(), number)),
            Some(number) => {
                tree.say(value.span().start, format!("{key} = {number}: give {least} to {most}"));
                None
            }
            None => {
                let kind = kind(value.get_ref());
                tree.say(value.span().start, format!("`{key}` is a whole number, and this is {kind}"));
                None
            }
        }
    }

    /// Yes or no.
    pub(in crate::risk) fn flag(&mut self, key: &'static str, tree: &mut Tree<'_>) -> bool {
        let Some(value) = self.value(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            tree.say(value.span().start, format!("`{key}` is true or false, and this is {}", kind(value.get_ref())));
            false
        })
    }

    /// Says of each key that nobody asked for that it is none, and what there is.
    pub(in crate::risk) fn finish(self, what: &str, tree: &mut Tree<'_>) {
        for key in self.keys.keys().filter(|key| !self.asked.iter().any(|asked| *asked == key.get_ref().as_ref())) {
            let known = self.asked.join(", ");
            tree.say(key.span().start, format!("{what} has no `{}`; it has {known}", key.get_ref()));
        }
    }

    /// The keys that it has, with their places.
    pub(in crate::risk) fn keys(&self) -> impl Iterator<Item = (usize, &'t str)> + use<'t, 'i> {
        self.keys.keys().map(|key| (key.span().start, key.get_ref().as_ref()))
    }

    /// What stands under a key that is not known beforehand; the key counts as asked for only where it is said to be.
    pub(in crate::risk) fn any(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.keys.get(key)
    }
}

/// A whole number that fits.
pub(in crate::risk) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number, perhaps too large",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
