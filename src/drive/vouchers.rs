//! Self-issued purchase vouchers, as transcripts.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::tests::found;

/// A processor that buys produce by vouchers, month by month from January 2025, with the power it used.
fn processor(vouchers: &[i64], power: impl Fn(usize) -> Option<i64>) -> String {
    processor_by(4, vouchers, power)
}

/// The same by so many vouchers a month.
fn processor_by(count: i64, vouchers: &[i64], power: impl Fn(usize) -> Option<i64>) -> String {
    let mut script = "at 2025-01-01 | register F on=2001-01-01 industry=1340\n".to_owned();
    for (at, amount) in vouchers.iter().enumerate() {
        let month = |at: usize| format!("{}-{:02}", 2025 + at / 12, at % 12 + 1);
        let (this, next) = (month(at), month(at + 1));
        let (tax, sales) = (amount / 10, amount / 10 * 12);
        writeln!(script, "at {this}-10").unwrap();
        for part in 0..count {
            let (amount, tax) = (amount / count, tax / count);
            writeln!(script, "issue 5{at:02}{part} F F {amount}.00 kind=farm_purchase tax={tax}.00").unwrap();
        }
        writeln!(script, "issue 1{at:02} F - {sales}.00\nat {next}-12").unwrap();
        script.extend(power(at).map(|power| format!("observe F {this} electricity/consumption {power}\n")));
    }
    let last = vouchers.len() + 1;
    script + &format!("at {}-{:02}-02\nissue 999 F - 1.00\n", 2025 + last / 12, last % 12 + 1)
}

/// A season from August to October.
const SEASON: [i64; 10] =
    [200_000, 200_000, 200_000, 200_000, 200_000, 200_000, 200_000, 2_000_000, 2_000_000, 2_000_000];

#[test]
fn vouchers_that_no_reading_bears_out_are_found() {
    assert_snapshot!(found(&processor(&SEASON, |_| Some(10_000))), @r"
    #60 found farm_purchase F: 2025-08, 200000.00 at stake, score 550
    #61 found third_party_mismatch F: 2025-09, 655200.00 at stake, score 550
    #61 found farm_purchase F: 2025-09, 200000.00 at stake, score 280
    #62 found third_party_mismatch F: 2025-10, 936000.00 at stake, score 550
    #62 found farm_purchase F: 2025-10, 200000.00 at stake, score 280
    ");
}

#[test]
fn a_processor_in_season_whose_readings_rise_with_it_is_none() {
    assert_snapshot!(found(&processor(&SEASON, |at| Some(SEASON[at] / 20))), @"");
}

#[test]
fn vouchers_that_multiplied_and_were_sold_on_are_found_until_they_are_voided() {
    let script = processor(&SEASON[..8], |_| None);
    assert_snapshot!(found(&format!("{script} at 2025-10-20 | void 5070 F | void 5071 F | void 5072 F | void 5073 F")), @r"
    #42 found farm_purchase F: 2025-08, 200000.00 at stake, score 550
    #43 withdrawn farm_purchase F: 2025-08
    #43 task F withdrawn
    #46 found source_burst F: 2025-08, 323200.00 at stake, score 450
    ");
}

#[test]
fn two_months_of_a_past_are_enough_to_see_that_vouchers_multiplied_and_were_sold_on() {
    assert_snapshot!(found(&processor(&[200_000, 200_000, 2_000_000], |_| None)), @r"
    #17 found farm_purchase F: 2025-03, 200000.00 at stake, score 550
    ");
}

#[test]
fn a_lot_that_was_bought_at_once_is_no_pattern() {
    assert_snapshot!(found(&processor_by(2, &[200_000, 200_000, 2_000_000], |_| None)), @"");
}

#[test]
fn the_same_season_of_the_year_before_is_no_growth_and_more_of_it_is() {
    let two_years = |second: i64| {
        let first = SEASON.iter().copied().chain([200_000; 9]);
        first.chain([second, second]).collect::<Vec<i64>>()
    };
    let of_second = |amount| {
        let found = found(&processor(&two_years(amount), |_| None));
        found.lines().filter(|line| line.contains("2026-")).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(of_second(2_400_000), @"");
    assert_snapshot!(of_second(9_000_000), @r"
    #107 found farm_purchase F: 2026-08, 900000.00 at stake, score 550
    #107 found farm_purchase F: 2026-09, 900000.00 at stake, score 550
    ");
}

#[test]
fn a_new_firm_that_lives_on_vouchers_is_a_reminder_where_it_pays_nothing_for_months() {
    let told = |payable: &str, bought: &str| {
        found(&format!(
            "at 2025-06-01 | register F on=2025-05-20 industry=5111 | register OLD on=2001-01-01
             at 2025-06-10 | issue 1 F F 800000.00 kind=farm_purchase tax=72000.00 | issue 2 F C 900000.00 tax=81000.00
             at 2025-07-10 | issue 3 F F 800000.00 kind=farm_purchase tax=72000.00 | issue 4 F C 900000.00 tax=81000.00
             at 2025-07-12 | declare F 2025-06 sales=900000.00 output=81000.00 input=72000.00 payable={payable}
             at 2025-08-10 | issue 5 F F 800000.00 kind=farm_purchase tax=72000.00 | issue 6 F C 900000.00 tax=81000.00
             {bought} at 2025-08-12 | declare F 2025-07 sales=900000.00 output=81000.00 input=72000.00 payable={payable}
             at 2025-09-12 | declare F 2025-08 sales=900000.00 output=81000.00 input=72000.00 payable={payable}
             at 2025-10-02 | issue 9 F C 1.00"
        ))
    };
    let line = "found farm_purchase F: 2025-08, 72000.00 at stake, score 280";
    assert!(told("5000.00", "").contains(line), "{}", told("5000.00", ""));
    assert!(!told("9000.00", "").contains("found farm_purchase"), "it pays its share and only began");
    let with_others = told("5000.00", "at 2025-08-11 | issue 7 OLD F 500000.00 \n");
    assert!(!with_others.contains("found farm_purchase F: 2025-08"), "{with_others}");
}
