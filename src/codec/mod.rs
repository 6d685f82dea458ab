//! Bytes to model and back: JSON Lines and Avro. Every record has one *wire type*, a serde mirror of its model type that
//! pins names and order on the wire, in a file of its own; both formats go through it. Reading has two steps: the wire
//! type takes what has the right shape, and for events from outside [`check`] then holds the contract against it. The
//! journal skips the second: what was once accepted stays readable when a later version is stricter.
//!
//! Not here: files, compression, frames and schema registries, which are the shell's.

#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]
#![allow(clippy::struct_field_names, reason = "fields are named as in the contract")]

pub mod avro;
pub mod confluent;
pub mod journal;
pub mod json;
pub mod schemas;

mod avro_read;
mod avro_write;
mod check;
mod envelope;
mod event;
mod fault;
mod form;
mod identifiers;
mod measures;
mod moment;
mod object;
mod quantity;
mod refusal;

mod directory;
mod invoice_issued;
mod published;
mod receipt_and_deduction;
mod status_and_quota;
mod task_acted;
mod taxpayer_changed;
mod taxpayer_registered;
mod verified_and_declared;
mod void_and_marks;

mod accusation;
mod arrival;
mod message;
mod party;
mod peers;
mod timer;
mod vector;

mod case;
mod dead_letter;
mod digest;
mod output;
mod signal;
mod task;

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod tests;

pub use digest::Digest;
pub use event::fingerprint;
pub use refusal::Refusal;
