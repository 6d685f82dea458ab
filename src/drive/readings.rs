//! What third parties observe against trade, as transcripts.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::tests::found;

/// A manufacturer's months from January 2025 on, each with its sales and what was observed of it; `None` of a source that
/// says nothing.
fn months(sales: &[i64], power: impl Fn(usize) -> Option<i64>, waybills: impl Fn(usize) -> Option<i64>) -> String {
    let mut script = "at 2025-01-01 | register F on=2001-01-01 industry=3311\n".to_owned();
    for (at, sales) in sales.iter().enumerate() {
        let month = |at: usize| format!("{}-{:02}", 2025 + at / 12, at % 12 + 1);
        let (this, next) = (month(at), month(at + 1));
        writeln!(script, "at {this}-10\nissue {at} F - {sales}.00\nat {next}-12").unwrap();
        let mut observe = |metric: &str, reading: Option<i64>| {
            script.extend(reading.map(|reading| format!("observe F {this} {metric} {reading}\n")));
        };
        observe("electricity/consumption", power(at));
        observe("logistics/waybills", waybills(at));
    }
    let last = sales.len() + 1;
    script + &format!("at {}-{:02}-02\nissue 999 F - 1.00\n", 2025 + last / 12, last % 12 + 1)
}

/// A year of even trade, then three months of ten times as much.
const BLOWN_UP: [i64; 15] = [
    500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000, 500_000,
    5_000_000, 5_000_000, 5_000_000,
];

#[test]
fn trade_that_neither_power_nor_carriers_can_carry_is_found() {
    assert_snapshot!(found(&months(&BLOWN_UP, |_| Some(20_000), |_| Some(40))), @r"
    #44 found third_party_mismatch F: 2026-01, 780000.00 at stake, score 650
    #46 found third_party_mismatch F: 2026-02, 1365000.00 at stake, score 650
    #47 found third_party_mismatch F: 2026-03, 1950000.00 at stake, score 650
    ");
}

#[test]
fn one_source_is_enough_where_trade_multiplied_and_it_is_very_far_off() {
    assert_snapshot!(found(&months(&BLOWN_UP, |_| Some(20_000), |_| None)), @r"
    #31 found third_party_mismatch F: 2026-02, 1365000.00 at stake, score 550
    #32 found third_party_mismatch F: 2026-03, 1950000.00 at stake, score 550
    ");
}

#[test]
fn staff_that_stays_while_trade_grows_is_no_second_witness() {
    let power = |at: usize| Some(if at < 12 { 20_000 } else { 35_000 });
    let staff = |at: usize| format!("observe F {}-{:02} payroll/headcount 30\n", 2025 + at / 12, at % 12 + 1);
    let told =
        found(&(months(&BLOWN_UP, power, |_| None) + "at 2026-05-10\n" + &(0..15).map(staff).collect::<String>()));
    assert!(told.contains("score 280") && !told.contains("score 650"), "{told}");
}

#[test]
fn a_seasonal_seller_is_none_for_its_readings_move_with_its_trade() {
    let power = |at: usize| Some(BLOWN_UP[at] / 25);
    assert_snapshot!(found(&months(&BLOWN_UP, power, |_| None)), @"");
}

#[test]
fn who_makes_before_the_season_is_borne_out_by_carriers_and_then_by_the_year_before() {
    let seasonal: Vec<i64> = (0..25).map(|at| if at % 12 >= 9 { 5_000_000 } else { 500_000 }).collect();
    let waybills = |at: usize| Some(seasonal[at] / 10_000);
    assert_snapshot!(found(&months(&seasonal, |_| Some(20_000), waybills)), @r"
    #38 found third_party_mismatch F: 2025-11, 1365000.00 at stake, score 280
    #41 found third_party_mismatch F: 2025-12, 1950000.00 at stake, score 280
    ");
}

#[test]
fn a_meter_that_was_changed_is_one_source_and_no_growth() {
    let power = |at: usize| Some(if at < 12 { 20_000 } else { 1_000 });
    assert_snapshot!(found(&months(&[500_000; 15], power, |_| Some(40))), @r"
    #47 found third_party_mismatch F: 2026-03, 195000.00 at stake, score 280
    ");
}

#[test]
fn a_reading_that_is_corrected_later_withdraws_the_finding() {
    let corrected = "
        at 2026-05-10
        observe F 2026-01 electricity/consumption 200000
        observe F 2026-02 electricity/consumption 200000
        observe F 2026-03 electricity/consumption 200000";
    assert_snapshot!(found(&(months(&BLOWN_UP, |_| Some(20_000), |_| None) + corrected)), @r"
    #31 found third_party_mismatch F: 2026-02, 1365000.00 at stake, score 550
    #32 found third_party_mismatch F: 2026-03, 1950000.00 at stake, score 550
    #33 withdrawn third_party_mismatch F: 2026-02
    #33 withdrawn third_party_mismatch F: 2026-03
    #33 task F withdrawn
    ");
}

#[test]
fn a_producer_that_uses_no_power_and_sends_nothing_from_the_first_month_on_is_found() {
    let none = found(&months(&[5_000_000; 4], |_| Some(30), |_| Some(0)));
    assert_snapshot!(none, @r"
    #11 found third_party_mismatch F: 2025-02, 1300000.00 at stake, score 650
    #13 found third_party_mismatch F: 2025-03, 1950000.00 at stake, score 650
    #14 found third_party_mismatch F: 2025-04, 1950000.00 at stake, score 650
    ");
}
