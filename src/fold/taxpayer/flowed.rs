//! Value that a seller took back though it had flowed on: it begins here instead, in the month of the purchase, until the
//! sale it went out with comes back. Kept by origin, so that it is one answer whichever of the two is taken back first.

use super::Step;
use crate::model::{About, Fen, Instant, Period};
use crate::provenance::{Blend, Ordinal};
use crate::state::{FlowedOn, Key};

/// Months of purchases that one sale which comes back is set against, the earliest first; what is beyond them is in the pool.
const MONTHS_MAX: usize = 16;

impl Step<'_> {
    /// Counts tax that came from an origin, or from whoever is in the remainder, as begun with a purchase that was taken
    /// back; or, where it is negative, as not begun so after all.
    pub(super) fn count_flowed(&mut self, origin: Option<Ordinal>, tax: Fen, issued_at: Instant) {
        self.count_flowed_in(origin, tax, issued_at.period());
    }

    fn count_flowed_in(&mut self, origin: Option<Ordinal>, tax: Fen, period: Period) {
        self.profile.ledger.originated += tax.0;
        let month = self.month(period);
        month.originated += tax;
        month.flowed_on += tax;
        let Some(key) = origin.map(|origin| Key::FlowedOn(origin, period)) else { return };
        self.profile.flowed_on += tax;
        let (FlowedOn(before), _) = self.books.lift::<FlowedOn>(key);
        if before + tax == Fen::ZERO {
            self.books.remove(&key);
        } else {
            self.books.put(key, FlowedOn(before + tax));
        }
    }

    /// How much of an origin is counted as begun with purchases of a month that were taken back.
    pub(super) fn flowed(&mut self, origin: Ordinal, period: Period) -> Fen {
        self.books.find::<FlowedOn>(&Key::FlowedOn(origin, period)).map_or(Fen::ZERO, |row| row.0)
    }

    /// Takes out of what comes back of a sale what its seller has given up already: it neither began here nor is it here.
    pub(super) fn return_flowed(&mut self, back: &mut Blend) {
        let mut months_left = MONTHS_MAX;
        for slice in back.slices().to_vec() {
            if self.profile.flowed_on == Fen::ZERO {
                return;
            }
            let from = Key::FlowedOn(slice.origin, Period(i32::MIN));
            let keys = self.books.scan(&from, &Key::FlowedOn(slice.origin, Period(i32::MAX)), months_left);
            for key in keys {
                let Key::FlowedOn(origin, period) = key else { return };
                let flowed = self.flowed(origin, period);
                let returned = back.take(origin, flowed);
                if returned > Fen::ZERO {
                    self.count_flowed_in(Some(origin), Fen::ZERO - returned, period);
                    self.touch(About::Period(period));
                    months_left -= 1;
                }
            }
        }
    }
}
