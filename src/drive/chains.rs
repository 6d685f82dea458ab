//! Cases kept true: whatever takes accused value back, or moves it elsewhere, changes what the case says of it.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::model::{Entity, Fen};
use crate::state::{CaseEdgeRow, CaseHead, CaseNodeRow, Key, RowType, Rows, Tainted};

/// The first case against S, after a script.
struct Chain {
    world: World,
    case: Entity,
}

impl Chain {
    fn of(script: &str) -> Self {
        Self { world: world(script), case: Entity::case(CaseHead::id("source_burst", id("S"), 1)) }
    }

    fn row<T: RowType + Clone>(&mut self, key: Key) -> Option<T> {
        self.world.rows().get(&self.case, &key).cloned().and_then(T::unwrap)
    }

    /// What a taxpayer took, in yuan, deducted, and passed on.
    fn node(&mut self, of: &str) -> [i64; 3] {
        let node: CaseNodeRow = self.row(Key::CaseNode(id(of))).unwrap_or_default();
        [node.taken, node.deducted, node.passed].map(|tax| tax.0 / 100)
    }

    /// Value that went from one taxpayer to another, in yuan; `None` where the case knows of none.
    fn edge(&mut self, from: &str, to: &str) -> Option<i64> {
        let edge: CaseEdgeRow = self.row(Key::CaseEdge { from: id(from), to: id(to) })?;
        assert_ne!(edge.tax, Fen::ZERO, "an edge without value is none");
        Some(edge.tax.0 / 100)
    }

    fn edges(&mut self) -> u64 {
        self.row::<CaseHead>(Key::CaseHead).unwrap().edges
    }
}

/// S is accused, W took its value, and sold some of it on to B, who deducts.
const ACCUSED: &str = "at 2026-01-01 | register OLD on=2001-01-01
    at 2026-03-02 | register S on=2026-02-20
    issue 1 S W 900000.00 tax=100000.00 | issue 2 S W 900000.00 tax=50000.00
    issue 3 W B 900000.00 tax=60000.00 | issue 4 W B 90000.00 tax=9000.00
    deduct 3 B 2026-03 from=W
    at 2026-03-10 | issue 901 OLD OLD2 1.00\n";

#[test]
fn a_case_knows_whose_value_went_where() {
    let mut chain = Chain::of(ACCUSED);
    assert_eq!([chain.node("S"), chain.node("W")], [[150_000, 0, 150_000], [150_000, 0, 69_000]]);
    assert_eq!(chain.node("B"), [69_000, 60_000, 0]);
    assert_eq!((chain.edge("S", "W"), chain.edge("W", "B"), chain.edges()), (Some(150_000), Some(69_000), 2));
}

#[test]
fn a_red_letter_takes_off_the_source_and_off_the_way_to_its_buyer() {
    let red = format!("{ACCUSED}at 2026-03-11 | issue 5 S W -90000.00 tax=-10000.00 red=1");
    let mut chain = Chain::of(&red);
    assert_eq!([chain.node("S"), chain.node("W")], [[140_000, 0, 140_000], [140_000, 0, 69_000]]);
    assert_eq!((chain.edge("S", "W"), chain.edges()), (Some(140_000), 2));
    // And what voids it puts it back.
    let mut chain = Chain::of(&format!("{red} | void 5 S"));
    assert_eq!((chain.node("S"), chain.edge("S", "W")), ([150_000, 0, 150_000], Some(150_000)));
}

#[test]
fn what_has_become_too_little_to_be_followed_is_no_longer_in_the_case() {
    let void = format!("{ACCUSED}at 2026-03-11 | void 3 W | issue 6 W B -81000.00 tax=-8100.00 red=4");
    let mut chain = Chain::of(&void);
    assert_eq!((chain.edge("W", "B"), chain.edges()), (None, 1));
    assert_eq!([chain.node("W"), chain.node("B")], [[150_000, 0, 0], [0, 0, 0]]);
    // It comes back with what makes it enough again, and is counted once.
    let mut chain = Chain::of(&format!("{void} | issue 5 W B 90000.00 tax=2000.00"));
    assert_eq!((chain.edge("W", "B"), chain.edges(), chain.node("W")), (Some(2_900), 2, [150_000, 0, 2_900]));
}

#[test]
fn a_purchase_that_explains_part_of_what_a_source_sold_takes_it_off_the_case() {
    let late = format!("{ACCUSED}at 2026-02-27 | issue 6 OLD S 90000.00 tax=20000.00");
    let mut chain = Chain::of(&late);
    assert_eq!((chain.node("S"), chain.edge("S", "W")), ([130_000, 0, 130_000], Some(130_000)));
    // Taken back, it explains nothing any more.
    let mut chain = Chain::of(&format!("{late}\nat 2026-03-11 | void 6 OLD"));
    assert_eq!((chain.node("S"), chain.edge("S", "W")), ([150_000, 0, 150_000], Some(150_000)));
}

#[test]
fn a_purchase_taken_back_after_it_was_sold_on_begins_at_the_source() {
    let bought = ACCUSED.replace("issue 1 S W", "issue 7 OLD S 90000.00 tax=10000.00 | issue 1 S W");
    assert_eq!(Chain::of(&bought).node("S"), [140_000, 0, 140_000]);
    let mut chain = Chain::of(&format!("{bought}at 2026-03-11 | void 7 OLD"));
    assert_eq!(chain.node("S")[0], 150_000);
}

/// N sold to W and to B before its purchase from S was known, so that its name stands for S's with them.
const STOOD_FOR: &str = "at 2026-01-01 | register OLD on=2001-01-01
    at 2026-03-02
    issue 21 N W 160000.00 tax=20000.00 | issue 22 N W 160000.00 tax=20000.00
    at 2026-03-01
    register S on=2026-02-20
    issue 11 S N 320000.00 tax=20000.00 | issue 12 S W 600000.00 tax=80000.00
    issue 23 W B 900000.00 tax=120000.00
    at 2026-03-10 | issue 900 OLD OLD2 1.00\n";

#[test]
fn value_in_several_names_is_told_as_one_sum() {
    let mut chain = Chain::of(STOOD_FOR);
    assert_eq!(
        (chain.edge("S", "N"), chain.edge("N", "W"), chain.edge("S", "W")),
        (Some(20_000), Some(20_000), Some(80_000))
    );
    assert_eq!((chain.node("W"), chain.edge("W", "B")), ([100_000, 0, 100_000], Some(100_000)));
    assert_eq!(chain.node("B"), [100_000, 0, 0]);
    // A red letter takes back pro rata of both names: a half of 80,000, and of 20,000 out of 40,000 in N's.
    let mut chain = Chain::of(&format!("{STOOD_FOR}at 2026-03-11 | issue 24 W B -450000.00 tax=-60000.00 red=23"));
    assert_eq!((chain.edge("W", "B"), chain.node("W")), (Some(50_000), [100_000, 0, 50_000]));
}

#[test]
fn what_had_settled_a_sale_that_is_taken_back_stands_behind_the_other_or_nothing() {
    // The first of N's two sales was settled by what came of S, the second is N's own.
    let void = format!("{STOOD_FOR}at 2026-03-11 | void 21 N");
    let mut chain = Chain::of(&void);
    assert_eq!((chain.edge("N", "W"), chain.node("N")), (Some(20_000), [20_000, 0, 20_000]));
    let mut chain = Chain::of(&format!("{void} | void 22 N"));
    assert_eq!((chain.edge("N", "W"), chain.node("N")), (None, [20_000, 0, 0]));
    assert_eq!(chain.node("W")[0], 80_000);
}

/// S is found out; W sold to B before its purchase from S was known, so B holds S's value in W's name.
const SOLD_BEFORE: &str = "
    at 2026-01-01 | register OLD on=2001-01-01
    at 2026-03-02 | issue 1 W B 900000.00 tax=110000.00
    at 2026-03-01 | register S on=2026-02-20 | quota S 1.00 25
    issue 11 S W 900000.00 tax=110000.00 | issue 12 S X 900000.00 tax=110000.00
    at 2026-03-10 | issue 20 OLD OLD2 1.00
    at 2026-03-11T12:00 | issue 21 OLD OLD2 1.00
";

fn tainted(world: &mut World, of: &str) -> Fen {
    let row = world.rows().get(&Entity::taxpayer(id(of)), &Key::Tainted(id("S"))).and_then(Tainted::peek);
    row.map_or(Fen::ZERO, |tainted| tainted.taken)
}

#[test]
fn value_in_the_name_of_who_stood_for_a_source_is_followed_to_later_buyers() {
    let sold = format!("{SOLD_BEFORE} issue 2 B C 800000.00 tax=100000.00");
    assert_eq!(tainted(&mut world(SOLD_BEFORE), "B"), Fen(11_000_000));
    assert_eq!(tainted(&mut world(&sold), "C"), Fen(10_000_000));
    // Back again with the sale, in part and in whole.
    let red = format!("{sold} | at 2026-03-12 | issue 3 B C -400000.00 tax=-50000.00 red=2");
    assert_eq!(tainted(&mut world(&red), "C"), Fen(5_000_000));
    let voided = format!("{sold} | at 2026-03-12 | void 2 B");
    assert_eq!(tainted(&mut world(&voided), "C"), Fen::ZERO);
}

#[test]
fn what_settles_a_sale_in_the_name_of_who_stood_for_a_source_is_followed_too() {
    // B sells before its purchase from W is known, too, and that comes when S has long been found out.
    let script = "
        at 2026-01-01 | register OLD on=2001-01-01
        at 2026-03-01 | register S on=2026-02-20 | quota S 1.00 25
        at 2026-03-02 | issue 1 W B 900000.00 tax=110000.00 | issue 4 W B 900000.00 tax=110000.00
        at 2026-03-03 | issue 2 B C 1600000.00 tax=200000.00
        at 2026-03-01 | issue 11 S W 900000.00 tax=110000.00 | issue 12 S W 900000.00 tax=110000.00
        at 2026-03-10 | issue 20 OLD OLD2 1.00
        at 2026-03-11T12:00 | issue 21 OLD OLD2 1.00
        at 2026-03-05 | issue 3 B D 800000.00 tax=100000.00
        at 2026-03-04 | issue 5 W B 900000.00 tax=110000.00
        at 2026-03-12T12:00 | issue 22 OLD OLD2 1.00";
    let mut world = world(script);
    // Two thirds of what W sold to B is S's, whichever of it settled what.
    assert_eq!(tainted(&mut world, "C"), Fen(20_000_000 * 2 / 3));
}

#[test]
fn what_comes_by_the_shortest_way_is_always_told_on_and_taken_back() {
    // A sells before its purchases from S are known; they settle the sale one by one when S has been found out.
    let mut script = String::from(
        "at 2026-01-01 | register OLD on=2001-01-01\nat 2026-03-01 | register S on=2026-02-20 | issue 1 S X 900000.00 tax=110000.00
        at 2026-03-03 | issue 2 A B 9000000.00 tax=1000000.00 | issue 3 B C 9000000.00 tax=1000000.00
        at 2026-03-10 | issue 4 OLD OLD2 1.00\nat 2026-03-11T12:00 | issue 5 OLD OLD2 1.00\n",
    );
    let add = |script: &mut String, no: u32, command: &str| {
        let hour = no / 3;
        writeln!(script, "at 2026-03-02 | {command}\nat 2026-03-12T{hour:02}:00 | issue {} OLD OLD2 1.00", 500 + no)
            .unwrap();
    };
    for no in 100..140 {
        add(&mut script, no - 80, &format!("issue {no} S A 190000.00 tax=20000.00"));
    }
    assert_eq!(tainted(&mut world(&script), "C"), Fen(40 * 2_000_000));
    for no in 100..140 {
        add(&mut script, no - 80, &format!("void {no} S"));
    }
    assert_eq!(tainted(&mut world(&script), "C"), Fen::ZERO);
}

#[test]
fn who_buys_of_the_source_itself_after_all_is_next_to_it() {
    let script =
        format!("{ACCUSED}at 2026-03-11 | issue 5 S B 900000.00 tax=1000.00\nat 2026-03-12 | issue 902 OLD OLD2 1.00");
    let tainted = |script: &str| -> Tainted { row(&mut world(script), "B", Key::Tainted(id("S"))) };
    assert_eq!((tainted(ACCUSED).hops, tainted(ACCUSED).via), (2, id("W")));
    assert_eq!((tainted(&script).hops, tainted(&script).via), (1, id("S")));
}

#[test]
fn what_the_void_of_a_red_letter_lets_out_again_is_followed() {
    // Sold before W had anything of S, taken back, and drawn anew when it does.
    let before = "at 2026-02-25 | issue 20 W C 500000.00 tax=50000.00 | issue 21 W C -500000.00 tax=-50000.00 red=20\n";
    let after = "at 2026-03-11 | void 21 W\nat 2026-03-12 | issue 902 OLD OLD2 1.00";
    let mut chain = Chain::of(&format!("{before}{ACCUSED}{after}"));
    assert_eq!((chain.node("C"), chain.edge("W", "C")), ([50_000, 0, 0], Some(50_000)));
}
