//! What went out, as lines that a test can hold on to.

use std::fmt::Write as _;

use super::world::Said;
use crate::model::{About, Output, Signal, SignalStatus, TaskStatus};

/// One line for each thing said; versions of a case that nobody waits for are left out.
pub(super) fn write(said: &[Said]) -> String {
    let mut lines = String::new();
    for Said { root, output } in said {
        let line = match output {
            Output::Signal(signal) => finding(signal),
            Output::Task(task) if task.status == TaskStatus::Withdrawn => {
                format!("task {} withdrawn", task.taxpayer_id)
            }
            Output::Task(task) => {
                format!(
                    "task {} level {} score {}: {}",
                    task.taxpayer_id,
                    task.level,
                    task.score,
                    task.typologies.join(" ")
                )
            }
            Output::Case(case) => {
                let nodes: Vec<_> = case
                    .nodes
                    .iter()
                    .map(|node| format!("{} {:?} {} {}", node.taxpayer_id, node.role, node.hop, node.tax))
                    .collect();
                let standing = if case.standing { "" } else { " (lifted)" };
                format!("case of {}{standing}: {}", case.origin, nodes.join(", "))
            }
            Output::DeadLetter(letter) => format!("dead {}: {}", letter.code, letter.reason),
            Output::Doubt(doubt) => format!("doubt {} {}: {}", doubt.code, doubt.taxpayer_id, doubt.reason),
        };
        writeln!(lines, "#{} {line}", root.0).expect("a String takes any write");
    }
    lines
}

fn finding(signal: &Signal) -> String {
    let about = match signal.about {
        About::Invoice { seller_id, invoice_no } if seller_id.is_empty() => invoice_no.to_string(),
        About::Invoice { seller_id, invoice_no } => format!("{invoice_no} of {seller_id}"),
        About::Period(period) => period.to_string(),
        About::Origin(origin) => format!("origin {origin}"),
        About::Party(party) => format!("party {}", &party.as_str()[..8]),
    };
    let verb = match (signal.status, signal.version) {
        (SignalStatus::Withdrawn, _) => {
            return format!("withdrawn {} {}: {about}", signal.typology, signal.taxpayer_id);
        }
        (SignalStatus::Open, 1) => "found",
        (SignalStatus::Open, _) => "now",
    };
    format!(
        "{verb} {} {}: {about}, {} at stake, score {}",
        signal.typology, signal.taxpayer_id, signal.stake, signal.score
    )
}
