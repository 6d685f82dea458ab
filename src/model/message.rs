//! What entities tell each other. A message is a record of the receiver's journal.

use serde::{Deserialize, Serialize};

use super::{
    Event, Fen, GoodsCode, Id, Instant, InvoiceKind, InvoiceNo, Layers, Measured, Membership, PeersTold, Period,
    Shared, Source, TaxpayerId, Tie, Vector,
};

/// One entity's word to another, or to itself later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// An invoice reaches its buyer, with the provenance of its tax. Delivered before any later input of the buyer;
    /// all others wait for the end of the epoch.
    Arrival(Box<Arrival>),
    /// The issuer voided an invoice.
    Voided(Box<Voided>),
    /// Value of an invoice is taken back, or goes out again: by a red letter, or its void, or a late paper of the issuer.
    Returned(Box<Returned>),
    /// The authority marked an invoice, or lifted the mark.
    Marked(Marked),
    /// Value of this origin stands accused, or no longer does.
    Taint(Box<Taint>),
    /// What a taxpayer on a chain tells the chain's case about itself.
    Report(Box<Report>),
    /// A time set earlier has come.
    Timer(Timer),
    /// A step that had more to do than one step may goes on here.
    Continue(Box<Continue>),
    /// A fact read in a partition that does not own its entity.
    Forwarded(Source, Box<Event>),
    /// To control: the journal's trade begins, with an invoice issued at this time.
    Began(Instant),
    /// A taxpayer tells a party how it is tied to it.
    Tied(Box<Tie>),
    /// A party tells a taxpayer who else is tied to it.
    Shared(Box<Shared>),
    /// A taxpayer tells the case of its gang of itself.
    Joined(Box<Membership>),
    /// To peers: what one firm measured of itself in a month that has passed.
    Measured(Box<Measured>),
    /// To a firm: how its peers measured up in the month before.
    Peers(Box<PeersTold>),
    /// A later identifier of a subject tells the earlier one that it leads there from now on.
    Identified(Identified),
    /// The holder of an invoice that was taken back tells its issuer what it had deducted of it.
    Claimed(Claimed),
    /// An invoice became abnormal, or is no longer, because its issuer deducted abnormal ones.
    Abnormal(Abnormal),
    /// To the issuer: of an invoice of this month that is no longer abnormal, nothing at its holder rests any more on that.
    Released(Period),
}

/// A later identifier of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Which.
    pub taxpayer_id: TaxpayerId,
    /// The least of the identifiers on its way here, itself among them: what comes back to where it began goes round.
    pub least: TaxpayerId,
    /// Event time of the paper that says so.
    pub at: Instant,
}

impl Message {
    /// Whether it may wait for the end of a later epoch: where an accused hub has more buyers to tell than one step may, or
    /// one whose invoices became abnormal, others are served between them.
    pub fn may_wait(&self) -> bool {
        let Self::Continue(rest) = self else { return false };
        matches!(&**rest, Continue::Taint { after, .. } if !after.is_empty())
            || matches!(&**rest, Continue::Pass(pass) if pass.after.is_some())
    }

    /// What it is, as a stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Arrival(_) => "invoice_arrived",
            Self::Voided(_) => "invoice_voided",
            Self::Returned(_) => "invoice_red_lettered",
            Self::Marked(marked) if marked.abnormal => "invoice_marked",
            Self::Marked(_) => "invoice_mark_lifted",
            Self::Taint(_) => "accusation_changed",
            Self::Report(_) => "chain_reported",
            Self::Timer(_) => "time_passed",
            Self::Continue(_) => "value_moved",
            Self::Began(_) => "journal_began",
            Self::Tied(_) => "party_tied",
            Self::Shared(_) => "party_shared",
            Self::Joined(_) => "gang_joined",
            Self::Measured(_) => "firm_measured",
            Self::Peers(_) => "peers_measured",
            Self::Identified(_) => "identifier_changed",
            Self::Claimed(_) => "deduction_told",
            Self::Abnormal(_) => "abnormal_in_turn_changed",
            Self::Released(_) => "abnormal_in_turn_released",
            Self::Forwarded(_, event) => event.fact.type_name(),
        }
    }
}

/// An invoice as its buyer gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub invoice_no: InvoiceNo,
    /// Of what kind.
    pub invoice_kind: InvoiceKind,
    /// From whom.
    pub seller_id: TaxpayerId,
    /// Event time of its issuance.
    pub issued_at: Instant,
    /// Without tax; negative on a red letter.
    pub amount: Fen,
    /// The tax; negative on a red letter.
    pub tax: Fen,
    /// The invoice it offsets.
    pub red_of: Option<InvoiceNo>,
    /// Voided before it arrived (its void was folded first): it brings nothing.
    pub voided_at: Option<Instant>,
    /// Amount by goods code, each code once.
    pub goods: Vec<GoodsAmount>,
    /// Whose value its tax is; nothing on a red letter, whose value goes by [`Returned`].
    pub vector: Vector,
}

/// How much of an invoice is of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoodsAmount {
    /// Goods or service.
    pub code: GoodsCode,
    /// Without tax.
    pub amount: Fen,
}

/// A void, as the holder learns of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voided {
    /// Which.
    pub invoice_no: InvoiceNo,
    /// Whose.
    pub seller_id: TaxpayerId,
    /// Event time of the void.
    pub voided_at: Instant,
    /// What the holder gives up: the invoice's vector less what red letters gave back; nothing where it was a red letter.
    pub returned: Vector,
}

/// What the holder of a blue invoice gives up for a red letter of it, or gets back again, where that is voided itself. The
/// red letter may name another buyer, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The red letter; the invoice itself, where no red letter but its issuer's status has changed whose value it is.
    pub red_no: InvoiceNo,
    /// The invoice it offsets.
    pub blue_no: InvoiceNo,
    /// Whose they are.
    pub seller_id: TaxpayerId,
    /// Event time of the red letter, or of its void.
    pub at: Instant,
    /// What the holder gives up: its share of the blue invoice's vector.
    pub returned: Vector,
    /// What the holder gets back.
    pub restored: Vector,
}

/// A mark of the authority on an invoice, set or lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Which.
    pub invoice_no: InvoiceNo,
    /// Whose.
    pub seller_id: TaxpayerId,
    /// Event time.
    pub at: Instant,
    /// Set, or lifted.
    pub abnormal: bool,
}

/// What the holder of an invoice that was voided, or red-lettered in a later month, had deducted of it by then and keeps: in
/// all, so that hearing it twice does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Which.
    pub invoice_no: InvoiceNo,
    /// Who holds it.
    pub buyer_id: TaxpayerId,
    /// Tax; nothing where it keeps nothing any more.
    pub tax: Fen,
    /// Voided, not red-lettered.
    pub is_void: bool,
    /// Event time of what led to it.
    pub at: Instant,
}

/// Whether an invoice is abnormal in turn: because its issuer, in the month it was issued in, deducted so much abnormal tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abnormal {
    /// Which.
    pub invoice_no: InvoiceNo,
    /// Whose.
    pub seller_id: TaxpayerId,
    /// The month it was issued in.
    pub period: Period,
    /// The rank of that month, larger than that of every month it rests on; 0: it is no longer abnormal in turn, and the
    /// issuer waits to hear [`Message::Released`].
    pub rank: u64,
    /// Event time of what led to it.
    pub at: Instant,
}

/// A standing accusation of an origin. A later version of the same case replaces an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// The case the accusation opened.
    pub case_id: Id,
    /// Counts up with each raising and lifting.
    pub version: u32,
}

/// An accusation travelling along recorded provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Who is accused.
    pub origin: TaxpayerId,
    /// Under which case, and which version of it.
    pub flag: Flag,
    /// `false`: the accusation is lifted.
    pub standing: bool,
    /// Under whose name the receiver took the value: the origin's, or that of a seller who stood for it because its
    /// own purchase was folded only after the sale.
    pub named: TaxpayerId,
    /// So much of what the receiver took from the sender in that name is the origin's, all in all, so that hearing it twice
    /// does no harm; by the invoices between the origin and the receiver.
    pub parts: Layers,
    /// Who tells.
    pub from: TaxpayerId,
    /// Event time of what raised or lifted it.
    pub raised_at: Instant,
}

/// What one taxpayer on a chain reports to its case: totals, replacing what it reported before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who is accused.
    pub origin: TaxpayerId,
    /// Under which case, and which version of it.
    pub flag: Flag,
    /// `false`: the accusation is lifted.
    pub standing: bool,
    /// Who reports.
    pub taxpayer_id: TaxpayerId,
    /// Invoices between the origin and the reporter.
    pub hops: u8,
    /// Tax of the origin that it took.
    pub taken: Fen,
    /// Tax of the origin that it deducted, net of reversals.
    pub deducted: Fen,
    /// To whom: some of its buyers; further reports bring the others.
    pub edges: Vec<Edge>,
    /// Event time of what led to the report.
    pub at: Instant,
}

/// Value of the origin that went from the reporter to one buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The buyer.
    pub to: TaxpayerId,
    /// Tax of the origin.
    pub tax: Fen,
    /// Invoices between the two, of whatever origin.
    pub invoices: u32,
    /// Event time of the first of them.
    pub first_at: Instant,
    /// Event time of the last.
    pub last_at: Instant,
}

/// What a time was set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// A deduction has waited its grace period for its invoice.
    Claim {
        /// The invoice claimed.
        invoice_no: InvoiceNo,
        /// Its seller, or [`Id::EMPTY`] where the claim names none.
        seller_id: TaxpayerId,
    },
    /// A red letter has waited its grace period for its blue invoice.
    RedLetter {
        /// The red letter.
        red_no: InvoiceNo,
    },
    /// A case has changed and is due to be published.
    CasePublished,
    /// Months have been closed: their invoices shrink.
    Closing,
    /// A month has passed, and with it the days in which its return is due.
    MonthPassed {
        /// Which.
        period: Period,
    },
    /// A new rule set is in force, and the taxpayer has findings that were made under the one before.
    RulesChanged,
    /// A taxpayer may have asked for verification of the abnormal invoices it deducted, and had time for it.
    Verification {
        /// For which month it deducted them.
        period: Period,
    },
}

/// How far the invoices of closed months have been looked through, the issuer's side before the holder's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// On the holder's side.
    pub held: bool,
    /// The last invoice looked at on this side; `None` before the first.
    pub after: Option<InvoiceNo>,
    /// On the holder's side, its place among the rows of its number.
    pub place: u64,
    /// Whether some of them were of months that are not closed.
    pub open: bool,
}

/// How far a pass through a firm's sales has come: invoices first, then the months that waited for them to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// The last invoice looked at; `None` before the first.
    pub after: Option<InvoiceNo>,
    /// Once all are told: the next month to be looked at.
    pub month: Option<Period>,
    /// Event time of what led to it.
    pub at: Instant,
}

/// Value in one name that goes to one buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// In whose name.
    pub named: TaxpayerId,
    /// To whom.
    pub buyer: TaxpayerId,
}

/// Where a step stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continue {
    /// An accusation has buyers to reach, or more of them.
    Taint {
        /// The accusation as it came.
        taint: Box<Taint>,
        /// The last buyer told; [`Id::EMPTY`] before the first.
        after: TaxpayerId,
    },
    /// More timers are due than one step may fire.
    Timers,
    /// What an arrival brought has more old sales to settle.
    Settle {
        /// What was left of it, and went into the pool meanwhile.
        left: Vector,
        /// Event time of the issuance of the invoice that brought it.
        issued_at: Instant,
    },
    /// A blue invoice that came late has more red letters waiting for it.
    Reds {
        /// The invoice they offset.
        blue_no: InvoiceNo,
    },
    /// Value that was taken back had settled more sales than one step may open again.
    Unsettle {
        /// Whose value.
        origin: TaxpayerId,
        /// How much of it is still to be found.
        tax: Fen,
        /// Event time of the issuance of the invoice that had brought it.
        issued_at: Instant,
        /// Number of the purchase among those that were taken back.
        number: u32,
    },
    /// Books in one name have changed, and more accused origins stand behind it.
    Behind {
        /// In whose name.
        named: TaxpayerId,
        /// The last origin counted again.
        after: TaxpayerId,
        /// Event time of what changed.
        at: Instant,
    },
    /// More findings against the taxpayer as a source are to be asked again.
    Bursts {
        /// The last month asked again.
        after: Period,
        /// Event time of what changed.
        at: Instant,
    },
    /// More or less value than before went to buyers, and not all of them, or not of all accused origins, are told.
    Moved {
        /// What went where.
        passages: Vec<Passage>,
        /// Of the first of them, the last origin told of; [`Id::EMPTY`] before the first.
        after: TaxpayerId,
        /// Event time of what changed.
        at: Instant,
    },
    /// There are more invoices than one step may look through.
    Closing(Closing),
    /// A firm turned out to be of another kind, and more of the invoices it holds are to be counted in or out.
    Kind {
        /// The last invoice looked at; `None` before the first.
        after: Option<InvoiceNo>,
        /// Its place among the rows of its number.
        place: u64,
    },
    /// A firm turned out to have been deregistered when it sold, or not to have been, and more of its sales are to be
    /// counted again.
    Gone {
        /// The last invoice looked at; `None` before the first.
        after: Option<InvoiceNo>,
    },
    /// More months are to be asked again than one step may judge.
    Judge {
        /// Which, in their order.
        months: Vec<Period>,
        /// Event time of what changed.
        at: Instant,
    },
    /// A party has more firms to tell.
    Share {
        /// The last firm told.
        after: TaxpayerId,
    },
    /// A new rule set is in force, and more taxpayers are to be asked again, or one of them about more findings.
    RulesChanged {
        /// The last taxpayer, or finding; [`Id::EMPTY`] before the first.
        after: Id,
        /// Event time of the publication, or of the time set for the taxpayer.
        at: Instant,
    },
    /// A pass through a firm's sales, to tell their holders whether they are abnormal in turn, goes on.
    Pass(Pass),
    /// A paper decides about months with abnormal invoices, and more of them are to be weighed.
    Weigh {
        /// The last month weighed.
        after: Period,
        /// Event time of what changed.
        at: Instant,
    },
}

impl Timer {
    /// A number of its own among the timers of one entity.
    pub fn hash(&self) -> u64 {
        match self {
            Self::Claim { invoice_no, seller_id } => {
                Id::derived_number("claim", &[invoice_no.as_str(), seller_id.as_str()])
            }
            Self::RedLetter { red_no } => Id::derived_number("red letter", &[red_no.as_str()]),
            Self::CasePublished => Id::derived_number("case", &[]),
            Self::Closing => Id::derived_number("closing", &[]),
            Self::MonthPassed { period } => Id::derived_number("month", &[&period.to_string()]),
            Self::RulesChanged => Id::derived_number("rules changed", &[]),
            Self::Verification { period } => Id::derived_number("verification", &[&period.to_string()]),
        }
    }
}
