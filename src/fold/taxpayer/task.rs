//! The task: the merge of the findings that stand. They are kept in order, and their stakes as sums, so that a change costs
//! the same whether ten stand or a hundred thousand.

use super::Step;
use crate::model::{About, Fen, Id, Output, ScoreShare, Signal, TASK_SIGNALS_MAX, Task, TaskStatus, Text};
use crate::risk::{self, RULE_PREFIX, Rule, Typology, Weighed};
use crate::state::{Key, SignalOrder, SignalRow, Stakes, TaskRow};

impl Step<'_> {
    /// Enters a finding into the orders of those that stand, or strikes it off.
    pub(super) fn list(&mut self, signal: &Signal, typology: &Typology, stands: bool) {
        let stake = i128::from(signal.stake.0) * if stands { 1 } else { -1 };
        let mut places = vec![(SignalOrder::Score(typology.code), -i64::from(signal.score))];
        match signal.about {
            About::Invoice { .. } => self.stakes.invoices += stake,
            About::Origin(_) => self.stakes.origins += stake,
            // A tie puts no tax at stake of its own.
            About::Party(_) => {}
            About::Period(period) => {
                places.push((SignalOrder::MonthStake, -signal.stake.0.max(0)));
                if typology.accuses_source && (!stands || self.accuses(signal.score)) {
                    places.push((SignalOrder::Accusing, i64::from(period.0)));
                }
            }
        }
        for (order, place) in places {
            let key = Key::Standing { order: order.name(), place, signal_id: signal.signal_id };
            if stands {
                self.books.put(key, ());
            } else {
                self.books.remove(&key);
            }
        }
    }

    /// The first findings of an order, each with its place in it.
    pub(super) fn first_of(&mut self, order: SignalOrder, limit: usize) -> Vec<(i64, Id)> {
        let order = order.name();
        let from = Key::Standing { order, place: i64::MIN, signal_id: Id::EMPTY };
        let to = Key::Standing { order, place: i64::MAX, signal_id: Id::LAST };
        let keys = self.books.scan(&from, &to, limit).into_iter();
        keys.filter_map(
            |key| if let Key::Standing { place, signal_id, .. } = key { Some((place, signal_id)) } else { None },
        )
        .collect()
    }

    /// Merges the findings that stand into the task; opens, changes or withdraws it.
    pub(super) fn merge_task(&mut self, changed: bool) {
        let before = self.books.find::<TaskRow>(&Key::Task).cloned();
        let sums = before.as_ref().map(|row| row.1).unwrap_or_default();
        let change = std::mem::take(&mut self.stakes);
        let stakes = Stakes { invoices: sums.invoices + change.invoices, origins: sums.origins + change.origins };
        let before = before.map(|row| row.0).filter(|before| before.status == TaskStatus::Open);
        let task = if self.profile.open_signals == 0 {
            let withdrawn =
                |before: Task| Task { status: TaskStatus::Withdrawn, version: before.version + 1, ..before };
            before.clone().map(withdrawn)
        } else {
            Some(self.task(before.as_ref(), stakes))
        };
        // Where only the grade or the rules have changed, it may say the same.
        let says_more =
            |now: &&Task| before.as_ref().is_none_or(|before| *now != &Task { version: now.version, ..before.clone() });
        if let Some(task) = task.filter(|task| changed || says_more(&task)) {
            self.effects.outputs.push(Output::Task(Box::new(task.clone())));
            self.books.put(Key::Task, TaskRow(task, stakes));
        }
    }

    /// The task of the findings that stand, as a further version of the one that is open.
    fn task(&mut self, before: Option<&Task>, stakes: Stakes) -> Task {
        if before.is_none() {
            self.profile.tasks += 1;
        }
        // A finding of each matter counts once: forty deductions of one kind are one doubt, not forty.
        let (mut best, mut weighed, mut listed) = (Vec::<(Text, u16)>::new(), Vec::new(), Vec::new());
        for (number, typology) in risk::ALL.iter().enumerate() {
            let first = self.first_of(SignalOrder::Score(typology.code), TASK_SIGNALS_MAX);
            if let Some((place, _)) = first.first() {
                best.push((typology.code.into(), score_at(*place)));
            }
            weighed.extend(self.weighed(number, &first));
            listed.extend(first);
        }
        best.sort_unstable();
        listed.sort_unstable();
        listed.truncate(TASK_SIGNALS_MAX);
        let signals: Vec<Id> = listed.into_iter().map(|(_, signal_id)| signal_id).collect();
        let case = |id: &Id| self.books.find::<SignalRow>(&Key::Signal(*id)).and_then(|row| row.0.case_id);
        let mut case_ids: Vec<Id> = signals.iter().filter_map(case).collect();
        case_ids.sort_unstable();
        case_ids.dedup();
        let (typologies, scores): (Vec<Text>, Vec<u16>) = best.into_iter().unzip();
        let score = risk::score_of(weighed.iter());
        let points = risk::shares(&scores, score).into_iter();
        let shares = typologies.iter().cloned().zip(points);
        let shares = shares.map(|(typology, points)| ScoreShare { typology, points }).collect();
        let stake = self.stake(stakes);
        let grade = self.profile.credit_grade.value;
        let (level, response) = risk::response(&self.rules.limits, &weighed, stake, grade);
        let taxpayer_id = self.books.entity.id;
        Task {
            task_id: Id::derived("task", &[taxpayer_id.as_str(), &self.profile.tasks.to_string()]),
            taxpayer_id,
            grid_id: None,
            org_id: None,
            officer_id: None,
            level,
            response: response.into(),
            typologies,
            score,
            stake,
            signals,
            case_ids,
            status: TaskStatus::Open,
            opened_at: before.map_or(self.now, |before| before.opened_at),
            due_at: None,
            version: before.map_or(0, |before| before.version) + 1,
            shares,
        }
    }

    /// What findings of a typology, the largest score first, say of the level: where no rule speaks for any of them, the
    /// first says all.
    fn weighed(&mut self, typology: usize, first: &[(i64, Id)]) -> Vec<Weighed> {
        let rules = self.rules.rules_of(risk::ALL[typology]);
        let some = if rules.is_empty() { &first[..first.len().min(1)] } else { first };
        let mut weighed = Vec::with_capacity(some.len());
        for (place, signal_id) in some {
            let finding =
                Weighed { matter: risk::ALL[typology].matter, score: score_at(*place), level_min: 1, level_max: 5 };
            let signal = if rules.is_empty() { None } else { self.books.find::<SignalRow>(&Key::Signal(*signal_id)) };
            weighed.push(signal.map_or(finding, |row| bounded(finding, &row.0, rules)));
        }
        weighed
    }

    /// Tax at stake in findings that stand: invoices add up; windows of months overlap, so the largest counts, and so does
    /// it beside value of accused origins, which is the same tax seen from another side.
    fn stake(&mut self, sums: Stakes) -> Fen {
        let months = self.first_of(SignalOrder::MonthStake, 1).first().map_or(Fen::ZERO, |(place, _)| Fen(-place));
        let amount = |sum: i128| Fen(i64::try_from(sum).unwrap_or(i64::MAX));
        amount(sums.invoices) + months.max(amount(sums.origins))
    }
}

fn score_at(place: i64) -> u16 {
    u16::try_from(-place).expect("a place is a score with its sign turned")
}

/// With the levels that the rules ask for which found it. What a check found on its own is capped by no rule.
fn bounded(finding: Weighed, signal: &Signal, rules: &[Rule]) -> Weighed {
    let named = signal.evidence.iter().map(|evidence| evidence.indicator.strip_prefix(RULE_PREFIX));
    let found_by = || named.clone().flatten().filter_map(|code| rules.iter().find(|rule| *rule.code == *code));
    let by_rules_alone = named.clone().next().is_some_and(|first| first.is_some());
    let level_min = found_by().filter_map(|rule| rule.level_min).max().unwrap_or(1);
    let caps = found_by().map(|rule| rule.level_max.unwrap_or(5)).max();
    let level_max = caps.filter(|_| by_rules_alone).unwrap_or(5);
    Weighed { level_min, level_max, ..finding }
}
