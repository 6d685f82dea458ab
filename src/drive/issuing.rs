//! How a firm issues: typologies of the issuer, each with the trade that shows it, the honest trade that looks like it, and
//! what takes it back.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::model::{Entity, Output, SignalStatus};
use crate::state::{CaseHead, Key, RowType, Rows};

/// A journal that begins with the year, and a supplier that is older than it.
const BEGIN: &str = "
    at 2025-01-02 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
";

/// What of a typology was found and withdrawn, a line each, without its later versions.
fn told(script: &str, typology: &str) -> String {
    let mut lines = String::new();
    for said in world(&format!("{BEGIN}{script}")).said() {
        let Output::Signal(signal) = &said.output else { continue };
        if *signal.typology != *typology {
            continue;
        }
        let line = match signal.status {
            SignalStatus::Open if signal.version == 1 => format!("found {}", signal.taxpayer_id),
            SignalStatus::Open => continue,
            SignalStatus::Withdrawn => format!("withdrawn {}", signal.taxpayer_id),
        };
        let about =
            if let crate::model::About::Period(period) = signal.about { period.to_string() } else { String::new() };
        writeln!(lines, "{line} {about} {}", signal.score).unwrap();
    }
    lines
}

/// A shell that was silent since the journal began, and longer, and then changed hands.
const SHELL: &str = "
    at 2025-01-03 | register S on=2015-05-01 rep=P1 | quota S 200000.00 25
    at 2025-08-20 | change S rep=P2
    at 2025-09-02 | issue 1 S W 150000.00 | issue 2 S W 150000.00 | issue 3 S X 150000.00
";

#[test]
fn a_silent_firm_that_changes_hands_and_issues_what_it_never_bought_is_a_revived_shell() {
    assert_eq!(told(SHELL, "dormant_revival"), "found S 2025-09 700\n");
    assert_eq!(told(SHELL, "source_burst"), "", "the same is not said twice");
    // Nor did it have stock from before the journal, as a firm may that trades.
    let early = SHELL.replace("2025-08-20", "2025-02-20").replace("2025-09-02", "2025-03-02");
    assert_eq!(told(&early, "dormant_revival"), "found S 2025-03 700\n");
}

#[test]
fn what_an_importer_sells_customs_have_seen_come() {
    let began = "at 2025-06-02 | register I on=2025-05-20 rep=P1\n at 2025-06-10 | issue 1 I W 500000.00 | issue 2 I X 500000.00";
    let imported = "at 2025-07-05 | observe I 2025-06 customs/import_value 100000000";
    assert_eq!(told(began, "source_burst"), "found I 2025-06 600\n");
    let said = told(&format!("{began}\n {imported}"), "source_burst");
    assert_eq!(said, "found I 2025-06 600\nwithdrawn I 2025-06 600\n");
    // Nor is the next month a burst, of which they have not told yet; but they will.
    let next = "at 2025-07-08 | issue 3 I W 1000000.00 | issue 4 I X 1000000.00";
    assert_eq!(told(&format!("{began}\n {imported}\n {next}"), "source_burst"), said);
    let passed = "at 2025-09-25 | issue 901 OLD OLD2 1.00";
    let later = told(&format!("{began}\n {imported}\n {next}\n {passed}"), "source_burst");
    assert!(later.contains("found I 2025-07"), "{later}");
}

#[test]
fn a_revived_shell_that_goes_missing_weighs_more_and_one_that_takes_its_invoices_back_is_none() {
    let missing = format!("{SHELL} at 2025-10-20 | status S missing | at 2025-10-21 | issue 901 OLD OLD2 1.00");
    let world = world(&format!("{BEGIN}{missing}"));
    let last = world.said().iter().rev().find_map(|said| match &said.output {
        Output::Signal(signal) if *signal.typology == *"dormant_revival" => Some(signal.score),
        Output::Signal(_) | Output::Case(_) | Output::Task(_) | Output::DeadLetter(_) | Output::Doubt(_) => None,
    });
    assert_eq!(last, Some(850));
    let voided = format!("{SHELL} at 2025-09-20 | void 1 S | void 2 S");
    assert_eq!(told(&voided, "dormant_revival"), "found S 2025-09 700\nwithdrawn S 2025-09 700\n");
    let bought = format!("{SHELL} at 2025-09-20 | issue 50 OLD S 450000.00");
    assert_eq!(told(&bought, "dormant_revival"), "found S 2025-09 700\nwithdrawn S 2025-09 700\n");
}

#[test]
fn a_seasonal_seller_and_a_firm_that_takes_up_real_trade_are_no_revived_shells() {
    let seasonal = SHELL.replace("change S rep=P2", "issue 40 OLD S 500000.00");
    assert_eq!(told(&seasonal, "dormant_revival"), "");
    let stayed = SHELL.replace("at 2025-08-20 | change S rep=P2", "");
    assert_eq!(told(&stayed, "dormant_revival"), "", "its representative stayed");
    let traded = SHELL.replace("at 2025-09-02", "at 2025-09-01 | issue 40 OLD S 400000.00 | at 2025-09-02");
    assert_eq!(told(&traded, "dormant_revival"), "");
    let steady = SHELL.replace("at 2025-08-20", "at 2025-06-02 | issue 41 S X 90000.00 | at 2025-08-20");
    assert_eq!(told(&steady, "dormant_revival"), "", "it was not silent for long");
}

#[test]
fn silence_that_a_late_invoice_breaks_was_none() {
    let late = format!("{SHELL} at 2025-07-02 | issue 41 S X 90000.00 | at 2025-09-20 | issue 901 OLD OLD2 1.00");
    assert_eq!(told(&late, "dormant_revival"), "found S 2025-09 700\nwithdrawn S 2025-09 700\n");
}

/// What opened each case.
fn cases(script: &str) -> Vec<(String, String, bool)> {
    let mut world = world(&format!("{BEGIN}{script}"));
    let rows: Vec<_> = world.rows().iter().filter_map(|(_, row)| CaseHead::peek(row).cloned()).collect();
    rows.into_iter().map(|head| (head.origin.to_string(), head.typology.to_string(), head.standing)).collect()
}

#[test]
fn a_source_stands_accused_once_and_its_case_is_that_of_what_accused_it_first() {
    assert_eq!(cases(SHELL), [("S".into(), "dormant_revival".into(), true)]);
    // Later it is no revival any more, but it issues as before.
    let mut longer = SHELL.to_owned();
    for (no, month) in (10..).zip(["2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]) {
        writeln!(longer, "at {month}-02 | issue {no} S X 20000.00").unwrap();
    }
    longer += "at 2026-04-02 | issue 5 S W 900000.00 | at 2026-04-20 | issue 901 OLD OLD2 1.00";
    assert_eq!(cases(&longer), [("S".into(), "dormant_revival".into(), true)]);
    assert!(told(&longer, "source_burst").contains("found S 2026-04"), "{}", told(&longer, "source_burst"));
    let mut world = world(&format!("{BEGIN}{longer}"));
    let case = CaseHead::id("dormant_revival", id("S"), 1);
    let of_case = |said: &&Said| matches!(&said.output, Output::Signal(signal) if signal.case_id == Some(case));
    let accusing: std::collections::BTreeSet<_> = world
        .said()
        .iter()
        .filter(of_case)
        .filter_map(|said| if let Output::Signal(signal) = &said.output { Some(signal.typology.clone()) } else { None })
        .collect();
    assert!(accusing.contains("dormant_revival") && accusing.contains("source_burst"), "{accusing:?}");
    assert!(world.rows().get(&Entity::case(case), &Key::CaseHead).is_some());
}

#[test]
fn a_case_is_lifted_with_the_last_finding_that_accused() {
    let voided = format!("{SHELL} at 2025-09-20 | void 1 S | void 2 S | at 2025-09-21 | issue 901 OLD OLD2 1.00");
    assert_eq!(cases(&voided), [("S".into(), "dormant_revival".into(), false)]);
}

/// What stands of a typology at the end: whom it is about, of which month, with which score.
fn standing(script: &str, typology: &str) -> Vec<String> {
    let mut world = world(&format!("{BEGIN}{script}"));
    let open = world.rows().iter().filter_map(|(_, row)| crate::state::SignalRow::peek(row).map(|row| row.0.clone()));
    let open = open.filter(|signal| signal.status == SignalStatus::Open && *signal.typology == *typology);
    open.map(|signal| {
        let about =
            if let crate::model::About::Period(period) = signal.about { period.to_string() } else { String::new() };
        assert!(signal.score < 500 || signal.evidence.len() > 1, "one indicator is not enough: {signal:?}");
        assert!(
            !signal.text_zh.contains("  ") && !signal.text_en.contains("  "),
            "{} {}",
            signal.text_zh,
            signal.text_en
        );
        format!("{} {about} {}", signal.taxpayer_id, signal.score)
    })
    .collect()
}

/// The same lines in each month from April, when the journal's first months are over, to August. `{m}` is the month, `{n}` a
/// number of its own.
fn monthly(lines: &str) -> String {
    let months =
        (4..=8).map(|month| lines.replace("{m}", &format!("2025-{month:02}")).replace("{n}", &month.to_string()));
    months.collect()
}

/// So many invoices of an hour each, from this number on.
fn invoices(first: u32, count: u32, day: &str, text: &str) -> String {
    let mut lines = String::new();
    for at in 0..count {
        let (no, buyer) = (first + at, format!("B{}", at % 4));
        writeln!(lines, "at {day}T{:02}:00 | issue {no} {}", 6 + at, text.replace("{b}", &buyer)).unwrap();
    }
    lines
}

/// A trader that has bought and sold for months, and in September sells many times as much.
fn surge(papers: &str, bought: &str) -> String {
    let usual = monthly("at {m}-05 | issue 1{n}1 OLD Q 100000.00 | at {m}-15 | issue 2{n}1 Q X 110000.00\n");
    format!(
        "at 2025-01-03 | register Q on=2010-05-01 rep=P1 | quota Q 100000.00 25
         {usual} at 2025-09-01 | {papers} {bought}
         at 2025-09-10 | issue 301 Q X 300000.00 | issue 302 Q X 300000.00 | issue 303 Q Y 300000.00
         at 2025-09-20"
    )
}

const RAISED: &str = "quota Q 1000000.00 25";

#[test]
fn a_raised_quota_that_is_used_up_with_what_was_never_bought_is_a_surge() {
    assert_eq!(standing(&surge(RAISED, ""), "quota_surge"), ["Q 2025-09 550"]);
    let again = surge("quota Q 300000.00 25 | quota Q 1000000.00 25", "");
    assert_eq!(standing(&again, "quota_surge"), ["Q 2025-09 650"]);
    let late = surge("issue 902 OLD OLD2 1.00", "") + " at 2025-09-02 | quota Q 1000000.00 25";
    assert_eq!(standing(&late, "quota_surge"), ["Q 2025-09 550"], "the paper comes after the trade");
    let voided = surge(RAISED, "") + " | void 302 Q | void 303 Q";
    assert_eq!(told(&voided, "quota_surge"), "found Q 2025-09 550\nwithdrawn Q 2025-09 550\n");
}

#[test]
fn growth_with_purchases_and_growth_of_who_never_needed_any_are_no_surge() {
    assert_eq!(told(&surge(RAISED, "| issue 50 OLD Q 900000.00"), "quota_surge"), "");
    assert_eq!(told(&surge("issue 902 OLD OLD2 1.00", ""), "quota_surge"), "", "its quota was not raised");
    let services = surge(RAISED, "").replace("OLD Q 100000.00", "OLD Q 1000.00");
    assert_eq!(told(&services, "quota_surge"), "", "no less is bought than before");
}

/// A trader that sells below its cap for months, and in September at it.
fn at_cap(usual: &str, bought: &str) -> String {
    let usual = monthly(&format!(
        "at {{m}}-05 | issue 1{{n}}1 OLD C 100000.00 | at {{m}}-15
         issue 2{{n}}1 C X {usual} | issue 2{{n}}2 C X {usual} | issue 2{{n}}3 C X {usual}\n"
    ));
    let september = invoices(300, 12, "2025-09-10", "C {b} 98000.00");
    format!(
        "at 2025-01-03 | register C on=2010-05-01 rep=P1 | quota C 100000.00 100
         {usual} at 2025-09-01 | issue 903 OLD OLD2 1.00 {bought}
         {september} at 2025-09-20"
    )
}

#[test]
fn invoices_at_the_cap_with_nothing_behind_them_are_found_and_those_of_real_trade_are_not() {
    let script = at_cap("34000.00", "");
    assert_eq!(standing(&script, "cap_issuing"), ["C 2025-09 550"]);
    assert_eq!(
        told(&(script + "| void 300 C | void 301 C | void 302 C"), "cap_issuing"),
        "found C 2025-09 550\nwithdrawn C 2025-09 550\n"
    );
    assert_eq!(told(&at_cap("34000.00", "| issue 50 OLD C 1200000.00"), "cap_issuing"), "", "it bought what it sold");
    assert_eq!(told(&at_cap("95000.00", ""), "cap_issuing"), "", "its invoices were at the cap before");
}

#[test]
fn a_new_trader_at_the_cap_with_both_ends_outside_is_found() {
    // Shanxi, between Shaanxi and Shandong.
    let (own, supplier, buyer) = ("91140100MA0GN0010X", "91610100MA6TX0020Y", "91370100MA3FK0030Z");
    let trade = |buyer: &str| {
        let sold = invoices(300, 12, "2025-09-10", &format!("{own} {buyer} 98000.00"));
        format!(
            "at 2025-08-20 | register {own} on=2025-08-18 region=140100 | quota {own} 100000.00 100
             at 2025-09-01 | issue 50 {supplier} {own} 1160000.00
             {sold} at 2025-09-20"
        )
    };
    assert_eq!(standing(&trade(buyer), "cap_issuing"), [format!("{own} 2025-09 280")]);
    assert_eq!(told(&trade("91140100MA0GN0040Y"), "cap_issuing"), "", "its buyers are next door");
    let elsewhere = trade(buyer).replace("region=140100", "region=370100");
    assert_eq!(told(&elsewhere, "cap_issuing"), "", "ids tell nothing of where firms are");
}

const SOLD: &str = "
    at 2025-09-02 | issue 1 V B 100000.00 | issue 2 V B 100000.00 | issue 3 V B 100000.00
    at 2025-09-10 | deduct 1 B 2025-09 from=V | deduct 2 B 2025-09
";

#[test]
fn voids_of_what_the_buyer_had_deducted_are_the_issuers_until_the_buyer_reverses() {
    let voided = format!("{SOLD} at 2025-09-20 | void 1 V | void 2 V");
    assert_eq!(standing(&voided, "void_abuse"), ["V 2025-09 650"]);
    let reversed = format!("{voided} | at 2025-09-25 | reverse 2 B 2025-09");
    assert_eq!(told(&reversed, "void_abuse"), "found V 2025-09 650\nwithdrawn V 2025-09 650\n");
    // In whatever order it becomes known.
    let late = "
        at 2025-09-20 | void 1 V | void 2 V
        at 2025-09-02 | issue 1 V B 100000.00 | issue 2 V B 100000.00 | issue 3 V B 100000.00
        at 2025-09-10 | deduct 1 B 2025-09 from=V | deduct 2 B 2025-09";
    assert_eq!(standing(late, "void_abuse"), ["V 2025-09 650"]);
}

#[test]
fn mistakes_that_are_voided_at_once_and_deductions_after_the_void_are_not_the_issuers() {
    let at_once = SOLD.replace("at 2025-09-10 |", "void 1 V | void 2 V | at 2025-09-10 |");
    assert_eq!(told(&at_once, "void_abuse"), "");
    assert_eq!(standing(&at_once, "deduct_after_void").len(), 2);
}

/// A firm that voids so many of twelve invoices a month, and nine in September.
fn voiding(usual: u32) -> String {
    let mut script = String::from("at 2025-01-03 | register V on=2010-05-01 rep=P1\n");
    for (month, voids) in [(4, usual), (5, usual), (6, usual), (7, usual), (8, usual), (9, 9)] {
        script += &invoices(1_000 * month, 12, &format!("2025-{month:02}-10"), "V {b} 50000.00");
        for at in 0..voids {
            writeln!(script, "at 2025-{month:02}-10T{:02}:30 | void {} V", 6 + at, 1_000 * month + at).unwrap();
        }
    }
    script + "at 2025-09-20 | issue 905 OLD OLD2 1.00"
}

#[test]
fn a_month_that_is_mostly_voided_is_found_where_that_is_not_usual() {
    assert_eq!(standing(&voiding(1), "void_abuse"), ["V 2025-09 280"]);
    assert_eq!(told(&voiding(8), "void_abuse"), "", "it voids as many every month");
}

const RETURNED: &str = "
    at 2025-09-02 | issue 1 R B 100000.00 | issue 2 R B 100000.00 | issue 3 R B 100000.00 | issue 4 R B 100000.00
    at 2025-10-05 | deduct 1 B 2025-09 from=R | deduct 2 B 2025-09 from=R | deduct 3 B 2025-09
    at 2025-10-20
";
const REDS: &str = "issue 11 R B -100000.00 red=1 | issue 12 R B -100000.00 red=2 | issue 13 R B -100000.00 red=3";

#[test]
fn red_letters_of_what_the_buyer_had_deducted_are_found_until_it_transfers_the_tax_out() {
    let red = format!("{RETURNED} {REDS}");
    assert_eq!(standing(&red, "red_abuse"), ["R 2025-09 600"]);
    let reversed = format!("{red} | at 2025-11-05 | reverse 3 B 2025-10 | at 2025-11-06 | issue 906 OLD OLD2 1.00");
    assert_eq!(told(&reversed, "red_abuse"), "found R 2025-09 600\nwithdrawn R 2025-09 600\n");
    let voided = format!("{red} | at 2025-10-25 | void 13 R");
    assert_eq!(told(&voided, "red_abuse"), "found R 2025-09 600\nwithdrawn R 2025-09 600\n");
    let late = format!(
        "{} at 2025-10-20 | {REDS} {}",
        &RETURNED[..RETURNED.find("at 2025-10-05").unwrap()],
        "
        at 2025-10-05 | deduct 1 B 2025-09 from=R | deduct 2 B 2025-09 from=R | deduct 3 B 2025-09"
    );
    assert_eq!(standing(&late, "red_abuse"), ["R 2025-09 600"], "what is deducted is known later");
}

#[test]
fn returns_within_the_month_and_returns_that_the_buyer_transferred_out_are_honest() {
    let within = RETURNED.replace("at 2025-10-05", &format!("at 2025-09-20 | {REDS} | at 2025-10-05"));
    assert_eq!(told(&within, "red_abuse"), "");
    let lawful = format!(
        "{RETURNED} reverse 1 B 2025-10 from=R | reverse 2 B 2025-10 from=R | reverse 3 B 2025-10 | at 2025-10-21 | {REDS}"
    );
    assert_eq!(told(&lawful, "red_abuse"), "");
    let partial = RETURNED.to_owned() + &REDS.replace("-100000.00", "-5000.00");
    assert_eq!(told(&partial, "red_abuse"), "", "little of it came back");
}

#[test]
fn much_that_is_red_lettered_in_later_months_is_found_where_that_is_not_usual() {
    let mut script = String::from("at 2025-01-03 | register R on=2010-05-01 rep=P1 | ");
    script += &monthly("at {m}-10 | issue 1{n}1 R B 300000.00 | ");
    script += &invoices(300, 8, "2025-09-10", "R {b} 100000.00");
    let reds = |day: &str| -> String {
        (0..6).fold(format!("at {day}"), |text, at| {
            text + &format!(" | issue {} R B{} -100000.00 red={}", 400 + at, at % 4, 300 + at)
        })
    };
    assert_eq!(standing(&(script.clone() + &reds("2025-10-10")), "red_abuse"), ["R 2025-09 280"]);
    assert_eq!(told(&(script + &reds("2025-09-20")), "red_abuse"), "");
}

/// A shop that sells to people, and in September to firms.
fn shop(papers: &str, bought: &str) -> String {
    let usual =
        monthly("at {m}-05 | issue 1{n}1 OLD H 300000.00 | at {m}-15 | issue 2{n}1 H - 250000.00 kind=ordinary\n");
    format!(
        "at 2025-01-03 | {papers}
         {usual} at 2025-09-05 | issue 191 OLD H {bought}
         at 2025-09-10 | issue 301 H X1 200000.00 | issue 302 H X2 200000.00 | issue 303 H X3 200000.00 | at 2025-09-20"
    )
}

#[test]
fn a_shop_that_invoices_to_firms_what_people_bought_is_found() {
    let papers = "register H on=2010-05-01 industry=5211";
    assert_eq!(standing(&shop(papers, "300000.00"), "surplus_invoice"), ["H 2025-09 280"]);
    let wholesaler = shop("register H on=2010-05-01 industry=5179", "300000.00");
    assert_eq!(standing(&wholesaler, "surplus_invoice"), ["H 2025-09 280"], "it has sold to people");
    let voided = shop(papers, "300000.00") + " | void 302 H | void 303 H";
    assert_eq!(told(&voided, "surplus_invoice"), "found H 2025-09 280\nwithdrawn H 2025-09 280\n");
}

#[test]
fn a_shop_that_buys_for_a_new_customer_or_sells_to_old_ones_is_honest() {
    let papers = "register H on=2010-05-01 industry=5211";
    assert_eq!(told(&shop(papers, "1000000.00"), "surplus_invoice"), "");
    let known = shop(papers, "300000.00").replace(
        "at 2025-09-05",
        "at 2025-08-20 | issue 297 H X1 100.00 | issue 298 H X2 100.00 | issue 299 H X3 100.00 | at 2025-09-05",
    );
    assert_eq!(told(&known, "surplus_invoice"), "");
    let no_shop = shop("register H on=2010-05-01 industry=5179", "300000.00")
        .replace("H - 250000.00 kind=ordinary", "H X1 250000.00");
    assert_eq!(told(&no_shop, "surplus_invoice"), "", "it is none");
}

const CRUDE: &str = "1020201000000000000";
const FUEL: &str = "1070101010000000000";
const FREIGHT: &str = "3010102010000000000";

/// A firm that buys some goods and sells others.
fn switch(industry: &str, bought: &str, sold: &str) -> String {
    let (bought, sold) = (lots(101, "OLD G", 500_000, bought), lots(201, "G X", 510_000, sold));
    format!(
        "at 2025-01-03 | register G on=2010-05-01 industry={industry}
         at 2025-08-05 | {bought}
         at 2025-09-10 | {sold} | at 2025-09-20"
    )
}

#[test]
fn a_trader_that_buys_crude_oil_and_sells_fuel_has_switched_its_goods() {
    let switched = switch("5162", CRUDE, FUEL);
    assert_eq!(standing(&switched, "goods_switch"), ["G 2025-09 280"]);
    let grave = switched.replace("100000.00", "200000.00").replace("102000.00", "204000.00");
    assert_eq!(standing(&grave, "goods_switch"), ["G 2025-09 600"], "more than 100,000 yuan of tax");
    let bought = format!("{switched} | at 2025-07-05 | issue 109 OLD G 450000.00 goods={FUEL}");
    assert_eq!(told(&bought, "goods_switch"), "found G 2025-09 280\nwithdrawn G 2025-09 280\n");
    let few = switched.replace("issue 105 OLD G 100000.00", "issue 105 OLD N 100000.00");
    let few = few.replace("issue 104 OLD G 100000.00", "issue 104 OLD G 200000.00");
    assert_eq!(told(&few, "goods_switch"), "", "four purchases are no trade to compare");
    let voided = format!("{switched} | void 201 G | void 202 G");
    assert_eq!(told(&voided, "goods_switch"), "found G 2025-09 280\nwithdrawn G 2025-09 280\n");
}

#[test]
fn a_refinery_a_trader_in_one_kind_of_goods_and_one_that_pays_for_freight_have_not() {
    assert_eq!(told(&switch("2511", CRUDE, FUEL), "goods_switch"), "");
    assert_eq!(told(&switch("5162", FUEL, FUEL), "goods_switch"), "");
    assert_eq!(told(&switch("5162", FREIGHT, FUEL), "goods_switch"), "", "it has no goods behind it: a source");
}
