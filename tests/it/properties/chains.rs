//! Cases against the books of the taxpayers on them, once no message is on its way: what a case says of a taxpayer is
//! what that taxpayer's own rows say.

use std::collections::{BTreeMap, BTreeSet};

use suyuan::model::{Entity, Fen, Id, Kind, Layers};
use suyuan::provenance::Ordinal;
use suyuan::state::{CaseHead, CaseNodeRow, Key, OriginRow, PartyKey, Profile, Row, TaintTold, TaintVisit, Tainted};

use super::AllRows;

/// A case's rows.
#[derive(Default)]
struct Case<'a> {
    head: Option<&'a CaseHead>,
    nodes: BTreeMap<Id, CaseNodeRow>,
    edges: BTreeMap<(Id, Id), Fen>,
    ranks: BTreeSet<(i64, Id)>,
    is_gang: bool,
}

/// Everything that must hold of accusations and cases when all is quiet.
pub(super) fn check(rows: &AllRows) -> Result<(), String> {
    check_told(rows)?;
    let mut cases: BTreeMap<Id, Case<'_>> = BTreeMap::new();
    for ((entity, key), row) in rows.iter().filter(|((entity, _), _)| entity.kind == Kind::Case) {
        let case = cases.entry(entity.id).or_default();
        match (*key, row) {
            (Key::CaseHead, Row::CaseHead(head)) => case.head = Some(head),
            (Key::Party(PartyKey::Gang), _) => case.is_gang = true,
            (Key::CaseNode(id), Row::CaseNode(node)) => drop(case.nodes.insert(id, **node)),
            (Key::CaseEdge { from, to }, Row::CaseEdge(edge)) => drop(case.edges.insert((from, to), edge.tax)),
            (Key::CaseRank { descending, taxpayer_id }, _) => drop(case.ranks.insert((descending, taxpayer_id))),
            _ => {}
        }
    }
    // A gang is held against the papers of its firms, beside the code.
    cases.retain(|_, case| !case.is_gang);
    for (id, case) in &cases {
        case.check(*id, rows).map_err(|wrong| format!("case {id}: {wrong}"))?;
    }
    for ((entity, key), row) in rows {
        if let (Key::Tainted(_), Row::Tainted(total)) = (key, row) {
            let known = cases.get(&total.case_id).is_some_and(|case| case.nodes.contains_key(&entity.id));
            let holds = total.taken != Fen::ZERO || total.deducted != Fen::ZERO;
            if holds && !known {
                return Err(format!("{} holds accused value that its case has not heard of: {total:?}", entity.id));
            }
        }
    }
    Ok(())
}

/// What sellers know that they told is what their buyers heard, and a buyer's part is the sum of it.
fn check_told(rows: &AllRows) -> Result<(), String> {
    let mut sent: BTreeMap<(Id, Key), TaintTold> = BTreeMap::new();
    let mut heard: BTreeMap<(Id, Key), Layers> = BTreeMap::new();
    for ((entity, key), row) in rows {
        let from = entity.id;
        let (Key::TaintSent { origin, buyer }, Row::TaintSent(row)) = (*key, row) else { continue };
        for (named, parts) in row.parts.iter().copied().filter(|(named, _)| buyer != from && buyer != *named) {
            let told = TaintTold { visit: 0, version: row.flag.version, parts };
            sent.insert((buyer, Key::taint_told(origin, named, from)), told);
            *heard.entry((buyer, Key::Taint { origin, named })).or_default() += parts;
        }
    }
    for ((entity, key), row) in rows {
        match row {
            Row::TaintTold(told) => {
                let told = TaintTold { visit: 0, ..**told };
                if sent.remove(&(entity.id, *key)) != Some(told) {
                    return Err(format!("{} heard {told:?}, and nobody says so", entity.id));
                }
            }
            Row::Taint(visit) => {
                let sum = heard.remove(&(entity.id, *key));
                if sum != Some(visit.parts) {
                    return Err(format!("{} {key:?}: {visit:?}, and it was told {sum:?}", entity.id));
                }
            }
            _ => {}
        }
    }
    if sent.is_empty() && heard.is_empty() { Ok(()) } else { Err(format!("told and not heard: {sent:?} {heard:?}")) }
}

fn row(rows: &AllRows, of: Id, key: Key) -> Option<&Row> {
    rows.get(&(Entity::taxpayer(of), key))
}

fn profile(rows: &AllRows, of: Id) -> Option<&Profile> {
    if let Some(Row::Profile(profile)) = row(rows, of, Key::Profile) { Some(profile) } else { None }
}

fn tainted(rows: &AllRows, of: Id, origin: Id) -> Option<&Tainted> {
    if let Some(Row::Tainted(total)) = row(rows, of, Key::Tainted(origin)) { Some(total) } else { None }
}

fn visits(rows: &AllRows, of: Id, origin: Id) -> Vec<(Id, TaintVisit)> {
    let (from, to) = (Key::Taint { origin, named: Id::EMPTY }, Key::Taint { origin, named: Id::LAST });
    let entity = Entity::taxpayer(of);
    let visits = rows.range((entity, from)..(entity, to)).filter_map(|((_, key), row)| match (key, row) {
        (Key::Taint { named, .. }, Row::Taint(visit)) => Some((*named, **visit)),
        _ => None,
    });
    visits.collect()
}

impl Case<'_> {
    fn check(&self, id: Id, rows: &AllRows) -> Result<(), String> {
        let head = self.head.ok_or("no head")?;
        let counts = (head.nodes, head.edges);
        if counts != (self.nodes.len() as u64, self.edges.len() as u64) {
            return Err(format!("it counts {counts:?} taxpayers and edges, and has {:?}", self.edges));
        }
        let ranks = self.nodes.iter().map(|(id, node)| (i64::MAX - node.taken.0.max(0), *id)).collect();
        if self.ranks != ranks {
            return Err(format!("its taxpayers are ranked {:?}, and are {ranks:?}", self.ranks));
        }
        for (from, node) in &self.nodes {
            let passed: Fen = self.edges.iter().filter(|((of, _), _)| of == from).map(|(_, tax)| *tax).sum();
            if node.passed != passed {
                return Err(format!("{from} passed {passed} on, and {node:?}"));
            }
        }
        if !head.standing || profile(rows, head.origin).and_then(|p| p.flag).is_none_or(|flag| flag.case_id != id) {
            return Ok(());
        }
        for (of, node) in &self.nodes {
            self.check_node(*of, node, head.origin, rows)?;
        }
        Ok(())
    }

    fn check_node(&self, of: Id, node: &CaseNodeRow, origin: Id, rows: &AllRows) -> Result<(), String> {
        let told = (node.taken, node.deducted);
        let (books, mut ordinal) = if of == origin {
            let ledger = &profile(rows, of).ok_or("a source without a profile")?.ledger;
            let came_back = !visits(rows, of, origin).is_empty();
            ((Fen(ledger.originated - ledger.opening), Fen::ZERO), Some(Ordinal::OWN).filter(|_| !came_back))
        } else {
            let total = tainted(rows, of, origin).copied().unwrap_or_default();
            ((total.taken, total.deducted), None)
        };
        if told != books {
            return Err(format!("{of} has told {told:?} of {origin}, and its books say {books:?}"));
        }
        // Shares of what came under others' names change with every purchase in that name: only what came in the
        // origin's own name is told to the fen at all times.
        if let ([(named, visit)], Some(Row::Origin(row))) =
            (&visits(rows, of, origin)[..], row(rows, of, Key::Origin(origin)))
        {
            let OriginRow { ordinal: own, .. } = **row;
            ordinal = Some(own).filter(|_| *named == origin && visit.parts.total() > Fen::ZERO);
        }
        let Some(ordinal) = ordinal else { return Ok(()) };
        let mut passed: BTreeMap<Id, Fen> = BTreeMap::new();
        for ((entity, key), row) in rows {
            if let (Key::Passed(_, buyer), Row::Passed(page)) = (key, row)
                && entity.id == of
            {
                let of_origin =
                    page.iter().find(|(at, _)| *at == ordinal).map(|(_, passed)| passed).unwrap_or_default();
                *passed.entry(*buyer).or_default() += of_origin.direct + of_origin.settled;
            }
        }
        passed.retain(|_, tax| *tax > Fen::ZERO);
        let edges = self.edges.iter().filter(|((from, _), _)| *from == of).map(|((_, to), tax)| (*to, *tax)).collect();
        if passed != edges {
            return Err(format!("{of} passed {passed:?} of {origin} on, and the case knows {edges:?}"));
        }
        Ok(())
    }
}
