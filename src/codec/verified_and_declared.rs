//! `taxpayer_verified`, `vat_declared` and `observed` on the wire: what the authority, the taxpayer and third parties
//! say about a taxpayer.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::Form;
use super::identifiers::Identifier;
use super::measures::{Money, Month};
use crate::model::{self, Fen, Period, TaxpayerId, Text};

/// Somebody looked at a taxpayer, and what came of it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaxpayerVerified")]
pub(super) struct TaxpayerVerified {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    subject: Text,
    #[serde(with = "VerificationOutcome")]
    outcome: model::VerificationOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text>,
}

pub(super) fn check_verification(fact: &model::TaxpayerVerified) -> Result<(), Refusal> {
    check::text("subject", &fact.subject)?;
    check::optional_text("reason", fact.reason.as_ref())
}

/// What a verification found.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::VerificationOutcome", rename_all = "snake_case")]
enum VerificationOutcome {
    Genuine,
    False,
}

/// A VAT return 增值税申报.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::VatDeclared")]
pub(super) struct VatDeclared {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "Month")]
    period: Period,
    #[serde(rename = "sales_fen", with = "Money")]
    sales: Fen,
    #[serde(rename = "output_tax_fen", with = "Money")]
    output_tax: Fen,
    #[serde(rename = "input_tax_fen", with = "Money")]
    input_tax: Fen,
    #[serde(rename = "transferred_out_fen", with = "Money")]
    transferred_out: Fen,
    #[serde(rename = "payable_tax_fen", with = "Money")]
    payable_tax: Fen,
}

pub(super) fn check_declaration(fact: &model::VatDeclared) -> Result<(), Refusal> {
    check::period("period", fact.period)?;
    check::money("sales_fen", fact.sales)?;
    check::money("output_tax_fen", fact.output_tax)?;
    check::money("input_tax_fen", fact.input_tax)?;
    check::money("transferred_out_fen", fact.transferred_out)?;
    check::money("payable_tax_fen", fact.payable_tax)
}

/// A figure from a third party.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Observed")]
pub(super) struct Observed {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "ObservationSource")]
    source: model::ObservationSource,
    metric: Text,
    #[serde(with = "Month")]
    period: Period,
    value: i64,
    unit: Text,
}

pub(super) fn check_observation(fact: &model::Observed) -> Result<(), Refusal> {
    check::text("metric", &fact.metric)?;
    check::period("period", fact.period)?;
    check::text("unit", &fact.unit)
}

/// Who observed.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::ObservationSource", rename_all = "snake_case")]
enum ObservationSource {
    Customs,
    Electricity,
    Logistics,
    Payroll,
    Bank,
    Market,
    Court,
}
