//! Gangs: firms that hang together by hands, whatever the order in which that became known, and no longer when a tie ends.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for what it wants")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;

use super::probe::*;
use super::{STANDARD_RULES, World};
use crate::model::{Case, Date, Gang, Id, Instant, Kind, Output, PartyKind, SignalStatus, TaxpayerId};
use crate::risk::RuleSet;
use crate::state::{Books, Key, Papers, PartyHead, PartyKey, PartyMember, Row, TieRow};

/// The cases of gangs as they were last published, by the firm they are named by.
fn cases(world: &World) -> BTreeMap<TaxpayerId, Case> {
    let cases =
        world.said().iter().filter_map(|said| if let Output::Case(case) = &said.output { Some(case) } else { None });
    let gangs = cases.filter(|case| &*case.typology == "shared_control");
    let last: BTreeMap<_, _> = gangs.map(|case| (case.origin, (**case).clone())).collect();
    last.into_iter().filter(|(_, case)| case.standing).collect()
}

fn nodes(case: &Case) -> Vec<&str> {
    case.nodes.iter().map(|node| node.taxpayer_id.as_str()).collect()
}

/// Firms A to E in one room and of one representative, registered in one week.
fn five() -> String {
    let mut script = String::new();
    for (day, firm) in ["A", "B", "C", "D", "E"].into_iter().enumerate() {
        writeln!(script, "at 2026-01-{:02} | register {firm} rep=P{} at=科技路1号305室", 5 + day, firm).unwrap();
        writeln!(script, "change {firm} rep=P").unwrap();
    }
    script
}

const LATER: &str = "\nat 2026-06-01 | register LATER\nat 2026-06-03 | register LATER2";

#[test]
fn a_gang_is_one_case_with_what_ties_it() {
    let world = world(&format!("{}{LATER}", five()));
    let cases = cases(&world);
    let case = &cases[&id("A")];
    assert_eq!((nodes(case), case.standing, cases.len()), (vec!["A", "B", "C", "D", "E"], true, 1));
    assert!(case.nodes.iter().all(|node| node.role == crate::model::ChainRole::Associate));
    let kinds: BTreeSet<_> = case.ties.iter().map(|tie| tie.kind).collect();
    assert_eq!((case.ties.len(), kinds), (10, [PartyKind::Person, PartyKind::Address].into()));
    let signal = world.said().iter().rev().find_map(|said| match &said.output {
        Output::Signal(signal) if signal.status == SignalStatus::Open => Some(signal.case_id),
        _ => None,
    });
    assert_eq!(signal, Some(Some(case.case_id)));
}

#[test]
fn three_firms_of_one_honest_owner_are_no_case() {
    let script = "at 2024-01-05 | register A rep=P | at 2024-05-05\nregister B rep=P\nat 2025-01-05 | register C rep=P";
    assert!(cases(&world(&format!("{script}{LATER}"))).is_empty());
}

#[test]
fn two_gangs_that_meet_by_one_firm_are_one_and_two_again_when_it_goes() {
    let two = format!(
        "{}{}",
        five(),
        five()
            .replace("register ", "register Z")
            .replace("change ", "change Z")
            .replace("=P", "=Q")
            .replace("305", "999")
    );
    let apart = world(&format!("{two}{LATER}"));
    let found = cases(&apart);
    assert_eq!(found.keys().map(Id::as_str).collect::<Vec<_>>(), ["A", "ZA"]);
    let met = format!("{two}\nat 2026-02-01 | register M rep=P handler=Q at=科技路7号101室");
    let together = world(&format!("{met}{LATER}"));
    let found = cases(&together);
    assert_eq!(found[&id("A")].nodes.len(), 11, "{found:?}");
    assert!(!found.contains_key(&id("ZA")));
    let parted = world(&format!("{met}\nat 2026-03-01 | change M rep=X handler=X{LATER}"));
    let found = cases(&parted);
    assert_eq!((found[&id("A")].nodes.len(), found[&id("ZA")].nodes.len()), (5, 5), "{found:?}");
}

#[test]
fn a_ring_that_its_first_firm_leaves_names_itself_anew() {
    // Each one's representative is the next one's handler, round a ring of seven.
    let mut script = String::new();
    for firm in 0..7 {
        writeln!(script, "at 2026-01-{:02} | register F{firm} rep=P{firm} handler=P{}", 5 + firm, (firm + 1) % 7)
            .unwrap();
    }
    let mut ring = world(&format!("{script}{LATER}"));
    let name = |world: &mut World, firm: &str| row::<Papers>(world, firm, Key::Party(PartyKey::Papers)).gang;
    assert_eq!(name(&mut ring, "F4"), Gang { firm: id("F0"), hops: 3 });
    let mut left = world(&format!("{script}at 2026-02-01 | change F0 rep=X handler=Y{LATER}"));
    assert_eq!(name(&mut left, "F0"), Gang::NONE);
    assert_eq!(name(&mut left, "F4"), Gang { firm: id("F1"), hops: 3 });
}

#[derive(Clone, Debug)]
struct Paper {
    firm: usize,
    text: String,
}

fn paper() -> impl Strategy<Value = Paper> {
    let person = || 0..6_usize;
    let people = (person(), prop::option::of(person()), prop::option::of(person()));
    let what = prop_oneof![
        4 => people.prop_map(|(rep, fin, handler)| {
            let fin = fin.map(|who| format!(" fin=P{who}")).unwrap_or_default();
            let handler = handler.map(|who| format!(" handler=P{who}")).unwrap_or_default();
            format!("change {{}} rep=P{rep}{fin}{handler}")
        }),
        2 => (0..3_usize).prop_map(|room| format!("change {{}} at=科技路1号30{room}室")),
        1 => Just("status {} missing".to_owned()),
        1 => Just("status {} normal".to_owned()),
        1 => Just("status {} deregistered".to_owned()),
        2 => (0..20_u32).prop_map(|day| format!("register {{}} on=2026-01-{:02}", 1 + day)),
    ];
    (0..9_usize, what).prop_map(|(firm, text)| Paper { firm, text })
}

/// Papers, each at its own time, and an order to feed them in.
fn papers() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    prop::collection::vec((paper(), any::<u32>()), 1..30).prop_map(|papers| {
        let mut known = BTreeSet::new();
        let mut events: Vec<(u32, String)> = Vec::new();
        for (minute, (Paper { firm, text }, order)) in papers.into_iter().enumerate() {
            // A firm registers once.
            if text.starts_with("register") && !known.insert(firm) {
                continue;
            }
            let text = text.replace("{}", &format!("F{firm}"));
            events.push((order, format!("at 2026-02-03T{:02}:{:02} | {text}", 8 + minute / 60, minute % 60)));
        }
        let in_time: Vec<String> = events.iter().map(|(_, text)| text.clone()).collect();
        events.sort();
        (in_time, events.into_iter().map(|(_, text)| text).collect())
    })
}

/// What stands at the end: hands, names, findings.
type End = BTreeMap<String, String>;

fn end(script: &str) -> (World, End) {
    let world = world(&format!("{script}{LATER}"));
    let mut end = End::new();
    let mut rows = world.clone();
    for ((entity, key), row) in rows.rows().iter() {
        let said = match row {
            Row::Tie(tie) => format!("{:?}", TieRow { number: 0, ..(**tie).clone() }),
            Row::Papers(papers) => format!("{:?} {:?}", papers.told, papers.gang),
            Row::PartyMember(member) => format!("{:?}", PartyMember { number: 0, ..**member }),
            Row::PartyHead(head) => format!("{:?}", PartyHead { at: Instant::default(), ..(**head).clone() }),
            Row::GangHead(_) | Row::GangMember(_) => format!("{row:?}"),
            Row::Signal(signal) if signal.0.status == SignalStatus::Open => {
                format!("{} {:?} {:?}", signal.0.score, signal.0.evidence, signal.0.counterparties)
            }
            _ => continue,
        };
        end.insert(format!("{entity:?} {key:?}"), said);
    }
    (world, end)
}

/// By the rows of firms alone: what each party must know, and by which firm each gang is named.
fn check(world: &mut World) -> Result<(), String> {
    let rules = RuleSet::parse(STANDARD_RULES).unwrap();
    let rows: Vec<_> = world.rows().iter().map(|(key, row)| (*key, row.clone())).collect();
    let mut edges: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let (mut tied, mut heads) = (BTreeMap::<Id, usize>::new(), BTreeSet::new());
    for ((entity, key), row) in &rows {
        match (key, row) {
            (Key::Party(PartyKey::Member(_)), _) => *tied.entry(entity.id).or_insert(0) += 1,
            (Key::Party(PartyKey::Head), Row::PartyHead(head)) => {
                heads.insert(entity.id);
                let members = rows.iter().filter_map(|((of, _), row)| match row {
                    Row::PartyMember(member) if of == entity => Some(**member),
                    _ => None,
                });
                let members: Vec<PartyMember> = members.collect();
                let mut days: Vec<Date> = members.iter().filter_map(|member| member.registered_on).collect();
                days.sort_unstable();
                let together = days.windows(2).filter(|pair| pair[1].0 - pair[0].0 <= 7).count();
                let count = |of: fn(&PartyMember) -> bool| members.iter().filter(|member| of(member)).count();
                let right = [
                    (head.firms, count(|_| true)),
                    (head.represented, count(|member| member.roles.represents())),
                    (head.served, count(|member| !member.roles.represents())),
                    (head.bad, count(|member| member.record.is_bad())),
                    (head.together, together),
                ];
                if right.iter().any(|(known, counted)| *known as usize != *counted) {
                    return Err(format!("party {} of {members:?} knows {head:?}", entity.id));
                }
            }
            (Key::Party(PartyKey::Tie(party)), Row::Tie(tie)) if rules.is_held(tie) => {
                edges.entry(entity.id).or_default().insert(*party);
                edges.entry(*party).or_default().insert(entity.id);
            }
            _ => {}
        }
    }
    if let Some(party) = tied.iter().find(|(id, firms)| (**firms > 1) != heads.contains(*id)) {
        return Err(format!("a party is known as a whole where it has several firms: {party:?}"));
    }
    for ((entity, _), row) in &rows {
        let Row::Papers(papers) = row else { continue };
        let mut reached = BTreeMap::from([(entity.id, 0_u8)]);
        let mut queue = vec![entity.id];
        while let Some(at) = (!queue.is_empty()).then(|| queue.remove(0)) {
            for next in edges.get(&at).into_iter().flatten() {
                if !reached.contains_key(next) {
                    reached.insert(*next, reached[&at] + 1);
                    queue.push(*next);
                }
            }
        }
        let firms = reached.iter().filter(|(id, _)| id.as_str().starts_with('F'));
        let least = firms.min().map(|(firm, steps)| Gang { firm: *firm, hops: steps / 2 });
        let expected = if reached.len() > 1 { least.unwrap_or(Gang::NONE) } else { Gang::NONE };
        if papers.gang != expected && entity.id.as_str().starts_with('F') && !is_closed(world, entity.id) {
            return Err(format!("{} names its gang {:?} and not {expected:?}", entity.id, papers.gang));
        }
    }
    Ok(())
}

fn is_closed(world: &mut World, firm: Id) -> bool {
    let mut books = Books::of(world.rows(), crate::model::Entity::taxpayer(firm));
    books.find::<Papers>(&Key::Party(PartyKey::Papers)).is_some_and(|papers| papers.told.1.is_closed())
}

/// Everything that was tied is tied no longer.
fn untied(script: &str) -> Result<(), String> {
    let mut more = String::new();
    for firm in 0..9 {
        write!(
            more,
            "\nat 2026-03-0{} | change F{firm} rep=L{firm} fin=L{firm} handler=L{firm} at=路{firm}号{firm}{firm}1室",
            1 + firm % 7
        )
        .unwrap();
    }
    let (mut world, _) = end(&format!("{script}{more}"));
    for ((entity, key), row) in world.rows().iter() {
        let left = match (entity.kind, row) {
            (Kind::Party, Row::PartyHead(head)) => head.firms > 1,
            (_, Row::GangHead(_) | Row::GangMember(_)) => true,
            (_, Row::Signal(signal)) => signal.0.status == SignalStatus::Open,
            (_, Row::Tie(tie)) => tie.hand.firms > 0,
            _ => false,
        };
        if left {
            return Err(format!("{entity:?} {key:?} is left: {row:?}"));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hands_and_gangs_are_what_the_papers_say_whatever_their_order((in_time, fed) in papers()) {
        let (in_time, fed) = (in_time.join("\n"), fed.join("\n"));
        let (mut world, one) = end(&in_time);
        prop_assert_eq!(check(&mut world).err(), None, "{}", in_time);
        let (_, other) = end(&fed);
        let differ: Vec<_> = one.iter().filter(|(key, row)| other.get(*key) != Some(row)).map(|(key, row)| (key, row, other.get(key))).collect();
        prop_assert!(differ.is_empty() && one.len() == other.len(), "{}\n---\n{}\n{:#?}", in_time, fed, differ);
        prop_assert_eq!(untied(&in_time).err(), None, "{}", in_time);
    }
}
