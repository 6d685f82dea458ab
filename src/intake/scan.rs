//! Finds out whether a JSON Lines file is in order of time, by a pass that looks for one field of each line and parses
//! nothing else.

use std::cmp::Ordering;
use std::io;

use super::lines::{Cut, Lines};
use crate::codec;
use crate::model::Instant;

/// Whether no event of a file is earlier than one before it, as far as the file can be read. It may say no where a
/// refused line is out of order, and never says yes where an event is; and it says no where a line is longer than it may be.
/// Fails where it cannot be read on.
pub(super) fn is_sorted(lines: &mut Lines, line_bytes_max: usize) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut latest = Vec::new();
    loop {
        line.clear();
        match lines.append(&mut line)? {
            Cut::Line if line.len() > line_bytes_max => return Ok(false),
            Cut::Line => {}
            Cut::Overlong => continue,
            Cut::End => return Ok(true),
        }
        let slow;
        let at = match occurred_at(&line) {
            Some(at) => at,
            // No field in the plain form: let the codec find what there is.
            None => match codec::json::read_event(&line) {
                Ok(event) => {
                    slow = event.occurred_at.to_string();
                    slow.as_bytes()
                }
                Err(_) => continue,
            },
        };
        if latest.is_empty() {
            latest.extend_from_slice(at);
            continue;
        }
        match compare(at, &latest) {
            Some(Ordering::Less) => return Ok(false),
            Some(Ordering::Greater) => {
                latest.clear();
                latest.extend_from_slice(at);
            }
            // One of the two is no time. If it is the latest, what was before that is not known any more.
            None if instant(&latest).is_none() => return Ok(false),
            Some(Ordering::Equal) | None => {}
        }
    }
}

/// The order of two times. Two that differ only in what stands before the offset are compared as they are written, which
/// is many times faster than parsing them; garbage of that shape can only make a file look unsorted.
fn compare(a: &[u8], b: &[u8]) -> Option<Ordering> {
    const DAY_BYTES: usize = "2026-03-01".len();
    const CLOCK_BYTES: usize = "2026-03-01T09:12:33".len();
    let long = a.len() == b.len() && a.len() > CLOCK_BYTES;
    // Between day and clock stands `T`, `t` or a blank.
    if long && a[DAY_BYTES] == b[DAY_BYTES] && a[CLOCK_BYTES..] == b[CLOCK_BYTES..] {
        return Some(a[..CLOCK_BYTES].cmp(&b[..CLOCK_BYTES]));
    }
    Some(instant(a)?.cmp(&instant(b)?))
}

fn instant(text: &[u8]) -> Option<Instant> {
    Instant::parse(std::str::from_utf8(text).ok()?)
}

/// The text of the field `occurred_at` of an object, without parsing the rest. `None` where that is not plain to see.
fn occurred_at(line: &[u8]) -> Option<&[u8]> {
    let mut rest = line.trim_ascii_start().strip_prefix(b"{")?;
    loop {
        let (key, after) = string(rest.trim_ascii_start())?;
        rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        if key.contains(&b'\\') {
            return None;
        }
        if key == b"occurred_at" {
            return string(rest).map(|(at, _)| at).filter(|at| !at.contains(&b'\\'));
        }
        rest = skip_value(rest)?.trim_ascii_start().strip_prefix(b",")?;
    }
}

/// A JSON string at the start of `rest`, as it is written, and what follows.
fn string(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = rest.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let index = from + text.get(from..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if text[index] == b'"' {
            return Some((&text[..index], &text[index + 1..]));
        }
        from = index + 2; // whatever is escaped
    }
}

/// What follows the value at the start of `rest`.
fn skip_value(mut rest: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    loop {
        match rest.first()? {
            b'"' => rest = string(rest)?.1,
            b'{' | b'[' => {
                depth += 1;
                rest = &rest[1..];
                continue;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                rest = &rest[1..];
            }
            _ => {
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'"' | b'{' | b'}' | b'[' | b']'))?;
                // A comma within a list or an object is passed with what is before it.
                rest = if depth > 0 && rest[end] == b',' { &rest[end + 1..] } else { &rest[end..] };
            }
        }
        if depth == 0 {
            return Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_at_the_top_and_only_there() {
        let at = Some(b"T".as_slice());
        for line in [
            r#"{"occurred_at":"T"}"#,
            r#" { "type" : "x\"," , "n":-1.5e3,"occurred_at" : "T" , "z":1}"#,
            r#"{"a":{"occurred_at":"no"},"b":[1,"]",{"c":[]},null ,2],"d":true,"occurred_at":"T""#,
            r#"{"remark":"\"occurred_at\":\"no\"","e":[],"f":{} , "occurred_at":"T"}"#,
        ] {
            assert_eq!(occurred_at(line.as_bytes()), at, "{line}");
        }
        for line in [
            "",
            "{}",
            r#"{"a":1}"#,
            r#"[{"occurred_at":"T"}]"#,
            r#"{"occurred_at":7}"#,
            r#"{"occurred\u005fat":"T"}"#,
            r#"{"occurred_at":"\u0054"}"#,
            r#"{"a":]],"occurred_at":"T"}"#,
            r#"{"a":"#,
        ] {
            assert_eq!(occurred_at(line.as_bytes()), None, "{line}");
        }
    }

    fn sorted(lines: &[&str]) -> bool {
        is_sorted(&mut Lines::new(Box::new(std::io::Cursor::new(lines.join("\n").into_bytes()))), usize::MAX).unwrap()
    }

    #[test]
    fn order_is_that_of_time_and_not_of_text() {
        let early = r#"{"occurred_at":"2026-03-01T09:00:00+08:00"}"#;
        let same = r#"{"occurred_at":"2026-03-01T01:00:00Z"}"#;
        let late = r#"{"occurred_at":"2026-03-01T02:00:00.5Z"}"#;
        assert!(sorted(&[early, same, early, late, late]));
        assert!(!sorted(&[late, early]) && !sorted(&[early, late, same]));
        assert!(sorted(&[]) && sorted(&["garbage", early, "", "{}", late]));
    }

    #[test]
    fn a_time_that_is_none_hides_no_disorder() {
        let early = r#"{"occurred_at":"2026-03-01T09:00:00+08:00"}"#;
        let late = r#"{"occurred_at":"2026-03-02T09:00:00+08:00"}"#;
        let other = r#"{"occurred_at":"2026-03-01T01:00:00Z"}"#;
        let beyond = r#"{"occurred_at":"2026-13-01T09:00:00+08:00"}"#;
        assert!(!sorted(&[late, beyond, other]) && !sorted(&[late, &early.replace("01T09", "02t08")]));
        for bad in [r#"{"occurred_at":"soon"}"#, r#"{"occurred_at":"2026-13-01T09:00:00+08:00"}"#] {
            assert!(!sorted(&[bad, late, early]) && !sorted(&[late, bad, early]), "{bad}");
        }
    }

    #[test]
    fn a_field_given_twice_or_with_its_name_escaped_does_not_mislead() {
        let void =
            |times: &str| format!(r#"{{"type":"invoice_voided",{times},"invoice_no":"legacy:1","seller_id":"A"}}"#);
        let early = void(r#""occurred_at":"2026-03-01T09:00:00+08:00""#);
        let late = void(r#""occurred_at":"2026-03-02T09:00:00+08:00""#);
        let escaped = early.replace("occurred_at", "occurred\\u005fat");
        assert!(codec::json::read_event(escaped.as_bytes()).is_ok());
        assert!(sorted(&[&escaped, &late]) && !sorted(&[&late, &escaped]));
        // Looking at the first of two is enough only as long as the codec refuses such a line.
        let twice = void(r#""occurred_at":"2026-03-02T09:00:00+08:00","occurred_at":"2026-03-01T09:00:00+08:00""#);
        assert!(codec::json::read_event(twice.as_bytes()).is_err());
    }
}
