//! Following value from one taxpayer, up to its suppliers or down to its customers, so deep and so wide as was asked. Each
//! taxpayer is met once: what leads back to one that is there already is an edge and no more, so cycles end.

use std::collections::{BTreeMap, VecDeque};

use super::error::Error;
use super::folder::Folder;
use super::graph::{Direction, Edge, Graph, Node, Nodes, Rest};
use super::neighbours::{Names, Neighbour, name_origins, names_at_root, neighbours, taken};
use crate::model::{Fen, Id, Instant, TaxpayerId};
use crate::state::{Key, Profile};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// From whom.
    pub taxpayer_id: TaxpayerId,
    /// Which way.
    pub direction: Direction,
    /// Of whose value alone.
    pub origin: Option<TaxpayerId>,
    /// Partners whose last invoice is older are passed over.
    pub since: Option<Instant>,
    /// How many invoices away at most.
    pub depth: usize,
    /// How many neighbours of each at most, the largest first.
    pub width: usize,
    /// Less tax than this is not followed.
    pub tax_min: Fen,
}

/// The most taxpayers of one answer.
const NODES_MAX: usize = 2_000;

/// Follows value. The root alone where nothing leads on from it.
pub fn flow(folder: &Folder, question: &Question) -> Result<Graph, Error> {
    let case_id = match question.origin {
        Some(origin) => folder.row::<Profile>(origin, &Key::Profile)?.and_then(|profile| profile.flag),
        None => None,
    };
    let root = question.taxpayer_id;
    let mut walk = Walk {
        folder,
        question,
        case_id: case_id.map(|flag| flag.case_id),
        makers: Nodes::of(folder),
        nodes: Vec::new(),
        edges: Vec::new(),
        met: BTreeMap::new(),
        waiting: VecDeque::new(),
    };
    let names = match question.origin {
        Some(origin) => names_at_root(folder, root, origin)?,
        None => Names::new(),
    };
    walk.meet(root, 0, names)?;
    while let Some((id, depth, names)) = walk.waiting.pop_front() {
        walk.follow(id, depth, &names)?;
    }
    let Walk { nodes, edges, .. } = walk;
    Ok(Graph { root, direction: question.direction, origin: question.origin, nodes, edges, apart: Rest::default() })
}

struct Walk<'a> {
    folder: &'a Folder,
    question: &'a Question,
    /// The case of the origin's accusation: roles are looked up there first.
    case_id: Option<Id>,
    makers: Nodes<'a>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Where in `nodes` each is.
    met: BTreeMap<TaxpayerId, usize>,
    waiting: VecDeque<(TaxpayerId, usize, Names)>,
}

impl Walk<'_> {
    fn meet(&mut self, id: TaxpayerId, depth: usize, names: Names) -> Result<(), Error> {
        let mut node = self.makers.make(id, self.case_id)?;
        if let Some(origin) = self.question.origin {
            let (taken, deducted) = taken(self.folder, id, origin, &names)?;
            node.taken = Some(taken);
            node.deducted = deducted;
        }
        self.met.insert(id, self.nodes.len());
        self.nodes.push(node);
        self.waiting.push_back((id, depth, names));
        Ok(())
    }

    fn follow(&mut self, id: TaxpayerId, depth: usize, names: &Names) -> Result<(), Error> {
        let at = self.met[&id];
        // The origin's value ends where it began.
        if depth > 0 && self.question.origin == Some(id) {
            return Ok(());
        }
        let mut found = neighbours(self.folder, self.question, self.folder.subject(id)?, names)?;
        if depth >= self.question.depth || self.nodes.len() >= NODES_MAX {
            self.nodes[at].cut = !found.is_empty();
            return Ok(());
        }
        found.sort_by_key(|neighbour| (-neighbour.tax, neighbour.id));
        let kept = found.iter().take_while(|neighbour| neighbour.tax >= self.question.tax_min).count();
        let rest = found.split_off(kept.min(self.question.width));
        if !rest.is_empty() {
            let tax = rest.iter().map(|neighbour| neighbour.tax).sum();
            self.nodes[at].rest = Some(Rest { count: rest.len(), tax });
        }
        if self.question.direction == Direction::Up && self.question.origin.is_none() {
            name_origins(self.folder, id, &mut found)?;
        }
        for neighbour in found {
            self.edges.push(self.edge(id, &neighbour));
            if !self.met.contains_key(&neighbour.id) {
                self.meet(neighbour.id, depth + 1, neighbour.names)?;
            }
        }
        Ok(())
    }

    fn edge(&self, id: TaxpayerId, neighbour: &Neighbour) -> Edge {
        let (seller, buyer) = match self.question.direction {
            Direction::Up => (neighbour.id, id),
            Direction::Down => (id, neighbour.id),
        };
        Edge {
            seller,
            buyer,
            tax: neighbour.tax,
            invoices: neighbour.partner.totals.count,
            first_at: neighbour.partner.first_at,
            last_at: neighbour.partner.last_at,
            origins: neighbour.origins.clone(),
        }
    }
}
