//! Sentences of rules: text with places for numbers. `{period}` is the month, `{CODE}` an indicator's value, `{CODE.limit}`
//! the limit it was held against, `{CODE.reference}` what that is of: peers' quantile, or the firm's own past. Shares are
//! given in per cent, money in yuan.

use super::super::indicators::{Indicator, indicator};
use super::Asked;
use crate::model::Period;

/// The longest text of a rule, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1_024;

/// A sentence with places for numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Period,
    Number(&'static Indicator, Which),
}

/// Which number of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Value,
    Limit,
    Reference,
}

impl Template {
    /// Reads one; an error says what of it cannot be understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX || text.contains(char::is_control) {
            return Err(format!("give a sentence of 1 to {TEXT_BYTES_MAX} bytes on one line"));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, later) = after.split_once('}').ok_or("`{` has no `}`")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            parts.push(part(place)?);
            rest = later;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self { parts })
    }

    /// The indicators that it names.
    pub(super) fn indicators(&self) -> impl Iterator<Item = &'static Indicator> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Number(indicator, _) => Some(*indicator),
            Part::Text(_) | Part::Period => None,
        })
    }

    /// The sentence, with the numbers of a month.
    pub(super) fn write(
        &self,
        period: Period,
        asked: &[Asked<'_>],
        stake: Option<(&'static Indicator, i64)>,
    ) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.to_string(),
            Part::Period => period.to_string(),
            Part::Number(indicator, which) => {
                let asked = asked.iter().find(|asked| asked.comparison.indicator == *indicator);
                let value = match (asked, which) {
                    (Some(asked), Which::Value) => Some(asked.value),
                    (Some(asked), Which::Limit) => Some(asked.limit),
                    (Some(asked), Which::Reference) => Some(asked.reference),
                    (None, _) => stake.filter(|(of, _)| of == indicator).map(|(_, stake)| stake),
                };
                value.map_or("—".to_owned(), |value| indicator.unit.shown(value))
            }
        };
        self.parts.iter().map(part).collect()
    }
}

fn part(place: &str) -> Result<Part, String> {
    if place == "period" {
        return Ok(Part::Period);
    }
    let (code, which) = match place.split_once('.') {
        None => (place, Which::Value),
        Some((code, "limit")) => (code, Which::Limit),
        Some((code, "reference")) => (code, Which::Reference),
        Some((_, other)) => return Err(format!("`{{{place}}}`: `.{other}` is neither `.limit` nor `.reference`")),
    };
    let known = indicator(code).ok_or_else(|| format!("`{{{place}}}`: {}", super::read::unknown_indicator(code)))?;
    Ok(Part::Number(known, which))
}
