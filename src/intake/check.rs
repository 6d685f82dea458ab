//! Reads input without doing anything with it, and says what is in it: for `import --check`. Duplicates and what only
//! several events together can show are for the fold to find.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Error, Intake, Mapping, Order};
use crate::model::{Event, Fact, Fen, Instant, Invoice, InvoiceKind, Source, Text, check_character_holds};

/// What was found in some input.
#[derive(Debug, Default)]
pub struct Check {
    /// The files, by number.
    pub file_names: Vec<String>,
    /// Rows that were read; a mapped row may make several events.
    pub rows: u64,
    /// Events by type.
    pub events: BTreeMap<&'static str, u64>,
    /// Rows that are no event.
    pub refused: u64,
    /// The first of them.
    pub first_refused: Vec<RefusedAt>,
    /// Events that somebody should look at, by the code of the doubt; in [`DOUBTS`] stands what each says.
    pub doubtful: BTreeMap<&'static str, Doubtful>,
    /// The earliest event time.
    pub first_at: Option<Instant>,
    /// The latest.
    pub last_at: Option<Instant>,
    /// What ended the reading before its time.
    pub failure: Option<Error>,
}

/// A refused row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedAt {
    /// Which file and line.
    pub source: Source,
    /// What is wrong with it.
    pub reason: Text,
}

/// How often a doubt came up, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubtful {
    /// How many events.
    pub events: u64,
    /// The first of them.
    pub first: Source,
}

/// A doubt about a single event: its code, what it says, and when.
type Doubt = (&'static str, &'static str, fn(&Event) -> bool);

/// The doubts that one event alone can raise, with what each says.
pub const DOUBTS: [Doubt; 6] = [
    ("check_character", "an 18-character taxpayer id has a wrong check character", has_wrong_check_character),
    ("zero_amount", "an invoice has an amount of zero", |event| invoice(event).is_some_and(|i| i.amount == Fen::ZERO)),
    ("negative_without_blue", "a negative invoice does not name the invoice it offsets", |event| {
        invoice(event).is_some_and(|invoice| invoice.amount < Fen::ZERO && invoice.red_of.is_none())
    }),
    ("unlawful_rate", "an invoice line has a tax rate that never existed", |event| {
        invoice(event).is_some_and(|invoice| invoice.lines.iter().any(|line| !line.rate.is_lawful()))
    }),
    ("sums_differ", "the lines of an invoice do not add up to its amount and tax", |event| {
        invoice(event)
            .is_some_and(|invoice| !invoice.lines.is_empty() && sums(invoice) != (invoice.amount, invoice.tax))
    }),
    ("sold_to_itself", "a firm issues an invoice to itself, and it is no farm purchase", |event| {
        invoice(event).is_some_and(|invoice| {
            invoice.buyer_id == Some(invoice.seller_id) && invoice.invoice_kind != InvoiceKind::FarmPurchase
        })
    }),
];

/// Reads everything and counts. Keeps the first `refused_max` refusals. A failure while reading is part of the result,
/// with what was found before it.
pub fn check(inputs: &[PathBuf], mapping: Option<&Mapping>, refused_max: usize) -> Result<Check, Error> {
    let mut intake = Intake::open(inputs, mapping, Order::Given)?;
    let mut check = Check { file_names: intake.file_names().to_vec(), ..Check::default() };
    loop {
        let batch = match intake.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(check),
            Err(failure) => {
                check.failure = Some(failure);
                return Ok(check);
            }
        };
        for input in batch {
            check.rows += u64::from(input.row_head);
            match input.body {
                Ok(event) => check.count(&event, input.source),
                Err(refused) => {
                    check.refused += 1;
                    if check.first_refused.len() < refused_max {
                        check.first_refused.push(RefusedAt { source: refused.source, reason: refused.reason });
                    }
                }
            }
        }
    }
}

impl Check {
    fn count(&mut self, event: &Event, source: Source) {
        *self.events.entry(event.fact.type_name()).or_default() += 1;
        let at = event.occurred_at;
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        self.last_at = self.last_at.max(Some(at));
        for (code, _, holds) in &DOUBTS {
            if holds(event) {
                self.doubtful.entry(code).or_insert(Doubtful { events: 0, first: source }).events += 1;
            }
        }
    }
}

fn invoice(event: &Event) -> Option<&Invoice> {
    if let Fact::InvoiceIssued(invoice) = &event.fact { Some(invoice) } else { None }
}

fn sums(invoice: &Invoice) -> (Fen, Fen) {
    (invoice.lines.iter().map(|line| line.amount).sum(), invoice.lines.iter().map(|line| line.tax).sum())
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
        | Fact::Observed(_) => (event.fact.owner().id, None),
        Fact::OrgDefined(_)
        | Fact::GridDefined(_)
        | Fact::OfficerDefined(_)
        | Fact::TaskActed(_)
        | Fact::RulesPublished(_)
        | Fact::ModelPublished(_) => return false,
    };
    !check_character_holds(first) || second.is_some_and(|second| !check_character_holds(second))
}
