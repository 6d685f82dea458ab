//! Keys of rows about parties: a tag of their own within the one they share in [`Key`](super::Key).

use super::{KeyError, Reader, write_i64, write_id};
use crate::model::{Date, Id, InvoiceNo, TaxpayerId};

/// Which row about parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyKey {
    /// Party: what it knows of its firms as a whole, where it has several.
    Head,
    /// Party: a firm it is tied to.
    Member(TaxpayerId),
    /// The same: its firms that count, by the day they registered.
    Registered(Date, TaxpayerId),
    /// Taxpayer: who and where it is by its papers.
    Papers,
    /// Taxpayer: a party it is tied to.
    Tie(Id),
    /// Taxpayer: devices it issues from.
    Devices,
    /// Party: by which firm its firms name their gang, the least and nearest first.
    Named {
        /// By which firm.
        firm: TaxpayerId,
        /// Over how many hands.
        hops: u8,
        /// Which firm says so.
        by: TaxpayerId,
    },
    /// Case: a gang.
    Gang,
    /// Case: what ties a firm to its gang.
    GangMember(TaxpayerId),
    /// Taxpayer: whose later identifier it is.
    Subject,
    /// Taxpayer: a later identifier that leads here.
    Identifier(TaxpayerId),
    /// Taxpayer: under which later identifier it issued an invoice.
    IssuedAs(InvoiceNo),
}

impl PartyKey {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Head => out.push(0),
            Self::Member(id) => {
                out.push(1);
                write_id(*id, out);
            }
            Self::Registered(on, id) => {
                out.push(2);
                write_i64(i64::from(on.0), out);
                write_id(*id, out);
            }
            Self::Papers => out.push(3),
            Self::Tie(party) => {
                out.push(4);
                write_id(*party, out);
            }
            Self::Devices => out.push(5),
            Self::Named { firm, hops, by } => {
                out.push(6);
                write_id(*firm, out);
                out.push(*hops);
                write_id(*by, out);
            }
            Self::Gang => out.push(7),
            Self::GangMember(id) => {
                out.push(8);
                write_id(*id, out);
            }
            Self::Subject => out.push(9),
            Self::Identifier(id) => {
                out.push(10);
                write_id(*id, out);
            }
            Self::IssuedAs(no) => {
                out.push(11);
                write_id(no.id(), out);
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, KeyError> {
        Ok(match reader.byte()? {
            0 => Self::Head,
            1 => Self::Member(reader.id()?),
            2 => Self::Registered(
                Date(i32::try_from(reader.i64()?).map_err(|_| KeyError { tag: reader.tag })?),
                reader.id()?,
            ),
            3 => Self::Papers,
            4 => Self::Tie(reader.id()?),
            5 => Self::Devices,
            6 => Self::Named { firm: reader.id()?, hops: reader.byte()?, by: reader.id()? },
            7 => Self::Gang,
            8 => Self::GangMember(reader.id()?),
            9 => Self::Subject,
            10 => Self::Identifier(reader.id()?),
            11 => Self::IssuedAs(reader.invoice_no()?),
            _ => return Err(KeyError { tag: reader.tag }),
        })
    }
}
