//! Returns against invoices, as transcripts.

use insta::assert_snapshot;

use super::tests::found;

/// A firm that sold 1,000,000 yuan in a month and deducted 65,000 yuan of tax.
const MARCH: &str = "
    at 2026-03-02 | register F on=2001-01-01 | register OLD on=2001-01-01
    issue 1 OLD F 500000.00 | issue 2 F C 600000.00 | issue 3 F D 400000.00
    deduct 1 F 2026-03 from=OLD
    at 2026-04-10";

fn after_march(script: &str) -> String {
    found(&format!("{MARCH}\n{script}"))
}

#[test]
fn a_return_below_the_invoices_is_found_until_it_is_corrected() {
    assert_snapshot!(after_march("
        declare F 2026-03 sales=700000.00 output=91000.00 input=65000.00 payable=26000.00
        at 2026-04-14
        declare F 2026-03 sales=1000000.00 output=130000.00 input=65000.00 payable=65000.00
    "), @r"
    #7 found declared_mismatch F: 2026-03, 39000.00 at stake, score 600
    #8 withdrawn declared_mismatch F: 2026-03
    #8 task F withdrawn
    ");
}

#[test]
fn a_return_that_agrees_or_declares_sales_without_invoice_is_none() {
    assert_snapshot!(after_march("
        declare F 2026-03 sales=1300000.00 output=169000.00 input=65000.00 payable=104000.00
    "), @"");
}

#[test]
fn voids_and_red_letters_are_taken_off_before_a_return_is_compared() {
    assert_snapshot!(found("
        at 2026-03-02 | register F on=2001-01-01
        issue 1 F C 600000.00 | issue 2 F D 400000.00 | issue 3 F D 100000.00
        void 1 F | issue 4 F D -400000.00 red=2
        at 2026-04-10
        declare F 2026-03 sales=100000.00 output=13000.00 payable=13000.00
    "), @"");
}

#[test]
fn a_small_difference_and_one_of_timing_are_evened_out() {
    // Ten thousand yuan of sales are forgotten; an invoice of the last day is declared with the next month.
    assert_snapshot!(after_march("
        declare F 2026-03 sales=990000.00 output=128700.00 input=65000.00 payable=63700.00
        at 2026-04-30 | issue 5 F C 300000.00 | issue 6 F C 200000.00
        at 2026-05-10
        declare F 2026-04 sales=300000.00 output=39000.00 payable=39000.00
        at 2026-05-20 | issue 7 F C 100000.00
        at 2026-06-10
        declare F 2026-05 sales=300000.00 output=39000.00 payable=39000.00
    "), @r"
    #10 found declared_mismatch F: 2026-04, 26000.00 at stake, score 280
    #12 withdrawn declared_mismatch F: 2026-04
    #12 task F withdrawn
    ");
}

#[test]
fn a_slip_in_one_line_is_a_reminder() {
    assert_snapshot!(after_march("
        declare F 2026-03 sales=1000000.00 output=13000.00 input=65000.00
    "), @r"
    #7 found declared_mismatch F: 2026-03, 117000.00 at stake, score 280
    ");
}

#[test]
fn input_beyond_deductions_and_invoices_is_found_and_imports_explain_it() {
    let inflated = "declare F 2026-03 sales=1000000.00 output=130000.00 input=125000.00 payable=5000.00";
    assert_snapshot!(after_march(inflated), @r"
    #7 found declared_mismatch F: 2026-03, 60000.00 at stake, score 600
    ");
    let imported = "observe F 2026-03 customs/import_value 50000000 unit=fen";
    assert_snapshot!(after_march(&format!("{imported}\n{inflated}")), @"");
    assert_snapshot!(after_march(&format!("{inflated}\n{imported}")), @r"
    #7 found declared_mismatch F: 2026-03, 60000.00 at stake, score 600
    #8 withdrawn declared_mismatch F: 2026-03
    #8 task F withdrawn
    ");
    assert_snapshot!(after_march(&format!("{inflated}\n issue 9 OLD F 461538.47 | deduct 9 F 2026-03 from=OLD")), @r"
    #7 found declared_mismatch F: 2026-03, 60000.00 at stake, score 600
    #9 withdrawn declared_mismatch F: 2026-03
    #9 task F withdrawn
    ");
}

#[test]
fn a_return_for_a_month_before_the_journal_is_held_against_nothing() {
    let of = |period: &str| {
        found(&format!(
            "at 2026-01-02 | register F on=2001-01-01 | issue 900 OLD F 1.00
            at 2026-02-10 | declare F {period} sales=1000000.00 output=130000.00 input=125000.00 payable=5000.00
            at 2026-04-01 | issue 901 OLD OLD2 1.00"
        ))
    };
    assert!(of("2026-01").contains("found declared_mismatch"));
    assert_eq!(of("2025-12"), "");
}

#[test]
fn tax_to_be_transferred_out_is_missed_in_the_return() {
    assert_snapshot!(after_march("
        reverse 1 F 2026-03 from=OLD
        declare F 2026-03 sales=1000000.00 output=130000.00 input=65000.00 payable=65000.00
        declare F 2026-03 sales=1000000.00 output=130000.00 input=65000.00 out=65000.00 payable=130000.00
    "), @r"
    #8 found declared_mismatch F: 2026-03, 65000.00 at stake, score 280
    #9 withdrawn declared_mismatch F: 2026-03
    #9 task F withdrawn
    ");
}

#[test]
fn a_firm_that_never_declares_all_is_found_by_the_returns_of_two_months() {
    assert_snapshot!(after_march("
        declare F 2026-03 sales=900000.00 output=97500.00 input=65000.00 payable=32500.00
        issue 4 F C 1000000.00
        at 2026-05-10
        declare F 2026-04 sales=1000000.00 output=97500.00 payable=97500.00
    "), @r"
    #7 found declared_mismatch F: 2026-03, 32500.00 at stake, score 280
    #9 found declared_mismatch F: 2026-04, 32500.00 at stake, score 600
    ");
}

#[test]
fn a_return_of_nothing_is_found_at_once_where_invoices_were_issued() {
    assert_snapshot!(after_march("
        declare F 2026-03
        at 2026-04-14
        declare F 2026-03 sales=1000000.00 output=130000.00 input=65000.00 payable=65000.00
    "), @r"
    #7 found zero_declaration F: 2026-03, 130000.00 at stake, score 600
    #8 withdrawn zero_declaration F: 2026-03
    #8 task F withdrawn
    ");
}

#[test]
fn a_return_of_nothing_is_true_where_all_invoices_were_taken_back() {
    assert_snapshot!(found("
        at 2026-03-02 | register F on=2001-01-01
        issue 1 F C 600000.00 | issue 2 F D 400000.00
        void 1 F | issue 4 F D -400000.00 red=2
        at 2026-04-10
        declare F 2026-03
    "), @"");
}

#[test]
fn a_return_that_never_comes_from_who_used_to_file_is_found_when_it_is_overdue() {
    assert_snapshot!(found("
        at 2026-01-05 | register F on=2001-01-01 | register G on=2001-01-01 | register S on=2001-01-01 kind=small_scale
        issue 1 F C 600000.00 | issue 2 G C 600000.00 | issue 3 S C 600000.00
        at 2026-02-10
        declare F 2026-01 sales=600000.00 output=78000.00 payable=78000.00
        declare S 2026-01 sales=600000.00 output=78000.00 payable=78000.00
        issue 4 F C 600000.00 | issue 5 G C 600000.00 | issue 6 S C 600000.00
        at 2026-03-12
        issue 7 F C 600000.00
        at 2026-04-01 | issue 8 F C 1.00
        at 2026-04-29 | issue 9 G C 1.00
        at 2026-05-02
        declare F 2026-02 sales=600000.00 output=78000.00 payable=78000.00
        declare F 2026-03 sales=600000.00 output=78000.00 payable=78000.00
    "), @r"
    #13 found zero_declaration F: 2026-02, 78000.00 at stake, score 280
    #14 found zero_declaration F: 2026-03, 78000.00 at stake, score 550
    #15 withdrawn zero_declaration F: 2026-02
    #16 withdrawn zero_declaration F: 2026-03
    #16 task F withdrawn
    ");
}

/// Three returns of a firm that sells 100,000 yuan and buys so much for it, with a larger quota asked for meanwhile.
fn three_returns(bought: &str, quota: &str) -> String {
    let month = |no: u32, month: &str, next: &str| {
        format!(
            "
            at 2026-{month}-05 | issue {no}1 F C 100000.00 | issue {no}2 OLD F {bought} | deduct {no}2 F 2026-{month} from=OLD
            at 2026-{next}-10 | declare F 2026-{month} sales=100000.00 output=13000.00 input=13000.00"
        )
    };
    let months = [month(1, "02", "03"), month(2, "03", "04"), month(3, "04", "05")].concat();
    found(&format!(
        "at 2026-01-05 | register F on=2001-01-01 | register OLD on=2001-01-01 | quota F 100000.00 10
        {months}
        at 2026-05-20 | quota F {quota}"
    ))
}

#[test]
fn nothing_payable_for_months_while_the_quota_is_raised_is_found() {
    assert_snapshot!(three_returns("60000.00", "100000.00 50"), @r"
    #15 found declared_mismatch F: 2026-04, 15600.00 at stake, score 550
    #16 found zero_declaration F: 2026-04, 15600.00 at stake, score 280
    ");
}

#[test]
fn nothing_payable_is_true_where_input_covers_it_and_no_matter_without_a_larger_quota() {
    assert_snapshot!(three_returns("98000.00", "100000.00 50"), @"");
    assert_snapshot!(three_returns("60000.00", "100000.00 5"), @r"
    #15 found declared_mismatch F: 2026-04, 15600.00 at stake, score 550
    ");
}
