//! How much of the truth a run of tasks found: precision and recall over taxpayers and tasks, by role and by typology,
//! and how long it took. Reads two files of lines; judges nothing itself.
//!
//! A task about a fraudster is a hit, one about a bystander is neither, one about anybody else is a false alarm;
//! withdrawn tasks and those below the level do not count.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::label::{Fields, Label, Part};
use crate::model::{Instant, TaxpayerId};

/// The level from which on a look-alike counts as flagged.
pub const LOOKALIKE_LEVEL: i64 = 3;

/// What of a line of `tasks.jsonl` is needed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// 1 to 5.
    pub level: i64,
    /// What was found.
    pub typologies: Vec<String>,
    /// Whether it still stands.
    pub withdrawn: bool,
    /// Event time of its first finding.
    pub opened_at: Instant,
}

impl TaskLine {
    /// Reads one line. What is wrong names the field.
    pub fn parse(line: &str) -> Result<Self, String> {
        let fields = Fields::parse(line)?;
        let level = fields.integer("level")?;
        if !(1..=5).contains(&level) {
            return Err(format!("field `level`: {level} is not from 1 to 5"));
        }
        Ok(Self {
            taxpayer_id: fields.id("taxpayer_id")?,
            level,
            typologies: fields.texts("typologies")?.into_iter().map(Into::into).collect(),
            withdrawn: fields.text("status")? == "withdrawn",
            opened_at: fields.instant("opened_at")?,
        })
    }
}

/// What of a line of `signals.jsonl` is needed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalLine {
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// What was found.
    pub typology: String,
    /// Whether it still stands.
    pub withdrawn: bool,
}

impl SignalLine {
    /// Reads one line. What is wrong names the field.
    pub fn parse(line: &str) -> Result<Self, String> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            taxpayer_id: fields.id("taxpayer_id")?,
            typology: fields.text("typology")?.into(),
            withdrawn: fields.text("status")? == "withdrawn",
        })
    }
}

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
    /// Taxpayers with a label of fraud.
    pub fraudsters: u32,
    /// Those of them with a task.
    pub found: u32,
    /// hits ÷ (hits + false alarms).
    pub precision: Option<f64>,
    /// found ÷ fraudsters.
    pub recall: Option<f64>,
    /// The harmonic mean of the two.
    pub f1: Option<f64>,
    /// From `evident_at` to `opened_at`, over the fraudsters found; negative where found before evident.
    pub median_delay_seconds: Option<i64>,
    /// Fraudsters by the part they play.
    pub by_role: BTreeMap<&'static str, Group>,
    /// Fraudsters by the typology of their label.
    pub by_typology: BTreeMap<String, Group>,
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
}

/// Fraudsters of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    /// How many there are.
    pub fraudsters: u32,
    /// Those with a task.
    pub found: u32,
    /// The one over the other.
    pub recall: Option<f64>,
    /// From evident to opened, over those found.
    pub median_delay_seconds: Option<i64>,
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

/// What a taxpayer is, all its labels together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Fraudster,
    Bystander,
    Innocent,
}

/// Measures tasks against labels.
pub fn evaluate(labels: &[Label], tasks: &[TaskLine], signals: Option<&[SignalLine]>, min_level: i64) -> Report {
    let standings = standings(labels);
    let standing = |id| standings.get(&id).copied().unwrap_or(Standing::Innocent);
    let counted: Vec<&TaskLine> = tasks.iter().filter(|task| !task.withdrawn && task.level >= min_level).collect();

    let mut all = Alarms::default();
    let mut by_task_typology = BTreeMap::<String, Alarms>::new();
    let mut opened = BTreeMap::<TaxpayerId, Instant>::new();
    for task in &counted {
        let standing = standing(task.taxpayer_id);
        all.count(standing);
        for typology in task.typologies.iter().collect::<BTreeSet<_>>() {
            by_task_typology.entry(typology.clone()).or_default().count(standing);
        }
        let first = opened.entry(task.taxpayer_id).or_insert(task.opened_at);
        *first = task.opened_at.min(*first);
    }
    let by_signal_typology = signals.map(|signals| {
        let mut groups = BTreeMap::<String, Alarms>::new();
        for signal in signals.iter().filter(|signal| !signal.withdrawn) {
            groups.entry(signal.typology.clone()).or_default().count(standing(signal.taxpayer_id));
        }
        closed(groups)
    });

    let fraud = || labels.iter().filter(|label| label.role.is_fraud());
    let everybody = Group::of(fraud(), &opened);
    let groups = |keys: BTreeSet<&'static str>| -> BTreeMap<&'static str, Group> {
        let of = |name| Group::of(fraud().filter(|label| label.role.name() == name), &opened);
        keys.into_iter().map(|name| (name, of(name))).collect()
    };
    let by_role = groups(fraud().map(|label| label.role.name()).collect());
    let typologies: BTreeSet<&String> = fraud().map(|label| &label.typology).collect();
    let by_typology = typologies
        .into_iter()
        .map(|code| (code.clone(), Group::of(fraud().filter(|label| &label.typology == code), &opened)))
        .collect();

    let lookalikes: BTreeSet<TaxpayerId> =
        labels.iter().filter(|label| label.role == Part::Lookalike).map(|label| label.taxpayer_id).collect();
    let serious = tasks.iter().filter(|task| !task.withdrawn && task.level >= LOOKALIKE_LEVEL);
    let flagged: BTreeSet<TaxpayerId> =
        serious.map(|task| task.taxpayer_id).filter(|id| lookalikes.contains(id)).collect();

    let precision = share(all.hits, all.hits + all.false_alarms);
    let recall = everybody.recall;
    Report {
        min_level,
        tasks: count(counted.len()),
        hits: all.hits,
        false_alarms: all.false_alarms,
        bystander_tasks: all.bystanders,
        fraudsters: everybody.fraudsters,
        found: everybody.found,
        precision,
        recall,
        f1: precision.zip(recall).map(|(p, r)| if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }),
        median_delay_seconds: everybody.median_delay_seconds,
        by_role,
        by_typology,
        by_task_typology: closed(by_task_typology),
        by_signal_typology,
        lookalikes: count(lookalikes.len()),
        lookalikes_flagged: count(flagged.len()),
        lookalike_share: share(count(flagged.len()), count(lookalikes.len())),
    }
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

impl Group {
    /// Counts each taxpayer once, from its earliest `evident_at` among these labels.
    fn of<'a>(labels: impl Iterator<Item = &'a Label>, opened: &BTreeMap<TaxpayerId, Instant>) -> Self {
        let mut evident = BTreeMap::<TaxpayerId, Instant>::new();
        for label in labels {
            let first = evident.entry(label.taxpayer_id).or_insert(label.evident_at);
            *first = label.evident_at.min(*first);
        }
        let delays: Vec<i64> =
            evident.iter().filter_map(|(id, evident)| Some((opened.get(id)?.0 - evident.0) / 1_000)).collect();
        let (fraudsters, found) = (count(evident.len()), count(delays.len()));
        Self { fraudsters, found, recall: share(found, fraudsters), median_delay_seconds: median(delays) }
    }
}

impl Alarms {
    fn count(&mut self, standing: Standing) {
        match standing {
            Standing::Fraudster => self.hits += 1,
            Standing::Bystander => self.bystanders += 1,
            Standing::Innocent => self.false_alarms += 1,
        }
    }
}

/// Fills in the shares.
fn closed(mut groups: BTreeMap<String, Alarms>) -> BTreeMap<String, Alarms> {
    for alarms in groups.values_mut() {
        alarms.precision = share(alarms.hits, alarms.hits + alarms.false_alarms);
    }
    groups
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// The middle one, or the mean of the middle two.
fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let upper = *values.get(values.len() / 2)?;
    Some(if values.len() % 2 == 1 { upper } else { values[values.len() / 2 - 1].midpoint(upper) })
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day `day` of March 2025.
    fn at(day: i64) -> Instant {
        Instant::parse("2025-03-01T00:00:00+08:00").unwrap().plus_days(day - 1)
    }

    fn label(id: &str, role: Part, typology: &str, evident: i64) -> Label {
        let taxpayer_id = TaxpayerId::parse(id).unwrap();
        let scheme = if role == Part::Lookalike { "honest" } else { "chain-1" }.into();
        Label { scheme, typology: typology.into(), taxpayer_id, role, first_at: at(1), evident_at: at(evident) }
    }

    fn task(id: &str, level: i64, typology: &str, opened: i64) -> TaskLine {
        let taxpayer_id = TaxpayerId::parse(id).unwrap();
        TaskLine { taxpayer_id, level, typologies: vec![typology.into()], withdrawn: false, opened_at: at(opened) }
    }

    /// Four fraudsters S, W, B, D; a bystander Y; look-alikes L and M. X and Z are nobody in particular.
    fn world() -> (Vec<Label>, Vec<TaskLine>) {
        let labels = vec![
            label("S", Part::Source, "source_burst", 3),
            label("W", Part::Washer, "pass_through", 5),
            label("B", Part::Beneficiary, "false_deduction", 6),
            label("D", Part::Solo, "double_deduction", 9),
            label("Y", Part::Bystander, "false_deduction", 6),
            label("L", Part::Lookalike, "source_burst", 1),
            label("M", Part::Lookalike, "circular", 1),
        ];
        let withdrawn = TaskLine { withdrawn: true, ..task("Z", 5, "circular", 8) };
        let tasks = vec![
            task("S", 5, "source_burst", 4),
            task("S", 3, "cap_issuing", 20),
            task("W", 3, "pass_through", 9),
            task("B", 2, "false_deduction", 7),
            task("Y", 4, "false_deduction", 7),
            task("L", 3, "source_burst", 2),
            task("X", 4, "circular", 8),
            withdrawn,
        ];
        (labels, tasks)
    }

    #[test]
    fn the_numbers_are_those_computed_by_hand() {
        let (labels, tasks) = world();
        let report = evaluate(&labels, &tasks, None, 3);
        // Counted: S, S, W, Y, L, X. Hits S, S, W; false alarms L, X; found S and W of four.
        assert_eq!((report.tasks, report.hits, report.false_alarms, report.bystander_tasks), (6, 3, 2, 1));
        assert_eq!((report.fraudsters, report.found), (4, 2));
        assert_eq!((report.precision, report.recall), (Some(0.6), Some(0.5)));
        assert!((report.f1.unwrap() - 0.6 / 1.1).abs() < 1e-12);
        // S one day late, W four: the mean of the two is two and a half.
        assert_eq!(report.median_delay_seconds, Some(5 * 43_200));
        assert_eq!((report.lookalikes, report.lookalikes_flagged, report.lookalike_share), (2, 1, Some(0.5)));
        assert_eq!(report.by_role["source"].median_delay_seconds, Some(86_400));
        assert_eq!((report.by_role["beneficiary"].found, report.by_role["beneficiary"].recall), (0, Some(0.0)));
        assert_eq!(report.by_typology["pass_through"].recall, Some(1.0));
        let bursts = &report.by_task_typology["source_burst"];
        assert_eq!((bursts.hits, bursts.false_alarms, bursts.precision), (1, 1, Some(0.5)));
    }

    #[test]
    fn a_lower_level_lets_more_tasks_count_but_flags_no_more_lookalikes() {
        let (labels, mut tasks) = world();
        tasks.push(task("M", 1, "circular", 3));
        let report = evaluate(&labels, &tasks, None, 1);
        assert_eq!((report.hits, report.false_alarms, report.found, report.lookalikes_flagged), (4, 3, 3, 1));
    }

    #[test]
    fn nothing_found_is_no_division_by_nothing() {
        let (labels, _) = world();
        let report = evaluate(&labels, &[], None, 3);
        assert_eq!(
            (report.precision, report.recall, report.f1, report.median_delay_seconds),
            (None, Some(0.0), None, None)
        );
        assert_eq!(evaluate(&[], &[], None, 3).recall, None);
    }

    #[test]
    fn a_second_part_in_fraud_outweighs_honesty_in_any_order() {
        let (mut labels, tasks) = world();
        labels.insert(0, label("X", Part::Associate, "circular", 8));
        labels.push(label("X", Part::Bystander, "circular", 8));
        assert_eq!(evaluate(&labels, &tasks, None, 3).hits, 4);
    }

    #[test]
    fn signals_are_counted_by_typology_while_they_stand() {
        let (labels, tasks) = world();
        let line = r#"{"taxpayer_id":"S","typology":"source_burst","status":"open"}"#;
        let signals =
            [SignalLine::parse(line).unwrap(), SignalLine::parse(&line.replace("open", "withdrawn")).unwrap()];
        let report = evaluate(&labels, &tasks, Some(&signals), 3);
        assert_eq!(report.by_signal_typology.unwrap()["source_burst"].hits, 1);
    }

    #[test]
    fn a_wrong_task_names_its_field() {
        let good = r#"{"task_id":"1","taxpayer_id":"S","level":4,"typologies":["circular"],"status":"open","opened_at":"2025-03-04T00:00:00+08:00"}"#;
        assert_eq!(TaskLine::parse(good).unwrap(), task("S", 4, "circular", 4));
        let of = |from, to| TaskLine::parse(&good.replace(from, to)).unwrap_err();
        assert_eq!(of("4,", "6,"), "field `level`: 6 is not from 1 to 5");
        assert_eq!(of("\"status\"", "\"state\""), "field `status` is missing");
        assert_eq!(of("[\"circular\"]", "7"), "field `typologies`: 7 is not a list of strings");
    }
}
