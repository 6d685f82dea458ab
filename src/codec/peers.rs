//! What firms and their peers tell each other, on the wire.

use serde::{Deserialize, Serialize};

use super::form::{Form, List, mirrors};
use super::identifiers::Identifier;
use super::measures::{Moment, Month};
use crate::model::{self, Instant, Period, TaxpayerId};

/// One firm's measures of a month that has passed.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Measured")]
pub(super) struct Measured {
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(with = "Month")]
    period: Period,
    #[serde(with = "List::<Measure>")]
    measures: Vec<model::Measure>,
    #[serde(with = "Moment")]
    at: Instant,
}

/// The value of an indicator.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Measure")]
struct Measure {
    indicator: u16,
    value: i64,
}

/// How the peers of a firm measured up in a month.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::PeersTold")]
pub(super) struct PeersTold {
    #[serde(with = "Month")]
    period: Period,
    #[serde(with = "List::<PeerQuantiles>")]
    quantiles: Vec<model::PeerQuantiles>,
    #[serde(with = "Moment")]
    at: Instant,
}

/// How the values of an indicator lie among peers.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::PeerQuantiles")]
struct PeerQuantiles {
    indicator: u16,
    firms: u32,
    p10: i64,
    p25: i64,
    median: i64,
    p75: i64,
    p90: i64,
}

mirrors! {
    Measured: model::Measured, Measure: model::Measure, PeersTold: model::PeersTold,
    PeerQuantiles: model::PeerQuantiles,
}
