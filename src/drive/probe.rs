//! What the tests of this folder look at a world with.

use super::*;
use crate::model::{Entity, Id};
use crate::state::{Key, RowType, Rows};

pub(super) fn world(script: &str) -> World {
    let mut world = World::new(STANDARD_RULES);
    for event in parse(script).unwrap() {
        world.feed(event);
    }
    world.settle();
    world
}

pub(super) fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

pub(super) fn row<T: RowType + Clone>(world: &mut World, of: &str, key: Key) -> T {
    find(world, of, &key).unwrap_or_else(|| panic!("{of} has no {key:?}"))
}

pub(super) fn find<T: RowType + Clone>(world: &mut World, of: &str, key: &Key) -> Option<T> {
    let row = world.rows().get(&Entity::taxpayer(id(of)), key).cloned();
    row.map(|row| T::unwrap(row).unwrap())
}
