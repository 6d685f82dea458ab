//! What of the lines of a run's results is needed to measure it. What is wrong with a line names its field.

use super::super::label::Fields;
use crate::model::{Instant, TaxpayerId};

/// What of a line of `tasks.jsonl` is needed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// 1 to 5.
    pub level: i64,
    /// What was found.
    pub typologies: Vec<String>,
    /// Whether it still stands.
    pub withdrawn: bool,
    /// Event time of its first finding.
    pub opened_at: Instant,
}

impl TaskLine {
    /// Reads one line. What is wrong names the field.
    pub fn parse(line: &str) -> Result<Self, String> {
        let fields = Fields::parse(line)?;
        let level = fields.integer("level")?;
        if !(1..=5).contains(&level) {
            return Err(format!("field `level`: {level} is not from 1 to 5"));
        }
        Ok(Self {
            taxpayer_id: fields.id("taxpayer_id")?,
            level,
            typologies: fields.texts("typologies")?.into_iter().map(Into::into).collect(),
            withdrawn: fields.text("status")? == "withdrawn",
            opened_at: fields.instant("opened_at")?,
        })
    }
}

/// What of a line of `signals.jsonl` is needed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalLine {
    /// Whom it is about.
    pub taxpayer_id: TaxpayerId,
    /// What was found.
    pub typology: String,
    /// Whether it still stands.
    pub withdrawn: bool,
}

impl SignalLine {
    /// Reads one line. What is wrong names the field.
    pub fn parse(line: &str) -> Result<Self, String> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            taxpayer_id: fields.id("taxpayer_id")?,
            typology: fields.text("typology")?.into(),
            withdrawn: fields.text("status")? == "withdrawn",
        })
    }
}
