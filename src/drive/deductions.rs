//! Deductions against the invoices they name, as transcripts.

use insta::assert_snapshot;

use super::tests::told;
use super::trade::last;

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
        at 2025-03-02 | issue 900 OLD OLD2 1.00
        at 2026-03-02 | deduct 101 B 2026-03 from=A tax=1170.00
        wait 31
        issue 102 A C 10.00
        wait 1
        issue 101 A B 9000.00
    "), @r"
    #3 found deduct_without_invoice B: legacy:101 of A, 1170.00 at stake, score 600
    #3 task B level 3 score 600: deduct_without_invoice
    #4 withdrawn deduct_without_invoice B: legacy:101 of A
    #4 task B withdrawn
    ");
}

#[test]
fn a_deduction_that_names_another_seller_than_the_number_has_is_guidance_until_both_are_claimed() {
    assert_snapshot!(told("
        at 2025-03-02 | issue 900 OLD OLD2 1.00
        at 2026-03-01 | issue 101 A B 9000.00
        at 2026-03-02 | deduct 101 B 2026-03 from=NEW tax=1170.00
        wait 31
        issue 102 A C 10.00
        wait 1
        deduct 101 B 2026-04 from=A
    "), @r"
    #4 found deduct_without_invoice B: legacy:101 of NEW, 1170.00 at stake, score 150
    #4 task B level 1 score 150: deduct_without_invoice
    #5 now deduct_without_invoice B: legacy:101 of NEW, 1170.00 at stake, score 600
    #5 task B level 3 score 600: deduct_without_invoice
    ");
    // The invoice may come late, too.
    assert_snapshot!(told("
        at 2025-03-02 | issue 900 OLD OLD2 1.00
        at 2026-03-02 | deduct 101 B 2026-03 from=NEW tax=1170.00
        wait 31
        issue 102 A C 10.00
        wait 1
        issue 101 A B 9000.00
    "), @r"
    #3 found deduct_without_invoice B: legacy:101 of NEW, 1170.00 at stake, score 600
    #3 task B level 3 score 600: deduct_without_invoice
    #4 now deduct_without_invoice B: legacy:101 of NEW, 1170.00 at stake, score 150
    #4 task B level 1 score 150: deduct_without_invoice
    ");
}

#[test]
fn an_invoice_from_before_the_journal_that_is_deducted_is_guidance() {
    let began = |begin: &str, no: &str| {
        told(&format!(
            "at {begin} | issue 900 OLD OLD2 1.00\nat 2026-03-02 | deduct {no} B 2026-03 from=A tax=1170.00
            at 2026-04-20 | issue 102 A C 10.00"
        ))
    };
    let score = |told: String| {
        told.lines().find_map(|line| line.split_once("stake, score ").map(|(_, score)| score.to_owned()))
    };
    assert_eq!(score(began("2025-03-02", "101")), Some("600".into()));
    assert_eq!(score(began("2026-02-02", "101")), Some("20".into()), "its first months");
    // A fully digital invoice says of which year it is.
    assert_eq!(score(began("2025-03-02", "24312000000000000101")), Some("20".into()));
    assert_eq!(score(began("2025-03-02", "25312000000000000101")), Some("600".into()));
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
        at 2025-03-02 | issue 900 OLD OLD2 1.00
        at 2026-03-02T09:00 | deduct 101 B 2026-03 from=A tax=1170.00
        at 2026-04-01T08:59 | issue 102 A C 10.00
        at 2026-04-01T09:00 | issue 103 A C 10.00
    "), @r"
    #4 found deduct_without_invoice B: legacy:101 of A, 1170.00 at stake, score 600
    #4 task B level 3 score 600: deduct_without_invoice
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

/// A line for each of some numbers.
fn each(numbers: std::ops::RangeInclusive<u32>, line: impl Fn(u32) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// Red letters of the whole of each.
fn reds(numbers: std::ops::RangeInclusive<u32>) -> String {
    each(numbers, |no| format!("issue {} A B -150000.00 tax=-19500.00 red={no}", no + 100))
}

/// Five invoices that A sells B, deducted in April; what comes of them is `then`; May has passed with its return, and July has not.
fn bought(then: &str) -> String {
    let sold = each(101..=105, |no| {
        format!("at 2026-04-02 | issue {no} A B 150000.00 tax=19500.00 | deduct {no} B 2026-04 from=A")
    });
    let rest = "at 2026-04-03 | issue 900 OLD B 300000.00 tax=39000.00\n";
    format!("{rest}{sold}{then}\nat 2026-07-28 | issue 901 OLD OLD2 1.00")
}

#[test]
fn what_stays_deducted_though_its_seller_took_it_back_is_found_when_the_month_has_passed() {
    let taken_back = |then: &str| last(&bought(then), "false_deduction");
    let all = format!("at 2026-05-20 | {}", reds(101..=105));
    assert_eq!(taken_back(&all), ["B 2026-05 597 Open"]);
    assert_eq!(taken_back(&format!("at 2026-05-20 | {}", reds(101..=103))), ["B 2026-05 558 Open"]);
    assert!(taken_back(&format!("at 2026-05-20 | {}", reds(101..=102))).is_empty(), "two may be a mistake");
    assert!(taken_back(&format!("at 2026-07-20 | {}", reds(101..=105))).is_empty(), "its return is not due yet");
    // Who takes back what it had deducted does as the law wants.
    let reversed = each(101..=105, |no| format!("reverse {no} B 2026-05 from=A"));
    assert!(taken_back(&format!("{all}at 2026-06-10 | {reversed}")).is_empty());
    let late = format!("{}\nat 2026-07-29 | {reversed}", bought(&all));
    assert_eq!(last(&late, "false_deduction"), ["B 2026-05 558 Withdrawn"]);
}

#[test]
fn a_seller_that_takes_back_little_of_what_it_sold_is_none_of_those() {
    let much = "at 2026-04-03 | issue 902 A B 9000000.00 tax=1170000.00\n";
    let few = format!("{much}at 2026-05-20 | {}", reds(101..=105));
    assert!(last(&bought(&few), "false_deduction").is_empty());
}
