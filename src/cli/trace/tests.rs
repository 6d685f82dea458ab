//! Drawings of small graphs, and of graphs with hostile names.

use clap::Parser;

use super::super::cases;
use super::*;
use crate::model::{ChainRole, Id};
use crate::query::{Edge, Filter, Node, OriginShare, Rest, tests as folders};

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn node(text: &str, name: Option<&str>) -> Node {
    Node {
        id: id(text),
        name: name.map(Into::into),
        role: None,
        level: None,
        typologies: Vec::new(),
        taken: None,
        deducted: None,
        rest: None,
        cut: false,
    }
}

fn edge(seller: &str, buyer: &str, yuan: i64) -> Edge {
    Edge {
        seller: id(seller),
        buyer: id(buyer),
        tax: Fen(yuan * 100),
        invoices: 2,
        first_at: Instant(0),
        last_at: Instant(0),
        origins: Vec::new(),
    }
}

fn graph(nodes: Vec<Node>, edges: Vec<Edge>) -> Graph {
    let (root, apart) = (nodes[0].id, Rest::default());
    Graph { root, direction: Direction::Down, origin: None, nodes, edges, apart }
}

/// A diamond with a way back, something left out, and something cut.
fn diamond() -> Graph {
    let mut nodes = ["A", "B", "C", "D"].map(|name| node(name, None));
    nodes[1].rest = Some(Rest { count: 3, tax: Fen(4_200) });
    nodes[2].cut = true;
    nodes[3].name = Some("丁字路贸易".into());
    nodes[3].typologies = vec!["pass_through".into()];
    let mut edges = vec![edge("A", "B", 1_000_000), edge("A", "C", 20), edge("B", "D", 500), edge("D", "A", 7)];
    edges.insert(3, edge("C", "D", 9));
    graph(nodes.to_vec(), edges)
}

#[test]
fn a_tree_opens_each_taxpayer_once_and_marks_what_comes_back() {
    insta::assert_snapshot!(draw(&diamond(), GraphFormat::Tree, false));
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    assert!(!draw(&diamond(), GraphFormat::Tree, false).contains('\u{1b}'));
    assert!(draw(&diamond(), GraphFormat::Tree, true).contains("\u{1b}[33mpass_through\u{1b}[0m"));
    let mut grave = diamond();
    grave.nodes[3].level = Some(4);
    assert!(draw(&grave, GraphFormat::Tree, true).contains("\u{1b}[31mpass_through\u{1b}[0m"));
}

#[test]
fn a_narrow_tree_counts_what_it_leaves_out() {
    let narrow = diamond().within(1);
    let left: Vec<_> = narrow.nodes.iter().map(|node| (node.id.as_str(), node.rest.map(|rest| rest.count))).collect();
    assert_eq!(left, [("A", Some(1)), ("B", Some(3)), ("D", None)]);
    assert_eq!(narrow.apart, Rest::default(), "who is left out by width is not said to stand apart");
    let mut apart = diamond();
    apart.nodes.push(Node { taken: Some(Fen(5)), ..node("E", None) });
    assert_eq!(apart.within(9).apart, Rest { count: 1, tax: Fen(5) });
}

#[test]
fn suppliers_are_drawn_with_the_origins_that_came_through_them() {
    let mut up = diamond();
    (up.direction, up.root) = (Direction::Up, id("D"));
    let share =
        |origin: &str, hops| OriginShare { origin: id(origin), name: None, tax: Fen(12_300), hops, via: id("B") };
    up.edges[2].origins = vec![share("A", 2), share("B", 1)];
    insta::assert_snapshot!(draw(&up, GraphFormat::Tree, false));
}

#[test]
fn a_case_is_drawn_from_its_source_to_those_who_deducted() {
    let (_dir, folder) = folders::folder(folders::CHAIN);
    let case = query::cases(&folder, &Filter::default()).unwrap().items.remove(0);
    let chain = query::chain(&folder, case.case_id).unwrap().unwrap();
    insta::assert_snapshot!(cases::tree(&chain, Fen::ZERO, 12, false));
    insta::assert_snapshot!("a_case_as_dot", draw(&chain.graph, GraphFormat::Dot, false));
    insta::assert_snapshot!("a_case_as_mermaid", draw(&chain.graph, GraphFormat::Mermaid, false));
}

#[test]
fn a_case_draws_who_matters_and_counts_the_others() {
    let (_dir, folder) = folders::folder(folders::CHAIN);
    let case = query::cases(&folder, &Filter::default()).unwrap().items.remove(0);
    let chain = query::chain(&folder, case.case_id).unwrap().unwrap();
    let text = cases::tree(&chain, Fen(2_000_000), 12, false);
    assert!(!text.contains("─ C") && text.contains("Beneficiaries of 20,000.00 yuan or more: 1\n"), "{text}");
    assert!(text.contains("\nand 1 other who deducted less than 20,000.00 each: 12,883.00 together\n"), "{text}");
    assert!(text.contains("at most 51,532.00 of it was deducted, counting"), "{text}");
}

const HOSTILE: &str = "a\"]; n9 -> n8 [label=\"\\\n<script>&`%%{init}|#;\u{1b}[31m\\";

fn hostile() -> Graph {
    let mut nodes = vec![node("A", Some(HOSTILE)), node("\"B\"|]", None)];
    nodes[0].typologies = vec!["x\"y".into()];
    nodes[0].role = Some(ChainRole::Source);
    nodes[0].rest = Some(Rest { count: 1, tax: Fen(1) });
    graph(nodes, vec![edge("A", "\"B\"|]", 5)])
}

#[test]
fn no_name_ends_its_quotes_in_dot() {
    let text = draw(&hostile(), GraphFormat::Dot, false);
    assert!(!text.contains('\u{1b}'), "{text}");
    for line in text.lines() {
        // Outside of quotes only what we write ourselves remains.
        let mut outside = String::new();
        let (mut quoted, mut escaped) = (false, false);
        for c in line.chars() {
            match (quoted, c) {
                (true, _) if escaped => escaped = false,
                (true, '\\') => escaped = true,
                (_, '"') => quoted = !quoted,
                (false, c) => outside.push(c),
                (true, _) => {}
            }
        }
        assert!(!quoted && !escaped, "{line}");
        let arrow = outside.contains("->");
        let drawn = [" label", "label", "n0", "n1", "r0", "rankdir", "digraph", "edge", "node", "}"];
        assert!(drawn.iter().any(|known| outside.contains(known)), "{line}");
        assert!(!outside.contains("n9") && (!arrow || !outside.contains("n8")), "{line}");
    }
    assert_eq!(text.lines().count(), 10, "{text}");
}

#[test]
fn no_name_ends_its_quotes_in_mermaid() {
    let text = draw(&hostile(), GraphFormat::Mermaid, false);
    assert_eq!(text.lines().count(), 7, "{text}");
    for line in text.lines() {
        let quotes = line.matches('"').count();
        assert!(quotes == 0 || quotes == 2, "{line}");
        let label = line.split('"').nth(1).unwrap_or_default().replace("<br/>", "");
        assert!(!label.contains(['<', '>', '&', '`', '|', '[', ']', '{', '}', '%', '\u{1b}']), "{label}");
    }
}

#[test]
fn the_document_has_every_node_and_edge_and_keeps_names_as_they_are() {
    let document: serde_json::Value = serde_json::from_str(&draw(&hostile(), GraphFormat::Json, false)).unwrap();
    assert_eq!(document["nodes"][0]["name"], HOSTILE);
    assert_eq!(document["nodes"][0]["role"], "source");
    assert_eq!(document["edges"][0]["tax_fen"], 500);
    assert_eq!((document["root"].as_str(), document["direction"].as_str()), (Some("A"), Some("down")));
}

#[test]
fn a_tree_cannot_be_coloured_by_a_name() {
    assert!(!draw(&hostile(), GraphFormat::Tree, false).contains('\u{1b}'));
}

#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    args: Args,
}

#[test]
fn wrong_usage_is_refused_where_it_is_written() {
    let parse = |words: &[&str]| Alone::try_parse_from([&["trace"], words].concat()).map(|alone| alone.args);
    let args = parse(&["up", "A", "--min-tax", "10000", "--since", "2026-03-01"]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((args.min_tax, args.depth, args.width), (Fen(1_000_000), None, None));
    for bad in [&["sideways", "A"][..], &["up"], &["up", "A", "--depth", "0"], &["up", "A", "--since", "soon"]] {
        assert_eq!(parse(bad).err().map(|error| error.exit_code()), Some(2), "{bad:?}");
    }
}
