//! What all runs have in common: the input in its topics, topologies that share it and nothing else, and the processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use suyuan::topology::{Kafka, Topology};

use crate::broker::Broker;
use crate::instance;

pub(crate) const SUYUAN: &str = env!("CARGO_BIN_EXE_suyuan");
pub(crate) const PARTITIONS: u32 = 8;
/// How long a dead instance's partitions are kept for it; what it had open in a transaction is given up by then, too.
pub(crate) const SESSION: Duration = Duration::from_secs(6);
/// Firms of the world: so many events to each.
const EVENTS_PER_TAXPAYER: u64 = 100;
/// Registrations and returns beside the three events of an invoice: so many events to a hundred invoices.
const EVENTS_PER_100_INVOICES: u64 = 330;
const ANSWER: Duration = Duration::from_secs(30);

/// What a process does with the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As the service does.
    Exactly,
    /// The same without transactions.
    AtLeast,
    /// Decodes, and writes frames that another run has made.
    Bare,
}

pub(crate) struct Stage<'a> {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) broker: &'a Broker,
    pub(crate) events: u64,
    /// The events that latency is measured among, which are in no topic yet.
    pub(crate) more: PathBuf,
}

/// A process, killed when it is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Ends it as an operator does. Returns how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let began = Instant::now();
        assert!(Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
        began.elapsed()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl<'a> Stage<'a> {
    pub(crate) fn new(broker: &'a Broker, events: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let input = generate(folder.path(), 1, events);
        let more = generate(folder.path(), 2, events / 2);
        let mut stage = Self { folder, broker, events: 0, more };
        let (file, topology) = stage.topology("input");
        run(Command::new(SUYUAN).arg("import").arg(&input).arg("--topology").arg(file));
        std::fs::remove_file(input).unwrap();
        stage.events = u64::try_from(stage.ends(&topology.kafka).iter().map(|(_, _, end)| end).sum::<i64>()).unwrap();
        stage
    }

    /// The topology of a run: the same input, and all else its own. Makes its topics.
    pub(crate) fn topology(&self, run_name: &str) -> (PathBuf, Topology) {
        let own = ["journal", "inbox", "signals", "cases", "tasks", "dead_letters", "doubts", "digests"];
        let topics: String =
            own.iter().map(|topic| format!("{topic} = \"{run_name}.{topic}\"\n")).collect::<Vec<_>>().concat();
        let document = format!(
            "kind = \"kafka\"\npartitions = {PARTITIONS}\ncache_mib = 512\n[kafka]\nbootstrap_servers = \"{}\"\n\
             group_id = \"{run_name}\"\nsession_timeout_ms = {session}\ntransaction_timeout_ms = {session}\nticks_when_idle = false\n[kafka.topics]\n{topics}\n\
             [telemetry]\naddress = \"\"\n",
            self.broker.servers,
            session = SESSION.as_millis(),
        );
        let path = self.folder.path().join(format!("{run_name}.toml"));
        std::fs::write(&path, &document).unwrap();
        run(Command::new(SUYUAN).args(["topics", "create", "--topology"]).arg(&path));
        (path, Topology::parse(&document).unwrap())
    }

    /// Starts an instance on a run's topology.
    pub(crate) fn start(&self, run_name: &str, name: &str, kind: Kind, frames_of: Option<&str>) -> Process {
        let topology = self.folder.path().join(format!("{run_name}.toml"));
        let data = self.data(run_name, name);
        let log = File::options().create(true).append(true).open(data.with_extension("log")).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(instance::ASKED).arg(format!("{kind:?}")).arg(topology).arg(data).arg(name);
        command.args(frames_of).stdout(Stdio::null()).stderr(log);
        Process(command.spawn().unwrap())
    }

    pub(crate) fn data(&self, run_name: &str, name: &str) -> PathBuf {
        self.folder.path().join(format!("{run_name}-{name}"))
    }

    /// Kafka's ends of the input topics.
    pub(crate) fn ends(&self, kafka: &Kafka) -> Vec<(String, i32, i64)> {
        let consumer = self.asker(kafka);
        places(kafka)
            .into_iter()
            .map(|(topic, partition)| {
                let (_, end) = consumer.fetch_watermarks(&topic, partition, ANSWER).unwrap();
                (topic, partition, end)
            })
            .collect()
    }

    /// A consumer of a run's group that joins nothing.
    pub(crate) fn asker(&self, kafka: &Kafka) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.broker.servers).set("group.id", &kafka.group_id);
        config.create().unwrap()
    }

    /// A consumer of all that is committed to some topics from now on.
    pub(crate) fn tail(&self, topics: &[String]) -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.broker.servers).set("group.id", "tail");
        config.set("isolation.level", "read_committed").set("fetch.wait.max.ms", "10");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..PARTITIONS.cast_signed() {
                let (_, end) = consumer.fetch_watermarks(topic, partition, ANSWER).unwrap();
                list.add_partition_offset(topic, partition, Offset::Offset(end)).unwrap();
            }
        }
        consumer.assign(&list).unwrap();
        consumer
    }
}

/// The partitions of the input topics.
pub(crate) fn places(kafka: &Kafka) -> Vec<(String, i32)> {
    let of = |topic: String| (0..PARTITIONS.cast_signed()).map(move |partition| (topic.clone(), partition));
    kafka.inputs().into_iter().flat_map(of).collect()
}

/// How many input records a group has committed.
pub(crate) fn consumed(asker: &BaseConsumer, kafka: &Kafka) -> u64 {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in places(kafka) {
        list.add_partition(&topic, partition);
    }
    let Ok(committed) = asker.committed_offsets(list, ANSWER) else { return 0 };
    let number = |offset| if let Offset::Offset(offset) = offset { offset.cast_unsigned() } else { 0 };
    committed.elements().iter().map(|element| number(element.offset())).sum()
}

fn generate(folder: &Path, seed: u64, events: u64) -> PathBuf {
    let path = folder.join(format!("world-{seed}.jsonl"));
    let (taxpayers, invoices) = (events / EVENTS_PER_TAXPAYER, events * 100 / EVENTS_PER_100_INVOICES);
    let mut command = Command::new(SUYUAN);
    command.args(["generate", "--seed", &seed.to_string(), "--taxpayers", &taxpayers.to_string()]);
    command.args(["--invoices", &invoices.to_string(), "--out"]).arg(&path);
    run(command.arg("--labels").arg(folder.join("labels.jsonl")));
    path
}

fn run(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
