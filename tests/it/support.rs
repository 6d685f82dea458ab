//! What several tests need: the binary as a child process, generated worlds as files, and what a run leaves behind.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use suyuan::codec::json;
use suyuan::log::Reader;
use suyuan::model::{Date, Entity, Event};
use suyuan::sim::world::{Settings, World};
use suyuan::state::{Key, Row};
use suyuan::store::{Options, Shared, SharedSettings, Store};

/// Long enough for any machine to commit a turn.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary under test, to be run with these arguments, in a folder without settings of its own.
pub(crate) fn suyuan<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suyuan"));
    command.args(arguments).env_remove("SUYUAN_LOG_LEVEL").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs the binary to its end.
pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    ran(&mut suyuan(arguments))
}

/// The arguments of a replay.
pub(crate) fn replay_arguments(inputs: &[&Path], out: &Path, more: &[&str]) -> Vec<std::ffi::OsString> {
    let inputs = inputs.iter().map(|path| path.as_os_str());
    let rest = ["--out".as_ref(), out.as_os_str()].into_iter().chain(more.iter().map(OsStr::new));
    ["replay".as_ref()].into_iter().chain(inputs).chain(rest).map(ToOwned::to_owned).collect()
}

/// Replays inputs that must fold to their end, and returns the summary.
pub(crate) fn replay(inputs: &[&Path], out: &Path, more: &[&str]) -> serde_json::Value {
    let ran = run(replay_arguments(inputs, out, more));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap()
}

/// The files that a replay wrote, `digest.txt` among them.
pub(crate) fn outputs(out: &Path) -> BTreeMap<String, String> {
    let names = ["signals.jsonl", "cases.jsonl", "tasks.jsonl", "dead-letters.jsonl", "doubts.jsonl", "digest.txt"];
    names.iter().map(|name| ((*name).to_owned(), std::fs::read_to_string(out.join(name)).unwrap())).collect()
}

/// The same without the digest, which says how the journal was divided.
pub(crate) fn findings(out: &Path) -> BTreeMap<String, String> {
    let mut files = outputs(out);
    files.remove("digest.txt");
    files
}

/// Every row that a run left, from all its partitions, in one order.
pub(crate) fn rows(dir: &Path) -> BTreeMap<(Entity, Key), Row> {
    let mut all = BTreeMap::new();
    let shared = Shared::new(&SharedSettings::default());
    for partition in std::fs::read_dir(dir.join("state")).unwrap() {
        let options = Options { cache_bytes_max: 1 << 20, ..Options::default() };
        let store = Store::open_read_only(&partition.unwrap().path(), &shared, &options).unwrap();
        store.for_each(None, &[], &mut |entity, key, row| drop(all.insert((entity, key), row))).unwrap();
    }
    all
}

/// The events of a world with a good deal of fraud in it.
pub(crate) fn world(seed: u64, taxpayers: u32, invoices: u64) -> Vec<Event> {
    let start = Date::parse("2025-01-01").unwrap();
    World::new(Settings { seed, taxpayers, invoices, months: 6, start, fraud_bp: 500, typologies: Vec::new() })
        .unwrap()
        .collect()
}

/// Events as JSON Lines.
pub(crate) fn lines<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        json::write_event(event, &mut bytes);
        bytes.push(b'\n');
    }
    bytes
}

/// A file of these bytes.
pub(crate) fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Copies a folder, without locks.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else if name != "lock" {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The arguments of an import.
pub(crate) fn import_arguments<'a>(input: &'a Path, data: &'a Path, more: &'a [&'a str]) -> Vec<&'a OsStr> {
    let more = more.iter().map(OsStr::new);
    [OsStr::new("import"), input.as_os_str(), OsStr::new("--data"), data.as_os_str()].into_iter().chain(more).collect()
}

/// Lines of a made world in a folder of its own, and events that come later.
pub(crate) fn begun(folder: &Path, more: &[&str]) -> (PathBuf, PathBuf) {
    let events = world(3, 100, 1_000);
    let (first, second) = events.split_at(events.len() / 2);
    let [first, second] =
        [("first.jsonl", first), ("second.jsonl", second)].map(|(name, events)| file(folder, name, &lines(events)));
    let data = folder.join("data");
    replay(&[&first], &data, more);
    (second, data)
}

/// Waits until a turn is committed: a run that is killed while it writes its first one leaves nothing.
pub(crate) fn wait_for_turn(child: &mut Child, dir: &Path) {
    let begun = Instant::now();
    let has_turn = || {
        let opened = Reader::open(&dir.join("journal"));
        opened.is_ok_and(|(reader, _)| reader.turns().next().is_some_and(|turn| turn.is_ok()))
    };
    while !has_turn() {
        assert!(begun.elapsed() < PATIENCE, "nothing was committed in {PATIENCE:?}");
        assert!(child.try_wait().unwrap().is_none(), "it ended before a turn was seen");
        std::thread::sleep(Duration::from_millis(2));
    }
}
