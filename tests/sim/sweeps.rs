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
    imports: bool,
    wrong: Wrong,
    /// Which operation, byte or file; what is counted depends on what goes wrong.
    at: u64,
}

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
}

const WRONG: [(Wrong, &str); 16] = [
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
];

/// So many places are tried of what has no places of its own: bytes of the input, of the disk, of the journal.
const PLACES: u64 = 60;
/// Of the reading of rows for folding, one in so many is tried.
const ROWS_STEP: usize = 61;
/// What a part is one of, where the disk is damaged.
const WHOLE: u64 = 1 << 16;

impl Wrong {
    /// Whether its places are the operations of the first start.
    fn is_first(self) -> bool {
        matches!(self, Self::Killed | Self::Power | Self::Fails | Self::FailsPower | Self::Full)
    }

    /// Whether its places are the operations of a start after a kill.
    fn is_again(self) -> bool {
        matches!(self, Self::KilledAgain | Self::PowerAgain | Self::FailsAgain)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { world, imports, wrong, at } = *self;
        let command = if imports { "import" } else { "replay" };
        let name = WRONG.iter().find(|(other, _)| *other == wrong).map_or("", |(_, name)| name);
        write!(f, "{world}:{command}:{name}:{at}")
    }
}

impl Place {
    /// Reads one as it is written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let world = parts.next()?.parse().ok()?;
        let imports = match parts.next()? {
            "import" => true,
            "replay" => false,
            _ => return None,
        };
        let name = parts.next()?;
        let (wrong, _) = *WRONG.iter().find(|(_, other)| *other == name)?;
        let at = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { world, imports, wrong, at })
    }

    /// What goes wrong there, start by start, and what is done to the disk then.
    fn planned(self, ground: &Ground) -> Planned {
        let (command, operation) = if self.wrong.is_first() { ground.operation(self.at) } else { (0, self.at) };
        let mut starts = VecDeque::from([self.start(operation, ground)]);
        if self.wrong.is_again() {
            starts.push_front(ground.torn());
        }
        Planned { command, starts, damage: self.damage(), seed: self.at }
    }

    fn start(self, operation: u64, ground: &Ground) -> Start {
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
            Wrong::Flip | Wrong::Cut | Wrong::Lost | Wrong::Row => ground.torn(),
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
            Wrong::Killed | Wrong::Power | Wrong::Fails | Wrong::FailsPower | Wrong::Full => None,
            Wrong::KilledAgain | Wrong::PowerAgain | Wrong::FailsAgain => None,
            Wrong::Room | Wrong::Unreadable | Wrong::ScratchFull | Wrong::ScratchLost => None,
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
    fn new(number: u64, imports: bool) -> Result<Self, String> {
        let world = World::small(number);
        let files = world.paths();
        let commands = if imports {
            let (first, second) = files.split_at(files.len() / 2);
            let some = [first, second].into_iter().filter(|files| !files.is_empty());
            some.map(|files| Command::Import(files.into())).collect()
        } else {
            vec![Command::Replay(files)]
        };
        let schedule = Schedule::of_sweep(commands.clone(), Planned::default());
        let settings = schedule.calm();
        let calm = runner::calm_run(&world, &schedule)?;
        let inputs: Vec<_> = world.files.iter().map(|(path, bytes)| (path.clone(), bytes.len())).collect();
        let disk_bytes = calm.disk_bytes();
        let mut ground = Self { world, commands, settings, calm, again: Vec::new(), inputs, disk_bytes };
        let machine = machine::with_files_of(&ground.world);
        for faults in [ground.torn().faults, Vec::new()] {
            machine.restart(End::Killed);
            machine.plan(faults);
            let command = &ground.commands[0];
            drop(machine::run(&machine, command, &ground.world, ground.settings.clone(), &mut Told::default()));
            ground.again = machine.asked();
        }
        Ok(ground)
    }

    fn start(&self, faults: Vec<Fault>, end: End) -> Start {
        Start { settings: self.settings.clone(), faults, room: None, end }
    }

    /// A start that is killed half way, in the middle of a write.
    fn torn(&self) -> Start {
        let asked = &self.calm.asked[0];
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

    fn input_bytes(&self) -> usize {
        self.inputs.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The places at which something is to go wrong.
    fn places(&self, wrong: Wrong) -> Vec<u64> {
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
        |at: usize, operation: Operation| operation != Operation::Rows || at >= folded || at % ROWS_STEP == 0;
    (0..).zip(asked).filter(|(at, operation)| is_tried(*at, **operation)).map(|(at, _)| at as u64).collect()
}

/// Runs one place, and says all of it.
pub(crate) fn one(place: Place) -> Result<Tally, String> {
    Ground::new(place.world, place.imports)?.run(place, true)
}

/// Runs every place of some worlds. Tells each failure to `failed`, which says whether to go on.
pub(crate) fn all(worlds: Range<u64>, mut failed: impl FnMut(Place, &str) -> bool) -> Result<Swept, String> {
    let mut swept = Swept::default();
    for (world, imports) in worlds.flat_map(|world| [(world, false), (world, true)]) {
        let ground = Ground::new(world, imports).map_err(|what| format!("world {world} of the sweeps: {what}"))?;
        for operation in ground.calm.asked.iter().flatten().chain(&ground.again) {
            *swept.operations.entry(*operation).or_default() += 1;
        }
        for (wrong, name) in WRONG {
            for at in ground.places(wrong) {
                let place = Place { world, imports, wrong, at };
                swept.places += 1;
                match ground.run(place, false) {
                    Ok(tally) => swept.note(name, &tally),
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
    pub(crate) places: u64,
    /// Operations that went wrong, by their kind; of those that read rows, some.
    operations: BTreeMap<Operation, u64>,
    /// By what goes wrong: how often it did, and how often the disk was found damaged.
    met: BTreeMap<&'static str, [u64; 2]>,
}

impl Swept {
    fn note(&mut self, name: &'static str, tally: &Tally) {
        let [met, stopped] = self.met.entry(name).or_default();
        *met += u64::from(tally.kills + tally.errors + tally.damages > 0);
        *stopped += tally.stopped_by_damage;
    }

    /// What should have been swept, and was not.
    pub(crate) fn lacking(&self) -> Vec<String> {
        use Operation::{Create, Folder, Length, Look, Open, Read, Rename, Rows, Sync, SyncFolder, Write, WriteRows};
        let all = [Look, Open, Create, Folder, Read, Write, Length, Sync, SyncFolder, Rename, Rows, WriteRows];
        let without = all.into_iter().filter(|kind| !self.operations.contains_key(kind));
        let never = WRONG.iter().filter(|(_, name)| self.met.get(name).is_none_or(|[met, _]| *met < 10));
        let unseen = ["flip", "cut", "lost", "row"].into_iter();
        let unseen = unseen.filter(|name| self.met.get(name).is_none_or(|[_, stopped]| *stopped == 0));
        without
            .map(|kind| format!("no operation of the kind {kind:?}"))
            .chain(never.map(|(_, name)| format!("`{name}` hardly ever came")))
            .chain(unseen.map(|name| format!("no run stopped for `{name}`")))
            .collect()
    }
}
