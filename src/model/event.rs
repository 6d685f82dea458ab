//! Input events: one event is one fact, as the contract names it. Parsed and checked in `codec`; here it is data.

use serde::{Deserialize, Serialize};

use super::{BasisPoints, Date, Entity, Fen, Id, Instant, InvoiceNo, Kind, Period, TaxpayerId};

/// Free text of an event, of at most [`TEXT_BYTES_MAX`] bytes.
pub type Text = Box<str>;

/// The longest free text of an event, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_096;
/// The most lines an invoice may have.
pub const INVOICE_LINES_MAX: usize = 10_000;

/// One input event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub occurred_at: Instant,
    /// The sender's own name for it; an identity only for `task_acted`.
    pub event_id: Option<Text>,
    /// Where it came from.
    pub source_system: Option<Text>,
    /// What its content hashes to, apart from the two fields above: tells a duplicate from a conflict.
    pub fingerprint: Fingerprint,
    /// What it says.
    pub fact: Fact,
}

impl Event {
    /// The entity whose partition folds the event: the one it is about, or, where the contract knows it by its `event_id`
    /// alone, that name, for one name may be given to two tasks. Rules and models are folded by every partition.
    pub fn owner(&self) -> Entity {
        let (kind, id) = match &self.fact {
            Fact::TaxpayerRegistered(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::TaxpayerChanged(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::TaxpayerStatusChanged(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::InvoiceQuotaGranted(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::InvoiceIssued(f) => (Kind::Taxpayer, f.seller_id),
            Fact::InvoiceVoided(f) => (Kind::Taxpayer, f.seller_id),
            Fact::InvoiceReceived(f) => (Kind::Taxpayer, f.buyer_id),
            Fact::InvoiceDeducted(f) => (Kind::Taxpayer, f.buyer_id),
            Fact::DeductionReversed(f) => (Kind::Taxpayer, f.buyer_id),
            Fact::InvoiceMarkedAbnormal(f) | Fact::InvoiceMarkLifted(f) => (Kind::Taxpayer, f.seller_id),
            Fact::TaxpayerVerified(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::VatDeclared(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::Observed(f) => (Kind::Taxpayer, f.taxpayer_id),
            Fact::OrgDefined(f) => (Kind::Organisation, f.org_id),
            Fact::GridDefined(f) => (Kind::Grid, f.grid_id),
            Fact::OfficerDefined(f) => (Kind::Officer, f.officer_id),
            Fact::TaskActed(_) => {
                (Kind::Feedback, Id::derived("event", &[self.event_id.as_deref().unwrap_or_default()]))
            }
            Fact::RulesPublished(_) | Fact::ModelPublished(_) => return Entity::CONTROL,
        };
        Entity { kind, id }
    }
}

/// The first 64 bits of BLAKE3 over the encoded fact and its event time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

/// What an event says. One variant per input event of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A taxpayer registered.
    TaxpayerRegistered(Box<TaxpayerRegistered>),
    /// Something in a registration changed.
    TaxpayerChanged(Box<TaxpayerChanged>),
    /// A taxpayer became normal, abnormal, missing or deregistered.
    TaxpayerStatusChanged(TaxpayerStatusChanged),
    /// A taxpayer may issue invoices of a kind, so large and so many.
    InvoiceQuotaGranted(InvoiceQuotaGranted),
    /// An invoice, blue or red.
    InvoiceIssued(Box<Invoice>),
    /// An invoice was voided by its issuer.
    InvoiceVoided(InvoiceVoided),
    /// The buyer booked an invoice.
    InvoiceReceived(InvoiceReceived),
    /// The buyer claimed the tax on an invoice.
    InvoiceDeducted(InvoiceDeducted),
    /// The buyer gave a claim back.
    DeductionReversed(DeductionReversed),
    /// The authority marked an invoice abnormal.
    InvoiceMarkedAbnormal(InvoiceMark),
    /// The authority lifted such a mark.
    InvoiceMarkLifted(InvoiceMark),
    /// Somebody looked at a taxpayer, and what came of it.
    TaxpayerVerified(TaxpayerVerified),
    /// A VAT return.
    VatDeclared(VatDeclared),
    /// A figure from a third party.
    Observed(Observed),
    /// An organisation of the tax authority.
    OrgDefined(Box<OrgDefined>),
    /// A grid.
    GridDefined(Box<GridDefined>),
    /// An officer.
    OfficerDefined(Box<OfficerDefined>),
    /// An officer acted on a task.
    TaskActed(Box<TaskActed>),
    /// A rule set takes effect.
    RulesPublished(RulesPublished),
    /// A model takes effect.
    ModelPublished(ModelPublished),
}

impl Fact {
    /// The contract's name of the event type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::TaxpayerRegistered(_) => "taxpayer_registered",
            Self::TaxpayerChanged(_) => "taxpayer_changed",
            Self::TaxpayerStatusChanged(_) => "taxpayer_status_changed",
            Self::InvoiceQuotaGranted(_) => "invoice_quota_granted",
            Self::InvoiceIssued(_) => "invoice_issued",
            Self::InvoiceVoided(_) => "invoice_voided",
            Self::InvoiceReceived(_) => "invoice_received",
            Self::InvoiceDeducted(_) => "invoice_deducted",
            Self::DeductionReversed(_) => "deduction_reversed",
            Self::InvoiceMarkedAbnormal(_) => "invoice_marked_abnormal",
            Self::InvoiceMarkLifted(_) => "invoice_mark_lifted",
            Self::TaxpayerVerified(_) => "taxpayer_verified",
            Self::VatDeclared(_) => "vat_declared",
            Self::Observed(_) => "observed",
            Self::OrgDefined(_) => "org_defined",
            Self::GridDefined(_) => "grid_defined",
            Self::OfficerDefined(_) => "officer_defined",
            Self::TaskActed(_) => "task_acted",
            Self::RulesPublished(_) => "rules_published",
            Self::ModelPublished(_) => "model_published",
        }
    }
}

/// `general` taxpayers deduct input tax, `small_scale` ones do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxpayerKind {
    /// 一般纳税人.
    General,
    /// 小规模纳税人.
    SmallScale,
}

/// Credit grade 纳税信用等级.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the five letters are their own meaning, best to worst: A, B, M (new), C, D")]
pub enum CreditGrade {
    A,
    B,
    M,
    C,
    D,
}

/// One of the four officers of a firm 四员.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// 法定代表人.
    LegalRepresentative,
    /// 财务负责人.
    FinanceOfficer,
    /// 办税人员.
    TaxHandler,
    /// 领票人.
    InvoiceCollector,
}

/// Who holds a role in a firm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Which of the four.
    pub role: Role,
    /// Who.
    pub person_id: Text,
    /// Reached how.
    pub phone: Option<Text>,
}

/// Status of a taxpayer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// 正常.
    Normal,
    /// 非正常.
    Abnormal,
    /// 走逃失联.
    Missing,
    /// 注销.
    Deregistered,
}

/// Kind of invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoiceKind {
    /// 专用发票.
    Special,
    /// 普通发票.
    Ordinary,
    /// 农产品收购发票: issued by its buyer.
    FarmPurchase,
    /// 通行费发票.
    Toll,
    /// 机动车销售统一发票.
    Vehicle,
    /// 旅客运输: tickets.
    Transport,
    /// Anything else.
    Other,
}

impl InvoiceKind {
    /// Whether the tax on it lets a general taxpayer deduct.
    pub fn deductible(self) -> bool {
        match self {
            Self::Special | Self::FarmPurchase | Self::Toll | Self::Vehicle | Self::Transport => true,
            Self::Ordinary | Self::Other => false,
        }
    }
}

/// What a deduction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Purpose {
    /// 抵扣.
    Deduct,
    /// 退税.
    ExportRefund,
    /// 不抵扣: selected as not to be deducted.
    NotDeductible,
}

/// `taxpayer_registered`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct TaxpayerRegistered {
    pub taxpayer_id: TaxpayerId,
    pub name: Text,
    pub registered_on: Date,
    pub industry: Text,
    pub region: Text,
    pub street: Option<Text>,
    pub address: Text,
    pub capital: Fen,
    pub kind: TaxpayerKind,
    pub credit_grade: Option<CreditGrade>,
    pub people: Vec<Person>,
}

/// `taxpayer_changed`: what is absent stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct TaxpayerChanged {
    pub taxpayer_id: TaxpayerId,
    pub name: Option<Text>,
    pub industry: Option<Text>,
    pub region: Option<Text>,
    pub street: Option<Text>,
    pub address: Option<Text>,
    pub capital: Option<Fen>,
    pub kind: Option<TaxpayerKind>,
    pub credit_grade: Option<CreditGrade>,
    /// Replaces the roles it names.
    pub people: Vec<Person>,
    pub former_taxpayer_id: Option<TaxpayerId>,
}

/// `taxpayer_status_changed`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct TaxpayerStatusChanged {
    pub taxpayer_id: TaxpayerId,
    pub status: Status,
    pub reason: Option<Text>,
}

/// `invoice_quota_granted`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct InvoiceQuotaGranted {
    pub taxpayer_id: TaxpayerId,
    pub invoice_kind: InvoiceKind,
    /// Per invoice, without tax.
    pub max_amount: Fen,
    pub monthly_count: u32,
}

/// `invoice_issued`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct Invoice {
    pub invoice_no: InvoiceNo,
    pub invoice_kind: InvoiceKind,
    pub seller_id: TaxpayerId,
    /// Absent: a natural person.
    pub buyer_id: Option<TaxpayerId>,
    pub lines: Vec<Line>,
    pub amount: Fen,
    pub tax: Fen,
    pub device: Option<Device>,
    pub issuer_person_id: Option<Text>,
    /// The invoice it offsets; amounts are then negative.
    pub red_of: Option<InvoiceNo>,
    pub remark: Option<Text>,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct Line {
    pub goods_code: GoodsCode,
    pub goods_name: Text,
    pub spec: Option<Text>,
    pub unit: Option<Text>,
    pub quantity: Option<Quantity>,
    pub amount: Fen,
    pub rate: BasisPoints,
    pub tax: Fen,
}

/// A 19-digit code of goods or services, as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GoodsCode(pub u64);

impl std::fmt::Display for GoodsCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:019}", self.0)
    }
}

/// A quantity in millionths of its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(pub i64);

/// The device an invoice was issued on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct Device {
    pub ip: Option<Text>,
    pub mac: Option<Text>,
}

/// `invoice_voided`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct InvoiceVoided {
    pub invoice_no: InvoiceNo,
    pub seller_id: TaxpayerId,
}

/// `invoice_received`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct InvoiceReceived {
    pub invoice_no: InvoiceNo,
    pub buyer_id: TaxpayerId,
    pub seller_id: Option<TaxpayerId>,
}

/// `invoice_deducted`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct InvoiceDeducted {
    pub invoice_no: InvoiceNo,
    pub buyer_id: TaxpayerId,
    pub seller_id: Option<TaxpayerId>,
    pub period: Period,
    pub tax: Fen,
    pub purpose: Purpose,
}

/// `deduction_reversed`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct DeductionReversed {
    pub invoice_no: InvoiceNo,
    pub buyer_id: TaxpayerId,
    pub seller_id: Option<TaxpayerId>,
    pub period: Period,
    pub tax: Fen,
    pub reason: Text,
}

/// `invoice_marked_abnormal` and `invoice_mark_lifted`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct InvoiceMark {
    pub invoice_no: InvoiceNo,
    pub seller_id: TaxpayerId,
    pub reason: Text,
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerificationOutcome {
    /// The trade is real.
    Genuine,
    /// It is not.
    False,
}

/// `taxpayer_verified`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct TaxpayerVerified {
    pub taxpayer_id: TaxpayerId,
    pub subject: Text,
    pub outcome: VerificationOutcome,
    pub reason: Option<Text>,
}

/// `vat_declared`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct VatDeclared {
    pub taxpayer_id: TaxpayerId,
    pub period: Period,
    pub sales: Fen,
    pub output_tax: Fen,
    pub input_tax: Fen,
    pub transferred_out: Fen,
    pub payable_tax: Fen,
}

/// Who observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the sources of the contract")]
pub enum ObservationSource {
    Customs,
    Electricity,
    Logistics,
    Payroll,
    Bank,
    Market,
    Court,
}

impl ObservationSource {
    /// Its name in the contract, which is part of an observation's identity.
    pub fn code(self) -> &'static str {
        match self {
            Self::Customs => "customs",
            Self::Electricity => "electricity",
            Self::Logistics => "logistics",
            Self::Payroll => "payroll",
            Self::Bank => "bank",
            Self::Market => "market",
            Self::Court => "court",
        }
    }
}

/// `observed`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct Observed {
    pub taxpayer_id: TaxpayerId,
    pub source: ObservationSource,
    pub metric: Text,
    pub period: Period,
    pub value: i64,
    pub unit: Text,
}

/// Level of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the levels of the contract, largest to smallest")]
pub enum OrgLevel {
    Nation,
    Province,
    City,
    County,
    Station,
}

/// `org_defined`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct OrgDefined {
    pub org_id: Id,
    pub name: Text,
    pub level: OrgLevel,
    pub parent_id: Option<Id>,
    pub regions: Vec<Text>,
}

/// Kind of grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds of the contract")]
pub enum GridKind {
    Area,
    Industry,
    Specialist,
}

/// `grid_defined`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct GridDefined {
    pub grid_id: Id,
    pub org_id: Id,
    pub name: Text,
    pub kind: GridKind,
    pub regions: Vec<Text>,
    pub industries: Vec<Text>,
    pub taxpayers: Vec<TaxpayerId>,
}

/// Main post 主岗 or secondary post 副岗.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the posts of the contract")]
pub enum PostKind {
    Main,
    Secondary,
}

/// An officer's place in a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct Post {
    pub grid_id: Id,
    pub post: PostKind,
}

/// `officer_defined`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct OfficerDefined {
    pub officer_id: Id,
    pub name: Text,
    pub person_id: Option<Text>,
    pub posts: Vec<Post>,
    pub expertise: Vec<Text>,
    pub active: bool,
}

/// What an officer did with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the actions of the contract")]
pub enum TaskAction {
    Accept,
    Note,
    Transfer,
    RequestPeer,
    AnswerPeer,
    Submit,
    Review,
    Close,
    Reopen,
}

/// What came of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the verdicts of the contract")]
pub enum TaskVerdict {
    Confirmed,
    Partly,
    Cleared,
    Unfounded,
}

/// `task_acted`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the contract, described in schemas/")]
pub struct TaskActed {
    pub task_id: Id,
    pub officer_id: Id,
    pub action: TaskAction,
    pub verdict: Option<TaskVerdict>,
    pub recovered_tax: Option<Fen>,
    pub reason: Option<Text>,
    pub to_officer_id: Option<Id>,
    pub evidence: Vec<Text>,
}

/// `rules_published`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesPublished {
    /// The version's name.
    pub version: Text,
    /// The document as in `topologies/`. May be longer than [`TEXT_BYTES_MAX`].
    pub rules: Text,
}

/// `model_published`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPublished {
    /// The version's name.
    pub version: Text,
    /// The model, or a URI with its digest. May be longer than [`TEXT_BYTES_MAX`].
    pub model: Text,
}
