//! State as typed rows: what each kind of entity keeps, under which key, and the small interface through which the fold
//! reads and writes them. How rows are cached and persisted is not known here.
//!
//! Rows are written with postcard, which writes no names: renaming a field changes no byte. Adding, removing or
//! reordering fields does, and then [`ROWS_VERSION`] goes up: older rows are not read but folded again from the journal.
#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::iter_over_hash_type,
    clippy::wildcard_enum_match_arm
)]

mod abnormal;
mod books;
mod case;
mod control;
mod dated;
mod findings;
mod habits;
mod held;
mod key;
mod memory;
mod origins;
mod party;
mod peers;
mod readings;
mod row;
mod taxpayer;
mod ways;

pub use abnormal::{AbnormalBy, AbnormalFrom, AbnormalMonth, AnswersTo, Voucher, by_month, summed};
pub use books::{Books, Rows};
pub use case::{CaseEdgeRow, CaseHead, CaseNodeRow};
pub use control::{NotedFact, Opening, RulesInForce, TimerRow};
pub use dated::{Course, Dated};
pub use findings::{
    AccusedName, Share, SignalOrder, SignalRow, Stakes, TaintSent, TaintTold, TaintVisit, Tainted, TaskRow,
};
pub use habits::{Habits, province};
pub use held::{Arrived, Claim, ClaimKind, Held, Keeps, SeenOnce, standing};
pub use key::{HistoryOf, Key, KeyError, PartyKey, Side};
pub use memory::Memory;
pub use origins::{OriginNames, OriginRow, Passed, PassedPage};
pub use party::{
    DEVICES_MAX, Devices, GangHead, GangMember, Officer, Papers, PartyHead, PartyMember, ROLE_PEOPLE_MAX, Subject,
    TIES_MAX, TieRow,
};
pub use peers::{Histogram, PeersMonth};
pub use readings::{Metric, Readings};
pub use row::{Row, RowError, RowType};
pub use taxpayer::{
    ClaimedBefore, FlowedOn, Goods, Issue, Issued, Mark, Month, MonthCounts, Partner, Profile, Quota, Stratum, Totals,
    Void, WaitingRed,
};
pub use ways::{GoodsClass, GoodsMonth, GoodsSums, Taken, Ways};

/// Version of the encoding of keys and rows.
pub const ROWS_VERSION: u32 = 14;
