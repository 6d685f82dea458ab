//! Names of taxpayers, as their registrations say.

use super::error::Error;
use super::folder::Folder;
use crate::codec::avro;
use crate::model::{Entity, Fact, Instant, TaxpayerId};
use crate::state::{HistoryOf, Key, NotedFact};

impl Folder {
    /// A taxpayer's latest name, where it was ever registered.
    pub fn name(&self, taxpayer_id: TaxpayerId) -> Result<Option<Box<str>>, Error> {
        if let Some(name) = self.names.borrow().get(&taxpayer_id) {
            return Ok(name.clone());
        }
        let mut name: Option<(Instant, Box<str>)> = None;
        let mut say = |at: Instant, said: &str| {
            if name.as_ref().is_none_or(|(since, _)| at >= *since) {
                name = Some((at, said.into()));
            }
        };
        let from = Key::History { of: HistoryOf::Registered, detail: 0, at: Instant(i64::MIN) };
        let to = Key::History { of: HistoryOf::StatusChanged, detail: 0, at: Instant(i64::MIN) };
        self.each_row(Entity::taxpayer(taxpayer_id), from, to, |key, row: NotedFact| {
            let Key::History { of, .. } = key else { return false };
            let type_name = if of == HistoryOf::Registered { "taxpayer_registered" } else { "taxpayer_changed" };
            match avro::read_event(type_name, &row.event).map(|event| event.fact) {
                Ok(Fact::TaxpayerRegistered(registered)) => say(row.at, &registered.name),
                Ok(Fact::TaxpayerChanged(changed)) => {
                    if let Some(said) = &changed.name {
                        say(row.at, said);
                    }
                }
                _ => {}
            }
            true
        })?;
        let name = name.map(|(_, name)| name).filter(|name| !name.is_empty());
        self.names.borrow_mut().insert(taxpayer_id, name.clone());
        Ok(name)
    }
}
