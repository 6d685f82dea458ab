//! Claims for export refund, as transcripts.

use insta::assert_snapshot;

use super::tests::found;

/// An exporter that bought 1,000,000 yuan of goods, and claims their tax.
const CLAIMED: &str = "
    at 2026-01-05 | register E on=2001-01-01 industry=5179 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
    observe E 2025-10 customs/export_value 500000 | observe E 2025-11 customs/export_value 500000
    observe E 2025-12 customs/export_value 8000000
    at 2026-03-05 | issue 1 OLD E 1000000.00
    at 2026-04-05 | deduct 1 E 2026-03 from=OLD purpose=export_refund";

fn claimed(script: &str) -> String {
    found(&format!("{CLAIMED}\n{script}"))
}

#[test]
fn goods_that_customs_did_not_see_leave_are_found_until_they_are_seen() {
    assert_snapshot!(claimed("
        observe E 2026-03 customs/export_value 20000000
        at 2026-05-02 | issue 901 OLD OLD2 1.00
        at 2026-05-04
        observe E 2026-03 customs/export_value 110000000
    "), @r"
    #10 found export_refund E: 2026-03, 104000.00 at stake, score 650
    #11 withdrawn export_refund E: 2026-03
    #11 task E withdrawn
    ");
}

#[test]
fn goods_that_left_a_month_earlier_are_none_and_a_claim_that_is_reversed_is_no_more() {
    assert_snapshot!(claimed("
        observe E 2026-02 customs/export_value 105000000
        at 2026-05-02 | issue 901 OLD OLD2 1.00
    "), @"");
    assert_snapshot!(claimed("
        observe E 2026-03 customs/export_value 0
        at 2026-05-02 | issue 901 OLD OLD2 1.00
        at 2026-05-04
        reverse 1 E 2026-03 from=OLD
    "), @r"
    #10 found export_refund E: 2026-03, 130000.00 at stake, score 650
    #11 withdrawn export_refund E: 2026-03
    #11 task E withdrawn
    ");
}

#[test]
fn what_is_sold_at_home_with_its_tax_is_accounted_for() {
    let sold = |yuan: &str| {
        let sold = format!("at 2026-03-20 | issue 2 E HOME {yuan}\n    at 2026-04-05");
        of_march_after(&CLAIMED.replace("at 2026-04-05", &sold))
    };
    assert_snapshot!(sold("1000000.00"), @"");
    assert_snapshot!(sold("100000.00"), @r"
    #11 found export_refund E: 2026-03, 91000.00 at stake, score 650
    ");
}

#[test]
fn what_left_before_the_journal_began_nobody_has_told_yet() {
    assert_snapshot!(found("
        at 2026-03-05 | issue 1 OLD E 1000000.00
        at 2026-04-05 | deduct 1 E 2026-03 from=OLD purpose=export_refund
        at 2026-05-02 | issue 901 OLD OLD2 1.00
    "), @"");
}

/// What is found of March, where customs saw 200,000 yuan leave, after such a year.
fn of_march_after(year: &str) -> String {
    found(&format!(
        "{year}
        observe E 2026-03 customs/export_value 20000000
        at 2026-05-02 | issue 901 OLD OLD2 1.00
    "
    ))
}

#[test]
fn goods_of_a_season_that_left_before_others_were_bought_are_no_lack_of_the_year() {
    assert_snapshot!(of_march_after(&CLAIMED.replace("export_value 8000000", "export_value 90000000")), @"");
}

#[test]
fn a_few_months_of_customs_say_nothing_of_what_was_bought_ahead() {
    assert!(of_march_after(CLAIMED).contains("found export_refund"));
    assert_snapshot!(of_march_after(&CLAIMED.replace("observe E 2025-10 customs/export_value 500000 | ", "")), @"");
}

#[test]
fn where_customs_say_nothing_of_a_firm_it_is_a_reminder() {
    assert_snapshot!(found("
        at 2025-01-05 | issue 900 OLD OLD2 1.00
        at 2026-03-05 | issue 1 OLD E 1000000.00
        at 2026-04-05 | deduct 1 E 2026-03 from=OLD purpose=export_refund
        at 2026-05-02 | issue 901 OLD OLD2 1.00
    "), @r"
    #4 found export_refund E: 2026-03, 130000.00 at stake, score 400
    ");
}

#[test]
fn a_refund_of_tax_from_a_suspected_source_is_found_although_the_goods_left() {
    assert_snapshot!(found("
        at 2026-01-01 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
        at 2026-03-01
        register S on=2026-02-20 rep=P1 | register E on=2001-01-01
        at 2026-03-02
        issue 1 S E 198000.00 | issue 2 S E 198000.00 | issue 3 S E 198000.00 | issue 4 S X 198000.00 | issue 5 S X 198000.00
        at 2026-04-05
        deduct 1 E 2026-03 from=S purpose=export_refund | deduct 2 E 2026-03 from=S purpose=export_refund
        deduct 3 E 2026-03 from=S purpose=export_refund
        observe E 2026-03 customs/export_value 70000000
        at 2026-05-03
        issue 901 OLD OLD2 1.00
        at 2026-05-04
        reverse 1 E 2026-03 from=S | reverse 2 E 2026-03 from=S
    "), @r"
    #6 found source_burst S: 2026-03, 51480.00 at stake, score 600
    #6 found false_deduction E: origin S, 0.00 at stake, score 520
    #8 found false_deduction X: origin S, 0.00 at stake, score 520
    #14 found export_refund E: 2026-03, 77220.00 at stake, score 650
    #16 withdrawn export_refund E: 2026-03
    ");
}
