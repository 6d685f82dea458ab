//! Abnormal vouchers (Announcement 38 of 2019): who is found with them, when its own invoices are abnormal in turn, and that
//! it all goes back. That the fold says exactly what the law does is shown over many worlds in `tests/it/abnormal/`.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::fold::EFFECTS_MAX;
use crate::model::{Output, Period, Signal, SignalStatus};
use crate::state::{AbnormalMonth, Held, Key, Profile, Row};

/// What was said of abnormal vouchers, one line each.
fn told(script: &str) -> String {
    let lines = drive(script).unwrap();
    let of_them = |line: &&str| line.contains("abnormal_voucher") && !line.contains(" task ");
    lines.lines().filter(of_them).collect::<Vec<_>>().join("\n")
}

/// The findings that stand at the end.
fn standing(world: &mut World) -> Vec<Signal> {
    let signal = |row: &Row| if let Row::Signal(signal) = row { Some(signal.0.clone()) } else { None };
    let mut open: Vec<Signal> = world.rows().iter().filter_map(|(_, row)| signal(row)).collect();
    open.retain(|signal| signal.status == SignalStatus::Open && &*signal.typology == "abnormal_voucher");
    open
}

fn in_turn(world: &mut World, firm: &str, period: &str) -> bool {
    let key = Key::Abnormal(Period::parse(period).unwrap());
    find::<AbnormalMonth>(world, firm, &key).is_some_and(|month| month.rank > 0)
}

/// S sells to A, A to B, B to C, each with tax of 60,000 yuan, all of it deducted.
const LINE: &str = "
    at 2026-03-02
    issue 1 S A 600000.00 tax=60000.00 | issue 2 A B 600000.00 tax=60000.00 | issue 3 B C 600000.00 tax=60000.00
    deduct 1 A 2026-03 from=S | deduct 2 B 2026-03 from=A | deduct 3 C 2026-03 from=B
";

#[test]
fn who_deducted_much_of_it_passes_it_on_down_the_line_until_the_mark_is_lifted() {
    insta::assert_snapshot!(told(&format!("{LINE}
        at 2026-04-10 | mark 1 S
        at 2026-04-20 | lift 1 S
    ")), @r"
    #7 found abnormal_voucher A: 2026-03, 60000.00 at stake, score 700
    #7 found abnormal_voucher B: 2026-03, 60000.00 at stake, score 700
    #7 found abnormal_voucher C: 2026-03, 60000.00 at stake, score 700
    #8 withdrawn abnormal_voucher A: 2026-03
    #8 withdrawn abnormal_voucher B: 2026-03
    #8 withdrawn abnormal_voucher C: 2026-03
    ");
}

#[test]
fn of_a_mark_and_its_lifting_the_later_counts_whichever_comes_last() {
    let standing = |said: &str| super::abnormal::standing(&mut world(&format!("{LINE}{said}"))).len();
    let (mark, lift) = ("at 2026-04-10 | mark 1 S\n", "at 2026-04-20 | lift 1 S\n");
    assert_eq!((standing(&format!("{mark}{lift}")), standing(&format!("{lift}{mark}"))), (0, 0));
    let again = "at 2026-04-25 | mark 1 S\n";
    assert_eq!((standing(&format!("{again}{lift}")), standing(&format!("{lift}{again}{mark}"))), (3, 3));
}

#[test]
fn it_goes_back_where_a_buyer_transfers_out_and_no_further() {
    insta::assert_snapshot!(told(&format!("{LINE}
        at 2026-04-10 | mark 1 S
        at 2026-04-20 | reverse 2 B 2026-04 from=A
    ")), @r"
    #7 found abnormal_voucher A: 2026-03, 60000.00 at stake, score 700
    #7 found abnormal_voucher B: 2026-03, 60000.00 at stake, score 700
    #7 found abnormal_voucher C: 2026-03, 60000.00 at stake, score 700
    #8 withdrawn abnormal_voucher B: 2026-03
    #8 withdrawn abnormal_voucher C: 2026-03
    ");
}

#[test]
fn who_holds_one_and_never_claimed_it_is_told_not_to() {
    insta::assert_snapshot!(told("
        issue 1 S A 600000.00 tax=60000.00
        at 2026-03-03 | mark 1 S
        at 2026-03-04 | deduct 1 A 2026-03 from=S
        at 2026-03-05 | void 1 S
    "), @r"
    #2 found abnormal_voucher A: 2026-03, 60000.00 at stake, score 150
    #3 now abnormal_voucher A: 2026-03, 60000.00 at stake, score 700
    #4 withdrawn abnormal_voucher A: 2026-03
    ");
}

#[test]
fn whoever_transferred_out_in_time_or_deducts_nothing_is_not_named() {
    let out = "issue 1 S A 600000.00 tax=60000.00 | deduct 1 A 2026-03 from=S | reverse 1 A 2026-04 from=S | mark 1 S";
    assert_eq!(told(out), "");
    let small =
        "register A kind=small_scale\nissue 1 S A 600000.00 tax=60000.00 | deduct 1 A 2026-03 from=S | mark 1 S";
    assert_eq!(told(small), "");
    let ordinary = "issue 1 S A 600000.00 tax=60000.00 kind=ordinary | deduct 1 A 2026-03 from=S | mark 1 S";
    assert_eq!(told(ordinary), "");
}

#[test]
fn fifty_thousand_yuan_and_seventy_per_cent_are_taken_exactly() {
    let world = |abnormal: &str, other: &str| {
        let script = format!(
            "issue 1 S A 1.00 tax={abnormal} | issue 2 S A 1.00 tax={other} | issue 3 A B 1.00\n\
             deduct 1 A 2026-03 from=S | deduct 2 A 2026-03 from=S | mark 1 S"
        );
        in_turn(&mut super::probe::world(&script), "A", "2026-03")
    };
    assert!(!world("50000.00", "0.00"), "50,000 yuan is not over 50,000 yuan");
    assert!(world("50000.01", "0.00"));
    assert!(world("70000.00", "30000.00"), "70 % is 70 % or more");
    assert!(!world("70000.00", "30000.01"));
}

#[test]
fn other_purchases_dilute_it_and_their_transfer_out_brings_it_back() {
    let diluted = format!("{LINE} mark 1 S | issue 4 T A 300000.00 tax=30000.00 | deduct 4 A 2026-03 from=T\n");
    let mut world = super::probe::world(&diluted);
    assert_eq!(["A", "B", "C"].map(|firm| in_turn(&mut world, firm, "2026-03")), [false; 3]);
    let texts: Vec<_> = standing(&mut world).iter().map(|signal| signal.text_en.clone()).collect();
    assert_eq!(texts.len(), 1);
    assert!(
        texts[0].contains("60,000.00 yuan of tax on 1 abnormal voucher is deducted for 2026-03, 66.66 %"),
        "{texts:?}"
    );
    let mut world = super::probe::world(&(diluted + "reverse 4 A 2026-03 from=T"));
    assert_eq!(["A", "B", "C"].map(|firm| in_turn(&mut world, firm, "2026-03")), [true; 3]);
}

#[test]
fn a_finding_names_the_numbers_of_the_law_and_who_sold() {
    let mut world = world(&format!("{LINE} mark 1 S"));
    let all = standing(&mut world);
    let of_b = all.iter().find(|signal| signal.taxpayer_id == id("B")).unwrap();
    let numbers: Vec<_> = of_b.evidence.iter().map(|e| (&*e.indicator, e.observed, e.threshold)).collect();
    assert_eq!(numbers, [("abnormal_tax_deducted", 6_000_000, 5_000_000), ("abnormal_share", 10_000, 7_000)]);
    assert_eq!(of_b.counterparties, [id("A")]);
    for part in ["60,000.00 (100 %) is on 1 abnormal voucher", "over 50,000.00 and at least 70 %", "abnormal in turn"] {
        assert!(of_b.text_en.contains(part), "{}", of_b.text_en);
    }
    for part in ["占100%", "1份异常凭证", "超过50,000.00元且不低于70%", "一并列为异常凭证"] {
        assert!(of_b.text_zh.contains(part), "{}", of_b.text_zh);
    }
}

#[test]
fn a_firm_of_grade_a_has_ten_working_days_to_ask_for_verification() {
    // Below the two numbers, so that nobody else depends on it.
    let bought = "at 2026-03-02 | register A grade=A\n\
        issue 1 S A 300000.00 tax=30000.00 | deduct 1 A 2026-03 from=S\nat 2026-04-01 | mark 1 S\n";
    let later = |day: &str, first: &str| told(&format!("{bought}{first}\nat 2026-04-{day} | issue 9 X Y 1.00"));
    assert_eq!(later("15T08:00", ""), "");
    insta::assert_snapshot!(later("15T10:30", ""), @r"
    #5 found abnormal_voucher A: 2026-03, 30000.00 at stake, score 280
    ");
    assert_eq!(later("20", "at 2026-04-10 | reverse 1 A 2026-04 from=S"), "");
    // The time begins again with each mark that comes after all were lifted.
    assert_eq!(later("25", "at 2026-04-05 | lift 1 S\nat 2026-04-20 | mark 1 S"), "");
    // A grade that is lost takes the time with it.
    assert!(later("13", "at 2026-04-12 | change A grade=B").contains("found abnormal_voucher A"));
    // But what it sold is abnormal at once.
    assert!(told(&format!("register A grade=A\n{LINE} mark 1 S")).contains("found abnormal_voucher A"));
}

#[test]
fn a_ring_stands_with_either_of_its_bases_and_falls_with_both() {
    let mut ring = String::from("at 2026-03-02\n");
    for (no, (from, to)) in (1..).zip([("A", "B"), ("B", "C"), ("C", "A")]) {
        writeln!(ring, "issue {no} {from} {to} 600000.00 tax=60000.00 | deduct {no} {to} 2026-03 from={from}").unwrap();
    }
    for (no, to) in [(8, "A"), (9, "C")] {
        writeln!(ring, "issue {no} S {to} 2000000.00 tax=200000.00 | deduct {no} {to} 2026-03 from=S | mark {no} S")
            .unwrap();
    }
    let all = |script: &str| {
        let mut world = world(script);
        ["A", "B", "C"].map(|firm| in_turn(&mut world, firm, "2026-03"))
    };
    assert_eq!(all(&ring), [true; 3]);
    let lifted = |no: u32| format!("{ring}at 2026-04-0{no} | lift {no} S\n");
    assert_eq!(all(&lifted(9)), [true, true, false], "what is deducted and no longer abnormal dilutes the rest");
    // Transferred out instead, it does not: then each has only what the other one passed on.
    let out = |no: u32, of: &str| format!("at 2026-05-0{no} | reverse {no} {of} 2026-03 from=S\n");
    assert_eq!(all(&(ring.clone() + &out(8, "A"))), [true; 3]);
    assert_eq!(all(&(ring.clone() + &out(9, "C"))), [true; 3]);
    assert_eq!(all(&(ring.clone() + &out(8, "A") + &out(9, "C"))), [false; 3], "nothing stands on itself");
}

#[test]
fn what_is_known_late_says_the_same() {
    let late = "at 2026-04-10 | mark 1 S
        at 2026-03-02T09:01 | issue 2 A B 600000.00 tax=60000.00 | issue 1 S A 600000.00 tax=60000.00
        at 2026-03-02T09:04 | deduct 2 B 2026-03 from=A | deduct 1 A 2026-03";
    let mut world = world(late);
    assert_eq!([in_turn(&mut world, "A", "2026-03"), in_turn(&mut world, "B", "2026-03")], [true, true]);
    // A sale of the month that comes when it is known.
    let mut world = super::probe::world(&format!("{LINE} mark 1 S\nat 2026-03-09 | issue 8 A D 10.00 tax=1.00"));
    let texts: Vec<_> = standing(&mut world).into_iter().filter(|signal| signal.taxpayer_id == id("D")).collect();
    assert!(texts[0].text_en.starts_with("The firm holds 1 abnormal voucher of 2026-03 with 1.00 yuan"), "{texts:?}");
    // And one of another month is not.
    let mut world = super::probe::world(&format!("{LINE} mark 1 S\nat 2026-04-09 | issue 8 A D 10.00 tax=1.00"));
    assert!(standing(&mut world).iter().all(|signal| signal.taxpayer_id != id("D")));
}

#[test]
fn it_reaches_any_depth_and_comes_back_from_there() {
    let depth = 300;
    let mut script = String::from("at 2026-03-02\n");
    for no in 0..depth {
        let (from, to) = (format!("F{no}"), format!("F{}", no + 1));
        writeln!(script, "issue {no} {from} {to} 600000.00 tax=60000.00 | deduct {no} {to} 2026-03 from={from}")
            .unwrap();
    }
    let mut world = world(&format!("{script}mark 0 F0"));
    assert!((1..=depth).all(|at| in_turn(&mut world, &format!("F{at}"), "2026-03")));
    let mut world = super::probe::world(&format!("{script}mark 0 F0\nat 2026-04-02 | lift 0 F0"));
    assert!((1..=depth).all(|at| !in_turn(&mut world, &format!("F{at}"), "2026-03")));
    assert_eq!(standing(&mut world), []);
}

#[test]
fn a_firm_with_thousands_of_buyers_tells_them_by_bounded_steps() {
    let buyers = 3_000;
    let mut script =
        String::from("at 2026-03-02 | issue 1 S HUB 600000.00 tax=60000.00 | deduct 1 HUB 2026-03 from=S\n");
    for no in 0..buyers {
        writeln!(script, "issue 1{no:05} HUB C{no} 600000.00 tax=60000.00 | deduct 1{no:05} C{no} 2026-03 from=HUB")
            .unwrap();
    }
    script += "at 2026-04-02 | mark 1 S\n";
    // Others trade on while they are told.
    for hour in 0..40 {
        writeln!(script, "at 2026-04-{:02}T{:02}:30 | issue 9{hour:03} X Y 1.00", 3 + hour / 20, hour % 20).unwrap();
    }
    let mut world = World::new(STANDARD_RULES);
    let (mut kept, mut most, mut before) = (0, 0, 0);
    for event in parse(&script).unwrap() {
        world.feed(event);
        kept += usize::from(world.kept() > 0);
        most = most.max(world.folded() - before);
        before = world.folded();
    }
    world.settle();
    assert_eq!(standing(&mut world).len(), buyers + 1);
    let month: AbnormalMonth = row(&mut world, "HUB", Key::Abnormal(Period::parse("2026-03").unwrap()));
    assert_eq!(month.told as usize, buyers);
    assert!(kept > 0, "it goes on at the ends of later epochs");
    assert!(most < 16 * 1_024, "one event led to {most} records");
    assert!(world.most_effects() <= EFFECTS_MAX / 4, "{}", world.most_effects());
    // And back again.
    let mut lifted = super::probe::world(&(script + "at 2026-05-02 | lift 1 S"));
    assert_eq!(standing(&mut lifted), []);
    let month: AbnormalMonth = row(&mut lifted, "HUB", Key::Abnormal(Period::parse("2026-03").unwrap()));
    assert_eq!((month.told, month.pending, month.withdrawing), (0, 0, false));
}

/// More months than one step weighs, all of which count once it is known that the firm was never a small one.
#[test]
fn a_paper_about_very_many_months_weighs_all_of_them() {
    let months: Vec<Period> = months("1996-01", 300).collect();
    let mut script = String::from("at 1995-12-02 | register A kind=small_scale\n");
    for (no, month) in (1_000..).zip(&months) {
        writeln!(script, "at {month}-02 | issue {no} S A 600000.00 tax=60000.00 | deduct {no} A {month} from=S")
            .unwrap();
        writeln!(script, "mark {no} S").unwrap();
    }
    let count = |world: &mut World| months.iter().filter(|month| in_turn(world, "A", &month.to_string())).count();
    assert_eq!(count(&mut world(&script)), 0, "of a small-scale firm nothing is deducted");
    let mut world = world(&(script + "at 1995-12-03 | change A kind=general"));
    assert_eq!(count(&mut world), months.len());
    assert!(world.most_effects() <= EFFECTS_MAX);
}

/// As many months as an invoice may have claims, each of which makes the firm's sales of it abnormal in turn.
#[test]
fn an_invoice_that_is_claimed_for_all_months_at_once_is_counted_step_by_step() {
    let months: Vec<Period> = months("2010-01", 200).collect();
    let mut script =
        String::from("at 2009-12-02 | issue 1 S A 600000.00 tax=60000.00\nissue 2 R S 1.00 tax=60000.00\n");
    script += "deduct 2 S 2009-12 from=R\n";
    for (no, month) in (100..).zip(&months) {
        writeln!(script, "at {month}-02 | deduct 1 A {month} from=S | issue {no} A B 10.00 tax=1.00").unwrap();
    }
    let marked = format!("{script}mark 2 R");
    let mut world = world(&marked);
    assert!(months.iter().all(|month| in_turn(&mut world, "A", &month.to_string())));
    assert!(world.most_effects() <= EFFECTS_MAX);
    let mut world = super::probe::world(&format!("{marked}\nat 2027-01-02 | lift 2 R"));
    assert!(months.iter().all(|month| !in_turn(&mut world, "A", &month.to_string())));
    let profile: Profile = row(&mut world, "A", Key::Profile);
    assert_eq!((profile.passes_begun, profile.abnormal_months), (profile.passes_done, 200));
    let held: Held =
        row(&mut world, "B", Key::Held { invoice_no: crate::model::InvoiceNo::parse("legacy:100").unwrap(), place: 0 });
    assert_eq!(held.abnormal_rank, 0);
    let withdrawn =
        |said: &&Said| matches!(&said.output, Output::Signal(signal) if signal.status == SignalStatus::Withdrawn);
    assert_eq!(world.said().iter().filter(withdrawn).filter(|said| {
        matches!(&said.output, Output::Signal(signal) if signal.taxpayer_id == id("A") && &*signal.typology == "abnormal_voucher")
    }).count(), 200);
}
