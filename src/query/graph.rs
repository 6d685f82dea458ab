//! Who dealt with whom, as far as was asked: taxpayers, and the value that went from one to another. What a tree, a drawing
//! or a document is made of.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::error::Error;
use super::folder::Folder;
use crate::fold;
use crate::model::{Case, ChainRole, Entity, Fen, Id, Instant, TaskStatus, TaxpayerId, Text};
use crate::state::{Key, TaskRow};

/// Which way a graph was followed from its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To suppliers.
    Up,
    /// To customers.
    Down,
}

/// Taxpayers and the value between them.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Where it was begun.
    pub root: TaxpayerId,
    /// Which way it was followed.
    pub direction: Direction,
    /// Whose value was followed, where only one origin's was.
    pub origin: Option<TaxpayerId>,
    /// The root, then the others as they were met: nearest first, and largest.
    pub nodes: Vec<Node>,
    /// Largest first among those of one node.
    pub edges: Vec<Edge>,
    /// Taxpayers that belong to it and that no edge leads to, left out: of a case, linked by less than is followed.
    pub apart: Rest,
}

/// A taxpayer of a graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// Who.
    pub id: TaxpayerId,
    /// By which name.
    pub name: Option<Box<str>>,
    /// Its place in a chain, where it is on one.
    pub role: Option<ChainRole>,
    /// Level of its open task.
    pub level: Option<u8>,
    /// Codes of its open findings.
    pub typologies: Vec<Text>,
    /// Tax of the origin that it took (the origin itself: that began with it).
    pub taken: Option<Fen>,
    /// Of that, deducted.
    pub deducted: Option<Fen>,
    /// Those it dealt with and that are not in the graph for want of width.
    pub rest: Option<Rest>,
    /// Whether it was not followed further though there is more, for want of depth or room.
    pub cut: bool,
}

/// Neighbours that were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// How many.
    pub count: usize,
    /// Their tax.
    pub tax: Fen,
}

/// Value from one taxpayer to another.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Seller.
    pub seller: TaxpayerId,
    /// Buyer.
    pub buyer: TaxpayerId,
    /// Tax; of the origin where one was followed.
    pub tax: Fen,
    /// Invoices between the two, of whatever origin.
    pub invoices: u32,
    /// First of them.
    pub first_at: Instant,
    /// Last of them.
    pub last_at: Instant,
    /// Whose value came this way, largest first: origins that came nearest to the buyer through this seller. Only where
    /// suppliers were followed and no single origin was.
    pub origins: Vec<OriginShare>,
}

/// Value of one origin in a taxpayer's books, or in an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginShare {
    /// Where it began.
    pub origin: TaxpayerId,
    /// By which name.
    pub name: Option<Box<str>>,
    /// How much.
    pub tax: Fen,
    /// Invoices between the origin and the keeper.
    pub hops: u8,
    /// Through which neighbour.
    pub via: TaxpayerId,
}

impl Graph {
    /// A taxpayer of it.
    pub fn node(&self, id: TaxpayerId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The edges that lead on from a node, away from the root, largest first.
    pub fn onward(&self, id: TaxpayerId) -> impl Iterator<Item = (&Edge, TaxpayerId)> {
        let direction = self.direction;
        self.edges.iter().filter_map(move |edge| match direction {
            Direction::Up => (edge.buyer == id).then_some((edge, edge.seller)),
            Direction::Down => (edge.seller == id).then_some((edge, edge.buyer)),
        })
    }
}

impl Graph {
    /// With only the `width` largest neighbours of each, and only whom the root leads to; what is left out is counted.
    #[must_use]
    pub fn within(mut self, width: usize) -> Self {
        let mut kept: BTreeSet<TaxpayerId> = BTreeSet::from([self.root]);
        let mut waiting = VecDeque::from([self.root]);
        let mut edges = Vec::new();
        let mut rests: BTreeMap<TaxpayerId, Rest> = BTreeMap::new();
        while let Some(id) = waiting.pop_front() {
            for (at, (edge, next)) in self.onward(id).enumerate() {
                if at >= width {
                    let rest = rests.entry(id).or_default();
                    rest.count += 1;
                    rest.tax += edge.tax;
                    continue;
                }
                edges.push(edge.clone());
                if kept.insert(next) {
                    waiting.push_back(next);
                }
            }
        }
        let reached: BTreeSet<TaxpayerId> = self.edges.iter().flat_map(|edge| [edge.seller, edge.buyer]).collect();
        for node in self.nodes.iter().filter(|node| !kept.contains(&node.id) && !reached.contains(&node.id)) {
            self.apart.count += 1;
            self.apart.tax += node.taken.unwrap_or_default();
        }
        self.nodes.retain(|node| kept.contains(&node.id));
        for node in &mut self.nodes {
            if let Some(more) = rests.remove(&node.id) {
                let rest = node.rest.get_or_insert_default();
                rest.count += more.count;
                rest.tax += more.tax;
            }
        }
        self.edges = edges;
        self
    }
}

impl Graph {
    /// With only those that matter and whom the root reaches them by; and the others: how many, and what they deducted
    /// together.
    #[must_use]
    pub fn only(mut self, matters: impl Fn(&Node) -> bool) -> (Self, Rest) {
        let mut before: BTreeMap<TaxpayerId, TaxpayerId> = BTreeMap::new();
        let mut waiting = VecDeque::from([self.root]);
        while let Some(id) = waiting.pop_front() {
            for (_, next) in self.onward(id) {
                if next != self.root && !before.contains_key(&next) {
                    before.insert(next, id);
                    waiting.push_back(next);
                }
            }
        }
        let mut kept = BTreeSet::from([self.root]);
        for node in self.nodes.iter().filter(|node| matters(node)) {
            let mut id = node.id;
            while kept.insert(id) {
                let Some(nearer) = before.get(&id) else { break };
                id = *nearer;
            }
        }
        let mut others = Rest::default();
        for node in self.nodes.iter().filter(|node| !kept.contains(&node.id)) {
            others.count += 1;
            others.tax += node.deducted.unwrap_or_default();
        }
        self.nodes.retain(|node| kept.contains(&node.id));
        self.edges.retain(|edge| kept.contains(&edge.seller) && kept.contains(&edge.buyer));
        (self, others)
    }
}

/// Cases of a task that are looked at for a taxpayer's role.
const CASES_LOOKED_AT: usize = 4;

/// Makes nodes, and remembers the cases that roles are read from.
pub(super) struct Nodes<'a> {
    folder: &'a Folder,
    cases: BTreeMap<Id, Option<Case>>,
}

impl<'a> Nodes<'a> {
    pub(super) fn of(folder: &'a Folder) -> Self {
        Self { folder, cases: BTreeMap::new() }
    }

    /// A taxpayer with its name, its open findings and its role, looked for first in the case given.
    pub(super) fn make(&mut self, id: TaxpayerId, case_id: Option<Id>) -> Result<Node, Error> {
        let task = self.folder.row::<TaskRow>(id, &Key::Task)?.map(|row| row.0);
        let task = task.filter(|task| task.status == TaskStatus::Open);
        let more = task.iter().flat_map(|task| task.case_ids.iter().copied()).take(CASES_LOOKED_AT);
        let mut role = None;
        for case_id in case_id.into_iter().chain(more) {
            role = role.or(self.role(case_id, id)?);
        }
        Ok(Node {
            id,
            name: self.folder.name(id)?,
            role,
            level: task.as_ref().map(|task| task.level),
            typologies: task.map(|task| task.typologies).unwrap_or_default(),
            taken: None,
            deducted: None,
            rest: None,
            cut: false,
        })
    }

    fn role(&mut self, case_id: Id, id: TaxpayerId) -> Result<Option<ChainRole>, Error> {
        if !self.cases.contains_key(&case_id) {
            let published = self.folder.case(case_id)?;
            self.cases.insert(case_id, published);
        }
        let case = self.cases.get(&case_id).and_then(Option::as_ref);
        Ok(case.and_then(|case| case.nodes.iter().find(|node| node.taxpayer_id == id)).map(|node| node.role))
    }
}

impl Folder {
    /// A case as it stands.
    pub fn case(&self, case_id: Id) -> Result<Option<Case>, Error> {
        self.books(Entity::case(case_id), |books| fold::published_case(books, self.rules()))
    }
}
