//! A taxpayer as one JSON document.

use serde_json::{Value, json};

use crate::cli::invoice::signal_document;
use crate::cli::trace::origin_document;
use crate::codec;
use crate::model::{Fen, Id, Period, Signal, Task, TaxpayerId};
use crate::query::{Household, Papers, Past, Sums, Timeline, Traders, words};
use crate::state::{Month, Totals};

/// As it stands now.
pub(super) fn household(household: &Household) -> Value {
    let ledger = household.profile.ledger;
    json!({
        "taxpayer_id": household.taxpayer_id.as_str(),
        "identifiers": household.identifiers.iter().map(Id::as_str).collect::<Vec<_>>(),
        "papers": papers(&household.papers),
        "task": household.task.as_ref().map(task),
        "findings": household.findings.iter().map(signal_document).collect::<Vec<_>>(),
        "months": household.months.iter().map(month).collect::<Vec<_>>(),
        "value": {
            "arrived_fen": ledger.arrived,
            "originated_fen": ledger.originated,
            "opening_fen": ledger.opening,
            "passed_on_fen": ledger.passed_on,
            "withdrawn_fen": ledger.withdrawn,
            "expired_fen": ledger.expired,
            "pooled_fen": household.profile.pool.total().0,
        },
        "pool": household.pool.iter().map(origin_document).collect::<Vec<_>>(),
        "pool_remainder_fen": household.pool_remainder.0,
        "suppliers": traders(&household.suppliers),
        "customers": traders(&household.customers),
    })
}

/// As it was at a time. What is known of the present only is not in it.
pub(super) fn past(past: &Past) -> Value {
    let month = |(period, sums): (&Period, &Sums)| {
        json!({
            "period": period.to_string(),
            "sold": totals(&sums.sold),
            "bought": totals(&sums.bought),
            "deductions": sums.deducted.count,
            "deducted_fen": sums.deducted.tax.0,
        })
    };
    json!({
        "taxpayer_id": past.taxpayer_id.as_str(),
        "as_of": past.at.to_string(),
        "papers": papers(&past.papers),
        "months": past.months.iter().map(month).collect::<Vec<_>>(),
        "findings": past.standing.iter().chain(&past.withdrawn).map(said_now).collect::<Vec<_>>(),
    })
}

/// A finding of the past, and whether its numbers and sentence have changed since it was raised: they are those of now.
fn said_now(signal: &Signal) -> Value {
    let mut told = signal_document(signal);
    told["changed_since_raised"] = (signal.version > 1).into();
    told
}

/// In order of time.
pub(super) fn timeline(taxpayer_id: TaxpayerId, timeline: &Timeline) -> Value {
    let entries = timeline.entries.iter().map(|entry| {
        json!({
            "at": entry.at.to_string(),
            "kind": entry.kind,
            "tax_fen": entry.tax.map(|tax| tax.0),
            "text": entry.text,
        })
    });
    json!({
        "taxpayer_id": taxpayer_id.as_str(),
        "entries": entries.collect::<Vec<_>>(),
        "left_out": timeline.left_out,
    })
}

fn papers(papers: &Papers) -> Value {
    let status = papers.status.as_ref().map(|(status, since, reason)| {
        json!({ "status": words::status(*status), "since": since.to_string(), "reason": reason })
    });
    let quotas = papers.quotas.iter().map(|(kind, quota)| {
        json!({
            "invoice_kind": kind,
            "max_amount_fen": quota.max_amount.0,
            "monthly_count": quota.monthly_count,
        })
    });
    let people = papers.people.iter().map(
        |person| json!({ "role": words::officer(person.role), "person_id": person.person_id, "phone": person.phone }),
    );
    json!({
        "name": papers.name,
        "registered_on": papers.registered_on.map(|on| on.to_string()),
        "kind": papers.kind.map(words::taxpayer_kind),
        "industry": papers.industry,
        "region": papers.region,
        "address": papers.address,
        "capital_fen": papers.capital.map(|capital| capital.0),
        "credit_grade": papers.credit_grade.map(words::credit_grade),
        "status": status,
        "people": people.collect::<Vec<_>>(),
        "quotas": quotas.collect::<Vec<_>>(),
        "former_taxpayer_id": papers.former_taxpayer_id.as_ref().map(Id::as_str),
    })
}

fn month((period, month): &(Period, Month)) -> Value {
    json!({
        "period": period.to_string(),
        "sold": totals(&month.sold),
        "sold_void": totals(&month.sold_void),
        "sold_red": totals(&month.sold_red),
        "bought": totals(&month.bought),
        "bought_void": totals(&month.bought_void),
        "bought_red": totals(&month.bought_red),
        "deducted_fen": month.deducted.tax.0,
        "reversed_fen": month.reversed.tax.0,
        "originated_fen": month.originated.0,
        "drawn_fen": month.drawn.0,
        "arrived_fen": month.arrived.0,
        "returned_own_fen": month.returned_own.0,
        "declared": month.declared.value.map(declared),
    })
}

fn declared([sales, output_tax, input_tax, transferred_out, payable_tax]: [Fen; 5]) -> Value {
    json!({
        "sales_fen": sales.0,
        "output_tax_fen": output_tax.0,
        "input_tax_fen": input_tax.0,
        "transferred_out_fen": transferred_out.0,
        "payable_tax_fen": payable_tax.0,
    })
}

fn totals(totals: &Totals) -> Value {
    json!({ "count": totals.count, "amount_fen": totals.amount.0, "tax_fen": totals.tax.0 })
}

fn traders(traders: &Traders) -> Value {
    let largest = traders.largest.iter().map(|(id, name, partner)| {
        json!({
            "taxpayer_id": id.as_str(),
            "name": name,
            "invoices": partner.totals.count,
            "amount_fen": partner.totals.amount.0,
            "tax_fen": partner.totals.tax.0,
            "first_at": partner.first_at.to_string(),
            "last_at": partner.last_at.to_string(),
        })
    });
    json!({ "count": traders.count, "largest": largest.collect::<Vec<_>>(), "others": totals(&traders.others) })
}

fn task(task: &Task) -> Value {
    let mut line = Vec::new();
    codec::json::write_task(task, &mut line);
    serde_json::from_slice(&line).expect("a line that was just written is JSON")
}
