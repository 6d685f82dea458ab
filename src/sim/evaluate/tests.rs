//! Numbers computed by hand.

use super::*;
use crate::model::{
    Event, Fact, Fen, Fingerprint, Instant, Invoice, InvoiceDeducted, InvoiceKind, InvoiceNo, Purpose, Status,
    TaxpayerStatusChanged,
};

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
    let report = evaluate(&labels, &tasks, None, None, 3);
    // Counted: S, S, W, Y, L, X. Hits S, S, W; false alarms L, X; found S and W of four.
    assert_eq!((report.tasks, report.hits, report.false_alarms, report.bystander_tasks), (6, 3, 2, 1));
    assert_eq!((report.fraud.all.fraudsters, report.fraud.all.found), (4, 2));
    assert_eq!((report.fraud.all.precision, report.fraud.all.recall), (Some(0.6), Some(0.5)));
    assert!((report.fraud.all.f1.unwrap() - 0.6 / 1.1).abs() < 1e-12);
    // S one day late, W four: the mean of the two is two and a half.
    assert_eq!(report.fraud.all.median_delay_seconds, Some(5 * 43_200));
    assert_eq!((report.lookalikes, report.lookalikes_flagged, report.lookalike_share), (2, 1, Some(0.5)));
    assert_eq!(report.by_role["source"].all.median_delay_seconds, Some(86_400));
    assert_eq!((report.by_role["beneficiary"].all.found, report.by_role["beneficiary"].all.recall), (0, Some(0.0)));
    assert_eq!(report.by_typology["pass_through"].all.recall, Some(1.0));
    let bursts = &report.by_task_typology["source_burst"];
    assert_eq!((bursts.hits, bursts.false_alarms, bursts.precision), (1, 1, Some(0.5)));
}

#[test]
fn a_lower_level_lets_more_tasks_count_but_flags_no_more_lookalikes() {
    let (labels, mut tasks) = world();
    tasks.push(task("M", 1, "circular", 3));
    let report = evaluate(&labels, &tasks, None, None, 1);
    assert_eq!((report.hits, report.false_alarms, report.fraud.all.found, report.lookalikes_flagged), (4, 3, 3, 1));
}

#[test]
fn nothing_found_is_no_division_by_nothing() {
    let (labels, _) = world();
    let report = evaluate(&labels, &[], None, None, 3);
    assert_eq!(
        (
            report.fraud.all.precision,
            report.fraud.all.recall,
            report.fraud.all.f1,
            report.fraud.all.median_delay_seconds
        ),
        (None, Some(0.0), None, None)
    );
    assert_eq!(evaluate(&[], &[], None, None, 3).fraud.all.recall, None);
}

#[test]
fn a_second_part_in_fraud_outweighs_honesty_in_any_order() {
    let (mut labels, tasks) = world();
    labels.insert(0, label("X", Part::Associate, "circular", 8));
    labels.push(label("X", Part::Bystander, "circular", 8));
    assert_eq!(evaluate(&labels, &tasks, None, None, 3).hits, 4);
}

#[test]
fn signals_are_counted_by_typology_while_they_stand() {
    let (labels, tasks) = world();
    let line = r#"{"taxpayer_id":"S","typology":"source_burst","status":"open"}"#;
    let signals = [SignalLine::parse(line).unwrap(), SignalLine::parse(&line.replace("open", "withdrawn")).unwrap()];
    let report = evaluate(&labels, &tasks, Some(&signals), None, 3);
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

#[test]
fn easy_and_hard_schemes_are_measured_apart_and_a_finding_has_to_have_the_right_name() {
    let (mut labels, mut tasks) = world();
    labels[1].scheme = "chain-2-hard".into();
    tasks[2].typologies = vec!["circular".into()];
    let report = evaluate(&labels, &tasks, None, None, 3);
    let (easy, hard) = (&report.fraud.easy, &report.fraud.hard);
    assert_eq!((easy.fraudsters, easy.found, easy.named_rightly), (3, 1, Some(1.0)));
    assert_eq!((hard.fraudsters, hard.found, hard.named_rightly), (1, 1, Some(0.0)));
    // One hit for the hard, and the same two false alarms for both.
    assert_eq!((easy.precision, hard.precision), (Some(0.5), Some(1.0 / 3.0)));
    assert_eq!(report.by_role["washer"].all.precision, None, "no task says that anybody washes");
    assert_eq!(report.by_role["source"].all.precision, Some(2.0 / 3.0));
    assert_eq!(report.by_typology["source_burst"].all.precision, Some(0.5));
}

#[test]
fn nine_tenths_are_found_within_the_ninth_of_ten_delays() {
    let labels: Vec<Label> = (0..10).map(|n| label(&format!("S{n}"), Part::Source, "source_burst", 1)).collect();
    let tasks: Vec<TaskLine> = (0..10).map(|n| task(&format!("S{n}"), 4, "source_burst", 1 + n)).collect();
    let group = evaluate(&labels, &tasks, None, None, 3).fraud.all;
    assert_eq!((group.median_delay_seconds, group.p90_delay_seconds), (Some(9 * 43_200), Some(8 * 86_400)));
}

#[test]
fn lookalikes_are_counted_by_what_they_look_like() {
    let (labels, tasks) = world();
    let report = evaluate(&labels, &tasks, None, None, 5);
    let of = |code: &str| (report.lookalikes_by_typology[code].lookalikes, report.lookalikes_by_typology[code].flagged);
    assert_eq!((of("source_burst"), of("circular")), ((1, 1), (1, 0)));
}

fn event(at: Instant, fact: Fact) -> Event {
    Event { occurred_at: at, event_id: None, source_system: None, fingerprint: Fingerprint::default(), fact }
}

#[test]
fn the_events_say_what_was_lost_and_who_went_missing_before_being_found() {
    let (labels, tasks) = world();
    let id = |text: &str| TaxpayerId::parse(text).unwrap();
    let no = InvoiceNo::parse("25312999999990099999").unwrap();
    let mut facts = Facts::new(&labels);
    let invoice = Invoice {
        invoice_no: no,
        invoice_kind: InvoiceKind::Special,
        seller_id: id("S"),
        buyer_id: Some(id("W")),
        lines: Vec::new(),
        amount: Fen(100_000),
        tax: Fen(13_000),
        device: None,
        issuer_person_id: None,
        red_of: None,
        remark: None,
    };
    facts.note(&event(at(2), Fact::InvoiceIssued(Box::new(invoice))));
    let claim = |tax| InvoiceDeducted {
        invoice_no: no,
        buyer_id: id("W"),
        seller_id: None,
        period: at(2).period(),
        tax: Fen(tax),
        purpose: Purpose::Deduct,
    };
    facts.note(&event(at(3), Fact::InvoiceDeducted(claim(9_000))));
    facts.note(&event(at(6), Fact::InvoiceDeducted(claim(4_000))));
    let missing = TaxpayerStatusChanged { taxpayer_id: id("S"), status: Status::Missing, reason: None };
    facts.note(&event(at(10), Fact::TaxpayerStatusChanged(missing)));
    let report = evaluate(&labels, &tasks, None, Some(&facts), 3);
    // The first task about the scheme is that about S, on the fourth.
    assert_eq!(report.deducted, Some(Losses { tax_fen: 13_000, before_found_fen: 9_000, share: Some(0.692) }));
    assert_eq!(report.sources, Some(Vanished { missing: 1, found_before: 1, share: Some(1.0) }));
}
