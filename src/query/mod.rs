//! Reading a data folder: the life of an invoice, all about a taxpayer, where value came from and went to, what was found,
//! and what could not be used. Every answer is read from rows that the fold wrote, and from the journal; nothing is
//! judged again and nothing is changed. How answers look on a screen is for `cli`.

mod chain;
mod dead_letters;
mod doubts;
mod error;
mod facts;
mod flow;
mod folder;
mod graph;
mod invoice;
mod journal;
mod lists;
mod names;
mod neighbours;
pub mod pages;
mod past;
mod published;
mod said;
mod subject;
mod taxpayer;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;
pub mod words;

pub use chain::{Chain, chain};
pub use dead_letters::{DeadLetters, Found, dead_letters, placed};
pub use doubts::{Doubts, doubts};
pub use error::Error;
pub use facts::{Noted, Papers};
pub use flow::{Question, flow};
pub use folder::{Folder, Lag, open_journal};
pub use graph::{Direction, Edge, Graph, Node, OriginShare, Rest};
pub use invoice::{Holding, InvoiceLife, Provenance, RedLetter, doubts_are_read, lives};
pub use journal::Journal;
pub use lists::{Filter, Listed, begun, beneficiaries, cases, deducted, reported_from, signals, tasks};
pub use past::{Past, Sums, past};
pub use published::{Published, published};
pub use said::{Place, Said, SaidTurn};
pub use taxpayer::{Household, Traders, household};
pub use timeline::{Entry, Timeline, timeline};
