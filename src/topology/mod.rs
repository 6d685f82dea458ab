//! Topologies: what runs where, in TOML. So far there is one kind, everything in one process; parsing and checking only,
//! opening what it names is the shell's.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

use serde::Deserialize;

use crate::model::shortened;

/// The embedded topology that is used where none is named.
pub const EMBEDDED: &str = include_str!("../../topologies/embedded.toml");

/// The most partitions a journal may have.
pub const PARTITIONS_MAX: u32 = 1_024;

/// A topology that was read and checked. What a document does not say is as in [`Topology::default`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Topology {
    /// What takes the place of the log.
    pub kind: Kind,
    /// Journals to divide the entities among: fixed when the first event is folded.
    pub partitions: u32,
    /// The rule set, a file beside this one; the standard one where none is named.
    pub rules: Option<String>,
    /// Memory for rows, in MiB. Less is slower, never wrong.
    pub cache_mib: u32,
}

impl Default for Topology {
    fn default() -> Self {
        // Eight partitions keep eight cores busy, and cost two cores nothing. A GiB of rows fits beside other programs
        // on a laptop.
        Self { kind: Kind::Embedded, partitions: 8, rules: None, cache_mib: 1_024 }
    }
}

/// What takes the place of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A folder of this process.
    Embedded,
}

/// Why a document is not a topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// It is not the TOML that a topology is; the text names line and column.
    #[error("{0}")]
    Syntax(String),
    /// A number that cannot work.
    #[error("{name} = {value}: give 1 to {most}")]
    OutOfRange {
        /// The key.
        name: &'static str,
        /// What it says.
        value: u32,
        /// What it may say at most.
        most: u32,
    },
}

impl Topology {
    /// Reads and checks a document.
    pub fn parse(document: &str) -> Result<Self, TopologyError> {
        let topology: Self =
            toml::from_str(document).map_err(|error| TopologyError::Syntax(shortened(error.to_string())))?;
        let ranges = [("partitions", topology.partitions, PARTITIONS_MAX), ("cache_mib", topology.cache_mib, 1 << 20)];
        for (name, value, most) in ranges {
            if !(1..=most).contains(&value) {
                return Err(TopologyError::OutOfRange { name, value, most });
            }
        }
        Ok(topology)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_topology_is_one() {
        assert_eq!(Topology::parse(EMBEDDED), Ok(Topology::default()));
    }

    #[test]
    fn what_is_not_said_is_as_it_is_by_default() {
        let few = Topology::parse("partitions = 3").unwrap();
        assert_eq!(few, Topology { partitions: 3, ..Topology::default() });
        assert_eq!(Topology::parse(""), Ok(Topology::default()));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let error = |from, to| Topology::parse(&EMBEDDED.replace(from, to)).unwrap_err().to_string();
        assert!(error("partitions = 8", "partitions = 0").contains("partitions = 0: give 1 to 1024"));
        assert!(error("cache_mib", "cache_mb").contains("unknown field `cache_mb`"));
        assert!(error("\"embedded\"", "\"cloud\"").contains("unknown variant `cloud`"));
    }
}
