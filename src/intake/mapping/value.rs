//! What the text of a cell comes to.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use chrono::format::{Fixed, Item, Numeric, Pad, Parsed, StrftimeItems};

use super::document::{DayTime, Kind, ValueRule};
use super::money;
use crate::model::{HOUR_MS, Instant};

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Datum {
    /// Nothing.
    Absent,
    /// A text.
    Text(String),
    /// A number.
    Integer(i64),
}

/// A value of a layout, ready to read cells.
#[derive(Debug)]
pub(super) struct Value {
    /// Its name in the mapping.
    pub name: String,
    /// Its column's header; of several the first that the file has.
    pub columns: Vec<String>,
    /// Whether the column may be missing and a cell empty.
    pub optional: bool,
    kind: Kind,
    map: Option<BTreeMap<String, String>>,
    otherwise: Option<String>,
    pad_to: usize,
    formats: Vec<Vec<Item<'static>>>,
    time: DayTime,
}

/// China Standard Time, ahead of UTC.
const CHINA_OFFSET_MS: i64 = 8 * HOUR_MS;
/// How many texts of a map a message lists.
const SHOWN_MAX: usize = 8;
/// The longest `pad_to`.
const PAD_MAX: usize = 24;

impl Value {
    /// Checks that a rule makes sense.
    pub(super) fn compile(name: &str, rule: &ValueRule) -> Result<Self, String> {
        let columns: Vec<String> = rule.column.texts().iter().map(|column| column.trim().to_owned()).collect();
        if columns.is_empty() || columns.iter().any(String::is_empty) {
            return Err(format!("the value `{name}` names no column"));
        }
        let timed = match rule.kind {
            Kind::Instant | Kind::Date | Kind::Period | Kind::Year => true,
            Kind::Text | Kind::Yuan | Kind::Percent | Kind::Integer => false,
        };
        if timed == rule.formats.is_empty() {
            let need = "`formats` goes with the kinds instant, date, period and year, and with these only";
            return Err(format!("the value `{name}`: {need}"));
        }
        if rule.otherwise.is_some() && rule.map.is_none() {
            return Err(format!("the value `{name}` has `otherwise` but no `map`"));
        }
        if rule.pad_to.is_some_and(|width| width > PAD_MAX) {
            return Err(format!("the value `{name}`: `pad_to` is at most {PAD_MAX}"));
        }
        let mut formats = Vec::new();
        for text in &rule.formats {
            let items = StrftimeItems::new(text).parse_to_owned();
            let items =
                items.map_err(|_| format!("the value `{name}`: `{text}` is no format; as in `%Y-%m-%d %H:%M:%S`"))?;
            let need = match of_day(&items) {
                OfDay::Part => Some("says the hour without `%M`, or `%I` without `%p`: add what is missing"),
                OfDay::Nothing if rule.kind == Kind::Instant && rule.time.is_none() => {
                    Some("has no time of day: add `time = \"start\"` or `time = \"end\"` of the day")
                }
                OfDay::Nothing | OfDay::All => None,
            };
            if let Some(need) = need {
                return Err(format!("the value `{name}`: `{text}` {need}"));
            }
            formats.push(items);
        }
        if rule.time.is_some() && rule.kind != Kind::Instant {
            return Err(format!("the value `{name}`: `time` goes with the kind instant only"));
        }
        Ok(Self {
            name: name.into(),
            columns,
            optional: rule.optional,
            kind: rule.kind,
            map: rule.map.clone(),
            otherwise: rule.otherwise.clone(),
            pad_to: rule.pad_to.unwrap_or(0),
            formats,
            time: rule.time.unwrap_or(DayTime::Start),
        })
    }

    /// Whether this value can ever have this text, as far as its map says.
    pub(super) fn can_be(&self, text: &str) -> bool {
        match &self.map {
            Some(map) if self.kind == Kind::Text => {
                map.values().any(|value| value == text)
                    || self.otherwise.as_deref() == Some(text)
                    || (self.optional && text.is_empty())
            }
            _ => true,
        }
    }

    /// All texts that this value can have, where its map says so.
    pub(super) fn mapped(&self) -> Option<impl Iterator<Item = &String>> {
        let map = self.map.as_ref().filter(|_| self.kind == Kind::Text)?;
        Some(map.values().chain(&self.otherwise).filter(|text| !text.is_empty()))
    }

    /// Reads a cell.
    pub(super) fn read(&self, cell: &str) -> Result<Datum, String> {
        let cell = cell.trim();
        let text = match &self.map {
            Some(map) => match (map.get(cell), &self.otherwise) {
                (Some(text), _) => text,
                // An empty cell of an optional value is absent before it is unknown.
                (None, Some(text)) if !(cell.is_empty() && self.optional) => text,
                (None, None) if self.kind == Kind::Text && !cell.is_empty() => {
                    let known: Vec<&str> = map.keys().map(String::as_str).take(SHOWN_MAX).collect();
                    let more = if map.len() > SHOWN_MAX { ", ..." } else { "" };
                    return Err(format!("is none of {}{more}", known.join(", ")));
                }
                (None, _) => cell,
            },
            None => cell,
        };
        if text.is_empty() {
            // What a map makes absent is meant to be; an empty cell must be allowed to be.
            let allowed =
                self.optional || !cell.is_empty() || self.map.as_ref().is_some_and(|map| map.contains_key(cell));
            return if allowed { Ok(Datum::Absent) } else { Err("is empty".into()) };
        }
        if text.len() < self.pad_to {
            return self.convert(&format!("{text:0>width$}", width = self.pad_to));
        }
        self.convert(text)
    }

    fn convert(&self, text: &str) -> Result<Datum, String> {
        match self.kind {
            Kind::Text => Ok(Datum::Text(text.into())),
            Kind::Yuan => money::scaled(text, 2).map(Datum::Integer),
            Kind::Integer => money::scaled(text, 0).map(Datum::Integer),
            Kind::Percent => money::percent(text).map(Datum::Integer),
            Kind::Instant => self.instant(text).map(|at| Datum::Text(at.to_string())),
            Kind::Date => self.instant(text).map(|at| Datum::Text(at.date().to_string())),
            Kind::Period => self.instant(text).map(|at| Datum::Text(at.period().to_string())),
            Kind::Year => self.instant(text).map(|at| Datum::Text(at.period().to_string()[..4].into())),
        }
    }

    fn instant(&self, text: &str) -> Result<Instant, String> {
        let lawful = |at: &Instant| (Instant::EVENT_MIN..Instant::EVENT_MAX).contains(at);
        let found = self.formats.iter().find_map(|items| self.instant_as(text, items));
        let at = found.ok_or("is not written as the mapping's `formats` say")?;
        lawful(&at)
            .then_some(at)
            .ok_or_else(|| format!("is not between {} and {}", Instant::EVENT_MIN, Instant::EVENT_MAX))
    }

    fn instant_as(&self, text: &str, items: &[Item<'static>]) -> Option<Instant> {
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
        if self.kind == Kind::Period && parsed.day().is_none() {
            parsed.set_day(1).ok()?;
        }
        let date = parsed.to_naive_date().ok()?;
        let Ok(time) = parsed.to_naive_time() else {
            // What a format says of the time of day it says in whole: see `of_day`.
            let start = Instant(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - CHINA_OFFSET_MS);
            return Some(match self.time {
                DayTime::Start => start,
                DayTime::End => Instant(start.plus_days(1).0 - 1),
            });
        };
        let local = date.and_time(time).and_utc().timestamp_millis();
        let offset = parsed.offset().map_or(CHINA_OFFSET_MS, |seconds| i64::from(seconds) * 1_000);
        Some(Instant(local - offset))
    }
}

/// What a format says of the time of day.
enum OfDay {
    Nothing,
    /// Not enough to tell it.
    Part,
    All,
}

fn of_day(items: &[Item<'_>]) -> OfDay {
    let has = |wanted: &[Item<'_>]| {
        items.iter().any(|item| {
            wanted.iter().any(|wanted| match (item, wanted) {
                (Item::Numeric(item, _), Item::Numeric(wanted, _)) => item == wanted,
                (Item::Fixed(item), Item::Fixed(wanted)) => item == wanted,
                _ => false,
            })
        })
    };
    let number = |numeric| Item::Numeric(numeric, Pad::None);
    let is_whole = has(&[number(Numeric::Timestamp), Item::Fixed(Fixed::RFC2822), Item::Fixed(Fixed::RFC3339)]);
    let half = has(&[Item::Fixed(Fixed::LowerAmPm), Item::Fixed(Fixed::UpperAmPm)]);
    let (hour, hour_of_half) = (has(&[number(Numeric::Hour)]), has(&[number(Numeric::Hour12)]));
    let minute = has(&[number(Numeric::Minute)]);
    if is_whole || (minute && (hour || (hour_of_half && half))) {
        OfDay::All
    } else if hour || hour_of_half || half || minute {
        OfDay::Part
    } else {
        OfDay::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(rule: &str) -> Value {
        Value::compile("v", &toml::from_str(&format!("column = \"x\"\n{rule}")).unwrap()).unwrap()
    }

    fn check(rule: &str, cases: &[(&str, Result<&str, &str>)]) {
        let value = value(rule);
        for (cell, expected) in cases {
            let found = value.read(cell).map(|datum| match datum {
                Datum::Absent => "(absent)".to_owned(),
                Datum::Text(text) => format!("\"{text}\""),
                Datum::Integer(number) => number.to_string(),
            });
            match expected {
                Ok(expected) => assert_eq!(found.as_deref(), Ok(*expected), "{rule}: {cell}"),
                Err(expected) => {
                    assert!(found.as_ref().is_err_and(|why| why.contains(expected)), "{rule}: {cell}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn texts_are_trimmed_and_required_unless_optional() {
        check("", &[(" a\u{3000}\t", Ok("\"a\"")), ("  ", Err("is empty"))]);
        check("optional = true", &[("", Ok("(absent)"))]);
        check("pad_to = 8", &[("3390939", Ok("\"03390939\"")), ("123456789", Ok("\"123456789\""))]);
    }

    #[test]
    fn a_map_is_closed_for_texts_and_open_for_numbers() {
        let status = "map = { \"有效发票\" = \"valid\", \"作废发票\" = \"void\", \"无\" = \"\" }";
        check(status, &[(" 作废发票", Ok("\"void\"")), ("红冲", Err("is none of")), ("无", Ok("(absent)"))]);
        check(status, &[("", Err("is empty"))]);
        check(&format!("{status}\notherwise = \"other\""), &[("红冲", Ok("\"other\"")), ("", Ok("\"other\""))]);
        check(&format!("{status}\noptional = true\notherwise = \"other\""), &[("", Ok("(absent)"))]);
        let rate = "kind = \"percent\"\nmap = { \"免税\" = \"0%\" }";
        check(rate, &[("免税", Ok("0")), ("13%", Ok("1300")), ("***", Err("not a decimal number"))]);
    }

    #[test]
    fn a_day_is_a_day_in_china() {
        let start = "kind = \"instant\"\nformats = [\"%Y/%m/%d\"]\ntime = \"start\"";
        check(start, &[("2017/8/4", Ok("\"2017-08-04T00:00:00+08:00\""))]);
        let end = start.replace("start", "end");
        check(&end, &[("2017/12/31", Ok("\"2017-12-31T23:59:59.999+08:00\""))]);
        check(&end, &[("2017/2/30", Err("formats")), ("17/2/3", Err("not between")), ("2017/8/4 x", Err("formats"))]);
    }

    #[test]
    fn times_of_day_days_months_and_years() {
        let both = "kind = \"instant\"\nformats = [\"%Y-%m-%d %H:%M:%S\", \"%Y-%m-%d\", \"%+\"]\ntime = \"end\"";
        check(both, &[("2026-03-01 09:12:33", Ok("\"2026-03-01T09:12:33+08:00\""))]);
        check(both, &[("2026-03-01", Ok("\"2026-03-01T23:59:59.999+08:00\""))]);
        check(both, &[("2026-02-28T17:30:00Z", Ok("\"2026-03-01T01:30:00+08:00\""))]);
        check("kind = \"date\"\nformats = [\"%Y%m%d\"]", &[("20260301", Ok("\"2026-03-01\""))]);
        check(
            "kind = \"period\"\nformats = [\"%Y年%m月\"]",
            &[("2026年3月", Ok("\"2026-03\"")), ("2026年13月", Err("formats"))],
        );
        check("kind = \"year\"\nformats = [\"%Y/%m/%d\"]", &[("2017/8/4", Ok("\"2017\""))]);
    }

    #[test]
    fn rules_that_make_no_sense_are_told_so() {
        let cases = [
            ("kind = \"instant\"", "`formats` goes with"),
            ("kind = \"instant\"\nformats = [\"%Y-%m-%d\"]", "has no time of day: add `time"),
            ("kind = \"instant\"\nformats = [\"%Y-%Q\"]\ntime = \"end\"", "is no format"),
            ("formats = [\"%Y\"]", "with these only"),
            ("kind = \"yuan\"\ntime = \"end\"", "`time` goes with the kind instant"),
            ("otherwise = \"x\"", "no `map`"),
            ("pad_to = 100", "at most 24"),
        ];
        for (rule, expected) in cases {
            let rule = toml::from_str(&format!("column = \"x\"\n{rule}")).unwrap();
            let why = Value::compile("v", &rule).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }
}
