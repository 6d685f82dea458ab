//! Tax burdens beside those of peers, as transcripts.

use std::fmt::Write as _;

use insta::assert_snapshot;

use super::probe::world_under;
use super::{STANDARD_RULES, transcript};

/// Twelve firms of one industry and scale pay 3 % of a million yuan a month; the thirteenth, `F`, pays and buys as it is told.
fn found(months: i32, paid: impl Fn(i32) -> i64, bought: impl Fn(i32) -> i64) -> String {
    found_beside("", months, paid, bought)
}

/// The same, with something observed.
fn found_beside(observed: &str, months: i32, paid: impl Fn(i32) -> i64, bought: impl Fn(i32) -> i64) -> String {
    let rules = STANDARD_RULES.replace("peers_min = 20", "peers_min = 12");
    assert_ne!(rules, STANDARD_RULES);
    let month = |at: i32| format!("{}-{:02}", 2025 + at / 12, at % 12 + 1);
    let mut script = "at 2025-01-01 | register F on=2001-01-01 | register OLD on=2001-01-01 industry=1310\n".to_owned();
    (0..12).for_each(|firm| writeln!(script, "register P{firm} on=2001-01-01").unwrap());
    for at in 0..months {
        let (this, next) = (month(at), month(at + 1));
        writeln!(script, "at {this}-10 | issue 9{at:02} F - 1000000.00 tax=130000.00").unwrap();
        writeln!(script, "issue 8{at:02} OLD F {}.00 tax={}.00", bought(at) * 10, bought(at)).unwrap();
        (0..12).for_each(|firm| writeln!(script, "issue {at:02}{firm:02} P{firm} - 1000000.00").unwrap());
        writeln!(script, "at {next}-10").unwrap();
        let declare = |firm: &str, paid: i64| {
            format!(
                "declare {firm} {this} sales=1000000.00 output=130000.00 input={}.00 payable={paid}.00",
                130_000 - paid
            )
        };
        (0..12).for_each(|firm| writeln!(script, "{}", declare(&format!("P{firm}"), 30_000)).unwrap());
        writeln!(script, "deduct 8{at:02} F {this} from=OLD\n{}", declare("F", paid(at))).unwrap();
    }
    script += observed;
    writeln!(
        script,
        "at {}-02 | issue 1 OLD - 1.00\nat {}-03 | issue 2 OLD - 1.00",
        month(months + 1),
        month(months + 1)
    )
    .unwrap();
    let world = world_under(&rules, &script);
    let told = transcript::write(world.said());
    let of_burden = |line: &&str| line.contains(" low_burden ") && !line.contains(" now ");
    told.lines()
        .filter(of_burden)
        .map(|line| line.split_once(' ').map_or(line, |(_, said)| said))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn who_pays_far_less_than_peers_and_than_it_used_to_is_found() {
    let paid = |at: i32| if at < 6 { 30_000 } else { 5_000 };
    assert_snapshot!(found(12, paid, |at| 130_000 - paid(at)), @r"
    found low_burden F: 2025-12, 122000.00 at stake, score 280
    ");
}

#[test]
fn a_trader_with_thin_margins_is_a_reminder_until_its_own_past_is_known() {
    assert_snapshot!(found(12, |_| 5_000, |_| 125_000), @r"
    found low_burden F: 2025-07, 147000.00 at stake, score 250
    found low_burden F: 2025-08, 147000.00 at stake, score 250
    found low_burden F: 2025-09, 147000.00 at stake, score 250
    ");
}

#[test]
fn stock_that_waits_for_its_sales_is_no_low_burden() {
    let paid = |at: i32| if at < 6 { 30_000 } else { 0 };
    assert_snapshot!(found(12, paid, |at| if at < 6 { 100_000 } else { 190_000 }), @"");
}

#[test]
fn far_more_money_than_was_declared_is_hidden_sales_whatever_the_burden() {
    let received = |yuan: i64, months: i32, input: i64| -> String {
        let of = |at: i32| format!("observe F 2025-{:02} bank/inflow {}\n", at + 1, yuan * 100);
        let observed = (12 - months..12).map(of).collect::<Vec<_>>().concat();
        found_beside(&observed, 12, |_| 30_000, |_| input)
    };
    // 1,130,000 yuan a month are declared, with their tax.
    assert_snapshot!(received(1_700_000, 10, 120_000), @r"
    found low_burden F: 2025-11, 590176.99 at stake, score 550
    found low_burden F: 2025-12, 655752.21 at stake, score 550
    ");
    assert_eq!(received(1_500_000, 10, 120_000), "", "a third more may be loans and deposits");
    assert_eq!(
        received(1_700_000, 6, 120_000),
        "",
        "nor does half a year: what is sold in one month is paid for in others"
    );
    assert_eq!(received(1_700_000, 10, 80_000), "", "for which nothing was bought: it may be paid in advance");
}
