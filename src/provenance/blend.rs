//! A blend: an amount of tax, broken down by where it came from. A taxpayer's pool is one, and so is what is kept of an
//! invoice's vector. Origins are named by their ordinal in the books of the taxpayer that keeps the blend.

use serde::{Deserialize, Serialize};

use crate::model::Fen;

/// An origin's number in one taxpayer's books, in the order of first arrival. 0 is the taxpayer itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ordinal(pub u32);

impl Ordinal {
    /// The keeper of the books.
    pub const OWN: Self = Self(0);
}

/// What of a blend comes from one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Whose value.
    pub origin: Ordinal,
    /// How much, in fen of tax; positive.
    pub tax: i64,
    /// Fewest invoices between the origin and the keeper, among what is mixed here.
    pub hops: u8,
}

/// Amounts by origin, the largest exactly, the rest as one remainder. Never negative anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blend {
    slices: Vec<Slice>,
    remainder: i64,
}

impl Blend {
    /// The slices, each origin once, in no order that means anything.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// What is beyond the budget of origins.
    pub fn remainder(&self) -> Fen {
        Fen(self.remainder)
    }

    /// All of it.
    pub fn total(&self) -> Fen {
        Fen(self.slices.iter().map(|slice| slice.tax).sum::<i64>() + self.remainder)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty() && self.remainder == 0
    }

    /// How much of it comes from one origin.
    pub fn of(&self, origin: Ordinal) -> Fen {
        self.slices.iter().find(|slice| slice.origin == origin).map_or(Fen::ZERO, |slice| Fen(slice.tax))
    }

    /// The same in no more memory than it needs, to be kept.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        self.slices.shrink_to_fit();
        self
    }

    /// Mixes in one slice. Beyond `budget` origins the smallest (the latest, among equals) joins the remainder.
    pub fn add(&mut self, slice: Slice, budget: usize) {
        debug_assert!(slice.tax >= 0, "value is never negative");
        if slice.tax <= 0 {
            return;
        }
        if let Some(same) = self.slices.iter_mut().find(|same| same.origin == slice.origin) {
            same.tax = same.tax.saturating_add(slice.tax);
            same.hops = same.hops.min(slice.hops);
            return;
        }
        self.slices.push(slice);
        if self.slices.len() > budget {
            let least = (0..self.slices.len())
                .min_by_key(|&i| (self.slices[i].tax, std::cmp::Reverse(self.slices[i].origin)))
                .expect("one was just pushed");
            self.remainder = self.remainder.saturating_add(self.slices.swap_remove(least).tax);
        }
    }

    /// Adds to what is beyond the budget.
    pub fn add_remainder(&mut self, tax: Fen) {
        self.remainder = self.remainder.saturating_add(tax.0);
    }

    /// Mixes in all of another blend of the same books. What is of origins that are here already goes first, so that the
    /// largest are kept, whatever the order of slices.
    pub fn absorb(&mut self, other: &Self, budget: usize) {
        let mut new = Vec::new();
        for slice in &other.slices {
            if self.of(slice.origin) > Fen::ZERO {
                self.add(*slice, budget);
            } else {
                new.push(*slice);
            }
        }
        for slice in new {
            self.add(slice, budget);
        }
        self.remainder = self.remainder.saturating_add(other.remainder);
    }

    /// Takes `tax` out pro rata, rounded by largest remainder (the earlier slice, among equals; the remainder last), so
    /// that the result is exactly `tax`, or all there is if that is less.
    #[must_use]
    pub fn draw(&mut self, tax: Fen) -> Self {
        let total = self.total().0;
        if tax.0 >= total {
            return std::mem::take(self);
        }
        if tax.0 <= 0 {
            return Self::default();
        }
        let wanted = tax.0;
        // Floors first; `fractions` remembers what each lost, as the numerator over `total`.
        let split = |held: i64| {
            let product = i128::from(held) * i128::from(wanted);
            let (floor, fraction) = match i64::try_from(product) {
                Ok(product) => (product / total, product % total),
                Err(_) => (narrow(product / i128::from(total)), narrow(product % i128::from(total))),
            };
            (floor, fraction)
        };
        let mut drawn: Vec<(i64, i64)> = self.slices.iter().map(|slice| split(slice.tax)).collect();
        drawn.push(split(self.remainder));
        let mut left = wanted - drawn.iter().map(|part| part.0).sum::<i64>();
        while left > 0 {
            let most = (0..drawn.len())
                .max_by_key(|&i| (drawn[i].1, std::cmp::Reverse(i)))
                .expect("the remainder is always there");
            drawn[most].0 += 1;
            drawn[most].1 = -1;
            left -= 1;
        }
        let mut result = Self { slices: Vec::with_capacity(self.slices.len()), remainder: 0 };
        result.remainder = drawn.pop().expect("the remainder was pushed last").0;
        self.remainder -= result.remainder;
        for (slice, (tax, _)) in self.slices.iter_mut().zip(&drawn) {
            if *tax > 0 {
                slice.tax -= tax;
                result.slices.push(Slice { tax: *tax, ..*slice });
            }
        }
        self.slices.retain(|slice| slice.tax > 0);
        result
    }

    /// Takes up to `tax` of one origin out; returns how much it was.
    pub fn take(&mut self, origin: Ordinal, tax: Fen) -> Fen {
        let Some(at) = self.slices.iter().position(|slice| slice.origin == origin) else {
            return Fen::ZERO;
        };
        let taken = self.slices[at].tax.min(tax.0).max(0);
        self.slices[at].tax -= taken;
        if self.slices[at].tax == 0 {
            self.slices.swap_remove(at);
        }
        Fen(taken)
    }

    /// Takes up to `tax` out of what is beyond the budget; returns how much it was.
    pub fn take_remainder(&mut self, tax: Fen) -> Fen {
        let taken = self.remainder.min(tax.0).max(0);
        self.remainder -= taken;
        Fen(taken)
    }

    /// The blend with only its `budget` largest origins (the earlier ordinal, among equals); the rest is remainder.
    #[must_use]
    pub fn within(mut self, budget: usize) -> Self {
        if self.slices.len() > budget {
            self.slices.sort_unstable_by_key(|slice| (std::cmp::Reverse(slice.tax), slice.origin));
            for slice in self.slices.drain(budget..) {
                self.remainder = self.remainder.saturating_add(slice.tax);
            }
        }
        self
    }

    /// The blend with only so many origins that, mixed with another of the same books, there are at most `budget`: besides
    /// those that the other has, and the keeper's own, the largest; the rest is remainder.
    #[must_use]
    pub fn within_beside(mut self, other: &Self, budget: usize) -> Self {
        let (known, new): (Vec<Slice>, Vec<Slice>) = self
            .slices
            .into_iter()
            .partition(|slice| slice.origin == Ordinal::OWN || other.of(slice.origin) > Fen::ZERO);
        let new = Self { slices: new, remainder: self.remainder }.within(budget.saturating_sub(other.slices.len()));
        self.slices = known;
        self.slices.extend(new.slices);
        self.remainder = new.remainder;
        self
    }

    /// What it takes in memory beyond itself, in bytes.
    pub fn heap_bytes(&self) -> usize {
        self.slices.capacity() * size_of::<Slice>()
    }
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).expect("a share of an i64 is an i64")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blend(parts: &[(u32, i64)], remainder: i64) -> Blend {
        let mut blend = Blend::default();
        for &(origin, tax) in parts {
            blend.add(Slice { origin: Ordinal(origin), tax, hops: 1 }, 99);
        }
        blend.add_remainder(Fen(remainder));
        blend
    }

    #[test]
    fn a_draw_is_pro_rata_with_the_largest_remainders_rounded_up() {
        let mut pool = blend(&[(1, 50), (2, 30), (3, 20)], 0);
        assert_eq!(pool.draw(Fen(11)), blend(&[(1, 6), (2, 3), (3, 2)], 0)); // 5.5, 3.3, 2.2: one fen to the first
        assert_eq!(pool, blend(&[(1, 44), (2, 27), (3, 18)], 0));
    }

    #[test]
    fn among_equals_the_earlier_slice_is_rounded_up_and_the_remainder_last() {
        assert_eq!(blend(&[(2, 10), (1, 10)], 0).draw(Fen(11)), blend(&[(2, 6), (1, 5)], 0));
        assert_eq!(blend(&[(1, 10)], 10).draw(Fen(11)), blend(&[(1, 6)], 5));
    }

    #[test]
    fn among_equals_the_earlier_origins_are_kept() {
        let kept = |blend: Blend| [1, 2, 3].map(|origin| blend.of(Ordinal(origin)).0);
        assert_eq!(kept(blend(&[(3, 5), (1, 5), (2, 5)], 0).within(2)), [5, 5, 0]);
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
            let mut pool = Blend::default();
            for origin in order {
                pool.add(Slice { origin: Ordinal(origin), tax: 5, hops: 0 }, 2);
            }
            assert_eq!((kept(pool.clone()), pool.remainder()), ([5, 5, 0], Fen(5)), "{order:?}");
        }
    }

    #[test]
    fn beyond_its_budget_a_blend_keeps_the_largest_and_the_sum() {
        let mut pool = Blend::default();
        for (origin, tax) in [(1, 5), (2, 9), (3, 5), (4, 7)] {
            pool.add(Slice { origin: Ordinal(origin), tax, hops: 0 }, 2);
        }
        assert_eq!((pool.of(Ordinal(2)), pool.of(Ordinal(4)), pool.remainder()), (Fen(9), Fen(7), Fen(10)));
    }

    #[test]
    fn the_largest_are_kept_whatever_the_order_they_come_in() {
        for parts in [[(3, 6), (2, 3)], [(2, 3), (3, 6)]] {
            let mut pool = blend(&[(1, 10), (2, 5)], 0);
            pool.absorb(&blend(&parts, 1), 2);
            assert_eq!((pool.of(Ordinal(1)), pool.of(Ordinal(2)), pool.remainder()), (Fen(10), Fen(8), Fen(7)));
        }
    }

    #[test]
    fn what_is_mixed_again_and_again_stays_within_its_budget() {
        let mut vector = blend(&[(1, 5), (2, 5)], 1);
        for origin in 3..40 {
            let total = vector.total();
            let more = blend(&[(0, 1), (1, 2), (origin, 3)], 1).within_beside(&vector, 4);
            vector.absorb(&more, usize::MAX);
            assert_eq!(vector.total() - total, Fen(7), "no fen is lost");
        }
        assert!(vector.slices().len() <= 5 && vector.of(Ordinal(3)) == Fen(3) && vector.of(Ordinal::OWN) == Fen(37));
    }

    proptest! {
        #[test]
        fn drawing_splits_a_blend_without_loss(
            parts in proptest::collection::btree_map(0u32..40, 1i64..i64::MAX / 1_000, 0..17),
            remainder in 0i64..1_000_000,
            wanted in 0i64..i64::MAX / 100,
        ) {
            let parts: Vec<_> = parts.into_iter().collect();
            let before = blend(&parts, remainder);
            let mut pool = before.clone();
            let drawn = pool.draw(Fen(wanted));
            prop_assert_eq!(drawn.total(), Fen(wanted).min(before.total()));
            for slice in before.slices() {
                let (left, out) = (pool.of(slice.origin).0, drawn.of(slice.origin).0);
                prop_assert!(left >= 0 && out >= 0 && left + out == slice.tax);
                if drawn.total() < before.total() {
                    // Within one fen of the exact share.
                    let exact = i128::from(slice.tax) * i128::from(wanted);
                    prop_assert!((i128::from(out) * i128::from(before.total().0) - exact).abs() < i128::from(before.total().0));
                }
            }
            prop_assert_eq!(pool.remainder() + drawn.remainder(), before.remainder());
        }

        #[test]
        fn parts_given_back_one_after_another_sum_to_the_whole(
            parts in proptest::collection::vec((0u32..9, 1i64..10_000), 1..9),
            cuts in proptest::collection::vec(1i64..20_000, 0..6),
        ) {
            let whole = blend(&parts, 7);
            let mut left = whole.clone();
            let mut back = Blend::default();
            for cut in cuts {
                back.absorb(&left.draw(Fen(cut)), 99);
            }
            back.absorb(&left.draw(left.total()), 99);
            prop_assert!(left.is_empty());
            for slice in whole.slices() {
                prop_assert_eq!(back.of(slice.origin), Fen(slice.tax));
            }
            prop_assert_eq!(back.remainder(), whole.remainder());
        }
    }
}
