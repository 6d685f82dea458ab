//! The report as aligned columns, for one run and for two beside each other.

use std::collections::BTreeMap;

use crate::model::Fen;
use crate::risk;
use crate::sim::evaluate::{Alarms, Group, LOOKALIKE_LEVEL, Report, Split};

/// Lines, as they grow.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }
}

/// One run's report.
pub(super) fn of(report: &Report) -> String {
    let mut lines = Lines::default();
    lines.add(&format!("tasks at level {} or above  {:>8}", report.min_level, report.tasks));
    lines.add(&format!("  hits                     {:>8}", report.hits));
    lines.add(&format!("  false alarms             {:>8}", report.false_alarms));
    lines.add(&format!("  about bystanders         {:>8}", report.bystander_tasks));
    let (flagged, all) = (report.lookalikes_flagged, report.lookalikes);
    let share = percent(report.lookalike_share);
    lines.add(&format!("look-alikes at level {LOOKALIKE_LEVEL}+    {share:>8}  ({flagged} of {all})"));
    if let Some(losses) = &report.deducted {
        let (before, all) = (Fen(losses.before_found_fen).grouped(), Fen(losses.tax_fen).grouped());
        let share = percent(losses.share);
        lines.add(&format!("deducted before found      {share:>8}  ({before} of {all} yuan of tax)"));
    }
    if let Some(sources) = &report.sources {
        let (share, before, all) = (percent(sources.share), sources.found_before, sources.missing);
        lines.add(&format!("sources found in time      {share:>8}  ({before} of {all} before they went missing)"));
    }
    header(&mut lines, "fraudsters");
    split(&mut lines, "all", &report.fraud);
    header(&mut lines, "by role");
    for (name, group) in &report.by_role {
        split(&mut lines, name, group);
    }
    header(&mut lines, "by typology of label");
    for (name, group) in &report.by_typology {
        split(&mut lines, name, group);
    }
    lines.add("  found: has a task that counts, for whatever typology; named: one that names what the label says;");
    lines.add("  precision: of the tasks that name a typology of this kind, about these or about the innocent");
    let unknown: Vec<_> = report.by_typology.keys().filter(|code| risk::typology(code).is_none()).cloned().collect();
    if !unknown.is_empty() {
        lines.add(&format!("  not looked for yet: {}", unknown.join(", ")));
    }
    lookalikes(&mut lines, report);
    alarms(&mut lines, "tasks naming", &report.by_task_typology);
    if let Some(signals) = &report.by_signal_typology {
        alarms(&mut lines, "open signals", signals);
    }
    lines.0
}

fn header(lines: &mut Lines, title: &str) {
    lines.add("");
    lines.add(&format!(
        "{title:<26}{:>8}{:>8}{:>9}{:>11}{:>9}{:>9}{:>9}{:>9}",
        "all", "found", "recall", "precision", "F1", "named", "median", "p90"
    ));
}

/// All, and the easy and the hard apart where there are both.
fn split(lines: &mut Lines, name: &str, split: &Split) {
    group(lines, name, &split.all);
    if split.easy.fraudsters > 0 && split.hard.fraudsters > 0 {
        group(lines, "  easy", &split.easy);
        group(lines, "  hard", &split.hard);
    }
}

fn group(lines: &mut Lines, name: &str, group: &Group) {
    lines.add(&format!(
        "  {name:<24}{:>8}{:>8}{:>9}{:>11}{:>9}{:>9}{:>9}{:>9}",
        group.fraudsters,
        group.found,
        percent(group.recall),
        percent(group.precision),
        percent(group.f1),
        percent(group.named_rightly),
        days(group.median_delay_seconds),
        days(group.p90_delay_seconds)
    ));
}

fn lookalikes(lines: &mut Lines, report: &Report) {
    lines.add("");
    lines.add(&format!("{:<26}{:>8}{:>8}{:>9}", "look-alikes of", "all", "flagged", "share"));
    for (code, group) in &report.lookalikes_by_typology {
        lines.add(&format!("  {code:<24}{:>8}{:>8}{:>9}", group.lookalikes, group.flagged, percent(group.share)));
    }
}

fn alarms(lines: &mut Lines, title: &str, groups: &BTreeMap<String, Alarms>) {
    lines.add("");
    lines.add(&format!("{title:<26}{:>10}{:>14}{:>12}{:>11}", "hits", "false alarms", "bystanders", "precision"));
    for (name, group) in groups {
        let precision = percent(group.precision);
        lines.add(&format!(
            "  {name:<24}{:>10}{:>14}{:>12}{precision:>11}",
            group.hits, group.false_alarms, group.bystanders
        ));
    }
}

/// Two reports on the same labels, number by number.
pub(super) fn beside(one: &Report, other: &Report, names: &[String; 2]) -> String {
    let mut lines = Lines::default();
    lines.add("");
    lines.add(&format!("{:<34}{:>12}{:>12}", "side by side", "one", "other"));
    lines.add(&format!("  one: {}", names[0]));
    lines.add(&format!("  other: {}", names[1]));
    let mut row = |name: &str, of: &dyn Fn(&Report) -> String| {
        lines.add(&format!("  {name:<32}{:>12}{:>12}", of(one), of(other)));
    };
    row("tasks", &|report| report.tasks.to_string());
    row("false alarms", &|report| report.false_alarms.to_string());
    for (name, part) in PARTS {
        row(&format!("{name}: precision"), &|report| percent(part(&report.fraud).precision));
        row(&format!("{name}: recall"), &|report| percent(part(&report.fraud).recall));
        row(&format!("{name}: F1"), &|report| percent(part(&report.fraud).f1));
        row(&format!("{name}: named rightly"), &|report| percent(part(&report.fraud).named_rightly));
        row(&format!("{name}: median delay"), &|report| days(part(&report.fraud).median_delay_seconds));
        row(&format!("{name}: p90 delay"), &|report| days(part(&report.fraud).p90_delay_seconds));
    }
    row("look-alikes flagged", &|report| percent(report.lookalike_share));
    row("deducted before found", &|report| report.deducted.as_ref().map_or("-".into(), |losses| percent(losses.share)));
    row("sources found in time", &|report| report.sources.as_ref().map_or("-".into(), |found| percent(found.share)));
    for role in one.by_role.keys() {
        row(&format!("recall of {role}"), &|report| {
            report.by_role.get(role).map_or("-".into(), |split| percent(split.all.recall))
        });
    }
    for code in one.by_typology.keys() {
        row(&format!("recall of {code}"), &|report| {
            report.by_typology.get(code).map_or("-".into(), |split| percent(split.all.recall))
        });
    }
    lines.0
}

/// The parts of a split that are compared.
const PARTS: [(&str, Part); 3] =
    [("all", |split| &split.all), ("easy", |split| &split.easy), ("hard", |split| &split.hard)];
/// One of them.
type Part = fn(&Split) -> &Group;

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), |share| format!("{:.1} %", share * 100.0))
}

/// In days with one decimal.
fn days(seconds: Option<i64>) -> String {
    seconds.map_or_else(
        || "-".into(),
        |seconds| {
            let tenths = seconds.abs() / 8_640;
            format!("{}{}.{} d", if seconds < 0 { "-" } else { "" }, tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::evaluate::evaluate;

    #[test]
    fn a_table_shows_shares_and_days() {
        let report = evaluate(&[], &[], None, None, 3);
        assert!(of(&report).contains("look-alikes at level 3+           -  (0 of 0)\n"), "{}", of(&report));
        assert_eq!((days(Some(216_000)), days(Some(-86_400))), ("2.5 d".into(), "-1.0 d".into()));
        assert_eq!(percent(Some(0.6)), "60.0 %");
    }

    #[test]
    fn two_runs_stand_beside_each_other() {
        let report = evaluate(&[], &[], None, None, 3);
        let text = beside(&report, &report, &["a".into(), "b".into()]);
        assert!(text.contains("  tasks                                      0           0\n"), "{text}");
        assert!(text.contains("hard: p90 delay"), "{text}");
    }
}
