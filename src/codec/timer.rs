//! Timers and continuations on the wire: what an entity tells itself later.

use serde::{Deserialize, Serialize};

use super::accusation::Taint;
use super::form::{Boxed, Form, List, Optional, mirrors};
use super::identifiers::{Identifier, IdentifierOrEmpty, InvoiceNumber};
use super::measures::{Moment, Money, Month};
use super::vector::Vector;
use crate::model::{self, Fen, Id, Instant, InvoiceNo, Period, TaxpayerId};

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
    Closing,
    MonthPassed {
        #[serde(with = "Month")]
        period: Period,
    },
    RulesChanged,
    Verification {
        #[serde(with = "Month")]
        period: Period,
    },
}

/// Where a step stopped.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Continue")]
pub(super) enum Continue {
    Taint {
        #[serde(with = "Boxed::<Taint>")]
        taint: Box<model::Taint>,
        #[serde(with = "IdentifierOrEmpty")]
        after: TaxpayerId,
    },
    Timers,
    Settle {
        #[serde(with = "Vector")]
        left: model::Vector,
        #[serde(with = "Moment")]
        issued_at: Instant,
    },
    Reds {
        #[serde(with = "InvoiceNumber")]
        blue_no: InvoiceNo,
    },
    Unsettle {
        #[serde(with = "Identifier")]
        origin: TaxpayerId,
        #[serde(rename = "tax_fen", with = "Money")]
        tax: Fen,
        #[serde(with = "Moment")]
        issued_at: Instant,
        number: u32,
    },
    Behind {
        #[serde(with = "Identifier")]
        named: TaxpayerId,
        #[serde(with = "IdentifierOrEmpty")]
        after: TaxpayerId,
        #[serde(with = "Moment")]
        at: Instant,
    },
    Bursts {
        #[serde(with = "Month")]
        after: Period,
        #[serde(with = "Moment")]
        at: Instant,
    },
    Moved {
        #[serde(with = "List::<Passage>")]
        passages: Vec<model::Passage>,
        #[serde(with = "IdentifierOrEmpty")]
        after: TaxpayerId,
        #[serde(with = "Moment")]
        at: Instant,
    },
    Closing(#[serde(with = "Closing")] model::Closing),
    Kind {
        #[serde(default, with = "Optional::<InvoiceNumber>")]
        after: Option<InvoiceNo>,
        place: u64,
    },
    Gone {
        #[serde(default, with = "Optional::<InvoiceNumber>")]
        after: Option<InvoiceNo>,
    },
    Judge {
        #[serde(with = "List::<Month>")]
        months: Vec<Period>,
        #[serde(with = "Moment")]
        at: Instant,
    },
    Share {
        #[serde(with = "IdentifierOrEmpty")]
        after: TaxpayerId,
    },
    RulesChanged {
        #[serde(with = "IdentifierOrEmpty")]
        after: Id,
        #[serde(with = "Moment")]
        at: Instant,
    },
    Pass(#[serde(with = "Pass")] model::Pass),
    Weigh {
        #[serde(with = "Month")]
        after: Period,
        #[serde(with = "Moment")]
        at: Instant,
    },
}

/// How far a pass through a firm's sales has come.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Pass")]
struct Pass {
    #[serde(default, with = "Optional::<InvoiceNumber>")]
    after: Option<InvoiceNo>,
    #[serde(default, with = "Optional::<Month>")]
    month: Option<Period>,
    #[serde(with = "Moment")]
    at: Instant,
}

/// Value in one name that goes to one buyer.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Passage")]
struct Passage {
    #[serde(with = "Identifier")]
    named: TaxpayerId,
    #[serde(with = "Identifier")]
    buyer: TaxpayerId,
}

/// How far the invoices of closed months have been looked through.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Closing")]
struct Closing {
    held: bool,
    #[serde(default, with = "Optional::<InvoiceNumber>")]
    after: Option<InvoiceNo>,
    place: u64,
    open: bool,
}

mirrors! { Continue: model::Continue, Passage: model::Passage }
