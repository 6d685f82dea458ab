//! The vocabulary: identifiers, money, time, what comes in, what entities tell each other, what goes out. Data and
//! parsing only; wire formats are in `codec`, decisions in `fold`.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

mod address;
mod doubts;
mod event;
mod ids;
mod layers;
mod message;
mod money;
mod output;
mod party;
mod peers;
mod record;
mod time;
mod vector;

pub use doubts::{CHECK_CHARACTER, EVENT_DOUBTS, EventDoubt, RED_WITHOUT_BLUE};
pub use event::*;
pub use ids::{ID_BYTES_MAX, Id, IdError, InvoiceNo, TaxpayerId, check_character_holds};
pub use layers::{HOPS_MAX, Layers};
pub use message::*;
pub use money::{BasisPoints, Fen, Grouped};
pub use output::*;
pub use party::*;
pub use peers::*;
pub use record::*;
pub use time::{DAY_MS, Date, HOUR_MS, Instant, Period, SECOND_MS};
pub use vector::{Part, Vector};
