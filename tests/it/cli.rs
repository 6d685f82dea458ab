//! The command line as people meet it: exit codes, help with examples, messages that say what, where and what to do.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{file, lines, outputs, ran, replay, replay_arguments, run, suyuan, world};

const SUBCOMMANDS: [&str; 5] = ["replay", "import", "generate", "evaluate", "completions"];
const ISSUED: &str = r#"{"type":"invoice_issued","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"12345678901234567890","invoice_kind":"special","seller_id":"A","buyer_id":"B","lines":[],"amount_fen":100,"tax_fen":13}"#;

#[test]
fn every_subcommand_shows_an_example_in_its_help() {
    let help = run(["--help"]);
    assert_eq!(help.code, Some(0));
    for name in SUBCOMMANDS {
        assert!(help.stdout.contains(&format!("\n  {name}")), "{name} is not in\n{}", help.stdout);
        let help = run([name, "--help"]);
        assert_eq!(help.code, Some(0), "{name}");
        assert!(help.stdout.contains(&format!("  suyuan {name} ")), "{name} shows no example:\n{}", help.stdout);
    }
}

#[test]
fn wrong_usage_is_2_and_names_the_argument() {
    for (arguments, what) in [
        (vec!["replay"], "<FILE>"),
        (vec!["replay", "a", "--out", "b", "--partitions", "0"], "--partitions"),
        (vec!["import", "a", "--order", "backwards"], "--order"),
        (vec!["generate", "--start", "yesterday", "--out", "a", "--labels", "b"], "--start"),
        (vec!["no-such-command"], "no-such-command"),
    ] {
        let ran = run(&arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(what), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_read_is_1_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (out, missing) = (folder.path().join("out"), folder.path().join("no-such.jsonl"));
    let input = file(folder.path(), "events.jsonl", ISSUED.as_bytes());
    let rules = file(folder.path(), "rules.toml", b"version = 1");
    let refused = |inputs: &[&std::path::Path], more: &[&str], what: &str| {
        let ran = run(replay_arguments(inputs, &out, more));
        assert_eq!(ran.code, Some(1), "{more:?}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("suyuan: ") && ran.stderr.contains(what), "{more:?}: {}", ran.stderr);
        assert!(!out.exists(), "{more:?} left a folder behind");
    };
    refused(&[&missing], &[], "no-such.jsonl");
    refused(&[&input], &["--mapping", missing.to_str().unwrap()], "no-such.jsonl");
    refused(&[&input], &["--rules", missing.to_str().unwrap()], "no-such.jsonl");
    refused(&[&input], &["--rules", rules.to_str().unwrap()], "rules.toml is not a rule set");
}

#[test]
fn a_bad_line_is_a_dead_letter_with_its_place_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let bad = ISSUED.replace("\"tax_fen\":13", "\"tax_fen\":\"much\"");
    let input = file(folder.path(), "events.jsonl", format!("{ISSUED}\n\n{bad}\nnot json\n").as_bytes());
    let out = folder.path().join("out");
    let summary = replay(&[&input], &out, &[]);
    assert_eq!((&summary["rows"], &summary["accepted"], &summary["dead_letters"]), (&3.into(), &1.into(), &2.into()));
    let letters = outputs(&out).remove("dead-letters.jsonl").unwrap();
    let letters: Vec<serde_json::Value> = letters.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (letter, (line, what)) in letters.iter().zip([(3, "tax_fen"), (4, "")]) {
        let text = letter.to_string();
        assert!(text.contains("events.jsonl") && text.contains(&format!("\"line\":{line}")), "{text}");
        assert!(letter["reason"].as_str().unwrap().contains(what), "{text}");
    }
    assert_eq!(letters.len(), 2);
}

#[test]
fn an_empty_input_is_a_run_too() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", b"");
    let summary = replay(&[&input], &folder.path().join("out"), &[]);
    assert_eq!((&summary["events"], &summary["signals"]), (&0.into(), &0.into()));
}

#[test]
fn standard_input_is_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = lines(&world(1, 100, 300));
    let (out, expected) = (folder.path().join("out"), folder.path().join("expected"));
    replay(&[&file(folder.path(), "events.jsonl", &bytes)], &expected, &[]);
    let arguments = replay_arguments(&["-".as_ref()], &out, &[]);
    let mut command = suyuan(&arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(outputs(&out), outputs(&expected));
}

#[test]
fn checking_an_import_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", format!("{ISSUED}\nnot json\n").as_bytes());
    let data = folder.path().join("data");
    let ran = run(["import".as_ref(), input.as_os_str(), "--check".as_ref(), "--data".as_ref(), data.as_os_str()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("events.jsonl:2"), "{}", ran.stdout);
    assert!(!data.exists());
}

#[test]
fn a_generated_world_is_replayed_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (events, labels, out) = (path("events.jsonl.zst"), path("labels.jsonl"), folder.path().join("out"));
    let made = run([
        "generate",
        "--taxpayers",
        "150",
        "--invoices",
        "3000",
        "--months",
        "4",
        "--fraud-bp",
        "500",
        "--out",
        &events,
        "--labels",
        &labels,
    ]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let made: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    let summary = replay(&[events.as_ref()], &out, &[]);
    assert_eq!((&summary["events"], &summary["accepted"]), (&made["events"], &made["events"]));
    let tasks = out.join("tasks.jsonl");
    let report = run(["evaluate", "--labels", &labels, "--tasks", tasks.to_str().unwrap(), "--format", "json"]);
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert!(report["found"].as_u64() > Some(0), "{report}");
}

#[test]
fn completions_and_a_quick_start() {
    let began = Instant::now();
    let bash = run(["completions", "bash"]);
    assert_eq!(bash.code, Some(0));
    assert!(bash.stdout.contains("_suyuan()") && bash.stdout.contains("--partitions"));
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?} to start", began.elapsed());
    assert_eq!(ran(&mut suyuan(["--version"])).stdout.trim(), concat!("suyuan ", env!("CARGO_PKG_VERSION")));
}
