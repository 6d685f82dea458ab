//! Which rule sets were published in a data folder, and which is in force.

use super::error::Error;
use super::folder::Folder;
use crate::codec::avro;
use crate::model::{Entity, Fact, Instant, InvoiceNo, Position};
use crate::state::{HistoryOf, Key, NotedFact, RulesInForce};

/// A rule set that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its version.
    pub version: Box<str>,
    /// The event that published it, as causes name it; the first of a journal has none of its own.
    pub position: Position,
    /// Event time of its publication.
    pub at: Instant,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// The document.
    pub document: Box<str>,
}

/// Rule sets in the order in which they took effect.
pub fn published(folder: &Folder) -> Result<Vec<Published>, Error> {
    let in_force = folder.books(Entity::CONTROL, |books| books.find::<RulesInForce>(&Key::Rules).cloned())?;
    let from = Key::History { of: HistoryOf::Published, detail: 0, at: Instant(i64::MIN) };
    let to = Key::Issued(InvoiceNo::FIRST);
    let mut all = Vec::new();
    folder.each_row(Entity::CONTROL, from, to, |_, row: NotedFact| {
        // Models are noted beside them, and are no rule sets.
        if let Ok(event) = avro::read_event("rules_published", &row.event)
            && let Fact::RulesPublished(rules) = event.fact
        {
            let (position, at) = (row.position, row.at);
            let in_force = in_force.as_ref().is_some_and(|known| known.version == rules.version);
            all.push(Published { version: rules.version.clone(), position, at, in_force, document: rules.rules });
        }
        true
    })?;
    all.sort_by_key(|published| (published.position, published.at));
    Ok(all)
}
