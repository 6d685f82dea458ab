//! A seeded world, and how to measure against it: honest firms and fraudsters who trade for some months (`world`), the
//! truth about them (`label`), and how much of that truth a run of tasks found (`evaluate`).
//!
//! Nothing here is used by the service, and nothing here reads a clock.

pub mod evaluate;
pub mod label;
pub mod world;
