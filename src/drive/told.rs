//! Who is told of an accusation: by how much of a source's value went there, whatever came first.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::model::Fen;
use crate::state::{Key, Tainted};

/// Eight firms each take 20,000 yuan of S and pass so much of it on to B, who deducts it; S is known to be new, by a paper
/// that comes first or last.
fn split_over_ways(each: i64, paper_first: bool) -> World {
    let paper = "at 2026-01-10 | register S on=2026-01-04\n";
    let mut trade = String::from("at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\nat 2026-02-03\n");
    for way in 0..8 {
        writeln!(trade, "issue 1{way} S W{way} 160000.00 tax=20000.00").unwrap();
        writeln!(trade, "issue 2{way} W{way} B 80000.00 tax={each}.00").unwrap();
        writeln!(trade, "deduct 2{way} B 2026-02 from=W{way}").unwrap();
    }
    world(&if paper_first { format!("{paper}{trade}") } else { format!("{trade}{paper}") })
}

#[test]
fn value_that_was_split_is_held_against_its_buyer_whenever_its_source_is_known() {
    for (each, deducted) in [(9_500, 76_000), (1_000, 8_000), (999, 0)] {
        for paper_first in [true, false] {
            let mut world = split_over_ways(each, paper_first);
            let held = find::<Tainted>(&mut world, "B", &Key::Tainted(id("S"))).unwrap_or_default();
            assert_eq!(held.deducted, Fen(deducted * 100), "{each} yuan a way, paper first: {paper_first}");
        }
    }
}

#[test]
fn what_was_sold_without_a_deductible_invoice_does_not_hide_what_comes_with_one() {
    let script = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10
        at 2026-02-03 | register S on=2026-01-04 | issue 1 S W 900000.00 tax=117000.00
        issue 2 W B 80000.00 tax=10400.00 kind=other | at 2026-02-04 | issue 3 W B 80000.00 tax=10400.00";
    let held: Tainted = row(&mut world(script), "B", Key::Tainted(id("S")));
    assert_eq!((held.taken, held.hops), (Fen(1_040_000), 2));
}

#[test]
fn value_goes_no_further_than_the_hops_of_the_rules_though_other_value_goes_with_it() {
    // N sold what it bought of S only later, to B and, by way of W, to B again.
    let trade = format!(
        "{STOCK}at 2026-01-10 | register S on=2026-01-04
        at 2026-02-03 | issue 1 N B 900000.00 tax=117000.00 | issue 2 N W 900000.00 tax=117000.00
        at 2026-02-04 | issue 3 W B 900000.00 tax=117000.00
        at 2026-02-05 | issue 4 B C 1800000.00 tax=234000.00
        at 2026-02-02 | issue 9 S N 1800000.00 tax=234000.00\nat 2026-02-06 | issue 900 OLD OLD2 1.00"
    );
    for (hops, taken) in [(2, 0), (3, 117_000), (4, 234_000)] {
        let rules = STANDARD_RULES.replace("taint_hops_max = 8", &format!("taint_hops_max = {hops}"));
        let mut world = world_under(&rules, &trade);
        let held = find::<Tainted>(&mut world, "C", &Key::Tainted(id("S"))).unwrap_or_default();
        assert_eq!(held.taken, Fen(taken * 100), "{hops} hops");
    }
}

/// What stands at a taxpayer of S's value, in yuan.
fn of_s(script: &str, at: &str) -> (i64, i64) {
    let held = find::<Tainted>(&mut world(script), at, &Key::Tainted(id("S"))).unwrap_or_default();
    (held.taken.0 / 100, held.deducted.0 / 100)
}

const STOCK: &str = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\n";

/// The paper that accuses S comes before its trade, or after it.
fn both_ways(trade: &str) -> [String; 2] {
    let paper = "at 2026-01-10 | register S on=2026-01-04\n";
    [format!("{STOCK}{paper}{trade}"), format!("{STOCK}{trade}\n{paper}")]
}

#[test]
fn the_nearest_way_decides_how_far_an_accusation_goes_whichever_came_first() {
    let mut trade = String::from("at 2026-02-03 | issue 1 S A1 900000.00 tax=117000.00\n");
    for way in 1..7 {
        writeln!(trade, "issue 1{way} A{way} A{} 900000.00 tax=117000.00", way + 1).unwrap();
    }
    trade += "issue 18 A7 B 900000.00 tax=117000.00 | at 2026-02-04 | issue 20 S B 900000.00 tax=117000.00
        at 2026-02-05 | issue 21 B C 900000.00 tax=100000.00 | deduct 21 C 2026-02 from=B";
    for script in both_ways(&trade) {
        assert_eq!(of_s(&script, "C"), (100_000, 100_000), "{script}");
    }
}

#[test]
fn a_sale_that_lets_nobody_deduct_is_where_value_ends() {
    for between in ["", "at 2026-03-05 | "] {
        let script = format!(
            "{STOCK}at 2026-03-02 | issue 1 W B 900000.00 tax=110000.00 kind=ordinary
            {between}issue 2 W B 500000.00 tax=60000.00 | deduct 2 B 2026-03 from=W
            at 2026-03-01 | register S on=2026-02-20 | issue 11 S W 900000.00 tax=110000.00
            at 2026-03-10 | issue 900 OLD OLD2 1.00"
        );
        assert_eq!(of_s(&script, "B"), (0, 0), "{script}");
    }
}

#[test]
fn what_went_out_before_its_purchase_came_adds_to_what_went_out_after() {
    for (first, second) in [("2026-02-03", "2026-02-02"), ("2026-02-01", "2026-02-02")] {
        // Of the two halves of what W sold, one is settled by what it bought, or neither.
        let script = format!(
            "{STOCK}at 2026-01-10 | register S on=2026-01-04\nat {first}T09:00 | issue 2 W B 5000.00 tax=600.00
            at {second}T09:00 | issue 1 S W 900000.00 tax=117000.00 | at 2026-02-03T10:00 | issue 3 W B 5000.00 tax=600.00"
        );
        let expected = if first > second { 1_200 } else { 0 };
        assert_eq!(of_s(&script, "B").0, expected, "{script}");
    }
}

#[test]
fn what_has_become_too_little_to_tell_is_told_as_nothing_whichever_came_first() {
    let trade = "at 2026-02-03 | issue 1 S W 900000.00 tax=117000.00
        at 2026-02-04 | issue 2 W B 8000.00 tax=900.00 | issue 3 W B 2000.00 tax=200.00 | at 2026-02-05 | void 3 W";
    for script in both_ways(trade) {
        assert_eq!(of_s(&script, "B"), (0, 0), "{script}");
    }
}

#[test]
fn shares_of_two_sellers_told_in_ones_own_name_are_added() {
    let sales = [
        "S X 1500000.00 tax=200000.00",
        "S W1 300000.00 tax=40000.00",
        "S W2 500000.00 tax=60000.00",
        "W1 W2 300000.00 tax=40000.00",
        "W2 B 800000.00 tax=100000.00",
    ];
    let in_time = [0, 1, 2, 3, 4];
    for order in [in_time, [4, 3, 2, 1, 0], [4, 2, 3, 0, 1], [0, 4, 3, 2, 1]] {
        let mut script = format!("{STOCK}at 2026-01-10 | register S on=2026-01-04\n");
        for at in order {
            writeln!(script, "at 2026-02-0{} | issue 1{at} {}", at + 1, sales[at]).unwrap();
        }
        writeln!(script, "at 2026-02-07 | deduct 14 B 2026-02 from=W2").unwrap();
        assert_eq!(of_s(&script, "B"), (100_000, 100_000), "{order:?}");
    }
}

#[test]
fn a_sale_that_is_voided_later_does_not_wash_what_was_sold_meanwhile() {
    let sold = "at 2026-02-02 | issue 1 S W 900000.00 tax=120000.00";
    let other = "at 2026-02-09 | issue 2 W X 900000.00 tax=120000.00";
    let to_b = "at 2026-02-10 | issue 3 W B 900000.00 tax=120000.00 | deduct 3 B 2026-02 from=W";
    let void = "at 2026-02-11 | void 2 W";
    for trade in [[sold, "", to_b, ""], [sold, other, to_b, void], [sold, void, other, to_b]] {
        for script in both_ways(&trade.join("\n")) {
            assert_eq!(of_s(&script, "B"), (120_000, 120_000), "{script}");
        }
    }
}

/// B holds value of S in its own name, and more in that of N, which sold before it bought.
const IN_TWO_NAMES: &str = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10
    at 2026-01-10 | register S on=2026-01-04
    at 2026-02-01 | issue 1 S Z 4000000.00 tax=500000.00
    at 2026-02-03 | issue 2 N B 80000.00 tax=10000.00
    at 2026-02-02 | issue 3 S N 12000.00 tax=1500.00
    at 2026-02-04 | issue 4 S B 16000.00 tax=2000.00";

#[test]
fn what_became_enough_to_be_told_without_a_sale_is_told_with_the_next_one() {
    let little = "at 2026-02-05 | issue 5 B C 24000.00 tax=3000.00";
    let more = "at 2026-02-02 | issue 6 S N 7200.00 tax=900.00";
    let large = "at 2026-02-06 | issue 7 S B 8000000.00 tax=1000000.00
        at 2026-02-07 | issue 8 B C 8000000.00 tax=1000000.00 | deduct 8 C 2026-02 from=B";
    for between in [[little, more], [more, little]] {
        let held = of_s(&format!("{IN_TWO_NAMES}\n{}\n{large}", between.join("\n")), "C");
        assert!((990_000..=1_003_000).contains(&held.0) && held.1 > 980_000, "{held:?}, {between:?}");
    }
}

#[test]
fn what_was_told_is_taken_back_though_its_share_has_become_too_little_to_tell() {
    // C has much more of S's value, by ways too small to be told: it counts while B tells of some.
    let mut trade = String::from("at 2026-02-05 | issue 5 B C 32000.00 tax=4000.00\n");
    for way in 10..70 {
        writeln!(trade, "issue 1{way} S W{way} 80000.00 tax=10000.00 | issue 2{way} W{way} C 7200.00 tax=900.00")
            .unwrap();
    }
    assert!(of_s(&format!("{IN_TWO_NAMES}\n{trade}"), "C").0 > 54_000);
    let (void, less) = ("at 2026-02-07 | void 5 B", "at 2026-02-03 | issue 9 N B 800000.00 tax=100000.00");
    for after in [[void, less], [less, void]] {
        assert_eq!(of_s(&format!("{IN_TWO_NAMES}\n{trade}\n{}", after.join("\n")), "C"), (0, 0), "{after:?}");
    }
}

#[test]
fn value_that_came_back_to_its_source_in_anothers_name_is_still_its_own() {
    let sale = "at 2026-02-03 | issue 2 N S 1600000.00 tax=200000.00";
    let bought = "at 2026-02-02 | issue 4 S N 1600000.00 tax=200000.00";
    let on = "at 2026-02-04 | issue 3 S X 1600000.00 tax=200000.00 | deduct 3 X 2026-02 from=S";
    for order in [[bought, sale, on], [sale, on, bought], [sale, bought, on]] {
        let begun = "at 2026-02-01 | issue 1 S Z 7200000.00 tax=900000.00";
        for script in both_ways(&format!("{begun}\n{}", order.join("\n"))) {
            assert_eq!(of_s(&script, "X"), (200_000, 200_000), "{script}");
        }
    }
}

#[test]
fn whoever_of_many_sellers_takes_back_those_who_are_left_tell() {
    let voided = |voided: std::ops::Range<usize>| {
        let mut trade = String::from("at 2026-02-03\n");
        for way in 0..300 {
            writeln!(trade, "issue 1{way:03} S W{way:03} 16000.00 tax=2000.00").unwrap();
            writeln!(trade, "issue 2{way:03} W{way:03} B 12000.00 tax=1500.00").unwrap();
        }
        trade += "at 2026-02-04 | issue 3 B C 2400000.00 tax=300000.00 | deduct 3 C 2026-02 from=B\nat 2026-02-05\n";
        voided.for_each(|way| writeln!(trade, "void 2{way:03} W{way:03}").unwrap());
        trade
    };
    for (trade, way) in [(voided(0..257), "W257"), (voided(43..300), "W000")] {
        for script in both_ways(&trade) {
            assert_eq!(of_s(&script, "B").0, 43 * 1_500);
            let held: Tainted = row(&mut world(&script), "B", Key::Tainted(id("S")));
            assert_eq!((held.hops, held.via), (2, id(way)));
            assert_eq!(of_s(&script, "C"), (300_000, 300_000));
        }
    }
}

#[test]
fn what_a_source_takes_back_of_many_names_is_taken_back_everywhere() {
    let mut trade = String::from("at 2026-02-01 | issue 5 S X 2400000.00 tax=300000.00\nat 2026-02-03\n");
    for way in 10..58 {
        writeln!(trade, "issue 1{way} N{way} B 15200.00 tax=1900.00 | issue 3{way} B C 15200.00 tax=1900.00").unwrap();
        writeln!(trade, "deduct 3{way} C 2026-02 from=B").unwrap();
    }
    trade += "at 2026-02-02\n";
    for way in 10..58 {
        writeln!(trade, "issue 2{way} S N{way} 15200.00 tax=1900.00").unwrap();
    }
    trade += "at 2026-02-05\n";
    for way in 10..58 {
        writeln!(trade, "issue 4{way} S N{way} -7200.00 tax=-900.00 red=2{way}").unwrap();
    }
    for script in both_ways(&trade) {
        assert_eq!((of_s(&script, "B").0, of_s(&script, "C")), (48_000, (48_000, 48_000)));
    }
}

#[test]
fn an_accusation_reaches_every_buyer_though_they_are_more_than_one_step_tells() {
    let mut trade = String::from("at 2026-02-03 | issue 1 S W 9600000.00 tax=1200000.00\n");
    (100..700).for_each(|buyer| writeln!(trade, "issue 2{buyer} W B{buyer} 16000.00 tax=2000.00").unwrap());
    for script in both_ways(&trade) {
        let mut world = world(&script);
        for buyer in 100..700 {
            let held: Tainted = row(&mut world, &format!("B{buyer}"), Key::Tainted(id("S")));
            assert_eq!(held.taken, Fen(200_000));
        }
    }
}

#[test]
fn a_firm_that_turns_out_to_be_small_scale_sold_nothing_but_its_own() {
    let events = [
        "at 2026-02-01 | issue 1 S W 480000.00 tax=60000.00",
        "at 2026-02-03 | issue 2 W B 480000.00 tax=60000.00 | deduct 2 B 2026-02 from=W",
        "at 2026-02-05 | register W on=2015-01-01 kind=small_scale",
    ];
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1], [1, 0, 2]] {
        let trade = order.map(|at| events[at]).join("\n");
        for script in both_ways(&trade) {
            assert_eq!((of_s(&script, "W"), of_s(&script, "B")), ((0, 0), (0, 0)), "{script}");
        }
    }
}

#[test]
fn what_a_late_paper_changes_is_changed_of_more_invoices_than_one_step_looks_at() {
    let mut trade = String::from("at 2026-02-03 | register W on=2015-01-01\nat 2026-02-05\n");
    for no in 100..400 {
        writeln!(trade, "issue 1{no} S W 16000.00 tax=2000.00 | issue 2{no} W B 16000.00 tax=2000.00").unwrap();
    }
    assert_eq!(of_s(&both_ways(&trade)[0], "B").0, 600_000);
    for paper in ["change W kind=small_scale", "status W deregistered"] {
        for script in both_ways(&format!("{trade}at 2026-02-04 | {paper}")) {
            assert_eq!(of_s(&script, "B"), (0, 0), "{paper}");
        }
    }
}

/// What each of F1 and F2 holds of S's value rests on what the other holds.
#[test]
fn firms_that_sold_each_other_more_than_they_took_come_to_rest() {
    let script = "at 2025-02-15T00:00 | register S on=2025-02-15
        at 2025-03-02T00:00 | issue 174013 S X 2400000.00 tax=300000.00
        at 2025-03-05T11:17 | issue 174008 F0 F2 32000.00 tax=4000.00
        at 2025-03-03T21:30 | issue 174010 S F0 32000.00 tax=4000.00
        at 2025-03-04T19:43 | issue 174012 F0 F2 12000.00 tax=1500.00
        at 2025-03-08T03:31 | issue 174004 F2 F1 32000.00 tax=4000.00
        at 2025-03-04T16:33 | issue 174001 F0 F1 8000.00 tax=1000.00
        at 2025-03-03T12:08 | issue 174006 F0 F2 160000.00 tax=20000.00
        at 2025-03-09T05:32 | issue 174005 F0 F1 80000.00 tax=10000.00
        at 2025-03-10T00:01 | issue 170013 TS TX 2400000.00 tax=300000.00
        at 2025-03-08T09:05 | issue 174009 F1 F2 160000.00 tax=20000.00
        at 2025-03-06T21:02 | issue 174003 S F0 80000.00 tax=10000.00
        at 2025-03-10T00:03 | void 174010 S
        at 2025-03-09T21:40 | issue 176008 UF3 UF0 8000.00 tax=1000.00";
    assert_eq!(of_s(script, "X").0, 300_000);
}

/// The same with a firm that holds nothing once the void is told, and with a source that is lifted and accused again.
#[test]
fn rings_come_to_rest_when_what_began_them_is_voided_at_once() {
    let rings = [
        "at 2025-02-15T00:00 | register S on=2025-02-15
        at 2025-03-02T00:00 | issue 1 S X 4615384.61 tax=600000.00
        at 2025-03-09T00:21 | issue 12 F2 F1 153846.15 tax=20000.00
        at 2025-03-02T21:57 | issue 15 S F0 76923.07 tax=10000.00
        at 2025-03-02T07:08 | issue 17 S F1 7692.30 tax=1000.00
        at 2025-03-12T00:00 | issue 2 Z0 Z1 7.69 tax=1.00
        at 2025-03-04T18:20 | issue 18 F0 F2 76923.07 tax=10000.00
        at 2025-03-08T15:32 | issue 19 F1 F0 76923.07 tax=10000.00
        at 2025-03-12T00:01 | void 15 S",
        "at 2025-02-15T00:00 | register S on=2025-02-15
        at 2025-03-02T00:00 | issue 1 S X 4615384.61 tax=600000.00
        at 2025-03-09T01:46 | issue 11 S F0 30769.23 tax=4000.00
        at 2025-03-06T18:37 | issue 12 F2 F0 76923.07 tax=10000.00
        at 2025-03-07T02:47 | issue 16 S F1 76923.07 tax=10000.00
        at 2025-03-12T00:00 | issue 2 Z0 Z1 7.69 tax=1.00
        at 2025-03-06T04:57 | issue 17 F1 F2 7692.30 tax=1000.00
        at 2025-03-08T06:26 | issue 18 F2 F0 76923.07 tax=10000.00
        at 2025-03-06T05:37 | issue 19 F1 F2 7692.30 tax=1000.00
        at 2025-03-03T10:12 | issue 20 F0 F1 30769.23 tax=4000.00
        at 2025-03-12T00:01 | void 16 S",
        "at 2025-02-15T00:00 | register S on=2025-02-15
        at 2025-03-02T00:00 | issue 174013 S X 2307692.30 tax=300000.00
        at 2025-03-05T11:17 | issue 174008 F0 F2 30769.23 tax=4000.00
        at 2025-03-03T21:30 | issue 174010 S F0 30769.23 tax=4000.00
        at 2025-03-04T19:43 | issue 174012 F0 F2 11538.46 tax=1500.00
        at 2025-03-06T01:16 | issue 174007 S F1 30769.23 tax=4000.00
        at 2025-03-08T03:31 | issue 174004 F2 F1 30769.23 tax=4000.00
        at 2025-03-04T16:33 | issue 174001 F0 F1 7692.30 tax=1000.00
        at 2025-03-03T12:08 | issue 174006 F0 F2 153846.15 tax=20000.00
        at 2025-03-09T05:32 | issue 174005 F0 F1 76923.07 tax=10000.00
        at 2025-03-08T09:05 | issue 174009 F1 F2 153846.15 tax=20000.00
        at 2025-03-06T21:02 | issue 174003 S F0 76923.07 tax=10000.00
        at 2025-03-10T00:01 | void 174013 S
        at 2025-03-10T00:03 | void 174010 S
        at 2025-03-10T00:02 | issue 174016 S X 2307692.30 tax=300000.00",
    ];
    for (script, sold) in rings.into_iter().zip([600_000, 600_000, 300_000]) {
        assert_eq!(of_s(script, "X").0, sold, "{script}");
    }
}

/// K holds S's value in two names when S is lifted and accused again, and then only in one, all at once.
#[test]
fn what_is_lifted_reaches_whoever_was_told_under_a_later_accusation() {
    let script = "at 2025-03-01T00:00 | issue 900 Z0 Z1 7.69 tax=1.00
        at 2025-02-15T00:00 | register S on=2025-02-15
        at 2015-01-01T00:00 | register P on=2015-01-01
        at 2015-01-01T00:00 | register M1 on=2015-01-01
        at 2015-01-01T00:00 | register M2 on=2015-01-01
        at 2015-01-01T00:00 | register N on=2015-01-01
        at 2015-01-01T00:00 | register K on=2015-01-01
        at 2015-01-01T00:00 | register C on=2015-01-01
        at 2015-01-01T00:00 | register D on=2015-01-01
        at 2025-03-01T00:00 | issue 1 S Z 2307692.30 tax=300000.00
        at 2025-03-05T00:00 | issue 2 N K 46153.84 tax=6000.00
        at 2025-03-02T00:00 | issue 3 S M1 46153.84 tax=6000.00
        at 2025-03-03T00:00 | issue 4 M1 M2 46153.84 tax=6000.00
        at 2025-03-04T00:00 | issue 5 M2 N 46153.84 tax=6000.00
        at 2025-03-06T00:00 | issue 6 S P 423076.92 tax=55000.00
        at 2025-03-07T00:00 | issue 7 P K 423076.92 tax=55000.00
        at 2025-03-08T00:00 | issue 8 K C 469230.76 tax=61000.00
        at 2025-03-09T00:00 | deduct 8 C 2025-03 tax=61000.00 from=K
        at 2025-03-09T01:00 | issue 9 C D 469230.76 tax=61000.00
        at 2025-03-09T02:00 | deduct 9 D 2025-03 tax=61000.00 from=C
        at 2025-03-10T00:00 | void 1 S
        at 2025-03-10T00:01 | issue 10 S Z 2307692.30 tax=300000.00
        at 2025-03-10T00:02 | void 6 S
        at 2025-03-12T03:00 | void 3 S
        at 2025-03-12T10:00 | void 10 S
        at 2025-06-01T00:00 | issue 990 Z0 Z1 7.69 tax=1.00";
    let mut world = world(script);
    for firm in ["K", "C", "D"] {
        assert_eq!(find::<Tainted>(&mut world, firm, &Key::Tainted(id("S"))), None, "{firm}");
    }
}

/// Of what S sold, 1,000 yuan are left, and firms that sell each other a hundred times as much.
#[test]
fn what_only_went_round_is_held_by_nobody_whichever_came_first() {
    let ring = "at 2025-03-02T00:00 | issue 1 S X 4615384.61 tax=600000.00
        at 2025-03-09T00:21 | issue 12 F2 F1 1538461.50 tax=200000.00
        at 2025-03-02T21:57 | issue 15 S F0 769230.70 tax=100000.00
        at 2025-03-02T07:08 | issue 17 S F1 7692.30 tax=1000.00
        at 2025-03-12T00:00 | issue 900 Z0 Z1 7.69 tax=1.00
        at 2025-03-04T18:20 | issue 18 F0 F2 769230.70 tax=100000.00
        at 2025-03-08T15:32 | issue 19 F1 F0 769230.70 tax=100000.00
        at 2025-03-13T00:00 | deduct 18 F2 2025-03 from=F0";
    let (paper, void) = ("at 2025-02-15 | register S on=2025-02-15", "at 2025-03-14 | void 15 S");
    for script in [[paper, ring, void], [ring, paper, void], [ring, void, paper]] {
        let script = format!("at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\n{}", script.join("\n"));
        let held = ["F0", "F1", "F2"].map(|firm| of_s(&script, firm));
        assert_eq!(held, [(0, 0), (1_000, 0), (0, 0)], "{script}");
    }
}
