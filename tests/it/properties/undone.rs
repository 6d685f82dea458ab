//! What is done and undone leaves no trace in what is held against anybody: an invoice and its void, a deduction and
//! its reversal, a mark and its lifting, an accusation and its withdrawal. Not so a red letter and its void: what it had taken
//! back is drawn anew, of what is in the pool by then.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use suyuan::drive::World;
use suyuan::model::{Entity, Event, Fen, Id, Kind, SignalStatus, TaskStatus};
use suyuan::provenance::{Blend, Ordinal};
use suyuan::state::{Key, Passed, Row};

use super::worlds::{PAST, Script, script};
use super::{AllRows, MUCH_LATER, config, events, rules, world_rows};

/// What counts of some rows: value and whose it is, what stands against whom and how much is at stake; not what was said
/// in which order, nor how often.
pub(super) type Standing = BTreeMap<String, String>;

/// Whose the ordinals in each taxpayer's books are.
fn names(rows: &AllRows) -> BTreeMap<(Id, Ordinal), Id> {
    let mut names = BTreeMap::new();
    for ((entity, key), row) in rows {
        names.insert((entity.id, Ordinal::OWN), entity.id);
        if let (Key::Origin(origin), Row::Origin(row)) = (key, row) {
            names.insert((entity.id, row.ordinal), *origin);
        }
    }
    names
}

pub(super) fn standing(rows: &AllRows) -> Standing {
    let names = names(rows);
    let mut standing = Standing::new();
    for ((Entity { kind, id }, key), row) in rows {
        let name = |ordinal: Ordinal| names[&(*id, ordinal)];
        let blend = |blend: &Blend| -> BTreeMap<Id, i64> {
            let parts = blend.slices().iter().map(|slice| (name(slice.origin), slice.tax));
            parts.chain([(Id::LAST, blend.remainder().0)]).filter(|(_, tax)| *tax != 0).collect()
        };
        let mut note = |what: &str, said: String| drop(standing.insert(format!("{kind:?} {id} {what}"), said));
        match (key, row) {
            (_, Row::Profile(profile)) => {
                let ledger = &profile.ledger;
                let sums = [ledger.arrived - ledger.withdrawn, ledger.originated, ledger.opening, ledger.passed_on];
                note("value", format!("{sums:?} {:?} {:?}", blend(&profile.pool), blend(&profile.expired)));
                let counts = [profile.deficits, profile.waiting_reds, profile.open_signals, profile.open_bursts];
                note("counts", format!("{counts:?} {}", profile.flag.is_some()));
            }
            (Key::Origin(origin), Row::Origin(row)) => {
                note(&format!("of {origin}"), format!("{:?}", (row.taken, row.deducted)));
            }
            (Key::Passed(page, buyer), Row::Passed(passed)) => {
                let passed = passed.iter().filter(|(_, passed)| *passed != Passed::default());
                let passed: BTreeMap<Id, Passed> = passed.map(|(ordinal, passed)| (name(ordinal), passed)).collect();
                if !passed.is_empty() {
                    note(&format!("to {buyer} {page}"), format!("{passed:?}"));
                }
            }
            (Key::Deficit(at, no), _) => note(&format!("owes {at:?} {no}"), String::new()),
            (Key::Tainted(origin), Row::Tainted(row)) => {
                note(&format!("accused {origin}"), format!("{:?}", (row.taken, row.deducted)));
            }
            (Key::Month(month), Row::Month(row)) => {
                let net = |all: Fen, void: Fen| (all - void).0;
                let sums = [
                    net(row.sold.tax, row.sold_void.tax),
                    net(row.bought.tax, row.bought_void.tax),
                    net(row.deducted.tax, row.reversed.tax),
                    row.originated.0,
                    row.opening.0,
                    row.arrived.0,
                    row.drawn.0,
                    row.returned_own.0,
                    row.sold_standing.0,
                ];
                note(&format!("{month}"), format!("{sums:?} {:?}", (row.sold_blue, row.buyers, row.sellers)));
            }
            (Key::Signal(signal_id), Row::Signal(row)) if row.0.status == SignalStatus::Open => {
                note(&format!("{} {signal_id}", row.0.typology), format!("{:?}", (row.0.score, row.0.stake)));
            }
            (Key::Task, Row::Task(row)) if row.0.status == TaskStatus::Open => {
                let task = &row.0;
                note("task", format!("{:?} {:?}", (task.level, task.score, task.stake), task.typologies));
            }
            _ => {}
        }
    }
    standing.retain(|_, said| !is_nothing(said));
    for (what, said) in cases(rows) {
        standing.insert(what, said);
    }
    standing
}

/// Rows that are there and say nothing.
fn is_nothing(said: &str) -> bool {
    said.chars().any(|c| c.is_ascii_digit()) && !said.chars().any(|c| matches!(c, '1'..='9')) && !said.contains("true")
}

/// What cases that stand say, by the accused.
fn cases(rows: &AllRows) -> Standing {
    let of_case = |key: &&Entity| key.kind == Kind::Case;
    let mut said = Standing::new();
    for case in rows.keys().map(|(entity, _)| entity).filter(of_case) {
        let Some(Row::CaseHead(head)) = rows.get(&(*case, Key::CaseHead)) else { continue };
        if !head.standing {
            continue;
        }
        for ((_, key), row) in rows.range((*case, Key::CaseHead)..).take_while(|((entity, _), _)| entity == case) {
            if let (Key::CaseNode(id), Row::CaseNode(node)) = (key, row)
                && (node.taken, node.deducted, node.passed) != Default::default()
            {
                let sums = (node.taken, node.deducted, node.passed);
                said.insert(format!("case of {} {id}", head.origin), format!("{sums:?}"));
            }
        }
    }
    said
}

/// A thing done, and undone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed {
    pub(super) what: usize,
    /// After so many of the script's events, in a thousand.
    place: usize,
    /// Undone after so many of the rest of them, in a thousand: value that has moved on meanwhile does not come back as it
    /// was, nor do claims, so this holds of marks and accusations alone.
    until: usize,
    /// Which firms, or which invoice.
    which: usize,
}

const FIRMS: [&str; 5] = ["A", "B", "C", "D", "E"];

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    let until = prop_oneof![Just(0_usize), 0..=1_000_usize];
    (0..4_usize, 0..=1_000_usize, until, 0..1_000_usize).prop_map(|(what, place, until, which)| {
        let until = if what < 2 { 0 } else { until };
        Deed { what, place, until, which }
    })
}

/// The deed in words, where the script has what it is about: twice a line, to be done and to be undone.
fn words(deed: Deed, before: &[&str], all: &str) -> Option<[String; 2]> {
    let seller = FIRMS[deed.which % 5];
    let buyer = FIRMS[deed.which / 5 % 5];
    let issued: Vec<Vec<&str>> = before
        .iter()
        .filter_map(|line| line.split_once("| issue ").map(|(_, rest)| rest.split_whitespace().collect()))
        .filter(|words: &Vec<&str>| words[2] != "-" && !words[3].starts_with('-'))
        .collect();
    let of_known = || {
        let words: &Vec<&str> = issued.get(deed.which % issued.len().max(1))?;
        Some((words[0].to_owned(), words[1].to_owned(), words[2].to_owned()))
    };
    let tax = format!("{}.00", 1 + deed.which % 900);
    // Since when two know each other is known, whatever became of the invoice; a red letter is no meeting.
    let (trade, red) = (format!(" {seller} {buyer} "), format!(" {seller} {buyer} -"));
    let dealt = |line: &str| line.contains("| issue ") && line.contains(&trade) && !line.contains(&red);
    Some(match deed.what {
        0 if all.lines().any(dealt) && !before.iter().any(|line| dealt(line)) => return None,
        0 => [format!("issue 9000 {seller} {buyer} 9000.00 tax={tax}"), format!("void 9000 {seller}")],
        1 => {
            let (no, seller, buyer) = of_known()?;
            // Who claimed an invoice and transferred it out, and finds it abnormal, is not who never claimed it.
            if all.contains("| mark ") {
                return None;
            }
            let claim = format!("{no} {buyer} 2026-02 tax=0.01 from={seller}");
            [format!("deduct {claim}"), format!("reverse {claim}")]
        }
        // A lift takes back whatever mark there was before.
        2 if all.contains("| mark ") => return None,
        2 => {
            let (no, seller, _) = of_known()?;
            [format!("mark {no} {seller}"), format!("lift {no} {seller}")]
        }
        _ if all.contains(&format!("status {seller} ")) => return None,
        _ => [format!("status {seller} missing"), format!("status {seller} normal")],
    })
}

/// What of a script stands, where something was done and undone in the middle of it, and where it was not; and whether it
/// made a difference while it was done.
pub(super) fn with_and_without(script: &Script, deed: Deed) -> Option<(Standing, Standing, bool)> {
    let lines: Vec<&str> = script.in_time.lines().collect();
    // With the first event the journal begins; and since when a firm is known is known, whatever became of the invoice.
    let first = lines.iter().position(|line| *line != PAST)? + 1;
    let place = (deed.place * lines.len() / 1_000).max(first);
    let before = &lines[..place];
    let [done, undone] = words(deed, before, &script.in_time)?;
    let later = place + deed.until * (lines.len() - place) / 1_000;
    // The one a minute after the other: what is said of one moment has no order.
    let deeds = |place: usize| {
        let at = lines[..place].last().and_then(|line| line.split(" | ").next()).unwrap_or("at 2026-03-29");
        events(&format!("{}\n{at} | {done} | {undone}", lines[..place].join("\n"))).split_off(place)
    };
    let all = events(&format!("{}\n{MUCH_LATER}", lines.join("\n")));
    let mut difference = false;
    let mut run = |done: &[Event], undone: &[Event]| {
        let mut world = World::new(&rules());
        let mut feed = |events: &[Event]| {
            for event in events {
                world.feed(event.clone());
            }
            world.settle();
            standing(&world_rows(&mut world))
        };
        let was = feed(&all[..place]);
        difference |= feed(done) != was;
        feed(&all[place..later]);
        feed(undone);
        feed(&all[later..])
    };
    let (with, without) = (run(&deeds(place)[..1], &deeds(later)[1..]), run(&[], &[]));
    Some((with, without, difference))
}

/// All in which two differ.
pub(super) fn difference(one: &Standing, other: &Standing) -> Vec<String> {
    let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let differ = keys.into_iter().filter(|key| one.get(*key) != other.get(*key));
    differ.map(|key| format!("{key}: {:?} and {:?}", one.get(key), other.get(key))).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_done_and_undone_leaves_no_trace(script in script(), deed in deed()) {
        if let Some((with, without, _)) = with_and_without(&script, deed) {
            prop_assert_eq!(difference(&with, &without), Vec::<String>::new(), "{:?}\n{}", deed, script.in_time);
        }
    }
}
