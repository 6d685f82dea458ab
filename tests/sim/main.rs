//! The simulator: what `replay` and `import` do, the program's own code from the reading of lines to the writing of
//! results, on a machine that fails as a seed says. `make sim` runs many seeds, `make sim SEED=n` one, and says all of it.
//!
//! | module | holds |
//! |---|---|
//! | `world` | the input of a seed, and what must become of it |
//! | `schedule` | what goes wrong, when, and what is done then |
//! | `machine` | starting the program on a made machine; what is on its disk |
//! | `runner` | one seed from its first start to its last, with a disk that somebody damages on the way |
//! | `sweeps` | everything that goes wrong once, at each place where it can |
//! | `audit` | what must hold in the end |
#![allow(clippy::print_stdout, reason = "it says how far it has come, and what it found")]

mod audit;
mod chance;
mod machine;
mod runner;
mod schedule;
mod sweeps;
mod world;

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use runner::Tally;
use sweeps::Place;

/// Seeds that failed once, and what it was: they run before all others, whichever those are. A change of the simulator or of
/// the program's operations makes other runs of them, and seeds like any other; what they failed by stays held by the
/// sweeps, which leave out no place.
const KEPT: [(u64, &str); 16] = [
    (4, "results that had been told were gone after the power failed"),
    (141, "a folder was not synced, and a journal in it gone after the power failed"),
    (168, "a row that could not be read while results were written was taken for none"),
    (3, "a journal that was whole was told to be cut off"),
    (0, "an error did not say what to do"),
    (65, "an error did not say what to do"),
    (1_317, "the simulator took what was being made for the last segment"),
    (777_526, "a run that had gone on was said to have changed nothing"),
    (9_109, "the simulator did not know that an input may be cut off by a run that is killed meanwhile"),
    (272, "a turn whose sync had failed was built upon, and gone after the power failed"),
    (1_222, "the simulator did not know that a rest of a turn is cut off before rows are looked at"),
    (6_050, "the simulator did not mend a file that had lost what was not synced"),
    (9_549, "a bit of the header that made it one of a newer version was not said to be damage"),
    (178, "a file that could not be read while it was sorted was taken to end there"),
    (2_954, "the simulator did not know that a rest of a turn is kept in the place of the one before"),
    (8_720, "the simulator did not put back a file that was gone where an unsynced end went with it"),
];
/// Seeds that are run where nobody says which.
const SEEDS: Range<u64> = 0..1_000;
/// Worlds that are swept where nobody says which.
const SWEPT: Range<u64> = 0..1;
/// So many seeds, or more, must have had in them what they are run for.
const SEEDS_THAT_TELL: u64 = 500;
/// After so many that failed, no more are run.
const FAILURES_MAX: usize = 10;

fn main() -> ExitCode {
    // As one test among others, by whose name nobody asked.
    if std::env::args().skip(1).any(|asked| asked == "--list" || !(asked.starts_with('-') || "sim".contains(&asked))) {
        return ExitCode::SUCCESS;
    }
    machine::note_panics();
    match asked() {
        Ok(Asked::One(seed)) => one(&format!("seed {seed}"), runner::run(seed, true), |what| told(seed, what)),
        Ok(Asked::Place(place)) => {
            one(&format!("place {place}"), sweeps::one(place), |what| format!("make sim SWEEP={place}   # {what}"))
        }
        Ok(Asked::Many(seeds, worlds)) => {
            let (swept, seeded) = (worlds.is_none_or(sweep), many(seeds));
            if swept && seeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(what) => {
            println!("{what}");
            ExitCode::FAILURE
        }
    }
}

/// What the environment asks for.
enum Asked {
    One(u64),
    Place(Place),
    /// These seeds, and the sweeps of these worlds.
    Many(Range<u64>, Option<Range<u64>>),
}

fn asked() -> Result<Asked, String> {
    let seed = setting("SUYUAN_SEED", "a number", |text| text.parse().ok())?;
    let place = setting("SUYUAN_SWEEP", &sweeps::spelling(), Place::parse)?;
    let seeds = setting("SUYUAN_SEEDS", "a range such as 0..1000, not empty", range)?;
    let worlds = setting("SUYUAN_SWEEPS", "a range such as 0..10, not empty", range)?;
    match (seed, place) {
        (Some(_), Some(_)) => Err("one seed or one place of a sweep, not both".into()),
        (Some(seed), None) => Ok(Asked::One(seed)),
        (None, Some(place)) => Ok(Asked::Place(place)),
        // Whoever names seeds wants those.
        (None, None) => Ok(Asked::Many(seeds.clone().unwrap_or(SEEDS), worlds.or(seeds.is_none().then_some(SWEPT)))),
    }
}

/// A setting; `None` where it is absent or empty.
fn setting<T>(name: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    let text = std::env::var_os(name).unwrap_or_default();
    let text = text.to_string_lossy();
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or_else(|| format!("{name}={text} is not {wanted}")),
    }
}

/// `a..b`.
fn range(text: &str) -> Option<Range<u64>> {
    let (from, to) = text.split_once("..")?;
    let range = from.parse().ok()?..to.parse().ok()?;
    (!range.is_empty()).then_some(range)
}

fn one(name: &str, ran: Result<Tally, String>, told: impl FnOnce(&str) -> String) -> ExitCode {
    match ran {
        Ok(tally) => {
            println!("{name} holds: {tally:?}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("{}", told(&what));
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing fails, wherever it goes wrong.
fn sweep(worlds: Range<u64>) -> bool {
    let (began, mut failures) = (Instant::now(), 0);
    let swept = sweeps::all(worlds.clone(), |place, what| {
        println!("make sim SWEEP={place}   # {what}");
        failures += 1;
        failures < FAILURES_MAX
    });
    let swept = match swept {
        Ok(swept) => swept,
        Err(what) => {
            println!("{what}");
            return false;
        }
    };
    let (places, seconds) = (swept.places(), began.elapsed().as_secs_f64());
    println!("{places} places swept on worlds {worlds:?} in {seconds:.1} s, {failures} failed; {swept:?}");
    let lacking = if failures == 0 { swept.lacking() } else { Vec::new() };
    for what in &lacking {
        println!("the sweeps have lost their grip: {what}");
    }
    failures == 0 && lacking.is_empty()
}

/// Whether all seeds hold, and have had in them what they are run for.
fn many(seeds: Range<u64>) -> bool {
    let began = Instant::now();
    let (mut sum, mut failures, mut count) = (Tally::default(), 0, 0_u64);
    let others = seeds.clone().filter(|seed| kept(*seed).is_none());
    for seed in KEPT.iter().map(|(seed, _)| *seed).chain(others) {
        match runner::run(seed, false) {
            Ok(tally) => sum.add(&tally),
            Err(what) => {
                println!("{}", told(seed, &what));
                failures += 1;
            }
        }
        count += 1;
        if failures == FAILURES_MAX {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{count} seeds, those kept and {seeds:?}, in {seconds:.1} s, {failures} failed; {sum:?}");
    let lacking = if count >= SEEDS_THAT_TELL && failures == 0 { lacking(&sum, count) } else { Vec::new() };
    for what in &lacking {
        println!("the simulator has lost its grip: {what}");
    }
    failures == 0 && lacking.is_empty()
}

/// What so many seeds should have had in them, and have not.
fn lacking(sum: &Tally, seeds: u64) -> Vec<String> {
    let share = |count: u64| count * 100 / seeds;
    let floors = [
        ("kills", share(sum.kills), 80),
        ("errors", share(sum.errors), 80),
        ("damages", share(sum.damages), 10),
        ("stops for damage", share(sum.stopped_by_damage), 2),
        ("findings", share(sum.findings), 500),
    ];
    let ceilings =
        [("held against the input alone", share(sum.cut), 25), ("held without results", share(sum.repeated), 25)];
    let few = floors.into_iter().filter(|(_, is, least)| is < least);
    let many = ceilings.into_iter().filter(|(_, is, most)| is > most);
    let said = |(what, is, limit)| format!("{is} of {what} in a hundred seeds, where {limit} is the limit");
    few.chain(many).map(said).collect()
}

/// What a seed failed by before, if it did.
fn kept(seed: u64) -> Option<&'static str> {
    KEPT.iter().find(|(kept, _)| *kept == seed).map(|(_, what)| *what)
}

/// A failure: how to see it again, and what to do once it is mended.
fn told(seed: u64, what: &str) -> String {
    let then = match kept(seed) {
        Some(before) => format!("kept since it failed by this, which may be another fault: {before}"),
        None => "mended: add it to KEPT in tests/sim/main.rs".into(),
    };
    format!("make sim SEED={seed}   # {what}\n  {then}")
}
