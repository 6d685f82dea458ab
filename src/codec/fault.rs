//! What can go wrong between serde and Avro's bytes.

use std::fmt;

use serde::{de, ser};

use super::Refusal;

/// A refusal in a box, so that the results of the good path stay small.
#[derive(Debug)]
pub(super) struct Fault(Box<Refusal>);

impl Fault {
    pub(super) fn unsupported(what: &str) -> Self {
        Self::new(format!("{what} has no place in our records"))
    }

    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(Box::new(Refusal::new("", reason)))
    }

    pub(super) fn ended() -> Self {
        Self::new("the bytes end within it; the record is cut short")
    }

    pub(super) fn within(self, name: &str) -> Self {
        Self(Box::new(self.0.within(name)))
    }

    pub(super) fn at(self, index: usize) -> Self {
        Self(Box::new(self.0.at(index)))
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        *fault.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason.to_string())
    }
}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(reason.to_string())
    }
}
