//! What must hold whatever went wrong: (i) the journal, folded again, gives every message, output, id and digest again, and
//! every output is in its topic once; (ii) the journal's facts are the input without its duplicates; (iii) states of invoices,
//! sums and deduction findings are those of `replay` over the same input.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use suyuan::codec::json;
use suyuan::files::Place;
use suyuan::job;
use suyuan::model::{Entity, Fact, Output, Signal, SignalStatus};
use suyuan::state::{Key, Row};
use suyuan::store::{Options, Shared, SharedSettings, Store};

use crate::world::{World, replay};

/// Findings that no provenance is behind.
const OF_DEDUCTIONS: [&str; 3] = ["deduct_without_invoice", "double_deduction", "deduct_after_void"];

/// Checks all three.
pub(crate) fn check(world: &World) {
    let scratch = tempfile::tempdir().unwrap();
    let mut facts: Vec<u64> = Vec::new();
    let mut signals: BTreeMap<String, Signal> = BTreeMap::new();
    let verified = job::verify_topics(&Place::from(scratch.path()), &world.topology, &mut |record, effects| {
        if let Some((_, event)) = record.fact()
            && !matches!(event.fact, Fact::RulesPublished(_))
        {
            facts.push(event.fingerprint.0);
        }
        for output in &effects.outputs {
            if let Output::Signal(signal) = output {
                signals.insert(signal.signal_id.to_string(), (**signal).clone());
            }
        }
    })
    .unwrap();
    assert!(verified.is_whole(), "missing {:?}, surplus {:?}", verified.missing, verified.surplus);
    assert!(verified.outputs > 0);

    let text = std::fs::read_to_string(&world.input).unwrap();
    let input: BTreeSet<u64> =
        text.lines().map(|line| json::read_event(line.as_bytes()).unwrap().fingerprint.0).collect();
    facts.sort_unstable();
    let once: BTreeSet<u64> = facts.iter().copied().collect();
    assert_eq!(facts.len(), once.len(), "facts are in the journal twice");
    assert_eq!(input.difference(&once).count(), 0, "facts are lost");
    assert_eq!(once.difference(&input).count(), 0, "facts are nobody's");

    let out = world.folder.path().join("replay");
    replay(&world.input, &out);
    assert_eq!(deduction_findings(signals.values()), findings_of(&out));
    let (ours, theirs) = (states(scratch.path()), states(&out));
    let different: Vec<_> = ours.iter().filter(|(name, state)| theirs.get(*name) != Some(*state)).take(3).collect();
    let at = different.first().map(|(name, _)| theirs.get(*name));
    assert!(different.is_empty(), "{different:#?}, and replay has {at:#?}");
    assert_eq!(ours.len(), theirs.len());
}

/// Whether a finding stands, about whom and what.
fn deduction_findings<'a>(signals: impl Iterator<Item = &'a Signal>) -> BTreeSet<String> {
    let wanted = |signal: &&Signal| OF_DEDUCTIONS.contains(&&*signal.typology) && signal.status == SignalStatus::Open;
    signals
        .filter(wanted)
        .map(|signal| format!("{} {} {:?}", signal.taxpayer_id, signal.typology, signal.about))
        .collect()
}

fn findings_of(out: &Path) -> BTreeSet<String> {
    let mut signals = Vec::new();
    each_row(out, &mut |_, _, row| {
        if let Row::Signal(row) = row {
            signals.push(row.0.clone());
        }
    });
    deduction_findings(signals.iter())
}

fn each_row(dir: &Path, each: &mut dyn FnMut(Entity, Key, &Row)) {
    let shared = Shared::new(&SharedSettings::default());
    for partition in std::fs::read_dir(dir.join("state")).unwrap() {
        let place = Place::from(partition.unwrap().path().as_path());
        let store = Store::open_read_only(place, &shared, &Options::default()).unwrap();
        store.for_each(None, &[], &mut |entity, key, row| each(entity, key, &row)).unwrap();
    }
}

/// States of invoices and sums of months, without what depends on provenance or on positions.
fn states(dir: &Path) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    each_row(dir, &mut |entity, key, row| {
        let name = match (row, key) {
            // Which of several rows of one number a claim got first depends on the order.
            (Row::Held(held), Key::Held { invoice_no, .. }) => {
                format!("{entity:?} {invoice_no:?} {:?}", held.seller_id)
            }
            _ => format!("{entity:?} {key:?}"),
        };
        let state = match row {
            Row::Issued(issued) => {
                let issue = issued.issue.map(|issue| (issue.fingerprint, issue.issued_at, issue.buyer_id, issue.tax));
                let void = issued.void.map(|void| (void.fingerprint, void.at));
                format!("{issue:?} {void:?} {:?} {:?}", issued.mark, issued.reds)
            }
            Row::Held(held) => {
                let arrived = held.arrived.map(|it| (it.issued_at, it.invoice_kind, it.amount, it.tax, it.red_of));
                let received = held.received.map(|received| received.fingerprint);
                let mut claims: Vec<_> =
                    held.claims.iter().map(|claim| (claim.at, claim.fingerprint.0, claim.tax)).collect();
                claims.sort_unstable();
                format!("{arrived:?} {received:?} {claims:?} {:?} {:?} {:?}", held.voided_at, held.mark, held.reds)
            }
            // Months that only value passed through, or that only one of the two has, say nothing.
            Row::Month(month) if month.sold.count + month.bought.count + month.deducted.count == 0 => return,
            Row::Month(month) => format!(
                "{:?} {:?} {:?} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                month.sold,
                month.sold_void,
                month.sold_red,
                month.sold_zero,
                month.sold_blue,
                month.sold_standing,
                month.bought,
                month.bought_void,
                month.bought_red,
                month.deducted,
                month.reversed,
                month.declared
            ),
            _ => return,
        };
        states.insert(name, state);
    });
    states
}
