//! A firm: who it is and how it behaves. What it trades is in `trade`, what it owes in `ledger`.

use crate::model::{
    CreditGrade, Date, Device, Fact, Fen, Instant, InvoiceKind, InvoiceQuotaGranted, Person, Role, TaxpayerId,
    TaxpayerKind, TaxpayerRegistered, Text,
};

use super::calendar::{DayNo, Season};
use super::goods::{GOODS, INDUSTRIES, Industry, Tier};
use super::identity::{self, InvoiceRef, REGIONS};

/// The place of a firm in the list of all.
pub(super) type FirmNo = u32;
/// No firm: the buyer is a natural person.
pub(super) const NOBODY: FirmNo = FirmNo::MAX;

/// How a firm files its returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filing {
    /// What its invoices say.
    Honest,
    /// Nothing sold, nothing owed.
    Zero,
    /// Not at all.
    Never,
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
    /// Which device it issues from.
    pub(super) device: u32,
    /// Whether it still issues on tax-control equipment.
    pub(super) paper: bool,
    /// Input tax over output tax in a usual year, in per cent; no input is deducted by a small-scale taxpayer.
    pub(super) input_percent: i64,
    /// Output tax a year to those who do not deduct, in fen.
    pub(super) end_sales_tax: i64,
    pub(super) season: Season,
    /// The most an invoice may carry without tax, in fen.
    pub(super) cap: i64,
    pub(super) monthly_count: u32,
    /// The largest invoice a scheme has planned for it, in fen: its cap must allow it.
    pub(super) planned_amount: i64,
    /// What it charges while it is small-scale, in basis points.
    pub(super) small_rate_bp: i32,
    /// Red letters in the month of issue, in basis points of its invoices.
    pub(super) returns_bp: u64,
    pub(super) filing: Filing,
    /// From when on it does nothing any more.
    pub(super) gone: Option<Instant>,
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

    /// What it issues from, if the source says so.
    pub(super) fn device(&self, seed: u64) -> Option<Device> {
        (!self.paper).then(|| {
            let (ip, mac) = identity::device(seed, self.device);
            Device { ip: Some(ip), mac: Some(mac) }
        })
    }

    /// The people of `people`, as an event names them.
    pub(super) fn named_people(seed: u64, people: [u32; 4]) -> Vec<Person> {
        const ROLES: [Role; 4] =
            [Role::LegalRepresentative, Role::FinanceOfficer, Role::TaxHandler, Role::InvoiceCollector];
        let person = |(role, number)| Person {
            role,
            person_id: identity::person_id(seed, number),
            phone: Some(identity::phone(seed, number)),
        };
        ROLES.into_iter().zip(people).map(person).collect()
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
            people: Self::named_people(seed, self.people),
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
}

/// The place of a firm in a list.
pub(super) fn index(firm: FirmNo) -> usize {
    firm as usize
}
