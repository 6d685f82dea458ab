//! Amounts of tax as fractions of a fen, and how far from each the fold may be, which has whole fen alone.
//!
//! The fold rounds in one place: when it draws a part of a mixture of several origins. It gives each origin its exact share
//! rounded down, and one fen more to those that lost most by it: each is less than one fen off, and what is left behind is as
//! much the other way. From then on that is carried along: by its share where a mixture is divided, in full where mixtures
//! meet. So an amount is at most as many fen off as it has seen draws on all its ways, and mostly less: of what is drawn in a
//! hundred parts, each has a hundredth of the error. Totals are exact, as long as nothing hangs on what of them is whose. It
//! does where a red letter takes back a part (what began with its seller vanishes) and where value had flowed on before it was
//! given up: then the total is off, too, and sways the shares of all that is drawn later. The smaller of two amounts, and what
//! is left of one over another, are off by no more than both are.

use std::collections::BTreeMap;

use num_rational::BigRational;

/// An amount that is never negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    pub tax: BigRational,
    /// The fold's amount is at most so far from it.
    pub off: BigRational,
}

impl Default for Amount {
    fn default() -> Self {
        Self::from(0)
    }
}

impl From<i64> for Amount {
    fn from(fen: i64) -> Self {
        Self { tax: whole(fen), off: whole(0) }
    }
}

fn whole(fen: i64) -> BigRational {
    BigRational::from_integer(fen.into())
}

/// In whole fen, rounded up.
pub fn fen(of: &BigRational) -> i64 {
    i64::try_from(of.ceil().to_integer()).expect("no more than a world has")
}

impl Amount {
    fn most(&self) -> BigRational {
        &self.tax + &self.off
    }

    fn least(&self) -> BigRational {
        &self.tax - &self.off
    }

    /// Whether it is no more than another, in the fold, too.
    fn is_surely_at_most(&self, other: &Self) -> bool {
        self.most() <= other.least()
    }

    /// How far so many fen are from it.
    pub fn away_from(&self, fen: i64) -> BigRational {
        let difference = &self.tax - whole(fen);
        if difference < whole(0) { -difference } else { difference }
    }

    pub fn is_surely_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub fn is_surely_something(&self) -> bool {
        self.least() > whole(0)
    }

    pub fn plus(&self, other: &Self) -> Self {
        Self { tax: &self.tax + &other.tax, off: &self.off + &other.off }
    }

    /// What of it is beyond another.
    pub fn less(&self, other: &Self) -> Self {
        if self.is_surely_at_most(other) {
            return Self::default();
        }
        Self { tax: (&self.tax - &other.tax).max(whole(0)), off: &self.off + &other.off }
    }

    pub fn min(&self, other: &Self) -> Self {
        if self.is_surely_at_most(other) {
            return self.clone();
        }
        if other.is_surely_at_most(self) {
            return other.clone();
        }
        Self { tax: self.tax.clone().min(other.tax.clone()), off: self.off.clone().max(other.off.clone()) }
    }
}

/// An amount by origin. Its total is kept beside: it is nearly always known exactly, where the parts are not.
#[derive(Clone, Debug, Default)]
pub struct Mixture {
    pub parts: BTreeMap<String, Amount>,
    pub total: Amount,
}

impl Mixture {
    pub fn of(&self, origin: &str) -> Amount {
        self.parts.get(origin).cloned().unwrap_or_default()
    }

    pub fn is_surely_nothing(&self) -> bool {
        self.parts.values().all(Amount::is_surely_nothing)
    }

    pub fn is_surely_something(&self) -> bool {
        self.parts.values().any(Amount::is_surely_something)
    }

    pub fn put(&mut self, origin: &str, tax: &Amount) {
        if !tax.is_surely_nothing() {
            let part = self.of(origin).plus(tax);
            self.parts.insert(origin.to_owned(), part);
            self.total = self.total.plus(tax);
        }
    }

    pub fn pour(&mut self, other: &Self) {
        for (origin, tax) in &other.parts {
            let part = self.of(origin).plus(tax);
            self.parts.insert(origin.clone(), part);
        }
        self.total = self.total.plus(&other.total);
    }

    /// Makes what is of an origin another amount.
    pub fn set(&mut self, origin: &str, tax: &Amount) {
        let before = self.parts.remove(origin).unwrap_or_default();
        self.total = self.total.less(&before);
        self.put(origin, tax);
    }

    /// Takes out up to so much of an origin.
    pub fn take(&mut self, origin: &str, tax: &Amount) -> Amount {
        let before = self.of(origin);
        let (taken, total) = (before.min(tax), self.total.clone());
        self.set(origin, &before.less(tax));
        self.total = total.less(&taken);
        taken
    }

    /// Takes out another, origin by origin, as far as it is there, and gives what is not.
    pub fn take_all(&mut self, other: &Self) -> Vec<(String, Amount)> {
        let total = self.total.clone();
        let mut lacking = Vec::new();
        for (origin, tax) in &other.parts {
            let before = self.of(origin);
            self.set(origin, &before.less(tax));
            lacking.push((origin.clone(), tax.less(&before)));
        }
        let lacks = lacking.iter().fold(Amount::default(), |sum, (_, lacks)| sum.plus(lacks));
        self.total = total.less(&other.total.less(&lacks));
        lacking
    }

    /// Takes out so much, or all there is, pro rata.
    ///
    /// How far off: let p be a part of a total T of which t is drawn, so that g = t / T of it goes, and p', T', t', g' the same
    /// in the fold. Then p' g' - p g = g' (p' - p) + p (g' - g): the part's own error, by its share; and what the share sways,
    /// which is at most what t and T are off together over the least that T may be. And less than one fen by rounding.
    pub fn draw(&mut self, tax: &Amount) -> Self {
        if self.total.is_surely_at_most(tax) {
            return std::mem::take(self);
        }
        if tax.is_surely_nothing() {
            return Self::default();
        }
        let (none, all) = (whole(0), whole(1));
        let Self { parts, total } = std::mem::take(self);
        let share = |of: &BigRational, whole: &BigRational| {
            if *whole > none { (of / whole).min(all.clone()) } else { all.clone() }
        };
        let goes = share(&tax.tax, &total.tax);
        let (goes_most, goes_least) = (share(&tax.most(), &total.least()), share(&tax.least(), &total.most()));
        let sways = (total.least() > none).then(|| (&tax.off + &total.off) / total.least());
        let rounding = if parts.len() > 1 { all.clone() } else { none.clone() };
        let mut drawn = Self::default();
        for (origin, part) in parts {
            // More than all of it can be in neither.
            let off = |share: &BigRational| match &sways {
                Some(sways) => (share * &part.off + &part.tax * sways + &rounding).min(part.most()),
                None => part.most(),
            };
            let out = Amount { tax: &part.tax * &goes, off: off(&goes_most) };
            let rest = Amount { tax: &part.tax - &out.tax, off: off(&(&all - &goes_least)) };
            drawn.parts.insert(origin.clone(), out);
            self.parts.insert(origin, rest);
        }
        drawn.total = total.min(tax);
        self.total = total.less(tax);
        drawn
    }
}
