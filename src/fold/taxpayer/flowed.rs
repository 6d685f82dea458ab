//! Value that a seller took back though it had flowed on: it begins here instead, in the month of the purchase, until the
//! sale it went out with comes back. Kept by origin and purchase, so that it is one answer whichever of the two is taken back
//! first, and so that later trade clears nothing.

use super::Step;
use crate::model::{About, Fen, Period};
use crate::provenance::{Blend, Ordinal};
use crate::state::{FlowedOn, Key};

/// Purchases that a sale which comes back is set against, of each origin; what is beyond them is in the pool.
const PURCHASES_MAX: usize = 16;

impl Step<'_> {
    /// Counts tax that a purchase of a month had brought as begun here. `whose`: the origin, and the purchase's number; of
    /// what was in a remainder nobody knows.
    pub(super) fn count_flowed(&mut self, whose: Option<(Ordinal, u32)>, tax: Fen, period: Period) {
        self.profile.ledger.originated += tax.0;
        let month = self.month(period);
        month.originated += tax;
        month.flowed_on += tax;
        let Some((origin, number)) = whose else { return };
        self.profile.flowed_on += tax;
        let key = Key::FlowedOn(origin, number);
        let (before, _) = self.books.lift::<FlowedOn>(key);
        if before.tax + tax == Fen::ZERO {
            self.books.remove(&key);
        } else {
            self.books.put(key, FlowedOn { period, tax: before.tax + tax });
        }
    }

    /// What of an origin's value, of one purchase, is counted as begun here.
    pub(super) fn flowed(&mut self, origin: Ordinal, number: u32) -> FlowedOn {
        self.books.find::<FlowedOn>(&Key::FlowedOn(origin, number)).copied().unwrap_or_default()
    }

    /// Takes out of what comes back of a sale of a month what its seller has given up since it was drawn: it neither began
    /// here nor is it here. Of purchases of its own month first, then of the latest before, then of later ones.
    pub(super) fn return_flowed(&mut self, back: &mut Blend, drawn_after: u32, sold_in: Period) {
        for slice in back.slices().to_vec() {
            if self.profile.flowed_on == Fen::ZERO {
                return;
            }
            let key = |number| Key::FlowedOn(slice.origin, number);
            let keys = self.books.scan(&key(drawn_after.saturating_add(1)), &key(u32::MAX), PURCHASES_MAX);
            let numbers =
                keys.into_iter().filter_map(|key| if let Key::FlowedOn(_, at) = key { Some(at) } else { None });
            let mut purchases: Vec<_> = numbers.map(|number| (number, self.flowed(slice.origin, number))).collect();
            purchases.sort_by_key(|(_, purchase)| {
                let later = purchase.period > sold_in;
                (later, if later { purchase.period.0 } else { -purchase.period.0 })
            });
            for (number, FlowedOn { period, tax }) in purchases {
                let returned = back.take(slice.origin, tax);
                if returned > Fen::ZERO {
                    self.count_flowed(Some((slice.origin, number)), Fen::ZERO - returned, period);
                    self.touch(About::Period(period));
                }
            }
        }
    }
}
