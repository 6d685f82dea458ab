//! How firms measure up against their peers: told once a month, complete when it is told, the same in any order.

use std::fmt::Write as _;

use super::STANDARD_RULES;
use super::probe::*;
use crate::model::{Entity, Id, PeersTold, Period};
use crate::state::{Key, PeersMonth, RowType, Rows};

/// A group of peers is firms of wholesale (51) with sales of 100,000 to 500,000 yuan a month.
const GROUP: (u16, u8) = (51, 1);

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

/// Firms, given by number, that void some of their ten invoices in January, by the last digit, and sell on in February; what
/// is sold on some days in between makes the clock go on.
fn months(firms: impl Iterator<Item = usize> + Clone) -> String {
    let mut script = String::from("at 2025-12-01 | register FAR on=2001-01-01 industry=6210\n");
    for firm in firms.clone() {
        writeln!(script, "at 2026-01-02 | register F{firm:02} on=2020-01-01 industry=51{:02}", firm % 7).unwrap();
        for invoice in 0..10 {
            let no = 1_000 + firm * 10 + invoice;
            let yuan = if invoice == 9 { 200_000 } else { 1 };
            writeln!(script, "at 2026-01-10 | issue {no} F{firm:02} B {yuan}.00").unwrap();
            if invoice < firm % 10 {
                writeln!(script, "at 2026-01-11 | void {no} F{firm:02}").unwrap();
            }
        }
    }
    for firm in firms {
        writeln!(script, "at 2026-02-10 | issue {} F{firm:02} B 100000.00", 5_000 + firm).unwrap();
    }
    // Something happens now and then, so that hours pass.
    for (number, day) in ["02-22", "02-28", "03-15", "03-22", "03-28", "04-10"].into_iter().enumerate() {
        writeln!(script, "at 2026-{day} | issue {} FAR FAR2 1.00", 9_000 + number).unwrap();
    }
    script
}

/// A rule that compares rates of voids, for firms tell each other of nothing that no rule compares.
const VOID_RULE: &str = r#"
[[rules]]
code = "voids_beside_peers"
name_zh = "作废多于同行"
name_en = "more voided than by peers"
typology = "void_abuse"
score = 100
when = { indicator = "void_rate", above = 10_000, of = "peers_p90" }
text_zh = "{period}作废率{void_rate}%；请了解原因。"
text_en = "In {period}, {void_rate} % was voided; ask why."
"#;

fn told(script: &str, firm: &str, month: &str) -> Option<PeersTold> {
    let mut world = world_under(&format!("{STANDARD_RULES}{VOID_RULE}"), script);
    find(&mut world, firm, &Key::Peers(period(month)))
}

fn void_rate(told: &PeersTold) -> [i64; 6] {
    let number = crate::risk::indicators::indicator("void_rate").unwrap().peers.unwrap();
    let found = told.quantiles.iter().find(|quantiles| quantiles.indicator == number).unwrap();
    [i64::from(found.firms), found.p10, found.p25, found.median, found.p75, found.p90]
}

#[test]
fn a_firm_is_told_how_its_peers_measured_up_in_the_month_before_once_that_is_complete() {
    let script = months(0..30);
    let january = told(&script, "F07", "2026-01").expect("all have told of January before February had passed");
    // Rates 0, 1000 .. 9000, three firms each; a value is the middle of its class.
    let [firms, p10, p25, median, p75, p90] = void_rate(&january);
    assert_eq!(firms, 30);
    for (found, exact) in [(p10, 0), (p25, 2_000), (median, 4_000), (p75, 7_000), (p90, 8_000)] {
        assert!((found - exact).abs() <= exact / 30, "{found} is not {exact}");
    }
    let before_february_passed = script.split("at 2026-03-22").next().unwrap();
    assert_eq!(told(before_february_passed, "F07", "2026-01"), None, "nobody asks before its next month has passed");
    assert_eq!(told(&script, "F07", "2026-02"), None, "February is not told before March has passed");
}

#[test]
fn a_firm_is_told_only_of_what_the_rule_set_compares() {
    let indicators = |told: PeersTold| told.quantiles.iter().map(|quantiles| quantiles.indicator).collect::<Vec<_>>();
    let void_rate = crate::risk::indicators::indicator("void_rate").unwrap().peers.unwrap();
    assert_eq!(indicators(told(&months(0..30), "F07", "2026-01").unwrap()), [void_rate], "nobody declared");
    let standard = find::<PeersTold>(&mut world(&months(0..30)), "F07", &Key::Peers(period("2026-01"))).unwrap();
    assert!(indicators(standard).is_empty());
}

#[test]
fn what_is_told_does_not_depend_on_the_order_in_which_firms_are_known() {
    let (script, reversed) = (months(0..30), months((0..30).rev()));
    for firm in ["F00", "F13", "F29"] {
        let (one, other) = (told(&script, firm, "2026-01").unwrap(), told(&reversed, firm, "2026-01").unwrap());
        assert_eq!(void_rate(&one), void_rate(&other), "{firm}");
    }
}

#[test]
fn firms_of_another_industry_or_scale_are_no_peers() {
    let small = "at 2026-01-03 | register SMALL on=2020-01-01 industry=5101 | issue 1 SMALL B 1.00\n\
        at 2026-01-03 | register OTHER on=2020-01-01 industry=6101 | issue 2 OTHER B 100000.00\n";
    let script = format!("{small}{}", months(0..30));
    assert_eq!(void_rate(&told(&script, "F07", "2026-01").unwrap())[0], 30);
    let group = Entity::peers(GROUP.0, GROUP.1);
    assert_eq!(group.id, Id::parse("51-1").unwrap());
    let mut world = world(&script);
    let row = world.rows().get(&group, &Key::PeersMonth(period("2026-01"))).cloned().unwrap();
    let month = PeersMonth::unwrap(row).unwrap();
    assert!(month.values.is_empty() && month.told.is_some(), "once it is told, the classes are gone");
}

#[test]
fn who_is_late_is_told_and_counts_no_more() {
    let late = "at 2026-04-11 | register LATE on=2020-01-01 industry=5101\n\
        at 2026-04-12 | issue 8001 LATE B 100000.00\nat 2026-01-20 | issue 8002 LATE B 100000.00\n\
        at 2026-02-20 | issue 8003 LATE B 100000.00\nat 2026-04-13 | issue 8004 FAR FAR2 1.00\n\
        at 2026-04-14 | issue 8005 FAR FAR2 1.00";
    let script = format!("{}{late}", months(0..30));
    let [firms, ..] = void_rate(&told(&script, "LATE", "2026-01").unwrap());
    assert_eq!(firms, 30, "it is told of what was complete without it");
}

#[test]
fn a_firm_and_its_peers_tell_each_other_at_most_two_messages_a_month() {
    let mut world = world(&months(0..30));
    let before = world.folded();
    for event in super::parse("at 2026-04-26 | issue 9100 FAR FAR2 1.00 | wait 1 | issue 9101 FAR FAR2 1.00").unwrap() {
        world.feed(event);
    }
    world.settle();
    // Two events with their arrivals, ticks, and FAR's March and nobody else's: the firms sold nothing in March.
    assert!(world.folded() - before <= 12, "{}", world.folded() - before);
}
