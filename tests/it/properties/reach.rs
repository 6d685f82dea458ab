//! Whether the worlds of these properties have in them what the properties are about.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use suyuan::drive::World;
use suyuan::fold::Verdict;
use suyuan::model::{Output, SignalStatus};
use suyuan::state::{Key, Row};

use super::undone::{deed, with_and_without};
use super::worlds::script;
use super::{events, rules, world_rows};

/// Worlds looked at: always the same.
const WORLDS: u32 = 1_500;

fn drawn<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

#[test]
fn worlds_have_in_them_what_properties_are_about() {
    const SORTS: [&str; 17] = [
        "a void",
        "a red letter",
        "a red letter voided",
        "a reversal",
        "events out of order",
        "a finding about a source",
        "a finding withdrawn",
        "a finding about accused value",
        "value accused with a buyer",
        "value accused in another's name",
        "a sale settled later",
        "own value come back",
        "a case with three on it",
        "a repeated number of another seller",
        "a finding about an abnormal voucher",
        "a month abnormal in turn",
        "a finding about a return",
    ];
    let mut runner = TestRunner::deterministic();
    let mut counts = [0_u32; SORTS.len()];
    for _ in 0..WORLDS {
        let script = drawn(&mut runner, &script());
        let mut world = World::new(&rules());
        for event in events(&script.fed) {
            world.feed(event);
        }
        world.settle();
        let rows = world_rows(&mut world);
        let said = |code: &str, open: Option<SignalStatus>| {
            world.said().iter().any(|said| match &said.output {
                Output::Signal(signal) => {
                    (code.is_empty() || *signal.typology == *code) && open.is_none_or(|status| signal.status == status)
                }
                _ => false,
            })
        };
        let has = |of: &dyn Fn(&Key, &Row) -> bool| rows.iter().any(|((_, key), row)| of(key, row));
        let red = |row: &Row, voided: bool| matches!(row, Row::Issued(issued) if issued.issue.is_some_and(|issue| issue.red_of.is_some()) && (!voided || issued.void.is_some()));
        let numbers: Vec<_> =
            rows.keys().filter_map(|(_, key)| if let Key::Issued(no) = key { Some(no) } else { None }).collect();
        let found = [
            has(&|_, row| matches!(row, Row::Issued(issued) if issued.issue.is_some() && issued.void.is_some())),
            has(&|_, row| red(row, false)),
            has(&|_, row| red(row, true)),
            script.fed.contains("| reverse "),
            script.fed != script.in_time,
            said("source_burst", None),
            said("", Some(SignalStatus::Withdrawn)),
            said("false_deduction", None),
            has(&|key, row| matches!((key, row), (Key::Tainted(_), Row::Tainted(row)) if row.taken.0 > 0)),
            has(
                &|key, row| matches!((key, row), (Key::Taint { origin, named }, Row::Taint(visit)) if origin != named && visit.parts.total().0 > 0),
            ),
            has(&|_, row| matches!(row, Row::Issued(issued) if !issued.settled.is_empty())),
            has(&|_, row| matches!(row, Row::Month(month) if month.returned_own.0 > 0)),
            has(&|_, row| matches!(row, Row::CaseHead(head) if head.nodes > 2)),
            numbers.len() > numbers.iter().collect::<BTreeSet<_>>().len(),
            said("abnormal_voucher", None),
            has(&|_, row| matches!(row, Row::Abnormal(month) if month.rank > 0)),
            said("declared_mismatch", None) || said("zero_declaration", None),
        ];
        assert!(world.verdicts().iter().all(|verdict| *verdict != Verdict::Refused), "{}", script.fed);
        counts.iter_mut().zip(found).for_each(|(count, found)| *count += u32::from(found));
    }
    let reached: Vec<_> = SORTS.iter().zip(counts).collect();
    eprintln!("{reached:?}");
    let rare: Vec<_> = reached.iter().filter(|(_, count)| *count < WORLDS / 100).collect();
    assert!(rare.is_empty(), "of {WORLDS} worlds too few have in them: {rare:?}");
}

#[test]
fn deeds_make_a_difference_until_they_are_undone() {
    let mut runner =
        TestRunner::new(Config { rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..Config::default() });
    let mut made = [(0_u32, 0_u32); 4];
    for _ in 0..WORLDS {
        let (script, deed) = drawn(&mut runner, &(script(), deed()));
        if let Some((_, _, difference)) = with_and_without(&script, deed) {
            made[deed.what].0 += 1;
            made[deed.what].1 += u32::from(difference);
        }
    }
    eprintln!("done, and made a difference: {made:?}");
    assert!(made.iter().all(|(done, _)| *done > WORLDS / 20), "{made:?}");
    assert!(made.iter().all(|(done, difference)| difference * 20 > *done), "{made:?}");
}
