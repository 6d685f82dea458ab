//! What is still to happen: actions by day, small, and turned into events only when their moment comes.

use crate::model::{Fact, Instant, InvoiceKind, Period, Purpose};

use super::calendar::{Calendar, DayNo};
use super::firm::{FirmNo, NOBODY};
use super::identity::InvoiceRef;

/// One thing to happen.
#[derive(Debug)]
pub(super) enum Action {
    /// A firm registers.
    Register(FirmNo),
    /// It gets its quota.
    Grant(FirmNo),
    /// It may issue so large, and so many, from now on.
    Raise(FirmNo, Quota),
    /// It files its return for the month before.
    File(FirmNo),
    /// Anything that needs no more than saying.
    Say(Box<Fact>),
    /// The next invoice along an edge, with its tax in fen.
    Trade(u32, i64),
    /// An invoice of a scheme.
    Issue(Box<Planned>),
    /// What was taken back with a mistake in it is issued again.
    Reissue(Box<Sheet>),
    /// Its issuer voids an invoice.
    Void(Box<Sheet>),
    /// Its issuer offsets an invoice in the month of issue, and mostly issues it again without the mistake.
    Correct(Box<Sheet>),
    /// Its issuer offsets an invoice, by so many thousandths.
    Offset(Box<Sheet>, u16),
    /// A buyer books an invoice.
    Receive(Claim),
    /// A buyer claims its tax.
    Deduct(Claim, Period, Purpose),
    /// A buyer gives a claim back.
    Reverse(Claim, Reason),
    /// The authority marks an invoice abnormal, or lifts the mark.
    Mark(InvoiceRef, bool),
}

/// What a firm may issue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    /// Without tax, in fen.
    pub(super) cap: i64,
    pub(super) monthly_count: u32,
}

/// Why a claim is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The seller offsets the invoice.
    RedLetter,
    /// The goods went to a use that gives no right to deduct.
    PrivateUse,
    /// The invoice was marked abnormal.
    Abnormal,
    /// It was claimed by mistake.
    Mistake,
}

impl Reason {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::RedLetter => "红字专用发票信息表注明的进项税额",
            Self::PrivateUse => "集体福利、个人消费",
            Self::Abnormal => "异常凭证转出进项税额",
            Self::Mistake => "其他应作进项税额转出的情形",
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
    pub(super) nature: Nature,
    /// What a unit costs, in per cent of what is usual.
    pub(super) price_percent: u16,
}

/// What stands behind an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// Goods or services.
    Real,
    /// Goods that leave the country, at a rate of zero.
    Export,
    /// Nothing at all.
    Feigned,
    /// An export that never left.
    FeignedExport,
}

impl Nature {
    pub(super) fn is_export(self) -> bool {
        match self {
            Self::Export | Self::FeignedExport => true,
            Self::Real | Self::Feigned => false,
        }
    }

    pub(super) fn is_feigned(self) -> bool {
        match self {
            Self::Feigned | Self::FeignedExport => true,
            Self::Real | Self::Export => false,
        }
    }
}

/// An invoice that a scheme will issue.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) seller: FirmNo,
    pub(super) buyer: FirmNo,
    pub(super) kind: InvoiceKind,
    pub(super) good: usize,
    /// Without tax, in fen.
    pub(super) amount: i64,
    pub(super) nature: Nature,
    pub(super) price_percent: u16,
    pub(super) then: Then,
    pub(super) mark: Option<Mark>,
}

impl Planned {
    /// A special invoice with nothing behind it, which its buyer books and deducts as any.
    pub(super) fn feigned(seller: FirmNo, buyer: FirmNo, good: usize, amount: i64) -> Self {
        let (nature, then) = (Nature::Feigned, Then::Usual);
        let kind = InvoiceKind::Special;
        Self { seller, buyer, kind, good, amount, nature, price_percent: 100, then, mark: None }
    }

    /// A special invoice for goods that were delivered.
    pub(super) fn real(seller: FirmNo, buyer: FirmNo, good: usize, amount: i64) -> Self {
        Self { nature: Nature::Real, ..Self::feigned(seller, buyer, good, amount) }
    }

    /// A purchase voucher for produce that nobody delivered.
    pub(super) fn voucher(firm: FirmNo, good: usize, amount: i64, price_percent: u16) -> Self {
        Self { kind: InvoiceKind::FarmPurchase, price_percent, ..Self::feigned(firm, firm, good, amount) }
    }

    /// An invoice to a customer abroad, at a rate of zero.
    pub(super) fn exported(seller: FirmNo, good: usize, amount: i64, nature: Nature) -> Self {
        Self { kind: InvoiceKind::Ordinary, nature, ..Self::feigned(seller, NOBODY, good, amount) }
    }
}

/// What the authority will do about an invoice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) at: Instant,
    /// When the mark is lifted again.
    pub(super) lifted_at: Option<Instant>,
    /// When a buyer who has deducted it gives the claim back.
    pub(super) reversed_at: Option<Instant>,
}

/// What follows an invoice.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// What follows any: receipt and deduction.
    Usual,
    /// The same, and the deduction is a claim for a refund of tax on exports.
    Refund,
    /// Just this.
    Exactly(Vec<(Instant, Step)>),
}

/// One thing that follows an invoice of a scheme.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Receive,
    Deduct(Period),
    Reverse,
    Void,
    /// By so many thousandths.
    Offset(u16),
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
