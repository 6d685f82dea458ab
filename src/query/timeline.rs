//! Everything that happened to a taxpayer, in order of time: noted facts, invoices of both sides, claims and findings.

use super::error::Error;
use super::facts::sentence;
use super::folder::Folder;
use super::words;
use crate::model::{Entity, Fen, Id, Instant, InvoiceNo, SignalStatus, TaxpayerId};
use crate::state::{ClaimKind, Held, Issued, Key, Side, SignalRow};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// Of which kind: an event type of the contract, `found` or `withdrawn`.
    pub kind: &'static str,
    /// A sentence.
    pub text: String,
    /// The tax it is about.
    pub tax: Option<Fen>,
}

/// What happened last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// How many earlier ones were left out.
    pub left_out: usize,
}

/// What happened to a taxpayer up to a time; the last `limit` of it, or all where that is 0.
pub fn timeline(folder: &Folder, id: TaxpayerId, until: Instant, limit: usize) -> Result<Timeline, Error> {
    let id = folder.subject(id)?;
    let mut last = Last { until, limit, entries: Vec::new(), left_out: 0 };
    for noted in folder.noted(id, until)? {
        let kind = noted.event.fact.type_name();
        last.take(noted.event.occurred_at, kind, None, || sentence(&noted.event.fact));
    }
    let entity = Entity::taxpayer(id);
    let held = Key::Held { invoice_no: InvoiceNo::FIRST, place: 0 };
    folder.each_row(entity, Key::Issued(InvoiceNo::FIRST), held, |key, row: Issued| {
        if let Key::Issued(no) = key {
            issued(&mut last, no, &row);
        }
        true
    })?;
    folder.each_row(entity, held, Key::Partner(Side::Sold, Id::EMPTY), |key, row: Held| {
        if let Key::Held { invoice_no, .. } = key {
            held_by(&mut last, invoice_no, row.seller_id, &row);
        }
        true
    })?;
    folder.each_row(entity, Key::Signal(Id::EMPTY), Key::Task, |_, row: SignalRow| {
        let signal = row.0;
        let about = words::about(&signal.about);
        let (code, score) = (&signal.typology, signal.score);
        // The row knows what the finding says now, not what it said when it was raised.
        let now = if signal.version > 1 { " now" } else { "" };
        last.take(signal.raised_at, "found", Some(signal.stake), || format!("{code}: {about}, score{now} {score}"));
        if let (SignalStatus::Withdrawn, Some(at)) = (signal.status, signal.withdrawn_at) {
            last.take(at, "withdrawn", Some(signal.stake), || format!("{code}: {about}"));
        }
        true
    })?;
    Ok(last.end())
}

fn issued(last: &mut Last, no: InvoiceNo, row: &Issued) {
    if let Some(issue) = row.issue {
        let kind = words::invoice_kind(issue.invoice_kind);
        let buyer = issue.buyer_id.map_or("a natural person".into(), |buyer| buyer.to_string());
        last.take(issue.issued_at, "invoice_issued", Some(issue.tax), || match issue.red_of {
            Some(blue) => format!("red letter {no} to {buyer} offsets {blue}, amount {}", issue.amount.grouped()),
            None => format!("{kind} invoice {no} to {buyer}, amount {}", issue.amount.grouped()),
        });
    }
    if let Some(void) = row.void {
        let tax = row.issue.map(|issue| issue.tax);
        last.take(void.at, "invoice_voided", tax, || format!("its invoice {no} is voided"));
    }
}

fn held_by(last: &mut Last, no: InvoiceNo, seller: TaxpayerId, row: &Held) {
    let of = if seller.is_empty() { String::new() } else { format!(" of {seller}") };
    if let Some(arrived) = row.arrived {
        let kind = words::invoice_kind(arrived.invoice_kind);
        last.take(arrived.issued_at, "arrived", Some(arrived.tax), || match arrived.red_of {
            Some(blue) => format!("red letter {no}{of} offsets {blue}, amount {}", arrived.amount.grouped()),
            None => format!("{kind} invoice {no}{of}, amount {}", arrived.amount.grouped()),
        });
    }
    if let Some(voided_at) = row.voided_at {
        last.take(voided_at, "arrived_void", None, || format!("invoice {no}{of} is voided by its issuer"));
    }
    if let Some(mark) = row.mark {
        let what = if mark.abnormal { "is marked abnormal" } else { "is no longer marked abnormal" };
        last.take(mark.at, "arrived_mark", None, || format!("invoice {no}{of} {what}"));
    }
    if let Some(received) = row.received {
        last.take(received.at, "invoice_received", None, || format!("books invoice {no}{of}"));
    }
    for claim in &row.claims {
        match claim.kind {
            ClaimKind::Deduct(purpose) => {
                let (purpose, period) = (words::purpose(purpose), claim.period);
                let text = || format!("claims invoice {no}{of} for {period}: {purpose}");
                last.take(claim.at, "invoice_deducted", Some(claim.tax), text);
            }
            ClaimKind::Reverse(_) => {
                let text = || format!("gives back the claim on invoice {no}{of} of {}", claim.period);
                last.take(claim.at, "deduction_reversed", Some(claim.tax), text);
            }
        }
    }
}

/// The last so many entries up to a time.
struct Last {
    until: Instant,
    limit: usize,
    entries: Vec<Entry>,
    left_out: usize,
}

/// Room beyond the limit, so that sorting is rare.
const SLACK: usize = 4_096;

impl Last {
    fn take(&mut self, at: Instant, kind: &'static str, tax: Option<Fen>, text: impl FnOnce() -> String) {
        if at > self.until {
            return;
        }
        self.entries.push(Entry { at, kind, text: text(), tax });
        if self.limit > 0 && self.entries.len() >= self.limit.saturating_add(SLACK) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        // Stable: what happened at one moment stays in the order of its kinds.
        self.entries.sort_by_key(|entry| entry.at);
        if self.limit > 0 && self.entries.len() > self.limit {
            let extra = self.entries.len() - self.limit;
            self.entries.drain(..extra);
            self.left_out += extra;
        }
    }

    fn end(mut self) -> Timeline {
        self.cut();
        Timeline { entries: self.entries, left_out: self.left_out }
    }
}
