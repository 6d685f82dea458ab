//! One kind of file, compiled: which columns it must have, and which events a row makes.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use super::contract::EventType;
use super::document::{Encoding, EventRule, Place, ValueRule};
use super::template::Node;
use super::value::{Datum, Value};
use crate::codec;
use crate::intake::Error;
use crate::intake::table::Fields;
use crate::model::Event;

/// A layout of a mapping.
#[derive(Debug)]
pub(super) struct Layout {
    /// Its name, for messages.
    pub name: String,
    /// What it reads.
    pub values: Vec<Value>,
    events: Vec<Made>,
}

/// An event that a row may make.
#[derive(Debug)]
struct Made {
    name: &'static str,
    when: Vec<(usize, Vec<String>)>,
    fields: Node,
}

impl Layout {
    /// Checks and compiles one layout. `range` is where it stands.
    pub(super) fn compile(
        place: &Place<'_>,
        name: &str,
        range: &Range<usize>,
        values: &BTreeMap<&String, &Spanned<ValueRule>>,
        events: &[Spanned<EventRule>],
    ) -> Result<Self, Error> {
        let compile = |(name, rule): (&&String, &&Spanned<ValueRule>)| {
            Value::compile(name, rule.get_ref()).map_err(|why| place.error(rule.span(), why))
        };
        let values: Vec<Value> = values.iter().map(compile).collect::<Result<_, _>>()?;
        if events.is_empty() {
            let why = format!("the layout `{name}` makes no event: add [[events]]");
            return Err(place.error(range.clone(), why));
        }
        let made = |rule: &Spanned<EventRule>| {
            Made::compile(rule.get_ref(), &values).map_err(|why| place.error(rule.span(), why))
        };
        let events = events.iter().map(made).collect::<Result<_, _>>()?;
        Ok(Self { name: name.into(), values, events })
    }

    /// Where in a header each value's column is. Returns the columns that are missing, if any that is needed is.
    pub(super) fn columns(&self, header: &[String]) -> Result<Vec<Option<usize>>, Vec<String>> {
        let found =
            |value: &Value| value.columns.iter().find_map(|name| header.iter().position(|column| column == name));
        let columns: Vec<Option<usize>> = self.values.iter().map(found).collect();
        let missing = self.values.iter().zip(&columns).filter(|(value, column)| column.is_none() && !value.optional);
        let missing: Vec<String> = missing.map(|(value, _)| value.columns.join(" or ")).collect();
        if missing.is_empty() { Ok(columns) } else { Err(missing) }
    }
}

impl Made {
    fn compile(rule: &EventRule, values: &[Value]) -> Result<Self, String> {
        let event = EventType::find(&rule.event_type)?;
        event.check(rule.fields.keys().map(String::as_str))?;
        let mut when = Vec::new();
        for (name, texts) in &rule.when {
            let value = values.iter().position(|value| value.name == *name);
            let value = value.ok_or_else(|| format!("`when` names `{name}`, and there is no such value"))?;
            if let Some(never) = texts.texts().iter().find(|text| !values[value].can_be(text)) {
                return Err(format!("`when` waits for `{name}` to be `{never}`, which its map never makes it"));
            }
            when.push((value, texts.texts().to_vec()));
        }
        let made = Self { name: event.name, when, fields: Node::event(event.name, &rule.fields, values)? };
        made.check_constants(rule, values)?;
        Ok(made)
    }

    /// Refuses what no row could make right: constants, and texts of a map, that the contract does not have in their
    /// place. Each field is read by itself; that others are missing then says nothing.
    fn check_constants(&self, rule: &EventRule, values: &[Value]) -> Result<(), String> {
        let mut data = vec![Datum::Absent; values.len()];
        for (name, field) in &rule.fields {
            let alone = toml::Table::from_iter([(name.clone(), field.clone())]);
            let event = Node::event(self.name, &alone, values)?;
            check_alone(&event, &data)?;
            for (value, texts) in values.iter().enumerate().filter_map(|(at, value)| Some((at, value.mapped()?))) {
                let asked = self.when.iter().find(|(asked, _)| *asked == value).map(|(_, texts)| texts);
                for text in texts.filter(|text| asked.is_none_or(|asked| asked.contains(text))) {
                    data[value] = Datum::Text(text.clone());
                    check_alone(&event, &data)?;
                }
                data[value] = Datum::Absent;
            }
        }
        Ok(())
    }

    fn applies(&self, data: &[Datum]) -> bool {
        self.when.iter().all(|(value, texts)| match &data[*value] {
            Datum::Absent => texts.iter().any(String::is_empty),
            Datum::Text(text) => texts.contains(text),
            Datum::Integer(number) => texts.contains(&number.to_string()),
        })
    }
}

fn check_alone(event: &Node, data: &[Datum]) -> Result<(), String> {
    let mut json = Vec::new();
    event.write(data, &mut json);
    match codec::json::read_event(&json) {
        Err(refusal) if !refusal.is_of_what_is_missing() => Err(refusal.to_string()),
        Err(_) | Ok(_) => Ok(()),
    }
}

/// What a row of a file comes to: a layout and where its columns are.
#[derive(Debug)]
pub(in crate::intake) struct Rows<'a> {
    pub(super) layout: &'a Layout,
    pub(super) columns: &'a [Option<usize>],
    pub(super) width: usize,
    pub(super) delimiter: u8,
    pub(super) encoding: Encoding,
}

/// An event of a row, and where its JSON is.
pub(in crate::intake) type Written = (Event, Range<usize>);

impl Rows<'_> {
    /// Reads one row: all of its events, or why it makes none. Their JSON is appended to `json`.
    pub(in crate::intake) fn read(
        &self,
        record: &[u8],
        fields: &mut Fields,
        json: &mut Vec<u8>,
    ) -> Result<Vec<Written>, String> {
        fields.split(record, self.delimiter);
        let beyond = (self.width..fields.len()).filter_map(|index| fields.get(index));
        if fields.len() < self.width || beyond.into_iter().any(|field| !field.is_empty()) {
            return Err(format!("line: has {} fields, and the header has {}", fields.len(), self.width));
        }
        let data = self.data(fields)?;
        let before = json.len();
        let mut events = Vec::with_capacity(2);
        for made in self.layout.events.iter().filter(|made| made.applies(&data)) {
            let start = json.len();
            made.fields.write(&data, json);
            match codec::json::read_event(&json[start..]) {
                Ok(event) => events.push((event, start..json.len())),
                Err(refusal) => {
                    json.truncate(before);
                    return Err(format!("{refusal} (layout {}, event {})", self.layout.name, made.name));
                }
            }
        }
        if events.is_empty() {
            return Err(format!("line: no event of the layout {} applies to it", self.layout.name));
        }
        Ok(events)
    }

    fn data(&self, fields: &Fields) -> Result<Vec<Datum>, String> {
        let mut data = Vec::with_capacity(self.columns.len());
        for (value, column) in self.layout.values.iter().zip(self.columns) {
            let Some(column) = column else {
                data.push(Datum::Absent);
                continue;
            };
            let cell = fields.get(*column).unwrap_or_default();
            let name = || value.columns.join(" or ");
            let text =
                self.encoding.decode(cell).ok_or_else(|| format!("{}: is not {}", name(), self.encoding.name()))?;
            let shown = || text.trim().chars().take(SHOWN_CHARS_MAX).collect::<String>();
            let datum = value.read(&text).map_err(|why| format!("{}: `{}` {why}", name(), shown()))?;
            data.push(datum);
        }
        Ok(data)
    }
}

/// How much of a cell a message shows.
const SHOWN_CHARS_MAX: usize = 40;
