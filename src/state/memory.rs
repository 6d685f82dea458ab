//! Rows in memory alone: for tests, the driver, and what-if runs that keep nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::books::Rows;
use super::key::Key;
use super::row::Row;
use crate::model::Entity;

/// Rows in an ordered map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    rows: BTreeMap<(Entity, Key), Row>,
}

impl Memory {
    /// Every row, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&(Entity, Key), &Row)> {
        self.rows.iter()
    }
}

impl Rows for Memory {
    fn get(&mut self, entity: &Entity, key: &Key) -> Option<&Row> {
        self.rows.get(&(*entity, *key))
    }

    fn get_mut(&mut self, entity: &Entity, key: &Key) -> Option<&mut Row> {
        self.rows.get_mut(&(*entity, *key))
    }

    fn get_or_put(&mut self, entity: &Entity, key: Key, make: &mut dyn FnMut() -> Row) -> (&mut Row, bool) {
        match self.rows.entry((*entity, key)) {
            Entry::Vacant(place) => (place.insert(make()), true),
            Entry::Occupied(place) => (place.into_mut(), false),
        }
    }

    fn remove(&mut self, entity: &Entity, key: &Key) {
        self.rows.remove(&(*entity, *key));
    }

    fn scan(&mut self, entity: &Entity, from: &Key, to: &Key, limit: usize) -> Vec<Key> {
        if from >= to {
            return Vec::new();
        }
        self.rows.range((*entity, *from)..(*entity, *to)).take(limit).map(|((_, key), _)| *key).collect()
    }
}
