//! The fold, driven by hand: a text script in, a transcript out, on rows in memory. Serves unit tests, rule set tests and
//! the simulator's reference; single-threaded and plain, it is what the parallel engine must agree with.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

#[cfg(test)]
mod asked;
#[cfg(test)]
mod abnormal;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod burdens;
mod cases;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod closing;
#[cfg(test)]
mod deductions;
#[cfg(test)]
mod gangs;
#[cfg(test)]
mod hands;
#[cfg(test)]
mod honest;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod issuing;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod order;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod published;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod returns;
#[cfg(test)]
mod sampled;
mod script;
#[cfg(test)]
mod taken_back;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod told;
#[cfg(test)]
mod trade;
mod transcript;
#[cfg(test)]
mod vouchers;
mod world;

pub use cases::{CaseRun, run_cases};
pub use script::{ScriptError, parse};
pub use world::{Said, World};

/// The rule set that scripts are folded under.
pub const STANDARD_RULES: &str = include_str!("../../topologies/rules-standard.toml");

/// Feeds a script to a fresh world under the standard rules; returns everything that went out, one line each, led by the
/// number of the event that caused it.
pub fn drive(script: &str) -> Result<String, ScriptError> {
    let mut world = World::new(STANDARD_RULES);
    for event in parse(script)? {
        world.feed(event);
    }
    world.settle();
    Ok(transcript::write(world.said()))
}
