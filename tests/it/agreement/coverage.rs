//! Whether everything that should be common in the worlds was: each kind is counted by the worlds it occurred in.

use std::collections::{BTreeMap, BTreeSet};

use crate::oracle::books::{Books, is_voucher};
use crate::oracle::chains;
use crate::oracle::events::{Event, Verdict, What};

use super::Outcome;

/// Of so many worlds, each kind must occur in one at least.
const ONE_IN: usize = 150;
/// In fewer worlds nothing need occur: somebody looks at some of them.
const WORLDS_THAT_TELL: usize = 1_000;

/// What must occur.
const KINDS: [&str; 45] = [
    "a void",
    "a void before its invoice",
    "a red letter in part",
    "red letters of one invoice, several",
    "a red letter before its invoice",
    "a red letter without its invoice",
    "a red letter that was voided, of a sale that stands",
    "a reversal",
    "a deduction before its invoice",
    "a claim that names no seller",
    "a late event",
    "a repeated event",
    "a conflicting event",
    "an event that is an epoch of its own",
    "several events in an epoch",
    "value back at its origin",
    "a hub beyond the standard budget of its pool",
    "a remainder in a pool",
    "a remainder in a vector",
    "what a small-scale firm holds",
    "a purchase voucher",
    "a natural person as buyer",
    "a late registration",
    "a change of kind",
    "a change of representative",
    "a sale of a deregistered firm",
    "a mark",
    "a sale that a later purchase settled",
    "an accusation that was lifted",
    "an accusation that came again",
    "value of a source in another's name",
    "deduct_without_invoice",
    "double_deduction",
    "deduct_after_void",
    "dormant_revival",
    "source_burst",
    "pass_through",
    "circular",
    "false_deduction",
    "abnormal_voucher",
    "an invoice that is abnormal in turn",
    "washer",
    "beneficiary",
    "associate",
    "a chain of three links",
];

/// In how many worlds each kind occurred.
#[derive(Debug, Default)]
pub(super) struct Coverage(BTreeMap<&'static str, usize>);

impl Coverage {
    /// Counts what occurred in a world.
    pub(super) fn see(&mut self, outcome: &Outcome) {
        let mut seen = BTreeSet::new();
        of_events(&outcome.events, &mut seen);
        of_books(&outcome.books, &mut seen);
        of_chains(&outcome.books, &mut seen);
        for kind in KINDS {
            let found = format!(" {kind} about ");
            if outcome.oracle.keys().any(|name| name.contains(&found)) {
                seen.insert(kind);
            }
        }
        for kind in seen {
            assert!(KINDS.contains(&kind), "{kind} is looked for");
            *self.0.entry(kind).or_default() += 1;
        }
    }

    /// Each kind must have occurred often enough, where there were worlds enough to tell.
    pub(super) fn check(&self, worlds: usize) {
        if worlds < WORLDS_THAT_TELL {
            return;
        }
        let often = |kind: &&str| self.0.get(*kind).copied().unwrap_or(0) > worlds / ONE_IN;
        let rare: Vec<&str> = KINDS.into_iter().filter(|kind| !often(kind)).collect();
        assert!(rare.is_empty(), "too rare in {worlds} worlds: {rare:?}; {:?}", self.0);
    }
}

fn of_events(events: &[(Event, Verdict)], seen: &mut BTreeSet<&'static str>) {
    let (mut issued, mut voided) = (BTreeSet::new(), BTreeSet::new());
    let (mut clock, mut window_before) = (i64::MIN, i64::MIN);
    let mut per_window: BTreeMap<i64, usize> = BTreeMap::new();
    for (event, verdict) in events {
        let late = event.at < clock;
        let mut note = |kind: &'static str, holds: bool| {
            if holds {
                seen.insert(kind);
            }
        };
        note("a late event", late);
        note("a repeated event", *verdict == Verdict::Duplicate);
        note("a conflicting event", *verdict == Verdict::Conflicting);
        clock = clock.max(event.at);
        window_before = window_before.max(clock.div_euclid(600_000));
        *per_window.entry(window_before).or_default() += 1;
        let key = |no: &str| (event.who.clone(), no.to_owned());
        match &event.what {
            What::Issued(invoice) => {
                note("a void before its invoice", voided.contains(&key(&invoice.no)));
                note("a natural person as buyer", invoice.buyer.is_none());
                note("a purchase voucher", is_voucher(&event.who, invoice));
                let blue = invoice.red_of.as_deref().map(key);
                note("a red letter before its invoice", blue.is_some_and(|blue| !issued.contains(&blue)));
                issued.insert(key(&invoice.no));
            }
            What::Voided { no } => {
                note("a void", true);
                voided.insert(key(no));
            }
            What::Claimed { no, claim } => {
                note("a reversal", claim.reverses);
                note("a claim that names no seller", claim.seller.is_empty());
                note("a deduction before its invoice", !issued.contains(&(claim.seller.clone(), no.clone())));
            }
            What::Registered { .. } => note("a late registration", late),
            What::Changed { small, representative } => {
                note("a change of kind", small.is_some());
                note("a change of representative", representative.is_some());
            }
            What::Marked { .. } => note("a mark", true),
            What::Status(_) | What::Cap(_) | What::Received { .. } | What::Declared { .. } | What::Other => {}
        }
    }
    let sizes: BTreeSet<bool> = per_window.values().map(|events| *events > 1).collect();
    seen.extend(sizes.contains(&false).then_some("an event that is an epoch of its own"));
    seen.extend(sizes.contains(&true).then_some("several events in an epoch"));
}

fn of_books(books: &Books, seen: &mut BTreeSet<&'static str>) {
    let mut note = |kind: &'static str, holds: bool| {
        if holds {
            seen.insert(kind);
        }
    };
    for ((seller, no), sale) in &books.sales {
        let (count, ..) = books.reds(seller, no);
        let stands = sale.vector.total() > 0;
        note("a red letter in part", count > 0 && stands);
        note("red letters of one invoice, several", count > 1);
        note("a remainder in a vector", sale.vector.rest > 0);
        note("a sale of a deregistered firm", sale.gone && stands);
        note("a sale that a later purchase settled", sale.settled.total() > 0);
        let of_it = books.sales_of(seller).filter(|(_, red)| red.invoice.red_of.as_ref() == Some(no));
        let mut undone = of_it.filter(|(red, _)| books.is_void(seller, red));
        note("a red letter that was voided, of a sale that stands", stands && undone.next().is_some());
    }
    note("a red letter without its invoice", !books.waiting.is_empty());
    for holding in books.held.values() {
        note("value back at its origin", holding.own_back > 0);
        note("what a small-scale firm holds", !holding.counts && holding.vector.total() > 0);
    }
    let in_turn = |(seller, no): &(String, String)| {
        books
            .sales
            .get(&(seller.clone(), no.clone()))
            .is_some_and(|sale| books.vouchers.in_turn.contains(&(seller.clone(), sale.invoice.month())))
    };
    note("an invoice that is abnormal in turn", books.vouchers.abnormal.iter().any(in_turn));
    for firm in books.firms.values() {
        note("a remainder in a pool", firm.pool.rest > 0);
        note("a hub beyond the standard budget of its pool", firm.pool.rest > 0 && books.rules.pool_origins == 16);
    }
}

fn of_chains(books: &Books, seen: &mut BTreeSet<&'static str>) {
    for accusation in books.accused.values() {
        seen.extend((accusation.count > 0 && !accusation.standing).then_some("an accusation that was lifted"));
        seen.extend((accusation.count > 1).then_some("an accusation that came again"));
    }
    for chain in chains::chains(books).values() {
        seen.extend(chain.in_other_names.then_some("value of a source in another's name"));
        for member in chain.members.values().filter(|member| member.role != "source") {
            seen.insert(member.role);
            seen.extend((member.hops > 2 && member.taken > 0).then_some("a chain of three links"));
        }
    }
}
