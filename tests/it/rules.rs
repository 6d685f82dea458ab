//! Rule sets from end to end: published in the middle of an input, in force from there on in every partition, and the same
//! whatever the threads and partitions.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{file, findings, replay, run};

const STANDARD: &str = include_str!("../../topologies/rules-standard.toml");
const DOUBLE: &str = "[typologies.double_deduction]\nscore = 600";

fn rules(version: &str, double: &str) -> String {
    STANDARD.replace("standard-2026-11", version).replace(DOUBLE, double)
}

/// Twenty buyers that deduct an invoice twice, ten before a rule set is published and ten after it, and a day of clock.
fn events(published: &str) -> Vec<u8> {
    let mut lines: Vec<Value> = Vec::new();
    let at = |day: usize, minute: usize| format!("2026-03-{day:02}T10:{minute:02}:00+08:00");
    for firm in 0..20 {
        let (day, no) = (if firm < 10 { 2 } else { 6 }, format!("{firm:020}"));
        let (seller, buyer) = ("SELLER", format!("BUYER{firm:02}"));
        lines.push(json!({
            "type": "invoice_issued", "occurred_at": at(day, firm), "invoice_no": no, "invoice_kind": "special",
            "seller_id": seller, "buyer_id": buyer, "lines": [], "amount_fen": 900_000, "tax_fen": 117_000,
        }));
        for period in ["2026-03", "2026-04"] {
            lines.push(json!({
                "type": "invoice_deducted", "occurred_at": at(day, 20 + firm), "invoice_no": no, "buyer_id": buyer,
                "seller_id": seller, "period": period, "tax_fen": 117_000, "purpose": "deduct",
            }));
        }
    }
    let version = published.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"')).unwrap();
    lines.push(json!({"type": "rules_published", "occurred_at": at(4, 0), "version": version, "rules": published}));
    for day in 7..10 {
        lines.push(json!({
            "type": "invoice_issued", "occurred_at": at(day, 0), "invoice_no": format!("{:020}", 100 + day),
            "invoice_kind": "ordinary", "seller_id": "FAR", "lines": [], "amount_fen": 100, "tax_fen": 13,
        }));
    }
    lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
}

fn signals(out: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(out.join("signals.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_rule_set_published_in_the_middle_of_an_input_is_in_force_from_there_on_in_every_partition() {
    let folder = tempdir().unwrap();
    let stricter = rules("stricter", "[typologies.double_deduction]\nscore = 900");
    let input = file(folder.path(), "events.jsonl", &events(&stricter));
    let out = folder.path().join("one");
    replay(&[&input], &out, &["--partitions", "1", "--threads", "1"]);
    let found = signals(&out);
    assert_eq!(found.len(), 20);
    for signal in &found {
        let before = signal["taxpayer_id"].as_str().unwrap() < "BUYER10";
        assert_eq!(signal["score"], 900, "what stood is asked again, what came later is found so: {signal}");
        assert_eq!(signal["version"], if before { 2 } else { 1 }, "{signal}");
    }
    let more = folder.path().join("more");
    replay(&[&input], &more, &["--partitions", "7", "--threads", "2"]);
    assert_eq!(findings(&out), findings(&more));

    let dir = out.to_str().unwrap();
    let listed = run(["rules", "published", "--data", dir]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let lines: Vec<Vec<&str>> = listed.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(lines[1].starts_with(&["standard-2026-11"]) && lines[1].ends_with(&["beginning"]), "{}", listed.stdout);
    assert!(lines[2].starts_with(&["stricter"]) && lines[2].ends_with(&["yes"]), "{}", listed.stdout);
    let document = run(["rules", "published", "--data", dir, "--document", "stricter"]);
    assert_eq!(document.stdout, stricter);
}

#[test]
fn what_new_rules_do_not_find_is_withdrawn_by_them_with_its_task() {
    let folder = tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", &events(&rules("without", "")));
    let out = folder.path().join("out");
    replay(&[&input], &out, &["--partitions", "3"]);
    let found = signals(&out);
    assert_eq!(found.len(), 10, "after it nothing of the kind is found");
    for signal in found {
        assert_eq!((&signal["status"], &signal["withdrawn_reason"]), (&json!("withdrawn"), &json!("rules_published")));
    }
    let tasks = std::fs::read_to_string(out.join("tasks.jsonl")).unwrap();
    assert_eq!(tasks.matches("\"status\":\"withdrawn\"").count(), 10, "{tasks}");
}

#[test]
fn every_mistake_of_a_rule_set_is_printed_as_file_line_and_column() {
    let folder = tempdir().unwrap();
    let wrong = STANDARD.replace("settle_days = 31", "settle_days = 999").replace("margin_max_bp", "margin_bp");
    let path = file(folder.path(), "wrong.toml", wrong.as_bytes());
    let shown = path.to_str().unwrap();
    let checked = run(["rules", "check", shown]);
    assert_eq!(checked.code, Some(1));
    let line = |part: &str| 1 + wrong.lines().position(|line| line.starts_with(part)).unwrap();
    let settle = format!("{shown}:{}:1: [limits] settle_days = 999: give 0 to 366\n", line("settle_days"));
    assert!(checked.stdout.contains(&settle), "{}", checked.stdout);
    let margin = format!("{shown}:{}:1: [typologies.pass_through] has no parameter `margin_bp`", line("margin_bp"));
    assert!(checked.stdout.contains(&margin), "{}", checked.stdout);
    assert!(checked.stderr.contains("has 3 mistakes"), "{}", checked.stderr);
    assert_eq!(run(["rules", "check"]).code, Some(0));
}

#[test]
fn a_case_that_does_not_hold_says_what_was_expected_and_what_was_found() {
    let folder = tempdir().unwrap();
    let script =
        "script = \"\"\"\nissue 101 A B 9000.00\ndeduct 101 B 2026-03 from=A\ndeduct 101 B 2026-04 from=A\n\"\"\"\n";
    let case = |expected: &str| format!("{STANDARD}\n[[tests]]\nname = \"twice\"\n{script}expect = [{expected}]\n");
    let holds = file(folder.path(), "holds.toml", case("\"B double_deduction legacy:101\"").as_bytes());
    let ran = run(["rules", "test", holds.to_str().unwrap()]);
    assert_eq!(
        (ran.code, ran.stdout.contains("ok      twice\n1 case of")),
        (Some(0), true),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let fails = file(folder.path(), "fails.toml", case("\"A circular 2026-03\"").as_bytes());
    let ran = run(["rules", "test", fails.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("expected, and not found: A circular 2026-03"), "{}", ran.stdout);
    assert!(ran.stdout.contains("found, and not expected: B double_deduction legacy:101"), "{}", ran.stdout);
}

#[test]
fn the_cases_beside_a_rule_are_run_under_it() {
    let folder = tempdir().unwrap();
    let set = format!("{STANDARD}{}", include_str!("../fuzz/rule-and-cases.toml"));
    let path = file(folder.path(), "rules.toml", set.as_bytes());
    let ran = run(["rules", "test", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stdout.matches("ok  ").count()), (Some(0), 2), "{}{}", ran.stdout, ran.stderr);
    let page = run(["explain", "night_issuing", "--rules", path.to_str().unwrap()]);
    assert!(page.stdout.contains("night_share is above 150 % of peers p90"), "{}{}", page.stdout, page.stderr);
    assert!(
        page.stdout.contains("sales_change is at least 200 % of its own mean over 6 months before"),
        "{}",
        page.stdout
    );
}
