//! One run of the program, measured from outside: its own summary, processor time, bytes written, peak memory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const SUYUAN: &str = env!("CARGO_BIN_EXE_suyuan");
pub(crate) const PHASES: [&str; 5] = ["waiting_for_input", "fold", "commit", "persist", "results"];
/// How often a child's counters are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A `replay` or an `import` that ended well.
pub(crate) struct Run {
    pub(crate) threads: u64,
    pub(crate) summary: Value,
    cpu_seconds: Option<f64>,
    pub(crate) journal_bytes: u64,
    pub(crate) state_bytes: u64,
    /// What it had the disk write, where the system says so.
    written_bytes: Option<u64>,
}

/// Replays a file into a folder of its own, which is removed unless it is to be `kept`.
pub(crate) fn replay(folder: &Path, input: &Path, threads: u64, kept: bool) -> (Run, PathBuf) {
    let out = folder.join(format!("out-{threads}"));
    let mut command = Command::new(SUYUAN);
    command.arg("replay").arg(input).arg("--out").arg(&out).args(["--threads", &threads.to_string()]);
    let before = children_cpu_seconds();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let written_bytes = watch(&mut child);
    let output = child.wait_with_output().unwrap();
    let after = children_cpu_seconds();
    assert!(output.status.success(), "replay failed");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cpu_seconds = before.zip(after).map(|(before, after)| after - before);
    let (journal_bytes, state_bytes) = (bytes_under(&out.join("journal")), bytes_under(&out.join("state")));
    if !kept {
        std::fs::remove_dir_all(&out).unwrap();
    }
    (Run { threads, summary, cpu_seconds, journal_bytes, state_bytes, written_bytes }, out)
}

/// Waits for a child; what it had the disk write by then.
fn watch(child: &mut Child) -> Option<u64> {
    let counters = format!("/proc/{}/io", child.id());
    let mut written = None;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&counters).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        written = line.and_then(|bytes| bytes.parse().ok()).or(written);
        std::thread::sleep(LOOK);
    }
    written
}

/// Processor time of the children that have ended, where the system says so: fields 16 and 17 of `/proc/self/stat`,
/// in hundredths of a second.
pub(crate) fn children_cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((ticks(13)? + ticks(14)?) as f64 / 100.0)
}

fn bytes_under(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { bytes_under(&entry.path()) } else { metadata.len() }
        })
        .sum()
}

impl Run {
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.summary[name].as_f64().unwrap_or(0.0)
    }

    pub(crate) fn speed(&self) -> f64 {
        self.number("events_per_second")
    }

    pub(crate) fn per_event(&self, bytes: u64) -> f64 {
        bytes as f64 / self.number("events").max(1.0)
    }

    /// Microseconds of processor time an event.
    pub(crate) fn cpu_per_event(&self) -> Option<f64> {
        self.cpu_seconds.map(|seconds| seconds * 1e6 / self.number("events").max(1.0))
    }

    /// Bytes the disk was made to write for each byte that is there in the end.
    pub(crate) fn write_amplification(&self) -> Option<f64> {
        self.written_bytes.map(|bytes| bytes as f64 / (self.journal_bytes + self.state_bytes) as f64)
    }

    /// A phase's share of the whole time, in percent.
    pub(crate) fn share(&self, phase: &str) -> f64 {
        100.0 * self.summary["phases"][phase].as_f64().unwrap_or(0.0) / self.number("seconds").max(1e-9)
    }

    pub(crate) fn peak_mib(&self) -> f64 {
        self.number("peak_memory_bytes") / f64::from(1 << 20)
    }

    pub(crate) fn as_json(&self) -> Value {
        let shares: serde_json::Map<String, Value> =
            PHASES.iter().map(|phase| ((*phase).to_owned(), json!(self.share(phase)))).collect();
        json!({
            "threads": self.threads,
            "summary": self.summary,
            "cpu_microseconds_per_event": self.cpu_per_event(),
            "phase_percent": shares,
            "journal_bytes_per_event": self.per_event(self.journal_bytes),
            "state_bytes_per_event": self.per_event(self.state_bytes),
            "write_amplification": self.write_amplification(),
        })
    }
}
