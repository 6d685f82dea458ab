//! Worlds in which a property did not hold once, as small as they could be made, and what was wrong then.

use super::{everything_undone_leaves_nothing, fold};

#[test]
fn a_red_letter_of_a_later_month_takes_off_the_month_its_invoice_came_in_with() {
    let script = "at 2026-03-30 | issue 110 A B 0.20 tax=0.02\nat 2026-04-01 | issue 111 A B -0.10 tax=-0.01 red=110";
    assert_eq!(fold(script).err(), None);
}

#[test]
fn a_world_without_events_has_no_hour_to_mark() {
    assert_eq!(fold("").err(), None);
}

#[test]
fn a_purchase_voucher_begins_again_when_its_red_letter_is_voided() {
    let script = "at 2026-03-30 | issue 140 A A 0.20 tax=0.02 kind=farm_purchase\nissue 150 B A 1.00 tax=0.10\n\
        issue 141 A A -0.10 tax=-0.01 red=140 kind=farm_purchase\nvoid 141 A";
    assert_eq!(fold(script).err(), None);
    assert_eq!(everything_undone_leaves_nothing(script).err(), None);
}

#[test]
fn what_is_sold_again_begins_as_opening_stock_only_where_the_rest_of_it_did() {
    // Covered at first, and not when it is drawn again: the firm is not known to be new.
    let covered = "at 2026-03-30 | issue 1 B A 1.00 tax=0.10\nissue 2 A C 1.00 tax=0.10\nissue 3 A C -1.00 tax=-0.10 red=2\n\
        issue 4 A C 1.00 tax=0.10\nvoid 3 A\nissue 5 B A 1.00 tax=0.10\nvoid 2 A";
    assert_eq!(fold(covered).err(), None);
    // Uncovered at first as an old firm's stock, and again after it turned out to be a new firm.
    let turned = "at 2026-03-30 | issue 2 A C 1.00 tax=0.10\nissue 3 A C -0.50 tax=-0.05 red=2\n\
        register A on=2026-03-20\nvoid 3 A\nvoid 2 A";
    assert_eq!(fold(turned).err(), None);
    // The same when nothing of the shortfall stands in between.
    assert_eq!(fold(&turned.replace("-0.50 tax=-0.05", "-1.00 tax=-0.10")).err(), None);
}

#[test]
fn a_red_letter_does_not_overtake_what_the_void_of_another_restored() {
    let script = "at 2026-03-30 | issue 130 D B 3.20 tax=0.32\nissue 120 A D 0.30 tax=0.03\n\
        issue 131 D B -0.30 tax=-0.03 red=130\nvoid 131 D\nissue 132 D B -0.60 tax=-0.06 red=130";
    assert_eq!(everything_undone_leaves_nothing(script).err(), None);
}
