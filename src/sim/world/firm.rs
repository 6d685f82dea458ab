//! A firm: who it is and how it behaves. What it trades is in `trade`, what it owes in `ledger`.

use crate::model::{
    CreditGrade, Date, Device, Fact, Fen, Instant, InvoiceKind, InvoiceQuotaGranted, Period, Person, Role, TaxpayerId,
    TaxpayerKind, TaxpayerRegistered, Text,
};

use super::agenda::Quota;
use super::calendar::{DayNo, Hours, Season};
use super::goods::{GOODS, INDUSTRIES, Industry, Tier};
use super::identity::{self, InvoiceRef, REGIONS};

/// The place of a firm in the list of all.
pub(super) type FirmNo = u32;
/// No firm: the buyer is a natural person.
pub(super) const NOBODY: FirmNo = FirmNo::MAX;

/// How a firm files its returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filing {
    /// What its invoices say, and what it sold without one.
    Honest,
    /// Nothing sold, nothing owed.
    Zero,
    /// Not at all.
    Never,
    /// What it invoiced, and nothing of what went without an invoice.
    InvoicesOnly,
    /// So many per cent of its sales are left out.
    Understated(u8),
    /// Input tax is so many per cent more than what it claimed.
    Overclaimed(u8),
}

/// One firm.
#[derive(Clone, Debug)]
pub(super) struct Firm {
    pub(super) id: TaxpayerId,
    /// Its place in `INDUSTRIES`.
    pub(super) industry: usize,
    pub(super) kind: TaxpayerKind,
    /// Its place in `REGIONS`.
    pub(super) region: usize,
    pub(super) registered_on: Date,
    /// The day its registration is heard of; 0 for a firm older than the journal.
    pub(super) born: DayNo,
    /// Whether it is older than the journal.
    pub(super) established: bool,
    pub(super) capital: Fen,
    pub(super) grade: Option<CreditGrade>,
    /// Legal representative, finance officer, tax handler, invoice collector.
    pub(super) people: [u32; 4],
    /// Which address it has: firms with one number share a room.
    pub(super) site: u32,
    /// Which machine it issues from, and behind which network address.
    pub(super) device: u32,
    pub(super) network: u32,
    /// Whose phone all its people give; 0 where each gives their own.
    pub(super) contact: u32,
    /// Whether it still issues on tax-control equipment.
    pub(super) paper: bool,
    /// Input tax over output tax in a usual year, in per cent; no input is deducted by a small-scale taxpayer.
    pub(super) input_percent: i64,
    /// Output tax a year to those who do not deduct, in fen.
    pub(super) end_sales_tax: i64,
    /// Of what it sells to those who do not deduct, the share that goes without an invoice, in per cent.
    pub(super) uninvoiced_percent: u8,
    /// Output a year that leaves the country, as tax it would bear at home, in fen.
    pub(super) export_tax: i64,
    /// The share of its output that leaves the country, in basis points: so much of its input tax is refunded.
    pub(super) refund_bp: u64,
    pub(super) season: Season,
    pub(super) hours: Hours,
    /// The most an invoice may carry without tax, in fen.
    pub(super) cap: i64,
    pub(super) monthly_count: u32,
    /// The largest invoice a scheme has planned for it, in fen: its cap must allow it.
    pub(super) planned_amount: i64,
    /// What it charges while it is small-scale, in basis points.
    pub(super) small_rate_bp: i32,
    /// Invoices near the cap: the most a sale carries on one sheet, in per cent of the largest sale.
    pub(super) sheet_percent: i64,
    /// A larger quota is asked for on this day.
    pub(super) raised: Option<(DayNo, Quota)>,
    /// Voided in the month of issue, in basis points of its invoices on paper.
    pub(super) voids_bp: u64,
    /// Red letters in the month of issue, in basis points of its invoices.
    pub(super) returns_bp: u64,
    /// Returns filed late or with a mistake in them, in basis points.
    pub(super) careless_bp: u64,
    pub(super) filing: Filing,
    /// From which period on it files so, and not honestly.
    pub(super) filing_since: Period,
    /// People on its payroll, and the power it uses in per cent of what its trade takes.
    pub(super) staff: i64,
    pub(super) power_percent: i64,
    /// From when on it does nothing any more.
    pub(super) gone: Option<Instant>,
    /// The day from which on it trades no more, and is wound up.
    pub(super) closes: Option<DayNo>,
    /// The day of the month by which it has filed.
    pub(super) filing_day: u32,
    /// Already has a part to play: schemes leave it alone.
    pub(super) cast: bool,
    /// How many invoices it has issued.
    pub(super) serial: u32,
}

impl Firm {
    pub(super) fn line_of_business(&self) -> &'static Industry {
        &INDUSTRIES[self.industry]
    }

    pub(super) fn tier(&self) -> Tier {
        self.line_of_business().tier
    }

    pub(super) fn is_general(&self) -> bool {
        self.kind == TaxpayerKind::General
    }

    pub(super) fn region_code(&self) -> &'static str {
        REGIONS[self.region].0
    }

    /// The rate at which it sells a good, in basis points.
    pub(super) fn rate_bp(&self, good: usize) -> i32 {
        match self.kind {
            TaxpayerKind::General => GOODS[good].rate_bp,
            TaxpayerKind::SmallScale => self.small_rate_bp,
        }
    }

    /// Names its next invoice.
    pub(super) fn next_invoice(&mut self, own: FirmNo, year: u8) -> InvoiceRef {
        self.serial += 1;
        InvoiceRef { seller: own, serial: self.serial, year, paper: self.paper }
    }

    /// How it files for a period.
    pub(super) fn filing_for(&self, period: Period) -> Filing {
        if period < self.filing_since { Filing::Honest } else { self.filing }
    }

    /// What it issues from, if the source says so.
    pub(super) fn device(&self, seed: u64) -> Option<Device> {
        (!self.paper).then(|| Device {
            ip: Some(identity::network_address(seed, self.network)),
            mac: Some(identity::hardware_address(seed, self.device)),
        })
    }

    /// Its people, as an event names them.
    pub(super) fn named_people(&self, seed: u64) -> Vec<Person> {
        const ROLES: [Role; 4] =
            [Role::LegalRepresentative, Role::FinanceOfficer, Role::TaxHandler, Role::InvoiceCollector];
        let person = |(role, number)| Person {
            role,
            person_id: identity::person_id(seed, number),
            phone: Some(identity::phone(seed, if self.contact == 0 { number } else { self.contact })),
        };
        ROLES.into_iter().zip(self.people).map(person).collect()
    }

    /// Its registration.
    pub(super) fn registration(&self, seed: u64, own: FirmNo) -> Fact {
        let (region, region_name) = REGIONS[self.region];
        let word = self.line_of_business().word;
        let street: Text = format!("{region}{:03}", 1 + self.site % 12).into();
        Fact::TaxpayerRegistered(Box::new(TaxpayerRegistered {
            taxpayer_id: self.id,
            name: identity::firm_name(seed, own, region_name, word, !self.is_general()),
            registered_on: self.registered_on,
            industry: self.line_of_business().code.into(),
            region: region.into(),
            street: Some(street),
            address: identity::address(seed, self.site, region_name),
            capital: self.capital,
            kind: self.kind,
            credit_grade: self.grade,
            people: self.named_people(seed),
        }))
    }

    /// Its quota of special invoices.
    pub(super) fn quota(&self) -> Fact {
        Fact::InvoiceQuotaGranted(InvoiceQuotaGranted {
            taxpayer_id: self.id,
            invoice_kind: InvoiceKind::Special,
            max_amount: Fen(self.cap),
            monthly_count: self.monthly_count,
        })
    }

    /// Does nothing of its own accord that would blur what it is cast for.
    pub(super) fn behave(&mut self) {
        (self.careless_bp, self.returns_bp, self.closes, self.raised) = (0, self.returns_bp.min(100), None, None);
    }

    /// Asks for more sheets shortly before a day: how many, is known when its quota is.
    pub(super) fn asks_before(&mut self, day: DayNo) {
        self.raised = Some((day.saturating_sub(5), Quota { cap: 0, monthly_count: 0 }));
    }

    /// Whether it has closed by a day.
    pub(super) fn is_closed(&self, day: DayNo) -> bool {
        self.closes.is_some_and(|closes| closes <= day)
    }
}

/// The place of a firm in a list.
pub(super) fn index(firm: FirmNo) -> usize {
    firm as usize
}
