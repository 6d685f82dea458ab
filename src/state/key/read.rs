//! The parts of keys, out of bytes.

use super::{HistoryOf, KeyError, Side};
use crate::model::{Entity, Id, InvoiceNo, Kind, Period};

/// Bytes of a key, from the front.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    /// Of the key that is being read; 255 before it is known.
    pub(super) tag: u8,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, tag: 255 }
    }

    fn fail(&self) -> KeyError {
        KeyError { tag: self.tag }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], KeyError> {
        let (head, tail) = self.bytes.split_at_checked(count).ok_or(KeyError { tag: self.tag })?;
        self.bytes = tail;
        Ok(head)
    }

    pub(super) fn byte(&mut self) -> Result<u8, KeyError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u64(&mut self) -> Result<u64, KeyError> {
        let bytes = self.take(8)?;
        Ok(u64::from_be_bytes(bytes.try_into().expect("eight were taken")))
    }

    pub(super) fn short_u64(&mut self) -> Result<u64, KeyError> {
        let count = usize::from(self.byte()?);
        let fail = self.fail();
        let bytes = self.take(count)?;
        if count > 8 || bytes.first() == Some(&0) {
            return Err(fail);
        }
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub(super) fn i64(&mut self) -> Result<i64, KeyError> {
        Ok((self.u64()? ^ (1 << 63)).cast_signed())
    }

    pub(super) fn period(&mut self) -> Result<Period, KeyError> {
        let months = self.i64()?;
        i32::try_from(months).map(Period).map_err(|_| self.fail())
    }

    pub(super) fn u32(&mut self) -> Result<u32, KeyError> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes(bytes.try_into().expect("four were taken")))
    }

    pub(super) fn id(&mut self) -> Result<Id, KeyError> {
        let end = self.bytes.iter().position(|b| *b == 0).ok_or(KeyError { tag: self.tag })?;
        let text = std::str::from_utf8(self.take(end)?).map_err(|_| KeyError { tag: 255 })?;
        let id = if text.is_empty() { Id::EMPTY } else { Id::parse(text).map_err(|_| KeyError { tag: 255 })? };
        self.take(1)?;
        Ok(id)
    }

    pub(super) fn invoice_no(&mut self) -> Result<InvoiceNo, KeyError> {
        let id = self.id()?;
        if id.is_empty() { Ok(InvoiceNo::FIRST) } else { InvoiceNo::parse(id.as_str()).map_err(|_| self.fail()) }
    }

    pub(super) fn side(&mut self) -> Result<Side, KeyError> {
        match self.byte()? {
            0 => Ok(Side::Sold),
            1 => Ok(Side::Bought),
            _ => Err(self.fail()),
        }
    }

    pub(super) fn entity(&mut self) -> Result<Entity, KeyError> {
        let kind = match self.byte()? {
            0 => Kind::Taxpayer,
            1 => Kind::Party,
            2 => Kind::Case,
            3 => Kind::Grid,
            4 => Kind::Organisation,
            5 => Kind::Officer,
            6 => Kind::Feedback,
            7 => Kind::Control,
            8 => Kind::Clock,
            9 => Kind::Peers,
            _ => return Err(self.fail()),
        };
        Ok(Entity { kind, id: self.id()? })
    }

    pub(super) fn history_of(&mut self) -> Result<HistoryOf, KeyError> {
        let at = self.byte()?;
        HistoryOf::ALL.get(usize::from(at)).copied().ok_or_else(|| self.fail())
    }
}
