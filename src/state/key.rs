//! Keys: which row of an entity. Their bytes sort as the keys do, so a scan means the same in memory and on disk.

mod history;
mod party;
mod read;
mod tag;

pub use history::HistoryOf;
pub use party::PartyKey;

use self::read::Reader;
use crate::model::{Entity, GoodsCode, Id, Instant, InvoiceNo, Kind, Period, TaxpayerId};
use crate::provenance::Ordinal;

/// A side of a trade, seen from the keeper of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What the keeper sold.
    Sold,
    /// What it bought.
    Bought,
}

/// Which row of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Taxpayer: what nearly every event touches.
    Profile,
    /// Taxpayer: sums of a month, both sides.
    Month(Period),
    /// Taxpayer: how its peers measured up in a month.
    Peers(Period),
    /// Peers: what firms of the group told of a month.
    PeersMonth(Period),
    /// Taxpayer: what third parties observed of a month.
    Readings(Period),
    /// Taxpayer: what it bought and sold in a month, by class of goods.
    GoodsMonth(Period),
    /// Any kind: a fact without a row of its own, by its identity.
    History {
        /// Of which type.
        of: HistoryOf,
        /// What else its identity has, hashed; 0 where nothing.
        detail: u64,
        /// Event time, where that is part of its identity; else the epoch.
        at: Instant,
    },
    /// Taxpayer: an invoice on its issuer's side.
    Issued(InvoiceNo),
    /// Taxpayer: an invoice on its holder's side.
    Held {
        /// Which.
        invoice_no: InvoiceNo,
        /// Its place among the rows of this number: see [`super::Books::held`].
        place: u64,
    },
    /// Taxpayer: trade with one counterparty.
    Partner(Side, Id),
    /// Taxpayer: trade in one code of goods.
    Goods(Side, GoodsCode),
    /// Taxpayer: what it took from an origin.
    Origin(Id),
    /// Taxpayer: whose the ordinals of a page are.
    OriginNames(u32),
    /// Taxpayer: what of a page's origins it passed on to one buyer.
    Passed(u32, Id),
    /// Taxpayer: a sale that the pool could not cover, while it may be settled.
    Deficit(Instant, InvoiceNo),
    /// Taxpayer: a red letter whose blue invoice is not known yet.
    WaitingRed {
        /// The invoice it offsets.
        blue_no: InvoiceNo,
        /// The red letter.
        red_no: InvoiceNo,
    },
    /// Taxpayer: a finding.
    Signal(Id),
    /// Taxpayer: its task.
    Task,
    /// Taxpayer: an accusation that reached it.
    Taint {
        /// Who is accused.
        origin: Id,
        /// In whose name the value came.
        named: Id,
    },
    /// Case: what it is about.
    CaseHead,
    /// Case: a taxpayer on it.
    CaseNode(Id),
    /// Case: its taxpayers, largest first.
    CaseRank {
        /// `i64::MAX` less the tax.
        descending: i64,
        /// Who.
        taxpayer_id: Id,
    },
    /// Case: value from one taxpayer to another.
    CaseEdge {
        /// Seller.
        from: Id,
        /// Buyer.
        to: Id,
    },
    /// Clock: a time somebody waits for.
    Timer {
        /// When it fires, at the first tick not before.
        due: Instant,
        /// Who waits.
        to: Entity,
        /// What for, hashed.
        what: u64,
    },
    /// Control: the rule set in force.
    Rules,
    /// Clock: the last hour it passed.
    Ticked,
    /// Taxpayer: a sale that was settled, in part or whole, by value of an origin.
    Settled(Ordinal, InvoiceNo),
    /// Taxpayer: a finding that stands, in an order of those that stand.
    Standing {
        /// Which order: see [`super::SignalOrder`].
        order: Id,
        /// Its place there.
        place: i64,
        /// Which finding.
        signal_id: Id,
    },
    /// Taxpayer: an accused origin whose value came in a name; the other way round than [`Key::Taint`].
    TaintName {
        /// In whose name.
        named: Id,
        /// Who is accused.
        origin: Id,
    },
    /// Taxpayer: value of an accused origin under all names.
    Tainted(Id),
    /// Taxpayer: what one seller told of an accused origin's value in a name: see [`Key::taint_told`].
    TaintTold {
        /// A hash of origin and name.
        value: Id,
        /// Who told.
        from: TaxpayerId,
    },
    /// Taxpayer: what a buyer was told of an accused origin's value.
    TaintSent {
        /// Who is accused.
        origin: Id,
        /// Who was told.
        buyer: Id,
    },
    /// Taxpayer: what of an origin's value was taken back though it had flowed on, by the number of the purchase among those
    /// that were taken back so.
    FlowedOn(Ordinal, u32),
    /// Taxpayer: buyers are about to be told of an accused origin's value in a name.
    TaintDue {
        /// Who is accused.
        origin: Id,
        /// In whose name.
        named: Id,
    },
    /// Party or taxpayer: about parties.
    Party(PartyKey),
    /// Control: a taxpayer of the partition with findings that stand.
    WithFindings(TaxpayerId),
    /// Taxpayer: abnormal invoices that are deducted for a month, or of which it is that of their issuance.
    Abnormal(Period),
    /// Taxpayer: abnormal invoices of one seller that are deducted for a month.
    AbnormalFrom {
        /// For which month.
        period: Period,
        /// Of whom.
        seller_id: TaxpayerId,
    },
}

/// Bytes that are no key.
#[derive(Debug, thiserror::Error)]
#[error("these bytes are not a row's key (tag {tag})")]
pub struct KeyError {
    tag: u8,
}

/// Where an entity's keys begin: kind, id, zero.
pub(super) fn write_entity(entity: &Entity, out: &mut Vec<u8>) {
    out.push(match entity.kind {
        Kind::Taxpayer => 0,
        Kind::Party => 1,
        Kind::Case => 2,
        Kind::Grid => 3,
        Kind::Organisation => 4,
        Kind::Officer => 5,
        Kind::Feedback => 6,
        Kind::Control => 7,
        Kind::Clock => 8,
        Kind::Peers => 9,
    });
    write_id(entity.id, out);
}

fn write_id(id: Id, out: &mut Vec<u8>) {
    out.extend_from_slice(id.as_bytes());
    out.push(0);
}

fn write_i64(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.cast_unsigned() ^ (1 << 63)).to_be_bytes());
}

/// In as many bytes as it needs, after their number.
fn write_u64(value: u64, out: &mut Vec<u8>) {
    let zeros = (value.leading_zeros() / 8) as usize;
    out.push(u8::try_from(8 - zeros).expect("8 at most"));
    out.extend_from_slice(&value.to_be_bytes()[zeros..]);
}

impl Key {
    /// Appends the entity's prefix: every key of the entity begins with it, and no key of another.
    pub fn write_prefix(entity: &Entity, out: &mut Vec<u8>) {
        write_entity(entity, out);
    }

    /// Appends the bytes of a row's full key.
    pub fn write(&self, entity: &Entity, out: &mut Vec<u8>) {
        write_entity(entity, out);
        self.write_rest(out);
    }

    /// Appends the bytes of a row's key behind the entity's prefix.
    pub fn write_rest(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Profile | Self::Task | Self::CaseHead | Self::Rules | Self::Ticked => {}
            Self::History { of, detail, at } => {
                out.push(*of as u8);
                out.extend_from_slice(&detail.to_be_bytes());
                write_i64(at.0, out);
            }
            Self::Month(period)
            | Self::Peers(period)
            | Self::PeersMonth(period)
            | Self::Readings(period)
            | Self::GoodsMonth(period)
            | Self::Abnormal(period) => {
                write_i64(i64::from(period.0), out);
            }
            Self::Issued(no) => write_id(no.id(), out),
            Self::Held { invoice_no, place } => {
                write_id(invoice_no.id(), out);
                write_u64(*place, out);
            }
            Self::Partner(side, id) => {
                out.push(*side as u8);
                write_id(*id, out);
            }
            Self::Goods(side, code) => {
                out.push(*side as u8);
                out.extend_from_slice(&code.0.to_be_bytes());
            }
            Self::Origin(id) | Self::Signal(id) | Self::CaseNode(id) | Self::Tainted(id) | Self::WithFindings(id) => {
                write_id(*id, out);
            }
            Self::OriginNames(page) => out.extend_from_slice(&page.to_be_bytes()),
            Self::Passed(page, buyer) => {
                out.extend_from_slice(&page.to_be_bytes());
                write_id(*buyer, out);
            }
            Self::Deficit(at, no) => {
                write_i64(at.0, out);
                write_id(no.id(), out);
            }
            Self::WaitingRed { blue_no, red_no } => {
                write_id(blue_no.id(), out);
                write_id(red_no.id(), out);
            }
            Self::Taint { origin, named } | Self::TaintDue { origin, named } => {
                write_id(*origin, out);
                write_id(*named, out);
            }
            Self::TaintTold { value, from } => {
                write_id(*value, out);
                write_id(*from, out);
            }
            Self::TaintSent { origin, buyer } => {
                write_id(*origin, out);
                write_id(*buyer, out);
            }
            Self::CaseRank { descending, taxpayer_id } => {
                write_i64(*descending, out);
                write_id(*taxpayer_id, out);
            }
            Self::CaseEdge { from, to } => {
                write_id(*from, out);
                write_id(*to, out);
            }
            Self::Timer { due, to, what } => {
                write_i64(due.0, out);
                write_entity(to, out);
                out.extend_from_slice(&what.to_be_bytes());
            }
            Self::Settled(ordinal, no) => {
                out.extend_from_slice(&ordinal.0.to_be_bytes());
                write_id(no.id(), out);
            }
            Self::FlowedOn(ordinal, number) => {
                out.extend_from_slice(&ordinal.0.to_be_bytes());
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Standing { order, place, signal_id } => {
                write_id(*order, out);
                write_i64(*place, out);
                write_id(*signal_id, out);
            }
            Self::TaintName { named, origin } => {
                write_id(*named, out);
                write_id(*origin, out);
            }
            Self::Party(key) => key.write(out),
            Self::AbnormalFrom { period, seller_id } => {
                write_i64(i64::from(period.0), out);
                write_id(*seller_id, out);
            }
        }
    }

    /// Reads a full key back.
    pub fn read(bytes: &[u8]) -> Result<(Entity, Self), KeyError> {
        let mut reader = Reader::new(bytes);
        let entity = reader.entity()?;
        Ok((entity, Self::read_rest(reader.bytes)?))
    }

    /// Reads a key back from behind the entity's prefix.
    pub fn read_rest(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        let tag = reader.byte()?;
        reader.tag = tag;
        let key = match tag {
            0 => Self::Profile,
            1 => Self::Month(reader.period()?),
            2 => Self::Peers(reader.period()?),
            3 => Self::PeersMonth(reader.period()?),
            4 => Self::Readings(reader.period()?),
            5 => Self::GoodsMonth(reader.period()?),
            6 => Self::History { of: reader.history_of()?, detail: reader.u64()?, at: Instant(reader.i64()?) },
            7 => Self::Issued(reader.invoice_no()?),
            8 => Self::Held { invoice_no: reader.invoice_no()?, place: reader.short_u64()? },
            9 => Self::Partner(reader.side()?, reader.id()?),
            10 => Self::Goods(reader.side()?, GoodsCode(reader.u64()?)),
            11 => Self::Origin(reader.id()?),
            12 => Self::OriginNames(reader.u32()?),
            13 => Self::Passed(reader.u32()?, reader.id()?),
            14 => Self::Deficit(Instant(reader.i64()?), reader.invoice_no()?),
            15 => Self::WaitingRed { blue_no: reader.invoice_no()?, red_no: reader.invoice_no()? },
            16 => Self::Signal(reader.id()?),
            17 => Self::Task,
            18 => Self::Taint { origin: reader.id()?, named: reader.id()? },
            19 => Self::CaseHead,
            20 => Self::CaseNode(reader.id()?),
            21 => Self::CaseRank { descending: reader.i64()?, taxpayer_id: reader.id()? },
            22 => Self::CaseEdge { from: reader.id()?, to: reader.id()? },
            23 => Self::Timer { due: Instant(reader.i64()?), to: reader.entity()?, what: reader.u64()? },
            24 => Self::Rules,
            25 => Self::Ticked,
            26 => Self::Settled(Ordinal(reader.u32()?), reader.invoice_no()?),
            27 => Self::Standing { order: reader.id()?, place: reader.i64()?, signal_id: reader.id()? },
            28 => Self::TaintName { named: reader.id()?, origin: reader.id()? },
            29 => Self::Tainted(reader.id()?),
            30 => Self::TaintTold { value: reader.id()?, from: reader.id()? },
            31 => Self::TaintSent { origin: reader.id()?, buyer: reader.id()? },
            32 => Self::FlowedOn(Ordinal(reader.u32()?), reader.u32()?),
            33 => Self::TaintDue { origin: reader.id()?, named: reader.id()? },
            34 => Self::Party(PartyKey::read(&mut reader)?),
            35 => Self::WithFindings(reader.id()?),
            36 => Self::Abnormal(reader.period()?),
            37 => Self::AbnormalFrom { period: reader.period()?, seller_id: reader.id()? },
            _ => return Err(KeyError { tag }),
        };
        if reader.bytes.is_empty() { Ok(key) } else { Err(KeyError { tag }) }
    }

    /// Where it is kept what `from` told of an origin's value in a name. By a hash of these two, for three ids would make
    /// every key half as long again.
    pub fn taint_told(origin: Id, named: Id, from: Id) -> Self {
        Self::TaintTold { value: Id::derived("taint told", &[origin.as_str(), named.as_str()]), from }
    }
}

#[cfg(test)]
mod tests;
