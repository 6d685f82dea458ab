//! A finding with its evidence: numbers as data, and one sentence in Chinese and in English.

use crate::model::{Date, Evidence, Fen, Id, TaxpayerId};

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// 0 to 1000.
    pub score: u16,
    /// Tax at stake.
    pub stake: Fen,
    /// The numbers.
    pub evidence: Vec<Evidence>,
    /// The sentence.
    pub sentence: Sentence,
    /// Whom else to look at, at most [`COUNTERPARTIES_MAX`].
    pub counterparties: Vec<TaxpayerId>,
    /// The chain it belongs to.
    pub case_id: Option<Id>,
}

/// The most counterparties a finding names.
pub(super) const COUNTERPARTIES_MAX: usize = 8;

/// One sentence an officer can act on: who, how many, how much, against which limit, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// A share in percent, as a sentence has it: whole where that is exact, otherwise with two decimals.
pub(super) fn percent(basis_points: i64) -> String {
    if basis_points % 100 == 0 { (basis_points / 100).to_string() } else { Fen(basis_points).to_string() }
}

/// A day as a Chinese sentence has it: 2025年6月5日.
pub(super) fn day_zh(day: Date) -> String {
    let text = day.to_string();
    let mut parts = text.splitn(3, '-').map(|part| part.trim_start_matches('0'));
    match (parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day)) => format!("{year}年{month}月{day}日"),
        _ => text,
    }
}

/// `1 invoice`, `2 invoices`.
pub(super) fn counted(count: impl Into<i64>, noun: &str) -> String {
    let count = count.into();
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl Finding {
    /// A finding without evidence yet.
    pub fn new(score: i64, stake: Fen, sentence: Sentence) -> Self {
        let score = u16::try_from(score.clamp(0, 1_000)).expect("clamped to a thousand");
        Self { score, stake, evidence: Vec::new(), sentence, counterparties: Vec::new(), case_id: None }
    }

    /// Adds a number: what was seen, and the limit it was held against.
    #[must_use]
    pub fn number(mut self, indicator: &str, observed: i64, threshold: i64, unit: &str, window: &str) -> Self {
        self.evidence.push(Evidence {
            indicator: indicator.into(),
            observed,
            threshold,
            unit: unit.into(),
            window: window.into(),
        });
        self
    }

    /// Adds somebody to look at; beyond [`COUNTERPARTIES_MAX`] the first stay.
    #[must_use]
    pub fn with(mut self, counterparties: impl IntoIterator<Item = TaxpayerId>) -> Self {
        let room = COUNTERPARTIES_MAX.saturating_sub(self.counterparties.len());
        self.counterparties.extend(counterparties.into_iter().take(room));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_shares_are_no_rounder_than_they_are() {
        assert_eq!([1, 2, 0].map(|count: i64| counted(count, "day")), ["1 day", "2 days", "0 days"]);
        assert_eq!(day_zh(Date::parse("2025-06-05").unwrap()), "2025年6月5日");
        assert_eq!([10_000, 0, 72, -5].map(percent), ["100", "0", "0.72", "-0.05"]);
    }
}
