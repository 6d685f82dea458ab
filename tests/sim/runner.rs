//! One seed from its first start to its last: the same commands with faults and without, and what must hold then.

use std::path::PathBuf;

use suyuan::files::{End, Fault, Operation, Simulated};
use suyuan::intake::Order;
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
    /// Adds another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.starts += other.starts;
        self.kills += other.kills;
        self.errors += other.errors;
        self.damages += other.damages;
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
    let mut runner = Runner {
        machine: machine::with_files_of(&world),
        order: world.order,
        calm: &calm,
        world: &world,
        schedule,
        tally: Tally { lines: world.expected.rows, findings: calm.findings, ..Tally::default() },
        is_cut: false,
        is_repeated: false,
        loud,
    };
    runner.run()?;
    runner.tally.cut += u64::from(runner.is_cut);
    runner.tally.repeated += u64::from(runner.is_repeated && !runner.is_cut);
    Ok(runner.tally)
}

/// What the same commands come to where nothing goes wrong.
struct Calm {
    outcome: Outcome,
    done: Vec<Done>,
    /// What was asked of the machine, command by command.
    asked: Vec<Vec<Operation>>,
    image: Image,
    findings: u64,
}

fn calm_run(world: &World, schedule: &Schedule) -> Result<Calm, String> {
    let machine = machine::with_files_of(world);
    let (mut done, mut asked) = (Vec::new(), Vec::new());
    for command in &schedule.commands {
        let ended = machine::run(&machine, command, world.order, schedule.calm(), &mut Told::default());
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
    order: Order,
    calm: &'a Calm,
    world: &'a World,
    schedule: Schedule,
    tally: Tally,
    /// Nothing is lost and nothing there twice, but epochs end elsewhere, or events have other numbers: what could be read
    /// of an input that could not be read to its end is committed.
    is_cut: bool,
    /// An import came to its end and could not say so: it is the same input again that is imported then.
    is_repeated: bool,
    loud: bool,
}

impl Runner<'_> {
    fn run(&mut self) -> Result<(), String> {
        let mut done = Vec::new();
        for (number, command) in self.schedule.commands.clone().iter().enumerate() {
            done.push(self.command(number, command)?);
        }
        self.audit(&done)?;
        self.lose_power(&done)?;
        self.remove_rows()?;
        self.import_again()
    }

    /// Runs a command until it comes to its end, whatever goes wrong on the way.
    fn command(&mut self, number: usize, command: &Command) -> Result<Done, String> {
        let roots = machine::progress(&self.machine).map_or(0, |progress| progress.roots);
        let mut ended = None;
        for _ in 0..STARTS_MAX {
            let is_replay = matches!(command, Command::Replay(_));
            if let (true, Some(damage)) = (is_replay || ended.is_none(), self.schedule.damage()) {
                ended = self.damage(damage, command, ended)?;
            }
            // What came to its end is asked for once more only where that changes nothing.
            if let Some(done) = ended.take_if(|_| !is_replay) {
                return Ok(done);
            }
            let calm = self.calm;
            let Some(start) = self.schedule.next(&calm.asked[number], command.files()) else {
                return match ended {
                    Some(done) => Ok(done),
                    None => self.start_calmly(command),
                };
            };
            if let Some(done) = self.start(command, start)? {
                ended = Some(done);
            } else if matches!(command, Command::Import(_)) {
                let came_to_its_end = |progress: Progress| progress.input_ended && progress.roots > roots;
                if machine::progress(&self.machine).is_some_and(came_to_its_end) {
                    self.is_repeated = true;
                    // What is refused again is numbered again, and causes are named by these numbers.
                    self.is_cut |= number + 1 < self.schedule.commands.len();
                }
            }
        }
        Err(format!("{STARTS_MAX} starts were not enough"))
    }

    /// One start with faults; `None` where it did not come to its end.
    fn start(&mut self, command: &Command, start: Start) -> Result<Option<Done>, String> {
        self.say(&format!("start: {start}"));
        let Start { settings, faults, room, end } = start;
        let unreadable = faults.iter().any(|fault| matches!(fault, Fault::Unreadable { .. }));
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
        let ended = machine::run(&self.machine, command, self.order, settings, &mut told);
        self.tally.starts += 1;
        self.tally.operations += self.machine.operations();
        let (killed, refused) = (self.machine.is_stopped(), self.machine.refused());
        self.say(&format!(
            "  {} operations, killed: {killed}, refused: {refused}; told {:?}; {ended:?}",
            self.machine.operations(),
            told.0
        ));
        no_panic(&ended, killed || refused > 0)?;
        self.tally.kills += u64::from(killed);
        if let (Err(error), false) = (&ended, killed) {
            self.tally.errors += 1;
            if refused == 0 {
                return Err(format!("an error without a fault: {error}"));
            }
            is_told_well(error)?;
        }
        Ok(ended)
    }

    /// Damages the disk and starts the program. It comes to its end all the same, which the audit judges, or says what is
    /// wrong and leaves everything as it was; then it is repaired as it says.
    fn damage(&mut self, damage: Damage, command: &Command, ended: Option<Done>) -> Result<Option<Done>, String> {
        let healthy = image(&self.machine);
        let Some(done) = self.apply(&damage) else { return Ok(ended) };
        self.tally.damages += 1;
        let harmed = image(&self.machine);
        self.say(&format!("damage: {done}"));
        let (settings, mut told) = (self.schedule.calm(), Told::default());
        let ended = machine::run(&self.machine, command, self.order, settings, &mut told);
        self.say(&format!("  told {:?}; {ended:?}", told.0));
        no_panic(&ended, matches!(damage, Damage::Row { .. }))?;
        self.machine.restart(End::Killed);
        let error = match ended {
            Ok(done) => {
                self.heal_unread(&healthy, &harmed);
                return Ok(Some(done));
            }
            Err(error) => error,
        };
        self.tally.stopped_by_damage += 1;
        is_told_well(&error)?;
        // What is done below is what was advised.
        let of_others = matches!(damage, Damage::ForeignRows { .. } | Damage::RowsExchanged { .. });
        let of_journal = !of_others && !matches!(damage, Damage::Row { .. } | Damage::NoRows);
        let remedies = if of_journal { ["put ", "Put "] } else { ["delete ", "remove the folder `state`"] };
        if !remedies.iter().any(|remedy| error.contains(remedy)) {
            return Err(format!("what would mend it is not advised: {error}"));
        }
        let of_rows = matches!(damage, Damage::Row { .. } | Damage::NoRows);
        if !of_rows {
            let left = image(&self.machine);
            // Rows of other partitions may have been brought up before foreign ones were found.
            let changed = self.changed(&harmed, &left, of_others);
            if let Some(what) = changed {
                return Err(format!("{what} changed although it ended with: {error}"));
            }
        }
        match damage {
            Damage::Flip { .. } | Damage::Cut { .. } | Damage::Lost { .. } | Damage::JournalLost => {
                machine::restore(&self.machine, &healthy);
            }
            Damage::Row { .. } | Damage::ForeignRows { .. } | Damage::RowsExchanged { .. } | Damage::NoRows => {
                machine::remove_rows(&self.machine);
            }
        }
        Ok(None)
    }

    /// What nobody has read so far is damaged still: puts back the bytes that were exchanged, unless others stand there now.
    fn heal_unread(&self, healthy: &Image, harmed: &Image) {
        self.machine.heal_rows();
        if Outcome::of(&self.machine).is_ok() {
            return;
        }
        for (path, bytes) in &harmed.files {
            let before = &healthy.files[path];
            let now = self.machine.read(path).unwrap_or_default();
            if before != bytes && now.starts_with(bytes) {
                self.machine.put(path, &[before, &now[bytes.len()..]].concat());
            }
        }
    }

    /// What a run that came upon damage has changed and must not have. Damage further back in the journal is found when it
    /// is read; until then the journal may have grown.
    fn changed(&self, harmed: &Image, left: &Image, rows_may: bool) -> Option<String> {
        let is_journal = |path: &&PathBuf| path.parent().is_some_and(|parent| parent.ends_with("journal"));
        // What was being made is no segment yet.
        let is_segment = |path: &&PathBuf| path.extension().is_some_and(|end| end == "journal");
        let segments = harmed.files.keys().filter(is_journal).filter(is_segment);
        let last = segments.clone().next_back().cloned();
        let is_one = segments.count() < 2;
        let journal_gone = !harmed.files.keys().any(|path| is_journal(&path));
        if let (true, Some(path)) = (journal_gone, left.files.keys().find(is_journal)) {
            return Some(format!("{} is new and the journal", path.display()));
        }
        for (path, bytes) in harmed.files.iter().filter(|(path, _)| is_journal(path)) {
            if path.extension().is_some() && !is_segment(&path) {
                continue;
            }
            let Some(now) = left.files.get(path) else { return Some(format!("{} is gone and was", path.display())) };
            // The rest of a turn that was never committed is cut off, and the run may have gone on from there, before what
            // stands further back is read. What was committed is there in the end: that is looked at then.
            let is_last = Some(path) == last.as_ref();
            if !(now.starts_with(bytes) || is_last) || (is_one && now != bytes) {
                return Some(format!("{} was", path.display()));
            }
        }
        let results = &self.calm.image.files;
        let wrong = left.files.iter().find(|(path, bytes)| {
            !is_journal(path)
                && harmed.files.get(*path) != Some(*bytes)
                && results.get(*path).is_some_and(|calm| calm != *bytes)
        });
        if let Some((path, _)) = wrong {
            return Some(format!("{} was", path.display()));
        }
        (is_one && !rows_may && left.rows != harmed.rows).then(|| "rows were".into())
    }

    /// Returns what was done; `None` where there was nothing to damage.
    fn apply(&self, damage: &Damage) -> Option<String> {
        let machine = &self.machine;
        let files = machine::journal_files(machine);
        let is_begun = files.iter().any(|(path, _)| path.extension().is_some_and(|end| end == "journal"));
        let rows = machine.all_rows();
        if !is_begun || rows.is_empty() {
            return None;
        }
        let file = |part: usize| files[part * files.len() / (1 << 16)].clone();
        Some(match *damage {
            Damage::Flip { file: part, byte, bits } => {
                let (path, bytes) = file(part);
                let byte = byte * bytes / (1 << 16);
                machine.spoil(&path, byte, bits);
                format!("bits {bits:#010b} of byte {byte} of {} are flipped", path.display())
            }
            Damage::Cut { file: part, byte } => {
                let (path, bytes) = file(part);
                let byte = byte * bytes / (1 << 16);
                let whole = machine.read(&path).unwrap_or_default();
                machine.put(&path, &whole[..byte]);
                format!("{} of {bytes} bytes ends at byte {byte}", path.display())
            }
            Damage::Lost { file: part } => {
                let (path, _) = file(part);
                machine.remove(&path);
                format!("{} is gone", path.display())
            }
            // Where no rows stand for it, nothing tells that it was there.
            Damage::JournalLost if !machine::has_rows(machine) => return None,
            Damage::JournalLost => {
                machine::lose_journal(machine);
                "the whole journal is gone".into()
            }
            Damage::Row { partition, row } => {
                let (dir, rows) = &rows[partition * rows.len() / (1 << 16)];
                let row = row * rows.len() / (1 << 16);
                machine.spoil_row(dir, row);
                format!("row {row} of {} in {} cannot be read", rows.len(), dir.display())
            }
            Damage::ForeignRows { partition } => {
                let (dir, _) = &rows[partition * rows.len() / (1 << 16)];
                machine.put_rows(dir, self.calm.image.rows.get(dir)?.clone());
                format!("{} has the rows of another run", dir.display())
            }
            Damage::RowsExchanged { partition } => {
                let place = partition * rows.len() / (1 << 16);
                let ((dir, own), (other, theirs)) = (&rows[place], &rows[(place + 1) % rows.len()]);
                if own == theirs {
                    return None;
                }
                machine.put_rows(dir, image(machine).rows[other].clone());
                format!("{} has the rows of {}", dir.display(), other.display())
            }
            Damage::NoRows => {
                machine::remove_rows(machine);
                "all rows are gone".into()
            }
        })
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
