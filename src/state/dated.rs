//! What holds since when: a value said for a time, and a course of them.

use serde::{Deserialize, Serialize};

use crate::model::Instant;

/// A value and the event time since which it holds: a later fact that is older changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated<T> {
    /// What holds; `None` before anything was said.
    pub value: Option<T>,
    /// Since when.
    pub since: Instant,
}

impl<T> Default for Dated<T> {
    fn default() -> Self {
        Self { value: None, since: Instant::default() }
    }
}

impl<T> Dated<T> {
    /// Takes over what was said for `at`, unless something later was said already.
    pub fn say(&mut self, value: T, at: Instant) {
        if self.value.is_none() || at >= self.since {
            *self = Self { value: Some(value), since: at };
        }
    }
}

/// Values that are remembered of a course: what is beyond is so long ago, or said so often, that it is taken for the oldest.
const REMEMBERED_MAX: usize = 16;

/// A value over time: whatever the order in which its parts were said, the same course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course<T> {
    latest: Dated<T>,
    /// What was said for times before, oldest first, at most [`REMEMBERED_MAX`].
    earlier: Vec<Dated<T>>,
}

impl<T> Default for Course<T> {
    fn default() -> Self {
        Self { latest: Dated::default(), earlier: Vec::new() }
    }
}

impl<T: Copy + PartialEq> Course<T> {
    /// Takes over a value said for `at`.
    pub fn say(&mut self, value: T, at: Instant) {
        let said = Dated { value: Some(value), since: at };
        let older = if self.latest.value.is_none() || at >= self.latest.since {
            std::mem::replace(&mut self.latest, said)
        } else {
            said
        };
        if older.value.is_none() {
            return;
        }
        let place = self.earlier.partition_point(|known| known.since <= older.since);
        self.earlier.insert(place, older);
        if self.earlier.len() > REMEMBERED_MAX {
            self.earlier.remove(0);
        }
    }

    /// What was said, in the order of its times, as far back as is remembered.
    pub fn said(&self) -> impl Iterator<Item = (Instant, T)> + '_ {
        self.earlier.iter().chain([&self.latest]).filter_map(|known| Some((known.since, known.value?)))
    }

    /// The latest value, if any was said.
    pub fn latest(&self) -> Option<T> {
        self.latest.value
    }

    /// Since when the latest value has held without another in between.
    pub fn since(&self) -> Instant {
        let same = self.earlier.iter().rev().take_while(|known| known.value == self.latest.value);
        same.last().map_or(self.latest.since, |first| first.since)
    }

    /// Since when the value of a time had held by then, where it was another before; `None` where it was not.
    pub fn changed_by(&self, at: Instant) -> Option<Instant> {
        if self.earlier.is_empty() {
            return None;
        }
        let mut known = self.earlier.iter().chain([&self.latest]).filter(|known| known.since <= at);
        let mut held = *known.next()?;
        let mut changed = None;
        for next in known.filter(|next| next.value.is_some()) {
            if next.value != held.value {
                changed = Some(next.since);
            }
            held = *next;
        }
        changed
    }

    /// The value at a time; before the first that was said, that one.
    pub fn at(&self, at: Instant) -> Option<T> {
        if at >= self.latest.since || self.earlier.is_empty() {
            return self.latest.value;
        }
        let place = self.earlier.partition_point(|known| known.since <= at);
        self.earlier[place.saturating_sub(1)].value
    }

    /// The latest value said for a time or before; `None` before the first.
    pub fn by(&self, at: Instant) -> Option<T> {
        if at >= self.latest.since {
            return self.latest.value;
        }
        let place = self.earlier.partition_point(|known| known.since <= at);
        self.earlier[..place].last().and_then(|known| known.value)
    }

    /// Each change of the value: since when, from what and to what; oldest first.
    pub fn changes(&self) -> impl Iterator<Item = (Instant, T, T)> {
        let said = || self.earlier.iter().chain([&self.latest]).filter_map(|known| Some((known.since, known.value?)));
        said()
            .zip(said().skip(1))
            .filter(|((_, before), (_, now))| before != now)
            .map(|((_, before), (at, now))| (at, before, now))
    }

    /// Whether `of` says of some time something else by one course than by the other.
    pub fn differs<V: PartialEq>(&self, other: &Self, of: impl Fn(&Self, Instant) -> V) -> bool {
        let times = |course: &Self| -> Vec<Instant> {
            course.earlier.iter().chain([&course.latest]).map(|known| known.since).collect()
        };
        let all = [times(self), times(other), vec![Instant(i64::MIN)]].concat();
        all.into_iter().any(|at| of(self, at) != of(other, at))
    }

    /// What it takes in memory beyond itself, in bytes.
    pub(super) fn beyond_bytes(&self) -> usize {
        self.earlier.capacity() * size_of::<Dated<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_the_same_whatever_the_order_it_was_said_in() {
        let said = [('A', 10), ('A', 30), ('B', 20)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut course = Course::default();
            for at in order {
                course.say(said[at].0, Instant(said[at].1));
            }
            let at = |at| course.at(Instant(at));
            assert_eq!((at(5), at(15), at(25), at(35)), (Some('A'), Some('A'), Some('B'), Some('A')), "{order:?}");
            let changes: Vec<_> = course.changes().collect();
            assert_eq!(changes, [(Instant(20), 'A', 'B'), (Instant(30), 'B', 'A')]);
            let last_change = |at| course.changed_by(Instant(at));
            assert_eq!(
                (last_change(15), last_change(25), last_change(35)),
                (None, Some(Instant(20)), Some(Instant(30)))
            );
            assert_eq!((course.latest(), course.since()), (Some('A'), Instant(30)));
        }
    }

    #[test]
    fn what_is_said_again_has_held_since_the_first_time() {
        let mut course = Course::default();
        (0..3).rev().for_each(|at| course.say('A', Instant(at)));
        assert_eq!((course.since(), course.changed_by(Instant(9))), (Instant(0), None));
    }
}
