//! Worlds that are kept: rings that lose what they rest on, several at once, and what is hard about claims. Scripts as
//! `drive` reads them, under the law with one yuan for 50,000.

use suyuan::codec::json::write_event;

use super::worlds::{World, rules};
use super::{Coverage, Way, agree};

/// Both ways, quiet after every event, after two, and at the end.
fn holds(script: &str) {
    let lines: Vec<String> = suyuan::drive::parse(script)
        .unwrap()
        .iter()
        .map(|event| {
            let mut line = Vec::new();
            write_event(event, &mut line);
            String::from_utf8(line).unwrap()
        })
        .collect();
    for quiet_after in [1, 2, lines.len()] {
        for (seed, way) in (0..40).map(|seed| (seed, if seed == 0 { Way::Epochs } else { Way::Loose })) {
            let world = World { seed, rules: rules(100, 7_000), lines: lines.clone(), quiet_after };
            let held = agree(&world, way, &mut Coverage::default());
            assert_eq!(held, Ok(()), "{way:?} {seed}, quiet after {quiet_after}");
        }
    }
}

/// Firms that sell to the next one round and round, and deduct it; the tax of each sale in yuan.
fn ring(firms: &[&str], first_no: usize, tax: u32) -> String {
    let next = firms.iter().cycle().skip(1);
    let sale = |(no, (from, to)): (usize, (&&str, &&str))| {
        format!("issue {no} {from} {to} 90.00 tax={tax}.00 | deduct {no} {to} 2026-03 from={from}\n")
    };
    (first_no..).zip(firms.iter().zip(next)).map(sale).collect()
}

/// A sale from outside, marked.
fn base(no: usize, to: &str, tax: u32) -> String {
    format!("issue {no} S {to} 90.00 tax={tax}.00 | deduct {no} {to} 2026-03 from=S | mark {no} S\n")
}

#[test]
fn a_ring_that_loses_its_only_base_falls() {
    holds(&(ring(&["A", "B", "C", "D"], 1, 10) + &base(9, "A", 30) + "lift 9 S"));
    holds(&(ring(&["A", "B"], 1, 10) + &base(9, "A", 30) + "reverse 9 A 2026-03 from=S"));
    holds(&(ring(&["A"], 1, 10) + &base(9, "A", 30) + "void 9 S"));
}

#[test]
fn a_ring_that_loses_both_its_bases_at_once_falls() {
    let two = ring(&["A", "B", "C", "D", "E", "F"], 1, 10) + &base(20, "A", 30) + &base(21, "D", 30);
    holds(&format!("{two}lift 20 S | lift 21 S"));
    holds(&format!("{two}lift 20 S | lift 21 S | mark 20 S | lift 20 S | mark 21 S"));
}

#[test]
fn rings_that_share_a_firm_fall_and_rise_together() {
    let rings = ring(&["A", "B", "C"], 1, 10) + &ring(&["A", "D", "E"], 11, 10) + &ring(&["C", "E"], 21, 10);
    holds(&format!("{rings}{}{}lift 31 S | lift 32 S | mark 31 S", base(31, "A", 90), base(32, "C", 90)));
}

#[test]
fn a_ring_of_small_taxes_stands_by_its_sum() {
    let sums: String = (0..3).map(|time| ring(&["A", "B", "C"], 10 * time + 1, 1)).collect();
    holds(&format!("{sums}{}lift 90 S\nissue 91 T B 90.00 tax=1.00 | deduct 91 B 2026-03 from=T", base(90, "A", 9)));
}

#[test]
fn one_invoice_in_several_months_withdraws_them_all() {
    let sold = "at 2026-02-10 | issue 5 A B 90.00 tax=9.00 | deduct 5 B 2026-02 from=A\nat 2026-03-10\n";
    let claims = "deduct 1 A 2026-02 from=S | deduct 1 A 2026-03 from=S | issue 6 A B 90.00 tax=9.00\n\
        deduct 6 B 2026-03 from=A | issue 7 B A 90.00 tax=9.00 | deduct 7 A 2026-02 from=B | deduct 7 A 2026-03 from=B\n";
    holds(&format!("{sold}issue 1 S A 90.00 tax=90.00\n{claims}{}lift 1 S", base(8, "S", 10)));
    holds(&format!(
        "{sold}issue 1 S A 90.00 tax=90.00\n{claims}issue 8 T S 9.00 tax=9.00 | deduct 8 S 2026-03 from=T | mark 8 T | lift 8 T"
    ));
}

#[test]
fn claims_that_name_no_seller_count_where_only_one_can_be_meant() {
    let sold = "issue 1 A B 90.00 tax=9.00 | issue 2 S A 90.00 tax=9.00\n";
    holds(&format!("{sold}deduct 2 A 2026-03 | mark 2 S | deduct 1 B 2026-03\nissue 2 T A 90.00 tax=9.00 | void 2 T"));
    // A reversal that names none takes back a deduction that does, and one that does comes on top of it.
    holds(&format!("{sold}mark 2 S | deduct 2 A 2026-03 from=S | reverse 2 A 2026-03 | reverse 2 A 2026-03 from=S"));
}

#[test]
fn a_firm_that_turns_out_to_be_small_scale_passes_nothing_on() {
    let line = ring(&["A", "B", "C"], 1, 10) + &base(9, "A", 90);
    holds(&format!("{line}change B kind=small_scale | change B kind=general"));
    holds(&format!("{line}at 2026-02-20 | change B kind=small_scale\nat 2026-03-31T23:59 | change B kind=general"));
}
