//! `rules_published` and `model_published` on the wire.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::check;
use crate::model::{self, Text};

/// The longest rule set, in bytes: a hundred times the standard one. Every partition keeps it, and reads it at its start.
const RULES_BYTES_MAX: usize = 1 << 20;
/// The longest model, in bytes: one that is larger is given by a URI and its digest.
const MODEL_BYTES_MAX: usize = 16 << 20;

/// A rule set takes effect.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::RulesPublished")]
pub(super) struct RulesPublished {
    version: Text,
    rules: Text,
}

pub(super) fn check_rules(fact: &model::RulesPublished) -> Result<(), Refusal> {
    check::text("version", &fact.version)?;
    check::text_of("rules", &fact.rules, RULES_BYTES_MAX)
}

/// A model takes effect.
#[derive(Serialize, Deserialize)]
#[serde(remote = "model::ModelPublished")]
pub(super) struct ModelPublished {
    version: Text,
    model: Text,
}

pub(super) fn check_model(fact: &model::ModelPublished) -> Result<(), Refusal> {
    check::text("version", &fact.version)?;
    check::text_of("model", &fact.model, MODEL_BYTES_MAX)
}
