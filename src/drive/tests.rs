//! Findings as transcripts: what a script says, and what comes of it. Each finding has a case in which it fires and an
//! honest look-alike in which it does not.

use insta::assert_snapshot;

use super::*;
use crate::fold::Verdict as V;
use crate::model::{BasisPoints, EVENT_DOUBTS, Event, Fact, Fen, Line, Output};

pub(super) fn told(script: &str) -> String {
    drive(script).unwrap()
}

/// Only the findings and accusations: what stands at the end of tasks is told by them.
pub(super) fn found(script: &str) -> String {
    told(script)
        .lines()
        .filter(|line| line.contains("found") || line.contains("withdrawn"))
        .collect::<Vec<_>>()
        .join("\n")
}

const BURST: &str = "
    at 2026-01-01 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
    at 2026-03-01
    register S on=2026-02-20 rep=P1 | quota S 200000.00 25
    at 2026-03-02
    issue 1 S W 198000.00 | issue 2 S W 198000.00 | issue 3 S W 198000.00 | issue 4 S W 198000.00 | issue 5 S W 198000.00
    at 2026-03-10
    issue 6 S W 198000.00 | issue 7 S W 198000.00 | issue 8 S W 198000.00";

#[test]
fn a_deduction_after_a_void_is_found_and_one_before_it_is_not() {
    assert_snapshot!(told("
        issue 101 A B 9000.00 | issue 102 A B 500.00
        deduct 102 B 2026-03 from=A
        void 101 A | void 102 A
        at 2026-03-03
        deduct 101 B 2026-03 from=A
        at 2026-03-04
        reverse 101 B 2026-03 from=A
    "), @r"
    #6 found deduct_after_void B: legacy:101 of A, 1170.00 at stake, score 650
    #6 task B level 3 score 650: deduct_after_void
    #7 withdrawn deduct_after_void B: legacy:101 of A
    #7 task B withdrawn
    ");
}

#[test]
fn a_void_that_arrives_before_its_invoice_counts_all_the_same() {
    assert_snapshot!(told("
        void 101 A
        wait 1
        deduct 101 B 2026-03 from=A tax=1170.00
        issue 101 A B 9000.00
    "), @r"
    #3 found deduct_after_void B: legacy:101 of A, 1170.00 at stake, score 650
    #3 task B level 3 score 650: deduct_after_void
    ");
}

#[test]
fn a_new_firm_that_sells_what_it_never_bought_is_a_source() {
    assert_snapshot!(told(BURST), @r"
    #6 found source_burst S: 2026-03, 51480.00 at stake, score 750
    #6 task S level 4 score 750: source_burst
    #7 now source_burst S: 2026-03, 77220.00 at stake, score 750
    #7 task S level 4 score 750: source_burst
    #8 now source_burst S: 2026-03, 102960.00 at stake, score 750
    #8 task S level 4 score 750: source_burst
    #9 now source_burst S: 2026-03, 128700.00 at stake, score 750
    #9 task S level 4 score 750: source_burst
    #6 found false_deduction W: origin S, 0.00 at stake, score 520
    #6 task W level 3 score 520: false_deduction
    #10 now source_burst S: 2026-03, 154440.00 at stake, score 750
    #10 task S level 4 score 750: source_burst
    #10 now false_deduction W: origin S, 0.00 at stake, score 520
    #10 task W level 3 score 520: false_deduction
    #11 now source_burst S: 2026-03, 180180.00 at stake, score 750
    #11 task S level 4 score 750: source_burst
    #11 now false_deduction W: origin S, 0.00 at stake, score 520
    #11 task W level 3 score 520: false_deduction
    #12 now source_burst S: 2026-03, 205920.00 at stake, score 750
    #12 task S level 4 score 750: source_burst
    #12 now false_deduction W: origin S, 0.00 at stake, score 520
    #12 task W level 3 score 520: false_deduction
    #12 case of S: S Source 0 205920.00, W Associate 1 205920.00
    ");
}

#[test]
fn a_fast_growing_new_firm_with_real_input_is_none() {
    assert_snapshot!(found("
        at 2026-01-01 | register OLD on=2001-01-01 | issue 900 OLD N 1.00
        at 2026-03-01 | register N on=2026-02-20 rep=P1
        at 2026-03-02 | issue 1 OLD N 900000.00
        at 2026-03-03
        issue 11 N C1 99000.00 | issue 12 N C2 99000.00 | issue 13 N C3 99000.00 | issue 14 N C4 99000.00
        issue 15 N C5 99000.00 | issue 16 N C6 99000.00 | issue 17 N C7 99000.00 | issue 18 N C8 99000.00
    "), @"");
}

#[test]
fn a_firm_that_sells_first_and_gets_its_purchase_invoice_later_is_cleared() {
    assert_snapshot!(found(&format!("{BURST}
        at 2026-03-12
        issue 50 OLD S 1500000.00")), @r"
    #6 found source_burst S: 2026-03, 51480.00 at stake, score 750
    #6 found false_deduction W: origin S, 0.00 at stake, score 520
    #13 withdrawn source_burst S: 2026-03
    #13 task S withdrawn
    #13 withdrawn false_deduction W: origin S
    #13 task W withdrawn
    ");
}

#[test]
fn the_chain_behind_a_source_is_followed_when_the_source_is_found_last() {
    assert_snapshot!(told("
        at 2026-01-01 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
        at 2026-03-01
        register S on=2026-02-20 rep=P1 | quota S 200000.00 25 | register B on=2001-01-01
        at 2026-03-02
        issue 1 S W 198000.00 | issue 2 S W 198000.00 | issue 3 S W 198000.00 | issue 4 S W 198000.00
        at 2026-03-03
        issue 11 W B 199000.00 | issue 12 W B 199000.00 | issue 13 W B 199000.00
        at 2026-03-05
        deduct 11 B 2026-03 from=W | deduct 12 B 2026-03 from=W | deduct 1 W 2026-03 from=S | deduct 2 W 2026-03 from=S
        at 2026-03-10
        issue 5 S W 198000.00 | issue 6 S W 198000.00 | issue 7 S W 198000.00 | issue 8 S W 198000.00
        at 2026-03-20
        deduct 13 B 2026-03 from=W
        at 2026-03-21
        reverse 11 B 2026-03 from=W | reverse 12 B 2026-03 from=W | reverse 13 B 2026-03 from=W
        at 2026-03-22
        issue 901 OLD OLD2 1.00
    "), @r"
    #7 found source_burst S: 2026-03, 51480.00 at stake, score 750
    #7 task S level 4 score 750: source_burst
    #8 now source_burst S: 2026-03, 77220.00 at stake, score 750
    #8 task S level 4 score 750: source_burst
    #9 now source_burst S: 2026-03, 102960.00 at stake, score 750
    #9 task S level 4 score 750: source_burst
    #7 found false_deduction W: origin S, 0.00 at stake, score 520
    #7 task W level 3 score 520: false_deduction
    #12 found pass_through W: origin S, 0.00 at stake, score 600
    #12 task W level 3 score 808: false_deduction pass_through
    #10 found false_deduction B: origin S, 0.00 at stake, score 520
    #10 task B level 3 score 520: false_deduction
    #12 case of S: S Source 0 102960.00, W Washer 1 102960.00, B Associate 2 77610.00
    #13 now false_deduction B: origin S, 25870.00 at stake, score 520
    #13 task B level 3 score 520: false_deduction
    #14 now false_deduction B: origin S, 51740.00 at stake, score 551
    #14 task B level 3 score 551: false_deduction
    #15 now false_deduction W: origin S, 25740.00 at stake, score 520
    #15 task W level 4 score 808: false_deduction pass_through
    #16 now false_deduction W: origin S, 51480.00 at stake, score 551
    #16 task W level 4 score 820: false_deduction pass_through
    #17 now source_burst S: 2026-03, 128700.00 at stake, score 750
    #17 task S level 4 score 750: source_burst
    #17 withdrawn pass_through W: origin S
    #17 now false_deduction W: origin S, 51480.00 at stake, score 551
    #17 task W level 3 score 551: false_deduction
    #18 now source_burst S: 2026-03, 154440.00 at stake, score 750
    #18 task S level 4 score 750: source_burst
    #18 now false_deduction W: origin S, 51480.00 at stake, score 551
    #18 task W level 3 score 551: false_deduction
    #19 now source_burst S: 2026-03, 180180.00 at stake, score 750
    #19 task S level 4 score 750: source_burst
    #19 now false_deduction W: origin S, 51480.00 at stake, score 551
    #19 task W level 3 score 551: false_deduction
    #20 now source_burst S: 2026-03, 205920.00 at stake, score 750
    #20 task S level 4 score 750: source_burst
    #20 now false_deduction W: origin S, 51480.00 at stake, score 551
    #20 task W level 3 score 551: false_deduction
    #20 case of S: S Source 0 205920.00, W Beneficiary 1 205920.00, B Beneficiary 2 77610.00
    #21 now false_deduction B: origin S, 77610.00 at stake, score 572
    #21 task B level 3 score 572: false_deduction
    #22 now false_deduction B: origin S, 51740.00 at stake, score 551
    #22 task B level 3 score 551: false_deduction
    #23 now false_deduction B: origin S, 25870.00 at stake, score 520
    #23 task B level 3 score 520: false_deduction
    #24 now false_deduction B: origin S, 0.00 at stake, score 520
    #24 task B level 3 score 520: false_deduction
    #24 case of S: S Source 0 205920.00, W Beneficiary 1 205920.00, B Associate 2 77610.00
    ");
}

#[test]
fn an_accusation_that_is_lifted_is_lifted_down_the_chain() {
    assert_snapshot!(found(&format!("{BURST}
        at 2026-03-11
        deduct 1 W 2026-03 from=S | deduct 2 W 2026-03 from=S | deduct 3 W 2026-03 from=S
        at 2026-03-12
        issue 50 OLD S 1500000.00")), @r"
    #6 found source_burst S: 2026-03, 51480.00 at stake, score 750
    #6 found false_deduction W: origin S, 0.00 at stake, score 520
    #16 withdrawn source_burst S: 2026-03
    #16 task S withdrawn
    #16 withdrawn false_deduction W: origin S
    #16 task W withdrawn
    ");
}

#[test]
fn value_that_comes_back_in_the_same_goods_goes_round() {
    assert_snapshot!(found("
        register A on=2001-01-01 | register B on=2001-01-01 | register C on=2001-01-01
        issue 1 A B 400000.00 goods=1090511000000000000
        wait 2
        issue 2 B C 400000.00 goods=1090511000000000000
        wait 2
        issue 3 C A 400000.00 goods=1090511000000000000
    "), @r"
    #6 found circular A: 2026-03, 52000.00 at stake, score 280
    ");
}

#[test]
fn two_firms_that_trade_both_ways_in_different_goods_do_not() {
    assert_snapshot!(found("
        register A on=2001-01-01 | register B on=2001-01-01
        issue 1 A B 400000.00 goods=1090511000000000000
        wait 2
        issue 2 B A 400000.00 goods=1070101000000000000
    "), @"");
}

#[test]
fn a_new_firm_through_which_value_only_passes_is_found() {
    assert_snapshot!(found("
        at 2026-01-01 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
        at 2026-03-01 | register W on=2026-01-10
        at 2026-03-02 | issue 1 OLD W 500000.00
        at 2026-03-05 | issue 2 W B 502000.00
    "), @r"
    #5 found pass_through W: 2026-03, 65260.00 at stake, score 280
    ");
}

#[test]
fn a_commodity_trader_with_steady_partners_is_not() {
    assert_snapshot!(found("
        at 2026-01-01 | register OLD on=2001-01-01 | register T on=2003-01-01
        at 2026-01-02 | issue 1 OLD T 500000.00 | at 2026-01-05 | issue 2 T B 502000.00
        at 2026-02-02 | issue 3 OLD T 500000.00 | at 2026-02-05 | issue 4 T B 502000.00
        at 2026-03-02 | issue 5 OLD T 500000.00 | at 2026-03-05 | issue 6 T B 502000.00
        at 2026-04-02 | issue 7 OLD T 500000.00 | at 2026-04-05 | issue 8 T B 502000.00
    "), @"");
}

#[test]
fn the_same_again_changes_nothing_and_something_else_under_its_name_is_a_dead_letter() {
    let once = "issue 101 A B 9000.00 | deduct 101 B 2026-03 from=A | register A on=2001-01-01 | void 102 A";
    let mut world = World::new(STANDARD_RULES);
    let events = parse(once).unwrap();
    for event in events.iter().chain(&events) {
        world.feed(event.clone());
    }
    world.settle();
    let mut again = World::new(STANDARD_RULES);
    for event in events {
        again.feed(event);
    }
    again.settle();
    assert_eq!(world.rows(), again.rows());
    assert_eq!(world.verdicts()[4..], [V::Duplicate; 4]);
    assert_snapshot!(told("
        issue 101 A B 9000.00
        issue 101 A B 9001.00
        deduct 101 B 2026-03 from=A
        at 2026-03-02T09:02
        deduct 101 B 2026-03 from=A tax=1.00
        register A on=2001-01-01
        register A on=2001-01-02
        at 2026-03-02T09:10 | status A missing
        at 2026-03-02T09:10 | status A normal
        receive 101 B from=A
        receive 101 B from=A
    "), @r"
    #2 dead conflicting: this invoice_issued has the identity of the one at journal position 0@1, and other content; the first stands
    #3 doubt more_than_the_invoice B: 1170.13 of tax is claimed of invoice legacy:101, which bears 1170.00
    #4 dead conflicting: this invoice_deducted has the identity of the one at journal position 0@3, and other content; the first stands
    #6 dead conflicting: this taxpayer_registered has the identity of the one at journal position 0@5, and other content; the first stands
    #8 dead conflicting: this taxpayer_status_changed has the identity of the one at journal position 0@7, and other content; the first stands
    #10 dead conflicting: this invoice_received has the identity of the one at journal position 0@9, and other content; the first stands
    ");
}

#[test]
fn doubtful_data_is_said() {
    assert_snapshot!(told("
        issue 101 A B 0.00
        issue 102 A B -10.00
        issue 24312000000012345678 A B 10.00
        void 24312000000012345678 A
        issue 103 A B 10.00
        wait 40
        void 103 A
        issue 104 A B -10.00 red=99
        wait 31
        register 914403001922038215
    "), @r"
    #1 doubt zero_amount A: invoice legacy:101 has no amount
    #2 doubt red_without_blue A: red letter legacy:102 names no invoice that it offsets
    #4 doubt digital_invoice_voided A: invoice 24312000000012345678 is fully digital, and such are red-lettered, never voided
    #6 doubt voided_in_another_month A: invoice legacy:103 of 2026-03 is voided in 2026-04
    #8 doubt check_character 914403001922038215: the check character of taxpayer id 914403001922038215 is wrong (GB 32100-2015)
    #8 doubt red_without_blue A: red letter legacy:104 offsets invoice legacy:99, which has not come within 30 days
    ");
}

#[test]
fn the_fold_doubts_of_an_event_what_a_check_of_it_doubts() {
    let mut events = parse(
        "issue 101 A B 0.00 | issue 102 A B -10.00 | issue 103 A B 10.00 goods=1090511000000000000
         issue 104 A B 10.00 goods=1090511000000000000 | void 24312000000012345678 A | issue 105 A B 10.00",
    )
    .unwrap();
    let line = |event: &mut Event, change: fn(&mut Line)| {
        if let Fact::InvoiceIssued(invoice) = &mut event.fact {
            change(&mut invoice.lines[0]);
        }
    };
    line(&mut events[2], |line| line.rate = BasisPoints(1_234));
    line(&mut events[3], |line| line.tax += Fen(1));
    let of_events = || EVENT_DOUBTS.iter().filter(|doubt| doubt.reason.is_some());
    let doubted = |event: &Event| of_events().filter(|doubt| (doubt.holds)(event)).map(|doubt| doubt.code).collect();
    let doubts: Vec<Vec<&str>> = events.iter().map(doubted).collect();
    assert_eq!(doubts.iter().flatten().count(), of_events().count(), "each of them once: {doubts:?}");
    let mut world = World::new(STANDARD_RULES);
    for (event, doubts) in events.into_iter().zip(doubts) {
        let before = world.said().len();
        world.feed(event);
        let said = world.said()[before..]
            .iter()
            .filter_map(|said| if let Output::Doubt(doubt) = &said.output { Some(&*doubt.code) } else { None });
        assert_eq!(said.collect::<Vec<_>>(), doubts);
    }
}

#[test]
fn a_reversal_takes_its_amount_back_from_its_own_period_or_the_oldest() {
    assert_snapshot!(found("
        issue 101 A B 9000.00
        deduct 101 B 2026-03 from=A
        deduct 101 B 2026-04 from=A
        reverse 101 B 2026-04 from=A tax=1.00
        reverse 101 B 2026-05 from=A tax=1170.00
    "), @r"
    #3 found double_deduction B: legacy:101 of A, 1170.00 at stake, score 600
    #5 withdrawn double_deduction B: legacy:101 of A
    #5 task B withdrawn
    ");
}

#[test]
fn what_goes_round_is_withdrawn_when_the_invoice_that_closed_it_is_voided() {
    assert_snapshot!(found("
        register A on=2001-01-01 | register B on=2001-01-01 | register C on=2001-01-01
        issue 1 A B 400000.00 goods=1090511000000000000
        wait 2
        issue 2 B C 400000.00 goods=1090511000000000000
        wait 2
        issue 3 C A 400000.00 goods=1090511000000000000
        wait 1
        void 3 C
        wait 1
        issue 4 C - 1.00
    "), @r"
    #6 found circular A: 2026-03, 52000.00 at stake, score 280
    #7 withdrawn circular A: 2026-03
    #7 task A withdrawn
    ");
}

#[test]
fn grace_is_of_each_claim() {
    assert_snapshot!(found("
        at 2025-03-02 | issue 900 OLD OLD2 1.00
        at 2026-03-02 | deduct 101 B 2026-03 from=A tax=1170.00
        wait 3
        reverse 101 B 2026-03 from=A tax=1170.00
        wait 23
        deduct 101 B 2026-03 from=A tax=1170.00
        wait 6
        issue 102 A C 10.00
        wait 26
        issue 103 A C 10.00
    "), @r"
    #6 found deduct_without_invoice B: legacy:101 of A, 1170.00 at stake, score 600
    ");
}

#[test]
fn a_deduction_in_parts_is_found_when_it_is_more_than_the_invoice() {
    let parts = "issue 1 A B 1000.00 tax=100.00 | deduct 1 B 2026-03 from=A | reverse 1 B 2026-03 from=A tax=40.00
        deduct 1 B 2026-04 from=A tax=40.00";
    assert!(!drive(parts).unwrap().contains("double_deduction"));
    assert!(drive(&format!("{parts} | deduct 1 B 2026-05 from=A tax=10.00")).unwrap().contains("double_deduction"));
}

#[test]
fn value_that_comes_back_years_later_goes_round_nothing() {
    let script = "at 2024-01-05 | register A on=2001-01-01 | at 2024-03-05 | issue 1 A B 900000.00 tax=100000.00
        at 2026-01-05 | issue 2 B C 900000.00 tax=100000.00 | issue 3 C A 900000.00 tax=100000.00 | issue 4 A D 1.00 tax=0.10";
    assert!(!drive(script).unwrap().contains("circular"));
}

#[test]
fn value_in_an_invoice_that_no_longer_lets_deduct_is_nobodys() {
    // S's value reached B through N, whose purchase was late; then S itself sells B a trifle, on an ordinary invoice.
    let script = "at 2026-01-01 | register OLD on=2001-01-01
        at 2026-03-02 | issue 1 N B 900000.00 tax=110000.00 | deduct 1 B 2026-03 from=N
        at 2026-03-01 | register S on=2026-02-20 | quota S 1.00 25
        issue 11 S N 900000.00 tax=110000.00 | issue 12 S X 900000.00 tax=110000.00
        at 2026-03-10 | issue 20 S B 100.00 tax=13.00 kind=ordinary | issue 21 S B -100.00 tax=-13.00 red=20 kind=ordinary
        issue 22 S B 100.00 tax=13.00 kind=ordinary | at 2026-03-12 | issue 30 OLD OLD2 1.00";
    let world = super::probe::world(script);
    let mut named = Vec::new();
    for said in world.said() {
        if let Output::Signal(signal) = &said.output
            && *signal.typology == *"false_deduction"
        {
            named.extend(signal.counterparties.iter().map(ToString::to_string));
        }
    }
    assert!(!named.is_empty() && named.iter().all(|id| !id.is_empty() && id != "X"), "{named:?}");
}

#[test]
fn what_an_officer_did_is_known_by_its_event_id_whatever_task_it_names() {
    let acted = |task: &str, id: &str| {
        let line = format!(
            "{{\"type\":\"task_acted\",\"occurred_at\":\"2026-03-01T09:00:00+08:00\",\"task_id\":\"{task}\",\
             \"officer_id\":\"o-1\",\"action\":\"accept\",\"event_id\":\"{id}\"}}"
        );
        crate::codec::json::read_event(line.as_bytes()).unwrap()
    };
    let mut world = World::new(STANDARD_RULES);
    for (task, id) in [("t-1", "e-1"), ("t-2", "e-1"), ("t-1", "e-1"), ("t-1", "e-2")] {
        world.feed(acted(task, id));
    }
    assert_eq!(world.verdicts(), [V::Accepted, V::Conflicting, V::Duplicate, V::Accepted]);
}
