//! What firms and their peers tell each other: one firm's measures of a month, and how its peers measured up in the month
//! before.

use serde::{Deserialize, Serialize};

use super::{Instant, Period, TaxpayerId};

/// One firm's measures of a month that has passed, told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Who tells, and is told in turn.
    pub taxpayer_id: TaxpayerId,
    /// Of which month.
    pub period: Period,
    /// What was measured.
    pub measures: Vec<Measure>,
    /// Event time at which the month had passed for this firm.
    pub at: Instant,
}

/// The value of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The indicator's number among those that are compared.
    pub indicator: u16,
    /// Its value.
    pub value: i64,
}

/// How the peers of a firm measured up in a month, which is complete: nobody's word is counted in any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersTold {
    /// Of which month.
    pub period: Period,
    /// Of each indicator that anybody measured, in the order of their numbers.
    pub quantiles: Vec<PeerQuantiles>,
    /// Event time at which the month after it had passed for the firm that is told.
    pub at: Instant,
}

/// How the values of an indicator lie among peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerQuantiles {
    /// The indicator's number among those that are compared.
    pub indicator: u16,
    /// How many firms there are values of.
    pub firms: u32,
    /// One in ten is below it.
    pub p10: i64,
    /// One in four is below it.
    pub p25: i64,
    /// Half are below it.
    pub median: i64,
    /// One in four is above it.
    pub p75: i64,
    /// One in ten is above it.
    pub p90: i64,
}
