//! `task_acted` on the wire: what an officer did with a task.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use super::form::{Form, Optional, OptionalList, Words, mirrors};
use super::identifiers::Identifier;
use super::measures::Money;
use crate::model::{self, Fen, Id, Text};

/// An officer acted on a task.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaskActed")]
pub(super) struct TaskActed {
    #[serde(with = "Identifier")]
    task_id: Id,
    #[serde(with = "Identifier")]
    officer_id: Id,
    #[serde(with = "TaskAction")]
    action: model::TaskAction,
    #[serde(default, with = "Optional::<TaskVerdict>", skip_serializing_if = "Option::is_none")]
    verdict: Option<model::TaskVerdict>,
    #[serde(
        default,
        rename = "recovered_tax_fen",
        with = "Optional::<Money>",
        skip_serializing_if = "Option::is_none"
    )]
    recovered_tax: Option<Fen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Text>,
    #[serde(default, with = "Optional::<Identifier>", skip_serializing_if = "Option::is_none")]
    to_officer_id: Option<Id>,
    #[serde(default, with = "OptionalList::<Words>", skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Text>,
}

/// Its identity is the sender's name for it, so that must be there.
pub(super) fn check(fact: &model::TaskActed, event_id: Option<&Text>) -> Result<(), Refusal> {
    if event_id.is_none_or(|id| id.is_empty()) {
        return Err(Refusal::new("event_id", "is missing; a task_acted is identified by it"));
    }
    check::money("recovered_tax_fen", fact.recovered_tax.unwrap_or_default())?;
    check::optional_text("reason", fact.reason.as_ref())?;
    check::texts("evidence", &fact.evidence)
}

/// What was done.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaskAction", rename_all = "snake_case")]
enum TaskAction {
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

/// What came of it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::TaskVerdict", rename_all = "snake_case")]
enum TaskVerdict {
    Confirmed,
    Partly,
    Cleared,
    Unfounded,
}

mirrors! { TaskVerdict: model::TaskVerdict }
