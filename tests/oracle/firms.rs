//! A firm: what was said of it, each for its time, and what it has.

use std::collections::{BTreeMap, BTreeSet};

use super::events::Month;
use super::mixture::Mixture;

/// A firm, and everything that was said of it, each with the time since when it holds, in the order of folding.
#[derive(Clone, Debug, Default)]
pub struct Firm {
    pub registered_on: Option<i64>,
    pub small: Vec<(i64, bool)>,
    pub statuses: Vec<(i64, String)>,
    pub representatives: Vec<(i64, String)>,
    pub caps: Vec<(i64, i64)>,
    pub declared: BTreeMap<Month, Vec<(i64, [i64; 5])>>,
    /// The least time of anything folded.
    pub known_since: Option<i64>,
    pub goods_sold: BTreeSet<String>,
    pub pool: Mixture,
    /// Firms whose value it was ever sent, and over how few invoices.
    pub met: BTreeMap<String, i64>,
    /// All that ever came in, and of it all that was given up.
    pub arrived: i64,
    pub withdrawn: i64,
    /// What was given up though it had flowed on, by origin (of the remainder, nobody) and the number of the purchase among
    /// those given up so: its month, and how much.
    pub flowed_on: BTreeMap<(String, usize), (Month, i64)>,
    pub given_up: usize,
}

/// What held at a time, of what was said for times; before the first of them, that one.
pub fn at<T>(said: &[(i64, T)], at: i64) -> Option<&T> {
    let mut sorted: Vec<&(i64, T)> = said.iter().collect();
    sorted.sort_by_key(|said| said.0);
    let last = sorted.iter().rev().find(|said| said.0 <= at).or_else(|| sorted.first());
    last.map(|said| &said.1)
}

/// What was said last for the latest time.
pub fn latest<T>(said: &[(i64, T)]) -> Option<&T> {
    at(said, i64::MAX)
}

/// Since when the latest has held without another in between.
pub fn latest_since<T: PartialEq>(said: &[(i64, T)]) -> Option<i64> {
    let mut sorted: Vec<&(i64, T)> = said.iter().collect();
    sorted.sort_by_key(|said| said.0);
    let latest = &sorted.last()?.1;
    sorted.iter().rev().take_while(|said| said.1 == *latest).last().map(|said| said.0)
}

impl Firm {
    /// Whether input tax of a time counts.
    pub fn is_general(&self, time: i64) -> bool {
        at(&self.small, time) != Some(&true)
    }

    /// Since when it is deregistered, if it is.
    pub fn gone_since(&self) -> Option<i64> {
        latest(&self.statuses).filter(|status| *status == "deregistered").and_then(|_| latest_since(&self.statuses))
    }

    /// Whether it was deregistered at a time.
    pub fn is_gone(&self, time: i64) -> bool {
        let by_then: Vec<(i64, &String)> =
            self.statuses.iter().filter(|said| said.0 <= time).map(|said| (said.0, &said.1)).collect();
        latest(&by_then).is_some_and(|status| *status == "deregistered")
    }

    /// Whether a sale of a time has nothing of others behind it: the firm was deregistered, or deducts nothing.
    pub fn sells_its_own(&self, time: i64) -> bool {
        self.is_gone(time) || !self.is_general(time)
    }

    /// Notes whose value it was sent.
    pub fn meet(&mut self, this: &str, sent: &Mixture) {
        for (origin, part) in sent.parts.iter().filter(|(origin, _)| *origin != this) {
            let hops = self.met.entry(origin.clone()).or_insert(part.hops);
            *hops = part.hops.min(*hops);
        }
    }

    pub fn know(&mut self, time: i64) {
        self.known_since = Some(self.known_since.map_or(time, |since| since.min(time)));
    }
}
