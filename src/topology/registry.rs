//! What a topology says of a schema registry.

use serde::Deserialize;

use super::Secret;

/// A registry of schemas that speaks the Confluent protocol. Without one, records name their schemas by numbers of our own,
/// and the files of `schemas/` are all there are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaRegistry {
    /// Where it is: what stands before `/subjects`. Empty: there is none.
    pub url: String,
    /// By which names schemas are registered.
    pub subjects: Subjects,
    /// Whether schemas that are not there yet are registered at start. Without it they must be there.
    pub register: bool,
    /// Who we are there; empty: nobody asks.
    pub username: String,
    /// The password that goes with it.
    pub password: Option<Secret>,
}

impl Default for SchemaRegistry {
    fn default() -> Self {
        Self {
            url: String::new(),
            subjects: Subjects::TopicRecordName,
            register: true,
            username: String::new(),
            password: None,
        }
    }
}

/// By which names schemas are registered: those strategies of Confluent's clients with which a topic may hold several kinds
/// of records, as ours do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subjects {
    /// `invoice.issuance-suyuan.InvoiceIssued`: what is compatible is asked for each topic by itself.
    TopicRecordName,
    /// `suyuan.InvoiceIssued`: the same for all topics.
    RecordName,
}

impl Subjects {
    /// The subject of a record, by its full name, in a topic.
    pub fn subject(self, topic: &str, record: &str) -> String {
        match self {
            Self::TopicRecordName => format!("{topic}-{record}"),
            Self::RecordName => record.to_owned(),
        }
    }
}
