//! Firms in one hand: what ties them and what does not, and that a tie that ends leaves nothing.

use std::fmt::Write as _;

use super::probe::*;
use crate::model::{Id, Kind, PartyKind, SignalStatus};
use crate::state::{Key, PartyHead, PartyKey, Row, RowType, TieRow};

/// Findings of a shared hand that stand: firm, score and evidence, in the order of the firms.
fn standing(script: &str) -> Vec<String> {
    let mut world = world(script);
    let signals =
        world.rows().iter().filter_map(|(_, row)| if let Row::Signal(signal) = row { Some(&signal.0) } else { None });
    let open = signals.filter(|signal| signal.status == SignalStatus::Open && &*signal.typology == "shared_control");
    let mut lines: Vec<String> = open
        .map(|signal| {
            let evidence: Vec<_> =
                signal.evidence.iter().map(|number| format!("{} {}", number.indicator, number.observed)).collect();
            format!("{} {}: {}", signal.taxpayer_id, signal.score, evidence.join(", "))
        })
        .collect();
    lines.sort();
    lines
}

/// Firms registered `days` apart, each with these options, in which `{}` is its number.
fn firms(count: usize, days: i64, options: &str) -> String {
    let mut script = String::new();
    for number in 0..count {
        let options = options.replace("{}", &number.to_string());
        let on =
            crate::model::Date::parse("2024-01-01").unwrap().start().plus_days(days * i64::try_from(number).unwrap());
        writeln!(script, "at {}T10:00 | register F{number:03} on={} {options}", on.date(), on.date()).unwrap();
    }
    script
}

/// The end of a script: everything waits for the end of an epoch.
const LATER: &str = "\nat 2026-06-01 | register LATER";

#[test]
fn one_representative_of_two_firms_is_nothing_and_of_three_a_notice() {
    assert_eq!(standing(&firms(2, 90, "rep=P")), [""; 0]);
    assert_eq!(
        standing(&firms(3, 90, "rep=P")),
        ["F000", "F001", "F002"].map(|firm| format!("{firm} 100: shared_firms 3"))
    );
}

#[test]
fn five_firms_of_one_representative_in_one_room_registered_in_one_week_are_a_gang() {
    let found = standing(&firms(5, 1, "rep=P at=科技路1号305室"));
    assert_eq!(found.len(), 10, "{found:?}");
    let one = "F000 650: shared_firms 5, registered_within_a_week 5, other_shared_ties 1";
    assert_eq!(found[..2], [one, one]);
}

#[test]
fn a_person_tied_to_a_firm_that_went_missing_is_found_at_the_others_until_it_is_back() {
    let two = format!("{}at 2025-01-01 | status F000 missing", firms(2, 90, "rep=P"));
    assert_eq!(standing(&format!("{two}{LATER}")), ["F001 280: shared_firms 2, shared_bad_firms 1"]);
    assert_eq!(standing(&format!("{two}\nat 2025-03-01 | status F000 normal{LATER}")), [""; 0]);
}

#[test]
fn one_signal_is_withdrawn_when_its_cause_goes() {
    let three = firms(3, 90, "rep=P");
    assert_eq!(standing(&format!("{three}at 2025-01-01 | change F000 rep=Q{LATER}")), [""; 0]);
    assert_eq!(standing(&format!("{three}at 2025-01-01 | status F000 deregistered{LATER}")), [""; 0]);
    let again = format!("{three}at 2025-01-01 | change F000 rep=Q | change F000 rep=P{LATER}");
    assert_eq!(standing(&again).len(), 3);
}

#[test]
fn a_closed_firm_that_opens_again_is_counted_and_told_again() {
    let three = firms(3, 90, "rep=P");
    let closed = format!("{three}at 2025-01-01 | status F000 deregistered | change F001 rep=Q");
    let open = format!("{closed}\nat 2025-02-01 | status F000 normal | change F001 rep=P{LATER}");
    assert_eq!(standing(&open).len(), 3);
}

#[test]
fn coal_traders_of_which_ones_representative_is_the_nexts_handler_hang_together() {
    let mut script = String::new();
    for number in 0..9 {
        writeln!(
            script,
            "at 2026-01-{:02} | register C{number} rep=P{number} handler=P{} mac=00:1a:2b:3c:4d:5e",
            5 + number,
            number + 1
        )
        .unwrap();
        writeln!(script, "issue {number} C{number} X 1000.00 mac=00:1a:2b:3c:4d:5e").unwrap();
    }
    let found = standing(&format!("{script}{LATER}"));
    assert!(
        found.iter().any(|line| line.starts_with("C4 ") && line.contains("represented_and_served_firms")),
        "{found:?}"
    );
    assert!(
        found.iter().all(|line| line.split([' ', ':']).nth(1).unwrap().parse::<u16>().unwrap() >= 500),
        "{found:?}"
    );
}

#[test]
fn a_group_that_shares_one_finance_officer_is_no_gang() {
    assert_eq!(standing(&firms(8, 200, "rep=P{} fin=CFO/0755-26780000")), [""; 0]);
}

#[test]
fn the_founder_of_a_group_who_keeps_the_accounts_of_its_firms_is_no_gang() {
    let script = firms(8, 200, "rep=P{} fin=P0 handler=H{}");
    assert_eq!(standing(&format!("{script}{LATER}")), [""; 0]);
}

#[test]
fn one_handler_of_firms_that_registered_together_is_a_hand_and_of_clients_that_came_over_time_is_none() {
    assert_eq!(standing(&firms(6, 100, "rep=P{} handler=H")), [""; 0]);
    let found = standing(&firms(6, 2, "rep=P{} handler=H"));
    assert_eq!(found.len(), 6);
    assert_eq!(found[0], "F000 500: shared_firms 6, registered_within_a_week 6");
}

#[test]
fn a_bookkeeper_behind_three_hundred_honest_firms_is_no_gang_even_with_some_missing() {
    let agent = "rep=P{}/13900000000 fin=A/13900000000 handler=A/13900000000 at=科技路1号305室";
    let mut script = firms(300, 2, agent);
    for number in 0..300 {
        writeln!(
            script,
            "at 2025-09-{:02} | issue {number} F{number:03} X 10.00 mac=00:1a:2b:3c:4d:5e ip=113.87.1.2",
            1 + number / 12
        )
        .unwrap();
    }
    writeln!(script, "at 2026-01-01 | status F007 missing | status F010 missing | status F100 abnormal").unwrap();
    assert_eq!(standing(&format!("{script}{LATER}")), [""; 0]);
}

#[test]
fn a_room_of_which_half_the_firms_went_missing_is_no_business_park() {
    let mut script = firms(40, 30, "rep=P{} at=科技路1号305室");
    for number in 0..20 {
        writeln!(script, "at 2027-09-01 | status F{number:03} missing").unwrap();
    }
    let found = standing(&format!("{script}\nat 2027-10-01 | register LATER"));
    assert_eq!(found.len(), 40, "{found:?}");
}

#[test]
fn the_order_of_papers_decides_nothing() {
    let events = [
        "at 2026-01-01 | register A on=2026-01-01 rep=P handler=Q at=科技路1号305室",
        "at 2026-01-03 | register B on=2026-01-03 rep=P/13800138000 at=科技路1号305",
        "at 2026-01-05 | register C on=2026-01-05 rep=Q/13800138000",
        "at 2026-02-01 | change A rep=R",
        "at 2026-02-10 | status B missing",
        "at 2026-02-12 | change C rep=P",
    ];
    let in_time = standing(&format!("{}{LATER}", events.join("\n")));
    assert!(!in_time.is_empty());
    for turn in 1..events.len() {
        let mut turned = events;
        turned.rotate_left(turn);
        assert_eq!(standing(&format!("{}{LATER}", turned.join("\n"))), in_time, "{turned:?}");
        turned.reverse();
        assert_eq!(standing(&format!("{}{LATER}", turned.join("\n"))), in_time, "{turned:?}");
    }
}

#[test]
fn a_tie_that_ends_leaves_nothing_behind() {
    let script = format!(
        "{}at 2025-01-01 | change F000 rep=X0 | change F001 rep=X1 | change F002 rep=X2{LATER}",
        firms(3, 3, "rep=P")
    );
    let mut world = world(&script);
    let party = PartyKind::Person.named("P").unwrap();
    let left: Vec<_> = world.rows().iter().filter(|((entity, _), _)| entity.id == party).collect();
    assert!(left.is_empty(), "{left:?}");
    let tie: Option<TieRow> = find(&mut world, "F000", &Key::Party(PartyKey::Tie(party)));
    assert_eq!(tie, None);
}

/// Messages that a firm that joins a hand of so many leads to.
#[test]
fn one_hand_behind_many_costs_about_the_same_for_each_firm_as_behind_few() {
    let firms_number = 3_000;
    let options = "rep=P{} handler=H";
    let mut costs = Vec::new();
    let mut world = super::World::new(super::STANDARD_RULES);
    for event in super::parse(&firms(firms_number, 1, options)).unwrap() {
        let before = world.folded();
        world.feed(event);
        costs.push(world.folded() - before);
    }
    world.settle();
    assert!(world.most_effects() <= crate::fold::EFFECTS_MAX);
    let few: u64 = costs[..100].iter().sum();
    let many: u64 = costs[costs.len() - 1_000..].iter().sum();
    assert!(many / 10 <= few, "the first hundred took {few} records, the last thousand {many}");
    let id = PartyKind::Person.named("H").unwrap();
    let head = head(&mut world, id);
    assert_eq!((head.firms, head.served, head.together), (3_000, 3_000, 2_999));
    let tie: TieRow = row(&mut world, "F000", Key::Party(PartyKey::Tie(id)));
    assert_eq!(tie.hand.firms, 2_048);
}

fn head(world: &mut super::World, id: Id) -> PartyHead {
    use crate::state::Rows as _;
    let entity = crate::model::Entity { kind: Kind::Party, id };
    PartyHead::unwrap(world.rows().get(&entity, &Key::Party(PartyKey::Head)).unwrap().clone()).unwrap()
}
