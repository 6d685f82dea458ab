//! Whose rows speak of an invoice, for who has a number and no name: beside the rows of invoices stand entries by number,
//! each written with the first that is written of its row. They have nothing in them, and rows of invoices stay, so that no
//! entry is ever changed.
//!
//! ```text
//! key  fe; the number; 00; the row's full key
//! ```

use super::Store;
use super::base::Batch;
use super::disk::after_prefix;
use super::error::Error;
use crate::model::{Entity, InvoiceNo};
use crate::state::Key;

/// Behind every row's key, and before the position.
const MARK: u8 = 254;

/// Entries of a batch, written behind its rows.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<Vec<u8>>);

impl Numbers {
    /// Notes that a row is written for the first time.
    pub(super) fn note(&mut self, row_key: &[u8]) {
        let Some(number) = Key::number_in(row_key) else { return };
        let mut entry = Vec::with_capacity(1 + number.len() + 1 + row_key.len());
        write_prefix(number, &mut entry);
        entry.extend_from_slice(row_key);
        self.0.push(entry);
    }

    pub(super) fn write(mut self, batch: &mut Batch<'_>) -> Result<(), Error> {
        self.0.sort_unstable();
        self.0.iter().try_for_each(|entry| batch.put(entry, &[]))
    }
}

fn write_prefix(number: &[u8], out: &mut Vec<u8>) {
    out.push(MARK);
    out.extend_from_slice(number);
    out.push(0);
}

/// The end of all rows: entries begin here.
pub(super) fn begin() -> Vec<u8> {
    vec![MARK]
}

impl Store {
    /// Keys of all rows of invoices with this number, and whose they are, in order; in time that does not depend on how many
    /// entities there are. What waits to be written is seen too.
    pub fn of_number(&self, no: InvoiceNo) -> Result<Vec<(Entity, Key)>, Error> {
        let mut prefix = Vec::new();
        write_prefix(no.as_str().as_bytes(), &mut prefix);
        let mut end = prefix.clone();
        after_prefix(&mut end);
        let mut found = self.dirty_keys(None, &|key| key.number() == Some(no));
        let mut entries = self.disk.entries(end)?;
        entries.seek(&prefix);
        while let Some((entry, _)) = entries.item() {
            found.push(self.disk.key(&entry[prefix.len()..])?);
            entries.next();
        }
        entries.finish()?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}
