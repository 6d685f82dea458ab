//! `taxpayer_status_changed` and `invoice_quota_granted` on the wire.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::Form;
use super::identifiers::Identifier;
use super::invoice_issued::InvoiceKind;
use super::measures::Money;
use crate::model::{self, Fen, TaxpayerId, Text};

/// A taxpayer became normal, abnormal, missing or deregistered.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaxpayerStatusChanged")]
pub(super) struct TaxpayerStatusChanged {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "Status")]
    status: model::Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text>,
}

pub(super) fn check_status(fact: &model::TaxpayerStatusChanged) -> Result<(), Refusal> {
    check::optional_text("reason", fact.reason.as_ref())
}

/// Status of a taxpayer.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Status", rename_all = "snake_case")]
pub(super) enum Status {
    Normal,
    Abnormal,
    Missing,
    Deregistered,
}

/// A taxpayer may issue invoices of a kind, so large and so many 票种核定.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::InvoiceQuotaGranted")]
pub(super) struct InvoiceQuotaGranted {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "InvoiceKind")]
    invoice_kind: model::InvoiceKind,
    #[serde(rename = "max_amount_fen", with = "Money")]
    max_amount: Fen,
    monthly_count: u32,
}

pub(super) fn check_quota(fact: &model::InvoiceQuotaGranted) -> Result<(), Refusal> {
    check::money("max_amount_fen", fact.max_amount)
}
