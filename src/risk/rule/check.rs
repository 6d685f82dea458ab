//! What can be seen to be wrong in a rule by itself: limits that nothing reaches, or everything, and comparisons that cannot
//! hold together.

use super::{Comparison, Condition, Reference, Side, Tree};

/// Says so where a limit is beyond all that its indicator can be.
pub(super) fn never_or_always(comparison: &Comparison) -> Option<String> {
    let Comparison { indicator, side, limit, .. } = *comparison;
    let (least, most) = indicator.range;
    let ends = [least, most].map(|value| side.holds(value, limit));
    let word = side.name();
    let values = match (least, most) {
        (i64::MIN, _) => return None,
        (least, i64::MAX) => format!("it is never below {least}"),
        (least, most) => format!("it is {least} to {most}"),
    };
    let code = indicator.code;
    match ends {
        [false, false] => Some(format!("{word} = {limit} is never reached by `{code}`: {values}")),
        [true, true] => Some(format!("{word} = {limit} always holds of `{code}`: {values}")),
        [true, false] | [false, true] => None,
    }
}

/// Says so where comparisons that must all hold leave no value that can be.
pub(super) fn contradictions(condition: &Condition, at: usize, tree: &mut Tree<'_>) {
    let parts = match condition {
        Condition::Compare(_) => return,
        Condition::Any(parts) => {
            for part in parts {
                contradictions(part, at, tree);
            }
            return;
        }
        Condition::All(parts) => parts,
    };
    // What stands directly in an `all`, and in the `all`s within it, must hold together.
    let mut together = Vec::new();
    for part in parts {
        gather(part, &mut together, at, tree);
    }
    for (index, one) in together.iter().enumerate() {
        for other in &together[index + 1..] {
            // A part of what may be below zero is on either side of it.
            let comparable = one.than == Reference::Number || one.indicator.range.0 >= 0;
            if one.indicator == other.indicator && one.than == other.than && comparable && excludes(one, other) {
                tree.say(
                    at,
                    format!(
                        "`{}` cannot be {} {} and {} {} at once: the rule never holds",
                        one.indicator.code,
                        one.side.words(),
                        one.limit,
                        other.side.words(),
                        other.limit
                    ),
                );
            }
        }
    }
}

fn gather<'a>(condition: &'a Condition, together: &mut Vec<&'a Comparison>, at: usize, tree: &mut Tree<'_>) {
    match condition {
        Condition::Compare(comparison) => together.push(comparison),
        Condition::All(parts) => {
            for part in parts {
                gather(part, together, at, tree);
            }
        }
        Condition::Any(_) => contradictions(condition, at, tree),
    }
}

/// Whether no value is on the right side of both limits.
fn excludes(one: &Comparison, other: &Comparison) -> bool {
    let is_low = |side: Side| matches!(side, Side::AtLeast | Side::Above);
    let (low, high) = match (is_low(one.side), is_low(other.side)) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        (true, true) | (false, false) => return false,
    };
    let first = i128::from(low.limit) + i128::from(low.side == Side::Above);
    let last = i128::from(high.limit) - i128::from(high.side == Side::Below);
    first > last
}
