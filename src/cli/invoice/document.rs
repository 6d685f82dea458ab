//! The life of an invoice as JSON.

use serde_json::{Value, json};

use crate::cli::trace::origin_document;
use crate::codec;
use crate::model::{Id, Instant, InvoiceNo, Signal};
use crate::query::{InvoiceLife, words};
use crate::state::{AbnormalBy, Claim, ClaimKind, Issued};

/// The life of one invoice.
pub(super) fn life(life: &InvoiceLife) -> Value {
    let issued = life.issued.as_ref();
    let from = &life.provenance;
    json!({
        "seller_id": (!life.seller_id.is_empty()).then_some(life.seller_id.as_str()),
        "seller_name": life.seller_name,
        "issued": issued.and_then(|issued| issued.issue).map(|issue| json!({
            "issued_at": issue.issued_at.to_string(),
            "invoice_kind": words::invoice_kind(issue.invoice_kind),
            "buyer_id": issue.buyer_id.as_ref().map(Id::as_str),
            "amount_fen": issue.amount.0,
            "tax_fen": issue.tax.0,
            "red_of": issue.red_of.as_ref().map(InvoiceNo::as_str),
            "position": issue.position.to_string(),
        })),
        "voided_at": issued.and_then(|issued| issued.void).map(|void| void.at.to_string()),
        "marks": life.marks.iter().map(|(at, abnormal, reason)| json!({
            "at": at.to_string(), "abnormal": abnormal, "reason": reason,
        })).collect::<Vec<_>>(),
        "abnormal": issued.and_then(Issued::abnormal_by).map(|by| match by {
            AbnormalBy::Mark => json!({ "by": "mark" }),
            AbnormalBy::Turn(period) => json!({ "by": "turn", "period": period.to_string() }),
        }),
        "red_letters": life.red_letters.iter().map(|letter| json!({
            "invoice_no": letter.invoice_no.as_str(),
            "issued_at": letter.issued_at.to_string(),
            "amount_fen": letter.amount.0,
            "tax_fen": letter.tax.0,
            "voided": letter.voided,
        })).collect::<Vec<_>>(),
        "provenance": {
            "origins": from.origins.iter().map(origin_document).collect::<Vec<_>>(),
            "remainder_fen": from.remainder.0,
            "own_fen": from.own.0,
            "short_fen": from.short.0,
            "opening": from.opening,
            "settled": from.settled.iter().map(origin_document).collect::<Vec<_>>(),
        },
        "holders": life.holders.iter().map(|holding| json!({
            "taxpayer_id": holding.taxpayer_id.as_str(),
            "name": holding.name,
            "names_seller": !holding.unnamed,
            "arrived": holding.held.arrived.is_some(),
            "received_at": holding.held.received.map(|received| received.at.to_string()),
            "claims": holding.held.claims.iter().map(claim_document).collect::<Vec<_>>(),
            "standing_fen": holding.standing.0,
            "overdue": holding.held.arrived.is_none() && holding.held.waited_until > Instant::default(),
        })).collect::<Vec<_>>(),
        "doubts": life.doubts.iter().map(|doubt| json!({
            "code": doubt.code, "reason": doubt.reason, "at": doubt.at.to_string(),
        })).collect::<Vec<_>>(),
        "findings": life.findings.iter().map(signal_document).collect::<Vec<_>>(),
    })
}

fn claim_document(claim: &Claim) -> Value {
    let (what, purpose) = match claim.kind {
        ClaimKind::Deduct(purpose) => ("deducted", Some(words::purpose(purpose))),
        ClaimKind::Reverse(_) => ("reversed", None),
    };
    json!({
        "what": what,
        "purpose": purpose,
        "period": claim.period.to_string(),
        "tax_fen": claim.tax.0,
        "at": claim.at.to_string(),
        "position": claim.position.to_string(),
    })
}

/// A finding as its line of JSON Lines has it.
pub(crate) fn signal_document(signal: &Signal) -> Value {
    let mut line = Vec::new();
    codec::json::write_signal(signal, &mut line);
    serde_json::from_slice(&line).expect("a line that was just written is JSON")
}
