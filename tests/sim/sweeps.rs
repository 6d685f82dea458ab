//! Everything that goes wrong once, at each place where it can: where a seed draws its faults, a sweep leaves none out. The
//! worlds are small, and no change of the program, however it moves its operations, takes a fault out of it again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;

use suyuan::files::{End, Fault, Operation};
use suyuan::runtime::Settings;

use crate::machine::{self, Told};
use crate::runner::{self, Calm, Tally};
use crate::schedule::{Command, Damage, Planned, Schedule, Start};
use crate::world::World;

/// One place of a sweep, as it is written: `SWEEP=0:import:power:137`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The world, by its number.
    world: u64,
    way: Way,
    wrong: Wrong,
    /// Which operation, byte or file; what is counted depends on what goes wrong.
    at: u64,
}

/// What is asked of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One replay, on one thread.
    Replay,
    /// One import after another.
    Import,
    /// One replay on two threads, which commit beside folding: what is then an operation's number is near what it was.
    Threads,
}

const WAYS: [(Way, &str); 3] = [(Way::Replay, "replay"), (Way::Import, "import"), (Way::Threads, "threads")];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// The process is killed with an operation, which is done in part.
    Killed,
    /// The power fails with an operation, which is done in part.
    Power,
    /// An operation fails, and those after it do not.
    Fails,
    /// The same, and the power fails when the process has ended.
    FailsPower,
    /// From an operation on the disk is full, until the next start.
    Full,
    /// The process is killed in the middle of a write, and the next one with an operation of its own.
    KilledAgain,
    /// The same, and then the power fails.
    PowerAgain,
    /// The same, and then an operation fails.
    FailsAgain,
    /// There is room for so many bytes more.
    Room,
    /// A file of input cannot be read from some byte on.
    Unreadable,
    /// What is sorted outside memory finds no room behind some byte.
    ScratchFull,
    /// What was sorted outside memory cannot be read behind some byte.
    ScratchLost,
    /// A bit of the journal is flipped.
    Flip,
    /// A file of the journal ends before its end.
    Cut,
    /// A file of the journal is gone.
    Lost,
    /// A row cannot be read.
    Row,
    /// The whole journal is gone.
    JournalLost,
    /// The header of another journal stands in the place of its own.
    Header,
    /// The rows of another run stand in the place of a partition's own.
    Foreign,
    /// The rows of another partition do.
    Exchanged,
}

const WRONG: [(Wrong, &str); 20] = [
    (Wrong::Killed, "killed"),
    (Wrong::Power, "power"),
    (Wrong::Fails, "fails"),
    (Wrong::FailsPower, "fails-power"),
    (Wrong::Full, "full"),
    (Wrong::KilledAgain, "killed-again"),
    (Wrong::PowerAgain, "power-again"),
    (Wrong::FailsAgain, "fails-again"),
    (Wrong::Room, "room"),
    (Wrong::Unreadable, "unreadable"),
    (Wrong::ScratchFull, "scratch-full"),
    (Wrong::ScratchLost, "scratch-lost"),
    (Wrong::Flip, "flip"),
    (Wrong::Cut, "cut"),
    (Wrong::Lost, "lost"),
    (Wrong::Row, "row"),
    (Wrong::JournalLost, "journal-lost"),
    (Wrong::Header, "foreign-header"),
    (Wrong::Foreign, "foreign-rows"),
    (Wrong::Exchanged, "rows-exchanged"),
];

/// So many places are tried of what has no places of its own: bytes of the input, of the disk, of the journal.
const PLACES: u64 = 60;
/// Of the reading of rows for folding, one in so many is tried.
const ROWS_STEP: usize = 61;
/// Operations that change something.
const CHANGING: [Operation; 6] = [
    Operation::Create,
    Operation::Write,
    Operation::Sync,
    Operation::SyncFolder,
    Operation::Rename,
    Operation::WriteRows,
];
/// Of a hundred places of imports, so many may be held against the input alone where an operation goes wrong; all of them
/// where input does, for what could be read of it is committed. Of replays none may.
const WEAK_MAX: u64 = 20;
/// What a part is one of, where the disk is damaged.
const WHOLE: u64 = 1 << 16;

impl Way {
    /// As it is written.
    fn name(self) -> &'static str {
        WAYS.iter().find(|(other, _)| *other == self).map_or("", |(_, name)| name)
    }
}

impl Wrong {
    /// As it is written.
    fn name(self) -> &'static str {
        WRONG.iter().find(|(other, _)| *other == self).map_or("", |(_, name)| name)
    }

    /// Whether its places are the operations of the first start.
    fn is_first(self) -> bool {
        matches!(self, Self::Killed | Self::Power | Self::Fails | Self::FailsPower | Self::Full)
    }

    /// Whether somebody else does it to the disk.
    fn is_damage(self) -> bool {
        use Wrong::{Cut, Exchanged, Flip, Foreign, Header, JournalLost, Lost, Row};
        matches!(self, Flip | Cut | Lost | Row | JournalLost | Header | Foreign | Exchanged)
    }

    /// Whether its places are the operations of a start after a kill.
    fn is_again(self) -> bool {
        matches!(self, Self::KilledAgain | Self::PowerAgain | Self::FailsAgain)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { world, way, wrong, at } = *self;
        write!(f, "{world}:{}:{}:{at}", way.name(), wrong.name())
    }
}

impl Place {
    /// Reads one as it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let world = parts.next()?.parse().ok()?;
        let name = parts.next()?;
        let (way, _) = *WAYS.iter().find(|(_, other)| *other == name)?;
        let name = parts.next()?;
        let (wrong, _) = *WRONG.iter().find(|(_, other)| *other == name)?;
        let at = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { world, way, wrong, at })
    }

    /// What goes wrong there, start by start, and what is done to the disk then.
    fn planned(self, ground: &Ground) -> Planned {
        let (command, operation) = if self.wrong.is_first() {
            ground.operation(self.at)
        } else if self.wrong.is_again() || self.wrong.is_damage() {
            (ground.last(), self.at)
        } else {
            (0, self.at)
        };
        let mut starts = VecDeque::from([self.start(operation, ground)]);
        if self.wrong.is_again() {
            starts.push_front(ground.torn());
        }
        Planned { command, starts, damage: self.damage(), seed: self.at }
    }

    /// Whether it did go wrong there: beside what is done before, so that there is something to go wrong with.
    fn came(self, tally: &Tally) -> bool {
        if self.wrong.is_damage() { tally.damages > 0 } else { tally.went_wrong() > u64::from(self.wrong.is_again()) }
    }

    fn start(self, operation: u64, ground: &Ground) -> Start {
        use Wrong::{Cut, Exchanged, Flip, Foreign, Header, JournalLost, Lost, Row};
        let at = self.at;
        // Any part of what an operation writes, and not the same one with each.
        let stops = Fault::Stops { operation, part: u8::try_from(at * 97 % 256).expect("a byte") };
        let once = Fault::Fails { operations: operation..operation + 1, kind: ErrorKind::Other };
        let full = Fault::Fails { operations: operation..u64::MAX, kind: ErrorKind::StorageFull };
        let some = |all: usize| usize::try_from(at).expect("small") * all / usize::try_from(PLACES).expect("small");
        let scratch = |written, read| ground.start(vec![Fault::Scratch { written, read }], End::Killed);
        match self.wrong {
            Wrong::Killed | Wrong::KilledAgain => ground.start(vec![stops], End::Killed),
            Wrong::Power | Wrong::PowerAgain => ground.start(vec![stops], End::PowerLost(at)),
            Wrong::Fails | Wrong::FailsAgain => ground.start(vec![once], End::Killed),
            Wrong::FailsPower => ground.start(vec![once], End::PowerLost(at)),
            Wrong::Full => ground.start(vec![full], End::Killed),
            Wrong::Room => Start { room: Some(some(ground.disk_bytes)), ..ground.start(Vec::new(), End::Killed) },
            Wrong::Unreadable => {
                let number = usize::try_from(at).expect("small");
                let (path, all) = &ground.inputs[number % ground.inputs.len()];
                let opening = number / ground.inputs.len() % 3;
                let fault = Fault::Unreadable { path: path.clone(), byte: some(*all), opening };
                ground.start(vec![fault], End::Killed)
            }
            Wrong::ScratchFull => scratch(some(ground.input_bytes()), usize::MAX),
            Wrong::ScratchLost => scratch(usize::MAX, some(ground.input_bytes())),
            // Half way, so that there is something to damage and something still to do.
            Flip | Cut | Lost | Row | JournalLost | Header | Foreign | Exchanged => ground.torn(),
        }
    }

    fn damage(self) -> Option<Damage> {
        // In parts of the whole: the byte goes through a file while the file stays, and the other way about.
        let part = |at: u64, of: u64| usize::try_from(at % of * WHOLE / of).expect("small");
        let (slow, fast) = (part(self.at, PLACES), part(self.at, 5));
        match self.wrong {
            Wrong::Flip => Some(Damage::Flip { file: fast, byte: slow, bits: 1 << (self.at % 8) }),
            Wrong::Cut => Some(Damage::Cut { file: fast, byte: slow }),
            Wrong::Lost => Some(Damage::Lost { file: slow }),
            Wrong::Row => Some(Damage::Row { partition: part(self.at, 2), row: slow }),
            Wrong::JournalLost => Some(Damage::JournalLost),
            Wrong::Header => Some(Damage::ForeignHeader { partitions: i32::try_from(self.at).expect("small") - 1 }),
            Wrong::Foreign => Some(Damage::ForeignRows { partition: part(self.at, 2) }),
            Wrong::Exchanged => Some(Damage::RowsExchanged { partition: part(self.at, 2) }),
            Wrong::Killed
            | Wrong::Power
            | Wrong::Fails
            | Wrong::FailsPower
            | Wrong::Full
            | Wrong::KilledAgain
            | Wrong::PowerAgain
            | Wrong::FailsAgain
            | Wrong::Room
            | Wrong::Unreadable
            | Wrong::ScratchFull
            | Wrong::ScratchLost => None,
        }
    }
}

/// A world and what is asked for on it, without faults so far.
struct Ground {
    world: World,
    commands: Vec<Command>,
    settings: Settings,
    calm: Calm,
    /// What a start asks for after one that was killed in the middle of a write.
    again: Vec<Operation>,
    /// The files of input, and how many bytes are in each.
    inputs: Vec<(PathBuf, usize)>,
    /// What is on the disk in the end.
    disk_bytes: usize,
}

impl Ground {
    fn new(number: u64, way: Way) -> Result<Self, String> {
        let world = World::small(number);
        let files = world.paths();
        let commands = if way == Way::Import {
            let (first, second) = files.split_at(files.len() / 2);
            let some = [first, second].into_iter().filter(|files| !files.is_empty());
            some.map(|files| Command::Import(files.into())).collect()
        } else {
            vec![Command::Replay(files)]
        };
        let schedule = Schedule::of_sweep(commands.clone(), Planned::default());
        let settings = Settings { threads: if way == Way::Threads { 2 } else { 1 }, ..schedule.calm() };
        let calm = runner::calm_run(&world, &schedule)?;
        let inputs: Vec<_> = world.files.iter().map(|(path, bytes)| (path.clone(), bytes.len())).collect();
        let disk_bytes = calm.disk_bytes();
        let mut ground = Self { world, commands, settings, calm, again: Vec::new(), inputs, disk_bytes };
        let machine = machine::with_files_of(&ground.world);
        let run = |command: usize, faults: Vec<Fault>| {
            machine.restart(End::Killed);
            machine.plan(faults);
            let (command, settings) = (&ground.commands[command], ground.settings.clone());
            drop(machine::run(&machine, command, &ground.world, settings, &mut Told::default()));
            machine.asked()
        };
        let last = ground.last();
        (0..last).for_each(|before| drop(run(before, Vec::new())));
        drop(run(last, ground.torn().faults));
        ground.again = run(last, Vec::new());
        Ok(ground)
    }

    fn start(&self, faults: Vec<Fault>, end: End) -> Start {
        Start { settings: self.settings.clone(), faults, room: None, end }
    }

    /// The command in which something is damaged, or goes wrong twice: the last, so that much is committed before.
    fn last(&self) -> usize {
        self.commands.len() - 1
    }

    /// A start of the last command that is killed half way, in the middle of a write.
    fn torn(&self) -> Start {
        let asked = &self.calm.asked[self.last()];
        let before = &asked[..asked.len() * 3 / 5];
        let operation = before.iter().rposition(|operation| *operation == Operation::Write).unwrap_or(before.len());
        self.start(vec![Fault::Stops { operation: operation as u64, part: 128 }], End::Killed)
    }

    /// The command and its operation, where operations are counted through all commands.
    fn operation(&self, at: u64) -> (usize, u64) {
        let mut left = at;
        for (command, asked) in self.calm.asked.iter().enumerate() {
            match left.checked_sub(asked.len() as u64) {
                None => return (command, left),
                Some(behind) => left = behind,
            }
        }
        (self.calm.asked.len(), left)
    }

    /// What is asked for at a place where an operation goes wrong.
    fn kind(&self, place: Place) -> Operation {
        let (asked, operation) = if place.wrong.is_first() {
            let (command, operation) = self.operation(place.at);
            (&self.calm.asked[command], operation)
        } else {
            (&self.again, place.at)
        };
        asked[usize::try_from(operation).expect("a place in a list")]
    }

    fn input_bytes(&self) -> usize {
        self.inputs.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The places at which something is to go wrong.
    fn places(&self, way: Way, wrong: Wrong) -> Vec<u64> {
        // What two threads do otherwise than one is told by what they write, and when.
        if way == Way::Threads {
            let asked = &self.calm.asked[0];
            let writes = |at: &u64| CHANGING.contains(&asked[usize::try_from(*at).expect("a place in a list")]);
            return if wrong.is_first() { tried(asked).into_iter().filter(writes).collect() } else { Vec::new() };
        }
        if wrong.is_first() {
            let mut before = 0;
            let of_command = |asked: &Vec<Operation>| {
                let places: Vec<u64> = tried(asked).into_iter().map(|at| before + at).collect();
                before += asked.len() as u64;
                places
            };
            self.calm.asked.iter().flat_map(of_command).collect()
        } else if wrong.is_again() {
            tried(&self.again)
        } else if wrong == Wrong::Header {
            (0..3).collect()
        } else if matches!(wrong, Wrong::JournalLost | Wrong::Foreign | Wrong::Exchanged) {
            (0..2).collect()
        } else {
            (0..PLACES).collect()
        }
    }

    fn run(&self, place: Place, loud: bool) -> Result<Tally, String> {
        let schedule = Schedule::of_sweep(self.commands.clone(), place.planned(self));
        runner::results_of(&self.world, &self.calm, schedule, loud)
    }
}

/// The operations that are tried. Rows are read for folding, most of all and all alike, and for results, once no more rows
/// are written: one in so many of the former.
fn tried(asked: &[Operation]) -> Vec<u64> {
    let folded = asked.iter().rposition(|operation| *operation == Operation::WriteRows).unwrap_or(0);
    let is_tried =
        |at: usize, operation: Operation| operation != Operation::Rows || at >= folded || at.is_multiple_of(ROWS_STEP);
    (0..).zip(asked).filter(|(at, operation)| is_tried(*at, **operation)).map(|(at, _)| at as u64).collect()
}

/// Runs one place, and says all of it. Where nothing goes wrong there, it is none.
pub(crate) fn one(place: Place) -> Result<Tally, String> {
    let ground = Ground::new(place.world, place.way)?;
    let tally = ground.run(place, true)?;
    if place.came(&tally) {
        return Ok(tally);
    }
    let last = ground.places(place.way, place.wrong).last().copied().unwrap_or_default();
    Err(format!("nothing went wrong: its places go to {last}, and not at each does it come to that"))
}

/// How places are written, for whoever has misspelt one.
pub(crate) fn spelling() -> String {
    let names = |names: &[&str]| names.join(", ");
    let (ways, wrong) = (WAYS.map(|(_, name)| name), WRONG.map(|(_, name)| name));
    format!("a place such as 0:replay:power:17: a world, one of {}, one of {}, a number", names(&ways), names(&wrong))
}

/// Runs every place of some worlds. Tells each failure to `failed`, which says whether to go on.
pub(crate) fn all(worlds: Range<u64>, mut failed: impl FnMut(Place, &str) -> bool) -> Result<Swept, String> {
    let mut swept = Swept::default();
    for (world, (way, _)) in worlds.flat_map(|world| WAYS.map(|way| (world, way))) {
        let ground = Ground::new(world, way).map_err(|what| format!("world {world} of the sweeps: {what}"))?;
        for (wrong, _) in WRONG {
            for at in ground.places(way, wrong) {
                let place = Place { world, way, wrong, at };
                match ground.run(place, false) {
                    Ok(tally) => swept.note(place, &tally, &ground),
                    Err(what) if failed(place, &what) => {}
                    Err(_) => return Ok(swept),
                }
            }
        }
    }
    Ok(swept)
}

/// What the sweeps went through.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Operations that went wrong, by their kind; of those that read rows, some.
    operations: BTreeMap<Operation, u64>,
    /// By what goes wrong, and on which way, as both are written.
    by_wrong: BTreeMap<(&'static str, &'static str), Met>,
}

/// What became of one thing that goes wrong.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    places: u64,
    /// Where it did go wrong.
    came: u64,
    /// Where the disk was found damaged.
    stopped: u64,
    /// Where what came of it could be held against the input alone.
    weak: u64,
}

impl Swept {
    /// How many places there were.
    pub(crate) fn places(&self) -> u64 {
        self.by_wrong.values().map(|met| met.places).sum()
    }

    fn note(&mut self, place: Place, tally: &Tally, ground: &Ground) {
        if place.came(tally) && (place.wrong.is_first() || place.wrong.is_again()) {
            *self.operations.entry(ground.kind(place)).or_default() += 1;
        }
        let met = self.by_wrong.entry((place.wrong.name(), place.way.name())).or_default();
        met.places += 1;
        met.came += u64::from(place.came(tally));
        met.stopped += tally.stopped_by_damage;
        met.weak += tally.cut + tally.repeated;
    }

    /// What should have been swept, and was not.
    pub(crate) fn lacking(&self) -> Vec<String> {
        use Operation::{Create, Folder, Length, Look, Open, Read, Rename, Rows, Sync, SyncFolder, Write, WriteRows};
        let all = [Look, Open, Create, Folder, Read, Write, Length, Sync, SyncFolder, Rename, Rows, WriteRows];
        let without = all.into_iter().filter(|kind| !self.operations.contains_key(kind));
        let mut lacking: Vec<String> = without.map(|kind| format!("no operation of the kind {kind:?}")).collect();
        let swept = |(wrong, name)| WAYS.map(|(way, on)| ((wrong, name), (way, on)));
        for ((wrong, name), (way, on)) in WRONG.into_iter().flat_map(swept) {
            if way == Way::Threads && !wrong.is_first() {
                continue;
            }
            let Met { places, came, stopped, weak } = self.by_wrong.get(&(name, on)).copied().unwrap_or_default();
            let is_of_input = matches!(wrong, Wrong::Unreadable | Wrong::ScratchFull | Wrong::ScratchLost);
            let weak_max = match way {
                Way::Import if is_of_input => 100,
                Way::Import => WEAK_MAX,
                Way::Replay | Way::Threads => 0,
            };
            if came * 2 < places.max(1) {
                lacking.push(format!("{on}: `{name}` came at {came} of {places} places"));
            }
            if wrong.is_damage() && stopped == 0 {
                lacking.push(format!("{on}: no run stopped for `{name}`"));
            }
            if weak * 100 > places * weak_max {
                lacking.push(format!("{on}: `{name}` was held against the input alone at {weak} of {places} places"));
            }
        }
        lacking
    }
}
