//! One case, as the chain it is: the source, whoever took its value and passed it on, and who deducted it.

use super::error::Error;
use super::folder::Folder;
use super::graph::{Direction, Edge, Graph, Nodes, Rest};
use crate::model::{Case, CaseEdge, Fen, Id};
use crate::state::{Key, Partner, Side};

/// A case and its drawing.
#[derive(Clone, Debug)]
pub struct Chain {
    /// As it is published.
    pub case: Case,
    /// Its taxpayers and the value between them, from the source on.
    pub graph: Graph,
}

/// The chain of a case; `None` where there is no such case.
pub fn chain(folder: &Folder, case_id: Id) -> Result<Option<Chain>, Error> {
    let Some(case) = folder.case(case_id)? else { return Ok(None) };
    let mut nodes = Vec::with_capacity(case.nodes.len());
    let mut maker = Nodes::of(folder);
    // The source first, though others may have taken more than it is known to have issued.
    let mut listed = case.nodes.clone();
    listed.sort_by_key(|node| (node.taxpayer_id != case.origin, node.hop, -node.tax, node.taxpayer_id));
    for listed in &listed {
        let mut node = maker.make(listed.taxpayer_id, None)?;
        node.role = Some(listed.role);
        node.taken = Some(listed.tax);
        node.deducted = (listed.taxpayer_id != case.origin).then_some(listed.deducted);
        nodes.push(node);
    }
    let unlisted = usize::try_from(case.nodes_total).unwrap_or(usize::MAX).saturating_sub(nodes.len());
    let apart = Rest { count: unlisted, tax: Fen::ZERO };
    let mut edges = case.edges.iter().map(|listed| edge(folder, listed)).collect::<Result<Vec<Edge>, Error>>()?;
    edges.sort_by_key(|edge| (-edge.tax, edge.seller, edge.buyer));
    let graph = Graph { root: case.origin, direction: Direction::Down, origin: Some(case.origin), nodes, edges, apart };
    Ok(Some(Chain { case, graph }))
}

/// The case knows of the value between two; of their invoices, the seller's books know more than it was told.
fn edge(folder: &Folder, edge: &CaseEdge) -> Result<Edge, Error> {
    let partner = folder.row::<Partner>(edge.from, &Key::Partner(Side::Sold, edge.to))?;
    let told = (edge.invoices, edge.first_at, edge.last_at);
    let (invoices, first_at, last_at) =
        partner.map_or(told, |partner| (partner.totals.count, partner.first_at, partner.last_at));
    let origins = Vec::new();
    Ok(Edge { seller: edge.from, buyer: edge.to, tax: edge.tax, invoices, first_at, last_at, origins })
}
