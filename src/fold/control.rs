//! Rules and models. A version takes effect at the position of its record, in every partition.

use super::effects::Effects;
use super::{Fold, register};
use crate::model::{
    Body, Continue, Entity, Fact, HOUR_MS, Id, Instant, Message, Record, RulesPublished, TaxpayerId, Timer,
};
use crate::risk::RuleSet;
use crate::state::{Books, Key, Opening, RowType, Rows, RulesInForce, TimerRow};

/// Taxpayers for whom a time is set in one step.
const TAXPAYERS_PER_STEP: usize = 256;
/// Within so many hours all are asked again.
const DAY_HOURS: u64 = 24;

pub(super) fn step(fold: &mut Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    if let Body::Message(Message::Began(at)) = record.body {
        began(fold, rows, at);
    }
    if let Body::Message(Message::Continue(rest)) = &record.body
        && let Continue::RulesChanged { after, at } = **rest
    {
        ask_again(rows, after, at, effects);
    }
    let outputs = effects.outputs.len();
    fact(fold, rows, record, effects);
    if matches!(record.body, Body::Message(_)) {
        // Forwarded by the partition where it came in, which answers for it.
        effects.outputs.truncate(outputs);
    }
}

fn fact(fold: &mut Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
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
        let replaces = before.is_some();
        let in_force = RulesInForce {
            version: published.version.clone(),
            document: published.rules.clone(),
            since: record.root.position(),
            opening: before.unwrap_or(Opening::NEVER),
        };
        fold.rules = rules;
        fold.opening = in_force.opening;
        books.put(Key::Rules, in_force);
        if replaces {
            ask_again(rows, Id::EMPTY, event.occurred_at.max(fold.hour), effects);
        }
    } else {
        register::note(&mut books, record, source, event, effects);
    }
}

/// Whoever has findings that stand is asked about them again, each in an hour of its own within the day after: what stands was
/// found by the rules before. What was not found by them stays so until its month changes; a replay of the facts says what
/// the new rules would have found.
fn ask_again(rows: &mut dyn Rows, after: TaxpayerId, at: Instant, effects: &mut Effects) {
    let (from, to) = (Key::WithFindings(after), Key::WithFindings(Id::LAST));
    let mut keys = rows.scan(&Entity::CONTROL, &from, &to, TAXPAYERS_PER_STEP + 2);
    keys.retain(|key| *key != from);
    let more = keys.len() > TAXPAYERS_PER_STEP;
    keys.truncate(TAXPAYERS_PER_STEP);
    let mut last = after;
    for key in keys {
        let Key::WithFindings(taxpayer_id) = key else { return };
        last = taxpayer_id;
        let own_hour = register::hash(&["rules changed", taxpayer_id.as_str()]) % DAY_HOURS;
        let due = Instant(at.hour_mark().0 + HOUR_MS * (1 + own_hour.cast_signed()));
        let to = Entity::taxpayer(taxpayer_id);
        let what = Timer::RulesChanged;
        rows.put(&Entity::CLOCK, Key::Timer { due, to, what: what.hash() }, TimerRow { timer: what }.wrap());
    }
    if more {
        let rest = Continue::RulesChanged { after: last, at };
        effects.messages.push((Entity::CONTROL, Message::Continue(Box::new(rest))));
    }
}

/// The journal's first months are counted from its first invoice: papers may be dated long before.
fn began(fold: &mut Fold, rows: &mut dyn Rows, at: Instant) {
    let mut books = Books::of(rows, Entity::CONTROL);
    let Some(in_force) = books.edit::<RulesInForce>(&Key::Rules) else { return };
    if in_force.opening == Opening::NEVER {
        in_force.opening = Opening::of(at, fold.rules.limits.opening_months);
        fold.opening = in_force.opening;
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
