//! Hubs: what is more than one step may do goes on in the next, and nothing is left out.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::fold::{EFFECTS_MAX, Fold};
use crate::model::{
    Body, Entity, Event, Fact, Fen, Instant, Message, Output, Position, Record, Root, RulesPublished, Source,
    TASK_SIGNALS_MAX,
};
use crate::provenance::Ordinal;
use crate::state::{
    CaseEdgeRow, CaseHead, Issued, Key, Memory, Opening, Profile, Row, RowType, Rows, RulesInForce, Tainted, TaskRow,
};

fn found(world: &World, typology: &str, of: &str) -> usize {
    let said = world.said().iter().filter(|said| {
        matches!(&said.output, Output::Signal(signal)
            if *signal.typology == *typology && signal.taxpayer_id == id(of) && signal.version == 1)
    });
    said.count()
}

/// Sales of a firm to one buyer each, then the purchase that was issued before them all.
fn late_purchase(sales: u32) -> String {
    let mut script = String::from("register A on=2026-02-20\nat 2026-03-02\n");
    for no in 1..=sales {
        writeln!(script, "issue {no} A C 100.00 tax=10.00").unwrap();
    }
    script + "at 2026-03-01 | issue 9000 OLD A 90000.00 tax=9000.00"
}

#[test]
fn an_arrival_settles_every_sale_it_stands_behind() {
    let mut world = world(&late_purchase(700));
    for no in 1..=700 {
        let sale: Issued = row(&mut world, "A", Key::Issued(number(no)));
        assert_eq!((sale.short, sale.settled.total()), (Fen::ZERO, Fen(1_000)), "{no}");
    }
    let profile: Profile = row(&mut world, "A", Key::Profile);
    assert_eq!((profile.deficits, profile.pool.total(), profile.ledger.originated), (0, Fen(200_000), 0));
    assert_eq!(profile.pool.of(Ordinal(1)), Fen(200_000), "the rest of the purchase, under its own origin");
}

#[test]
fn a_purchase_that_is_voided_opens_every_sale_again_that_it_had_settled() {
    let mut world = world(&format!("{}\nat 2026-03-04 | void 9000 OLD", late_purchase(700)));
    for no in 1..=700 {
        let sale: Issued = row(&mut world, "A", Key::Issued(number(no)));
        assert_eq!((sale.short, sale.settled.total()), (Fen(1_000), Fen::ZERO), "{no}");
    }
    let profile: Profile = row(&mut world, "A", Key::Profile);
    assert_eq!((profile.deficits, profile.pool.total(), profile.ledger.originated), (700, Fen::ZERO, 700_000));
}

#[test]
fn a_late_invoice_meets_every_red_letter_that_waited_for_it() {
    let mut script = String::from("register A on=2026-02-20\nat 2026-03-02\n");
    for no in 1..=600 {
        writeln!(script, "issue {no} A C -10.00 tax=-1.00 red=9000").unwrap();
    }
    let mut world =
        world(&(script + "at 2026-03-01 | issue 9000 A C 10000.00 tax=1000.00\nat 2026-05-01 | register Z"));
    let blue: Issued = row(&mut world, "A", Key::Issued(number(9_000)));
    assert_eq!((blue.reds.count, blue.vector.total()), (600, Fen(40_000)));
    assert_eq!(row::<Profile>(&mut world, "A", Key::Profile).waiting_reds, 0);
    let doubted =
        world.said().iter().any(|said| matches!(&said.output, Output::Doubt(d) if &*d.code == "red_without_blue"));
    assert!(!doubted, "they had all met it before their grace was over");
}

#[test]
fn a_task_sums_what_stands_however_many_there_are() {
    let mut script = String::new();
    for no in 1..=4_200 {
        writeln!(
            script,
            "issue {no} A B 100.00 tax=13.00 | deduct {no} B 2026-03 from=A | deduct {no} B 2026-04 from=A"
        )
        .unwrap();
    }
    let mut world = world(&(script + "reverse 1 B 2026-03 from=A"));
    let TaskRow(task, _) = row(&mut world, "B", Key::Task);
    assert_eq!((task.stake, task.score, task.signals.len()), (Fen(4_199 * 1_300), 600, TASK_SIGNALS_MAX));
    assert_eq!(row::<Profile>(&mut world, "B", Key::Profile).open_signals, 4_199);
}

/// A source that was found, with a sale of `yuan` of tax to each of some firms.
fn source(name: &str, first_no: u32, buyers: &[String], yuan: u32) -> String {
    let mut script = format!("register {name} on=2026-02-20 | quota {name} 1.00 25\n");
    for (no, buyer) in (first_no..).zip(buyers) {
        writeln!(script, "issue {no} {name} {buyer} {0}.00 tax={yuan}.00", yuan * 8).unwrap();
    }
    script
}

fn firms(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{name}{at}")).collect()
}

const LONG_BEFORE: &str = "at 2026-01-01 | register OLD on=2001-01-01\n";

#[test]
fn an_accusation_reaches_every_buyer_of_a_hub() {
    let buyers = firms("W", 500);
    let mut world = world(&format!("{LONG_BEFORE}at 2026-03-02\n{}", source("S", 1, &buyers, 11_000)));
    for buyer in &buyers {
        let tainted: Tainted = row(&mut world, buyer, Key::Tainted(id("S")));
        assert_eq!(tainted.taken, Fen(1_100_000), "{buyer}");
    }
}

#[test]
fn value_of_one_source_is_summed_over_all_who_stood_for_it() {
    let washers = firms("W", 70);
    let mut script = format!("{LONG_BEFORE}at 2026-03-02\n");
    for (no, washer) in (1_000..).zip(&washers) {
        // Sold before its purchase is known.
        writeln!(script, "issue {no} {washer} B 90000.00 tax=11000.00").unwrap();
    }
    script += "at 2026-03-01\n";
    script += &source("S", 1, &washers, 11_000);
    let mut world = world(&script);
    let tainted: Tainted = row(&mut world, "B", Key::Tainted(id("S")));
    assert_eq!((tainted.names, tainted.taken), (70, Fen(70 * 1_100_000)));
}

#[test]
fn a_deduction_is_held_against_every_source_behind_the_seller() {
    let mut script = format!("{LONG_BEFORE}at 2026-03-02\nissue 1 W B 60000000.00 tax=7000000.00\nat 2026-03-01\n");
    let sources = firms("S", 70);
    for (at, name) in (0..).zip(&sources) {
        script += &source(name, 1_000 + 10 * at, &["W".into(), "X".into()], 100_000);
    }
    script += "at 2026-03-10 | issue 2 OLD OLD2 1.00\nat 2026-03-11 | deduct 1 B 2026-03 from=W";
    let world = world(&script);
    assert_eq!(found(&world, "source_burst", "S0"), 1);
    assert_eq!(found(&world, "false_deduction", "B"), 70);
}

#[test]
fn a_sale_in_a_name_is_told_to_the_case_of_every_source_behind_it() {
    let mut script = format!("{LONG_BEFORE}at 2026-03-02\nissue 1 W B 60000000.00 tax=7000000.00\nat 2026-03-01\n");
    let sources = firms("S", 70);
    for (at, name) in (0..).zip(&sources) {
        script += &source(name, 1_000 + 10 * at, &["W".into(), "X".into()], 100_000);
    }
    script += "at 2026-03-10 | issue 2 OLD OLD2 1.00\nat 2026-03-11 | issue 3 B C 60000000.00 tax=7000000.00";
    let told = |world: &mut World| -> Vec<Option<Fen>> {
        let cases = sources.iter().map(|name| Entity::case(CaseHead::id("source_burst", id(name), 1)));
        let edge = Key::CaseEdge { from: id("B"), to: id("C") };
        let row = |case: Entity| world.rows().get(&case, &edge).and_then(CaseEdgeRow::peek).map(|edge| edge.tax);
        cases.map(row).collect()
    };
    assert_eq!(told(&mut world(&script)), [Some(Fen(10_000_000)); 70]);
    let voided = script + "\nat 2026-03-12 | void 3 B";
    assert_eq!(told(&mut world(&voided)), [None; 70]);
}

#[test]
fn what_stands_against_a_source_is_asked_again_for_all_its_months() {
    let mut script =
        format!("{LONG_BEFORE}at 2026-01-02\nregister S on=2001-01-01\nstatus S missing\nissue 99 OLD S 1.00\n");
    for (no, month) in (1..).zip(months("2026-01", 40)) {
        writeln!(script, "at {month}-05 | issue {no} S W 900000.00 tax=110000.00").unwrap();
    }
    script += "at 2029-05-01 | status S normal";
    let mut world = world(&script);
    let profile: Profile = row(&mut world, "S", Key::Profile);
    assert_eq!(
        (found(&world, "source_burst", "S"), profile.open_bursts, profile.open_signals),
        (37, 0, 0),
        "but for the first months"
    );
    assert_eq!(profile.flag, None);
}

/// Beyond the ten years whose months a paper asks again for their own sake.
#[test]
fn what_stands_against_a_source_of_long_ago_is_asked_again_step_by_step() {
    let mut script = String::from("at 2001-01-02 | register S on=1999-01-01\nstatus S missing\nissue 99 OLD S 1.00\n");
    for (no, month) in (1..).zip(months("2001-01", 60)) {
        writeln!(script, "at {month}-05 | issue {no} S W 900000.00 tax=110000.00").unwrap();
    }
    script += "at 2026-03-02 | issue 90 S W 1.00\n";
    let stood = profile(&script, "S").open_bursts;
    assert!(stood > 50, "{stood}");
    let cleared = profile(&(script + "at 2026-03-03 | status S normal"), "S");
    assert_eq!((cleared.open_bursts, cleared.open_signals, cleared.flag), (0, 0, None));
}

/// Ten years of months, in each of which six findings rest on one paper.
#[test]
fn more_findings_than_a_step_may_tell_are_withdrawn_in_the_next() {
    let typologies = ["pass_through", "low_burden", "goods_switch", "void_abuse", "red_abuse", "cap_issuing"];
    let rules = format!("{STANDARD_RULES}\n{}", typologies.map(of_grade_d).concat());
    let mut script = String::from("at 2015-12-02 | register A on=2001-01-01 grade=D\n");
    for (no, month) in (1..).zip(months("2016-01", 118)) {
        writeln!(script, "at {month}-05 | issue {no} A B 10.00").unwrap();
    }
    let told = |script: &str| {
        let mut world = world_under(&rules, script);
        let most = world.most_effects();
        (row::<Profile>(&mut world, "A", Key::Profile).open_signals, most)
    };
    let (stood, _) = told(&script);
    assert!(stood >= 118 * 6, "{stood}");
    let (left, most) = told(&(script + "change A grade=B"));
    assert_eq!(left, 0);
    assert!((EFFECTS_MAX / 2..EFFECTS_MAX).contains(&most), "one step was to say more than it may: {most}");
}

#[test]
fn amounts_that_cannot_be_break_no_sum() {
    let most = |fact: &mut Fact| {
        if let Fact::InvoiceIssued(invoice) = fact {
            let sign = invoice.tax.0.signum();
            (invoice.amount, invoice.tax) = (Fen(i64::MAX * sign), Fen(i64::MAX / 200 * sign));
        } else if let Fact::InvoiceDeducted(deducted) = fact {
            deducted.tax = Fen(i64::MAX);
        }
    };
    let script = "register A on=2026-02-20 | register B on=2026-02-20
        issue 1 A B 1.00 | issue 2 A B 1.00 | issue 3 A B 1.00 | issue 4 B C 1.00 | issue 5 B C 1.00
        issue 11 D B 1.00 | issue 12 D B 1.00 | issue 13 D B 1.00 | issue 14 E E 1.00 kind=farm_purchase
        deduct 1 B 2026-03 from=A | deduct 1 B 2026-04 from=A | deduct 11 B 2026-03 from=D
        issue 21 A B -1.00 red=1 | issue 22 A B -1.00 red=3 | void 2 A | void 11 D | void 4 B | void 21 A
        at 2026-03-01 | issue 31 F A 1.00 | issue 32 F A 1.00 | issue 33 F A 1.00 | void 31 F | status B deregistered";
    let mut world = World::new(STANDARD_RULES);
    for mut event in parse(script).unwrap() {
        most(&mut event.fact);
        world.feed(event);
    }
    world.settle();
    let said =
        world.said().iter().filter(|said| matches!(&said.output, Output::Doubt(d) if &*d.code == "beyond_belief"));
    assert!(said.count() > 0, "what goes beyond all sense is said");
    for firm in ["A", "B"] {
        let profile: Profile = row(&mut world, firm, Key::Profile);
        assert!(profile.ledger.balances(profile.pool.total()), "{firm}: {profile:?}");
    }
}

fn publish(rows: &mut Memory, version: &str, document: &str) -> Vec<Output> {
    publish_as(rows, version, document, |event| Body::Fact(Source::default(), event))
}

fn publish_as(rows: &mut Memory, version: &str, document: &str, body: fn(Box<Event>) -> Body) -> Vec<Output> {
    let fact = Fact::RulesPublished(RulesPublished { version: version.into(), rules: document.into() });
    let event = Event {
        occurred_at: Instant::EVENT_MIN,
        event_id: None,
        source_system: None,
        fingerprint: crate::codec::fingerprint(Instant::EVENT_MIN, &fact),
        fact,
    };
    let record = Record {
        position: Position::default(),
        at: event.occurred_at,
        root: Root(1),
        to: Entity::CONTROL,
        body: body(Box::new(event)),
    };
    let mut effects = crate::fold::Effects::default();
    Fold::open(rows).unwrap().step(rows, &record, &mut effects);
    effects.outputs
}

#[test]
fn rules_published_under_another_version_than_their_own_are_refused() {
    let mut rows = Memory::default();
    let outputs = publish(&mut rows, "standard-2027-01", STANDARD_RULES);
    let [Output::DeadLetter(letter)] = outputs.as_slice() else { panic!("{outputs:?}") };
    assert_eq!(&*letter.code, "rules_refused");
    assert!(letter.reason.contains("standard-2027-01") && letter.reason.contains("standard-2026-11"), "{letter:?}");
    assert_eq!(rows, Memory::default());
    // The partition where they came in answers for them.
    let forwarded = |event| Body::Message(Message::Forwarded(Source::default(), event));
    assert_eq!(publish_as(&mut rows, "standard-2027-01", STANDARD_RULES, forwarded), []);
    assert!(publish(&mut rows, "standard-2026-11", STANDARD_RULES).is_empty());
    assert_eq!(&*Fold::open(&mut rows).unwrap().rules().version, "standard-2026-11");
}

#[test]
fn rules_in_force_that_cannot_be_read_stop_the_fold() {
    let mut rows = Memory::default();
    let in_force = RulesInForce {
        version: "of-tomorrow".into(),
        document: "version = \"of-tomorrow\"\n[limits]\nfathom_max = 3".into(),
        since: Position::default(),
        opening: Opening::NEVER,
    };
    rows.put(&Entity::CONTROL, Key::Rules, Row::Rules(Box::new(in_force)));
    let error = Fold::open(&mut rows).unwrap_err().to_string();
    assert!(error.contains("of-tomorrow") && error.contains("fathom_max"), "{error}");
}

const NEW_SOURCE: &str = "at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\nat 2026-01-10 | register S on=2026-01-04\n";

/// Firms that sell to each other in the name of N, which stood for S, hear of it by as many ways as there are.
#[test]
fn what_is_told_round_a_ring_is_in_proportion_to_its_ways_and_not_to_its_walks() {
    let (firms, tax) = (8, 100_000_000_i64);
    let mut script = format!("{NEW_SOURCE}at 2026-02-01 | issue 9 S X 9600000.00 tax=1200000.00\n");
    writeln!(script, "at 2026-02-03 | issue 1 N A0 {}.00 tax={tax}.00", tax * 8).unwrap();
    let mut no = 1_000;
    for round in 0..8 {
        writeln!(script, "at 2026-02-{:02}", 4 + round).unwrap();
        for (from, to) in (0..firms).flat_map(|from| (0..firms).map(move |to| (from, to))) {
            if from != to && (round > 0 || from == 0) {
                no += 1;
                let part = tax / (firms * firms);
                writeln!(script, "issue {no} A{from} A{to} {}.00 tax={part}.00", part * 8).unwrap();
            }
        }
    }
    writeln!(
        script,
        "at 2026-02-02 | issue 2 S N {}.00 tax={tax}.00\nat 2026-02-25 | issue 900 OLD OLD2 1.00",
        tax * 8
    )
    .unwrap();
    let mut world = World::new(STANDARD_RULES);
    let mut most = 0;
    for event in parse(&script).unwrap() {
        let before = world.folded();
        world.feed(event);
        most = most.max(world.folded() - before);
    }
    let ways = u64::try_from(firms * (firms - 1)).unwrap();
    assert!(most < 4 * ways * 8, "one event led to {most} records among {ways} ways");
    let held: Tainted = row(&mut world, "A1", Key::Tainted(id("S")));
    assert!(held.taken > Fen(tax * 100 / 4), "{held:?}");
}

#[test]
fn what_a_hub_has_no_more_is_taken_back_of_every_buyer() {
    let mut script = format!("{NEW_SOURCE}at 2026-02-02 | issue 9 S X 9600000.00 tax=1200000.00\n");
    script += "at 2026-02-03 | issue 1 S W 9600000.00 tax=1200000.00\n";
    (100..700).for_each(|buyer| writeln!(script, "issue 2{buyer} W B{buyer} 16000.00 tax=2000.00").unwrap());
    script += "at 2026-02-05 | void 1 S\nat 2026-03-05 | issue 900 OLD OLD2 1.00";
    let mut world = world(&script);
    let held = |world: &mut World, firm: &str| find::<Tainted>(world, firm, &Key::Tainted(id("S")));
    let still: Vec<_> = (100..700).filter(|buyer| held(&mut world, &format!("B{buyer}")).is_some()).collect();
    assert_eq!(still, [0; 0]);
    assert!(held(&mut world, "X").is_some());
    let case = Entity::case(CaseHead::id("source_burst", id("S"), 1));
    let node = world.rows().get(&case, &Key::CaseNode(id("W"))).cloned();
    assert_eq!(node, None, "who holds nothing and passed nothing on is no longer in the case");
}

/// As many names as a vector may have, each with as many sources behind it as a step looks at.
#[test]
fn a_purchase_in_many_names_with_many_sources_behind_each_is_counted_step_by_step() {
    let (names, sources) = (24, 64);
    let mut script = String::from("at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\n");
    (0..sources).for_each(|source| writeln!(script, "at 2026-01-10 | register S{source} on=2026-01-04").unwrap());
    script += "at 2026-02-03\n";
    for name in 0..names {
        writeln!(script, "issue 1{name:03} N{name} B 8000000.00 tax=1000000.00").unwrap();
        writeln!(script, "issue 2{name:03} N{name} X 8000000.00 tax=1000000.00").unwrap();
    }
    writeln!(script, "at 2026-02-04 | issue 950 B C {0}000000.00 tax={0}00000.00", names * 5).unwrap();
    script += "at 2026-02-02\n";
    for (source, name) in (0..sources).flat_map(|source| (0..names).map(move |name| (source, name))) {
        writeln!(script, "issue 3{source:03}{name:03} S{source} N{name} 160000.00 tax=20000.00").unwrap();
    }
    let all = names * 1_000_000;
    writeln!(script, "at 2026-02-07 | issue 900 X B {}.00 tax={all}.00", all * 8).unwrap();
    let rules = STANDARD_RULES.replace("vector_origins = 8 ", "vector_origins = 64 ");
    let mut world = world_under(&rules.replace("pool_origins = 16 ", "pool_origins = 128 "), &script);
    assert!(world.most_effects() > 200, "no step was near what it may do: {}", world.most_effects());
    let held: Tainted = row(&mut world, "B", Key::Tainted(id("S0")));
    assert_eq!((held.names, held.taken), (24, Fen(names * 2_000_000)));
}
