//! Topologies: what runs where, in TOML. Two kinds: everything in one process, and on Kafka. Parsing, checking and drawing
//! only; opening what it names is the shell's.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

mod describe;
mod kafka;
mod registry;
mod secret;
mod telemetry;

use std::collections::BTreeSet;

use serde::Deserialize;

pub use describe::mermaid;
pub use kafka::{Kafka, Keeps, Role, Topic, Topics};
pub use registry::{SchemaRegistry, Subjects};
pub use secret::Secret;
pub use telemetry::Telemetry;

use crate::model::shortened;

/// The embedded topology that is used where none is named.
pub const EMBEDDED: &str = include_str!("../../topologies/embedded.toml");
/// The topology on Kafka to begin with.
pub const KAFKA: &str = include_str!("../../topologies/kafka.toml");

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
    /// How Kafka is used, where that is the kind.
    pub kafka: Kafka,
    /// What operators see of it, where that is the kind.
    pub telemetry: Telemetry,
}

impl Default for Topology {
    fn default() -> Self {
        // Eight partitions keep eight cores busy, and cost two cores nothing. A GiB of rows fits beside other programs
        // on a laptop.
        Self {
            kind: Kind::Embedded,
            partitions: 8,
            rules: None,
            cache_mib: 1_024,
            kafka: Kafka::default(),
            telemetry: Telemetry::default(),
        }
    }
}

/// What takes the place of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A folder of this process.
    Embedded,
    /// Topics of an Apache Kafka cluster.
    Kafka,
}

/// Why a document is not a topology.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// It is not the TOML that a topology is; the text names line and column.
    #[error("{0}")]
    Syntax(String),
    /// A number that cannot work.
    #[error("line {line}: {name} = {value}: give {least} to {most}")]
    OutOfRange {
        /// The key.
        name: &'static str,
        /// Where it stands; 0 where it does not.
        line: usize,
        /// What it says.
        value: u32,
        /// What it may say at least.
        least: u32,
        /// What it may say at most.
        most: u32,
    },
    /// What must be said is empty, or cannot be a name.
    #[error("line {line}: {name} = \"{value}\": {want}")]
    BadName {
        /// The key.
        name: String,
        /// Where it stands; 0 where it does not.
        line: usize,
        /// What it says.
        value: String,
        /// What it is to be.
        want: &'static str,
    },
    /// Two topics of one name.
    #[error("line {line}: two topics are called {name}: each holds something else")]
    SameTopic {
        /// The name.
        name: String,
        /// Where it stands last.
        line: usize,
    },
    /// What is not to be passed through.
    #[error("line {line}: {name} is not to be set here: {why}")]
    Reserved {
        /// The property of librdkafka.
        name: &'static str,
        /// Where it stands.
        line: usize,
        /// Why not.
        why: &'static str,
    },
    /// A table that has no meaning for the kind.
    #[error(
        "line {line}: [{table}] says nothing to a topology of the kind \"embedded\": set kind = \"kafka\", or take it out"
    )]
    NotKafka {
        /// Its name.
        table: &'static str,
        /// Where it stands.
        line: usize,
    },
}

impl Topology {
    /// Reads and checks a document.
    pub fn parse(document: &str) -> Result<Self, TopologyError> {
        let topology: Self =
            toml::from_str(document).map_err(|error| TopologyError::Syntax(shortened(error.to_string())))?;
        let own = [
            ("partitions", topology.partitions, 1, PARTITIONS_MAX),
            ("cache_mib", topology.cache_mib, 1, 1 << 20),
            ("unhealthy_after_s", topology.telemetry.unhealthy_after_s, 1, 3_600),
        ];
        for (name, value, least, most) in own.into_iter().chain(topology.kafka.ranges()) {
            if !(least..=most).contains(&value) {
                return Err(TopologyError::OutOfRange { name, line: line_of(document, name), value, least, most });
            }
        }
        if topology.kind == Kind::Kafka {
            topology.kafka.check(document)?;
        } else {
            for table in ["kafka", "telemetry"] {
                let opens = |line: &str| line.trim_start().starts_with(&format!("[{table}"));
                if let Some(line) = document.lines().position(opens) {
                    return Err(TopologyError::NotKafka { line: line + 1, table });
                }
            }
        }
        Ok(topology)
    }
}

impl Kafka {
    fn check(&self, document: &str) -> Result<(), TopologyError> {
        let bad = |name: &str, value: &str, want| {
            Err(TopologyError::BadName { name: name.into(), line: line_of(document, name), value: value.into(), want })
        };
        for (name, value) in [
            ("bootstrap_servers", &self.bootstrap_servers),
            ("group_id", &self.group_id),
            ("instance_id", &self.instance_id),
        ] {
            if value.trim().is_empty() {
                return bad(name, value, "it must be said");
            }
        }
        let mut seen = BTreeSet::new();
        for topic in self.all() {
            let own = topic.name.strip_prefix(&self.topic_prefix).unwrap_or_default();
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
            if own.is_empty() || topic.name.len() > TOPIC_BYTES_MAX || !topic.name.chars().all(is_name) {
                let line = line_with(document, &format!("\"{own}\""));
                let want = "a topic is called by 1 to 249 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`";
                return Err(TopologyError::BadName { name: "topic".into(), line, value: topic.name, want });
            }
            if !seen.insert(topic.name.clone()) {
                let line = document.lines().count()
                    - document.lines().rev().position(|line| line.contains(&format!("\"{own}\""))).unwrap_or_default();
                return Err(TopologyError::SameTopic { name: topic.name, line });
            }
        }
        let url = &self.schema_registry.url;
        if !url.is_empty() && !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            return bad("url", url, "a registry is at http:// or https://");
        }
        if url.contains('@') {
            let want = "who we are there is said by `username` and `password`, not here";
            return bad("url", "...", want);
        }
        let said = |name: &str| self.librdkafka.contains_key(name);
        let reserved = kafka::RESERVED.iter().find(|(name, _)| said(name) || self.secrets.contains_key(*name));
        let reserved = reserved
            .copied()
            .or_else(|| secret::SECRETS.into_iter().find(|name| said(name)).map(|name| (name, secret::WHY)));
        match reserved {
            Some((name, why)) => Err(TopologyError::Reserved { name, line: line_with(document, name), why }),
            None => Ok(()),
        }
    }
}

/// The longest name of a topic.
const TOPIC_BYTES_MAX: usize = 249;

/// The line on which a key is set, from 1; 0 where it is not.
fn line_of(document: &str, key: &str) -> usize {
    let sets = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    document.lines().position(sets).map_or(0, |at| at + 1)
}

/// The first line, but for comments, with this text in it, from 1; 0 where there is none.
fn line_with(document: &str, text: &str) -> usize {
    let has = |line: &str| !line.trim_start().starts_with('#') && line.contains(text);
    document.lines().position(has).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_topology_is_one() {
        assert_eq!(Topology::parse(EMBEDDED), Ok(Topology::default()));
    }

    #[test]
    fn the_topology_on_kafka_says_what_holds_where_nothing_is_said() {
        let expected = Topology { kind: Kind::Kafka, ..Topology::default() };
        assert_eq!(Topology::parse(KAFKA), Ok(expected.clone()));
        assert_eq!(Topology::parse("kind = \"kafka\""), Ok(expected));
    }

    #[test]
    fn what_is_not_said_is_as_it_is_by_default() {
        let few = Topology::parse("partitions = 3").unwrap();
        assert_eq!(few, Topology { partitions: 3, ..Topology::default() });
        assert_eq!(Topology::parse(""), Ok(Topology::default()));
    }

    #[test]
    fn secrets_are_named_by_where_they_are() {
        let document = format!(
            "{KAFKA}\n[kafka.secrets]\n\"sasl.password\" = {{ env = \"PASSWORD\" }}\n\"ssl.key.password\" = {{ file = \"/run/key\" }}\n"
        );
        let secrets = Topology::parse(&document).unwrap().kafka.secrets;
        assert_eq!(secrets["sasl.password"], Secret::Env("PASSWORD".into()));
        assert_eq!(secrets["ssl.key.password"], Secret::File("/run/key".into()));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let error = |from, to| Topology::parse(&EMBEDDED.replace(from, to)).unwrap_err().to_string();
        assert!(error("partitions = 8", "partitions = 0").contains("line 4: partitions = 0: give 1 to 1024"));
        assert!(error("cache_mib", "cache_mb").contains("unknown field `cache_mb`"));
        assert!(error("\"embedded\"", "\"cloud\"").contains("unknown variant `cloud`"));
    }

    #[test]
    fn mistakes_in_what_is_said_of_kafka_are_named_with_their_place() {
        let error = |from: &str, to: &str| {
            assert!(KAFKA.contains(from), "{from}");
            Topology::parse(&KAFKA.replace(from, to)).unwrap_err().to_string()
        };
        let line = |text| line_with(KAFKA, text);
        let said = error("commit_interval_ms = 50 ", "commit_interval_ms = 0 ");
        assert!(said.contains(&format!("line {}: commit_interval_ms = 0", line("commit_interval_ms"))), "{said}");
        let said = error("\"risk.tasks\"", "\"risk.cases\"");
        assert!(said.contains(&format!("line {}: two topics are called risk.cases", line("tasks ="))), "{said}");
        let said = error("\"risk.tasks\"", "\"risk tasks\"");
        assert!(said.contains(&format!("line {}: topic = \"risk tasks\"", line("tasks ="))), "{said}");
        let said = error("\"fetch.queue.backoff.ms\" = \"10\"", "acks = \"1\"");
        assert!(said.contains("acks is not to be set here: what is acknowledged must survive"), "{said}");
        let said = error("\"fetch.queue.backoff.ms\" = \"10\"", "\"sasl.password\" = \"tiger\"");
        assert!(said.contains("sasl.password is not to be set here: say in [kafka.secrets]"), "{said}");
        assert!(!said.contains("tiger"), "{said}");
        let said = error("url = \"\"", "url = \"registry:8081\"");
        assert!(said.contains(&format!("line {}: url = \"registry:8081\"", line("url ="))), "{said}");
        let said = error("url = \"\"", "url = \"https://me:tiger@registry\"");
        assert!(said.contains("by `username` and `password`") && !said.contains("tiger"), "{said}");
        let said = error("kind = \"kafka\"", "kind = \"embedded\"");
        assert!(said.contains("[kafka] says nothing"), "{said}");
        assert!(error("group_id = \"suyuan\" ", "group_id = \"\" ").contains("it must be said"));
        assert!(error("session_timeout_ms", "session_timeout").contains("unknown field `session_timeout`"));
    }
}
