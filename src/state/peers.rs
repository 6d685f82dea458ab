//! Rows of peers: how a group of firms of one industry and scale measures up in a month. Values are counted by classes
//! whose width grows with their size, so a group of any number of firms takes the same room, the order in which they tell
//! does not matter, and no quantile is off by more than half a class, that is three per cent.

use serde::{Deserialize, Serialize};

use super::row::Beyond;
use crate::model::{Instant, PeerQuantiles, PeersTold};

/// One power of two has so many classes; below this number each value is a class.
const CLASSES_PER_OCTAVE: u64 = 16;
const CLASS_BITS: u32 = CLASSES_PER_OCTAVE.trailing_zeros();

/// How many values fall into each class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Classes with values, in their order, each with how many.
    classes: Vec<(i16, u32)>,
}

impl Histogram {
    /// Counts a value in.
    pub fn add(&mut self, value: i64) {
        let class = class_of(value);
        match self.classes.binary_search_by_key(&class, |(class, _)| *class) {
            Ok(at) => self.classes[at].1 = self.classes[at].1.saturating_add(1),
            Err(at) => self.classes.insert(at, (class, 1)),
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u32 {
        self.classes.iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count))
    }

    /// The value that so many per cent are below, as the middle of its class; `None` where there is none.
    pub fn quantile(&self, percent: u32) -> Option<i64> {
        let rank = u64::from(self.count().checked_sub(1)?) * u64::from(percent) / 100;
        let mut below = 0;
        let holds = |(_, count): &&(i16, u32)| {
            below += u64::from(*count);
            below > rank
        };
        self.classes.iter().find(holds).map(|(class, _)| middle_of(*class))
    }
}

fn class_of(value: i64) -> i16 {
    let size = value.unsigned_abs();
    let place = if size < CLASSES_PER_OCTAVE {
        size
    } else {
        let shift = size.ilog2() - CLASS_BITS;
        u64::from(shift) * CLASSES_PER_OCTAVE + (size >> shift)
    };
    let place = i16::try_from(place).expect("64 powers of two with 16 classes each");
    if value < 0 { -place } else { place }
}

fn middle_of(class: i16) -> i64 {
    let place = u64::from(class.unsigned_abs());
    let size = if place < 2 * CLASSES_PER_OCTAVE {
        place
    } else {
        let shift = place / CLASSES_PER_OCTAVE - 1;
        let least = (place - shift * CLASSES_PER_OCTAVE) << shift;
        least + ((1 << shift) - 1) / 2
    };
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    if class < 0 { -size } else { size }
}

/// A month of a group of peers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersMonth {
    /// From the hour at which the clock has passed this on, nothing is counted in any more, and what there is may be told.
    pub closes_at: Instant,
    /// By the number of an indicator: the values of those who told.
    pub values: Vec<(u16, Histogram)>,
    /// What is told of it, once it has been asked for; then `values` are gone.
    pub told: Option<PeersTold>,
}

impl PeersMonth {
    /// Counts one firm's value of an indicator in.
    pub fn add(&mut self, indicator: u16, value: i64) {
        let at = match self.values.binary_search_by_key(&indicator, |(known, _)| *known) {
            Ok(at) => at,
            Err(at) => {
                self.values.insert(at, (indicator, Histogram::default()));
                at
            }
        };
        self.values[at].1.add(value);
    }

    /// The quantiles of all indicators, in the order of their numbers.
    pub fn quantiles(&self) -> Vec<PeerQuantiles> {
        let quantiles = |(indicator, values): &(u16, Histogram)| {
            let at = |percent| values.quantile(percent);
            Some(PeerQuantiles {
                indicator: *indicator,
                firms: values.count(),
                p10: at(10)?,
                p25: at(25)?,
                median: at(50)?,
                p75: at(75)?,
                p90: at(90)?,
            })
        };
        self.values.iter().filter_map(quantiles).collect()
    }
}

impl Beyond for PeersMonth {
    fn beyond_bytes(&self) -> usize {
        let classes = |(_, values): &(u16, Histogram)| 32 + values.classes.capacity() * size_of::<(i16, u32)>();
        let told = self.told.as_ref().map_or(0, Beyond::beyond_bytes);
        self.values.iter().map(classes).sum::<usize>() + told
    }
}
impl Beyond for PeersTold {
    fn beyond_bytes(&self) -> usize {
        self.quantiles.capacity() * size_of::<PeerQuantiles>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_the_order_of_values_and_hold_their_middle() {
        let mut before = i16::MIN;
        for value in (-70_000..70_000).step_by(7).chain([1 << 40, i64::MAX - 1, i64::MAX]) {
            let class = class_of(value);
            assert!(class >= before, "{value}");
            before = class;
            assert_eq!(class_of(middle_of(class)), class, "{value}");
            let off = middle_of(class).abs_diff(value);
            assert!(off <= value.unsigned_abs() / 30, "{value} became {}", middle_of(class));
        }
        assert_eq!([0, 1, -1, 31, 32, 33, -32].map(class_of), [0, 1, -1, 31, 32, 32, -32]);
        assert_eq!(class_of(i64::MIN), -class_of(i64::MAX) - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values_within_a_class_in_whatever_order_they_came() {
        let values: Vec<i64> = (0..1_000).map(|at| (at * 7_919) % 10_007 - 2_000).collect();
        let (mut one, mut other) = (Histogram::default(), Histogram::default());
        for (at, value) in values.iter().enumerate() {
            one.add(*value);
            other.add(values[values.len() - 1 - at]);
        }
        assert_eq!(one, other);
        let mut sorted = values;
        sorted.sort_unstable();
        for percent in [10, 25, 50, 75, 90] {
            let exact = sorted[999 * percent as usize / 100];
            let found = one.quantile(percent).unwrap();
            assert!(found.abs_diff(exact) <= exact.unsigned_abs() / 30, "{percent}: {found}, not {exact}");
        }
        assert_eq!(Histogram::default().quantile(50), None);
        assert_eq!((one.count(), one.quantile(100).is_some()), (1_000, true));
    }

    #[test]
    fn any_number_of_firms_takes_bounded_room() {
        let mut month = PeersMonth::default();
        for firm in 0..200_000 {
            month.add(3, firm * 977 % 1_000_003);
        }
        assert!(month.beyond_bytes() < 8_192, "{}", month.beyond_bytes());
        assert_eq!(month.quantiles()[0].firms, 200_000);
    }
}
