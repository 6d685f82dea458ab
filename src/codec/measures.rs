//! Money, rates and times on the wire: integers, but for times in JSON, which are text.

use serde::Deserialize;
use serde::de::Deserializer;
use serde::ser::Serializer;

use super::form::{Form, parsed};
use super::moment;
use crate::model::{BasisPoints, Date, Fen, Instant, Period};

/// An amount of money: an integer number of fen.
pub(super) struct Money;

impl Form for Money {
    type Model = Fen;

    fn serialize<S: Serializer>(model: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fen, D::Error> {
        i64::deserialize(deserializer).map(Fen)
    }
}

/// A rate: an integer number of basis points.
pub(super) struct Rate;

impl Form for Rate {
    type Model = BasisPoints;

    fn serialize<S: Serializer>(model: &BasisPoints, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasisPoints, D::Error> {
        i32::deserialize(deserializer).map(BasisPoints)
    }
}

/// A moment: RFC 3339 with an offset in JSON, `timestamp-millis` in Avro.
pub(super) struct Moment;

impl Form for Moment {
    type Model = Instant;

    fn serialize<S: Serializer>(model: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(model);
        }
        serializer.serialize_i64(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        if deserializer.is_human_readable() {
            return parsed(deserializer, "a moment such as 2026-03-01T09:12:33+08:00", |text| {
                moment::parse(text).ok_or("is no moment in RFC 3339 with an offset, such as 2026-03-01T09:12:33+08:00")
            });
        }
        i64::deserialize(deserializer).map(Instant)
    }
}

/// A day: `YYYY-MM-DD` in JSON, the logical type `date` in Avro.
pub(super) struct Day;

impl Form for Day {
    type Model = Date;

    fn serialize<S: Serializer>(model: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(model);
        }
        serializer.serialize_i32(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        if deserializer.is_human_readable() {
            return parsed(deserializer, "a day such as 2026-03-01", |text| {
                let strict = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                strict.then(|| Date::parse(text)).flatten().ok_or("is no day of the calendar, such as 2026-03-01")
            });
        }
        i32::deserialize(deserializer).map(Date)
    }
}

/// A tax period: `YYYY-MM` in JSON, months since January of the year 0 in Avro.
pub(super) struct Month;

impl Form for Month {
    type Model = Period;

    fn serialize<S: Serializer>(model: &Period, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(model);
        }
        serializer.serialize_i32(model.0)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Period, D::Error> {
        if deserializer.is_human_readable() {
            return parsed(deserializer, "a tax period such as 2026-03", |text| {
                Period::parse(text).ok_or("is no tax period, such as 2026-03")
            });
        }
        i32::deserialize(deserializer).map(Period)
    }
}
