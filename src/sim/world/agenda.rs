//! What is still to happen: actions by day, small, and turned into events only when their moment comes.

use crate::model::{Fact, Instant, InvoiceKind, Period};

use super::calendar::{Calendar, DayNo};
use super::firm::FirmNo;
use super::identity::InvoiceRef;

/// One thing to happen.
#[derive(Debug)]
pub(super) enum Action {
    /// A firm registers.
    Register(FirmNo),
    /// It gets its quota.
    Grant(FirmNo),
    /// It files its return for the month before.
    File(FirmNo),
    /// Anything that needs no more than saying.
    Say(Box<Fact>),
    /// The next invoice along an edge, with its tax in fen.
    Trade(u32, i64),
    /// An invoice of a scheme.
    Issue(Box<Planned>),
    /// Its issuer voids an invoice.
    Void(Box<Sheet>),
    /// Its issuer offsets an invoice, by so many thousandths.
    Offset(Box<Sheet>, u16),
    /// A buyer books an invoice.
    Receive(Claim),
    /// A buyer claims its tax.
    Deduct(Claim, Period),
    /// A buyer gives a claim back.
    Reverse(Claim, Reason),
}

/// Why a claim is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The seller offsets the invoice.
    RedLetter,
    /// The goods went to a use that gives no right to deduct.
    PrivateUse,
}

impl Reason {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::RedLetter => "红字专用发票信息表注明的进项税额",
            Self::PrivateUse => "集体福利、个人消费",
        }
    }
}

/// An invoice as its buyer sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) invoice: InvoiceRef,
    pub(super) buyer: FirmNo,
    /// In fen.
    pub(super) tax: i64,
}

/// An invoice as its seller writes it: all that is needed to write it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sheet {
    pub(super) invoice: InvoiceRef,
    pub(super) buyer: FirmNo,
    pub(super) kind: InvoiceKind,
    /// What its first line is about: a place in `GOODS`.
    pub(super) good: usize,
    /// Whether it may have other lines.
    pub(super) mixed: bool,
    /// Without tax, in fen.
    pub(super) amount: i64,
}

/// An invoice that a scheme will issue.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) seller: FirmNo,
    pub(super) buyer: FirmNo,
    pub(super) good: usize,
    /// Without tax, in fen.
    pub(super) amount: i64,
    pub(super) then: Then,
}

/// What follows an invoice.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// What follows any: receipt and deduction.
    Usual,
    /// Just this.
    Exactly(Vec<(Instant, Step)>),
}

/// One thing that follows an invoice of a scheme.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Receive,
    Deduct(Period),
    Void,
}

/// An action and its moment.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Instant,
    pub(super) action: Action,
}

/// All entries, by day. What falls beyond the last day is forgotten.
#[derive(Default)]
pub(super) struct Agenda {
    days: Vec<Vec<Entry>>,
}

impl Agenda {
    pub(super) fn new(calendar: &Calendar) -> Self {
        Self { days: calendar.days.iter().map(|_| Vec::new()).collect() }
    }

    pub(super) fn add(&mut self, calendar: &Calendar, at: Instant, action: Action) {
        if let Some(day) = self.days.get_mut(calendar.day_of(at)) {
            day.push(Entry { at, action });
        }
    }

    /// Everything of one day, unsorted; nothing is left of it here.
    pub(super) fn take(&mut self, day: DayNo) -> Vec<Entry> {
        self.days.get_mut(day).map(std::mem::take).unwrap_or_default()
    }

    /// How many invoices schemes have planned.
    pub(super) fn planned_invoices(&self) -> u64 {
        let issues = self.days.iter().flatten().filter(|entry| matches!(entry.action, Action::Issue(_)));
        issues.count() as u64
    }
}
