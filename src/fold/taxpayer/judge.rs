//! Findings kept true: whatever a finding rests on has changed, it is asked again whether it stands, and made, refreshed
//! or withdrawn. The task is the merge of those that stand.

use super::{CHAIN_TYPOLOGY, Step};
use crate::model::{About, Fen, Id, Output, Signal, SignalStatus, TASK_SIGNALS_MAX, Task, TaskStatus};
use crate::risk::{self, Finding, Subject, Typology, View};
use crate::state::{Key, SignalRow, TaskRow};

/// Findings of one taxpayer, open or withdrawn, that its task looks through.
const SIGNALS_MAX: usize = 4_096;

impl Step<'_> {
    pub(super) fn judge_touched(&mut self) {
        if self.touched.is_empty() {
            return;
        }
        self.touch_open_bursts();
        let mut changed = false;
        let mut at = 0;
        // Judging may touch more: an accusation raised here reaches nobody's rows but these.
        while let Some(about) = self.touched.get(at).copied() {
            at += 1;
            for typology in risk::ALL.iter().filter(|typology| typology.subject == subject(&about)) {
                changed |= self.judge(typology, &about);
            }
            if let About::Origin(origin) = about {
                self.report_again(origin);
            }
        }
        if changed {
            self.merge_task();
        }
    }

    /// A source is judged by its pool as well, which every invoice may change: what stands against it is asked again.
    fn touch_open_bursts(&mut self) {
        let months = self.touched.iter().any(|about| matches!(about, About::Period(_)));
        if self.profile.open_bursts == 0 || !months {
            return;
        }
        let keys = self.books.scan(&Key::Signal(Id::EMPTY), &Key::Signal(Id::LAST), SIGNALS_MAX);
        for key in keys {
            let Some(SignalRow(signal)) = self.books.find::<SignalRow>(&key) else { continue };
            let (about, open) = (signal.about, signal.status == SignalStatus::Open);
            if open && *signal.typology == *CHAIN_TYPOLOGY && !self.touched.contains(&about) {
                self.touched.push(about);
            }
        }
    }

    /// Whether the finding has changed.
    fn judge(&mut self, typology: &'static Typology, about: &About) -> bool {
        let finding = (typology.check)(&mut View::new(&mut self.books, &self.profile, self.rules), about);
        if finding.is_none() && self.profile.open_signals == 0 {
            return false;
        }
        let key = Key::Signal(risk::signal_id(self.books.entity.id, typology, about));
        let before = self.books.find::<SignalRow>(&key).map(|row| row.0.clone());
        let was_open = before.as_ref().is_some_and(|signal| signal.status == SignalStatus::Open);
        if typology.accuses_source && was_open != finding.is_some() {
            self.accusations(finding.is_some());
        }
        let signal = match (finding, before) {
            (None, Some(before)) if was_open => self.withdrawn(before),
            (None, _) => return false,
            (Some(finding), before) => {
                let signal = self.open(typology, about, finding, before.as_ref());
                if before.is_some_and(|before| same_but_version(&before, &signal)) {
                    return false;
                }
                signal
            }
        };
        let is_open = signal.status == SignalStatus::Open;
        self.effects.outputs.push(Output::Signal(Box::new(signal.clone())));
        self.books.put(key, SignalRow(signal));
        match (was_open, is_open) {
            (false, true) => self.profile.open_signals += 1,
            (true, false) => self.profile.open_signals -= 1,
            (true, true) | (false, false) => {}
        }
        true
    }

    fn accusations(&mut self, opened: bool) {
        let before = self.profile.open_bursts;
        self.profile.open_bursts = if opened { before + 1 } else { before - 1 };
        if before == 0 || self.profile.open_bursts == 0 {
            self.accuse(opened);
        }
    }

    fn open(&self, typology: &Typology, about: &About, finding: Finding, before: Option<&Signal>) -> Signal {
        let taxpayer_id = self.books.entity.id;
        let still = before.filter(|before| before.status == SignalStatus::Open);
        let case_id = finding.case_id.or_else(|| {
            let own = self.profile.flag.filter(|_| typology.code == CHAIN_TYPOLOGY);
            own.map(|flag| flag.case_id)
        });
        Signal {
            signal_id: risk::signal_id(taxpayer_id, typology, about),
            taxpayer_id,
            typology: typology.code.into(),
            score: finding.score,
            stake: finding.stake,
            raised_at: still.map_or(self.now, |before| before.raised_at),
            status: SignalStatus::Open,
            withdrawn_at: None,
            evidence: finding.evidence,
            text_zh: finding.sentence.zh.into(),
            text_en: finding.sentence.en.into(),
            about: *about,
            causes: vec![self.cause],
            counterparties: finding.counterparties,
            case_id,
            version: before.map_or(0, |before| before.version) + 1,
        }
    }

    fn withdrawn(&self, before: Signal) -> Signal {
        Signal {
            status: SignalStatus::Withdrawn,
            withdrawn_at: Some(self.now),
            causes: vec![self.cause],
            version: before.version + 1,
            ..before
        }
    }

    /// Merges the findings that stand into the task; opens, changes or withdraws it.
    fn merge_task(&mut self) {
        let taxpayer_id = self.books.entity.id;
        let keys = self.books.scan(&Key::Signal(Id::EMPTY), &Key::Signal(Id::LAST), SIGNALS_MAX);
        let mut open: Vec<Signal> = keys
            .iter()
            .filter_map(|key| self.books.find::<SignalRow>(key).map(|row| row.0.clone()))
            .filter(|signal| signal.status == SignalStatus::Open)
            .collect();
        open.sort_unstable_by_key(|signal| (std::cmp::Reverse(signal.score), signal.signal_id));
        let before = self.books.find::<TaskRow>(&Key::Task).map(|row| row.0.clone());
        if open.is_empty() {
            if let Some(before) = before.filter(|before| before.status == TaskStatus::Open) {
                let withdrawn = Task { status: TaskStatus::Withdrawn, version: before.version + 1, ..before };
                self.publish_task(withdrawn);
            }
            return;
        }
        let still = before.filter(|before| before.status == TaskStatus::Open);
        if still.is_none() {
            self.profile.tasks += 1;
        }
        // A finding of each kind counts once: forty deductions of one kind are one doubt, not forty.
        let mut typologies: Vec<_> = open.iter().map(|signal| signal.typology.clone()).collect();
        typologies.sort_unstable();
        typologies.dedup();
        let best = |code: &str| open.iter().filter(|s| &*s.typology == code).map(|s| s.score).max().unwrap_or(0);
        let score = risk::merge(typologies.iter().map(|code| best(code)));
        let (level, response) = risk::response(&self.rules.limits, score);
        let mut case_ids: Vec<_> = open.iter().filter_map(|signal| signal.case_id).collect();
        case_ids.sort_unstable();
        case_ids.dedup();
        case_ids.truncate(TASK_SIGNALS_MAX);
        let task = Task {
            task_id: Id::derived("task", &[taxpayer_id.as_str(), &self.profile.tasks.to_string()]),
            taxpayer_id,
            grid_id: None,
            org_id: None,
            officer_id: None,
            level,
            response: response.into(),
            typologies,
            score,
            stake: stake(&open),
            signals: open.iter().take(TASK_SIGNALS_MAX).map(|signal| signal.signal_id).collect(),
            case_ids,
            status: TaskStatus::Open,
            opened_at: still.as_ref().map_or(self.now, |before| before.opened_at),
            due_at: None,
            version: still.as_ref().map_or(0, |before| before.version) + 1,
        };
        self.publish_task(task);
    }

    fn publish_task(&mut self, task: Task) {
        self.effects.outputs.push(Output::Task(Box::new(task.clone())));
        self.books.put(Key::Task, TaskRow(task));
    }
}

fn subject(about: &About) -> Subject {
    match about {
        About::Invoice { .. } => Subject::Invoice,
        About::Period(_) => Subject::Period,
        About::Origin(_) => Subject::Origin,
    }
}

/// Tax at stake in findings that stand: invoices add up; windows of months overlap, so the largest counts, and so does it
/// beside value of accused origins, which is the same tax seen from another side.
fn stake(open: &[Signal]) -> Fen {
    let (mut invoices, mut months, mut origins) = (Fen::ZERO, Fen::ZERO, Fen::ZERO);
    for signal in open {
        match signal.about {
            About::Invoice { .. } => invoices += signal.stake,
            About::Period(_) => months = months.max(signal.stake),
            About::Origin(_) => origins += signal.stake,
        }
    }
    invoices + months.max(origins)
}

/// Whether two versions of a finding say the same.
fn same_but_version(before: &Signal, now: &Signal) -> bool {
    before.status == now.status
        && before.score == now.score
        && before.stake == now.stake
        && before.evidence == now.evidence
        && before.text_en == now.text_en
        && before.counterparties == now.counterparties
        && before.case_id == now.case_id
}
