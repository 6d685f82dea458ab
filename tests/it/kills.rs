//! Runs killed with SIGKILL again and again, at moments drawn from a seed over their whole life: while they read, fold,
//! commit, persist rows, fold again what rows lack after an earlier kill, and write results. Run again to their end they
//! leave the digest, the rows and the very files of a run that was never killed.
//!
//! `SUYUAN_KILLS` says how many kills (50), `SUYUAN_SEED` where the draws begin. A seed gives the same draws, not the same
//! moments: those are the machine's, so what a failure says is what stood on the disk.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rand_pcg::Mcg128Xsl64;
use rand_pcg::rand_core::Rng as _;
use suyuan::log::Reader;
use suyuan::model::{Entity, Event};
use suyuan::runtime::Progress;
use suyuan::state::{Key, Row};
use suyuan::store::{Options, Shared, SharedSettings, Store};

use crate::support::{PATIENCE, file, lines, outputs, replay_arguments, rows, run, suyuan, world};

/// Where the draws begin, where nothing else is said.
const SEED: u64 = 20_261_125;
/// Runs that are started for each kill at most: some end before their moment comes.
const STARTS_PER_KILL: u64 = 6;

fn setting(name: &str, standard: u64) -> u64 {
    std::env::var(name).map_or(standard, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number: {text}")))
}

/// Draws, all of one seed.
struct Chance(Mcg128Xsl64);

impl Chance {
    fn new() -> Self {
        let seed = setting("SUYUAN_SEED", SEED);
        Self(Mcg128Xsl64::new(u128::from(seed) | 1))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        let at = self.below(list.len() as u64);
        list[usize::try_from(at).unwrap()].clone()
    }

    fn time(&mut self, up_to: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(up_to.as_micros()).unwrap()))
    }
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So long after its start.
    Start(Duration),
    /// So long after it has committed so many bytes.
    Growth(u64, Duration),
    /// So long after it has begun to write results.
    Results(Duration),
}

impl Moment {
    /// Of a run that takes about `time` and writes a journal of about `bytes`.
    fn draw(chance: &mut Chance, time: Duration, bytes: u64) -> Self {
        match chance.below(10) {
            0..4 => Self::Start(chance.time(time)),
            4..8 => Self::Growth(1 + chance.below(bytes / 2), chance.time(time / 8)),
            _ => Self::Results(chance.time(time / 20)),
        }
    }

    /// Waits for it. `false` where the run ended before.
    fn wait(self, child: &mut Child, dir: &Path) -> bool {
        let (began, bytes, results) = (Instant::now(), journal_bytes(dir), results_at(dir));
        let come = || match self {
            Self::Start(_) => true,
            Self::Growth(growth, _) => journal_bytes(dir) >= bytes + growth,
            Self::Results(_) => results_at(dir) != results,
        };
        while !come() {
            assert!(began.elapsed() < PATIENCE, "{self:?} has not come in {PATIENCE:?}");
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        let (Self::Start(then) | Self::Growth(_, then) | Self::Results(then)) = self;
        std::thread::sleep(then);
        true
    }
}

fn journal_bytes(dir: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(dir.join("journal")) else { return 0 };
    files.filter_map(|file| file.ok()?.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// What there is of results, and when it was written last.
fn results_at(dir: &Path) -> Vec<(OsString, Option<std::time::SystemTime>)> {
    let Ok(files) = std::fs::read_dir(dir) else { return Vec::new() };
    let files = files.filter_map(Result::ok).filter(|file| file.file_name().to_string_lossy().contains(".jsonl"));
    let mut files: Vec<_> = files
        .map(|file| (file.file_name(), file.metadata().ok().and_then(|metadata| metadata.modified().ok())))
        .collect();
    files.sort();
    files
}

/// How far a folder has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stand {
    turns: u64,
    /// Events of the input at hand.
    events: u64,
    records: u64,
    /// Records that the rows on disk stand for.
    applied: u64,
}

impl Stand {
    fn of(dir: &Path) -> Self {
        let last =
            Reader::open(&dir.join("journal")).ok().and_then(|(reader, _)| reader.turns().map(Result::unwrap).last());
        let Some(last) = last else { return Self::default() };
        let progress = Progress::read(&last.progress).unwrap();
        let shared = Shared::new(&SharedSettings::default());
        let applied = |number: usize| {
            let rows =
                Store::open_read_only(&dir.join(format!("state/{number:04}")), &shared, &Options::default()).ok()?;
            rows.applied().map(|applied| applied.offset)
        };
        Self {
            turns: last.number,
            events: progress.counters.events,
            records: progress.partitions.iter().map(|partition| partition.offset).sum(),
            applied: (0..progress.partitions.len()).filter_map(applied).sum(),
        }
    }
}

/// Where kills hit.
#[derive(Debug, Default)]
struct Tally {
    started: u64,
    killed: u64,
    /// When the journal had nothing yet.
    empty: u64,
    /// When it had some of what it was to have, and not all.
    middle: u64,
    /// When it had all of it: rows were being persisted, results written.
    complete: u64,
    /// A result was half written.
    unfinished: u64,
    /// Rows were behind the journal: they are folded again next time.
    behind: u64,
    /// Rows were behind when the run began, and it was killed before it had committed anything.
    folding_again: u64,
}

impl Tally {
    fn count(&mut self, before: &Stand, after: &Stand, records: u64, dir: &Path) {
        self.killed += 1;
        self.empty += u64::from(after.turns == 0);
        self.middle += u64::from(after.turns > 0 && after.records < records);
        self.complete += u64::from(after.records == records);
        self.unfinished +=
            u64::from(results_at(dir).iter().any(|(name, _)| name.to_string_lossy().contains("unfinished")));
        self.behind += u64::from(after.applied < after.records);
        self.folding_again += u64::from(before.applied < before.records && after.turns == before.turns);
    }

    /// Whether kills hit all of a run's life. When they hit hangs on the machine, so there are more of them until they do.
    fn hit_all(&self) -> bool {
        let all = [self.empty, self.complete, self.behind, self.folding_again];
        self.middle * 3 >= self.killed && all.iter().all(|count| *count > 0)
    }

    /// Kills that hit nothing prove nothing.
    fn check(&self) {
        eprintln!("{self:?}");
        assert!(self.killed < 50 || self.hit_all(), "kills hit all of a run's life: {self:?}");
    }
}

/// What is killed: commands over one folder, one after another.
struct Course {
    chance: Chance,
    tally: Tally,
    kills: u64,
    /// How long a command takes undisturbed, about.
    time: Duration,
    /// How much of a journal it writes, about.
    bytes: u64,
    /// Records of the journal that is to come out.
    records: u64,
    /// How far the folder at hand has come.
    stand: Stand,
}

impl Course {
    fn new(time: Duration, bytes: u64, records: u64) -> Self {
        eprintln!("SUYUAN_SEED={}", setting("SUYUAN_SEED", SEED));
        Self {
            chance: Chance::new(),
            tally: Tally::default(),
            kills: setting("SUYUAN_KILLS", 50).max(1),
            time,
            bytes,
            records,
            stand: Stand::default(),
        }
    }

    fn is_over(&self) -> bool {
        let enough = self.tally.started >= STARTS_PER_KILL * self.kills;
        assert!(
            !enough || self.tally.killed >= self.kills,
            "too many runs ended before their moment: {:?}",
            self.tally
        );
        let most = STARTS_PER_KILL * self.kills;
        self.tally.killed >= self.kills && (self.kills < 50 || self.tally.hit_all() || self.tally.killed >= most)
    }

    /// Starts a command and kills it at some moment. `false` where it came to its end before.
    fn kill(&mut self, arguments: &[OsString], dir: &Path) -> bool {
        let before = self.stand.clone();
        let moment = Moment::draw(&mut self.chance, self.time, self.bytes);
        let mut child = suyuan(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        self.tally.started += 1;
        if moment.wait(&mut child, dir) {
            child.kill().unwrap();
        }
        let ended = child.wait_with_output().unwrap();
        if ended.status.signal().is_none() {
            let told = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(ended.status.code(), Some(0), "{arguments:?} at {before:?}: {told}");
            return false;
        }
        let after = Stand::of(dir);
        eprintln!("{moment:?}: {before:?} -> {after:?}");
        assert!(after.turns >= before.turns && after.applied >= before.applied, "{before:?} -> {after:?}");
        self.tally.count(&before, &after, self.records, dir);
        self.stand = after;
        true
    }

    /// Kills a command some times in a row, unless it comes to its end.
    fn kill_some(&mut self, arguments: impl Fn(&mut Chance) -> Vec<OsString>, dir: &Path) {
        self.stand = Stand::of(dir);
        for _ in 0..=self.chance.below(5) {
            let arguments = arguments(&mut self.chance);
            if !self.kill(&arguments, dir) {
                return;
            }
        }
    }
}

/// What a command printed, where it came to its end.
fn summary(arguments: &[OsString]) -> serde_json::Value {
    let ran = run(arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap()
}

/// Everything a folder holds that must not depend on kills.
#[derive(Debug, PartialEq)]
struct Left {
    digest: String,
    files: BTreeMap<String, String>,
    rows: BTreeMap<(Entity, Key), Row>,
}

impl Left {
    fn of(dir: &Path) -> Self {
        let last = Reader::open(&dir.join("journal")).unwrap().0.turns().map(Result::unwrap).last().unwrap();
        let digest = Progress::read(&last.progress).unwrap().digest();
        let files = if dir.join("digest.txt").exists() { outputs(dir) } else { BTreeMap::new() };
        Self { digest, files, rows: rows(dir) }
    }

    fn expect_something(&self) {
        assert!(!self.files.is_empty(), "no results");
        assert_eq!(self.files.iter().find(|(_, file)| file.is_empty()), None);
    }

    /// Without printing thousands of rows.
    fn expect(&self, other: &Self) {
        assert_eq!(self.digest, other.digest);
        let same = |(name, file): &(&String, &String)| other.files.get(*name) == Some(file);
        assert_eq!(self.files.iter().find(|named| !same(named)).map(|(name, _)| name), None);
        assert_eq!(self.files.len(), other.files.len());
        let differ = |(key, row): &(&(Entity, Key), &Row)| other.rows.get(key) != Some(row);
        assert_eq!(self.rows.iter().find(differ), None);
        assert_eq!(self.rows.len(), other.rows.len());
    }
}

/// A world with lines that are repeated, contradicted, doubtful or none at all.
fn dirty_lines(events: &[Event]) -> Vec<u8> {
    let doubtful = "at 2025-02-01 | issue 1 A B 0.00 tax=0.00 | issue 2 A B -9.00 tax=-1.00 red=77";
    let doubtful = suyuan::drive::parse(doubtful).unwrap();
    let mut bytes = lines(events.iter().chain(&doubtful));
    for event in events.iter().step_by(97) {
        let line = String::from_utf8(lines([event])).unwrap();
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(line.replace("\"buyer_id\":\"", "\"buyer_id\":\"X").as_bytes());
        bytes.extend_from_slice(b"{\"type\":\"invoice_issued\"}\n");
    }
    bytes
}

/// How a run is told to go about it, where nothing may depend on it.
fn manner(chance: &mut Chance) -> [&'static str; 6] {
    ["--threads", chance.of(&["1", "2", "3"]), "--cache-mib", chance.of(&["2", "16", "1024"]), "--partitions", "4"]
}

#[test]
fn a_replay_killed_at_any_moment_leaves_what_an_undisturbed_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "events.jsonl", &dirty_lines(&world(6, 150, 14_000)));
    let whole = folder.path().join("whole");
    let began = Instant::now();
    let expected = summary(&replay_arguments(&[&input], &whole, &["--partitions", "4"]));
    let mut course = Course::new(began.elapsed(), journal_bytes(&whole), Stand::of(&whole).records);
    assert!(Stand::of(&whole).turns > 2, "there is a middle");
    let left = Left::of(&whole);
    left.expect_something();

    while !course.is_over() {
        let out = tempfile::tempdir_in(folder.path()).unwrap();
        let arguments = |chance: &mut Chance| replay_arguments(&[&input], out.path(), &manner(chance));
        course.kill_some(arguments, out.path());
        let last = summary(&arguments(&mut course.chance));
        assert_eq!((&last["digest"], &last["rows"]), (&expected["digest"], &expected["rows"]));
        Left::of(out.path()).expect(&left);
    }
    course.tally.check();
    assert!(course.tally.unfinished > 0 || course.kills < 50, "no kill hit a result half written");
}

/// Three files taken one after another, the first by `replay` or by `import`.
struct Imports {
    inputs: Vec<PathBuf>,
    topologies: Vec<PathBuf>,
}

impl Imports {
    fn new(folder: &Path) -> Self {
        let events = world(6, 150, 14_000);
        let part = events.len() / 3 + 1;
        let inputs = (1..).zip(events.chunks(part));
        let lines_of = |at: u32, part| if at < 3 { dirty_lines(part) } else { lines(part) };
        let inputs = inputs.map(|(at, part)| file(folder, &format!("{at}.jsonl"), &lines_of(at, part))).collect();
        let topology = |mib: u32| {
            let text = format!("kind = \"embedded\"\npartitions = 4\ncache_mib = {mib}\n");
            file(folder, &format!("{mib}.toml"), text.as_bytes())
        };
        Self { inputs, topologies: [2, 16, 1_024].map(topology).into() }
    }

    fn arguments(&self, number: usize, replays: bool, dir: &Path, chance: &mut Chance) -> Vec<OsString> {
        let input = &self.inputs[number];
        if replays && number == 0 {
            return replay_arguments(&[input], dir, &manner(chance));
        }
        let import: [OsString; 8] = [
            "import".into(),
            input.into(),
            "--data".into(),
            dir.into(),
            "--threads".into(),
            chance.of(&["1", "2", "3"]).into(),
            "--topology".into(),
            chance.of(&self.topologies).into(),
        ];
        import.into()
    }
}

#[test]
fn imports_killed_at_any_moment_leave_what_undisturbed_ones_do() {
    let folder = tempfile::tempdir().unwrap();
    let imports = Imports::new(folder.path());
    let [imported, replayed] = ["imported", "replayed"].map(|name| folder.path().join(name));
    let began = Instant::now();
    for (dir, replays) in [(&imported, false), (&replayed, true)] {
        for number in 0..imports.inputs.len() {
            summary(&imports.arguments(number, replays, dir, &mut Chance::new()));
        }
    }
    let mut course = Course::new(began.elapsed() / 6, journal_bytes(&imported) / 3, Stand::of(&imported).records);
    let (imported, replayed) = (Left::of(&imported), Left::of(&replayed));
    assert_eq!(imported.digest, replayed.digest);
    replayed.expect_something();

    while !course.is_over() {
        let data = tempfile::tempdir_in(folder.path()).unwrap();
        let data = data.path();
        let replays = course.chance.below(2) == 1;
        for number in 0..imports.inputs.len() {
            let arguments = |chance: &mut Chance| imports.arguments(number, replays, data, chance);
            course.kill_some(arguments, data);
            summary(&arguments(&mut course.chance));
        }
        Left::of(data).expect(if replays { &replayed } else { &imported });
    }
    course.tally.check();
}
