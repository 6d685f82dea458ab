//! Rules and models. A version takes effect at the position of its record, in every partition.

use super::effects::Effects;
use super::{Fold, register};
use crate::model::{Fact, Record, RulesPublished};
use crate::risk::RuleSet;
use crate::state::{Books, Key, Opening, Rows, RulesInForce};

pub(super) fn step(fold: &mut Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    let Some((source, event)) = record.fact() else { return };
    let mut books = Books::of(rows, record.to);
    if let Fact::RulesPublished(published) = &event.fact {
        let rules = match read(published) {
            Ok(rules) => rules,
            Err(why) => {
                let reason = format!("rule set {} is refused, the one in force stays: {why}", published.version);
                effects.refuse(record, source, "rules_refused", reason);
                return;
            }
        };
        if !register::note(&mut books, record, source, event, effects) {
            return;
        }
        let before = books.find::<RulesInForce>(&Key::Rules).map(|rules| rules.opening);
        let in_force = RulesInForce {
            version: published.version.clone(),
            document: published.rules.clone(),
            since: record.root.position(),
            opening: before.unwrap_or_else(|| Opening::of(event.occurred_at, rules.limits.opening_months)),
        };
        fold.rules = rules;
        fold.opening = in_force.opening;
        books.put(Key::Rules, in_force);
    } else {
        register::note(&mut books, record, source, event, effects);
    }
}

/// A rule set is known by one name: the digest, the journal and the event must all mean the same.
fn read(published: &RulesPublished) -> Result<RuleSet, String> {
    let rules = RuleSet::parse(&published.rules).map_err(|error| error.to_string())?;
    if *rules.version != *published.version {
        return Err(format!("the document itself says `version = \"{}\"`", rules.version));
    }
    Ok(rules)
}
