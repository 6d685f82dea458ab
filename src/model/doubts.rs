//! The doubts that one event alone can raise: their codes, and when each holds. The fold says them of what it folds, and
//! `import --check` of what it only reads, by the same names. Doubts that take several events are the fold's alone.

use super::{BasisPoints, Event, Fact, Fen, Invoice, InvoiceKind, InvoiceNo, check_character_holds};

/// A doubt about a single event.
#[derive(Clone, Copy, Debug)]
pub struct EventDoubt {
    /// Stable code, never reused.
    pub code: &'static str,
    /// What it says, in a line.
    pub meaning: &'static str,
    /// Whether an event raises it.
    pub holds: fn(&Event) -> bool,
    /// What the fold says of such an event, where it says so of the event: of a taxpayer id it says so once, when it meets
    /// the taxpayer.
    pub reason: Option<fn(&Event) -> String>,
}

impl EventDoubt {
    /// What the fold says of an event, and of which invoice.
    pub fn said_of(&self, event: &Event) -> Option<(Option<InvoiceNo>, String)> {
        let reason = self.reason.filter(|_| (self.holds)(event))?;
        Some((issued_or_voided(event), reason(event)))
    }
}

/// Said by the fold of a taxpayer, and not of each event that names it.
pub const CHECK_CHARACTER: &str = "check_character";
/// Said by the fold, too, of a red letter that does name its invoice, and has waited for it in vain.
pub const RED_WITHOUT_BLUE: &str = "red_without_blue";

/// All of them, by code.
pub const EVENT_DOUBTS: [EventDoubt; 7] = [
    EventDoubt {
        code: CHECK_CHARACTER,
        meaning: "an 18-character taxpayer id has a wrong check character",
        holds: has_wrong_check_character,
        reason: None,
    },
    EventDoubt {
        code: "digital_invoice_voided",
        meaning: "a fully digital invoice is voided, and such are red-lettered",
        holds: |event| matches!(&event.fact, Fact::InvoiceVoided(void) if is_fully_digital(void.invoice_no)),
        reason: Some(|event| {
            format!("invoice {} is fully digital, and such are red-lettered, never voided", named(event))
        }),
    },
    EventDoubt {
        code: "lines_do_not_add_up",
        meaning: "the lines of an invoice do not add up to its amount and tax",
        holds: |event| invoice(event).is_some_and(|invoice| !adds_up(invoice)),
        reason: Some(|event| {
            let lines = || invoice(event).into_iter().flat_map(|invoice| invoice.lines.iter());
            let (amount, tax): (Fen, Fen) = (lines().map(|line| line.amount).sum(), lines().map(|line| line.tax).sum());
            let (says, says_tax) = invoice(event).map(|invoice| (invoice.amount, invoice.tax)).unwrap_or_default();
            format!(
                "the lines of invoice {} add up to {amount} and tax {tax}, the invoice says {says} and {says_tax}",
                named(event)
            )
        }),
    },
    EventDoubt {
        code: RED_WITHOUT_BLUE,
        meaning: "a red letter does not name the invoice it offsets",
        holds: |event| {
            let negative = |invoice: &Invoice| invoice.amount < Fen::ZERO || invoice.tax < Fen::ZERO;
            invoice(event).is_some_and(|invoice| negative(invoice) && invoice.red_of.is_none())
        },
        reason: Some(|event| format!("red letter {} names no invoice that it offsets", named(event))),
    },
    EventDoubt {
        code: "sold_to_itself",
        meaning: "a firm issues an invoice to itself, and it is no farm purchase",
        holds: |event| invoice(event).is_some_and(is_sold_to_itself),
        reason: None,
    },
    EventDoubt {
        code: "unknown_rate",
        meaning: "an invoice line has a tax rate that never existed",
        holds: |event| unlawful_rate(event).is_some(),
        reason: Some(|event| {
            let rate = unlawful_rate(event).unwrap_or_default();
            format!("invoice {} has a rate of {} bp, which never existed", named(event), rate.0)
        }),
    },
    EventDoubt {
        code: "zero_amount",
        meaning: "an invoice has an amount of zero",
        holds: |event| invoice(event).is_some_and(|invoice| invoice.amount == Fen::ZERO),
        reason: Some(|event| format!("invoice {} has no amount", named(event))),
    },
];

fn is_fully_digital(no: InvoiceNo) -> bool {
    no.as_str().len() == 20 && no.as_str().bytes().all(|byte| byte.is_ascii_digit())
}

fn is_sold_to_itself(invoice: &Invoice) -> bool {
    invoice.buyer_id == Some(invoice.seller_id) && invoice.invoice_kind != InvoiceKind::FarmPurchase
}

/// The first rate of an invoice's lines that never existed.
fn unlawful_rate(event: &Event) -> Option<BasisPoints> {
    invoice(event)?.lines.iter().map(|line| line.rate).find(|rate| !rate.is_lawful())
}

/// The invoice that an event issues or voids.
fn issued_or_voided(event: &Event) -> Option<InvoiceNo> {
    if let Fact::InvoiceVoided(void) = &event.fact { Some(void.invoice_no) } else { Some(invoice(event)?.invoice_no) }
}

/// The same, as a sentence names it.
fn named(event: &Event) -> InvoiceNo {
    issued_or_voided(event).expect("a sentence about an invoice is said where its doubt holds")
}

/// Whether the lines of an invoice come to its totals. One without lines has nothing to add up.
fn adds_up(invoice: &Invoice) -> bool {
    let amount: Fen = invoice.lines.iter().map(|line| line.amount).sum();
    let tax: Fen = invoice.lines.iter().map(|line| line.tax).sum();
    invoice.lines.is_empty() || (amount, tax) == (invoice.amount, invoice.tax)
}

fn invoice(event: &Event) -> Option<&Invoice> {
    if let Fact::InvoiceIssued(invoice) = &event.fact { Some(invoice) } else { None }
}

fn has_wrong_check_character(event: &Event) -> bool {
    let (first, second) = match &event.fact {
        Fact::InvoiceIssued(fact) => (fact.seller_id, fact.buyer_id),
        Fact::InvoiceReceived(fact) => (fact.buyer_id, fact.seller_id),
        Fact::InvoiceDeducted(fact) => (fact.buyer_id, fact.seller_id),
        Fact::DeductionReversed(fact) => (fact.buyer_id, fact.seller_id),
        Fact::TaxpayerChanged(fact) => (fact.taxpayer_id, fact.former_taxpayer_id),
        Fact::TaxpayerRegistered(_)
        | Fact::TaxpayerStatusChanged(_)
        | Fact::InvoiceQuotaGranted(_)
        | Fact::InvoiceVoided(_)
        | Fact::InvoiceMarkedAbnormal(_)
        | Fact::InvoiceMarkLifted(_)
        | Fact::TaxpayerVerified(_)
        | Fact::VatDeclared(_)
        | Fact::Observed(_) => (event.owner().id, None),
        Fact::OrgDefined(_)
        | Fact::GridDefined(_)
        | Fact::OfficerDefined(_)
        | Fact::TaskActed(_)
        | Fact::RulesPublished(_)
        | Fact::ModelPublished(_) => return false,
    };
    !check_character_holds(first) || second.is_some_and(|second| !check_character_holds(second))
}
