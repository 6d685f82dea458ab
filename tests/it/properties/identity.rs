//! Provenance's identity over all taxpayers, whenever no message is on its way: what arrived at holders is what issuers have
//! passed on to holders that count it, net of what was taken back, invoice by invoice and in all.

use proptest::prelude::*;
use suyuan::drive::World;
use suyuan::model::{Entity, Fen, Id, InvoiceNo};
use suyuan::state::{Held, Issued, Key, Row};

use super::worlds::script;
use super::{AllRows, config, events, rules, world_rows};

fn holders(rows: &AllRows) -> impl Iterator<Item = (Id, InvoiceNo, &Held)> {
    rows.iter().filter_map(|((entity, key), row)| match (key, row) {
        (Key::Held { invoice_no, .. }, Row::Held(held)) if held.arrived.is_some() => {
            Some((entity.id, *invoice_no, &**held))
        }
        _ => None,
    })
}

fn issued(rows: &AllRows, seller: Id, no: InvoiceNo) -> Result<&Issued, String> {
    match rows.get(&(Entity::taxpayer(seller), Key::Issued(no))) {
        Some(Row::Issued(issued)) => Ok(issued),
        _ => Err(format!("{no} of {seller} arrived and was not issued")),
    }
}

fn same(what: &str, one: i128, other: i128) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what}: {one} and {other}")) }
}

fn check(rows: &AllRows) -> Result<(), String> {
    let mut passed_on: i128 = 0;
    for (holder, no, held) in holders(rows) {
        let issued = issued(rows, held.seller_id, no)?;
        let standing = issued.vector.total();
        if held.entered || !held.vector.is_empty() {
            same(&format!("{no} of {} at {holder}", held.seller_id), held.vector.total().0.into(), standing.0.into())?;
        }
        passed_on += i128::from(if held.entered { standing } else { Fen::ZERO }.0);
    }
    let (mut arrived, mut all, mut issued_in_all) = (0, 0, 0);
    for row in rows.values() {
        match row {
            Row::Profile(profile) => {
                arrived += i128::from(profile.ledger.arrived - profile.ledger.withdrawn);
                all += i128::from(profile.ledger.passed_on);
            }
            Row::Issued(issued) => issued_in_all += i128::from(issued.vector.total().0),
            _ => {}
        }
    }
    same("arrived at holders, and passed on to those that count it", arrived, passed_on)?;
    same("passed on, and what stands of invoices", all, issued_in_all)
}

/// Whenever it is quiet: the epoch ends after every event.
fn holds_at_every_step(script: &str) -> Result<(), String> {
    let mut world = World::new(&rules());
    for (number, event) in (1..).zip(events(script)) {
        world.feed(event);
        world.settle();
        check(&world_rows(&mut world)).map_err(|wrong| format!("after event {number}: {wrong}"))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_arrives_is_what_was_passed_on_at_every_step(script in script()) {
        prop_assert_eq!(holds_at_every_step(&script.fed).err(), None, "{}", script.fed);
        prop_assert_eq!(holds_at_every_step(&script.in_time).err(), None, "{}", script.in_time);
    }
}
