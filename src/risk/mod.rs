//! What is found, and by which rule: one file per typology, each with its declaration, its check and its sentence; the
//! list of them all; rule sets, which hold every threshold; and how findings add up to a task.
//!
//! A check answers one question, from rows alone: does this finding about this subject stand now? So a finding is made,
//! refreshed and withdrawn by asking again whenever something it rests on has changed (`fold/taxpayer/judge.rs`).
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

mod abnormal_voucher;
mod bounds;
mod capacity;
mod cap_issuing;
mod circular;
mod declared_mismatch;
mod deduct_after_void;
mod deduct_without_invoice;
mod dormant_revival;
mod double_deduction;
mod export_refund;
mod false_deduction;
mod farm_purchase;
mod finding;
mod goods_switch;
pub mod indicators;
mod low_burden;
mod pass_through;
mod quota_surge;
mod red_abuse;
mod rule;
mod random_check;
mod returns;
mod rules;
mod sample;
mod scoring;
mod shared_control;
mod source_burst;
mod surplus_invoice;
mod unexplained;
mod third_party_mismatch;
mod view;
mod zero_declaration;
mod void_abuse;

pub use abnormal_voucher::{Propagation, propagation, verified_by};
pub use bounds::{Bound, bound};
pub use finding::{Finding, Sentence};
pub use rule::{
    Asked, Case, Comparison, Condition, Given, Measures, Mistake, Quantile, RULE_PREFIX, Reference, Rule,
    Side as RuleSide, Values, ask, read_cases, together,
};
pub use rules::{Limits, RuleSet, RulesError};
pub use sample::{Sample, StratumRate, WHOLE_PPM};
pub use scoring::{Weighed, level_of_score, merge, response, score_of, shares};
pub use shared_control::gang_case;
pub use view::{NAMES_MAX, REFUND_MONTHS, Recent, TOGETHER_MAX, View};

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use crate::model::{About, Fen, Id, TaxpayerId};

/// What a typology's findings are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One invoice that the taxpayer claims.
    Invoice,
    /// One month of the taxpayer.
    Period,
    /// Value of one accused origin in the taxpayer's books.
    Origin,
    /// A party that ties the taxpayer to others.
    Party,
}

/// Of what matter a finding is. What is of one matter is seen by the same evidence, or follows from the same deed: it counts
/// once, with its largest score. What is of different matters corroborates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// What the taxpayer issued without having bought it.
    Issuing,
    /// Whose value it deducted.
    Origin,
    /// Its claims beside the invoices they name.
    Claims,
    /// How value went through it.
    Flow,
    /// What it took back of what it had issued.
    Revoking,
    /// What it trades in, and with whom.
    Goods,
    /// Its returns.
    Returns,
    /// What others see of its trade.
    Capacity,
    /// Whom it is tied to.
    Ties,
    /// Nothing that it did.
    Chance,
}

/// When a finding about a month is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Whenever something changes: for what must be stopped while it runs.
    AtOnce,
    /// When the month has passed ([`View::has_passed`]), and whenever something of it changes after that: for what needs the
    /// whole month, or its return.
    MonthPassed,
}

/// Who tells of a firm's month besides itself and those it trades with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// What these read: [`View::readings`].
    ThirdParties,
    /// How its peers measured up: [`View::peers`].
    Peers,
}

/// One kind of risk: its name, its rule and its words.
pub struct Typology {
    /// Stable code, never reused.
    pub code: &'static str,
    /// Its name in Chinese.
    pub name_zh: &'static str,
    /// The version of Suyuan that first had it.
    pub since: &'static str,
    /// What its findings are about.
    pub subject: Subject,
    /// What else they may be about.
    pub also: Option<Subject>,
    /// Of what matter they are.
    pub matter: Matter,
    /// The page that `suyuan explain` prints: what it means, on which law or source it rests, what honest trade looks like
    /// it.
    pub doc: &'static str,
    /// The numbers a rule set gives it, in the order the check takes them.
    pub parameters: &'static [Parameter],
    /// Of a finding about a month: how many months before it the finding rests on.
    pub months_back: i32,
    /// The same, how many months after it.
    pub months_ahead: i32,
    /// What others tell that such a finding may rest on: when that alone has come, no other is asked again.
    pub told_by: &'static [ToldBy],
    /// Whether such a finding accuses its taxpayer as a source, so that value of it is tainted from then on: where its score asks
    /// for an assessment.
    pub accuses_source: bool,
    /// When it is asked for.
    pub when: When,
    /// Whether it stands now by the rows, leaving aside when it is asked for: see [`Typology::finding`].
    pub check: fn(&mut View<'_, '_>, &About) -> Option<Finding>,
}

impl Typology {
    /// Whether it rests on what is left in the pool, and so on all later months.
    pub fn rests_on_pool(&self) -> bool {
        self.accuses_source && self.when == When::AtOnce
    }

    /// Whether its findings may be about such a subject.
    pub fn is_about(&self, subject: Subject) -> bool {
        self.subject == subject || self.also == Some(subject)
    }

    /// The finding about a subject, where it stands now; of a month, by whether it has passed.
    pub fn finding(&self, view: &mut View<'_, '_>, about: &About, has_passed: bool) -> Option<Finding> {
        match self.when {
            When::MonthPassed if !has_passed => None,
            When::AtOnce | When::MonthPassed => (self.check)(view, about),
        }
    }

    /// One of 64 bits that stands for it and few others, whatever other typologies there are.
    pub fn bit(&self) -> u64 {
        let code = self.code.as_bytes();
        let head = code.first_chunk().copied().map_or(0, u64::from_le_bytes);
        1 << (head.wrapping_add(code.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
    }
}

/// A number that a rule set gives a typology.
pub struct Parameter {
    /// Its name in the rule set, unit last.
    pub name: &'static str,
    /// What it counts, and so how much it may be.
    pub unit: Unit,
    /// What moving it does.
    pub doc: &'static str,
    /// The name of another of the typology's parameters that it may not be less than.
    pub not_below: Option<&'static str>,
}

impl Parameter {
    const fn new(name: &'static str, unit: Unit, doc: &'static str) -> Self {
        Self { name, unit, doc, not_below: None }
    }

    const fn not_below(self, name: &'static str) -> Self {
        Self { not_below: Some(name), ..self }
    }
}

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Points of a score.
    Score,
    /// A share in hundredths of a per cent.
    BasisPoints,
    /// Money.
    Fen,
    /// Days.
    Days,
    /// Months, of the year before at most.
    Months,
    /// How many times so much, in hundredths of a per cent.
    Multiple,
    /// Electricity.
    KilowattHours,
    /// Firms.
    Taxpayers,
    /// Invoices.
    Invoices,
    /// A multiple in per cent: 300 is three times as much.
    Percent,
}

impl Unit {
    /// How much may be given of it.
    pub fn range(self) -> RangeInclusive<i64> {
        match self {
            Self::Score => 0..=1_000,
            Self::BasisPoints => 0..=10_000,
            Self::Fen => 0..=1_000_000_000_000_000,
            Self::Days => 0..=36_600,
            Self::Months => 0..=12,
            Self::Multiple => 0..=100_000_000,
            Self::KilowattHours => 0..=1_000_000,
            Self::Taxpayers | Self::Invoices => 0..=1_000_000_000,
            Self::Percent => 0..=Fen::PERCENT_MAX,
        }
    }
}

/// Every typology, in the order they are checked.
pub static ALL: &[&Typology] = &[
    &deduct_without_invoice::TYPOLOGY,
    &double_deduction::TYPOLOGY,
    &deduct_after_void::TYPOLOGY,
    &dormant_revival::TYPOLOGY,
    &source_burst::TYPOLOGY,
    &pass_through::TYPOLOGY,
    &circular::TYPOLOGY,
    &quota_surge::TYPOLOGY,
    &cap_issuing::TYPOLOGY,
    &void_abuse::TYPOLOGY,
    &red_abuse::TYPOLOGY,
    &surplus_invoice::TYPOLOGY,
    &goods_switch::TYPOLOGY,
    &false_deduction::TYPOLOGY,
    &shared_control::TYPOLOGY,
    &declared_mismatch::TYPOLOGY,
    &zero_declaration::TYPOLOGY,
    &third_party_mismatch::TYPOLOGY,
    &farm_purchase::TYPOLOGY,
    &export_refund::TYPOLOGY,
    &low_burden::TYPOLOGY,
    &random_check::TYPOLOGY,
    &abnormal_voucher::TYPOLOGY,
];

/// A typology as it is asked, with what would have to be searched for or reckoned at each check.
pub struct Entry {
    /// The typology.
    pub typology: &'static Typology,
    /// See [`Typology::bit`].
    pub bit: u64,
    /// Its place in [`ALL`].
    place: usize,
}

/// The typologies whose findings may be about a subject, in the order they are checked.
fn about(subject: Subject) -> &'static [Entry] {
    static BY_SUBJECT: LazyLock<[Vec<Entry>; 4]> = LazyLock::new(|| {
        [Subject::Invoice, Subject::Period, Subject::Origin, Subject::Party].map(|subject| {
            let all = ALL.iter().copied().enumerate().filter(|(_, typology)| typology.is_about(subject));
            all.map(|(place, typology)| Entry { typology, bit: typology.bit(), place }).collect()
        })
    });
    &BY_SUBJECT[subject as usize]
}

/// The one that rests on when trade with a partner ended, and so on all later trade with it.
pub static CIRCULAR: &Typology = &circular::TYPOLOGY;

/// The most months before its own that a finding about a month rests on.
pub fn months_back() -> i32 {
    ALL.iter().map(|typology| typology.months_back).max().unwrap_or(0)
}

/// The most months after its own that a finding about a month rests on.
pub fn months_ahead() -> i32 {
    ALL.iter().map(|typology| typology.months_ahead).max().unwrap_or(0)
}

/// The typology of a code.
pub fn typology(code: &str) -> Option<&'static Typology> {
    ALL.iter().find(|typology| typology.code == code).copied()
}

/// The id of a finding: whom it is about, what kind it is, and what it is about.
pub fn signal_id(taxpayer_id: TaxpayerId, typology: &Typology, about: &About) -> Id {
    let taxpayer = taxpayer_id.as_str();
    match about {
        About::Invoice { seller_id, invoice_no } => {
            Id::derived("signal", &[taxpayer, typology.code, "invoice", seller_id.as_str(), invoice_no.as_str()])
        }
        About::Period(period) => Id::derived("signal", &[taxpayer, typology.code, "period", &period.to_string()]),
        About::Origin(origin) => Id::derived("signal", &[taxpayer, typology.code, "origin", origin.as_str()]),
        About::Party(party) => Id::derived("signal", &[taxpayer, typology.code, "party", party.as_str()]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_every_typology_explains_itself() {
        let codes: BTreeSet<_> = ALL.iter().map(|typology| typology.code).collect();
        assert_eq!(codes.len(), ALL.len());
        for typology in ALL {
            assert!(typology.doc.len() > 100 && !typology.name_zh.is_empty(), "{}", typology.code);
            assert!(typology.parameters.iter().any(|p| p.name == "score"), "{} has no score", typology.code);
            assert!(typology.parameters.iter().all(|p| !p.doc.is_empty()), "{}", typology.code);
            let known = |name: &str| typology.parameters.iter().any(|p| p.name == name);
            assert!(typology.parameters.iter().all(|p| p.not_below.is_none_or(known)), "{}", typology.code);
        }
    }
}
