//! An input, the topics it goes through, and the instances at work on it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use suyuan::log::kafka::{Records, Taken};
use suyuan::topology::{Secret, Topology};

use crate::broker::Broker;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);
/// How long one answer may take: then it is asked for anew, of another broker if one is lost.
const ANSWER: Duration = Duration::from_secs(10);

/// A world of its own on a broker.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) topology: Topology,
    pub(crate) topology_file: PathBuf,
    pub(crate) input: PathBuf,
}

/// A `suyuan run`, killed when it is dropped.
pub(crate) struct Instance {
    child: Child,
    log: PathBuf,
    /// How much others of its name had said before.
    said_before: usize,
}

pub(crate) fn suyuan() -> Command {
    Command::new(env!("CARGO_BIN_EXE_suyuan"))
}

/// Asks again until there is an answer.
fn again<T>(ask: impl Fn() -> KafkaResult<T>) -> T {
    let began = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> (bool, String, String) {
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

impl World {
    /// With so many partitions, and an input of about three times as many events as invoices. Sets more of the topology by
    /// lines for its table `[kafka]`.
    pub(crate) fn new(broker: &Broker, name: &str, partitions: u32, invoices: u32, more: &str) -> Self {
        let world = Self::without_topics(broker, name, partitions, more);
        let labels = world.folder.path().join("labels.jsonl");
        let (ok, _, error) = run(suyuan()
            .args([
                "generate",
                "--seed",
                "7",
                "--taxpayers",
                "120",
                "--prevalence",
                "15",
                "--invoices",
                &invoices.to_string(),
            ])
            .arg("--out")
            .arg(&world.input)
            .arg("--labels")
            .arg(labels));
        assert!(ok, "{error}");
        let (ok, _, error) = run(suyuan().args(["topics", "create", "--topology"]).arg(&world.topology_file));
        assert!(ok, "{error}");
        world
    }

    pub(crate) fn without_topics(broker: &Broker, name: &str, partitions: u32, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let document = format!(
            "kind = \"kafka\"\npartitions = {partitions}\ncache_mib = 128\n[kafka]\nbootstrap_servers = \"{}\"\n\
             group_id = \"{name}\"\ntopic_prefix = \"{name}.\"\nsession_timeout_ms = 6000\nticks_when_idle = false\n{more}\n",
            broker.servers
        );
        let topology_file = folder.path().join("topology.toml");
        std::fs::write(&topology_file, &document).unwrap();
        let topology = Topology::parse(&document).unwrap();
        let input = folder.path().join("events.jsonl");
        Self { folder, topology, topology_file, input }
    }

    /// The command that sends the input to its topics.
    pub(crate) fn import(&self) -> Command {
        let mut command = suyuan();
        command.arg("import").arg(&self.input).arg("--topology").arg(&self.topology_file);
        command
    }

    pub(crate) fn data(&self, instance: &str) -> PathBuf {
        self.folder.path().join(instance)
    }

    /// The command that runs an instance.
    pub(crate) fn instance_command(&self, instance: &str) -> Command {
        let mut command = suyuan();
        command.arg("run").arg("--topology").arg(&self.topology_file).arg("--data").arg(self.data(instance));
        command.args(["--instance", instance, "--log-level", "info", "--telemetry", "127.0.0.1:0"]);
        command
    }

    pub(crate) fn start(&self, instance: &str) -> Instance {
        self.start_with(instance, &[])
    }

    /// Starts an instance with more arguments.
    pub(crate) fn start_with(&self, instance: &str, more: &[&str]) -> Instance {
        let log = self.folder.path().join(format!("{instance}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let said_before = usize::try_from(file.metadata().unwrap().len()).unwrap();
        let out = file.try_clone().unwrap();
        let child = self.instance_command(instance).args(more).stdout(out).stderr(file).spawn().unwrap();
        Instance { child, log, said_before }
    }

    /// What a client of the brokers is set to.
    fn client(&self) -> ClientConfig {
        let kafka = &self.topology.kafka;
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &kafka.bootstrap_servers);
        for (name, value) in &kafka.librdkafka {
            config.set(name, value);
        }
        for (name, secret) in &kafka.secrets {
            let Secret::File(path) = secret else { panic!("{name} is not in a file") };
            config.set(name, std::fs::read_to_string(path).unwrap().trim());
        }
        config
    }

    /// A consumer that joins nothing.
    fn asker(&self, group: &str) -> BaseConsumer {
        self.client().set("group.id", group).set("isolation.level", "read_committed").create().unwrap()
    }

    /// Records of the input topics that are not consumed yet.
    pub(crate) fn lag(&self) -> i64 {
        self.lags().iter().sum()
    }

    /// The same, by partition.
    pub(crate) fn lags(&self) -> Vec<i64> {
        let asker = || self.asker(&self.topology.kafka.group_id);
        let mut list = TopicPartitionList::new();
        for topic in self.topology.kafka.inputs() {
            for partition in 0..self.topology.partitions {
                list.add_partition(&topic, partition.cast_signed());
            }
        }
        // A broker that has just begun does not know its groups yet.
        let committed = again(|| asker().committed_offsets(list.clone(), ANSWER));
        list.set_all_offsets(Offset::End).unwrap();
        let ends = again(|| asker().offsets_for_times(list.clone(), ANSWER));
        let mut lags = vec![0; self.topology.partitions as usize];
        for element in ends.elements() {
            let at = committed.find_partition(element.topic(), element.partition()).unwrap().offset();
            let number = |offset: Offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
            lags[usize::try_from(element.partition()).unwrap()] += (number(element.offset()) - number(at)).max(0);
        }
        lags
    }

    /// The sum of the ends of a topic's partitions.
    pub(crate) fn written(&self, topic: &str) -> i64 {
        let written = || -> KafkaResult<i64> {
            let consumer = self.asker("asker");
            (0..self.topology.partitions)
                .map(|partition| Ok(consumer.fetch_watermarks(topic, partition.cast_signed(), ANSWER)?.1))
                .sum()
        };
        again(written)
    }

    /// Waits until all input is consumed, and no message is on its way any more.
    pub(crate) fn wait_until_quiet(&self, instances: &mut [&mut Instance]) {
        let began = Instant::now();
        let mut last = (0, Instant::now());
        loop {
            for instance in &mut *instances {
                instance.expect_alive();
            }
            assert!(began.elapsed() < PATIENCE, "{} records are left after {PATIENCE:?}", self.lag());
            let (lag, journal) = (self.lag(), self.written(&self.topology.kafka.journal()));
            if lag > 0 || journal != last.0 {
                last = (journal, Instant::now());
            } else if last.1.elapsed() > Duration::from_secs(2) {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until so many records of the journal's topic are written.
    pub(crate) fn wait_until_written(&self, records: i64) {
        let began = Instant::now();
        while self.written(&self.topology.kafka.journal()) < records {
            assert!(began.elapsed() < PATIENCE, "nothing is committed");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A topic's records, as they are committed.
    pub(crate) fn records(&self, topic: &str) -> Vec<Taken> {
        let topic = self.topology.kafka.named(topic);
        let open = |partition| Records::open(&self.topology.kafka, &topic, partition, 0).unwrap();
        (0..self.topology.partitions).flat_map(open).map(Result::unwrap).collect()
    }

    /// Writes a record as it is.
    pub(crate) fn produce(&self, topic: &str, partition: Option<i32>, key: &[u8], value: &[u8]) {
        let producer: BaseProducer = self.client().set("partitioner", "murmur2_random").create().unwrap();
        let mut record = BaseRecord::to(topic).key(key).payload(value);
        if let Some(partition) = partition {
            record = record.partition(partition);
        }
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.flush(PATIENCE).unwrap();
    }
}

impl Instance {
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does. Returns how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.said());
        began.elapsed()
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What this process has said.
    pub(crate) fn said_itself(&self) -> String {
        self.said().split_off(self.said_before)
    }

    pub(crate) fn expect_alive(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it has ended: {}", self.said());
    }

    /// Waits until it says something.
    pub(crate) fn wait_for(&self, text: &str, times: usize) {
        let began = Instant::now();
        while self.said().matches(text).count() < times {
            assert!(began.elapsed() < PATIENCE, "it never said `{text}`: {}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            println!("{}:\n{}", self.log.display(), self.said());
        }
    }
}

/// Runs `suyuan replay` over an input, in a folder.
pub(crate) fn replay(input: &Path, out: &Path) {
    let (ok, _, error) =
        run(suyuan().arg("replay").arg(input).arg("--out").arg(out).stdin(Stdio::null()).args(["--threads", "1"]));
    assert!(ok, "{error}");
}
