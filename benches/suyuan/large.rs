//! A million taxpayers: what an event costs beside the small world, how much memory it takes, how soon a folder that was
//! left by a kill goes on, and how long a person waits for an answer.

use std::io::BufRead as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::latency::{ask, reopen_after_kill};
use crate::run::replay;
use crate::table::{heading, line, or_dash};
use crate::{EVENTS_PER_TAXPAYER, make_world};

/// So many times the events of the small world, and of its taxpayers.
const TIMES_EVENTS: u64 = 10;
const TIMES_TAXPAYERS: u64 = 50;
/// Subjects that are asked about.
const SUBJECTS: usize = 100;

/// Measures, prints and returns the figures.
pub(crate) fn bench(folder: &Path, events: u64) -> Value {
    let taxpayers = events / EVENTS_PER_TAXPAYER;
    let input = make_world(folder, taxpayers, events);
    let (small, _) = replay(folder, &input, 2, false);
    std::fs::remove_file(&input).unwrap();
    let input = make_world(folder, taxpayers * TIMES_TAXPAYERS, events * TIMES_EVENTS);
    let (large, out) = replay(folder, &input, 2, true);
    heading("a million taxpayers, two threads");
    line("events", &format!("{:.0}", large.number("events")), "");
    line("taxpayers", &format!("{:.0}", large.number("taxpayers")), "");
    line("events per second", &format!("{:.0}", large.speed()), "");
    let cpu = large.cpu_per_event();
    let ratio = cpu.zip(small.cpu_per_event()).map(|(large, small)| large / small);
    line("processor time, microseconds an event", &or_dash(cpu, 2), "");
    line("  against the small world", &or_dash(ratio, 2), "at most 1.5; 1.2 is the goal");
    line("peak memory, MiB", &format!("{:.0}", large.peak_mib()), "1 GiB of cache and a fixed part");
    line("  of the small world", &format!("{:.0}", small.peak_mib()), "");
    line("journal, bytes an event", &format!("{:.0}", large.per_event(large.journal_bytes)), "");
    line("state, bytes an event", &format!("{:.0}", large.per_event(large.state_bytes)), "");
    line("write amplification", &or_dash(large.write_amplification(), 2), "");
    let answers = answers(&out, &input);
    let seconds = large.number("seconds");
    std::fs::remove_dir_all(&out).unwrap();
    let killed = folder.join("killed");
    let reopened = reopen_after_kill(&killed, &input, Duration::from_secs_f64(0.6 * seconds));
    line("after a kill, seconds to the first event committed", &format!("{reopened:.2}"), "at most 3");
    json!({
        "small": small.as_json(), "large": large.as_json(), "of_small": ratio,
        "answers": answers, "reopen_seconds": reopened,
    })
}

fn answers(out: &Path, input: &Path) -> Value {
    heading("answers on the large world, milliseconds: half of all, 99 of 100");
    let (invoices, firms) = subjects(input);
    let questions: [(&[&str], &[String], &str); 4] = [
        (&["invoice"], &invoices, "at most 30"),
        (&["taxpayer"], &firms, "at most 30"),
        (&["trace", "up", "--depth", "6"], &firms, "at most 100"),
        (&["trace", "down", "--depth", "6"], &firms, "at most 100"),
    ];
    let figures = questions.map(|(question, subjects, asked)| {
        let waits = ask(out, question, subjects);
        let (half, nearly_all) = (1e3 * waits.half, 1e3 * waits.nearly_all);
        line(&question.join(" "), &format!("{half:.1} {nearly_all:.1}"), asked);
        (question.join(" "), json!([half, nearly_all]))
    });
    Value::Object(figures.into_iter().collect())
}

/// Invoices and their sellers from all over the file.
fn subjects(input: &Path) -> (Vec<String>, Vec<String>) {
    let lines = std::io::BufReader::new(zstd::Decoder::new(std::fs::File::open(input).unwrap()).unwrap()).lines();
    let issued = lines.map(Result::unwrap).filter(|line| line.contains("\"invoice_issued\""));
    let mut subjects = (Vec::new(), Vec::new());
    for line in issued.step_by(20_011).take(SUBJECTS) {
        let event: Value = serde_json::from_str(&line).unwrap();
        subjects.0.push(event["invoice_no"].as_str().unwrap().to_owned());
        subjects.1.push(event["seller_id"].as_str().unwrap().to_owned());
    }
    subjects
}
