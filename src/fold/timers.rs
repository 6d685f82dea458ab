//! Passing time. A tick fires what has become due in its partition, oldest first, a bounded number at once.

use super::Fold;
use super::effects::{EFFECTS_MAX, Effects};
use crate::model::{Body, Continue, Entity, Id, Instant, Message, Record};
use crate::state::{Books, Key, RowType, Rows, TimerRow};

pub(super) fn step(fold: &mut Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    // What goes on may have left something of hours before the last.
    let mut after = Instant(i64::MIN);
    if let Body::Tick = record.body {
        // No time is set for an hour that has passed, and a tick, with what goes on of it, fires all up to its own.
        after = fold.hour;
        // The hour, not the moment: a busy partition's clock may be minutes past the mark, an idle one's is not.
        fold.hour = record.at.hour_mark();
        Books::of(rows, Entity::CLOCK).put(Key::Ticked, fold.hour);
    }
    fire(after, fold.hour, rows, effects);
}

fn fire(after: Instant, hour: Instant, rows: &mut dyn Rows, effects: &mut Effects) {
    let first = |due| Key::Timer { due, to: Entity::taxpayer(Id::EMPTY), what: 0 };
    let due = rows.scan(&Entity::CLOCK, &first(after), &first(Instant(hour.0 + 1)), EFFECTS_MAX);
    let limit_reached = due.len() == EFFECTS_MAX;
    for (fired, key) in due.into_iter().enumerate() {
        let Key::Timer { to, .. } = key else { return };
        if limit_reached && fired == EFFECTS_MAX - 1 {
            effects.messages.push((Entity::CLOCK, Message::Continue(Box::new(Continue::Timers))));
            return;
        }
        let timer = rows.get(&Entity::CLOCK, &key).and_then(|row| TimerRow::peek(row).map(|row| row.timer));
        rows.remove(&Entity::CLOCK, &key);
        if let Some(timer) = timer {
            effects.messages.push((to, Message::Timer(timer)));
        }
    }
}
