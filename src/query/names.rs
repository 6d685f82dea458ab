//! Names of taxpayers, as their registrations say.

use std::collections::BTreeMap;

use super::error::Error;
use super::folder::Folder;
use crate::codec::avro;
use crate::model::{About, Entity, Fact, Instant, Signal, TaxpayerId};
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

    /// The sentences of a finding, in Chinese and in English, with the name behind each id of another taxpayer: the fold
    /// writes them and knows no names but its own taxpayer's.
    pub fn sentences(&self, signal: &Signal) -> Result<[String; 2], Error> {
        Ok([self.with_names(&signal.text_zh, signal)?, self.with_names(&signal.text_en, signal)?])
    }

    /// A text about a finding, with the name behind each id of another taxpayer that the finding speaks of.
    pub fn with_names(&self, text: &str, signal: &Signal) -> Result<String, Error> {
        let about = match signal.about {
            About::Invoice { seller_id, .. } => Some(seller_id),
            About::Origin(origin) => Some(origin),
            About::Period(_) | About::Party(_) => None,
        };
        let mut names = BTreeMap::new();
        for id in signal.counterparties.iter().copied().chain(about).filter(|id| !id.is_empty()) {
            names.extend(self.name(id)?.map(|name| (id, name)));
        }
        Ok(with_names(text, &names))
    }
}

/// Writes each taxpayer's name behind its id, wherever the id stands as a word of its own.
fn with_names(text: &str, names: &BTreeMap<TaxpayerId, Box<str>>) -> String {
    let of_word = |c: char| c.is_ascii_alphanumeric();
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
        told += &rest[..word];
        if let Some(name) = TaxpayerId::parse(&rest[..word]).ok().and_then(|id| names.get(&id)) {
            told.push(' ');
            told += name;
        }
        rest = &rest[word..];
        let gap = rest.find(of_word).unwrap_or(rest.len());
        told += &rest[..gap];
        rest = &rest[gap..];
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_behind_its_id_and_nowhere_else() {
        let id = |text: &str| TaxpayerId::parse(text).unwrap();
        let names = BTreeMap::from([(id("91A"), "源头商贸".into())]);
        assert_eq!(
            with_names("源自源头91A（相隔2手），in 91A, 91AB.", &names),
            "源自源头91A 源头商贸（相隔2手），in 91A 源头商贸, 91AB."
        );
    }
}
