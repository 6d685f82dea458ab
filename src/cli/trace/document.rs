//! A graph as one JSON document.

use serde_json::{Value, json};

use crate::model::Id;
use crate::query::{Direction, Edge, Graph, Node, OriginShare, words};

/// `root`, `direction`, `origin` where one was followed, `nodes` and `edges`.
pub(super) fn graph(graph: &Graph) -> Value {
    json!({
        "root": graph.root.as_str(),
        "direction": match graph.direction { Direction::Up => "up", Direction::Down => "down" },
        "origin": graph.origin.as_ref().map(Id::as_str),
        "nodes": graph.nodes.iter().map(node).collect::<Vec<_>>(),
        "apart": { "count": graph.apart.count, "tax_fen": graph.apart.tax.0 },
        "edges": graph.edges.iter().map(edge).collect::<Vec<_>>(),
    })
}

/// A taxpayer of a graph.
fn node(node: &Node) -> Value {
    json!({
        "taxpayer_id": node.id.as_str(),
        "name": node.name,
        "role": node.role.map(words::chain_role),
        "level": node.level,
        "typologies": node.typologies,
        "taken_fen": node.taken.map(|tax| tax.0),
        "deducted_fen": node.deducted.map(|tax| tax.0),
        "left_out": node.rest.map(|rest| json!({ "count": rest.count, "tax_fen": rest.tax.0 })),
        "cut": node.cut,
    })
}

fn edge(edge: &Edge) -> Value {
    json!({
        "seller_id": edge.seller.as_str(),
        "buyer_id": edge.buyer.as_str(),
        "tax_fen": edge.tax.0,
        "invoices": edge.invoices,
        "first_at": edge.first_at.to_string(),
        "last_at": edge.last_at.to_string(),
        "origins": edge.origins.iter().map(origin).collect::<Vec<_>>(),
    })
}

/// Value of one origin.
pub(crate) fn origin(share: &OriginShare) -> Value {
    json!({
        "origin": share.origin.as_str(),
        "name": share.name,
        "tax_fen": share.tax.0,
        "hops": share.hops,
        "via": (!share.via.is_empty()).then_some(share.via.as_str()),
    })
}
