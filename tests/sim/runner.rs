//! One seed from its first start to its last: the same commands with faults and without, and what must hold then.

mod damage;

use std::path::PathBuf;

use suyuan::files::{End, Fault, Operation, Simulated};
use suyuan::runtime::{Progress, Settings};

use crate::audit::{Outcome, counters_hold, is_told_well, sum};
use crate::machine::{self, Done, Image, PANICKED, Told, image};
use crate::schedule::{Command, Damage, Schedule, Start};
use crate::world::World;

/// What a seed went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) starts: u64,
    pub(crate) kills: u64,
    pub(crate) errors: u64,
    pub(crate) damages: u64,
    pub(crate) damages_beside_faults: u64,
    pub(crate) stopped_by_damage: u64,
    pub(crate) operations: u64,
    pub(crate) lines: u64,
    pub(crate) findings: u64,
    /// Seeds that were held against the input alone, for parts of it were read twice or numbered anew.
    pub(crate) cut: u64,
    /// Seeds that were held against input and rows alone, for an import came to its end unheard.
    pub(crate) repeated: u64,
}

impl Tally {
    /// How often something went wrong.
    pub(crate) fn went_wrong(&self) -> u64 {
        self.kills + self.errors + self.damages
    }

    /// Adds another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.starts += other.starts;
        self.kills += other.kills;
        self.errors += other.errors;
        self.damages += other.damages;
        self.damages_beside_faults += other.damages_beside_faults;
        self.stopped_by_damage += other.stopped_by_damage;
        self.operations += other.operations;
        self.lines += other.lines;
        self.findings += other.findings;
        self.cut += other.cut;
        self.repeated += other.repeated;
    }
}

/// The most starts of one command.
const STARTS_MAX: usize = 40;

/// Runs a seed. Says what is wrong, if anything is.
pub(crate) fn run(seed: u64, loud: bool) -> Result<Tally, String> {
    let world = World::new(seed);
    let schedule = Schedule::new(seed, &world);
    let (lines, files) = (world.expected.rows, world.files.len());
    say(loud, &format!("{lines} lines in {files} files, {:?}; {schedule}", world.order));
    let calm = calm_run(&world, &schedule)?;
    say(loud, &format!("without faults: {} findings", calm.findings));
    Runner::new(&world, &calm, schedule, loud).all_of_it()
}

/// Runs a schedule on a world of which it is known what it comes to without faults, as far as its results.
pub(crate) fn results_of(world: &World, calm: &Calm, schedule: Schedule, loud: bool) -> Result<Tally, String> {
    Runner::new(world, calm, schedule, loud).results_alone()
}

/// What the same commands come to where nothing goes wrong.
pub(crate) struct Calm {
    outcome: Outcome,
    done: Vec<Done>,
    /// What was asked of the machine, command by command.
    pub(crate) asked: Vec<Vec<Operation>>,
    image: Image,
    pub(crate) findings: u64,
}

impl Calm {
    /// What is on the disk in the end, in bytes.
    pub(crate) fn disk_bytes(&self) -> usize {
        self.image.files.values().map(Vec::len).sum()
    }
}

/// Runs a schedule's commands without faults.
pub(crate) fn calm_run(world: &World, schedule: &Schedule) -> Result<Calm, String> {
    let machine = machine::with_files_of(world);
    let (mut done, mut asked) = (Vec::new(), Vec::new());
    for command in &schedule.commands {
        let ended = machine::run(&machine, command, world, schedule.calm(), &mut Told::default());
        no_panic(&ended, false)?;
        done.push(ended.map_err(|error| format!("without a fault: {error}"))?);
        asked.push(machine.asked());
        machine.restart(End::Killed);
    }
    let outcome = Outcome::of(&machine)?;
    outcome.holds(&world.expected).map_err(|what| format!("without a fault, {what}"))?;
    counters_hold(&sum(&done), &world.expected).map_err(|what| format!("without a fault, {what}"))?;
    let image = image(&machine);
    let lines = |name: &str| {
        let file = image.files.get(&PathBuf::from(machine::DATA).join(name));
        file.map_or(0, |bytes| bytes.split(|byte| *byte == b'\n').skip(1).count() as u64)
    };
    let findings = lines("signals.jsonl") + lines("cases.jsonl");
    Ok(Calm { outcome, done, asked, image, findings })
}

/// A step that was told a row is not there because it could not be read may fail by an assertion, which is caught: the
/// error is that of the reading. Everything else that panics is wrong.
fn no_panic(ended: &Result<Done, String>, reading_failed: bool) -> Result<(), String> {
    let is_caught = ended.as_ref().is_err_and(|error| error != PANICKED);
    match machine::panics().first() {
        Some(panic) if !(reading_failed && is_caught) => Err(format!("panicked: {panic}")),
        Some(_) | None => Ok(()),
    }
}

struct Runner<'a> {
    machine: Simulated,
    calm: &'a Calm,
    world: &'a World,
    schedule: Schedule,
    tally: Tally,
    /// Nothing is lost and nothing there twice, but epochs end elsewhere, or events have other numbers: what could be read
    /// of an input that could not be read to its end is committed.
    is_cut: bool,
    /// An import came to its end and could not say so: it is the same input again that is imported then.
    is_repeated: bool,
    /// What somebody has done to the disk, and nobody has mended so far.
    harmed: Option<Damage>,
    loud: bool,
}

impl<'a> Runner<'a> {
    fn new(world: &'a World, calm: &'a Calm, schedule: Schedule, loud: bool) -> Self {
        Self {
            machine: machine::with_files_of(world),
            calm,
            world,
            schedule,
            tally: Tally { lines: world.expected.rows, findings: calm.findings, ..Tally::default() },
            is_cut: false,
            is_repeated: false,
            harmed: None,
            loud,
        }
    }

    fn all_of_it(mut self) -> Result<Tally, String> {
        self.results()?;
        self.remove_rows()?;
        self.import_again()?;
        Ok(self.told())
    }

    fn results_alone(mut self) -> Result<Tally, String> {
        self.results()?;
        Ok(self.told())
    }

    fn told(mut self) -> Tally {
        self.tally.cut += u64::from(self.is_cut);
        self.tally.repeated += u64::from(self.is_repeated && !self.is_cut);
        self.tally
    }

    /// All commands, each to its end.
    fn results(&mut self) -> Result<(), String> {
        let mut done = Vec::new();
        for (number, command) in self.schedule.commands.clone().iter().enumerate() {
            done.push(self.command(number, command)?);
        }
        self.audit(&done)?;
        self.lose_power(&done)
    }

    /// Runs a command until it comes to its end, whatever goes wrong on the way.
    fn command(&mut self, number: usize, command: &Command) -> Result<Done, String> {
        let roots = machine::progress(&self.machine).map_or(0, |progress| progress.roots);
        let mut ended = None;
        for _ in 0..STARTS_MAX {
            let is_replay = matches!(command, Command::Replay(_));
            if let (true, Some(damage)) = (is_replay || ended.is_none(), self.schedule.damage()) {
                ended = self.damage(damage, number, ended)?;
                if ended.is_none() {
                    self.note_unheard(number, command, roots);
                }
            }
            // What came to its end is asked for once more only where that changes nothing.
            if let Some(done) = ended.take_if(|_| !is_replay) {
                return Ok(done);
            }
            let calm = self.calm;
            let Some(start) = self.schedule.next(number, &calm.asked[number], command.files()) else {
                return match ended {
                    Some(done) => Ok(done),
                    None => self.start_calmly(command),
                };
            };
            if let Some(done) = self.start(command, start)? {
                ended = Some(done);
            } else {
                self.note_unheard(number, command, roots);
            }
        }
        Err(format!("{STARTS_MAX} starts were not enough"))
    }

    /// Notes that an import which was killed had come to its end, since `roots` events were there.
    fn note_unheard(&mut self, number: usize, command: &Command, roots: u64) {
        let came_to_its_end = |progress: Progress| progress.input_ended && progress.roots > roots;
        if matches!(command, Command::Import(_)) && machine::progress(&self.machine).is_some_and(came_to_its_end) {
            self.is_repeated = true;
            // What is refused again is numbered again, and causes are named by these numbers.
            self.is_cut |= number + 1 < self.schedule.commands.len();
        }
    }

    /// One start with faults; `None` where it did not come to its end.
    fn start(&mut self, command: &Command, start: Start) -> Result<Option<Done>, String> {
        self.say(&format!("start: {start}"));
        let Start { settings, faults, room, end } = start;
        let unreadable = faults.iter().any(|fault| matches!(fault, Fault::Unreadable { .. } | Fault::Scratch { .. }));
        // What was looked at since the last start is none of the program's operations.
        self.machine.restart(End::Killed);
        self.machine.leave_room(room);
        self.machine.plan(faults);
        let ended = self.run_once(command, settings)?;
        let killed = self.machine.is_stopped();
        // Also where it was killed while it committed what could be read.
        let was_met = !killed || self.machine.refused() > 0;
        if unreadable && matches!(command, Command::Import(_)) && ended.is_err() && was_met {
            self.is_cut = true;
        }
        self.machine.restart(end);
        if room.is_some() && ended.is_err() {
            self.run_without_room(command)?;
        }
        self.machine.leave_room(None);
        Ok(if killed { None } else { ended.ok() })
    }

    /// A full disk stays full until somebody makes room, and people try again.
    fn run_without_room(&mut self, command: &Command) -> Result<(), String> {
        if !matches!(command, Command::Replay(_)) {
            return Ok(());
        }
        for _ in 0..2 {
            let settings = self.schedule.calm();
            drop(self.run_once(command, settings)?);
            self.machine.restart(End::Killed);
        }
        Ok(())
    }

    /// One start without faults, which must come to its end.
    fn start_calmly(&mut self, command: &Command) -> Result<Done, String> {
        self.say("start without faults");
        let settings = self.schedule.calm();
        let done = self.run_once(command, settings)?;
        self.machine.restart(End::Killed);
        done
    }

    /// Starts the program once. An error it ends with must have a cause, a place and a remedy.
    fn run_once(&mut self, command: &Command, settings: Settings) -> Result<Result<Done, String>, String> {
        let mut told = Told::default();
        let ended = machine::run(&self.machine, command, self.world, settings, &mut told);
        self.tally.starts += 1;
        self.tally.operations += self.machine.operations();
        let (killed, refused) = (self.machine.is_stopped(), self.machine.refused());
        self.say(&format!(
            "  {} operations, killed: {killed}, refused: {refused}; told {:?}; {ended:?}",
            self.machine.operations(),
            told.0
        ));
        let harmed_rows = matches!(self.harmed, Some(Damage::Row { .. }));
        no_panic(&ended, killed || refused > 0 || harmed_rows)?;
        self.tally.kills += u64::from(killed);
        if let (Err(error), false) = (&ended, killed) {
            self.tally.errors += 1;
            if refused == 0 && self.harmed.is_none() {
                return Err(format!("an error without a fault: {error}"));
            }
            is_told_well(error)?;
        }
        Ok(ended)
    }

    /// What must hold in the end.
    fn audit(&mut self, done: &[Done]) -> Result<(), String> {
        let outcome = Outcome::of(&self.machine)?;
        if self.is_cut {
            return outcome.holds_over_repeats(&self.world.expected);
        }
        if self.is_repeated {
            outcome.holds_over_repeats(&self.world.expected)?;
            return outcome.has_rows_of(&self.calm.outcome);
        }
        outcome.holds(&self.world.expected)?;
        outcome.equals(&self.calm.outcome)?;
        let last = |done: &[Done]| done.last().map(|done| done.digest.clone());
        if last(done) != last(&self.calm.done) {
            return Err(format!("the digest is {:?}, without faults {:?}", last(done), last(&self.calm.done)));
        }
        counters_hold(&sum(done), &self.world.expected)
    }

    /// What was told to be done has been done for good.
    fn lose_power(&mut self, done: &[Done]) -> Result<(), String> {
        let seed = self.schedule.number();
        self.machine.restart(End::PowerLost(seed));
        self.audit(done).map_err(|what| format!("after the power failed behind its end, {what}"))
    }

    /// Rows can always be folded again, and are what they were.
    fn remove_rows(&mut self) -> Result<(), String> {
        let before = Outcome::of(&self.machine)?;
        let command = self.schedule.commands.last().expect("a seed has a command").clone();
        machine::remove_rows(&self.machine);
        let done = self.start_calmly(&command)?;
        let again = match command {
            Command::Replay(_) => self.audit(&[done]),
            Command::Import(_) => Ok(()),
        };
        again
            .and_then(|()| Outcome::of(&self.machine)?.has_rows_of(&before))
            .map_err(|what| format!("with its rows folded again, {what}"))
    }

    /// What was imported before changes nothing, in whatever order it comes.
    fn import_again(&mut self) -> Result<(), String> {
        let before = Outcome::of(&self.machine)?;
        let mut files = self.world.paths();
        files.reverse();
        let done = self.start_calmly(&Command::Import(files))?;
        let (counters, expected) = (done.counters, &self.world.expected);
        if counters.accepted > 0 || counters.rows != expected.rows || counters.dead_letters != expected.refused {
            return Err(format!("imported again, {counters:?} of {} rows that were imported before", expected.rows));
        }
        let after = Outcome::of(&self.machine)?;
        after.has_rows_of(&before).map_err(|what| format!("imported again, {what}"))
    }

    fn say(&self, text: &str) {
        say(self.loud, text);
    }
}

fn say(loud: bool, text: &str) {
    if loud {
        println!("{text}");
    }
}
