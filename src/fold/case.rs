//! A case: one chain behind one accused origin, collected from the reports of the taxpayers on it.

mod gang;

use super::Fold;
use super::effects::Effects;
use crate::model::{
    Body, CASE_EDGES_MAX, CASE_NODES_MAX, Case, CaseEdge, CaseNode, ChainRole, Edge, Fen, HOUR_MS, Id, Instant,
    Message, Output, Record, Report, TaxpayerId, Timer,
};
use crate::risk::{self, RuleSet};
use crate::state::{Books, CaseEdgeRow, CaseHead, CaseNodeRow, Key, Rows};

/// A small case is published an hour after it changed, a larger one an hour later for each so many taxpayers, and at least
/// once a day: what is written of it stays in proportion to what is new.
const NODES_PER_HOUR: u64 = 32;

pub(super) fn step(fold: &Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    let mut books = Books::of(rows, record.to);
    let Body::Message(message) = &record.body else { return };
    match message {
        Message::Report(report) => reported(fold.hour, &mut books, report, effects),
        Message::Joined(membership) => gang::joined(fold.hour, &mut books, membership, effects),
        Message::Timer(Timer::CasePublished) => {
            // A gang of which there was something to publish may be gone meanwhile.
            if !books.has(&Key::CaseHead) {
                return;
            }
            let (mut head, _) = books.lift::<CaseHead>(Key::CaseHead);
            head.version += 1;
            head.publication_due = false;
            books.put(Key::CaseHead, head);
            let published = publish(&mut books, &fold.rules);
            effects.outputs.extend(published.map(|case| Output::Case(Box::new(case))));
        }
        // A case is told by reports and memberships alone; whatever else is addressed to it changes nothing.
        Message::Timer(
            Timer::Claim { .. }
            | Timer::RedLetter { .. }
            | Timer::Closing
            | Timer::MonthPassed { .. }
            | Timer::RulesChanged
            | Timer::Verification { .. },
        )
        | Message::Arrival(_)
        | Message::Voided(_)
        | Message::Returned(_)
        | Message::Marked(_)
        | Message::Taint(_)
        | Message::Continue(_)
        | Message::Forwarded(..)
        | Message::Began(_)
        | Message::Tied(_)
        | Message::Shared(_)
        | Message::Measured(_)
        | Message::Peers(_)
        | Message::Identified(_)
        | Message::Claimed(_)
        | Message::Abnormal(_)
        | Message::Released(_) => {}
    }
}

fn reported(hour: Instant, books: &mut Books<'_>, report: &Report, effects: &mut Effects) {
    let (mut head, made) = books.lift::<CaseHead>(Key::CaseHead);
    if made {
        head.typology = opened_by(books.entity.id, report).into();
        head.origin = report.origin;
        head.opened_at = report.at;
        head.standing = true;
    }
    if report.flag.version >= head.flag_version {
        head.flag_version = report.flag.version;
        head.standing = report.standing;
    }
    // Of an accusation that is lifted the case keeps what it was about, whatever is still said of it.
    if report.standing && report.flag.version >= head.flag_version {
        set_node(books, &mut head, report);
    }
    publish_soon(hour, books, &mut head, report.at, effects);
    books.put(Key::CaseHead, head);
}

/// Has a case published that has changed.
fn publish_soon(hour: Instant, books: &mut Books<'_>, head: &mut CaseHead, at: Instant, effects: &mut Effects) {
    if head.publication_due {
        return;
    }
    head.publication_due = true;
    let hours = 1 + i64::try_from(head.nodes / NODES_PER_HOUR).unwrap_or(i64::MAX).min(23);
    let due = Instant(at.hour_mark().0 + hours * HOUR_MS);
    if books.set_timer(hour, due, Timer::CasePublished) {
        effects.messages.push((books.entity, Message::Timer(Timer::CasePublished)));
    }
}

/// The typology whose finding opened a case: the one by which it is named.
fn opened_by(case_id: Id, report: &Report) -> &'static str {
    let accusation = report.flag.version.div_ceil(2);
    let mut accusing = risk::ALL.iter().filter(|typology| typology.accuses_source);
    let opened = accusing.find(|typology| CaseHead::id(typology.code, report.origin, accusation) == case_id);
    opened.map_or("unknown", |typology| typology.code)
}

/// Notes what a taxpayer holds and passed on. Who holds nothing any more and passed nothing on is no longer on the chain.
fn set_node(books: &mut Books<'_>, head: &mut CaseHead, report: &Report) {
    let id = report.taxpayer_id;
    let key = Key::CaseNode(id);
    let (mut node, new) = books.lift::<CaseNodeRow>(key);
    if !new {
        books.remove(&rank(node.taken, id));
    }
    // Who holds nothing any more says no number of invoices.
    node.hops = if report.hops == 0 && !new { node.hops } else { report.hops };
    (node.taken, node.deducted) = (report.taken, report.deducted);
    for edge in &report.edges {
        node.passed += set_edge(books, head, id, edge);
    }
    let is_on = id == head.origin || [node.taken, node.deducted, node.passed].iter().any(|tax| *tax != Fen::ZERO);
    head.nodes += u64::from(is_on && new);
    head.nodes -= u64::from(!is_on && !new);
    if is_on {
        books.put(rank(node.taken, id), ());
        books.put(key, node);
    } else {
        books.remove(&key);
    }
}

fn rank(taken: Fen, taxpayer_id: TaxpayerId) -> Key {
    Key::CaseRank { descending: i64::MAX - taken.0.max(0), taxpayer_id }
}

/// Notes what went from one to another, and returns how much more that is.
fn set_edge(books: &mut Books<'_>, head: &mut CaseHead, from: TaxpayerId, edge: &Edge) -> Fen {
    let key = Key::CaseEdge { from, to: edge.to };
    let before = books.find::<CaseEdgeRow>(&key).map(|row| row.tax);
    // What has become too little to be followed, or was taken back.
    if edge.tax == Fen::ZERO {
        if before.is_none() {
            return Fen::ZERO;
        }
        books.remove(&key);
        head.edges -= 1;
    } else {
        head.edges += u64::from(before.is_none());
        let row =
            CaseEdgeRow { tax: edge.tax, invoices: edge.invoices, first_at: edge.first_at, last_at: edge.last_at };
        books.put(key, row);
    }
    edge.tax - before.unwrap_or(Fen::ZERO)
}

/// The case as it stands: its largest taxpayers and the edges among them.
pub fn publish(books: &mut Books<'_>, rules: &RuleSet) -> Option<Case> {
    let head = books.find::<CaseHead>(&Key::CaseHead)?.clone();
    let from = Key::CaseRank { descending: i64::MIN, taxpayer_id: Id::EMPTY };
    let to = Key::CaseRank { descending: i64::MAX, taxpayer_id: Id::LAST };
    let ranked = books.scan(&from, &to, CASE_NODES_MAX);
    let ids: Vec<TaxpayerId> = ranked
        .into_iter()
        .filter_map(|key| if let Key::CaseRank { taxpayer_id, .. } = key { Some(taxpayer_id) } else { None })
        .collect();
    let mut nodes = Vec::with_capacity(ids.len());
    let (mut edges, mut ties) = (Vec::new(), Vec::new());
    let mut listed = ids.clone();
    listed.sort_unstable();
    for id in ids {
        let node = books.find::<CaseNodeRow>(&Key::CaseNode(id)).copied().unwrap_or_default();
        let role = role(&head, id, &node, rules);
        nodes.push(CaseNode { taxpayer_id: id, role, hop: node.hops, tax: node.taken, deducted: node.deducted });
        collect_edges(books, id, &listed, &mut edges);
        gang::collect_ties(books, id, &mut ties);
    }
    Some(Case {
        case_id: books.entity.id,
        typology: head.typology,
        origin: head.origin,
        standing: head.standing,
        nodes,
        edges,
        nodes_total: head.nodes,
        edges_total: head.edges,
        ties,
        version: head.version,
    })
}

fn role(head: &CaseHead, id: TaxpayerId, node: &CaseNodeRow, rules: &RuleSet) -> ChainRole {
    if !risk::typology(&head.typology).is_some_and(|typology| typology.accuses_source) {
        ChainRole::Associate
    } else if id == head.origin {
        ChainRole::Source
    } else if node.passed > Fen::ZERO && node.passed.ratio_bp(node.taken) >= rules.limits.washer_passed_min_bp {
        ChainRole::Washer
    } else if node.deducted > Fen::ZERO {
        ChainRole::Beneficiary
    } else {
        ChainRole::Associate
    }
}

fn collect_edges(books: &mut Books<'_>, from: TaxpayerId, listed: &[TaxpayerId], edges: &mut Vec<CaseEdge>) {
    let (first, last) = (Key::CaseEdge { from, to: Id::EMPTY }, Key::CaseEdge { from, to: Id::LAST });
    let mut keys = books.scan(&first, &last, listed.len() + 1);
    // Of a hub, which has more edges than taxpayers are listed, those are looked up that lead to one of these.
    if keys.len() > listed.len() {
        keys = listed.iter().map(|to| Key::CaseEdge { from, to: *to }).collect();
    }
    for key in keys {
        let Key::CaseEdge { to, .. } = key else { return };
        if edges.len() == CASE_EDGES_MAX {
            return;
        }
        if listed.binary_search(&to).is_err() {
            continue;
        }
        if let Some(row) = books.find::<CaseEdgeRow>(&key).copied().filter(|row| row.tax > Fen::ZERO) {
            let CaseEdgeRow { tax, invoices, first_at, last_at } = row;
            edges.push(CaseEdge { from, to, tax, invoices, first_at, last_at });
        }
    }
}
