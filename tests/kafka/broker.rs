//! Apache Kafka, as `deploy/kafka.sh` starts it, in a folder of its own.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Brokers at work; ended when this is dropped.
pub(crate) struct Broker {
    folder: tempfile::TempDir,
    /// Where they are.
    pub(crate) servers: String,
    count: u32,
    port: u16,
}

/// The first of as many free ports in a row as brokers need. Each takes two.
fn free_ports(count: u32) -> u16 {
    let needed = u16::try_from(2 * count).unwrap();
    for _ in 0..100 {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let all_free = (0..needed)
            .all(|at| first.checked_add(at).is_some_and(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()));
        if all_free {
            return first;
        }
    }
    panic!("no {needed} free ports in a row");
}

impl Broker {
    /// Starts so many.
    pub(crate) fn start(count: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut broker = Self { folder, servers: String::new(), count, port: free_ports(count) };
        broker.servers = broker.run("start");
        broker
    }

    fn run(&self, what: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka.sh");
        let done = Command::new("bash")
            .arg(script)
            .arg(what)
            .env("SUYUAN_KAFKA_DIR", self.folder.path().join("kafka"))
            .env("SUYUAN_KAFKA_PORT", self.port.to_string())
            .env("SUYUAN_KAFKA_BROKERS", self.count.to_string())
            .output()
            .unwrap();
        let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "deploy/kafka.sh {what}: {out}{error}");
        out.trim().to_owned()
    }

    /// Ends them and starts them again.
    pub(crate) fn restart(&self) {
        self.run("stop");
        self.run("start");
    }
}

impl Broker {
    /// The first one's process.
    pub(crate) fn process(&self) -> u32 {
        let path = self.folder.path().join("kafka/broker-1/pid");
        std::fs::read_to_string(path).unwrap().trim().parse().unwrap()
    }

    /// Sends a signal to the first.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process().to_string()]).status().unwrap().success());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.run("stop");
    }
}
