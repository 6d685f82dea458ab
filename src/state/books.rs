//! How the fold sees rows: [`Rows`] is what a store offers, [`Books`] one entity's view of it, by type.

use super::control::TimerRow;
use super::key::Key;
use super::row::{Row, RowType};
use crate::model::{Entity, Instant, Timer};

/// Rows of the entities of one partition. Implemented by [`super::Memory`] and by the store's cache.
///
/// Nothing here fails: a store that cannot read remembers it, and refuses to commit what was folded on top.
pub trait Rows {
    /// The row under a key.
    fn get(&mut self, entity: &Entity, key: &Key) -> Option<&Row>;
    /// The row under a key, to be changed.
    fn get_mut(&mut self, entity: &Entity, key: &Key) -> Option<&mut Row>;
    /// The row under a key, to be changed; where there is none, what `make` gives. The flag says that it was made.
    fn get_or_put(&mut self, entity: &Entity, key: Key, make: &mut dyn FnMut() -> Row) -> (&mut Row, bool);
    /// Puts a row under a key, over whatever was there.
    fn put(&mut self, entity: &Entity, key: Key, row: Row) {
        let mut row = Some(row);
        let (place, _) = self.get_or_put(entity, key, &mut || row.take().expect("a row is made once"));
        if let Some(row) = row {
            *place = row;
        }
    }
    /// Takes a row away.
    fn remove(&mut self, entity: &Entity, key: &Key);
    /// The first `limit` keys from `from` on and before `to`, in their order.
    fn scan(&mut self, entity: &Entity, from: &Key, to: &Key, limit: usize) -> Vec<Key>;
}

/// One entity's rows, by type.
pub struct Books<'a> {
    rows: &'a mut dyn Rows,
    /// Whose.
    pub entity: Entity,
}

/// Why a row under a key is always of the key's kind.
const KIND: &str = "each key has one kind of row, and the store keeps rows apart by their keys";

impl<'a> Books<'a> {
    /// The books of one entity.
    pub fn of(rows: &'a mut dyn Rows, entity: Entity) -> Self {
        Self { rows, entity }
    }

    /// The row under a key.
    pub fn find<T: RowType>(&mut self, key: &Key) -> Option<&T> {
        self.rows.get(&self.entity, key).map(|row| T::peek(row).expect(KIND))
    }

    /// Whether there is one.
    pub fn has(&mut self, key: &Key) -> bool {
        self.rows.get(&self.entity, key).is_some()
    }

    /// The row under a key, to be changed.
    pub fn edit<T: RowType>(&mut self, key: &Key) -> Option<&mut T> {
        self.rows.get_mut(&self.entity, key).map(|row| T::peek_mut(row).expect(KIND))
    }

    /// The row under a key, to be changed; made by default where there is none. The flag says that it was made.
    pub fn edit_or_new<T: RowType + Default>(&mut self, key: Key) -> (&mut T, bool) {
        let (row, made) = self.rows.get_or_put(&self.entity, key, &mut || T::default().wrap());
        (T::peek_mut(row).expect(KIND), made)
    }

    /// Takes the contents of a row out, leaving the default in its place: put it back before the step ends.
    pub fn lift<T: RowType + Default>(&mut self, key: Key) -> (T, bool) {
        let (row, made) = self.edit_or_new::<T>(key);
        (std::mem::take(row), made)
    }

    /// Puts a row under a key.
    pub fn put<T: RowType>(&mut self, key: Key, row: T) {
        let mut row = Some(row);
        let mut make = || row.take().expect("a row is made once").wrap();
        let (place, _) = self.rows.get_or_put(&self.entity, key, &mut make);
        if let Some(row) = row {
            *T::peek_mut(place).expect(KIND) = row;
        }
    }

    /// Takes a row away.
    pub fn remove(&mut self, key: &Key) {
        self.rows.remove(&self.entity, key);
    }

    /// The first `limit` keys from `from` on and before `to`.
    pub fn scan(&mut self, from: &Key, to: &Key, limit: usize) -> Vec<Key> {
        self.rows.scan(&self.entity, from, to, limit)
    }

    /// Enters this taxpayer into the list of those of its partition with findings that stand, or strikes it off.
    pub fn list_with_findings(&mut self, stand: bool) {
        let key = Key::WithFindings(self.entity.id);
        if stand {
            self.rows.put(&Entity::CONTROL, key, ().wrap());
        } else {
            self.rows.remove(&Entity::CONTROL, &key);
        }
    }

    /// Sets a time for this entity: `true` where the clock, which has passed `hour`, has passed it already, so that the
    /// caller must see to it now.
    #[must_use]
    pub fn set_timer(&mut self, hour: Instant, due: Instant, timer: Timer) -> bool {
        if due <= hour {
            return true;
        }
        let key = Key::Timer { due, to: self.entity, what: timer.hash() };
        self.rows.put(&Entity::CLOCK, key, TimerRow { timer }.wrap());
        false
    }
}
