//! What the rows of a fold, and the oracle, say of abnormal vouchers, as names and values to be laid side by side.

use std::collections::BTreeMap;

use suyuan::model::{About, Fen, InvoiceKind, SignalStatus};
use suyuan::state::{Held, Issued, Key, Memory, Row};

use crate::oracle::Rules;
use crate::oracle::vouchers::Vouchers;

/// Names and values; what is nothing is not named.
pub(super) type Statement = BTreeMap<String, String>;

/// What rows say, while no message is on its way; or what they may not say then.
pub(super) fn of_rows(rows: &Memory) -> Result<Statement, String> {
    let mut all = Statement::new();
    for ((entity, key), row) in rows.iter() {
        let id = entity.id;
        match (key, row) {
            (Key::Month(period), Row::Month(month)) if month.special_deducted != Fen::ZERO => {
                all.insert(format!("deducted {id} {period}"), month.special_deducted.0.to_string());
            }
            (Key::Abnormal(period), Row::Abnormal(month)) => {
                if month.withdrawing || month.pending > 0 {
                    return Err(format!("{id} {period} still waits: {month:?}"));
                }
                if month.deducted != Fen::ZERO {
                    all.insert(format!("abnormal {id} {period}"), month.deducted.0.to_string());
                }
                if month.unclaimed != Fen::ZERO {
                    all.insert(format!("unclaimed {id} {period}"), month.unclaimed.0.to_string());
                }
                if month.rank > 0 {
                    all.insert(format!("in turn {id} {period}"), "yes".into());
                }
            }
            (Key::Held { invoice_no, .. }, Row::Held(held)) if is_abnormal(held) => {
                all.insert(format!("invoice {} {invoice_no}", held.seller_id), "abnormal".into());
            }
            (Key::Signal(_), Row::Signal(signal)) if signal.0.status == SignalStatus::Open => {
                let About::Period(period) = signal.0.about else { return Err("about no month".into()) };
                let text = format!("score {}, at stake {}", signal.0.score, signal.0.stake.0);
                all.insert(format!("finding {id} {period}"), text);
            }
            (Key::Profile, Row::Profile(profile)) if profile.passes_begun != profile.passes_done => {
                return Err(format!("{id} is still telling its buyers"));
            }
            _ => {}
        }
    }
    Ok(all)
}

fn is_abnormal(held: &Held) -> bool {
    let Some(arrived) = held.arrived.filter(|_| held.voided_at.is_none()) else { return false };
    let is_red = arrived.red_of.is_some() || arrived.tax < Fen::ZERO;
    let is_marked = held.mark.is_some_and(|mark| mark.abnormal);
    arrived.invoice_kind == InvoiceKind::Special && !is_red && (is_marked || held.abnormal_rank > 0)
}

/// What issuers told, against what holders know.
pub(super) fn told_is_known(rows: &Memory) -> Result<(), String> {
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    let mut counted: BTreeMap<String, u32> = BTreeMap::new();
    for ((entity, key), row) in rows.iter() {
        if let (Key::Issued(no), Row::Issued(issued)) = (key, row) {
            let Issued { issue: Some(issue), abnormal_rank, .. } = &**issued else { continue };
            if *abnormal_rank > 0 {
                told.insert(format!("{} {no}", entity.id), *abnormal_rank);
                *counted.entry(format!("{} {}", entity.id, issue.issued_at.period())).or_default() += 1;
            }
        }
    }
    for ((entity, key), row) in rows.iter() {
        match (key, row) {
            (Key::Held { invoice_no, .. }, Row::Held(held)) if held.abnormal_rank > 0 => {
                let name = format!("{} {invoice_no}", held.seller_id);
                if told.remove(&name) != Some(held.abnormal_rank) {
                    return Err(format!("{} knows of {name} what it was not told", entity.id));
                }
            }
            (Key::Abnormal(period), Row::Abnormal(month)) => {
                let name = format!("{} {period}", entity.id);
                if counted.remove(&name).unwrap_or(0) != month.told {
                    return Err(format!("{name} counts {} told", month.told));
                }
            }
            _ => {}
        }
    }
    if told.is_empty() && counted.is_empty() {
        Ok(())
    } else {
        Err(format!("told and not known: {told:?} {counted:?}"))
    }
}

/// What the oracle says.
pub(super) fn of_oracle(vouchers: &Vouchers, rules: &Rules) -> Statement {
    let mut all = Statement::new();
    let mut say = |name: String, amount: i64| {
        if amount != 0 {
            all.insert(name, amount.to_string());
        }
    };
    for ((firm, month), (whole, abnormal)) in &vouchers.deducted {
        say(format!("deducted {firm} {month}"), *whole);
        say(format!("abnormal {firm} {month}"), *abnormal);
    }
    for ((firm, month), tax) in &vouchers.unclaimed {
        say(format!("unclaimed {firm} {month}"), *tax);
    }
    for (firm, month) in &vouchers.in_turn {
        all.insert(format!("in turn {firm} {month}"), "yes".into());
    }
    for (seller, no) in &vouchers.abnormal {
        all.insert(format!("invoice {seller} {no}"), "abnormal".into());
    }
    for firm in vouchers.firms() {
        for (month, finding) in vouchers.findings(&firm, rules) {
            let text = format!("score {}, at stake {}", finding.score, finding.stake);
            all.insert(format!("finding {firm} {month}"), text);
        }
    }
    all
}
