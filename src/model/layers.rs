//! Tax by how many invoices it came over. What went round a ring has come over more of them than it had before, so nothing
//! can rest on itself: what is held over so many is settled once what is held over fewer is.

use std::ops::{AddAssign, SubAssign};

use serde::{Deserialize, Serialize};

use super::Fen;

/// Over so many invoices at most an accusation goes, by any rule set: see [`crate::risk::Limits::taint_hops_max`].
pub const HOPS_MAX: usize = 16;

/// Tax by the number of invoices between where it began and who holds it, from none to [`HOPS_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Layers([Fen; HOPS_MAX + 1]);

impl Layers {
    /// None of any.
    pub const NONE: Self = Self([Fen::ZERO; HOPS_MAX + 1]);

    /// All of it over so many invoices.
    pub fn one(hops: u8, tax: Fen) -> Self {
        let mut one = Self::NONE;
        one.add(hops, tax);
        one
    }

    /// Adds tax that came over so many invoices; more than [`HOPS_MAX`] count as that.
    pub fn add(&mut self, hops: u8, tax: Fen) {
        self.0[usize::from(hops).min(HOPS_MAX)] += tax;
    }

    /// What came over exactly so many.
    pub fn at(&self, hops: u8) -> Fen {
        self.0.get(usize::from(hops)).copied().unwrap_or_default()
    }

    /// By number of invoices, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Fen)> {
        (0..).zip(self.0)
    }

    /// Those of which there is any tax.
    pub fn present(&self) -> impl Iterator<Item = (u8, Fen)> {
        self.iter().filter(|(_, tax)| *tax != Fen::ZERO)
    }

    /// Over however many invoices.
    pub fn total(&self) -> Fen {
        self.0.iter().copied().sum()
    }

    /// The fewest invoices over which any came; 255 where there is none.
    pub fn fewest(&self) -> u8 {
        self.present().next().map_or(u8::MAX, |(hops, _)| hops)
    }

    /// By number of invoices, what came over at most so many.
    #[must_use]
    pub fn summed(&self) -> Self {
        let mut sum = Fen::ZERO;
        Self(self.0.map(|tax| {
            sum += tax;
            sum
        }))
    }

    /// The other way round: what of such sums is new at each number.
    #[must_use]
    pub fn parted(&self) -> Self {
        let mut before = Fen::ZERO;
        Self(self.0.map(|sum| sum - std::mem::replace(&mut before, sum)))
    }

    /// Each amount changed by itself.
    #[must_use]
    pub fn map(&self, change: impl Fn(Fen) -> Fen) -> Self {
        Self(self.0.map(change))
    }

    /// With what came over fewer invoices than so many counted there, and nothing of what came over more than `most`.
    #[must_use]
    pub fn within(&self, fewest: u8, most: u8) -> Self {
        let mut within = Self::NONE;
        for (hops, tax) in self.iter().filter(|(hops, _)| *hops <= most) {
            within.add(hops.max(fewest), tax);
        }
        within
    }

    /// As who takes it has it: over one invoice more.
    #[must_use]
    pub fn onward(&self) -> Self {
        let mut onward = Self::NONE;
        for (hops, tax) in self.iter() {
            onward.add(hops + 1, tax);
        }
        onward
    }
}

impl AddAssign for Layers {
    fn add_assign(&mut self, other: Self) {
        for (tax, more) in self.0.iter_mut().zip(other.0) {
            *tax += more;
        }
    }
}

impl SubAssign for Layers {
    fn sub_assign(&mut self, other: Self) {
        for (tax, less) in self.0.iter_mut().zip(other.0) {
            *tax -= less;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(of: &[(u8, i64)]) -> Layers {
        let mut layers = Layers::NONE;
        for (hops, tax) in of {
            layers.add(*hops, Fen(*tax));
        }
        layers
    }

    #[test]
    fn sums_and_what_is_new_at_each_number_are_each_others_inverse() {
        let some = layers(&[(1, 30), (4, 5), (16, 7)]);
        assert_eq!(some.summed().parted(), some);
        assert_eq!(some.summed().iter().nth(4), Some((4, Fen(35))));
        assert_eq!((some.total(), some.fewest(), Layers::NONE.fewest()), (Fen(42), 1, u8::MAX));
    }

    #[test]
    fn who_takes_it_has_it_over_one_invoice_more_and_never_over_more_than_the_most() {
        assert_eq!(layers(&[(0, 1), (15, 2), (16, 4)]).onward(), layers(&[(1, 1), (16, 6)]));
    }

    #[test]
    fn what_came_over_fewer_is_counted_with_what_came_over_more() {
        let some = layers(&[(1, 30), (2, 5), (3, 7), (9, 1)]);
        assert_eq!(some.within(2, 8), layers(&[(2, 35), (3, 7)]));
    }
}
