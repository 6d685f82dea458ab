//! How a firm issued in a month, and what it traded in: what tells one trade from another, beside the sums.

use serde::{Deserialize, Serialize};

use super::row::Beyond;
use super::taxpayer::Totals;
use crate::model::{Fen, GoodsAmount};

/// Of the invoices of a month. Red letters count to their own month and voids are taken off, but for what is said of
/// invoices that were taken back, which counts to the month of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// Amounts of invoices to nobody in particular: natural persons.
    pub to_persons: Fen,
    /// Special invoices to firms: blue ones are counted, amounts and tax are net of red letters.
    pub special: Totals,
    /// Of the month's invoices, what was red-lettered in later months: red letters, and their tax without its sign.
    pub red_later: Taken,
    /// Of the month's invoices that were voided, what their buyers had deducted before, and keep.
    pub void_claimed: Taken,
    /// Of the month's invoices that were red-lettered in later months, what their buyers had deducted before, and keep.
    pub red_claimed: Taken,
    /// Of invoices that their sellers took back in the month, what the firm had deducted before, and keeps.
    pub kept: Taken,
}

/// How many invoices, and how much tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// How many.
    pub count: u32,
    /// Their tax.
    pub tax: Fen,
}

impl Taken {
    /// Counts one in.
    pub fn add(&mut self, tax: Fen) {
        self.count = self.count.saturating_add(1);
        self.tax += tax;
    }

    /// Counts one in, or out again.
    pub fn count(&mut self, tax: Fen, is_in: bool) {
        if is_in { self.add(tax) } else { self.remove(tax) }
    }

    /// The two together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), tax: self.tax + other.tax }
    }

    /// Counts one out again.
    pub fn remove(&mut self, tax: Fen) {
        self.count = self.count.saturating_sub(1);
        self.tax -= tax;
    }
}

/// A class of goods and services: the first five of the 19 digits of a code, which are its part, class and chapter in the
/// classification for VAT (1 07 01: goods, petrochemical products, petroleum and coking). Zero where no goods are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GoodsClass(pub u32);

/// Of 19 digits, those after the fifth.
const BEYOND_CLASS: u64 = 100_000_000_000_000;

impl GoodsClass {
    /// Whether it is of goods, and not of services, rights or buildings; what is beyond the classes told apart counts as goods.
    pub fn is_of_goods(self) -> bool {
        matches!(self.0 / 10_000, 0 | 1)
    }

    /// The class that an invoice is mostly of: an invoice counts to one, so that its void takes off what it added.
    pub fn main(goods: &[GoodsAmount]) -> Self {
        let mut classes: Vec<(Self, Fen)> = Vec::new();
        for line in goods {
            let class = Self(u32::try_from(line.code.0 / BEYOND_CLASS).unwrap_or(0));
            match classes.iter_mut().find(|(known, _)| *known == class) {
                Some((_, amount)) => *amount += line.amount.abs(),
                None => classes.push((class, line.amount.abs())),
            }
        }
        classes.into_iter().max_by_key(|(class, amount)| (*amount, std::cmp::Reverse(*class))).unwrap_or_default().0
    }
}

/// Classes that are told apart in a month: who trades in more is a general store, and the rest is one sum.
const CLASSES_MAX: usize = 48;

/// What was bought and sold in a month, without tax, by class; red letters and voids taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodsMonth {
    /// In the order of their classes.
    pub classes: Vec<GoodsSums>,
    /// What is in classes beyond the first [`CLASSES_MAX`] that came, all in all; its own class is zero.
    pub others: GoodsSums,
}

/// Of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodsSums {
    /// Which.
    pub class: GoodsClass,
    /// Bought.
    pub bought: Fen,
    /// Sold.
    pub sold: Fen,
}

impl GoodsMonth {
    /// The sums of a class, to be changed.
    pub fn of(&mut self, class: GoodsClass) -> &mut GoodsSums {
        match self.classes.binary_search_by_key(&class, |sums| sums.class) {
            Ok(place) => &mut self.classes[place],
            Err(_) if self.classes.len() >= CLASSES_MAX => &mut self.others,
            Err(place) => {
                self.classes.insert(place, GoodsSums { class, ..GoodsSums::default() });
                &mut self.classes[place]
            }
        }
    }
}

impl Beyond for GoodsMonth {
    fn beyond_bytes(&self) -> usize {
        self.classes.capacity() * size_of::<GoodsSums>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GoodsCode;

    #[test]
    fn an_invoice_is_of_the_class_that_most_of_it_is() {
        let line = |code, amount| GoodsAmount { code: GoodsCode(code), amount: Fen(amount) };
        let mixed = [
            line(1_020_201_000_000_000_000, 60),
            line(1_070_101_010_000_000_000, 50),
            line(1_070_101_020_000_000_000, 20),
        ];
        assert_eq!(GoodsClass::main(&mixed), GoodsClass(10_701));
        assert_eq!(
            GoodsClass::main(&mixed.map(|line| GoodsAmount { amount: -line.amount, ..line })),
            GoodsClass(10_701)
        );
        assert_eq!(GoodsClass::main(&[]), GoodsClass(0));
    }

    #[test]
    fn what_is_beyond_the_classes_told_apart_is_one_sum() {
        let mut month = GoodsMonth::default();
        for class in 0..100 {
            month.of(GoodsClass(class)).sold += Fen(1);
        }
        assert_eq!((month.classes.len(), month.others.sold), (CLASSES_MAX, Fen(52)));
    }
}
