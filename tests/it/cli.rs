//! The command line as people meet it: exit codes, help with examples, messages that say what, where and what to do.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    Ran, begun, file, import_arguments, lines, outputs, ran, replay, replay_arguments, run, suyuan, world,
};

const SUBCOMMANDS: [&str; 15] = [
    "demo",
    "replay",
    "import",
    "invoice",
    "taxpayer",
    "trace",
    "signals",
    "cases",
    "tasks",
    "dead-letters",
    "doubts",
    "explain",
    "generate",
    "evaluate",
    "completions",
];
const ISSUED: &str = r#"{"type":"invoice_issued","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"12345678901234567890","invoice_kind":"special","seller_id":"A","buyer_id":"B","lines":[],"amount_fen":100,"tax_fen":13}"#;

#[test]
fn every_subcommand_shows_an_example_in_its_help() {
    let help = run(["--help"]);
    assert_eq!(help.code, Some(0));
    for name in SUBCOMMANDS {
        assert!(help.stdout.contains(&format!("\n  {name}")), "{name} is not in\n{}", help.stdout);
        let help = run([name, "--help"]);
        assert_eq!(help.code, Some(0), "{name}");
        let (_, examples) = help.stdout.split_once("\nExample").unwrap_or_else(|| panic!("{name} shows no example"));
        assert!(examples.contains(&format!("  suyuan {name} ")), "{name} shows no example:\n{examples}");
        // None is so long that it is wrapped.
        let is_command = |line: &str| line.starts_with("  suyuan ") || line.contains("| suyuan ");
        assert!(examples.lines().skip(1).all(is_command), "{name}:\n{examples}");
    }
}

#[test]
fn wrong_usage_is_2_and_names_the_argument() {
    for (arguments, what) in [
        (vec!["replay"], "<FILE>"),
        (vec!["replay", "a", "--out", "b", "--partitions", "0"], "--partitions"),
        (vec!["import", "a", "--order", "backwards"], "--order"),
        (vec!["replay", "a", "--out", "b", "--threads", "100000"], "1..=256"),
        (vec!["import", "a", "--threads", "0"], "1..=256"),
        (vec!["generate", "--start", "yesterday", "--out", "a", "--labels", "b"], "--start"),
        (vec!["generate", "--prevalence", "21", "--out", "a", "--labels", "b"], "--prevalence"),
        (vec!["generate", "--months", "0", "--out", "a", "--labels", "b"], "--months"),
        (
            vec!["generate", "--taxpayers", "50", "--invoices", "1000001", "--out", "a", "--labels", "b"],
            "at most 20000",
        ),
        (vec!["generate", "--start", "1900-01-01", "--out", "a", "--labels", "b"], "from 1995"),
        (vec!["demo", "--taxpayers", "49"], "50..=99999999"),
        (vec!["cases", "--format", "dot"], "name it"),
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
fn an_input_without_one_event_is_1_and_leaves_its_dead_letters() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "sales.jsonl", b"number,tax\n1,2\n");
    let (out, data) = (folder.path().join("out"), folder.path().join("data"));
    let told = |ran: Ran| {
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("no row of this input is an event"), "{}", ran.stderr);
        ran.stdout
    };
    let summary = told(run(replay_arguments(&[&input], &out, &[])));
    assert!(summary.contains("\"dead_letters\":2"), "{summary}");
    assert_eq!(outputs(&out)["dead-letters.jsonl"].lines().count(), 2);
    assert!(told(run(import_arguments(&input, &data, &[]))).contains("\"dead_letters\":2"));
    assert!(told(run(import_arguments(&input, &data, &["--check"]))).contains("sales.jsonl:1"));
}

#[test]
fn a_conflict_is_shown_with_what_was_sent_and_where_the_first_stands() {
    let folder = tempfile::tempdir().unwrap();
    let other = ISSUED.replace("\"amount_fen\":100", "\"amount_fen\":200");
    let rules = r#"{"type":"rules_published","occurred_at":"2026-03-02T10:00:00+08:00","version":"v2","rules":"no"}"#;
    let input = file(folder.path(), "events.jsonl", format!("{ISSUED}\n{other}\n{ISSUED}\n{rules}\n").as_bytes());
    let out = folder.path().join("out");
    let summary = replay(&[&input], &out, &[]);
    let counts = ["rows", "accepted", "duplicates", "conflicting", "dead_letters"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [4, 1, 1, 1, 1].map(Some), "{summary}");
    let data = ["--data".as_ref(), out.as_os_str()];
    let listed = run(["dead-letters".as_ref(), "--format".as_ref(), "jsonl".as_ref()].into_iter().chain(data));
    assert_eq!(listed.stdout, outputs(&out)["dead-letters.jsonl"]);
    let letters: Vec<serde_json::Value> =
        listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&letters[0]["source"]["line"], &letters[0]["first_source"]["line"]), (&2.into(), &1.into()));
    assert!(letters[0]["reason"].as_str().unwrap().ends_with("; they differ in amount_fen"), "{}", letters[0]);
    let sent: serde_json::Value = serde_json::from_str(letters[0]["bytes"].as_str().unwrap()).unwrap();
    assert_eq!(sent, serde_json::from_str::<serde_json::Value>(&other).unwrap());
    assert!(letters[1]["bytes"].as_str().unwrap().contains("rules_published"), "{}", letters[1]);
    let table = run(["dead-letters".as_ref()].into_iter().chain(data)).stdout;
    assert!(table.contains("events.jsonl:2  ") && table.contains("events.jsonl:1  "), "{table}");
    assert!(table.contains("; they differ in amount_fen"), "it is not cut where it is no terminal: {table}");
}

#[test]
fn the_input_that_came_last_changes_nothing_when_it_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let other = ISSUED.replace("\"amount_fen\":100", "\"amount_fen\":200");
    let input = file(folder.path(), "events.jsonl", format!("{ISSUED}\n{other}\nno event\n").as_bytes());
    let data = folder.path().join("data");
    let counts = |ran: Ran| {
        let summary: serde_json::Value = serde_json::from_str(ran.stdout.trim_end()).unwrap();
        let counts =
            ["rows", "accepted", "duplicates", "conflicting", "dead_letters"].map(|name| summary[name].as_u64());
        (counts.map(Option::unwrap), summary["digest"].as_str().unwrap().to_owned())
    };
    let (first, digest) = counts(run(import_arguments(&input, &data, &[])));
    assert_eq!(first, [3, 1, 0, 1, 1]);
    let again = run(import_arguments(&input, &data, &[]));
    assert!(again.stderr.contains("nothing of it is taken again"), "{}", again.stderr);
    assert_eq!(counts(again), ([3, 0, 1, 1, 1], digest.clone()));
    // After another one it is one like any other: what contradicts is refused once more.
    let next = file(folder.path(), "next.jsonl", ISSUED.replace("67890\"", "67891\"").as_bytes());
    counts(run(import_arguments(&next, &data, &[])));
    let (later, then) = counts(run(import_arguments(&input, &data, &[])));
    assert_eq!(later, [3, 0, 1, 1, 1]);
    assert_ne!(then, digest);
}

#[test]
fn doubts_are_counted_listed_and_named_alike_by_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        [ISSUED, &ISSUED.replace("\"amount_fen\":100", "\"amount_fen\":-100").replace("67890\"", "67891\"")].join("\n");
    let (input, data) = (file(folder.path(), "events.jsonl", text.as_bytes()), folder.path().join("data"));
    let checked = run(import_arguments(&input, &data, &["--check"]));
    assert!(checked.stdout.contains("red_without_blue, first at "), "{}", checked.stdout);
    let imported = run(import_arguments(&input, &data, &[]));
    assert!(imported.stdout.contains("\"doubts\":1"), "{}", imported.stdout);
    assert!(imported.stderr.contains("suyuan doubts"), "{}", imported.stderr);
    let again = run(import_arguments(&input, &data, &[]));
    assert!(again.stdout.contains("\"doubts\":0"), "they are those of this input: {}", again.stdout);
    let listed =
        run(["doubts".as_ref(), "--code".as_ref(), "red_without_blue".as_ref(), "--data".as_ref(), data.as_os_str()]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    assert!(listed.stdout.contains("events.jsonl:2  "), "{}", listed.stdout);
    assert_eq!(run(["doubts", "--code", "conflicting"]).code, Some(2), "that is a dead letter's");
}

#[test]
fn results_beside_a_journal_are_never_stale() {
    let folder = tempfile::tempdir().unwrap();
    let (second, out) = begun(folder.path(), &[]);
    let (first, data) = (folder.path().join("first.jsonl"), folder.path().join("beside"));
    let before = outputs(&out);
    let added = run(import_arguments(&second, &out, &[]));
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    assert!(added.stderr.contains("written anew"), "{}", added.stderr);
    let after = outputs(&out);
    assert_ne!(after["signals.jsonl"], before["signals.jsonl"]);
    let listed = run([
        "signals".as_ref(),
        "--status=all".as_ref(),
        "--format=jsonl".as_ref(),
        "--data".as_ref(),
        out.as_os_str(),
    ]);
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&after["signals.jsonl"]), sorted(&listed.stdout));
    // Where there are none, an import leaves none.
    assert_eq!(run(import_arguments(&first, &data, &[])).code, Some(0));
    assert!(!data.join("signals.jsonl").exists());
}

#[test]
fn a_tail_that_is_cut_off_is_owned_up_to() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", ISSUED.as_bytes());
    let data = folder.path().join("data");
    run(import_arguments(&input, &data, &[]));
    let segment = data.join(format!("journal/{:020}.journal", 1));
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.extend([7; 1_000]);
    std::fs::write(&segment, bytes).unwrap();
    let ran = run(import_arguments(&input, &data, &[]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("the last 1000 bytes of the journal in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("it ends with turn 1 now"), "{}", ran.stderr);
    // What was no half-written turn may have been one that was committed, and is kept.
    let kept = data.join("journal/cut");
    assert!(ran.stderr.contains(&format!("They are kept in {}", kept.display())), "{}", ran.stderr);
    assert_eq!(std::fs::read(kept).unwrap(), [7; 1_000]);
}

#[cfg(unix)]
#[test]
fn a_world_that_is_not_finished_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (events, labels) = (path("events.jsonl"), path("labels.jsonl"));
    let arguments =
        ["generate", "--taxpayers", "20000", "--invoices", "5000000", "--out", &events, "--labels", &labels];
    let mut child = suyuan(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (begun, unfinished) = (Instant::now(), path(".events.jsonl.unfinished"));
    // From the first bytes on it listens.
    while std::fs::metadata(&unfinished).map_or(0, |metadata| metadata.len()) == 0 {
        assert!(begun.elapsed() < Duration::from_mins(2) && child.try_wait().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("nothing is left of what was begun"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_empty_input_is_a_run_too() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", b"");
    let ran = run(replay_arguments(&[&input], &folder.path().join("out"), &[]));
    assert!(ran.code == Some(0) && ran.stderr.contains("not one row"), "{}", ran.stderr);
    let summary: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
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
        "--prevalence",
        "5",
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
    let report =
        run(["evaluate", "--labels", &labels, "--tasks", out.to_str().unwrap(), "--events", &events, "--json"]);
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert!(report["found"].as_u64() > Some(0), "{report}");
    assert!(report["deducted"]["tax_fen"].as_i64() > Some(0) && report["hard"]["fraudsters"].is_u64(), "{report}");
    let both =
        run(["evaluate", "--labels", &labels, "--tasks", out.to_str().unwrap(), "--against", tasks.to_str().unwrap()]);
    assert!(both.stdout.contains("side by side") && both.stdout.contains("hard: recall"), "{}", both.stdout);
    let other = file(folder.path(), "other.jsonl", br#"{"scheme":"chain-1","typology":"unheard_of","taxpayer_id":"X","role":"source","first_at":"2025-03-04T00:00:00+08:00","evident_at":"2025-03-04T00:00:00+08:00"}"#);
    let told = run(["evaluate", "--labels", other.to_str().unwrap(), "--tasks", tasks.to_str().unwrap()]);
    assert!(told.stderr.contains("of the same world?"), "{}", told.stderr);
    assert!(told.stdout.contains("not looked for yet: unheard_of"), "{}", told.stdout);
}

#[test]
fn completions_and_a_quick_start() {
    let began = Instant::now();
    let bash = run(["completions", "bash"]);
    assert_eq!(bash.code, Some(0));
    assert!(bash.stdout.contains("_suyuan()") && bash.stdout.contains("--partitions"));
    let offered = |what: &str| bash.stdout.lines().any(|line| line.contains(what) && line.contains("pass_through"));
    assert!(offered("opts=") && offered("compgen -W"), "codes are offered to `explain` and to --typology");
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?} to start", began.elapsed());
    assert_eq!(ran(&mut suyuan(["--version"])).stdout.trim(), concat!("suyuan ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_import_that_comes_long_after_its_time_or_before_it_is_owned_up_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let issued = |no: u32, at: &str| {
        let line =
            ISSUED.replace("2026-03-02", at).replace("12345678901234567890", &format!("1234567890123456789{no}"));
        file(folder.path(), &format!("{no}.jsonl"), line.as_bytes())
    };
    let told = |input: &std::path::Path| run(import_arguments(input, &data, &[])).stderr;
    assert_eq!(told(&issued(1, "2026-03-01")), "");
    let late = told(&issued(2, "2025-11-01"));
    assert!(late.contains("this input begins on 2025-11-01, and what was here had come to 2026-03-01"), "{late}");
    let early = told(&issued(3, "2095-03-01"));
    assert!(early.contains("3.jsonl:1 is dated 2095-03-01, after today"), "{early}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_told_and_gone_on_with_when_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", &lines(&world(1, 60, 1_000)));
    let out = folder.path().join("out");
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_suyuan")]);
    let told = ran(shell.args(replay_arguments(&[&input], &out, &[])));
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("bytes: raise the limit (`ulimit -f unlimited`)"), "{}", told.stderr);
    replay(&[&input], &out, &[]);
    let calm = folder.path().join("calm");
    replay(&[&input], &calm, &[]);
    assert_eq!(outputs(&out), outputs(&calm));
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", &lines(&world(1, 60, 100)));
    let arguments = replay_arguments(&[&input], &folder.path().join("out"), &["--partitions", "8"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 40; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_suyuan")]).args(&arguments);
    let told = ran(&mut shell);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    assert!(told.stderr.contains("this process may hold 40 files open"), "{}", told.stderr);
    assert!(told.stderr.contains("`ulimit -n 65536`"), "{}", told.stderr);
    // A limit that is only a default is no limit.
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -S -n 40; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_suyuan")]).args(&arguments);
    let told = ran(&mut shell);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
}
