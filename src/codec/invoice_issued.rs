//! `invoice_issued` on the wire: the record that most of the input consists of.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::{Form, List, Optional, mirrors};
use super::identifiers::{Identifier, InvoiceNumber};
use super::measures::{Money, Rate};
use super::quantity::{Decimal, Goods};
use crate::model::{self, BasisPoints, Fen, GoodsCode, INVOICE_LINES_MAX, InvoiceNo, Quantity, TaxpayerId, Text};

/// An invoice 发票, blue or red.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Invoice")]
pub(super) struct InvoiceIssued {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "InvoiceKind")]
    invoice_kind: model::InvoiceKind,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    buyer_id: Option<TaxpayerId>,
    #[serde(with = "List::<Line>")]
    lines: Vec<model::Line>,
    #[serde(rename = "amount_fen", with = "Money")]
    amount: Fen,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    #[serde(default, with = "Optional::<Device>", skip_serializing_if = "Option::is_none")]
    device: Option<model::Device>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer_person_id: Option<Text>,
    #[serde(default, with = "Optional::<InvoiceNumber>", skip_serializing_if = "Option::is_none")]
    red_of: Option<InvoiceNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<Text>,
}

/// That the lines sum to the whole is not asked: real invoices exist where they do not.
pub(super) fn check(invoice: &model::Invoice) -> Result<(), Refusal> {
    if invoice.lines.len() > INVOICE_LINES_MAX {
        let lines = invoice.lines.len();
        return Err(Refusal::new("lines", format!("has {lines} lines, and may have at most {INVOICE_LINES_MAX}")));
    }
    check::items("lines", &invoice.lines, check_line)?;
    for (field, amount) in [("amount_fen", invoice.amount), ("tax_fen", invoice.tax)] {
        check::money(field, amount)?;
        if invoice.red_of.is_some() && amount > Fen::ZERO {
            let fen = amount.0;
            return Err(Refusal::new(field, format!("{fen} is above zero on a red letter (`red_of` is given)")));
        }
    }
    if let Some(device) = &invoice.device {
        check::optional_text("device.ip", device.ip.as_ref())?;
        check::optional_text("device.mac", device.mac.as_ref())?;
    }
    check::optional_text("issuer_person_id", invoice.issuer_person_id.as_ref())?;
    check::optional_text("remark", invoice.remark.as_ref())
}

/// A line of an invoice.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Line")]
pub(super) struct Line {
    #[serde(with = "Goods")]
    goods_code: GoodsCode,
    goods_name: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<Text>,
    #[serde(default, with = "Optional::<Decimal>", skip_serializing_if = "Option::is_none")]
    quantity: Option<Quantity>,
    #[serde(rename = "amount_fen", with = "Money")]
    amount: Fen,
    #[serde(rename = "rate_bp", with = "Rate")]
    rate: BasisPoints,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
}

fn check_line(line: &model::Line) -> Result<(), Refusal> {
    check::text("goods_name", &line.goods_name)?;
    check::optional_text("spec", line.spec.as_ref())?;
    check::optional_text("unit", line.unit.as_ref())?;
    check::money("amount_fen", line.amount)?;
    check::money("tax_fen", line.tax)
}

/// The device it was issued on.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Device")]
struct Device {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Text>,
}

/// Kind of invoice 发票种类.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::InvoiceKind", rename_all = "snake_case")]
pub(super) enum InvoiceKind {
    Special,
    Ordinary,
    FarmPurchase,
    Toll,
    Vehicle,
    Transport,
    Other,
}

mirrors! { Line: model::Line, Device: model::Device }
