//! How a firm issues: typologies of the issuer, each with the trade that shows it, the honest trade that looks like it, and
//! what takes it back.

use std::fmt::Write as _;

use super::probe::*;
use super::*;
use crate::model::{Entity, Output, SignalStatus};
use crate::state::{CaseHead, Key, RowType, Rows};

/// A journal that begins with the year, and a supplier that is older than it.
const BEGIN: &str = "
    at 2025-01-02 | register OLD on=2001-01-01 | issue 900 OLD OLD2 1.00
";

/// What of a typology was found and withdrawn, a line each, without its later versions.
fn told(script: &str, typology: &str) -> String {
    let mut lines = String::new();
    for said in world(&format!("{BEGIN}{script}")).said() {
        let Output::Signal(signal) = &said.output else { continue };
        if *signal.typology != *typology {
            continue;
        }
        let line = match signal.status {
            SignalStatus::Open if signal.version == 1 => format!("found {}", signal.taxpayer_id),
            SignalStatus::Open => continue,
            SignalStatus::Withdrawn => format!("withdrawn {}", signal.taxpayer_id),
        };
        let about =
            if let crate::model::About::Period(period) = signal.about { period.to_string() } else { String::new() };
        writeln!(lines, "{line} {about} {}", signal.score).unwrap();
    }
    lines
}

/// A shell that was silent since the journal began, and longer, and then changed hands.
const SHELL: &str = "
    at 2025-01-03 | register S on=2015-05-01 rep=P1 | quota S 200000.00 25
    at 2025-08-20 | change S rep=P2
    at 2025-09-02 | issue 1 S W 150000.00 | issue 2 S W 150000.00 | issue 3 S X 150000.00
";

#[test]
fn a_silent_firm_that_changes_hands_and_issues_what_it_never_bought_is_a_revived_shell() {
    assert_eq!(told(SHELL, "dormant_revival"), "found S 2025-09 700\n");
    assert_eq!(told(SHELL, "source_burst"), "", "the same is not said twice");
}

#[test]
fn a_revived_shell_that_goes_missing_weighs_more_and_one_that_takes_its_invoices_back_is_none() {
    let missing = format!("{SHELL} at 2025-10-20 | status S missing | at 2025-10-21 | issue 901 OLD OLD2 1.00");
    let world = world(&format!("{BEGIN}{missing}"));
    let last = world.said().iter().rev().find_map(|said| match &said.output {
        Output::Signal(signal) if *signal.typology == *"dormant_revival" => Some(signal.score),
        Output::Signal(_) | Output::Case(_) | Output::Task(_) | Output::DeadLetter(_) | Output::Doubt(_) => None,
    });
    assert_eq!(last, Some(850));
    let voided = format!("{SHELL} at 2025-09-20 | void 1 S | void 2 S");
    assert_eq!(told(&voided, "dormant_revival"), "found S 2025-09 700\nwithdrawn S 2025-09 700\n");
    let bought = format!("{SHELL} at 2025-09-20 | issue 50 OLD S 450000.00");
    assert_eq!(told(&bought, "dormant_revival"), "found S 2025-09 700\nwithdrawn S 2025-09 700\n");
}

#[test]
fn a_seasonal_seller_and_a_firm_that_takes_up_real_trade_are_no_revived_shells() {
    let seasonal = SHELL.replace("change S rep=P2", "issue 40 OLD S 500000.00");
    assert_eq!(told(&seasonal, "dormant_revival"), "");
    let stayed = SHELL.replace("at 2025-08-20 | change S rep=P2", "");
    assert_eq!(told(&stayed, "dormant_revival"), "", "its representative stayed");
    let traded = SHELL.replace("at 2025-09-02", "at 2025-09-01 | issue 40 OLD S 400000.00 | at 2025-09-02");
    assert_eq!(told(&traded, "dormant_revival"), "");
    let steady = SHELL.replace("at 2025-08-20", "at 2025-06-02 | issue 41 S X 90000.00 | at 2025-08-20");
    assert_eq!(told(&steady, "dormant_revival"), "", "it was not silent for long");
}

#[test]
fn silence_that_a_late_invoice_breaks_was_none() {
    let late = format!("{SHELL} at 2025-07-02 | issue 41 S X 90000.00 | at 2025-09-20 | issue 901 OLD OLD2 1.00");
    assert_eq!(told(&late, "dormant_revival"), "found S 2025-09 700\nwithdrawn S 2025-09 700\n");
}

/// What opened each case.
fn cases(script: &str) -> Vec<(String, String, bool)> {
    let mut world = world(&format!("{BEGIN}{script}"));
    let rows: Vec<_> = world.rows().iter().filter_map(|(_, row)| CaseHead::peek(row).cloned()).collect();
    rows.into_iter().map(|head| (head.origin.to_string(), head.typology.to_string(), head.standing)).collect()
}

#[test]
fn a_source_stands_accused_once_and_its_case_is_that_of_what_accused_it_first() {
    assert_eq!(cases(SHELL), [("S".into(), "dormant_revival".into(), true)]);
    // Later it is no revival any more, but it issues as before.
    let mut longer = SHELL.to_owned();
    for (no, month) in (10..).zip(["2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]) {
        writeln!(longer, "at {month}-02 | issue {no} S X 20000.00").unwrap();
    }
    longer += "at 2026-04-02 | issue 5 S W 900000.00 | at 2026-04-20 | issue 901 OLD OLD2 1.00";
    assert_eq!(cases(&longer), [("S".into(), "dormant_revival".into(), true)]);
    assert!(told(&longer, "source_burst").contains("found S 2026-04"), "{}", told(&longer, "source_burst"));
    let mut world = world(&format!("{BEGIN}{longer}"));
    let case = CaseHead::id("dormant_revival", id("S"), 1);
    let of_case = |said: &&Said| matches!(&said.output, Output::Signal(signal) if signal.case_id == Some(case));
    let accusing: std::collections::BTreeSet<_> = world
        .said()
        .iter()
        .filter(of_case)
        .filter_map(|said| if let Output::Signal(signal) = &said.output { Some(signal.typology.clone()) } else { None })
        .collect();
    assert!(accusing.contains("dormant_revival") && accusing.contains("source_burst"), "{accusing:?}");
    assert!(world.rows().get(&Entity::case(case), &Key::CaseHead).is_some());
}

#[test]
fn a_case_is_lifted_with_the_last_finding_that_accused() {
    let voided = format!("{SHELL} at 2025-09-20 | void 1 S | void 2 S | at 2025-09-21 | issue 901 OLD OLD2 1.00");
    assert_eq!(cases(&voided), [("S".into(), "dormant_revival".into(), false)]);
}
