//! Third parties' figures about a taxpayer, month by month: electricity, waybills, payroll, bank, customs. Of each metric the
//! figure that was observed last counts.

use serde::{Deserialize, Serialize};

use super::dated::Dated;
use super::row::Beyond;
use crate::model::{Id, Instant, ObservationSource};

/// Metrics of a month that are kept to be reckoned with; beyond, they are history alone. The contract knows eight.
const METRICS_MAX: usize = 32;

/// What somebody measures: a source's name for it, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Metric(u64);

impl Metric {
    /// A metric of the contract, or any other that a source sends.
    pub fn of(source: ObservationSource, name: &str) -> Self {
        Self(Id::derived_number("metric", &[source.code(), name]))
    }
}

/// The figures of one month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// In the order of the metrics.
    figures: Vec<(Metric, Dated<i64>)>,
}

impl Readings {
    /// Takes over a figure said at a time, unless a later one was said already. Of more than `METRICS_MAX` metrics the first
    /// by their order are kept, whatever the order in which they come.
    pub fn say(&mut self, metric: Metric, value: i64, at: Instant) {
        match self.figures.binary_search_by_key(&metric, |figure| figure.0) {
            Ok(place) => self.figures[place].1.say(value, at),
            Err(place) => {
                self.figures.insert(place, (metric, Dated { value: Some(value), since: at }));
                self.figures.truncate(METRICS_MAX);
            }
        }
    }

    /// The latest figure of a metric.
    pub fn of(&self, metric: Metric) -> Option<i64> {
        let place = self.figures.binary_search_by_key(&metric, |figure| figure.0).ok()?;
        self.figures[place].1.value
    }
}

impl Beyond for Readings {
    fn beyond_bytes(&self) -> usize {
        self.figures.capacity() * size_of::<(Metric, Dated<i64>)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_figures_count_whatever_the_order_they_come_in() {
        let said: Vec<(Metric, i64, Instant)> = (0..100_i64)
            .map(|at| (Metric::of(ObservationSource::Bank, &(at % 50).to_string()), at, Instant(at)))
            .collect();
        let readings = |said: &mut dyn Iterator<Item = &(Metric, i64, Instant)>| {
            let mut readings = Readings::default();
            said.for_each(|(metric, value, at)| readings.say(*metric, *value, *at));
            readings
        };
        let forth = readings(&mut said.iter());
        assert_eq!(forth, readings(&mut said.iter().rev()));
        let kept: Vec<i64> = said.iter().filter_map(|(metric, ..)| forth.of(*metric)).collect();
        assert!(kept.len() == 2 * METRICS_MAX && kept.iter().all(|value| *value >= 50), "{kept:?}");
    }
}
