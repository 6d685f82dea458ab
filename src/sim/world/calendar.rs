//! The days of a world: its months, which days are worked, how trade goes over the year and over the day, and a tail of
//! some days in which the last month is booked, deducted and declared. China's calendar, as `model` counts it.

use crate::model::{DAY_MS, Date, HOUR_MS, Instant, Period};

use super::Settings;
use super::chance::Chance;

/// How sales go over the year. A curve turns *the share of the year's trade done so far* into a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Season {
    /// Working days, more at the end of a month, little on holidays.
    Business,
    /// Every day, more at weekends and on holidays.
    Retail,
    /// As business, most of it from September to November.
    Harvest,
    /// As business, more from May to August.
    Summer,
    /// As business, more from November to February.
    Winter,
    /// A seasonal seller: two thirds of the year in November and December.
    Peak,
    /// Its purchases: the same a month earlier.
    BeforePeak,
}

/// When in the day a firm issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    /// From eight to six, a little in the evening.
    Office,
    /// As long as shops are open.
    Shop,
    /// Round the clock: works in shifts, depots, petrol stations.
    Shifts,
}

const SEASONS: [Season; 7] = [
    Season::Business,
    Season::Retail,
    Season::Harvest,
    Season::Summer,
    Season::Winter,
    Season::Peak,
    Season::BeforePeak,
];

/// Where the curves end: the whole of a world's trade.
pub(super) const WHOLE: u64 = 1 << 32;
/// The last day of the following month on which anything of the last month still happens.
const TAIL_DAYS: u32 = 15;

/// One day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    pub(super) start: Instant,
    pub(super) period: Period,
    /// 1 to 31.
    pub(super) of_month: u32,
    /// Neither weekend nor holiday.
    pub(super) worked: bool,
}

/// The number of a day, from 0.
pub(super) type DayNo = usize;

/// All days of a world.
pub(super) struct Calendar {
    pub(super) days: Vec<Day>,
    /// How many of them see new invoices; the rest is the tail.
    pub(super) trading: DayNo,
    /// For each season, how much of the trade is done when a day begins; one entry more than trading days.
    curves: Vec<Vec<u64>>,
}

impl Calendar {
    pub(super) fn new(settings: &Settings) -> Self {
        let first_period = settings.start.start().period();
        let last_period = Period(first_period.0 + i32::try_from(settings.months).unwrap_or(i32::MAX / 2));
        let mut days = Vec::new();
        let mut trading = 0;
        let mut of_month = day_of_month(settings.start);
        for number in settings.start.0.. {
            let start = Date(number).start();
            let period = start.period();
            let follows = days.last().is_some_and(|day: &Day| day.period == period);
            of_month = match days.last() {
                None => of_month,
                Some(_) if follows => of_month + 1,
                Some(_) => 1,
            };
            if period >= last_period && of_month > TAIL_DAYS {
                break;
            }
            trading += usize::from(period < last_period);
            let worked = !is_weekend(number) && !is_holiday(period, of_month);
            days.push(Day { start, period, of_month, worked });
        }
        let curves = SEASONS.iter().map(|&season| curve(season, &days[..trading])).collect();
        Self { days, trading, curves }
    }

    /// How much of a season's trade is done when a day begins.
    pub(super) fn done_by(&self, season: Season, day: DayNo) -> u64 {
        let curve = &self.curves[season as usize];
        curve[day.min(curve.len() - 1)]
    }

    /// The trading day in whose course a season's trade reaches a share. `None` beyond the whole.
    pub(super) fn day_at(&self, season: Season, share: u64) -> Option<DayNo> {
        let curve = &self.curves[season as usize];
        let day = curve.partition_point(|&done| done <= share);
        (share < WHOLE).then(|| day.saturating_sub(1).min(self.trading - 1))
    }

    /// The day an instant falls on; the first where it is earlier.
    pub(super) fn day_of(&self, at: Instant) -> DayNo {
        usize::try_from(at.date().0 - self.days[0].start.date().0).unwrap_or(0)
    }

    /// The first worked day from this one on, as far as the days go.
    pub(super) fn worked_from(&self, day: DayNo) -> DayNo {
        let last = self.days.len() - 1;
        (day.min(last)..last).find(|&day| self.days[day].worked).unwrap_or(last)
    }

    /// The first day of the month after that of `day`. `None` where the days end before.
    pub(super) fn next_month(&self, day: DayNo) -> Option<DayNo> {
        let period = self.days[day].period;
        (day..self.days.len()).find(|&day| self.days[day].period > period)
    }

    /// How many whole and part months are traded in.
    pub(super) fn months(&self) -> usize {
        let months = self.days[self.trading - 1].period.0 - self.days[0].period.0 + 1;
        usize::try_from(months).unwrap_or(1)
    }

    /// A moment of a day in the hours a firm keeps.
    pub(super) fn moment(&self, day: DayNo, hours: Hours, chance: &mut Chance) -> Instant {
        Instant(self.days[day.min(self.days.len() - 1)].start.0 + time_of_day(hours, chance))
    }
}

/// Chances of each hour from midnight on, in per mille.
const OFFICE_HOURS: [u64; 24] =
    [0, 0, 0, 0, 0, 0, 0, 8, 70, 130, 145, 115, 30, 55, 120, 130, 110, 90, 40, 20, 15, 12, 10, 0];
const SHOP_HOURS: [u64; 24] = [0, 0, 0, 0, 0, 0, 0, 10, 30, 55, 75, 90, 85, 60, 60, 65, 70, 85, 100, 95, 70, 35, 15, 0];
const SHIFT_HOURS: [u64; 24] =
    [50, 45, 40, 38, 35, 32, 40, 45, 50, 48, 45, 42, 35, 35, 38, 40, 42, 45, 42, 40, 40, 42, 48, 43];

/// Milliseconds since midnight, in whole seconds.
pub(super) fn time_of_day(hours: Hours, chance: &mut Chance) -> i64 {
    let hours = match hours {
        Hours::Office => &OFFICE_HOURS,
        Hours::Shop => &SHOP_HOURS,
        Hours::Shifts => &SHIFT_HOURS,
    };
    let hour = chance.weighted(hours.iter().copied());
    i64::try_from(hour).expect("an hour of the day") * HOUR_MS + chance.between(0, 3_599) * 1_000
}

fn curve(season: Season, days: &[Day]) -> Vec<u64> {
    let weights: Vec<u64> = days.iter().map(|day| weight(season, day)).collect();
    let whole: u128 = weights.iter().copied().map(u128::from).sum::<u128>().max(1);
    let mut done = 0_u128;
    let mut curve = vec![0];
    for weight in weights {
        done += u128::from(weight);
        curve.push(u64::try_from(done * u128::from(WHOLE) / whole).expect("a share of the whole"));
    }
    curve
}

/// How much is sold on a day, relative to others.
fn weight(season: Season, day: &Day) -> u64 {
    let month = usize::try_from(day.period.0.rem_euclid(12)).unwrap_or(0);
    let of_year: [u64; 12] = match season {
        Season::Business => [90, 75, 100, 100, 95, 105, 100, 100, 105, 95, 105, 120],
        Season::Retail => [115, 110, 90, 90, 100, 95, 95, 95, 105, 110, 105, 110],
        Season::Harvest => [60, 50, 60, 60, 60, 70, 80, 100, 190, 210, 170, 80],
        Season::Summer => [60, 60, 80, 100, 140, 170, 180, 170, 110, 80, 60, 60],
        Season::Winter => [150, 130, 90, 75, 70, 75, 80, 80, 90, 105, 140, 160],
        Season::Peak => [35, 30, 30, 30, 30, 35, 35, 35, 40, 60, 400, 440],
        Season::BeforePeak => [30, 30, 30, 30, 35, 35, 35, 40, 60, 380, 400, 60],
    };
    let of_day = match (season, day.worked) {
        (Season::Retail, true) => 95,
        (Season::Retail, false) => 115,
        (_, false) => 14,
        (_, true) if day.of_month >= 26 => 150,
        (_, true) => 100,
    };
    of_year[month] * of_day
}

/// Sundays and Saturdays: 1970-01-01 was a Thursday.
fn is_weekend(day_number: i32) -> bool {
    matches!(day_number.rem_euclid(7), 2 | 3)
}

/// The long holidays: New Year, the first of May, the first of October, and the Spring Festival where the almanac below
/// has it.
fn is_holiday(period: Period, of_month: u32) -> bool {
    let (year, month) = (period.0.div_euclid(12), period.0.rem_euclid(12) + 1);
    match (month, of_month) {
        (1, 1) | (5, 1..=5) | (10, 1..=7) => true,
        _ => {
            let number = Date::parse(&format!("{year:04}-{month:02}-{of_month:02}")).map_or(0, |date| date.0);
            let eve = SPRING_FESTIVAL_EVES.iter().filter_map(|text| Date::parse(text));
            eve.into_iter().any(|eve| (eve.0..eve.0 + 8).contains(&number))
        }
    }
}

/// Eves of the lunar new year.
const SPRING_FESTIVAL_EVES: [&str; 12] = [
    "2019-02-04",
    "2020-01-24",
    "2021-02-11",
    "2022-01-31",
    "2023-01-21",
    "2024-02-09",
    "2025-01-28",
    "2026-02-16",
    "2027-02-05",
    "2028-01-25",
    "2029-02-12",
    "2030-02-02",
];

pub(super) fn day_of_month(date: Date) -> u32 {
    date.to_string().rsplit('-').next().and_then(|day| day.parse().ok()).unwrap_or(1)
}

/// So many days, in milliseconds.
pub(super) fn days_ms(days: i64) -> i64 {
    days * DAY_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year() -> Calendar {
        Calendar::new(&Settings { start: Date::parse("2025-01-01").unwrap(), ..Settings::default() })
    }

    #[test]
    fn a_year_has_its_days_and_a_tail_to_the_fifteenth() {
        let calendar = year();
        assert_eq!((calendar.trading, calendar.days.len(), calendar.months()), (365, 380, 12));
        assert_eq!(calendar.days[379].start.to_string(), "2026-01-15T00:00:00+08:00");
        assert!(!calendar.days[4].worked && calendar.days[5].worked, "the 5th of January 2025 was a Sunday");
        assert_eq!(calendar.next_month(40), Some(59));
    }

    #[test]
    fn a_share_and_its_day_agree_in_every_season() {
        let calendar = year();
        for season in SEASONS {
            for day in 0..calendar.trading {
                assert_eq!(calendar.day_at(season, calendar.done_by(season, day)), Some(day));
            }
            assert_eq!(calendar.done_by(season, 365), WHOLE);
            assert_eq!(calendar.day_at(season, WHOLE), None);
        }
    }

    #[test]
    fn only_who_works_in_shifts_issues_between_eleven_at_night_and_seven() {
        let mut chance = Chance::new(1, 1);
        let mut by_day =
            |hours| (0..500).filter(|_| (7 * HOUR_MS..23 * HOUR_MS).contains(&time_of_day(hours, &mut chance))).count();
        assert_eq!((by_day(Hours::Office), by_day(Hours::Shop)), (500, 500));
        assert!((250..450).contains(&by_day(Hours::Shifts)));
    }
}
