//! A new rule set is in force: what stands was found by the one before. Each taxpayer with findings is asked about them again
//! within a day (`fold/control.rs`), a bounded number at a step; so what stands does so by the rules in force, and what
//! no longer does is withdrawn with that reason. Months with abnormal invoices are weighed anew by the law as it is now.

use super::Step;
use crate::model::{Continue, Id, Instant, Period, SignalStatus};
use crate::state::{Key, SignalRow};

/// Findings, of those that were ever made, that one step looks at.
const SIGNALS_PER_STEP: usize = 64;

impl Step<'_> {
    /// Asks about findings again, from the one after `after` on.
    pub(super) fn rules_changed(&mut self, after: Id, at: Instant) {
        self.now = at;
        self.withdrawn_because = Some("rules_published");
        if after.is_empty() {
            self.weigh_months(Period(i32::MIN));
        }
        let from = Key::Signal(after);
        let mut keys = self.books.scan(&from, &Key::Signal(Id::LAST), SIGNALS_PER_STEP + 2);
        keys.retain(|key| *key != from);
        let mut last = after;
        for (looked_at, key) in keys.into_iter().enumerate() {
            if looked_at == SIGNALS_PER_STEP || !self.has_room() {
                self.go_on(Continue::RulesChanged { after: last, at });
                return;
            }
            let Key::Signal(signal_id) = key else { return };
            last = signal_id;
            let signal = self.books.find::<SignalRow>(&key).map(|row| &row.0);
            let about = signal.filter(|signal| signal.status == SignalStatus::Open).map(|signal| signal.about);
            if let Some(about) = about {
                self.touch_one(about);
            }
        }
        // Levels have limits of their own, which may be others now.
        self.task_due = true;
    }
}
