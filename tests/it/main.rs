//! One test binary for what no single module can hold: the binary itself, the real data, and the repository's own rules.
//!
//! | module | holds |
//! |---|---|
//! | `audit` | what a folder proves, and what it tells of what does not follow from its journal |
//! | `layout` | what uses what in `src/`, and the shape of its files |
//! | `loose` | the fold, with messages delivered in any order |
//! | `proof` | which test says what each kind of row should hold |
//! | `properties` | what is true of any small world, event by event, through the in-memory driver |
//! | `determinism` | the same input gives the same bytes, whatever the threads, the partitions, the files |
//! | `hub` | a firm that sold to thousands, accused and cleared |
//! | `kill` | runs that are killed, stopped, locked out or asked to go on with something else |
//! | `kills` | runs killed at fifty moments all over their life |
//! | `broken_input` | inputs that end before their time |
//! | `memory` | inputs and files that claim or unfold to gigabytes take little memory |
//! | `real_data` | the published real invoices, to the fen, where they are at hand |
//! | `small_worlds` | which of many made worlds are run, and how one that goes wrong is made small |
//! | `agreement` | the fold against the oracle of `tests/oracle/`, at the end of small worlds |
//! | `abnormal` | abnormal vouchers against the oracle, each time the journal is quiet, whatever the order of messages |
//! | `cli` | exit codes, help, messages |
//! | `deploy` | what is under `deploy/`: figures, alarms, runbook, compose file, unit |
//! | `folders` | data folders gone on with, kept from harm, asked for what is not there |
//! | `formats` | the bytes of a journal, by a reader made from `src/log/FORMAT.md` alone |
//! | `fuzz` | the fuzz targets, over the corpus that is kept and some thousands of changed inputs |
//! | `generated` | the files of `topologies/` that follow from the code |
//! | `golden` | the journals of `tests/data` fold to what was recorded; what earlier versions left |
//! | `rules` | rule sets published in the middle of an input, and what is said of their mistakes |
//! | `versions` | what later versions left is refused, and nothing is changed |
//!
//! Nothing here looks inside a module: what can be tested beside the code is tested there.
#![allow(clippy::unwrap_used, reason = "tests")]

mod abnormal;
mod agreement;
mod audit;
mod broken_input;
mod cli;
mod deploy;
mod determinism;
mod folders;
mod formats;
mod fuzz;
mod generated;
mod golden;
mod hub;
mod kill;
mod kills;
mod layout;
mod loose;
mod memory;
#[path = "../oracle/mod.rs"]
mod oracle;
mod proof;
mod properties;
mod real_data;
mod rules;
mod small_worlds;
mod support;
mod versions;
