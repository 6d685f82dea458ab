//! Rows of a taxpayer. The profile is touched by nearly every event and stays small; everything that grows with
//! invoices, partners, months or origins is a row of its own.

use serde::{Deserialize, Serialize};

use super::dated::{Course, Dated};
use super::habits::Habits;
use super::row::Beyond;
use super::ways::{GoodsClass, Taken, Ways};
use crate::model::{
    CreditGrade, Date, Fen, Fingerprint, FirmRecord, Flag, Instant, InvoiceKind, InvoiceNo, Period, Position, Status,
    TaxpayerId, TaxpayerKind,
};
use crate::provenance::{Blend, Ledger};

/// What a firm may issue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Per invoice, without tax.
    pub max_amount: Fen,
    /// Invoices a month.
    pub monthly_count: u32,
}

impl Quota {
    /// What it lets a firm issue in a month, without tax.
    pub fn capacity(self) -> Fen {
        Fen(self.max_amount.0.saturating_mul(i64::from(self.monthly_count)))
    }
}

/// What nearly every event of a taxpayer touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The least event time of any fact or message folded.
    pub known_since: Instant,
    /// The greatest event time of what was folded of itself: its own facts, and trade with it.
    pub known_until: Instant,
    /// General or small-scale; one never registered counts as general. An invoice counts by the kind of its own time.
    pub kind: Course<TaxpayerKind>,
    /// When it registered, by its registration.
    pub registered_on: Option<Date>,
    /// Industry, GB/T 4754, as a number.
    pub industry: Dated<u16>,
    /// Region, GB/T 2260, as a number.
    pub region: Dated<u32>,
    /// Credit grade.
    pub credit_grade: Dated<CreditGrade>,
    /// Status.
    pub status: Course<Status>,
    /// Hash of the legal representative.
    pub representative: Course<u64>,
    /// Quota for special invoices.
    pub quota: Course<Quota>,
    /// Totals of value.
    pub ledger: Ledger,
    /// Deductions so far, net of reversals.
    pub claimed: Fen,
    /// The latest period with a claim for export refund.
    pub last_refunded: Period,
    /// Input tax not yet passed on, by origin; empty while it is deregistered.
    pub pool: Blend,
    /// While it is deregistered, what had not been passed on by then: it has expired, unless the status is set back.
    pub expired: Blend,
    /// Ordinals given out, without its own.
    pub origins: u32,
    /// What stands in all rows of [`FlowedOn`].
    pub flowed_on: Fen,
    /// Purchases so far that were taken back though their value had flowed on.
    pub given_up: u32,
    /// Sales that may still be settled.
    pub deficits: u32,
    /// Event time before which there are none.
    pub deficits_since: Instant,
    /// Event time of the latest of them.
    pub last_deficit_at: Instant,
    /// Red letters waiting for their blue invoice.
    pub waiting_reds: u32,
    /// Claims that name no seller.
    pub unnamed_claims: u32,
    /// Invoices that are claimed in the name of a seller from whom none of that number has arrived.
    pub claimed_unseen: u32,
    /// The accusation against itself, if one stands.
    pub flag: Option<Flag>,
    /// Accusations against itself so far.
    pub flags: u32,
    /// Origins in its books under whose name value stands accused, their own or another's.
    pub tainted_origins: u32,
    /// Accusations that ever came here, each name and each version by itself.
    pub visits: u32,
    /// Event time of the last blue invoice it issued.
    pub last_issued_at: Instant,
    /// The latest month of an invoice it issued or holds.
    pub last_month: Period,
    /// The latest month that a return was for.
    pub last_declared: Period,
    /// Tasks so far.
    pub tasks: u32,
    /// Whether a time is set at which its invoices of closed months shrink.
    pub closing_set: bool,
    /// Findings that stand.
    pub open_signals: u32,
    /// Bits of the typologies of those that stand, and perhaps of some that stood: see `Typology::bit`.
    pub found: u64,
    /// Of those, findings that accuse it as a source.
    pub open_bursts: u32,
    /// Tells the device and month of the last invoice that was noted from others.
    pub device_seen: u64,
    /// Whether it is a later identifier of another's books, and hands on what comes.
    pub is_door: bool,
    /// Later identifiers that lead here.
    pub identifiers: u32,
    /// Rows of [`super::AbnormalMonth`].
    pub abnormal_months: u32,
    /// Passes through its sales that began, to tell their holders whether they are abnormal in turn.
    pub passes_begun: u32,
    /// Of those, the ones that told all of them: all but one at most.
    pub passes_done: u32,
    /// Whether another is to begin when this one is done.
    pub pass_again: bool,
}

impl Profile {
    /// Input tax not yet passed on, deregistered or not.
    pub fn pooled(&self) -> Fen {
        self.pool.total() + self.expired.total()
    }

    /// What is known against it now.
    pub fn record(&self) -> FirmRecord {
        FirmRecord::of(self.status.latest(), self.credit_grade.value, self.flag.is_some())
    }

    /// Since when it is deregistered, if it is.
    pub fn deregistered_since(&self) -> Option<Instant> {
        (self.status.latest() == Some(Status::Deregistered)).then(|| self.status.since())
    }
}

/// Counts and sums of invoices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// How many.
    pub count: u32,
    /// Without tax.
    pub amount: Fen,
    /// Tax.
    pub tax: Fen,
}

impl Totals {
    /// Counts one in.
    pub fn add(&mut self, amount: Fen, tax: Fen) {
        self.count = self.count.saturating_add(1);
        self.amount += amount;
        self.tax += tax;
    }

    /// Counts one out again.
    pub fn remove(&mut self, amount: Fen, tax: Fen) {
        self.count = self.count.saturating_sub(1);
        self.amount -= amount;
        self.tax -= tax;
    }
}

/// Tax of one origin that a purchase had brought, and that was taken back though it had flowed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowedOn {
    /// The month of the purchase, in which it is counted: see [`Month::flowed_on`].
    pub period: Period,
    /// How much.
    pub tax: Fen,
}

/// Sums of a month: invoices by the month of issue, deductions by their period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    /// All invoices issued, voided ones and red letters too.
    pub sold: Totals,
    /// Of those, voided.
    pub sold_void: Totals,
    /// Of those, red letters.
    pub sold_red: Totals,
    /// Of those, without an amount.
    pub sold_zero: u32,
    /// Of those, blue ones at 90 % of the cap or above, not void, by the cap known when they were folded.
    pub near_cap: u32,
    /// Of those, blue ones that are not void.
    pub sold_blue: u32,
    /// Tax of this month's blue invoices that stands: net of voids and red letters, whenever those came.
    pub sold_standing: Fen,
    /// All invoices received as a buyer, voided ones and red letters too.
    pub bought: Totals,
    /// Of those, voided.
    pub bought_void: Totals,
    /// Of those, red letters.
    pub bought_red: Totals,
    /// Deductions of this period.
    pub deducted: Totals,
    /// Reversals of this period.
    pub reversed: Totals,
    /// Tax of this month's sales that the pool did not cover, net of settlements and returns, without `opening`.
    pub originated: Fen,
    /// The same in the first months of a firm older than the journal: stock from before it.
    pub opening: Fen,
    /// Tax of this month's sales that the pool covered.
    pub drawn: Fen,
    /// Tax that arrived into the pool by invoices of this month.
    pub arrived: Fen,
    /// Of what was given up of it, what the pool no longer held, and no sale that it had settled lacks it: it begins here.
    pub flowed_on: Fen,
    /// Tax of its own origin that came back to it through two or more others, in goods it sells itself.
    pub returned_own: Fen,
    /// Buyers whose first blue invoice ever, void or not, was of this month.
    pub new_buyers: u32,
    /// Buyers with a blue invoice of this month that is not void: see [`MonthCounts`].
    pub buyers: u32,
    /// Sellers whose first blue invoice ever, void or not, was of this month.
    pub new_sellers: u32,
    /// Sellers with a blue invoice of this month that is not void: see [`MonthCounts`].
    pub sellers: u32,
    /// Sum over what arrived into the pool by invoices of this month of tax × day of the month, for the mean day it came.
    pub arrived_days: i64,
    /// The same for what the pool covered of this month's sales.
    pub drawn_days: i64,
    /// Of `sold`, purchase vouchers that the firm issued to itself, voids taken off: no sale at all.
    pub vouchers: Totals,
    /// Tax claimed for export refund in this period, net of reversals.
    pub refunds: Fen,
    /// When the month had passed, and the firm had no open finding: the stratum of the random sample that it was put into.
    pub stratum: Option<Stratum>,
    /// The latest return for this month: sales, output tax, input tax, transferred out, payable.
    pub declared: Dated<[Fen; 5]>,
    /// What indicators are made of beside these.
    pub habits: Habits,
    /// How it was issued.
    pub ways: Ways,
    /// Tax of special invoices that have arrived and are not void that is deducted for this month and stands.
    pub special_deducted: Fen,
}

/// A stratum of the random sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stratum {
    /// The first two digits of its industry; 0 where it is not known.
    pub industry: u8,
    /// Of its region: the province.
    pub region: u8,
    /// By the sales of twelve months, from 0 on.
    pub scale: u8,
}

impl Month {
    /// Sales of the month by the invoices: voids and red letters taken off, purchase vouchers left out.
    pub fn invoiced(&self) -> Totals {
        Totals {
            count: self.sold_blue.saturating_sub(self.vouchers.count),
            amount: self.sold.amount - self.sold_void.amount - self.vouchers.amount,
            tax: self.sold.tax - self.sold_void.tax - self.vouchers.tax,
        }
    }

    /// How many invoices it bought by, voided ones and red letters left out.
    pub fn purchases(&self) -> u32 {
        self.bought.count.saturating_sub(self.bought_void.count + self.bought_red.count)
    }

    /// Deductions of the period, net of reversals.
    pub fn claimed(&self) -> Fen {
        self.deducted.tax - self.reversed.tax
    }
}

/// An invoice on its issuer's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The invoice; `None` while only its void, mark or red letter is known.
    pub issue: Option<Issue>,
    /// Its void.
    pub void: Option<Void>,
    /// The latest mark of the authority.
    pub mark: Option<Mark>,
    /// Red letters that name it, not voided: how many, and their (negative) amounts and tax.
    pub reds: Totals,
    /// What of its vector stands, net of returns.
    pub vector: Blend,
    /// Of the vector's own slice: what the pool could not cover and nothing has settled yet. All of the vector where
    /// `gone`.
    pub short: Fen,
    /// Of the vector's own slice: what later arrivals settled, by their origins.
    pub settled: Blend,
    /// Whether it counts as sold by a firm that was deregistered, or small-scale: then all that stands of it began there.
    pub gone: bool,
    /// [`Profile::given_up`] when it drew on the pool: what was given up before cannot have gone out with it.
    pub drawn_after: u32,
    /// Of one that was voided, or red-lettered in a later month, what its buyer had deducted before, and keeps.
    pub claimed: Option<ClaimedBefore>,
    /// What its holder was last told of it: the rank of its month, where the invoices of that are abnormal in turn; 0 where
    /// not.
    pub abnormal_rank: u64,
}

/// See [`Issued::claimed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedBefore {
    /// Tax.
    pub tax: Fen,
    /// Before it was voided, not red-lettered.
    pub is_void: bool,
}

impl Issued {
    /// Whether it is kept whose value its tax is.
    pub fn has_value(&self) -> bool {
        !self.vector.is_empty() || !self.settled.is_empty() || self.short > Fen::ZERO
    }

    /// Whether tax of it stands and it is not kept any more whose value it is: its month is closed.
    pub fn is_shrunk(&self) -> bool {
        let stands = |issue: &Issue| issue.red_of.is_none() && issue.tax + self.reds.tax > Fen::ZERO;
        self.void.is_none() && !self.has_value() && self.issue.as_ref().is_some_and(stands)
    }
}

/// What an invoice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Hash of the event.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub position: Position,
    /// Event time.
    pub issued_at: Instant,
    /// Kind.
    pub invoice_kind: InvoiceKind,
    /// Buyer.
    pub buyer_id: Option<TaxpayerId>,
    /// Without tax.
    pub amount: Fen,
    /// Tax.
    pub tax: Fen,
    /// The invoice it offsets.
    pub red_of: Option<InvoiceNo>,
    /// Whether it was near the cap that was known for its time when it was folded: counted in [`Month::near_cap`].
    pub near_cap: bool,
    /// The class of goods it is mostly of.
    pub class: GoodsClass,
}

impl Issue {
    /// Who may deduct its tax; a sale to anybody else ends there.
    pub fn deducting_buyer(&self) -> Option<TaxpayerId> {
        self.buyer_id.filter(|_| self.invoice_kind.deductible())
    }
}

/// A void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// Hash of the event.
    pub fingerprint: Fingerprint,
    /// Where it stands.
    pub position: Position,
    /// Event time.
    pub at: Instant,
}

/// A mark of the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Event time.
    pub at: Instant,
    /// Set or lifted.
    pub abnormal: bool,
}

/// Trade with one counterparty, red letters and voids taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Blue invoices less voids; amounts net of red letters and voids.
    pub totals: Totals,
    /// Event time of the first blue invoice; the epoch before there is one.
    pub first_at: Instant,
    /// Event time of the last.
    pub last_at: Instant,
    /// Blue invoices with it that stand, by month, for [`Month::buyers`] and [`Month::sellers`].
    pub months: MonthCounts,
    /// Of a seller: of what it took back, what the firm had deducted before, and keeps.
    pub kept: Taken,
}

/// How many months back [`MonthCounts`] can tell.
const MONTHS_COUNTED: usize = 12;

/// Invoices of the last twelve months with trade, so that a month knows its buyers whatever the order of invoices and
/// voids. What comes for a month further back is not counted any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthCounts {
    /// The latest month with trade.
    latest: Period,
    /// Of that month, of the one before, and so on. A count that reached its largest number stays there.
    counts: [u16; MONTHS_COUNTED],
}

impl MonthCounts {
    fn place(&self, period: Period) -> Option<usize> {
        usize::try_from(self.latest.0.checked_sub(period.0)?).ok().filter(|place| *place < MONTHS_COUNTED)
    }

    /// Counts an invoice in; `true` where it is the first of its month.
    pub fn add(&mut self, period: Period) -> bool {
        if period > self.latest {
            let months = usize::try_from(period.0.abs_diff(self.latest.0)).unwrap_or(MONTHS_COUNTED);
            let kept = MONTHS_COUNTED - months.min(MONTHS_COUNTED);
            self.counts.copy_within(..kept, MONTHS_COUNTED - kept);
            self.counts[..MONTHS_COUNTED - kept].fill(0);
            self.latest = period;
        }
        let Some(place) = self.place(period) else { return false };
        self.counts[place] = self.counts[place].saturating_add(1);
        self.counts[place] == 1
    }

    /// Counts an invoice out; `true` where it was the last of its month.
    pub fn remove(&mut self, period: Period) -> bool {
        let Some(count) = self.place(period).map(|place| &mut self.counts[place]) else { return false };
        if *count == 0 || *count == u16::MAX {
            return false;
        }
        *count -= 1;
        *count == 0
    }
}

/// Trade in one code of goods: red letters taken off, voids not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// Invoices with such a line, and the amounts of those lines; tax is not kept.
    pub totals: Totals,
}

/// A red letter that waits for its blue invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRed {
    /// Event time of the red letter.
    pub issued_at: Instant,
}

impl Beyond for Profile {
    fn beyond_bytes(&self) -> usize {
        self.pool.heap_bytes()
            + self.expired.heap_bytes()
            + self.kind.beyond_bytes()
            + self.status.beyond_bytes()
            + self.representative.beyond_bytes()
            + self.quota.beyond_bytes()
    }
}
impl Beyond for Issued {
    fn beyond_bytes(&self) -> usize {
        self.vector.heap_bytes() + self.settled.heap_bytes()
    }
}
impl Beyond for Month {}
impl Beyond for FlowedOn {}
impl Beyond for Partner {}
impl Beyond for Goods {}
impl Beyond for WaitingRed {}
