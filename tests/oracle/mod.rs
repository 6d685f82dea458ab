//! An oracle: what the findings of a journal should be, worked out a second time. Naive, in one batch, over plain maps, and
//! by definitions rather than by increments wherever there is one: sums, claims and findings are counted again from the
//! whole list of events, and only what hangs on the order of folding (whose value an invoice carries) is followed event by
//! event. It shares no code with the library: events are read from JSON Lines, numbers from the rule set's TOML.
//!
//! Where the design leaves a choice to the implementation (who gets the odd fen where two shares have the same fraction),
//! the oracle makes none: it says that the world is unclear, and how often. Two orders are the design's own (ARCHITECTURE.md,
//! 62) and stated here as there: settled sales open again by their numbers, and what was given up and comes back is that of
//! the sale's own month first. Value is followed step by step in both, so a misconception of how it flows could be shared:
//! `fractions.rs` says it once more, as crudely as can be, without budgets and without rounding, and
//! `tests/it/properties/identity.rs` and `books.rs` hold it against sums alone.
#![allow(unreachable_pub, reason = "a module of several binaries, of which each sees to its own")]

pub mod books;
pub mod chains;
pub mod checks;
pub mod events;
pub mod firms;
pub mod fractions;
pub mod mixture;
pub mod rules;
pub mod statement;
pub mod sums;
mod taken_back;
mod taint_checks;
pub mod vouchers;

pub use events::read;
pub use rules::Rules;
