//! Timers and continuations on the wire: what an entity tells itself later.

use serde::{Deserialize, Serialize};

use super::accusation::Taint;
use super::form::{Form, mirrors};
use super::identifiers::{Identifier, IdentifierOrEmpty, InvoiceNumber};
use crate::model::{self, InvoiceNo, TaxpayerId};

/// What a time was set for.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Timer")]
pub(super) enum Timer {
    Claim {
        #[serde(with = "InvoiceNumber")]
        invoice_no: InvoiceNo,
        #[serde(with = "IdentifierOrEmpty")]
        seller_id: TaxpayerId,
    },
    RedLetter {
        #[serde(with = "InvoiceNumber")]
        red_no: InvoiceNo,
    },
    CasePublished,
}

/// Where a step stopped.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Continue")]
pub(super) enum Continue {
    Taint {
        #[serde(with = "Taint")]
        taint: model::Taint,
        #[serde(with = "Identifier")]
        after: TaxpayerId,
    },
    Timers,
}

mirrors! { Continue: model::Continue }
