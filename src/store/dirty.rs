//! Keys of an entity's rows that wait to be written. Most are only added and written; those of a hub are also listed in
//! order between two of its sales, however many wait: so they are kept in sorted runs, each at least twice as long as the
//! next, that are merged as they grow, and only when somebody asks.

use crate::state::Key;

/// Keys to be written; one may be here twice.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    runs: Vec<Vec<Key>>,
    /// Since somebody asked.
    latest: Vec<Key>,
}

impl Dirty {
    pub(super) fn push(&mut self, key: Key) {
        self.latest.push(key);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.latest.is_empty() && self.runs.is_empty()
    }

    /// All, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.runs.iter().flatten().chain(&self.latest)
    }

    /// Puts what came since into order, so that [`Dirty::between`] sees it.
    pub(super) fn order(&mut self) {
        if self.latest.is_empty() {
            return;
        }
        self.latest.sort_unstable();
        // A row that was removed and made again is here twice, and a listing counts.
        self.latest.dedup();
        let mut run = std::mem::take(&mut self.latest);
        while let Some(longer) = self.runs.pop_if(|longer| longer.len() < 2 * run.len()) {
            run.extend(longer);
            run.sort(); // two runs that are sorted: merged in one pass
            run.dedup();
        }
        self.runs.push(run);
    }

    /// The first `limit` keys in order, from the first on and before the second, that are `wanted`; perhaps some more.
    pub(super) fn between(&self, from: &Key, to: &Key, limit: usize, wanted: impl Fn(&Key) -> bool) -> Vec<Key> {
        debug_assert!(self.latest.is_empty(), "they are put into order first");
        let mut found = Vec::new();
        for run in &self.runs {
            let first = run.partition_point(|key| key < from);
            let keys = run[first..].iter().take_while(|key| *key < to);
            found.extend(keys.filter(|key| wanted(key)).take(limit));
        }
        found
    }

    /// Takes all out, in order, each once.
    pub(super) fn take(&mut self) -> Vec<Key> {
        let mut keys = std::mem::take(&mut self.latest);
        keys.extend(self.runs.drain(..).flatten());
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Period;

    #[test]
    fn what_is_between_is_found_whenever_it_was_added_and_each_is_taken_once() {
        let key = |month: i32| Key::Month(Period(month));
        let mut dirty = Dirty::default();
        for round in 0..50 {
            for month in 0..20 {
                dirty.push(key((round * 7 + month * 31) % 500));
                if month % 3 == 0 {
                    dirty.push(key((round * 7 + month * 31) % 500));
                }
            }
            dirty.order();
            let mut found = dirty.between(&key(100), &key(200), 5, |key| *key != unwanted());
            found.sort_unstable();
            found.dedup();
            found.truncate(5);
            let mut expected: Vec<Key> =
                dirty.iter().copied().filter(|at| (key(100)..key(200)).contains(at) && *at != unwanted()).collect();
            expected.sort_unstable();
            expected.dedup();
            expected.truncate(5);
            assert_eq!(found, expected);
            assert!(dirty.runs.windows(2).all(|pair| pair[0].len() >= 2 * pair[1].len()));
        }
        let all = dirty.take();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]) && all.len() == 500, "{}", all.len());
        assert!(dirty.is_empty());
    }

    fn unwanted() -> Key {
        Key::Month(Period(101))
    }
}
