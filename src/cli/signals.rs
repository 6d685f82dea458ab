//! `suyuan signals`: what was found.

use clap::Args as ClapArgs;

use super::filter::LevelListArgs;
use super::show::{
    Cell, Color, TEXT_COLUMNS, Table, clean, color_wanted, fit, measure, minute, money, put, unit_shown, who, wrap,
};
use crate::codec::json;
use crate::model::{Signal, SignalStatus};
use crate::query::{self, Folder, words};
use crate::risk::{self, Bound};

/// List findings, the highest score first.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan signals                                       the 50 heaviest findings that stand
  suyuan signals --typology false_deduction --since 2026-03-01
  suyuan signals --taxpayer 91310000MA1FL0LX06 --status all
  suyuan signals 0123456789abcdef01234567              one finding with its numbers
  suyuan signals --status all --format jsonl > signals.jsonl")]
pub(crate) struct Args {
    /// Which, where and how.
    #[command(flatten)]
    pub(crate) list: LevelListArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    args.list.print("signal", query::signals, json::write_signal, table, page)
}

fn table(folder: &Folder, signals: &[Signal]) -> anyhow::Result<String> {
    let mut table =
        Table::new(&["raised", "taxpayer", "name", "typology", ">score", ">at stake", "about", "status", "signal"]);
    for signal in signals {
        let name = folder.name(signal.taxpayer_id)?.map(|name| fit(&name, 20)).unwrap_or_default();
        table.row(vec![
            minute(signal.raised_at).into(),
            signal.taxpayer_id.as_str().into(),
            name.into(),
            Cell { text: signal.typology.to_string(), color: color(signal) },
            signal.score.to_string().into(),
            money(signal.stake).into(),
            words::about(&signal.about).into(),
            status(signal).into(),
            signal.signal_id.as_str().into(),
        ]);
    }
    Ok(if table.is_empty() { String::new() } else { table.write("", color_wanted()) })
}

fn color(signal: &Signal) -> Option<Color> {
    (signal.status == SignalStatus::Open).then_some(if signal.score >= GRAVE_SCORE {
        Color::Red
    } else {
        Color::Yellow
    })
}

/// Findings of this score and above are shown in red.
const GRAVE_SCORE: u16 = 700;

fn status(signal: &Signal) -> &'static str {
    // What stands needs no word in a list of what stands.
    if signal.status == SignalStatus::Open { "" } else { words::signal_status(signal.status) }
}

/// All there is to say about one finding.
fn page(folder: &Folder, signal: &Signal) -> anyhow::Result<String> {
    let typology = risk::typology(&signal.typology).map(|typology| typology.name_zh).unwrap_or_default();
    let name = folder.name(signal.taxpayer_id)?.map(|name| clean(&name)).unwrap_or_default();
    let about = folder.with_names(&words::about(&signal.about), signal)?;
    let mut text = format!(
        "signal {}\n  {} {typology}: {} {name}\n  about {about}, score {}, {} yuan at stake\n  raised {}, {}{}, version {}\n\n",
        signal.signal_id,
        signal.typology,
        signal.taxpayer_id,
        signal.score,
        money(signal.stake),
        minute(signal.raised_at),
        words::signal_status(signal.status),
        withdrawn(signal),
        signal.version,
    );
    text += &sentences(folder, signal, "  ")?;
    let mut numbers = Table::new(&["indicator", ">seen", ">limit", "unit", "window"]);
    for evidence in &signal.evidence {
        numbers.row(vec![
            (&*evidence.indicator).into(),
            measure(evidence.observed, &evidence.unit).into(),
            limit(&evidence.indicator, measure(evidence.threshold, &evidence.unit)).into(),
            unit_shown(&evidence.unit).into(),
            (&*evidence.window).into(),
        ]);
    }
    if !numbers.is_empty() {
        put(&mut text, format_args!("\n{}", numbers.write("  ", color_wanted())));
    }
    for (at, other) in signal.counterparties.iter().enumerate() {
        let heading = if at == 0 { "\n  look also at  " } else { "                " };
        put(&mut text, format_args!("{heading}{}\n", who(*other, folder.name(*other)?.as_deref())));
    }
    text.push('\n');
    if let Some(case_id) = signal.case_id {
        put(
            &mut text,
            format_args!("  part of case {case_id}: suyuan cases {case_id} --data {}\n", folder.dir().display()),
        );
    }
    Ok(text + &format!("  what it means: suyuan explain {}\n", signal.typology))
}

/// When a finding was withdrawn, and by what; nothing of one that stands.
fn withdrawn(signal: &Signal) -> String {
    let why = signal.withdrawn_reason.as_ref().map(|why| format!(" by {why}")).unwrap_or_default();
    signal.withdrawn_at.map(|at| format!(" {}{why}", minute(at))).unwrap_or_default()
}

/// A limit with what it asks for: at least so much, or at most.
fn limit(indicator: &str, threshold: String) -> String {
    match risk::bound(indicator) {
        Some(Bound::AtLeast) => format!("≥ {threshold}"),
        Some(Bound::Above) => format!("> {threshold}"),
        Some(Bound::AtMost) => format!("≤ {threshold}"),
        Some(Bound::Other) => format!("≠ {threshold}"),
        None => threshold,
    }
}

/// The finding's sentence, in Chinese and in English.
pub(crate) fn sentences(folder: &Folder, signal: &Signal, indent: &str) -> anyhow::Result<String> {
    let [zh, en] = folder.sentences(signal)?;
    Ok(format!("{indent}{}\n{}", clean(&zh), wrap(&clean(&en), indent, TEXT_COLUMNS)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_number_that_a_check_gives_has_a_side_of_its_limit() {
        let mut given = 0;
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/risk")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue; // rules say their sides themselves, and indicators give no evidence
            }
            let source = std::fs::read_to_string(path).unwrap();
            for (at, call) in source.match_indices(".number(") {
                let argument = source[at + call.len()..].trim_start();
                if let Some(name) = argument.strip_prefix('"').and_then(|text| text.split('"').next()) {
                    assert!(risk::bound(name).is_some(), "{name}");
                    given += 1;
                }
            }
        }
        assert!(given >= 20);
        assert_eq!((limit("buyers", "12".into()), limit("unheard_of", "1".into())), ("≤ 12".into(), "1".into()));
    }
}
