//! What the holder of an invoice is told of it: that it arrived, was voided, met its red letter, was marked, or
//! became abnormal in turn.

use serde::{Deserialize, Serialize};

use super::form::{Form, List, Optional, mirrors};
use super::identifiers::{Identifier, InvoiceNumber};
use super::invoice_issued::InvoiceKind;
use super::measures::{Moment, Money, Month};
use super::quantity::Goods;
use super::vector::Vector;
use crate::model::{self, Fen, GoodsCode, Instant, InvoiceNo, Period, TaxpayerId};

/// An invoice as its buyer gets it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Arrival")]
pub(super) struct Arrival {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "InvoiceKind")]
    invoice_kind: model::InvoiceKind,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    #[serde(with = "Moment")]
    issued_at: Instant,
    #[serde(rename = "amount_fen", with = "Money")]
    amount: Fen,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    #[serde(default, with = "Optional::<InvoiceNumber>", skip_serializing_if = "Option::is_none")]
    red_of: Option<InvoiceNo>,
    #[serde(default, with = "Optional::<Moment>", skip_serializing_if = "Option::is_none")]
    voided_at: Option<Instant>,
    #[serde(with = "List::<GoodsAmount>")]
    goods: Vec<model::GoodsAmount>,
    #[serde(with = "Vector")]
    vector: model::Vector,
}

/// How much of an invoice is of one code.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::GoodsAmount")]
struct GoodsAmount {
    #[serde(rename = "goods_code", with = "Goods")]
    code: GoodsCode,
    #[serde(rename = "amount_fen", with = "Money")]
    amount: Fen,
}

/// A void, as the holder learns of it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Voided")]
pub(super) struct Voided {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    #[serde(with = "Moment")]
    voided_at: Instant,
    #[serde(with = "Vector")]
    returned: model::Vector,
}

/// What a red letter takes back of an invoice, or lets go out again.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Returned")]
pub(super) struct Returned {
    #[serde(with = "InvoiceNumber")]
    red_no: InvoiceNo,
    #[serde(with = "InvoiceNumber")]
    blue_no: InvoiceNo,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    #[serde(with = "Moment")]
    at: Instant,
    #[serde(with = "Vector")]
    returned: model::Vector,
    #[serde(with = "Vector")]
    restored: model::Vector,
}

/// A mark of the authority on an invoice, set or lifted.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Marked")]
pub(super) struct Marked {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    #[serde(with = "Moment")]
    at: Instant,
    abnormal: bool,
}

/// What the holder of an invoice that was taken back had deducted of it, and keeps.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Claimed")]
pub(super) struct Claimed {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    buyer_id: TaxpayerId,
    #[serde(rename = "tax_fen", with = "Money")]
    tax: Fen,
    is_void: bool,
    #[serde(with = "Moment")]
    at: Instant,
}

/// Whether an invoice is abnormal in turn, because of what its issuer deducted.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Abnormal")]
pub(super) struct Abnormal {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    #[serde(with = "Month")]
    period: Period,
    rank: u64,
    #[serde(with = "Moment")]
    at: Instant,
}

mirrors! {
    Arrival: model::Arrival,
    GoodsAmount: model::GoodsAmount,
    Voided: model::Voided,
    Returned: model::Returned,
    Claimed: model::Claimed,
}
