//! Worlds in which the two differed once, as small as they could be made. Scripts as `drive` reads them, under rules with
//! such limits that a few yuan accuse a source.

use std::fmt::Write as _;

use super::script::lines;
use super::{Outcome, worlds};

/// The standard rules with other numbers.
fn rules(numbers: &[(&str, i64)]) -> String {
    let loose = [("own_tax_min_fen", 1), ("own_share_min_bp", 1), ("taint_tax_min_fen", 1), ("opening_months", 0)];
    let numbers: Vec<(&str, i64)> = numbers.iter().chain(&loose).copied().collect();
    worlds::with_numbers(&numbers)
}

fn agree(numbers: &[(&str, i64)], script: &str) {
    let outcome = Outcome::of(&rules(numbers), &lines(script));
    let mut text = String::new();
    for (name, (fold, oracle)) in &outcome.different {
        writeln!(text, "{name}: the fold {fold:?}, the oracle {oracle:?}").unwrap();
    }
    assert!(!outcome.is_unclear() && outcome.different.is_empty(), "{script}\n{text}");
}

#[test]
fn who_buys_of_the_source_after_its_washer_is_next_to_it() {
    agree(
        &[],
        "register S on=2025-12-20\nat 2026-03-05 | issue 1 S W 9.00 tax=799.27 | issue 5 W B 9.00 tax=5.52\n\
         at 2026-03-07 | issue 6 S B 9.00 tax=5.73",
    );
}

#[test]
fn the_void_of_a_red_letter_moves_the_month_of_its_invoice() {
    agree(
        &[],
        "at 2026-01-11 | issue 15 S A 9.00 tax=391.11\nat 2026-01-10 | register S on=2025-12-20\n\
         at 2026-04-20 | issue 34 S A -9.00 tax=-250.31 red=15\nat 2026-05-05 | void 34 S",
    );
}

#[test]
fn what_a_voided_red_letter_lets_out_again_may_be_of_another_origin() {
    agree(
        &[],
        "at 2026-01-01 | register S on=2025-12-20\nat 2026-01-05 | issue 3 W B 9.00 tax=138.25\n\
         at 2026-01-06 | issue 9 W B -9.00 tax=-138.25 red=3\nat 2026-01-07 | issue 5 S W 9.00 tax=3908.24\n\
         at 2026-01-08 | void 9 W",
    );
}

#[test]
fn a_purchase_that_settles_a_later_sale_clears_the_month_before_it() {
    agree(
        &[("opening_months", 1)],
        "at 2026-01-02 | register S on=2025-12-20\nat 2026-01-08 | issue 11 S S -9.00 tax=-18.33 red=1\n\
         at 2026-02-28 | issue 5 S A 9.00 tax=1743.82\nat 2026-04-05 | issue 8 S A 9.00 tax=1807.74\n\
         at 2026-03-09 | issue 6 X S 9.00 tax=357.85",
    );
}

#[test]
fn value_that_went_round_counts_by_the_kind_that_is_known_at_last() {
    agree(
        &[("tax_min_fen", 1)],
        "at 2026-01-05 | change A kind=small_scale\nat 2026-01-06 | issue 5 A B 9.00 tax=898.46\n\
         at 2026-01-07T17:35 | issue 8 B A 9.00 tax=1033.23\nat 2026-01-07T08:54 | register A on=2026-01-04",
    );
}

#[test]
fn the_largest_origins_stay_in_a_pool_whatever_the_order_they_come_back_in() {
    agree(
        &[("pool_origins", 1), ("vector_origins", 4)],
        "at 2026-01-05 | issue 4 C A 9.00 tax=794.31 | issue 6 A C 9.00 tax=1710.24\n\
         at 2026-01-05T13:50 | issue 16 C A -9.00 tax=-794.31 red=4 | issue 10 A D 9.00 tax=157.98\n\
         issue 11 D A 9.00 tax=588.28 | void 16 C\nat 2026-01-05T18:00 | void 6 A",
    );
}

#[test]
fn nobody_is_known_since_the_trade_of_a_source() {
    agree(
        &[("tax_min_fen", 1), ("margin_max_bp", 9_000), ("days_max", 31)],
        "at 2026-01-10 | issue 23 S H 9.00 tax=115.01\nat 2026-02-03 | issue 5 H S 9.00 tax=1.11\n\
         at 2026-02-04 | issue 14 X H 9.00 tax=331.74 | issue 25 H Y 9.00 tax=976.56\n\
         at 2025-12-28 | register S on=2026-01-04\nat 2026-02-07 | void 5 H",
    );
}

#[test]
fn a_source_that_is_accused_of_another_month_instead_stays_in_its_case() {
    agree(
        &[],
        "at 2026-01-06 | issue 1 S B 9.00 tax=420.64 kind=other\nat 2026-01-12 | register S on=2026-01-04\n\
         at 2026-01-30 | issue 8 A S 9.00 tax=331.21\nat 2026-02-07 | issue 10 S B 9.00 tax=679.13\n\
         at 2026-02-03 | issue 14 A S -9.00 tax=-202.03 red=8",
    );
}

#[test]
fn what_does_not_count_shows_all_the_same_how_near_its_buyer_is() {
    agree(
        &[],
        "at 2026-01-01 | register B on=2026-01-04\nat 2026-01-05 | issue 6 S W 9.00 tax=9.05 | register S on=2026-01-04\n\
         at 2026-01-05T10:00 | issue 7 W B 9.00 tax=18.81 | change B kind=small_scale | issue 12 S B 9.00 tax=3070.00",
    );
}

#[test]
fn what_a_firm_gives_up_before_its_deregistration_is_known_is_not_in_its_pool() {
    agree(
        &[("pool_origins", 3), ("vector_origins", 2), ("settle_days", 3), ("opening_months", 3)],
        "at 2026-01-05T09:08 | issue 3 S A 9.00 tax=1888.00\nat 2026-01-05T09:13 | issue 4 A B 9.00 tax=3980.97\n\
         at 2026-01-05T09:29 | issue 9 S A 9.00 tax=108.27\nat 2026-01-05T09:31 | issue 10 A B 9.00 tax=434.28\n\
         at 2026-01-05T09:45 | issue 14 S A -9.00 tax=-13.59 red=3\n\
         at 2026-01-05T09:47 | issue 13 S A -9.00 tax=-1548.16 red=3\n\
         at 2026-01-05T09:28 | status A deregistered",
    );
}

#[test]
fn a_paper_that_comes_late_is_asked_of_every_month_with_sales() {
    agree(
        &[("tax_min_fen", 1), ("margin_max_bp", 5_000)],
        "at 2026-02-04 | issue 2 X A 9.00 tax=823.09\nat 2026-02-09 | issue 3 A B 9.00 tax=751.14\n\
         at 2026-04-04 | issue 6 A B 9.00 tax=151.66\nat 2026-04-17 | register A on=2026-01-04",
    );
}

#[test]
fn what_another_name_no_longer_carries_makes_nobody_nearer() {
    agree(
        &[("pool_origins", 2), ("vector_origins", 2), ("settle_days", 3)],
        "at 2026-01-01 | register S on=2025-12-20\nat 2026-01-05T09:04 | issue 2 S W 9.00 tax=795.29\n\
         at 2026-01-05T09:10 | issue 11 S W -9.00 tax=-477.17 red=2\nat 2026-01-05T09:11 | issue 3 W C 9.00 tax=1234.03\n\
         at 2026-01-05T09:13 | void 11 S\nat 2026-01-05T09:15 | issue 4 C B 9.00 tax=3156.96\n\
         at 2026-01-05T09:18 | issue 5 W B 9.00 tax=696.78\nat 2026-01-05T09:23 | issue 6 S W 9.00 tax=14.26\n\
         at 2026-01-05T09:42 | void 2 S",
    );
}

#[test]
fn who_comes_nearer_to_a_source_by_what_does_not_count_is_told_of_nearer() {
    agree(
        &[],
        "at 2025-10-30 | register S on=2026-01-04 | at 2025-10-22 | register B on=2001-05-01\n\
         at 2026-02-01 | issue 3 S W 9.00 tax=298.60 | at 2026-02-11 | issue 5 W A 9.00 tax=10.06\n\
         at 2026-02-23 | issue 6 A B 9.00 tax=237.50 | at 2026-03-05 | change B kind=small_scale\n\
         at 2026-04-25 | issue 12 S A 9.00 tax=2492.24 | at 2026-03-16 | issue 8 A B 9.00 tax=11.30",
    );
}

#[test]
fn a_month_in_which_nobody_was_met_first_after_all_is_asked_again() {
    let numbers = [("margin_max_bp", 9_000), ("days_max", 31), ("tax_min_fen", 30_000)];
    let known = "at 2026-01-23 | issue 2 A B 9.00 tax=3986.66\nat 2026-04-08 | issue 8 A B 9.00 tax=1504.63\n\
        at 2026-04-14 | issue 9 B C 9.00 tax=2405.98\n";
    // Sold to before, and bought from before.
    agree(&numbers, &format!("{known}at 2026-02-07 | issue 3 B C 9.00 tax=577.22"));
    let met = "at 2026-01-23 | issue 2 B C 9.00 tax=3986.66\nat 2026-04-08 | issue 8 A B 9.00 tax=1504.63\n\
        at 2026-04-14 | issue 9 B C 9.00 tax=1500.00\n";
    agree(&numbers, &format!("{met}at 2026-02-07 | issue 3 A B 9.00 tax=577.22"));
}

#[test]
fn a_status_since_which_nothing_was_sold_has_nothing_counted_again() {
    agree(
        &[("pool_origins", 4), ("vector_origins", 1)],
        "at 2026-01-05T09:06 | issue 04 B A 9.00 tax=11.19\nat 2026-01-05T09:08 | issue 05 A A 9.00 tax=3629.37\n\
         at 2026-01-05T09:11 | status A deregistered\nat 2026-01-05T09:15 | issue 10 B A 9.00 tax=28.56\n\
         at 2026-01-05T09:16 | issue 16 B A -9.00 tax=-23.99 red=10\nat 2026-01-05T09:19 | change A kind=small_scale",
    );
}

#[test]
fn what_is_kept_of_one_month_is_told_with_what_is_kept_of_others() {
    agree(
        &[("kept_invoices_min", 1), ("kept_share_min_bp", 1), ("tax_min_fen", 1), ("tax_part_min_fen", 1)],
        "at 2026-01-11 | issue 1 A B 9.00 tax=100.00 | deduct 1 B 2026-01 from=A\n\
         issue 2 A B 9.00 tax=50.00 | deduct 2 B 2026-01 from=A\n\
         at 2026-02-05 | issue 11 A B -9.00 tax=-100.00 red=1\nat 2026-03-05 | issue 12 A B -9.00 tax=-50.00 red=2\n\
         at 2026-08-05 | reverse 2 B 2026-01 from=A\nat 2026-09-05 | issue 3 A B 9.00 tax=10.00",
    );
}
