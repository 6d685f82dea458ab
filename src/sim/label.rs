//! The truth about a world: who played which part in which scheme, since when, and from when on it could be known.

use std::fmt;

use crate::model::{Id, Instant, TaxpayerId};

/// The part a taxpayer plays in a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Issues without input.
    Source,
    /// Passes on what a source issued.
    Washer,
    /// Deducts it.
    Beneficiary,
    /// Belongs to a ring or a gang.
    Associate,
    /// A fraud without a chain.
    Solo,
    /// Dealt with a fraudster, unknowing: neither a hit nor a false alarm.
    Bystander,
    /// Honest, and looks otherwise: must not be flagged.
    Lookalike,
}

impl Part {
    /// All of them, in the order of the contract.
    pub const ALL: [Self; 7] =
        [Self::Source, Self::Washer, Self::Beneficiary, Self::Associate, Self::Solo, Self::Bystander, Self::Lookalike];

    /// The contract's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Washer => "washer",
            Self::Beneficiary => "beneficiary",
            Self::Associate => "associate",
            Self::Solo => "solo",
            Self::Bystander => "bystander",
            Self::Lookalike => "lookalike",
        }
    }

    /// Reads the contract's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == text)
    }

    /// Whether a task about the taxpayer is right.
    pub fn is_fraud(self) -> bool {
        match self {
            Self::Source | Self::Washer | Self::Beneficiary | Self::Associate | Self::Solo => true,
            Self::Bystander | Self::Lookalike => false,
        }
    }
}

/// One line of a labels file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Such as `chain-3`; `honest` for a look-alike.
    pub scheme: String,
    /// What it is, or what a look-alike looks like: a code of the contract.
    pub typology: String,
    /// Who.
    pub taxpayer_id: TaxpayerId,
    /// Their part.
    pub role: Part,
    /// Event time of the first thing they did in it.
    pub first_at: Instant,
    /// Event time of the first event at which a perfect observer could know.
    pub evident_at: Instant,
}

/// As one line of JSON, without the line's end.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, typology, taxpayer_id, role, first_at, evident_at } = self;
        let line = Line {
            scheme,
            typology,
            taxpayer_id: taxpayer_id.as_str(),
            role: role.name(),
            first_at: first_at.to_string(),
            evident_at: evident_at.to_string(),
        };
        f.write_str(&serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

#[derive(serde::Serialize)]
struct Line<'a> {
    scheme: &'a str,
    typology: &'a str,
    taxpayer_id: &'a str,
    role: &'a str,
    first_at: String,
    evident_at: String,
}

impl Label {
    /// Reads one line. What is wrong names the field.
    pub fn parse(line: &str) -> Result<Self, String> {
        let fields = Fields::parse(line)?;
        let role = fields.text("role")?;
        Ok(Self {
            scheme: fields.text("scheme")?.into(),
            typology: fields.text("typology")?.into(),
            taxpayer_id: fields.id("taxpayer_id")?,
            role: Part::parse(role).ok_or_else(|| {
                let known = Part::ALL.map(Part::name).join(", ");
                format!("field `role`: `{role}` is none of {known}")
            })?,
            first_at: fields.instant("first_at")?,
            evident_at: fields.instant("evident_at")?,
        })
    }
}

/// The fields of one JSON object, read by name: what is missing or wrong is told with its field.
pub(super) struct Fields(serde_json::Map<String, serde_json::Value>);

impl Fields {
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        match serde_json::from_str(line) {
            Ok(serde_json::Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err("is not a JSON object".into()),
            Err(error) => Err(format!("is not JSON: {error}")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, String> {
        let value = self.value(name)?;
        value.as_str().ok_or_else(|| format!("field `{name}`: {value} is not a string"))
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, String> {
        let value = self.value(name)?;
        let texts = value.as_array().and_then(|list| list.iter().map(serde_json::Value::as_str).collect());
        texts.ok_or_else(|| format!("field `{name}`: {value} is not a list of strings"))
    }

    pub(super) fn integer(&self, name: &str) -> Result<i64, String> {
        let value = self.value(name)?;
        value.as_i64().ok_or_else(|| format!("field `{name}`: {value} is not an integer"))
    }

    pub(super) fn id(&self, name: &str) -> Result<Id, String> {
        let text = self.text(name)?;
        Id::parse(text).map_err(|error| format!("field `{name}`: `{text}` {error}"))
    }

    pub(super) fn instant(&self, name: &str) -> Result<Instant, String> {
        let text = self.text(name)?;
        Instant::parse(text)
            .ok_or_else(|| format!("field `{name}`: `{text}` is not an RFC 3339 instant with an offset"))
    }

    fn value(&self, name: &str) -> Result<&serde_json::Value, String> {
        self.0.get(name).ok_or_else(|| format!("field `{name}` is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"scheme":"chain-3","typology":"pass_through","taxpayer_id":"A","role":"washer","first_at":"2025-03-01T09:00:00+08:00","evident_at":"2025-03-02T09:00:00+08:00"}"#;

    #[test]
    fn a_label_reads_back_as_it_was_written() {
        assert_eq!(Label::parse(LINE).unwrap().to_string(), LINE);
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let of = |from: &str, to: &str| Label::parse(&LINE.replace(from, to)).unwrap_err();
        assert!(of("washer", "cleaner").starts_with("field `role`: `cleaner` is none of source, washer,"));
        assert_eq!(of("\"scheme\"", "\"plan\""), "field `scheme` is missing");
        assert!(of("2025-03-02T09:00:00+08:00", "today").starts_with("field `evident_at`: `today` is not"));
    }
}
