//! Lists of what was found: findings, tasks and cases, by what was asked of them, the heaviest first.

use std::collections::BTreeMap;

use super::error::Error;
use super::folder::Folder;
use crate::model::{
    Case, CaseNode, ChainRole, Entity, Fen, Id, Instant, Kind, Signal, SignalStatus, Task, TaskStatus, TaxpayerId,
};
use crate::risk;
use crate::state::{CaseHead, Key, Row, SignalRow, TaskRow};

/// What is asked. Each field that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The one of this id.
    pub id: Option<Id>,
    /// About this taxpayer, or, of cases, with it.
    pub taxpayer_id: Option<TaxpayerId>,
    /// Of this typology, or, of tasks, with it.
    pub typology: Option<Box<str>>,
    /// Standing, or withdrawn.
    pub standing: Option<bool>,
    /// Raised or opened not before.
    pub since: Option<Instant>,
    /// Of at least this level: of a finding, that which its score alone would ask for.
    pub level_min: Option<u8>,
    /// Of at most this level.
    pub level_max: Option<u8>,
    /// So many at most, the heaviest; 0 for all.
    pub limit: usize,
}

/// A list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The heaviest first.
    pub items: Vec<T>,
    /// How many are not in it for want of room.
    pub left_out: usize,
}

impl Filter {
    fn wants(&self, id: Id, standing: bool, at: Instant, level: Option<u8>) -> bool {
        self.id.is_none_or(|wanted| wanted == id)
            && self.standing.is_none_or(|wanted| wanted == standing)
            && self.since.is_none_or(|since| at >= since)
            && level.is_none_or(|level| self.level_min.is_none_or(|least| level >= least))
            && level.is_none_or(|level| self.level_max.is_none_or(|most| level <= most))
    }

    fn wants_typology(&self, code: &str) -> bool {
        self.typology.as_ref().is_none_or(|wanted| **wanted == *code)
    }
}

/// Findings: by score, then by tax at stake.
pub fn signals(folder: &Folder, filter: &Filter) -> Result<Listed<Signal>, Error> {
    let limits = &folder.rules().limits;
    let mut heaviest = Heaviest::new(filter.limit, |signal: &Signal| {
        (std::cmp::Reverse(signal.score), -signal.stake, signal.taxpayer_id, signal.signal_id)
    });
    let mut take = |signal: Signal| {
        let level = risk::level_of_score(limits, signal.score);
        let standing = signal.status == SignalStatus::Open;
        if filter.wants(signal.signal_id, standing, signal.raised_at, Some(level))
            && filter.wants_typology(&signal.typology)
        {
            heaviest.take(signal);
        }
    };
    let (from, to) = (Key::Signal(filter.id.unwrap_or(Id::EMPTY)), Key::Task);
    if let Some(taxpayer_id) = filter.taxpayer_id {
        let taxpayer_id = folder.subject(taxpayer_id)?;
        folder.each_row(Entity::taxpayer(taxpayer_id), from, to, |_, row: SignalRow| {
            take(row.0);
            true
        })?;
    } else {
        folder.each_of_all(Kind::Taxpayer, &from, &to, &mut |_, _, row| {
            if let Row::Signal(row) = row {
                take(row.0);
            }
        })?;
    }
    Ok(heaviest.end())
}

/// Tasks: by level, score, then tax at stake.
pub fn tasks(folder: &Folder, filter: &Filter) -> Result<Listed<Task>, Error> {
    let mut heaviest = Heaviest::new(filter.limit, |task: &Task| {
        (std::cmp::Reverse((task.level, task.score)), -task.stake, task.taxpayer_id, task.task_id)
    });
    let mut take = |task: Task| {
        let standing = task.status == TaskStatus::Open;
        if filter.wants(task.task_id, standing, task.opened_at, Some(task.level))
            && (filter.typology.is_none() || task.typologies.iter().any(|code| filter.wants_typology(code)))
        {
            heaviest.take(task);
        }
    };
    if let Some(taxpayer_id) = filter.taxpayer_id {
        let taxpayer_id = folder.subject(taxpayer_id)?;
        folder.row::<TaskRow>(taxpayer_id, &Key::Task)?.into_iter().for_each(|row| take(row.0));
    } else {
        let to = Key::Taint { origin: Id::EMPTY, named: Id::EMPTY };
        folder.each_of_all(Kind::Taxpayer, &Key::Task, &to, &mut |_, _, row| {
            if let Row::Task(row) = row {
                take(row.0);
            }
        })?;
    }
    Ok(heaviest.end())
}

/// Cases: by the tax that was deducted, then by that of their source.
pub fn cases(folder: &Folder, filter: &Filter) -> Result<Listed<Case>, Error> {
    let mut wanted = Vec::new();
    let mut take = |id: Id, head: &CaseHead| {
        if filter.wants(id, head.standing, head.opened_at, None) && filter.wants_typology(&head.typology) {
            wanted.push(id);
        }
    };
    if let Some(id) = filter.id {
        let head = folder.books(Entity::case(id), |books| books.find::<CaseHead>(&Key::CaseHead).cloned())?;
        if let Some(head) = &head {
            take(id, head);
        }
    } else {
        folder.each_of_all(Kind::Case, &Key::CaseHead, &Key::CaseNode(Id::EMPTY), &mut |id, _, row| {
            if let Row::CaseHead(head) = row {
                take(id, &head);
            }
        })?;
    }
    let mut heaviest = Heaviest::new(filter.limit, |case: &Case| (-deducted(case), -begun(case), case.case_id));
    let taxpayer_id = filter.taxpayer_id.map(|id| folder.subject(id)).transpose()?;
    for id in wanted {
        let has = |taxpayer| folder.books(Entity::case(id), |books| books.has(&Key::CaseNode(taxpayer)));
        if taxpayer_id.map_or(Ok(true), has)? {
            folder.case(id)?.into_iter().for_each(|case| heaviest.take(case));
        }
    }
    Ok(heaviest.end())
}

/// How much of a case's tax was deducted at most, each fen once, by those it lists. What a taxpayer passed on is deducted again by whoever took it,
/// so of its deductions only what stayed with it counts; and as sales too small to be followed are not among the edges,
/// it is never more than began at the source.
pub fn deducted(case: &Case) -> Fen {
    let mut passed: BTreeMap<TaxpayerId, Fen> = BTreeMap::new();
    for edge in &case.edges {
        *passed.entry(edge.from).or_default() += edge.tax;
    }
    let stayed = |node: &CaseNode| node.deducted - passed.get(&node.taxpayer_id).copied().unwrap_or_default();
    let others = case.nodes.iter().filter(|node| node.taxpayer_id != case.origin);
    others.map(|node| stayed(node).max(Fen::ZERO)).sum::<Fen>().min(begun(case))
}

/// From how much tax deducted on a taxpayer is reported as one who deducted it, by the rules in force; nothing where they
/// do not report it at all.
pub fn reported_from(folder: &Folder) -> Fen {
    let parameter = |typology| folder.rules().parameter(typology, "tax_min_fen").map(Fen);
    risk::typology("false_deduction").and_then(parameter).unwrap_or_default()
}

/// Those who deducted, each so much or more.
pub fn beneficiaries(case: &Case, least: Fen) -> usize {
    let counts = |node: &&CaseNode| node.role == ChainRole::Beneficiary && node.deducted >= least;
    case.nodes.iter().filter(counts).count()
}

/// Tax that began at the source of a case with no purchase behind it.
pub fn begun(case: &Case) -> Fen {
    case.nodes.iter().filter(|node| node.taxpayer_id == case.origin).map(|node| node.tax).sum()
}

/// Keeps the first so many by a key, without keeping all.
struct Heaviest<T, K> {
    limit: usize,
    key: fn(&T) -> K,
    items: Vec<T>,
    left_out: usize,
}

impl<T, K: Ord> Heaviest<T, K> {
    fn new(limit: usize, key: fn(&T) -> K) -> Self {
        Self { limit, key, items: Vec::new(), left_out: 0 }
    }

    fn take(&mut self, item: T) {
        self.items.push(item);
        if self.limit > 0 && self.items.len() >= self.limit.saturating_mul(2).saturating_add(SLACK) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.items.sort_by_key(self.key);
        if self.limit > 0 && self.items.len() > self.limit {
            self.left_out += self.items.len() - self.limit;
            self.items.truncate(self.limit);
        }
    }

    fn end(mut self) -> Listed<T> {
        self.cut();
        Listed { items: self.items, left_out: self.left_out }
    }
}

/// Room beyond the limit, so that sorting is rare.
const SLACK: usize = 1_024;
