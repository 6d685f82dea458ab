//! What each firm may issue: a cap that fits its sales or makes it split them, sheets for a busy month, and for some more of
//! both later.

use super::super::agenda::Quota;
use super::super::calendar::Calendar;
use super::super::chance::Chance;
use super::super::firm::{Firm, index};
use super::{Network, WHOLE};

/// Firms that get a larger quota in the course of a year, in basis points: established ones, and new ones.
const RAISED_BP: u64 = 700;
const RAISED_NEW_BP: u64 = 4_000;

impl Network {
    /// Gives each firm a quota that fits its trade. What is sold for more than one sheet carries is split over several
    /// near the cap, so that all other gaps grow a little, for the number of invoices is given.
    pub(super) fn fit_quotas(&mut self, firms: &mut [Firm], starts: &[u64]) {
        let mut sheets = vec![0_i64; firms.len()];
        for edge in &self.edges {
            let largest = &mut sheets[index(edge.seller)];
            *largest = edge.slot_tax().max(*largest);
        }
        for (sheet, firm) in sheets.iter_mut().zip(firms.iter()) {
            *sheet = i64::try_from(i128::from(*sheet) * i128::from(firm.sheet_percent) / 100).unwrap_or(*sheet);
        }
        let before = self.split(&sheets, starts);
        let after: u128 = self.edges.iter().zip(starts).map(|(edge, &start)| edge.invoices(start)).sum();
        let mut counts = vec![0_u64; firms.len()];
        let wider = |value: i128| {
            i64::try_from(
                value * i128::try_from(after.max(1)).unwrap_or(1) / i128::try_from(before.max(1)).unwrap_or(1),
            )
            .unwrap_or(i64::MAX / 4)
        };
        for edge in &mut self.edges {
            edge.gap = wider(i128::from(edge.gap)).unsigned_abs().clamp(64, WHOLE << 16);
            counts[index(edge.seller)] += WHOLE / edge.gap + 1;
        }
        for (place, firm) in firms.iter_mut().enumerate() {
            firm.set_quota(wider(i128::from(sheets[place])), counts[place]);
        }
        let caps: Vec<i64> = firms.iter().map(Firm::tax_of_a_full_sheet).collect();
        self.split(&caps, starts);
    }

    /// Shortens the gaps of edges that would carry more than a sheet of their seller does. Returns how many invoices there
    /// were before.
    fn split(&mut self, sheets: &[i64], starts: &[u64]) -> u128 {
        let mut before = 0;
        for (edge, &start) in self.edges.iter_mut().zip(starts) {
            before += edge.invoices(start);
            let (slot, sheet) = (edge.slot_tax(), sheets[index(edge.seller)] / 100 * 93);
            if slot > sheet && sheet > 0 {
                let gap = i128::from(edge.gap) * i128::from(sheet) / i128::from(slot);
                edge.gap = u64::try_from(gap).unwrap_or(64).max(64);
            }
        }
        before
    }
}

impl Firm {
    /// The tax on the largest invoice it may issue of its main goods.
    fn tax_of_a_full_sheet(&self) -> i64 {
        self.cap / 10_000 * i64::from(self.rate_bp(self.line_of_business().sells[0]))
    }

    /// Some begin with a smaller quota, and ask for more when they have grown into it.
    pub(super) fn ask_for_more_later(&mut self, calendar: &Calendar, chance: &mut Chance) {
        let (asks_bp, day) = if self.established {
            (RAISED_BP, chance.place(calendar.trading))
        } else {
            (RAISED_NEW_BP, self.born + 45 + chance.place(90))
        };
        if let Some((_, quota)) = &mut self.raised {
            // A scheme or a look-alike has chosen the day.
            *quota = Quota { cap: self.cap, monthly_count: self.monthly_count * 2 };
            return;
        }
        if self.cast || self.cap <= 10_000_000 || !chance.happens(asks_bp) || day >= calendar.trading {
            return;
        }
        let quota = Quota { cap: self.cap, monthly_count: self.monthly_count };
        self.raised = Some((calendar.worked_from(day), quota));
        // Whose sales take several full sheets anyway could never catch up.
        if self.sheet_percent >= 160 {
            self.cap /= 2;
        }
        self.monthly_count = (self.monthly_count / 2).max(25);
    }

    /// The usual cap that comes nearest to what its sheets are to carry, and sheets enough for a busy month.
    fn set_quota(&mut self, sheet_tax: i64, count: u64) {
        if self.cap > 0 {
            return; // A scheme has set it.
        }
        let good = self.line_of_business().sells[0];
        let amount = i128::from(sheet_tax) * 10_000 / i128::from(self.rate_bp(good));
        // The nearest of the usual ones; at least what a scheme needs.
        let amount = (amount * 7 / 10).max(i128::from(self.planned_amount));
        let mut cap = 1_000_000_i64; // Ten thousand yuan.
        for step in [5, 2].into_iter().cycle() {
            if i128::from(cap) >= amount || cap >= 1_000_000_000_000 {
                break;
            }
            cap = if step == 5 { cap * 5 } else { cap * 2 };
        }
        self.cap = cap;
        self.monthly_count = u32::try_from(count / 6 / 25 * 25 + 25).unwrap_or(u32::MAX);
        // Paper is numbered with five digits, its repetitions too.
        self.paper &= count < u64::from(super::super::identity::InvoiceRef::PAPER_MAX) / 2;
    }
}
