//! Months that are closed: what their invoices keep, and what still comes about them.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::fold::Verdict as V;
use crate::model::{Fen, Output};
use crate::state::{Held, Issued, Key, Month, OriginRow, Profile};

fn issued(world: &mut World, of: &str, no: u32) -> Issued {
    row(world, of, Key::Issued(number(no)))
}

fn held(world: &mut World, of: &str, no: u32) -> Held {
    row(world, of, Key::Held { invoice_no: number(no), place: 0 })
}

/// OLD sells to A, A sells on to B, which deducts; then the clock is brought to a time by somebody else.
fn sold_on_and_then(time: &str, more: &str) -> World {
    world(&format!(
        "at 2026-03-02 | issue 1 OLD A 900.00 tax=100.00 | issue 2 A B 800.00 tax=80.00 | deduct 2 B 2026-03 from=A
         at {time} | issue 9 X Y 1.00
         at {time}T23:00 | issue 10 X Y 1.00
         {more}"
    ))
}

#[test]
fn a_void_within_24_months_gives_value_back_and_a_later_one_moves_none() {
    for (time, moved) in [("2028-03-30", true), ("2028-04-02", false)] {
        let mut world = sold_on_and_then(time, "void 2 A");
        let (pool, deducted) = {
            let profile: Profile = row(&mut world, "A", Key::Profile);
            let origin: OriginRow = row(&mut world, "B", Key::Origin(id("OLD")));
            (profile.pool.total(), origin.deducted)
        };
        let expected = if moved { (Fen(10_000), Fen::ZERO) } else { (Fen(2_000), Fen(8_000)) };
        assert_eq!((pool, deducted), expected, "{time}");
        assert_eq!(doubts(&world, "closed_month").len(), usize::from(!moved), "{time}");
        let (sale, purchase) = (issued(&mut world, "A", 2), held(&mut world, "B", 2));
        assert!(sale.void.is_some() && purchase.voided_at.is_some() && sale.vector.is_empty(), "{time}");
        let month: Month = row(&mut world, "A", Key::Month(crate::model::Period::of(2026, 3)));
        assert_eq!(month.sold_void.count, 1, "what it is counted to knows of the void all the same");
    }
}

#[test]
fn a_red_letter_of_a_closed_invoice_is_counted_and_takes_nothing_back() {
    let mut world = sold_on_and_then("2028-04-02", "issue 3 A B -800.00 tax=-80.00 red=2 | void 3 A");
    let said = doubts(&world, "closed_month");
    assert!(said.len() == 2 && said[0].contains("legacy:2 is of 2026-03"), "{said:?}");
    assert_eq!(row::<Profile>(&mut world, "A", Key::Profile).pool.total(), Fen(2_000));
    assert_eq!((issued(&mut world, "A", 2).reds.count, issued(&mut world, "A", 2).vector.total()), (0, Fen::ZERO));
}

#[test]
fn what_is_said_again_of_a_closed_invoice_is_still_known() {
    let again =
        "at 2026-03-02 | issue 1 OLD A 900.00 tax=100.00 | issue 2 A B 800.00 tax=80.00 | deduct 2 B 2026-03 from=A
                 at 2026-03-02 | issue 1 OLD A 901.00 tax=100.00";
    let world = sold_on_and_then("2030-04-02", again);
    assert_eq!(world.verdicts()[5..], [V::Duplicate, V::Duplicate, V::Duplicate, V::Conflicting]);
    assert_eq!(world.verdicts()[..5], [V::Accepted; 5]);
}

#[test]
fn a_second_deduction_of_a_closed_invoice_is_found_and_doubted() {
    let world = sold_on_and_then("2030-04-02", "deduct 2 B 2030-03 from=A");
    let found = |said: &Said| matches!(&said.output, Output::Signal(signal) if *signal.typology == *"double_deduction");
    assert_eq!(world.said().iter().filter(|said| found(said)).count(), 1);
    assert_eq!(doubts(&world, "closed_month").len(), 1);
}

#[test]
fn an_invoice_that_comes_when_its_month_is_closed_is_folded_and_doubted() {
    let mut world = sold_on_and_then("2030-04-02", "at 2026-03-05 | issue 5 OLD A 90.00 tax=10.00");
    assert_eq!(row::<Profile>(&mut world, "A", Key::Profile).pool.total(), Fen(3_000));
    assert_eq!(doubts(&world, "closed_month").len(), 1);
}

#[test]
fn books_are_looked_through_a_year_later_however_many_invoices_they_have() {
    let mut script = String::from("at 2026-03-02 | issue 9000 OLD A 90000.00 tax=9000.00\n");
    for no in 1..=600 {
        writeln!(script, "issue {no} A B 100.00 tax=10.00").unwrap();
    }
    script += "at 2028-12-30 | issue 9001 OLD A 90.00 tax=9.00 | issue 601 A B 100.00 tax=10.00
               at 2029-05-01 | issue 9002 X Y 1.00\n";
    let mut world = world(&script);
    for no in 1..=600 {
        let (sale, purchase) = (issued(&mut world, "A", no), held(&mut world, "B", no));
        assert!(!sale.has_value() && purchase.vector.is_empty(), "{no}");
        assert!(sale.issue.is_some() && purchase.arrived.is_some(), "{no}");
    }
    assert!(held(&mut world, "A", 9_000).vector.is_empty());
    assert!(issued(&mut world, "A", 601).has_value() && !held(&mut world, "B", 601).vector.is_empty());
    for firm in ["A", "OLD"] {
        assert!(row::<Profile>(&mut world, firm, Key::Profile).closing_set, "{firm}: and again in a year");
    }
    // Nothing stood behind either of its sales, and the earlier one is none any more that a purchase may settle.
    let old: Profile = row(&mut world, "OLD", Key::Profile);
    assert_eq!((old.deficits, issued(&mut world, "OLD", 9_001).short), (1, Fen(900)));
}
