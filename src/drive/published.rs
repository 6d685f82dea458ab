//! Rules of a rule set at work: what they find and withdraw, and what happens to findings when other rules are published.

use std::collections::BTreeSet;

use super::probe::{feed, id, of_grade_d};
use super::*;
use crate::codec;
use crate::model::{Entity, Event, Fact, Instant, Output, RulesPublished, Signal, SignalStatus, TaxpayerId};
use crate::state::{Key, Rows};

/// Six invoices at night in a month are suspicious here.
const NIGHT: &str = r#"
[[rules]]
code = "night_owl"
name_zh = "夜间开票偏多"
name_en = "much issued at night"
typology = "pass_through"
score = 620
stake = "issued_tax"
level_max = 2
when = { all = [
  { indicator = "night_share", at_least = 5_000 },
  { indicator = "invoices_issued", at_least = 6 },
] }
text_zh = "{period}夜间开票{night_share}%。"
text_en = "{night_share} % of {invoices_issued} invoices of {period} were issued at night."
"#;

fn with(rules: &str, version: &str) -> String {
    format!("{STANDARD_RULES}\n{rules}").replace("standard-2026-11", version)
}

fn night(hour: u32) -> String {
    let invoices: Vec<String> = (0..6).map(|no| format!("issue {} N B 1000.00", 100 + no)).collect();
    format!("at 2026-01-10T{hour:02}:00 | {}\n", invoices.join(" | "))
}

/// Something happens far away, so that the clock passes these days.
fn days(days: &[&str]) -> String {
    let event = |(number, day): (usize, &&str)| format!("at {day} | issue {} FAR FAR2 1.00\n", 900 + number);
    days.iter().enumerate().map(event).collect()
}

fn fed(rules: &str, script: &str) -> World {
    let mut world = World::new(rules);
    feed(&mut world, script);
    world
}

fn publish(world: &mut World, at: &str, document: &str) {
    let at = Instant::parse(&format!("{at}:00+08:00")).unwrap();
    let version = crate::risk::RuleSet::parse(document).unwrap().version;
    let fact = Fact::RulesPublished(RulesPublished { version, rules: document.into() });
    let fingerprint = codec::fingerprint(at, &fact);
    world.feed(Event { occurred_at: at, event_id: None, source_system: None, fingerprint, fact });
}

fn said(world: &World) -> Vec<Signal> {
    let signal = |said: &Said| if let Output::Signal(signal) = &said.output { Some((**signal).clone()) } else { None };
    world.said().iter().filter_map(signal).collect()
}

fn last(world: &World, taxpayer: &str) -> Signal {
    let taxpayer: TaxpayerId = id(taxpayer);
    said(world).into_iter().rev().find(|signal| signal.taxpayer_id == taxpayer).unwrap()
}

#[test]
fn a_rule_finds_when_the_month_has_passed_and_withdraws_when_its_cause_goes() {
    let rules = with(NIGHT, "night");
    let january = format!("{}{}", night(2), days(&["2026-02-10"]));
    assert_eq!(said(&fed(&rules, &january)).len(), 0, "the month has not passed: its return is due on the 20th");
    let mut world = fed(&rules, &format!("{january}{}", days(&["2026-02-26", "2026-02-27"])));
    world.settle();
    let found = last(&world, "N");
    assert_eq!((&*found.typology, found.score, found.stake.0), ("pass_through", 620, 78_000));
    assert_eq!(&*found.text_en, "100 % of 6 invoices of 2026-01 were issued at night.");
    assert_eq!(&*found.evidence[0].indicator, "rule:night_owl");
    let task = world
        .said()
        .iter()
        .rev()
        .find_map(|said| if let Output::Task(task) = &said.output { Some(task) } else { None });
    assert_eq!(task.unwrap().level, 2, "by its score it would be 3, and the rule caps it");
    for event in parse("at 2026-02-28 | void 103 N").unwrap() {
        world.feed(event);
    }
    world.settle();
    assert_eq!(last(&world, "N").status, SignalStatus::Withdrawn, "of five invoices it says nothing");
}

#[test]
fn a_rule_about_papers_finds_nothing_of_who_has_traded_in_no_month() {
    let registered = "at 2026-01-10 | register N grade=D\n";
    let rules = with(&of_grade_d("pass_through"), "of-grade-d");
    assert_eq!(said(&fed(&rules, registered)).len(), 0);
    let world = fed(&rules, &format!("{registered}at 2026-01-11 | issue 1 N B 1.00"));
    assert!(said(&world).iter().any(|signal| &*signal.text_en == "2026-01."));
}

#[test]
fn time_that_new_rules_give_beyond_what_was_set_is_waited_for() {
    let first = with(NIGHT, "first");
    let longer = first.replace("grace_days = 30", "grace_days = 60").replace("declare_days = 20", "declare_days = 40");
    assert_ne!(longer, first);
    let claim = "at 2026-01-12 | deduct 101 B 2026-01 from=A tax=1170.00\n";
    let mut world = fed(&first, &format!("{}{claim}{}", night(2), days(&["2026-01-20"])));
    publish(&mut world, "2026-02-01T10:00", &longer.replace("\"first\"", "\"longer\""));
    feed(&mut world, "at 2026-03-01 | issue 911 FAR FAR2 1.00\nat 2026-03-02 | issue 912 FAR FAR2 1.00");
    assert_eq!(said(&world).len(), 0, "by the first rules both had been over for days");
    feed(&mut world, "at 2026-03-24 | issue 913 FAR FAR2 1.00\nat 2026-03-25 | issue 914 FAR FAR2 1.00");
    let found: BTreeSet<_> = said(&world).iter().map(|signal| signal.typology.to_string()).collect();
    assert_eq!(found, BTreeSet::from(["deduct_without_invoice".into(), "pass_through".into()]));
}

#[test]
fn who_issues_by_day_is_not_found() {
    let script = format!("{}{}", night(9), days(&["2026-02-26", "2026-02-27"]));
    assert_eq!(said(&fed(&with(NIGHT, "night"), &script)).len(), 0);
}

#[test]
fn what_stands_is_asked_again_within_a_day_after_other_rules_are_published() {
    let deducted = "at 2026-03-02 | issue 1 A B 9000.00 | deduct 1 B 2026-03 from=A | deduct 1 B 2026-04 from=A\n";
    let mut world = fed(STANDARD_RULES, deducted);
    world.settle();
    assert_eq!((last(&world, "B").score, last(&world, "B").version), (600, 1));
    let stricter = with("", "stricter")
        .replace("[typologies.double_deduction]\nscore = 600", "[typologies.double_deduction]\nscore = 900");
    publish(&mut world, "2026-03-04T10:00", &stricter);
    world.settle();
    assert_eq!(last(&world, "B").score, 600, "not in the same moment");
    for event in parse(&days(&["2026-03-04T23:00", "2026-03-05T12:00", "2026-03-05T14:00"])).unwrap() {
        world.feed(event);
    }
    world.settle();
    assert_eq!((last(&world, "B").score, last(&world, "B").version), (900, 2));

    let without = with("", "without").replace("[typologies.double_deduction]\nscore = 600", "");
    publish(&mut world, "2026-03-06T10:00", &without);
    for event in parse("at 2026-03-07T12:00 | issue 990 FAR FAR2 1.00 | wait 1 | issue 991 FAR FAR2 1.00").unwrap() {
        world.feed(event);
    }
    world.settle();
    let withdrawn = last(&world, "B");
    assert_eq!(withdrawn.status, SignalStatus::Withdrawn);
    assert_eq!(withdrawn.withdrawn_reason.as_deref(), Some("rules_published"));
}

#[test]
fn however_many_have_findings_all_are_asked_again_in_small_steps() {
    let firms = 0..600;
    let deducted = |firm| {
        format!(
            "issue {firm} A B{firm} 90.00 | deduct {firm} B{firm} 2026-03 from=A | deduct {firm} B{firm} 2026-04 from=A\n"
        )
    };
    let script: String = firms.clone().map(deducted).collect();
    let mut world = fed(STANDARD_RULES, &format!("at 2026-03-02\n{script}"));
    world.settle();
    let listed = |world: &mut World| {
        let (from, to) = (Key::WithFindings(TaxpayerId::EMPTY), Key::WithFindings(TaxpayerId::LAST));
        world.rows().scan(&Entity::CONTROL, &from, &to, 1_000).len()
    };
    assert_eq!(listed(&mut world), 600);
    let without = with("", "without").replace("[typologies.double_deduction]\nscore = 600", "");
    publish(&mut world, "2026-03-06T10:00", &without);
    for event in parse(&days(&["2026-03-06T12:00", "2026-03-07T12:00", "2026-03-07T15:00"])).unwrap() {
        world.feed(event);
    }
    world.settle();
    for firm in firms {
        assert_eq!(last(&world, &format!("B{firm}")).status, SignalStatus::Withdrawn, "B{firm}");
    }
    assert_eq!(listed(&mut world), 0);
    assert!(world.most_effects() < 1_000);
}

#[test]
fn a_grade_that_comes_later_changes_the_task_of_who_has_one() {
    let script = "at 2026-03-02 | deduct 7 B 2026-03 tax=11.70 | issue 7 A B 90.00 | issue 7 C B 90.00\n";
    let mut world = fed(&with("", "lower").replace("score_ambiguous = 200", "score_ambiguous = 400"), script);
    world.settle();
    let levels = |world: &World| -> Vec<(u8, u32)> {
        let task =
            |said: &Said| if let Output::Task(task) = &said.output { Some((task.level, task.version)) } else { None };
        world.said().iter().filter_map(task).collect()
    };
    assert_eq!(levels(&world), [(2, 1)]);
    let graded = "at 2026-03-03 | register B on=2020-01-01 grade=B\nat 2026-03-04 | change B grade=A\n";
    for event in parse(graded).unwrap() {
        world.feed(event);
    }
    world.settle();
    assert_eq!(levels(&world), [(2, 1), (1, 2)], "grade B changes nothing, and grade A is left alone");
}
