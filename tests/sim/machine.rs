//! The machine that a seed's program runs on: starting a command on it, and what is on its disk.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use suyuan::files::{Files, Place, Rows, Simulated};
use suyuan::intake::Intake;
use suyuan::job::{self, At, Watch};
use suyuan::log::Reader;
use suyuan::runtime::{Counters, Progress, Settings};

use crate::schedule::Command;
use crate::world::World;

/// Where the program works.
pub(crate) const DATA: &str = "/data";

/// What a command that came to its end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) counters: Counters,
    pub(crate) digest: String,
}

/// Everything on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) rows: BTreeMap<PathBuf, Rows>,
}

/// A machine with the files of a world.
pub(crate) fn with_files_of(world: &World) -> Simulated {
    let machine = Simulated::default();
    for (path, bytes) in &world.files {
        machine.put(path, bytes);
    }
    machine
}

/// The folder that is worked on.
pub(crate) fn place(machine: &Simulated) -> Place {
    Place::simulated(machine, DATA)
}

/// Runs a command as the program does, to its end or to its error, which is told as the user reads it.
pub(crate) fn run(
    machine: &Simulated,
    command: &Command,
    world: &World,
    settings: Settings,
    told: &mut Told,
) -> Result<Done, String> {
    PANICS.lock().expect("nobody panics holding it").clear();
    let attempt = || attempt(machine, command, world, settings, told).map_err(|error| format!("{error:#}"));
    let done = std::panic::catch_unwind(AssertUnwindSafe(attempt));
    // Threads that read input end by themselves once nobody wants it.
    while machine.holders() > 1 {
        std::thread::yield_now();
    }
    match done {
        Ok(done) => done,
        Err(_) => Err(PANICKED.into()),
    }
}

fn attempt(
    machine: &Simulated,
    command: &Command,
    world: &World,
    mut settings: Settings,
    told: &mut Told,
) -> anyhow::Result<Done> {
    let (files, place) = (Files::Simulated(machine.clone()), place(machine));
    match command {
        Command::Replay(inputs) => {
            let intake = Intake::open_among(&files, inputs, None, world.order, world.sort_bytes_max)?;
            let done = job::replay(&place, intake, settings, job::GOES_ON, told)?;
            Ok(Done { counters: done.progress.counters, digest: done.progress.digest() })
        }
        Command::Import(inputs) => {
            settings.keeps_rules = true;
            settings.partitions = job::begun_partitions(&place)?.unwrap_or(settings.partitions);
            let intake = Intake::open_among(&files, inputs, None, world.order, world.sort_bytes_max)?;
            let done = job::import(&place, intake, &settings, told)?;
            let (counters, digest) = (done.counters, done.digest);
            done.folded.whole()?;
            Ok(Done { counters, digest })
        }
    }
}

/// What was told beside results.
#[derive(Debug, Default)]
pub(crate) struct Told(pub(crate) Vec<String>);

impl Watch for Told {
    fn tell(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn at(&mut self, _: At) {}

    fn ended(&mut self, _: bool) {}
}

/// What panicked since it was last looked at, in whatever thread.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What a run that panicked through ends with.
pub(crate) const PANICKED: &str = "the program panicked";

/// Notes each panic from now on, and prints none.
pub(crate) fn note_panics() {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.lock().expect("nobody panics holding it").push(panic.to_string());
    }));
}

/// The panics of the last run.
pub(crate) fn panics() -> Vec<String> {
    std::mem::take(&mut *PANICS.lock().expect("nobody panics holding it"))
}

/// After every row's key, as the store has it.
pub(crate) const POSITION_KEY: &[u8] = &[255];

/// What is on the disk.
pub(crate) fn image(machine: &Simulated) -> Image {
    let file = |(path, _): (PathBuf, usize)| machine.read(&path).map(|bytes| (path, bytes));
    Image {
        files: machine.all_files().into_iter().filter_map(file).collect(),
        rows: machine.all_rows().into_iter().collect(),
    }
}

/// Removes all rows, as one who removes the folder `state` does.
pub(crate) fn remove_rows(machine: &Simulated) {
    for (dir, _) in machine.all_rows() {
        machine.put_rows(&dir, Rows::default());
    }
}

/// Whether rows say what they stand for.
pub(crate) fn has_rows(machine: &Simulated) -> bool {
    machine.all_rows().iter().any(|(_, rows)| rows.all().contains_key(POSITION_KEY))
}

/// Removes the whole journal.
pub(crate) fn lose_journal(machine: &Simulated) {
    let journal = Path::new(DATA).join("journal");
    let mut files = machine.all_files();
    files.retain(|(path, _)| path.starts_with(&journal));
    for (path, _) in files {
        machine.remove(&path);
    }
}

/// How far the journal says that everything has come; `None` where it has no turn, or cannot be read.
pub(crate) fn progress(machine: &Simulated) -> Option<Progress> {
    let (reader, _) = Reader::open(place(machine).join("journal")).ok()?;
    let last = reader.turns().last()?.ok()?;
    Progress::read(&last.progress).ok()
}

/// The files of the journal, in order.
pub(crate) fn journal_files(machine: &Simulated) -> Vec<(PathBuf, usize)> {
    let journal = Path::new(DATA).join("journal");
    let mut files = machine.all_files();
    files.retain(|(path, bytes)| path.parent() == Some(&journal) && *bytes > 0);
    files
}
