//! The simulator: what `replay` and `import` do, the program's own code from the reading of lines to the writing of
//! results, on a machine that fails as a seed says. `make sim` runs many seeds, `make sim SEED=n` one, and says all of it.
//!
//! | module | holds |
//! |---|---|
//! | `world` | the input of a seed, and what must become of it |
//! | `schedule` | what goes wrong, when, and what is done then |
//! | `machine` | starting the program on a made machine; what is on its disk |
//! | `runner` | one seed from its first start to its last |
//! | `audit` | what must hold in the end |
#![allow(clippy::print_stdout, reason = "it says how far it has come, and what it found")]

mod audit;
mod chance;
mod machine;
mod runner;
mod schedule;
mod world;

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use runner::Tally;

/// Seeds that are run where nobody says which.
const SEEDS: Range<u64> = 0..1_000;
/// After so many that failed, no more are run.
const FAILURES_MAX: usize = 10;

fn main() -> ExitCode {
    // As one test among others, by whose name nobody asked.
    if std::env::args().skip(1).any(|asked| asked == "--list" || !(asked.starts_with('-') || "sim".contains(&asked))) {
        return ExitCode::SUCCESS;
    }
    machine::note_panics();
    if let Some(seed) = number("SUYUAN_SEED") {
        return one(seed);
    }
    many(seeds().unwrap_or(SEEDS))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.trim().parse().ok()
}

/// `a..b`.
fn seeds() -> Option<Range<u64>> {
    let text = std::env::var("SUYUAN_SEEDS").ok()?;
    let (from, to) = text.trim().split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

fn one(seed: u64) -> ExitCode {
    match runner::run(seed, true) {
        Ok(tally) => {
            println!("seed {seed} holds: {tally:?}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("make sim SEED={seed}   # {what}");
            ExitCode::FAILURE
        }
    }
}

fn many(seeds: Range<u64>) -> ExitCode {
    let began = Instant::now();
    let (mut sum, mut failures, mut count) = (Tally::default(), 0, 0_u64);
    for seed in seeds.clone() {
        match runner::run(seed, false) {
            Ok(tally) => sum.add(&tally),
            Err(what) => {
                println!("make sim SEED={seed}   # {what}");
                failures += 1;
            }
        }
        count += 1;
        if failures == FAILURES_MAX {
            break;
        }
    }
    println!("{count} seeds of {seeds:?} in {:.1} s, {failures} failed; {sum:?}", began.elapsed().as_secs_f64());
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
