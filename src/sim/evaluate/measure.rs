//! The measures a report is made of.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::label::{Label, Part};
use super::facts::Facts;
use super::lines::TaskLine;
use super::{HARD_ENDING, LOOKALIKE_LEVEL, Standing};
use crate::model::{Instant, TaxpayerId};

/// The tasks that count, and what is asked of them again and again.
pub(super) struct Counted<'a> {
    pub(super) tasks: Vec<&'a TaskLine>,
    /// When the first task about each taxpayer was opened.
    opened: BTreeMap<TaxpayerId, Instant>,
    /// What the tasks about each taxpayer name.
    named: BTreeMap<TaxpayerId, BTreeSet<&'a str>>,
}

impl<'a> Counted<'a> {
    pub(super) fn new(tasks: &'a [TaskLine], min_level: i64) -> Self {
        let tasks: Vec<&TaskLine> = tasks.iter().filter(|task| !task.withdrawn && task.level >= min_level).collect();
        let mut opened = BTreeMap::<TaxpayerId, Instant>::new();
        let mut named = BTreeMap::<TaxpayerId, BTreeSet<&str>>::new();
        for task in &tasks {
            let first = opened.entry(task.taxpayer_id).or_insert(task.opened_at);
            *first = task.opened_at.min(*first);
            named.entry(task.taxpayer_id).or_default().extend(task.typologies.iter().map(String::as_str));
        }
        Self { tasks, opened, named }
    }

    fn names(&self, id: TaxpayerId, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.named.get(&id).is_some_and(|codes| codes.iter().any(|code| wanted(code)))
    }
}

impl TaskLine {
    fn names(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.typologies.is_empty() && wanted("") || self.typologies.iter().any(|code| wanted(code))
    }
}

/// The part that somebody with a finding of a typology plays. `None` for what is about no fraud.
pub fn role_of(typology: &str) -> Option<&'static str> {
    match typology {
        "source_burst" | "dormant_revival" | "quota_surge" | "cap_issuing" => Some(Part::Source.name()),
        "pass_through" => Some(Part::Washer.name()),
        "false_deduction" | "export_refund" | "abnormal_voucher" => Some(Part::Beneficiary.name()),
        "circular" | "shared_control" => Some(Part::Associate.name()),
        "random_check" => None,
        _ => Some(Part::Solo.name()),
    }
}

/// Fraudsters of one kind, and those of them that are easy and hard to see.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Split {
    /// All of them.
    #[serde(flatten)]
    pub all: Group,
    /// Of schemes whose name does not say that they are hard.
    pub easy: Group,
    /// Of the others.
    pub hard: Group,
}

impl Split {
    /// `names` says which typologies are of this kind, `innocent` who is neither a fraudster nor a bystander.
    pub(super) fn of(
        labels: &[&Label],
        counted: &Counted<'_>,
        names: &dyn Fn(&str) -> bool,
        innocent: &dyn Fn(TaxpayerId) -> bool,
    ) -> Self {
        let alarms = counted.tasks.iter().filter(|task| innocent(task.taxpayer_id) && task.names(names)).count();
        let part = |wanted: &dyn Fn(&Label) -> bool| {
            let part: Vec<&Label> = labels.iter().filter(|label| wanted(label)).copied().collect();
            Group::of(&part, counted, names, count(alarms))
        };
        let is_hard = |label: &Label| label.scheme.ends_with(HARD_ENDING);
        Self { all: part(&|_| true), easy: part(&|label| !is_hard(label)), hard: part(&is_hard) }
    }
}

/// Fraudsters of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    /// How many there are.
    pub fraudsters: u32,
    /// Those with a task.
    pub found: u32,
    /// Of the tasks that name this kind and are about them or about the innocent, the share that is about them.
    pub precision: Option<f64>,
    /// found ÷ fraudsters.
    pub recall: Option<f64>,
    /// The harmonic mean of the two.
    pub f1: Option<f64>,
    /// Of those found, the share with a task that names the typology of one of their labels.
    pub named_rightly: Option<f64>,
    /// From `evident_at` to `opened_at`, over those found; negative where found before evident.
    pub median_delay_seconds: Option<i64>,
    /// Nine tenths were found in less.
    pub p90_delay_seconds: Option<i64>,
}

impl Group {
    /// Counts each taxpayer once, from its earliest `evident_at` among these labels.
    fn of(labels: &[&Label], counted: &Counted<'_>, names: &dyn Fn(&str) -> bool, false_alarms: u32) -> Self {
        let mut evident = BTreeMap::<TaxpayerId, Instant>::new();
        for label in labels {
            let first = evident.entry(label.taxpayer_id).or_insert(label.evident_at);
            *first = label.evident_at.min(*first);
        }
        let mut delays: Vec<i64> =
            evident.iter().filter_map(|(id, evident)| Some((counted.opened.get(id)?.0 - evident.0) / 1_000)).collect();
        delays.sort_unstable();
        let (fraudsters, found) = (count(evident.len()), count(delays.len()));
        let hits = counted.tasks.iter().filter(|task| evident.contains_key(&task.taxpayer_id) && task.names(names));
        let hits = count(hits.count());
        let rightly = evident.keys().filter(|id| {
            let own = |code: &str| labels.iter().any(|label| label.taxpayer_id == **id && label.typology == code);
            counted.names(**id, &own)
        });
        let (precision, recall) = (share(hits, hits + false_alarms), share(found, fraudsters));
        Self {
            fraudsters,
            found,
            precision,
            recall,
            f1: precision.zip(recall).map(|(p, r)| if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }),
            named_rightly: share(count(rightly.count()), found),
            median_delay_seconds: median(&delays),
            p90_delay_seconds: delays.get((delays.len() * 9).div_ceil(10).saturating_sub(1)).copied(),
        }
    }
}

/// Tasks or signals of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Alarms {
    /// About fraudsters.
    pub hits: u32,
    /// About the innocent.
    pub false_alarms: u32,
    /// About bystanders.
    pub bystanders: u32,
    /// hits ÷ (hits + false alarms).
    pub precision: Option<f64>,
}

impl Alarms {
    pub(super) fn count(&mut self, standing: Standing) {
        match standing {
            Standing::Fraudster => self.hits += 1,
            Standing::Bystander => self.bystanders += 1,
            Standing::Innocent => self.false_alarms += 1,
        }
    }
}

/// The honest who look like something.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lookalikes {
    /// How many there are.
    pub lookalikes: u32,
    /// Those with a task at [`LOOKALIKE_LEVEL`] or above.
    pub flagged: u32,
    /// The one over the other.
    pub share: Option<f64>,
}

impl Lookalikes {
    pub(super) fn by_typology(labels: &[Label], tasks: &[TaskLine]) -> BTreeMap<String, Self> {
        let flagged = flagged(tasks);
        let mut groups = BTreeMap::<String, BTreeSet<TaxpayerId>>::new();
        for label in labels.iter().filter(|label| label.role == Part::Lookalike) {
            groups.entry(label.typology.clone()).or_default().insert(label.taxpayer_id);
        }
        let measured = groups.into_iter().map(|(code, taxpayers)| {
            let (all, flagged) = (count(taxpayers.len()), count(taxpayers.intersection(&flagged).count()));
            (code, Self { lookalikes: all, flagged, share: share(flagged, all) })
        });
        measured.collect()
    }

    /// How many there are in all, and how many of them are flagged.
    pub(super) fn taxpayers(labels: &[Label], tasks: &[TaskLine]) -> (u32, u32) {
        let all: BTreeSet<TaxpayerId> =
            labels.iter().filter(|label| label.role == Part::Lookalike).map(|label| label.taxpayer_id).collect();
        (count(all.len()), count(all.intersection(&flagged(tasks)).count()))
    }
}

fn flagged(tasks: &[TaskLine]) -> BTreeSet<TaxpayerId> {
    let serious = tasks.iter().filter(|task| !task.withdrawn && task.level >= LOOKALIKE_LEVEL);
    serious.map(|task| task.taxpayer_id).collect()
}

/// Tax deducted of invoices between the fraudsters of one scheme, and what of it before anybody of the scheme was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Losses {
    /// All of it.
    pub tax_fen: i64,
    /// What was deducted before the first task about anybody of the scheme was opened.
    pub before_found_fen: i64,
    /// The one over the other.
    pub share: Option<f64>,
}

impl Losses {
    pub(super) fn of(labels: &[Label], facts: &Facts, counted: &Counted<'_>) -> Self {
        let mut schemes = BTreeMap::<&str, BTreeSet<TaxpayerId>>::new();
        for label in labels.iter().filter(|label| label.role.is_fraud()) {
            schemes.entry(&label.scheme).or_default().insert(label.taxpayer_id);
        }
        let (mut tax, mut before) = (0_i64, 0_i64);
        for taxpayers in schemes.values() {
            let found = taxpayers.iter().filter_map(|id| counted.opened.get(id)).min();
            for deducted in facts.deducted_among(taxpayers) {
                tax += deducted.tax.0;
                if found.is_none_or(|found| deducted.at < *found) {
                    before += deducted.tax.0;
                }
            }
        }
        let share = (tax > 0).then(|| thousandths(before, tax));
        Self { tax_fen: tax, before_found_fen: before, share }
    }
}

/// Sources that went missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Vanished {
    /// Sources whose status became `missing`.
    pub missing: u32,
    /// Those with a task that was opened before.
    pub found_before: u32,
    /// The one over the other.
    pub share: Option<f64>,
}

impl Vanished {
    pub(super) fn of(labels: &[Label], facts: &Facts, counted: &Counted<'_>) -> Self {
        let sources: BTreeSet<TaxpayerId> =
            labels.iter().filter(|label| label.role == Part::Source).map(|label| label.taxpayer_id).collect();
        let missing: Vec<_> = sources.iter().filter_map(|id| Some((id, facts.missing_since(*id)?))).collect();
        let before = missing.iter().filter(|(id, since)| counted.opened.get(id).is_some_and(|at| at < since)).count();
        let (missing, found_before) = (count(missing.len()), count(before));
        Self { missing, found_before, share: share(found_before, missing) }
    }
}

/// Fills in the shares.
pub(super) fn closed(mut groups: BTreeMap<String, Alarms>) -> BTreeMap<String, Alarms> {
    for alarms in groups.values_mut() {
        alarms.precision = share(alarms.hits, alarms.hits + alarms.false_alarms);
    }
    groups
}

pub(super) fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// A share of amounts, to the thousandth.
fn thousandths(part: i64, whole: i64) -> f64 {
    let share = i128::from(part) * 1_000 / i128::from(whole.max(1));
    f64::from(i32::try_from(share).unwrap_or(i32::MAX)) / 1_000.0
}

/// The middle one of a sorted list, or the mean of the middle two.
fn median(values: &[i64]) -> Option<i64> {
    let upper = *values.get(values.len() / 2)?;
    Some(if values.len() % 2 == 1 { upper } else { values[values.len() / 2 - 1].midpoint(upper) })
}

pub(super) fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
