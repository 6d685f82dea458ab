//! Deductions against the invoices they name, as transcripts.

use insta::assert_snapshot;

use super::tests::told;

#[test]
fn a_second_deduction_is_found_until_the_first_is_reversed() {
    assert_snapshot!(told("
        issue   101 A B 9000.00
        deduct  101 B 2026-03 from=A
        deduct  101 B 2026-04 from=A
        reverse 101 B 2026-03 from=A
    "), @r"
    #3 found double_deduction B: legacy:101 of A, 1170.00 at stake, score 600
    #3 task B level 3 score 600: double_deduction
    #4 withdrawn double_deduction B: legacy:101 of A
    #4 task B withdrawn
    ");
}

#[test]
fn deducting_reversing_and_deducting_again_is_lawful() {
    assert_snapshot!(told("
        issue   101 A B 9000.00
        deduct  101 B 2026-03 from=A
        reverse 101 B 2026-03 from=A
        deduct  101 B 2026-03 from=A
    "), @"");
}

#[test]
fn a_deduction_without_an_invoice_is_found_after_the_grace_period() {
    assert_snapshot!(told("
        deduct 101 B 2026-03 from=A tax=1170.00
        wait 31
        issue 102 A C 10.00
        wait 1
        issue 101 A B 9000.00
    "), @r"
    #2 found deduct_without_invoice B: legacy:101 of A, 1170.00 at stake, score 600
    #2 task B level 3 score 600: deduct_without_invoice
    #3 withdrawn deduct_without_invoice B: legacy:101 of A
    #3 task B withdrawn
    ");
}

#[test]
fn a_deduction_that_comes_before_its_invoice_waits_for_it() {
    assert_snapshot!(told("
        deduct 101 B 2026-03 from=A tax=1170.00
        wait 20
        issue 101 A B 9000.00
        wait 31
        issue 102 A C 10.00
    "), @"");
}

#[test]
fn a_deduction_that_names_no_seller_is_matched_or_found_ambiguous() {
    assert_snapshot!(told("
        issue 101 A B 9000.00
        deduct 101 B 2026-03
        issue 101 C B 9000.00
        reverse 101 B 2026-03
    "), @r"
    #3 found deduct_without_invoice B: legacy:101, 1170.00 at stake, score 200
    #3 task B level 1 score 200: deduct_without_invoice
    #4 withdrawn deduct_without_invoice B: legacy:101
    #4 task B withdrawn
    ");
}

#[test]
fn the_grace_period_is_over_at_its_very_end() {
    assert_snapshot!(told("
        at 2026-03-02T09:00 | deduct 101 B 2026-03 from=A tax=1170.00
        at 2026-04-01T08:59 | issue 102 A C 10.00
        at 2026-04-01T09:00 | issue 103 A C 10.00
    "), @r"
    #3 found deduct_without_invoice B: legacy:101 of A, 1170.00 at stake, score 600
    #3 task B level 3 score 600: deduct_without_invoice
    ");
}

#[test]
fn a_deduction_at_the_moment_of_the_void_is_one_after_it() {
    assert_snapshot!(told("
        at 2026-03-02 | issue 101 A B 9000.00
        at 2026-03-05T10:00 | void 101 A
        at 2026-03-05T10:00 | deduct 101 B 2026-03 from=A
    "), @r"
    #2 found deduct_after_void B: legacy:101 of A, 1170.00 at stake, score 650
    #2 task B level 3 score 650: deduct_after_void
    ");
}

#[test]
fn deductions_for_two_months_in_one_moment_are_two() {
    let apart = "issue 101 A B 9000.00
        deduct 101 B 2026-03 from=A
        deduct 101 B 2026-04 from=A
        reverse 101 B 2026-03 from=A";
    let at_once = apart.replace('\n', "\nat 2026-03-05T10:00 | ");
    assert_snapshot!(told(&at_once).lines().next().unwrap(), @"#3 found double_deduction B: legacy:101 of A, 1170.00 at stake, score 600");
    assert_eq!(told(&at_once), told(apart));
}

#[test]
fn deductions_that_name_no_seller_are_held_against_the_one_who_issued_that_number() {
    assert_snapshot!(told("
        at 2026-03-02 | issue 101 A B 9000.00 | issue 102 A B 9000.00
        at 2026-03-03 | deduct 101 B 2026-03
        at 2026-03-04 | deduct 101 B 2026-04
        at 2026-03-05 | reverse 101 B 2026-04
        at 2026-03-06 | void 102 A
        at 2026-03-07 | deduct 102 B 2026-03
        at 2026-03-08 | reverse 102 B 2026-03 from=A
    "), @r"
    #4 found double_deduction B: legacy:101 of A, 1170.00 at stake, score 600
    #4 task B level 3 score 600: double_deduction
    #5 withdrawn double_deduction B: legacy:101 of A
    #5 task B withdrawn
    #7 found deduct_after_void B: legacy:102 of A, 1170.00 at stake, score 650
    #7 task B level 3 score 650: deduct_after_void
    #8 withdrawn deduct_after_void B: legacy:102 of A
    #8 task B withdrawn
    ");
}

#[test]
fn what_was_held_against_one_seller_is_not_where_another_has_the_same_number() {
    assert_snapshot!(told("
        at 2026-03-02 | issue 101 A B 9000.00
        at 2026-03-03 | deduct 101 B 2026-03
        at 2026-03-04 | deduct 101 B 2026-04
        at 2026-03-05 | issue 101 C B 9000.00
    "), @r"
    #3 found double_deduction B: legacy:101 of A, 1170.00 at stake, score 600
    #3 task B level 3 score 600: double_deduction
    #4 withdrawn double_deduction B: legacy:101 of A
    #4 found deduct_without_invoice B: legacy:101, 2340.00 at stake, score 200
    #4 found double_deduction B: legacy:101, 1170.00 at stake, score 600
    #4 task B level 3 score 600: deduct_without_invoice double_deduction
    ");
}
