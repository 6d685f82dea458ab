//! One taxpayer's findings, put in order and summed again: a task must say what those that stand say, and no more.

use std::collections::{BTreeMap, BTreeSet};

use suyuan::drive::World;
use suyuan::model::{About, Entity, Id, Instant, Kind, Signal, SignalStatus, TASK_SIGNALS_MAX, TaskStatus};
use suyuan::risk::{self, Recent, RuleSet, Subject, View};
use suyuan::state::{Books, Key, PartyKey, Profile, Row, RowType, TaskRow};

use super::AllRows;

/// Findings, the orders they are kept in, and the task.
#[derive(Default)]
pub(super) struct Findings<'a> {
    open: Vec<&'a Signal>,
    listed: BTreeSet<(String, i64, Id)>,
    task: Option<&'a TaskRow>,
}

impl<'a> Findings<'a> {
    pub(super) fn signal(&mut self, signal: &'a Signal) {
        self.open.extend(Some(signal).filter(|signal| signal.status == SignalStatus::Open));
    }

    pub(super) fn listed(&mut self, order: Id, place: i64, signal_id: Id) {
        self.listed.insert((order.to_string(), place, signal_id));
    }

    pub(super) fn task(&mut self, row: &'a TaskRow) {
        self.task = Some(row);
    }

    pub(super) fn open(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let mut listed = BTreeSet::new();
        for signal in &self.open {
            let mut list = |order: &str, place: i64| listed.insert((order.to_owned(), place, signal.signal_id));
            list(&signal.typology, -i64::from(signal.score));
            if let About::Period(period) = signal.about {
                list("month-stake", -signal.stake.0);
                // What asks for no assessment accuses nobody.
                let limits = RuleSet::parse(&super::rules()).unwrap().limits;
                let is_grave = risk::level_of_score(&limits, signal.score) >= 3;
                if is_grave && risk::typology(&signal.typology).is_some_and(|typology| typology.accuses_source) {
                    list("accusing", i64::from(period.0));
                }
            }
        }
        if self.listed != listed {
            return Err(format!("findings that stand are {listed:?}, and listed are {:?}", self.listed));
        }
        let Some(TaskRow(task, stakes)) = self.task else {
            return if self.open.is_empty() { Ok(()) } else { Err("findings stand, and there is no task".into()) };
        };
        let sum = |of: fn(&About) -> bool| -> i128 {
            self.open.iter().filter(|signal| of(&signal.about)).map(|signal| i128::from(signal.stake.0)).sum()
        };
        let invoices = sum(|about| matches!(about, About::Invoice { .. }));
        let origins = sum(|about| matches!(about, About::Origin(_)));
        let months = self.open.iter().filter(|signal| matches!(signal.about, About::Period(_)));
        let months = months.map(|signal| signal.stake.0).max().unwrap_or(0);
        if (stakes.invoices, stakes.origins) != (invoices, origins) {
            return Err(format!("at stake are {invoices} and {origins}, and the sums are {stakes:?}"));
        }
        if (task.status == TaskStatus::Open) == self.open.is_empty() {
            return Err(format!("{} findings stand, and the task is {:?}", self.open.len(), task.status));
        }
        if self.open.is_empty() {
            return Ok(());
        }
        // What is of one matter counts once.
        let mut best: BTreeMap<risk::Matter, u16> = BTreeMap::new();
        let mut codes: BTreeSet<&str> = BTreeSet::new();
        for signal in &self.open {
            let Some(typology) = risk::typology(&signal.typology) else { continue };
            let best = best.entry(typology.matter).or_default();
            *best = signal.score.max(*best);
            codes.insert(typology.code);
        }
        let mut signals: Vec<_> = self.open.iter().map(|s| (std::cmp::Reverse(s.score), s.signal_id)).collect();
        signals.sort_unstable();
        let signals: Vec<Id> = signals.into_iter().take(TASK_SIGNALS_MAX).map(|(_, id)| id).collect();
        let typologies: Vec<&str> = task.typologies.iter().map(|code| &**code).collect();
        let stake = i128::from(task.stake.0);
        let right = signals == task.signals
            && typologies.iter().eq(codes.iter())
            && task.score == suyuan::risk::merge(best.values().copied())
            && stake == invoices + origins.max(i128::from(months));
        if right { Ok(()) } else { Err(format!("{task:?} does not say what {:?} say", self.open)) }
    }
}

/// Asks every check again, of everything that a finding can be about: what holds must stand, and what stands must hold.
pub(super) fn check_anew(world: &mut World, rows: &AllRows, rules: &RuleSet) -> Result<(), String> {
    let mut subjects: BTreeMap<Entity, BTreeSet<String>> = BTreeMap::new();
    let mut abouts: Vec<(Entity, About)> = Vec::new();
    let mut open: BTreeSet<Id> = BTreeSet::new();
    for ((entity, key), row) in rows.iter().filter(|((entity, _), _)| entity.kind == Kind::Taxpayer) {
        let about = match (key, row) {
            (Key::Month(period), _) => Some(About::Period(*period)),
            (Key::Held { invoice_no, .. }, Row::Held(held)) => {
                Some(About::Invoice { seller_id: held.seller_id, invoice_no: *invoice_no })
            }
            (Key::Tainted(origin), _) => Some(About::Origin(*origin)),
            (Key::Party(PartyKey::Tie(party)), _) => Some(About::Party(*party)),
            (Key::Signal(id), Row::Signal(signal)) if signal.0.status == SignalStatus::Open => {
                open.insert(*id);
                Some(signal.0.about)
            }
            _ => None,
        };
        let Some(about) = about else { continue };
        if subjects.entry(*entity).or_default().insert(format!("{about:?}")) {
            abouts.push((*entity, about));
        }
    }
    let ticked = rows.get(&(Entity::CLOCK, Key::Ticked)).and_then(Instant::peek);
    let hour = ticked.copied().unwrap_or(Instant(i64::MIN));
    let opening = world.fold().opening();
    for (entity, about) in abouts {
        let profile = rows.get(&(entity, Key::Profile));
        let Some(Row::Profile(profile)) = profile else { return Err(format!("{} has no profile", entity.id)) };
        for typology in risk::ALL.iter().filter(|typology| typology.is_about(subject(&about))) {
            let mut books = Books::of(world.rows(), entity);
            let profile: &Profile = profile;
            let recent = &mut Recent::default();
            let mut view = View::new(&mut books, profile, rules, opening, hour, recent);
            let has_passed = matches!(about, About::Period(period) if view.has_passed(period));
            let holds = typology.finding(&mut view, &about, has_passed).is_some();
            let stands = open.contains(&risk::signal_id(entity.id, typology, &about));
            if holds != stands {
                let code = typology.code;
                return Err(format!("{code} of {} about {about:?} holds: {holds}, and stands: {stands}", entity.id));
            }
        }
    }
    Ok(())
}

fn subject(about: &About) -> Subject {
    match about {
        About::Invoice { .. } => Subject::Invoice,
        About::Period(_) => Subject::Period,
        About::Origin(_) => Subject::Origin,
        About::Party(_) => Subject::Party,
    }
}
