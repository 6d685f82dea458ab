//! The log on Kafka: journals and inboxes in topics, a turn in one transaction. What is committed can be read by others with
//! `read_committed`, and by nobody before. What records mean is not known here: they are bytes in frames.
//!
//! A frame is a record of the journal's or the inbox's topic ([`frame`]); its place there is a Kafka offset, which also
//! counts what transactions themselves write. Positions are therefore the partition's own numbers, as in the embedded
//! journal, and each frame says from which on it goes.

mod admission;
mod client;
mod error;
mod events;
mod frame;
mod journal;
mod registry;
mod topics;
mod transaction;

pub use admission::knock;
pub use client::consumer;
pub use error::Error;
pub use events::Producer;
pub use frame::{Frame, JournalName};
pub use journal::{Journal, Placed, Records, Taken};
pub use registry::{Known, Registry};
pub use topics::{create, differences, wait_until_there};
pub use transaction::{Failure, Outgoing, Transactions};
