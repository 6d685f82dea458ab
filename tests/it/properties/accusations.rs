//! When a source becomes known decides nothing about who holds how much of its value: the same trade, with the paper that
//! accuses the source before it, after it, or anywhere between, under the standard minimum. Nobody sells what it has not
//! bought, for shares in others' names move with every purchase in that name.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use suyuan::drive::STANDARD_RULES;
use suyuan::model::{Fen, Kind};
use suyuan::state::Tainted;

use super::*;

/// The first of them is the source.
const FIRMS: [&str; 6] = ["S", "A", "B", "C", "D", "E"];
/// Around the minimum of 1,000 yuan, alone and together.
const TAXES: [i64; 6] = [400, 600, 990, 1_000, 1_500, 4_000];

#[derive(Clone, Debug)]
enum Deed {
    Sale {
        seller: usize,
        buyer: usize,
        tax: i64,
    },
    /// The sale so many before the last.
    Void(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let tax = prop::sample::select(&TAXES[..]);
    let sale = (0..FIRMS.len(), 0..FIRMS.len(), tax);
    let sale = sale.prop_map(|(seller, buyer, tax)| Deed::Sale { seller, buyer, tax });
    prop_oneof![9 => sale, 1 => (0..12_usize).prop_map(Deed::Void)]
}

/// The trade, an event a line.
fn trade(deeds: &[Deed]) -> Vec<String> {
    let mut stock = [0_i64; FIRMS.len()];
    let mut sales: Vec<Option<(usize, usize, i64)>> = Vec::new();
    let mut lines = vec!["issue 1 S A 9000000.00 tax=1170000.00".to_owned()];
    stock[1] += 1_170_000;
    for deed in deeds {
        match *deed {
            Deed::Sale { seller, buyer, tax } if seller != buyer && (seller == 0 || stock[seller] >= tax) => {
                // The source's own sales are large enough for its finding to stand.
                if seller > 0 {
                    stock[seller] -= tax;
                }
                stock[buyer] += tax;
                let (no, from, to) = (100 + sales.len(), FIRMS[seller], FIRMS[buyer]);
                sales.push(Some((seller, buyer, tax)));
                lines.push(format!(
                    "issue {no} {from} {to} {}.00 tax={tax}.00 | deduct {no} {to} 2026-02 from={from}",
                    tax * 8
                ));
            }
            Deed::Void(back) if back < sales.len() => {
                let at = sales.len() - 1 - back;
                // Value that was sold on cannot be taken back without a sale that nothing stands behind.
                if let Some((seller, buyer, tax)) = sales[at].filter(|(_, buyer, tax)| stock[*buyer] >= *tax) {
                    sales[at] = None;
                    stock[buyer] -= tax;
                    stock[seller] += tax;
                    lines.push(format!("void {} {}", 100 + at, FIRMS[seller]));
                }
            }
            _ => {}
        }
    }
    lines
}

/// A sale within a ring, at some hour of its days; the first of the firms is the source.
#[derive(Clone, Debug)]
enum RingDeed {
    Sale { seller: usize, buyer: usize, tax: i64, hour: usize },
    Void(usize),
}

fn ring_deed() -> impl Strategy<Value = RingDeed> {
    let sale = |sellers, taxes: &'static [i64]| {
        let sale = (sellers, 1..4_usize, prop::sample::select(taxes), 0..48_usize);
        sale.prop_map(|(seller, buyer, tax, hour)| RingDeed::Sale { seller, buyer, tax, hour })
    };
    let (among, of_source) = (sale(1..4_usize, &[4_000, 20_000, 100_000]), sale(0..1, &[1_000, 20_000]));
    prop_oneof![5 => among, 1 => of_source, 1 => (0..4_usize).prop_map(RingDeed::Void)]
}

/// Trade of a ring in the order in which it came, which is not that of its hours.
fn ring(deeds: &[RingDeed]) -> Vec<String> {
    let mut lines = vec!["at 2026-02-02 | issue 1 S X 9000000.00 tax=1170000.00".to_owned()];
    let mut sales: Vec<Option<usize>> = Vec::new();
    for deed in deeds {
        match *deed {
            RingDeed::Sale { seller, buyer, tax, hour } if seller != buyer => {
                let (no, from, to) = (100 + sales.len(), FIRMS[seller], FIRMS[buyer]);
                sales.push(Some(seller));
                let at = format!("at 2026-02-{:02}T{:02}:{:02}", 3 + hour / 24, hour % 24, no % 60);
                lines.push(format!("{at} | issue {no} {from} {to} {}.00 tax={tax}.00", tax * 8));
            }
            RingDeed::Void(back) if back < sales.len() => {
                let at = sales.len() - 1 - back;
                if let Some(seller) = sales[at].take() {
                    lines.push(format!("at 2026-02-10T12:{:02} | void {} {}", at % 60, 100 + at, FIRMS[seller]));
                }
            }
            _ => {}
        }
    }
    lines
}

/// What stands at each taxpayer of S's value, when the paper comes before the line at `place`.
fn held(lines: &[String], place: usize) -> BTreeMap<Id, (Fen, Fen, u8)> {
    let mut script = String::from("at 2025-01-02 | issue 99 OLD OLD2 1.00 tax=0.10\n");
    for at in 0..=lines.len() {
        writeln!(script, "at 2026-02-{:02}T{:02}:{:02}", 3 + at / 600, 8 + at / 60 % 10, at % 60).unwrap();
        if at == place {
            script += "register S on=2026-01-04\n";
        }
        script += lines.get(at).map_or("", String::as_str);
        script += "\n";
    }
    let mut world = World::new(STANDARD_RULES);
    for event in parse(&script).unwrap() {
        world.feed(event);
    }
    world.settle();
    let source = Id::parse("S").unwrap();
    let mut held = BTreeMap::new();
    for ((entity, key), row) in world.rows().iter() {
        if let (Kind::Taxpayer, Key::Tainted(origin), Row::Tainted(total)) = (entity.kind, key, row)
            && *origin == source
        {
            let Tainted { taken, deducted, hops, .. } = **total;
            held.insert(entity.id, (taken, deducted, hops));
        }
    }
    held
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn when_a_source_becomes_known_decides_nothing(
        deeds in prop::collection::vec(deed(), 4..40),
        place in any::<prop::sample::Index>(),
    ) {
        let lines = trade(&deeds);
        let first = held(&lines, 0);
        prop_assert!(first.contains_key(&Id::parse("A").unwrap()), "nobody stands accused: {lines:#?}");
        for place in [lines.len(), place.index(lines.len() + 1)] {
            prop_assert_eq!(&held(&lines, place), &first, "the paper before line {} of {:#?}", place, lines);
        }
    }

    /// Firms that sell each other more than they took, before and after they took it: what each holds of the source's is
    /// told on by sixteenths, so that it may be a little more or less, but nothing is held that only went round.
    #[test]
    fn what_only_went_round_is_held_by_nobody(
        deeds in prop::collection::vec(ring_deed(), 4..30),
        place in any::<prop::sample::Index>(),
    ) {
        let lines = ring(&deeds);
        let first = held(&lines, 0);
        for place in [lines.len(), place.index(lines.len() + 1)] {
            let then = held(&lines, place);
            for firm in first.keys().chain(then.keys()) {
                let of = |held: &BTreeMap<Id, (Fen, Fen, u8)>| held.get(firm).map_or(0, |held| held.0.0);
                let (one, two) = (of(&first), of(&then));
                prop_assert!(
                    (one - two).abs() <= one.max(two) / 4 + 200_000,
                    "{} holds {} or {} with the paper before line {} of {:#?}", firm, one, two, place, lines
                );
            }
        }
    }
}
