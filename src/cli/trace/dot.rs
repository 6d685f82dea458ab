//! A graph in the language of GraphViz.

use crate::cli::show::{counted, money, put};
use crate::model::ChainRole;
use crate::query::{Direction, Edge, Graph, Node, words};
use std::collections::BTreeMap;

/// The whole document. Nodes go by number, so that no id needs to be a name.
pub(super) fn write(graph: &Graph) -> String {
    let numbers: BTreeMap<_, _> = graph.nodes.iter().zip(0..).map(|(node, number)| (node.id, number)).collect();
    // Value flows from left to right, whichever way it was followed.
    let mut text = String::from("digraph suyuan {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    text += "  edge [fontname=\"sans-serif\", fontsize=10];\n";
    for (number, node) in graph.nodes.iter().enumerate() {
        let color = color(node).map(|color| format!(", color={color}, penwidth=2")).unwrap_or_default();
        put(&mut text, format_args!("  n{number} [label=\"{}\"{color}];\n", escape(&lines(node).join("\n"))));
        if let Some(rest) = node.rest {
            let (count, tax) = (rest.count, money(rest.tax));
            put(&mut text, format_args!("  r{number} [label=\"{count} more\\n{tax}\", style=dashed];\n"));
            let (from, to) = match graph.direction {
                Direction::Up => (format!("r{number}"), format!("n{number}")),
                Direction::Down => (format!("n{number}"), format!("r{number}")),
            };
            put(&mut text, format_args!("  {from} -> {to} [style=dashed];\n"));
        }
    }
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (numbers.get(&edge.seller), numbers.get(&edge.buyer)) else { continue };
        let label = format!("{}\n{}", money(edge.tax), invoices(graph, edge));
        put(&mut text, format_args!("  n{from} -> n{to} [label=\"{}\"];\n", escape(&label)));
    }
    text + "}\n"
}

/// The invoices between two, as what they are: where one origin is followed, only a part of their tax is its.
pub(super) fn invoices(graph: &Graph, edge: &Edge) -> String {
    let counted = counted(edge.invoices.into(), "invoice", "invoices");
    if graph.origin.is_some() { format!("of {counted}") } else { counted }
}

/// What is written on a node, line by line.
pub(super) fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![node.id.to_string()];
    lines.extend(node.name.as_ref().map(ToString::to_string));
    lines.extend(node.role.map(|role| words::chain_role(role).to_owned()));
    lines.extend(node.deducted.filter(|tax| tax.0 != 0).map(|tax| format!("deducted {}", money(tax))));
    if !node.typologies.is_empty() {
        lines.push(node.typologies.join(" "));
    }
    lines
}

/// The colour of a node that is to be looked at.
pub(super) fn color(node: &Node) -> Option<&'static str> {
    match node.role {
        Some(ChainRole::Source) => Some("red"),
        Some(ChainRole::Beneficiary) => Some("orange"),
        Some(ChainRole::Washer | ChainRole::Associate) | None => (!node.typologies.is_empty()).then_some("gold"),
    }
}

/// A text inside a quoted string: quotes and backslashes escaped, line ends as `\n`, other control characters replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
