//! Apache Kafka, as `deploy/kafka.sh` starts it, in a folder of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Brokers at work; ended when this is dropped.
pub(crate) struct Broker {
    folder: tempfile::TempDir,
    /// Where they are.
    pub(crate) servers: String,
    count: u32,
    port: u16,
    is_secure: bool,
}

/// The first of so many free ports in a row.
pub(crate) fn free_ports(needed: u16) -> u16 {
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
        Self::start_as(count, false)
    }

    /// Starts one to which clients come by TLS and SASL alone.
    pub(crate) fn start_secure() -> Self {
        Self::start_as(1, true)
    }

    fn start_as(count: u32, is_secure: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Each takes two.
        let port = free_ports(u16::try_from(2 * count).unwrap());
        let mut broker = Self { folder, servers: String::new(), count, port, is_secure };
        broker.servers = broker.run("start");
        broker
    }

    /// A file of its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("kafka").join(name)
    }

    fn run(&self, what: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka.sh");
        let done = Command::new("bash")
            .arg(script)
            .arg(what)
            .env("SUYUAN_KAFKA_DIR", self.folder.path().join("kafka"))
            .env("SUYUAN_KAFKA_PORT", self.port.to_string())
            .env("SUYUAN_KAFKA_BROKERS", self.count.to_string())
            .env("SUYUAN_KAFKA_SECURE", if self.is_secure { "1" } else { "0" })
            .output()
            .unwrap();
        let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "deploy/kafka.sh {what}: {out}{error}");
        out.trim().to_owned()
    }

    /// Kills one of them, as a machine does that loses its power.
    pub(crate) fn kill(&self, number: u32) {
        let id = std::fs::read_to_string(self.file(&format!("broker-{number}/pid"))).unwrap();
        assert!(Command::new("kill").args(["-9", id.trim()]).status().unwrap().success());
    }

    /// Starts those that do not run.
    pub(crate) fn start_again(&self) {
        self.run("start");
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
