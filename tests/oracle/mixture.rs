//! An amount of tax by whose value it is: what the provenance of the design is made of. Named by firm, in a plain map; what
//! is beyond a budget of origins is one remainder.

use std::collections::BTreeMap;

/// What of a mixture is one firm's: how much, and over how few invoices it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub tax: i64,
    pub hops: i64,
}

/// An amount of tax by origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mixture {
    pub parts: BTreeMap<String, Part>,
    pub rest: i64,
}

/// How often a choice came up that the design does not decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unclear(pub usize);

impl Mixture {
    pub fn total(&self) -> i64 {
        self.parts.values().map(|part| part.tax).sum::<i64>() + self.rest
    }

    pub fn of(&self, origin: &str) -> i64 {
        self.parts.get(origin).map_or(0, |part| part.tax)
    }

    pub fn put(&mut self, origin: &str, tax: i64, hops: i64) {
        if tax > 0 {
            let part = self.parts.entry(origin.to_owned()).or_insert(Part { tax: 0, hops });
            part.tax += tax;
            part.hops = part.hops.min(hops);
        }
    }

    /// Mixes in another, without a budget.
    pub fn pour(&mut self, other: &Self) {
        for (origin, part) in &other.parts {
            self.put(origin, part.tax, part.hops);
        }
        self.rest += other.rest;
    }

    /// Keeps the largest `budget` origins, and those of `keep` besides; the rest is remainder.
    pub fn cut(&mut self, budget: usize, keep: &[&str], unclear: &mut Unclear) {
        let mut others: Vec<(i64, String)> = self
            .parts
            .iter()
            .filter(|(origin, _)| !keep.contains(&origin.as_str()))
            .map(|(origin, part)| (part.tax, origin.clone()))
            .collect();
        if others.len() <= budget {
            return;
        }
        others.sort();
        others.reverse();
        unclear.0 += usize::from(budget > 0 && others[budget - 1].0 == others[budget].0);
        for (tax, origin) in others.split_off(budget) {
            self.parts.remove(&origin);
            self.rest += tax;
        }
    }

    /// Takes out up to so much of one origin.
    pub fn take(&mut self, origin: &str, tax: i64) -> i64 {
        let Some(part) = self.parts.get_mut(origin) else { return 0 };
        let taken = part.tax.min(tax).max(0);
        part.tax -= taken;
        if part.tax == 0 {
            self.parts.remove(origin);
        }
        taken
    }

    /// Takes out up to so much of the remainder.
    pub fn take_rest(&mut self, tax: i64) -> i64 {
        let taken = self.rest.min(tax).max(0);
        self.rest -= taken;
        taken
    }

    /// Takes out `tax`, or all there is, pro rata: every part its exact share rounded down, and the fen that are left to
    /// those that lost most by it.
    pub fn draw(&mut self, tax: i64, unclear: &mut Unclear) -> Self {
        let total = self.total();
        if tax >= total {
            return std::mem::take(self);
        }
        if tax <= 0 {
            return Self::default();
        }
        // The remainder is a part like any other, under no name.
        let mut held: BTreeMap<String, i64> = self.parts.iter().map(|(of, part)| (of.clone(), part.tax)).collect();
        held.insert(String::new(), self.rest);
        let exact = |held: i64| i128::from(held) * i128::from(tax);
        let mut shares: BTreeMap<String, i64> = BTreeMap::new();
        let mut lost: Vec<(i128, String)> = Vec::new();
        for (origin, held) in held {
            let share = exact(held) / i128::from(total);
            lost.push((exact(held) - share * i128::from(total), origin.clone()));
            shares.insert(origin, i64::try_from(share).expect("a share is no more than the whole"));
        }
        let left = usize::try_from(tax - shares.values().sum::<i64>()).expect("floors are no more than the whole");
        lost.sort();
        lost.reverse();
        if left > 0 && lost.get(left).is_some_and(|next| next.0 == lost[left - 1].0) {
            unclear.0 += 1;
        }
        for (_, origin) in lost.into_iter().take(left) {
            *shares.get_mut(&origin).expect("it has a share") += 1;
        }
        let mut drawn = Self::default();
        for (origin, share) in shares {
            if origin.is_empty() {
                drawn.rest = self.take_rest(share);
            } else if share > 0 {
                let hops = self.parts[&origin].hops;
                self.take(&origin, share);
                drawn.put(&origin, share, hops);
            }
        }
        drawn
    }
}
