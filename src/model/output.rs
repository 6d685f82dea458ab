//! What goes out: findings, chains, tasks, and input that could not be used.

use serde::{Deserialize, Serialize};

use super::{Fen, Id, Instant, InvoiceNo, PartyKind, Period, Position, Roles, Source, TaxpayerId, Text};

/// One record for the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// `risk.signals`.
    Signal(Box<Signal>),
    /// `risk.cases`.
    Case(Box<Case>),
    /// `risk.tasks`.
    Task(Box<Task>),
    /// `dead.letters`.
    DeadLetter(Box<DeadLetter>),
    /// `data.doubts`: accepted, yet somebody should look at it.
    Doubt(Box<Doubt>),
}

/// Whether a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignalStatus {
    /// It does.
    Open,
    /// Its cause went away.
    Withdrawn,
}

/// One finding about one taxpayer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Derived from taxpayer, typology and what it is about.
    pub signal_id: Id,
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// Code of the typology.
    pub typology: Text,
    /// 0 to 1000.
    pub score: u16,
    /// Tax at stake.
    pub stake: Fen,
    /// Event time of what raised it.
    pub raised_at: Instant,
    /// Whether it stands.
    pub status: SignalStatus,
    /// Event time of what withdrew it.
    pub withdrawn_at: Option<Instant>,
    /// What took its cause away, as the code of an event or message: `deduction_reversed`, `invoice_voided`.
    pub withdrawn_reason: Option<Text>,
    /// The numbers.
    pub evidence: Vec<Evidence>,
    /// One sentence an officer can act on, in Chinese.
    pub text_zh: Text,
    /// The same in English.
    pub text_en: Text,
    /// What it is about.
    pub about: About,
    /// Journal positions of what raised this version.
    pub causes: Vec<Position>,
    /// Whom else to look at.
    pub counterparties: Vec<TaxpayerId>,
    /// The chain or gang it belongs to.
    pub case_id: Option<Id>,
    /// Counts up with each change.
    pub version: u32,
}

/// One number behind a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the indicator.
    pub indicator: Text,
    /// What was seen.
    pub observed: i64,
    /// The limit it was held against.
    pub threshold: i64,
    /// Unit of both.
    pub unit: Text,
    /// Over which time.
    pub window: Text,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum About {
    /// One invoice.
    Invoice {
        /// Whose; [`Id::EMPTY`] where not known.
        seller_id: TaxpayerId,
        /// Which.
        invoice_no: InvoiceNo,
    },
    /// One month.
    Period(Period),
    /// Value of one origin.
    Origin(TaxpayerId),
    /// A party that ties the taxpayer to others: a person, a phone, an address or a device.
    Party(Id),
}

/// Place in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChainRole {
    /// Where the value came from nowhere.
    Source,
    /// Takes it and passes it on.
    Washer,
    /// Deducts it and keeps it.
    Beneficiary,
    /// Touched it, and no more.
    Associate,
}

/// One chain or gang, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Derived from typology, origin and count.
    pub case_id: Id,
    /// Code of the typology.
    pub typology: Text,
    /// Where it starts.
    pub origin: TaxpayerId,
    /// Whether the accusation stands.
    pub standing: bool,
    /// The largest nodes, at most [`CASE_NODES_MAX`].
    pub nodes: Vec<CaseNode>,
    /// The edges between those nodes, at most [`CASE_EDGES_MAX`].
    pub edges: Vec<CaseEdge>,
    /// How many nodes there are.
    pub nodes_total: u64,
    /// How many edges there are.
    pub edges_total: u64,
    /// What ties the taxpayers of a gang to one another, at most [`CASE_TIES_MAX`]; nothing on a chain.
    pub ties: Vec<CaseTie>,
    /// Counts up with each publication.
    pub version: u32,
}

/// The most nodes a published case carries; the case itself knows them all.
pub const CASE_NODES_MAX: usize = 512;
/// The most edges a published case carries.
pub const CASE_EDGES_MAX: usize = 2_048;

/// The most ties a published case carries.
pub const CASE_TIES_MAX: usize = 2_048;

/// What ties a taxpayer to its gang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseTie {
    /// Who.
    pub taxpayer_id: TaxpayerId,
    /// The person, phone, address or device, by a hash.
    pub party_id: Id,
    /// Which of these it is.
    pub kind: PartyKind,
    /// By what the taxpayer is tied to it.
    pub roles: Roles,
}

/// A taxpayer on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseNode {
    /// Who.
    pub taxpayer_id: TaxpayerId,
    /// In which role.
    pub role: ChainRole,
    /// Invoices between it and the origin.
    pub hop: u8,
    /// Tax of the origin it issued (the source), or took.
    pub tax: Fen,
    /// Tax of the origin it deducted.
    pub deducted: Fen,
}

/// Value that went from one taxpayer of a chain to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseEdge {
    /// Seller.
    pub from: TaxpayerId,
    /// Buyer.
    pub to: TaxpayerId,
    /// Tax of the origin.
    pub tax: Fen,
    /// Invoices between the two.
    pub invoices: u32,
    /// Event time of the first.
    pub first_at: Instant,
    /// Event time of the last.
    pub last_at: Instant,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskStatus {
    /// Somebody should act.
    Open,
    /// Every finding behind it was withdrawn.
    Withdrawn,
}

/// One taxpayer's findings, merged. Grid, organisation and officer stay empty until there is a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Derived from taxpayer and count.
    pub task_id: Id,
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// The grid that owns the taxpayer.
    pub grid_id: Option<Id>,
    /// The organisation of that grid.
    pub org_id: Option<Id>,
    /// Who has it.
    pub officer_id: Option<Id>,
    /// 1 to 5.
    pub level: u8,
    /// What the level asks for: `guidance`, `reminder`, `assessment`, `inspection`, `audit`.
    pub response: Text,
    /// Codes of the typologies of its open signals, sorted.
    pub typologies: Vec<Text>,
    /// 0 to 1000.
    pub score: u16,
    /// Tax at stake.
    pub stake: Fen,
    /// Its open signals, largest score first, at most [`TASK_SIGNALS_MAX`].
    pub signals: Vec<Id>,
    /// The chains and gangs among them.
    pub case_ids: Vec<Id>,
    /// Where it stands.
    pub status: TaskStatus,
    /// Event time of the first finding.
    pub opened_at: Instant,
    /// By when, once there is a desk that says so.
    pub due_at: Option<Instant>,
    /// Counts up with each change.
    pub version: u32,
    /// What of the score is of which typology, in the order of `typologies`: points that add up to it.
    pub shares: Vec<ScoreShare>,
}

/// What of a task's score is of one typology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreShare {
    /// Code of the typology.
    pub typology: Text,
    /// Points of the score.
    pub points: u16,
}

/// The most signals a task names.
pub const TASK_SIGNALS_MAX: usize = 64;

/// Input that could not be used, with all that is needed to send it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it came from.
    pub source: Source,
    /// Stable code of the reason.
    pub code: Text,
    /// The reason, a sentence.
    pub reason: Text,
    /// The first event of the same identity, where there is one.
    pub first: Option<Position>,
    /// Where this one stands in the journal.
    pub position: Position,
    /// The input, or as much of it as is kept.
    pub bytes: Text,
}

/// An accepted event that somebody responsible for data should look at. A statement of the time it is made at: it has no
/// status and is never withdrawn, unlike a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Stable code of the doubt.
    pub code: Text,
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// Which invoice, where there is one.
    pub invoice_no: Option<InvoiceNo>,
    /// The doubt, a sentence.
    pub reason: Text,
    /// Event time.
    pub at: Instant,
    /// Where what raised it stands in the journal.
    pub position: Position,
}
