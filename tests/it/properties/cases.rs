//! Worlds in which a property did not hold once, as small as they could be made, and what was wrong then.

use suyuan::state::Row;

use super::{everything_undone_leaves_nothing, fold, world_rows};

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

#[test]
fn accused_value_is_that_of_all_its_names_while_it_is_accused_and_after() {
    // N sells before its purchase from the source is known, so that its name stands for the source with two washers.
    let accused = "at 2026-01-01 | register OLD on=2001-01-01 | register S on=2025-12-20
        at 2026-03-02 | issue 1 N W1 10.00 tax=1.00 | issue 2 N W2 10.00 tax=1.00 | issue 5 N W2 10.00 tax=0.50
        issue 3 W1 B 10.00 tax=1.00 | issue 4 W2 B 10.00 tax=1.40 | deduct 3 B 2026-03 from=W1 tax=0.70
        at 2026-03-01 | issue 11 S N 20.00 tax=2.20 | issue 12 S X 60.00 tax=9.00 | issue 13 S B 10.00 tax=1.00
        at 2026-03-10 | issue 900 OLD OLD2 1.00";
    let mut world = fold(accused).unwrap();
    let tainted = |world: &mut suyuan::drive::World| {
        world_rows(world).values().filter(|row| matches!(row, Row::Tainted(tainted) if tainted.names > 0)).count()
    };
    assert!(tainted(&mut world) >= 5, "N, W1, W2, X and B hold value of the source");
    let undone = format!(
        "{accused}\nat 2026-03-11 | deduct 4 B 2026-03 from=W2 tax=1.40 | reverse 3 B 2026-03 from=W1 tax=0.20\n\
         issue 14 W2 B -5.00 tax=-0.70 red=4 | void 13 S | void 11 S | void 1 N"
    );
    assert_eq!(fold(&undone).err(), None);
    let lifted = format!("{undone}\nat 2026-03-12 | issue 901 OLD S 900.00 tax=99.00");
    assert_eq!(tainted(&mut fold(&lifted).unwrap()), 0);
}

#[test]
fn what_a_source_hears_of_itself_is_told_to_its_case_of_now() {
    // C tells of the first accusation that there is nothing left, when E stands accused again.
    let script = "at 2026-03-30T00:00 | status E missing
        at 2026-03-30T17:40 | issue 180 C E 0.80 tax=0.08
        at 2026-03-30T17:39 | issue 120 E C 6077.80 tax=607.78
        at 2026-03-31T19:27 | issue 181 C E -0.70 tax=-0.07 red=180
        at 2026-04-01T18:35 | issue 191 A A -0.10 tax=-0.01 red=190
        at 2026-03-31T01:14 | void 120 E
        at 2026-04-01T18:35 | issue 150 E A 915.90 tax=91.59";
    assert_eq!(fold(script).err(), None);
}
