//! Peers: the firms of one industry and scale. Each tells once of every month that has passed what it measured of itself,
//! and is told how all of them measured up in the month before, which is complete by then. So what a firm is told does not
//! depend on who told first: a month is closed by an hour that the clock passes, and whatever is told in between is added
//! up.

use super::Fold;
use super::effects::Effects;
use crate::model::{Body, Entity, HOUR_MS, Instant, Measured, Message, PeersTold, Period, Record};
use crate::state::{Books, Key, PeersMonth, Rows};

/// A month is closed so long after the last firm's time for it has come.
const CLOSED_AFTER_DAYS: i64 = 1;
/// Months of a group that are kept.
const MONTHS_KEPT: i32 = 25;

pub(super) fn step(fold: &Fold, rows: &mut dyn Rows, record: &Record, effects: &mut Effects) {
    // Only firms tell; whatever else is addressed to peers changes nothing.
    let Body::Message(Message::Measured(measured)) = &record.body else { return };
    let mut books = Books::of(rows, record.to);
    count(fold, &mut books, measured);
    if let Some(told) = told(fold, &mut books, measured.period.minus(1), measured.at) {
        effects.messages.push((Entity::taxpayer(measured.taxpayer_id), Message::Peers(Box::new(told))));
    }
}

/// Counts a firm in, unless its month is closed.
fn count(fold: &Fold, books: &mut Books<'_>, measured: &Measured) {
    let period = measured.period;
    let (month, new) = books.edit_or_new::<PeersMonth>(Key::PeersMonth(period));
    if new {
        // After the present hour at least: where a clock jumps, all that is told in that hour counts.
        month.closes_at = all_have_told(fold, period).max(Instant(fold.hour.0.saturating_add(HOUR_MS)));
    }
    if fold.hour < month.closes_at {
        for measure in &measured.measures {
            month.add(measure.indicator, measure.value);
        }
    }
    if new {
        books.remove(&Key::PeersMonth(period.minus(MONTHS_KEPT)));
    }
}

/// When the last firm's time for a month has come, and a day beyond.
fn all_have_told(fold: &Fold, period: Period) -> Instant {
    fold.rules.limits.month_passes_for_all(period).plus_days(CLOSED_AFTER_DAYS)
}

/// What is told of a month: nothing while it may still change.
fn told(fold: &Fold, books: &mut Books<'_>, period: Period, at: Instant) -> Option<PeersTold> {
    let month = books.edit::<PeersMonth>(&Key::PeersMonth(period))?;
    if fold.hour < month.closes_at {
        return None;
    }
    if month.told.is_none() {
        // Nobody is counted in any more, so the classes are not needed.
        let quantiles = month.quantiles();
        month.told = Some(PeersTold { period, quantiles, at });
        month.values = Vec::new();
    }
    month.told.clone().map(|told| PeersTold { at, ..told })
}
