//! How the findings about one taxpayer add up: as independent doubts do, so that two of 500 make 750, never 1000; which
//! share of the sum each has; and what it asks for, by what is at stake and how the taxpayer is graded ("credit + risk").

use super::Matter;
use super::rules::Limits;
use crate::model::{CreditGrade, Fen};

/// The levels there are, each with the response that it asks for.
const RESPONSES: [&str; 5] = ["guidance", "reminder", "assessment", "inspection", "audit"];

/// 1000 × (1 − ∏(1 − score/1000)), in integers, rounded down at each step; the order of the scores is their own order.
pub fn merge(scores: impl IntoIterator<Item = u16>) -> u16 {
    let mut scores: Vec<u32> = scores.into_iter().map(|score| u32::from(score.min(1_000))).collect();
    scores.sort_unstable();
    let mut left = 1_000;
    for score in scores {
        left = (left * (1_000 - score)).div_ceil(1_000);
    }
    u16::try_from(1_000 - left).expect("at most a thousand")
}

/// Parts of a score for those that made it, in proportion to their own scores: whole points that add up to it. What is left
/// over by rounding goes to the largest fractions, the first of equals.
pub fn shares(scores: &[u16], merged: u16) -> Vec<u16> {
    let sum: u32 = scores.iter().map(|score| u32::from(*score)).sum();
    let scaled = scores.iter().map(|score| u32::from(*score) * u32::from(merged));
    let mut parts: Vec<(u32, u32)> =
        scaled.map(|scaled| (scaled.checked_div(sum).unwrap_or(0), scaled.checked_rem(sum).unwrap_or(0))).collect();
    let given: u32 = parts.iter().map(|(points, _)| points).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(parts[*at].1));
    let left = usize::try_from(u32::from(merged).saturating_sub(given)).unwrap_or(0);
    for at in order.into_iter().take(left) {
        parts[at].0 += 1;
    }
    parts.into_iter().map(|(points, _)| u16::try_from(points).expect("at most the score")).collect()
}

/// The level that a score reaches by itself, whatever is at stake.
pub fn level_of_score(limits: &Limits, score: u16) -> u8 {
    let reached = limits.level_scores.iter().filter(|least| score >= **least).count();
    u8::try_from(1 + reached).expect("five at most")
}

/// What a finding of one typology adds to the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// The matter of its typology.
    pub matter: Matter,
    /// 0 to 1000.
    pub score: u16,
    /// It asks for this level at least, 1 where it does not say.
    pub level_min: u8,
    /// It lifts no task above this level, 5 where it does not say.
    pub level_max: u8,
}

/// The level, 1 to 5, of a taxpayer's findings, and the response that it asks for. A level is reached by the score of those
/// findings that may lift a task so high, where enough is at stake for it. Who has the best grade and little against it is
/// not disturbed; but what a rule asks for at least is done.
pub fn response(limits: &Limits, findings: &[Weighed], stake: Fen, grade: Option<CreditGrade>) -> (u8, &'static str) {
    let reached = |level: u8| {
        let place = usize::from(level) - 2;
        let may = findings.iter().filter(|finding| finding.level_max >= level);
        score_of(may) >= limits.level_scores[place] && stake.0 >= limits.level_stakes_fen[place]
    };
    let mut level = (2..=5).rev().find(|level| reached(*level)).unwrap_or(1);
    if grade == Some(CreditGrade::A) && level <= limits.grade_a_quiet_level {
        level = 1;
    }
    let least = findings.iter().map(|finding| finding.level_min).max().unwrap_or(1);
    let level = level.max(least).clamp(1, 5);
    (level, RESPONSES[usize::from(level) - 1])
}

/// The score of findings: of each matter the largest counts, once.
pub fn score_of<'a>(findings: impl Iterator<Item = &'a Weighed>) -> u16 {
    let mut best: Vec<(Matter, u16)> = findings.map(|finding| (finding.matter, finding.score)).collect();
    best.sort_unstable_by_key(|(matter, score)| (*matter, std::cmp::Reverse(*score)));
    best.dedup_by_key(|(matter, _)| *matter);
    merge(best.into_iter().map(|(_, score)| score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::RuleSet;

    fn limits() -> Limits {
        Limits {
            level_scores: [300, 500, 700, 850],
            level_stakes_fen: [0, 0, 1_000_000, 5_000_000],
            grade_a_quiet_level: 2,
            ..RuleSet::silent().limits
        }
    }

    fn finding(matter: Matter, score: u16) -> Weighed {
        Weighed { matter, score, level_min: 1, level_max: 5 }
    }

    #[test]
    fn doubts_add_up_without_ever_passing_certainty() {
        assert_eq!(merge([]), 0);
        assert_eq!(merge([600]), 600);
        assert_eq!(merge([500, 500]), 750);
        assert_eq!(merge([500, 900]), merge([900, 500]));
        assert_eq!(merge(vec![900; 50]), 999);
    }

    #[test]
    fn shares_are_whole_points_that_add_up_to_the_score() {
        assert_eq!(shares(&[600], 600), [600]);
        assert_eq!(shares(&[500, 500], 750), [375, 375]);
        assert_eq!(shares(&[600, 550, 350], 883), [353, 324, 206]);
        assert_eq!(shares(&[0, 0], 0), [0, 0]);
        assert_eq!(shares(&[], 0), [0; 0]);
        for seed in 1..200_u16 {
            let scores: Vec<u16> = (0..=seed % 7).map(|at| (seed * 131 + at * 977) % 1_000 + 1).collect();
            let merged = merge(scores.iter().copied());
            assert_eq!(shares(&scores, merged).iter().sum::<u16>(), merged, "{scores:?}");
        }
    }

    #[test]
    fn a_small_stake_becomes_no_audit() {
        let level = |score, stake| response(&limits(), &[finding(Matter::Issuing, score)], Fen(stake), None);
        assert_eq!(level(900, 5_000_000), (5, "audit"));
        assert_eq!(level(900, 4_999_999), (4, "inspection"));
        assert_eq!(level(900, 0), (3, "assessment"));
        assert_eq!(level(299, 5_000_000), (1, "guidance"));
    }

    #[test]
    fn a_firm_of_grade_a_with_little_against_it_is_left_alone() {
        let level = |score, grade| response(&limits(), &[finding(Matter::Issuing, score)], Fen(9_000_000), grade).0;
        assert_eq!((level(400, Some(CreditGrade::A)), level(400, Some(CreditGrade::B)), level(400, None)), (1, 2, 2));
        assert_eq!(level(600, Some(CreditGrade::A)), 3, "what is serious is seen to whoever it is");
    }

    #[test]
    fn what_a_rule_asks_for_at_least_and_at_most_is_kept() {
        let low = Weighed { level_max: 2, ..finding(Matter::Issuing, 900) };
        let level = |findings: &[Weighed]| response(&limits(), findings, Fen(9_000_000), Some(CreditGrade::A)).0;
        assert_eq!(level(&[low]), 1, "capped, and of the best grade");
        assert_eq!(level(&[low, finding(Matter::Ties, 750)]), 4, "what is capped lifts nothing further");
        assert_eq!(level(&[Weighed { level_min: 3, ..finding(Matter::Issuing, 10) }]), 3);
        assert_eq!(
            level(&[finding(Matter::Issuing, 400), finding(Matter::Issuing, 600)]),
            3,
            "of one matter the largest counts, once"
        );
    }
}
