//! One subject behind several identifiers: a later one leads to the books of the first (`fold/taxpayer/identity.rs`), so
//! whatever is asked about it is answered from there.

use super::error::Error;
use super::folder::Folder;
use crate::model::{Entity, Id, InvoiceNo, TaxpayerId};
use crate::state::{Key, PartyKey, Profile, Subject};

/// Identifiers that may follow one another; a circle has ended before.
const LED_ON_MAX: usize = 64;
/// Later identifiers that are named.
const IDENTIFIERS_MAX: usize = 64;

impl Folder {
    /// Whose books answer for an identifier: its own, unless it leads to another's.
    pub fn subject(&self, id: TaxpayerId) -> Result<TaxpayerId, Error> {
        let mut at = id;
        for _ in 0..LED_ON_MAX {
            match self.row::<Subject>(at, &Key::Party(PartyKey::Subject))? {
                Some(Subject(subject)) => at = subject,
                None => break,
            }
        }
        Ok(at)
    }

    /// Later identifiers that lead to these books.
    pub(super) fn identifiers(&self, books: TaxpayerId) -> Result<Vec<TaxpayerId>, Error> {
        if self.row::<Profile>(books, &Key::Profile)?.is_none_or(|profile| profile.identifiers == 0) {
            return Ok(Vec::new());
        }
        let key = |id| Key::Party(PartyKey::Identifier(id));
        let keys =
            self.books(Entity::taxpayer(books), |books| books.scan(&key(Id::EMPTY), &key(Id::LAST), IDENTIFIERS_MAX))?;
        let id = |key| if let Key::Party(PartyKey::Identifier(id)) = key { Some(id) } else { None };
        Ok(keys.into_iter().filter_map(id).collect())
    }

    /// Under which identifier an invoice in these books was issued.
    pub(super) fn issued_as(&self, books: TaxpayerId, no: InvoiceNo) -> Result<TaxpayerId, Error> {
        let named = self.row::<Subject>(books, &Key::Party(PartyKey::IssuedAs(no)))?;
        Ok(named.map_or(books, |named| named.0))
    }
}
