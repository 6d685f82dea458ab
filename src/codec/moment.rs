//! Reads the moments that nearly all input carries, in the one shape nearly all of them have, several times faster than
//! the general parser, which takes over wherever this one is in doubt.

use chrono::NaiveDate;

use crate::model::{HOUR_MS, Instant, SECOND_MS};

/// The same as [`Instant::parse`].
pub(super) fn parse(text: &str) -> Option<Instant> {
    plain(text.as_bytes()).or_else(|| Instant::parse(text))
}

/// `YYYY-MM-DDTHH:MM:SS`, up to three decimals, and an offset: `Z` or `+08:00`. `None` says only: not of this shape.
fn plain(text: &[u8]) -> Option<Instant> {
    let (clock, mut rest) = text.split_at_checked(19)?;
    if clock[4] != b'-' || clock[7] != b'-' || clock[10] != b'T' || clock[13] != b':' || clock[16] != b':' {
        return None;
    }
    let year = digits(&clock[..4])?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(&clock[5..7])?, digits(&clock[8..10])?)?;
    // A leap second is left to the general parser, which knows them.
    let time = date.and_hms_opt(digits(&clock[11..13])?, digits(&clock[14..16])?, digits(&clock[17..])?)?;
    let mut millis = time.and_utc().timestamp() * SECOND_MS;
    if let [b'.', a, b, c, after @ ..] = rest {
        millis += i64::from(digits(&[*a, *b, *c])?);
        rest = after;
    }
    match rest {
        b"Z" => Some(Instant(millis)),
        b"+08:00" => Some(Instant(millis - 8 * HOUR_MS)),
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_fast_way_does_not_know_the_general_way_still_reads() {
        let noon = Instant::parse("2026-03-01T12:00:00Z");
        for same in ["2026-03-01T20:00:00+08:00", "2026-03-01T12:00:00.000Z", "2026-03-01T06:30:00-05:30"] {
            assert_eq!(parse(same), noon, "{same}");
        }
        assert!(plain(b"2026-03-01T20:00:00+08:00").is_some() && plain(b"2026-03-01T06:30:00-05:30").is_none());
        for bad in ["2026-02-30T12:00:00Z", "2026-03-01T12:00:00", "2026-03-01T24:00:00Z", "2026-03-01", ""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_agree(text in "(19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,4})?(Z|\\+08:00)") {
            prop_assert_eq!(parse(&text), Instant::parse(&text));
        }
    }
}
