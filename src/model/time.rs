//! Event time. Instants are counted in milliseconds since 1970 UTC; dates, months and hours of the tax calendar are
//! those of China Standard Time, UTC+8. Nothing here reads a clock.

use serde::{Deserialize, Serialize};

use std::fmt;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, Timelike};

/// One second, in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One hour, in milliseconds.
pub const HOUR_MS: i64 = 3_600 * SECOND_MS;
/// One day, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
const CHINA_OFFSET_MS: i64 = 8 * HOUR_MS;

/// A moment of event time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(pub i64);

impl Instant {
    /// Before any event: where clocks stand that have seen none.
    pub const NEVER: Self = Self(i64::MIN);
    /// The earliest moment an event may carry, 1994-01-01 in China: the year VAT as we know it began there.
    pub const EVENT_MIN: Self = Self(757_353_600_000);
    /// The latest moment an event may carry, 2100-01-01 in China.
    pub const EVENT_MAX: Self = Self(4_102_416_000_000);

    /// Reads RFC 3339 with an offset, to the millisecond.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.timestamp_millis()))
    }

    /// So many days later (earlier where negative).
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY_MS)))
    }

    /// Whole days from `earlier` to this.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).div_euclid(DAY_MS)
    }

    /// The full hour at or before this.
    #[must_use]
    pub fn hour_mark(self) -> Self {
        Self(self.0.div_euclid(HOUR_MS).saturating_mul(HOUR_MS))
    }

    /// The day of the tax calendar.
    pub fn date(self) -> Date {
        let days = (self.0 + CHINA_OFFSET_MS).div_euclid(DAY_MS);
        Date(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The month of the tax calendar.
    pub fn period(self) -> Period {
        let (year, month, _) = civil(i64::from(self.date().0));
        Period::of(year, month)
    }

    /// The day of the month of the tax calendar, 1 to 31.
    pub fn day_of_month(self) -> i64 {
        i64::from(civil(i64::from(self.date().0)).2)
    }

    /// The hour of day of the tax calendar, 0 to 23.
    pub fn hour(self) -> u32 {
        self.china().map_or(0, |at| at.hour())
    }

    fn china(self) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt(8 * 3_600)?;
        DateTime::from_timestamp_millis(self.0).map(|at| at.with_timezone(&offset))
    }
}

/// RFC 3339 in China Standard Time; milliseconds only where there are any.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.china() {
            Some(at) => f.pad(&at.to_rfc3339_opts(SecondsFormat::AutoSi, false)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// A day: days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date(pub i32);

impl Date {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(date.num_days_from_ce() - EPOCH_DAYS_FROM_CE))
    }

    /// The first moment of this day in China.
    pub fn start(self) -> Instant {
        Instant(i64::from(self.0) * DAY_MS - CHINA_OFFSET_MS)
    }
}

const EPOCH_DAYS_FROM_CE: i32 = 719_163;

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NaiveDate::from_num_days_from_ce_opt(self.0.saturating_add(EPOCH_DAYS_FROM_CE)) {
            Some(date) => f.pad(&date.format("%Y-%m-%d").to_string()),
            None => write!(f, "day {}", self.0),
        }
    }
}

/// A tax period, that is a month of the tax calendar: months since January of the year 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period(pub i32);

impl Period {
    /// The first moment of the month in China.
    pub fn start(self) -> Instant {
        // As in `civil`, the other way round: months are counted from a March.
        let months = i64::from(self.0) - 2;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
        let days =
            365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5;
        Instant((days - DAYS_TO_1970) * DAY_MS - CHINA_OFFSET_MS)
    }

    /// The month `month` (1 to 12) of `year`.
    pub fn of(year: i32, month: u32) -> Self {
        Self(year.saturating_mul(12).saturating_add(i32::try_from(month).unwrap_or(1) - 1))
    }

    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4 || month.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
        Some(Self::of(year.parse().ok()?, month))
    }

    /// So many months earlier.
    #[must_use]
    pub fn minus(self, months: i32) -> Self {
        Self(self.0.saturating_sub(months))
    }

    /// Its last moment.
    pub fn last(self) -> Instant {
        Instant(self.minus(-1).start().0 - 1)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12) + 1);
        if !(0..10_000).contains(&year) {
            return f.pad(&format!("{year:04}-{month:02}"));
        }
        // By hand: months are named for every return and finding, and formatting costs ten times as much.
        let digit = |number: i32| char::from_digit(number.unsigned_abs() % 10, 10).unwrap_or('0');
        let digits = [year / 1_000, year / 100, year / 10, year].map(digit);
        let mut text = [0; 7];
        for (place, character) in digits.into_iter().chain(['-', digit(month / 10), digit(month)]).enumerate() {
            character.encode_utf8(&mut text[place..]);
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// From the first day of March of the year 0.
const DAYS_TO_1970: i64 = 719_468;

/// Year, month and day of month of a day counted from 1970, by the shifted-year method (the era begins in March, so that leap days
/// come last): chrono's own is several times slower, and this runs for every event.
fn civil(days: i64) -> (i32, u32, u32) {
    let shifted = days + DAYS_TO_1970;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (i32::try_from(year).unwrap_or(i32::MAX), u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tax_calendar_is_that_of_china() {
        let at = Instant::parse("2026-02-28T17:30:00Z").unwrap();
        assert_eq!(at.to_string(), "2026-03-01T01:30:00+08:00");
        assert_eq!(at.period().to_string(), "2026-03");
        assert_eq!(at.date().to_string(), "2026-03-01");
        assert_eq!(at.hour(), 1);
        assert_eq!(at.date().start(), Instant::parse("2026-03-01T00:00:00+08:00").unwrap());
    }

    #[test]
    fn months_agree_with_chrono_over_two_centuries() {
        for days in (-40_000..70_000).step_by(13) {
            let date = NaiveDate::from_num_days_from_ce_opt(days + EPOCH_DAYS_FROM_CE).unwrap();
            assert_eq!(civil(i64::from(days)), (date.year(), date.month(), date.day()));
        }
    }

    #[test]
    fn months_begin_where_chrono_says_and_are_named_by_year_and_month() {
        for months in 1_900 * 12..2_200 * 12 {
            let (year, month) = (months / 12, months % 12 + 1);
            let first = NaiveDate::from_ymd_opt(year, u32::try_from(month).unwrap(), 1).unwrap();
            assert_eq!(Period(months).start(), Date(first.num_days_from_ce() - EPOCH_DAYS_FROM_CE).start());
            assert_eq!(Period(months).to_string(), first.format("%Y-%m").to_string());
        }
        assert_eq!([Period(0), Period(-1), Period(120_000)].map(|p| p.to_string()), ["0000-01", "-001-12", "10000-01"]);
    }

    #[test]
    fn periods_are_read_strictly() {
        assert_eq!(Period::parse("2026-03").map(|p| p.minus(3).to_string()), Some("2025-12".into()));
        for bad in ["2026-13", "2026-00", "26-03", "2026-3", "2026/03", "-026-03"] {
            assert_eq!(Period::parse(bad), None, "{bad}");
        }
    }
}
