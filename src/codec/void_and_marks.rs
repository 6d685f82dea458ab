//! `invoice_voided`, `invoice_marked_abnormal` and `invoice_mark_lifted` on the wire.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::Form;
use super::identifiers::{Identifier, InvoiceNumber};
use crate::model::{self, InvoiceNo, TaxpayerId, Text};

/// An invoice was voided by its issuer 作废.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::InvoiceVoided")]
pub(super) struct InvoiceVoided {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
}

/// The authority marked an invoice abnormal 异常凭证, or lifted the mark 解除: two events of one shape.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::InvoiceMark")]
pub(super) struct InvoiceMark {
    #[serde(with = "InvoiceNumber")]
    invoice_no: InvoiceNo,
    #[serde(with = "Identifier")]
    seller_id: TaxpayerId,
    reason: Text,
}

pub(super) fn check_mark(fact: &model::InvoiceMark) -> Result<(), Refusal> {
    check::text("reason", &fact.reason)
}
