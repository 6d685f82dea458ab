//! What can go wrong between us and the brokers.

use rdkafka::error::KafkaError;

/// Why the log on Kafka cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The brokers, or the way there.
    #[error("cannot {doing} ({servers}): {source}")]
    Kafka {
        /// What was being done.
        doing: String,
        /// The brokers.
        servers: String,
        /// What librdkafka says.
        source: Box<KafkaError>,
    },
    /// The brokers know us not, or we them not.
    #[error(
        "the brokers ({servers}) and we do not come together: {reason}. Nothing was read or written. What the topology says in \
         [kafka.librdkafka] and [kafka.secrets] is not what they want: {advice}"
    )]
    Admission {
        /// The brokers.
        servers: String,
        /// What librdkafka says.
        reason: String,
        /// What to look at.
        advice: &'static str,
    },
    /// A password cannot be read.
    #[error("{name} of the topology is to be read from {place}: {why}")]
    Secret {
        /// Whose value it is.
        name: String,
        /// Where it is to be.
        place: String,
        /// Why it is not.
        why: String,
    },
    /// The registry of schemas does not answer, or not as one.
    #[error("the schema registry at {url} cannot be asked {question}: {why}")]
    Registry {
        /// Where it is.
        url: String,
        /// What it was to be asked.
        question: String,
        /// What came instead of an answer.
        why: String,
    },
    /// The registry refuses a schema, or we what it has.
    #[error(
        "schema {schema} cannot go under {subject} of the schema registry at {url}: {why}. Nothing was read or written. Use a \
         version of this program whose schema is compatible; or, if nothing that was written under that subject is needed any \
         more, delete the subject there; or give the topics another `topic_prefix`"
    )]
    Incompatible {
        /// The file in `schemas/`, without its ending.
        schema: String,
        /// The subject.
        subject: String,
        /// The registry.
        url: String,
        /// What does not go together.
        why: String,
    },
    /// A schema that is to be there is not.
    #[error(
        "schema {schema} is not under {subject} of the schema registry at {url}: register it there, or set `register = true` in \
         [kafka.schema_registry]"
    )]
    Unregistered {
        /// The file in `schemas/`, without its ending.
        schema: String,
        /// The subject.
        subject: String,
        /// The registry.
        url: String,
    },
    /// The topics are not as the topology says.
    #[error("{}\nNothing was changed: `suyuan topics create` makes what is missing; a topic with another number of partitions \
        cannot be taken into use, for keys would change their partition: give it another name in the topology, or delete it, \
        if nothing in it is needed, and create it again", differences.join("\n"))]
    Topics {
        /// A sentence for each.
        differences: Vec<String>,
    },
    /// A frame is damaged, or no frame.
    #[error("{topic}/{partition}@{offset} cannot be read as a frame, and nothing is changed: {what}")]
    Frame {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: u32,
        /// Kafka's offset.
        offset: i64,
        /// What is wrong.
        what: String,
    },
    /// Frames do not follow one another.
    #[error(
        "{topic}/{partition}@{offset} goes on at record {found}, but {expected} was to come: the journal lacks a part, or has it twice. Put it back from a copy"
    )]
    Gap {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: u32,
        /// Kafka's offset.
        offset: i64,
        /// What was to come.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The service is to end.
    #[error("told to end")]
    Stopped,
    /// What another instance left open does not end.
    #[error(
        "{topic}/{partition} has an open transaction that did not end within {seconds} s: is another instance of this group at work on the same partition?"
    )]
    Open {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: u32,
        /// How long was waited.
        seconds: u64,
    },
}

impl Error {
    /// Adds what was being done.
    pub(super) fn kafka(doing: impl Into<String>, servers: &str) -> impl FnOnce(KafkaError) -> Self {
        let (doing, servers) = (doing.into(), servers.to_owned());
        move |source| Self::Kafka { doing, servers, source: Box::new(source) }
    }
}
