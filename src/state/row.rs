//! The closed list of rows, and their bytes.

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use super::abnormal::{AbnormalFrom, AbnormalMonth};
use super::case::{CaseEdgeRow, CaseHead, CaseNodeRow};
use super::control::{NotedFact, RulesInForce, TimerRow};
use super::findings::{SignalRow, TaintSent, TaintTold, TaintVisit, Tainted, TaskRow};
use super::held::Held;
use super::origins::{OriginNames, OriginRow, PassedPage};
use super::party::{Devices, GangHead, GangMember, Papers, PartyHead, PartyMember, Subject, TieRow};
use super::peers::PeersMonth;
use super::readings::Readings;
use super::taxpayer::{FlowedOn, Goods, Issued, Month, Partner, Profile, WaitingRed};
use super::ways::GoodsMonth;
use crate::model::{Instant, PeersTold};

/// A row's value could not be read.
#[derive(Debug, thiserror::Error)]
#[error("a stored row is damaged or of another version: {0}")]
pub struct RowError(#[from] postcard::Error);

/// A kind of row: one variant of [`Row`].
pub trait RowType: Sized {
    /// As a row.
    fn wrap(self) -> Row;
    /// Out of a row; `None` where it is of another kind.
    fn unwrap(row: Row) -> Option<Self>;
    /// Seen in a row.
    fn peek(row: &Row) -> Option<&Self>;
    /// Seen in a row, to be changed.
    fn peek_mut(row: &mut Row) -> Option<&mut Self>;
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident($kind:ty)),* $(,)?) => {
        /// A row of any kind. The order of the variants is part of the encoding: new ones go last.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Row {
            $($(#[$doc])* $name(Box<$kind>)),*
        }

        impl Row {
            /// What it takes in memory, in bytes, about.
            pub fn heap_bytes(&self) -> usize {
                match self {
                    $(Self::$name(row) => size_of::<$kind>() + row.beyond_bytes()),*
                }
            }
        }

        $(impl RowType for $kind {
            fn wrap(self) -> Row {
                Row::$name(Box::new(self))
            }
            fn unwrap(row: Row) -> Option<Self> {
                if let Row::$name(row) = row { Some(*row) } else { None }
            }
            fn peek(row: &Row) -> Option<&Self> {
                if let Row::$name(row) = row { Some(row) } else { None }
            }
            fn peek_mut(row: &mut Row) -> Option<&mut Self> {
                if let Row::$name(row) = row { Some(row) } else { None }
            }
        })*
    };
}

rows! {
    /// [`super::Key::Profile`].
    Profile(Profile),
    /// [`super::Key::History`].
    Noted(NotedFact),
    /// [`super::Key::Month`].
    Month(Month),
    /// [`super::Key::Issued`].
    Issued(Issued),
    /// [`super::Key::Held`].
    Held(Held),
    /// [`super::Key::Partner`].
    Partner(Partner),
    /// [`super::Key::Goods`].
    Goods(Goods),
    /// [`super::Key::Origin`].
    Origin(OriginRow),
    /// [`super::Key::OriginNames`].
    OriginNames(OriginNames),
    /// [`super::Key::Passed`].
    Passed(PassedPage),
    /// [`super::Key::Deficit`], [`super::Key::CaseRank`], [`super::Key::Settled`], [`super::Key::Standing`],
    /// [`super::Key::TaintName`] and [`super::Key::WithFindings`]: the key says it all.
    Nothing(()),
    /// [`super::Key::WaitingRed`].
    WaitingRed(WaitingRed),
    /// [`super::Key::Signal`].
    Signal(SignalRow),
    /// [`super::Key::Task`].
    Task(TaskRow),
    /// [`super::Key::Taint`].
    Taint(TaintVisit),
    /// [`super::Key::CaseHead`].
    CaseHead(CaseHead),
    /// [`super::Key::CaseNode`].
    CaseNode(CaseNodeRow),
    /// [`super::Key::CaseEdge`].
    CaseEdge(CaseEdgeRow),
    /// [`super::Key::Timer`].
    Timer(TimerRow),
    /// [`super::Key::Rules`].
    Rules(RulesInForce),
    /// [`super::Key::Ticked`].
    Ticked(Instant),
    /// [`super::Key::Tainted`].
    Tainted(Tainted),
    /// [`super::Key::TaintTold`].
    TaintTold(TaintTold),
    /// [`super::Key::TaintSent`].
    TaintSent(TaintSent),
    /// [`super::Key::FlowedOn`].
    FlowedOn(FlowedOn),
    /// [`super::PartyKey::Head`].
    PartyHead(PartyHead),
    /// [`super::PartyKey::Member`].
    PartyMember(PartyMember),
    /// [`super::PartyKey::Papers`].
    Papers(Papers),
    /// [`super::PartyKey::Tie`].
    Tie(TieRow),
    /// [`super::PartyKey::Devices`].
    Devices(Devices),
    /// [`super::PartyKey::Gang`].
    GangHead(GangHead),
    /// [`super::PartyKey::GangMember`].
    GangMember(GangMember),
    /// [`super::Key::Peers`].
    Peers(PeersTold),
    /// [`super::Key::PeersMonth`].
    PeersMonth(PeersMonth),
    /// [`super::PartyKey::Subject`] and [`super::PartyKey::IssuedAs`].
    Subject(Subject),
    /// [`super::Key::Readings`].
    Readings(Readings),
    /// [`super::Key::GoodsMonth`].
    GoodsMonth(GoodsMonth),
    /// [`super::Key::Abnormal`].
    Abnormal(AbnormalMonth),
    /// [`super::Key::AbnormalFrom`].
    AbnormalFrom(AbnormalFrom),
}

impl Row {
    /// Appends the row's bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        postcard::serialize_with_flavor(self, Appended(out))
            .expect("rows have no part that postcard refuses, and a Vec takes any write");
    }

    /// Reads a row back. Never panics, whatever the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, RowError> {
        Ok(postcard::from_bytes(bytes)?)
    }
}

/// Writes behind what is there, many bytes at once where it is given many.
struct Appended<'a>(&'a mut Vec<u8>);

impl Flavor for Appended<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// What a row takes in memory beyond its own size.
pub(super) trait Beyond {
    /// In bytes, about.
    fn beyond_bytes(&self) -> usize {
        0
    }
}

impl Beyond for () {}
impl Beyond for Instant {}
