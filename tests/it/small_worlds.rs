//! Many small worlds, made from seeds: which are run, and how one that goes wrong is made as small as can be.

use std::ops::Range;

/// `SUYUAN_WORLDS=n` asks for the first n worlds, `SUYUAN_WORLDS=m..n` for others.
pub(crate) fn seeds(worlds: u64) -> Range<u64> {
    let Ok(text) = std::env::var("SUYUAN_WORLDS") else { return 0..worlds };
    let (first, end) = text.split_once("..").unwrap_or(("0", &text));
    match (first.parse(), end.parse()) {
        (Ok(first), Ok(end)) if first < end => first..end,
        _ => panic!("SUYUAN_WORLDS={text}: give a number of worlds, or a range of seeds such as 2000..3000"),
    }
}

/// As few lines of a world as can be: one after the other is left out, as long as it still goes wrong.
pub(crate) fn smallest(lines: &[String], goes_wrong: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut lines = lines.to_vec();
    let mut before = usize::MAX;
    while lines.len() < before {
        before = lines.len();
        for at in (0..lines.len()).rev() {
            let mut fewer = lines.clone();
            fewer.remove(at);
            if goes_wrong(&fewer) {
                lines = fewer;
            }
        }
    }
    lines
}
