//! Abnormal vouchers, the fold against the oracle's least fixed point (`oracle/vouchers.rs`), **each time the journal is
//! quiet**: after every event, after every few, and with messages delivered in any order. `SUYUAN_WORLDS=20000` runs so many
//! worlds, `SUYUAN_WORLDS=7000..8000` those; a world that differs is made as small as it can be and told as its events.

mod cases;
mod said;
mod worlds;

use std::collections::BTreeMap;

use suyuan::codec::json::read_event;
use suyuan::drive::World as Fold;
use suyuan::model::Event;

use crate::loose::Loose;
use crate::oracle::vouchers::vouchers;
use crate::oracle::{self, Rules};
use crate::small_worlds::{seeds, smallest};
use said::Statement;
use worlds::{Chance, World};

const WORLDS: u64 = 4_000;
/// So many, or more, must have had in them what they are folded for.
const WORLDS_THAT_TELL: usize = 1_000;

/// What was seen in all worlds, by kind: so that nothing is proven of worlds in which nothing happens.
#[derive(Debug, Default)]
struct Coverage(BTreeMap<&'static str, usize>);

/// How a world is folded.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// In epochs, each ended after so many events.
    Epochs,
    /// With messages delivered in any order.
    Loose,
}

fn events(lines: &[String]) -> Vec<Event> {
    let read = |line: &String| read_event(line.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}: {line}"));
    lines.iter().map(read).collect()
}

/// Folds a world, and holds it against the oracle whenever it is quiet.
fn agree(world: &World, way: Way, coverage: &mut Coverage) -> Result<(), String> {
    let rules = Rules::read(&world.rules);
    let judged = oracle::read(&world.lines.join("\n"));
    let mut stated = Stated { before: Statement::new(), coverage };
    let mut check = |fed: usize, rows: &suyuan::state::Memory| {
        let vouchers = vouchers(&judged[..fed], &rules);
        let oracle = said::of_oracle(&vouchers, &rules);
        let fold = said::of_rows(rows).map_err(|wrong| format!("after event {fed}: {wrong}"))?;
        said::told_is_known(rows).map_err(|wrong| format!("after event {fed}: {wrong}"))?;
        stated.see(&oracle);
        differ(&fold, &oracle).map_err(|wrong| format!("after event {fed}: {wrong}"))
    };
    let is_quiet = |fed: usize| fed.is_multiple_of(world.quiet_after) || fed == world.lines.len();
    match way {
        Way::Epochs => {
            let mut fold = Fold::new(&world.rules);
            for (fed, event) in (1..).zip(events(&world.lines)) {
                fold.feed(event);
                if is_quiet(fed) {
                    fold.settle();
                    check(fed, fold.rows())?;
                }
            }
        }
        Way::Loose => {
            let mut chance = Chance::new(world.seed ^ 0x10_05e);
            let events = events(&world.lines);
            let Some(first) = events.first() else { return Ok(()) };
            let mut fold = Loose::new(&world.rules, first.occurred_at);
            for (fed, event) in (1..).zip(events) {
                fold.feed(event);
                if chance.below(8) == 0 {
                    fold.tick();
                }
                for _ in 0..chance.below(6) {
                    fold.deliver(|ways| chance.below(ways));
                }
                if is_quiet(fed) {
                    let before = fold.delivered;
                    while fold.deliver(|ways| chance.below(ways)) {
                        if fold.delivered > before + 200_000 {
                            return Err(format!("after event {fed}: it is never quiet"));
                        }
                    }
                    check(fed, &fold.rows)?;
                }
            }
        }
    }
    Ok(())
}

struct Stated<'a> {
    before: Statement,
    coverage: &'a mut Coverage,
}

impl Stated<'_> {
    fn see(&mut self, now: &Statement) {
        let in_turn =
            |of: &Statement| of.keys().filter(|name| name.starts_with("in turn")).cloned().collect::<Vec<_>>();
        let (before, after) = (in_turn(&self.before), in_turn(now));
        let mut note =
            |kind: &'static str, holds: bool| *self.coverage.0.entry(kind).or_default() += usize::from(holds);
        note("quiet moments", true);
        note("with a month in turn", !after.is_empty());
        note("with three months in turn", after.len() > 2);
        note("one more in turn", after.iter().any(|name| !before.contains(name)));
        note("one less in turn", before.iter().any(|name| !after.contains(name)));
        note("three less at once", before.iter().filter(|name| !after.contains(name)).count() > 2);
        self.before.clone_from(now);
    }
}

fn differ(fold: &Statement, oracle: &Statement) -> Result<(), String> {
    let only = |one: &Statement, other: &Statement| -> Vec<String> {
        let differs = |(name, value): &(&String, &String)| other.get(*name) != Some(*value);
        one.iter().filter(differs).map(|(name, value)| format!("{name}: {value}")).collect()
    };
    let (fold_only, oracle_only) = (only(fold, oracle), only(oracle, fold));
    if fold_only.is_empty() && oracle_only.is_empty() {
        return Ok(());
    }
    Err(format!("\n  the fold says   {fold_only:?}\n  the oracle says {oracle_only:?}"))
}

fn told(world: &World, way: Way) -> String {
    let of = |lines: &[String]| World { lines: lines.to_vec(), ..world.clone() };
    let differs = |lines: &[String]| agree(&of(lines), way, &mut Coverage::default()).is_err();
    let least = of(&smallest(&world.lines, differs));
    let wrong = agree(&least, way, &mut Coverage::default()).unwrap_err();
    let law: Vec<&str> = world.rules.lines().filter(|line| line.starts_with("abnormal_")).collect();
    format!(
        "seed {} ({way:?}, quiet after {}): {wrong}\n{}\n{}",
        world.seed,
        world.quiet_after,
        law.join("; "),
        least.lines.join("\n")
    )
}

fn all_agree(way: Way) {
    let mut coverage = Coverage::default();
    for seed in seeds(WORLDS) {
        let world = worlds::world(seed);
        assert!(agree(&world, way, &mut coverage).is_ok(), "{}", told(&world, way));
    }
    eprintln!("{way:?}, {:?}: {:?}", seeds(WORLDS), coverage.0);
    let quiet = coverage.0["quiet moments"];
    // Of a few worlds, somebody looks at them.
    for (kind, times) in coverage.0.iter().filter(|_| seeds(WORLDS).count() >= WORLDS_THAT_TELL) {
        assert!(*times > quiet / 500, "too rare: {kind}, {times} of {quiet}");
    }
}

#[test]
fn the_fold_and_the_oracle_agree_on_abnormal_vouchers_whenever_it_is_quiet() {
    all_agree(Way::Epochs);
}

#[test]
fn they_agree_whatever_the_order_in_which_messages_are_delivered() {
    all_agree(Way::Loose);
}
