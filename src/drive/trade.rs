//! Trade that matches, that is carried by other goods, or by what people bought: each beside the honest trade that looks like
//! it, and with what takes it back.

use super::probe::*;
use crate::model::Output;

/// What of a typology was told last of each finding, as `FIRM SUBJECT SCORE STATUS`.
pub(super) fn last(script: &str, typology: &str) -> Vec<String> {
    let begin = "at 2025-01-02 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00\n";
    let mut told = std::collections::BTreeMap::new();
    for said in world(&format!("{begin}{script}")).said() {
        if let Output::Signal(signal) = &said.output
            && *signal.typology == *typology
        {
            let about = match &signal.about {
                crate::model::About::Period(period) => period.to_string(),
                crate::model::About::Origin(origin) => origin.to_string(),
                crate::model::About::Invoice { .. } | crate::model::About::Party(_) => String::new(),
            };
            let line = format!("{} {about} {} {:?}", signal.taxpayer_id, signal.score, signal.status);
            told.insert(signal.signal_id, line);
        }
    }
    let mut lines: Vec<String> = told.into_values().collect();
    lines.sort_unstable();
    lines
}

const STEEL: &str = "1080207010000000000";

/// A trader that buys from `A` and sells to `C`, time and again, beside its real trade.
fn leg(sold: &[u32]) -> String {
    let real = |month: u32| -> String {
        format!("at 2025-0{month}-03 | issue 1{month} OLD T 90000.00 | issue 2{month} T B 100000.00\n")
    };
    let leg = |(sold, at): (&u32, u32)| -> String {
        format!(
            "at 2025-0{at}-10 | issue 3{at} A T 300000.00 goods={STEEL} | at 2025-0{at}-14 | issue 4{at} T C {sold}.00 goods={STEEL}\n"
        )
    };
    let real: String = (1..=6).map(real).collect();
    let legs: String = sold.iter().zip(4..).map(leg).collect();
    let mut lines: Vec<&str> = real.lines().chain(legs.lines()).collect();
    lines.sort_by_key(|line| line["at ".len()..].split(' ').next().map(str::to_owned));
    format!(
        "at 2025-01-03 | register T on=2009-01-01 industry=5164\n{}\nat 2025-08-28 | issue 901 OLD OLD2 1.00\n",
        lines.join("\n")
    )
}

#[test]
fn what_is_bought_from_one_and_sold_to_another_yuan_for_yuan_is_a_leg_of_a_ring() {
    assert_eq!(last(&leg(&[301_000, 302_000, 300_500]), "circular"), ["T 2025-06 550 Open"]);
    assert!(last(&leg(&[315_000, 316_000, 315_000]), "circular").is_empty(), "a margin that trade lives on");
    assert!(last(&leg(&[301_000, 302_000]), "circular").is_empty(), "an order that was dealt twice");
    let goes_on = leg(&[301_000, 302_000, 300_500]).replace("2025-08-28", "2025-07-28");
    assert!(last(&goes_on, "circular").is_empty(), "whether it ended is not known yet");
    let switched = leg(&[301_000, 302_000, 300_500]).replace("A T 300000.00 goods=108", "A T 300000.00 goods=102");
    assert!(last(&switched, "circular").is_empty(), "other goods than it bought");
    let known = leg(&[301_000, 302_000, 300_500])
        .replace("at 2025-01-03 |", "at 2025-01-03 | issue 39 A T 100.00 | issue 49 T C 100.00 |");
    assert!(last(&known, "circular").is_empty(), "it has long dealt with both");
}

#[test]
fn two_that_issue_to_each_other_yuan_for_yuan_are_found_and_two_that_trade_in_earnest_are_not() {
    let found = |sold: &[u32]| {
        let both_ways = leg(sold).replace("A T 300000", "C T 300000");
        last(&both_ways, "circular").contains(&"T 2025-06 550 Open".to_owned())
    };
    assert!(found(&[301_000, 302_000, 300_500]));
    assert!(!found(&[251_000, 302_000, 300_500]));
}

#[test]
fn a_leg_that_runs_for_long_is_one_where_it_matches_closely() {
    // Five months and a few days.
    let long = |sold| last(&leg(&[sold; 6]).replace("2025-08-28", "2025-11-28"), "circular");
    assert_eq!(long(301_000), ["T 2025-09 550 Open"]);
    assert!(long(305_000).is_empty());
}

#[test]
fn a_match_that_goes_on_as_trade_or_is_taken_back_is_none() {
    let found = leg(&[301_000, 302_000, 300_500]);
    let went_on = format!("{found} at 2025-09-05 | issue 50 T C 90000.00");
    assert_eq!(last(&went_on, "circular"), ["T 2025-06 550 Withdrawn"]);
    let much_later = format!("{found} at 2025-11-05 | issue 50 A T 90000.00");
    assert_eq!(last(&much_later, "circular"), ["T 2025-06 550 Withdrawn"], "however long it had ended");
    let voided = format!("{found} at 2025-09-05 | void 45 T");
    assert_eq!(last(&voided, "circular"), ["T 2025-06 550 Withdrawn"]);
}

#[test]
fn a_trader_whose_purchases_carry_goods_it_never_bought_has_switched_them_margin_and_all() {
    let (crude, fuel) = ("1020201000000000000", "1070101010000000000");
    let trade = |bought: u32, fuel_sold: u32| {
        let (bought, sold) = (lots(101, "OLD G", bought, crude), lots(202, "G X", fuel_sold, fuel));
        format!(
            "at 2025-01-03 | register G on=2010-05-01 industry=5162
             at 2025-05-05 | issue 100 OLD G 200000.00 goods={crude} | issue 200 G X 230000.00 goods={crude}
             at 2025-08-05 | {bought} | issue 201 G X 1300000.00 goods={crude}
             at 2025-09-10 | {sold} | at 2025-09-20"
        )
    };
    assert_eq!(last(&trade(1_500_000, 510_000), "goods_switch"), ["G 2025-09 280 Open"]);
    assert!(last(&trade(1_200_000, 510_000), "goods_switch").is_empty(), "it bought elsewhere, without an invoice");
    assert!(last(&trade(1_900_000, 350_000), "goods_switch").is_empty(), "a fifth of its trade at least");
}

/// A shop whose people take no invoice, and that invoices to firms in September and October, with its returns.
fn shop(declared: u32) -> String {
    let usual = |month: u32| -> String {
        let next = month + 1;
        format!(
            "at 2025-0{month}-05 | issue 1{month} OLD H 400000.00 | at 2025-0{month}-15 | issue 2{month} H - 90000.00 kind=ordinary
             at 2025-0{next}-03 | declare H 2025-0{month} sales=900000.00 output=117000.00 payable=65000.00\n"
        )
    };
    let usual: String = (1..=8).map(usual).collect();
    let firms = |month: u32| {
        let next = month + 1;
        format!(
            "at 2025-{month:02}-05 | issue 3{month} OLD H 400000.00
             at 2025-{month:02}-10 | issue 4{month} H X1 250000.00 | issue 5{month} H X2 250000.00
             at 2025-{next}-08 | declare H 2025-{month:02} sales={declared}.00 output=117000.00 payable=65000.00\n"
        )
    };
    format!("at 2025-01-03 | register H on=2010-05-01 industry=5211\n{usual}{}{}", firms(9), firms(10))
}

#[test]
fn a_shop_whose_sales_do_not_rise_by_what_it_invoices_to_firms_issues_what_people_bought() {
    assert_eq!(last(&shop(950_000), "surplus_invoice"), ["H 2025-09 280 Open", "H 2025-10 550 Open"]);
    assert_eq!(last(&shop(1_400_000), "surplus_invoice"), ["H 2025-09 280 Open"], "it has won customers");
    let corrected = format!("{} at 2025-11-20 | declare H 2025-10 sales=1600000.00 output=208000.00", shop(950_000));
    assert_eq!(last(&corrected, "surplus_invoice"), ["H 2025-09 280 Open", "H 2025-10 550 Withdrawn"]);
}

#[test]
fn a_trader_with_some_input_is_a_reminder_until_its_return_is_known() {
    let trader = "at 2025-05-02 | register N on=2025-04-20 industry=5164
         at 2025-05-08 | issue 7 OLD N 500000.00
         at 2025-05-10 | issue 1 N B 800000.00 | issue 2 N C 700000.00";
    assert_eq!(last(trader, "source_burst"), ["N 2025-05 450 Open"]);
    assert!(last(trader, "false_deduction").is_empty(), "a reminder accuses nobody");
    let nothing = format!("{trader}\nat 2025-06-10 | declare N 2025-05 sales=0 output=0 payable=0");
    assert_eq!(last(&nothing, "source_burst"), ["N 2025-05 600 Open"]);
    let late = format!("{trader}\nat 2025-05-20 | issue 8 OLD N 900000.00");
    assert_eq!(last(&late, "source_burst"), ["N 2025-05 450 Withdrawn"], "its purchase invoice was late");
}
