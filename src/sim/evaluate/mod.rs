//! How much of the truth a run of tasks found: precision and recall over taxpayers and tasks, by role and by typology, for
//! schemes that are easy and hard to see; how long it took, and what it cost meanwhile. Judges nothing itself.
//!
//! A task about a fraudster is a hit, one about a bystander is neither, one about anybody else is a false alarm;
//! withdrawn tasks and those below the level do not count.

mod facts;
mod lines;
mod measure;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use self::facts::Facts;
pub use self::lines::{SignalLine, TaskLine};
pub use self::measure::{Alarms, Group, Lookalikes, Losses, Split, Vanished, role_of};
use self::measure::{Counted, closed, count, share};
use super::label::{Label, Part};
use crate::model::TaxpayerId;

/// The level from which on a look-alike counts as flagged.
pub const LOOKALIKE_LEVEL: i64 = 3;
/// How the name of a scheme ends that is hard to see.
pub const HARD_ENDING: &str = "-hard";

/// The outcome. Shares are `null` where there is nothing to take a share of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The level from which on tasks count.
    pub min_level: i64,
    /// Tasks that count: hits, false alarms, and those about bystanders.
    pub tasks: u32,
    /// Tasks about fraudsters.
    pub hits: u32,
    /// Tasks about the innocent.
    pub false_alarms: u32,
    /// Tasks about bystanders: neither.
    pub bystander_tasks: u32,
    /// All fraudsters; easy and hard apart in fields of these names.
    #[serde(flatten)]
    pub fraud: Split,
    /// Fraudsters by the part they play. Tasks that name a typology of the part are what its precision is of.
    pub by_role: BTreeMap<&'static str, Split>,
    /// Fraudsters by the typology of their label. Tasks that name it are what its precision is of.
    pub by_typology: BTreeMap<String, Split>,
    /// Tasks that count, by each typology they name.
    pub by_task_typology: BTreeMap<String, Alarms>,
    /// Open signals by typology, where a file of them was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_signal_typology: Option<BTreeMap<String, Alarms>>,
    /// Taxpayers with a label `lookalike`.
    pub lookalikes: u32,
    /// Those of them with a task at [`LOOKALIKE_LEVEL`] or above, whatever the level asked for.
    pub lookalikes_flagged: u32,
    /// The one over the other.
    pub lookalike_share: Option<f64>,
    /// The same by what they look like.
    pub lookalikes_by_typology: BTreeMap<String, Lookalikes>,
    /// Tax deducted of what fraudsters issued, where the events were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deducted: Option<Losses>,
    /// Sources that went missing, where the events were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vanished>,
}

/// What a taxpayer is, all its labels together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Fraudster,
    Bystander,
    Innocent,
}

/// Measures tasks against labels. Signals and facts add what only they know.
pub fn evaluate(
    labels: &[Label],
    tasks: &[TaskLine],
    signals: Option<&[SignalLine]>,
    facts: Option<&Facts>,
    min_level: i64,
) -> Report {
    let standings = standings(labels);
    let standing = |id| standings.get(&id).copied().unwrap_or(Standing::Innocent);
    let counted = Counted::new(tasks, min_level);

    let mut all = Alarms::default();
    let mut by_task_typology = BTreeMap::<String, Alarms>::new();
    for task in &counted.tasks {
        let standing = standing(task.taxpayer_id);
        all.count(standing);
        for typology in task.typologies.iter().collect::<BTreeSet<_>>() {
            by_task_typology.entry(typology.clone()).or_default().count(standing);
        }
    }
    let by_signal_typology = signals.map(|signals| {
        let mut groups = BTreeMap::<String, Alarms>::new();
        for signal in signals.iter().filter(|signal| !signal.withdrawn) {
            groups.entry(signal.typology.clone()).or_default().count(standing(signal.taxpayer_id));
        }
        closed(groups)
    });

    let innocent = |id| standing(id) == Standing::Innocent;
    let roles: BTreeSet<&'static str> = fraud(labels).map(|label| label.role.name()).collect();
    let by_role = roles.into_iter().map(|role| {
        let of_role: Vec<&Label> = fraud(labels).filter(|label| label.role.name() == role).collect();
        (role, Split::of(&of_role, &counted, &|typology| role_of(typology) == Some(role), &innocent))
    });
    let typologies: BTreeSet<&String> = fraud(labels).map(|label| &label.typology).collect();
    let by_typology = typologies.into_iter().map(|code| {
        let of_typology: Vec<&Label> = fraud(labels).filter(|label| &label.typology == code).collect();
        (code.clone(), Split::of(&of_typology, &counted, &|typology| typology == code, &innocent))
    });

    let lookalikes = Lookalikes::by_typology(labels, tasks);
    let (known, flagged) = Lookalikes::taxpayers(labels, tasks);
    Report {
        min_level,
        tasks: count(counted.tasks.len()),
        hits: all.hits,
        false_alarms: all.false_alarms,
        bystander_tasks: all.bystanders,
        fraud: Split::of(&fraud(labels).collect::<Vec<_>>(), &counted, &|_| true, &innocent),
        by_role: by_role.collect(),
        by_typology: by_typology.collect(),
        by_task_typology: closed(by_task_typology),
        by_signal_typology,
        lookalikes: known,
        lookalikes_flagged: flagged,
        lookalike_share: share(flagged, known),
        lookalikes_by_typology: lookalikes,
        deducted: facts.map(|facts| Losses::of(labels, facts, &counted)),
        sources: facts.map(|facts| Vanished::of(labels, facts, &counted)),
    }
}

fn fraud(labels: &[Label]) -> impl Iterator<Item = &Label> {
    labels.iter().filter(|label| label.role.is_fraud())
}

/// One label of fraud outweighs any other; a bystander is no innocent.
fn standings(labels: &[Label]) -> BTreeMap<TaxpayerId, Standing> {
    let mut standings = BTreeMap::new();
    for label in labels {
        let standing = match label.role {
            role if role.is_fraud() => Standing::Fraudster,
            Part::Bystander => Standing::Bystander,
            _ => Standing::Innocent,
        };
        let known = standings.entry(label.taxpayer_id).or_insert(standing);
        if standing == Standing::Fraudster || *known == Standing::Innocent {
            *known = standing;
        }
    }
    standings
}
