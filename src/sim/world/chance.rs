//! Where all chance comes from: a generator with a fixed algorithm, and integer draws from it written here, so that a
//! seed gives the same world under every version of every crate. No floats.

use rand_pcg::Mcg128Xsl64;
use rand_pcg::rand_core::Rng as _;

/// A stream of draws.
#[derive(Clone, Debug)]
pub(super) struct Chance(Mcg128Xsl64);

impl Chance {
    /// The stream number `stream` of a seed: different streams are independent.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let high = mixed(seed ^ mixed(stream));
        let low = mixed(high ^ seed.rotate_left(32));
        Self(Mcg128Xsl64::new(u128::from(high) << 64 | u128::from(low)))
    }

    /// A number from 0 up to, not including, `end`; 0 where `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let scaled = u128::from(self.0.next_u64()) * u128::from(end);
        u64::try_from(scaled >> 64).expect("the upper half of a product of two u64 is one")
    }

    /// A number from `first` to `last`, both included.
    pub(super) fn between(&mut self, first: i64, last: i64) -> i64 {
        let width = last.saturating_sub(first).max(0).unsigned_abs() + 1;
        first + i64::try_from(self.below(width)).expect("not wider than the range")
    }

    /// Whether something of so many chances in ten thousand happens.
    pub(super) fn happens(&mut self, basis_points: u64) -> bool {
        self.below(10_000) < basis_points
    }

    /// A place in a list of `len` things; 0 where there are none.
    pub(super) fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a usize")
    }

    /// A place in a list of `len` things, early ones more often: half of all draws fall in the first quarter.
    pub(super) fn early_place(&mut self, len: usize) -> usize {
        let len = len as u64;
        let drawn = u128::from(self.below(1 << 32)).pow(2) * u128::from(len);
        usize::try_from(drawn >> 64).expect("below a usize")
    }

    /// A place in a list of weights, each as often as its weight.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut drawn = self.below(weights.clone().sum());
        for (place, weight) in weights.enumerate() {
            if drawn < weight {
                return place;
            }
            drawn -= weight;
        }
        0
    }
}

/// Spreads a number over all 64 bits; no two numbers give the same. The finaliser of `SplitMix64`.
pub(super) fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_fixed_by_seed_and_stream_and_stay_in_range() {
        let draw = |seed, stream| {
            let mut chance = Chance::new(seed, stream);
            (0..4).map(|_| chance.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(2, 1));
        let mut chance = Chance::new(3, 0);
        assert!((0..1_000).all(|_| (-2..=2).contains(&chance.between(-2, 2))));
        assert!((0..1_000).all(|_| chance.early_place(7) < 7 && chance.weighted([0, 3, 1].into_iter()) > 0));
        assert_eq!((chance.below(0), chance.place(0)), (0, 0));
    }

    #[test]
    fn values_do_not_move_with_a_dependency() {
        let mut chance = Chance::new(42, 7);
        assert_eq!([chance.below(1_000_000), chance.below(1_000_000), chance.below(1_000_000)], VALUES);
    }

    /// Drawn once, when this was written.
    const VALUES: [u64; 3] = [1_503, 178_821, 607_437];
}
