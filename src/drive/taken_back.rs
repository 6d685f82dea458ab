//! Purchases and sales that are taken back, in either order: what flowed on meanwhile, and what comes back of it.

use std::fmt::Write as _;

use super::World;
use super::probe::*;
use crate::model::{Fen, Period};
use crate::provenance::Ordinal;
use crate::state::{Held, Issued, Key, Month, Passed, PassedPage, Profile};

#[test]
fn a_purchase_taken_back_leaves_the_sale_it_had_settled_as_it_was() {
    let sold = "register A on=2026-02-20\nat 2026-03-02 | issue 1 A C 10.00 tax=1.00\nat 2026-03-05 | issue 7 A C 1.00 tax=0.01\n";
    let settled = format!("{sold}at 2026-02-27 | issue 2 OLD A 10.00 tax=0.70\n");
    let voided = format!("{settled}at 2026-03-06 | void 2 OLD");
    let mut never = world(sold);
    let mut then = world(&settled);
    let mut after = world(&voided);
    let sale = |world: &mut World| row::<Issued>(world, "A", Key::Issued(number(1)));
    assert_eq!((sale(&mut then).short, sale(&mut then).settled.total()), (Fen(30), Fen(70)));
    assert_eq!((sale(&mut after).short, sale(&mut after).settled.total()), (Fen(100), Fen::ZERO));
    let passed = |world: &mut World, origin| {
        row::<PassedPage>(world, "A", Key::passed(origin, id("C"))).of(origin).unwrap_or_default()
    };
    assert_eq!(passed(&mut then, Ordinal(1)).settled, Fen(70));
    assert_eq!(passed(&mut after, Ordinal(1)), Passed::default());
    assert_eq!(passed(&mut after, Ordinal::OWN), passed(&mut never, Ordinal::OWN));
    // It begins in the month of the sale, not in that of the purchase.
    let originated = |world: &mut World, period: &str| {
        row::<Month>(world, "A", Key::Month(Period::parse(period).unwrap())).originated
    };
    assert_eq!((originated(&mut after, "2026-02"), originated(&mut after, "2026-03")), (Fen::ZERO, Fen(101)));
    // And another purchase may settle it.
    let again = format!("{voided}\nat 2026-02-28 | issue 3 OLD A 10.00 tax=2.00");
    assert_eq!(sale(&mut world(&again)).short, Fen::ZERO);
}

#[test]
fn what_was_sold_and_what_it_was_bought_with_are_taken_back_in_either_order() {
    let trade = "at 2026-01-02 | issue 900 OLD OLD2 1.00\nat 2026-03-02
        issue 1 A B 80.00 tax=10.00 | issue 2 A B 80.00 tax=10.00 | issue 3 B C 128.00 tax=16.00";
    for (first, second) in [("void 1 A", "void 3 B"), ("void 3 B", "void 1 A")] {
        let script = format!("{trade}\nat 2026-03-03 | {first}\nat 2026-03-04 | {second}");
        assert_eq!(value(&script, "B"), (Fen::ZERO, Fen(1_000), Fen::ZERO), "{script}");
        let month = month(&script, "B", "2026-03");
        assert_eq!((month.originated, month.flowed_on, month.drawn), (Fen::ZERO, Fen::ZERO, Fen::ZERO), "{script}");
        // And of a part of the sale, so much.
        let script = script.replace("void 3 B", "issue 4 B C -32.00 tax=-4.00 red=3");
        assert_eq!(value(&script, "B"), (Fen(200), Fen::ZERO, Fen::ZERO), "{script}");
    }
}

#[test]
fn what_was_given_up_long_before_is_not_what_comes_back_of_a_later_sale() {
    let trade = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\nat 2026-01-10 | register F on=2026-01-04
        at 2026-02-02 | issue 1 A F 9600000.00 tax=1200000.00 | issue 2 F B 9600000.00 tax=1200000.00
        at 2026-02-05 | void 1 A\nat 2026-08-02 | issue 11 A F 9600000.00 tax=1200000.00";
    let sold_and_voided = format!("{trade}\nissue 12 F C 9600000.00 tax=1200000.00\nat 2026-08-04 | void 12 F");
    for script in [trade, &sold_and_voided] {
        assert_eq!(value(script, "F"), (Fen(120_000_000), Fen(120_000_000), Fen::ZERO), "{script}");
        assert_eq!(month(script, "F", "2026-02").originated, Fen(120_000_000));
    }
}

#[test]
fn what_comes_back_of_a_sale_is_of_the_purchases_of_its_own_month() {
    let trade = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10
        at 2026-03-02 | issue 1 A F 80.00 tax=10.00\nat 2026-03-03 | issue 2 F B 80.00 tax=10.00
        at 2026-05-10 | issue 3 A F 80.00 tax=10.00\nat 2026-05-11 | issue 4 F B 80.00 tax=10.00";
    let voids = ["void 1 A", "void 3 A", "void 4 F"];
    for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0]] {
        let said = [0, 1, 2].map(|day| format!("\nat 2026-05-{} | {}", 14 + day, voids[order[day]])).concat();
        let script = format!("{trade}{said}");
        assert_eq!(value(&script, "F"), (Fen(1_000), Fen::ZERO, Fen::ZERO), "{script}");
        assert_eq!(month(&script, "F", "2026-03").originated, Fen(1_000), "{script}");
    }
}

/// Purchases of January to April, sold on by an invoice of March that comes last, and all given up by their seller.
#[test]
fn what_comes_back_of_a_sale_is_of_its_own_month_then_of_those_before_then_of_later_ones() {
    let mut script = String::from("at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\n");
    for month in 1..=4 {
        writeln!(script, "at 2026-0{month}-05 | issue {month} A F 80.00 tax=10.00").unwrap();
    }
    script +=
        "at 2026-03-20 | issue 9 F B 320.00 tax=40.00\nat 2026-04-20 | void 1 A | void 2 A | void 3 A | void 4 A\n";
    let flowed = |script: &str| [1, 2, 3, 4].map(|at| month(script, "F", &format!("2026-0{at}")).flowed_on.0);
    assert_eq!(flowed(&script), [1_000; 4]);
    let left = [[1_000, 1_000, 0, 1_000], [1_000, 0, 0, 1_000], [0, 0, 0, 1_000], [0; 4]];
    for (no, left) in (21..).zip(left) {
        writeln!(script, "at 2026-04-{no:02} | issue {no} F B -80.00 tax=-10.00 red=9").unwrap();
        assert_eq!(flowed(&script), left, "{script}");
    }
}

#[test]
fn what_a_new_firm_sold_on_before_its_purchase_was_taken_back_begins_with_it() {
    let script = "at 2026-01-05 | register N on=2026-01-05 | issue 1 X N 900000.00 tax=117000.00
        at 2026-02-02 | issue 2 N C 900000.00 tax=117000.00 | at 2026-02-05 | void 1 X";
    assert_eq!(profile(script, "N").open_bursts, 1);
}

#[test]
fn a_red_letter_that_is_voided_after_its_invoice_restores_nothing() {
    let trade = "at 2026-03-02 | issue 1 OLD A 900.00 tax=100.00 | issue 2 A B 800.00 tax=80.00
        at 2026-03-03 | issue 3 A B -400.00 tax=-40.00 red=2\n";
    for (first, second) in [("void 2 A", "void 3 A"), ("void 3 A", "void 2 A")] {
        let mut world = world(&format!("{trade}at 2026-03-04 | {first}\nat 2026-03-05 | {second}"));
        let held: Held = row(&mut world, "B", Key::Held { invoice_no: number(2), place: 0 });
        let pools = ["A", "B"].map(|firm| row::<Profile>(&mut world, firm, Key::Profile).pool.total());
        assert_eq!((held.vector.total(), pools), (Fen::ZERO, [Fen(10_000), Fen::ZERO]), "{first}, {second}");
    }
}

#[test]
fn red_letters_that_cannot_be_right_are_doubted() {
    let doubted = |red: &str| {
        let sold = "at 2026-03-02 | issue 1 A B 800.00 tax=80.00 | issue 2 A B 800.00 tax=80.00 | void 2 A\n";
        let world =
            world(&format!("{sold}at 2026-03-03 | issue 3 A B -400.00 tax=-40.00 red=1\nat 2026-03-04 | {red}"));
        doubts(&world, "impossible_red").concat()
    };
    let cases = [
        ("issue 4 A B -800.00 tax=-40.00 red=2", "is void"),
        ("issue 4 A C -400.00 tax=-40.00 red=1", "has another buyer"),
        ("issue 4 A B -400.00 tax=-40.01 red=1", "is less than its red letters together"),
        ("issue 4 A B -400.01 tax=-40.00 red=1", "is less than its red letters together"),
        ("issue 4 A B -400.00 tax=-40.00 red=3", "is a red letter itself"),
    ];
    for (red, why) in cases {
        assert!(doubted(red).ends_with(why), "{red}: {}", doubted(red));
    }
    assert_eq!(doubted("issue 4 A B -400.00 tax=-40.00 red=1"), "");
}
