//! One test binary for what no single module can hold: the binary itself, the real data, and the repository's own rules.
//!
//! | module | holds |
//! |---|---|
//! | `layout` | what uses what in `src/`, and the shape of its files |
//! | `properties` | what is true of any small world, event by event, through the in-memory driver |
//!
//! Nothing here looks inside a module: what can be tested beside the code is tested there.
#![allow(clippy::unwrap_used, reason = "tests")]

mod layout;
mod properties;
