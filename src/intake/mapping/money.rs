//! Exact numbers out of text: yuan to fen, percent to basis points, whole numbers. No float is ever made.

/// Reads a decimal number as an integer of its `decimals`-th places: with 2, `-943.4` is -94340. Thousands may be
/// grouped by commas, in threes only, for `943,40` is not 94,340. A sign and a `¥` may lead. More places than `decimals`
/// are refused unless they are zeros.
pub(super) fn scaled(text: &str, decimals: u32) -> Result<i64, String> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.trim_start_matches(['¥', '￥']).trim_start();
    let (whole, places) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = ungrouped(whole).ok_or("is not a decimal number such as -1,234.50")?;
    if digits.len() + places.len() == 0 || !places.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is not a decimal number such as -1,234.50".into());
    }
    let kept = places.len().min(decimals as usize);
    if places[kept..].bytes().any(|byte| byte != b'0') {
        return Err(format!("has more than {decimals} decimals that are not zero"));
    }
    let zeros = std::iter::repeat_n(b'0', decimals as usize - kept);
    let mut value: i64 = 0;
    for digit in digits.bytes().chain(places[..kept].bytes()).chain(zeros) {
        let next = value.checked_mul(10).and_then(|value| value.checked_add(i64::from(digit - b'0')));
        value = next.ok_or("is too large")?;
    }
    Ok(if negative { -value } else { value })
}

/// Reads `13%`, `13` or `13.00 %` as basis points.
pub(super) fn percent(text: &str) -> Result<i64, String> {
    let number = text.strip_suffix(['%', '％']).unwrap_or(text).trim_end();
    scaled(number, 2).map_err(|why| format!("{why}, in percent"))
}

/// Digits without their grouping commas. `None` if there is anything else, or a group is not of three.
fn ungrouped(whole: &str) -> Option<String> {
    let groups: Vec<&str> = whole.split(',').collect();
    let digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let grouped = groups.len() == 1 || ((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|g| g.len() == 3));
    (digits && grouped).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yuan_become_fen_exactly_or_not_at_all() {
        let good = [
            ("-943.4", -94_340),
            ("11000.0", 1_100_000),
            ("1,234.50", 123_450),
            ("-1,234,567.8900", -123_456_789),
            ("+.5", 50),
            ("5.", 500),
            ("0", 0),
            ("-0.0", 0),
            ("¥12.34", 1_234),
            ("-￥ 12", -1_200),
            ("92233720368547758.07", i64::MAX),
        ];
        for (text, fen) in good {
            assert_eq!(scaled(text, 2), Ok(fen), "{text}");
        }
        for bad in ["", "-", ".", "1.234", "943,40", "1,2345", ",123", "1234,567", "1e5", "12元", "1.2.3", "--1", "１"]
        {
            assert!(scaled(bad, 2).is_err(), "{bad}");
        }
        assert_eq!(scaled("92233720368547758.08", 2), Err("is too large".into()));
        assert_eq!(scaled("12.345", 2), Err("has more than 2 decimals that are not zero".into()));
    }

    #[test]
    fn percents_become_basis_points() {
        for (text, rate) in [("13%", 1_300), ("1.5 %", 150), ("0", 0), ("17％", 1_700), ("6.00", 600)] {
            assert_eq!(percent(text), Ok(rate), "{text}");
        }
        assert!(percent("13.333%").is_err() && percent("免税").is_err() && percent("%").is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_in_yuan_is_read_back(fen in -1_000_000_000_000_000_i64..1_000_000_000_000_000) {
            prop_assert_eq!(scaled(&crate::model::Fen(fen).to_string(), 2), Ok(fen));
        }
    }
}
