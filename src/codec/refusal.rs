//! Why bytes are not the record they should be, and which field says so.

use std::fmt;

/// Input that could not be read, or breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field, as a path such as `lines[2].tax_fen`; empty where it is the whole.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

/// What is said of a field that is not there.
const MISSING: &str = "is missing";

impl Refusal {
    pub(crate) fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    /// That a field is not there.
    pub(super) fn missing(field: &str) -> Self {
        Self::new(field, MISSING)
    }

    /// Whether a field is not there, and so nothing is wrong with what is.
    pub fn is_of_what_is_missing(&self) -> bool {
        self.reason == MISSING
    }

    /// The same, seen from the record that holds the field in its field `name`.
    pub(super) fn within(mut self, name: &str) -> Self {
        if name.is_empty() {
            return self;
        }
        let joint = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = format!("{name}{joint}{}", self.field);
        self
    }

    /// The same, seen from the list that holds the field in its item `index`.
    pub(super) fn at(mut self, index: usize) -> Self {
        let joint = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        self.field = format!("[{index}]{joint}{}", self.field);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.reason) } else { write!(f, "{}: {}", self.field, self.reason) }
    }
}

impl std::error::Error for Refusal {}

/// What serde says in words of Rust and of parsers, in words of JSON.
pub(super) fn plain(reason: &str) -> String {
    if let Some(what) = reason.strip_prefix("EOF while parsing ") {
        return format!("the line ends in the middle of {what}");
    }
    if let Some((name, known)) = reason.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        return format!("{name} is not {known}");
    }
    let Some((found, expected)) = reason.rsplit_once(", expected ") else { return reason.to_owned() };
    let found = match found.strip_prefix("invalid type: ") {
        Some("map") => "there is an object",
        Some("sequence") => "there is a list",
        Some(other) => &format!("there is {other}"),
        None => found,
    };
    let expected = match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "u128" => "a whole number, not negative and not too large",
        "a sequence" => "a list",
        "a map" => "an object",
        record if record.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{found}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_grows_outwards() {
        let inner = Refusal::new("tax_fen", "is no number");
        assert_eq!(inner.at(2).within("lines").to_string(), "lines[2].tax_fen: is no number");
        assert_eq!(Refusal::new("", "is empty").at(0).within("regions").field, "regions[0]");
        assert_eq!(Refusal::new("x", "is empty").within("").field, "x");
    }
}
