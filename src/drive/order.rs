//! Events that come late or out of order: what counts is the time they carry.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::model::{Fen, Id, Output, Period};
use crate::state::{Held, Issued, Key, OriginRow, Profile, TaintVisit, Tainted};

#[test]
fn an_invoice_counts_by_the_kind_its_buyer_was_of_then() {
    let firm = "at 2026-03-01 | register B on=2020-01-01\nat 2026-03-10 | change B kind=small_scale\n";
    // Each comes after the change, and counts or does not by its own time.
    for (issued_at, pooled) in [("2026-02-01", 10), ("2026-03-05", 10), ("2026-03-11", 0)] {
        let script = format!("{firm}at {issued_at} | issue 1 A B 1.00 tax=0.10");
        assert_eq!(value(&script, "B").1, Fen(pooled), "{issued_at}");
    }
    // And so it does where the change itself comes late, between two others.
    let late = "at 2026-03-01 | register B on=2020-01-01\nat 2026-03-20 | change B kind=general\n\
        at 2026-03-10 | change B kind=small_scale\n";
    for (issued_at, pooled) in [("2026-03-05", 10), ("2026-03-11", 0), ("2026-03-21", 10)] {
        let script = format!("{late}at {issued_at} | issue 1 A B 1.00 tax=0.10");
        assert_eq!(value(&script, "B").1, Fen(pooled), "{issued_at}");
    }
}

#[test]
fn what_is_left_at_deregistration_expires_and_is_there_again_when_it_is_taken_back() {
    let bought = "register B on=2026-02-20\nat 2026-03-02 | issue 1 A B 10.00 tax=1.00\n";
    let gone = format!("{bought}at 2026-03-10 | status B deregistered\n");
    assert_eq!(value(&gone, "B"), (Fen::ZERO, Fen::ZERO, Fen(100)));
    let back = format!("{gone}at 2026-03-20 | status B normal\n");
    assert_eq!(value(&back, "B"), (Fen::ZERO, Fen(100), Fen::ZERO));
    // The same where the deregistration comes last, though it was first.
    let late = format!("{bought}at 2026-03-20 | status B normal\nat 2026-03-10 | status B deregistered\n");
    assert_eq!(value(&late, "B"), (Fen::ZERO, Fen(100), Fen::ZERO));
}

#[test]
fn what_comes_after_a_deregistration_counts_by_its_own_time() {
    let gone =
        "register B on=2026-02-20\nat 2026-03-02 | issue 1 A B 10.00 tax=1.00\nat 2026-03-10 | status B deregistered\n";
    // A sale made before draws from what had not expired then; one made after has nothing behind it.
    let before = format!("{gone}at 2026-03-05 | issue 2 B C 10.00 tax=0.60");
    assert_eq!(value(&before, "B"), (Fen::ZERO, Fen::ZERO, Fen(40)));
    let after = format!("{gone}at 2026-03-15 | issue 2 B C 10.00 tax=0.60");
    assert_eq!(value(&after, "B"), (Fen(60), Fen::ZERO, Fen(100)));
    // A purchase of then covers no sale of then.
    let both = format!("{after}\nat 2026-03-12 | issue 3 A B 10.00 tax=1.00");
    assert_eq!(value(&both, "B"), (Fen(60), Fen::ZERO, Fen(200)));
    // What a seller takes back had expired, and has not flowed on.
    let voided = format!("{gone}at 2026-03-11 | void 1 A");
    assert_eq!(value(&voided, "B"), (Fen::ZERO, Fen::ZERO, Fen::ZERO));
}

/// In each order of these lines: what began with B, what is in its pool, what has expired, and what the sale lacks.
fn in_any_order(lines: &[&str]) -> Vec<(Fen, Fen, Fen, Fen)> {
    let mut found = Vec::new();
    for first in 0..lines.len() {
        for second in (0..lines.len()).filter(|second| *second != first) {
            let mut order = vec![lines[first], lines[second]];
            order.extend((0..lines.len()).filter(|at| *at != first && *at != second).map(|at| lines[at]));
            // The purchase comes first: what is not there cannot be drawn.
            let script =
                format!("register B on=2026-02-20\nat 2026-03-02 | issue 1 A B 10.00 tax=1.00\n{}", order.join("\n"));
            let (originated, pooled, expired) = value(&script, "B");
            let sale: Issued = row(&mut world(&script), "B", Key::Issued(number(2)));
            found.push((originated, pooled, expired, sale.short));
        }
    }
    found
}

#[test]
fn a_sale_counts_by_the_status_of_its_own_time_whenever_that_is_known() {
    let gone = "at 2026-03-10 | status B deregistered";
    let sold = "at 2026-03-15 | issue 2 B C 10.00 tax=0.60";
    for told in in_any_order(&[gone, sold]) {
        assert_eq!(told, (Fen(60), Fen::ZERO, Fen(100), Fen(60)));
    }
    for told in in_any_order(&[gone, sold, "at 2026-03-20 | status B normal"]) {
        assert_eq!(told, (Fen(60), Fen(100), Fen::ZERO, Fen(60)));
    }
    for told in in_any_order(&[gone, sold, "at 2026-03-16 | void 2 B"]) {
        assert_eq!(told, (Fen::ZERO, Fen::ZERO, Fen(100), Fen::ZERO));
    }
    for told in in_any_order(&[gone, sold, "at 2026-03-16 | issue 3 B C -5.00 tax=-0.20 red=2"]) {
        assert_eq!(told, (Fen(40), Fen::ZERO, Fen(100), Fen(40)));
    }
    // A firm set back before it sold.
    for told in in_any_order(&[gone, sold, "at 2026-03-12 | status B normal"]) {
        assert_eq!(told, (Fen::ZERO, Fen(40), Fen::ZERO, Fen::ZERO));
    }
}

#[test]
fn whose_value_a_buyer_has_follows_the_status_its_seller_had() {
    let lines = "register B on=2026-02-20\nat 2026-03-02 | issue 1 A B 10.00 tax=1.00\n\
        at 2026-03-15 | issue 2 B C 10.00 tax=0.60\nat 2026-03-10 | status B deregistered\n";
    let taken = |script: &str, of: &str| {
        let held: Held = row(&mut world(script), "C", Key::Held { invoice_no: number(2), place: 0 });
        let vector = held.vector;
        let mut c = world(script);
        let origin = Key::Origin(Id::parse(of).unwrap());
        let Some(origin) = find::<OriginRow>(&mut c, "C", &origin) else { return Fen::ZERO };
        assert_eq!(vector.of(origin.ordinal), origin.taken);
        origin.taken
    };
    assert_eq!((taken(lines, "A"), taken(lines, "B")), (Fen::ZERO, Fen(60)));
    let back = format!("{lines}at 2026-03-12 | status B normal");
    assert_eq!((taken(&back, "A"), taken(&back, "B")), (Fen(60), Fen::ZERO));
}

#[test]
fn what_is_taken_back_counts_once_when_a_late_paper_comes_with_it() {
    // All in one epoch, either way: what settled the sale is given up, and the sale began with the firm.
    let sold = "register B on=2026-02-20\nat 2026-03-15 | issue 2 B C 10.00 tax=0.60\nat 2026-03-08 | issue 1 A B 10.00 tax=1.00\n";
    let (void, red) = ("at 2026-03-16 | void 1 A\n", "at 2026-03-16 | issue 3 A B -10.00 tax=-1.00 red=1\n");
    let gone = "at 2026-03-10 | status B deregistered\n";
    for back in [void, red] {
        for order in [[back, gone], [gone, back]] {
            let script = format!("{sold}{}", order.concat());
            assert_eq!(value(&script, "B"), (Fen(60), Fen::ZERO, Fen::ZERO), "{order:?}");
            assert_eq!(month(&script, "B", "2026-03").originated, Fen(60), "{order:?}");
        }
    }
}

#[test]
fn a_sale_of_a_deregistered_firm_is_covered_by_no_purchase() {
    // One that comes late, and one that had settled it before the deregistration was known.
    let bought = "at 2026-03-08 | issue 1 A B 10.00 tax=1.00";
    let gone = "at 2026-03-10 | status B deregistered";
    let sold = "at 2026-03-15 | issue 2 B C 10.00 tax=0.60";
    for order in [[bought, gone, sold], [gone, sold, bought], [sold, bought, gone], [sold, gone, bought]] {
        let script = format!("register B on=2026-02-20\n{}", order.join("\n"));
        assert_eq!(value(&script, "B"), (Fen(60), Fen::ZERO, Fen(100)), "{order:?}");
        assert_eq!(month(&script, "B", "2026-03").originated, Fen(60), "{order:?}");
    }
}

#[test]
fn a_taxpayer_is_known_since_the_earliest_of_its_events() {
    let known = profile("at 2026-03-05 | issue 1 A B 1.00\nat 2026-03-01 | issue 2 A B 1.00", "A").known_since;
    assert_eq!(known, parse("at 2026-03-01 | issue 2 A B 1.00").unwrap()[0].occurred_at);
}

#[test]
fn a_buyer_counts_once_in_a_month_whatever_the_order() {
    let january = |script: &str| {
        let month = month(script, "A", "2026-01");
        (month.buyers, month.new_buyers)
    };
    let in_order = "at 2026-01-10 | issue 1 A B 1.00 | issue 2 A B 1.00\nat 2026-02-10 | issue 3 A B 1.00";
    assert_eq!(january(in_order), (1, 1));
    let mixed = "at 2026-01-10 | issue 1 A B 1.00\nat 2026-02-10 | issue 3 A B 1.00\nat 2026-01-11 | issue 2 A B 1.00";
    assert_eq!(january(mixed), (1, 1));
    let late = "at 2026-02-10 | issue 3 A B 1.00\nat 2026-01-10 | issue 1 A B 1.00";
    assert_eq!(january(late), (1, 1));
    assert_eq!(month(late, "A", "2026-02").new_buyers, 0);
    assert_eq!(month(late, "B", "2026-02").new_sellers, 0);
    assert_eq!(month(late, "B", "2026-01").new_sellers, 1);
}

#[test]
fn a_void_takes_the_buyer_off_its_month_when_it_was_the_last() {
    let sales = "at 2026-01-10 | issue 1 A B 1.00 | issue 2 A B 1.00 | issue 3 A C 1.00 | void 1 A";
    assert_eq!(month(sales, "A", "2026-01").buyers, 2);
    assert_eq!(month(&format!("{sales} | void 2 A"), "A", "2026-01").buyers, 1);
    assert_eq!(month(&format!("void 9 A\n{sales} | issue 9 A D 1.00"), "A", "2026-01").buyers, 2);
}

#[test]
fn lateness_is_how_long_after_the_sale_a_purchase_comes() {
    let sold = "register A on=2026-02-20\nat 2026-03-02 | issue 1 A C 10.00 tax=1.00\n";
    let short = |script: &str| row::<Issued>(&mut world(script), "A", Key::Issued(number(1))).short;
    // Issued long before the sale, and here soon after it.
    assert_eq!(short(&format!("{sold}at 2025-12-01 | issue 2 OLD A 10.00 tax=1.00")), Fen::ZERO);
    // Issued the day before it, and here a month and a half later.
    let late = format!("{sold}at 2026-04-20 | issue 3 OLD X 1.00\nat 2026-04-21 | issue 4 OLD X 1.00\n");
    assert_eq!(short(&format!("{late}at 2026-03-01 | issue 2 OLD A 10.00 tax=1.00")), Fen(100));
    // Issued after it.
    assert_eq!(short(&format!("{sold}at 2026-03-03 | issue 2 OLD A 10.00 tax=1.00")), Fen(100));
}

#[test]
fn a_claim_without_tax_that_names_no_seller_is_a_claim() {
    let script = "issue 101 A B 9000.00\ndeduct 101 B 2026-03 tax=0.00\nat 2026-03-02T08:00 | void 101 A";
    let said = drive(script).unwrap();
    assert!(said.contains("found deduct_after_void B: legacy:101 of A, 0.00 at stake"), "{said}");
}

#[test]
fn what_several_sellers_pass_on_in_one_name_adds_up() {
    let script = "at 2026-01-01 | register OLD on=2001-01-01
        at 2026-03-02
        issue 1 N W1 160000.00 tax=20000.00 | issue 2 N W2 160000.00 tax=20000.00
        issue 3 W1 B 160000.00 tax=20000.00 | issue 4 W2 B 160000.00 tax=20000.00
        at 2026-03-01
        register S on=2026-02-20
        issue 11 S N 320000.00 tax=40000.00 | issue 12 S X 600000.00 tax=80000.00
        at 2026-03-10 | issue 900 OLD OLD2 1.00";
    let mut told = world(script);
    let visit: TaintVisit = row(&mut told, "B", Key::Taint { origin: id("S"), named: id("N") });
    assert_eq!((visit.parts.total(), visit.parts.fewest()), (Fen(4_000_000), 3));
    let taken = |world: &mut World| row::<Tainted>(world, "B", Key::Tainted(id("S"))).taken;
    assert_eq!(taken(&mut told), Fen(4_000_000));
    // What N had not bought after all, its buyers have not got from there.
    let mut less = world(&format!("{script}\nat 2026-03-11 | issue 13 S N -80000.00 tax=-10000.00 red=11"));
    assert_eq!(taken(&mut less), Fen(3_000_000));
}

#[test]
fn a_red_letter_whose_invoice_came_in_time_is_not_doubted_whatever_the_order() {
    let doubts = |script: &str| {
        let world = world(&format!("{script}\nat 2026-06-01 | register Z"));
        let doubts = world
            .said()
            .iter()
            .filter(|said| matches!(&said.output, Output::Doubt(d) if &*d.code == "red_without_blue"));
        doubts.count()
    };
    let (red, blue) = ("at 2026-03-05 | issue 2 A B -1.00 red=1", "at 2026-03-02 | issue 1 A B 1.00");
    assert_eq!(doubts(&format!("{red}\n{blue}")), 0);
    assert_eq!(doubts(&format!("{blue}\n{red}")), 0);
    assert_eq!(doubts(&format!("{red}\nat 2026-04-03 | issue 1 A B 1.00")), 0);
    assert_eq!(doubts(red), 1);
    // A statement of its time: what comes after it does not take it back.
    assert_eq!(doubts(&format!("{red}\nat 2026-04-10 | issue 9 A B 1.00\nat 2026-04-12 | issue 1 A B 1.00")), 1);
}

/// What of an invoice's tax its buyer still holds, and its seller's pool.
fn held_and_pooled(world: &mut World, no: u32) -> (Fen, Fen) {
    let held: Held = row(world, "B", Key::Held { invoice_no: number(no), place: 0 });
    (held.vector.total(), row::<Profile>(world, "A", Key::Profile).pool.total())
}

#[test]
fn a_red_letter_to_another_buyer_or_to_none_takes_value_back_from_the_one_who_holds_it() {
    let bought = "at 2026-03-01 | issue 1 OLD A 9000.00 tax=1000.00 | issue 2 A B 5000.00 tax=600.00";
    for red in ["issue 3 A C -2500.00 tax=-300.00 red=2", "issue 3 A - -2500.00 tax=-300.00 red=2"] {
        let in_order = format!("{bought} | {red}");
        assert_eq!(held_and_pooled(&mut world(&in_order), 2), (Fen(30_000), Fen(70_000)), "{red}");
        let voided = format!("{in_order} | void 3 A");
        assert_eq!(held_and_pooled(&mut world(&voided), 2), (Fen(60_000), Fen(40_000)), "{red}");
        let late = format!("at 2026-03-01T12:00 | {red} | {bought}");
        assert_eq!(held_and_pooled(&mut world(&late), 2), (Fen(30_000), Fen(70_000)), "{red}");
    }
}

#[test]
fn what_a_voided_red_letter_restores_enters_no_pool_that_the_invoice_did_not() {
    let script = "at 2026-03-01 | issue 1 OLD A 9000.00 tax=1000.00 | issue 2 A B 5000.00 tax=600.00 kind=ordinary
        issue 3 A B -2500.00 tax=-300.00 red=2 kind=ordinary | void 3 A";
    let mut world = world(script);
    assert_eq!(row::<Profile>(&mut world, "B", Key::Profile).pool.total(), Fen::ZERO);
    assert_eq!(row::<Profile>(&mut world, "A", Key::Profile).pool.total(), Fen(40_000));
}

#[test]
fn red_letters_and_their_voids_leave_an_invoice_within_its_budget_of_origins() {
    let mut script =
        String::from("at 2026-03-01 | issue 1 O1 A 9000.00 tax=1000.00 | issue 2 A B 5000.00 tax=600.00\n");
    for no in 0..40 {
        writeln!(
            script,
            "issue {0} P{no} A 9000.00 tax=1000.00 | issue {1} A B -2500.00 tax=-300.00 red=2 | void {1} A",
            100 + no,
            200 + no
        )
        .unwrap();
    }
    let mut world = world(&script);
    let sale: Issued = row(&mut world, "A", Key::Issued(number(2)));
    assert!(sale.vector.slices().len() <= 9, "{:?}", sale.vector);
    let held: Held = row(&mut world, "B", Key::Held { invoice_no: number(2), place: 0 });
    assert_eq!((sale.vector.total(), held.vector.total()), (Fen(60_000), Fen(60_000)));
    assert!(held.vector.slices().len() <= 9, "{:?}", held.vector);
}

#[test]
fn a_sale_that_comes_late_raises_the_finding_of_the_month_after_it() {
    let february = "at 2026-01-05 | register S on=2026-01-05 | at 2026-02-10 | issue 1 S W 500000.00 tax=40000.00";
    let found = |world: &World| {
        let burst =
            |said: &&Said| matches!(&said.output, Output::Signal(signal) if *signal.typology == *"source_burst");
        let about = |said: &Said| if let Output::Signal(signal) = &said.output { Some(signal.about) } else { None };
        world.said().iter().filter(burst).filter_map(about).collect::<Vec<_>>()
    };
    assert_eq!(found(&world(february)), []);
    let late = format!("{february} | at 2026-01-20 | issue 2 S W 500000.00 tax=40000.00");
    assert_eq!(found(&world(&late)), [crate::model::About::Period(Period::of(2026, 2))]);
}

#[test]
fn a_registration_that_comes_late_raises_what_rests_on_it() {
    let sold = "at 2026-02-10 | issue 1 S W 900000.00 tax=117000.00";
    let burst = |said: &Said| matches!(&said.output, Output::Signal(signal) if *signal.typology == *"source_burst");
    assert!(!world(sold).said().iter().any(burst));
    let late = format!("{sold} | at 2026-02-01 | register S on=2026-02-01");
    assert!(world(&late).said().iter().any(burst));
}

#[test]
fn a_finding_says_what_took_its_cause_away() {
    let script =
        "issue 1 A B 100.00 | deduct 1 B 2026-03 from=A | deduct 1 B 2026-04 from=A | reverse 1 B 2026-03 from=A";
    let world = world(script);
    let reasons = world.said().iter().filter_map(|said| match &said.output {
        Output::Signal(signal) => signal.withdrawn_reason.as_deref(),
        Output::Case(_) | Output::Task(_) | Output::DeadLetter(_) | Output::Doubt(_) => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), ["deduction_reversed"]);
}

#[test]
fn a_source_does_not_clear_itself_by_selling_a_little_later() {
    let burst = "at 2026-01-05 | register S on=2026-01-05 | at 2026-01-20 | issue 1 S W 900000.00 tax=117000.00";
    let later = format!("{burst} | at 2026-11-20 | issue 2 S W 100.00 tax=13.00");
    assert_eq!(profile(&later, "S").open_bursts, 1);
    let old = "at 2026-01-05 | issue 9 OLD Z 1.00 | register S on=2026-01-05 | at 2026-09-20 | issue 1 S W 900000.00 tax=117000.00
        at 2026-09-21 | status S normal";
    assert_eq!(profile(old, "S").open_bursts, 1);
    // In the same month, when it is no longer new.
    assert_eq!(profile(&format!("{old} | at 2026-10-15 | issue 2 S W 0.01 tax=0.00"), "S").open_bursts, 1);
    assert_eq!(profile(&format!("{old} | at 2026-09-30T20:00 | issue 2 S W 0.01 tax=0.00"), "S").open_bursts, 1);
}

#[test]
fn what_is_bought_long_after_a_burst_explains_nothing_and_what_is_bought_the_month_after_does() {
    let burst = "at 2026-01-05 | register S on=2026-01-05 | at 2026-01-20 | issue 1 S W 900000.00 tax=117000.00";
    let bought = |at: &str| format!("{burst} | at {at} | issue 2 OLD S 900000.00 tax=117000.00");
    assert_eq!(profile(&bought("2026-02-20"), "S").open_bursts, 0);
    assert_eq!(profile(&bought("2026-03-20"), "S").open_bursts, 1);
    // Explained, and sold on again: nothing is left to explain the burst.
    let sold_on = format!("{} | at 2026-02-25 | issue 3 S W 900000.00 tax=117000.00", bought("2026-02-20"));
    assert_eq!(profile(&sold_on, "S").open_bursts, 1);
}

#[test]
fn the_journal_begins_with_its_first_invoice_whatever_the_dates_of_papers() {
    let old_stock = "at 2026-01-20 | issue 1 OLD W 900000.00 tax=117000.00 | at 2026-01-25 | status OLD missing";
    for papers in ["", "at 2010-01-01 | register OLD on=2010-01-01\n", "at 2010-01-01 | register OTHER on=2010-01-01\n"]
    {
        assert_eq!(profile(&format!("{papers}{old_stock}"), "OLD").open_bursts, 0, "{papers}");
    }
}

#[test]
fn a_reversal_takes_back_a_deduction_whether_either_names_the_seller() {
    let bought = "at 2026-03-01 | issue 1 OLD B 9000.00 tax=1000.00";
    for (deducts, reverses) in [("", " from=OLD"), (" from=OLD", ""), ("", "")] {
        let script = format!("{bought} | deduct 1 B 2026-03{deducts} | reverse 1 B 2026-03{reverses}");
        let origin: OriginRow = row(&mut world(&script), "B", Key::Origin(id("OLD")));
        assert_eq!(origin.deducted, Fen::ZERO, "{script}");
    }
}

#[test]
fn a_kind_that_is_known_late_counts_what_was_held_before() {
    let bought = "at 2026-03-01 | issue 1 OLD B 9000.00 tax=1000.00 | deduct 1 B 2026-03 from=OLD";
    let origin = |script: &str| -> OriginRow { row(&mut world(script), "B", Key::Origin(id("OLD"))) };
    let pool = |script: &str| profile(script, "B").pool.total();
    let small = format!("{bought} | at 2026-02-01 | register B on=2026-02-01 kind=small_scale");
    assert_eq!((pool(&small), origin(&small).taken, origin(&small).deducted), (Fen::ZERO, Fen::ZERO, Fen::ZERO));
    // And general again, at the time of the invoice, as a paper says that comes later still.
    let general = format!("{small} | at 2026-02-20 | change B kind=general");
    assert_eq!((pool(&general), origin(&general).taken), (Fen(100_000), Fen(100_000)));
    assert_eq!(origin(&general).deducted, Fen(100_000));
    // What it sold on while it was taken for general began with it.
    let sold = format!(
        "{bought} | issue 2 B C 4500.00 tax=500.00 | at 2026-02-01 | register B on=2026-02-01 kind=small_scale"
    );
    let ledger = profile(&sold, "B").ledger;
    assert_eq!((pool(&sold), ledger.originated), (Fen::ZERO, 50_000));
}

#[test]
fn a_firm_that_vanishes_long_after_its_burst_is_found() {
    let mut script = String::from("at 2025-01-05 | register S on=2001-01-05 | issue 99 OLD Z 1.00 tax=0.10\n");
    script += "at 2025-07-05 | issue 1 S W 900000.00 tax=117000.00\n";
    for month in 8..=12 {
        writeln!(script, "at 2025-{month:02}-05 | issue {month} OLD S 1.00 tax=0.10").unwrap();
    }
    script += "at 2026-11-05 | issue 90 OLD S 1.00 tax=0.10 | at 2026-12-05 | status S missing";
    assert_eq!(profile(&script, "S").open_bursts, 1);
}

#[test]
fn a_deregistration_that_turns_out_to_be_older_counts_the_sales_between() {
    let sold = "at 2026-03-01 | issue 1 OLD A 10.00 tax=1.00 | at 2026-03-10 | issue 2 A B 10.00 tax=1.00\n";
    let gone = format!("{sold}at 2026-03-20 | status A deregistered\n");
    assert_eq!(value(&gone, "A").0, Fen::ZERO);
    assert_eq!(value(&format!("{gone}at 2026-03-05 | status A deregistered\n"), "A").0, Fen(100));
}

#[test]
fn a_representative_that_comes_after_the_last_sale_of_a_month_is_new_in_it() {
    let sold = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10 | register S on=2001-01-04 rep=P1
        at 2026-02-03 | issue 1 S W 900000.00 tax=117000.00 | at 2026-02-10 | change S rep=P2\n";
    for later in ["", "at 2026-05-03 | issue 2 S W 9.00 tax=1.00"] {
        assert_eq!(profile(&format!("{sold}{later}"), "S").open_bursts, 1, "{later}");
    }
}
