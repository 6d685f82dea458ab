//! What speaks for a firm: returns that own up to the tax, trades that need no input, suppliers that are real though they
//! deduct false invoices, and a past in which the same was usual. Each beside the fraud that lacks it.

use super::World;
use super::probe::*;
use crate::model::{About, Output, SignalStatus};

/// A journal that begins with the year, and firms that are older than it.
const BEGIN: &str = "
    at 2025-01-02 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
";

/// What stands of a typology at the end, by whom it is about and what, with its score.
fn standing(script: &str, typology: &str) -> Vec<String> {
    let mut last = std::collections::BTreeMap::new();
    let world: World = world(&format!("{BEGIN}{script}"));
    for said in world.said() {
        if let Output::Signal(signal) = &said.output
            && *signal.typology == *typology
        {
            last.insert(signal.signal_id, signal.clone());
        }
    }
    let open = last.into_values().filter(|signal| signal.status == SignalStatus::Open);
    let about = |about: &About| match about {
        About::Period(period) => period.to_string(),
        About::Origin(origin) => origin.to_string(),
        About::Invoice { invoice_no, .. } => invoice_no.to_string(),
        About::Party(party) => party.to_string(),
    };
    let mut lines: Vec<String> =
        open.map(|signal| format!("{} {} {}", signal.taxpayer_id, about(&signal.about), signal.score)).collect();
    lines.sort_unstable();
    lines
}

/// A new trader that sells 1,500,000 yuan in May and has bought nothing.
const NEW_TRADER: &str = "
    at 2025-05-02 | register N on=2025-04-20 industry=5164
    at 2025-05-10 | issue 1 N B 800000.00 | issue 2 N C 700000.00
";

#[test]
fn who_owns_up_to_the_tax_it_issued_without_input_is_no_source() {
    assert_eq!(standing(NEW_TRADER, "source_burst"), ["N 2025-05 600"]);
    let owned = format!("{NEW_TRADER} at 2025-06-10 | declare N 2025-05 sales=1500000 output=195000 payable=195000");
    assert!(standing(&owned, "source_burst").is_empty(), "it pays for what it could not deduct");
    let offset =
        format!("{NEW_TRADER} at 2025-06-10 | declare N 2025-05 sales=1500000 output=195000 input=190000 payable=5000");
    assert_eq!(standing(&offset, "source_burst"), ["N 2025-05 600"], "input that nobody issued owns up to nothing");
    let gone = format!("{owned} at 2025-07-01 | status N missing | at 2025-07-02 | issue 901 OLD OLD2 1.00");
    assert_eq!(standing(&gone, "source_burst"), ["N 2025-05 800"], "who has gone will not pay");
}

#[test]
fn a_mine_and_a_software_house_need_no_input_and_are_found_where_they_do_not_own_up() {
    for industry in ["0610", "6513"] {
        let works = NEW_TRADER.replace("industry=5164", &format!("industry={industry}"));
        assert!(standing(&works, "source_burst").is_empty(), "{industry}");
        let nothing = format!("{works} at 2025-06-10 | declare N 2025-05 sales=0 output=0 payable=0");
        assert_eq!(standing(&nothing, "source_burst"), ["N 2025-05 600"], "{industry}");
    }
    let goods =
        NEW_TRADER.replace("industry=5164", "industry=6513").replace("00.00", "00.00 goods=1080207010000000000");
    assert_eq!(standing(&goods, "source_burst"), ["N 2025-05 600"], "work has no steel to sell");
}

#[test]
fn an_old_firm_that_issues_many_times_as_much_without_input_is_a_source_and_one_that_always_had_none_is_not() {
    let past = |bought: bool| -> String {
        let month = |month: u32| {
            let purchase = if bought { format!("issue 3{month} OLD O 9000.00 |") } else { String::new() };
            format!("at 2025-0{month}-08 | {purchase} issue 4{month} O B 10000.00\n")
        };
        let months: String = (1..=6).map(month).collect();
        format!("at 2025-01-03 | register O on=2012-01-01 industry=5164\n{months}")
    };
    let surge = "at 2025-07-10 | issue 71 O B 600000.00 | issue 72 O C 500000.00";
    let told = format!("{}{surge}", past(true));
    assert_eq!(standing(&told, "source_burst"), ["O 2025-07 450"], "its purchase invoices may be late");
    let hidden =
        format!("{told} | at 2025-08-10 | declare O 2025-07 sales=1100000 output=143000 input=140000 payable=3000");
    assert_eq!(standing(&hidden, "source_burst"), ["O 2025-07 600"]);
    assert!(standing(&format!("{}{surge}", past(false)), "source_burst").is_empty());
}

/// A trader that is not new and sells slowly, month by month, what it never bought, to a buyer that knew it all along; its
/// returns say so much of that.
fn slow(bought: u32, output: u32) -> String {
    let month = |month: u32| {
        let last = month - 1;
        format!(
            "at 2025-0{month}-08 | issue 3{month} OLD O {bought}.00 | issue 4{month} O B 250000.00
             deduct 4{month} B 2025-0{month} from=O
             declare O 2025-0{last} sales=250000 output={output} payable={output}\n"
        )
    };
    let months: String = (2..=6).map(month).collect();
    format!("at 2025-01-03 | register O on=2012-01-01 industry=5164 | issue 40 O B 9000.00\n{months}")
}

#[test]
fn who_sells_slowly_what_it_never_bought_and_denies_it_is_a_source_and_its_old_buyers_have_false_input() {
    assert_eq!(standing(&slow(10_000, 3_000), "source_burst"), ["O 2025-06 600"]);
    let buyer = standing(&slow(10_000, 3_000), "false_deduction");
    assert!(buyer.first().is_some_and(|found| found.starts_with("B O ")), "{buyer:?}");
    assert!(standing(&slow(10_000, 32_500), "source_burst").is_empty(), "it pays for what it never bought");
    assert!(standing(&slow(200_000, 3_000), "source_burst").is_empty(), "it hides sales, of goods that it bought");
    let software = slow(10_000, 3_000).replace("industry=5164", "industry=6510");
    assert!(standing(&software, "source_burst").is_empty(), "it sells work, and has no input by its nature");
}

/// A source, a real trader of long standing that takes its invoices and trades all the same, and two buyers of that: one who
/// always bought there, one who was never seen before and takes what the source sold.
fn chain(buyer: &str) -> String {
    let steady = |month: u32| {
        format!(
            "at 2025-{month:02}-05 | issue 5{month} OLD T 900000.00 | issue 6{month} OLD {buyer} 500000.00
             at 2025-{month:02}-20 | issue 7{month} T STEADY 800000.00\n"
        )
    };
    let months: String = (1..=5).map(steady).collect();
    format!(
        "at 2025-01-03 | register T on=2009-01-01 industry=5164 | register STEADY on=2008-01-01 industry=3311
         at 2025-01-03 | register LATE on=2008-01-01 industry=3311
         {months}
         at 2025-05-25 | register S on=2025-05-01 industry=5164
         at 2025-06-02 | issue 1 S T 1500000.00
         at 2025-06-03 | issue 8 OLD T 900000.00
         at 2025-06-10 | issue 2 T {buyer} 1500000.00 | issue 3 T STEADY 800000.00
         at 2025-07-05 | deduct 1 T 2025-06 | deduct 2 {buyer} 2025-06 | deduct 3 STEADY 2025-06"
    )
}

#[test]
fn who_first_bought_when_the_value_came_is_a_beneficiary_and_a_steady_customer_is_reminded() {
    let found = standing(&chain("LATE"), "false_deduction");
    let score = |of: &str| -> Vec<u32> {
        let of = found.iter().filter(|line| line.starts_with(&format!("{of} ")));
        of.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
    };
    assert!(score("LATE").iter().all(|score| *score >= 500) && score("LATE").len() == 1, "{found:?}");
    assert!(score("T").iter().all(|score| *score >= 500) && score("T").len() == 1, "{found:?}");
    assert!(score("STEADY").iter().all(|score| *score <= 250), "{found:?}");
}

#[test]
fn of_a_seller_first_met_with_the_value_all_counts_though_real_purchases_blend_into_it() {
    let blended = chain("LATE").replace("issue 1 S T 1500000.00", "issue 1 S T 700000.00");
    let little = blended.replace("issue 2 T LATE 1500000.00", "issue 2 T LATE 900000.00");
    let most = |script: &str| -> u32 {
        let found = standing(script, "false_deduction");
        let of_late = found.iter().filter(|line| line.starts_with("LATE "));
        of_late.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).max().unwrap_or(0)
    };
    assert!(most(&little) > 550, "39,000 yuan of 117,000 are the source's: {}", most(&little));
    let thin = little.replace("issue 1 S T 700000.00", "issue 1 S T 400000.00");
    assert!(most(&thin) <= 250, "{}", most(&thin));
}

#[test]
fn what_was_taken_is_told_before_it_is_deducted() {
    let direct = format!("{NEW_TRADER} at 2025-05-12 | receive 1 B from=N");
    assert_eq!(standing(&direct, "false_deduction"), ["B N 520", "C N 520"]);
    let deducted = format!("{NEW_TRADER} at 2025-06-05 | deduct 1 B 2025-05");
    assert_eq!(standing(&deducted, "false_deduction"), ["B N 604", "C N 520"]);
}

#[test]
fn a_real_trader_that_sold_on_what_a_source_had_sold_it_is_seen_to_pass_it_through() {
    let found = standing(&chain("LATE"), "pass_through");
    assert_eq!(found, ["T S 600"]);
    let kept = chain("LATE").replace("issue 2 T LATE 1500000.00 |", "").replace("| deduct 2 LATE 2025-06", "");
    assert!(standing(&kept, "pass_through").is_empty(), "it kept what it bought");
}

#[test]
fn a_little_left_out_of_return_after_return_is_left_out_on_purpose() {
    let returns = |short: u32, months: u32| -> String {
        let month = |month: u32| {
            let next = month + 1;
            let output = 130_000 - short;
            format!(
                "at 2025-0{month}-08 | issue 4{month} F B 1000000.00
                 at 2025-0{next}-12 | declare F 2025-0{month} sales=950000 output={output} payable={output}\n"
            )
        };
        let months: String = (3..3 + months).map(month).collect();
        format!("at 2025-01-03 | register F on=2012-01-01 industry=3311\n{months}")
    };
    assert!(standing(&returns(7_000, 2), "declared_mismatch").is_empty());
    assert_eq!(standing(&returns(7_000, 3), "declared_mismatch"), ["F 2025-05 550"]);
    assert!(standing(&returns(5_000, 4), "declared_mismatch").is_empty(), "under a twentieth");
}

#[test]
fn goods_that_a_trader_has_long_sold_without_buying_them_are_its_trade_and_no_switch() {
    let (crude, fuel) = ("1020201000000000000", "1070101010000000000");
    let trade = |bought: u32| {
        let (bought, sold) = (lots(101, "OLD G", bought, crude), lots(201, "G X", 510_000, fuel));
        format!(
            "at 2025-01-03 | register G on=2010-05-01 industry=5162
             at 2025-08-05 | {bought}
             at 2025-09-10 | {sold} | at 2025-09-20"
        )
    };
    let switch = trade(500_000);
    assert_eq!(standing(&switch, "goods_switch"), ["G 2025-09 280"]);
    let sold = |on: &str| {
        let sold = format!("at {on} | issue 200 G X 9000.00 goods={fuel}\nat 2025-11-05 | issue 101");
        let later = switch.replace("2025-09", "2025-12");
        later.replace("at 2025-08-05 | issue 101", &sold)
    };
    assert!(standing(&sold("2025-05-03"), "goods_switch").is_empty());
    // In the journal's first months it may be from stock; but not where as much of something else came in, and never went out.
    let soon = |bought: u32| {
        trade(bought).replace("industry=5162", &format!("industry=5162 | issue 200 G X 9000.00 goods={fuel}"))
    };
    assert_eq!(standing(&soon(500_000), "goods_switch"), ["G 2025-09 280"]);
    assert!(standing(&soon(900_000), "goods_switch").is_empty());
    let small = switch.replace("industry=5162", "industry=5162 kind=small_scale");
    assert!(standing(&small, "goods_switch").is_empty(), "its buyers have next to nothing to deduct");
}
