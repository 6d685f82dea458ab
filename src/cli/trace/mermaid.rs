//! A graph as a Mermaid flowchart.

use super::dot::{color, invoices, lines};
use crate::cli::show::{money, put};
use crate::query::{Direction, Graph};
use std::collections::BTreeMap;

/// The whole document. Nodes go by number, so that no id needs to be a name.
pub(super) fn write(graph: &Graph) -> String {
    let numbers: BTreeMap<_, _> = graph.nodes.iter().zip(0..).map(|(node, number)| (node.id, number)).collect();
    let mut text = String::from("flowchart LR\n");
    for (number, node) in graph.nodes.iter().enumerate() {
        let label: Vec<String> = lines(node).iter().map(|line| escape(line)).collect();
        put(&mut text, format_args!("  n{number}[\"{}\"]\n", label.join("<br/>")));
        if let Some(color) = color(node) {
            put(&mut text, format_args!("  style n{number} stroke:{color},stroke-width:2px\n"));
        }
        if let Some(rest) = node.rest {
            let label = format!("{} more<br/>{}", rest.count, money(rest.tax));
            put(&mut text, format_args!("  r{number}[\"{label}\"]\n"));
            match graph.direction {
                Direction::Up => put(&mut text, format_args!("  r{number} -.-> n{number}\n")),
                Direction::Down => put(&mut text, format_args!("  n{number} -.-> r{number}\n")),
            }
        }
    }
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (numbers.get(&edge.seller), numbers.get(&edge.buyer)) else { continue };
        let (tax, invoices) = (money(edge.tax), invoices(graph, edge));
        put(&mut text, format_args!("  n{from} -->|\"{tax}<br/>{invoices}\"| n{to}\n"));
    }
    text
}

/// A text inside a quoted label: what means something to Mermaid or to HTML becomes an entity code in Mermaid's own form.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' | '[' | ']' | '{' | '}' | '|' | '%' => {
                put(&mut escaped, format_args!("#{};", u32::from(c)));
            }
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
