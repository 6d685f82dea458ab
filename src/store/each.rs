//! Everything in a store, in the order of its keys: for lists of findings, tasks and cases, and for queries. What waits
//! to be written is seen too, and the cache stays as it is.

use std::convert::Infallible;

use super::Store;
use super::disk::after_prefix;
use super::error::Error;
use crate::model::{Entity, Id, Kind};
use crate::state::{Key, Row};

/// How many unwanted rows are stepped over before RocksDB is asked to find the next wanted one.
const STEPS_MAX: u32 = 8;

impl Store {
    /// Hands every row to `each`, ordered by entity and key: of one kind of entity where given, and of each entity only
    /// the keys of some ranges, where any are given: in order, from a first key on and before a second.
    pub fn for_each(
        &self,
        kind: Option<Kind>,
        ranges: &[(Key, Key)],
        each: &mut dyn FnMut(Entity, Key, Row),
    ) -> Result<(), Error> {
        let wanted = |key: &Key| ranges.is_empty() || ranges.iter().any(|(from, to)| (from..to).contains(&key));
        let mut dirty = self.dirty_keys(kind, &wanted).into_iter().peekable();
        let hand_out_dirty = |entity: &Entity, key: &Key, each: &mut dyn FnMut(Entity, Key, Row)| {
            if let Some(row) = self.dirty_row(entity, key) {
                each(*entity, *key, row);
            }
        };

        let mut rows = self.disk.iterate()?;
        match kind {
            None => rows.seek(&[]),
            Some(kind) => {
                let mut first = Vec::new();
                Key::write_prefix(&Entity { kind, id: Id::EMPTY }, &mut first);
                rows.seek(&first[..1]);
            }
        }
        let mut steps = 0;
        let mut target = Vec::new();
        while let Some((key_bytes, row_bytes)) = rows.item() {
            let (entity, key) = self.disk.key(key_bytes)?;
            if kind.is_some_and(|kind| entity.kind != kind) {
                break;
            }
            if wanted(&key) {
                while let Some((entity, key)) = dirty.next_if(|next| *next < (entity, key)) {
                    hand_out_dirty(&entity, &key, each);
                }
                if dirty.next_if_eq(&(entity, key)).is_some() {
                    hand_out_dirty(&entity, &key, each);
                } else {
                    each(entity, key, self.disk.row(&entity, &key, row_bytes)?);
                }
                steps = 0;
                rows.next();
                continue;
            }
            steps += 1;
            if steps <= STEPS_MAX {
                rows.next();
                continue;
            }
            steps = 0;
            target.clear();
            if let Some((from, _)) = ranges.iter().find(|(from, _)| key < *from) {
                from.write(&entity, &mut target);
            } else {
                Key::write_prefix(&entity, &mut target);
                after_prefix(&mut target);
            }
            rows.seek(&target);
        }
        rows.finish()?;
        for (entity, key) in dirty {
            hand_out_dirty(&entity, &key, each);
        }
        Ok(())
    }

    /// Keys of rows that wait to be written, in order.
    pub(super) fn dirty_keys(&self, kind: Option<Kind>, wanted: &dyn Fn(&Key) -> bool) -> Vec<(Entity, Key)> {
        let mut keys = Vec::new();
        for rows in self.cache.entities.iter().filter(|rows| kind.is_none_or(|kind| rows.entity.kind == kind)) {
            keys.extend(rows.dirty.iter().filter(|key| wanted(key)).map(|key| (rows.entity, *key)));
        }
        for entity in self.cache.dirty.iter().filter(|entity| kind.is_none_or(|kind| entity.kind == kind)) {
            let Some(parcel) = self.cache.on_shelf(entity) else { continue };
            let Ok(()) = parcel.dirty(entity, |key, _, _| {
                keys.extend(Key::read(key).ok().filter(|(_, key)| wanted(key)));
                Ok::<_, Infallible>(())
            });
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn dirty_row(&self, entity: &Entity, key: &Key) -> Option<Row> {
        match self.cache.peek(entity) {
            Some(at) => {
                let rows = &self.cache.entities[at].rows;
                rows.get(self.cache.named(key))?.read_row(rows.body())
            }
            None => self.cache.on_shelf(entity)?.row(key),
        }
    }
}
