//! The loop around the fold, embedded: takes input, cuts it into epochs and turns, folds them on threads, commits each
//! turn in one durable write, and persists rows behind it. What comes out does not depend on threads or partitions.
//!
//! ```text
//! inputs ─► Engine ─► turn: epochs ─► partitions, on threads ─► journal (one write) ─► rows, when it suits
//! ```

mod again;
mod commit;
mod counters;
mod digest;
mod engine;
mod epoch;
mod error;
mod gate;
mod open;
mod pace;
mod partition;
mod partitioner;
mod progress;
mod refold;
mod settings;
mod waiting;
pub mod worker;
#[cfg(test)]
mod tests;

pub use again::{Changes, Each, Refolded};
pub use counters::Counters;
pub use engine::{Engine, Phases};
pub use error::Error;
pub use open::{check_header, check_partitions};
pub use partition::Partition;
pub use partitioner::partition_of;
pub use progress::{Begun, Kept, PartitionProgress, Progress};
pub use refold::{EachOfTurn, bring_up, refold};
pub use settings::{Persist, Policies, Settings};
