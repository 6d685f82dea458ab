//! Rows of a case.

use serde::{Deserialize, Serialize};

use super::row::Beyond;
use crate::model::{Fen, Id, Instant, TaxpayerId};

/// What a case is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseHead {
    /// Code of the typology that opened it.
    pub typology: Box<str>,
    /// Where the value entered.
    pub origin: TaxpayerId,
    /// Version of the accusation it last heard of.
    pub flag_version: u32,
    /// Whether the accusation stands.
    pub standing: bool,
    /// Event time of the first report.
    pub opened_at: Instant,
    /// How many taxpayers are on it.
    pub nodes: u64,
    /// How many edges.
    pub edges: u64,
    /// Publications so far.
    pub version: u32,
    /// Whether one more is due at the next tick.
    pub publication_due: bool,
}

/// A taxpayer on a case: what it last reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNodeRow {
    /// Invoices between it and the origin.
    pub hops: u8,
    /// Tax of the origin that it took, or, for the origin itself, issued.
    pub taken: Fen,
    /// Of that, deducted.
    pub deducted: Fen,
    /// Of that, passed on.
    pub passed: Fen,
}

/// Value from one taxpayer to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseEdgeRow {
    /// Tax of the origin.
    pub tax: Fen,
    /// Invoices between the two.
    pub invoices: u32,
    /// First of them.
    pub first_at: Instant,
    /// Last of them.
    pub last_at: Instant,
}

impl CaseHead {
    /// The case's id: what it is about, and which time.
    pub fn id(typology: &str, origin: TaxpayerId, count: u32) -> Id {
        Id::derived("case", &[typology, origin.as_str(), &count.to_string()])
    }
}

impl Beyond for CaseHead {
    fn beyond_bytes(&self) -> usize {
        self.typology.len()
    }
}
impl Beyond for CaseNodeRow {}
impl Beyond for CaseEdgeRow {}
