//! What third parties observe, beside what it must carry: for each source the reading over an amount of the firm's own, and
//! what that was in the firm's past.

use std::sync::LazyLock;

use super::View;
use crate::model::{Fen, ObservationSource as Of, Period};
use crate::state::{Metric, Month};

/// Months that are looked at together: goods are made, and paid for, in other months than they are invoiced in.
pub(super) const WINDOW: i32 = 3;
/// Months before them that are the firm's own past.
pub(super) const PAST: i32 = 12;
/// The furthest month back that is looked at.
pub(super) const MONTHS_BACK: i32 = WINDOW + PAST - 1;

/// Where a figure comes from, and how it is called.
pub(super) struct Source {
    pub(super) of: Of,
    pub(super) metric: &'static str,
    /// Its evidence beside its own past, and beside what any trade needs.
    pub(super) indicators: [&'static str; 2],
    pub(super) unit: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// The figures of the contract that trade rests on; those of one source stand together.
pub(super) static SOURCES: [Source; 5] = [
    Source {
        of: Of::Electricity,
        metric: "consumption",
        indicators: ["power_over_trade", "power_used"],
        unit: "kWh",
        zh: "用电量",
        en: "electricity",
    },
    Source {
        of: Of::Logistics,
        metric: "waybills",
        indicators: ["waybills_over_trade", "waybills"],
        unit: "waybills",
        zh: "运单",
        en: "waybills",
    },
    Source {
        of: Of::Bank,
        metric: "inflow",
        indicators: ["inflow_over_trade", "money_received"],
        unit: "fen",
        zh: "银行收款",
        en: "money received",
    },
    Source {
        of: Of::Payroll,
        metric: "headcount",
        indicators: ["headcount_over_trade", "headcount"],
        unit: "persons",
        zh: "职工人数",
        en: "headcount",
    },
    Source {
        of: Of::Payroll,
        metric: "wages",
        indicators: ["wages_over_trade", "wages"],
        unit: "fen",
        zh: "工资",
        en: "wages",
    },
];
/// What they are noted as.
static METRICS: LazyLock<[Metric; 5]> =
    LazyLock::new(|| SOURCES.each_ref().map(|source| Metric::of(source.of, source.metric)));
/// How many of them, the first ones, may speak alone.
pub(super) const ALONE: usize = 3;

/// Sums over some months in which both a figure and the amount are known.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) months: i64,
    /// Months in which the figure is known, with anything to carry or not.
    observed: i64,
    pub(super) reading: i128,
    pub(super) amount: Fen,
}

/// The readings of a month and those before it, and what they must carry.
pub(super) struct Capacity {
    /// Over the window that ends with the month.
    pub(super) now: [Sums; 5],
    past: [Sums; 5],
    year_before: [Sums; 5],
}

impl Capacity {
    /// Of a month, beside an amount of each; `None` where nothing was observed of it.
    pub(super) fn of(view: &mut View<'_, '_>, period: Period, amount: fn(&Month) -> Fen) -> Option<Self> {
        let metrics = &*METRICS;
        if view.readings(period, metrics).iter().all(Option::is_none) {
            return None;
        }
        let now = sums(view, metrics, period, WINDOW, amount);
        let past = sums(view, metrics, period.minus(WINDOW), PAST, amount);
        let year_before = sums(view, metrics, period.minus(12), WINDOW, amount);
        Some(Self { now, past, year_before })
    }

    /// Whether a source is known of now, with something to carry.
    pub(super) fn is_known(&self, source: usize) -> bool {
        self.now[source].months > 0 && self.now[source].amount > Fen::ZERO
    }

    /// A source's reading over the amount, of what that was in the firm's past, in basis points; in its season a firm is
    /// compared with its last season, if that was no better. `None` where fewer months of the past are known.
    pub(super) fn of_past(&self, source: usize, months_min: i64) -> Option<i64> {
        let (now, past, season) = (self.now[source], self.past[source], self.year_before[source]);
        let usual = (past.months >= months_min).then(|| now.of(past))?;
        Some(if season.months == i64::from(WINDOW) { now.of(season).max(usual) } else { usual })
    }
}

impl Capacity {
    /// A source's monthly reading over that of the firm's past, in basis points, whatever it had to carry; `None` where there
    /// was none. Part of any reading is there without trade, so that a firm which hardly traded has a great one to each yuan.
    pub(super) fn moved(&self, source: usize) -> Option<i64> {
        let (now, past) = (self.now[source], self.past[source]);
        let before = past.reading.saturating_mul(i128::from(now.observed));
        let after = now.reading.saturating_mul(i128::from(past.observed)).saturating_mul(10_000);
        (before > 0).then(|| i64::try_from(after / before).unwrap_or(i64::MAX))
    }
}

/// Of sources that are off, how many speak: payroll speaks once, and where all that is known of it agrees.
pub(super) fn speaking(capacity: &Capacity, off: &[usize]) -> (usize, bool) {
    let payroll = off.iter().filter(|source| **source >= ALONE).count();
    let known = (ALONE..SOURCES.len()).filter(|source| capacity.is_known(*source)).count();
    let agrees = payroll > 0 && payroll == known;
    (off.len() - payroll + usize::from(agrees), agrees)
}

/// For each source, sums over so many months up to one.
fn sums(
    view: &mut View<'_, '_>,
    metrics: &[Metric; 5],
    last: Period,
    months: i32,
    amount: fn(&Month) -> Fen,
) -> [Sums; 5] {
    let mut sums = [Sums::default(); 5];
    for months in 0..months {
        let period = last.minus(months);
        let readings = view.readings(period, metrics);
        if readings.iter().all(Option::is_none) {
            continue;
        }
        let amount = view.read_month(period, amount);
        for (sums, reading) in sums.iter_mut().zip(readings) {
            if let Some(reading) = reading {
                sums.months += i64::from(amount > Fen::ZERO);
                sums.observed += 1;
                sums.reading += i128::from(reading.max(0));
                sums.amount += amount;
            }
        }
    }
    sums
}

impl Sums {
    /// Reading over amount, of what it was: in basis points. The largest number where there was nothing before.
    fn of(self, past: Self) -> i64 {
        let before = past.reading.saturating_mul(i128::from(self.amount.0));
        let after = self.reading.saturating_mul(i128::from(past.amount.0)).saturating_mul(10_000);
        if before <= 0 { i64::MAX } else { i64::try_from(after / before).unwrap_or(i64::MAX) }
    }
}
