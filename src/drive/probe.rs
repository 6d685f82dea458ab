//! What the tests of this folder look at a world with.

use super::*;
use crate::model::{Entity, Fen, Id, InvoiceNo, Output, Period};
use crate::state::{Key, Month, Profile, RowType, Rows};

pub(super) fn world(script: &str) -> World {
    world_under(STANDARD_RULES, script)
}

/// The same under other rules.
pub(super) fn world_under(rules: &str, script: &str) -> World {
    let mut world = World::new(rules);
    feed(&mut world, script);
    world.settle();
    world
}

/// What goes on in a world, which does not come to rest yet.
pub(super) fn feed(world: &mut World, script: &str) {
    for event in parse(script).unwrap() {
        world.feed(event);
    }
}

/// So many months from this one on.
pub(super) fn months(first: &str, count: i32) -> impl Iterator<Item = Period> {
    let first = Period::parse(first).unwrap();
    (0..count).map(move |at| first.minus(-at))
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

pub(super) fn profile(script: &str, of: &str) -> Profile {
    row(&mut world(script), of, Key::Profile)
}

pub(super) fn month(script: &str, of: &str, period: &str) -> Month {
    row(&mut world(script), of, Key::Month(Period::parse(period).unwrap()))
}

pub(super) fn number(no: u32) -> InvoiceNo {
    InvoiceNo::parse(&format!("legacy:{no}")).unwrap()
}

/// Tax that began with a taxpayer, what is in its pool, and what has expired.
pub(super) fn value(script: &str, of: &str) -> (Fen, Fen, Fen) {
    let profile = profile(script, of);
    (Fen(profile.ledger.originated), profile.pool.total(), Fen(profile.ledger.expired))
}

/// Why something was doubted, each time it was.
pub(super) fn doubts(world: &World, code: &str) -> Vec<String> {
    let mut doubts = Vec::new();
    for said in world.said() {
        if let Output::Doubt(doubt) = &said.output
            && *doubt.code == *code
        {
            doubts.push(doubt.reason.to_string());
        }
    }
    doubts
}

/// A rule that finds something of every month of a firm of grade D, under a typology.
pub(super) fn of_grade_d(typology: &str) -> String {
    format!(
        r#"
[[rules]]
code = "{typology}_of_grade_d"
name_zh = "信用等级为D"
name_en = "of grade D"
typology = "{typology}"
score = 100
at_once = true
when = {{ indicator = "credit_rank", at_least = 5 }}
text_zh = "{{period}}。"
text_en = "{{period}}."
"#
    )
}

/// Goods in five invoices, which is trade enough to compare.
pub(super) fn lots(first: u32, parties: &str, amount: u32, goods: &str) -> String {
    let lot = |at: u32| format!("issue {} {parties} {}.00 goods={goods}", first + at, amount / 5);
    (0..5).map(lot).collect::<Vec<_>>().join(" | ")
}
