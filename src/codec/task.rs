//! Tasks on the wire.

use serde::{Deserialize, Serialize};

use super::form::{Form, List, Optional, OptionalList, mirrors};
use super::identifiers::Identifier;
use super::measures::{Moment, Money};
use crate::model::{self, Fen, Id, Instant, TaxpayerId, Text};

/// One taxpayer's findings, merged.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::Task")]
pub(super) struct Task {
    #[serde(with = "Identifier")]
    task_id: Id,
    #[serde(with = "Identifier")]
    taxpayer_id: TaxpayerId,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    grid_id: Option<Id>,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    org_id: Option<Id>,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    officer_id: Option<Id>,
    level: u8,
    response: Text,
    typologies: Vec<Text>,
    score: u16,
    #[serde(rename = "stake_fen", with = "Money")]
    stake: Fen,
    #[serde(with = "List::<Identifier>")]
    signals: Vec<Id>,
    #[serde(with = "List::<Identifier>")]
    case_ids: Vec<Id>,
    #[serde(with = "TaskStatus")]
    status: model::TaskStatus,
    #[serde(with = "Moment")]
    opened_at: Instant,
    #[serde(default, with = "Optional::<Moment>", skip_serializing_if = "Option::is_none")]
    due_at: Option<Instant>,
    version: u32,
    #[serde(default, with = "OptionalList::<ScoreShare>", skip_serializing_if = "Vec::is_empty")]
    shares: Vec<model::ScoreShare>,
}

/// What of a task's score is of one typology.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::ScoreShare")]
struct ScoreShare {
    typology: Text,
    points: u16,
}

/// Where a task stands.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaskStatus", rename_all = "snake_case")]
enum TaskStatus {
    Open,
    Withdrawn,
}

mirrors! { Task: model::Task, ScoreShare: model::ScoreShare }
