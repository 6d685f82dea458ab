//! Money and rates: integers only, and sums that cannot wrap.

use serde::{Deserialize, Serialize};

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An amount in fen, one hundredth of a yuan; negative on a red-letter invoice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fen(pub i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount a single event may carry, 10 billion yuan: so that nine million of them still sum exactly.
    pub const EVENT_MAX: Self = Self(1_000_000_000_000);

    /// `part` / `whole` of this amount, rounded towards zero. Zero where `whole` is.
    #[must_use]
    pub fn share(self, part: Self, whole: Self) -> Self {
        if whole.0 == 0 {
            return Self::ZERO;
        }
        let scaled = i128::from(self.0) * i128::from(part.0) / i128::from(whole.0);
        Self(i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// In yuan as people read it, with commas between thousands: `1,170.00`.
    pub fn grouped(self) -> Grouped {
        Grouped(self)
    }

    /// This amount over `whole`, in basis points, towards zero; 0 where `whole` is not positive.
    pub fn ratio_bp(self, whole: Self) -> i64 {
        if whole.0 <= 0 {
            return 0;
        }
        i64::try_from(i128::from(self.0) * 10_000 / i128::from(whole.0)).unwrap_or(i64::MAX)
    }
}

impl Fen {
    /// The most per cent that are told: ten thousand times as much.
    pub const PERCENT_MAX: i64 = 1_000_000;

    /// This amount in per cent of `whole`, towards zero, at most [`Fen::PERCENT_MAX`], which it also is of nothing.
    pub fn percent_of(self, whole: Self) -> i64 {
        if whole.0 <= 0 {
            return if self.0 > 0 { Self::PERCENT_MAX } else { 0 };
        }
        let percent = i128::from(self.0) * 100 / i128::from(whole.0);
        i64::try_from(percent).unwrap_or(Self::PERCENT_MAX).min(Self::PERCENT_MAX)
    }
}

impl Add for Fen {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Fen {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Fen {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Fen {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Fen {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Fen {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

/// In yuan, with two decimals: `1170.00`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", fen / 100, fen % 100))
    }
}

/// See [`Fen::grouped`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouped(Fen);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.abs().to_string();
        let whole = plain.len() - ".00".len();
        let mut text = String::from(if self.0 < Fen::ZERO { "-" } else { "" });
        for (at, digit) in plain.char_indices() {
            if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

/// A rate in basis points: 1300 is 13 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasisPoints(pub i32);

impl BasisPoints {
    /// Whether this rate has ever been one of Chinese VAT: 0, 1, 3, 5, 6, 9, 10, 11, 13, 16 or 17 %.
    /// Source: the VAT rates in force since 2016, with the cuts of 2018-05-01 and 2019-04-01.
    pub fn is_lawful(self) -> bool {
        matches!(self.0, 0 | 100 | 300 | 500 | 600 | 900 | 1_000 | 1_100 | 1_300 | 1_600 | 1_700)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_in_yuan() {
        assert_eq!(Fen(117_000).to_string(), "1170.00");
        assert_eq!(Fen(-5).to_string(), "-0.05");
        let cases =
            [(0, "0.00"), (12, "0.12"), (99_999, "999.99"), (100_000, "1,000.00"), (-123_456_789, "-1,234,567.89")];
        for (fen, text) in cases {
            assert_eq!(Fen(fen).grouped().to_string(), text);
        }
        assert_eq!(Fen(i64::MAX).grouped().to_string(), "92,233,720,368,547,758.07");
    }

    #[test]
    fn a_share_is_exact_where_a_product_of_i64_would_wrap() {
        assert_eq!(
            Fen(9_000_000_000_000).share(Fen(3_000_000_000_000), Fen(9_000_000_000_000)),
            Fen(3_000_000_000_000)
        );
        assert_eq!(Fen(10).share(Fen(1), Fen::ZERO), Fen::ZERO);
        assert_eq!(
            [Fen(5).percent_of(Fen(2)), Fen(5).percent_of(Fen(0)), Fen(0).percent_of(Fen(0))],
            [250, 1_000_000, 0]
        );
        assert_eq!(Fen(1).ratio_bp(Fen(3)), 3_333);
    }
}
