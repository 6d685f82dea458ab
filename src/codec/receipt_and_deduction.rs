//! `invoice_received`, `invoice_deducted` and `deduction_reversed` on the wire: what a buyer does with an invoice.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::{Form, Optional};
use super::identifiers::{Identifier, InvoiceNumber};
use super::measures::{Money, Month};
use crate::model::{self, Fen, InvoiceNo, Period, TaxpayerId, Text};

/// The buyer booked an invoice 接收/入账.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::InvoiceReceived")]
pub(super) struct InvoiceReceived {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    buyer_id: TaxpayerId,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    seller_id: Option<TaxpayerId>,
}

/// The buyer claimed the tax on an invoice 抵扣勾选.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::InvoiceDeducted")]
pub(super) struct InvoiceDeducted {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    buyer_id: TaxpayerId,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    seller_id: Option<TaxpayerId>,
    #[serde(with = "Month")]
    period: Period,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    #[serde(with = "Purpose")]
    purpose: model::Purpose,
}

pub(super) fn check_deduction(fact: &model::InvoiceDeducted) -> Result<(), Refusal> {
    check::period("period", fact.period)?;
    check::money("tax_fen", fact.tax)?;
    not_negative(fact.tax)
}

/// What a deduction is for.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Purpose", rename_all = "snake_case")]
enum Purpose {
    Deduct,
    ExportRefund,
    NotDeductible,
}

/// The buyer gave a claim back 进项转出.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::DeductionReversed")]
pub(super) struct DeductionReversed {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    buyer_id: TaxpayerId,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    seller_id: Option<TaxpayerId>,
    #[serde(with = "Month")]
    period: Period,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    reason: Text,
}

pub(super) fn check_reversal(fact: &model::DeductionReversed) -> Result<(), Refusal> {
    check::period("period", fact.period)?;
    check::money("tax_fen", fact.tax)?;
    not_negative(fact.tax)?;
    check::text("reason", &fact.reason)
}

/// The tax of a red letter is given back by a reversal, not deducted with a minus.
fn not_negative(tax: Fen) -> Result<(), Refusal> {
    if tax >= Fen::ZERO {
        return Ok(());
    }
    Err(Refusal::new(
        "tax_fen",
        format!("{} is negative: what is given back is a deduction_reversed, with a plus", tax.0),
    ))
}
