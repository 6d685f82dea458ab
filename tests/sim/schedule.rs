//! The schedule of a seed: what is asked of the program, with which settings it is started each time, what goes wrong at
//! which operation, and how the process ends then.

use std::collections::VecDeque;
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use suyuan::drive::STANDARD_RULES;
use suyuan::files::{End, Fault, Operation};
use suyuan::runtime::{Persist, Policies, Settings};

use crate::chance::Chance;
use crate::world::World;

/// What a user asks for; the same again after each end before its time.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// `suyuan replay FILES --out /data`.
    Replay(Vec<PathBuf>),
    /// `suyuan import FILES --data /data`.
    Import(Vec<PathBuf>),
}

impl Command {
    pub(crate) fn files(&self) -> &[PathBuf] {
        match self {
            Self::Replay(files) | Self::Import(files) => files,
        }
    }
}

/// One start of the program.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<Fault>,
    /// Room on the disk, in bytes.
    pub(crate) room: Option<usize>,
    /// How the process ends, if a fault ends it; or what happens after it ended by itself.
    pub(crate) end: End,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.as_slice() {
            [] => write!(f, "no operation fails")?,
            faults => write!(f, "{faults:?}")?,
        }
        if let Some(bytes) = self.room {
            write!(f, "; {bytes} bytes of room on the disk")?;
        }
        match self.end {
            End::Killed => Ok(()),
            End::PowerLost(seed) => write!(f, "; the power fails afterwards, seed {seed}"),
        }
    }
}

/// What somebody else does to the disk between two starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Bits of a byte of a file of the journal are flipped: which file and which byte, in parts of 65,536.
    Flip { file: usize, byte: usize, bits: u8 },
    /// A file of the journal ends before its end.
    Cut { file: usize, byte: usize },
    /// A file of the journal is gone.
    Lost { file: usize },
    /// The whole journal is gone.
    JournalLost,
    /// The header of another journal stands in the place of its own: of one with so many partitions more, or of one that
    /// was begun under other rules.
    ForeignHeader { partitions: i32 },
    /// A row of some partition cannot be read.
    Row { partition: usize, row: usize },
    /// The rows of another run stand in the place of a partition's own.
    ForeignRows { partition: usize },
    /// The rows of another partition of the same run stand in the place of a partition's own.
    RowsExchanged { partition: usize },
    /// All rows are gone: nothing is lost.
    NoRows,
}

/// What goes wrong where nothing is left to chance: once, at a place that is named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planned {
    /// While which command, by its number.
    pub(crate) command: usize,
    /// What goes wrong with one start after the other; with those that follow nothing does.
    pub(crate) starts: VecDeque<Start>,
    /// What is done to the disk after that.
    pub(crate) damage: Option<Damage>,
    /// What is left, of what was not synced, when the power fails in the end.
    pub(crate) seed: u64,
}

/// All that a seed says beside its world.
pub(crate) struct Schedule {
    chance: Chance,
    planned: Option<Planned>,
    pub(crate) commands: Vec<Command>,
    partitions: u32,
    threads: usize,
    rules: String,
    /// Starts that are still to go wrong.
    starts_left: usize,
    /// Starts between which the disk is damaged, by how many are left then.
    damage_at: Option<usize>,
    policies: Policies,
    cache_bytes_max: usize,
}

impl Schedule {
    /// Makes the schedule of a seed.
    pub(crate) fn new(seed: u64, world: &World) -> Self {
        let mut chance = Chance::new(seed, 2);
        let commands = commands(world, &mut chance);
        let starts_left = 1 + chance.below(4);
        let damage_at = chance.percent(50).then(|| chance.below(starts_left + 1));
        Self {
            partitions: 1 + u32::try_from(chance.below(5)).expect("small"),
            threads: if chance.percent(25) { 2 } else { 1 },
            rules: rules(&mut chance),
            starts_left,
            damage_at,
            policies: policies(&mut chance),
            cache_bytes_max: cache(&mut chance),
            commands,
            planned: None,
            chance,
        }
    }

    /// The schedule of a sweep: small turns, frames and segments, so that a short run has everything in it.
    pub(crate) fn of_sweep(commands: Vec<Command>, planned: Planned) -> Self {
        let policies = Policies {
            turn_events: 40,
            frame_records_max: 60,
            segment_bytes_max: 6_000,
            persist: Persist::AfterTurns(2),
            seed: Some(1),
            ..Policies::default()
        };
        Self {
            partitions: 2,
            threads: 1,
            rules: where_little_is_much(),
            starts_left: 0,
            damage_at: None,
            policies,
            cache_bytes_max: 20_000,
            commands,
            chance: Chance::new(planned.seed, 2),
            planned: Some(planned),
        }
    }

    /// Settings with which nothing is to go wrong, and which a run without faults shares with the first start.
    pub(crate) fn calm(&self) -> Settings {
        Settings {
            partitions: self.partitions,
            threads: 1,
            rules: self.rules.clone(),
            rules_version: "standard-2026-11".into(),
            keeps_rules: false,
            takes_changes: false,
            cache_bytes_max: self.cache_bytes_max,
            durable: true,
            policies: self.policies.clone(),
        }
    }

    /// The next start of a command, over a run that asks for these operations if nothing goes wrong; `None` once everything
    /// has gone wrong that was to.
    pub(crate) fn next(&mut self, command: usize, asked: &[Operation], files: &[PathBuf]) -> Option<Start> {
        if let Some(planned) = &mut self.planned {
            return planned.starts.pop_front_if(|_| planned.command == command);
        }
        self.starts_left = self.starts_left.checked_sub(1)?;
        let mut settings = Settings { threads: self.threads, ..self.calm() };
        let Self { chance, .. } = self;
        if chance.percent(40) {
            settings.policies = policies(chance);
            settings.cache_bytes_max = cache(chance);
        }
        settings.policies.seed = Some(chance.number());
        let mut start = Start { settings, faults: Vec::new(), room: None, end: End::Killed };
        for _ in 0..=usize::from(chance.percent(25)) {
            go_wrong(&mut start, asked, files, chance);
        }
        if self.threads > 1 && chance.percent(50) {
            let from = chance.within(0..asked.len() as u64);
            start.faults.push(Fault::Waits { operations: from..from + 20, micros: chance.within(10..300) });
        }
        if chance.percent(50) {
            start.end = End::PowerLost(chance.number());
        }
        Some(start)
    }

    /// What is done to the disk now, between two starts.
    pub(crate) fn damage(&mut self) -> Option<Damage> {
        if let Some(planned) = &mut self.planned {
            return planned.damage.take_if(|_| planned.starts.is_empty());
        }
        if self.damage_at != Some(self.starts_left) {
            return None;
        }
        self.damage_at = None;
        let chance = &mut self.chance;
        let (file, byte) = (chance.below(1 << 16), chance.below(1 << 16));
        let bits = 1 << chance.below(8);
        Some(match chance.below(14) {
            0..=4 => Damage::Flip { file, byte, bits },
            5 => Damage::Cut { file, byte },
            6 if bits > 8 => Damage::JournalLost,
            6 => Damage::Lost { file },
            7 | 8 => Damage::Row { partition: file, row: byte },
            9 | 10 => Damage::ForeignRows { partition: file },
            11 | 12 => Damage::RowsExchanged { partition: file },
            _ => Damage::NoRows,
        })
    }

    /// A start with faults on a disk that was damaged, in some seeds.
    pub(crate) fn beside_damage(&mut self, asked: &[Operation], files: &[PathBuf]) -> Option<Start> {
        let mut settings = self.calm();
        let chance = &mut self.chance;
        if self.planned.is_some() || !chance.percent(30) {
            return None;
        }
        settings.policies.seed = Some(chance.number());
        let mut start = Start { settings, faults: Vec::new(), room: None, end: End::Killed };
        go_wrong(&mut start, asked, files, chance);
        if chance.percent(50) {
            start.end = End::PowerLost(chance.number());
        }
        Some(start)
    }

    /// A number for whoever needs one more.
    pub(crate) fn number(&mut self) -> u64 {
        self.chance.number()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, partitions, threads, policies, cache_bytes_max, .. } = self;
        write!(
            f,
            "{commands:?} into {partitions} partitions on {threads} threads, {policies:?}, cache {cache_bytes_max}"
        )
    }
}

fn commands(world: &World, chance: &mut Chance) -> Vec<Command> {
    let files = world.paths();
    if chance.percent(65) {
        return vec![Command::Replay(files)];
    }
    // All at once, or one after another.
    if files.len() == 1 || chance.percent(30) {
        return vec![Command::Import(files)];
    }
    let at = 1 + chance.below(files.len() - 1);
    let (first, second) = files.split_at(at);
    vec![Command::Import(first.to_vec()), Command::Import(second.to_vec())]
}

/// The standard rules; or such under which little tax is much, so that small worlds have chains and cases.
fn rules(chance: &mut Chance) -> String {
    if chance.percent(40) {
        return STANDARD_RULES.to_owned();
    }
    where_little_is_much()
}

fn where_little_is_much() -> String {
    let less = |line: &str| {
        let (name, rest) = line.split_once(" = ")?;
        let (number, comment) =
            rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len()));
        let fen: i64 = number.replace('_', "").parse().ok()?;
        name.ends_with("_fen").then(|| format!("{name} = {}{comment}", fen / 50))
    };
    let lines: Vec<String> = STANDARD_RULES.lines().map(|line| less(line).unwrap_or_else(|| line.to_owned())).collect();
    lines.join("\n") + "\n"
}

fn policies(chance: &mut Chance) -> Policies {
    Policies {
        turn_events: *chance.pick(&[1, 7, 40, 40, 120, 16_384]),
        turn_bytes: *chance.pick(&[300, 20_000, 32 << 20]),
        frame_records_max: *chance.pick(&[1, 5, 60, 512]),
        frame_bytes_max: *chance.pick(&[300, 4_000, 1 << 20]),
        segment_bytes_max: *chance.pick(&[1, 6_000, 40_000, 1 << 28]),
        persist: Persist::AfterTurns(*chance.pick(&[1, 1, 2, 3, 8, 1_000])),
        seed: Some(chance.number()),
        ..Policies::default()
    }
}

fn cache(chance: &mut Chance) -> usize {
    *chance.pick(&[20_000, 200_000, 1_000_000, 64 << 20])
}

/// Adds one thing that goes wrong to a start.
fn go_wrong(start: &mut Start, asked: &[Operation], files: &[PathBuf], chance: &mut Chance) {
    let operation = place(asked, chance);
    match chance.below(20) {
        0..=11 => {
            let part = u8::try_from(chance.below(256)).expect("a byte");
            start.faults.push(Fault::Stops { operation, part });
        }
        12 | 13 => {
            let kind = *chance.pick(&[ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::PermissionDenied]);
            let operations = operation..operation + chance.within(1..30);
            start.faults.push(Fault::Fails { operations, kind });
        }
        // Until the next start.
        14 => start.faults.push(Fault::Fails { operations: operation..u64::MAX, kind: ErrorKind::StorageFull }),
        15 | 16 => {
            let operation = of_kind(asked, &[Operation::Read, Operation::Rows], chance).unwrap_or(operation);
            let operations = operation..operation + chance.within(1..4);
            start.faults.push(Fault::Fails { operations, kind: ErrorKind::Other });
        }
        17 | 18 => start.room = Some(chance.early(400_000)),
        // Where something is sorted outside memory; one start in twenty.
        19 if chance.percent(50) => {
            let bytes = chance.early(150_000);
            let (written, read) = if chance.percent(50) { (bytes, usize::MAX) } else { (usize::MAX, bytes) };
            start.faults.push(Fault::Scratch { written, read });
        }
        _ => {
            let path = chance.pick(files).clone();
            let (byte, opening) = (chance.early(60_000), chance.below(3));
            start.faults.push(Fault::Unreadable { path, byte, opening });
        }
    }
}

/// An operation: any, an early one, or one of those after which something is half done.
fn place(asked: &[Operation], chance: &mut Chance) -> u64 {
    const CHANGING: [&[Operation]; 6] = [
        &[Operation::Write],
        &[Operation::Sync],
        &[Operation::Rename, Operation::SyncFolder, Operation::Create, Operation::Folder],
        &[Operation::WriteRows],
        &[Operation::Length],
        &[Operation::Rows],
    ];
    match chance.below(10) {
        0..=2 => chance.below(asked.len()) as u64,
        3 => chance.early(asked.len()) as u64,
        4 => chance.below(60) as u64,
        _ => {
            let kinds = *chance.pick(&CHANGING);
            // The one itself, or what comes after it.
            of_kind(asked, kinds, chance).unwrap_or(0) + u64::from(chance.percent(30))
        }
    }
}

fn of_kind(asked: &[Operation], kinds: &[Operation], chance: &mut Chance) -> Option<u64> {
    let places: Vec<u64> =
        (0..).zip(asked).filter(|(_, asked)| kinds.contains(asked)).map(|(place, _)| place).collect();
    (!places.is_empty()).then(|| *chance.pick(&places))
}
