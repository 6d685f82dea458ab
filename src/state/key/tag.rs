//! What kind of row a key is of: its tag, and what the store is told by it.

use super::Key;
use crate::model::{InvoiceNo, Period};

impl Key {
    /// A key that has no more than a month or a number beside its tag, as one number, and back by [`Key::from_short`]:
    /// few rows of an entity have such a key, and they are those that every visit asks for.
    pub fn short(&self) -> Option<u64> {
        let number = if let Self::Month(period)
        | Self::Peers(period)
        | Self::PeersMonth(period)
        | Self::Readings(period)
        | Self::GoodsMonth(period) = self
        {
            period.0.cast_unsigned()
        } else if let Self::OriginNames(page) = self {
            *page
        } else if matches!(self, Self::Profile | Self::Task | Self::CaseHead | Self::Rules | Self::Ticked) {
            0
        } else {
            return None;
        };
        Some(u64::from(self.tag()) << 32 | u64::from(number))
    }

    /// The key of which [`Key::short`] gives this.
    pub fn from_short(short: u64) -> Option<Self> {
        let number = u32::try_from(short & u64::from(u32::MAX)).expect("so many bits are left");
        let period = Period(number.cast_signed());
        Some(match short >> 32 {
            1 => Self::Month(period),
            12 => Self::OriginNames(number),
            2 => Self::Peers(period),
            3 => Self::PeersMonth(period),
            4 => Self::Readings(period),
            5 => Self::GoodsMonth(period),
            _ if number != 0 => return None,
            0 => Self::Profile,
            17 => Self::Task,
            19 => Self::CaseHead,
            24 => Self::Rules,
            25 => Self::Ticked,
            _ => return None,
        })
    }

    /// Whether the fold asks for keys of this tag in their order, and not only by themselves. What is asked for so at
    /// every turn is best kept in order.
    pub fn is_listed(tag: u8) -> bool {
        matches!(tag, 14 | 15 | 18 | 21..=23 | 26..=30 | 32 | 34 | 36 | 37)
    }

    /// Whether nearly every visit asks for rows of this tag. They stand first, so that they are read together.
    pub fn is_asked_first(tag: u8) -> bool {
        tag <= 5
    }

    /// The invoice that a row is found by, whoever keeps it. Rows of these kinds are never removed.
    pub fn number(&self) -> Option<InvoiceNo> {
        if let Self::Issued(invoice_no) | Self::Held { invoice_no, .. } = self { Some(*invoice_no) } else { None }
    }

    /// The same of a full key's bytes, as bytes.
    pub fn number_in(bytes: &[u8]) -> Option<&[u8]> {
        let (_, id) = bytes.split_first()?;
        let end = id.iter().position(|byte| *byte == 0)?;
        let (tag, number) = id[end + 1..].split_first()?;
        if !matches!(tag, 7 | 8) {
            return None;
        }
        let end = number.iter().position(|byte| *byte == 0)?;
        Some(&number[..end])
    }

    /// Place of the variant in the order of the enum.
    pub fn tag(&self) -> u8 {
        match self {
            Self::Profile => 0,
            Self::Month(_) => 1,
            Self::Peers(_) => 2,
            Self::PeersMonth(_) => 3,
            Self::Readings(_) => 4,
            Self::GoodsMonth(_) => 5,
            Self::History { .. } => 6,
            Self::Issued(_) => 7,
            Self::Held { .. } => 8,
            Self::Partner(..) => 9,
            Self::Goods(..) => 10,
            Self::Origin(_) => 11,
            Self::OriginNames(_) => 12,
            Self::Passed(..) => 13,
            Self::Deficit(..) => 14,
            Self::WaitingRed { .. } => 15,
            Self::Signal(_) => 16,
            Self::Task => 17,
            Self::Taint { .. } => 18,
            Self::CaseHead => 19,
            Self::CaseNode(_) => 20,
            Self::CaseRank { .. } => 21,
            Self::CaseEdge { .. } => 22,
            Self::Timer { .. } => 23,
            Self::Rules => 24,
            Self::Ticked => 25,
            Self::Settled(..) => 26,
            Self::Standing { .. } => 27,
            Self::TaintName { .. } => 28,
            Self::Tainted(_) => 29,
            Self::TaintTold { .. } => 30,
            Self::TaintSent { .. } => 31,
            Self::FlowedOn(..) => 32,
            Self::TaintDue { .. } => 33,
            Self::Party(_) => 34,
            Self::WithFindings(_) => 35,
            Self::Abnormal(_) => 36,
            Self::AbnormalFrom { .. } => 37,
        }
    }
}
