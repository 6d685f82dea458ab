//! What a topology on Kafka says: where the brokers are, what the topics are called, and how turns are cut.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{SchemaRegistry, Secret};

/// How a topology's log on Kafka is reached and used. What a document does not say is as in [`Kafka::default`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kafka {
    /// Brokers to begin with: `host:port`, separated by commas.
    pub bootstrap_servers: String,
    /// The group whose instances share the partitions.
    pub group_id: String,
    /// This instance's name in the group, kept over restarts: with it an instance gets its partitions back at once.
    pub instance_id: String,
    /// Stands before the name of every topic, so that several groups may have one cluster.
    pub topic_prefix: String,
    /// The time between commits, in milliseconds. Longer is cheaper, and what is found is seen later.
    pub commit_interval_ms: u32,
    /// Events with which a turn is committed before its time. More is faster, and more is folded again after a failed turn.
    pub turn_events: u32,
    /// How much is read and not folded yet, in MiB; beyond it reading waits. But 256 KiB may wait of each partition of each
    /// topic, so that none is kept waiting by the others.
    pub buffered_mib: u32,
    /// A dead instance's partitions go to others after so many milliseconds.
    pub session_timeout_ms: u32,
    /// What it had open is given up after so many milliseconds; a turn that takes longer is given up, too.
    pub transaction_timeout_ms: u32,
    /// While catching up, no topic runs ahead of another by more than so many minutes of event time.
    pub skew_minutes: u32,
    /// Whether an idle partition's hours pass by its owner's clock. Without it old input may be read at leisure, and what
    /// waits for time to pass waits for events.
    pub ticks_when_idle: bool,
    /// Copies of topics that are created.
    pub replication: u32,
    /// What each topic is called.
    pub topics: Topics,
    /// The registry of schemas, where there is one.
    pub schema_registry: SchemaRegistry,
    /// Properties of librdkafka that nobody is to see, each with where it is read from.
    pub secrets: BTreeMap<String, Secret>,
    /// Handed to librdkafka untouched. A table of its own, so a slip of the pen elsewhere is still caught.
    pub librdkafka: BTreeMap<String, String>,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            bootstrap_servers: "127.0.0.1:9092".into(),
            group_id: "suyuan".into(),
            instance_id: "suyuan-1".into(),
            topic_prefix: String::new(),
            commit_interval_ms: 50,
            turn_events: 8_192,
            buffered_mib: 64,
            session_timeout_ms: 10_000,
            transaction_timeout_ms: 10_000,
            skew_minutes: 60,
            ticks_when_idle: true,
            replication: 1,
            topics: Topics::default(),
            schema_registry: SchemaRegistry::default(),
            secrets: BTreeMap::new(),
            // A tenth of librdkafka's own: with a second, a topic that fell silent for a moment is a second late.
            librdkafka: BTreeMap::from([("fetch.queue.backoff.ms".into(), "10".into())]),
        }
    }
}

/// What each topic is called, without the prefix.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "each is named for what it holds; the contract says what that is")]
pub struct Topics {
    pub registration: String,
    pub issuance: String,
    pub receipt: String,
    pub deduction: String,
    pub declaration: String,
    pub observation: String,
    pub directory: String,
    pub feedback: String,
    pub control: String,
    pub journal: String,
    pub inbox: String,
    pub signals: String,
    pub cases: String,
    pub tasks: String,
    pub dead_letters: String,
    pub doubts: String,
    pub digests: String,
}

impl Default for Topics {
    fn default() -> Self {
        Self {
            registration: "invoice.registration".into(),
            issuance: "invoice.issuance".into(),
            receipt: "invoice.receipt".into(),
            deduction: "invoice.deduction".into(),
            declaration: "tax.declaration".into(),
            observation: "thirdparty.observation".into(),
            directory: "grid.directory".into(),
            feedback: "task.feedback".into(),
            control: "risk.control".into(),
            journal: "suyuan.journal".into(),
            inbox: "suyuan.inbox".into(),
            signals: "risk.signals".into(),
            cases: "risk.cases".into(),
            tasks: "risk.tasks".into(),
            dead_letters: "dead.letters".into(),
            doubts: "data.doubts".into(),
            digests: "journal.digests".into(),
        }
    }
}

/// How long a topic keeps what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// As long as the broker keeps anything, unless its owner says otherwise: input that was read is in the journal.
    AsTheBroker,
    /// For ever: it is the truth.
    ForEver,
    /// The last record of each key.
    TheLatest,
}

/// What a topic is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Events come from there.
    Input,
    /// What was folded.
    Journal,
    /// What partitions tell each other.
    Inbox,
    /// What goes out.
    Output,
}

/// A topic as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// With the prefix.
    pub name: String,
    /// What it is to us.
    pub role: Role,
    /// How long it keeps what it is given.
    pub keeps: Keeps,
}

impl Kafka {
    /// A topic's name with the prefix.
    pub fn named(&self, topic: &str) -> String {
        format!("{}{topic}", self.topic_prefix)
    }

    /// The input topics, in the order in which sources number them: this order never changes.
    pub fn inputs(&self) -> [String; 9] {
        let Topics { registration, issuance, receipt, deduction, declaration, .. } = &self.topics;
        let Topics { observation, directory, feedback, control, .. } = &self.topics;
        [registration, issuance, receipt, deduction, declaration, observation, directory, feedback, control]
            .map(|topic| self.named(topic))
    }

    /// The topic that the contract calls so.
    pub fn topic(&self, contract: &str) -> Option<String> {
        let at = Self::default().all().iter().position(|topic| topic.name == contract)?;
        Some(self.all()[at].name.clone())
    }

    /// The journal's topic.
    pub fn journal(&self) -> String {
        self.named(&self.topics.journal)
    }

    /// The inbox's topic.
    pub fn inbox(&self) -> String {
        self.named(&self.topics.inbox)
    }

    /// Every topic, as it is to be.
    pub fn all(&self) -> Vec<Topic> {
        let topics = &self.topics;
        let topic = |name: String, role, keeps| Topic { name, role, keeps };
        let mut all: Vec<Topic> =
            self.inputs().into_iter().map(|name| topic(name, Role::Input, Keeps::AsTheBroker)).collect();
        all.push(topic(self.journal(), Role::Journal, Keeps::ForEver));
        all.push(topic(self.inbox(), Role::Inbox, Keeps::ForEver));
        for (name, keeps) in [
            (&topics.signals, Keeps::AsTheBroker),
            (&topics.cases, Keeps::TheLatest),
            (&topics.tasks, Keeps::AsTheBroker),
            (&topics.dead_letters, Keeps::ForEver),
            (&topics.doubts, Keeps::AsTheBroker),
            (&topics.digests, Keeps::ForEver),
        ] {
            all.push(topic(self.named(name), Role::Output, keeps));
        }
        all
    }

    /// The settings that can be out of range, each with its least and its most.
    pub(super) fn ranges(&self) -> [(&'static str, u32, u32, u32); 7] {
        [
            ("commit_interval_ms", self.commit_interval_ms, 1, 10_000),
            ("turn_events", self.turn_events, 1, 1 << 20),
            ("buffered_mib", self.buffered_mib, 1, 1 << 14),
            ("session_timeout_ms", self.session_timeout_ms, 1_000, 3_600_000),
            ("transaction_timeout_ms", self.transaction_timeout_ms, 1_000, 900_000),
            ("skew_minutes", self.skew_minutes, 1, 1 << 20),
            ("replication", self.replication, 1, 16),
        ]
    }
}

/// What exactly-once rests on, and is therefore not to be passed through; and what stands in a setting of ours.
pub(super) const RESERVED: [(&str, &str); 16] = [
    ("bootstrap.servers", "it is `bootstrap_servers`"),
    ("metadata.broker.list", "it is `bootstrap_servers`"),
    ("group.id", "it is `group_id`"),
    ("group.instance.id", "it is `instance_id`"),
    ("session.timeout.ms", "it is `session_timeout_ms`"),
    ("transaction.timeout.ms", "it is `transaction_timeout_ms`"),
    ("transactional.id", "it follows from `group_id` and `instance_id`"),
    ("isolation.level", "what is not committed must not be read"),
    ("enable.auto.commit", "offsets are committed with what was made of them"),
    ("enable.auto.offset.store", "offsets are committed with what was made of them"),
    ("auto.offset.reset", "no input may be passed over"),
    ("enable.idempotence", "nothing may be written twice"),
    ("partitioner", "every producer must agree on the partition of a key"),
    ("partition.assignment.strategy", "all topics' partitions of one number go to one instance"),
    ("group.protocol", "all topics' partitions of one number go to one instance"),
    ("acks", "what is acknowledged must survive"),
];
