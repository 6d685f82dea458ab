//! The first rows of ranges that are asked for again and again: a finding names a firm's first buyers, and one about a hub
//! is asked again with each of its sales. To find eight among hundreds of thousands, in memory and in all files, took as
//! long as folding the sale; as rows come and go one at a time, the answer is kept instead.

use super::cache::Tally;
use crate::state::Key;

/// Longer answers are not kept.
const LIMIT_MAX: usize = 16;
/// Ranges of an entity of which they are: buyers and sellers.
const RANGES_MAX: usize = 2;

/// What was asked of one entity last.
#[derive(Debug, Default)]
pub(super) struct Firsts(Vec<First>);

/// The first rows of one range.
#[derive(Debug)]
struct First {
    from: Key,
    to: Key,
    limit: usize,
    /// Of all rows of the range, where they are fewer than `limit`.
    keys: Vec<Key>,
}

impl Firsts {
    /// The first `limit` keys with a row from `from` on and before `to`, where that is known.
    pub(super) fn answer(&self, from: &Key, to: &Key, limit: usize) -> Option<Vec<Key>> {
        let is_of = |first: &&First| first.from == *from && first.to == *to;
        let known = |first: &&First| limit <= first.limit || first.keys.len() < first.limit;
        let first = self.0.iter().find(is_of).filter(known)?;
        Some(first.keys.iter().take(limit).copied().collect())
    }

    /// Keeps an answer, in the place of an earlier one.
    pub(super) fn keep(&mut self, from: &Key, to: &Key, limit: usize, found: &[Key], tally: &mut Tally) {
        if limit > LIMIT_MAX || (from.tag()..=to.tag()).any(Key::is_listed) {
            return;
        }
        let before = self.counted();
        let mut keys = Vec::with_capacity(limit + 1);
        keys.extend_from_slice(found);
        self.0.retain(|first| (first.from, first.to) != (*from, *to));
        if self.0.len() == RANGES_MAX {
            self.0.remove(0);
        }
        self.0.push(First { from: *from, to: *to, limit, keys });
        tally.bytes = (tally.bytes + self.counted()).saturating_sub(before);
    }

    /// A row was made.
    pub(super) fn made(&mut self, key: &Key) {
        for First { from, to, limit, keys } in &mut self.0 {
            if (*from..*to).contains(key)
                && let Err(place) = keys.binary_search(key)
            {
                keys.insert(place, *key);
                keys.truncate(*limit);
            }
        }
    }

    /// A row was removed: which is the next is not known.
    pub(super) fn removed(&mut self, key: &Key, tally: &mut Tally) {
        if self.0.iter().any(|first| first.keys.contains(key)) {
            self.forget(tally);
        }
    }

    /// Lets go of all answers.
    pub(super) fn forget(&mut self, tally: &mut Tally) {
        tally.bytes = tally.bytes.saturating_sub(self.counted());
        self.0 = Vec::new();
    }

    fn counted(&self) -> usize {
        self.0.iter().map(|first| size_of::<First>() + first.keys.capacity() * size_of::<Key>()).sum()
    }
}
