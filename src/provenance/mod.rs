//! Who stands behind each fen of input tax: amounts by origin, drawn pro rata and given back, in integers that always
//! sum. Only the arithmetic is here; whose books it is applied to is decided in `fold/taxpayer/`.
//!
//! The policy is the *proportional* one of provenance tracking in temporal interaction networks (Kosyfaki and
//! Mamoulis, 2022), with a budget of origins and a remainder of known size.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

mod blend;
mod ledger;

pub use blend::{Blend, Ordinal, Slice};
pub use ledger::Ledger;
