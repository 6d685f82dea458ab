//! What a person waits for: a question asked of a folder on the command line, process start and all; and how soon a folder
//! that was left by a kill folds its first new event.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::SUYUAN;
use crate::table::percentile;

/// Questions of a kind.
const ASKED: usize = 200;

/// Seconds of processor and disk that a question takes: half of all take no longer, and 99 of 100.
pub(crate) struct Waits {
    pub(crate) half: f64,
    pub(crate) nearly_all: f64,
}

/// Asks about each of some subjects.
pub(crate) fn ask(folder: &Path, question: &[&str], subjects: &[String]) -> Waits {
    let waits: Vec<f64> = subjects.iter().cycle().take(ASKED).map(|subject| asked(folder, question, subject)).collect();
    Waits { half: percentile(waits.clone(), 50), nearly_all: percentile(waits, 99) }
}

fn asked(folder: &Path, question: &[&str], subject: &str) -> f64 {
    let mut command = Command::new(SUYUAN);
    command.args(question).arg(subject).arg("--data").arg(folder);
    let begun = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let waited = begun.elapsed().as_secs_f64();
    assert!(output.status.success(), "{question:?} {subject} failed");
    assert!(!output.stdout.is_empty(), "{question:?} {subject} says nothing");
    waited
}

/// How long a subcommand takes that has nothing to do.
pub(crate) fn start_up(subcommand: &str) -> f64 {
    let waits = (0..20).map(|_| {
        let begun = Instant::now();
        let status = Command::new(SUYUAN).args([subcommand, "--help"]).stdout(Stdio::null()).status().unwrap();
        assert!(status.success());
        begun.elapsed().as_secs_f64()
    });
    percentile(waits.collect(), 50)
}

/// Kills an import of `input` into `folder` after some time, then imports one more event, which moves no clock: how long that
/// takes, from the start of the process to its end.
pub(crate) fn reopen_after_kill(folder: &Path, input: &Path, killed_after: Duration) -> f64 {
    let mut import = Command::new(SUYUAN);
    import.arg("import").arg(input).arg("--data").arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = import.spawn().unwrap();
    sleep(killed_after);
    assert!(child.try_wait().unwrap().is_none(), "the import ended before it could be killed");
    child.kill().unwrap();
    child.wait().unwrap();
    let event = concat!(
        r#"{"type":"invoice_issued","occurred_at":"2025-01-02T00:00:00+08:00","invoice_no":"99999999999999999999","#,
        r#""invoice_kind":"special","seller_id":"REOPENED","lines":[],"amount_fen":100,"tax_fen":13}"#
    );
    let mut reopen = Command::new(SUYUAN);
    reopen.args(["import", "-", "--data"]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::null());
    let begun = Instant::now();
    let mut child = reopen.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{event}").unwrap();
    assert!(child.wait().unwrap().success(), "the folder could not be gone on with");
    begun.elapsed().as_secs_f64()
}
