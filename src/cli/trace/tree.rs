//! A graph as a tree in a terminal, with its amounts in columns. Each taxpayer is opened once, where it is nearest to the
//! root; elsewhere it is named and marked.

use std::collections::{BTreeMap, VecDeque};

use crate::cli::show::{Cell, Color, Table, count_or_blank, money, money_or_blank, who};
use crate::model::{ChainRole, TaxpayerId};
use crate::query::{Edge, Graph, Node, OriginShare, words};

/// The tree's lines.
pub(super) fn write(graph: &Graph, colored: bool) -> String {
    // Of the invoices between two, only a part of the tax may be of the origin.
    let (tax, invoices) =
        if graph.origin.is_some() { (">tax of the origin", ">all invoices") } else { (">tax", ">invoices") };
    let mut tree = Tree {
        nodes: graph.nodes.iter().map(|node| (node.id, node)).collect(),
        onward: BTreeMap::new(),
        opened_by: BTreeMap::new(),
        table: Table::new(&["taxpayer", tax, invoices, ">deducted", "role", "findings"]),
        path: Vec::new(),
        circles: false,
        repeats: false,
        cuts: false,
    };
    for node in &graph.nodes {
        tree.onward.insert(node.id, graph.onward(node.id).collect());
    }
    tree.open_from(graph.root);
    tree.root(graph.root);
    // A case may know of taxpayers whose edges were too small to be followed.
    for node in &graph.nodes {
        if !tree.opened_by.contains_key(&node.id) {
            tree.open_from(node.id);
            tree.root(node.id);
        }
    }
    if graph.apart.count > 0 {
        let label = format!("… {} more, linked by less than is followed", graph.apart.count);
        tree.line(label, money_or_blank(graph.apart.tax), Default::default(), "".into(), "".into());
    }
    let mut text = tree.table.write("", colored);
    let marks = [
        (tree.circles, "↻ value that comes back: drawn above"),
        (tree.repeats, "↪ drawn elsewhere in this tree"),
        (tree.cuts, "⋯ leads further: not followed for want of depth"),
    ];
    for (_, legend) in marks.iter().filter(|(used, _)| *used) {
        text += legend;
        text.push('\n');
    }
    text
}

struct Tree<'a> {
    nodes: BTreeMap<TaxpayerId, &'a Node>,
    onward: BTreeMap<TaxpayerId, Vec<(&'a Edge, TaxpayerId)>>,
    /// Under whom each taxpayer is drawn with its own neighbours.
    opened_by: BTreeMap<TaxpayerId, Option<TaxpayerId>>,
    table: Table,
    /// From the root to what is being drawn.
    path: Vec<TaxpayerId>,
    circles: bool,
    repeats: bool,
    cuts: bool,
}

impl<'a> Tree<'a> {
    /// Decides where everybody that can be reached from here is opened: as near as can be, and under the largest.
    fn open_from(&mut self, root: TaxpayerId) {
        self.opened_by.insert(root, None);
        let mut waiting = VecDeque::from([root]);
        while let Some(id) = waiting.pop_front() {
            for (_, next) in self.onward.get(&id).into_iter().flatten() {
                if !self.opened_by.contains_key(next) {
                    self.opened_by.insert(*next, Some(id));
                    waiting.push_back(*next);
                }
            }
        }
    }

    fn root(&mut self, id: TaxpayerId) {
        self.node_line("", id, None, "");
        self.below(id, "");
    }

    /// What stands below a taxpayer that is opened: its neighbours, then those left out.
    fn below(&mut self, id: TaxpayerId, indent: &str) {
        self.path.push(id);
        let onward = self.onward.get(&id).cloned().unwrap_or_default();
        let rest = self.nodes.get(&id).and_then(|node| node.rest);
        let count = onward.len() + usize::from(rest.is_some());
        for (at, (edge, next)) in (1..).zip(onward) {
            let (branch, further) = if at == count { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.neighbour(edge, id, next, &format!("{indent}{branch}"), &format!("{indent}{further}"));
        }
        if let Some(rest) = rest {
            let label = format!("{indent}└─ … {} more", rest.count);
            self.line(label, money_or_blank(rest.tax), [String::new(), String::new()], "".into(), "".into());
        }
        self.path.pop();
    }

    fn neighbour(&mut self, edge: &'a Edge, of: TaxpayerId, next: TaxpayerId, branch: &str, indent: &str) {
        let opened = self.opened_by.get(&next) == Some(&Some(of));
        let mark = match (opened, self.path.contains(&next)) {
            (true, _) => "",
            (false, true) => " ↻",
            (false, false) => " ↪",
        };
        self.circles |= mark == " ↻";
        self.repeats |= mark == " ↪";
        self.node_line(branch, next, Some(edge), mark);
        let goes_on = opened && self.onward.get(&next).is_some_and(|onward| !onward.is_empty());
        for share in &edge.origins {
            self.origin_line(share, edge, &format!("{indent}{}", if goes_on { "│  " } else { "   " }));
        }
        if opened {
            self.below(next, indent);
        }
    }

    fn node_line(&mut self, branch: &str, id: TaxpayerId, edge: Option<&Edge>, mark: &str) {
        let Some(node) = self.nodes.get(&id).copied() else { return };
        let cut = if node.cut && mark.is_empty() { " ⋯" } else { "" };
        self.cuts |= !cut.is_empty();
        let label = format!("{branch}{}{mark}{cut}", who(id, node.name.as_deref()));
        let tax = edge.map_or_else(|| node.taken.map(money).unwrap_or_default(), |edge| money(edge.tax));
        let invoices = edge.map(|edge| count_or_blank(edge.invoices)).unwrap_or_default();
        let grave = node.level.is_some_and(|level| level >= GRAVE_LEVEL);
        let color = if grave { Color::Red } else { Color::Yellow };
        // Said once, where the taxpayer is opened.
        let (deducted, findings) = if mark.is_empty() {
            (node.deducted.map(money_or_blank).unwrap_or_default(), node.typologies.join(" "))
        } else {
            Default::default()
        };
        let role = node.role.map(words::chain_role).unwrap_or_default().to_owned();
        let role_color = (node.role == Some(ChainRole::Source)).then_some(Color::Red);
        let role = Cell { text: role, color: role_color };
        self.line(label, tax, [invoices, deducted], role, Cell { text: findings, color: Some(color) });
    }

    fn origin_line(&mut self, share: &OriginShare, edge: &Edge, indent: &str) {
        let whose = if share.origin == edge.seller {
            "its own".to_owned()
        } else {
            format!("of {}", who(share.origin, share.name.as_deref()))
        };
        let hops = format!("{} away", share.hops);
        let dim = |text: String| Cell { text, color: Some(Color::Dim) };
        self.line(format!("{indent}· {whose}"), money(share.tax), Default::default(), dim(hops), "".into());
    }

    fn line(&mut self, label: String, tax: String, [invoices, deducted]: [String; 2], role: Cell, findings: Cell) {
        self.table.row(vec![label.into(), tax.into(), invoices.into(), deducted.into(), role, findings]);
    }
}

/// Tasks of this level and above are shown in red.
const GRAVE_LEVEL: u8 = 4;
