//! A taxpayer's account of value: six totals and the identity between them.

use serde::{Deserialize, Serialize};

use crate::model::Fen;

/// Totals over a taxpayer's whole life, in fen of tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Came in with invoices.
    pub arrived: i64,
    /// Appeared here: what the pool could not cover, net of settlements and returns.
    pub originated: i64,
    /// Of `originated`: shortfalls of a firm older than the journal in its first months, and self-issued purchase vouchers.
    /// No accusation rests on it.
    pub opening: i64,
    /// Left with invoices, net of what voids and red letters gave back.
    pub passed_on: i64,
    /// Given up to sellers who voided or red-lettered.
    pub withdrawn: i64,
    /// Left over when the firm deregistered, while it is deregistered.
    pub expired: i64,
}

impl Ledger {
    /// Arrived + originated = pooled + passed on + withdrawn + expired.
    pub fn balances(&self, pooled: Fen) -> bool {
        self.arrived + self.originated == pooled.0 + self.passed_on + self.withdrawn + self.expired
    }
}
