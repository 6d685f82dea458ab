//! Suyuan 溯源 folds the life of VAT invoices into the state of each taxpayer, traces every fen of input tax to its
//! origin, and says what it found. The list below is the map, in reading order: **a module uses only those listed above
//! it** (`tests/it/layout.rs` checks it).

pub mod model;
pub mod codec;
pub mod provenance;
pub mod state;
pub mod risk;
pub mod fold;
pub mod drive;
pub mod topology;

// Above: pure. Below: the shell.

#[cfg(feature = "shell")]
pub mod telemetry;
#[cfg(feature = "shell")]
pub mod files;
#[cfg(feature = "shell")]
pub mod log;
#[cfg(feature = "shell")]
pub mod store;
#[cfg(feature = "shell")]
pub mod intake;
#[cfg(feature = "shell")]
pub mod runtime;
#[cfg(feature = "shell")]
pub mod query;
#[cfg(feature = "shell")]
pub mod job;
#[cfg(feature = "shell")]
pub mod sim;
#[cfg(feature = "shell")]
pub mod cli;
